/* SPDX-License-Identifier: MIT */
/*
 * What guest programs need of puck.ko: its ioctls, its debugfs, and models of
 * its operations in software. No library is used: a test sees the bare errno.
 *
 * Functions return 0 or a negative errno, like the kernel's.
 */
#ifndef PUCK_IOCTL_H
#define PUCK_IOCTL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/sync_file.h>

#include "drm.h"
#include <drm/puck_drm.h>
#include "lib/text_file.h"

#include "lib/patience.h"

#define NSEC_PER_MSEC	1000000ll
#define NSEC_PER_SEC	1000000000ll
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* An open puck device. */
struct puck {
	int fd;
	bool translated;	/* behind an IOMMU */
	char node[64];		/* /dev/dri/renderD... */
	char pci[32];		/* 0000:01:00.0 */
};

/* A buffer object with its pages. */
struct bo {
	uint32_t handle;
	uint64_t size;
	uint8_t *map;
};

static inline int puck_call(int fd, unsigned long nr, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, nr, arg);
	} while (ret == -1 && (errno == EINTR || errno == EAGAIN));
	return ret == -1 ? -errno : 0;
}

static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
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

/* ---- buffer objects ---- */

static inline int bo_mmap(int fd, struct bo *bo)
{
	struct drm_puck_gem_mmap_offset args = { .handle = bo->handle };
	int ret = puck_call(fd, DRM_IOCTL_PUCK_GEM_MMAP_OFFSET, &args);
	void *map;

	if (ret)
		return ret;
	map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, args.offset);
	if (map == MAP_FAILED)
		return -errno;
	bo->map = map;
	return 0;
}

