/* SPDX-License-Identifier: MIT */
/* Buffer objects of puck.ko, with their pages. */
#ifndef LIB_GPU_BO_H
#define LIB_GPU_BO_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/clock.h"
#include "lib/gpu/call.h"

/* A buffer object with its pages. */
struct bo {
	uint32_t handle;
	uint64_t size;
	uint8_t *map;
};

/* From where its driver says that it is in the DRM file. */
static inline int bo_mmap_at(int fd, struct bo *bo, uint64_t offset)
{
	void *map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	bo->map = map;
	return 0;
}

static inline int bo_mmap(int fd, struct bo *bo)
{
	struct drm_puck_gem_mmap_offset args = { .handle = bo->handle };
	int ret = puck_call(fd, DRM_IOCTL_PUCK_GEM_MMAP_OFFSET, &args);

	return ret ? ret : bo_mmap_at(fd, bo, args.offset);
}

static inline int bo_close(int fd, struct bo *bo)
{
	struct drm_gem_close args = { .handle = bo->handle };

	if (bo->map)
		munmap(bo->map, bo->size);
	bo->map = NULL;
	return puck_call(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

enum {
	BO_SYSTEM = 1 << DRM_PUCK_REGION_SYSTEM,
	BO_VRAM = 1 << DRM_PUCK_REGION_VRAM,
};

/* Where @placements (BO_*) say, for the CPU as @caching (DRM_PUCK_CACHING_*) says. */
static inline int bo_create_in(int fd, struct bo *bo, uint64_t size, uint32_t placements,
			       uint32_t flags, uint32_t caching)
{
	struct drm_puck_gem_create args = {
		.size = size,
		.placements = placements,
		.flags = flags,
		.caching = caching,
	};
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

/* Memory of the system, in as many pieces as there are pages: what most tests are for. */
static inline int bo_create_cached(int fd, struct bo *bo, uint64_t size, uint32_t caching)
{
	return bo_create_in(fd, bo, size, BO_SYSTEM, DRM_PUCK_GEM_SCATTERED, caching);
}

static inline int bo_create(int fd, struct bo *bo, uint64_t size)
{
	return bo_create_cached(fd, bo, size, DRM_PUCK_CACHING_DEFAULT);
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

#endif /* LIB_GPU_BO_H */
