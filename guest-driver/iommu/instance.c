// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-iommu.ko: the driver of the puck-iommu function. Here: finding the
 * function, starting and stopping it. Contract: docs/specs/iommu.rst.
 */

#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/reboot.h>

#include "context.h"
#include "device.h"
#include "domain.h"
#include "fault.h"
#include "instance.h"
#include "sysfs.h"

/* Instances that are ready to translate. */
static LIST_HEAD(puck_iommus);
static DEFINE_MUTEX(puck_iommus_lock);
static DEFINE_IDA(puck_iommu_ids);

/*
 * Set when all functions present at load time have been probed. Registration
 * waits for it: only then it is known which instance has the narrowest scope.
 */
static bool puck_iommu_settled;

static unsigned int scope_width(struct puck_iommu *iommu, struct pci_dev *pdev)
{
	u32 n, count = min_t(u32, readl(iommu->regs + PUCK_IOMMU_SCOPE_COUNT),
			     PUCK_IOMMU_SCOPE_MAX);
	unsigned int width = UINT_MAX;

	if (pci_domain_nr(iommu->pdev->bus) != pci_domain_nr(pdev->bus))
		return width;
	for (n = 0; n < count; n++) {
		u32 scope = readl(iommu->regs + PUCK_IOMMU_SCOPE(n));
		unsigned int first = FIELD_GET(PUCK_IOMMU_SCOPE_BUS_FIRST, scope);
		unsigned int last = FIELD_GET(PUCK_IOMMU_SCOPE_BUS_LAST, scope);

		if ((scope & PUCK_IOMMU_SCOPE_VALID) &&
		    pdev->bus->number >= first && pdev->bus->number <= last)
			width = min(width, last - first);
	}
	return width;
}

/**
 * puck_iommu_find - which instance translates for a device
 * @pdev: the device
 *
 * Of several scopes that hold the device's bus the narrowest counts, section
 * "SCOPE(n)".
 *
 * Return: the instance, or NULL if the device is in nobody's charge.
 */
struct puck_iommu *puck_iommu_find(struct pci_dev *pdev)
{
	struct puck_iommu *iommu, *found = NULL;
	unsigned int width, best = UINT_MAX;

	mutex_lock(&puck_iommus_lock);
	list_for_each_entry(iommu, &puck_iommus, node) {
		width = scope_width(iommu, pdev);
		if (width < best) {
			best = width;
			found = iommu;
		}
	}
	mutex_unlock(&puck_iommus_lock);
	return found;
}

/**
 * puck_iommu_for_each - do something for every instance
 * @fn: what; the first error ends it
 * @arg: for @fn
 *
 * Context: May sleep. @fn is called with puck_iommus_lock held.
 * Return: what @fn returned last, or 0.
 */
int puck_iommu_for_each(int (*fn)(struct puck_iommu *iommu, void *arg), void *arg)
{
	struct puck_iommu *iommu;
	int ret = 0;

	mutex_lock(&puck_iommus_lock);
	list_for_each_entry(iommu, &puck_iommus, node) {
		ret = fn(iommu, arg);
		if (ret)
			break;
	}
	mutex_unlock(&puck_iommus_lock);
	return ret;
}

/* Sets CTRL to @bits, but for AUDIT: that is the user's, by way of sysfs. */
static void hw_ctrl(struct puck_iommu *iommu, u32 bits)
{
	u32 audit = readl(iommu->regs + PUCK_IOMMU_CTRL) & PUCK_IOMMU_CTRL_AUDIT;

	writel(audit | bits, iommu->regs + PUCK_IOMMU_CTRL);
}

