/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SplitMix64, the source of all of Puck's random numbers, shared with the
 * tests. See section "Completion stage" of docs/specs/gpu.rst.
 */
#ifndef PUCK_SPLITMIX_H
#define PUCK_SPLITMIX_H

/* What the state grows by at each number. */
#define PUCK_SPLITMIX_STEP  0x9e3779b97f4a7c15ull

/* The next number of the sequence whose state is @s. */
static inline uint64_t puck_splitmix64(uint64_t *s)
{
    uint64_t z;

    *s += PUCK_SPLITMIX_STEP;
    z = (*s ^ (*s >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

#endif /* PUCK_SPLITMIX_H */
