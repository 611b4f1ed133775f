/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: rings: doorbell, fetch, head and tail. See section "Rings" of
 * docs/specs/gpu.rst. All under the BQL.
 *
 * Whatever a ring has to do is one step after the other, in one loop: steps().
 * It runs within a write to a register for as long as a hold allows, and then
 * as the ring's work in one hold after the other (see common/hold.h). Whatever
 * gives the ring something to do from elsewhere (timers, threads, rules that
 * are released) only kicks it.
 *
 * Each access to guest memory can reset the ring, unplug the device, or write
 * any of its registers: an IOMMU may report a fault by a message, and a guest
 * may aim that at anything. So the loop does not nest, each access says whether
 * the ring was reset meanwhile, and a device that is in use is not freed.
 */

#include "qemu/osdep.h"
#include "system/runstate.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/cost.h"
#include "hw/puck/gpu/render3d/command.h"
#include "hw/puck/gpu/vm/mmu.h"
#include "render.h"
#include "ring.h"

static bool has_commands(const PuckRing *ring)
{
    return ring->enabled && !ring->halted && ring->head != ring->tail;
}

static bool is_busy(const PuckRing *ring)
{
    return has_commands(ring) || ring->job || ring->render_job ||
           ring->num_fences || puck_skip_walks(ring);
}

uint32_t puck_ring_kind(const PuckRing *ring)
{
    const PuckGpu *s = ring->gpu;

    if (puck_gpu_option(s, PUCK_OPTION_NEXT_MINOR) &&
        ring->index == s->num_rings - 1) {
        return PUCK_NEXT_MINOR_KIND;
    }
    if (puck_ring_is_render(ring)) {
        return PUCK_GPU_KIND_RENDER3D;
    }
    return ring->index < puck_render_first(s) - s->copy_rings ?
           PUCK_GPU_KIND_COMPUTE : PUCK_GPU_KIND_COPY;
}

uint64_t puck_ring_ops(const PuckRing *ring)
{
    switch (puck_ring_kind(ring)) {
    case PUCK_GPU_KIND_COMPUTE:
        return PUCK_GPU_OPS_COMPUTE | PUCK_GPU_OPS_VM;
    case PUCK_GPU_KIND_COPY:
        return PUCK_GPU_OPS_COPY | PUCK_GPU_OPS_VM;
    case PUCK_GPU_KIND_RENDER3D:
        return PUCK_RENDER_OPS;
    default:
        return 1ull << PUCK_GPU_CMD_NOP | 1ull << PUCK_GPU_CMD_FENCE;
    }
}

uint32_t puck_ring_status(PuckRing *ring)
{
    return (ring->enabled ? PUCK_GPU_RING_ON : 0) |
           (is_busy(ring) ? PUCK_GPU_RING_BUSY : 0) |
           (ring->halted ? PUCK_GPU_RING_HALTED : 0) |
           (puck_fence_holding(ring) ? PUCK_GPU_RING_HELD : 0);
}

void puck_ring_halt(PuckRing *ring, uint32_t by, uint32_t seqno, uint32_t index,
                    const PuckFault *fault)
{
    ring->halted |= by;
    puck_error_report(ring->gpu, ring->index, seqno, index, fault);
}

PuckDmaResult puck_ring_dma(PuckRing *ring, uint64_t addr, void *buf,
                            uint64_t len, bool is_write)
{
    uint32_t generation = ring->generation;
    PuckDma dma;
    bool ok;

    puck_dma_init(&dma, &ring->gpu->master);
    ok = is_write ? puck_dma_write(&dma, addr, buf, len) :
                    puck_dma_read(&dma, addr, buf, len);
    if (generation != ring->generation) {
        return PUCK_DMA_DROPPED;
    }
    return ok ? PUCK_DMA_OK : PUCK_DMA_FAULT;
}

