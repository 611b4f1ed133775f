/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: from the text of a rule to what it says. See section "Rules" of
 * docs/specs/mischief.rst. The text may hold anything.
 */

#include "qemu/osdep.h"
#include "scan.h"
#include "words.h"

static bool take_delay(PuckScan *r, PuckRule *rule)
{
    if (puck_scan_text(r, "uniform:")) {
        const char *start = r->at;

        rule->draw = PUCK_DRAW_UNIFORM;
        if (!puck_scan_time(r, &rule->value) ||
            !puck_scan_expect(r, '-', "uniform: needs two times, A-B") ||
            !puck_scan_time(r, &rule->value_to)) {
            return false;
        }
        return rule->value <= rule->value_to ||
               puck_scan_fail(r, start, "the range ends before it begins");
    }
    rule->draw = puck_scan_text(r, "exp:") ? PUCK_DRAW_EXP : PUCK_DRAW_FIXED;
    return puck_scan_time(r, &rule->value);
}

/* N or N-M. */
static bool take_numbers(PuckScan *r, uint32_t *first, uint32_t *last)
{
    const char *start = r->at;

    if (!puck_scan_number32(r, first)) {
        return false;
    }
    *last = *first;
    if (puck_scan_char(r, '-') && !puck_scan_number32(r, last)) {
        return false;
    }
    return *first <= *last ||
           puck_scan_fail(r, start, "the range ends before it begins");
}

/* A or A-B. */
static bool take_bytes(PuckScan *r, uint64_t *first, uint64_t *last)
{
    const char *start = r->at;

    if (!puck_scan_number(r, 0, UINT64_MAX, first)) {
        return false;
    }
    *last = *first;
    if (puck_scan_char(r, '-') && !puck_scan_number(r, 0, UINT64_MAX, last)) {
        return false;
    }
    return *first <= *last ||
           puck_scan_fail(r, start, "the range ends before it begins");
}

/* BB:DD.F in hexadecimal */
static bool take_requester(PuckScan *r, uint16_t *requester)
{
    static const char form[] = "a requester is BB:DD.F";
    uint64_t bus, dev, fn;

    if (!puck_scan_digits(r, 16, 0, 0xff, &bus) ||
        !puck_scan_expect(r, ':', form) ||
        !puck_scan_digits(r, 16, 0, 0x1f, &dev) ||
        !puck_scan_expect(r, '.', form) ||
        !puck_scan_digits(r, 16, 0, 7, &fn)) {
        return false;
    }
    *requester = bus << 8 | dev << 3 | fn;
    return true;
}

/* Takes the rest of the word: @id has room for the text of a whole rule. */
static bool take_id(PuckScan *r, char id[PUCK_RULE_TEXT_MAX + 1])
{
    size_t len = r->end - r->at;

    if (!len) {
        return puck_scan_fail(r, r->at, "an id is missing");
    }
    memcpy(id, r->at, len);
    id[len] = 0;
    r->at = r->end;
    return true;
}

static bool take_dir(PuckScan *r, bool *is_write)
{
    *is_write = puck_scan_text(r, "write");
    return *is_write || puck_scan_text(r, "read") ||
           puck_scan_fail(r, r->at, "a direction is read or write");
}

/* N/M */
static bool take_ratio(PuckScan *r, uint64_t *part, uint64_t *of)
{
    const char *start = r->at;

    if (!puck_scan_number(r, 0, UINT64_MAX, part) ||
        !puck_scan_expect(r, '/', "a probability is N/M") ||
        !puck_scan_number(r, 1, UINT64_MAX, of)) {
        return false;
    }
    return *part <= *of ||
           puck_scan_fail(r, start, "a probability is at most 1");
}

static bool take_match_value(PuckScan *r, const PuckMatchWord *word,
                             PuckRule *rule)
{
    void *value = (char *)rule + word->value;
    void *value_2 = (char *)rule + word->value_2;

    switch (word->kind) {
    case PUCK_MATCH_IS_ID:
        return take_id(r, value);
    case PUCK_MATCH_IS_NUMBER:
        return puck_scan_number32(r, value);
    case PUCK_MATCH_IS_NUMBERS:
        return take_numbers(r, value, value_2);
    case PUCK_MATCH_IS_REQUESTER:
        return take_requester(r, value);
    case PUCK_MATCH_IS_BYTES:
        return take_bytes(r, value, value_2);
    case PUCK_MATCH_IS_DIR:
        return take_dir(r, value);
    case PUCK_MATCH_IS_COUNT:
        return puck_scan_number(r, 1, UINT64_MAX, value);
    case PUCK_MATCH_IS_RATIO:
        return take_ratio(r, value, value_2);
    }
    g_assert_not_reached();
}

/* The end of the name at the start of the word: where its "=" is, if any. */
static const char *name_end(const PuckScan *r)
{
    const char *p = r->at;

    while (p < r->end && *p != '=') {
        p++;
    }
    return p;
}

static bool take_match(PuckScan *r, PuckMatch match, PuckRule *rule)
{
    const uint64_t nth = PUCK_MATCH_BIT(PUCK_MATCH_NTH);
    const uint64_t others = PUCK_MATCH_BIT(PUCK_MATCH_EVERY) |
                            PUCK_MATCH_BIT(PUCK_MATCH_FROM);
    const char *start = r->at;

    if (rule->matches & PUCK_MATCH_BIT(match)) {
        return puck_scan_fail(r, start, "this match is given twice");
    }
    rule->matches |= PUCK_MATCH_BIT(match);
    if ((rule->matches & nth) && (rule->matches & others)) {
        return puck_scan_fail(r, start, "nth excludes every and from");
    }
    r->at = name_end(r);
    return puck_scan_expect(r, '=', "this match needs a value") &&
           take_match_value(r, &puck_match_words[match], rule) &&
           puck_scan_end(r);
}

