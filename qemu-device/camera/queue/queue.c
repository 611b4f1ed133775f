/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the ring of descriptors and that of done entries. See section
 * "Queue" of docs/specs/camera.rst.
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/puck/camera/core/device.h"
#include "hw/puck/camera/core/error.h"
#include "hw/puck/camera/core/irq.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/mischief/site.h"
#include "queue.h"

static unsigned order(const PuckCamQueue *q)
{
    return q->base & PUCK_CAM_BASE_ORDER;
}

uint32_t puck_cam_queue_size(const PuckCamQueue *q)
{
    return 1u << order(q);
}

bool puck_cam_queue_has(const PuckCamQueue *q)
{
    return q->enabled && !q->halted && !q->reset_rule && !q->stall.rule &&
           q->head != q->tail;
}

uint32_t puck_cam_queue_status(const PuckCamQueue *q)
{
    return (q->enabled ? PUCK_CAM_QUEUE_ON : 0) |
           (q->halted ? PUCK_CAM_QUEUE_HALTED : 0);
}

/*
 * The ring itself fails: nobody could be told of another frame. If the queue
 * was reset within the access that failed, it is as if just reset.
 */
static bool halt(PuckCam *s, uint32_t frame, uint8_t reason, uint64_t addr)
{
    PuckCamFault fault;

    if (s->frame.dropped) {
        return false;
    }
    s->queue.halted = 1;
    puck_cam_fault_set(&fault, reason, PUCK_CAM_ERR_PART_NONE,
                       PUCK_CAM_ERR_DESC_NONE, addr);
    puck_cam_error_report(s, frame, s->queue.head, &fault);
    return false;
}

bool puck_cam_queue_fetch(PuckCam *s, uint32_t frame,
                          struct puck_cam_desc *raw)
{
    uint64_t at = (s->queue.base & PUCK_CAM_BASE_ADDR) +
                  s->queue.head * sizeof(*raw);

    if (!puck_dma_read(&s->dma, at, raw, sizeof(*raw))) {
        return halt(s, frame, PUCK_CAM_ERR_RING_READ, at);
    }
    return true;
}

static bool write_entry(PuckCam *s, const PuckCamDone *done, uint64_t at)
{
    struct puck_cam_done entry = {
        .cookie = cpu_to_le64(done->cookie),
        .status = done->status,
        .reason = done->reason,
        .frame = cpu_to_le32(done->frame),
        .start = cpu_to_le64(done->start),
        .end = cpu_to_le64(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)),
        .lines = cpu_to_le32(done->lines),
        .dropped = cpu_to_le32(s->clock.dropped),
        .bytes = { cpu_to_le32(done->bytes[0]), cpu_to_le32(done->bytes[1]) },
        .index = cpu_to_le32(s->queue.head),
    };

    return puck_dma_write(&s->dma, at, &entry, sizeof(entry));
}

static bool write_slot(PuckCam *s)
{
    struct puck_cam_wb slot = { .count = cpu_to_le32(s->queue.done_count) };

    /* Behind the entry: software reads the slot, and then what it counts. */
    smp_wmb();
    return !s->queue.wb_addr ||
           puck_dma_write(&s->dma, s->queue.wb_addr, &slot, sizeof(slot));
}

bool puck_cam_queue_done(PuckCam *s, const PuckCamDone *done)
{
    PuckCamQueue *q = &s->queue;
    uint32_t mask = puck_cam_queue_size(q) - 1;
    uint64_t at = q->done_base +
                  (q->done_count & mask) * sizeof(struct puck_cam_done);
    bool ok = true;

    trace_puck_cam_done(puck_cam_name(s), done->frame, q->head, done->status,
                        done->reason, done->lines);
    /* Lines were written before: whoever sees the entry sees them. */
    smp_wmb();
    if (!write_entry(s, done, at)) {
        return halt(s, done->frame, PUCK_CAM_ERR_WRITE_BACK, at);
    }
    if (s->frame.dropped) {
        return false;
    }
    q->done_count++;
    if (!write_slot(s)) {
        ok = halt(s, done->frame, PUCK_CAM_ERR_WRITE_BACK, q->wb_addr);
    }
    if (s->frame.dropped) {
        return false;
    }
    q->head = (q->head + 1) & mask;
    puck_cam_irq_frame(s);
    return ok;
}

