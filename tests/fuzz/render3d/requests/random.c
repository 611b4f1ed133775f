/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers of 3D share: numbers.
 */

#include "requests.h"

uint64_t rng_next(Rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint32_t rng_below(Rng *r, uint32_t n)
{
    return rng_next(r) % n;
}

bool rng_once_in(Rng *r, uint32_t n)
{
    return !rng_below(r, n);
}

uint32_t rng_odd(Rng *r)
{
    static const uint32_t odd[] = {
        0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0xffff, 0x10000, 64, 4096,
    };

    return rng_once_in(r, 3) ? rng_next(r) : odd[rng_below(r, 10)];
}
