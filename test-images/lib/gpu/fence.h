/* SPDX-License-Identifier: MIT */
/* Fences of jobs as sync files. */
#ifndef LIB_GPU_FENCE_H
#define LIB_GPU_FENCE_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/sync_file.h>

/* Since Linux 6.4; headers may be older than the guest's kernel. */
#ifndef SYNC_IOC_SET_DEADLINE
struct sync_set_deadline {
	__u64 deadline_ns;
	__u64 pad;
};

#define SYNC_IOC_SET_DEADLINE	_IOW(SYNC_IOC_MAGIC, 5, struct sync_set_deadline)
#endif

/* 1: signalled, 0: not yet, negative: signalled with this error. */
static inline int fence_status(int fence)
{
	struct sync_file_info info = { 0 };

	if (ioctl(fence, SYNC_IOC_FILE_INFO, &info))
		return -errno;
	return info.status;
}

/* When it was signalled, in ns of the monotonic clock; negative if that is not known. */
static inline int64_t fence_time(int fence)
{
	struct sync_fence_info one = { 0 };
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)&one };

	if (ioctl(fence, SYNC_IOC_FILE_INFO, &info))
		return -errno;
	return one.status ? (int64_t)one.timestamp_ns : -EAGAIN;
}

/* 0: signalled within the time, with or without error. */
static inline int fence_wait(int fence, int timeout_ms)
{
	struct pollfd pfd = { .fd = fence, .events = POLLIN };
	int ret;

	do {
		ret = poll(&pfd, 1, timeout_ms);
	} while (ret == -1 && errno == EINTR);
	if (ret < 0)
		return -errno;
	return ret ? 0 : -ETIME;
}

/* Wait for a fence and close it; returns its status, or the error that there is in its place. */
static inline int fence_result(int fence, int timeout_ms)
{
	int ret;

	if (fence < 0)
		return fence;
	ret = fence_wait(fence, timeout_ms);
	if (!ret)
		ret = fence_status(fence);
	close(fence);
	return ret;
}

#endif /* LIB_GPU_FENCE_H */
