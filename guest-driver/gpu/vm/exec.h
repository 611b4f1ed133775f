/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs that use addresses of a VM.
 */
#ifndef PUCK_EXEC_H
#define PUCK_EXEC_H

struct dma_fence;
struct drm_exec;
struct drm_gpuvm_bo;
struct puck_job;
struct puck_vm;

/*
 * Fences that such a job leaves in one dma_resv: its own, as WRITE and as READ if two BOs
 * with the same one are listed so, else as BOOKKEEP; and that of an update in front of it.
 */
#define PUCK_EXEC_FENCES	3

int puck_exec_lock(struct puck_vm *vm, struct drm_exec *exec);
bool puck_exec_needs(struct puck_vm *vm, struct puck_bo *bo);
int puck_exec_validate(struct puck_vm *vm, struct drm_exec *exec);
int puck_exec_prepare(struct puck_vm *vm, struct puck_job *job, struct drm_exec *exec);
void puck_exec_add_fence(struct puck_vm *vm, struct drm_exec *exec, struct dma_fence *fence);

int puck_exec_validate_bo(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec);

#endif /* PUCK_EXEC_H */