static bool take_value(PuckScan *r, const PuckActionWord *word, PuckRule *rule)
{
    rule->draw = PUCK_DRAW_FIXED;
    switch (word->kind) {
    case PUCK_VALUE_DELAY:
        return take_delay(r, rule);
    case PUCK_VALUE_TIME:
        return puck_scan_time(r, &rule->value);
    case PUCK_VALUE_NUMBER:
        return puck_scan_number(r, word->min, word->max, &rule->value);
    case PUCK_VALUE_BYTE:
        return puck_scan_number(r, 0, UINT8_MAX, &rule->value);
    case PUCK_VALUE_SIZE:
        return puck_scan_size(r, &rule->value);
    default:
        return puck_scan_fail(r, r->at, "this action takes no value");
    }
}

/* Behind the name of an action. */
static bool take_action(PuckScan *r, const PuckActionWord *word, PuckRule *rule)
{
    bool has_value = r->at < r->end;

    rule->action = word->action;
    if (!has_value && word->kind == PUCK_VALUE_NONE && !word->word) {
        return true;
    }
    if (!has_value && word->optional) {
        rule->draw = word->preset ? PUCK_DRAW_FIXED : PUCK_DRAW_NONE;
        rule->value = word->preset;
        return true;
    }
    if (!puck_scan_expect(r, '=', "this action needs a value")) {
        return false;
    }
    if (word->word) {
        r->at += strlen(word->word);
        if (word->kind == PUCK_VALUE_NONE) {
            return true;
        }
        if (!puck_scan_expect(r, ':', "a byte is missing, as in xor:0xff")) {
            return false;
        }
    }
    return take_value(r, word, rule) && puck_scan_end(r);
}

/* Whether what stands behind the name, at @at, chooses @word. */
static bool word_follows(const PuckScan *r, const char *at,
                         const PuckActionWord *word)
{
    const char *end = at;

    if (!word->word) {
        return true;
    }
    if (at == r->end) {
        return false;
    }
    do {
        end++;
    } while (end < r->end && *end != ':');
    return puck_scan_is(at + 1, end, word->word) &&
           (end == r->end || word->kind != PUCK_VALUE_NONE);
}

/* The last word. Of actions with one name the site and the value choose. */
static bool read_action(PuckScan *r, PuckRule *rule)
{
    const char *start = r->at, *end = name_end(r);
    bool known = false, here = false;

    for (size_t i = 0; i < puck_action_words_count; i++) {
        const PuckActionWord *word = &puck_action_words[i];

        if (!puck_scan_is(start, end, word->name)) {
            continue;
        }
        known = true;
        if (!(word->sites & PUCK_SITE_BIT(rule->site))) {
            continue;
        }
        here = true;
        if (word_follows(r, end, word)) {
            r->at = end;
            return take_action(r, word, rule);
        }
    }
    if (!known) {
        return puck_scan_fail(r, start, "no such match or action");
    }
    if (!here) {
        return puck_scan_fail(r, start, "this site has no such action");
    }
    return puck_scan_fail(r, end < r->end ? end + 1 : end,
                          "the action needs a word");
}

static bool read_site(PuckScan *r, PuckRule *rule)
{
    if (!puck_scan_word(r)) {
        return puck_scan_fail(r, r->at, "a site is missing");
    }
    for (unsigned i = 0; i < PUCK_SITE_COUNT; i++) {
        if (puck_scan_is(r->at, r->end, puck_site_words[i])) {
            rule->site = i;
            r->at = r->end;
            return true;
        }
    }
    return puck_scan_fail(r, r->at, "no such site");
}

static bool find_match(const PuckScan *r, PuckMatch *match)
{
    const char *end = name_end(r);

    for (unsigned i = 0; i < PUCK_MATCH_WORDS; i++) {
        if (puck_scan_is(r->at, end, puck_match_words[i].word)) {
            *match = i;
            return true;
        }
    }
    return false;
}

static bool check_bytes(PuckScan *r)
{
    if (r->text_end - r->text > PUCK_RULE_TEXT_MAX) {
        return puck_scan_fail(r, r->text + PUCK_RULE_TEXT_MAX,
                              "the rule is too long");
    }
    for (const char *p = r->text; p < r->text_end; p++) {
        if (*p < ' ' || *p > '~') {
            return puck_scan_fail(r, p, "this is no printable ASCII character");
        }
    }
    return true;
}

bool puck_rule_parse(const char *text, size_t len, PuckRule *rule,
                     PuckRuleError *err)
{
    char canonical[PUCK_RULE_TEXT_MAX + 1];
    PuckScan r = {
        .text = text, .text_end = text + len, .at = text, .err = err,
    };
    PuckMatch match;

    *rule = (PuckRule) { };
    if (!check_bytes(&r) || !read_site(&r, rule)) {
        return false;
    }
    for (;;) {
        if (!puck_scan_word(&r)) {
            return puck_scan_fail(&r, r.at, "an action is missing");
        }
        if (!find_match(&r, &match)) {
            break;
        }
        if (!take_match(&r, match, rule)) {
            return false;
        }
    }
    if (!read_action(&r, rule)) {
        return false;
    }
    if (puck_scan_word(&r)) {
        return puck_scan_fail(&r, r.at, "the action ends the rule");
    }
    return puck_rule_format(rule, canonical) ||
           puck_scan_fail(&r, r.text_end, "the rule is too long");
}
