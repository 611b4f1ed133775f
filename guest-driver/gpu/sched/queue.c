// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of jobs for a ring, from its making to its end.
 */
#include <linux/slab.h>

#include <drm/gpu_scheduler.h>

#include "core/device.h"
#include "sched/queue.h"
#include "sched/ring.h"

/* Count a queue that is about to be made on a ring, or undo that. */
static void puck_queue_count(struct puck_ring *ring, int change)
{
	spin_lock(&ring->puck->list_lock);
	ring->queues += change;
	spin_unlock(&ring->puck->list_lock);
}

static struct puck_queue *puck_queue_make(struct puck_ring *ring,
					  enum drm_sched_priority priority)
{
	struct puck_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL);
	struct drm_gpu_scheduler *sched = &ring->sched;
	int ret;

	if (!queue)
		return ERR_PTR(-ENOMEM);
	ret = drm_sched_entity_init(&queue->base, priority, &sched, 1, NULL);
	if (ret) {
		kfree(queue);
		return ERR_PTR(ret);
	}
	kref_init(&queue->ref);
	mutex_init(&queue->submit_lock);
	queue->ring = ring;
	queue->context = dma_fence_context_alloc(1);
	spin_lock_irq(&ring->lock);
	queue->resets_before = ring->resets;
	spin_unlock_irq(&ring->lock);
	return queue;
}

/* Make a queue on a ring that has counted it already. */
static struct puck_queue *puck_queue_make_counted(struct puck_ring *ring,
						  enum drm_sched_priority priority)
{
	struct puck_queue *queue = puck_queue_make(ring, priority);

	if (IS_ERR(queue))
		puck_queue_count(ring, -1);
	return queue;
}

/**
 * puck_queue_create - make a queue of jobs for a ring
 * @ring: the ring
 * @priority: among the queues of the ring
 *
 * Context: may sleep.
 * Return: the queue with one reference, to be given to puck_queue_close() and
 * puck_queue_put(); or an ERR_PTR().
 */
struct puck_queue *puck_queue_create(struct puck_ring *ring, enum drm_sched_priority priority)
{
	puck_queue_count(ring, 1);
	return puck_queue_make_counted(ring, priority);
}

/* Find the ring of a kind that has the fewest queues, and count one more there. */
static struct puck_ring *puck_queue_choose(struct puck_device *puck, u32 kind)
{
	struct puck_ring *best = NULL;
	u32 i;

	spin_lock(&puck->list_lock);
	for (i = 0; i < puck->num_rings; i++) {
		struct puck_ring *ring = puck->ring[i];

		if (ring->kind == kind && (!best || ring->queues < best->queues))
			best = ring;
	}
	if (best)
		best->queues++;
	spin_unlock(&puck->list_lock);
	return best;
}

/**
 * puck_queue_create_any - make a queue of jobs for the ring that has the fewest
 * @puck: the device
 * @kind: of the ring, PUCK_GPU_KIND_*
 * @priority: among the queues of the ring
 *
 * Context: may sleep.
 * Return: as puck_queue_create(); ERR_PTR(-ENODEV) if there is no ring of the kind.
 */
struct puck_queue *puck_queue_create_any(struct puck_device *puck, u32 kind,
					 enum drm_sched_priority priority)
{
	struct puck_ring *ring = puck_queue_choose(puck, kind);

	return ring ? puck_queue_make_counted(ring, priority) : ERR_PTR(-ENODEV);
}

/**
 * puck_queue_get - take a reference
 * @queue: the queue
 */
void puck_queue_get(struct puck_queue *queue)
{
	kref_get(&queue->ref);
}

static void puck_queue_release(struct kref *ref)
{
	struct puck_queue *queue = container_of(ref, struct puck_queue, ref);

	if (queue->vm)
		queue->gone(queue->vm);
	mutex_destroy(&queue->submit_lock);
	kfree(queue);
}

/**
 * puck_queue_put - drop a reference
 * @queue: the queue
 *
 * Context: may sleep.
 */
void puck_queue_put(struct puck_queue *queue)
{
	kref_put(&queue->ref, puck_queue_release);
}

/**
 * puck_queue_close - take no jobs any more, and wait for those in the queue
 * @queue: the queue; called once for each
 * @timeout: jiffies to wait if the process is going away
 *
 * Returns when the queue's jobs are in the ring. Of a process that is being killed, those
 * that are not by then are dropped with -ESRCH. Who submits at the same time either has
 * its job in the queue before, or is refused.
 *
 * Context: may sleep, with nothing held that a fence waits for.
 * Return: what is left of @timeout.
 */
long puck_queue_close(struct puck_queue *queue, long timeout)
{
	mutex_lock(&queue->submit_lock);
	WARN_ON_ONCE(queue->closed);
	queue->closed = true;
	mutex_unlock(&queue->submit_lock);

	timeout = drm_sched_entity_flush(&queue->base, timeout);
	drm_sched_entity_fini(&queue->base);
	puck_queue_count(queue->ring, -1);
	return timeout;
}

/**
 * puck_queue_read_state - tell what resets have done since the queue was made
 * @queue: the queue
 * @state: filled in
 */
void puck_queue_read_state(struct puck_queue *queue, struct puck_queue_state *state)
{
	struct puck_ring *ring = queue->ring;

	spin_lock_irq(&ring->lock);
	state->resets = ring->resets - queue->resets_before;
	state->guilty = queue->guilty;
	state->innocent = queue->innocent;
	spin_unlock_irq(&ring->lock);
}
