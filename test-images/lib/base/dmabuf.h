/* SPDX-License-Identifier: MIT */
/* dma-bufs that none of Puck's devices has made, and what anybody does with a dma-buf. */
#ifndef LIB_DMABUF_H
#define LIB_DMABUF_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
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

/* A dma-buf of a dma-heap. Returns a file or a negative errno. */
static inline int make_heap_of(const char *heap, size_t size)
{
	struct dma_heap_allocation_data args = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	char path[64];
	int dev, ret;

	snprintf(path, sizeof(path), "/dev/dma_heap/%.40s", heap);
	dev = open(path, O_RDONLY | O_CLOEXEC);
	if (dev < 0)
		return -ENODEV;
	ret = ioctl(dev, DMA_HEAP_IOCTL_ALLOC, &args) ? -errno : (int)args.fd;
	close(dev);
	return ret;
}

/* The same of the system's. */
static inline int make_heap(size_t size)
{
	return make_heap_of("system", size);
}

/*
 * What somebody would have to wait for who does what @flags say (DMA_BUF_SYNC_READ,
 * DMA_BUF_SYNC_WRITE), as a sync_file, or a negative errno.
 */
static inline int dmabuf_fences(int dmabuf, uint32_t flags)
{
	struct dma_buf_export_sync_file args = { .flags = flags, .fd = -1 };

	return ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args) ? -errno : args.fd;
}

/* Has others wait for a sync_file: readers and writers with DMA_BUF_SYNC_WRITE, else writers. */
static inline int dmabuf_add_fence(int dmabuf, uint32_t flags, int fence)
{
	struct dma_buf_import_sync_file args = { .flags = flags, .fd = fence };

	return ioctl(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args) ? -errno : 0;
}

/* What a reader would have to wait for. */
static inline int dmabuf_writers(int dmabuf)
{
	return dmabuf_fences(dmabuf, DMA_BUF_SYNC_READ);
}

/* The name of a dma-buf, which is the inode of its file; 0 if there is none. */
static inline unsigned long long dmabuf_number(int dmabuf)
{
	struct stat stat;

	return fstat(dmabuf, &stat) ? 0 : (unsigned long long)stat.st_ino;
}

/* Begin or end looking at it with the CPU. */
static inline int dmabuf_cpu(int dmabuf, uint64_t flags)
{
	struct dma_buf_sync args = { .flags = flags };

	return ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &args) ? -errno : 0;
}

#endif /* LIB_DMABUF_H */
