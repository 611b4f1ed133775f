/* SPDX-License-Identifier: MIT */
/* Pseudo-random numbers by SplitMix64, so that a run can be had again. */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* SplitMix64: everything random in a test comes from one seed. */
static inline uint64_t rnd(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline void rnd_fill(uint64_t *state, void *data, size_t length)
{
	uint8_t *byte = data;

	while (length--)
		*byte++ = rnd(state);
}

#endif /* LIB_RANDOM_H */
