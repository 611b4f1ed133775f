// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that the device is done with, from its done entries back to its user
 * (docs/specs/camera.rst, "Done entries").
 *
 * All of this is in the way of fences. It runs in a thread of its interrupt or in a
 * workqueue for reclaim, allocates nothing, and waits for nothing but the device itself.
 */
#include <linux/ktime.h>
#include <linux/pci.h>

#include <kunit/visibility.h>

#include "core/device.h"
#include "core/trace.h"
#include "queue/buffer.h"
#include "queue/fence.h"
#include "queue/queue.h"

/* No frame takes so long, so a start that is longer ago is none. */
#define PUCK_CAM_AGE_MAX	(60ull * NSEC_PER_SEC)

/* What the fence says of a buffer; the names are for the log. */
static const struct {
	const char *name;
	int error;
} puck_cam_statuses[] = {
	[PUCK_CAM_DONE_OK] = { "ok", 0 },
	[PUCK_CAM_DONE_ERROR] = { "error", -EIO },
	[PUCK_CAM_DONE_SHORT] = { "short frame", -EIO },
	[PUCK_CAM_DONE_LINE] = { "line error", -EIO },
	[PUCK_CAM_DONE_SYNC] = { "loss of sync", -ENOLINK },
	[PUCK_CAM_DONE_STOPPED] = { "stopped", -ECANCELED },
};

static int puck_cam_status_error(u32 status)
{
	return status < ARRAY_SIZE(puck_cam_statuses) ? puck_cam_statuses[status].error : -EIO;
}

static const char *puck_cam_status_name(u32 status)
{
	return status < ARRAY_SIZE(puck_cam_statuses) ? puck_cam_statuses[status].name :
	       "unknown status";
}

/**
 * puck_cam_done_time - when a frame began, in the guest's monotonic clock
 * @now: that clock
 * @device_now: the device's, at the same time
 * @start: when the frame began in the device's
 *
 * The virtual clock and the guest's run at one rate and begin anywhere. What the device says
 * is an age only, so that a message that comes late does no harm, and a device that lies can
 * neither leave the past nor go far back in it.
 *
 * Return: ns.
 */
u64 puck_cam_done_time(u64 now, u64 device_now, u64 start)
{
	u64 age = device_now - start;

	if (start > device_now || age > PUCK_CAM_AGE_MAX || age > now)
		return now;
	return now - age;
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_done_time);

static u64 puck_cam_done_start(struct puck_cam_queue *queue, const struct puck_cam_done *done)
{
	u64 before = ktime_get_ns();
	u64 device_now = puck_cam_read64(queue->cam, PUCK_CAM_TIME);
	u64 after = ktime_get_ns();

	/* In the middle of the two looks, where the access was. */
	return puck_cam_done_time(before + (after - before) / 2, device_now,
				  le64_to_cpu(done->start));
}

/* Give one back, and end its fence. The buffer is its user's behind this. */
static void puck_cam_done_finish(struct puck_cam_buffer *buf, const struct puck_cam_result *result)
{
	struct dma_fence *fence = dma_fence_get(buf->fence);

	trace_puck_cam_done(buf->index, buf->cookie, result->frame, result->error);
	/*
	 * First the bytes, then the news: memory is handed over to the CPU in here, and whoever
	 * waits for the fence may read it at once.
	 */
	buf->done(buf, result);
	if (fence)
		puck_cam_fence_signal(fence, result->error);
	dma_fence_put(fence);
}

static void puck_cam_done_read(struct puck_cam_queue *queue, const struct puck_cam_buffer *buf,
			       const struct puck_cam_done *done, struct puck_cam_result *result)
{
	u32 i;

	result->error = puck_cam_status_error(done->status);
	result->begun = true;
	result->frame = le32_to_cpu(done->frame);
	result->sequence = queue->base + result->frame;
	result->time = puck_cam_done_start(queue, done);
	queue->sequence = result->sequence;
	for (i = 0; i < buf->parts; i++)
		result->bytes[i] = done->status == PUCK_CAM_DONE_OK ? buf->length[i] :
				   min_t(u64, le32_to_cpu(done->bytes[i]), buf->length[i]);
}

/* Whose entry it is; NULL if it is nobody's: then the device does what it should not. */
static struct puck_cam_buffer *puck_cam_done_find(struct puck_cam_queue *queue,
						  const struct puck_cam_done *done)
{
	u32 slot = le32_to_cpu(done->index);
	struct puck_cam_buffer *buf = NULL;

	spin_lock(&queue->lock);
	if (slot < queue->slots)
		buf = queue->at[slot];
	if (buf && buf->cookie == le64_to_cpu(done->cookie)) {
		puck_cam_queue_remove(queue, buf);
		queue->stats.done++;
		queue->stats.failed += done->status != PUCK_CAM_DONE_OK;
	} else {
		buf = NULL;
		queue->stats.strange++;
	}
	spin_unlock(&queue->lock);
	return buf;
}

