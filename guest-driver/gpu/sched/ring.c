// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware rings: writing commands, seeing them complete, and getting going
 * again after an error (docs/specs/gpu.rst, "Rings").
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "compat/gpu.h"
#include "core/awake.h"
#include "core/device.h"
#include "core/trace.h"
#include "sched/fence.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/ring.h"

/* The smallest ring has room for the longest job, which has a FENCE behind its commands. */
static_assert(BIT(PUCK_RING_ORDER_MIN) - PUCK_RING_SPARE > DRM_PUCK_SUBMIT_CMDS_MAX);

/* A lost interrupt costs so long, if nobody sets a deadline. */
#define PUCK_FALLBACK_PERIOD	(HZ / 2)

/* In how many jiffies the slot has to be looked at, should no interrupt come. */
static unsigned long puck_ring_look_in(struct puck_ring *ring)
{
	unsigned long delay = ring->fallback_period;
	ktime_t now = ktime_get();
	struct puck_job *job;

	lockdep_assert_held(&ring->lock);

	list_for_each_entry(job, &ring->inflight, inflight)
		if (job->fence->deadline != KTIME_MAX)
			delay = puck_fence_look_in(job->fence->deadline, now, delay);
	return delay;
}

/*
 * Hardware, or what is between it and us, may lose a message. The slot in memory
 * does not depend on it.
 */
static void puck_ring_fallback(struct timer_list *timer)
{
	struct puck_ring *ring = container_of(timer, struct puck_ring, fallback);
	bool cookie = dma_fence_begin_signalling();
	unsigned long flags;

	puck_ring_retire(ring);
	spin_lock_irqsave(&ring->lock, flags);
	if (!list_empty(&ring->inflight))
		mod_timer(&ring->fallback, jiffies + puck_ring_look_in(ring));
	spin_unlock_irqrestore(&ring->lock, flags);
	dma_fence_end_signalling(cookie);
}

/**
 * puck_ring_create - make the part of a ring that fences may refer to for ever
 * @puck: the device
 * @info: what the device says of the ring
 *
 * Return: the ring, with one reference, or NULL.
 */
struct puck_ring *puck_ring_create(struct puck_device *puck, const struct puck_ring_info *info)
{
	struct puck_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL);

	if (!ring)
		return NULL;

	kref_init(&ring->ref);
	ring->puck = puck;
	ring->regs = puck->regs + PUCK_GPU_RING(info->index);
	ring->index = info->index;
	ring->kind = info->kind;
	ring->vector = info->vector;
	ring->order = info->order;
	ring->slots = BIT(info->order);
	ring->ops = info->ops;
	snprintf(ring->name, sizeof(ring->name), "puck %s ring%u", dev_name(puck->drm.dev),
		 ring->index);
	timer_setup(&ring->fallback, puck_ring_fallback, 0);
	ring->fallback_period = PUCK_FALLBACK_PERIOD;
	spin_lock_init(&ring->lock);
	INIT_LIST_HEAD(&ring->inflight);
	init_waitqueue_head(&ring->idle);
	return ring;
}

/**
 * puck_ring_get - take a reference
 * @ring: the ring
 */
void puck_ring_get(struct puck_ring *ring)
{
	kref_get(&ring->ref);
}

static void puck_ring_release(struct kref *ref)
{
	kfree(container_of(ref, struct puck_ring, ref));
}

/**
 * puck_ring_put - drop a reference
 * @ring: the ring
 *
 * Context: any.
 */
void puck_ring_put(struct puck_ring *ring)
{
	kref_put(&ring->ref, puck_ring_release);
}

/**
 * puck_ring_alloc - allocate the memory that the hardware uses
 * @ring: the ring
 *
 * Return: 0 or -ENOMEM.
 */
