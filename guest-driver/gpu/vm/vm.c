// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs, from their making to their end.
 *
 * A VM is used by the file that has its id, and by each queue for it; a queue lives as long
 * as any of its jobs. So when nobody uses a VM any more, there is no job that could look at
 * its tables, and only updates of them may be on their way. Those are waited for in a work,
 * and then all is given back: mappings with the BOs they hold, tables, and last the number.
 */
#include <linux/dma-resv.h>
#include <linux/idr.h>
#include <linux/slab.h>
#include <linux/ww_mutex.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_managed.h>

#include "compat/gpu.h"
#include "core/awake.h"
#include "core/device.h"
#include "mem/lock.h"
#include "sched/queue.h"
#include "vm/bind.h"
#include "vm/exec.h"
#include "vm/vm.h"

/* Ends of VMs of all devices. */
static struct workqueue_struct *puck_vm_wq;

/* ---- tables ---- */

/**
 * puck_vm_table_alloc - make an empty table, and its memory
 * @vm: the VM
 *
 * Context: may sleep; inside drm_dev_enter().
 * Return: the table, or NULL.
 */
struct puck_pt_table *puck_vm_table_alloc(struct puck_vm *vm)
{
	struct puck_page *page = puck_page_alloc(&vm->pages, vm->puck->page_pool);
	struct puck_pt_table *table;

	if (!page)
		return NULL;
	table = puck_pt_table_alloc(page->dma);
	if (!table) {
		puck_page_free(&vm->pages, page);
		return NULL;
	}
	table->page = page;
	return table;
}

/**
 * puck_vm_tables_free - give tables and their memory back
 * @vm: the VM
 * @tables: struct puck_pt_table.node; the device does not look at them any more
 */
void puck_vm_tables_free(struct puck_vm *vm, struct list_head *tables)
{
	struct puck_pt_table *table, *next;

	list_for_each_entry_safe(table, next, tables, node) {
		list_del(&table->node);
		puck_page_free(&vm->pages, table->page);
		puck_pt_table_free(table);
		cond_resched();
	}
}

/* ---- what the device knows ---- */

/**
 * puck_vm_lose - have the device refuse a VM's addresses from now on
 * @vm: the VM, an update of which has failed
 *
 * What its tables say is not known any more, and may be memory that is somebody else's
 * soon. The update's fence is signalled after this, so jobs that wait for it find no tables.
 *
 * Context: any.
 */
void puck_vm_lose(struct puck_vm *vm)
{
	struct puck_device *puck = vm->puck;
	unsigned long flags;
	int idx;

	WRITE_ONCE(vm->lost, true);
	if (!drm_dev_enter(&puck->drm, &idx))
		return;
	spin_lock_irqsave(&puck->root_lock, flags);
	if (vm->number != PUCK_VM_NO_NUMBER)
		puck_device_set_root(puck, vm->number, 0);
	spin_unlock_irqrestore(&puck->root_lock, flags);
	drm_dev_exit(idx);
}

/* The device uses the VM's tables. */
static void puck_vm_show(struct puck_vm *vm)
{
	struct puck_device *puck = vm->puck;

	spin_lock_irq(&puck->root_lock);
	puck_device_set_root(puck, vm->number, vm->root_addr | PUCK_GPU_VM_ROOT_VALID);
	spin_unlock_irq(&puck->root_lock);
}

/* And never again. The number may be another VM's at once. */
static void puck_vm_hide(struct puck_vm *vm)
{
	struct puck_device *puck = vm->puck;
	bool there;
	u32 number;
	int idx;

	there = puck_awake_enter(puck, &idx);
	spin_lock_irq(&puck->root_lock);
	number = vm->number;
	vm->number = PUCK_VM_NO_NUMBER;
	if (there)
		puck_device_set_root(puck, number, 0);
	spin_unlock_irq(&puck->root_lock);
	if (there)
		puck_awake_exit(puck, idx);
	ida_free(&puck->vm_numbers, number);
}

