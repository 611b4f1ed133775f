// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device as a whole: what it is, what it can do, how it is silenced.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/puck_drm.h>

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
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(dev, ret, "no 64-bit DMA\n");
	return 0;
}

/**
 * puck_device_identify - see what the device is and what it can do
 * @puck: the device, its registers mapped; its limits are filled in
 * @num_rings: set to how many rings it has
 *
 * Return: 0, or -ENODEV if it is no puck-gpu of a kind that the driver knows.
 */
int puck_device_identify(struct puck_device *puck, u32 *num_rings)
{
	struct device *dev = puck->drm.dev;
	u32 magic = puck_read(puck, PUCK_GPU_MAGIC);
	u32 version = puck_read(puck, PUCK_GPU_VERSION);

	if (magic != PUCK_GPU_MAGIC_VALUE)
		return dev_err_probe(dev, -ENODEV, "bad magic %#x\n", magic);
	if ((version ^ PUCK_GPU_VERSION_VALUE) & PUCK_GPU_VERSION_MAJOR)
		return dev_err_probe(dev, -ENODEV, "unknown version %#x\n", version);

	*num_rings = puck_read(puck, PUCK_GPU_NUM_RINGS);
	puck->vram_size = puck_read64(puck, PUCK_GPU_VRAM_SIZE);
	puck->seg_len_max = puck_read(puck, PUCK_GPU_SEG_LEN_MAX);
	puck->segs_max = puck_read(puck, PUCK_GPU_SEGS_MAX);
	if (!*num_rings || *num_rings > PUCK_GPU_RINGS_MAX || !puck->seg_len_max)
		return dev_err_probe(dev, -ENODEV, "bad limits\n");
	return 0;
}

/* The device's RESET is done when no ring is on, or still at work on a reset. */
static int puck_reset_done(struct puck_device *puck, u32 num_rings)
{
	u32 i, val;
	int ret;

	for (i = 0; i < num_rings; i++) {
		ret = readl_poll_timeout(puck->regs + PUCK_GPU_RING(i) + PUCK_GPU_RING_CTRL, val,
					 !val || val == ~0u, PUCK_RESET_POLL_US,
					 PUCK_RESET_TIMEOUT_US);
		if (!ret && val)
			ret = -ENODEV;
		if (ret)
			return ret;
	}
	ret = readl_poll_timeout(puck->regs + PUCK_GPU_CTRL, val,
				 !(val & PUCK_GPU_CTRL_RESET) || val == ~0u,
				 PUCK_RESET_POLL_US, PUCK_RESET_TIMEOUT_US);
	return ret ?: val == ~0u ? -ENODEV : 0;
}

/**
 * puck_device_reset - reset the device: when this returns 0 it makes no access to memory
 * @puck: the device
 * @num_rings: rings that it has
 *
 * What it did before may be somebody else's work: of another driver, or of the
 * kernel that started this one by kexec.
 *
 * Context: may sleep; inside drm_dev_enter(), before there are users, or in remove.
 * Return: 0, -ENODEV if the device does not answer, -ETIMEDOUT.
 */
int puck_device_reset(struct puck_device *puck, u32 num_rings)
{
	int ret;

	puck_write(puck, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
	ret = puck_reset_done(puck, num_rings);
	if (ret && ret != -ENODEV)
		dev_err(puck->drm.dev, "the device does not reset: %d\n", ret);
	return ret;
}

static u64 puck_device_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

/**
 * puck_ioctl_getparam - tell a limit or a property of the device
 * @dev: the device
 * @data: struct drm_puck_getparam
 * @file: the caller
 *
 * Return: 0, -EINVAL for an unknown parameter, -ENODEV.
 */
int puck_ioctl_getparam(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct puck_device *puck = to_puck_device(dev);
	struct drm_puck_getparam *args = data;
	int idx, ret = 0;

	if (args->pad)
		return -EINVAL;
	if (!drm_dev_enter(dev, &idx))
		return -ENODEV;

	switch (args->param) {
	case PUCK_PARAM_NUM_RINGS:
		args->value = puck->num_rings;
		break;
	case PUCK_PARAM_VRAM_SIZE:
		args->value = puck->vram_size;
		break;
	case PUCK_PARAM_SEG_LEN_MAX:
		args->value = puck->seg_len_max;
		break;
	case PUCK_PARAM_TRANSLATED:
		args->value = puck_device_translated(dev->dev);
		break;
	default:
		ret = -EINVAL;
	}
	drm_dev_exit(idx);
	return ret;
}
