/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: from the text of a rule to what it says. See section "Rules" of
 * docs/specs/mischief.rst. The text may hold anything.
 */

#include "qemu/osdep.h"
#include "words.h"

/* Where reading has got to. A word is read from @at up to @end. */
typedef struct Reader {
    const char *text;
    const char *text_end;
    const char *at;
    const char *end;
    PuckRuleError *err;
} Reader;

static bool fail(Reader *r, const char *at, const char *what)
{
    r->err->column = at - r->text;
    r->err->what = what;
    return false;
}

/* Skips blanks and takes the next word; false if there is none. */
static bool next_word(Reader *r)
{
    while (r->at < r->text_end && *r->at == ' ') {
        r->at++;
    }
    r->end = r->at;
    while (r->end < r->text_end && *r->end != ' ') {
        r->end++;
    }
    return r->at < r->end;
}

/* Whether @word is all that stands from @at to @end. */
static bool is_word(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(end - at) == len && !memcmp(at, word, len);
}

static bool take_char(Reader *r, char c)
{
    if (r->at < r->end && *r->at == c) {
        r->at++;
        return true;
    }
    return false;
}

/* Takes @word if it stands here, whatever follows. */
static bool take_word(Reader *r, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(r->end - r->at) >= len && !memcmp(r->at, word, len)) {
        r->at += len;
        return true;
    }
    return false;
}

static bool expect_char(Reader *r, char c, const char *what)
{
    return take_char(r, c) || fail(r, r->at, what);
}

static bool expect_end(Reader *r)
{
    return r->at == r->end || fail(r, r->at, "the value should end here");
}

/* The value of a digit in base 16, 16 for what is none. */
static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return 16;
}

static bool take_digits(Reader *r, unsigned base, uint64_t min, uint64_t max,
                        uint64_t *value)
{
    const char *start = r->at;
    uint64_t sum = 0;

    for (; r->at < r->end && digit_value(*r->at) < base; r->at++) {
        unsigned digit = digit_value(*r->at);

        if (sum > (max - digit) / base || digit > max) {
            return fail(r, start, "the number is too large");
        }
        sum = sum * base + digit;
    }
    if (r->at == start) {
        return fail(r, start, "a number is missing");
    }
    if (sum < min) {
        return fail(r, start, "the number is too small");
    }
    *value = sum;
    return true;
}

static bool take_number(Reader *r, uint64_t min, uint64_t max, uint64_t *value)
{
    bool hex = take_word(r, "0x");

    return take_digits(r, hex ? 16 : 10, min, max, value);
}

static bool take_number32(Reader *r, uint32_t min, uint32_t *value)
{
    uint64_t wide;

    if (!take_number(r, min, UINT32_MAX, &wide)) {
        return false;
    }
    *value = wide;
    return true;
}

