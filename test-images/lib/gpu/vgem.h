/* SPDX-License-Identifier: MIT */
/* The kernel's vgem, whose buffers are none of ours. */
#ifndef LIB_GPU_VGEM_H
#define LIB_GPU_VGEM_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/gpu/bo.h"
#include "lib/gpu/call.h"

static inline int vgem_open(void)
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
		if (!puck_call(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem"))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

/* A buffer of vgem's as a dma-buf: its descriptor, or a negative errno. */
static inline int vgem_export(uint64_t size)
{
	struct drm_mode_create_dumb dumb = { .width = size / 4, .height = 1, .bpp = 32 };
	int fd = vgem_open();
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

#endif /* LIB_GPU_VGEM_H */