/* Section "A worked sequence". Every device in charge faults from here on. */
static int hw_start(struct puck_iommu *iommu)
{
	u32 queues = PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE;
	u32 on = PUCK_IOMMU_STATUS_CQ_ON | PUCK_IOMMU_STATUS_FQ_ON;
	void __iomem *regs = iommu->regs;

	hw_ctrl(iommu, 0);
	writeq(virt_to_phys(iommu->root), regs + PUCK_IOMMU_ROOT);
	writeq(virt_to_phys(iommu->queue.ring) | PUCK_IOMMU_CQ_ORDER, regs + PUCK_IOMMU_CQ_BASE);
	writeq(virt_to_phys(iommu->faults) | PUCK_IOMMU_FQ_ORDER, regs + PUCK_IOMMU_FQ_BASE);
	hw_ctrl(iommu, queues);
	if ((readl(regs + PUCK_IOMMU_STATUS) & on) != on) {
		hw_ctrl(iommu, 0);
		return -EIO;
	}
	iommu->fault_head = 0;
	puck_iommu_queue_start(iommu);
	/* A change of the policy is not lost: set, it interrupts when enabled. */
	writel(PUCK_IOMMU_IRQ_ALL & ~PUCK_IOMMU_IRQ_POLICY, regs + PUCK_IOMMU_IRQ_STATUS);
	writel(PUCK_IOMMU_IRQ_ALL & ~PUCK_IOMMU_IRQ_CMD_SYNC, regs + PUCK_IOMMU_IRQ_ENABLE);
	hw_ctrl(iommu, queues | PUCK_IOMMU_CTRL_ENABLE);
	return 0;
}

static void hw_stop(struct puck_iommu *iommu)
{
	puck_iommu_queue_stop(iommu);
	writel(0, iommu->regs + PUCK_IOMMU_IRQ_ENABLE);
	hw_ctrl(iommu, 0);
}

/*
 * A kernel that ran before this one may have left the device translating by its tables,
 * and the device ignores a new ROOT while it translates.
 */
static void hw_reset(struct puck_iommu *iommu)
{
	writel(PUCK_IOMMU_CTRL_RESET, iommu->regs + PUCK_IOMMU_CTRL);
}

static int hw_identify(struct puck_iommu *iommu)
{
	struct device *dev = &iommu->pdev->dev;
	u32 magic = readl(iommu->regs + PUCK_IOMMU_MAGIC);
	u32 version = readl(iommu->regs + PUCK_IOMMU_VERSION);
	u64 cap = readq(iommu->regs + PUCK_IOMMU_CAP);

	if (magic != PUCK_IOMMU_MAGIC_VALUE)
		return dev_err_probe(dev, -ENODEV, "no puck-iommu registers (magic %#x)\n", magic);
	if ((version ^ PUCK_IOMMU_VERSION_VALUE) & PUCK_IOMMU_VERSION_MAJOR ||
	    version < PUCK_IOMMU_VERSION_VALUE)
		return dev_err_probe(dev, -ENODEV, "register set %#x is not known\n", version);
	if (FIELD_GET(PUCK_IOMMU_CAP_IOVA_BITS, cap) < PUCK_IOMMU_IOVA_BITS ||
	    !(cap & PUCK_IOMMU_CAP_PAGE_4K) || !(cap & PUCK_IOMMU_CAP_PAGE_2M) ||
	    FIELD_GET(PUCK_IOMMU_CAP_CQ_ORDER_MAX, cap) < PUCK_IOMMU_CQ_ORDER ||
	    FIELD_GET(PUCK_IOMMU_CAP_FQ_ORDER_MAX, cap) < PUCK_IOMMU_FQ_ORDER ||
	    FIELD_GET(PUCK_IOMMU_CAP_DOMAIN_BITS, cap) < PUCK_IOMMU_DOMAIN_BITS)
		return dev_err_probe(dev, -ENODEV, "capabilities %#llx do not suffice\n", cap);
	return 0;
}

/* Queues and tables are used at physical addresses. */
static int check_not_translated(struct pci_dev *pdev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&pdev->dev);

	if (domain && domain->type != IOMMU_DOMAIN_IDENTITY)
		return dev_err_probe(&pdev->dev, -EBUSY,
				     "is itself behind an IOMMU that does not let it through\n");
	return 0;
}

