// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs of in-kernel clients. A client writes the tables itself, in memory that it mapped, and
 * tells the device of changes by jobs, or does not. So there is nothing here of what vm/ is
 * about: a client's VM is a number, and what VM_ROOT says.
 */
#include <linux/export.h>
#include <linux/idr.h>

#include "client/client.h"
#include "core/awake.h"
#include "core/device.h"
#include "puck/client.h"

/* Also drops what the device has kept of the VM. */
static void puck_client_set_root(struct puck_device *puck, u32 vm, u64 root)
{
	spin_lock_irq(&puck->root_lock);
	puck_device_set_root(puck, vm, root);
	spin_unlock_irq(&puck->root_lock);
}

/**
 * puck_client_num_vms - how many VMs the device has
 * @client: the client
 *
 * Return: their number, those in use among them; zero: it knows no page tables.
 */
unsigned int puck_client_num_vms(struct puck_client *client)
{
	return client->puck->vm_count;
}
EXPORT_SYMBOL_GPL(puck_client_num_vms);

/**
 * puck_client_vm_create - have the device use page tables of the client's
 * @client: the client
 * @root: DMA address of the first table (docs/specs/gpu.rst, "Page tables"); a page
 *
 * Context: may sleep.
 * Return: the VM's number, for jobs and for puck_client_vm_destroy(); -EINVAL for a @root that
 * cannot be one; -EOPNOTSUPP if the device has no VMs; -ENOSPC if all are in use; -ENOMEM;
 * -ENODEV.
 */
int puck_client_vm_create(struct puck_client *client, dma_addr_t root)
{
	struct puck_device *puck = client->puck;
	int vm, idx;

	if (root & ~PUCK_GPU_VM_ROOT_ADDR)
		return -EINVAL;
	if (!puck->vm_count)
		return -EOPNOTSUPP;
	if (!puck_awake_enter(puck, &idx))
		return -ENODEV;
	vm = ida_alloc_max(&puck->vm_numbers, puck->vm_count - 1, GFP_KERNEL);
	if (vm >= 0)
		puck_client_set_root(puck, vm, root | PUCK_GPU_VM_ROOT_VALID);
	puck_awake_exit(puck, idx);
	return vm;
}
EXPORT_SYMBOL_GPL(puck_client_vm_create);

/**
 * puck_client_vm_destroy - have the device forget page tables
 * @client: the client
 * @vm: from puck_client_vm_create(); all jobs that use it have completed
 *
 * Behind this the device looks at the tables no more, and keeps nothing of them.
 *
 * Context: may sleep.
 */
void puck_client_vm_destroy(struct puck_client *client, u32 vm)
{
	struct puck_device *puck = client->puck;
	int idx;

	if (puck_awake_enter(puck, &idx)) {
		puck_client_set_root(puck, vm, 0);
		puck_awake_exit(puck, idx);
	}
	ida_free(&puck->vm_numbers, vm);
}
EXPORT_SYMBOL_GPL(puck_client_vm_destroy);