void puck_cam_queue_enable(PuckCam *s, bool on)
{
    PuckCamQueue *q = &s->queue;

    if (on == q->enabled) {
        return;
    }
    if (on && (!order(q) || order(q) > PUCK_CAM_QUEUE_ORDER_MAX_VALUE)) {
        puck_cam_guest_error("queue of order %u", order(q));
        return;
    }
    q->enabled = on;
    if (on) {
        q->head = 0;
        q->tail = 0;
        q->done_count = 0;
    }
}

static PuckEvent event(PuckCam *s, PuckAction can)
{
    return puck_cam_event(s, PUCK_SITE_DEVICE, PUCK_ACT_BIT(can));
}

static void drop_stall(PuckCamQueue *q)
{
    q->stall.rule = 0;
    timer_del(q->stall.timer);
}

static void reset(PuckCamQueue *q)
{
    q->stop_head = q->head;
    q->head = 0;
    q->tail = 0;
    q->done_count = 0;
    q->enabled = 0;
    q->halted = 0;
    q->reset_rule = 0;
    drop_stall(q);
}

void puck_cam_queue_reset(PuckCam *s)
{
    PuckEvent ev = event(s, PUCK_ACT_RESET_FAILS);
    PuckVerdict verdict;

    if (puck_mischief_ask(&ev, &verdict)) {
        s->queue.reset_rule = verdict.rule;
    } else {
        reset(&s->queue);
    }
}

void puck_cam_queue_release_reset(PuckCam *s)
{
    reset(&s->queue);
}

void puck_cam_queue_release_stall(PuckCam *s, const char *why)
{
    PuckEvent ev = event(s, PUCK_ACT_STALL);

    puck_mischief_log_event(&ev, s->queue.stall.rule, why);
    drop_stall(&s->queue);
}

static void stall_timer_cb(void *opaque)
{
    puck_cam_queue_release_stall(opaque, "expire");
}

/* A doorbell that a rule may make the queue deaf with. */
static void ask_stall(PuckCam *s)
{
    PuckEvent ev = event(s, PUCK_ACT_STALL);
    PuckStall *stall = &s->queue.stall;
    PuckVerdict verdict;

    if (stall->rule || !puck_mischief_ask(&ev, &verdict)) {
        return;
    }
    stall->rule = verdict.rule;
    stall->until = PUCK_NO_TIME;
    if (verdict.has_value) {
        stall->until = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + verdict.value;
        timer_mod(stall->timer, stall->until);
    }
}

void puck_cam_queue_doorbell(PuckCam *s, uint32_t tail)
{
    PuckCamQueue *q = &s->queue;
    PuckCamFault fault;

    trace_puck_cam_doorbell(puck_cam_name(s), tail);
    if (!q->enabled || tail >= puck_cam_queue_size(q)) {
        puck_cam_guest_error("doorbell %u", tail);
        puck_cam_fault_set(&fault, PUCK_CAM_ERR_TAIL, PUCK_CAM_ERR_PART_NONE,
                           PUCK_CAM_ERR_DESC_NONE, tail);
        puck_cam_error_report(s, 0, 0, &fault);
        return;
    }
    ask_stall(s);
    q->tail = tail;
}

void puck_cam_queue_reset_regs(PuckCam *s)
{
    PuckStall stall = s->queue.stall;

    s->queue = (PuckCamQueue) { .stall = stall };
    drop_stall(&s->queue);
}

void puck_cam_queue_init(PuckCam *s)
{
    s->queue.stall.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stall_timer_cb, s);
}

void puck_cam_queue_exit(PuckCam *s)
{
    g_clear_pointer(&s->queue.stall.timer, timer_free);
}
