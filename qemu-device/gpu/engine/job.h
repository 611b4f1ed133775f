/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one command in work.
 *
 * A job is worked off in steps of at most PUCK_CHUNK bytes and PUCK_RUNS_MAX
 * pieces. Short ones are worked off under the BQL, step by step as the ring's
 * holds allow (see ../hold.h), the first of them within the doorbell write.
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
#ifndef PUCK_GPU_JOB_H
#define PUCK_GPU_JOB_H

#include "qemu/thread.h"
#include "hw/puck/iommu/bulk.h"
#include "hw/puck/gpu/core/gpu.h"

/* What a step moves at most; and of a CRC32C, which is slower. */
#define PUCK_CHUNK      (256 * 1024)
#define PUCK_CHUNK_CRC  (32 * 1024)
#define PUCK_LANES_MAX  8

/*
 * How the device gets at memory. @as and @space are the IOMMU's, or those of
 * all memory, and stay when the device is unplugged: they are what is behind
 * the bus master's own address space, which does not. Whether it is bus master
 * is looked up in @gpu each time.
 */
typedef struct PuckDma {
    PuckGpu *gpu;
    AddressSpace *as;
    PuckSpace *space;           /* if a puck-iommu translates, or NULL */
} PuckDma;

typedef enum PuckLanePhase {
    PUCK_LANE_LISTS,            /* fetch and check the segment lists */
    PUCK_LANE_MOVE,
    PUCK_LANE_RESULT,           /* CRC32C: store it */
    PUCK_LANE_DONE,
} PuckLanePhase;

/* How far the lists are: each is read in parts, and then checked in parts. */
typedef struct PuckListFetch {
    bool dst;                   /* the destination's; else the source's */
    bool check;                 /* it was read */
    bool done;
    uint32_t at;                /* next segment */
    uint64_t total;             /* bytes of those checked */
} PuckListFetch;

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
    uint64_t spent;             /* ns of cost.h, not charged yet */
    QemuMutex gate;
} PuckLane;

struct PuckJob {
    PuckGpu *gpu;               /* with a reference */
    PuckRing *ring;             /* NULL once the ring gave it up; BQL */
    bool threaded;              /* on threads; else in the ring's holds */
    unsigned ring_index;
    uint32_t index;             /* of the command in the ring */
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
    PuckLane lanes[PUCK_LANES_MAX];

    uint32_t crc;               /* lane 0, the only one of such a job */
    bool stop;                  /* atomic */
    unsigned end;               /* lanes from here on need not go on; atomic */
};

/* A thread for each lane of each ring, so that none waits for another. */
void puck_job_pool_init(PuckGpu *s);
void puck_job_pool_exit(PuckGpu *s);

/* Nothing is done for it yet, but where it will be is decided. */
PuckJob *puck_job_new(PuckRing *ring, const PuckCmd *cmd, uint32_t index);
void puck_job_free(PuckJob *job);
/*
 * A @threaded job goes on: its ring gets puck_ring_job_stopped() when it does
 * not run any more.
 */
void puck_job_start(PuckJob *job, PuckHold *hold);
/*
 * One step of a job that is not. False if it waits for something, which will
 * kick the ring. @job may be gone when this returns.
 */
bool puck_job_step(PuckJob *job, PuckHold *hold);
/* It shall stop; it has when puck_job_wait_gates() returned. */
void puck_job_stop(PuckJob *job);
/* Waits until steps that did not see a stop or pause are over. */
void puck_job_wait_gates(PuckJob *job);
/* Nothing is left to do; @fault says how it ended. While it does not run. */
bool puck_job_done(const PuckJob *job, const PuckFault **fault);

/* lists.c: one part of the lists. False if they are bad. */
bool puck_lists_step(PuckLane *lane);

/* engine.c: one step; the lane's phase tells whether it is done */
void puck_lane_step(PuckLane *lane);
/* Shares the bytes of lane 0, which has not moved any, out to @n lanes. */
void puck_lane_share(PuckJob *job, unsigned n);
/* What only steps need. */
void puck_lane_cleanup(PuckJob *job);
/* Tells the trace of the segment of @piece, if it is the first of it. */
void puck_lane_trace(PuckLane *lane, bool is_write, const PuckPiece *piece);
/* The job fails at @piece of a list. */
void puck_lane_fail(PuckLane *lane, bool is_write, const PuckPiece *piece);

/*
 * access.c: while there is a rule for accesses a command is worked on one at a
 * time, under the BQL and on the virtual clock.
 */
bool puck_access_wanted(const PuckJob *job);
/* One step once the lists are there; goes on where a loaded state was. */
bool puck_access_step(PuckJob *job);

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
    unsigned pieces;            /* look-ups that they came from */
    uint64_t total;
    PuckRun run[PUCK_RUNS_MAX];
} PuckRuns;

/* Under the BQL, while the device is plugged in. */
void puck_dma_init(PuckDma *dma, PuckGpu *s);
/* Whether look-ups may be made on threads. Under the BQL. */
bool puck_dma_may_thread(const PuckDma *dma);
/* Guest memory that is no RAM is refused, so these take no lock. */
bool puck_dma_read(const PuckDma *dma, uint64_t addr, void *buf, uint64_t len);
bool puck_dma_write(const PuckDma *dma, uint64_t addr, const void *buf,
                    uint64_t len);
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
    PUCK_DMA_DROPPED,           /* the ring was reset meanwhile */
} PuckDmaResult;

/*
 * ring.c: an access of @ring itself, to a command or the write-back slot. It
 * may reset the ring; then that is said, and nothing must follow. Under the
 * BQL.
 */
PuckDmaResult puck_ring_dma(PuckRing *ring, uint64_t addr, void *buf,
                            uint64_t len, bool is_write);

/*
 * One access to @piece, which an IOMMU may make wait until *@wait; then nothing
 * was moved, and it is called again with that in *@wait. Zero at first.
 */
PuckDmaResult puck_dma_access(const PuckDma *dma, const PuckPiece *piece,
                              bool is_write, uint8_t *bytes, int64_t *wait);
/* Tells the rest of QEMU that the first @len bytes of @runs were written. */
void puck_dma_written(const PuckDma *dma, const PuckRuns *runs, uint64_t len);

#endif /* PUCK_GPU_JOB_H */
