// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of jobs, from its making to its end.
 */
#include <drm/gpu_scheduler.h>

#include "sched/entity.h"
#include "sched/ring.h"

/**
 * puck_entity_init - make a queue of jobs for a ring
 * @entity: to be initialised
 * @ring: the ring
 *
 * Return: 0 or a negative errno.
 */
int puck_entity_init(struct puck_entity *entity, struct puck_ring *ring)
{
	struct drm_gpu_scheduler *sched = &ring->sched;

	mutex_init(&entity->submit_lock);
	entity->ring = ring;
	entity->context = dma_fence_context_alloc(1);
	return drm_sched_entity_init(&entity->base, DRM_SCHED_PRIORITY_NORMAL, &sched, 1, NULL);
}

/**
 * puck_entity_fini - end a queue of jobs
 * @entity: nobody submits to it any more
 *
 * Waits until its jobs are in the ring. If the process is being killed, those
 * that are not after a second are dropped with -ESRCH.
 */
void puck_entity_fini(struct puck_entity *entity)
{
	drm_sched_entity_destroy(&entity->base);
	mutex_destroy(&entity->submit_lock);
}