/* ---- making ---- */

static void puck_vm_free(struct drm_gpuvm *base)
{
	struct puck_vm *vm = to_puck_vm(base);
	struct puck_device *puck = vm->puck;

	spin_lock(&puck->list_lock);
	list_del(&vm->node);
	spin_unlock(&puck->list_lock);
	WARN_ON_ONCE(!list_empty(&vm->pages.all));
	kfree(vm);
}

static const struct drm_gpuvm_ops puck_vm_ops = {
	.vm_free = puck_vm_free,
	.vm_bo_validate = puck_exec_validate_bo,
	.sm_step_map = puck_bind_step_map,
	.sm_step_remap = puck_bind_step_remap,
	.sm_step_unmap = puck_bind_step_unmap,
};

/* Updates are short, and others wait for them. */
static struct puck_queue *puck_vm_make_queue(struct puck_device *puck)
{
	struct puck_queue *queue = puck_queue_create_any(puck, PUCK_GPU_KIND_COPY,
							 DRM_SCHED_PRIORITY_HIGH);

	if (IS_ERR(queue) && PTR_ERR(queue) == -ENODEV)
		queue = puck_queue_create_any(puck, PUCK_GPU_KIND_COMPUTE,
					      DRM_SCHED_PRIORITY_HIGH);
	return queue;
}

static void puck_vm_close(struct work_struct *work);

/* Number and queue; on errors nothing is left. */
static int puck_vm_make_parts(struct puck_vm *vm)
{
	struct puck_device *puck = vm->puck;
	int number = ida_alloc_max(&puck->vm_numbers, puck->vm_count - 1, GFP_KERNEL);

	if (number < 0)
		return number;
	vm->number = number;
	vm->queue = puck_vm_make_queue(puck);
	if (IS_ERR(vm->queue)) {
		ida_free(&puck->vm_numbers, number);
		return PTR_ERR(vm->queue);
	}
	return 0;
}

/* All that cannot fail. */
static void puck_vm_begin(struct puck_vm *vm, struct puck_pt_table *root,
			  struct drm_gem_object *resv)
{
	struct puck_device *puck = vm->puck;

	puck_pt_init(&vm->pt, root);
	vm->root_addr = root->addr;
	refcount_set(&vm->users, 1);
	INIT_WORK(&vm->close, puck_vm_close);
	drm_gpuvm_init(&vm->base, "puck", DRM_GPUVM_RESV_PROTECTED, &puck->drm, resv, 0,
		       PUCK_VA_END, 0, 0, &puck_vm_ops);
	/* Of puck_vm_close(), which may drop the last reference to @base. */
	drm_dev_get(&puck->drm);
	spin_lock(&puck->list_lock);
	list_add_tail(&vm->node, &puck->vms);
	spin_unlock(&puck->list_lock);
	puck_vm_show(vm);
}

/**
 * puck_vm_create - make a VM in which nothing is mapped
 * @puck: the device
 *
 * Context: may sleep; inside drm_dev_enter().
 * Return: the VM with one user, to be given to puck_vm_unuse(); ERR_PTR(-EOPNOTSUPP) if the
 * device has none; -ENOSPC if all are in use; -ENOMEM.
 */
struct puck_vm *puck_vm_create(struct puck_device *puck)
{
	struct drm_gem_object *resv;
	struct puck_pt_table *root;
	struct puck_vm *vm;
	int ret = -ENOMEM;

