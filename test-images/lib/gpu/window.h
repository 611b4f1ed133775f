/* SPDX-License-Identifier: MIT */
/*
 * A model of what is mapped in a VM, in a window of its addresses: at each block of 4 KiB there is
 * a block of one of some things, or nothing.
 */
#ifndef LIB_GPU_WINDOW_H
#define LIB_GPU_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/gpu/blocks.h"

#define WINDOW_BLOCKS	2048u
/* So that there are ends of tables of two levels within. */
#define WINDOW_BASE	((1ull << 39) - 700 * BLOCK_SIZE)
#define WINDOW_EMPTY	(-1)

struct window {
	struct {
		int32_t thing;
		uint32_t block;
	} at[WINDOW_BLOCKS];
};

/* Blocks in one: from @at on, of @thing from @block on. */
struct window_run {
	uint32_t at, count, thing, block;
};

static inline uint64_t window_addr(uint32_t at)
{
	return WINDOW_BASE + (uint64_t)at * BLOCK_SIZE;
}

static inline void window_unmap(struct window *w, uint32_t at, uint32_t count)
{
	while (count--)
		w->at[at++].thing = WINDOW_EMPTY;
}

static inline void window_map(struct window *w, uint32_t at, uint32_t count, uint32_t thing,
			      uint32_t block)
{
	while (count--) {
		w->at[at].thing = (int32_t)thing;
		w->at[at++].block = block++;
	}
}

/* The first run from @at on, of @max blocks at most; false if there is none up to the end. */
static inline bool window_next(const struct window *w, uint32_t at, uint32_t max,
			       struct window_run *run)
{
	while (at < WINDOW_BLOCKS && w->at[at].thing == WINDOW_EMPTY)
		at++;
	if (at == WINDOW_BLOCKS)
		return false;
	*run = (struct window_run){ .at = at, .count = 1, .thing = (uint32_t)w->at[at].thing,
				    .block = w->at[at].block };
	while (++at < WINDOW_BLOCKS && run->count < max &&
	       w->at[at].thing == (int32_t)run->thing && w->at[at].block == run->block + run->count)
		run->count++;
	return true;
}

#endif /* LIB_GPU_WINDOW_H */
