// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls on queues.
 */
#include <linux/capability.h>

#include <drm/drm_file.h>
#include <drm/puck_drm.h>

#include "core/device.h"
#include "sched/queue.h"
#include "sched/ring.h"
#include "sched/rings.h"
#include "submit/file.h"
#include "submit/queues.h"
#include "vm/vm.h"

/* Kinds of rings have the same numbers in both contracts. */
static_assert(DRM_PUCK_KIND_COPY == PUCK_GPU_KIND_COPY);
static_assert(DRM_PUCK_KIND_COMPUTE == PUCK_GPU_KIND_COMPUTE);

static int puck_queue_priority(u32 arg, enum drm_sched_priority *priority)
{
	switch (arg) {
	case DRM_PUCK_PRIORITY_NORMAL:
		*priority = DRM_SCHED_PRIORITY_NORMAL;
		return 0;
	case DRM_PUCK_PRIORITY_LOW:
		*priority = DRM_SCHED_PRIORITY_LOW;
		return 0;
	case DRM_PUCK_PRIORITY_HIGH:
		*priority = DRM_SCHED_PRIORITY_HIGH;
		return capable(CAP_SYS_NICE) ? 0 : -EACCES;
	default:
		return -EINVAL;
	}
}

static struct puck_queue *puck_queue_make_for(struct puck_device *puck, u32 kind, u32 nth,
					      enum drm_sched_priority priority)
{
	struct puck_ring *ring;

	if (nth == DRM_PUCK_RING_ANY)
		return puck_queue_create_any(puck, kind, priority);
	ring = puck_rings_find_nth(puck, kind, nth);
	if (!ring)
		return ERR_PTR(puck_rings_count(puck, kind) ? -EINVAL : -ENODEV);
	return puck_queue_create(ring, priority);
}

/* The queue keeps the VM for as long as any of its jobs may use it. */
static int puck_queue_set_vm(struct puck_queue *queue, struct drm_file *file, u32 id)
{
	struct puck_vm *vm;

	if (!id)
		return 0;
	vm = puck_file_find_vm(file, id);
	if (!vm)
		return -ENOENT;
	queue->vm = &vm->base;
	queue->gone = puck_vm_queue_gone;
	return 0;
}

/**
 * puck_ioctl_queue_create - make a queue of jobs
 * @dev: the device
 * @data: struct drm_puck_queue_create
 * @file: the caller
 *
 * Return: 0; -EINVAL for an unknown kind, priority or flag, or a number that no ring of
 * the kind has; -ENOENT if there is no such VM; -ENODEV if there is no ring of the kind;
 * -EACCES; -ENOSPC; -ENOMEM.
 */
int puck_ioctl_queue_create(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_queue_create *args = data;
	enum drm_sched_priority priority;
	struct puck_queue *queue;
	int ret;

	if (args->kind != DRM_PUCK_KIND_COPY && args->kind != DRM_PUCK_KIND_COMPUTE)
		return -EINVAL;
	if (args->flags || args->queue)
		return -EINVAL;
	ret = puck_queue_priority(args->priority, &priority);
	if (ret)
		return ret;

	queue = puck_queue_make_for(to_puck_device(dev), args->kind, args->ring, priority);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = puck_queue_set_vm(queue, file, args->vm);
	if (!ret)
		ret = puck_file_add_queue(file, queue, &args->queue);
	if (ret) {
		puck_queue_close(queue, 0);
		puck_queue_put(queue);
	}
	return ret;
}

/**
 * puck_ioctl_queue_destroy - end a queue
 * @dev: the device
 * @data: struct drm_puck_queue_destroy
 * @file: the caller
 *
 * Returns when its jobs are in the ring. A submission at the same time either is among
 * them or fails with -ENOENT.
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int puck_ioctl_queue_destroy(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_queue_destroy *args = data;
	struct puck_queue *queue;

	if (args->pad)
		return -EINVAL;
	queue = puck_file_take_queue(file, args->queue);
	if (!queue)
		return -ENOENT;

	puck_queue_close(queue, MAX_WAIT_SCHED_ENTITY_Q_EMPTY);
	puck_queue_put(queue);
	return 0;
}

/**
 * puck_ioctl_queue_state - tell what resets have done to a queue
 * @dev: the device
 * @data: struct drm_puck_queue_state
 * @file: the caller
 *
 * Return: 0, -EINVAL, -ENOENT.
 */
int puck_ioctl_queue_state(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_queue_state *args = data;
	struct puck_queue_state state;
	struct puck_queue *queue;

	if (args->flags || args->resets || args->guilty || args->innocent)
		return -EINVAL;
	queue = puck_file_find_queue(file, args->queue);
	if (!queue)
		return -ENOENT;

	puck_queue_read_state(queue, &state);
	puck_queue_put(queue);
	args->resets = state.resets;
	args->guilty = state.guilty;
	args->innocent = state.innocent;
	return 0;
}
