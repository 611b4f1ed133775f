// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device comes under the mapper: between the time its driver is chosen and the
 * driver's probe. It gets an IOMMU domain of its own, and our dma_map_ops. When
 * the driver has left, all is as it was.
 */

#define pr_fmt(fmt) "puck-dma: " fmt

#include <linux/bits.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "attach.h"
#include "bounce/short.h"
#include "check/calls.h"
#include "check/checks.h"
#include "check/find.h"
#include "check/suspect.h"
#include "compat/dma.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "core/tail.h"
#include "debugfs.h"
#include "fault/fault.h"
#include "iova/space.h"
#include "map/map.h"
#include "map/ops.h"
#include "policy/lines.h"
#include "policy/policy.h"

/* Protects the list, and that whoever is in it stays. Process context. */
static DEFINE_MUTEX(devs_lock);
static LIST_HEAD(devs);

/* IOVAs that are never given out: those of the IOMMU, and where bridges look. */
static int reserve_bytes(struct puck_dma_dev *d, u64 first, u64 last)
{
	return puck_dma_space_reserve(&d->space, first >> PAGE_SHIFT, (last >> PAGE_SHIFT) + 1);
}

/* Addresses in a bridge's windows might never come as far as the IOMMU. */
static int reserve_windows(struct puck_dma_dev *d)
{
	struct pci_host_bridge *bridge = pci_find_host_bridge(to_pci_dev(d->dev)->bus);
	struct resource_entry *window;
	int ret = 0;

	resource_list_for_each_entry(window, &bridge->windows) {
		if (!ret && resource_type(window->res) == IORESOURCE_MEM)
			ret = reserve_bytes(d, window->res->start - window->offset,
					    window->res->end - window->offset);
	}
	return ret;
}

/* Memory that firmware uses with the device stays mapped one to one. */
static int region_map_direct(struct puck_dma_dev *d, const struct iommu_resv_region *region)
{
	u64 start = region->start & PAGE_MASK;
	u64 end = PAGE_ALIGN(region->start + region->length);

	return iommu_map(d->domain, start, start, end - start, region->prot, GFP_KERNEL);
}

static int region_take(struct puck_dma_dev *d, const struct iommu_resv_region *region)
{
	int ret = 0;

	if (!region->length)
		return 0;
	switch (region->type) {
	case IOMMU_RESV_DIRECT:
	case IOMMU_RESV_DIRECT_RELAXABLE:
		ret = region_map_direct(d, region);
		break;
	case IOMMU_RESV_SW_MSI:
		ret = iommu_get_msi_cookie(d->domain, region->start);
		break;
	default:
		break;
	}
	if (ret)
		return ret;
	return reserve_bytes(d, region->start, region->start + region->length - 1);
}

static int reserve_regions(struct puck_dma_dev *d)
{
	struct iommu_resv_region *region;
	LIST_HEAD(regions);
	int ret = 0;

	iommu_get_resv_regions(d->dev, &regions);
	list_for_each_entry(region, &regions, list)
		if (!ret)
			ret = region_take(d, region);
	iommu_put_resv_regions(d->dev, &regions);
	return ret;
}

/*
 * Where an address of an entry behind the last one leads, whole or cut to 32 bits, and
 * DMA_MAPPING_ERROR cut like that.
 */
static int reserve_poison(struct puck_dma_dev *d)
{
	u64 tail = PUCK_DMA_TAIL_HIGH << 32 | PUCK_DMA_TAIL_LOW;

	return reserve_bytes(d, PUCK_DMA_TAIL_LOW, U32_MAX) ?:
	       reserve_bytes(d, tail, tail | (u32)~PUCK_DMA_TAIL_LOW);
}

/* All that the domain can address, up to 2^63, less what is reserved. */
static int space_open(struct puck_dma_dev *d)
{
	const struct iommu_domain_geometry *geometry = &d->domain->geometry;
	u64 end = BIT_ULL(63 - PAGE_SHIFT), start = 0;
	int ret;

	if (geometry->force_aperture) {
		end = min(end, ((u64)geometry->aperture_end >> PAGE_SHIFT) + 1);
		start = PAGE_ALIGN((u64)geometry->aperture_start) >> PAGE_SHIFT;
	}
	ret = puck_dma_space_init(&d->space, end);
	if (!ret)
		ret = puck_dma_space_reserve(&d->space, 0, start);
	if (!ret)
		ret = reserve_poison(d);
	if (!ret)
		ret = reserve_windows(d);
	if (!ret)
		ret = reserve_regions(d);
	if (ret)
		puck_dma_space_fini(&d->space);
	return ret;
}

