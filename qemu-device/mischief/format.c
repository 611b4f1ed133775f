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

static void put_match(Writer *w, PuckMatch match, const PuckRule *rule)
{
    put(w, " %s=", puck_match_words[match]);
    switch (match) {
    case PUCK_MATCH_DEVICE:
        put(w, "%s", rule->device);
        break;
    case PUCK_MATCH_RING:
        put(w, "%u", rule->ring);
        break;
    case PUCK_MATCH_SEQNO:
        put(w, "%u", rule->seqno);
        if (rule->seqno_last != rule->seqno) {
            put(w, "-%u", rule->seqno_last);
        }
        break;
    case PUCK_MATCH_REQUESTER:
        put(w, "%02x:%02x.%x", rule->requester >> 8,
            rule->requester >> 3 & 0x1f, rule->requester & 7);
        break;
    case PUCK_MATCH_IOVA:
        put(w, "0x%" PRIx64, rule->iova);
        if (rule->iova_last != rule->iova) {
            put(w, "-0x%" PRIx64, rule->iova_last);
        }
        break;
    case PUCK_MATCH_DIR:
        put(w, "%s", rule->is_write ? "write" : "read");
        break;
    case PUCK_MATCH_VECTOR:
        put(w, "%u", rule->vector);
        break;
    case PUCK_MATCH_NTH:
        put(w, "%" PRIu64, rule->nth);
        break;
    case PUCK_MATCH_EVERY:
        put(w, "%" PRIu64, rule->every);
        break;
    case PUCK_MATCH_FROM:
        put(w, "%" PRIu64, rule->from);
        break;
    case PUCK_MATCH_COUNT:
        put(w, "%" PRIu64, rule->count);
        break;
    default:
        put(w, "%" PRIu64 "/%" PRIu64, rule->prob, rule->prob_of);
        break;
    }
}

bool puck_rule_format(const PuckRule *rule, char text[PUCK_RULE_TEXT_MAX + 1])
{
    Writer w = { .text = text };

    put(&w, "%s", puck_site_words[rule->site]);
    for (unsigned i = 0; i < PUCK_MATCH_WORDS; i++) {
        if (rule->matches & PUCK_MATCH_BIT(i)) {
            put_match(&w, i, rule);
        }
    }
    put_action(&w, rule);
    return !w.full;
}
