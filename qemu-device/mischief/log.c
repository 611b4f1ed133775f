/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the log, one JSON object a line. See section "Log" of
 * docs/specs/mischief.rst. It is written with the lock of the list held, so
 * that lines stand in the order in which the rules were asked.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/timer.h"
#include "qobject/json-writer.h"
#include "system/runstate.h"
#include "engine.h"
#include "../trace.h"

/* Set once, before there are rules. */
static FILE *file;

/* A machine that comes from elsewhere goes on with the log it had there. */
bool puck_log_open(const char *path, Error **errp)
{
    file = fopen(path, runstate_check(RUN_STATE_INMIGRATE) ? "a" : "w");
    if (!file) {
        error_setg_file_open(errp, errno, path);
        return false;
    }
    setvbuf(file, NULL, _IOLBF, BUFSIZ);
    return true;
}

static void put_hex(JSONWriter *w, const char *name, uint64_t value)
{
    g_autofree char *text = g_strdup_printf("0x%" PRIx64, value);

    json_writer_str(w, name, text);
}

static JSONWriter *line_start(const PuckEvent *ev, uint32_t rule)
{
    JSONWriter *w = json_writer_new(false);

    json_writer_start_object(w, NULL);
    json_writer_int64(w, "t", qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    json_writer_str(w, "device", ev->device ?: "");
    json_writer_str(w, "site", puck_site_name(ev->site));
    json_writer_uint64(w, "rule", rule);
    return w;
}

static void put_requester(JSONWriter *w, uint16_t requester)
{
    g_autofree char *text = g_strdup_printf("%02x:%02x.%x", requester >> 8,
                                            requester >> 3 & 0x1f,
                                            requester & 7);

    json_writer_str(w, "requester", text);
}

static void put_event(JSONWriter *w, const PuckEvent *ev)
{
    if (ev->has & PUCK_HAS_RING) {
        json_writer_uint64(w, "ring", ev->ring);
    }
    if (ev->has & PUCK_HAS_SEQNO) {
        json_writer_uint64(w, "seqno", ev->seqno);
    }
    if (ev->has & PUCK_HAS_REQUESTER) {
        put_requester(w, ev->requester);
    }
    if (ev->has & PUCK_HAS_IOVA) {
        put_hex(w, "iova", ev->iova);
        json_writer_uint64(w, "len", ev->len);
    }
    if (ev->has & PUCK_HAS_DIR) {
        json_writer_str(w, "dir", ev->is_write ? "write" : "read");
    }
    if (ev->has & PUCK_HAS_VECTOR) {
        json_writer_uint64(w, "vector", ev->vector);
    }
}

static void line_end(JSONWriter *w)
{
    json_writer_end_object(w);
    if (fprintf(file, "%s\n", json_writer_get(w)) < 0) {
        warn_report_once("puck-mischief: writing the log: %s",
                         strerror(errno));
    }
    json_writer_free(w);
}

void puck_log_verdict_locked(const PuckEvent *ev, const PuckVerdict *verdict)
{
    JSONWriter *w;

    if (!file) {
        return;
    }
    w = line_start(ev, verdict->rule);
    json_writer_str(w, "action", puck_action_name(verdict->action));
    if (verdict->has_value) {
        json_writer_uint64(w, "value", verdict->value);
    }
    put_event(w, ev);
    line_end(w);
}

void puck_mischief_log_event(const PuckEvent *ev, uint32_t rule,
                             const char *what)
{
    JSONWriter *w;

    QEMU_LOCK_GUARD(&puck_mischief_lock);
    trace_puck_mischief(ev->device ?: "", puck_site_name(ev->site), rule, what,
                        0);
    if (!file) {
        return;
    }
    w = line_start(ev, rule);
    json_writer_str(w, "event", what);
    put_event(w, ev);
    line_end(w);
}

void puck_mischief_log_stale(const PuckEvent *ev, uint32_t rule, uint64_t pa,
                             int64_t age, int64_t since)
{
    JSONWriter *w;

    QEMU_LOCK_GUARD(&puck_mischief_lock);
    if (!file) {
        return;
    }
    w = line_start(ev, rule);
    json_writer_str(w, "event", "stale-use");
    put_event(w, ev);
    put_hex(w, "pa", pa);
    json_writer_int64(w, "age", age);
    if (since >= 0) {
        json_writer_int64(w, "since", since);
    }
    line_end(w);
}
