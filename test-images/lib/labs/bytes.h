/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that tell where they come from, and where they went. */
#ifndef LIB_LABS_BYTES_H
#define LIB_LABS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/ktap.h"

/* Byte @at of the pattern @seed: neighbours differ, and so do pages and seeds. */
static inline uint8_t lab_byte(uint32_t seed, size_t at)
{
	return (uint8_t)((at + seed * 73u) * 167u + (at >> 12) * 29u + seed);
}

static inline void lab_fill(volatile uint8_t *to, size_t len, uint32_t seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		to[i] = lab_byte(seed, i);
}

/* Whether all of it is there; a note says what differs. */
static inline bool lab_same(const volatile uint8_t *got, size_t len, uint32_t seed,
			    const char *what)
{
	size_t i, first = len, bad = 0;

	for (i = 0; i < len; i++) {
		if (got[i] == lab_byte(seed, i))
			continue;
		first = bad ? first : i;
		bad++;
	}
	if (bad)
		ktap_note("%s: %zu of %zu bytes are others, from +0x%zx on (0x%02x, not 0x%02x)",
			  what, bad, len, first, got[first], lab_byte(seed, first));
	return !bad;
}

#endif /* LIB_LABS_BYTES_H */
