/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies between the grader's bytes and VRAM, by a call of the module's that is told where in VRAM. */
#ifndef LIB_LABS_COPIES_H
#define LIB_LABS_COPIES_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/labs/bytes.h"
#include "lib/labs/lab.h"

/* Where in VRAM most of them go to and come from. */
#define LAB_VRAM_AT 0x10000

static inline long lab_copy(int fd, uint32_t op, bool to_vram, uint64_t at, uint8_t *here,
			    size_t len)
{
	uint64_t arg[PUCK_LAB_ARGS] = { at };

	return to_vram ? lab_call(fd, op, arg, here, len, NULL, 0) :
			 lab_call(fd, op, arg, NULL, 0, here, len);
}

/* One copy of fresh bytes; they have to be on the other side afterwards, or a note says what is. */
static inline bool lab_copies(struct lab *lab, int fd, uint32_t op, bool to_vram, uint8_t *here,
			      size_t len)
{
	volatile uint8_t *there = lab_vram(&lab->gpu) + LAB_VRAM_AT;
	static uint32_t seed;
	char what[64];

	snprintf(what, sizeof(what), "%zu bytes %s VRAM", len, to_vram ? "to" : "from");
	seed++;
	lab_fill(to_vram ? here : there, len, seed);
	lab_fill(to_vram ? there : here, len, ~seed);
	return lab_did(lab_copy(fd, op, to_vram, LAB_VRAM_AT, here, len), what) &&
	       lab_same(to_vram ? there : here, len, seed, what);
}

#endif /* LIB_LABS_COPIES_H */
