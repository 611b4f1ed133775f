/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a finding is told.
 */
#ifndef PUCK_DMA_CHECK_FIND_H
#define PUCK_DMA_CHECK_FIND_H

#include <linux/compiler_attributes.h>
#include <linux/stdarg.h>
#include <linux/types.h>

#include "check/finding.h"

struct puck_dma_dev;
struct puck_dma_past;

__printf(7, 8)
void puck_dma_find(struct puck_dma_dev *d, enum puck_dma_class class, u64 iova, u64 size,
		   const struct puck_dma_past *past, u32 stack, const char *fmt, ...);
__printf(7, 0)
void puck_dma_finding_set(struct puck_dma_finding *finding, enum puck_dma_class class, u64 iova,
			  u64 size, const struct puck_dma_past *past, u32 stack, const char *fmt,
			  va_list args);
void puck_dma_finding_log(struct puck_dma_dev *d, const struct puck_dma_finding *finding,
			  const char *what, u32 n);
int puck_dma_past_text(char *text, size_t size, const struct puck_dma_past *past);
const char *puck_dma_class_name(enum puck_dma_class class);
void puck_dma_find_counts(struct puck_dma_dev *d);

#endif /* PUCK_DMA_CHECK_FIND_H */