static int count_device(struct device *dev, void *count)
{
	++*(unsigned int *)count;
	return 0;
}

/* One domain is one layout: others in the group would be laid out with it. */
static int check_group(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	unsigned int count = 0;
	int id;

	if (!group)
		return -ENODEV;
	iommu_group_for_each_dev(group, &count, count_device);
	id = iommu_group_id(group);
	iommu_group_put(group);
	if (count == 1)
		return 0;
	dev_err(dev, "puck-dma: shares IOMMU group %d with %u other devices: not under the mapper\n",
		id, count - 1);
	return -EINVAL;
}

/* Caches would have to be written back and dropped, by what no module can call. */
static int check_coherent(struct device *dev)
{
	if (dev_is_dma_coherent(dev))
		return 0;
	dev_err(dev, "puck-dma: its DMA is not coherent with the caches: not under the mapper\n");
	return -EOPNOTSUPP;
}

static int domain_attach(struct puck_dma_dev *d)
{
	struct iommu_domain *domain;
	int ret = check_coherent(d->dev) ?: check_group(d->dev);

	if (ret)
		return ret;
	domain = iommu_paging_domain_alloc(d->dev);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	ret = iommu_attach_device(domain, d->dev);
	if (ret)
		goto free_domain;
	/* The page sizes of a domain are certain only when a device is attached to it. */
	ret = -EOPNOTSUPP;
	if (!domain->pgsize_bitmap || BIT(__ffs(domain->pgsize_bitmap)) > PAGE_SIZE)
		goto detach;
	d->domain = domain;
	ret = space_open(d);
	if (ret)
		goto detach;
	return 0;

detach:
	iommu_detach_device(domain, d->dev);
free_domain:
	iommu_domain_free(domain);
	return ret;
}

static void domain_detach(struct puck_dma_dev *d)
{
	puck_dma_space_fini(&d->space);
	iommu_detach_device(d->domain, d->dev);
	iommu_domain_free(d->domain);
}

/*
 * The PCI core declares the kernel's defaults for everyone, and nobody takes back what
 * an earlier driver declared. With nothing there the defaults hold just so, and it
 * shows whether this driver declares anything.
 */
static void limits_forget(struct puck_dma_dev *d)
{
	struct device_dma_parameters *parms = d->dev->dma_parms;

	if (!parms)
		return;
	d->was_limits = *parms;
	parms->max_segment_size = 0;
	parms->segment_boundary_mask = 0;
}

static void limits_restore(struct puck_dma_dev *d)
{
	struct device_dma_parameters *parms = d->dev->dma_parms;

	if (parms && !parms->max_segment_size)
		parms->max_segment_size = d->was_limits.max_segment_size;
	if (parms && !parms->segment_boundary_mask)
		parms->segment_boundary_mask = d->was_limits.segment_boundary_mask;
}

static void ops_set(struct puck_dma_dev *d)
{
	d->was_dma_iommu = dev_dma_iommu(d->dev);
	d->was_skip_sync = dev_dma_skip_sync(d->dev);
	set_dma_ops(d->dev, &d->ops);
	dev_assign_dma_iommu(d->dev, false);
	/* An earlier driver may have been told that there is nothing to sync. */
	dev_assign_dma_skip_sync(d->dev, false);
	limits_forget(d);
}

static void ops_unset(struct puck_dma_dev *d)
{
	set_dma_ops(d->dev, NULL);
	dev_assign_dma_iommu(d->dev, d->was_dma_iommu);
	dev_assign_dma_skip_sync(d->dev, d->was_skip_sync);
	limits_restore(d);
}

static struct puck_dma_dev *dev_new(struct device *dev, const struct puck_dma_policy *policy)
{
	struct puck_dma_dev *d = kzalloc(sizeof(*d), GFP_KERNEL);
	struct puck_dma_policy_now *now = puck_dma_policy_now_new(policy);

	if (!d || !now || puck_dma_table_new(d)) {
		kvfree(now);
		kfree(d);
		return NULL;
	}
	/* The operations never change from here on. */
	memcpy((void *)&d->ops, &puck_dma_ops, sizeof(d->ops));
	RCU_INIT_POINTER(d->policy, now);
	d->dev = get_device(dev);
	INIT_LIST_HEAD(&d->link);
	spin_lock_init(&d->lock);
	return d;
}

static void dev_free(struct puck_dma_dev *d)
{
	puck_dma_table_free(d);
	put_device(d->dev);
	kvfree(rcu_dereference_protected(d->policy, true));
	kfree(d);
}

static struct puck_dma_dev *dev_find_locked(struct device *dev)
{
	struct puck_dma_dev *d;

