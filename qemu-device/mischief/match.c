/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: does a rule see an event, and does it fire. See section "Matches"
 * of docs/specs/mischief.rst.
 */

#include "qemu/osdep.h"
#include "match.h"
#include "words.h"
#include "hw/puck/common/splitmix.h"

void puck_rule_start(PuckRuleState *st, const PuckRule *rule, uint32_t id,
                     uint64_t seed)
{
    *st = (PuckRuleState) {
        .rule = *rule,
        .id = id,
        .random = seed + id * PUCK_SPLITMIX_STEP,
    };
}

static bool is_given(const PuckRule *rule, PuckMatch match)
{
    return rule->matches & PUCK_MATCH_BIT(match);
}

/*
 * PUCK_HAS_* of what filters can look at. An event without a requester may be
 * able to tell whether one is its.
 */
static uint64_t properties(const PuckEvent *ev)
{
    return ev->has | (ev->device ? PUCK_HAS_DEVICE : 0) |
           (ev->is_requester ? PUCK_HAS_REQUESTER : 0);
}

/* Whether the event's bytes meet those from @first to @last. */
static bool bytes_meet(uint64_t start, uint64_t len, uint64_t first,
                       uint64_t last)
{
    uint64_t end = start + len - 1;

    if (!len) {
        return false;
    }
    if (end < start) {
        end = UINT64_MAX;
    }
    return start <= last && end >= first;
}

static bool is_requester(const PuckEvent *ev, uint16_t requester)
{
    if (ev->has & PUCK_HAS_REQUESTER) {
        return ev->requester == requester;
    }
    return ev->is_requester(ev, requester);
}

/* Whether the property of @ev, which has it, is what @rule asks for. */
static bool passes(const PuckMatchWord *word, const PuckRule *rule,
                   const PuckEvent *ev)
{
    const void *property = puck_match_property(word, ev);
    const void *value = puck_match_value(word, rule);
    const void *value_2 = puck_match_value_2(word, rule);

    switch (word->kind) {
    case PUCK_MATCH_IS_ID:
        return !strcmp(*(const char *const *)property, value);
    case PUCK_MATCH_IS_NUMBER:
        return puck_match_u32(property) == puck_match_u32(value);
    case PUCK_MATCH_IS_NUMBERS:
        return puck_match_u32(property) >= puck_match_u32(value) &&
               puck_match_u32(property) <= puck_match_u32(value_2);
    case PUCK_MATCH_IS_REQUESTER:
        return is_requester(ev, *(const uint16_t *)value);
    case PUCK_MATCH_IS_BYTES:
        return bytes_meet(puck_match_u64(property), ev->len,
                          puck_match_u64(value), puck_match_u64(value_2));
    case PUCK_MATCH_IS_DIR:
        return *(const bool *)property == *(const bool *)value;
    case PUCK_MATCH_IS_COUNT:
    case PUCK_MATCH_IS_RATIO:
        break;
    }
    /* Counters are no filters. */
    g_assert_not_reached();
}

bool puck_rule_filter(const PuckRule *rule, const PuckEvent *ev)
{
    uint64_t has = properties(ev);

    if (rule->site != ev->site || !(ev->can & PUCK_ACT_BIT(rule->action))) {
        return false;
    }
    for (uint64_t left = rule->matches; left; left &= left - 1) {
        const PuckMatchWord *word = &puck_match_words[__builtin_ctzll(left)];

        if (word->has && (!(has & word->has) || !passes(word, rule, ev))) {
            return false;
        }
    }
    return true;
}

bool puck_rule_fires(PuckRuleState *st)
{
    const PuckRule *rule = &st->rule;

    st->seen++;
    if ((is_given(rule, PUCK_MATCH_NTH) && st->seen != rule->nth) ||
        (is_given(rule, PUCK_MATCH_EVERY) && st->seen % rule->every) ||
        (is_given(rule, PUCK_MATCH_FROM) && st->seen < rule->from) ||
        (is_given(rule, PUCK_MATCH_COUNT) && st->hits >= rule->count)) {
        return false;
    }
    /* Last, since it uses up a number of the sequence. */
    if (is_given(rule, PUCK_MATCH_PROB) &&
        puck_splitmix64(&st->random) % rule->prob_of >= rule->prob) {
        return false;
    }
    st->hits++;
    return true;
}
