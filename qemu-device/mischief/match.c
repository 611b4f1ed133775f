/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: does a rule see an event, and does it fire. See section "Matches"
 * of docs/specs/mischief.rst.
 */

#include "qemu/osdep.h"
#include "match.h"
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

/* Whether the event's bytes meet the rule's. */
static bool iova_passes(const PuckRule *rule, const PuckEvent *ev)
{
    uint64_t last = ev->iova + ev->len - 1;

    if (!ev->len) {
        return false;
    }
    if (last < ev->iova) {
        last = UINT64_MAX;
    }
    return ev->iova <= rule->iova_last && last >= rule->iova;
}

static bool requester_passes(const PuckRule *rule, const PuckEvent *ev)
{
    if (ev->has & PUCK_HAS_REQUESTER) {
        return ev->requester == rule->requester;
    }
    return ev->is_requester && ev->is_requester(ev, rule->requester);
}

static bool has_passes(const PuckRule *rule, PuckMatch match,
                       const PuckEvent *ev, uint64_t has, bool passes)
{
    return !is_given(rule, match) || ((ev->has & has) && passes);
}

bool puck_rule_filter(const PuckRule *rule, const PuckEvent *ev)
{
    if (rule->site != ev->site || !(ev->can & PUCK_ACT_BIT(rule->action))) {
        return false;
    }
    if (is_given(rule, PUCK_MATCH_DEVICE) &&
        !(ev->device && !strcmp(ev->device, rule->device))) {
        return false;
    }
    if (is_given(rule, PUCK_MATCH_REQUESTER) && !requester_passes(rule, ev)) {
        return false;
    }
    return has_passes(rule, PUCK_MATCH_RING, ev, PUCK_HAS_RING,
                      ev->ring == rule->ring) &&
           has_passes(rule, PUCK_MATCH_SEQNO, ev, PUCK_HAS_SEQNO,
                      ev->seqno >= rule->seqno &&
                      ev->seqno <= rule->seqno_last) &&
           has_passes(rule, PUCK_MATCH_IOVA, ev, PUCK_HAS_IOVA,
                      iova_passes(rule, ev)) &&
           has_passes(rule, PUCK_MATCH_DIR, ev, PUCK_HAS_DIR,
                      ev->is_write == rule->is_write) &&
           has_passes(rule, PUCK_MATCH_VECTOR, ev, PUCK_HAS_VECTOR,
                      ev->vector == rule->vector);
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
