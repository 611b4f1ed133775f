/* SPDX-License-Identifier: MIT */
/* An open puck device, and a queue for each of its rings. */
#ifndef LIB_GPU_DEVICE_H
#define LIB_GPU_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/gpu/call.h"
#include "lib/gpu/queue.h"

#define PUCK_RINGS_MAX	8

/*
 * An open puck device. Its rings are numbered as in the device, and as the folders of
 * debugfs are: those that compute are in front of those that only copy.
 */
struct puck {
	int fd;
	bool translated;	/* behind an IOMMU */
	uint32_t compute;	/* rings of the kind COMPUTE */
	uint32_t rings;		/* and of both kinds */
	uint32_t queue[PUCK_RINGS_MAX];
	char node[64];		/* /dev/dri/renderD... */
	char pci[32];		/* 0000:01:00.0 */
};

static inline bool puck_is_puck(int fd)
{
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return !puck_call(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "puck");
}

static inline int puck_make_queues(struct puck *puck)
{
	uint64_t compute = 0, copy = 0;
	uint32_t i;
	int ret;

	ret = puck_param(puck->fd, DRM_PUCK_PARAM_RINGS_COMPUTE, &compute);
	if (!ret)
		ret = puck_param(puck->fd, DRM_PUCK_PARAM_RINGS_COPY, &copy);
	if (!ret && compute + copy > PUCK_RINGS_MAX)
		ret = -E2BIG;
	puck->compute = compute;
	puck->rings = compute + copy;
	for (i = 0; !ret && i < puck->rings; i++)
		ret = i < compute ?
			queue_create(puck->fd, DRM_PUCK_KIND_COMPUTE, i, DRM_PUCK_PRIORITY_NORMAL,
				     &puck->queue[i]) :
			queue_create(puck->fd, DRM_PUCK_KIND_COPY, i - puck->compute,
				     DRM_PUCK_PRIORITY_NORMAL, &puck->queue[i]);
	return ret;
}

/* Opens the device that @puck is, or was, once more. */
static inline int puck_reopen(struct puck *puck)
{
	int ret;

	puck->fd = open(puck->node, O_RDWR | O_CLOEXEC);
	if (puck->fd < 0)
		return -errno;
	ret = puck_is_puck(puck->fd) ? puck_make_queues(puck) : -ENODEV;
	if (ret)
		close(puck->fd);
	return ret;
}

static inline int puck_open_node(struct puck *puck, const char *name)
{
	char path[128], link[256];
	uint64_t value;
	ssize_t len;
	int ret;

	memset(puck, 0, sizeof(*puck));
	snprintf(puck->node, sizeof(puck->node), "/dev/dri/%.32s", name);
	ret = puck_reopen(puck);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/sys/class/drm/%.32s/device", name);
	len = readlink(path, link, sizeof(link) - 1);
	link[len < 0 ? 0 : len] = 0;
	snprintf(puck->pci, sizeof(puck->pci), "%.31s",
		 strrchr(link, '/') ? strrchr(link, '/') + 1 : "");
	puck->translated = !puck_param(puck->fd, DRM_PUCK_PARAM_TRANSLATED, &value) && value;
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