	lockdep_assert_held(&devs_lock);
	list_for_each_entry(d, &devs, link)
		if (d->dev == dev)
			return d;
	return NULL;
}

/* Called before the driver maps anything. */
static int watch_begin(struct puck_dma_dev *d)
{
	d->checks = puck_dma_checks_new(d);
	if (!d->checks)
		return -ENOMEM;
	puck_dma_fault_attach(d);
	puck_dma_debugfs_attach(d);
	return 0;
}

/* Called when nobody maps, unmaps or syncs any more. */
static void watch_end(struct puck_dma_dev *d)
{
	puck_dma_debugfs_detach(d);
	puck_dma_fault_detach(d);
	puck_dma_find_counts(d);
	puck_dma_suspects_end(d);
	puck_dma_checks_free(d->checks);
	d->checks = NULL;
}

/*
 * Unmap what the driver left mapped. The memory is not freed: the mapper cannot know who
 * else uses it.
 */
static void unmap_left(struct puck_dma_dev *d)
{
	struct puck_dma_mapping *m, copy;
	u64 iova = 0;

	puck_dma_short_end(d);
	puck_dma_check_leak(d);
	while (puck_dma_record_next(d, &iova, &copy)) {
		m = puck_dma_record_take(d, copy.iova);
		if (m)
			puck_dma_unmap(d, m, DMA_NONE, DMA_ATTR_SKIP_CPU_SYNC, 0);
	}
}

static void detach_locked(struct puck_dma_dev *d)
{
	lockdep_assert_held(&devs_lock);
	ops_unset(d);
	unmap_left(d);
	list_del(&d->link);
	watch_end(d);
	domain_detach(d);
	dev_free(d);
	module_put(THIS_MODULE);
}

static int attach_locked(struct device *dev, const struct puck_dma_policy *policy, u64 line)
{
	struct puck_dma_dev *d;
	int ret;

	lockdep_assert_held(&devs_lock);
	d = dev_new(dev, policy);
	if (!d)
		return -ENOMEM;
	d->line = line;
	ret = domain_attach(d);
	if (ret)
		goto free;
	ret = watch_begin(d);
	if (ret)
		goto detach;
	ops_set(d);
	if (get_dma_ops(dev) != &d->ops) {
		/* A kernel without dma_map_ops has nowhere to put them. */
		ret = -EOPNOTSUPP;
		goto unset;
	}
	list_add_tail(&d->link, &devs);
	/* The module stays until the driver has left the device. */
	__module_get(THIS_MODULE);
	return 0;

unset:
	ops_unset(d);
	watch_end(d);
detach:
	domain_detach(d);
free:
	dev_free(d);
	return ret;
}

/* A driver that manages DMA itself (vfio) wants the group for itself. */
static bool dev_is_ours(struct device *dev)
{
	return dev->driver && !to_pci_driver(dev->driver)->driver_managed_dma;
}

static void on_bind(struct device *dev)
{
	char text[PUCK_DMA_POLICY_TEXT];
	struct puck_dma_policy policy;
	struct puck_dma_dev *left;
	bool by_name;
	u64 line;
	int ret;

	line = puck_dma_lines_match(to_pci_dev(dev), &policy, &by_name);
	if (!dev_is_ours(dev))
		return;
	mutex_lock(&devs_lock);
	left = dev_find_locked(dev);
	if (left)
		detach_locked(left);
	if (!line)
		goto unlock;
	if (!device_iommu_mapped(dev)) {
		if (by_name)
			dev_err(dev, "puck-dma: there is no IOMMU in front of it: not under the mapper\n");
		goto unlock;
	}
	ret = attach_locked(dev, &policy, line);
	if (ret) {
		dev_err(dev, "puck-dma: not under the mapper: %d\n", ret);
	} else {
		puck_dma_policy_format(&policy, text, sizeof(text));
		dev_info(dev, "puck-dma: under the mapper: %s\n", text);
	}
unlock:
	mutex_unlock(&devs_lock);
}

static void on_unbound(struct device *dev)
{
	struct puck_dma_dev *d;

	mutex_lock(&devs_lock);
	d = dev_find_locked(dev);
	if (d)
		detach_locked(d);
	mutex_unlock(&devs_lock);
}

/* A device whose driver did not bind, with a reference to it; NULL if none is left. */
static struct device *unbound_next(void)
{
	struct device *dev = NULL;
	struct puck_dma_dev *d;

	mutex_lock(&devs_lock);
	list_for_each_entry(d, &devs, link) {
		if (d->unbound) {
			d->unbound = false;
			dev = get_device(d->dev);
			break;
		}
	}
	mutex_unlock(&devs_lock);
	return dev;
}

