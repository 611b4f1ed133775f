/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The buddy allocator for VRAM: once DRM's, now all GPU drivers'.
 */
#ifndef PUCK_COMPAT_BUDDY_H
#define PUCK_COMPAT_BUDDY_H

#include <drm/drm_buddy.h>

#ifndef PUCK_HAVE_GPU_BUDDY
#define gpu_buddy			drm_buddy
#define gpu_buddy_block			drm_buddy_block
#define gpu_buddy_init			drm_buddy_init
#define gpu_buddy_fini			drm_buddy_fini
#define gpu_buddy_alloc_blocks		drm_buddy_alloc_blocks
#define gpu_buddy_free_list		drm_buddy_free_list
#define gpu_buddy_block_offset		drm_buddy_block_offset
#define gpu_buddy_block_size		drm_buddy_block_size
#define gpu_buddy_block_is_clear	drm_buddy_block_is_clear
#define GPU_BUDDY_RANGE_ALLOCATION	DRM_BUDDY_RANGE_ALLOCATION
#define GPU_BUDDY_TOPDOWN_ALLOCATION	DRM_BUDDY_TOPDOWN_ALLOCATION
#define GPU_BUDDY_CLEARED		DRM_BUDDY_CLEARED
#endif

#endif /* PUCK_COMPAT_BUDDY_H */
