/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: rings: doorbell, fetch, head and tail. See section "Rings" of
 * docs/specs/gpu.rst. All under the BQL.
 */

#include "qemu/osdep.h"
#include "system/runstate.h"
#include "job.h"
#include "../trace.h"

static uint32_t next_index(const PuckRing *ring)
{
    return (ring->head + 1) & (puck_ring_size(ring) - 1);
}

static bool has_commands(const PuckRing *ring)
{
    return ring->enabled && !ring->halted && ring->head != ring->tail;
}

static bool is_busy(const PuckRing *ring)
{
    return has_commands(ring) || ring->job || ring->num_fences;
}

uint32_t puck_ring_status(PuckRing *ring)
{
    return (ring->enabled ? PUCK_GPU_RING_ON : 0) |
           (is_busy(ring) ? PUCK_GPU_RING_BUSY : 0) |
           (ring->halted ? PUCK_GPU_RING_HALTED : 0) |
           (puck_fence_holding(ring) ? PUCK_GPU_RING_HELD : 0);
}

static void halt(PuckRing *ring, uint32_t seqno, uint32_t index,
                 const PuckFault *fault)
{
    ring->halted = true;
    puck_error_report(ring, seqno, index, fault);
}

/* Starts @job, the ring's, where its length says. */
static void start_job(PuckRing *ring, PuckJob *job, uint64_t *budget)
{
    uint64_t cost = puck_cmd_cost(&job->cmd);

    ring->job = job;
    if (ring->access.active || puck_access_wanted(job)) {
        puck_access_start(job);
    } else if (cost <= *budget) {
        *budget -= cost;
        puck_job_run_here(job);
    } else {
        puck_job_start(job);
    }
}

/* Reads the command at the head. False if it broke a rule, and halts. */
static bool fetch(PuckRing *ring, PuckCmd *cmd)
{
    uint64_t addr = (ring->base & PUCK_GPU_RING_BASE_ADDR) +
                    ring->head * sizeof(struct puck_gpu_cmd);
    struct puck_gpu_cmd raw;
    PuckFault fault;

    if (!puck_dma_read(ring->gpu, addr, &raw, sizeof(raw))) {
        puck_fault_set(&fault, PUCK_GPU_ERR_RING_READ, PUCK_GPU_ERR_LIST_NONE,
                       PUCK_GPU_ERR_DESC_NONE, addr);
        halt(ring, 0, ring->head, &fault);
        return false;
    }
    if (!puck_cmd_decode(&raw, cmd, &fault)) {
        halt(ring, cmd->seqno, ring->head, &fault);
        return false;
    }
    return true;
}

/* The head moves first: what a fence sets off may come back to the ring. */
static void execute_fence(PuckRing *ring, const PuckCmd *cmd)
{
    uint32_t index = ring->head;
    PuckFault fault;

    ring->head = next_index(ring);
    ring->in_job = false;
    if (puck_early_passes(ring, index) || puck_fence_enter(ring, cmd, index)) {
        return;
    }
    ring->head = index;
    puck_fault_set(&fault, PUCK_GPU_ERR_INJECTED, PUCK_GPU_ERR_LIST_NONE,
                   PUCK_GPU_ERR_DESC_NONE, 0);
    halt(ring, cmd->seqno, index, &fault);
}

/* Executes the command at the head. False if it has to wait for room. */
static bool execute_next(PuckRing *ring, uint64_t *budget)
{
    PuckCmd cmd;

    if (!fetch(ring, &cmd)) {
        return true;
    }
    if (cmd.opcode == PUCK_GPU_CMD_FENCE) {
        if (!puck_fence_room(ring)) {
            return false;
        }
    } else if (puck_mischief_armed(PUCK_SITE_FENCE_COMPLETE) &&
               puck_early_begins(ring, &cmd)) {
        return true;
    }
    trace_puck_gpu_cmd(puck_gpu_name(ring->gpu), ring->index, cmd.seqno,
                       cmd.opcode, puck_cmd_cost(&cmd));
    switch (cmd.opcode) {
    case PUCK_GPU_CMD_NOP:
        ring->head = next_index(ring);
        ring->in_job = true;
        break;
    case PUCK_GPU_CMD_FENCE:
        execute_fence(ring, &cmd);
        break;
    default:
        ring->in_job = true;
        start_job(ring, puck_job_new(ring, &cmd, ring->head), budget);
        break;
    }
    return true;
}

static bool may_run(PuckRing *ring)
{
    return has_commands(ring) && !ring->job && ring->start_at == PUCK_NO_TIME &&
           !ring->stall.rule && !puck_early_waits(ring) &&
           runstate_is_running();
}

void puck_ring_run(PuckRing *ring)
{
    uint64_t budget = ring->gpu->inline_bytes;

    /*
     * A message sent from in here may be aimed at our own registers: then
     * the loop below sees what changed.
     */
    if (ring->fetching) {
        return;
    }
    ring->fetching = true;
    while (may_run(ring) && execute_next(ring, &budget)) {
        /* Until there is nothing left or something to wait for. */
    }
    ring->fetching = false;
}