static void halt_at_head(PuckRing *ring, uint32_t seqno, const PuckFault *fault)
{
    puck_ring_halt(ring, PUCK_HALT_COMMAND, seqno, ring->head, fault);
}

bool puck_ring_read_head(PuckRing *ring, struct puck_gpu_cmd *raw)
{
    uint64_t addr = puck_ring_slot(ring, ring->head);
    PuckFault fault;

    switch (puck_ring_dma(ring, addr, raw, sizeof(*raw), false)) {
    case PUCK_DMA_OK:
        return true;
    case PUCK_DMA_FAULT:
        puck_fault_set(&fault, PUCK_GPU_ERR_RING_READ, PUCK_GPU_ERR_LIST_NONE,
                       PUCK_GPU_ERR_DESC_NONE, addr);
        halt_at_head(ring, 0, &fault);
        return false;
    default:
        return false;
    }
}

bool puck_ring_decode(const PuckRing *ring, const struct puck_gpu_cmd *raw,
                      PuckCmd *cmd, PuckFault *fault)
{
    uint64_t ops = puck_ring_ops(ring);
    uint16_t opcode = le16_to_cpu(raw->opcode);

    if (!puck_render_is_opcode(opcode, ops)) {
        return puck_cmd_decode(raw, ops, cmd, fault);
    }
    *cmd = (PuckCmd) { .opcode = opcode, .seqno = le32_to_cpu(raw->seqno) };
    return puck_render_check((const struct puck_render_cmd *)raw, fault);
}

/* The same, and what breaks a rule halts the ring, too. */
static bool fetch(PuckRing *ring, struct puck_gpu_cmd *raw, PuckCmd *cmd)
{
    PuckFault fault;

    if (!puck_ring_read_head(ring, raw)) {
        return false;
    }
    if (!puck_ring_decode(ring, raw, cmd, &fault)) {
        halt_at_head(ring, cmd->seqno, &fault);
        return false;
    }
    return true;
}

static bool may_run(PuckRing *ring)
{
    return has_commands(ring) && !ring->job && !ring->render_job &&
           ring->start_at == PUCK_NO_TIME && !ring->stall.rule &&
           !puck_early_waits(ring);
}

/* The ring has stopped: RESET is over. */
static void finish_reset(PuckRing *ring)
{
    if (ring->reset_rule) {
        /* A rule lets RESET fail: it does not end before it is released. */
        return;
    }
    ring->stop_head = ring->head;
    ring->head = 0;
    ring->tail = 0;
    ring->resetting = false;
    trace_puck_gpu_reset(puck_gpu_name(ring->gpu), ring->index,
                         ring->stop_head);
}

/*
 * @job ran to its end. Frees it. One from before the ring was turned off and on
 * is not the command at the head.
 */
static void retire_job(PuckRing *ring, PuckJob *job, const PuckFault *fault)
{
    ring->job = NULL;
    if (fault) {
        if (!ring->resetting) {
            puck_ring_halt(ring, job->advance ? PUCK_HALT_COMMAND :
                                                PUCK_HALT_OTHER,
                           job->cmd.seqno, job->from.index, fault);
        }
    } else if (job->advance) {
        ring->head = puck_ring_next(ring);
    }
    puck_job_free(job);
}

/* The job in work does not run and is to be dropped: RESET ends. */
static void drop_job(PuckRing *ring)
{
    PuckJob *job = ring->job;
    const PuckFault *fault;

    if (puck_job_done(job, &fault)) {
        retire_job(ring, job, fault);
    } else {
        ring->job = NULL;
        puck_job_free(job);
    }
    finish_reset(ring);
}

/* Whether RESET has nothing to wait for. */
static bool has_stopped(const PuckRing *ring)
{
    return !ring->job && !(puck_ring_is_render(ring) &&
                           puck_render_ending(ring->gpu->render));
}

