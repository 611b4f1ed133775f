/* SPDX-License-Identifier: MIT */
/*
 * An open puck device. No library is used: a test sees the bare errno.
 *
 * Functions of lib/gpu/ return 0 or a negative errno, like the kernel's.
 */
#ifndef LIB_GPU_DEVICE_H
#define LIB_GPU_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm/puck_drm.h>

#include "drm.h"

/* An open puck device. */
struct puck {
	int fd;
	bool translated;	/* behind an IOMMU */
	char node[64];		/* /dev/dri/renderD... */
	char pci[32];		/* 0000:01:00.0 */
};

static inline int puck_call(int fd, unsigned long nr, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, nr, arg);
	} while (ret == -1 && (errno == EINTR || errno == EAGAIN));
	return ret == -1 ? -errno : 0;
}

static inline int puck_param(int fd, uint32_t param, uint64_t *value)
{
	struct drm_puck_getparam args = { .param = param };
	int ret = puck_call(fd, DRM_IOCTL_PUCK_GETPARAM, &args);

	*value = args.value;
	return ret;
}

static inline bool puck_is_puck(int fd)
{
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return !puck_call(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "puck");
}

static inline int puck_open_node(struct puck *puck, const char *name)
{
	char path[128], link[256];
	uint64_t value;
	ssize_t len;

	memset(puck, 0, sizeof(*puck));
	snprintf(puck->node, sizeof(puck->node), "/dev/dri/%.32s", name);
	puck->fd = open(puck->node, O_RDWR | O_CLOEXEC);
	if (puck->fd < 0)
		return -errno;
	if (!puck_is_puck(puck->fd)) {
		close(puck->fd);
		return -ENODEV;
	}
	snprintf(path, sizeof(path), "/sys/class/drm/%.32s/device", name);
	len = readlink(path, link, sizeof(link) - 1);
	link[len < 0 ? 0 : len] = 0;
	snprintf(puck->pci, sizeof(puck->pci), "%.31s",
		 strrchr(link, '/') ? strrchr(link, '/') + 1 : "");
	puck->translated = !puck_param(puck->fd, PUCK_PARAM_TRANSLATED, &value) && value;
	return 0;
}

/* Open the first puck device that is behind an IOMMU, or that is not. */
static inline int puck_open(struct puck *puck, bool translated)
{
	char name[32];
	int minor;

	for (minor = 128; minor < 192; minor++) {
		snprintf(name, sizeof(name), "renderD%d", minor);
		if (puck_open_node(puck, name))
			continue;
		if (puck->translated == translated)
			return 0;
		close(puck->fd);
	}
	return -ENODEV;
}

/* Any puck device; one behind an IOMMU if there is. */
static inline int puck_open_any(struct puck *puck)
{
	int ret = puck_open(puck, true);

	return ret ? puck_open(puck, false) : 0;
}

/* Open the puck device at a PCI address. */
static inline int puck_open_pci(struct puck *puck, const char *pci)
{
	char name[32];
	int minor;

	for (minor = 128; minor < 192; minor++) {
		snprintf(name, sizeof(name), "renderD%d", minor);
		if (puck_open_node(puck, name))
			continue;
		if (!strcmp(puck->pci, pci))
			return 0;
		close(puck->fd);
	}
	return -ENODEV;
}

/* Open another puck device than @one. */
static inline int puck_open_other(struct puck *puck, const struct puck *one)
{
	char name[32];
	int minor;

	for (minor = 128; minor < 192; minor++) {
		snprintf(name, sizeof(name), "renderD%d", minor);
		if (puck_open_node(puck, name))
			continue;
		if (strcmp(puck->pci, one->pci))
			return 0;
		close(puck->fd);
	}
	return -ENODEV;
}

#endif /* LIB_GPU_DEVICE_H */
