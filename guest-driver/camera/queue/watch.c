// SPDX-License-Identifier: GPL-2.0-only
/*
 * What stands in for hardware that is silent: an interrupt that is lost costs a period, and
 * a device that does not get done with a buffer that others wait for is stopped. That is
 * what bounds the life of a fence, whatever the device does (docs/v4l2-fences.rst).
 */
#include <linux/jiffies.h>
#include <linux/pci.h>

#include "core/device.h"
#include "queue/buffer.h"
#include "queue/queue.h"

#define PUCK_CAM_WATCH_PERIOD	(HZ / 4)

/* Whether the device has had a buffer with a fence for too long. */
static bool puck_cam_watch_is_late(struct puck_cam_queue *queue)
{
	ktime_t now = ktime_get();
	struct puck_cam_buffer *buf;
	bool late = false;

	spin_lock(&queue->lock);
	list_for_each_entry(buf, &queue->active, node) {
		late = buf->fence && ktime_after(now, ktime_add(buf->owned, queue->bound));
		if (late)
			break;
	}
	queue->stats.late += late;
	spin_unlock(&queue->lock);
	return late;
}

static void puck_cam_watch(struct work_struct *work)
{
	struct puck_cam_queue *queue = container_of(to_delayed_work(work), struct puck_cam_queue,
						    watch);

	puck_cam_done_retire(queue);
	if (puck_cam_watch_is_late(queue)) {
		dev_err(&queue->cam->pdev->dev, "the camera has stalled, and others wait for it\n");
		puck_cam_done_fail(queue, -ETIMEDOUT);
		return;
	}
	/* puck_cam_watch_stop() cancels it: that works from in here, too. */
	queue_delayed_work(queue->wq, &queue->watch, PUCK_CAM_WATCH_PERIOD);
}

/**
 * puck_cam_watch_init - prepare the watch
 * @queue: the queue
 */
void puck_cam_watch_init(struct puck_cam_queue *queue)
{
	INIT_DELAYED_WORK(&queue->watch, puck_cam_watch);
}

/**
 * puck_cam_watch_start - begin to look
 * @queue: the queue, just turned on
 */
void puck_cam_watch_start(struct puck_cam_queue *queue)
{
	queue_delayed_work(queue->wq, &queue->watch, PUCK_CAM_WATCH_PERIOD);
}

/**
 * puck_cam_watch_stop - look no more
 * @queue: the queue
 *
 * Context: may sleep; not under done_lock.
 */
void puck_cam_watch_stop(struct puck_cam_queue *queue)
{
	cancel_delayed_work_sync(&queue->watch);
}
