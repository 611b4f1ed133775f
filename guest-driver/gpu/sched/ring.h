/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring of the device: its registers, its memory, and the jobs that it works on.
 * docs/locking.rst, "puck.ko", orders its lock.
 */
#ifndef PUCK_RING_H
#define PUCK_RING_H

#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "abi/puck_gpu.h"
#include "core/device.h"
#include "sched/dump.h"

struct puck_device;
struct puck_fence;
struct puck_job;
struct puck_ring_info;

/* Commands in a ring at most; the device may want fewer. */
#define PUCK_RING_SLOTS		BIT(PUCK_RING_ORDER)
/*
 * Commands that may not be on their way. One slot has to stay free, and one more
 * is spared because a fence can be seen before RING_HEAD is past it.
 */
#define PUCK_RING_SPARE		2

/**
 * struct puck_stage - the completion stage's settings of a ring, as in spec
 * section "Completion stage"
 * @start_delay: ns
 * @delay: ns
 * @jitter: ns
 * @seed: of the jitter
 * @hold: 0 or 1
 */
struct puck_stage {
	u64 start_delay;
	u64 delay;
	u64 jitter;
	u64 seed;
	u32 hold;
};

/**
 * struct puck_ring - a command ring, its scheduler and the jobs it works on
 * @ref: held by the device and by each fence: a fence names its ring
 * @puck: the device; valid while it is, not for those who hold only @ref
 * @regs: register block; valid inside drm_dev_enter()
 * @index: number of the ring in the hardware
 * @kind: PUCK_GPU_KIND_*
 * @vector: MSI-X vector for fences
 * @order: of @slots
 * @slots: commands in the ring, a power of two
 * @ops: bit n: it takes opcode n
 * @queues: queues there are for it; puck_device.list_lock
 * @name: for fences, interrupts and the scheduler
 * @sched: decides which job is next; its run_job is called one at a time
 * @submit_wq: where @sched runs and frees jobs
 * @reset_work: recovery after an error that the device reported; in puck_device.reset_wq
 * @cmds: the ring in memory
 * @cmds_dma: its DMA address
 * @wb: write-back slot in memory
 * @wb_dma: its DMA address
 * @wptr: slots written since the ring was enabled, counting on past its size.
 *        Only touched by run_job, or by recovery while @sched is stopped
 * @done_pos: the hardware is past all slots before this one, which was written
 *            as @wptr was; likewise
 * @number: last job number given out
 * @start_seqno: RING_SEQNO when the ring was enabled: what it says then of no job
 * @fallback: looks at @wb now and then, should an interrupt get lost
 * @recoveries: recoveries that came to their end, in puck_device.reset_wq
 * @stop_head: where the ring stood when it was last reset; only touched by recovery
 * @stop_seqno: the last seqno that was complete then; likewise
 * @saved: settings of the completion stage over a suspend
 * @irq: Linux' number for @vector
 * @idle: woken when @inflight gets empty
 * @lock: protects all below, and orders the signalling of fences. Taken in
 *        hard interrupts
 * @inflight: struct puck_job.inflight, in the order of the ring, in which their
 *            seqnos rise. A job is here from before its doorbell until its
 *            hardware fence is signalled
 * @job_at: the jobs of @inflight by their seqno modulo PUCK_RING_SLOTS; no two
 *          of them share a place
 * @fallback_period: jiffies between two looks at @wb, if no fence has a deadline
 * @seqno: the last seqno that was given to a job
 * @halted: the device reported an error that stopped the ring
 * @has_error: @error is one of this ring
 * @error: the last record of the error queue that named it; for the dump
 * @dead: zero, or why the ring will run nothing more: -ENODEV, -EIO
 * @ending: its jobs are being ended, and are not in @inflight
 * @done: jobs completed, for debugfs
 * @failed: those of them with an error
 * @resets: resets of this ring
 * @skips: jobs that the ring went on behind without one
 */
struct puck_ring {
	struct kref ref;
	struct puck_device *puck;
	void __iomem *regs;
	u32 index;
	u32 kind;
	u32 vector;
	u32 order;
	u32 slots;
	u64 ops;
	u32 queues;
	char name[40];
	struct drm_gpu_scheduler sched;
	struct workqueue_struct *submit_wq;
	struct work_struct reset_work;
	struct puck_gpu_cmd *cmds;
	dma_addr_t cmds_dma;
	struct puck_gpu_wb *wb;
	dma_addr_t wb_dma;
	u32 wptr;
	u32 done_pos;
	atomic64_t number;
	u32 start_seqno;
	struct timer_list fallback;
	unsigned int recoveries;
	u32 stop_head;
	u32 stop_seqno;
	struct puck_stage saved;
	int irq;
	wait_queue_head_t idle;

	spinlock_t lock;		/* what follows */
	struct list_head inflight;
	struct puck_job *job_at[PUCK_RING_SLOTS];
	unsigned long fallback_period;
	u32 seqno;
	bool halted;
	bool has_error;
	struct puck_error error;
	int dead;
	bool ending;
	u64 done;
	u64 failed;
	u64 resets;
	u64 skips;
};

static inline u32 puck_ring_read(struct puck_ring *ring, u32 reg)
{
	puck_awake_check(ring->puck);
	return readl(ring->regs + reg);
}

static inline void puck_ring_write(struct puck_ring *ring, u32 reg, u32 val)
{
	puck_awake_check(ring->puck);
	writel(val, ring->regs + reg);
}

static inline u64 puck_ring_read64(struct puck_ring *ring, u32 reg)
{
	puck_awake_check(ring->puck);
	return readq(ring->regs + reg);
}

static inline void puck_ring_write64(struct puck_ring *ring, u32 reg, u64 val)
{
	puck_awake_check(ring->puck);
	writeq(val, ring->regs + reg);
}

struct puck_ring *puck_ring_create(struct puck_device *puck,
				   const struct puck_ring_info *info);
void puck_ring_get(struct puck_ring *ring);
void puck_ring_put(struct puck_ring *ring);
int puck_ring_alloc(struct puck_ring *ring);
void puck_ring_free(struct puck_ring *ring);
int puck_ring_start(struct puck_ring *ring);
void puck_ring_number(struct puck_ring *ring);
int puck_ring_stop(struct puck_ring *ring);
int puck_ring_emit(struct puck_ring *ring, struct puck_job *job);
void puck_ring_hurry(struct puck_ring *ring, struct puck_fence *fence, ktime_t deadline);
void puck_ring_set_fallback(struct puck_ring *ring, unsigned long period);
void puck_ring_retire(struct puck_ring *ring);
struct puck_job *puck_ring_find(struct puck_ring *ring, u32 seqno);
bool puck_ring_error_is_due(struct puck_ring *ring);
void puck_ring_check_error(struct puck_ring *ring);
bool puck_ring_skip(struct puck_ring *ring);
int puck_ring_freeze(struct puck_ring *ring);
void puck_ring_freeze_running(struct puck_ring *ring);
int puck_ring_thaw(struct puck_ring *ring);
void puck_ring_refuse(struct puck_ring *ring, struct puck_job *job, int error);
void puck_ring_kill(struct puck_ring *ring, int error);

#endif /* PUCK_RING_H */