/* @job, the command in work, does not run any more. */
static void job_stopped(PuckRing *ring, PuckJob *job)
{
    g_assert(ring->job == job && !job->running);
    if (ring->resetting) {
        drop_job(ring);
    } else if (job->threaded) {
        puck_ring_kick(ring);
    }
}

static void execute_fence(PuckRing *ring, const PuckCmd *cmd)
{
    uint32_t index = ring->head;
    PuckFault fault;

    ring->head = puck_ring_next(ring);
    ring->in_job = false;
    if (puck_early_passes(ring, index) || puck_fence_enter(ring, cmd, index)) {
        return;
    }
    ring->head = index;
    puck_fault_set(&fault, PUCK_GPU_ERR_INJECTED, PUCK_GPU_ERR_LIST_NONE,
                   PUCK_GPU_ERR_DESC_NONE, 0);
    halt_at_head(ring, cmd->seqno, &fault);
}

static void execute_flush(PuckRing *ring, const PuckCmd *cmd, PuckHold *hold)
{
    PuckMmu *mmu = ring->gpu->mmu;
    PuckFlush flush = {
        .vm = cmd->vm, .va = cmd->src.list, .size = cmd->src.width,
        .by_ring = true, .ring = ring->index, .seqno = cmd->seqno,
    };
    PuckFault fault;

    if (!puck_mmu_may_flush(mmu, cmd->vm)) {
        puck_fault_set(&fault, PUCK_GPU_ERR_VM, PUCK_GPU_ERR_LIST_NONE,
                       cmd->vm, flush.va);
        halt_at_head(ring, cmd->seqno, &fault);
        return;
    }
    puck_hold_charge(hold, puck_mmu_flush_cost(mmu, &flush));
    puck_mmu_flush(mmu, &flush);
    ring->head = puck_ring_next(ring);
    ring->in_job = true;
}

static PuckJob *new_job(PuckRing *ring, const PuckCmd *cmd)
{
    PuckJobOrigin from = {
        .ring = ring,
        .ring_index = ring->index,
        .index = ring->head,
        .stopped = job_stopped,
    };

    return puck_job_new(ring->gpu, &from, cmd, &ring->access);
}

/* Executes the command at the head. False if it has to wait for room. */
static bool execute_next(PuckRing *ring, PuckHold *hold)
{
    uint32_t generation = ring->generation;
    struct puck_gpu_cmd raw;
    PuckCmd cmd;

    puck_hold_charge(hold, PUCK_COST_COMMAND);
    if (!fetch(ring, &raw, &cmd)) {
        return true;
    }
    if (cmd.opcode == PUCK_GPU_CMD_FENCE) {
        if (!puck_fence_room(ring)) {
            return false;
        }
    } else if (puck_mischief_armed(PUCK_SITE_FENCE_COMPLETE) &&
               (puck_early_begins(ring, &cmd, hold) ||
                generation != ring->generation)) {
        return true;
    }
    trace_puck_gpu_cmd(puck_gpu_name(ring->gpu), ring->index, cmd.seqno,
                       cmd.opcode, puck_cmd_bytes(&cmd));
    switch (cmd.opcode) {
    case PUCK_GPU_CMD_NOP:
        ring->head = puck_ring_next(ring);
        ring->in_job = true;
        break;
    case PUCK_GPU_CMD_FENCE:
        execute_fence(ring, &cmd);
        break;
    case PUCK_GPU_CMD_TLB_FLUSH:
        execute_flush(ring, &cmd, hold);
        break;
    default:
        puck_hold_charge(hold, PUCK_COST_JOB);
        ring->in_job = true;
        if (puck_ring_is_render(ring)) {
            puck_ring_begin_render(ring, &raw);
        } else {
            ring->job = new_job(ring, &cmd);
        }
        break;
    }
    return true;
}