static void puck_cam_done_entry(struct puck_cam_queue *queue, const struct puck_cam_done *entry)
{
	/* The device may write over it at any time. */
	struct puck_cam_done done = *entry;
	struct puck_cam_buffer *buf = puck_cam_done_find(queue, &done);
	struct puck_cam_result result = { };

	if (!buf) {
		dev_err_ratelimited(&queue->cam->pdev->dev,
				    "done entry of no buffer: cookie %llu, index %u\n",
				    le64_to_cpu(done.cookie), le32_to_cpu(done.index));
		return;
	}
	if (done.status != PUCK_CAM_DONE_OK && done.status != PUCK_CAM_DONE_STOPPED)
		dev_warn_ratelimited(&queue->cam->pdev->dev, "frame %u: %s, %u lines\n",
				     le32_to_cpu(done.frame), puck_cam_status_name(done.status),
				     le32_to_cpu(done.lines));
	puck_cam_done_read(queue, buf, &done, &result);
	puck_cam_done_finish(buf, &result);
}

/**
 * puck_cam_done_retire - take all done entries that are there
 * @queue: the queue, on or just turned off; its memory is there
 *
 * Context: may sleep; not under the lock of the vb2 queue alone: any.
 */
void puck_cam_done_retire(struct puck_cam_queue *queue)
{
	bool cookie = dma_fence_begin_signalling();
	bool freed = false;
	u32 count, i;

	mutex_lock(&queue->done_lock);
	count = le32_to_cpu(READ_ONCE(queue->wb->count));
	/* The entries were written before the count. */
	dma_rmb();
	/* More than the ring has can only be told by a device that does what it should not. */
	for (i = 0; queue->seen != count && i < queue->slots; i++) {
		puck_cam_done_entry(queue, &queue->done[queue->seen & (queue->slots - 1)]);
		queue->seen++;
		freed = true;
	}
	queue->seen = count;
	if (freed && queue->user && queue->user->freed)
		queue->user->freed(queue->user);
	mutex_unlock(&queue->done_lock);
	dma_fence_end_signalling(cookie);
}

/**
 * puck_cam_done_give_back - give buffers back that the device did not get to
 * @bufs: puck_cam_buffer.node, in nobody's list
 * @error: what their fences say
 *
 * Context: may sleep.
 */
void puck_cam_done_give_back(struct list_head *bufs, int error)
{
	bool cookie = dma_fence_begin_signalling();
	struct puck_cam_result result = { .error = error };
	struct puck_cam_buffer *buf, *next;

	list_for_each_entry_safe(buf, next, bufs, node) {
		list_del_init(&buf->node);
		puck_cam_done_finish(buf, &result);
	}
	dma_fence_end_signalling(cookie);
}

/**
 * puck_cam_done_end_fences - end the fences of buffers that their user keeps
 * @queue: the queue
 * @bufs: puck_cam_buffer.node, those that the device had and did not get to
 * @error: what the fences say
 *
 * Context: may sleep.
 */
void puck_cam_done_end_fences(struct puck_cam_queue *queue, struct list_head *bufs, int error)
{
	bool cookie = dma_fence_begin_signalling();
	struct puck_cam_buffer *buf;

	list_for_each_entry(buf, bufs, node) {
		if (buf->fence)
			puck_cam_fence_signal(buf->fence, error);
		puck_cam_queue_drop_fence(queue, buf);
	}
	dma_fence_end_signalling(cookie);
}

/**
 * puck_cam_done_fail - end all that the device has, for it will not
 * @queue: the queue
 * @error: what fences say
 *
 * The stream is broken for its user until he turns it off.
 *
 * Context: may sleep; the device is there.
 */
void puck_cam_done_fail(struct puck_cam_queue *queue, int error)
{
	bool cookie = dma_fence_begin_signalling();
	LIST_HEAD(bufs);

	mutex_lock(&queue->done_lock);
	spin_lock(&queue->lock);
	if (!queue->on) {
		spin_unlock(&queue->lock);
		goto out;
	}
	queue->on = false;
	spin_unlock(&queue->lock);

	puck_cam_queue_silence(queue);
	spin_lock(&queue->lock);
	list_splice_tail_init(&queue->active, &bufs);
	memset(queue->at, 0, queue->slots * sizeof(*queue->at));
	queue->num_active = 0;
	spin_unlock(&queue->lock);
	/* Who is woken by a buffer, or by its fence, is to find the stream broken. */
	if (queue->user && queue->user->failed)
		queue->user->failed(queue->user);
	puck_cam_done_give_back(&bufs, error);
out:
	mutex_unlock(&queue->done_lock);
	dma_fence_end_signalling(cookie);
}
