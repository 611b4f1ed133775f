/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is mapped in a VM, and how that changes.
 */
#ifndef PUCK_BIND_H
#define PUCK_BIND_H

#include <linux/types.h>

struct drm_exec;
struct drm_gem_object;
struct drm_gpuva_op;
struct drm_gpuvm_bo;
struct puck_update;
struct puck_va;
struct puck_userptrs;
struct puck_vm;

/**
 * struct puck_bind - one step of a VM_BIND
 * @op: DRM_PUCK_BIND_*
 * @readonly: the device may not write there
 * @obj: MAP: the BO; a reference
 * @vm_bo: that BO in the VM, from puck_bind_prepare() to puck_bind_apply()
 * @offset: MAP: bytes in the BO
 * @addr: first address
 * @length: bytes; whole pages, within the VM and the BO
 */
struct puck_bind {
	u32 op;
	bool readonly;
	struct drm_gem_object *obj;
	struct drm_gpuvm_bo *vm_bo;
	u64 offset;
	u64 addr;
	u64 length;
};

int puck_bind_lock(struct puck_vm *vm, const struct puck_bind *binds, u32 count,
		   struct puck_userptrs *stale, struct drm_exec *exec);
int puck_bind_prepare(struct puck_update *update, struct puck_bind *binds, u32 count);
void puck_bind_apply(struct puck_update *update, struct puck_bind *binds, u32 count);
void puck_bind_remap(struct puck_update *update, struct puck_va *va);

int puck_bind_step_map(struct drm_gpuva_op *op, void *data);
int puck_bind_step_remap(struct drm_gpuva_op *op, void *data);
int puck_bind_step_unmap(struct drm_gpuva_op *op, void *data);

#endif /* PUCK_BIND_H */