	if (!puck->vm_count)
		return ERR_PTR(-EOPNOTSUPP);
	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->puck = puck;
	puck_pages_init(&vm->pages);
	root = puck_vm_table_alloc(vm);
	if (!root)
		goto err_vm;
	resv = drm_gpuvm_resv_object_alloc(&puck->drm);
	if (!resv)
		goto err_root;
	ret = puck_vm_make_parts(vm);
	if (ret)
		goto err_resv;
	puck_vm_begin(vm, root, resv);
	drm_gem_object_put(resv);
	return vm;

err_resv:
	drm_gem_object_put(resv);
err_root:
	puck_page_free(&vm->pages, root->page);
	puck_pt_table_free(root);
err_vm:
	kfree(vm);
	return ERR_PTR(ret);
}

/* ---- the end ---- */

/* Lock the VM, and a BO if that has a lock of its own. */
static void puck_vm_lock_both(struct dma_resv *one, struct dma_resv *other,
			      struct ww_acquire_ctx *ctx)
{
	ww_acquire_init(ctx, &reservation_ww_class);
	/* With DEBUG_WW_MUTEX_SLOWPATH anybody may be asked to back off. */
	if (dma_resv_lock(one, ctx))
		dma_resv_lock_slow(one, ctx);
	while (other != one && dma_resv_lock(other, ctx) == -EDEADLK) {
		dma_resv_unlock(one);
		dma_resv_lock_slow(other, ctx);
		swap(one, other);
	}
	ww_acquire_done(ctx);
}

static void puck_vm_drop(struct puck_vm *vm, struct drm_gpuva *base)
{
	struct dma_resv *resv = drm_gpuvm_resv(&vm->base);
	struct drm_gem_object *obj = base->gem.obj;
	struct dma_resv *other = obj ? obj->resv : resv;
	struct ww_acquire_ctx ctx;

	/* It must not go with a lock held. */
	if (obj)
		drm_gem_object_get(obj);
	puck_lock_enter(vm->puck->mem);
	puck_vm_lock_both(resv, other, &ctx);
	drm_gpuva_remove(base);
	drm_gpuva_unlink(base);
	if (other != resv)
		dma_resv_unlock(other);
	dma_resv_unlock(resv);
	ww_acquire_fini(&ctx);
	puck_lock_leave(vm->puck->mem);
	kfree(to_puck_va(base));
	if (obj)
		drm_gem_object_put(obj);
}

/* Whoever evicts a BO looks at its own list of VMs, so nobody but us is at the mappings. */
static void puck_vm_drop_all(struct puck_vm *vm)
{
	struct drm_gpuva *base, *next;

	drm_gpuvm_for_each_va_safe(base, next, &vm->base) {
		puck_vm_drop(vm, base);
		cond_resched();
	}
}

static void puck_vm_close(struct work_struct *work)
{
	struct puck_vm *vm = container_of(work, struct puck_vm, close);
	struct puck_device *puck = vm->puck;
	LIST_HEAD(tables);

	puck_queue_close(vm->queue, MAX_SCHEDULE_TIMEOUT);
	puck_queue_put(vm->queue);
	if (vm->last)
		dma_fence_wait(vm->last, false);
	dma_fence_put(vm->last);
	puck_vm_hide(vm);
	puck_vm_drop_all(vm);
	puck_pt_take_down(&vm->pt, &tables);
	puck_vm_tables_free(vm, &tables);
	if (vm->sparse)
		puck_page_free(&vm->pages, vm->sparse);
	/* Jobs of updates may still have it. */
	drm_gpuvm_put(&vm->base);
	drm_dev_put(&puck->drm);
}

/**
 * puck_vm_error - see why a VM takes nothing any more
 * @vm: the VM
 *
 * Return: 0 if it does; -EIO if it is lost; -ENODEV if that is so because the device goes.
 */
int puck_vm_error(struct puck_vm *vm)
{
	if (!READ_ONCE(vm->lost))
		return 0;
	return drm_dev_is_unplugged(&vm->puck->drm) ? -ENODEV : -EIO;
}

/**
 * puck_vm_use - count a user more
 * @vm: the VM, which has one
 */
void puck_vm_use(struct puck_vm *vm)
{
	refcount_inc(&vm->users);
}