static void list_enter(struct puck_iommu *iommu)
{
	mutex_lock(&puck_iommus_lock);
	list_add_tail(&iommu->node, &puck_iommus);
	mutex_unlock(&puck_iommus_lock);
}

static void list_leave(struct puck_iommu *iommu)
{
	mutex_lock(&puck_iommus_lock);
	list_del(&iommu->node);
	mutex_unlock(&puck_iommus_lock);
}

/*
 * Turn translation on and have the IOMMU core offer us all devices. Under the
 * device lock. On error all is as before.
 */
static int puck_iommu_register(struct puck_iommu *iommu)
{
	struct device *dev = &iommu->pdev->dev;
	int ret;

	device_lock_assert(dev);
	ret = puck_iommu_check_unclaimed(iommu);
	if (ret)
		return ret;
	ret = hw_start(iommu);
	if (ret)
		return dev_err_probe(dev, ret, "queues do not start\n");
	iommu->registered = true;
	ret = iommu_device_register(&iommu->iommu, &puck_iommu_ops, NULL);
	if (ret) {
		dev_err(dev, "IOMMU core refused us: %d; translation stays off\n", ret);
		iommu->registered = false;
		hw_stop(iommu);
		return ret;
	}
	dev_info(dev, "puck-iommu%d translates, IOTLB of %u entries\n", iommu->id,
		 readl(iommu->regs + PUCK_IOMMU_IOTLB_CAPACITY));
	return 0;
}

static void puck_iommu_unregister(struct puck_iommu *iommu)
{
	iommu_device_unregister(&iommu->iommu);
	iommu->registered = false;
	hw_stop(iommu);
}

static int probe_resources(struct puck_iommu *iommu)
{
	struct pci_dev *pdev = iommu->pdev;
	struct device *dev = &pdev->dev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot be enabled\n");
	iommu->regs = devm_ioremap_resource(dev, &pdev->resource[PUCK_IOMMU_BAR_REGS]);
	if (IS_ERR(iommu->regs))
		return PTR_ERR(iommu->regs);
	ret = hw_identify(iommu);
	if (ret)
		return ret;
	iommu->root = (void *)devm_get_free_pages(dev, GFP_KERNEL | __GFP_ZERO, 0);
	if (!iommu->root)
		return -ENOMEM;
	ret = puck_iommu_queue_init(iommu);
	if (ret)
		return ret;
	hw_reset(iommu);
	pci_set_master(pdev);
	ret = puck_iommu_fault_init(iommu);
	if (ret)
		return dev_err_probe(dev, ret, "no interrupts\n");
	return 0;
}

static int puck_iommu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct puck_iommu *iommu;
	int ret;

	ret = check_not_translated(pdev);
	if (ret)
		return ret;
	iommu = devm_kzalloc(dev, sizeof(*iommu), GFP_KERNEL);
	if (!iommu)
		return -ENOMEM;
	iommu->pdev = pdev;
	mutex_init(&iommu->dev_lock);
	xa_init(&iommu->requesters);
	ret = probe_resources(iommu);
	if (ret)
		return ret;

	iommu->id = ida_alloc(&puck_iommu_ids, GFP_KERNEL);
	if (iommu->id < 0)
		return iommu->id;
	ret = iommu_device_sysfs_add(&iommu->iommu, dev, puck_iommu_groups, "puck-iommu%d",
				     iommu->id);
	if (ret)
		goto free_id;
	pci_set_drvdata(pdev, iommu);
	list_enter(iommu);

	/* Here, so that a device in use, which is in the way, makes the probe fail. */
	ret = puck_iommu_settled ? puck_iommu_register(iommu) : puck_iommu_check_unclaimed(iommu);
	if (ret)
		goto leave_list;
	return 0;