/* What is next for the job in work. False if it has to be waited for. */
static bool step_job(PuckRing *ring, PuckHold *hold)
{
    PuckJob *job = ring->job;
    const PuckFault *fault;

    if (job->running) {
        return false;
    }
    if (puck_job_done(job, &fault)) {
        retire_job(ring, job, fault);
        return true;
    }
    if (!job->threaded) {
        return puck_job_step(job, hold);
    }
    /* For the first time, or again after the machine was stopped. */
    puck_job_start(job, hold);
    return true;
}

/* Whether the device is plugged in; if not, the ring has no timers, no work. */
static bool is_there(const PuckRing *ring)
{
    return ring->start_timer;
}

/* What is next for @ring. False if there is nothing that it can do now. */
static bool step(PuckRing *ring, PuckHold *hold)
{
    if (!is_there(ring) || !runstate_is_running()) {
        return false;
    }
    if (puck_fence_step(ring, hold)) {
        return true;
    }
    if (ring->job) {
        return step_job(ring, hold);
    }
    if (ring->render_job) {
        return puck_ring_step_render(ring, hold);
    }
    if (puck_skip_step(ring, hold)) {
        return true;
    }
    return may_run(ring) && execute_next(ring, hold);
}

/*
 * True if @hold ended first. Out of a step it does nothing: the loop that is on
 * the stack sees what changed.
 */
static bool steps(PuckRing *ring, PuckHold *hold)
{
    bool more = true;

    if (ring->stepping) {
        ring->again = true;
        return false;
    }
    ring->stepping = true;
    while (more && puck_hold_left(hold)) {
        ring->again = false;
        puck_hold_charge(hold, PUCK_COST_STEP);
        more = step(ring, hold);
        more |= ring->again;
    }
    ring->stepping = false;
    return more;
}

static bool work(void *opaque, PuckHold *hold)
{
    return steps(opaque, hold);
}

void puck_ring_kick(PuckRing *ring)
{
    if (ring->stepping) {
        ring->again = true;
    } else if (is_there(ring)) {
        puck_work_queue(&ring->work);
    }
}

/*
 * The reference is for what can happen within: the device may be unplugged.
 * Then nothing of the ring is left to be done.
 */
void puck_ring_run(PuckRing *ring)
{
    Object *gpu = object_ref(OBJECT(ring->gpu));
    PuckHold hold = puck_hold_enter();

    if (steps(ring, &hold)) {
        puck_ring_kick(ring);
    }
    puck_hold_leave();
    object_unref(gpu);
}

void puck_ring_pause(PuckRing *ring)
{
    if (ring->job) {
        puck_job_wait_gates(ring->job);
    }
}

void puck_ring_resume(PuckRing *ring)
{
    if (ring->resetting && has_stopped(ring)) {
        /* Loaded so: what had to stop is on the other side. */
        finish_reset(ring);
    }
    puck_ring_kick(ring);
}

static void cancel_start(PuckRing *ring)
{
    ring->start_at = PUCK_NO_TIME;
    timer_del(ring->start_timer);
}

static void start_timer_cb(void *opaque)
{
    PuckRing *ring = opaque;

    ring->start_at = PUCK_NO_TIME;
    puck_ring_kick(ring);
}

static void access_timer_cb(void *opaque)
{
    puck_ring_kick(opaque);
}

static void drop_stall(PuckRing *ring)
{
    ring->stall.rule = 0;
    timer_del(ring->stall.timer);
}

void puck_ring_release_stall(PuckRing *ring, const char *why)
{
    PuckEvent ev = puck_ring_event(ring, PUCK_SITE_DEVICE, 0);

    puck_mischief_log_event(&ev, ring->stall.rule, why);
    drop_stall(ring);
    puck_ring_kick(ring);
}

static void stall_timer_cb(void *opaque)
{
    puck_ring_release_stall(opaque, "expire");
}

