// SPDX-License-Identifier: GPL-2.0-only
/*
 * When a buffer may go to the device, and what is told of it then. docs/v4l2-fences.rst has
 * the rules and the proof that each fence ends.
 *
 * Without fences a buffer goes at once, unless its memory was taken away. With them, the first
 * one in the line goes when those who share it are done with it, and never more than a few are
 * with the device: those that wait here have no fence of the camera's, so it does not matter for
 * how long.
 */
#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/pci.h>
#include <linux/puck_cam.h>

#include "core/device.h"
#include "core/trace.h"
#include "queue/fence.h"
#include "queue/queue.h"
#include "sync/admit.h"
#include "sync/resv.h"
#include "sync/vb2_buffer.h"

/* In any context. */
static void puck_cam_admit_unblocked(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct puck_cam_admit *admit = container_of(cb, struct puck_cam_admit, blocker_cb);

	queue_work(admit->wq, &admit->work);
}

static void puck_cam_admit_drop_blocker(struct puck_cam_admit *admit)
{
	if (!admit->blocker)
		return;
	dma_fence_remove_callback(admit->blocker, &admit->blocker_cb);
	dma_fence_put(admit->blocker);
	admit->blocker = NULL;
}

/* Wait for @fence, whose reference goes over. Returns false if there is nothing to wait for. */
static bool puck_cam_admit_block(struct puck_cam_admit *admit, struct puck_cam_buffer *buf,
				 struct dma_fence *fence)
{
	if (dma_fence_add_callback(fence, &admit->blocker_cb, puck_cam_admit_unblocked)) {
		dma_fence_put(fence);
		return false;
	}
	trace_puck_cam_wait(buf->index, fence->context, fence->seqno);
	admit->blocker = fence;
	admit->stats.waits++;
	return true;
}

static bool puck_cam_admit_wants_fence(struct puck_cam_admit *admit,
				       const struct puck_cam_resvs *resvs)
{
	if (admit->fences & PUCK_CAM_FENCES_OUT_EXPLICIT)
		return true;
	return admit->fences & PUCK_CAM_FENCES_OUT_IMPLICIT && resvs->count;
}

/*
 * The buffer goes to the device, with its reservation objects locked: nobody gets in between
 * the last look at others' fences and ours. Returns -EAGAIN if the device takes none.
 */
static int puck_cam_admit_push(struct puck_cam_admit *admit, struct puck_cam_buffer *buf,
			       struct puck_cam_resvs *resvs, struct dma_fence *fence)
{
	bool publish = fence && admit->fences & PUCK_CAM_FENCES_OUT_IMPLICIT;
	int ret;

	lockdep_assert_held(&admit->lock);

	if (publish) {
		ret = puck_cam_resvs_reserve(resvs);
		if (ret)
			return ret;
	}
	list_del_init(&buf->node);
	if (!puck_cam_queue_push(admit->queue, buf, dma_fence_get(fence))) {
		dma_fence_put(fence);
		list_add(&buf->node, &admit->waiting);
		return -EAGAIN;
	}
	/*
	 * Only here: the running hardware owns the buffer, so that the fence ends whatever
	 * user space does. That it may have ended already does no harm.
	 */
	if (publish)
		puck_cam_resvs_publish(resvs, fence);
	return 0;
}

/*
 * Under the reservation locks. -EBUSY: @blocker has to be waited for; -ENODEV: the buffer's memory
 * was taken away while it waited.
 */
static int puck_cam_admit_locked(struct puck_cam_admit *admit, struct puck_cam_buffer *buf,
				 struct puck_cam_resvs *resvs, struct dma_fence *fence,
				 struct dma_fence **blocker)
{
	if (puck_cam_vb2_buffer_is_stale(puck_cam_buffer_to_vb2(buf)))
		return -ENODEV;
	if (admit->fences & PUCK_CAM_FENCES_IN) {
		*blocker = puck_cam_resvs_blocker(resvs);
		if (*blocker)
			return -EBUSY;
	}
	return puck_cam_admit_push(admit, buf, resvs, fence);
}

