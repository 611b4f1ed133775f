// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is mapped in a VM, and how that changes. The mappings themselves, and which of
 * them a new one cuts, are drm_gpuvm's; here is what each of its steps does to the tables.
 *
 * An update of many steps is done wholly or not at all: what any of them may take is
 * counted and allocated first, from what is mapped before the first of them. Then none
 * fails.
 */
#include <linux/dma-resv.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/puck_drm.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/lock.h"
#include "mem/userptr.h"
#include "vm/bind.h"
#include "vm/exec.h"
#include "vm/pieces.h"
#include "vm/update.h"
#include "vm/vm.h"

/* A new mapping, and what is left on both sides of one that it cuts. */
#define PUCK_BIND_VAS	3

/**
 * struct puck_bind_step - what drm_gpuvm's steps are told
 * @update: what they are part of
 * @bind: which they come from
 */
struct puck_bind_step {
	struct puck_update *update;
	const struct puck_bind *bind;
};

static u64 puck_bind_rights(bool readonly)
{
	return readonly ? PUCK_GPU_PTE_READ : PUCK_GPU_PTE_READ | PUCK_GPU_PTE_WRITE;
}

/* ---- before: locks, and all that can fail ---- */

static int puck_bind_lock_one(struct puck_vm *vm, const struct puck_bind *bind,
			      struct drm_exec *exec)
{
	int ret = 0;

	if (bind->obj)
		ret = drm_exec_lock_obj(exec, bind->obj);
	if (!ret)
		ret = drm_gpuvm_prepare_range(&vm->base, exec, bind->addr, bind->length, 0);
	return ret;
}

/* Of what goes from the VM, memory of a process may be no more. */
static int puck_bind_prepare_userptrs(const struct puck_bind *binds, u32 count,
				      struct puck_userptrs *stale)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < count; i++)
		if (binds[i].obj)
			ret = puck_userptr_prepare_bo(to_puck_bo(binds[i].obj), stale);
	/* @binds has references to all of them. */
	if (ret)
		puck_userptrs_drop(stale);
	return !ret && stale->count ? PUCK_USERPTR_STALE : ret;
}

static int puck_bind_validate_all(const struct puck_bind *binds, u32 count)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < count; i++)
		if (binds[i].obj)
			ret = puck_bo_validate(to_puck_bo(binds[i].obj));
	return ret;
}

/**
 * struct puck_bind_locking - what is to be locked
 * @vm: whose mappings change
 * @binds: how
 * @count: steps
 * @stale: memory of processes that has to be looked up first
 */
struct puck_bind_locking {
	struct puck_vm *vm;
	const struct puck_bind *binds;
	u32 count;
	struct puck_userptrs *stale;
};

/* A puck_lock_needs_fn: what is to be mapped comes back behind it. */
static bool puck_bind_needs(struct puck_bo *bo, void *data)
{
	struct puck_bind_locking *locking = data;

	return puck_exec_needs(locking->vm, bo);
}

/* Lock all, and bring to its place what is to be mapped; a puck_lock_fn. */
static int puck_bind_place_all(struct drm_exec *exec, bool alone, void *data)
{
	struct puck_bind_locking *locking = data;
	struct puck_vm *vm = locking->vm;
	int ret;
	u32 i;

	ret = drm_gpuvm_prepare_vm(&vm->base, exec, 0);
	for (i = 0; !ret && i < locking->count; i++)
		ret = puck_bind_lock_one(vm, &locking->binds[i], exec);
	if (!ret)
		ret = puck_bind_prepare_userptrs(locking->binds, locking->count, locking->stale);
	if (!ret && alone)
		ret = puck_lock_make_room(vm->puck->mem, exec, puck_bind_needs, locking);
	if (!ret)
		ret = puck_bind_validate_all(locking->binds, locking->count);
	return ret ?: puck_lock_reserve(exec, 1);
}

/**
 * puck_bind_lock - lock a VM, and the BOs whose mappings change
 * @vm: the VM
 * @binds: the steps
 * @count: how many
 * @stale: empty; memory of processes that has to be looked up first
 * @exec: to be initialised here; puck_unlock() unlocks
 *
 * What is to be mapped is brought to where it can be.
 *
 * Context: process, inside drm_dev_enter(); the submit_lock of the VM's queue is held.
 * Return: 0 with all of them locked, and a slot for a fence in each; -EINTR or -ERESTARTSYS;
 * what puck_bo_validate() may say, and PUCK_USERPTR_STALE. On errors @exec is finished already.
 */
