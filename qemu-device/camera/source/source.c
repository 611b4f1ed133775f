/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: pictures of the host. See section "The host's source" of
 * docs/specs/camera.rst.
 *
 * A file is read wholly when the device is made: whatever is wrong with it is
 * told then, and no frame waits for a disk.
 */

#include "qemu/osdep.h"
#include "qemu/crc32c.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "fifo.h"
#include "source.h"

#define FILE_MAX    (1 * GiB)

/* The options for raw pictures, if they are given. */
static bool raw_stream(const PuckCamSource *s, PuckCamStream *raw,
                       Error **errp)
{
    *raw = (PuckCamStream) {
        .width = s->size & PUCK_CAM_SIZE_WIDTH,
        .height = s->size >> 16,
        .interval = s->interval ?: PUCK_CAM_INTERVAL_RESET,
    };
    if (!s->size) {
        error_setg(errp, "source-size is missing");
        return false;
    }
    if (!puck_cam_stream_format(s->format ?: "i420", &raw->sampling)) {
        error_setg(errp, "source-format: i420, nv12, yuyv, uyvy or grey, "
                   "not %s", s->format);
        return false;
    }
    return true;
}

static bool is_raw(const PuckCamSource *s)
{
    return s->format || s->size || s->interval;
}

/* The line at @at; @len is that without its end. False if it has none. */
static bool line_at(const uint8_t *bytes, size_t size, size_t at, size_t *len)
{
    const uint8_t *end = memchr(bytes + at, '\n',
                                MIN(size - at, PUCK_CAM_LINE_MAX));

    *len = end ? end - (bytes + at) : 0;
    return end;
}

/* What is wrong with the header, or NULL. *@at is moved past it. */
static const char *take_header(PuckCamSource *s, size_t size, size_t *at)
{
    size_t len;

    if (!line_at(s->bytes, size, 0, &len)) {
        return "it does not begin with a line of Y4M";
    }
    *at = len + 1;
    return puck_cam_stream_header((const char *)s->bytes, len, &s->stream);
}

/* Finds each picture from @at on. Returns what is wrong, or NULL. */
static const char *find_pictures(PuckCamSource *s, size_t size, size_t at,
                                 bool raw)
{
    size_t bytes = puck_cam_stream_bytes(&s->stream);
    g_autoptr(GArray) found = g_array_new(false, false, sizeof(size_t));

    while (at < size) {
        size_t len;

        if (!raw) {
            if (!line_at(s->bytes, size, at, &len) ||
                !puck_cam_stream_frame((const char *)s->bytes + at, len)) {
                return "a picture without FRAME";
            }
            at += len + 1;
        }
        if (size - at < bytes) {
            return "a part of a picture at its end";
        }
        g_array_append_val(found, at);
        at += bytes;
    }
    s->pictures = found->len;
    s->at = (size_t *)g_array_free(g_steal_pointer(&found), false);
    return s->pictures ? NULL : "not one picture";
}

static bool open_file(PuckCamSource *s, const PuckCamStream *raw,
                      uint32_t size_max, Error **errp)
{
    g_autoptr(GError) err = NULL;
    const char *wrong = NULL;
    size_t at = 0;
    gsize size;

    if (!g_file_get_contents(s->path, (char **)&s->bytes, &size, &err)) {
        error_setg(errp, "source: %s", err->message);
        return false;
    }
    if (raw) {
        s->stream = *raw;
    } else {
        wrong = take_header(s, size, &at);
    }
    wrong = wrong ?: puck_cam_stream_check(&s->stream, size_max);
    wrong = wrong ?: find_pictures(s, size, at, raw);
    if (wrong) {
        error_setg(errp, "source: %s: %s", s->path, wrong);
        return false;
    }
    s->id = crc32c(~0u, s->bytes, size);
    s->present = true;
    return true;
}

static bool open_fifo(PuckCamSource *s, const PuckCamStream *raw,
                      uint32_t size_max, void (*changed)(void *opaque),
                      void *opaque, Error **errp)
{
    const char *wrong = raw ? puck_cam_stream_check(raw, size_max) : NULL;
    int fd;

    if (wrong) {
        error_setg(errp, "source: %s: %s", s->path, wrong);
        return false;
    }
    fd = open(s->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        error_setg_errno(errp, errno, "source: %s", s->path);
        return false;
    }
    if (raw) {
        s->stream = *raw;
    }
    s->fifo = puck_cam_fifo_new(fd, s->path, raw, size_max, changed, opaque);
    return true;
}

