/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one command in work, and the threads that it is on.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "block/aio.h"
#include "qemu/main-loop.h"
#if __has_include("exec/icount.h")
#include "exec/icount.h"
#else
#include "system/cpu-timers.h"
#endif
#include "job.h"

/* Under -icount: so many chunks in so much virtual time, which is 16 GB/s. */
#define SLICE_CHUNKS    64
#define SLICE_NS        (1 * SCALE_MS)

/* A thread has to be worth its start. */
#define LANE_BYTES_MIN  (4 * MiB)

static void slice(void *opaque);

void puck_job_pool_init(PuckGpu *s)
{
    if (!icount_enabled()) {
        s->pool = thread_pool_new();
        thread_pool_set_max_threads(s->pool, s->num_rings * s->threads);
    }
}

void puck_job_pool_exit(PuckGpu *s)
{
    g_clear_pointer(&s->pool, thread_pool_free);
}

PuckJob *puck_job_new(PuckRing *ring, const PuckCmd *cmd, uint32_t index)
{
    PuckJob *job = g_new0(PuckJob, 1);

    job->gpu = ring->gpu;
    object_ref(OBJECT(job->gpu));
    job->ring = ring;
    job->ring_index = ring->index;
    job->index = index;
    job->advance = true;
    job->cmd = *cmd;
    puck_dma_init(&job->dma, job->gpu);
    job->num_lanes = 1;
    job->end = PUCK_LANES_MAX;
    for (unsigned i = 0; i < PUCK_LANES_MAX; i++) {
        job->lanes[i].job = job;
        job->lanes[i].index = i;
        qemu_mutex_init(&job->lanes[i].gate);
    }
    if (icount_enabled()) {
        job->slice = timer_new_ns(QEMU_CLOCK_VIRTUAL, slice, job);
    }
    return job;
}

void puck_job_free(PuckJob *job)
{
    if (job->slice) {
        timer_free(job->slice);
    }
    puck_engine_cleanup(job);
    for (unsigned i = 0; i < PUCK_LANES_MAX; i++) {
        qemu_mutex_destroy(&job->lanes[i].gate);
    }
    object_unref(OBJECT(job->gpu));
    g_free(job);
}

static bool may_step(PuckLane *lane)
{
    PuckJob *job = lane->job;

    return lane->phase != PUCK_LANE_DONE && !qatomic_read(&job->stop) &&
           lane->index < qatomic_read(&job->end) &&
           !qatomic_read(&job->gpu->paused);
}

/*
 * The failure that is nearest to the start counts, so that it is the same each
 * time: lanes before one that failed go on.
 */
bool puck_job_done(const PuckJob *job, const PuckFault **fault)
{
    *fault = NULL;
    for (unsigned i = 0; i < job->num_lanes; i++) {
        const PuckLane *lane = &job->lanes[i];

        if (lane->phase != PUCK_LANE_DONE) {
            return false;
        }
        if (lane->fault.reason) {
            *fault = &lane->fault;
            return true;
        }
    }
    return true;
}

void puck_job_stopped(PuckJob *job)
{
    if (--job->running) {
        return;
    }
    /* Its ring decides what comes next. */
    if (job->ring) {
        puck_ring_job_stopped(job->ring, job);
    } else {
        puck_job_free(job);
    }
}

static void thread_done(void *opaque)
{
    puck_job_stopped(opaque);
}

static int thread(void *opaque)
{
    PuckLane *lane = opaque;

    rcu_register_thread();
    while (may_step(lane)) {
        puck_engine_step(lane);
    }
    rcu_unregister_thread();
    aio_bh_schedule_oneshot(qemu_get_aio_context(), thread_done, lane->job);
    return 0;
}

static void slice(void *opaque)
{
    PuckJob *job = opaque;
    PuckLane *lane = &job->lanes[0];

    for (unsigned i = 0; i < SLICE_CHUNKS && may_step(lane); i++) {
        puck_engine_step(lane);
    }
    if (may_step(lane)) {
        timer_mod(job->slice,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + SLICE_NS);
    } else {
        puck_job_stopped(job);
    }
}

void puck_job_run_here(PuckJob *job)
{
    job->running = 1;
    while (may_step(&job->lanes[0])) {
        puck_engine_step(&job->lanes[0]);
    }
    puck_job_stopped(job);
}

static bool lists_are_short(const PuckJob *job)
{
    uint64_t nsegs = job->cmd.src.nsegs + (uint64_t)job->cmd.dst.nsegs;

    return nsegs * sizeof(struct puck_gpu_seg) <= job->gpu->inline_bytes;
}

/* Fetches the lists at once if they are short, to know what to share out. */
static void prepare_lanes(PuckJob *job)
{
    PuckLane *lane = &job->lanes[0];
    uint64_t n;

    if (lane->phase != PUCK_LANE_LISTS || !lists_are_short(job)) {
        return;
    }
    puck_engine_step(lane);
    n = MIN(lane->left / LANE_BYTES_MIN, job->gpu->threads);
    if (lane->phase == PUCK_LANE_MOVE && n > 1 &&
        job->cmd.opcode != PUCK_GPU_CMD_CRC32C) {
        puck_engine_share(job, n);
    }
}

void puck_job_start(PuckJob *job)
{
    if (job->slice) {
        job->running = 1;
        timer_mod(job->slice,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + SLICE_NS);
        return;
    }
    /* Counts us, too: nothing is told before all lanes are on their way. */
    job->running = 1;
    prepare_lanes(job);
    for (unsigned i = 0; i < job->num_lanes; i++) {
        PuckLane *lane = &job->lanes[i];

        if (may_step(lane)) {
            job->running++;
            thread_pool_submit(job->gpu->pool, thread, lane, NULL);
        }
    }
    puck_job_stopped(job);
}

void puck_job_stop(PuckJob *job)
{
    qatomic_set(&job->stop, true);
    puck_job_wait_gates(job);
    if (job->access) {
        puck_access_stop(job);
    }
}

void puck_job_wait_gates(PuckJob *job)
{
    for (unsigned i = 0; i < job->num_lanes; i++) {
        QEMU_LOCK_GUARD(&job->lanes[i].gate);
    }
}
