// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences of the driver, as docs/v4l2-fences.rst wants them where they are right, and who waits for
 * whose. Waits are callbacks: neither a job nor QBUF is held up by one.
 */
#include <linux/container_of.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "camera/camera.h"
#include "camera/share.h"

/* For a fence that does not end since something else has failed. */
#define PATIENCE	(10 * HZ)

/**
 * puck_camera_publish - let others know that the camera writes a buffer
 * @cam: the driver
 * @buf: the buffer, which has no fence
 *
 * Its WRITE fence ends when the driver gives it back. Where there is no memory for one,
 * puck_camera_share.error is set.
 */
void puck_camera_publish(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	struct puck_camera_share *share = cam->share;
	struct dma_fence *fence = puck_fence_create(share->context, share->published + 1);
	int ret = -ENOMEM;

	if (!fence)
		goto out;
	dma_resv_lock(&share->resv, NULL);
	ret = dma_resv_reserve_fences(&share->resv, 1);
	if (!ret) {
		dma_resv_add_fence(&share->resv, fence, DMA_RESV_USAGE_WRITE);
		share->published++;
		buf->fence = fence;
	}
	dma_resv_unlock(&share->resv);
	if (ret)
		puck_camera_fence_end(fence, ret);
out:
	share->error = share->error ?: ret;
}

/**
 * puck_camera_fence_end - the camera is done with a buffer
 * @fence: of the buffer, or NULL; the reference is put
 * @error: zero, or why there is no picture in it
 */
void puck_camera_fence_end(struct dma_fence *fence, int error)
{
	if (!fence)
		return;
	if (error)
		dma_fence_set_error(fence, error);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

static void on_end(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	queue_work(system_unbound_wq, &container_of(cb, struct puck_camera_wait, cb)->work);
}

/**
 * puck_camera_wait - have the work of the share's wait done when nobody is in the way
 * @share: the share; nobody waits
 * @usage: of whom is to be waited for, from dma_resv_usage_rw()
 *
 * Return: 1 if there is somebody; 0 if not, and the work is the caller's to do; a negative errno.
 */
int puck_camera_wait(struct puck_camera_share *share, enum dma_resv_usage usage)
{
	struct puck_camera_wait *wait = &share->wait;
	int ret;

	dma_resv_lock(&share->resv, NULL);
	ret = dma_resv_get_singleton(&share->resv, usage, &wait->fence);
	dma_resv_unlock(&share->resv);
	if (ret || !wait->fence)
		return ret;
	return !dma_fence_add_callback(wait->fence, &wait->cb, on_end);
}

/**
 * puck_camera_wait_end - let the work come to its end, if somebody waits
 * @share: the share; whoever is waited for comes to his end by himself
 */
void puck_camera_wait_end(struct puck_camera_share *share)
{
	struct puck_camera_wait *wait = &share->wait;

	if (!wait->fence)
		return;
	dma_fence_wait_timeout(wait->fence, false, PATIENCE);
	/* Otherwise the callback has queued the work: both are under the fence's lock. */
	if (!dma_fence_remove_callback(wait->fence, &wait->cb))
		flush_work(&wait->work);
	dma_fence_put(wait->fence);
	wait->fence = NULL;
}

/**
 * puck_camera_old_fences - look for fences that do not end
 * @share: the share
 * @ms: the bound that is stated
 *
 * Return: how many of those that there are have not ended when it is over.
 */
unsigned int puck_camera_old_fences(struct puck_camera_share *share, unsigned int ms)
{
	unsigned int i, count = 0, old = 0;
	struct dma_fence **fences = NULL;

	dma_resv_lock(&share->resv, NULL);
	if (dma_resv_get_fences(&share->resv, DMA_RESV_USAGE_BOOKKEEP, &count, &fences))
		count = 0;
	dma_resv_unlock(&share->resv);
	msleep(ms);
	for (i = 0; i < count; i++) {
		old += !dma_fence_is_signaled(fences[i]);
		dma_fence_put(fences[i]);
	}
	kfree(fences);
	return old;
}
