/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: delays drawn at random. See section "Randomness" of
 * docs/specs/mischief.rst.
 *
 * The logarithm is computed in whole numbers: that of a C library differs in
 * the last bit from one processor to another, and a seed has to give the same
 * delays on all of them.
 */

#include "qemu/osdep.h"
#include "match.h"
#include "hw/puck/common/splitmix.h"

typedef unsigned __int128 Wide;

#define RANDOM_BITS     53
#define LOG_BITS        57              /* behind the point: 6 are before it */
#define LN2_Q64         0xb17217f7d1cf79abull

/* -log2(@u / 2^53) with LOG_BITS behind the point; @u from 1 to 2^53. */
static uint64_t minus_log2(uint64_t u)
{
    unsigned top = 63 - __builtin_clzll(u);
    uint64_t m = u << (63 - top);       /* from 1 to 2, 63 bits behind it */
    uint64_t fraction = 0;

    /* Squaring doubles the logarithm: one more bit gets before the point. */
    for (unsigned i = 0; i < LOG_BITS; i++) {
        Wide square = (Wide)m * m >> 63;
        bool bit = square >> 64;

        fraction = fraction << 1 | bit;
        m = square >> bit;
    }
    return ((uint64_t)(RANDOM_BITS - top) << LOG_BITS) - fraction;
}

static uint64_t draw_exp(uint64_t mean, uint64_t random)
{
    uint64_t u = (random >> (64 - RANDOM_BITS)) + 1;
    uint64_t minus_ln = (Wide)minus_log2(u) * LN2_Q64 >> 64;
    uint64_t ns = (Wide)minus_ln * mean >> LOG_BITS;

    return MIN(ns, PUCK_TIME_MAX_NS);
}

uint64_t puck_rule_draw(PuckRuleState *st)
{
    const PuckRule *rule = &st->rule;
    uint64_t range = rule->value_to - rule->value + 1;

    switch (rule->draw) {
    case PUCK_DRAW_UNIFORM:
        return rule->value + puck_splitmix64(&st->random) % range;
    case PUCK_DRAW_EXP:
        return draw_exp(rule->value, puck_splitmix64(&st->random));
    default:
        return rule->value;
    }
}
