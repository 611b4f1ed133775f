// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices in charge: which instance each belongs to, its group, its
 * reserved regions, and the check that none is at work before we are.
 */

#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/slab.h>

#include "../compat/iommu.h"
#include "context.h"
#include "device.h"
#include "domain.h"
#include "instance.h"
#include "pgtable.h"

/*
 * A puck-iommu's own accesses are never translated, whichever instance is in charge of
 * its bus. Section "PCI identity".
 */
static bool device_is_iommu(struct pci_dev *pdev)
{
	return pdev->vendor == PUCK_IOMMU_PCI_VENDOR && pdev->device == PUCK_IOMMU_PCI_DEVICE;
}

/*
 * A driver that manages its DMA itself (those of bridges do no DMA at all) may
 * be there before us, any other has mapped memory without us by now.
 */
static bool device_has_dma_driver(struct pci_dev *pdev)
{
	return pdev->dev.driver && !to_pci_driver(pdev->dev.driver)->driver_managed_dma;
}

/* -EBUSY, and one line, if somebody uses the device. */
static int device_check_unclaimed(struct puck_iommu *iommu, struct pci_dev *pdev)
{
	struct device *dev = &iommu->pdev->dev;

	if (device_has_dma_driver(pdev)) {
		dev_err(dev,
			"%s is in charge here but %s has bound to it first: translation stays off; load puck-iommu before %s, or unbind it and load puck-iommu again\n",
			pci_name(pdev), pdev->dev.driver->name, pdev->dev.driver->name);
		return -EBUSY;
	}
	return 0;
}

/**
 * puck_iommu_check_unclaimed - may this instance begin?
 * @iommu: the instance, not registered yet
 *
 * Return: 0, or -EBUSY if a device in its charge is in use already; the log
 * says which and by whom.
 */
int puck_iommu_check_unclaimed(struct puck_iommu *iommu)
{
	struct pci_dev *pdev = NULL;
	int ret = 0;

	for_each_pci_dev(pdev) {
		if (device_is_iommu(pdev) || puck_iommu_find(pdev) != iommu)
			continue;
		if (device_iommu_mapped(&pdev->dev)) {
			dev_err(&iommu->pdev->dev,
				"%s is in charge here but another IOMMU driver has it: translation stays off\n",
				pci_name(pdev));
			ret = -EBUSY;
		} else {
			ret = device_check_unclaimed(iommu, pdev);
		}
		if (ret) {
			pci_dev_put(pdev);
			return ret;
		}
	}
	return 0;
}

static struct iommu_device *puck_iommu_probe_device(struct device *dev)
{
	struct puck_iommu_dev *pd;
	struct puck_iommu *iommu;
	int ret;

	if (!dev_is_pci(dev) || device_is_iommu(to_pci_dev(dev)))
		return ERR_PTR(-ENODEV);
	iommu = puck_iommu_find(to_pci_dev(dev));
	if (!iommu || !iommu->registered)
		return ERR_PTR(-ENODEV);
	/* A driver may have bound to the device since the instance looked for such. */
	ret = device_check_unclaimed(iommu, to_pci_dev(dev));
	if (ret)
		return ERR_PTR(ret);

	pd = kzalloc(sizeof(*pd), GFP_KERNEL);
	if (!pd)
		return ERR_PTR(-ENOMEM);
	pd->dev = dev;
	pd->iommu = iommu;
	ret = puck_iommu_context_alloc(pd);
	if (ret)
		goto free_pd;
	dev_iommu_priv_set(dev, pd);

	/*
	 * Suspended after, resumed and shut down before its IOMMU would be
	 * wrong. The link fails for bridges above the IOMMU, which do no DMA.
	 */
	if (!device_link_add(dev, &iommu->pdev->dev, DL_FLAG_STATELESS))
		dev_dbg(dev, "no order of suspend with %s\n", pci_name(iommu->pdev));
	return &iommu->iommu;

free_pd:
	kfree(pd);
	return ERR_PTR(ret);
}

static void puck_iommu_release_device(struct device *dev)
{
	struct puck_iommu_dev *pd = dev_iommu_priv_get(dev);

	device_link_remove(dev, &pd->iommu->pdev->dev);
	puck_iommu_context_clear(pd);
	kfree(pd);
}

static void puck_iommu_probe_finalize(struct device *dev)
{
	puck_compat_setup_dma_ops(dev);
}

/* Writes there are interrupts and pass by the tables: no IOVA must lie there. */
static void puck_iommu_get_resv_regions(struct device *dev, struct list_head *head)
{
	struct iommu_resv_region *msi;

	msi = iommu_alloc_resv_region(PUCK_IOMMU_MSI_BASE, PUCK_IOMMU_MSI_SIZE,
				      IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO, IOMMU_RESV_MSI,
				      GFP_KERNEL);
	if (msi)
		list_add_tail(&msi->list, head);
}

static bool puck_iommu_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY || puck_compat_is_deferred_flush(cap);
}

const struct iommu_ops puck_iommu_ops = {
	.capable = puck_iommu_capable,
#ifdef PUCK_HAVE_IOMMU_STATIC_DOMAINS
	.identity_domain = &puck_iommu_identity_domain,
	.blocked_domain = &puck_iommu_blocked_domain,
	.domain_alloc_paging = puck_iommu_domain_alloc_paging,
#else
	.domain_alloc = puck_iommu_domain_alloc,
#endif
	.probe_device = puck_iommu_probe_device,
	.release_device = puck_iommu_release_device,
	.probe_finalize = puck_iommu_probe_finalize,
	.device_group = pci_device_group,
	.get_resv_regions = puck_iommu_get_resv_regions,
	.default_domain_ops = &puck_iommu_paging_ops,
#ifdef PUCK_HAVE_IOMMU_OPS_PGSIZES
	.pgsize_bitmap = PUCK_IOMMU_PAGE_SIZES,
#endif
	.owner = THIS_MODULE,
};
