/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the file that the log's lines go to.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/lockable.h"
#include "qemu/notify.h"
#include "qemu/thread.h"
#include "system/runstate.h"
#include "system/system.h"
#include "logfile.h"

/* Bytes that may wait for the thread. */
#define QUEUE_MAX       (4 * 1024 * 1024)
/* Enough for a line about lines. */
#define LAST_LINES      256
#define FLUSH_MS        1000

/* Set once, before there are lines; the rest is under the lock. */
static int fd = -1;

static struct {
    QemuMutex lock;
    QemuCond filled;            /* for the thread */
    QemuCond written;           /* for those that flush */
    GString *queue;
    uint64_t max;               /* bytes of the file */
    uint64_t room;              /* bytes that it may still take */
    uint64_t lost;
    uint64_t lost_untold;       /* since a line said so */
    int64_t last_t;             /* of the last line put */
    bool writing;
    bool full;                  /* no further line is taken */
} log;

/* Returns the number of lines in what is not written: 0 if all is. */
static uint64_t write_out(const GString *out)
{
    gssize written = qemu_write_full(fd, out->str, out->len);
    uint64_t lines = 0;

    if (written == out->len) {
        return 0;
    }
    warn_report_once("puck-mischief: writing the log: %s", strerror(errno));
    for (gsize i = written; i < out->len; i++) {
        lines += out->str[i] == '\n';
    }
    return lines;
}

static void *writer(void *unused)
{
    GString *out = g_string_new(NULL);
    uint64_t lines;

    for (;;) {
        WITH_QEMU_LOCK_GUARD(&log.lock) {
            while (!log.queue->len) {
                qemu_cond_wait(&log.filled, &log.lock);
            }
            /* The two buffers change places. */
            GString *full = log.queue;

            log.queue = out;
            out = full;
            log.writing = true;
        }
        lines = write_out(out);
        g_string_truncate(out, 0);
        WITH_QEMU_LOCK_GUARD(&log.lock) {
            log.writing = false;
            log.lost += lines;
            log.lost_untold += lines;
            qemu_cond_broadcast(&log.written);
        }
    }
    return NULL;
}

/* The caller has made sure that there is room. */
static void append_locked(const char *line)
{
    size_t len = strlen(line) + 1;

    g_string_append(log.queue, line);
    g_string_append_c(log.queue, '\n');
    log.room -= MIN(log.room, len);
    qemu_cond_signal(&log.filled);
}

static void tell_locked(int64_t t, const char *event, const char *name,
                        uint64_t value)
{
    g_autofree char *line = g_strdup_printf(
        "{\"t\": %" PRId64 ", \"event\": \"%s\", \"%s\": %" PRIu64 "}",
        t, event, name, value);

    append_locked(line);
}

/* Lines for which the queue had no room, or which could not be written. */
static void tell_lost_locked(int64_t t)
{
    if (log.lost_untold) {
        tell_locked(t, "lost", "lines", log.lost_untold);
        log.lost_untold = 0;
    }
}

static bool has_room_locked(int64_t t, const char *line)
{
    size_t len = strlen(line) + 1 + LAST_LINES;

    if (log.full || log.queue->len + len > QUEUE_MAX) {
        return false;
    }
    if (len + LAST_LINES > log.room) {
        /* @line is the first that is lost since the file is full. */
        log.full = true;
        tell_lost_locked(t);
        tell_locked(t, "full", "max", log.max);
        return false;
    }
    return true;
}

void puck_logfile_put(int64_t t, const char *line)
{
    QEMU_LOCK_GUARD(&log.lock);

    log.last_t = t;
    if (!has_room_locked(t, line)) {
        log.lost++;
        log.lost_untold++;
        return;
    }
    tell_lost_locked(t);
    append_locked(line);
}

void puck_logfile_flush(void)
{
    int64_t end = g_get_monotonic_time() / 1000 + FLUSH_MS;
    int64_t left = FLUSH_MS;

    if (fd < 0) {
        return;
    }
    QEMU_LOCK_GUARD(&log.lock);
    while ((log.queue->len || log.writing) && left > 0) {
        qemu_cond_timedwait(&log.written, &log.lock, left);
        left = end - g_get_monotonic_time() / 1000;
    }
}

uint64_t puck_logfile_lost(void)
{
    if (fd < 0) {
        return 0;
    }
    QEMU_LOCK_GUARD(&log.lock);
    return log.lost;
}

bool puck_logfile_is_open(void)
{
    return fd >= 0;
}

/* What was lost since the last line that said so is the last line. */
static void at_exit(Notifier *notifier, void *data)
{
    WITH_QEMU_LOCK_GUARD(&log.lock) {
        tell_lost_locked(log.last_t);
        log.full = true;
    }
    puck_logfile_flush();
}

static void state_changed(void *opaque, bool running, RunState state)
{
    if (!running) {
        puck_logfile_flush();
    }
}

static void start(uint64_t max, uint64_t room)
{
    static Notifier exit_notifier = { .notify = at_exit };
    static QemuThread thread;

    qemu_mutex_init(&log.lock);
    qemu_cond_init(&log.filled);
    qemu_cond_init(&log.written);
    log.queue = g_string_new(NULL);
    log.max = max;
    log.room = room;
    qemu_thread_create(&thread, "puck-log", writer, NULL,
                       QEMU_THREAD_DETACHED);
    qemu_add_exit_notifier(&exit_notifier);
    qemu_add_vm_change_state_handler(state_changed, NULL);
}

/* A machine that comes from elsewhere goes on with the log it had there. */
bool puck_logfile_open(const char *path, uint64_t max, Error **errp)
{
    bool incoming = runstate_check(RUN_STATE_INMIGRATE);
    int flags = O_WRONLY | O_CREAT | (incoming ? O_APPEND : O_TRUNC);
    struct stat st;

    fd = qemu_open_old(path, flags, 0666);
    if (fd < 0) {
        error_setg_file_open(errp, errno, path);
        return false;
    }
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        st.st_size = 0;
    }
    start(max, max - MIN(max, st.st_size));
    return true;
}
