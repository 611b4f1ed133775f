/* SPDX-License-Identifier: MIT */
/* Memory regions of a device, and in which one a BO is. */
#ifndef LIB_GPU_REGION_H
#define LIB_GPU_REGION_H

#include <errno.h>
#include <stdint.h>

#include "lib/gpu/bo.h"
#include "lib/gpu/call.h"

static inline int region_get(int fd, uint32_t which, struct drm_puck_region *region)
{
	struct drm_puck_region regions[8] = { 0 };
	struct drm_puck_get_regions args = { .regions = puck_array(regions, 8) };
	int ret = puck_call(fd, DRM_IOCTL_PUCK_GET_REGIONS, &args);
	uint32_t i;

	for (i = 0; !ret && i < args.regions.count; i++) {
		if (regions[i].region == which) {
			*region = regions[i];
			return 0;
		}
	}
	return ret ? ret : -ENOENT;
}

/* DRM_PUCK_REGION_*, or a negative errno. */
static inline int bo_region(int fd, const struct bo *bo)
{
	struct drm_puck_gem_info info;
	int ret = bo_info(fd, bo, &info);

	return ret ? ret : (int)info.region;
}

static inline int bo_create_vram(int fd, struct bo *bo, uint64_t size)
{
	return bo_create_in(fd, bo, size, BO_VRAM, 0, DRM_PUCK_CACHING_DEFAULT);
}

#endif /* LIB_GPU_REGION_H */