static bool take_time(Reader *r, uint64_t *ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {
        { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
    };
    const char *start = r->at;

    if (!take_number(r, 0, UINT64_MAX, ns)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (take_word(r, units[i].name)) {
            if (*ns > PUCK_TIME_MAX_NS / units[i].ns) {
                return fail(r, start, "a time is at most 60 s");
            }
            *ns *= units[i].ns;
            return true;
        }
    }
    return fail(r, r->at, "a time ends in ns, us, ms or s");
}

static bool take_size(Reader *r, uint64_t *size)
{
    static const char units[] = "KMG";
    const char *start = r->at;

    if (!take_number(r, 0, UINT64_MAX, size)) {
        return false;
    }
    for (unsigned i = 0; units[i]; i++) {
        if (take_char(r, units[i])) {
            unsigned shift = 10 * (i + 1);

            if (*size > UINT64_MAX >> shift) {
                return fail(r, start, "the number is too large");
            }
            *size <<= shift;
        }
    }
    return true;
}

static bool take_delay(Reader *r, PuckRule *rule)
{
    if (take_word(r, "uniform:")) {
        const char *start = r->at;

        rule->draw = PUCK_DRAW_UNIFORM;
        if (!take_time(r, &rule->value) ||
            !expect_char(r, '-', "uniform: needs two times, A-B") ||
            !take_time(r, &rule->value_to)) {
            return false;
        }
        return rule->value <= rule->value_to ||
               fail(r, start, "the range ends before it begins");
    }
    rule->draw = take_word(r, "exp:") ? PUCK_DRAW_EXP : PUCK_DRAW_FIXED;
    return take_time(r, &rule->value);
}

/* N or N-M. */
static bool take_seqnos(Reader *r, PuckRule *rule)
{
    const char *start = r->at;

    if (!take_number32(r, 0, &rule->seqno)) {
        return false;
    }
    rule->seqno_last = rule->seqno;
    if (take_char(r, '-') && !take_number32(r, 0, &rule->seqno_last)) {
        return false;
    }
    return rule->seqno <= rule->seqno_last ||
           fail(r, start, "the range ends before it begins");
}

static bool take_iovas(Reader *r, PuckRule *rule)
{
    const char *start = r->at;

    if (!take_number(r, 0, UINT64_MAX, &rule->iova)) {
        return false;
    }
    rule->iova_last = rule->iova;
    if (take_char(r, '-') &&
        !take_number(r, 0, UINT64_MAX, &rule->iova_last)) {
        return false;
    }
    return rule->iova <= rule->iova_last ||
           fail(r, start, "the range ends before it begins");
}

/* BB:DD.F in hexadecimal */
static bool take_requester(Reader *r, PuckRule *rule)
{
    static const char form[] = "a requester is BB:DD.F";
    uint64_t bus, dev, fn;

    if (!take_digits(r, 16, 0, 0xff, &bus) || !expect_char(r, ':', form) ||
        !take_digits(r, 16, 0, 0x1f, &dev) || !expect_char(r, '.', form) ||
        !take_digits(r, 16, 0, 7, &fn)) {
        return false;
    }
    rule->requester = bus << 8 | dev << 3 | fn;
    return true;
}

static bool take_device(Reader *r, PuckRule *rule)
{
    size_t len = r->end - r->at;

    if (!len) {
        return fail(r, r->at, "an id is missing");
    }
    memcpy(rule->device, r->at, len);
    rule->device[len] = 0;
    r->at = r->end;
    return true;
}

static bool take_dir(Reader *r, PuckRule *rule)
{
    rule->is_write = take_word(r, "write");
    return rule->is_write || take_word(r, "read") ||
           fail(r, r->at, "a direction is read or write");
}

/* N/M */
static bool take_prob(Reader *r, PuckRule *rule)
{
    const char *start = r->at;

    if (!take_number(r, 0, UINT64_MAX, &rule->prob) ||
        !expect_char(r, '/', "a probability is N/M") ||
        !take_number(r, 1, UINT64_MAX, &rule->prob_of)) {
        return false;
    }
    return rule->prob <= rule->prob_of ||
           fail(r, start, "a probability is at most 1");
}

static bool take_match_value(Reader *r, PuckMatch match, PuckRule *rule)
{
    switch (match) {
    case PUCK_MATCH_DEVICE:
        return take_device(r, rule);
    case PUCK_MATCH_RING:
        return take_number32(r, 0, &rule->ring);
    case PUCK_MATCH_SEQNO:
        return take_seqnos(r, rule);
    case PUCK_MATCH_REQUESTER:
        return take_requester(r, rule);
    case PUCK_MATCH_IOVA:
        return take_iovas(r, rule);
    case PUCK_MATCH_DIR:
        return take_dir(r, rule);
    case PUCK_MATCH_VECTOR:
        return take_number32(r, 0, &rule->vector);
    case PUCK_MATCH_NTH:
        return take_number(r, 1, UINT64_MAX, &rule->nth);
    case PUCK_MATCH_EVERY:
        return take_number(r, 1, UINT64_MAX, &rule->every);
    case PUCK_MATCH_FROM:
        return take_number(r, 1, UINT64_MAX, &rule->from);
    case PUCK_MATCH_COUNT:
        return take_number(r, 1, UINT64_MAX, &rule->count);
    default:
        return take_prob(r, rule);
    }
}

/* The end of the name at the start of the word: where its "=" is, if any. */
static const char *name_end(const Reader *r)
{
    const char *p = r->at;

    while (p < r->end && *p != '=') {
        p++;
    }
    return p;
}

static bool take_match(Reader *r, PuckMatch match, PuckRule *rule)
{
    const uint32_t nth = PUCK_MATCH_BIT(PUCK_MATCH_NTH);
    const uint32_t others = PUCK_MATCH_BIT(PUCK_MATCH_EVERY) |
                            PUCK_MATCH_BIT(PUCK_MATCH_FROM);
    const char *start = r->at;

    if (rule->matches & PUCK_MATCH_BIT(match)) {
        return fail(r, start, "this match is given twice");
    }
    rule->matches |= PUCK_MATCH_BIT(match);
    if ((rule->matches & nth) && (rule->matches & others)) {
        return fail(r, start, "nth excludes every and from");
    }
    r->at = name_end(r);
    return expect_char(r, '=', "this match needs a value") &&
           take_match_value(r, match, rule) && expect_end(r);
}

static bool take_value(Reader *r, const PuckActionWord *word, PuckRule *rule)
{
    rule->draw = PUCK_DRAW_FIXED;
    switch (word->kind) {
    case PUCK_VALUE_DELAY:
        return take_delay(r, rule);
    case PUCK_VALUE_TIME:
        return take_time(r, &rule->value);
    case PUCK_VALUE_NUMBER:
        return take_number(r, word->min, word->max, &rule->value);
    case PUCK_VALUE_BYTE:
        return take_number(r, 0, UINT8_MAX, &rule->value);
    case PUCK_VALUE_SIZE:
        return take_size(r, &rule->value);
    default:
        return fail(r, r->at, "this action takes no value");
    }
}

/* Behind the name of an action. */
static bool take_action(Reader *r, const PuckActionWord *word, PuckRule *rule)
{
    bool has_value = r->at < r->end;

    rule->action = word->action;
    if (!has_value && word->kind == PUCK_VALUE_NONE && !word->word) {
        return true;
    }
    if (!has_value && word->optional) {
        rule->draw = word->has_default ? PUCK_DRAW_FIXED : PUCK_DRAW_NONE;
        rule->value = word->has_default ? word->min : 0;
        return true;
    }
    if (!expect_char(r, '=', "this action needs a value")) {
        return false;
    }
    if (word->word) {
        r->at += strlen(word->word);
        if (word->kind == PUCK_VALUE_NONE) {
            return true;
        }
        if (!expect_char(r, ':', "a byte is missing, as in xor:0xff")) {
            return false;
        }
    }
    return take_value(r, word, rule) && expect_end(r);
}

/* Whether what stands behind the name, at @at, chooses @word. */
static bool word_follows(const Reader *r, const char *at,
                         const PuckActionWord *word)
{
    const char *end;

    if (!word->word) {
        return true;
    }
    if (at == r->end) {
        return false;
    }
    for (end = at + 1; end < r->end && *end != ':'; end++) {
    }
    return is_word(at + 1, end, word->word) &&
           (end == r->end || word->kind != PUCK_VALUE_NONE);
}

/* The last word. Of actions with one name the site and the value choose. */
static bool read_action(Reader *r, PuckRule *rule)
{
    const char *start = r->at, *end = name_end(r);
    bool known = false, here = false;

    for (size_t i = 0; i < puck_action_words_count; i++) {
        const PuckActionWord *word = &puck_action_words[i];

        if (!is_word(start, end, word->name)) {
            continue;
        }
        known = true;
        if (!(word->sites & (1u << rule->site))) {
            continue;
        }
        here = true;
        if (word_follows(r, end, word)) {
            r->at = end;
            return take_action(r, word, rule);
        }
    }
    if (!known) {
        return fail(r, start, "no such match or action");
    }
    if (!here) {
        return fail(r, start, "this site has no such action");
    }
    return fail(r, end < r->end ? end + 1 : end, "the action needs a word");
}

static bool read_site(Reader *r, PuckRule *rule)
{
    if (!next_word(r)) {
        return fail(r, r->at, "a site is missing");
    }
    for (unsigned i = 0; i < PUCK_SITE_COUNT; i++) {
        if (is_word(r->at, r->end, puck_site_words[i])) {
            rule->site = i;
            r->at = r->end;
            return true;
        }
    }
    return fail(r, r->at, "no such site");
}

static bool find_match(const Reader *r, PuckMatch *match)
{
    const char *end = name_end(r);

    for (unsigned i = 0; i < PUCK_MATCH_WORDS; i++) {
        if (is_word(r->at, end, puck_match_words[i])) {
            *match = i;
            return true;
        }
    }
    return false;
}

static bool check_bytes(Reader *r)
{
    if (r->text_end - r->text > PUCK_RULE_TEXT_MAX) {
        return fail(r, r->text + PUCK_RULE_TEXT_MAX, "the rule is too long");
    }
    for (const char *p = r->text; p < r->text_end; p++) {
        if (*p < ' ' || *p > '~') {
            return fail(r, p, "this is no printable ASCII character");
        }
    }
    return true;
}

bool puck_rule_parse(const char *text, size_t len, PuckRule *rule,
                     PuckRuleError *err)
{
    char canonical[PUCK_RULE_TEXT_MAX + 1];
    Reader r = {
        .text = text, .text_end = text + len, .at = text, .err = err,
    };
    PuckMatch match;

    *rule = (PuckRule) { };
    if (!check_bytes(&r) || !read_site(&r, rule)) {
        return false;
    }
    for (;;) {
        if (!next_word(&r)) {
            return fail(&r, r.at, "an action is missing");
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
    if (next_word(&r)) {
        return fail(&r, r.at, "the action ends the rule");
    }
    return puck_rule_format(rule, canonical) ||
           fail(&r, r.text_end, "the rule is too long");
}
