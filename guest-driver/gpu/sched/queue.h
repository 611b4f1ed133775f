/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of jobs for a ring, of a file or of an in-kernel client.
 */
#ifndef PUCK_QUEUE_H
#define PUCK_QUEUE_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/gpu_scheduler.h>

struct drm_gpuvm;
struct puck_device;
struct puck_ring;

/*
 * Classes of submit_lock for lockdep, from the outermost to the innermost: of queues of users;
 * of those in which VMs have their updates; and, below dma_resv, of the one for moves.
 */
#define PUCK_QUEUE_OF_VM	(SINGLE_DEPTH_NESTING + 1)
#define PUCK_QUEUE_OF_MOVES	SINGLE_DEPTH_NESTING

/**
 * struct puck_queue - a queue of jobs for one ring
 * @ref: held by whoever made the queue, by each of its jobs, and while an ioctl looks at it
 * @base: scheduler entity; ended by puck_queue_close()
 * @ring: the ring. The device, and with it the ring, is held by the maker and by each job
 * @vm: whose addresses its jobs may use, or NULL; set by the maker, before anybody else has
 *      the queue
 * @gone: called for @vm when the queue has gone, with all its jobs
 * @context: of the hardware fences: the numbers of jobs rise within a queue only
 * @submit_lock: makes number, arming and push of a job one step
 * @closed: no job is taken any more; @submit_lock
 * @resets_before: puck_ring.resets when the queue was made
 * @guilty: jobs of the queue that a reset was made for; puck_ring.lock
 * @innocent: jobs of the queue that a reset has put into the ring again, each counted as
 *            often as that happened; puck_ring.lock
 */
struct puck_queue {
	struct kref ref;
	struct drm_sched_entity base;
	struct puck_ring *ring;
	struct drm_gpuvm *vm;
	void (*gone)(struct drm_gpuvm *vm);
	u64 context;
	struct mutex submit_lock;	/* order of jobs, closed */
	bool closed;
	u64 resets_before;
	u64 guilty;
	u64 innocent;
};

/**
 * struct puck_queue_state - what resets have done to a queue since it was made
 * @resets: resets of its ring
 * @guilty: as in struct puck_queue
 * @innocent: likewise
 */
struct puck_queue_state {
	u64 resets;
	u64 guilty;
	u64 innocent;
};

struct puck_queue *puck_queue_create(struct puck_ring *ring, enum drm_sched_priority priority);
struct puck_queue *puck_queue_create_any(struct puck_device *puck, u32 kind,
					 enum drm_sched_priority priority);
void puck_queue_get(struct puck_queue *queue);
void puck_queue_put(struct puck_queue *queue);
long puck_queue_close(struct puck_queue *queue, long timeout);
void puck_queue_read_state(struct puck_queue *queue, struct puck_queue_state *state);

#endif /* PUCK_QUEUE_H */
