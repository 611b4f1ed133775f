// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls that tell what there is.
 */
#include <linux/mm.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/puck_drm.h>

#include "core/array.h"
#include "core/device.h"
#include "mem/mem.h"
#include "mem/userptr.h"
#include "sched/rings.h"
#include "submit/query.h"

#define PUCK_FEATURES \
	(DRM_PUCK_FEATURE_QUEUES | DRM_PUCK_FEATURE_REGIONS | DRM_PUCK_FEATURE_CACHING | \
	 DRM_PUCK_FEATURE_PLACEMENT | DRM_PUCK_FEATURE_REF_SYNC)

static u64 puck_features(struct puck_device *puck)
{
	return PUCK_FEATURES | (puck->vm_count ? DRM_PUCK_FEATURE_VM : 0) |
	       (PUCK_USERPTR_CAN ? DRM_PUCK_FEATURE_USERPTR : 0) |
	       (puck->num_heads ? DRM_PUCK_FEATURE_DISPLAY : 0) |
	       (puck->render ? DRM_PUCK_FEATURE_RENDER3D : 0);
}

static int puck_get_param(struct puck_device *puck, u32 param, u64 *value)
{
	switch (param) {
	case DRM_PUCK_PARAM_FEATURES:
		*value = puck_features(puck);
		return 0;
	case DRM_PUCK_PARAM_VRAM_SIZE:
		*value = puck_vram_room(puck);
		return 0;
	case DRM_PUCK_PARAM_SEG_LEN_MAX:
		*value = puck->seg_len_max;
		return 0;
	case DRM_PUCK_PARAM_TRANSLATED:
		*value = puck_device_is_translated(puck);
		return 0;
	case DRM_PUCK_PARAM_RINGS_COPY:
		*value = puck_rings_count(puck, PUCK_GPU_KIND_COPY);
		return 0;
	case DRM_PUCK_PARAM_RINGS_COMPUTE:
		*value = puck_rings_count(puck, PUCK_GPU_KIND_COMPUTE);
		return 0;
	case DRM_PUCK_PARAM_VMS:
		*value = puck->vm_count;
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * puck_ioctl_get_param - tell a limit or a property of the device
 * @dev: the device
 * @data: struct drm_puck_get_param
 * @file: the caller
 *
 * Return: 0, -EINVAL for an unknown parameter, -ENODEV.
 */
int puck_ioctl_get_param(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct drm_puck_get_param *args = data;
	int idx, ret;

	if (args->pad || args->value)
		return -EINVAL;
	if (!drm_dev_enter(dev, &idx))
		return -ENODEV;
	ret = puck_get_param(to_puck_device(dev), args->param, &args->value);
	drm_dev_exit(idx);
	return ret;
}

/**
 * puck_ioctl_get_regions - tell where BOs can be placed
 * @dev: the device
 * @data: struct drm_puck_get_regions
 * @file: the caller
 *
 * Return: 0, -EINVAL, -EFAULT.
 */
int puck_ioctl_get_regions(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct puck_device *puck = to_puck_device(dev);
	struct drm_puck_get_regions *args = data;
	struct drm_puck_region regions[] = {
		{
			.region = DRM_PUCK_REGION_SYSTEM,
			.used = puck_mem_used(puck->mem, DRM_PUCK_REGION_SYSTEM),
			.align = PAGE_SIZE,
		},
		{
			.region = DRM_PUCK_REGION_VRAM,
			.size = puck_vram_room(puck),
			.used = puck_mem_used(puck->mem, DRM_PUCK_REGION_VRAM),
			.align = PAGE_SIZE,
		},
	};
	u32 count = ARRAY_SIZE(regions);
	int ret;

	/* With too little room it is looked at all the same, for what is wrong with it. */
	ret = puck_array_write(&args->regions, regions,
			       args->regions.count < count ? 0 : count, sizeof(regions[0]),
			       offsetofend(struct drm_puck_region, align));
	if (!ret)
		args->regions.count = count;
	return ret;
}