int puck_bind_lock(struct puck_vm *vm, const struct puck_bind *binds, u32 count,
		   struct puck_userptrs *stale, struct drm_exec *exec)
{
	struct puck_bind_locking locking = {
		.vm = vm, .binds = binds, .count = count, .stale = stale,
	};

	return puck_lock(vm->puck->mem, exec, count + 1, puck_bind_place_all, &locking);
}

/* Add what a step may take to the need. */
static void puck_bind_count(struct puck_vm *vm, const struct puck_bind *bind,
			    struct puck_update_need *need)
{
	u64 there = puck_pt_count(&vm->pt, bind->addr, bind->length);
	u64 cover = there;

	if (bind->op != DRM_PUCK_BIND_UNMAP)
		cover = puck_pt_cover(bind->addr, bind->length);
	need->tables += cover - there;
	need->written += cover;
	need->vas += PUCK_BIND_VAS;
}

static int puck_bind_prepare_sparse(struct puck_vm *vm)
{
	if (!vm->sparse)
		vm->sparse = puck_page_alloc(&vm->pages, vm->puck->sparse_pool);
	return vm->sparse ? 0 : -ENOMEM;
}

static int puck_bind_prepare_map(struct puck_vm *vm, struct puck_bind *bind)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret;

	ret = puck_pieces_check(to_puck_bo(bind->obj), bind->offset, bind->length);
	if (ret)
		return ret;
	vm_bo = puck_compat_gpuvm_bo_obtain(&vm->base, bind->obj);
	if (IS_ERR(vm_bo))
		return PTR_ERR(vm_bo);
	drm_gpuvm_bo_extobj_add(vm_bo);
	bind->vm_bo = vm_bo;
	return 0;
}

static int puck_bind_prepare_one(struct puck_vm *vm, struct puck_bind *bind)
{
	switch (bind->op) {
	case DRM_PUCK_BIND_MAP:
		return puck_bind_prepare_map(vm, bind);
	case DRM_PUCK_BIND_MAP_SPARSE:
		return puck_bind_prepare_sparse(vm);
	default:
		return 0;
	}
}

/* The BOs themselves are held by whoever has the steps. */
static void puck_bind_put_vm_bos(struct puck_bind *binds, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		drm_gpuvm_bo_put(binds[i].vm_bo);
		binds[i].vm_bo = NULL;
	}
}

/**
 * puck_bind_prepare - do all that can fail
 * @update: not armed yet
 * @binds: the steps
 * @count: how many
 *
 * Context: may sleep; inside drm_dev_enter(), with all locks of puck_bind_lock() held.
 * Return: 0, and puck_bind_apply() has to follow; -EIO if the VM is lost; -EINVAL for an
 * imported BO that is not made of pages; -E2BIG if this is more than one job can do; -ENOMEM;
 * -ENODEV.
 */
int puck_bind_prepare(struct puck_update *update, struct puck_bind *binds, u32 count)
{
	struct puck_update_need need = { 0 };
	struct puck_vm *vm = update->vm;
	bool takes_away = false;
	int ret;
	u32 i;

	ret = puck_vm_error(vm);
	if (ret)
		return ret;
	for (i = 0; i < count; i++) {
		puck_bind_count(vm, &binds[i], &need);
		takes_away |= !drm_gpuvm_interval_empty(&vm->base, binds[i].addr,
							binds[i].length);
	}
	ret = puck_update_reserve(update, &need);
	if (!ret && takes_away)
		ret = puck_update_wait_for_jobs(update);
	for (i = 0; !ret && i < count; i++)
		ret = puck_bind_prepare_one(vm, &binds[i]);
	if (ret)
		puck_bind_put_vm_bos(binds, count);
	return ret;
}

/* ---- the steps: nothing fails ---- */

static void puck_bind_map_sparse(struct puck_vm *vm, struct list_head *spare, u64 va, u64 length)
{
	u64 rights = puck_bind_rights(false), end = va + length, next;

	/* The same 64 KiB over and over, in which an address has its place. */
	for (; va < end; va = next) {
		next = min(ALIGN_DOWN(va, PUCK_GPU_PAGE_SIZE_BIG) + PUCK_GPU_PAGE_SIZE_BIG, end);
		puck_pt_map(&vm->pt, spare, va, next - va,
			    (vm->sparse->dma + va % PUCK_GPU_PAGE_SIZE_BIG) | rights);
	}
}

