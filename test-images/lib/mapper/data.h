/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a workload moves and compares, and how much of it there was. */
#ifndef LIB_MAPPER_DATA_H
#define LIB_MAPPER_DATA_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/ktap.h"
#include "lib/base/random.h"

struct dma_totals {
	uint64_t written, read, checked, mismatches;
};

static struct dma_totals dma_totals;

static inline uint64_t dma_below(uint64_t *state, uint64_t n)
{
	return rnd(state) % n;
}

/* What belongs at offset @at of the data of @seed. @at is a multiple of 8. */
static inline uint64_t dma_word(uint64_t seed, uint64_t at)
{
	uint64_t state = seed * 0xd1342543de82ef95u ^ at;

	return rnd(&state);
}

static inline void dma_fill(void *buf, size_t size, uint64_t seed, uint64_t at)
{
	uint64_t word;
	size_t done, left;

	for (done = 0; done < size; done += sizeof(word)) {
		word = dma_word(seed, at + done);
		left = size - done;
		memcpy((char *)buf + done, &word, left < sizeof(word) ? left : sizeof(word));
	}
}

/* The number of words that are wrong; says where the first one is. */
static inline size_t dma_compare(const void *buf, size_t size, uint64_t seed, uint64_t at)
{
	uint64_t want, got;
	size_t done, left, wrong = 0;

	for (done = 0; done < size; done += sizeof(want)) {
		left = size - done < sizeof(want) ? size - done : sizeof(want);
		want = dma_word(seed, at + done);
		got = want;
		memcpy(&got, (const char *)buf + done, left);
		if (want != got && !wrong++)
			ktap_note("at %#" PRIx64 ": %#" PRIx64 ", not %#" PRIx64, at + done, got,
				  want);
	}
	dma_totals.checked += size;
	dma_totals.mismatches += wrong;
	return wrong;
}

#endif /* LIB_MAPPER_DATA_H */
