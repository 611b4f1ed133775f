// SPDX-License-Identifier: GPL-2.0-only
/*
 * 3D of one device: what it has room for, and the end of contexts and resources.
 *
 * The device holds the memory of a resource until it was told that the resource ends, and has said
 * that it is done. So a BO that has one, and a context that no file has any more, go on a list,
 * and a worker has the device end them before it does so itself. Whatever fails on the way is tried
 * again: neither a number nor a page is given to somebody else before.
 */
#include <linux/dma-fence.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "core/awake.h"
#include "mem/bo.h"
#include "mem/mem.h"
#include "render3d/context.h"
#include "render3d/expose.h"
#include "render3d/job.h"
#include "render3d/render.h"
#include "sched/queue.h"
#include "sched/rings.h"

/* How long to wait with what could not be done. */
#define PUCK_RENDER_PAUSE	(HZ / 10)

/**
 * puck_render_object_init - give a new object what tells it from others
 * @render: of the device
 * @object: zeroed but for its number
 */
void puck_render_object_init(struct puck_render *render, struct puck_render_object *object)
{
	object->render = render;
	object->serial = atomic_inc_return(&render->serials);
	object->epoch = PUCK_RENDER_NEVER;
	INIT_LIST_HEAD(&object->node);
}

/**
 * puck_render_object_end - end an object that nobody uses any more
 * @object: its user's reference goes with it
 *
 * Context: any; it is done by somebody else.
 */
void puck_render_object_end(struct puck_render_object *object)
{
	struct puck_render *render = object->render;

	spin_lock(&render->lock);
	list_add_tail(&object->node, &render->ending);
	spin_unlock(&render->lock);
	mod_delayed_work(render->puck->mem->ttm.wq, &render->reap, 0);
}

/* A puck_end_fn. */
static void puck_render_end_bo(struct puck_bo *bo)
{
	puck_render_object_end(&bo->res->object);
}

/* The device does not know the object any more. */
static void puck_render_forget_resource(struct puck_render_object *object)
{
	struct puck_render_res *res = container_of(object, struct puck_render_res, object);
	struct puck_render *render = object->render;
	struct puck_bo *bo = object->bo;

	ida_free(&render->resources, object->id);
	atomic64_sub(res->bytes, &render->bytes);
	bo->res = NULL;
	kfree(res);
	/* What is imported is let go of with its mapping. */
	puck_gem_fini(bo);
}

static void puck_render_forget(struct puck_render_object *object)
{
	list_del(&object->node);
	if (object->bo) {
		puck_render_forget_resource(object);
		return;
	}
	dma_fence_put(object->last);
	ida_free(&object->render->contexts, object->id);
	puck_render_context_put(container_of(object, struct puck_render_context, object));
}

/* A puck_enter_fn: the renderer that knew it may have ended by itself. */
static int puck_render_enter_end(struct puck_job *job)
{
	return puck_render_object_is_there(job->data) ? 0 : -ECANCELED;
}

static struct puck_job *puck_render_make_end(struct puck_queue *queue,
					     struct puck_render_object *object)
{
	struct puck_job *job = puck_job_create(queue, 1, 0, 0);
	struct puck_render_cmd *cmd;
	int ret = 0;

	if (IS_ERR(job))
		return job;
	cmd = puck_render_cmd_at(job, 0);
	if (object->bo) {
		cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_RES_DESTROY);
		cmd->resource = cpu_to_le32(object->id);
	} else {
		cmd->opcode = cpu_to_le16(PUCK_RENDER_CMD_CTX_DESTROY);
		cmd->ctx = cpu_to_le32(object->id);
	}
	job->enter = puck_render_enter_end;
	job->data = object;
	if (object->last)
		ret = drm_sched_job_add_dependency(&job->base, dma_fence_get(object->last));
	if (ret) {
		puck_job_discard(job);
		return ERR_PTR(ret);
	}
	return job;
}

/* Has the device end an object: the fence of that, or an ERR_PTR(). */
static struct dma_fence *puck_render_begin_end(struct puck_queue *queue,
					       struct puck_render_object *object)
{
	struct puck_render_push push = { .job = puck_render_make_end(queue, object) };

	if (IS_ERR(push.job))
		return ERR_CAST(push.job);
	return puck_render_job_push(&push);
}

static int puck_render_wait_end(struct dma_fence *fence)
{
	int ret;

	if (IS_ERR(fence))
		return PTR_ERR(fence);
	dma_fence_wait(fence, false);
	ret = min(dma_fence_get_status(fence), 0);
	dma_fence_put(fence);
	return ret;
}