static void unbound_work(struct work_struct *work)
{
	struct device *dev;

	while ((dev = unbound_next())) {
		device_lock(dev);
		if (!dev->driver)
			on_unbound(dev);
		device_unlock(dev);
		put_device(dev);
	}
}

static DECLARE_WORK(unbound, unbound_work);

/*
 * The driver's memory is freed after this: what is managed, dmam_alloc_coherent(), by
 * the core, which has the device's lock until it has done so.
 */
static void on_not_bound(struct device *dev)
{
	struct puck_dma_dev *d;

	mutex_lock(&devs_lock);
	d = dev_find_locked(dev);
	if (d)
		d->unbound = true;
	mutex_unlock(&devs_lock);
	if (d)
		schedule_work(&unbound);
}

static int notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct device *dev = data;

	switch (event) {
	case BUS_NOTIFY_BIND_DRIVER:
		on_bind(dev);
		break;
	case BUS_NOTIFY_DRIVER_NOT_BOUND:
		on_not_bound(dev);
		break;
	case BUS_NOTIFY_UNBOUND_DRIVER:
	case BUS_NOTIFY_REMOVED_DEVICE:
		on_unbound(dev);
		break;
	}
	return NOTIFY_DONE;
}

/*
 * A driver that was there before its device was chosen goes on without the mapper: so
 * much has to be said, or what the driver does wrong seems to be right. Whether it is
 * there is certain only while the core does not bind.
 */
static int late_look(struct device *dev, void *data)
{
	struct puck_dma_policy policy;
	bool by_name;

	device_lock(dev);
	mutex_lock(&devs_lock);
	if (dev_is_ours(dev) && puck_dma_lines_match(to_pci_dev(dev), &policy, &by_name) &&
	    (by_name || device_iommu_mapped(dev)) && !dev_find_locked(dev))
		dev_warn(dev, "puck-dma: %s has bound to it before it was chosen: not under the mapper until the next bind\n",
			 dev->driver->name);
	mutex_unlock(&devs_lock);
	device_unlock(dev);
	return 0;
}

/* Whoever changes the lines may be waited for by one who has a device's lock. */
static void late_work(struct work_struct *work)
{
	bus_for_each_dev(&pci_bus_type, NULL, NULL, late_look);
}

static DECLARE_WORK(late, late_work);
/* Whether the notifier is there: what binds from now on cannot be late. Under devs_lock. */
static bool listening;

static void listen(bool on)
{
	mutex_lock(&devs_lock);
	listening = on;
	if (on)
		schedule_work(&late);
	mutex_unlock(&devs_lock);
}

/* Called before the IOMMU core's notifier, which forgets devices that are removed. */
static struct notifier_block notifier = {
	.notifier_call = notify,
	.priority = 1,
};

/**
 * puck_dma_policy_apply - the lines have changed
 *
 * A device that another line chooses now, or one that is new, gets that policy. A device
 * that is chosen too late is told soon, see puck_dma_late_wait().
 */
void puck_dma_policy_apply(void)
{
	struct puck_dma_policy policy;
	struct puck_dma_dev *d;
	bool by_name;
	u64 line;

	mutex_lock(&devs_lock);
	list_for_each_entry(d, &devs, link) {
		line = puck_dma_lines_match(to_pci_dev(d->dev), &policy, &by_name);
		if (line && line != d->line && !puck_dma_policy_change(d, &policy))
			d->line = line;
	}
	if (listening)
		schedule_work(&late);
	mutex_unlock(&devs_lock);
}

/**
 * puck_dma_late_wait - until all devices are told that were chosen too late
 *
 * Context: may sleep, for as long as a driver's probe takes. The caller holds no device's
 * lock, nor anything that is waited for with one held.
 */
void puck_dma_late_wait(void)
{
	flush_work(&late);
}

/**
 * puck_dma_attach_init - from here on devices come under the mapper
 *
 * Return: 0 or an error.
 */
int puck_dma_attach_init(void)
{
	int ret = bus_register_notifier(&pci_bus_type, &notifier);

	if (ret)
		return ret;
	listen(true);
	puck_dma_late_wait();
	return 0;
}

/**
 * puck_dma_attach_exit - undo puck_dma_attach_init(); no device is left
 */
void puck_dma_attach_exit(void)
{
	listen(false);
	cancel_work_sync(&late);
	bus_unregister_notifier(&pci_bus_type, &notifier);
	/*
	 * A work that is under way may have dropped the last reference to the module:
	 * wait for its end.
	 */
	flush_work(&unbound);
}
