/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the frame that is under way, from its descriptor to its done entry.
 *
 * There is one at most. All that it does is a step of one PuckWork: lists, then
 * its picture, made wholly into memory of the device's own, then lines, a group
 * at a time when the virtual clock says so, then the done entry. What it is
 * waiting for, it says by a time, and the timer queues the work again.
 *
 * A frame that is loaded begins again with its descriptor, which is still at
 * the head of the queue, and goes on behind the bytes that were written: its
 * picture follows from the mode that it began with.
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/puck/camera/core/cost.h"
#include "hw/puck/camera/core/device.h"
#include "hw/puck/camera/core/error.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/mischief/site.h"
#include "lines.h"

/* Lists are converted where they lie. */
QEMU_BUILD_BUG_ON(sizeof(PuckSeg) != sizeof(struct puck_cam_seg) ||
                  offsetof(PuckSeg, len) !=
                  offsetof(struct puck_cam_seg, len) ||
                  offsetof(PuckSeg, flags) !=
                  offsetof(struct puck_cam_seg, flags));
QEMU_BUILD_BUG_ON(PUCK_SEG_NONE != PUCK_CAM_ERR_DESC_NONE);

/* What errors call what is wrong with a list. */
static const uint8_t reasons[PUCK_SEG_RULES] = {
    [PUCK_SEG_RESERVED] = PUCK_CAM_ERR_RESERVED,
    [PUCK_SEG_ZERO] = PUCK_CAM_ERR_SEG_ZERO,
    [PUCK_SEG_ONES] = PUCK_CAM_ERR_SEG_ONES,
    [PUCK_SEG_TOO_LONG] = PUCK_CAM_ERR_SEG_TOO_LONG,
    [PUCK_SEG_WRAP] = PUCK_CAM_ERR_SEG_WRAP,
    [PUCK_SEG_LIST_SHORT] = PUCK_CAM_ERR_LIST_SHORT,
    [PUCK_SEG_LIST_READ] = PUCK_CAM_ERR_LIST_READ,
};

static int64_t now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* The copy stays for the next frame. */
static void forget(PuckCamFrame *f)
{
    g_free(f->list.segs);
    f->list = (PuckList) { };
    for (unsigned i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
        g_clear_pointer(&f->segs[i], g_free);
    }
    f->phase = PUCK_CAM_IDLE;
}

static uint32_t lines_written(const PuckCamFrame *f)
{
    return f->written[0] / f->layout.plane[0].bytes;
}

static void finish(PuckCam *s, uint8_t status, uint8_t reason)
{
    PuckCamFrame *f = &s->frame;
    PuckCamDone done = {
        .cookie = f->desc.cookie,
        .status = status,
        .reason = reason,
        .frame = f->mode.told_number,
        .start = f->mode.told_start,
        .lines = lines_written(f),
    };

    for (unsigned i = 0; i < f->layout.parts; i++) {
        done.bytes[i] = puck_cam_lines_reach(f, i);
    }
    if (status == PUCK_CAM_DONE_OK) {
        s->clock.captured++;
    } else {
        s->clock.failed++;
    }
    puck_cam_queue_done(s, &done);
    forget(f);
}

/* An access has failed, unless the frame was dropped within it. */
static void fail(PuckCam *s, const PuckCamFault *fault)
{
    if (s->frame.dropped) {
        return;
    }
    puck_cam_error_report(s, s->frame.mode.told_number, s->queue.head, fault);
    finish(s, PUCK_CAM_DONE_ERROR, fault->reason);
}

void puck_cam_frame_drop(PuckCam *s)
{
    if (puck_cam_frame_busy(&s->frame)) {
        trace_puck_cam_frame(puck_cam_name(s), s->frame.mode.told_number,
                             "forgotten", 1);
        if (s->frame.stepping) {
            s->frame.dropped = true;
        } else {
            forget(&s->frame);
        }
    }
}

/* Its descriptor stays for the next one. */
static void drop_counted(PuckCam *s)
{
    trace_puck_cam_frame(puck_cam_name(s), s->frame.mode.told_number,
                         "dropped", 1);
    s->clock.dropped++;
    forget(&s->frame);
}

void puck_cam_frame_begin(PuckCam *s, uint32_t number, int64_t start)
{
    PuckCamFrame *f = &s->frame;
    unsigned broken;

    f->mode = (PuckCamMode) {
        .geometry = s->geometry,
        .controls = s->controls,
        .number = number,
        .start = start,
        .told_number = number,
        .told_start = start,
    };
    /* STREAM was set with a good one, and nothing has changed it since. */
    broken = puck_cam_layout(&f->mode.geometry, s->size_max, &f->layout);
    g_assert(!broken);
    f->lines = 0;
    memset(f->written, 0, sizeof(f->written));
    f->past = 0;
    f->asked = false;
    f->action = PUCK_ACT_NONE;
    f->rule = 0;
    f->phase = PUCK_CAM_FETCH;
    trace_puck_cam_frame(puck_cam_name(s), number, "begins", 1);
}