/* What the end of an object came to: whether the device has done with it. */
static bool puck_render_is_over(struct puck_render *render, int error)
{
	switch (error) {
	case 0:
	/* No renderer knows it: that one has ended, or was never told. */
	case -ECANCELED:
	case -ENXIO:
		return true;
	default:
		/* Gone, or wedged: it is no bus master, and a renderer stands still then. */
		return READ_ONCE(render->puck->wedged) || drm_dev_is_unplugged(&render->puck->drm);
	}
}

static void puck_render_end_all(struct puck_render *render, struct puck_queue *queue,
				struct list_head *objects)
{
	struct puck_render_object *object, *next;

	list_for_each_entry(object, objects, node)
		object->end = puck_render_begin_end(queue, object);
	list_for_each_entry_safe(object, next, objects, node)
		if (puck_render_is_over(render, puck_render_wait_end(object->end)))
			puck_render_forget(object);
}

/* Inside of puck_awake_enter(). The queue is there no longer than it takes, as each fence of it. */
static void puck_render_try_end(struct puck_render *render, struct list_head *objects)
{
	struct puck_queue *queue;

	queue = puck_queue_create_any(render->puck, PUCK_GPU_KIND_RENDER3D,
				      DRM_SCHED_PRIORITY_KERNEL);
	if (IS_ERR(queue))
		return;
	puck_render_end_all(render, queue, objects);
	puck_queue_close(queue, MAX_WAIT_SCHED_ENTITY_Q_EMPTY);
	puck_queue_put(queue);
}

static void puck_render_reap(struct work_struct *work)
{
	struct puck_render *render = container_of(to_delayed_work(work), struct puck_render, reap);
	struct puck_render_object *object, *next;
	LIST_HEAD(objects);
	int idx;

	spin_lock(&render->lock);
	list_splice_init(&render->ending, &objects);
	spin_unlock(&render->lock);
	if (puck_awake_enter(render->puck, &idx)) {
		puck_render_try_end(render, &objects);
		puck_awake_exit(render->puck, idx);
	} else {
		/* It is silent, for good. */
		list_for_each_entry_safe(object, next, &objects, node)
			puck_render_forget(object);
	}
	if (list_empty(&objects))
		return;
	spin_lock(&render->lock);
	list_splice(&objects, &render->ending);
	spin_unlock(&render->lock);
	queue_delayed_work(render->puck->mem->ttm.wq, &render->reap, PUCK_RENDER_PAUSE);
}

/* The end of the DRM device: no file, no client and no job is left. */
static void puck_render_release(struct drm_device *dev, void *data)
{
	struct puck_render *render = data;

	flush_delayed_work(&render->reap);
	ida_destroy(&render->contexts);
	ida_destroy(&render->resources);
}

static int puck_render_identify(struct puck_render *render)
{
	struct puck_device *puck = render->puck;

	render->contexts_max = puck_read(puck, PUCK_RENDER_CONTEXTS_MAX);
	render->resources_max = puck_read(puck, PUCK_RENDER_RESOURCES_MAX);
	render->bytes_max = puck_read64(puck, PUCK_RENDER_BYTES_MAX);
	render->submit_max = puck_read(puck, PUCK_RENDER_SUBMIT_MAX);
	if (!render->contexts_max || render->contexts_max > PUCK_RENDER_CONTEXTS_TOP ||
	    !render->resources_max || render->resources_max > PUCK_RENDER_RESOURCES_TOP ||
	    !render->submit_max || render->submit_max > PUCK_RENDER_SUBMIT_MAX_VALUE)
		return dev_err_probe(puck->drm.dev, -ENODEV, "bad limits of 3D\n");
	return 0;
}

/**
 * puck_render_init - see what there is of 3D
 * @puck: the device, with rings and with mem/ made
 *
 * Nothing happens if there is no ring for it. It goes with the DRM device.
 *
 * Return: 0; -ENODEV if the device contradicts its own spec; -ENOMEM.
 */
int puck_render_init(struct puck_device *puck)
{
	struct puck_render *render;
	int ret;

	if (!puck_rings_count(puck, PUCK_GPU_KIND_RENDER3D))
		return 0;
	render = drmm_kzalloc(&puck->drm, sizeof(*render), GFP_KERNEL);
	if (!render)
		return -ENOMEM;
	render->puck = puck;
	ida_init(&render->contexts);
	ida_init(&render->resources);
	spin_lock_init(&render->lock);
	INIT_LIST_HEAD(&render->ending);
	init_rwsem(&render->exposing);
	INIT_DELAYED_WORK(&render->reap, puck_render_reap);
	ret = puck_render_identify(render);
	if (ret)
		return ret;
	puck->render = render;
	puck->mem->end = puck_render_end_bo;
	puck->mem->expose = puck_render_expose;
	return drmm_add_action_or_reset(&puck->drm, puck_render_release, render);
}
