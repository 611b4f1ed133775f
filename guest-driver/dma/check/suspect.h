/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may be wrong, told if somebody asks: section "Suspects" of docs/dma.rst.
 */
#ifndef PUCK_DMA_CHECK_SUSPECT_H
#define PUCK_DMA_CHECK_SUSPECT_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

#include "check/finding.h"

struct puck_dma_dev;
struct puck_dma_past;

__printf(7, 8)
void puck_dma_suspect(struct puck_dma_dev *d, enum puck_dma_class class, u64 iova, u64 size,
		      const struct puck_dma_past *past, u32 stack, const char *fmt, ...);
void puck_dma_suspect_lists(struct puck_dma_dev *d);
void puck_dma_suspects_end(struct puck_dma_dev *d);

#endif /* PUCK_DMA_CHECK_SUSPECT_H */