static void begin_list(PuckCamFrame *f, unsigned part)
{
    f->part = part;
    puck_list_begin(&f->list, f->desc.part[part].list,
                    f->desc.part[part].nsegs);
    f->phase = PUCK_CAM_LISTS;
}

static void step_fetch(PuckCam *s, PuckHold *hold)
{
    PuckCamFrame *f = &s->frame;
    struct puck_cam_desc raw;
    PuckCamFault fault;
    bool fetched;

    /* Which IOMMU translates, is known when the machine is complete. */
    puck_dma_init(&s->dma, &s->master);
    puck_hold_charge(hold, PUCK_CAM_COST_FRAME);
    fetched = puck_cam_queue_fetch(s, f->mode.told_number, &raw);
    if (f->dropped) {
        return;
    }
    if (!fetched) {
        drop_counted(s);
    } else if (!puck_cam_desc_decode(&raw, &f->layout, &f->desc, &fault)) {
        fail(s, &fault);
    } else {
        begin_list(f, 0);
    }
}

static uint64_t frame_actions(const PuckCamFrame *f)
{
    return PUCK_ACT_BIT(PUCK_ACT_DROP) | PUCK_ACT_BIT(PUCK_ACT_TRUNCATE) |
           PUCK_ACT_BIT(PUCK_ACT_LINE) | PUCK_ACT_BIT(PUCK_ACT_ERROR) |
           PUCK_ACT_BIT(PUCK_ACT_RESIZE) | PUCK_ACT_BIT(PUCK_ACT_DELAY) |
           PUCK_ACT_BIT(PUCK_ACT_HOLD) | PUCK_ACT_BIT(PUCK_ACT_RENUMBER) |
           PUCK_ACT_BIT(PUCK_ACT_SHIFT) | PUCK_ACT_BIT(PUCK_ACT_PAST) |
           (f->mode.number ? PUCK_ACT_BIT(PUCK_ACT_DUPLICATE) : 0);
}

static PuckEvent frame_event(PuckCam *s)
{
    PuckEvent ev = puck_cam_event(s, PUCK_SITE_CAM_FRAME,
                                  frame_actions(&s->frame));

    ev.has = PUCK_HAS_FRAME;
    ev.frame = s->frame.mode.number;
    return ev;
}

/* What a rule says of a frame, as far as it changes what the frame is. */
static void apply(PuckCam *s, const PuckVerdict *verdict)
{
    PuckCamFrame *f = &s->frame;
    PuckCamMode *mode = &f->mode;

    f->action = verdict->action;
    f->rule = verdict->rule;
    f->value = verdict->value;
    switch (verdict->action) {
    case PUCK_ACT_RENUMBER:
        mode->told_number += verdict->value;
        break;
    case PUCK_ACT_DUPLICATE:
        mode->number--;
        mode->told_number--;
        mode->told_start = s->clock.before;
        break;
    case PUCK_ACT_RESIZE:
        s->clock.changed = true;
        puck_cam_clock_source_changed(s);
        break;
    default:
        break;
    }
}

/* False if there is no frame any more. */
static bool ask_rules(PuckCam *s)
{
    PuckCamFrame *f = &s->frame;
    PuckEvent ev = frame_event(s);
    PuckVerdict verdict;

    if (f->asked) {
        return true;
    }
    f->asked = true;
    if (s->clock.changed) {
        f->action = PUCK_ACT_RESIZE;
        return true;
    }
    if (!puck_mischief_ask(&ev, &verdict)) {
        return true;
    }
    if (verdict.action == PUCK_ACT_DROP) {
        drop_counted(s);
        return false;
    }
    apply(s, &verdict);
    return true;
}

/* NULL: black, as far as the pattern is the source. */
static const PuckCamPicture *host_picture(PuckCam *s)
{
    PuckCamFrame *f = &s->frame;
    bool before = f->action == PUCK_ACT_DUPLICATE;

    return puck_cam_source_picture(&s->source, f->mode.number, before,
                                   &f->picture) ? &f->picture : NULL;
}

static void begin_picture(PuckCam *s, PuckHold *hold)
{
    PuckCamFrame *f = &s->frame;

    if (!ask_rules(s)) {
        return;
    }
    if (f->copy_size < f->layout.copy_bytes) {
        g_free(f->copy);
        f->copy = g_malloc(f->layout.copy_bytes);
        f->copy_size = f->layout.copy_bytes;
        f->copy_fresh = true;
    }
    puck_cam_sensor_begin(&f->sensor, &f->layout, &f->mode, host_picture(s));
    puck_cam_bridge_begin(&f->bridge, &f->layout, &f->mode, &f->sensor,
                          f->copy);
    puck_hold_charge(hold, PUCK_CAM_COST_SETUP);
    f->phase = PUCK_CAM_RENDER;
}

