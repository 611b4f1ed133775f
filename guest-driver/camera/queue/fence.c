// SPDX-License-Identifier: GPL-2.0-only
/*
 * That the camera is done with a buffer, as a dma_fence. docs/v4l2-fences.rst says when
 * there is one, and why it ends in any case.
 *
 * Others may hold one for as long as they like: longer than the stream, the device or its
 * driver's bond. So it refers to nothing but this module, of which it has a reference.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "compat/base.h"
#include "queue/fence.h"

static struct puck_cam_fence *to_puck_cam_fence(struct dma_fence *fence)
{
	return container_of(fence, struct puck_cam_fence, base);
}

static const char *puck_cam_fence_get_driver_name(struct dma_fence *fence)
{
	return "puck-cam";
}

static const char *puck_cam_fence_get_timeline_name(struct dma_fence *fence)
{
	return "capture";
}

/* Module exit waits for this to return, by rcu_barrier(). */
static void puck_cam_fence_free_rcu(struct rcu_head *rcu)
{
	kfree(to_puck_cam_fence(container_of(rcu, struct dma_fence, rcu)));
	module_put(THIS_MODULE);
}

static void puck_cam_fence_release(struct dma_fence *fence)
{
	call_rcu(&fence->rcu, puck_cam_fence_free_rcu);
}

static const struct dma_fence_ops puck_cam_fence_ops = {
	.get_driver_name = puck_cam_fence_get_driver_name,
	.get_timeline_name = puck_cam_fence_get_timeline_name,
	.release = puck_cam_fence_release,
	PUCK_FENCE_OPS_64BIT
};

/**
 * puck_cam_fence_create - make a fence
 * @context: of the stream
 * @number: its place there, counted from 1
 *
 * Context: may sleep, so not in the way of a fence.
 * Return: the fence, or NULL.
 */
struct dma_fence *puck_cam_fence_create(u64 context, u64 number)
{
	struct puck_cam_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;

	/* The caller runs in this module, so it is alive. */
	__module_get(THIS_MODULE);
	spin_lock_init(&fence->lock);
	puck_compat_fence_init64(&fence->base, &puck_cam_fence_ops, &fence->lock, context, number);
	return &fence->base;
}

/**
 * puck_cam_fence_signal - end a fence
 * @fence: the fence
 * @error: zero, or why there is no good picture in the buffer
 *
 * Context: any, between dma_fence_begin_signalling() and _end_signalling().
 */
void puck_cam_fence_signal(struct dma_fence *fence, int error)
{
	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
}