/* The ring is stopped at last. */
static void finish_reset(PuckRing *ring)
{
    if (ring->reset_rule) {
        /* What is to end does not. */
        return;
    }
    ring->stop_head = ring->head;
    ring->head = 0;
    ring->tail = 0;
    ring->resetting = false;
    trace_puck_gpu_reset(puck_gpu_name(ring->gpu), ring->index,
                         ring->stop_head);
}

/* @job ran to its end. Frees it. */
static void retire_job(PuckRing *ring, PuckJob *job, const PuckFault *fault)
{
    ring->job = NULL;
    if (fault) {
        if (!ring->resetting) {
            halt(ring, job->cmd.seqno, job->index, fault);
        }
    } else if (job->advance) {
        ring->head = next_index(ring);
    }
    puck_job_free(job);
}

void puck_ring_job_stopped(PuckRing *ring, PuckJob *job)
{
    const PuckFault *fault;
    bool done = puck_job_done(job, &fault);

    if (ring->resetting) {
        if (done) {
            retire_job(ring, job, fault);
        } else {
            ring->job = NULL;
            puck_job_free(job);
        }
        finish_reset(ring);
    } else if (runstate_is_running()) {
        if (done) {
            retire_job(ring, job, fault);
            puck_ring_run(ring);
        } else {
            puck_job_start(job);
        }
    }
    /* Else the machine is stopped: puck_ring_resume() comes back to it. */
}

void puck_ring_pause(PuckRing *ring)
{
    if (ring->job) {
        puck_job_wait_gates(ring->job);
    }
}

void puck_ring_resume(PuckRing *ring)
{
    if (ring->job && !ring->job->running) {
        puck_ring_job_stopped(ring, ring->job);
    } else if (ring->resetting && !ring->job) {
        /* Loaded so: what had to stop is on the other side. */
        finish_reset(ring);
    }
    puck_fence_run(ring);
    puck_ring_run(ring);
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
    puck_ring_run(ring);
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
    puck_ring_run(ring);
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
    puck_fence_drop(ring);
    puck_early_drop(ring);
    puck_access_drop(ring);
    drop_stall(ring);
    cancel_start(ring);
    ring->enabled = false;
    ring->halted = false;
    ring->credits = 0;
}

void puck_ring_reset(PuckRing *ring)
{
    PuckJob *job = ring->job;

    drop_all(ring);
    ring->resetting = true;
    if (!job) {
        finish_reset(ring);
        return;
    }
    puck_job_stop(job);
    if (!job->running) {
        puck_ring_job_stopped(ring, job);
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
    if (ring->resetting && !ring->job) {
        finish_reset(ring);
    }
}

void puck_ring_kill(PuckRing *ring)
{
    PuckJob *job = ring->job;

    drop_all(ring);
    ring->job = NULL;
    ring->resetting = false;
    ring->reset_rule = 0;
    if (!job) {
        return;
    }
    puck_job_stop(job);
    job->ring = NULL;
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
    ring->stage = ring->stage_reset;
    puck_stage_set_seed(ring, ring->stage.seed);
}

static bool order_valid(const PuckRing *ring)
{
    unsigned order = ring->base & PUCK_GPU_RING_BASE_ORDER;

    return order >= 1 && order <= PUCK_GPU_RING_ORDER_MAX;
}

/* ENABLE from 0 to 1. */
static void enable(PuckRing *ring)
{
    PuckEvent ev = puck_ring_event(ring, PUCK_SITE_FENCE_COMPLETE,
                                   PUCK_ACT_BIT(PUCK_ACT_START));
    PuckVerdict verdict;

    ring->enabled = true;
    ring->head = 0;
    ring->tail = 0;
    puck_early_drop(ring);
    if (ring->job) {
        /* A command from before: its index means nothing now. */
        ring->job->advance = false;
    } else {
        puck_access_drop(ring);
    }
    if (puck_mischief_ask(&ev, &verdict)) {
        ring->seqno = verdict.value;
    }
}

void puck_ring_set_ctrl(PuckRing *ring, uint32_t value)
{
    bool wants_on = value & PUCK_GPU_RING_ENABLE;

    if (value & PUCK_GPU_RING_RESET) {
        ask_reset(ring);
    } else if (!wants_on) {
        cancel_start(ring);
        ring->enabled = false;
    } else if (!ring->enabled && !order_valid(ring)) {
        puck_gpu_guest_error("ring %u: order out of range", ring->index);
    } else if (!ring->enabled) {
        enable(ring);
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
        puck_error_report(ring, 0, 0, &fault);
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
    ring->start_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, start_timer_cb, ring);
    ring->stall.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, stall_timer_cb, ring);
    puck_fence_init(ring);
    puck_early_init(ring);
    puck_access_init(ring);
    if (!ring->seed_given) {
        ring->stage_reset.seed = s->seed + index;
    }
    puck_ring_reset_regs(ring);
}

void puck_ring_exit(PuckRing *ring)
{
    puck_ring_kill(ring);
    g_clear_pointer(&ring->start_timer, timer_free);
    g_clear_pointer(&ring->stall.timer, timer_free);
    puck_fence_exit(ring);
    puck_early_exit(ring);
    puck_access_exit(ring);
}
