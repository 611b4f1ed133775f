/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: migration.
 *
 * Of a frame under way the mode is saved that it began with, and how far it is:
 * its descriptor is read again, and its picture made again. What arrives is
 * checked like guest input, since it may come from anywhere.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/pci/msix.h"
#include "hw/puck/camera/core/device.h"
#include "vmstate.h"

/* Times are added to, and to the clock: no overflow. */
#define TIME_LIMIT      (INT64_MAX / 4)
#define DELAY_MAX_NS    60000000000ull
#define PAST_MAX        65536

static bool time_valid(int64_t time)
{
    return time >= 0 && time < TIME_LIMIT;
}

static bool time_or_none(int64_t time)
{
    return time == PUCK_NO_TIME || time_valid(time);
}

static bool in_range(uint32_t value, uint32_t min, uint32_t max)
{
    return value >= min && value <= max;
}

/* SOURCE without a source shows black, and no signal. */
static bool controls_valid(const PuckCamControls *c)
{
    return in_range(c->hblank, PUCK_CAM_HBLANK_MIN, PUCK_CAM_HBLANK_MAX) &&
           in_range(c->vblank, PUCK_CAM_VBLANK_MIN, PUCK_CAM_VBLANK_MAX) &&
           in_range(c->interval, PUCK_CAM_INTERVAL_MIN,
                    PUCK_CAM_INTERVAL_MAX) &&
           c->exposure <= PUCK_CAM_EXPOSURE_MAX &&
           in_range(c->gain, PUCK_CAM_GAIN_MIN, PUCK_CAM_GAIN_MAX) &&
           c->flip <= (PUCK_CAM_FLIP_H | PUCK_CAM_FLIP_V) &&
           c->pattern <= PUCK_CAM_PATTERN_SOURCE &&
           c->stamp <= PUCK_CAM_STAMP_ENABLE;
}

static bool clock_valid(PuckCam *s)
{
    const PuckCamClock *c = &s->clock;
    PuckCamLayout layout;

    if (c->stream > 1 || c->single > 1 || !time_or_none(c->next) ||
        !time_valid(c->start_time) || !time_valid(c->before)) {
        return false;
    }
    return c->stream ? !puck_cam_layout(&s->geometry, s->size_max, &layout) :
                       c->next == PUCK_NO_TIME;
}

/* Head and tail are in the ring if anything is going to look at it. */
static bool queue_valid(PuckCam *s)
{
    const PuckCamQueue *q = &s->queue;
    unsigned order = q->base & PUCK_CAM_BASE_ORDER;

    if (q->enabled > 1 || q->halted > 1 || (q->wb_addr & 7) ||
        (q->base & ~(PUCK_CAM_BASE_ADDR | PUCK_CAM_BASE_ORDER)) ||
        (q->done_base & ~PUCK_CAM_BASE_ADDR) ||
        q->stop_head >= 1u << PUCK_CAM_QUEUE_ORDER_MAX_VALUE ||
        (q->stall.rule && !time_or_none(q->stall.until))) {
        return false;
    }
    if (!q->enabled && !puck_cam_frame_busy(&s->frame)) {
        return true;
    }
    return in_range(order, 1, PUCK_CAM_QUEUE_ORDER_MAX_VALUE) &&
           q->head < puck_cam_queue_size(q) && q->tail < puck_cam_queue_size(q);
}

/* Makes the layout, which is not saved. */
static bool frame_valid(PuckCam *s)
{
    PuckCamFrame *f = &s->frame;

    if (!puck_cam_frame_busy(f)) {
        return true;
    }
    if (f->phase >= PUCK_CAM_PHASES || f->action >= PUCK_ACT_COUNT ||
        !controls_valid(&f->mode.controls) || !time_valid(f->mode.start) ||
        puck_cam_layout(&f->mode.geometry, s->size_max, &f->layout) ||
        f->lines > f->layout.out_height || f->past > PAST_MAX ||
        (f->action == PUCK_ACT_DELAY && f->value > DELAY_MAX_NS) ||
        (f->action == PUCK_ACT_PAST && f->value > PAST_MAX)) {
        return false;
    }
    for (unsigned i = 0; i < f->layout.planes; i++) {
        const PuckCamPlane *plane = &f->layout.plane[i];

        if (f->written[i] > plane->bytes * plane->lines) {
            return false;
        }
    }
    return true;
}

