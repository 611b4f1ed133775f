// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device as a whole: how it is reached, and how it is silenced.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/pci.h>

#include "core/device.h"

/**
 * puck_device_init_pci - enable the PCI function and map its registers
 * @puck: the device; @puck->pdev is set
 *
 * devres undoes all of it.
 *
 * Return: 0 or a negative errno.
 */
int puck_device_init_pci(struct puck_device *puck)
{
	struct pci_dev *pdev = puck->pdev;
	struct device *dev = &pdev->dev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot enable the device\n");
	puck->regs = pcim_iomap_region(pdev, PUCK_GPU_BAR_REGS, "puck");
	if (IS_ERR(puck->regs))
		return dev_err_probe(dev, PTR_ERR(puck->regs), "cannot map the registers\n");
	ret = pcim_request_region(pdev, PUCK_GPU_BAR_VRAM, "puck vram");
	if (ret)
		return dev_err_probe(dev, ret, "cannot have VRAM\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(dev, ret, "no 64-bit DMA\n");
	return 0;
}

/**
 * puck_device_reset - reset the device: when this returns 0 it makes no access to memory
 * @puck: the device
 *
 * What it did before may be somebody else's work: of another driver, or of the
 * kernel that started this one by kexec.
 *
 * Context: may sleep; inside drm_dev_enter(), before there are users, or in remove.
 * Return: 0, -ENODEV if the device does not answer, -ETIMEDOUT.
 */
int puck_device_reset(struct puck_device *puck)
{
	u32 status;
	int ret;

	puck_write(puck, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
	/* RESETTING speaks for the rings, too. All ones is what nobody answers. */
	ret = readl_poll_timeout(puck->regs + PUCK_GPU_STATUS, status,
				 !(status & PUCK_GPU_STATUS_RESETTING) || status == ~0u,
				 PUCK_RESET_POLL_US, PUCK_RESET_TIMEOUT_US);
	if (status == ~0u)
		return -ENODEV;
	if (ret)
		dev_err(puck->drm.dev, "the device does not reset: %d\n", ret);
	return ret;
}

/**
 * puck_device_set_root - tell the device where the tables of a VM are
 * @puck: the device
 * @number: of the VM
 * @root: for VM_ROOT; zero for none
 *
 * What the device has kept of the VM is dropped.
 *
 * Context: any; inside drm_dev_enter(), with root_lock held.
 */
void puck_device_set_root(struct puck_device *puck, u32 number, u64 root)
{
	lockdep_assert_held(&puck->root_lock);

	puck->vm_root[number] = root;
	puck_write64(puck, PUCK_GPU_VM_ROOT(number), root);
	puck_write(puck, PUCK_GPU_VM_FLUSH, number);
}

/**
 * puck_device_restore_roots - tell a device that was reset where all tables are
 * @puck: the device; none of its rings works on a job
 *
 * Context: any; inside drm_dev_enter(), or in resume.
 */
void puck_device_restore_roots(struct puck_device *puck)
{
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&puck->root_lock, flags);
	for (i = 0; i < puck->vm_count; i++)
		puck_write64(puck, PUCK_GPU_VM_ROOT(i), puck->vm_root[i]);
	spin_unlock_irqrestore(&puck->root_lock, flags);
}

/**
 * puck_device_is_translated - see whether there is an IOMMU in front of memory
 * @puck: the device
 *
 * Context: inside drm_dev_enter().
 * Return: true if addresses are translated.
 */
bool puck_device_is_translated(struct puck_device *puck)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(puck->drm.dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}