/* A doorbell that a rule may not want to be heard. */
static void ask_stall(PuckRing *ring)
{
    PuckEvent ev = puck_ring_event(ring, PUCK_SITE_DEVICE,
                                   PUCK_ACT_BIT(PUCK_ACT_STALL));
    PuckStall *stall = &ring->stall;
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

/* What both ways to reset a ring do at once. */
static void drop_all(PuckRing *ring)
{
    ring->generation++;
    puck_fence_drop(ring);
    puck_early_drop(ring);
    puck_access_drop(&ring->access);
    puck_skip_drop(ring);
    drop_stall(ring);
    cancel_start(ring);
    ring->enabled = false;
    ring->halted = 0;
    ring->credits = 0;
}

/*
 * A job on threads is not waited for: RESET reads as one until it has stopped.
 * One that is on the stack drops itself when it comes off.
 */
void puck_ring_reset(PuckRing *ring)
{
    PuckJob *job = ring->job;

    drop_all(ring);
    ring->resetting = true;
    if (puck_ring_is_render(ring)) {
        puck_ring_drop_render(ring);
        puck_render_end(ring->gpu->render);
    }
    if (!job) {
        if (has_stopped(ring)) {
            finish_reset(ring);
        }
        return;
    }
    puck_job_stop(job);
    if (!job->running) {
        drop_job(ring);
    }
}

/* RESET as a rule may not want it to end. */
static void ask_reset(PuckRing *ring)
{
    PuckEvent ev = puck_ring_event(ring, PUCK_SITE_DEVICE,
                                   PUCK_ACT_BIT(PUCK_ACT_RESET_FAILS));
    PuckVerdict verdict;

    if (puck_mischief_ask(&ev, &verdict)) {
        ring->reset_rule = verdict.rule;
    }
    puck_ring_reset(ring);
}

void puck_ring_release_reset(PuckRing *ring)
{
    ring->reset_rule = 0;
    if (ring->resetting && has_stopped(ring)) {
        finish_reset(ring);
    }
}

void puck_ring_stop(PuckRing *ring)
{
    if (ring->job) {
        puck_job_stop(ring->job);
    }
}

void puck_ring_wake_render(PuckGpu *s, unsigned n)
{
    PuckRing *ring = &s->rings[puck_render_first(s) + n];

    if (ring->resetting && has_stopped(ring)) {
        finish_reset(ring);
    }
    puck_ring_kick(ring);
}

void puck_ring_kill(PuckRing *ring)
{
    PuckJob *job = ring->job;

    drop_all(ring);
    puck_ring_drop_render(ring);
    ring->job = NULL;
    ring->resetting = false;
    ring->reset_rule = 0;
    if (!job) {
        return;
    }
    puck_job_stop(job);
    puck_job_wait_gates(job);
    job->from.ring = NULL;
    if (!job->running) {
        puck_job_free(job);
    }
}

void puck_ring_reset_regs(PuckRing *ring)
{
    ring->base = 0;
    ring->head = 0;
    ring->tail = 0;
    ring->wb_addr = 0;
    ring->seqno = 0;
    ring->stop_head = 0;
    if (ring->job) {
        ring->job->advance = false;
    }
    if (ring->render_job) {
        ring->render_job->advance = false;
    }
    ring->stage = ring->stage_reset;
    puck_stage_set_seed(ring, ring->stage.seed);
}

static bool order_valid(const PuckRing *ring)
{
    unsigned order = ring->base & PUCK_GPU_RING_BASE_ORDER;

    return order >= 1 && order <= PUCK_GPU_RING_ORDER_MAX_VALUE;
}

/* ENABLE from 0 to 1. */
static void enable(PuckRing *ring)
{
    PuckEvent ev = puck_ring_event(ring, PUCK_SITE_FENCE_COMPLETE,
                                   PUCK_ACT_BIT(PUCK_ACT_START));
    PuckVerdict verdict;

    ring->generation++;
    ring->enabled = true;
    if (ring->halted) {
        /* What halted it is not at the head any more. */
        ring->halted = PUCK_HALT_OTHER;
    }
    ring->head = 0;
    ring->tail = 0;
    puck_early_drop(ring);
    if (ring->render_job) {
        ring->render_job->advance = false;
    }
    if (ring->job) {
        /* A command from before: its index means nothing now. */
        ring->job->advance = false;
    } else {
        puck_access_drop(&ring->access);
    }
    if (puck_mischief_ask(&ev, &verdict)) {
        ring->seqno = verdict.value;
    }
}

static bool may_skip(const PuckRing *ring, uint32_t value)
{
    return value == (PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP) &&
           ring->enabled && ring->halted == PUCK_HALT_COMMAND;
}

/* What a guest must not write; the rest of it counts. */
static void report_ctrl(const PuckRing *ring, uint32_t value)
{
    if (value & PUCK_GPU_RING_SKIP && !may_skip(ring, value)) {
        puck_gpu_guest_error("ring %u: no job to skip", ring->index);
    } else if (value & PUCK_GPU_RING_ENABLE &&
               !(value & PUCK_GPU_RING_RESET) && !ring->enabled &&
               !order_valid(ring)) {
        puck_gpu_guest_error("ring %u: order out of range", ring->index);
    }
}

void puck_ring_set_ctrl(PuckRing *ring, uint32_t value)
{
    bool wants_on = value & PUCK_GPU_RING_ENABLE;

    report_ctrl(ring, value);
    if (value & PUCK_GPU_RING_RESET) {
        ask_reset(ring);
    } else if (!wants_on) {
        cancel_start(ring);
        puck_skip_drop(ring);
        ring->enabled = false;
    } else if (!ring->enabled && order_valid(ring)) {
        enable(ring);
    } else if (may_skip(ring, value)) {
        puck_skip_begin(ring);
        puck_ring_run(ring);
    }
}

void puck_ring_doorbell(PuckRing *ring, uint32_t tail)
{
    bool was_busy = is_busy(ring);

    trace_puck_gpu_doorbell(puck_gpu_name(ring->gpu), ring->index, tail);
    if (!ring->enabled || tail >= puck_ring_size(ring)) {
        PuckFault fault;

        puck_fault_set(&fault, PUCK_GPU_ERR_TAIL, PUCK_GPU_ERR_LIST_NONE,
                       PUCK_GPU_ERR_DESC_NONE, tail);
        puck_error_report(ring->gpu, ring->index, 0, 0, &fault);
        return;
    }
    ring->tail = tail;
    if (puck_mischief_armed(PUCK_SITE_DEVICE)) {
        ask_stall(ring);
    }
    if (!was_busy && is_busy(ring) && ring->stage.start_delay) {
        ring->start_at = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                         ring->stage.start_delay;
        timer_mod(ring->start_timer, ring->start_at);
    }
    puck_ring_run(ring);
}

void puck_ring_init(PuckGpu *s, unsigned index)
{
    PuckRing *ring = &s->rings[index];

    ring->gpu = s;
    ring->index = index;
    ring->start_at = PUCK_NO_TIME;
    puck_work_init(&ring->work, OBJECT(s), work, ring);
    ring->start_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, start_timer_cb, ring);
    ring->stall.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stall_timer_cb, ring);
    puck_fence_init(ring);
    puck_early_init(ring);
    puck_access_init(&ring->access, access_timer_cb, ring);
    if (!ring->seed_given) {
        ring->stage_reset.seed = s->seed + index;
    }
    puck_ring_reset_regs(ring);
}

void puck_ring_exit(PuckRing *ring)
{
    puck_ring_kill(ring);
    puck_work_cancel(&ring->work);
    g_clear_pointer(&ring->start_timer, timer_free);
    g_clear_pointer(&ring->stall.timer, timer_free);
    puck_fence_exit(ring);
    puck_early_exit(ring);
    puck_access_exit(&ring->access);
}
