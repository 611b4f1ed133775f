/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware fence of a job.
 */
#ifndef PUCK_FENCE_H
#define PUCK_FENCE_H

#include <linux/dma-fence.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>

struct puck_ring;

/**
 * struct puck_fence - completion of a job by the hardware
 * @base: its context is that of the job's queue, its seqno the job's number
 * @lock: for @base; in here, since fences outlive everything else
 * @ring: keeps the names and the scheduler's memory; a reference
 * @start: when the doorbell was rung
 * @seqno: of the job in the ring, 0 before that; for the trace
 */
struct puck_fence {
	struct dma_fence base;
	spinlock_t lock;		/* base */
	struct puck_ring *ring;
	ktime_t start;
	u32 seqno;
};

struct puck_fence *puck_fence_alloc(struct puck_ring *ring);
void puck_fence_free(struct puck_fence *fence);
void puck_fence_init(struct puck_fence *fence, u64 context, u64 number);
void puck_fence_signal(struct puck_fence *fence, int error);

#endif /* PUCK_FENCE_H */