static int puck_cam_admit_shared(struct puck_cam_admit *admit, struct puck_cam_buffer *buf)
{
	struct dma_fence *fence = NULL, *blocker = NULL;
	struct puck_cam_resvs resvs;
	int ret;

	puck_cam_resvs_collect(&resvs, buf);
	if (puck_cam_admit_wants_fence(admit, &resvs)) {
		fence = puck_cam_fence_create(admit->context, admit->number + 1);
		if (!fence)
			return -ENOMEM;
	}
	do {
		puck_cam_resvs_lock(&resvs);
		ret = puck_cam_admit_locked(admit, buf, &resvs, fence, &blocker);
		puck_cam_resvs_unlock(&resvs);
	} while (ret == -EBUSY && !puck_cam_admit_block(admit, buf, blocker));

	if (!ret && fence) {
		admit->number++;
		admit->stats.fences++;
	}
	dma_fence_put(fence);
	return ret;
}

static int puck_cam_admit_one(struct puck_cam_admit *admit, struct puck_cam_buffer *buf)
{
	struct puck_cam_resvs none = { };

	if (!admit->fences && !puck_cam_vb2_buffer_moves(puck_cam_buffer_to_vb2(buf)))
		return puck_cam_admit_push(admit, buf, &none, NULL);
	if (admit->fences && READ_ONCE(admit->queue->num_active) >= PUCK_CAM_FENCED_DEPTH)
		return -EAGAIN;
	return puck_cam_admit_shared(admit, buf);
}

/* A buffer that cannot be had is given back: its user tries again. */
static void puck_cam_admit_refuse(struct puck_cam_admit *admit, struct puck_cam_buffer *buf,
				  int error)
{
	LIST_HEAD(bufs);

	dev_warn_ratelimited(&admit->queue->cam->pdev->dev, "buffer %u is not to be had: %d\n",
			     buf->index, error);
	list_move(&buf->node, &bufs);
	puck_cam_done_give_back(&bufs, error);
}

static void puck_cam_admit_all(struct puck_cam_admit *admit)
{
	struct puck_cam_buffer *buf;
	int ret;

	lockdep_assert_held(&admit->lock);

	if (!admit->running)
		return;
	if (admit->blocker && !dma_fence_is_signaled(admit->blocker))
		return;
	puck_cam_admit_drop_blocker(admit);

	while ((buf = list_first_entry_or_null(&admit->waiting, struct puck_cam_buffer, node))) {
		ret = puck_cam_admit_one(admit, buf);
		if (ret == -EAGAIN || ret == -EBUSY)
			return;
		if (ret)
			puck_cam_admit_refuse(admit, buf, ret);
		else if (admit->fences)
			admit->armed(admit->data, buf);
	}
}

static void puck_cam_admit_work(struct work_struct *work)
{
	struct puck_cam_admit *admit = container_of(work, struct puck_cam_admit, work);

	mutex_lock(&admit->lock);
	puck_cam_admit_all(admit);
	mutex_unlock(&admit->lock);
}

/**
 * puck_cam_admit_freed - have the next ones go: the device has room again
 * @admit: where they wait
 *
 * Context: any.
 */
void puck_cam_admit_freed(struct puck_cam_admit *admit)
{
	queue_work(admit->wq, &admit->work);
}

/**
 * puck_cam_admit_init - make the place where buffers wait
 * @admit: zeroed, but for @armed and @data
 * @queue: where they go
 *
 * Return: 0 or -ENOMEM.
 */
int puck_cam_admit_init(struct puck_cam_admit *admit, struct puck_cam_queue *queue)
{
	admit->queue = queue;
	mutex_init(&admit->lock);
	INIT_LIST_HEAD(&admit->waiting);
	INIT_WORK(&admit->work, puck_cam_admit_work);
	admit->wq = alloc_workqueue("puck-cam-admit-%s", WQ_UNBOUND, 0,
				    pci_name(queue->cam->pdev));
	if (!admit->wq)
		return -ENOMEM;
	queue->bound = ms_to_ktime(PUCK_CAM_FENCE_BOUND_MS);
	return 0;
}

/**
 * puck_cam_admit_cleanup - undo puck_cam_admit_init()
 * @admit: stopped
 */
void puck_cam_admit_cleanup(struct puck_cam_admit *admit)
{
	destroy_workqueue(admit->wq);
}

/**
 * puck_cam_admit_add - take a buffer that user space has queued
 * @admit: where it waits
 * @buf: the buffer
 *
 * If nothing is in its way it is the device's when this returns.
 *
 * Context: may sleep, but waits for nobody's fence.
 */
void puck_cam_admit_add(struct puck_cam_admit *admit, struct puck_cam_buffer *buf)
{
	mutex_lock(&admit->lock);
	/* Under the lock: who is just told of its last turn reads the number. */
	puck_cam_queue_drop_fence(admit->queue, buf);
	list_add_tail(&buf->node, &admit->waiting);
	puck_cam_admit_all(admit);
	mutex_unlock(&admit->lock);
}