int puck_ring_alloc(struct puck_ring *ring)
{
	struct device *dev = ring->puck->drm.dev;

	ring->cmds = dma_alloc_coherent(dev, ring->slots * sizeof(*ring->cmds),
					&ring->cmds_dma, GFP_KERNEL);
	if (!ring->cmds)
		return -ENOMEM;

	ring->wb = dma_alloc_coherent(dev, sizeof(*ring->wb), &ring->wb_dma, GFP_KERNEL);
	if (!ring->wb) {
		puck_ring_free(ring);
		return -ENOMEM;
	}
	return 0;
}

/**
 * puck_ring_free - free the memory that the hardware used
 * @ring: the ring, reset; nothing happens if it has none
 */
void puck_ring_free(struct puck_ring *ring)
{
	struct device *dev = ring->puck->drm.dev;

	if (ring->wb)
		dma_free_coherent(dev, sizeof(*ring->wb), ring->wb, ring->wb_dma);
	if (ring->cmds)
		dma_free_coherent(dev, ring->slots * sizeof(*ring->cmds), ring->cmds,
				  ring->cmds_dma);
	ring->wb = NULL;
	ring->cmds = NULL;
}

/**
 * puck_ring_start - enable a ring that is reset
 * @ring: the ring, with nothing in it
 *
 * Context: inside drm_dev_enter(), or before there are users.
 * Return: 0, -ENODEV if the device does not answer, -EIO if it refuses.
 */