static inline int bo_close(int fd, struct bo *bo)
{
	struct drm_gem_close args = { .handle = bo->handle };

	if (bo->map)
		munmap(bo->map, bo->size);
	bo->map = NULL;
	return puck_call(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

static inline int bo_create(int fd, struct bo *bo, uint64_t size)
{
	struct drm_puck_gem_create args = { .size = size };
	int ret = puck_call(fd, DRM_IOCTL_PUCK_GEM_CREATE, &args);

	memset(bo, 0, sizeof(*bo));
	if (ret)
		return ret;
	bo->handle = args.handle;
	bo->size = args.size;
	ret = bo_mmap(fd, bo);
	if (ret)
		bo_close(fd, bo);
	return ret;
}

static inline int bo_info(int fd, const struct bo *bo, struct drm_puck_gem_info *info)
{
	memset(info, 0, sizeof(*info));
	info->handle = bo->handle;
	return puck_call(fd, DRM_IOCTL_PUCK_GEM_INFO, info);
}

/* Wait and hand the BO to the CPU; @timeout_ns from now on. */
static inline int bo_wait(int fd, const struct bo *bo, uint32_t flags, int64_t timeout_ns)
{
	struct drm_puck_gem_wait args = {
		.handle = bo->handle,
		.flags = flags,
		.timeout_ns = now_ns() + timeout_ns,
	};

	return puck_call(fd, DRM_IOCTL_PUCK_GEM_WAIT, &args);
}

/* Hand the BO to the device. */
static inline int bo_flush(int fd, const struct bo *bo)
{
	struct drm_puck_gem_flush args = { .handle = bo->handle };

	return puck_call(fd, DRM_IOCTL_PUCK_GEM_FLUSH, &args);
}

static inline int bo_export(int fd, const struct bo *bo)
{
	struct drm_prime_handle args = { .handle = bo->handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	int ret = puck_call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	return ret ? ret : args.fd;
}

/* Import a dma-buf; @size as the exporter has it. The BO is not mmapped. */
static inline int bo_import(int fd, struct bo *bo, int dmabuf, uint64_t size)
{
	struct drm_prime_handle args = { .fd = dmabuf };
	int ret = puck_call(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	memset(bo, 0, sizeof(*bo));
	bo->handle = args.handle;
	bo->size = size;
	return ret;
}

/* ---- commands and jobs ---- */

static inline struct drm_puck_cmd cmd_nop(void)
{
	return (struct drm_puck_cmd){ .op = PUCK_OP_NOP, .src = PUCK_NO_BO, .dst = PUCK_NO_BO };
}

static inline struct drm_puck_cmd cmd_fill(uint32_t dst, uint64_t offset, uint64_t length,
					   uint32_t value)
{
	return (struct drm_puck_cmd){ .op = PUCK_OP_FILL, .src = PUCK_NO_BO, .dst = dst,
				      .dst_offset = offset, .length = length, .value = value };
}

static inline struct drm_puck_cmd cmd_copy(uint32_t src, uint64_t src_offset, uint32_t dst,
					   uint64_t dst_offset, uint64_t length)
{
	return (struct drm_puck_cmd){ .op = PUCK_OP_COPY, .src = src, .dst = dst,
				      .src_offset = src_offset, .dst_offset = dst_offset,
				      .length = length };
}

static inline struct drm_puck_cmd cmd_blit(uint32_t src, uint64_t src_offset, uint32_t src_pitch,
					   uint32_t dst, uint64_t dst_offset, uint32_t dst_pitch,
					   uint32_t width, uint32_t height)
{
	return (struct drm_puck_cmd){ .op = PUCK_OP_BLIT, .src = src, .dst = dst,
				      .src_offset = src_offset, .dst_offset = dst_offset,
				      .src_pitch = src_pitch, .dst_pitch = dst_pitch,
				      .width = width, .height = height };
}

static inline struct drm_puck_cmd cmd_crc(uint32_t src, uint64_t offset, uint64_t length,
					  uint32_t dst, uint64_t dst_offset)
{
	return (struct drm_puck_cmd){ .op = PUCK_OP_CRC32C, .src = src, .dst = dst,
				      .src_offset = offset, .dst_offset = dst_offset,
				      .length = length };
}

static inline struct drm_puck_bo_ref ref_read(const struct bo *bo)
{
	return (struct drm_puck_bo_ref){ .handle = bo->handle, .flags = PUCK_BO_READ };
}

static inline struct drm_puck_bo_ref ref_write(const struct bo *bo)
{
	return (struct drm_puck_bo_ref){ .handle = bo->handle, .flags = PUCK_BO_WRITE };
}

static inline struct drm_puck_bo_ref ref_both(const struct bo *bo)
{
	return (struct drm_puck_bo_ref){ .handle = bo->handle,
					 .flags = PUCK_BO_READ | PUCK_BO_WRITE };
}

static inline struct drm_puck_submit job(uint32_t ring, const struct drm_puck_bo_ref *bos,
					 uint32_t nbos, const struct drm_puck_cmd *cmds,
					 uint32_t ncmds)
{
	return (struct drm_puck_submit){ .ring = ring, .bos = (uintptr_t)bos, .nbos = nbos,
					 .cmds = (uintptr_t)cmds, .ncmds = ncmds };
}

static inline int submit(int fd, struct drm_puck_submit *args)
{
	return puck_call(fd, DRM_IOCTL_PUCK_SUBMIT, args);
}

/* Submit with an out-fence; returns its descriptor. */
static inline int submit_fd(int fd, struct drm_puck_submit *args)
{
	int ret;

	args->flags |= PUCK_SUBMIT_OUT_FENCE_FD;
	ret = submit(fd, args);
	return ret ? ret : args->out_fence_fd;
}

/* ---- fences ---- */

/* 1: signalled, 0: not yet, negative: signalled with this error. */
static inline int fence_status(int fence)
{
	struct sync_file_info info = { 0 };

	if (ioctl(fence, SYNC_IOC_FILE_INFO, &info))
		return -errno;
	return info.status;
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

/* Wait for a fence and close it; returns its status. */
static inline int fence_result(int fence, int timeout_ms)
{
	int ret = fence_wait(fence, timeout_ms);

	if (!ret)
		ret = fence_status(fence);
	close(fence);
	return ret;
}

/* Submit and wait; 0 if the job completed without error. */
static inline int submit_wait(int fd, struct drm_puck_submit *args)
{
	int fence = submit_fd(fd, args);
	int ret;

	if (fence < 0)
		return fence;
	ret = fence_result(fence, FOREVER_MS);
	return ret == 1 ? 0 : ret ? ret : -ETIME;
}

static inline int syncobj_create(int fd, uint32_t *handle)
{
	struct drm_syncobj_create args = { 0 };
	int ret = puck_call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args);

	*handle = args.handle;
	return ret;
}

static inline int syncobj_destroy(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy args = { .handle = handle };

	return puck_call(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

/* Wait for a binary syncobj (@point 0) or a timeline point. */
static inline int syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.timeout_nsec = now_ns() + timeout_ns,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};

	return puck_call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

/*
 * How late the device is for a scenario. One with the bug has to be at its mistake by
 * then, on a machine that may have stopped it in between; the one without it waits.
 */
#define PUCK_LATE_BUGGY	"late=3000"
#define PUCK_LATE_FIXED	"late=100"

/* ---- debugfs ---- */

/* Write a knob of a ring: start_delay_ns, delay_ns, jitter_ns, seed, hold, ... */
static inline int puck_set(const struct puck *puck, unsigned int ring, const char *knob,
			   uint64_t value)
{
	char path[192];
	FILE *file;
	int ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/ring%u/%s", puck->pci, ring, knob);
	file = fopen(path, "w");
	if (!file)
		return -errno;
	ret = fprintf(file, "%llu\n", (unsigned long long)value) < 0 ? -errno : 0;
	return fclose(file) ? -errno : ret;
}

static inline long long puck_get(const struct puck *puck, unsigned int ring, const char *knob)
{
	long long value = -1;
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/ring%u/%s", puck->pci, ring, knob);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	if (fscanf(file, "%lld", &value) != 1)
		value = -EIO;
	fclose(file);
	return value;
}

/* How many lines of a debugfs file begin with @prefix. */
static inline int puck_count(const struct puck *puck, const char *name, const char *prefix)
{
	char path[192], line[256];
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/%s", puck->pci, name);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		count += !strncmp(line, prefix, strlen(prefix));
	fclose(file);
	return count;
}

/*
 * Waits until a debugfs file shows @count such lines: jobs and their BOs are
 * released behind the back of user space.
 */
static inline bool puck_count_becomes(const struct puck *puck, const char *name,
				      const char *prefix, int count)
{
	unsigned int looks = 0;
	int seen;

	while ((seen = puck_count(puck, name, prefix)) != count && patient(&looks))
		;
	return seen == count;
}

/*
 * Announce a complaint of the kernel that is meant to come; NULL: no more. It is
 * one write, as not every kernel's /dev/kmsg can be asked for its position, which
 * dprintf() does.
 */
static inline void kmsg_expect(const char *regex)
{
	char line[256] = "puck-expect: end\n";

	if (regex)
		snprintf(line, sizeof(line), "puck-expect: begin %s\n", regex);
	write_text("/dev/kmsg", line);
}

/* ---- models ---- */

static inline uint32_t crc32c(const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint32_t crc = ~0u;
	int bit;

	while (length--) {
		crc ^= *byte++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

/* SplitMix64: everything random in a test comes from one seed. */
static inline uint64_t rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline void rnd_fill(uint64_t *state, void *data, size_t length)
{
	uint8_t *byte = data;

	while (length--)
		*byte++ = rnd(state);
}

#endif /* PUCK_IOCTL_H */
