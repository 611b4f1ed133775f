// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open file, and the queues and VMs in it.
 */
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/puck_drm.h>

#include "core/device.h"
#include "mem/mem.h"
#include "sched/job.h"
#include "sched/mover.h"
#include "sched/queue.h"
#include "submit/file.h"
#include "vm/vm.h"

/**
 * puck_file_open - make what an open file has
 * @dev: the device
 * @file: just opened
 *
 * Return: 0 or -ENOMEM.
 */
int puck_file_open(struct drm_device *dev, struct drm_file *file)
{
	struct puck_file *pfile = kzalloc(sizeof(*pfile), GFP_KERNEL);

	if (!pfile)
		return -ENOMEM;
	xa_init_flags(&pfile->queues, XA_FLAGS_ALLOC1);
	xa_init_flags(&pfile->vms, XA_FLAGS_ALLOC1);
	mutex_init(&pfile->render_lock);
	file->driver_priv = pfile;
	return 0;
}

/*
 * Nobody has the device open any more. What files have left to be done behind their backs,
 * jobs to be released, VMs to be ended, VRAM to be cleared, keeps fences, and these the module:
 * see the end of it, so that who closes the last file can remove the module then. Whoever else
 * has a fence of ours, or a job that takes its time, keeps the module rightly.
 */
static void puck_file_settle(struct puck_device *puck)
{
	/* To end one thing may be a job of another. */
	do {
		if (!puck_jobs_wait(puck))
			return;
		puck_vms_settle(puck);
		puck_mem_settle(puck->mem);
	} while (!puck_jobs_are_none(puck));
	puck_mover_settle(puck);
	/* Fences go a grace period after their last user. */
	rcu_barrier();
}

/**
 * puck_file_close - end all queues and VMs of an open file
 * @dev: the device
 * @file: no ioctl runs on it any more
 */
void puck_file_close(struct drm_device *dev, struct drm_file *file)
{
	/* For all of them together: there may be many, and somebody waits for the exit. */
	long timeout = MAX_WAIT_SCHED_ENTITY_Q_EMPTY;
	struct puck_file *pfile = file->driver_priv;
	struct puck_queue *queue;
	struct puck_vm *vm;
	unsigned long id;

	xa_for_each(&pfile->queues, id, queue) {
		timeout = puck_queue_close(queue, timeout);
		puck_queue_put(queue);
	}
	xa_destroy(&pfile->queues);
	xa_for_each(&pfile->vms, id, vm)
		puck_vm_unuse(vm);
	xa_destroy(&pfile->vms);
	mutex_destroy(&pfile->render_lock);
	kfree(pfile);
	if (list_empty(&dev->filelist))
		puck_file_settle(to_puck_device(dev));
}

/**
 * puck_file_add_queue - give a queue to an open file
 * @file: the file; takes the caller's reference over
 * @queue: the queue
 * @id: set to what the file calls it
 *
 * Return: 0; -ENOSPC if there are too many; -ENOMEM.
 */
int puck_file_add_queue(struct drm_file *file, struct puck_queue *queue, u32 *id)
{
	struct puck_file *pfile = file->driver_priv;
	int ret = xa_alloc(&pfile->queues, id, queue, XA_LIMIT(1, DRM_PUCK_QUEUES_MAX),
			   GFP_KERNEL);

	return ret == -EBUSY ? -ENOSPC : ret;
}

/**
 * puck_file_find_queue - look a queue of an open file up
 * @file: the file
 * @id: of the queue
 *
 * Return: the queue, to be given to puck_queue_put(); NULL if there is none.
 */
struct puck_queue *puck_file_find_queue(struct drm_file *file, u32 id)
{
	struct puck_file *pfile = file->driver_priv;
	struct puck_queue *queue;

	xa_lock(&pfile->queues);
	queue = xa_load(&pfile->queues, id);
	if (queue)
		puck_queue_get(queue);
	xa_unlock(&pfile->queues);
	return queue;
}

/**
 * puck_file_take_queue - take a queue away from an open file
 * @file: the file
 * @id: of the queue
 *
 * Return: the queue, with the reference that the file had; NULL if there is none.
 */
struct puck_queue *puck_file_take_queue(struct drm_file *file, u32 id)
{
	struct puck_file *pfile = file->driver_priv;

	return xa_erase(&pfile->queues, id);
}

/**
 * puck_file_add_vm - give a VM to an open file
 * @file: the file; counts as a user in the caller's place
 * @vm: the VM
 * @id: set to what the file calls it
 *
 * Return: 0 or -ENOMEM.
 */
int puck_file_add_vm(struct drm_file *file, struct puck_vm *vm, u32 *id)
{
	struct puck_file *pfile = file->driver_priv;

	return xa_alloc(&pfile->vms, id, vm, xa_limit_32b, GFP_KERNEL);
}

/**
 * puck_file_find_vm - look a VM of an open file up
 * @file: the file
 * @id: of the VM
 *
 * Return: the VM with a user more, to be given to puck_vm_unuse(); NULL if there is none.
 */
struct puck_vm *puck_file_find_vm(struct drm_file *file, u32 id)
{
	struct puck_file *pfile = file->driver_priv;
	struct puck_vm *vm;

	xa_lock(&pfile->vms);
	vm = xa_load(&pfile->vms, id);
	if (vm)
		puck_vm_use(vm);
	xa_unlock(&pfile->vms);
	return vm;
}

/**
 * puck_file_take_vm - take a VM away from an open file
 * @file: the file
 * @id: of the VM
 *
 * Return: the VM, with the file as a user; NULL if there is none.
 */
struct puck_vm *puck_file_take_vm(struct drm_file *file, u32 id)
{
	struct puck_file *pfile = file->driver_priv;

	return xa_erase(&pfile->vms, id);
}