static int cam_pre_load(void *opaque)
{
    PuckCam *s = opaque;

    puck_cam_frame_drop(s);
    s->gone.stall.rule = 0;
    s->reset_rule = 0;
    s->queue.reset_rule = 0;
    s->queue.stall.rule = 0;
    puck_msi_stage_reset(&s->sources.messages);
    return 0;
}

static int cam_post_load(void *opaque, int version_id)
{
    PuckCam *s = opaque;

    if (!puck_errors_valid(&s->errors) ||
        ((s->sources.status | s->sources.enable) & ~PUCK_CAM_IRQ_ALL) ||
        !controls_valid(&s->controls) || !clock_valid(s) || !queue_valid(s) ||
        !frame_valid(s) || !puck_gone_loaded(&s->gone)) {
        /* Nothing of it may be gone on with. */
        s->frame.phase = PUCK_CAM_IDLE;
        error_report("puck-cam: bad state");
        return -EINVAL;
    }
    puck_master_config_changed(&s->master);
    if (s->queue.stall.rule && s->queue.stall.until != PUCK_NO_TIME) {
        timer_mod(s->queue.stall.timer, s->queue.stall.until);
    }
    puck_cam_frame_loaded(s);
    return 0;
}

static const VMStateDescription vmstate_geometry = {
    .name = "puck-cam/geometry",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(size, PuckCamGeometry),
        VMSTATE_UINT32(format, PuckCamGeometry),
        VMSTATE_UINT32(out_size, PuckCamGeometry),
        VMSTATE_UINT32_ARRAY(stride, PuckCamGeometry, PUCK_CAM_PARTS_MAX),
        VMSTATE_UINT64(crop, PuckCamGeometry),
        VMSTATE_UINT64(compose, PuckCamGeometry),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_controls = {
    .name = "puck-cam/controls",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(hblank, PuckCamControls),
        VMSTATE_UINT32(vblank, PuckCamControls),
        VMSTATE_UINT32(interval, PuckCamControls),
        VMSTATE_UINT32(exposure, PuckCamControls),
        VMSTATE_UINT32(gain, PuckCamControls),
        VMSTATE_UINT32(flip, PuckCamControls),
        VMSTATE_UINT32(pattern, PuckCamControls),
        VMSTATE_UINT32(stamp, PuckCamControls),
        VMSTATE_UINT64(seed, PuckCamControls),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_mode = {
    .name = "puck-cam/mode",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(geometry, PuckCamMode, 1, vmstate_geometry,
                       PuckCamGeometry),
        VMSTATE_STRUCT(controls, PuckCamMode, 1, vmstate_controls,
                       PuckCamControls),
        VMSTATE_UINT32(number, PuckCamMode),
        VMSTATE_INT64(start, PuckCamMode),
        VMSTATE_UINT32(told_number, PuckCamMode),
        VMSTATE_INT64(told_start, PuckCamMode),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_clock = {
    .name = "puck-cam/clock",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(stream, PuckCamClock),
        VMSTATE_UINT32(single, PuckCamClock),
        VMSTATE_INT64(next, PuckCamClock),
        VMSTATE_UINT32(next_number, PuckCamClock),
        VMSTATE_INT64(start_time, PuckCamClock),
        VMSTATE_INT64(before, PuckCamClock),
        VMSTATE_BOOL(changed, PuckCamClock),
        VMSTATE_UINT32(frame, PuckCamClock),
        VMSTATE_UINT32(captured, PuckCamClock),
        VMSTATE_UINT32(failed, PuckCamClock),
        VMSTATE_UINT32(dropped, PuckCamClock),
        VMSTATE_UINT32(repeated, PuckCamClock),
        VMSTATE_UINT32(source_seq, PuckCamClock),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_queue = {
    .name = "puck-cam/queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(base, PuckCamQueue),
        VMSTATE_UINT64(done_base, PuckCamQueue),
        VMSTATE_UINT64(wb_addr, PuckCamQueue),
        VMSTATE_UINT32(enabled, PuckCamQueue),
        VMSTATE_UINT32(halted, PuckCamQueue),
        VMSTATE_UINT32(head, PuckCamQueue),
        VMSTATE_UINT32(tail, PuckCamQueue),
        VMSTATE_UINT32(done_count, PuckCamQueue),
        VMSTATE_UINT32(stop_head, PuckCamQueue),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_frame = {
    .name = "puck-cam/frame",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(phase, PuckCamFrame),
        VMSTATE_STRUCT(mode, PuckCamFrame, 1, vmstate_mode, PuckCamMode),
        VMSTATE_UINT32(lines, PuckCamFrame),
        VMSTATE_UINT32_ARRAY(written, PuckCamFrame, PUCK_CAM_PLANES_MAX),
        VMSTATE_UINT32(past, PuckCamFrame),
        VMSTATE_BOOL(asked, PuckCamFrame),
        VMSTATE_UINT32(action, PuckCamFrame),
        VMSTATE_UINT32(rule, PuckCamFrame),
        VMSTATE_UINT64(value, PuckCamFrame),
        VMSTATE_END_OF_LIST()
    }
};

static bool messages_needed(void *opaque)
{
    PuckCam *s = opaque;

    return puck_msi_stage_needed(&s->sources.messages);
}

static const VMStateDescription vmstate_messages = {
    .name = "puck-cam/messages",
    .version_id = 2,
    .minimum_version_id = 2,
    .needed = messages_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT(sources.messages, PuckCam, 2, vmstate_puck_msi_stage,
                       PuckMsiStage),
        VMSTATE_END_OF_LIST()
    }
};

static bool held_needed(void *opaque)
{
    PuckCam *s = opaque;

    return puck_is_gone(&s->gone) || s->reset_rule || s->queue.reset_rule ||
           s->queue.stall.rule;
}

static const VMStateDescription vmstate_held = {
    .name = "puck-cam/held",
    .version_id = 1,
    .minimum_version_id = 1,
    .needed = held_needed,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(gone.stall.rule, PuckCam),
        VMSTATE_INT64(gone.stall.until, PuckCam),
        VMSTATE_UINT32(reset_rule, PuckCam),
        VMSTATE_UINT32(queue.reset_rule, PuckCam),
        VMSTATE_UINT32(queue.stall.rule, PuckCam),
        VMSTATE_INT64(queue.stall.until, PuckCam),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription vmstate_puck_cam = {
    .name = TYPE_PUCK_CAM,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = cam_pre_load,
    .post_load = cam_post_load,
    .fields = (const VMStateField[]) {
        /* What they differ in is said before other parts do not fit. */
        VMSTATE_UINT32_EQUAL(size_max, PuckCam, "max-size differs"),
        VMSTATE_UINT32_EQUAL(seg_len_max, PuckCam, "seg-len-max differs"),
        VMSTATE_UINT32_EQUAL(source.id, PuckCam, "source differs"),
        VMSTATE_PCI_DEVICE(parent_obj, PuckCam),
        VMSTATE_MSIX(parent_obj, PuckCam),
        VMSTATE_UINT32(sources.status, PuckCam),
        VMSTATE_UINT32(sources.enable, PuckCam),
        VMSTATE_STRUCT(errors, PuckCam, 1, vmstate_puck_errors, PuckErrorQueue),
        VMSTATE_STRUCT(geometry, PuckCam, 1, vmstate_geometry, PuckCamGeometry),
        VMSTATE_STRUCT(controls, PuckCam, 1, vmstate_controls, PuckCamControls),
        VMSTATE_STRUCT(clock, PuckCam, 1, vmstate_clock, PuckCamClock),
        VMSTATE_STRUCT(queue, PuckCam, 1, vmstate_queue, PuckCamQueue),
        VMSTATE_STRUCT(frame, PuckCam, 1, vmstate_frame, PuckCamFrame),
        VMSTATE_STRUCT(window, PuckCam, 1, vmstate_puck_mischief_window,
                       PuckMischiefWindow),
        VMSTATE_END_OF_LIST()
    },
    .subsections = (const VMStateDescription * const []) {
        &vmstate_messages,
        &vmstate_held,
        NULL
    },
};
