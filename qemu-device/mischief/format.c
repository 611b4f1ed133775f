/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: from what a rule says back to text, each value in one form only.
 */

#include "qemu/osdep.h"
#include "words.h"

typedef struct Writer {
    char *text;
    size_t used;
    bool full;
} Writer;

static G_GNUC_PRINTF(2, 3) void put(Writer *w, const char *fmt, ...)
{
    size_t room = PUCK_RULE_TEXT_MAX + 1 - w->used;
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(w->text + w->used, room, fmt, ap);
    va_end(ap);
    if (len < 0 || (size_t)len >= room) {
        w->full = true;
        w->text[w->used] = 0;
    } else {
        w->used += len;
    }
}

/* Writes a time in the largest unit that does it without a fraction. */
static void put_time(Writer *w, uint64_t ns)
{
    if (ns % 1000 || !ns) {
        put(w, "%" PRIu64 "ns", ns);
    } else if (ns % 1000000) {
        put(w, "%" PRIu64 "us", ns / 1000);
    } else if (ns % 1000000000) {
        put(w, "%" PRIu64 "ms", ns / 1000000);
    } else {
        put(w, "%" PRIu64 "s", ns / 1000000000);
    }
}

static void put_size(Writer *w, uint64_t size)
{
    unsigned unit = 0;

    while (unit < 3 && size && !(size & 1023)) {
        size >>= 10;
        unit++;
    }
    put(w, "%" PRIu64 "%.1s", size, &"\0KMG"[unit]);
}

static void put_delay(Writer *w, const PuckRule *rule)
{
    if (rule->draw == PUCK_DRAW_UNIFORM) {
        put(w, "uniform:");
        put_time(w, rule->value);
        put(w, "-");
        put_time(w, rule->value_to);
        return;
    }
    put(w, "%s", rule->draw == PUCK_DRAW_EXP ? "exp:" : "");
    put_time(w, rule->value);
}

static void put_value(Writer *w, const PuckActionWord *word,
                      const PuckRule *rule)
{
    switch (word->kind) {
    case PUCK_VALUE_DELAY:
        put_delay(w, rule);
        break;
    case PUCK_VALUE_TIME:
        put_time(w, rule->value);
        break;
    case PUCK_VALUE_BYTE:
        put(w, "0x%02x", (unsigned)rule->value);
        break;
    case PUCK_VALUE_SIZE:
        put_size(w, rule->value);
        break;
    default:
        put(w, "%" PRIu64, rule->value);
        break;
    }
}

static void put_action(Writer *w, const PuckRule *rule)
{
    for (size_t i = 0; i < puck_action_words_count; i++) {
        const PuckActionWord *word = &puck_action_words[i];

        if (word->action != rule->action ||
            !(word->sites & PUCK_SITE_BIT(rule->site))) {
            continue;
        }
        put(w, " %s", word->full_name);
        if (rule->draw != PUCK_DRAW_NONE) {
            put(w, "%c", word->word ? ':' : '=');
            put_value(w, word, rule);
        }
        return;
    }
}

static void put_numbers(Writer *w, uint32_t first, uint32_t last)
{
    put(w, "%u", first);
    if (last != first) {
        put(w, "-%u", last);
    }
}

static void put_bytes(Writer *w, uint64_t first, uint64_t last)
{
    put(w, "0x%" PRIx64, first);
    if (last != first) {
        put(w, "-0x%" PRIx64, last);
    }
}

static void put_requester(Writer *w, uint16_t requester)
{
    put(w, "%02x:%02x.%x", requester >> 8, requester >> 3 & 0x1f,
        requester & 7);
}

static void put_match_value(Writer *w, const PuckMatchWord *word,
                            const PuckRule *rule)
{
    const void *value = puck_match_value(word, rule);
    const void *value_2 = puck_match_value_2(word, rule);

    switch (word->kind) {
    case PUCK_MATCH_IS_ID:
        put(w, "%s", (const char *)value);
        break;
    case PUCK_MATCH_IS_NUMBER:
        put(w, "%u", puck_match_u32(value));
        break;
    case PUCK_MATCH_IS_NUMBERS:
        put_numbers(w, puck_match_u32(value), puck_match_u32(value_2));
        break;
    case PUCK_MATCH_IS_REQUESTER:
        put_requester(w, *(const uint16_t *)value);
        break;
    case PUCK_MATCH_IS_BYTES:
        put_bytes(w, puck_match_u64(value), puck_match_u64(value_2));
        break;
    case PUCK_MATCH_IS_DIR:
        put(w, "%s", *(const bool *)value ? "write" : "read");
        break;
    case PUCK_MATCH_IS_COUNT:
        put(w, "%" PRIu64, puck_match_u64(value));
        break;
    case PUCK_MATCH_IS_RATIO:
        put(w, "%" PRIu64 "/%" PRIu64, puck_match_u64(value),
            puck_match_u64(value_2));
        break;
    }
}

bool puck_rule_format(const PuckRule *rule, char text[PUCK_RULE_TEXT_MAX + 1])
{
    Writer w = { .text = text };

    put(&w, "%s", puck_site_words[rule->site]);
    for (unsigned i = 0; i < PUCK_MATCH_WORDS; i++) {
        if (rule->matches & PUCK_MATCH_BIT(i)) {
            put(&w, " %s=", puck_match_words[i].word);
            put_match_value(&w, &puck_match_words[i], rule);
        }
    }
    put_action(&w, rule);
    return !w.full;
}