int puck_bind_step_map(struct drm_gpuva_op *op, void *data)
{
	struct puck_bind_step *step = data;
	const struct puck_bind *bind = step->bind;
	struct puck_update *update = step->update;
	struct puck_va *va = puck_update_take_va(update);
	struct puck_vm *vm = update->vm;

	va->readonly = bind->readonly;
	drm_gpuva_map(&vm->base, &va->base, &op->map);
	if (bind->obj) {
		drm_gpuva_link(&va->base, bind->vm_bo);
		puck_pieces_map(vm, &update->spare, bind->addr, to_puck_bo(bind->obj),
				bind->offset, bind->length, puck_bind_rights(bind->readonly));
	} else {
		va->base.flags |= DRM_GPUVA_SPARSE;
		puck_bind_map_sparse(vm, &update->spare, bind->addr, bind->length);
	}
	return 0;
}

/* What is left of a mapping that is cut, on one side. */
static struct puck_va *puck_bind_rest(struct puck_update *update, const struct puck_va *old)
{
	struct puck_va *va = puck_update_take_va(update);

	va->readonly = old->readonly;
	va->base.flags = old->base.flags;
	return va;
}

int puck_bind_step_remap(struct drm_gpuva_op *op, void *data)
{
	struct puck_bind_step *step = data;
	struct puck_update *update = step->update;
	struct drm_gpuva_op_remap *remap = &op->remap;
	struct puck_va *old = to_puck_va(remap->unmap->va);
	struct puck_va *prev = remap->prev ? puck_bind_rest(update, old) : NULL;
	struct puck_va *next = remap->next ? puck_bind_rest(update, old) : NULL;
	u64 addr, length;

	drm_gpuva_op_remap_to_unmap_range(remap, &addr, &length);
	puck_pt_unmap(&update->vm->pt, addr, length);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, remap);
	/* Before the old one goes, and with it perhaps the BO in this VM. */
	if (prev)
		drm_gpuva_link(&prev->base, old->base.vm_bo);
	if (next)
		drm_gpuva_link(&next->base, old->base.vm_bo);
	puck_update_drop_va(update, old);
	return 0;
}

int puck_bind_step_unmap(struct drm_gpuva_op *op, void *data)
{
	struct puck_bind_step *step = data;
	struct puck_va *va = to_puck_va(op->unmap.va);

	puck_pt_unmap(&step->update->vm->pt, va->base.va.addr, va->base.va.range);
	drm_gpuva_unmap(&op->unmap);
	puck_update_drop_va(step->update, va);
	return 0;
}

/**
 * puck_bind_apply - change what is mapped, and write the update's commands
 * @update: prepared
 * @binds: the steps
 * @count: how many
 *
 * Context: as puck_bind_prepare(). Cannot fail.
 */
void puck_bind_apply(struct puck_update *update, struct puck_bind *binds, u32 count)
{
	struct puck_vm *vm = update->vm;
	u32 i;

	for (i = 0; i < count; i++) {
		struct puck_bind *bind = &binds[i];
		struct puck_bind_step step = { .update = update, .bind = bind };
		int ret;

		if (bind->op == DRM_PUCK_BIND_UNMAP)
			ret = drm_gpuvm_sm_unmap(&vm->base, &step, bind->addr, bind->length);
		else
			ret = puck_compat_gpuvm_sm_map(&vm->base, &step, bind->addr, bind->length,
						       bind->obj, bind->offset);
		/* The range is a good one, and our steps do not fail. */
		WARN_ON_ONCE(ret);
		cond_resched();
	}
	puck_update_write(update);
	puck_bind_put_vm_bos(binds, count);
}

/**
 * puck_bind_remap - map a BO again that has moved
 * @update: with enough reserved
 * @va: a mapping of the BO, which is validated
 *
 * Context: as puck_bind_prepare(). Cannot fail.
 */
void puck_bind_remap(struct puck_update *update, struct puck_va *va)
{
	struct drm_gpuva *base = &va->base;

	puck_pt_unmap(&update->vm->pt, base->va.addr, base->va.range);
	puck_pieces_map(update->vm, &update->spare, base->va.addr, to_puck_bo(base->gem.obj),
			base->gem.offset, base->va.range, puck_bind_rights(va->readonly));
}
