/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the numbers behind JITTER, shared with the tests. See section
 * "Completion stage" of docs/specs/gpu.rst.
 */
#ifndef PUCK_GPU_JITTER_H
#define PUCK_GPU_JITTER_H

/* The next number of the SplitMix64 sequence whose state is @s. */
static inline uint64_t puck_splitmix64(uint64_t *s)
{
    uint64_t z;

    *s += 0x9e3779b97f4a7c15ull;
    z = (*s ^ (*s >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/* A number from 0 to @jitter; none is drawn if that is 0. */
static inline uint64_t puck_jitter_draw(uint64_t *s, uint64_t jitter)
{
    return jitter ? puck_splitmix64(s) % (jitter + 1) : 0;
}

#endif /* PUCK_GPU_JITTER_H */
