/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: a FIFO of the host's, read by a thread of its own.
 *
 * Locking. The queue has a lock, a leaf, which the thread and the device take.
 * All else is the thread's, or does not change.
 */

#include "qemu/osdep.h"
#include <poll.h>
#include "block/aio.h"
#include "qemu/error-report.h"
#include "qemu/event_notifier.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/thread.h"
#include "fifo.h"

#define ITEMS_MAX   4

typedef struct Item {
    PuckCamFifoItem kind;
    PuckCamStream stream;
    uint8_t *bytes;
} Item;

struct PuckCamFifo {
    char *path;
    bool is_raw;
    PuckCamStream raw;
    uint32_t size_max;
    QEMUBH *ready;
    QemuThread thread;
    EventNotifier stop;         /* the thread shall end */
    int fd;                     /* the thread's */

    QemuMutex lock;
    QemuCond room;              /* there is some, or the thread shall end */
    bool stopping;              /* the rest with the lock held */
    unsigned count;
    Item items[ITEMS_MAX];
};

/* False: the thread shall end, and @item's bytes are freed. */
static bool put(PuckCamFifo *f, const Item *item)
{
    bool taken = false;

    WITH_QEMU_LOCK_GUARD(&f->lock) {
        while (f->count == ITEMS_MAX && !f->stopping) {
            qemu_cond_wait(&f->room, &f->lock);
        }
        if (!f->stopping) {
            f->items[f->count++] = *item;
            taken = true;
        }
    }
    if (taken) {
        qemu_bh_schedule(f->ready);
    } else {
        g_free(item->bytes);
    }
    return taken;
}

/*
 * Waits for bytes. False: the writer went, or the thread shall end. A FIFO that
 * was just opened has had no writer yet, and is waited for.
 */
