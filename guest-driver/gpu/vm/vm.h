/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM: virtual addresses of a device, what is mapped there, and the tables that say so.
 */
#ifndef PUCK_VM_H
#define PUCK_VM_H

#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm.h>

#include "vm/pages.h"
#include "vm/pt.h"

struct dma_fence;
struct puck_device;
struct puck_queue;

#define PUCK_VA_END		BIT_ULL(PUCK_GPU_VA_BITS)
#define PUCK_VM_NO_NUMBER	(~0u)

/**
 * struct puck_vm - a VM
 * @base: mappings, under the VM's dma_resv lock. Held by each mapping, each update and, once
 *        for all of them, by @users
 * @puck: the device; held by @base
 * @users: the id in a file, and each queue for it; when there is none left, @close is queued
 * @node: in puck_device.vms
 * @number: what the device knows it by; PUCK_VM_NO_NUMBER after it was given back.
 *          Changes under puck_device.root_lock, when no job or update is left
 * @root_addr: where the device finds the root
 * @queue: of its updates, which are done one after the other. Its submit_lock orders whoever
 *         changes mappings, or submits jobs that use them
 * @pt: the tables as they will be; under the VM's dma_resv lock
 * @pages: tables and all else that the device reads
 * @sparse: what sparse mappings show, made with the first of them; under the dma_resv lock
 * @last: finished fence of the last update, or NULL; under the dma_resv lock
 * @lost: an update has failed: the tables are not what @pt says, and the device refuses
 *        them. Set in any context, never cleared
 * @updates: done, for debugfs; under the dma_resv lock
 * @close: ends it, when nobody can use it any more
 */
struct puck_vm {
	struct drm_gpuvm base;
	struct puck_device *puck;
	refcount_t users;
	struct list_head node;
	u32 number;
	u64 root_addr;
	struct puck_queue *queue;
	struct puck_pt pt;
	struct puck_pages pages;
	struct puck_page *sparse;
	struct dma_fence *last;
	bool lost;
	u64 updates;
	struct work_struct close;
};

static inline struct puck_vm *to_puck_vm(struct drm_gpuvm *vm)
{
	return container_of(vm, struct puck_vm, base);
}

/**
 * struct puck_va - a mapping
 * @base: what is mapped where
 * @readonly: the device may not write there
 * @link: in a list of an update's, before it is in the VM and after it was there. Then
 *        it holds the BO that it was of
 */
struct puck_va {
	struct drm_gpuva base;
	bool readonly;
	struct list_head link;
};

static inline struct puck_va *to_puck_va(struct drm_gpuva *va)
{
	return container_of(va, struct puck_va, base);
}

int puck_vms_init(struct puck_device *puck);
void puck_vms_fini(struct puck_device *puck);
void puck_vms_detach(struct puck_device *puck);
void puck_vms_settle(struct puck_device *puck);
struct puck_vm *puck_vms_next(struct puck_device *puck, struct puck_vm *vm);

struct puck_vm *puck_vm_create(struct puck_device *puck);
void puck_vm_use(struct puck_vm *vm);
void puck_vm_unuse(struct puck_vm *vm);
void puck_vm_queue_gone(struct drm_gpuvm *base);
void puck_vm_lose(struct puck_vm *vm);
int puck_vm_error(struct puck_vm *vm);
struct puck_pt_table *puck_vm_table_alloc(struct puck_vm *vm);
void puck_vm_tables_free(struct puck_vm *vm, struct list_head *tables);

int puck_vms_setup(void);
void puck_vms_exit(void);

#endif /* PUCK_VM_H */
