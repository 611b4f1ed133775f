/* SPDX-License-Identifier: MIT */
/* Dumb buffers of other drivers' cards (vgem, virtio_gpu), which are none of ours. */
#ifndef LIB_GPU_DUMB_H
#define LIB_GPU_DUMB_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/gpu/bo.h"
#include "lib/gpu/call.h"

#define DUMB_WIDTH	256	/* of pixels with four bytes each */

/* The first card of a driver: a descriptor, or a negative errno. */
static inline int dumb_open(const char *driver)
{
	char path[32], name[16];
	int fd, i;

	for (i = 0; i < 16; i++) {
		struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(name, 0, sizeof(name));
		if (!puck_call(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, driver))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* A buffer of a driver's as a dma-buf: its descriptor, or a negative errno. */
static inline int dumb_export(const char *driver, uint64_t size)
{
	struct drm_mode_create_dumb dumb = {
		.width = DUMB_WIDTH, .height = size / DUMB_WIDTH / 4, .bpp = 32,
	};
	int fd = dumb_open(driver);
	struct bo bo;
	int ret;

	if (fd < 0)
		return fd;
	ret = puck_call(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb);
	bo = (struct bo){ .handle = dumb.handle };
	if (!ret)
		ret = bo_export(fd, &bo);
	close(fd);
	return ret;
}

/* Maps a buffer of a card, or one that it has imported; returns 0 or a negative errno. */
static inline int dumb_mmap(int fd, struct bo *bo)
{
	struct drm_mode_map_dumb args = { .handle = bo->handle };
	int ret = puck_call(fd, DRM_IOCTL_MODE_MAP_DUMB, &args);

	return ret ? ret : bo_mmap_at(fd, bo, args.offset);
}

#endif /* LIB_GPU_DUMB_H */
