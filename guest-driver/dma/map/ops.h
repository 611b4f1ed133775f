/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the DMA API calls.
 */
#ifndef PUCK_DMA_MAP_OPS_H
#define PUCK_DMA_MAP_OPS_H

#include <linux/dma-map-ops.h>

extern const struct dma_map_ops puck_dma_ops;

#endif /* PUCK_DMA_MAP_OPS_H */
