/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: when frames begin. See sections "Sensor" and "Numbers of frames" of
 * docs/specs/camera.rst.
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/puck/camera/core/device.h"
#include "hw/puck/common/trace.h"
#include "clock.h"

static void start(PuckCam *s, bool single)
{
    PuckCamClock *c = &s->clock;
    PuckCamLayout layout;

    if (puck_cam_frame_busy(&s->frame)) {
        puck_cam_guest_error("STREAM while a frame is under way");
        return;
    }
    if (puck_cam_layout(&s->geometry, s->size_max, &layout)) {
        puck_cam_guest_error("STREAM with a bad geometry");
        return;
    }
    *c = (PuckCamClock) {
        .stream = 1,
        .single = single,
        .next = single ? PUCK_NO_TIME : qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL),
        .start_time = c->start_time,
        .frame = c->frame,
        .source_seq = c->source_seq,
    };
    puck_cam_frame_kick(s);
}

void puck_cam_clock_control(PuckCam *s, bool stream, bool single)
{
    PuckCamClock *c = &s->clock;

    if (stream && !c->stream) {
        start(s, single);
    } else if (!stream && c->stream) {
        c->stream = 0;
        c->next = PUCK_NO_TIME;
        /* The frame under way is done from a hold: see frame.c. */
        puck_cam_frame_kick(s);
    }
    if (!c->stream) {
        c->single = single;
    }
}

void puck_cam_clock_step(PuckCam *s)
{
    PuckCamClock *c = &s->clock;

    if (!c->stream || !c->single || c->next != PUCK_NO_TIME ||
        puck_cam_frame_busy(&s->frame)) {
        puck_cam_guest_error("STEP ignored");
        return;
    }
    c->next = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    puck_cam_frame_kick(s);
}

void puck_cam_clock_reset(PuckCam *s)
{
    s->clock = (PuckCamClock) { .next = PUCK_NO_TIME };
}

/* The device comes late: frames that would be over by now never begin. */
static void skip_late(PuckCam *s)
{
    PuckCamClock *c = &s->clock;
    int64_t late = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) - c->next;
    uint64_t frames = late / s->controls.interval;

    if (!c->single && frames) {
        c->dropped += frames;
        c->next_number += frames;
        c->next += frames * s->controls.interval;
        trace_puck_cam_frame(puck_cam_name(s), c->next_number, "late", frames);
    }
}

void puck_cam_clock_source_changed(PuckCam *s)
{
    s->clock.source_seq++;
    puck_sources_cause(&s->sources, PUCK_CAM_IRQ_SOURCE);
    /* The frame under way may have to end. */
    puck_cam_frame_kick(s);
}

bool puck_cam_clock_no_signal(const PuckCam *s)
{
    return s->controls.pattern == PUCK_CAM_PATTERN_SOURCE &&
           !s->source.present;
}

/* The host's source goes on by one picture, whether it is captured or not. */
static void next_picture(PuckCam *s)
{
    bool changed, repeated;

    if (s->controls.pattern != PUCK_CAM_PATTERN_SOURCE) {
        return;
    }
    puck_cam_source_next(&s->source, &changed, &repeated);
    s->clock.repeated += repeated;
    if (changed) {
        puck_cam_clock_source_changed(s);
    }
}

void puck_cam_clock_begin(PuckCam *s)
{
    PuckCamClock *c = &s->clock;

    skip_late(s);
    next_picture(s);
    c->before = c->start_time;
    c->start_time = c->next;
    c->frame = c->next_number++;
    c->next = c->single ? PUCK_NO_TIME : c->next + s->controls.interval;
    puck_sources_cause(&s->sources, PUCK_CAM_IRQ_START);
    if (puck_cam_clock_no_signal(s) || !puck_cam_queue_has(&s->queue)) {
        trace_puck_cam_frame(puck_cam_name(s), c->frame, "dropped", 1);
        c->dropped++;
        return;
    }
    puck_cam_frame_begin(s, c->frame, c->start_time);
}