static void step_lists(PuckCam *s, PuckHold *hold)
{
    PuckCamFrame *f = &s->frame;
    const PuckCamPart *part = &f->desc.part[f->part];
    PuckSegLimits limits = { .len_max = s->seg_len_max };
    PuckSegFault wrong;
    PuckCamFault fault;

    puck_hold_charge(hold, puck_list_cost(&f->list));
    if (!puck_list_step(&f->list, &s->dma, &limits,
                        part->offset + part->length, &wrong)) {
        puck_cam_fault_set(&fault, reasons[wrong.rule],
                           PUCK_CAM_ERR_PART(f->part), wrong.desc, wrong.addr);
        fail(s, &fault);
        return;
    }
    if (f->dropped || !f->list.done) {
        return;
    }
    f->segs[f->part] = f->list.segs;
    f->nsegs[f->part] = f->list.nsegs;
    f->list = (PuckList) { };
    if (f->part + 1 < f->layout.parts) {
        begin_list(f, f->part + 1);
    } else {
        begin_picture(s, hold);
    }
}

static uint64_t line_cost(const PuckCamLayout *layout)
{
    bool rgb = layout->format == PUCK_CAM_FORMAT_XRGB8888 ||
               layout->format == PUCK_CAM_FORMAT_RGB24;
    uint64_t pixels = MAX(layout->width, layout->out_width);

    return PUCK_CAM_COST_LINE +
           pixels * (rgb ? PUCK_CAM_COST_PIXEL_RGB : PUCK_CAM_COST_PIXEL) / 10;
}

static void step_picture(PuckCam *s, PuckHold *hold)
{
    PuckCamFrame *f = &s->frame;
    uint64_t cost = line_cost(&f->layout) *
                    (f->copy_fresh ? PUCK_CAM_COST_FRESH : 1);
    unsigned count = MAX(PUCK_CAM_STEP_NS / cost, 1);

    puck_hold_charge(hold, count * cost);
    if (puck_cam_bridge_lines(&f->bridge, count)) {
        f->copy_fresh = false;
        puck_cam_lines_begin(f);
        f->phase = PUCK_CAM_LINES;
    }
}

/* How much later all of the frame is. */
static int64_t lateness(const PuckCamFrame *f)
{
    return f->action == PUCK_ACT_DELAY ? f->value : 0;
}

/* False if nothing is due before *@due. */
static bool step_lines(PuckCam *s, PuckHold *hold, int64_t *due)
{
    PuckCamFrame *f = &s->frame;
    PuckCamFault fault;

    if (f->lines >= puck_cam_lines_wanted(f)) {
        f->phase = f->action == PUCK_ACT_PAST ? PUCK_CAM_PAST : PUCK_CAM_END;
        return true;
    }
    *due = puck_cam_group_time(&f->layout, &f->mode, f->lines) + lateness(f);
    if (now() < *due) {
        return false;
    }
    if (!puck_cam_lines_step(s, hold, &fault)) {
        fail(s, &fault);
    }
    return true;
}

static void step_past(PuckCam *s, PuckHold *hold)
{
    PuckCamFrame *f = &s->frame;
    PuckCamFault fault;

    if (f->past >= f->value) {
        f->phase = PUCK_CAM_END;
    } else if (!puck_cam_lines_step_past(s, hold, &fault)) {
        fail(s, &fault);
    }
}

static uint8_t end_status(const PuckCamFrame *f)
{
    bool cut = puck_cam_lines_wanted(f) < f->layout.out_height;

    switch (f->action) {
    case PUCK_ACT_TRUNCATE:
        return cut ? PUCK_CAM_DONE_SHORT : PUCK_CAM_DONE_OK;
    case PUCK_ACT_LINE:
        return f->value < f->layout.out_height ? PUCK_CAM_DONE_LINE :
                                                 PUCK_CAM_DONE_OK;
    case PUCK_ACT_ERROR:
    case PUCK_ACT_RESIZE:
        return PUCK_CAM_DONE_SYNC;
    default:
        return PUCK_CAM_DONE_OK;
    }
}

/* A frame that ends before its time does not wait for the sensor. */
static bool step_end(PuckCam *s, PuckHold *hold, int64_t *due)
{
    PuckCamFrame *f = &s->frame;
    bool cut = puck_cam_lines_wanted(f) < f->layout.out_height;

    if (f->action == PUCK_ACT_HOLD) {
        *due = PUCK_NO_TIME;
        return false;
    }
    *due = puck_cam_read_time(&f->layout, &f->mode, f->layout.height - 1) +
           lateness(f);
    if (!cut && now() < *due) {
        return false;
    }
    puck_hold_charge(hold, PUCK_CAM_COST_DONE);
    finish(s, end_status(f), 0);
    return true;
}

