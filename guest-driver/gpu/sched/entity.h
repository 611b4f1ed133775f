/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of jobs: what one file or one client has on one ring.
 */
#ifndef PUCK_ENTITY_H
#define PUCK_ENTITY_H

#include <linux/mutex.h>
#include <linux/types.h>

#include <drm/gpu_scheduler.h>

struct puck_ring;

/**
 * struct puck_entity - what one file or client queues on one ring
 * @base: scheduler entity
 * @ring: the ring
 * @context: of the hardware fences: the numbers of jobs rise within an entity only
 * @submit_lock: makes number, arming and push of a job one step
 */
struct puck_entity {
	struct drm_sched_entity base;
	struct puck_ring *ring;
	u64 context;
	struct mutex submit_lock;	/* order of jobs */
};

int puck_entity_init(struct puck_entity *entity, struct puck_ring *ring);
void puck_entity_fini(struct puck_entity *entity);

#endif /* PUCK_ENTITY_H */
