// SPDX-License-Identifier: GPL-2.0-only
/*
 * An IOMMU whose driver does nothing: it takes every mapping, keeps no table and
 * flushes nothing. A mapping by dma-iommu on top of it costs what the kernel's own
 * code costs, which no driver of an IOMMU can go below.
 *
 * For devices that do no DMA. It takes the PCI device whose name is given to it,
 * in a machine without any other IOMMU.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

static char *device;
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "name of the PCI device, 0000:02:00.0 say");

static struct iommu_device floor_iommu;

static int floor_attach(struct iommu_domain *domain, struct device *dev)
{
	return 0;
}

static int floor_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
		     size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped)
{
	*mapped += pgsize * pgcount;
	return 0;
}

static size_t floor_unmap(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			  size_t pgcount, struct iommu_iotlb_gather *gather)
{
	return pgsize * pgcount;
}

static void floor_flush_all(struct iommu_domain *domain)
{
}

static void floor_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
}

/* dma-iommu takes an address of 0 for a mapping that does not exist. */
static phys_addr_t floor_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	return iova;
}

static void floor_free(struct iommu_domain *domain)
{
	kfree(domain);
}

static const struct iommu_domain_ops floor_domain_ops = {
	.attach_dev = floor_attach,
	.map_pages = floor_map,
	.unmap_pages = floor_unmap,
	.flush_iotlb_all = floor_flush_all,
	.iotlb_sync = floor_sync,
	.iova_to_phys = floor_iova_to_phys,
	.free = floor_free,
};

static struct iommu_domain *floor_alloc_paging(struct device *dev)
{
	struct iommu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (!domain)
		return NULL;
	domain->ops = &floor_domain_ops;
	domain->pgsize_bitmap = SZ_4K | SZ_2M;
	domain->geometry.aperture_end = DMA_BIT_MASK(48);
	domain->geometry.force_aperture = true;
	return domain;
}

static bool floor_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY || cap == IOMMU_CAP_DEFERRED_FLUSH;
}

static struct iommu_device *floor_probe_device(struct device *dev)
{
	if (!dev_is_pci(dev) || !device || strcmp(dev_name(dev), device))
		return ERR_PTR(-ENODEV);
	return &floor_iommu;
}

static const struct iommu_ops floor_ops = {
	.capable = floor_capable,
	.domain_alloc_paging = floor_alloc_paging,
	.probe_device = floor_probe_device,
	.device_group = pci_device_group,
	.default_domain_ops = &floor_domain_ops,
	.owner = THIS_MODULE,
};

static int __init floor_init(void)
{
	int ret = iommu_device_sysfs_add(&floor_iommu, NULL, NULL, "puck-floor");

	if (ret)
		return ret;
	ret = iommu_device_register(&floor_iommu, &floor_ops, NULL);
	if (ret)
		iommu_device_sysfs_remove(&floor_iommu);
	return ret;
}
module_init(floor_init);

/* There is no exit: the device keeps this driver for the life of the guest. */

MODULE_DESCRIPTION("IOMMU driver with emptied callbacks");
MODULE_LICENSE("GPL");
