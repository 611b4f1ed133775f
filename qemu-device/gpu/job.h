/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one command in work.
 *
 * A job is worked off in steps of at most PUCK_CHUNK bytes. Short ones run
 * within the doorbell write, long ones on threads, or under -icount in slices
 * of virtual time, so that the order of events does not depend on the host.
 * While there are rules for accesses to data, a command is worked on by itself
 * and in virtual time, see access.c.
 * The bytes of a long one are shared out to several lanes, each a thread with
 * a part of the transfer to itself.
 *
 * The gate of a lane orders its steps against whoever stops the job: a step
 * moves bytes only with the gate held and after seeing that neither the job
 * nor the machine was stopped. So once all gates were taken after setting one
 * of these, not a byte of guest memory changes. Nothing is waited for with the
 * gate held, the BQL least of all: the wait for it is as long as copying a
 * chunk. Looking up guest memory is done outside, since an IOMMU may want the
 * BQL for it.
 */
#ifndef PUCK_GPU_JOB_H
#define PUCK_GPU_JOB_H

#include "qemu/thread.h"
#include "../iommu/bulk.h"
#include "gpu.h"

#define PUCK_CHUNK      (256 * 1024)
#define PUCK_LANES_MAX  8

/* How a job gets at memory. */
typedef struct PuckDma {
    AddressSpace *as;
    PuckSpace *space;           /* if a puck-iommu translates, or NULL */
    PCIDevice *pdev;
    MemoryRegion *vram;
} PuckDma;

typedef enum PuckLanePhase {
    PUCK_LANE_LISTS,            /* fetch and check the segment lists */
    PUCK_LANE_MOVE,
    PUCK_LANE_RESULT,           /* CRC32C: store it */
    PUCK_LANE_DONE,
} PuckLanePhase;

/* What one thread does of a job. All but the gate is the thread's own. */
typedef struct PuckLane {
    PuckJob *job;
    unsigned index;
    PuckLanePhase phase;
    PuckFault fault;            /* why it failed, when done */
    PuckCursor src;
    PuckCursor dst;
    uint64_t left;              /* bytes to move */
    uint32_t src_traced;        /* segments told to the trace */
    uint32_t dst_traced;
    QemuMutex gate;
} PuckLane;

struct PuckJob {
    PuckGpu *gpu;               /* with a reference */
    PuckRing *ring;             /* NULL once the ring gave it up; BQL */
    unsigned ring_index;
    uint32_t index;             /* of the command in the ring */
    bool advance;               /* moves RING_HEAD when done; BQL */
    unsigned running;           /* threads, or a slice that is due; BQL */
    QEMUTimer *slice;           /* -icount only */

    /* Written before there are threads. */
    PuckDma dma;
    PuckCmd cmd;
    PuckSeg *src_segs;
    PuckSeg *dst_segs;
    uint8_t *pattern;           /* FILL */
    bool stream;                /* past the caches */
    PuckAccess *access;         /* worked on access by access; the ring's */
    unsigned num_lanes;
    PuckLane lanes[PUCK_LANES_MAX];

    uint32_t crc;               /* lane 0, the only one of such a job */
    bool stop;                  /* atomic */
    unsigned end;               /* lanes from here on need not go on; atomic */
};

/* A thread for each lane of each ring, so that none waits for another. */
void puck_job_pool_init(PuckGpu *s);
/* When no job has a reference to the device any more. */
void puck_job_pool_exit(PuckGpu *s);

PuckJob *puck_job_new(PuckRing *ring, const PuckCmd *cmd, uint32_t index);
void puck_job_free(PuckJob *job);
/* Runs to the end, or until stopped. */
void puck_job_run_here(PuckJob *job);
/* Goes on elsewhere; puck_ring_job_stopped() tells when it does not run. */
void puck_job_start(PuckJob *job);
/* Not a byte moves after this. */
void puck_job_stop(PuckJob *job);
/* Waits until steps that did not see a stop or pause are over. */
void puck_job_wait_gates(PuckJob *job);
/* BQL. A thread of @job, or what stands for one, ended. */
void puck_job_stopped(PuckJob *job);
/* Nothing is left to do; @fault says how it ended. While it does not run. */
bool puck_job_done(const PuckJob *job, const PuckFault **fault);

/* engine.c: one step; the lane's phase tells whether it is done */
void puck_engine_step(PuckLane *lane);
/* Shares the bytes of lane 0, which has not moved any, out to @n lanes. */
void puck_engine_share(PuckJob *job, unsigned n);
void puck_engine_cleanup(PuckJob *job);
void puck_engine_advance(PuckCursor *cur, uint64_t len);
/* Tells the trace of segments that the next @len bytes are the first of. */
void puck_engine_trace(PuckLane *lane, bool is_write, uint64_t len);
/* The job fails at @piece of a list. */
void puck_engine_fail(PuckLane *lane, bool is_write, const PuckPiece *piece);

/*
 * access.c: while there is a rule for accesses a command is worked on one at a
 * time, under the BQL and on the virtual clock.
 */
bool puck_access_wanted(const PuckJob *job);
/* Instead of puck_job_start(); goes on where a loaded state was. */
void puck_access_start(PuckJob *job);
/* @job shall stop, and if it only waits it does so at once. */
void puck_access_stop(PuckJob *job);

/*
 * dma.c: bytes of guest memory that are adjacent in host memory. Valid inside
 * the RCU critical section that they were looked up in.
 */
typedef struct PuckRun {
    uint8_t *host;
    uint64_t len;
    MemoryRegion *mr;
} PuckRun;

#define PUCK_RUNS_MAX   64

typedef struct PuckRuns {
    unsigned count;
    uint64_t total;
    PuckRun run[PUCK_RUNS_MAX];
} PuckRuns;

void puck_dma_init(PuckDma *dma, PuckGpu *s);
/*
 * What is looked up and accessed in between is known to the IOMMU as one
 * access. Neither the BQL nor anything long may be waited for in between.
 */
unsigned puck_dma_begin(const PuckDma *dma);
void puck_dma_end(const PuckDma *dma, unsigned epoch);
/*
 * Looks up the next @max bytes at @cur, or fewer, without moving it. False if
 * there is no RAM at *@piece.
 */
bool puck_dma_look_up(const PuckDma *dma, const PuckCursor *cur, uint64_t max,
                      bool is_write, PuckRuns *runs, PuckPiece *piece);
typedef enum PuckDmaResult {
    PUCK_DMA_OK,
    PUCK_DMA_FAULT,
    PUCK_DMA_WAIT,
} PuckDmaResult;

/*
 * One access to @piece, which an IOMMU may make wait until *@wait; then nothing
 * was moved, and it is called again with that in *@wait. Zero at first.
 */
PuckDmaResult puck_dma_access(const PuckDma *dma, const PuckPiece *piece,
                              bool is_write, uint8_t *bytes, int64_t *wait);
/* Tells the rest of QEMU that the first @len bytes of @runs were written. */
void puck_dma_written(const PuckDma *dma, const PuckRuns *runs, uint64_t len);

#endif /* PUCK_GPU_JOB_H */
