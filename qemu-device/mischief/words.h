/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the words that rules are made of, as tables. Plain C.
 */
#ifndef PUCK_MISCHIEF_WORDS_H
#define PUCK_MISCHIEF_WORDS_H

#include "rule.h"

/* What may stand behind the "=" of an action. */
typedef enum PuckValueKind {
    PUCK_VALUE_NONE,
    PUCK_VALUE_DELAY,           /* a time, uniform:A-B or exp:MEAN */
    PUCK_VALUE_TIME,
    PUCK_VALUE_NUMBER,
    PUCK_VALUE_BYTE,
    PUCK_VALUE_SIZE,
} PuckValueKind;

typedef struct PuckActionWord {
    PuckAction action;
    const char *name;
    const char *word;           /* behind "=", before a value; or NULL */
    const char *full_name;
    uint64_t sites;             /* PUCK_SITE_BIT() of those that have it */
    PuckValueKind kind;
    bool optional;              /* the value may be left out */
    bool has_default;           /* it then is @min */
    uint64_t min, max;          /* of a number */
} PuckActionWord;

extern const char *const puck_site_words[PUCK_SITE_COUNT];
extern const char *const puck_match_words[PUCK_MATCH_WORDS];
extern const PuckActionWord puck_action_words[];
extern const size_t puck_action_words_count;

#endif /* PUCK_MISCHIEF_WORDS_H */