/**
 * puck_vm_unuse - count a user less; with the last one the VM begins to end
 * @vm: the VM
 *
 * Context: any.
 */
void puck_vm_unuse(struct puck_vm *vm)
{
	if (refcount_dec_and_test(&vm->users))
		queue_work(puck_vm_wq, &vm->close);
}

/**
 * puck_vm_queue_gone - a queue for a VM has gone, and all its jobs
 * @base: the VM
 *
 * Context: any.
 */
void puck_vm_queue_gone(struct drm_gpuvm *base)
{
	puck_vm_unuse(to_puck_vm(base));
}

/* ---- all of a device ---- */

static void puck_vms_release(struct drm_device *dev, void *data)
{
	ida_destroy(&to_puck_device(dev)->vm_numbers);
}

/**
 * puck_vms_init - be ready for VMs
 * @puck: the device
 *
 * Return: 0 or -ENOMEM.
 */
int puck_vms_init(struct puck_device *puck)
{
	int ret;

	ida_init(&puck->vm_numbers);
	ret = drmm_add_action_or_reset(&puck->drm, puck_vms_release, NULL);
	if (ret)
		return ret;
	return puck->vm_count ? puck_pages_init_pools(puck) : 0;
}

/**
 * puck_vms_fini - undo puck_vms_init()
 * @puck: the device; its VMs are detached
 */
void puck_vms_fini(struct puck_device *puck)
{
	if (puck->vm_count)
		puck_pages_fini_pools(puck);
}

/**
 * puck_vms_next - go through the VMs of a device
 * @puck: the device
 * @vm: where to go on, with a reference to its @base; or NULL for the beginning
 *
 * Return: the VM behind @vm, with a reference to its @base; NULL behind the last one.
 */
struct puck_vm *puck_vms_next(struct puck_device *puck, struct puck_vm *vm)
{
	struct puck_vm *next;
	bool found = false;

	spin_lock(&puck->list_lock);
	next = vm ?: list_entry(&puck->vms, struct puck_vm, node);
	list_for_each_entry_continue(next, &puck->vms, node) {
		/* Some are on their way out. */
		found = kref_get_unless_zero(&next->base.kref);
		if (found)
			break;
	}
	spin_unlock(&puck->list_lock);
	return found ? next : NULL;
}

/**
 * puck_vms_detach - take the memory away that the device reads of VMs
 * @puck: the device, unplugged and silent
 */
void puck_vms_detach(struct puck_device *puck)
{
	struct puck_vm *vm = NULL, *next;

	while ((next = puck_vms_next(puck, vm))) {
		if (vm)
			drm_gpuvm_put(&vm->base);
		vm = next;
		puck_pages_detach(&vm->pages);
	}
	if (vm)
		drm_gpuvm_put(&vm->base);
}

/**
 * puck_vms_settle - wait for VMs on their way out
 * @puck: the device
 *
 * Context: may sleep, for as long as updates of such VMs are under way.
 */
void puck_vms_settle(struct puck_device *puck)
{
	struct puck_vm *vm = NULL, *next;

	while ((next = puck_vms_next(puck, vm))) {
		if (vm)
			drm_gpuvm_put(&vm->base);
		vm = next;
		flush_work(&vm->close);
	}
	if (vm)
		drm_gpuvm_put(&vm->base);
}

/**
 * puck_vms_setup - what VMs of all devices share
 *
 * Return: 0 or -ENOMEM.
 */
int puck_vms_setup(void)
{
	/* Each may wait for its fences, and none for another. */
	puck_vm_wq = alloc_workqueue("puck_vm", WQ_UNBOUND, 0);
	return puck_vm_wq ? 0 : -ENOMEM;
}

/**
 * puck_vms_exit - undo puck_vms_setup()
 *
 * Returns when the last VM has ended.
 */
void puck_vms_exit(void)
{
	destroy_workqueue(puck_vm_wq);
}
