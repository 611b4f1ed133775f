// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer's fence as a file: PUCK_CAM_IOC_OUT_FENCE.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/puck_cam.h>
#include <linux/sync_file.h>

#include "queue/buffer.h"
#include "queue/queue.h"
#include "sync/admit.h"

static int puck_cam_out_fence_install(struct puck_cam_out_fence *args, struct dma_fence *fence)
{
	struct sync_file *file;
	int fd;

	fd = get_unused_fd_flags(args->flags);
	if (fd < 0)
		return fd;
	file = sync_file_create(fence);
	if (!file) {
		put_unused_fd(fd);
		return -ENOMEM;
	}
	/* The core copies it to user space behind this; if that fails, the file is all the same. */
	fd_install(fd, file->file);
	args->fd = fd;
	args->number = fence->seqno;
	return 0;
}

/**
 * puck_cam_out_fence - hand a buffer's fence out
 * @admit: of the buffer's queue
 * @buf: the buffer
 * @args: of the ioctl
 *
 * Context: may sleep; the lock of the vb2 queue is held, so the buffer stays.
 * Return: 0 or a negative errno, as the uAPI has them.
 */
int puck_cam_out_fence(struct puck_cam_admit *admit, struct puck_cam_buffer *buf,
		       struct puck_cam_out_fence *args)
{
	struct dma_fence *fence;
	bool on;
	int ret;

	if (args->flags & ~O_CLOEXEC || args->reserved)
		return -EINVAL;
	mutex_lock(&admit->lock);
	on = admit->fences & PUCK_CAM_FENCES_OUT_EXPLICIT;
	mutex_unlock(&admit->lock);
	if (!on)
		return -ENODATA;

	fence = puck_cam_queue_get_fence(admit->queue, buf);
	if (!fence)
		return -EAGAIN;
	ret = puck_cam_out_fence_install(args, fence);
	dma_fence_put(fence);
	return ret;
}
