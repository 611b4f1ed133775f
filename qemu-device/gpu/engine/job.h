/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one command in work.
 *
 * A job is worked off in steps of at most PUCK_CHUNK bytes and PUCK_RUNS_MAX
 * pieces. Short ones are worked off under the BQL, step by step as the ring's
 * holds allow (see common/hold.h), the first of them within the doorbell write.
 * Long ones run on threads, with three exceptions that are worked off in holds,
 * too. Under -icount the order of events must not depend on the host; an IOMMU
 * may be unable to translate on several threads; and while there are rules for
 * accesses to data a command is worked on access by access, see access.c.
 *
 * The bytes of a long one are shared out to several lanes, each a thread with a
 * part of the transfer to itself.
 *
 * Who frees it: a job belongs to its ring until it is done or the ring gives it
 * up. While it is in use (@running: threads that it is on, and code on the
 * stack that works on it) it is not freed; the last user to end does it. So a
 * reset in the middle of a step, which a fault that an IOMMU reports by a
 * message can bring, only marks the job. It holds a reference to the device,
 * and what the threads need is in the job or in the device's own memory. That
 * outlives the unplugging; configuration space and the bus master's address
 * space do not.
 *
 * The gate of a lane orders its steps against whoever stops the job: a step
 * moves bytes only with the gate held and after seeing that neither the job nor
 * the machine was stopped. So once all gates were taken after setting one of
 * these, not a byte of guest memory changes. Nothing is waited for with the
 * gate held, the BQL least of all: the wait for it is as long as copying a
 * chunk. Looking up guest memory is done outside, since an IOMMU may want the
 * BQL for it.
 */
#ifndef PUCK_GPU_ENGINE_JOB_H
#define PUCK_GPU_ENGINE_JOB_H

#include "hw/puck/common/hold.h"
#include "hw/puck/endpoint/dma.h"
#include "hw/puck/gpu/core/device.h"
#include "access.h"
#include "command.h"
#include "lane.h"
#include "lists.h"

/* What a step moves at most; and of a CRC32C, which is slower. */
#define PUCK_CHUNK      (256 * 1024)
#define PUCK_CHUNK_CRC  (32 * 1024)

/* Where a command came from, and who is told that its job does not run. */
typedef struct PuckJobOrigin {
    PuckRing *ring;             /* NULL once the ring gave the job up; BQL */
    unsigned ring_index;
    uint32_t index;             /* of the command in the ring */
    /* Under the BQL. @job may be freed. */
    void (*stopped)(PuckRing *ring, PuckJob *job);
} PuckJobOrigin;

struct PuckJob {
    PuckGpu *gpu;               /* with a reference */
    PuckJobOrigin from;
    bool threaded;              /* on threads; else in the ring's holds */
    bool advance;               /* moves RING_HEAD when done; BQL */
    unsigned running;           /* threads and code that use it; BQL */
    unsigned threads;           /* threads that may look at lists; atomic */

    /* Written before there are threads. */
    PuckDma dma;
    PuckCmd cmd;
    PuckListFetch fetch;
    PuckSeg *src_segs;
    PuckSeg *dst_segs;
    uint8_t *pattern;           /* FILL */
    bool stream;                /* past the caches */
    PuckAccess *access;         /* worked on access by access; the ring's */
    bool access_begun;
    unsigned num_lanes;
    bool shared;                /* the bytes are, to as many as it takes */
    PuckLane lanes[PUCK_LANES_MAX];

    uint32_t crc;               /* lane 0, the only one of such a job */
    bool stop;                  /* atomic */
    unsigned end;               /* lanes from here on need not go on; atomic */
};

/* A thread for each lane of each ring, so that none waits for another. */
void puck_job_pool_init(PuckGpu *s);
void puck_job_pool_exit(PuckGpu *s);

/*
 * Makes the job of @cmd and decides where it will be worked on; nothing is done
 * for it yet. @access is the ring's: it says how far the command is, if it is
 * worked on access by access.
 */
PuckJob *puck_job_new(PuckGpu *s, const PuckJobOrigin *from,
                      const PuckCmd *cmd, PuckAccess *access);
void puck_job_free(PuckJob *job);
/*
 * A threaded job goes on. It calls stopped() when it does not run any more: for
 * good, or until it is started again, as its lists are there now.
 */
void puck_job_start(PuckJob *job, PuckHold *hold);
/*
 * One step of a job that is not. False if it waits for something, which will
 * kick the ring. @job may be gone when this returns.
 */
bool puck_job_step(PuckJob *job, PuckHold *hold);
/* Tells @job to stop; it has when puck_job_wait_gates() returns. */
void puck_job_stop(PuckJob *job);
/* Waits until steps that did not see a stop or pause are over. */
void puck_job_wait_gates(PuckJob *job);
/*
 * Whether nothing is left to do for @job, which does not run; @fault says how
 * it ended.
 */
bool puck_job_done(const PuckJob *job, const PuckFault **fault);

#endif /* PUCK_GPU_ENGINE_JOB_H */
