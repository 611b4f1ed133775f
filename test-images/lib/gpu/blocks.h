/* SPDX-License-Identifier: MIT */
/*
 * A model of BOs that costs a thousandth of their memory: a block of 4 KiB has one value in
 * all of its words. What is done to BOs by whole blocks can be followed here, and each byte
 * is compared afterwards.
 *
 * A block that a failed job was to write has a value that nobody knows, until it is written
 * again.
 */
#ifndef LIB_GPU_BLOCKS_H
#define LIB_GPU_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE	4096u
#define BLOCK_WORDS	(BLOCK_SIZE / sizeof(uint32_t))

struct blocks {
	uint32_t count;
	uint32_t *value;
	bool *unknown;
};

/* Zeroed, as new BOs are. */
static inline bool blocks_init(struct blocks *b, uint32_t count)
{
	b->count = count;
	b->value = calloc(count, sizeof(*b->value));
	b->unknown = calloc(count, sizeof(*b->unknown));
	return b->value && b->unknown;
}

static inline void blocks_free(struct blocks *b)
{
	free(b->value);
	free(b->unknown);
	memset(b, 0, sizeof(*b));
}

static inline void blocks_fill(struct blocks *b, uint32_t first, uint32_t n, uint32_t value)
{
	uint32_t i;

	for (i = first; i < first + n; i++) {
		b->value[i] = value;
		b->unknown[i] = false;
	}
}

/* The two may be one if the ranges do not meet. */
static inline void blocks_copy(const struct blocks *src, uint32_t from, struct blocks *dst,
			       uint32_t to, uint32_t n)
{
	memcpy(&dst->value[to], &src->value[from], n * sizeof(*dst->value));
	memcpy(&dst->unknown[to], &src->unknown[from], n * sizeof(*dst->unknown));
}

static inline void blocks_forget(struct blocks *b, uint32_t first, uint32_t n)
{
	memset(&b->unknown[first], true, n * sizeof(*b->unknown));
}

/* The number of words of block @i that are not as they should be; the first one in @word. */
static inline uint32_t blocks_compare(const struct blocks *b, uint32_t i, const uint8_t *map,
				      uint32_t *word)
{
	const uint32_t *words = (const uint32_t *)(map + (uint64_t)i * BLOCK_SIZE);
	uint32_t wrong = 0, w;

	if (b->unknown[i])
		return 0;
	for (w = BLOCK_WORDS; w--;) {
		if (words[w] == b->value[i])
			continue;
		*word = w;
		wrong++;
	}
	return wrong;
}

#endif /* LIB_GPU_BLOCKS_H */
