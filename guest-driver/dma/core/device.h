/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device under the mapper. attach.c makes and ends it; device.c has its policy.
 */
#ifndef PUCK_DMA_CORE_DEVICE_H
#define PUCK_DMA_CORE_DEVICE_H

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/dma-map-ops.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "iova/space.h"
#include "policy/policy.h"

struct iommu_domain;
struct puck_dma_checks;

/**
 * struct puck_dma_counters - what debugfs shows; under puck_dma_dev::lock
 * @mappings: made so far
 * @live: of them
 * @entries: of all that were made
 * @segments: of all that were made
 * @bytes: of all that were made
 * @syncs: calls
 * @failed: on purpose
 * @refused: for want of memory or IOVAs
 */
struct puck_dma_counters {
	u64 mappings;
	u64 live;
	u64 entries;
	u64 segments;
	u64 bytes;
	u64 syncs;
	u64 failed;
	u64 refused;
};

/* Made for 100,000 live mappings. */
#define PUCK_DMA_TABLE_BITS	16

struct puck_dma_policy_now {
	struct puck_dma_policy policy;
	u64 since;		/* puck_dma_dev::number when it was set */
	u64 asked;		/* of them, those that @policy's "of" means; under the lock */
	struct rcu_head rcu;
	u16 passed[];		/* the same of each stack, with FAIL_EACH alone; likewise */
};

/**
 * struct puck_dma_dev - a device under the mapper
 * @ops: a copy of puck_dma_ops, so that get_dma_ops() leads to this structure
 * @dev: the device; a reference is held
 * @link: in the list of devices, devs of attach.c
 * @domain: attached to it
 * @was_dma_iommu: how the device was before
 * @was_skip_sync: how the device was before
 * @was_limits: what an earlier driver, or the PCI core, had declared
 * @unbound: its driver's probe failed; protected by the list's lock
 * @line: number of the line that gave it its policy
 * @limits_told: that its driver declared no limits was said
 * @policy: in force; written under @lock
 * @number: of mappings asked for
 * @lock: protects what follows; taken in any context
 * @space: its IOVAs
 * @table: live mappings by the page of their IOVA
 * @counters: what debugfs shows
 * @checks: what check/ and fault/ know of it
 */
struct puck_dma_dev {
	const struct dma_map_ops ops;
	struct device *dev;
	struct list_head link;
	struct iommu_domain *domain;
	bool was_dma_iommu;
	bool was_skip_sync;
	struct device_dma_parameters was_limits;
	bool unbound;
	u64 line;
	atomic_t limits_told;
	struct puck_dma_policy_now __rcu *policy;
	atomic64_t number;

	/* Protects all but @checks of what follows; any context. */
	spinlock_t lock;
	struct puck_dma_space space;
	struct hlist_head *table;
	struct puck_dma_counters counters;

	struct puck_dma_checks *checks;
};

/* Only where the DMA API has called us: then the device is under the mapper. */
static inline struct puck_dma_dev *puck_dma_dev(struct device *dev)
{
	return container_of(get_dma_ops(dev), struct puck_dma_dev, ops);
}

struct puck_dma_policy_now *puck_dma_policy_now_new(const struct puck_dma_policy *policy);
int puck_dma_policy_change(struct puck_dma_dev *d, const struct puck_dma_policy *policy);
void puck_dma_policy_get(struct puck_dma_dev *d, struct puck_dma_policy *policy);

#endif /* PUCK_DMA_CORE_DEVICE_H */
