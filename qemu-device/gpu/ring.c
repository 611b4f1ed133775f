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
    if (cost <= *budget) {
        *budget -= cost;
        puck_job_run_here(job);
    } else {
        puck_job_start(job);
    }
}

/* Executes the command at the head. False if it has to wait for room. */
static bool execute_next(PuckRing *ring, uint64_t *budget)
{
    uint32_t index = ring->head;
    uint64_t addr = (ring->base & PUCK_GPU_RING_BASE_ADDR) +
                    index * sizeof(struct puck_gpu_cmd);
    struct puck_gpu_cmd raw;
    PuckFault fault;
    PuckCmd cmd;

    if (!puck_dma_read(ring->gpu, addr, &raw, sizeof(raw))) {
        puck_fault_set(&fault, PUCK_GPU_ERR_RING_READ, PUCK_GPU_ERR_LIST_NONE,
                       PUCK_GPU_ERR_DESC_NONE, addr);
        halt(ring, 0, index, &fault);
        return true;
    }
    if (!puck_cmd_decode(&raw, &cmd, &fault)) {
        halt(ring, cmd.seqno, index, &fault);
        return true;
    }
    if (cmd.opcode == PUCK_GPU_CMD_FENCE && !puck_fence_room(ring)) {
        return false;
    }
    trace_puck_gpu_cmd(puck_gpu_name(ring->gpu), ring->index, cmd.seqno,
                       cmd.opcode, puck_cmd_cost(&cmd));
    switch (cmd.opcode) {
    case PUCK_GPU_CMD_NOP:
        ring->head = next_index(ring);
        break;
    case PUCK_GPU_CMD_FENCE:
        ring->head = next_index(ring);
        puck_fence_enter(ring, &cmd, index);
        break;
    default:
        start_job(ring, puck_job_new(ring, &cmd, index), budget);
        break;
    }
    return true;
}

static bool may_run(PuckRing *ring)
{
    return has_commands(ring) && !ring->job && ring->start_at == PUCK_NO_TIME &&
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

/* What both ways to reset a ring do at once. */
static void drop_all(PuckRing *ring)
{
    puck_fence_drop(ring);
    cancel_start(ring);
    ring->enabled = false;
    ring->halted = false;
    ring->credits = 0;
}

void puck_ring_reset(PuckRing *ring)
{
    PuckJob *job = ring->job;

    drop_all(ring);
    if (!job) {
        finish_reset(ring);
        return;
    }
    ring->resetting = true;
    puck_job_stop(job);
    if (!job->running) {
        puck_ring_job_stopped(ring, job);
    }
}

void puck_ring_kill(PuckRing *ring)
{
    PuckJob *job = ring->job;

    drop_all(ring);
    ring->job = NULL;
    ring->resetting = false;
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

void puck_ring_set_ctrl(PuckRing *ring, uint32_t value)
{
    bool enable = value & PUCK_GPU_RING_ENABLE;

    if (value & PUCK_GPU_RING_RESET) {
        puck_ring_reset(ring);
    } else if (!enable) {
        cancel_start(ring);
        ring->enabled = false;
    } else if (!ring->enabled && !order_valid(ring)) {
        puck_gpu_guest_error("ring %u: order out of range", ring->index);
    } else if (!ring->enabled) {
        ring->enabled = true;
        ring->head = 0;
        ring->tail = 0;
        if (ring->job) {
            /* A command from before: its index means nothing now. */
            ring->job->advance = false;
        }
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
    puck_fence_init(ring);
    if (!ring->seed_given) {
        ring->stage_reset.seed = s->seed + index;
    }
    puck_ring_reset_regs(ring);
}

void puck_ring_exit(PuckRing *ring)
{
    puck_ring_kill(ring);
    g_clear_pointer(&ring->start_timer, timer_free);
    puck_fence_exit(ring);
}
