// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's queue as hardware: turning it on and off, and giving it buffers
 * (docs/specs/camera.rst, "Queue" and "Descriptors").
 */
#include <linux/dma-mapping.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "compat/base.h"
#include "core/device.h"
#include "core/trace.h"
#include "queue/buffer.h"
#include "queue/fence.h"
#include "queue/queue.h"

static size_t puck_cam_descs_size(struct puck_cam_queue *queue)
{
	return PAGE_ALIGN(queue->slots * sizeof(*queue->descs));
}

static size_t puck_cam_memory_size(struct puck_cam_queue *queue)
{
	return puck_cam_descs_size(queue) +
	       PAGE_ALIGN(queue->slots * sizeof(*queue->done)) + PAGE_SIZE;
}

/**
 * puck_cam_queue_init - make the queue
 * @queue: zeroed
 * @cam: the device, identified
 *
 * puck_cam_queue_cleanup() undoes it.
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int puck_cam_queue_init(struct puck_cam_queue *queue, struct puck_cam_device *cam)
{
	size_t done;

	queue->cam = cam;
	queue->slots = BIT(cam->order);
	mutex_init(&queue->done_lock);
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->active);
	puck_cam_watch_init(queue);

	queue->at = kcalloc(queue->slots, sizeof(*queue->at), GFP_KERNEL);
	if (!queue->at)
		return -ENOMEM;
	/* Fences depend on it, and reclaim may wait for fences. */
	queue->wq = alloc_workqueue("puck-cam-%s", WQ_MEM_RECLAIM | PUCK_WQ_PERCPU, 0,
				    pci_name(cam->pdev));
	if (!queue->wq)
		goto err_at;
	queue->memory = dma_alloc_coherent(&cam->pdev->dev, puck_cam_memory_size(queue),
					   &queue->memory_dma, GFP_KERNEL);
	if (!queue->memory)
		goto err_wq;
	done = puck_cam_descs_size(queue);
	queue->descs = queue->memory;
	queue->done = queue->memory + done;
	queue->wb = queue->memory + puck_cam_memory_size(queue) - PAGE_SIZE;
	return 0;

err_wq:
	destroy_workqueue(queue->wq);
err_at:
	kfree(queue->at);
	return -ENOMEM;
}

/**
 * puck_cam_queue_cleanup - undo puck_cam_queue_init()
 * @queue: the queue, which is off
 *
 * Has to happen before the driver lets go of the PCI device.
 */
void puck_cam_queue_cleanup(struct puck_cam_queue *queue)
{
	dma_free_coherent(&queue->cam->pdev->dev, puck_cam_memory_size(queue), queue->memory,
			  queue->memory_dma);
	destroy_workqueue(queue->wq);
	kfree(queue->at);
}

