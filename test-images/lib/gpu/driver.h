/* SPDX-License-Identifier: MIT */
/* A device of any DRM driver, by the driver's name. */
#ifndef LIB_GPU_DRIVER_H
#define LIB_GPU_DRIVER_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/gpu/call.h"

/* The first node: /dev/dri/<kind><number>, of which there are 64 from @first on; or an errno. */
static inline int driver_open(const char *driver, const char *kind, int first)
{
	char name[16], path[32];
	struct drm_version version;
	int fd, minor;

	for (minor = first; minor < first + 64; minor++) {
		snprintf(path, sizeof(path), "/dev/dri/%s%d", kind, minor);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		memset(name, 0, sizeof(name));
		version = (struct drm_version){ .name = name, .name_len = sizeof(name) - 1 };
		if (!puck_call(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, driver))
			return fd;
		close(fd);
	}
	return -ENODEV;
}

#endif /* LIB_GPU_DRIVER_H */
