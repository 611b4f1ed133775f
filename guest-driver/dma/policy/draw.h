/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers from a seed: SplitMix64, as in docs/specs/gpu.rst.
 */
#ifndef PUCK_DMA_POLICY_DRAW_H
#define PUCK_DMA_POLICY_DRAW_H

#include <linux/types.h>

struct puck_dma_draw {
	u64 state;
};

void puck_dma_draw_start(struct puck_dma_draw *draw, u64 seed, u64 number);
u64 puck_dma_draw(struct puck_dma_draw *draw);
u32 puck_dma_draw_below(struct puck_dma_draw *draw, u32 limit);

#endif /* PUCK_DMA_POLICY_DRAW_H */
