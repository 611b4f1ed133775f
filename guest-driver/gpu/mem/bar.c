// SPDX-License-Identifier: GPL-2.0-only
/*
 * BAR 2, which shows VRAM: what of it is for BOs, and what for drivers of other devices.
 *
 * Those that know nothing of dma-buf, and want pages, may have VRAM by pci_p2pdma: its end, as far
 * as BAR 2 shows it, gets struct pages of ZONE_DEVICE, and is a pool from which such a driver, or a
 * process by the file p2pmem/allocate in sysfs, takes what it needs. It is the pool's for as long
 * as the driver is bound; no BO is ever there. devres takes it back, when the driver has let go of
 * the device: mappings of processes go, and whoever is at work with the pages is waited for.
 *
 * What is there does not move. So it is lost when VRAM loses its power, and a transfer that
 * somebody has under way while others reset the function fails.
 */
#include <linux/io.h>
#include <linux/memremap.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/sizes.h>

#include <drm/drm_print.h>

#include "core/device.h"
#include "mem/bar.h"

static unsigned int puck_p2pmem_mb;
module_param_named(p2pmem_mb, puck_p2pmem_mb, uint, 0444);
MODULE_PARM_DESC(p2pmem_mb, "VRAM of each device that is for other drivers by pci_p2pdma, in MiB");

/* A process may map it, and is not to see what somebody else has left. */
static int puck_bar_clear(struct puck_device *puck, u64 offset, u64 size)
{
	void __iomem *at = ioremap_wc(pci_resource_start(puck->pdev, PUCK_GPU_BAR_VRAM) + offset,
				      size);

	if (!at)
		return -ENOMEM;
	memset_io(at, 0, size);
	iounmap(at);
	return 0;
}

static int puck_bar_lend(struct puck_device *puck)
{
	u64 bar = pci_resource_start(puck->pdev, PUCK_GPU_BAR_VRAM);
	u64 offset, size = (u64)puck_p2pmem_mb * SZ_1M;
	struct device *dev = puck->drm.dev;
	u64 align = memremap_compat_align();
	int ret;

	offset = puck->vram_visible - size;
	if (size >= puck->vram_visible || !IS_ALIGNED(size | (bar + offset), align))
		return dev_err_probe(dev, -EINVAL,
				     "p2pmem_mb=%u: not a multiple of %llu MiB below the %llu MiB in BAR %u\n",
				     puck_p2pmem_mb, align / SZ_1M, puck->vram_visible / SZ_1M,
				     PUCK_GPU_BAR_VRAM);
	ret = puck_bar_clear(puck, offset, size);
	if (!ret)
		ret = pci_p2pdma_add_resource(puck->pdev, PUCK_GPU_BAR_VRAM, size, offset);
	if (ret)
		return dev_err_probe(dev, ret, "p2pmem_mb=%u: no memory for other drivers\n",
				     puck_p2pmem_mb);
	puck->vram_visible = offset;
	puck->vram_lent = size;
	pci_p2pmem_publish(puck->pdev, true);
	return 0;
}

/*
 * Neither in a panic nor on the way of a fence can anything be mapped. There may be more of it than
 * the kernel has room for: then it does without.
 */
static void puck_bar_map(struct puck_device *puck)
{
	puck->vram_map = devm_ioremap_wc(puck->drm.dev,
					 pci_resource_start(puck->pdev, PUCK_GPU_BAR_VRAM),
					 puck->vram_visible);
	if (!puck->vram_map)
		drm_dbg(&puck->drm, "VRAM is neither drawn into in a panic nor cleared by the CPU\n");
}

/**
 * puck_bar_init - say what of VRAM is whose
 * @puck: the device, identified and reset
 *
 * devres undoes all of it.
 *
 * Return: 0; -EINVAL if there is no such part of VRAM as p2pmem_mb asks for; -EOPNOTSUPP if the
 * kernel has no pci_p2pdma; -ENOMEM.
 */
int puck_bar_init(struct puck_device *puck)
{
	struct device *dev = puck->drm.dev;
	int ret = puck_p2pmem_mb ? puck_bar_lend(puck) : 0;

	if (ret)
		return ret;
	/* Without it the CPU would have it uncached, whatever a mapping asks for. */
	ret = devm_arch_io_reserve_memtype_wc(dev,
					      pci_resource_start(puck->pdev, PUCK_GPU_BAR_VRAM),
					      puck->vram_visible);
	if (ret)
		return dev_err_probe(dev, ret, "cannot have VRAM write-combined\n");
	puck_bar_map(puck);
	return 0;
}