leave_list:
	list_leave(iommu);
	pci_set_drvdata(pdev, NULL);
	iommu_device_sysfs_remove(&iommu->iommu);
free_id:
	ida_free(&puck_iommu_ids, iommu->id);
	return ret;
}

/*
 * Clients hold the module: this runs when there are none, or when the function
 * was unplugged from under them.
 */
static void puck_iommu_remove(struct pci_dev *pdev)
{
	struct puck_iommu *iommu = pci_get_drvdata(pdev);

	if (iommu->registered)
		puck_iommu_unregister(iommu);
	list_leave(iommu);
	iommu_device_sysfs_remove(&iommu->iommu);
	puck_iommu_context_free_all(iommu);
	ida_free(&puck_iommu_ids, iommu->id);
}

/*
 * The kernel that is loaded by kexec must not inherit tables that it is about
 * to overwrite. Devices are quiet by then: PCI takes their bus mastering away.
 * On the way to power-off they are not, so translation stays on.
 */
static void puck_iommu_shutdown(struct pci_dev *pdev)
{
	struct puck_iommu *iommu = pci_get_drvdata(pdev);

	if (iommu->registered && system_state == SYSTEM_RESTART)
		hw_stop(iommu);
}

/* Device links make sure that all devices in charge are asleep here. */
static int puck_iommu_suspend_noirq(struct device *dev)
{
	struct puck_iommu *iommu = dev_get_drvdata(dev);

	if (iommu->registered)
		hw_stop(iommu);
	return 0;
}

static int puck_iommu_resume_noirq(struct device *dev)
{
	struct puck_iommu *iommu = dev_get_drvdata(dev);
	int ret;

	if (!iommu->registered)
		return 0;
	ret = hw_start(iommu);
	if (ret)
		dev_err(dev, "queues do not start again: devices in charge are untranslated\n");
	return ret;
}

static const struct dev_pm_ops puck_iommu_pm = {
	NOIRQ_SYSTEM_SLEEP_PM_OPS(puck_iommu_suspend_noirq, puck_iommu_resume_noirq)
};

static const struct pci_device_id puck_iommu_pci_ids[] = {
	{ PCI_DEVICE(PUCK_IOMMU_PCI_VENDOR, PUCK_IOMMU_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, puck_iommu_pci_ids);

static struct pci_driver puck_iommu_driver = {
	.name = "puck-iommu",
	.id_table = puck_iommu_pci_ids,
	.probe = puck_iommu_probe,
	.remove = puck_iommu_remove,
	.shutdown = puck_iommu_shutdown,
	.driver = {
		.pm = pm_sleep_ptr(&puck_iommu_pm),
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
		/* Unbinding would take the translation from under its clients. */
		.suppress_bind_attrs = true,
	},
	/* The function's own accesses are never translated: it needs no DMA domain. */
	.driver_managed_dma = true,
};

static int register_one(struct device *dev, void *unused)
{
	struct puck_iommu *iommu;

	device_lock(dev);
	iommu = dev_get_drvdata(dev);
	if (iommu && !iommu->registered)
		puck_iommu_register(iommu);
	device_unlock(dev);
	return 0;
}

static int __init puck_iommu_init(void)
{
	int ret = pci_register_driver(&puck_iommu_driver);

	if (ret)
		return ret;
	puck_iommu_settled = true;
	return driver_for_each_device(&puck_iommu_driver.driver, NULL, NULL, register_one);
}
module_init(puck_iommu_init);

static void __exit puck_iommu_exit(void)
{
	pci_unregister_driver(&puck_iommu_driver);
	puck_iommu_domain_exit();
	ida_destroy(&puck_iommu_ids);
}
module_exit(puck_iommu_exit);

MODULE_DESCRIPTION("Driver of the puck-iommu DMA translation function");
MODULE_AUTHOR("The Puck authors");
MODULE_LICENSE("GPL");
