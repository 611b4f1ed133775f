/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one command in work, and the threads that it is on.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/rcu.h"
#include "qemu/units.h"
#include "block/aio.h"
#include "block/thread-pool.h"
#include "qemu/main-loop.h"
#include "hw/puck/gpu/core/cost.h"
#include "job.h"

/* A lane has at least so many bytes, or its thread is not worth its start. */
#define LANE_BYTES_MIN  (4 * MiB)

/*
 * All devices share one pool. It is never freed, since that would wait for its
 * threads, and a guest can have a device unplugged. Under the BQL; NULL under
 * -icount.
 */
static ThreadPool *pool;
static unsigned pool_threads;

static void pool_add(int threads)
{
    if (!pool) {
        pool = thread_pool_new();
    }
    pool_threads += threads;
    thread_pool_set_max_threads(pool, MAX(pool_threads, 1));
}

void puck_job_pool_init(PuckGpu *s)
{
    if (!icount_enabled()) {
        s->pool_threads = s->num_rings * s->threads;
        pool_add(s->pool_threads);
    }
}

void puck_job_pool_exit(PuckGpu *s)
{
    if (s->pool_threads) {
        pool_add(-(int)s->pool_threads);
        s->pool_threads = 0;
    }
}

static bool is_long(const PuckJob *job)
{
    return puck_cmd_bytes(&job->cmd) > job->gpu->inline_bytes ||
           puck_cmd_cost(&job->cmd) > PUCK_HOLD_NS;
}

PuckJob *puck_job_new(PuckGpu *s, const PuckJobOrigin *from,
                      const PuckCmd *cmd, PuckAccess *access)
{
    PuckJob *job = g_new0(PuckJob, 1);

    job->gpu = s;
    object_ref(OBJECT(s));
    job->from = *from;
    job->advance = true;
    job->cmd = *cmd;
    puck_dma_init(&job->dma, &job->gpu->master);
    job->num_lanes = 1;
    job->end = PUCK_LANES_MAX;
    for (unsigned i = 0; i < PUCK_LANES_MAX; i++) {
        job->lanes[i].job = job;
        job->lanes[i].index = i;
        qemu_mutex_init(&job->lanes[i].gate);
    }
    if (access->active || puck_access_wanted(job)) {
        job->access = access;
    } else {
        job->threaded = !icount_enabled() && is_long(job) &&
                        puck_dma_may_thread(&job->dma);
    }
    return job;
}

void puck_job_free(PuckJob *job)
{
    g_assert(!job->running);
    puck_lane_cleanup(job);
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

/* A user of @job ended. Under the BQL. */
static void put(PuckJob *job)
{
    g_assert(job->running);
    if (--job->running) {
        return;
    }
    /* The ring decides what comes next, if it has not given the job up. */
    if (job->from.ring) {
        job->from.stopped(job->from.ring, job);
    } else {
        puck_job_free(job);
    }
}

static void thread_done(void *opaque)
{
    put(opaque);
}

/*
 * The last thread frees what is large, so that it is not freed under the BQL;
 * unless the job will go on, since the machine was stopped.
 */
static void end_thread(PuckJob *job)
{
    const PuckFault *fault;

    if (qatomic_fetch_dec(&job->threads) == 1 &&
        (qatomic_read(&job->stop) || puck_job_done(job, &fault))) {
        puck_lane_cleanup(job);
    }
}

/* Into how many lanes the bytes of @job's only one are worth sharing out. */
static unsigned lanes_wanted(const PuckJob *job)
{
    if (job->cmd.opcode == PUCK_GPU_CMD_CRC32C) {
        return 1;
    }
    return MIN(job->lanes[0].left / LANE_BYTES_MIN, job->gpu->threads);
}

/* Whether the lists are there now, and other threads shall help from here. */
static bool wants_help(const PuckLane *lane)
{
    return lane->phase == PUCK_LANE_MOVE && !lane->job->shared &&
           lanes_wanted(lane->job) > 1;
}

/* One that wants help ends, and the job is started again. */
static int thread(void *opaque)
{
    PuckLane *lane = opaque;

    rcu_register_thread();
    while (may_step(lane) && !wants_help(lane)) {
        puck_lane_step(lane);
    }
    rcu_unregister_thread();
    end_thread(lane->job);
    aio_bh_schedule_oneshot(qemu_get_aio_context(), thread_done, lane->job);
    return 0;
}

/* What was spent on @lane is charged. */
static void charge(PuckLane *lane, PuckHold *hold)
{
    puck_hold_charge(hold, lane->spent);
    lane->spent = 0;
}

bool puck_job_step(PuckJob *job, PuckHold *hold)
{
    PuckLane *lane = &job->lanes[0];
    bool waits = false;

    job->running++;
    if (job->access && lane->phase != PUCK_LANE_LISTS) {
        waits = !puck_access_step(job);
    } else {
        puck_lane_step(lane);
    }
    charge(lane, hold);
    put(job);
    return !waits;
}

/*
 * Fetches the lists at once if they are short; else a thread does that first.
 * When they are there it is known what to share out.
 */
static void prepare_lanes(PuckJob *job, PuckHold *hold)
{
    PuckLane *lane = &job->lanes[0];

    /* What a thread has spent before is nothing to the hold. */
    lane->spent = 0;
    if (puck_cmd_lists_cost(&job->cmd) <= PUCK_HOLD_NS / 3) {
        while (lane->phase == PUCK_LANE_LISTS && may_step(lane)) {
            puck_lane_step(lane);
        }
        charge(lane, hold);
    }
    if (lane->phase == PUCK_LANE_MOVE) {
        job->shared = true;
        puck_lane_share(job, MAX(lanes_wanted(job), 1));
    }
}

void puck_job_start(PuckJob *job, PuckHold *hold)
{
    /* Counts us, too: nothing is told before all lanes are on their way. */
    job->running++;
    qatomic_set(&job->threads, 1);
    puck_hold_charge(hold, PUCK_COST_JOB);
    if (!job->shared) {
        prepare_lanes(job, hold);
    }
    for (unsigned i = 0; i < job->num_lanes; i++) {
        PuckLane *lane = &job->lanes[i];

        if (may_step(lane)) {
            job->running++;
            qatomic_inc(&job->threads);
            puck_hold_charge(hold, PUCK_COST_THREAD);
            thread_pool_submit(pool, thread, lane, NULL);
        }
    }
    end_thread(job);
    put(job);
}

void puck_job_stop(PuckJob *job)
{
    qatomic_set(&job->stop, true);
}

void puck_job_wait_gates(PuckJob *job)
{
    for (unsigned i = 0; i < job->num_lanes; i++) {
        QEMU_LOCK_GUARD(&job->lanes[i].gate);
    }
}
