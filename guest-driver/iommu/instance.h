/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One puck-iommu function. docs/locking.rst has the order of the locks.
 */
#ifndef PUCK_IOMMU_INSTANCE_H
#define PUCK_IOMMU_INSTANCE_H

#include <linux/atomic.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>
#include <linux/xarray.h>

#include "queue.h"

/**
 * struct puck_iommu - one puck-iommu function
 */
struct puck_iommu {
	/** @iommu: what the IOMMU core knows */
	struct iommu_device iommu;
	/** @regs: BAR 0 */
	void __iomem *regs;
	/** @queue: commands */
	struct puck_iommu_queue queue;
	/** @pdev: the function */
	struct pci_dev *pdev;

	/**
	 * @dev_lock: guards @root and what hangs from it, @requesters, and the
	 * domain member of each struct puck_iommu_dev. Sleeps.
	 */
	struct mutex dev_lock;
	/** @root: root table; entries keep the addresses of context tables */
	struct puck_iommu_root_entry *root;
	/** @requesters: struct puck_iommu_dev by requester number */
	struct xarray requesters;

	/** @faults: fault queue, read by the interrupt thread alone */
	struct puck_iommu_fault *faults;
	/** @fault_head: next record to read; the interrupt thread's */
	u32 fault_head;
	/** @fault_limit: at most so many lines about faults */
	struct ratelimit_state fault_limit;
	/** @faults_unsaid: faults since the last line; the interrupt thread's */
	unsigned int faults_unsaid;

	/** @leaked: domains whose tables are never freed, for want of an answer */
	atomic_t leaked;

	/** @node: in the list of instances */
	struct list_head node;
	/** @id: number in the name of the sysfs device */
	int id;
	/** @registered: the IOMMU core knows @iommu; under the device lock of @pdev */
	bool registered;
};

struct puck_iommu *puck_iommu_find(struct pci_dev *pdev);
int puck_iommu_for_each(int (*fn)(struct puck_iommu *iommu, void *arg), void *arg);

#endif /* PUCK_IOMMU_INSTANCE_H */
