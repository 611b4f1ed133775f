/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: resets, which a rule may let fail, and what rules hold. See action
 * "reset-fails" and section "Releasing" of docs/specs/mischief.rst.
 */

#include "qemu/osdep.h"
#include "hw/puck/camera/core/device.h"
#include "hw/puck/mischief/site.h"
#include "reset.h"

#define WIDTH_RESET     640
#define HEIGHT_RESET    480

static void reset_geometry(PuckCam *s)
{
    const PuckCamStream *stream = &s->source.stream;
    unsigned width = MIN(stream->width ?: WIDTH_RESET,
                         s->size_max & PUCK_CAM_SIZE_WIDTH);
    unsigned height = MIN(stream->height ?: HEIGHT_RESET, s->size_max >> 16);

    s->geometry = (PuckCamGeometry) {
        .size = puck_cam_size(width, height),
        .format = PUCK_CAM_FORMAT_NV12,
        .out_size = puck_cam_size(width, height),
        .stride = { width, width },
        .crop = puck_cam_rect(0, 0, width, height),
        .compose = puck_cam_rect(0, 0, width, height),
    };
}

static void reset_controls(PuckCam *s)
{
    s->controls = (PuckCamControls) {
        .hblank = PUCK_CAM_HBLANK_RESET,
        .vblank = PUCK_CAM_VBLANK_RESET,
        .interval = PUCK_CAM_INTERVAL_RESET,
        .gain = PUCK_CAM_GAIN_ONE,
        .pattern = s->pattern,
        .stamp = PUCK_CAM_STAMP_ENABLE,
        .seed = s->seed,
    };
}

void puck_cam_reset(PuckCam *s)
{
    puck_cam_frame_drop(s);
    puck_cam_clock_reset(s);
    puck_cam_queue_reset_regs(s);
    puck_errors_reset(&s->errors);
    puck_sources_reset(&s->sources);
    reset_geometry(s);
    reset_controls(s);
    s->reset_rule = 0;
    puck_mischief_window_reset(&s->window);
}

void puck_cam_reset_ctrl(PuckCam *s)
{
    PuckEvent ev = puck_cam_event(s, PUCK_SITE_DEVICE,
                                  PUCK_ACT_BIT(PUCK_ACT_RESET_FAILS));
    PuckVerdict verdict;

    if (s->reset_rule) {
        /* One is under way, and does not end. */
        return;
    }
    if (puck_mischief_ask(&ev, &verdict)) {
        s->reset_rule = verdict.rule;
    } else {
        puck_cam_reset(s);
    }
}

void puck_cam_reset_queue(PuckCam *s)
{
    puck_cam_frame_drop(s);
    puck_cam_queue_reset(s);
}

static void log_release(PuckCam *s, uint32_t rule)
{
    PuckEvent ev = puck_cam_event(s, PUCK_SITE_DEVICE, 0);

    puck_mischief_log_event(&ev, rule, "release");
}

static void release_queue(PuckCam *s, uint32_t rule)
{
    if (s->queue.reset_rule == rule) {
        log_release(s, rule);
        puck_cam_queue_release_reset(s);
    }
    if (s->queue.stall.rule == rule) {
        puck_cam_queue_release_stall(s, "release");
    }
}

static void released(Notifier *notifier, void *data)
{
    PuckCam *s = container_of(notifier, PuckCam, release);
    uint32_t rule = *(uint32_t *)data;

    if (s->gone.stall.rule == rule) {
        puck_gone_release(&s->gone, "release");
        return;
    }
    if (s->reset_rule == rule) {
        log_release(s, rule);
        puck_cam_reset(s);
    }
    release_queue(s, rule);
    puck_cam_frame_release(s, rule);
}

void puck_cam_release_init(PuckCam *s)
{
    puck_mischief_init();
    s->release.notify = released;
    puck_mischief_add_release_notifier(&s->release);
}

void puck_cam_release_exit(PuckCam *s)
{
    puck_mischief_remove_release_notifier(&s->release);
}
