/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kind of a mistake makes an address that was never mapped.
 */
#ifndef PUCK_DMA_CHECK_BLAME_H
#define PUCK_DMA_CHECK_BLAME_H

#include <linux/types.h>

#include "check/finding.h"
#include "check/history.h"
#include "core/refusal.h"

struct puck_dma_dev;
struct puck_dma_mapping;

/**
 * struct puck_dma_blame - what an address is that was never mapped
 * @class: of the finding
 * @known: whether it has to do with a mapping
 * @past: that one
 * @stack: a call that failed, and gave the driver the address; or 0
 * @what: the same in words
 * @page: of the address
 * @verb: what the device did there
 * @until: when another access there is to be looked at anew, ns
 */
struct puck_dma_blame {
	enum puck_dma_class class;
	bool known;
	struct puck_dma_past past;
	u32 stack;
	const char *what;
	u64 page;
	enum puck_dma_verb verb;
	u64 until;
};

/* Streaming mappings that failed, and are remembered. */
#define PUCK_DMA_FAILED	8

void puck_dma_blame(struct puck_dma_dev *d, const struct puck_dma_refusal *refused,
		    struct puck_dma_blame *blame);
void puck_dma_blame_failed(struct puck_dma_dev *d, const struct puck_dma_mapping *m);
bool puck_dma_failed_last(struct puck_dma_dev *d,
			  bool (*fits)(const struct puck_dma_past *past, const void *data),
			  const void *data, struct puck_dma_past *past);

#endif /* PUCK_DMA_CHECK_BLAME_H */
