/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a device for checks.
 */
#ifndef PUCK_DMA_CHECK_CHECKS_H
#define PUCK_DMA_CHECK_CHECKS_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "check/access.h"
#include "check/blame.h"
#include "check/finding.h"
#include "check/history.h"
#include "check/places.h"

struct dentry;
struct puck_dma_dev;

/* Suspects that are kept, at most, while a driver is bound once. */
#define PUCK_DMA_SUSPECTS	16

/**
 * struct puck_dma_checks - what belongs to a device and is about checks
 * @link: in the list of devices that faults are matched with
 * @d: the device
 * @history: mappings that are no more
 * @driver: name of the driver that is bound
 * @id: vendor and device of PCI
 * @lock: protects @findings, @told, @count, @known, @nr_known, @unsaid, @suspects and
 *	@nr_suspects; any context, a leaf
 * @findings: the last PUCK_DMA_FINDINGS
 * @told: findings so far
 * @count: of them, by class
 * @known: those that the kernel's log has
 * @nr_known: of them
 * @unsaid: findings that are like none of @known, when that was full
 * @suspects: what may be wrong, PUCK_DMA_SUSPECTS at most
 * @nr_suspects: of them
 * @suspects_asked: somebody wants to read them when the driver has unbound
 * @places: sync=watch: places of the code that make mappings, as they come; under
 *	@lock, too
 * @lists: places of the code that make lists, as they come; under @lock, too
 * @failed: the last streaming mappings that failed, by @nr_failed, as if they were
 *	there; under @lock, too
 * @nr_failed: how many there were
 * @accesses: the last few; the fault worker's, as is @access
 * @access: which to use next
 * @blame: of the last address that nobody knew; the fault worker's, too
 * @repeated: accesses that were not told because the like of them was
 * @unexplained: accesses that were refused though they were mapped
 * @faults: accesses that were refused
 * @faults_lost: of them, those nobody could look at
 * @fault_source: where faults are heard of, NULL if nowhere
 * @requesters: by which the device may be known on its way to the IOMMU
 * @nr_requesters: how many
 * @folder: debugfs
 */
struct puck_dma_checks {
	struct list_head link;
	struct puck_dma_dev *d;
	struct puck_dma_history *history;
	char driver[32];
	char id[12];

	spinlock_t lock;
	struct puck_dma_finding *findings;
	u64 told;
	u64 count[PUCK_DMA_CLASSES];
	struct puck_dma_known known[PUCK_DMA_KNOWN];
	u32 nr_known;
	u64 unsaid;
	struct puck_dma_finding *suspects;
	u32 nr_suspects;
	bool suspects_asked;
	struct puck_dma_place places[PUCK_DMA_PLACES];
	struct puck_dma_lists lists[PUCK_DMA_LISTS];

	struct puck_dma_past failed[PUCK_DMA_FAILED];
	u64 nr_failed;

	struct puck_dma_access accesses[PUCK_DMA_ACCESSES];
	unsigned int access;
	struct puck_dma_blame blame;
	atomic64_t repeated;
	atomic64_t unexplained;
	atomic64_t faults;
	atomic64_t faults_lost;
	const char *fault_source;
	u16 requesters[4];
	unsigned int nr_requesters;

	struct dentry *folder;
};

struct puck_dma_checks *puck_dma_checks_new(struct puck_dma_dev *d);
void puck_dma_checks_free(struct puck_dma_checks *checks);

#endif /* PUCK_DMA_CHECK_CHECKS_H */
