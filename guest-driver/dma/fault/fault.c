// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where faults of the IOMMU come in, and go on to access.c. Drivers of IOMMUs
 * that call report_iommu_fault() reach the handler of the device's domain; for two
 * that do not there are fault_intel.c and fault_virtio.c.
 *
 * Faults are heard of in interrupts and in probes of the kernel's functions, so all
 * that is done there is to note them, with the time.
 */

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/irq_work.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "check/access.h"
#include "check/checks.h"
#include "core/device.h"
#include "core/refusal.h"
#include "fault/fault.h"
#include "fault/source.h"

#define FAULT_RING	1024

struct fault_note {
	struct puck_dma_checks *checks;
	struct puck_dma_refusal refused;
};

/*
 * Devices that faults are matched with. Changed under fault_mutex, read under RCU.
 * Notes in the ring name devices of the list, or such as wait to leave it.
 */
static LIST_HEAD(fault_devices);
static DEFINE_MUTEX(fault_mutex);
static bool fault_intel_on, fault_virtio_on;

/* fault_lock protects the ring; a leaf, taken in any context. */
static DEFINE_RAW_SPINLOCK(fault_lock);
static struct fault_note fault_ring[FAULT_RING];
static unsigned int fault_head, fault_tail;

static bool fault_take(struct fault_note *note)
{
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&fault_lock, flags);
	any = fault_head != fault_tail;
	if (any)
		*note = fault_ring[fault_head++ % FAULT_RING];
	raw_spin_unlock_irqrestore(&fault_lock, flags);
	return any;
}

static void fault_work_fn(struct work_struct *work)
{
	struct fault_note note;

	while (fault_take(&note)) {
		puck_dma_access(note.checks->d, &note.refused);
		cond_resched();
	}
}

static DECLARE_WORK(fault_work, fault_work_fn);

/* A probe may be anywhere, under locks of the work queues too: these wait for a moment without. */
static void fault_irq_work_fn(struct irq_work *work)
{
	schedule_work(&fault_work);
}

static DEFINE_IRQ_WORK(fault_irq_work, fault_irq_work_fn);

/*
 * The caller is in an RCU section, so the device stays in the list until its note is in
 * the ring.
 */
static void fault_push(struct puck_dma_checks *checks, u64 iova, enum puck_dma_verb verb)
{
	struct fault_note note = {
		.checks = checks,
		.refused.iova = iova,
		.refused.when = ktime_get_mono_fast_ns(),
		.refused.verb = verb,
	};
	unsigned long flags;

	atomic64_inc(&checks->faults);
	raw_spin_lock_irqsave(&fault_lock, flags);
	if (fault_tail - fault_head < FAULT_RING)
		fault_ring[fault_tail++ % FAULT_RING] = note;
	else
		atomic64_inc(&checks->faults_lost);
	raw_spin_unlock_irqrestore(&fault_lock, flags);
	irq_work_queue(&fault_irq_work);
}

static bool fault_is_requester(const struct puck_dma_checks *checks, u16 requester)
{
	unsigned int i;

	for (i = 0; i < checks->nr_requesters; i++)
		if (checks->requesters[i] == requester)
			return true;
	return false;
}

/**
 * puck_dma_fault_requester - an access was refused, of a PCI requester
 * @segment: PCI domain
 * @requester: bus, device and function
 * @iova: where, or its page
 * @verb: what it wanted
 *
 * Any context.
 */
void puck_dma_fault_requester(unsigned int segment, u16 requester, u64 iova,
			      enum puck_dma_verb verb)
{
	struct puck_dma_checks *checks;

	rcu_read_lock();
	list_for_each_entry_rcu(checks, &fault_devices, link) {
		if (pci_domain_nr(to_pci_dev(checks->d->dev)->bus) == segment &&
		    fault_is_requester(checks, requester)) {
			fault_push(checks, iova, verb);
			break;
		}
	}
	rcu_read_unlock();
}

static bool fault_is_endpoint(struct device *dev, struct fwnode_handle *iommu, u32 endpoint)
{
	struct iommu_fwspec *fwspec = dev_iommu_fwspec_get(dev);
	unsigned int i;

	if (!fwspec || fwspec->iommu_fwnode != iommu)
		return false;
	for (i = 0; i < fwspec->num_ids; i++)
		if (fwspec->ids[i] == endpoint)
			return true;
	return false;
}

/**
 * puck_dma_fault_endpoint - an access was refused, of what an IOMMU knows by number
 * @iommu: firmware node of the IOMMU
 * @endpoint: the number
 * @iova: where
 * @verb: what it wanted
 *
 * Any context.
 */
void puck_dma_fault_endpoint(struct fwnode_handle *iommu, u32 endpoint, u64 iova,
			     enum puck_dma_verb verb)
{
	struct puck_dma_checks *checks;