static void puck_cam_queue_program(struct puck_cam_queue *queue)
{
	struct puck_cam_device *cam = queue->cam;
	u64 descs = queue->memory_dma;
	u64 wb = descs + puck_cam_memory_size(queue) - PAGE_SIZE;

	puck_cam_write64(cam, PUCK_CAM_QUEUE_BASE, descs | cam->order);
	puck_cam_write64(cam, PUCK_CAM_DONE_BASE, descs + puck_cam_descs_size(queue));
	puck_cam_write64(cam, PUCK_CAM_DONE_WB_ADDR, wb);
	/* Behind the writes to memory, as any register write is. */
	puck_cam_write(cam, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
}

/**
 * puck_cam_queue_start - turn the queue on, empty
 * @queue: the queue, which is off
 * @user: who turns it on; stays until it is turned off
 * @resume: numbers of frames go on from where they were
 *
 * There is one user at a time: that is the caller's business.
 *
 * Context: may sleep.
 * Return: 0, or -EIO if the device does not take it.
 */
int puck_cam_queue_start(struct puck_cam_queue *queue, struct puck_cam_user *user, bool resume)
{
	if (queue->broken)
		return -EIO;

	mutex_lock(&queue->done_lock);
	memset(queue->memory, 0, puck_cam_memory_size(queue));
	queue->user = user;
	queue->seen = 0;
	queue->base = resume ? queue->sequence + 1 : 0;
	puck_cam_queue_program(queue);
	mutex_unlock(&queue->done_lock);
	if (!(puck_cam_read(queue->cam, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_ON)) {
		dev_err(&queue->cam->pdev->dev, "the queue does not start\n");
		return -EIO;
	}

	spin_lock(&queue->lock);
	queue->tail = 0;
	queue->on = true;
	spin_unlock(&queue->lock);
	puck_cam_watch_start(queue);
	return 0;
}

/**
 * puck_cam_queue_silence - have the device drop what it has, and access memory no more
 * @queue: the queue
 *
 * A device that does not even do that is cut off from memory, for good.
 *
 * Context: may sleep; in the way of fences.
 */
void puck_cam_queue_silence(struct puck_cam_queue *queue)
{
	struct puck_cam_device *cam = queue->cam;

	puck_cam_write(cam, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET);
	if (puck_cam_poll_clear(cam, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET) != -ETIMEDOUT)
		return;
	dev_err(&cam->pdev->dev, "the queue does not reset: no more DMA\n");
	pci_clear_master(cam->pdev);
	queue->broken = true;
}

/**
 * puck_cam_queue_stop - turn the queue off
 * @queue: the queue; the sensor has stopped
 * @rest: gets those buffers, in their order, that the device had and did not get to
 *
 * Context: may sleep.
 */
void puck_cam_queue_stop(struct puck_cam_queue *queue, struct list_head *rest)
{
	/* Nobody may find the queue on behind this, so that the watch does not begin again. */
	spin_lock(&queue->lock);
	queue->on = false;
	spin_unlock(&queue->lock);
	puck_cam_watch_stop(queue);

	puck_cam_done_retire(queue);
	mutex_lock(&queue->done_lock);
	puck_cam_queue_silence(queue);
	spin_lock(&queue->lock);
	list_splice_tail_init(&queue->active, rest);
	memset(queue->at, 0, queue->slots * sizeof(*queue->at));
	queue->num_active = 0;
	spin_unlock(&queue->lock);
	queue->user = NULL;
	mutex_unlock(&queue->done_lock);
}

static void puck_cam_queue_describe(struct puck_cam_queue *queue,
				    const struct puck_cam_buffer *buf)
{
	struct puck_cam_desc *desc = &queue->descs[buf->slot];
	u32 i;

	memset(desc, 0, sizeof(*desc));
	desc->cookie = cpu_to_le64(buf->cookie);
	desc->parts = cpu_to_le32(buf->parts);
	for (i = 0; i < buf->parts; i++) {
		desc->part[i].list = cpu_to_le64(buf->segs[i].dma);
		desc->part[i].nsegs = cpu_to_le32(buf->segs[i].used);
		desc->part[i].length = cpu_to_le64(buf->length[i]);
	}
}

/**
 * puck_cam_queue_push - give a buffer to the device
 * @queue: the queue
 * @buf: the buffer, in nobody's list
 * @fence: to be ended when the device is done with it, or NULL; its reference goes over
 *
 * From here on the buffer's end, and that of its fence, needs nothing of user space.
 *
 * Context: may be under locks of dma_resv: nothing is allocated.
 * Return: true; false if the queue is off, and nothing has changed.
 */
bool puck_cam_queue_push(struct puck_cam_queue *queue, struct puck_cam_buffer *buf,
			 struct dma_fence *fence)
{
	spin_lock(&queue->lock);
	/* Users have fewer buffers than there are descriptors. */
	if (!queue->on || WARN_ON_ONCE(queue->num_active + 1 >= queue->slots)) {
		spin_unlock(&queue->lock);
		return false;
	}
	buf->cookie = ++queue->cookies;
	buf->slot = queue->tail;
	buf->owned = ktime_get();
	buf->number = fence ? fence->seqno : 0;
	buf->fence = fence;
	queue->at[buf->slot] = buf;
	list_add_tail(&buf->node, &queue->active);
	queue->num_active++;
	queue->stats.queued++;
	queue->tail = (queue->tail + 1) & (queue->slots - 1);
	puck_cam_queue_describe(queue, buf);
	trace_puck_cam_doorbell(buf->index, buf->cookie, buf->slot, buf->number);
	/* Behind the writes to the descriptor, as any register write is. */
	puck_cam_write(queue->cam, PUCK_CAM_QUEUE_TAIL, queue->tail);
	spin_unlock(&queue->lock);
	return true;
}

/**
 * puck_cam_queue_remove - forget a buffer that the device is done with
 * @queue: the queue, its lock held
 * @buf: the buffer, one of @queue->active
 */
void puck_cam_queue_remove(struct puck_cam_queue *queue, struct puck_cam_buffer *buf)
{
	lockdep_assert_held(&queue->lock);

	queue->at[buf->slot] = NULL;
	list_del_init(&buf->node);
	queue->num_active--;
}

/**
 * puck_cam_queue_claim - have a fence for what the device does with a buffer just now
 * @queue: the queue
 * @buf: the buffer
 * @fence: becomes that of the buffer if it has none
 *
 * From here on the device has it for no longer than any other that has a fence.
 *
 * Context: may be under locks of dma_resv: nothing is allocated.
 * Return: a reference to the buffer's fence; NULL if the device does not have the buffer.
 */
struct dma_fence *puck_cam_queue_claim(struct puck_cam_queue *queue, struct puck_cam_buffer *buf,
				       struct dma_fence *fence)
{
	struct dma_fence *claimed = NULL;

	spin_lock(&queue->lock);
	if (queue->at[buf->slot] == buf) {
		if (!buf->fence) {
			buf->fence = dma_fence_get(fence);
			buf->number = fence->seqno;
			buf->owned = ktime_get();
		}
		claimed = dma_fence_get(buf->fence);
	}
	spin_unlock(&queue->lock);
	return claimed;
}

/**
 * puck_cam_queue_get_fence - get the fence of a buffer's last turn
 * @queue: the queue
 * @buf: the buffer
 *
 * Return: a reference, or NULL if there is no fence.
 */
struct dma_fence *puck_cam_queue_get_fence(struct puck_cam_queue *queue,
					   struct puck_cam_buffer *buf)
{
	struct dma_fence *fence;

	spin_lock(&queue->lock);
	fence = dma_fence_get(buf->fence);
	spin_unlock(&queue->lock);
	return fence;
}

/**
 * puck_cam_queue_drop_fence - forget the fence of a buffer's last turn
 * @queue: the queue
 * @buf: the buffer, which the device does not have
 */
void puck_cam_queue_drop_fence(struct puck_cam_queue *queue, struct puck_cam_buffer *buf)
{
	struct dma_fence *fence;

	spin_lock(&queue->lock);
	fence = buf->fence;
	buf->fence = NULL;
	buf->number = 0;
	spin_unlock(&queue->lock);
	dma_fence_put(fence);
}
