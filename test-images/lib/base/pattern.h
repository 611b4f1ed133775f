/* SPDX-License-Identifier: MIT */
/* Data that a device moves, to be told from other data. */
#ifndef LIB_PATTERN_H
#define LIB_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that tell where they are, so that a swapped or stale page shows. */
static inline void pattern_fill(void *buf, size_t size, uint64_t seed)
{
	uint64_t *word = buf;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		word[i] = seed + i;
	}
}

#endif /* LIB_PATTERN_H */
