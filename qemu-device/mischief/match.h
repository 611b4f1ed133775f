/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: a rule at work: does it see an event, does it fire, what does it
 * draw. Plain C; with the list's lock held in the device.
 */
#ifndef PUCK_MISCHIEF_MATCH_H
#define PUCK_MISCHIEF_MATCH_H

#include "rule.h"

typedef struct PuckRuleState {
    PuckRule rule;
    uint32_t id;                /* its number, from 1 */
    uint64_t seen;              /* events that passed the filters */
    uint64_t hits;              /* events it fired at */
    uint64_t random;            /* state of its SplitMix64 sequence */
} PuckRuleState;

/* @rule as number @id of a machine with @seed: it has seen nothing yet. */
void puck_rule_start(PuckRuleState *st, const PuckRule *rule, uint32_t id,
                     uint64_t seed);
/* Whether @ev is one of the events that @rule is for. Nothing is counted. */
bool puck_rule_filter(const PuckRule *rule, const PuckEvent *ev);
/* Counts an event that passed the filters. True if the rule fires. */
bool puck_rule_fires(PuckRuleState *st);
/* The value of the action for an event at which the rule fires. */
uint64_t puck_rule_draw(PuckRuleState *st);

#endif /* PUCK_MISCHIEF_MATCH_H */