int puck_ring_start(struct puck_ring *ring)
{
	u32 ctrl;

	ring->wptr = 0;
	ring->done_pos = 0;
	puck_ring_write64(ring, PUCK_GPU_RING_BASE, ring->cmds_dma | ring->order);
	puck_ring_write64(ring, PUCK_GPU_RING_WB_ADDR, ring->wb_dma);
	puck_ring_write(ring, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
	ctrl = puck_ring_read(ring, PUCK_GPU_RING_CTRL);
	if (ctrl == ~0u)
		return -ENODEV;
	if (!(ctrl & PUCK_GPU_RING_ENABLE))
		return -EIO;
	ring->start_seqno = puck_ring_read(ring, PUCK_GPU_RING_SEQNO);
	return 0;
}

/**
 * puck_ring_number - let seqnos go on from where the hardware is
 * @ring: the ring, enabled, with no jobs in it
 *
 * A job has no seqno before it goes into the ring, so there is none whose seqno
 * this would make another's.
 *
 * Context: inside drm_dev_enter(), or before there are users.
 */
void puck_ring_number(struct puck_ring *ring)
{
	spin_lock_irq(&ring->lock);
	if (!WARN_ON_ONCE(!list_empty(&ring->inflight))) {
		ring->seqno = ring->start_seqno;
		/*
		 * The slot is as a completed job would have left it: no job in flight has
		 * this seqno.
		 */
		ring->wb->seqno = cpu_to_le32(ring->start_seqno);
	}
	spin_unlock_irq(&ring->lock);
}

/**
 * puck_ring_stop - reset a ring: when this returns it makes no access to memory
 * @ring: the ring
 *
 * Fences in its completion stage are dropped.
 *
 * Context: may sleep; inside drm_dev_enter(), or in remove.
 * Return: 0, -ENODEV if the device does not answer, -ETIMEDOUT.
 */
int puck_ring_stop(struct puck_ring *ring)
{
	u32 ctrl;
	int ret;

	puck_ring_write(ring, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
	ret = readl_poll_timeout(ring->regs + PUCK_GPU_RING_CTRL, ctrl,
				 ctrl == ~0u || !(ctrl & PUCK_GPU_RING_RESET),
				 PUCK_RESET_POLL_US, PUCK_RESET_TIMEOUT_US);
	return ctrl == ~0u ? -ENODEV : ret;
}

/* The place in the ring of a slot that is counted as wptr is. */
static u32 puck_ring_slot(struct puck_ring *ring, u32 pos)
{
	return pos & (ring->slots - 1);
}

/* Write the commands of a job that are still to be done behind wptr. */
static void puck_ring_write_job(struct puck_ring *ring, struct puck_job *job)
{
	struct puck_gpu_cmd *slot;
	u32 i;

	job->pos = ring->wptr;
	for (i = job->first; i < job->ncmds; i++) {
		slot = &ring->cmds[puck_ring_slot(ring, ring->wptr++)];
		*slot = job->cmds[i];
		slot->seqno = cpu_to_le32(job->seqno);
	}
}

static void puck_ring_doorbell(struct puck_ring *ring)
{
	/* writel() orders the commands and lists before it. */
	puck_ring_write(ring, PUCK_GPU_RING_TAIL, puck_ring_slot(ring, ring->wptr));
}

/*
 * The scheduler's credits are the room for commands, if fences come when they
 * should. Where one came before its commands were executed, they still stand in
 * the ring, and must not be written over. RING_HEAD is read once a turn.
 */
static bool puck_ring_has_room(struct puck_ring *ring, u32 ncmds)
{
	u32 head;

	if (ring->wptr + ncmds - ring->done_pos < ring->slots)
		return true;

	head = puck_ring_read(ring, PUCK_GPU_RING_HEAD);
	ring->done_pos = ring->wptr - puck_ring_slot(ring, ring->wptr - head);
	return ring->wptr + ncmds - ring->done_pos < ring->slots;
}

/*
 * Give a job its seqno and its place among those in flight. Seqnos are taken one
 * after the other; one whose place is still taken is left out. That is seldom:
 * only resets that fail jobs leave holes, and there are more places than credits.
 */
static int puck_ring_enter(struct puck_ring *ring, struct puck_job *job)
{
	u32 seqno = ring->seqno + 1;

	lockdep_assert_held(&ring->lock);

	while (ring->job_at[seqno % PUCK_RING_SLOTS])
		if (WARN_ON_ONCE(++seqno - ring->seqno > PUCK_RING_SLOTS))
			return -EIO;
	WARN_ON_ONCE(!list_empty(&ring->inflight) &&
		     (s32)(seqno - list_last_entry(&ring->inflight, struct puck_job,
						   inflight)->seqno) <= 0);
	ring->seqno = seqno;
	job->seqno = seqno;
	job->fence->seqno = seqno;
	ring->job_at[seqno % PUCK_RING_SLOTS] = job;
	list_add_tail(&job->inflight, &ring->inflight);
	return 0;
}

/**
 * puck_ring_emit - give a job to the hardware
 * @ring: the ring
 * @job: its commands
 *
 * Context: run_job, inside drm_dev_enter() and the signalling annotation.
 * Return: 0; why the ring is dead; -EIO if there is no room where there should be.
 */
int puck_ring_emit(struct puck_ring *ring, struct puck_job *job)
{
	unsigned long flags;
	int ret;

	if (!puck_ring_has_room(ring, job->ncmds)) {
		dev_err_ratelimited(ring->puck->drm.dev,
				    "ring %u: job %llu: no room, fences came too early\n",
				    ring->index, job->number);
		return -EIO;
	}
	job->fence->start = ktime_get();
	spin_lock_irqsave(&ring->lock, flags);
	ret = ring->dead;
	if (!ret)
		ret = puck_ring_enter(ring, job);
	if (!ret && !timer_pending(&ring->fallback))
		mod_timer(&ring->fallback, jiffies + ring->fallback_period);
	spin_unlock_irqrestore(&ring->lock, flags);
	if (ret)
		return ret;

	puck_ring_write_job(ring, job);
	trace_puck_doorbell(ring->puck->drm.dev, ring->index, job->number, job->seqno,
			    puck_ring_slot(ring, ring->wptr));
	puck_ring_doorbell(ring);
	return 0;
}

/**
 * puck_ring_hurry - look in time whether a fence came without its interrupt
 * @ring: the ring
 * @fence: of a job that was given to it
 * @deadline: when somebody would like to have it
 *
 * Context: any.
 */
void puck_ring_hurry(struct puck_ring *ring, struct puck_fence *fence, ktime_t deadline)
{
	unsigned long flags, delay;

	spin_lock_irqsave(&ring->lock, flags);
	if (ktime_before(deadline, fence->deadline)) {
		fence->deadline = deadline;
		delay = puck_fence_look_in(deadline, ktime_get(), ring->fallback_period);
		/* With nothing in flight the timer may be off for good. */
		if (!list_empty(&ring->inflight))
			timer_reduce(&ring->fallback, jiffies + delay);
	}
	spin_unlock_irqrestore(&ring->lock, flags);
}

/**
 * puck_ring_set_fallback - say how often to look for fences without an interrupt
 * @ring: the ring
 * @period: jiffies, if no fence has a deadline; it counts at once
 *
 * Context: any.
 */
void puck_ring_set_fallback(struct puck_ring *ring, unsigned long period)
{
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	ring->fallback_period = period;
	/* If it runs just now it waits for the lock, and sees the same. */
	timer_delete(&ring->fallback);
	if (!list_empty(&ring->inflight))
		mod_timer(&ring->fallback, jiffies + puck_ring_look_in(ring));
	spin_unlock_irqrestore(&ring->lock, flags);
}

/* Take a job off the ring and signal its fence. The job may be gone then. */
static void puck_ring_complete(struct puck_ring *ring, struct puck_job *job, int error)
{
	lockdep_assert_held(&ring->lock);

	list_del_init(&job->inflight);
	WARN_ON_ONCE(ring->job_at[job->seqno % PUCK_RING_SLOTS] != job);
	ring->job_at[job->seqno % PUCK_RING_SLOTS] = NULL;
	ring->done++;
	if (error)
		ring->failed++;
	puck_fence_signal(job->fence, error);
	if (list_empty(&ring->inflight))
		wake_up(&ring->idle);
}

/**
 * puck_ring_find - look for a job in flight
 * @ring: the ring
 * @seqno: what the hardware calls it
 *
 * Context: the ring's lock is held.
 * Return: the job or NULL.
 */
struct puck_job *puck_ring_find(struct puck_ring *ring, u32 seqno)
{
	struct puck_job *job = ring->job_at[seqno % PUCK_RING_SLOTS];

	lockdep_assert_held(&ring->lock);

	return job && job->seqno == seqno ? job : NULL;
}

/* Complete the job that the hardware names, and all before it. A dead ring's are being ended. */
static void puck_ring_retire_to(struct puck_ring *ring, u32 seqno)
{
	struct puck_job *last = ring->dead ? NULL : puck_ring_find(ring, seqno);
	struct puck_job *job;
	bool done = !last;

	while (!done) {
		job = list_first_entry(&ring->inflight, struct puck_job, inflight);
		done = job == last;
		puck_ring_complete(ring, job, job->lost);
	}
}

/**
 * puck_ring_error_is_due - see whether something has to be done about an error now
 * @ring: the ring
 *
 * After an error the fences before the faulty job are still to come: only when
 * that job is the next one, or no job is to blame.
 *
 * Context: the ring's lock is held.
 */
bool puck_ring_error_is_due(struct puck_ring *ring)
{
	struct puck_job *job;

	lockdep_assert_held(&ring->lock);

	if (!ring->halted)
		return false;
	list_for_each_entry(job, &ring->inflight, inflight)
		if (job->error)
			return list_is_first(&job->inflight, &ring->inflight);
	return true;
}

/**
 * puck_ring_check_error - start the recovery if its time has come
 * @ring: the ring
 *
 * Context: the ring's lock is held.
 */
void puck_ring_check_error(struct puck_ring *ring)
{
	if (!puck_ring_error_is_due(ring))
		return;
	/* The job may be over before that. A device with a ring that is halted does not sleep. */
	puck_awake_hold(ring->puck);
	if (!queue_work(ring->puck->reset_wq, &ring->reset_work))
		puck_awake_put(ring->puck);
}

/**
 * puck_ring_retire - signal the fences of all jobs that the hardware is done with
 * @ring: the ring
 *
 * Context: any; inside a signalling annotation.
 */
void puck_ring_retire(struct puck_ring *ring)
{
	unsigned long flags;
	u32 seqno;

	spin_lock_irqsave(&ring->lock, flags);
	seqno = le32_to_cpu(READ_ONCE(ring->wb->seqno));
	/* Whoever the fence wakes reads what the job wrote after this read of the slot. */
	dma_rmb();
	puck_ring_retire_to(ring, seqno);
	puck_ring_check_error(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

/**
 * puck_ring_refuse - end a job that the hardware was not given
 * @ring: the ring
 * @job: the job; nothing of what it was to write is another's
 * @error: for its fence
 *
 * Not before those in front of it, which may still be at work, or being ended, with memory that
 * goes with the fence of this one.
 *
 * Context: run_job.
 */
void puck_ring_refuse(struct puck_ring *ring, struct puck_job *job, int error)
{
	unsigned long flags;
	bool waits;

	spin_lock_irqsave(&ring->lock, flags);
	/* Without the device nobody else comes to the end of them than puck_ring_kill(). */
	waits = ring->ending || (error == -ENODEV && !list_empty(&ring->inflight));
	if (!waits || puck_ring_enter(ring, job))
		puck_fence_signal(job->fence, error);
	spin_unlock_irqrestore(&ring->lock, flags);
}

/* What moves were to fill is cleared without the lock, as that may take long. */
static void puck_ring_end_all(struct puck_ring *ring, struct list_head *jobs)
{
	struct puck_job *job, *next;

	/* What is VRAM that only the device reaches nobody sees any more. */
	list_for_each_entry(job, jobs, inflight)
		puck_job_wipe(job);
	spin_lock_irq(&ring->lock);
	/* Those that were refused meanwhile. */
	list_splice_tail_init(&ring->inflight, jobs);
	list_for_each_entry_safe(job, next, jobs, inflight)
		puck_ring_complete(ring, job, ring->dead);
	ring->ending = false;
	spin_unlock_irq(&ring->lock);
}

/**
 * puck_ring_kill - let nothing run on a ring any more
 * @ring: the ring, reset or gone
 * @error: for its jobs, which are nobody else's meanwhile
 *
 * Context: process. If somebody else is at it, in reset_wq or in remove, he ends the jobs.
 */
void puck_ring_kill(struct puck_ring *ring, int error)
{
	bool cookie = dma_fence_begin_signalling();
	bool ours;
	LIST_HEAD(jobs);

	spin_lock_irq(&ring->lock);
	ring->dead = error;
	ours = !ring->ending;
	if (ours) {
		ring->ending = true;
		list_splice_init(&ring->inflight, &jobs);
	}
	spin_unlock_irq(&ring->lock);
	if (ours)
		puck_ring_end_all(ring, &jobs);
	dma_fence_end_signalling(cookie);
}

/*
 * After a reset: fail the jobs that are to blame, and write the others again,
 * each from the command on at which the ring stopped: what is done must not be
 * done twice, since a later command may have overwritten what it read. A job
 * whose commands are all done only lost its fence. Of those to blame moves are
 * written once more, to leave zeroes. A job whose object was lost by the reset is to
 * nobody's blame, and fails all the same.
 */
static void puck_ring_rewrite(struct puck_ring *ring)
{
	struct puck_job *job, *next;
	int error;

	lockdep_assert_held(&ring->lock);

	ring->wptr = 0;
	list_for_each_entry_safe(job, next, &ring->inflight, inflight) {
		if (job->error && !puck_job_fall_back(job)) {
			job->queue->guilty++;
			puck_ring_complete(ring, job, job->error);
			continue;
		}
		job->queue->innocent++;
		error = puck_job_enter(job);
		if (error)
			puck_ring_complete(ring, job, error);
		else
			puck_ring_write_job(ring, job);
	}
}

/* Where the ring stands is within the @count slots from @pos on. */
static bool puck_ring_is_in(struct puck_ring *ring, u32 pos, u32 count)
{
	return puck_ring_slot(ring, puck_ring_read(ring, PUCK_GPU_RING_HEAD) - pos) < count;
}

/*
 * The device goes on at once, or refuses at once, but passes the commands in its own time.
 * Until it has, their slots are taken. A ring that halts once more is none of this if it
 * stands behind them.
 */
static bool puck_ring_passes(struct puck_ring *ring, u32 pos, u32 count)
{
	bool in;
	int ret;

	ret = read_poll_timeout(puck_ring_is_in, in,
				!in || puck_ring_read(ring, PUCK_GPU_RING_STATUS) &
				       PUCK_GPU_RING_HALTED,
				PUCK_RESET_POLL_US, PUCK_RESET_TIMEOUT_US, false, ring, pos,
				count);
	return !ret && !puck_ring_is_in(ring, pos, count);
}

/* The job that halted the ring, if that is known and all before it are complete. */
static struct puck_job *puck_ring_halted_job(struct puck_ring *ring)
{
	struct puck_job *job = list_first_entry_or_null(&ring->inflight, struct puck_job,
							inflight);

	lockdep_assert_held(&ring->lock);

	if (ring->dead || !job || !job->error || !ring->halted)
		return NULL;
	/* What it was to fill has something of others, and is not to be left so. */
	if (job->wipe.length && !job->first && puck_ring_is_in(ring, job->pos, 1))
		return NULL;
	return puck_ring_is_in(ring, job->pos, job->ncmds - job->first) ? job : NULL;
}

/**
 * puck_ring_skip - let a halted ring go on behind the job that halted it
 * @ring: the ring
 *
 * The job's fence has its error then; jobs behind it stay as they are. Nothing happens if
 * the device cannot do that, or if the error is not that of the first job in flight.
 *
 * Context: as puck_ring_freeze().
 * Return: true if the ring goes on; false if it needs a reset yet.
 */
bool puck_ring_skip(struct puck_ring *ring)
{
	struct puck_job *job;
	u32 pos, count;
	bool passes;

	if (!(ring->puck->features & PUCK_GPU_FEATURE_SKIP))
		return false;

	spin_lock_irq(&ring->lock);
	job = puck_ring_halted_job(ring);
	if (!job) {
		spin_unlock_irq(&ring->lock);
		return false;
	}
	pos = job->pos;
	count = job->ncmds - job->first;
	trace_puck_skip(ring->puck->drm.dev, ring->index, job->number, job->seqno, job->error);
	/*
	 * In one step for whoever sees jobs complete: those behind must not be seen before
	 * this one. A halted ring makes no access for it any more.
	 */
	ring->halted = false;
	puck_ring_write(ring, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP);
	ring->skips++;
	job->queue->guilty++;
	puck_ring_complete(ring, job, job->error);
	spin_unlock_irq(&ring->lock);

	passes = puck_ring_passes(ring, pos, count);
	if (!passes) {
		spin_lock_irq(&ring->lock);
		ring->halted = true;
		spin_unlock_irq(&ring->lock);
	}
	return passes;
}

/**
 * puck_ring_freeze - reset a ring, and note where it stood
 * @ring: the ring
 *
 * Context: in reset_wq, with the ring's scheduler stopped; inside drm_dev_enter().
 * Return: 0, -ENODEV if the device does not answer, -ETIMEDOUT.
 */
int puck_ring_freeze(struct puck_ring *ring)
{
	int ret = puck_ring_stop(ring);

	synchronize_irq(ring->irq);
	if (ret)
		return ret;
	ring->stop_head = puck_ring_read(ring, PUCK_GPU_RING_STOP_HEAD);
	ring->stop_seqno = puck_ring_read(ring, PUCK_GPU_RING_SEQNO);
	return 0;
}

/**
 * puck_ring_freeze_running - note where a ring stands that does not stop
 * @ring: the ring
 *
 * The device is no bus master any more, so the ring cannot fetch another command. The one
 * that is in work may yet come to its end: then it is done once more, which gives the same.
 *
 * Context: as puck_ring_freeze(); the reset of the device follows.
 */
void puck_ring_freeze_running(struct puck_ring *ring)
{
	ring->stop_head = puck_ring_read(ring, PUCK_GPU_RING_HEAD);
	ring->stop_seqno = puck_ring_read(ring, PUCK_GPU_RING_SEQNO);
}

/* A job that has failed at filling memory with zeroes, too. */
static struct puck_job *puck_ring_find_lost(struct puck_ring *ring)
{
	struct puck_job *job, *lost = NULL;

	spin_lock_irq(&ring->lock);
	list_for_each_entry(job, &ring->inflight, inflight)
		if (job->error && job->lost && !job->first && !job->wiped) {
			lost = job;
			break;
		}
	spin_unlock_irq(&ring->lock);
	return lost;
}

/*
 * So the CPU does it, without the lock, as that may take long. Those who could end the job
 * meanwhile are stopped, or wait for us. Memory that it does not reach is not to be seen by
 * anybody, and the device that cannot clear it is of no use any more.
 */
static int puck_ring_wipe_lost(struct puck_ring *ring)
{
	struct puck_job *job;

	while ((job = puck_ring_find_lost(ring)))
		if (!puck_job_wipe(job))
			return -EUCLEAN;
	return 0;
}

/* What is complete where the ring stopped, of jobs and of the commands of the next one. */
static void puck_ring_settle(struct puck_ring *ring)
{
	u32 head = ring->wptr - puck_ring_slot(ring, ring->wptr - ring->stop_head);
	struct puck_job *job;

	spin_lock_irq(&ring->lock);
	ring->resets++;
	ring->halted = false;
	/*
	 * The register is right even where the slot could not be written. What
	 * it was when the ring was enabled says of no job that it is complete:
	 * a device may begin anew with the seqno of a job in flight.
	 */
	if (ring->stop_seqno != ring->start_seqno)
		puck_ring_retire_to(ring, ring->stop_seqno);
	list_for_each_entry(job, &ring->inflight, inflight) {
		s32 done = head - job->pos;

		if (done > 0)
			job->first = min_t(u32, job->first + done, job->ncmds - 1);
	}
	spin_unlock_irq(&ring->lock);
}

/**
 * puck_ring_thaw - let the innocent jobs of a ring go on that was reset
 * @ring: noted by puck_ring_freeze() or puck_ring_freeze_running(), and reset since
 *
 * Context: as puck_ring_freeze().
 * Return: 0, -ENODEV if the device does not answer, -EIO if it refuses, -EUCLEAN if a move has
 * failed for good whose memory the CPU does not reach.
 */
int puck_ring_thaw(struct puck_ring *ring)
{
	u32 todo;
	int ret;

	trace_puck_reset(ring->puck->drm.dev, ring->index, ring->stop_head);
	puck_ring_settle(ring);
	ret = puck_ring_wipe_lost(ring);
	if (ret)
		return ret;
	spin_lock_irq(&ring->lock);
	puck_ring_rewrite(ring);
	todo = ring->wptr;
	spin_unlock_irq(&ring->lock);

	ret = puck_ring_start(ring);
	if (ret)
		return ret;
	ring->wptr = todo;
	if (todo)
		puck_ring_doorbell(ring);
	return 0;
}
