/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware fence of a job.
 */
#ifndef PUCK_FENCE_H
#define PUCK_FENCE_H

#include <linux/dma-fence.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

struct puck_ring;

/**
 * struct puck_fence - completion of a job by the hardware
 * @base: its context is that of the job's queue, its seqno the job's number
 * @lock: for @base; in here, since fences outlive everything else
 * @ring: keeps the names and the scheduler's memory; a reference
 * @start: when the doorbell was rung
 * @deadline: by when somebody would like it to be signalled, or KTIME_MAX; puck_ring.lock
 * @seqno: of the job in the ring, 0 before that; for the trace
 */
struct puck_fence {
	struct dma_fence base;
	spinlock_t lock;		/* base */
	struct puck_ring *ring;
	ktime_t start;
	ktime_t deadline;
	u32 seqno;
};

/* So often it is looked whether a fence came without its interrupt, once it is overdue. */
#define PUCK_FENCE_OVERDUE	DIV_ROUND_UP(HZ, 100)

/**
 * puck_fence_look_in - when to look whether a fence came without its interrupt
 * @deadline: of the fence
 * @now: the time
 * @period: jiffies after which one looks if there is no hurry
 *
 * Return: jiffies from now on, at least 1 and at most @period: not before the deadline, and
 * the first one behind it.
 */
static inline unsigned long puck_fence_look_in(ktime_t deadline, ktime_t now,
					       unsigned long period)
{
	unsigned long delay = PUCK_FENCE_OVERDUE;

	if (ktime_after(deadline, now))
		delay = nsecs_to_jiffies(ktime_to_ns(ktime_sub(deadline, now))) + 1;
	return min(delay, period);
}

struct puck_fence *puck_fence_alloc(struct puck_ring *ring);
void puck_fence_free(struct puck_fence *fence);
void puck_fence_init(struct puck_fence *fence, u64 context, u64 number);
void puck_fence_signal(struct puck_fence *fence, int error);

#endif /* PUCK_FENCE_H */
