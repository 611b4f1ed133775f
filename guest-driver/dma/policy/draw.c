// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random numbers from a seed: SplitMix64, one sequence for each mapping, so that
 * what is drawn for one does not depend on how others were laid out.
 */

#include <linux/export.h>

#include <kunit/visibility.h>

#include "policy/draw.h"

#define GOLDEN		0x9e3779b97f4a7c15ull

/**
 * puck_dma_draw_start - begin the sequence of a mapping
 * @draw: the sequence
 * @seed: of the policy
 * @number: of the mapping
 */
void puck_dma_draw_start(struct puck_dma_draw *draw, u64 seed, u64 number)
{
	draw->state = seed;
	/* Not seed + number: one seed's sequences would be the next one's. */
	draw->state = puck_dma_draw(draw) + number * GOLDEN;
	draw->state = puck_dma_draw(draw);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_draw_start);

/**
 * puck_dma_draw - the next number
 * @draw: the sequence
 *
 * Return: 64 random bits.
 */
u64 puck_dma_draw(struct puck_dma_draw *draw)
{
	u64 z;

	draw->state += GOLDEN;
	z = draw->state;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_draw);

/**
 * puck_dma_draw_below - the next number below a limit
 * @draw: the sequence
 * @limit: at least 1
 *
 * Return: 0 .. @limit - 1.
 */
u32 puck_dma_draw_below(struct puck_dma_draw *draw, u32 limit)
{
	return (u32)(((puck_dma_draw(draw) >> 32) * limit) >> 32);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_draw_below);
