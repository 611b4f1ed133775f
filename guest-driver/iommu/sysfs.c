// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/class/iommu/puck-iommuN: the counters, named as in section "Counters",
 * in counters/; capacity of the IOTLB, errors, buses in charge, and the audit
 * switch beside it.
 */

#include <linux/bitfield.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/sysfs.h>

#include "instance.h"
#include "sysfs.h"

static struct puck_iommu *dev_to_puck(struct device *dev)
{
	return container_of(dev_to_iommu_device(dev), struct puck_iommu, iommu);
}

static ssize_t counter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	unsigned long reg = (unsigned long)container_of(attr, struct dev_ext_attribute, attr)->var;

	return sysfs_emit(buf, "%llu\n", readq(dev_to_puck(dev)->regs + reg));
}

#define COUNTER(_name, _reg)							\
	static struct dev_ext_attribute counter_##_name = {			\
		.attr = __ATTR(_name, 0444, counter_show, NULL),		\
		.var = (void *)(unsigned long)(_reg),				\
	}

COUNTER(translations, PUCK_IOMMU_CNT_TRANSLATIONS);
COUNTER(hits, PUCK_IOMMU_CNT_HITS);
COUNTER(walks, PUCK_IOMMU_CNT_WALKS);
COUNTER(faults, PUCK_IOMMU_CNT_FAULTS);
COUNTER(faults_lost, PUCK_IOMMU_CNT_FAULTS_LOST);
COUNTER(commands, PUCK_IOMMU_CNT_COMMANDS);
COUNTER(invalidations, PUCK_IOMMU_CNT_INVALIDATIONS);
COUNTER(evictions, PUCK_IOMMU_CNT_EVICTIONS);
COUNTER(stale_hits, PUCK_IOMMU_CNT_STALE_HITS);
COUNTER(iotlb_entries, PUCK_IOMMU_CNT_IOTLB_ENTRIES);
COUNTER(stale_uses, PUCK_IOMMU_CNT_STALE_USES);

static struct attribute *counter_attrs[] = {
	&counter_translations.attr.attr,
	&counter_hits.attr.attr,
	&counter_walks.attr.attr,
	&counter_faults.attr.attr,
	&counter_faults_lost.attr.attr,
	&counter_commands.attr.attr,
	&counter_invalidations.attr.attr,
	&counter_evictions.attr.attr,
	&counter_stale_hits.attr.attr,
	&counter_iotlb_entries.attr.attr,
	&counter_stale_uses.attr.attr,
	NULL
};

static const struct attribute_group counter_group = {
	.name = "counters",
	.attrs = counter_attrs,
};

static ssize_t iotlb_capacity_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", readl(dev_to_puck(dev)->regs + PUCK_IOMMU_IOTLB_CAPACITY));
}
static DEVICE_ATTR_RO(iotlb_capacity);

static ssize_t command_errors_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(dev_to_puck(dev)->queue.errors));
}
static DEVICE_ATTR_RO(command_errors);

static ssize_t leaked_domains_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&dev_to_puck(dev)->leaked));
}
static DEVICE_ATTR_RO(leaked_domains);

static ssize_t scope_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct puck_iommu *iommu = dev_to_puck(dev);
	u32 n, count = readl(iommu->regs + PUCK_IOMMU_SCOPE_COUNT);
	int len = 0;

	for (n = 0; n < min_t(u32, count, PUCK_IOMMU_SCOPE_MAX); n++) {
		u32 scope = readl(iommu->regs + PUCK_IOMMU_SCOPE(n));

		if (scope & PUCK_IOMMU_SCOPE_VALID)
			len += sysfs_emit_at(buf, len, "%04x:%02x-%02x\n",
					     pci_domain_nr(iommu->pdev->bus),
					     FIELD_GET(PUCK_IOMMU_SCOPE_BUS_FIRST, scope),
					     FIELD_GET(PUCK_IOMMU_SCOPE_BUS_LAST, scope));
	}
	return len;
}
static DEVICE_ATTR_RO(scope);

static ssize_t audit_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 ctrl = readl(dev_to_puck(dev)->regs + PUCK_IOMMU_CTRL);

	return sysfs_emit(buf, "%u\n", !!(ctrl & PUCK_IOMMU_CTRL_AUDIT));
}

static ssize_t audit_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	struct puck_iommu *iommu = dev_to_puck(dev);
	bool on;
	u32 ctrl;

	if (kstrtobool(buf, &on))
		return -EINVAL;
	mutex_lock(&iommu->dev_lock);
	ctrl = readl(iommu->regs + PUCK_IOMMU_CTRL) & ~PUCK_IOMMU_CTRL_AUDIT;
	writel(ctrl | (on ? PUCK_IOMMU_CTRL_AUDIT : 0), iommu->regs + PUCK_IOMMU_CTRL);
	mutex_unlock(&iommu->dev_lock);
	return count;
}
static DEVICE_ATTR_RW(audit);

static struct attribute *device_attrs[] = {
	&dev_attr_iotlb_capacity.attr,
	&dev_attr_command_errors.attr,
	&dev_attr_leaked_domains.attr,
	&dev_attr_scope.attr,
	&dev_attr_audit.attr,
	NULL
};

static const struct attribute_group device_group = {
	.attrs = device_attrs,
};

const struct attribute_group *puck_iommu_groups[] = {
	&device_group,
	&counter_group,
	NULL
};
