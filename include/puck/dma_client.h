/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * puck-dma's face for other modules: who is under the mapper, and what was
 * found. Modules that work without puck-dma as well get the functions by
 * symbol_get().
 */
#ifndef PUCK_DMA_CLIENT_H
#define PUCK_DMA_CLIENT_H

#include <linux/types.h>

struct device;

/* Whether mappings for @dev are made by puck-dma. */
bool puck_dma_manages(struct device *dev);

/*
 * Number of findings about @dev so far. @text gets the line of the latest,
 * from its class on ("unmap-count: ..."), or nothing if there is none. In
 * process context.
 */
unsigned long puck_dma_last_finding(struct device *dev, char *text, size_t size);

#endif /* PUCK_DMA_CLIENT_H */