/* The source of the frame went while it was under way. */
static bool loses_signal(const PuckCam *s)
{
    return s->frame.mode.controls.pattern == PUCK_CAM_PATTERN_SOURCE &&
           s->frame.phase != PUCK_CAM_FETCH && !s->source.present;
}

/* What the frame under way does next. False if nothing before *@due. */
static bool step_phase(PuckCam *s, PuckHold *hold, int64_t *due)
{
    /* Software gets its cookie back in any case. */
    if (!s->clock.stream && s->frame.phase != PUCK_CAM_FETCH) {
        puck_hold_charge(hold, PUCK_CAM_COST_DONE);
        finish(s, PUCK_CAM_DONE_STOPPED, 0);
        return true;
    }
    if (loses_signal(s)) {
        puck_hold_charge(hold, PUCK_CAM_COST_DONE);
        finish(s, PUCK_CAM_DONE_SYNC, 0);
        return true;
    }
    switch (s->frame.phase) {
    case PUCK_CAM_FETCH:
        step_fetch(s, hold);
        return true;
    case PUCK_CAM_LISTS:
        step_lists(s, hold);
        return true;
    case PUCK_CAM_RENDER:
        step_picture(s, hold);
        return true;
    case PUCK_CAM_LINES:
        return step_lines(s, hold, due);
    case PUCK_CAM_PAST:
        step_past(s, hold);
        return true;
    default:
        return step_end(s, hold, due);
    }
}

static void free_copy(PuckCamFrame *f)
{
    g_clear_pointer(&f->copy, g_free);
    f->copy_size = 0;
}

/* Whether the device is plugged in. */
static bool is_there(const PuckCam *s)
{
    return s->timer;
}

static bool step_frame(PuckCam *s, PuckHold *hold, int64_t *due)
{
    PuckCamFrame *f = &s->frame;
    bool more;

    f->stepping = true;
    more = step_phase(s, hold, due);
    f->stepping = false;
    if (f->dropped) {
        f->dropped = false;
        forget(f);
        more = true;
    }
    if (!is_there(s)) {
        free_copy(f);
    }
    return more;
}

/* False if nothing is due before *@due, which may be never. */
static bool step(PuckCam *s, PuckHold *hold, int64_t *due)
{
    if (puck_cam_frame_busy(&s->frame)) {
        return step_frame(s, hold, due);
    }
    *due = s->clock.next;
    if (*due == PUCK_NO_TIME || now() < *due) {
        return false;
    }
    puck_hold_charge(hold, PUCK_CAM_COST_FRAME);
    puck_cam_clock_begin(s);
    return true;
}

static bool run(void *opaque, PuckHold *hold)
{
    PuckCam *s = opaque;
    int64_t due = PUCK_NO_TIME;

    while (is_there(s) && puck_hold_left(hold)) {
        if (!step(s, hold, &due)) {
            if (due == PUCK_NO_TIME) {
                timer_del(s->timer);
            } else {
                timer_mod(s->timer, due);
            }
            return false;
        }
    }
    return is_there(s);
}

void puck_cam_frame_kick(PuckCam *s)
{
    puck_work_queue(&s->work);
}

static void timer_cb(void *opaque)
{
    puck_cam_frame_kick(opaque);
}

void puck_cam_frame_release(PuckCam *s, uint32_t rule)
{
    PuckCamFrame *f = &s->frame;
    PuckEvent ev = frame_event(s);

    if (puck_cam_frame_busy(f) && f->action == PUCK_ACT_HOLD &&
        f->rule == rule) {
        puck_mischief_log_event(&ev, rule, "release");
        f->action = PUCK_ACT_NONE;
        puck_cam_frame_kick(s);
    }
}

void puck_cam_frame_loaded(PuckCam *s)
{
    if (puck_cam_frame_busy(&s->frame)) {
        s->frame.phase = PUCK_CAM_FETCH;
    }
    puck_cam_frame_kick(s);
}

void puck_cam_frame_init(PuckCam *s)
{
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, s);
    puck_work_init(&s->work, OBJECT(s), run, s);
}

void puck_cam_frame_exit(PuckCam *s)
{
    puck_work_cancel(&s->work);
    g_clear_pointer(&s->timer, timer_free);
    puck_cam_frame_drop(s);
    /* Otherwise the step on the stack has lines of it in its hands. */
    if (!s->frame.stepping) {
        free_copy(&s->frame);
    }
}
