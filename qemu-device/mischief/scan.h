/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: reading the text of a rule from left to right. Plain C.
 *
 * What reads a value takes as much as is one and returns true; or it says what
 * is wrong, and where, and returns false.
 */
#ifndef PUCK_MISCHIEF_SCAN_H
#define PUCK_MISCHIEF_SCAN_H

#include "rule.h"

/* Where reading has got to. A word is read from @at up to @end. */
typedef struct PuckScan {
    const char *text;
    const char *text_end;
    const char *at;
    const char *end;
    PuckRuleError *err;
} PuckScan;

/* Says what is wrong with the byte at @at. False. */
bool puck_scan_fail(PuckScan *r, const char *at, const char *what);
/* Skips blanks and takes the next word; false if there is none. */
bool puck_scan_word(PuckScan *r);
/* Whether @word is all that stands from @at to @end. */
bool puck_scan_is(const char *at, const char *end, const char *word);

/* Take @c or @text if it stands here, whatever follows. No error. */
bool puck_scan_char(PuckScan *r, char c);
bool puck_scan_text(PuckScan *r, const char *text);

bool puck_scan_expect(PuckScan *r, char c, const char *what);
bool puck_scan_end(PuckScan *r);
bool puck_scan_digits(PuckScan *r, unsigned base, uint64_t min, uint64_t max,
                      uint64_t *value);
bool puck_scan_number(PuckScan *r, uint64_t min, uint64_t max,
                      uint64_t *value);
bool puck_scan_number32(PuckScan *r, uint32_t *value);
bool puck_scan_time(PuckScan *r, uint64_t *ns);
bool puck_scan_size(PuckScan *r, uint64_t *size);

#endif /* PUCK_MISCHIEF_SCAN_H */
