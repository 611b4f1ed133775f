/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: a rule, as text and as what the text says. See section "Rules" of
 * docs/specs/mischief.rst. Plain C; the text is from the guest or the user.
 */
#ifndef PUCK_MISCHIEF_RULE_H
#define PUCK_MISCHIEF_RULE_H

#include "event.h"

#define PUCK_RULE_TEXT_MAX  255         /* bytes, without the zero at the end */
#define PUCK_TIME_MAX_NS    60000000000ull

/* A match word. Filters come first; their order is that of the text. */
typedef enum PuckMatch {
    PUCK_MATCH_DEVICE,
    PUCK_MATCH_RING,
    PUCK_MATCH_SEQNO,
    PUCK_MATCH_FRAME,
    PUCK_MATCH_REQUESTER,
    PUCK_MATCH_IOVA,
    PUCK_MATCH_VM,
    PUCK_MATCH_VA,
    PUCK_MATCH_DIR,
    PUCK_MATCH_VECTOR,
    PUCK_MATCH_HEAD,
    PUCK_MATCH_NTH,
    PUCK_MATCH_EVERY,
    PUCK_MATCH_FROM,
    PUCK_MATCH_COUNT,
    PUCK_MATCH_PROB,
    PUCK_MATCH_WORDS,
} PuckMatch;

/* A set of match words: one bit of 64 for each of them. */
#define PUCK_MATCH_BIT(match)   (1ull << (match))

_Static_assert(PUCK_MATCH_WORDS <= 64, "each match word has a bit");

/* How the value of an action comes about. */
typedef enum PuckDraw {
    PUCK_DRAW_NONE,             /* the action has none */
    PUCK_DRAW_FIXED,            /* value */
    PUCK_DRAW_UNIFORM,          /* value to value_to */
    PUCK_DRAW_EXP,              /* value is the mean */
} PuckDraw;

typedef struct PuckRule {
    PuckSite site;
    PuckAction action;
    uint64_t matches;           /* PUCK_MATCH_BIT() of the words given */
    char device[PUCK_RULE_TEXT_MAX + 1];
    uint32_t ring;
    uint32_t seqno;
    uint32_t seqno_last;
    uint32_t frame;
    uint32_t frame_last;
    uint32_t vector;
    uint32_t head;
    uint16_t requester;
    bool is_write;
    uint64_t iova;
    uint64_t iova_last;
    uint32_t vm;
    uint64_t va;
    uint64_t va_last;
    uint64_t nth;
    uint64_t every;
    uint64_t from;
    uint64_t count;
    uint64_t prob;              /* of prob_of */
    uint64_t prob_of;
    PuckDraw draw;
    uint64_t value;
    uint64_t value_to;
} PuckRule;

typedef struct PuckRuleError {
    unsigned column;            /* the byte of the text that is wrong */
    const char *what;
} PuckRuleError;

/* Reads @len bytes at @text. False if they are no rule: @err says why. */
bool puck_rule_parse(const char *text, size_t len, PuckRule *rule,
                     PuckRuleError *err);
/*
 * Writes the rule as text, each value in one form only; reading it gives the
 * same rule. False if it would not fit, which puck_rule_parse() has refused.
 */
bool puck_rule_format(const PuckRule *rule, char text[PUCK_RULE_TEXT_MAX + 1]);

const char *puck_site_name(PuckSite site);
/* The action with the word that belongs to it, as in "reorder=rings". */
const char *puck_action_name(PuckAction action);

#endif /* PUCK_MISCHIEF_RULE_H */