/**
 * puck_cam_admit_start - let buffers go to the device
 * @admit: where they wait
 * @fences: PUCK_CAM_FENCES_*, for this stream
 *
 * Context: may sleep. The queue is on; if @fences is not zero, the sensor is as well.
 */
void puck_cam_admit_start(struct puck_cam_admit *admit, u32 fences)
{
	mutex_lock(&admit->lock);
	admit->running = true;
	admit->fences = fences;
	admit->context = dma_fence_context_alloc(1);
	admit->number = 0;
	puck_cam_admit_all(admit);
	mutex_unlock(&admit->lock);
}

/**
 * puck_cam_admit_stop - let no more buffers go to the device
 * @admit: where they wait
 * @rest: gets those that do
 *
 * Context: may sleep.
 */
void puck_cam_admit_stop(struct puck_cam_admit *admit, struct list_head *rest)
{
	mutex_lock(&admit->lock);
	admit->running = false;
	puck_cam_admit_drop_blocker(admit);
	list_splice_tail_init(&admit->waiting, rest);
	mutex_unlock(&admit->lock);
	cancel_work_sync(&admit->work);
}

/**
 * puck_cam_admit_put_back - have buffers wait again, before all others
 * @admit: where they wait, stopped
 * @bufs: puck_cam_buffer.node, in their order; empty behind this
 *
 * Context: may sleep.
 */
void puck_cam_admit_put_back(struct puck_cam_admit *admit, struct list_head *bufs)
{
	mutex_lock(&admit->lock);
	list_splice_init(bufs, &admit->waiting);
	mutex_unlock(&admit->lock);
}

/**
 * puck_cam_admit_exported - export a plane, so that the fences of its users are known
 * @admit: of the buffer's queue
 * @vb: the buffer
 * @mem_priv: of the plane
 * @flags: how it may be opened
 * @export: makes the dma-buf
 *
 * A plane that was exported for the same way of opening is not exported anew: were it so,
 * each dma-buf had a reservation object of its own, and nobody would wait for the others.
 *
 * Context: may sleep.
 * Return: a dma-buf with a reference, or NULL or an ERR_PTR() of @export's.
 */
struct dma_buf *puck_cam_admit_exported(struct puck_cam_admit *admit, struct vb2_buffer *vb,
					void *mem_priv, unsigned long flags,
					struct dma_buf *(*export)(struct vb2_buffer *vb,
								  void *mem_priv,
								  unsigned long flags))
{
	struct puck_cam_vb2_buffer *buf = to_puck_cam_vb2_buffer(vb);
	u32 mode = flags & O_ACCMODE, plane;
	struct dma_buf *dbuf;

	for (plane = 0; plane < vb->num_planes; plane++)
		if (vb->planes[plane].mem_priv == mem_priv)
			break;
	if (mode >= PUCK_CAM_ACCESS_MODES || plane >= PUCK_CAM_PARTS_MAX)
		return ERR_PTR(-EINVAL);

	mutex_lock(&admit->lock);
	dbuf = buf->exported[plane][mode];
	if (!dbuf) {
		dbuf = export(vb, mem_priv, flags);
		if (!IS_ERR_OR_NULL(dbuf))
			buf->exported[plane][mode] = dbuf;
	}
	if (!IS_ERR_OR_NULL(dbuf))
		get_dma_buf(dbuf);
	mutex_unlock(&admit->lock);
	return dbuf;
}

/**
 * puck_cam_admit_forget - let go of what was exported of a buffer, and of its fence
 * @admit: of the buffer's queue
 * @buf: the buffer, on its way out
 *
 * Context: may sleep.
 */
void puck_cam_admit_forget(struct puck_cam_admit *admit, struct puck_cam_vb2_buffer *buf)
{
	struct dma_buf *dbuf;
	u32 i, mode;

	puck_cam_queue_drop_fence(admit->queue, &buf->buf);
	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
		for (mode = 0; mode < PUCK_CAM_ACCESS_MODES; mode++) {
			mutex_lock(&admit->lock);
			dbuf = buf->exported[i][mode];
			buf->exported[i][mode] = NULL;
			mutex_unlock(&admit->lock);
			if (dbuf)
				dma_buf_put(dbuf);
		}
	}
}
