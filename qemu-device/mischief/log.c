/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the log, one JSON object a line. See section "Log" of
 * docs/specs/mischief.rst. A line is made and queued with the lock of the list
 * held, so that lines stand in the order in which the rules were asked; it is
 * written by a thread (logfile.c).
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/timer.h"
#include "qobject/json-writer.h"
#include "list.h"
#include "logfile.h"
#include "words.h"
#include "hw/puck/common/trace.h"

static void put_hex(JSONWriter *w, const char *name, uint64_t value)
{
    g_autofree char *text = g_strdup_printf("0x%" PRIx64, value);

    json_writer_str(w, name, text);
}

static JSONWriter *line_start(const PuckEvent *ev, uint32_t rule, int64_t t)
{
    JSONWriter *w = json_writer_new(false);

    json_writer_start_object(w, NULL);
    json_writer_int64(w, "t", t);
    json_writer_str(w, "device", ev->device ?: "");
    json_writer_str(w, "site", puck_site_name(ev->site));
    json_writer_uint64(w, "rule", rule);
    return w;
}

static void put_requester(JSONWriter *w, const char *name, uint16_t requester)
{
    g_autofree char *text = g_strdup_printf("%02x:%02x.%x", requester >> 8,
                                            requester >> 3 & 0x1f,
                                            requester & 7);

    json_writer_str(w, name, text);
}

/* A property that @ev has, under the name of its match word. */
static void put_property(JSONWriter *w, const PuckMatchWord *word,
                         const PuckEvent *ev)
{
    const void *property = puck_match_property(word, ev);

    switch (word->kind) {
    case PUCK_MATCH_IS_ID:
        json_writer_str(w, word->word, *(const char *const *)property);
        break;
    case PUCK_MATCH_IS_NUMBER:
    case PUCK_MATCH_IS_NUMBERS:
        json_writer_uint64(w, word->word, *(const uint32_t *)property);
        break;
    case PUCK_MATCH_IS_REQUESTER:
        put_requester(w, word->word, *(const uint16_t *)property);
        break;
    case PUCK_MATCH_IS_BYTES:
        put_hex(w, word->word, *(const uint64_t *)property);
        json_writer_uint64(w, "len", ev->len);
        break;
    case PUCK_MATCH_IS_DIR:
        json_writer_str(w, word->word,
                        *(const bool *)property ? "write" : "read");
        break;
    case PUCK_MATCH_IS_COUNT:
    case PUCK_MATCH_IS_RATIO:
        /* Counters are no properties. */
        g_assert_not_reached();
    }
}

/* All that @ev has but its device, which starts the line. */
static void put_event(JSONWriter *w, const PuckEvent *ev)
{
    for (unsigned i = 0; i < PUCK_MATCH_WORDS; i++) {
        if (ev->has & puck_match_words[i].has) {
            put_property(w, &puck_match_words[i], ev);
        }
    }
}

static void line_end(JSONWriter *w, int64_t t)
{
    json_writer_end_object(w);
    puck_logfile_put(t, json_writer_get(w));
    json_writer_free(w);
}

static int64_t now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

void puck_log_verdict_locked(const PuckEvent *ev, const PuckVerdict *verdict)
{
    int64_t t = now();
    JSONWriter *w;

    if (!puck_logfile_is_open()) {
        return;
    }
    w = line_start(ev, verdict->rule, t);
    json_writer_str(w, "action", puck_action_name(verdict->action));
    if (verdict->has_value) {
        json_writer_uint64(w, "value", verdict->value);
    }
    put_event(w, ev);
    line_end(w, t);
}

void puck_mischief_log_event(const PuckEvent *ev, uint32_t rule,
                             const char *what)
{
    int64_t t = now();
    JSONWriter *w;

    QEMU_LOCK_GUARD(&puck_mischief_lock);
    trace_puck_mischief(ev->device ?: "", puck_site_name(ev->site), rule, what,
                        0);
    if (!puck_logfile_is_open()) {
        return;
    }
    w = line_start(ev, rule, t);
    json_writer_str(w, "event", what);
    put_event(w, ev);
    line_end(w, t);
}

void puck_mischief_log_stale(const PuckEvent *ev, uint32_t rule, uint64_t pa,
                             int64_t age, int64_t since)
{
    int64_t t = now();
    JSONWriter *w;

    QEMU_LOCK_GUARD(&puck_mischief_lock);
    if (!puck_logfile_is_open()) {
        return;
    }
    w = line_start(ev, rule, t);
    json_writer_str(w, "event", "stale-use");
    put_event(w, ev);
    put_hex(w, "pa", pa);
    json_writer_int64(w, "age", age);
    if (since >= 0) {
        json_writer_int64(w, "since", since);
    }
    line_end(w, t);
}
