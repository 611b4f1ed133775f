/* SPDX-License-Identifier: MIT */
/* dma-bufs that neither the camera nor the GPU has made, and the fences in them. */
#ifndef LIB_CAMERA_DMABUF_H
#define LIB_CAMERA_DMABUF_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "lib/base/kernel_log.h"

/*
 * Memory that two devices have mapped at a time is what sharing is; DMA_API_DEBUG takes it for
 * a mistake of the second one, and says so once.
 */
static inline void sharing_begin(void)
{
	expect_begin("cacheline tracking EEXIST|DMA-API: Mapped at:");
}

static inline void sharing_end(void)
{
	expect_end();
}

/* A dma-buf of a memfd's pages, which are anywhere. Returns a file or a negative errno. */
static inline int make_udmabuf(size_t size)
{
	size_t bytes = (size + 4095) & ~4095ul;
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int mem = memfd_create("frame", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	struct udmabuf_create create = { .memfd = (uint32_t)mem, .size = bytes };
	int fd = -ENODEV;

	if (dev >= 0 && mem >= 0 && !ftruncate(mem, (off_t)bytes) &&
	    !fcntl(mem, F_ADD_SEALS, F_SEAL_SHRINK)) {
		fd = ioctl(dev, UDMABUF_CREATE, &create);
		fd = fd < 0 ? -errno : fd;
	}
	if (dev >= 0)
		close(dev);
	if (mem >= 0)
		close(mem);
	return fd;
}

/* A dma-buf of the system's dma-heap. Returns a file or a negative errno. */
static inline int make_heap(size_t size)
{
	struct dma_heap_allocation_data args = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	int dev = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	int ret = -ENODEV;

	if (dev >= 0) {
		ret = ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &args) ? -errno : (int)args.fd;
		close(dev);
	}
	return ret;
}

/* What a reader would have to wait for, as a sync_file, or a negative errno. */
static inline int dmabuf_writers(int dmabuf)
{
	struct dma_buf_export_sync_file args = { .flags = DMA_BUF_SYNC_READ, .fd = -1 };

	return ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args) ? -errno : args.fd;
}

/* Begin or end looking at it with the CPU. */
static inline int dmabuf_cpu(int dmabuf, uint64_t flags)
{
	struct dma_buf_sync args = { .flags = flags };

	return ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &args) ? -errno : 0;
}

#endif /* LIB_CAMERA_DMABUF_H */
