/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fence as a file of user space, for the graders of labs. Nothing in here is an exercise.
 */
#ifndef PUCK_LAB_FENCE_H
#define PUCK_LAB_FENCE_H

#include <linux/dma-fence.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/sync_file.h>

/**
 * puck_lab_fence_fd - make a sync_file of a fence
 * @fence: a reference, which this takes over; or an ERR_PTR()
 *
 * Context: in a system call of the process that gets the file.
 * Return: the file's descriptor, the error that @fence is, or another one.
 */
static inline int puck_lab_fence_fd(struct dma_fence *fence)
{
	struct sync_file *file;
	int fd;

	if (IS_ERR_OR_NULL(fence))
		return fence ? PTR_ERR(fence) : -EOPNOTSUPP;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto put;
	file = sync_file_create(fence);
	if (file) {
		fd_install(fd, file->file);
	} else {
		put_unused_fd(fd);
		fd = -ENOMEM;
	}
put:
	dma_fence_put(fence);
	return fd;
}

#endif /* PUCK_LAB_FENCE_H */
