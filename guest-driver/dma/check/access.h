/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses that the IOMMU refused, matched with mappings.
 */
#ifndef PUCK_DMA_CHECK_ACCESS_H
#define PUCK_DMA_CHECK_ACCESS_H

#include <linux/types.h>

#include "check/finding.h"
#include "core/refusal.h"

struct puck_dma_dev;

/**
 * struct puck_dma_access - accesses that were told, so that more of them are not
 * @class: of the finding
 * @verb: what the device did
 * @number: of the mapping, or 0
 * @first: page of the first access
 * @last: page of the last one, if there is no mapping
 * @until: when it is worth telling again, ns
 */
struct puck_dma_access {
	enum puck_dma_class class;
	enum puck_dma_verb verb;
	u64 number;
	u64 first;
	u64 last;
	u64 until;
};

#define PUCK_DMA_ACCESSES	16

void puck_dma_access(struct puck_dma_dev *d, const struct puck_dma_refusal *refused);

#endif /* PUCK_DMA_CHECK_ACCESS_H */
