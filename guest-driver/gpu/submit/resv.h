/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Implicit synchronisation of a job.
 */
#ifndef PUCK_RESV_H
#define PUCK_RESV_H

#include <linux/types.h>

struct dma_fence;
struct drm_exec;
struct puck_job;
struct puck_userptrs;
struct puck_vm;

int puck_resv_lock(struct puck_job *job, struct puck_vm *vm, struct puck_userptrs *stale,
		   struct drm_exec *exec);
int puck_resv_wait_for(struct puck_job *job, bool implicit);
void puck_resv_add_fence(struct puck_job *job, struct dma_fence *fence);

#endif /* PUCK_RESV_H */