	rcu_read_lock();
	list_for_each_entry_rcu(checks, &fault_devices, link) {
		if (fault_is_endpoint(checks->d->dev, iommu, endpoint)) {
			fault_push(checks, iova, verb);
			break;
		}
	}
	rcu_read_unlock();
}

/*
 * The IOMMU core calls this for the domain of a device. The domain may outlive the
 * struct puck_dma_checks that was given as its token: so the token is looked for among
 * the devices that are there, and never followed.
 */
static int fault_handler(struct iommu_domain *domain, struct device *dev, unsigned long iova,
			 int flags, void *token)
{
	struct puck_dma_checks *checks;

	rcu_read_lock();
	list_for_each_entry_rcu(checks, &fault_devices, link) {
		if (checks == token) {
			fault_push(checks, iova, flags & IOMMU_FAULT_WRITE ? PUCK_DMA_WROTE :
				   PUCK_DMA_READ);
			break;
		}
	}
	rcu_read_unlock();
	/* The IOMMU's driver shall say what it would have said without us. */
	return -ENOSYS;
}

static int fault_start_intel(void)
{
	int ret = fault_intel_on ? 0 : puck_dma_fault_intel_start();

	fault_intel_on = !ret;
	return ret;
}

static int fault_start_virtio(void)
{
	int ret = fault_virtio_on ? 0 : puck_dma_fault_virtio_start();

	fault_virtio_on = !ret;
	return ret;
}

/* The drivers of IOMMUs differ in how they tell: which one it is, is seen in sysfs. */
static const char *fault_source_of(struct puck_dma_dev *d)
{
	const struct device *iommu = d->dev->iommu->iommu_dev->dev;

	lockdep_assert_held(&fault_mutex);
	if (str_has_prefix(dev_name(iommu), "dmar"))
		return fault_start_intel() ? NULL : "intel-iommu";
	if (iommu->parent && iommu->parent->bus && !strcmp(iommu->parent->bus->name, "virtio"))
		return fault_start_virtio() ? NULL : "virtio-iommu";
	if (str_has_prefix(dev_name(iommu), "smmu3."))
		return NULL;
	iommu_set_fault_handler(d->domain, fault_handler, d->checks);
	return "report_iommu_fault";
}

static void fault_note_requester(struct puck_dma_checks *checks, u16 requester)
{
	if (checks->nr_requesters < ARRAY_SIZE(checks->requesters))
		checks->requesters[checks->nr_requesters++] = requester;
}

/* A bridge to conventional PCI may answer for what is behind it, by either number. */
static void fault_note_requesters(struct puck_dma_checks *checks, struct pci_dev *pdev)
{
	struct pci_dev *bridge;

	fault_note_requester(checks, pci_dev_id(pdev));
	for (bridge = pci_upstream_bridge(pdev); bridge; bridge = pci_upstream_bridge(bridge)) {
		if (pci_is_pcie(bridge) && pci_pcie_type(bridge) != PCI_EXP_TYPE_PCI_BRIDGE)
			continue;
		fault_note_requester(checks, pci_dev_id(bridge));
		fault_note_requester(checks, PCI_DEVID(bridge->subordinate->number, 0));
	}
}

/**
 * puck_dma_fault_attach - hear of the faults of a device
 * @d: the device, in its domain, before its driver maps anything
 */
void puck_dma_fault_attach(struct puck_dma_dev *d)
{
	struct puck_dma_checks *checks = d->checks;

	fault_note_requesters(checks, to_pci_dev(d->dev));
	mutex_lock(&fault_mutex);
	checks->fault_source = fault_source_of(d);
	list_add_rcu(&checks->link, &fault_devices);
	mutex_unlock(&fault_mutex);
	if (!checks->fault_source)
		pr_warn("puck-dma %s: note: faults of its IOMMU, %s, are not heard of: no finding about accesses\n",
			dev_name(d->dev), dev_name(d->dev->iommu->iommu_dev->dev));
}

/**
 * puck_dma_fault_detach - hear no more of the faults of a device
 * @d: the device
 *
 * Faults of it that were noted are told before this returns.
 */
void puck_dma_fault_detach(struct puck_dma_dev *d)
{
	mutex_lock(&fault_mutex);
	list_del_rcu(&d->checks->link);
	mutex_unlock(&fault_mutex);
	synchronize_rcu();
	irq_work_sync(&fault_irq_work);
	flush_work(&fault_work);
}

/**
 * puck_dma_fault_exit - end the sources of faults; no device is left
 */
void puck_dma_fault_exit(void)
{
	if (fault_intel_on)
		puck_dma_fault_intel_stop();
	if (fault_virtio_on)
		puck_dma_fault_virtio_stop();
	irq_work_sync(&fault_irq_work);
	cancel_work_sync(&fault_work);
}