bool puck_cam_source_open(PuckCamSource *s, uint32_t size_max,
                          void (*changed)(void *opaque), void *opaque,
                          Error **errp)
{
    const PuckCamStream *is = NULL;
    PuckCamStream raw;
    struct stat st;

    if (is_raw(s)) {
        if (!raw_stream(s, &raw, errp)) {
            return false;
        }
        is = &raw;
    }
    if (stat(s->path, &st) < 0) {
        error_setg_errno(errp, errno, "source: %s", s->path);
        return false;
    }
    if (S_ISFIFO(st.st_mode)) {
        return open_fifo(s, is, size_max, changed, opaque, errp);
    }
    if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
        error_setg(errp, "source: %s: neither a FIFO nor a file of 1 GiB at "
                   "most", s->path);
        return false;
    }
    if (!open_file(s, is, size_max, errp)) {
        puck_cam_source_close(s);
        return false;
    }
    return true;
}

void puck_cam_source_close(PuckCamSource *s)
{
    g_clear_pointer(&s->fifo, puck_cam_fifo_free);
    g_clear_pointer(&s->shown.bytes, g_free);
    g_clear_pointer(&s->before.bytes, g_free);
    g_clear_pointer(&s->at, g_free);
    g_clear_pointer(&s->bytes, g_free);
    s->present = false;
    s->pictures = 0;
}

static bool same_stream(const PuckCamStream *a, const PuckCamStream *b)
{
    return a->width == b->width && a->height == b->height &&
           a->interval == b->interval;
}

/* A picture of @stream is there. Whether that is a change. */
static bool becomes(PuckCamSource *s, const PuckCamStream *stream)
{
    bool changed = !s->present || !same_stream(&s->stream, stream);

    s->present = true;
    s->stream = *stream;
    return changed;
}

static bool ends(PuckCamSource *s)
{
    bool changed = s->present;

    puck_cam_fifo_take(s->fifo);
    s->present = false;
    return changed;
}

static void show(PuckCamSource *s, const PuckCamStream *stream, uint8_t *bytes)
{
    g_free(s->before.bytes);
    s->before = s->shown;
    s->shown = (PuckCamShown) { .stream = *stream, .bytes = bytes };
}

void puck_cam_source_next(PuckCamSource *s, bool *changed, bool *repeated)
{
    PuckCamStream stream;

    *changed = false;
    *repeated = false;
    if (!s->fifo) {
        return;
    }
    switch (puck_cam_fifo_peek(s->fifo, &stream)) {
    case PUCK_CAM_FIFO_PICTURE:
        *changed = becomes(s, &stream);
        show(s, &stream, puck_cam_fifo_take(s->fifo));
        break;
    case PUCK_CAM_FIFO_END:
        *changed = ends(s);
        break;
    default:
        *repeated = s->present;
        break;
    }
}

bool puck_cam_source_settle(PuckCamSource *s, bool idle)
{
    PuckCamFifoItem next = PUCK_CAM_FIFO_NOTHING;
    PuckCamStream stream;
    bool changed = false;

    while (s->fifo &&
           (next = puck_cam_fifo_peek(s->fifo, &stream)) == PUCK_CAM_FIFO_END) {
        changed |= ends(s);
    }
    return (idle && next == PUCK_CAM_FIFO_PICTURE && becomes(s, &stream)) ||
           changed;
}

bool puck_cam_source_picture(const PuckCamSource *s, uint32_t number,
                             bool before, PuckCamPicture *picture)
{
    const PuckCamShown *shown = before ? &s->before : &s->shown;

    if (s->pictures) {
        *picture = puck_cam_stream_picture(&s->stream, s->bytes +
                                           s->at[number % s->pictures]);
        return true;
    }
    if (shown->bytes) {
        *picture = puck_cam_stream_picture(&shown->stream, shown->bytes);
    }
    return shown->bytes;
}
