/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one command in work, and the thread that it is on.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/rcu.h"
#include "block/thread-pool.h"
#if __has_include("exec/icount.h")
#include "exec/icount.h"
#else
#include "system/cpu-timers.h"
#endif
#include "job.h"

/* Under -icount: so many chunks in so much virtual time, which is 16 GB/s. */
#define SLICE_CHUNKS    64
#define SLICE_NS        (1 * SCALE_MS)

static void slice(void *opaque);

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
    qemu_mutex_init(&job->gate);
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
    qemu_mutex_destroy(&job->gate);
    object_unref(OBJECT(job->gpu));
    g_free(job);
}

static bool may_step(PuckJob *job)
{
    return job->phase != PUCK_JOB_DONE && !qatomic_read(&job->stop) &&
           !qatomic_read(&job->gpu->paused);
}

/* BQL. The job does not run any more: its ring decides what comes next. */
static void stopped(PuckJob *job)
{
    job->running = false;
    if (job->ring) {
        puck_ring_job_stopped(job->ring, job);
    } else {
        puck_job_free(job);
    }
}

static int thread(void *opaque)
{
    PuckJob *job = opaque;

    rcu_register_thread();
    while (may_step(job)) {
        puck_engine_step(job);
    }
    rcu_unregister_thread();
    return 0;
}

static void thread_done(void *opaque, int ret)
{
    stopped(opaque);
}

static void slice(void *opaque)
{
    PuckJob *job = opaque;

    for (unsigned i = 0; i < SLICE_CHUNKS && may_step(job); i++) {
        puck_engine_step(job);
    }
    if (may_step(job)) {
        timer_mod(job->slice,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + SLICE_NS);
    } else {
        stopped(job);
    }
}

void puck_job_run_here(PuckJob *job)
{
    job->running = true;
    while (may_step(job)) {
        puck_engine_step(job);
    }
    stopped(job);
}

void puck_job_start(PuckJob *job)
{
    job->running = true;
    if (job->slice) {
        timer_mod(job->slice,
                  qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + SLICE_NS);
    } else {
        thread_pool_submit_aio(thread, job, thread_done, job);
    }
}

void puck_job_stop(PuckJob *job)
{
    QEMU_LOCK_GUARD(&job->gate);
    qatomic_set(&job->stop, true);
}

void puck_job_wait_gate(PuckJob *job)
{
    QEMU_LOCK_GUARD(&job->gate);
}
