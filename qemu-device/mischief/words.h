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
    uint64_t preset;            /* it then is this, if that is not zero */
    uint64_t min, max;          /* of a number */
} PuckActionWord;

/*
 * What stands behind the "=" of a match word: how it is read, written, compared
 * and logged. The types are those of the fields that hold it.
 */
typedef enum PuckMatchKind {
    PUCK_MATCH_IS_ID,           /* ID; char[] in a rule, char * in an event */
    PUCK_MATCH_IS_NUMBER,       /* N; uint32_t */
    PUCK_MATCH_IS_NUMBERS,      /* N[-M]; uint32_t, two of them in a rule */
    PUCK_MATCH_IS_REQUESTER,    /* BB:DD.F; uint16_t */
    PUCK_MATCH_IS_BYTES,        /* A[-B]; uint64_t, two of them in a rule */
    PUCK_MATCH_IS_DIR,          /* read|write; bool */
    PUCK_MATCH_IS_COUNT,        /* N, at least 1; uint64_t; rules only */
    PUCK_MATCH_IS_RATIO,        /* N/M, at most 1; two uint64_t; rules only */
} PuckMatchKind;

/*
 * A match word. A filter compares a property of the event with the rule; a
 * counter is about the rule alone, see puck_rule_fires().
 */
typedef struct PuckMatchWord {
    const char *word;
    PuckMatchKind kind;
    uint64_t has;               /* PUCK_HAS_* of the property; 0: a counter */
    size_t property;            /* offset of the property in PuckEvent */
    size_t value;               /* offset of the value in PuckRule */
    size_t value_2;             /* the same of M or B, where there is one */
} PuckMatchWord;

static inline const void *puck_match_property(const PuckMatchWord *word,
                                              const PuckEvent *ev)
{
    return (const char *)ev + word->property;
}

static inline const void *puck_match_value(const PuckMatchWord *word,
                                           const PuckRule *rule)
{
    return (const char *)rule + word->value;
}

static inline const void *puck_match_value_2(const PuckMatchWord *word,
                                             const PuckRule *rule)
{
    return (const char *)rule + word->value_2;
}

/* What is at a property or value of that type. */
static inline uint32_t puck_match_u32(const void *field)
{
    return *(const uint32_t *)field;
}

static inline uint64_t puck_match_u64(const void *field)
{
    return *(const uint64_t *)field;
}

extern const char *const puck_site_words[PUCK_SITE_COUNT];
/* By PuckMatch. */
extern const PuckMatchWord puck_match_words[PUCK_MATCH_WORDS];
extern const PuckActionWord puck_action_words[];
extern const size_t puck_action_words_count;

#endif /* PUCK_MISCHIEF_WORDS_H */
