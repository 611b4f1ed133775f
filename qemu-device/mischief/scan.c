/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: reading the text of a rule: words, numbers, times, sizes. The text
 * may hold anything.
 */

#include "qemu/osdep.h"
#include "scan.h"

bool puck_scan_fail(PuckScan *r, const char *at, const char *what)
{
    r->err->column = at - r->text;
    r->err->what = what;
    return false;
}

bool puck_scan_word(PuckScan *r)
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

bool puck_scan_is(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);

    return (size_t)(end - at) == len && !memcmp(at, word, len);
}

bool puck_scan_char(PuckScan *r, char c)
{
    if (r->at < r->end && *r->at == c) {
        r->at++;
        return true;
    }
    return false;
}

bool puck_scan_text(PuckScan *r, const char *text)
{
    size_t len = strlen(text);

    if ((size_t)(r->end - r->at) >= len && !memcmp(r->at, text, len)) {
        r->at += len;
        return true;
    }
    return false;
}

bool puck_scan_expect(PuckScan *r, char c, const char *what)
{
    return puck_scan_char(r, c) || puck_scan_fail(r, r->at, what);
}

bool puck_scan_end(PuckScan *r)
{
    return r->at == r->end ||
           puck_scan_fail(r, r->at, "the value should end here");
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

bool puck_scan_digits(PuckScan *r, unsigned base, uint64_t min, uint64_t max,
                      uint64_t *value)
{
    const char *start = r->at;
    uint64_t sum = 0;

    for (; r->at < r->end && digit_value(*r->at) < base; r->at++) {
        unsigned digit = digit_value(*r->at);

        if (sum > (max - digit) / base || digit > max) {
            return puck_scan_fail(r, start, "the number is too large");
        }
        sum = sum * base + digit;
    }
    if (r->at == start) {
        return puck_scan_fail(r, start, "a number is missing");
    }
    if (sum < min) {
        return puck_scan_fail(r, start, "the number is too small");
    }
    *value = sum;
    return true;
}

bool puck_scan_number(PuckScan *r, uint64_t min, uint64_t max,
                      uint64_t *value)
{
    bool hex = puck_scan_text(r, "0x");

    return puck_scan_digits(r, hex ? 16 : 10, min, max, value);
}

bool puck_scan_number32(PuckScan *r, uint32_t *value)
{
    uint64_t wide;

    if (!puck_scan_number(r, 0, UINT32_MAX, &wide)) {
        return false;
    }
    *value = wide;
    return true;
}

bool puck_scan_time(PuckScan *r, uint64_t *ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {
        { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
    };
    const char *start = r->at;

    if (!puck_scan_number(r, 0, UINT64_MAX, ns)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        if (puck_scan_text(r, units[i].name)) {
            if (*ns > PUCK_TIME_MAX_NS / units[i].ns) {
                return puck_scan_fail(r, start, "a time is at most 60 s");
            }
            *ns *= units[i].ns;
            return true;
        }
    }
    return puck_scan_fail(r, r->at, "a time ends in ns, us, ms or s");
}

bool puck_scan_size(PuckScan *r, uint64_t *size)
{
    static const char units[] = "KMG";
    const char *start = r->at;

    if (!puck_scan_number(r, 0, UINT64_MAX, size)) {
        return false;
    }
    for (unsigned i = 0; units[i]; i++) {
        if (puck_scan_char(r, units[i])) {
            unsigned shift = 10 * (i + 1);

            if (*size > UINT64_MAX >> shift) {
                return puck_scan_fail(r, start, "the number is too large");
            }
            *size <<= shift;
            break;
        }
    }
    return true;
}
