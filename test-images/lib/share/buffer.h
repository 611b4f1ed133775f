/* SPDX-License-Identifier: MIT */
/* A dma-buf as its exporter's user has it: mapped, and handed over to the CPU and back. */
#ifndef LIB_SHARE_BUFFER_H
#define LIB_SHARE_BUFFER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/base/dmabuf.h"
#include "lib/base/pattern.h"
#include "lib/base/patience.h"
#include "lib/gpu/fence.h"

struct shared {
	int dmabuf;
	size_t size;
	uint8_t *map;		/* by the dma-buf itself */
};

/* Takes the file of a dma-buf; returns 0 or a negative errno. */
static inline int shared_open(struct shared *buf, int dmabuf)
{
	off_t size = lseek(dmabuf, 0, SEEK_END);
	void *map;

	if (size < 0)
		return -errno;
	*buf = (struct shared){ .dmabuf = dmabuf, .size = (size_t)size };
	map = mmap(NULL, buf->size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	if (map == MAP_FAILED)
		return -errno;
	buf->map = map;
	return 0;
}

static inline void shared_close(struct shared *buf)
{
	munmap(buf->map, buf->size);
	close(buf->dmabuf);
}

/*
 * Both directions at once, whatever the CPU does: udmabuf keeps the first one that it was asked
 * for, and hands over in others what it has mapped in that.
 */
static inline bool shared_begin(const struct shared *buf)
{
	return !dmabuf_cpu(buf->dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
}

static inline bool shared_end(const struct shared *buf)
{
	return !dmabuf_cpu(buf->dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
}

/* The CPU writes all of it. */
static inline bool shared_write(const struct shared *buf, uint64_t seed)
{
	if (!shared_begin(buf))
		return false;
	pattern_fill(buf->map, buf->size, seed);
	return shared_end(buf);
}

/* What the CPU reads is @value in each byte. */
static inline bool shared_is(const struct shared *buf, uint8_t value)
{
	size_t i;

	if (!shared_begin(buf))
		return false;
	for (i = 0; i < buf->size && buf->map[i] == value; i++)
		;
	return shared_end(buf) && i == buf->size;
}

/* 1: who wants to do what @flags say need not wait; 0: he has to; or a negative errno. */
static inline int shared_idle(const struct shared *buf, uint32_t flags)
{
	int fence = dmabuf_fences(buf->dmabuf, flags);
	int status = fence < 0 ? fence : fence_status(fence);

	if (fence >= 0)
		close(fence);
	return status;
}

/* Waits for what is in the way of @flags. */
static inline bool shared_wait(const struct shared *buf, uint32_t flags)
{
	return fence_result(dmabuf_fences(buf->dmabuf, flags), FOREVER_MS) == 1;
}

/* Whether two files are the same dma-buf. */
static inline bool shared_same(int one, int other)
{
	struct stat a, b;

	return !fstat(one, &a) && !fstat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

#endif /* LIB_SHARE_BUFFER_H */
