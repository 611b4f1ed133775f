/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BOs as the CPU sees them.
 */
#ifndef PUCK_FAULT_H
#define PUCK_FAULT_H

#include <linux/mm.h>

struct drm_gem_object;
struct iosys_map;
struct puck_bo;
struct ttm_buffer_object;
struct ttm_device;
struct ttm_resource;

extern const struct vm_operations_struct puck_fault_ops;

int puck_bo_take(struct puck_bo *bo, bool write);

int puck_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
int puck_gem_pin(struct drm_gem_object *obj);
void puck_gem_unpin(struct drm_gem_object *obj);
int puck_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map);
void puck_gem_vunmap(struct drm_gem_object *obj, struct iosys_map *map);

int puck_fault_reserve(struct ttm_device *bdev, struct ttm_resource *res);
unsigned long puck_fault_pfn(struct ttm_buffer_object *tbo, unsigned long page);

#endif /* PUCK_FAULT_H */