static bool wait_for_bytes(PuckCamFifo *f)
{
    struct pollfd fds[] = {
        { .fd = f->fd, .events = POLLIN },
        { .fd = event_notifier_get_fd(&f->stop), .events = POLLIN },
    };

    while (poll(fds, ARRAY_SIZE(fds), -1) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return !fds[1].revents && (fds[0].revents & POLLIN);
}

static bool read_bytes(PuckCamFifo *f, uint8_t *to, size_t count)
{
    while (count) {
        ssize_t got;

        if (!wait_for_bytes(f)) {
            return false;
        }
        got = read(f->fd, to, count);
        if (got > 0) {
            to += got;
            count -= got;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return false;
        }
    }
    return true;
}

/*
 * A line that begins with @begin, without its end. False if it does not, or is
 * longer than a line may be, or the writer went.
 */
static bool read_line(PuckCamFifo *f, const char *begin,
                      char line[PUCK_CAM_LINE_MAX], size_t *len)
{
    for (*len = 0; *len < PUCK_CAM_LINE_MAX; (*len)++) {
        if (!read_bytes(f, (uint8_t *)&line[*len], 1)) {
            return false;
        }
        if (line[*len] == '\n') {
            return true;
        }
        /* What is wrong from its start is not waited for to its end. */
        if (*len < strlen(begin) && line[*len] != begin[*len]) {
            warn_report("puck-cam: %s: no %s", f->path, begin);
            return false;
        }
    }
    return false;
}

/* What the writer is going to write. */
static bool read_header(PuckCamFifo *f, PuckCamStream *stream)
{
    char line[PUCK_CAM_LINE_MAX];
    const char *wrong;
    size_t len;

    if (f->is_raw) {
        *stream = f->raw;
        return wait_for_bytes(f);
    }
    if (!read_line(f, PUCK_CAM_Y4M_MAGIC, line, &len)) {
        return false;
    }
    wrong = puck_cam_stream_header(line, len, stream);
    if (!wrong) {
        wrong = puck_cam_stream_check(stream, f->size_max);
    }
    if (wrong) {
        warn_report("puck-cam: %s: %s", f->path, wrong);
    }
    return !wrong;
}

/* The bytes of a picture, or NULL. */
static uint8_t *read_picture(PuckCamFifo *f, const PuckCamStream *stream)
{
    size_t bytes = puck_cam_stream_bytes(stream);
    char line[PUCK_CAM_LINE_MAX];
    uint8_t *picture;
    size_t len;

    if (!f->is_raw) {
        if (!read_line(f, PUCK_CAM_Y4M_FRAME, line, &len)) {
            return NULL;
        }
        if (!puck_cam_stream_frame(line, len)) {
            warn_report("puck-cam: %s: a picture without FRAME", f->path);
            return NULL;
        }
    }
    picture = g_malloc(bytes);
    if (!read_bytes(f, picture, bytes)) {
        g_clear_pointer(&picture, g_free);
    }
    return picture;
}

/* All that one writer writes. */
static void read_stream(PuckCamFifo *f)
{
    Item item = { .kind = PUCK_CAM_FIFO_PICTURE };
    Item end = { .kind = PUCK_CAM_FIFO_END };
    bool any = false;

    if (!read_header(f, &item.stream)) {
        return;
    }
    while ((item.bytes = read_picture(f, &item.stream))) {
        if (!put(f, &item)) {
            return;
        }
        any = true;
    }
    if (any) {
        put(f, &end);
    }
}

/* For the next writer. One that is still there learns that nobody reads. */
static bool reopen(PuckCamFifo *f)
{
    close(f->fd);
    f->fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (f->fd < 0) {
        warn_report("puck-cam: %s: %s", f->path, strerror(errno));
    }
    return f->fd >= 0;
}

static bool stops(PuckCamFifo *f)
{
    QEMU_LOCK_GUARD(&f->lock);
    return f->stopping;
}

static void *reader(void *opaque)
{
    PuckCamFifo *f = opaque;

    do {
        read_stream(f);
    } while (!stops(f) && reopen(f));
    return NULL;
}

PuckCamFifo *puck_cam_fifo_new(int fd, const char *path,
                               const PuckCamStream *raw, uint32_t size_max,
                               void (*ready)(void *opaque), void *opaque)
{
    PuckCamFifo *f = g_new0(PuckCamFifo, 1);

    f->path = g_strdup(path);
    f->is_raw = raw;
    f->raw = raw ? *raw : (PuckCamStream) { };
    f->size_max = size_max;
    f->fd = fd;
    f->ready = qemu_bh_new(ready, opaque);
    event_notifier_init(&f->stop, false);
    qemu_mutex_init(&f->lock);
    qemu_cond_init(&f->room);
    qemu_thread_create(&f->thread, "puck-cam-fifo", reader, f,
                       QEMU_THREAD_JOINABLE);
    return f;
}

void puck_cam_fifo_free(PuckCamFifo *f)
{
    WITH_QEMU_LOCK_GUARD(&f->lock) {
        f->stopping = true;
        qemu_cond_broadcast(&f->room);
    }
    event_notifier_set(&f->stop);
    qemu_thread_join(&f->thread);
    qemu_bh_delete(f->ready);
    if (f->fd >= 0) {
        close(f->fd);
    }
    for (unsigned i = 0; i < f->count; i++) {
        g_free(f->items[i].bytes);
    }
    event_notifier_cleanup(&f->stop);
    qemu_cond_destroy(&f->room);
    qemu_mutex_destroy(&f->lock);
    g_free(f->path);
    g_free(f);
}

PuckCamFifoItem puck_cam_fifo_peek(PuckCamFifo *f, PuckCamStream *stream)
{
    QEMU_LOCK_GUARD(&f->lock);
    if (!f->count) {
        return PUCK_CAM_FIFO_NOTHING;
    }
    *stream = f->items[0].stream;
    return f->items[0].kind;
}

uint8_t *puck_cam_fifo_take(PuckCamFifo *f)
{
    uint8_t *bytes;

    QEMU_LOCK_GUARD(&f->lock);
    g_assert(f->count);
    bytes = f->items[0].bytes;
    f->count--;
    memmove(f->items, f->items + 1, f->count * sizeof(f->items[0]));
    qemu_cond_signal(&f->room);
    return bytes;
}
