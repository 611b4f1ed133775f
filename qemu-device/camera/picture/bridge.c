/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what the bridge makes of the sensor's lines: cut, scaled, packed,
 * and stamped.
 */

#include "qemu/osdep.h"
#include "bridge.h"

void puck_cam_bridge_begin(PuckCamBridge *b, const PuckCamLayout *layout,
                           const PuckCamMode *mode, PuckCamSensor *sensor,
                           uint8_t *copy)
{
    const PuckCamRect *crop = &layout->crop;
    const PuckCamRect *compose = &layout->compose;

    b->layout = layout;
    b->mode = mode;
    b->sensor = sensor;
    b->copy = copy;
    b->next = 0;
    b->checksum = 0;
    b->straight = crop->width == compose->width;
    for (unsigned x = 0; x < compose->width; x++) {
        b->column[x] = crop->x + x * crop->width / compose->width;
    }
}

static void fill_black(PuckCamRow *row, unsigned x, unsigned count)
{
    memset(row->byte[0] + x, PUCK_CAM_BLACK, count);
    memset(row->byte[1] + x, PUCK_CAM_GREY, count);
    memset(row->byte[2] + x, PUCK_CAM_GREY, count);
}

/* Line @y of the picture as Y, Cb and Cr. */
static void compose_line(PuckCamBridge *b, unsigned y)
{
    const PuckCamLayout *l = b->layout;
    const PuckCamRect *at = &l->compose;
    unsigned behind = at->x + at->width;
    const PuckCamRow *from;

    if (y < at->y || y - at->y >= at->height) {
        fill_black(&b->row, 0, l->out_width);
        return;
    }
    from = puck_cam_sensor_line(b->sensor, puck_cam_sensor_line_of(l, y));
    fill_black(&b->row, 0, at->x);
    fill_black(&b->row, behind, l->out_width - behind);
    for (unsigned c = 0; c < PUCK_CAM_COMPONENTS; c++) {
        uint8_t *to = b->row.byte[c] + at->x;

        if (b->straight) {
            memcpy(to, from->byte[c] + l->crop.x, at->width);
            continue;
        }
        for (unsigned x = 0; x < at->width; x++) {
            to[x] = from->byte[c][b->column[x]];
        }
    }
}

static uint8_t clip(int value)
{
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* R, G, B. Shifts of negative numbers are arithmetic in QEMU's C. */
static void to_rgb(const PuckCamRow *row, unsigned x, uint8_t *rgb)
{
    int c = row->byte[0][x] - 16;
    int d = row->byte[1][x] - 128;
    int e = row->byte[2][x] - 128;

    rgb[0] = clip((298 * c + 409 * e + 128) >> 8);
    rgb[1] = clip((298 * c - 100 * d - 208 * e + 128) >> 8);
    rgb[2] = clip((298 * c + 516 * d + 128) >> 8);
}

static void pack_xrgb8888(const PuckCamRow *row, unsigned width, uint8_t *to)
{
    for (unsigned x = 0; x < width; x++, to += 4) {
        uint8_t rgb[3];

        to_rgb(row, x, rgb);
        to[0] = rgb[2];
        to[1] = rgb[1];
        to[2] = rgb[0];
        to[3] = 0xff;
    }
}

static void pack_rgb24(const PuckCamRow *row, unsigned width, uint8_t *to)
{
    for (unsigned x = 0; x < width; x++) {
        to_rgb(row, x, to + 3 * x);
    }
}

/* Luma is byte @first of two, chroma the other. */
static void pack_422(const PuckCamRow *row, unsigned width, unsigned first,
                     uint8_t *to)
{
    for (unsigned x = 0; x < width; x += 2, to += 4) {
        to[first] = row->byte[0][x];
        to[2 + first] = row->byte[0][x + 1];
        to[!first] = row->byte[1][x];
        to[2 + !first] = row->byte[2][x];
    }
}

static void pack_chroma(const PuckCamRow *row, unsigned width, uint8_t *to)
{
    for (unsigned x = 0; x < width; x += 2) {
        to[x] = row->byte[1][x];
        to[x + 1] = row->byte[2][x];
    }
}

static void pack_line(const PuckCamBridge *b, uint8_t *to)
{
    unsigned width = b->layout->out_width;

    switch (b->layout->format) {
    case PUCK_CAM_FORMAT_XRGB8888:
        pack_xrgb8888(&b->row, width, to);
        break;
    case PUCK_CAM_FORMAT_RGB24:
        pack_rgb24(&b->row, width, to);
        break;
    case PUCK_CAM_FORMAT_YUYV:
        pack_422(&b->row, width, 0, to);
        break;
    case PUCK_CAM_FORMAT_UYVY:
        pack_422(&b->row, width, 1, to);
        break;
    default:
        memcpy(to, b->row.byte[0], width);
        break;
    }
}

static uint32_t word_at(const uint8_t *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof(word));
    return GUINT32_FROM_LE(word);
}

/* The sum of the words of a line, the last one filled up with zero. */
static uint32_t sum_words(const uint8_t *bytes, unsigned count)
{
    uint8_t tail[4] = { };
    uint32_t sum = 0;
    unsigned i;

    for (i = 0; i + 4 <= count; i += 4) {
        sum += word_at(bytes + i);
    }
    memcpy(tail, bytes + i, count - i);
    return sum + word_at(tail);
}

unsigned puck_cam_stamp_bytes(const PuckCamLayout *layout,
                              const PuckCamMode *mode, unsigned plane,
                              unsigned line)
{
    if (!mode->controls.stamp) {
        return 0;
    }
    if (!plane && !line &&
        layout->plane[0].bytes >= sizeof(struct puck_cam_stamp)) {
        return sizeof(struct puck_cam_stamp);
    }
    return sizeof(struct puck_cam_line);
}

static struct puck_cam_line line_stamp(const PuckCamMode *mode, unsigned plane,
                                       unsigned line)
{
    return (struct puck_cam_line) {
        .frame = GUINT32_TO_LE(mode->told_number),
        .line = GUINT16_TO_LE(line),
        .plane = plane,
        .magic = PUCK_CAM_LINE_MAGIC,
    };
}

/* A line is there: it is counted, and gets its stamp. */
static void finish_line(PuckCamBridge *b, unsigned plane, unsigned line)
{
    uint8_t *bytes = puck_cam_copy_line(b->layout, b->copy, plane, line);
    unsigned skip = puck_cam_stamp_bytes(b->layout, b->mode, plane, line);
    unsigned count = b->layout->plane[plane].bytes - skip;
    struct puck_cam_line stamp = line_stamp(b->mode, plane, line);

    b->checksum += (line + 1) * sum_words(bytes + skip, count);
    if (skip) {
        memcpy(bytes, &stamp, sizeof(stamp));
    }
}

/* The whole picture is there. */
static void stamp_frame(PuckCamBridge *b)
{
    const PuckCamMode *mode = b->mode;
    struct puck_cam_stamp stamp = {
        .line = line_stamp(mode, 0, 0),
        .magic = GUINT32_TO_LE(PUCK_CAM_STAMP_MAGIC),
        .version = GUINT16_TO_LE(PUCK_CAM_STAMP_VERSION),
        .format = GUINT16_TO_LE(b->layout->format),
        .time = GUINT64_TO_LE(mode->told_start),
        .checksum = GUINT32_TO_LE(b->checksum),
        .width = GUINT16_TO_LE(b->layout->out_width),
        .height = GUINT16_TO_LE(b->layout->out_height),
        .pattern = mode->controls.pattern,
        .flip = mode->controls.flip,
        .gain = GUINT16_TO_LE(mode->controls.gain),
        .seed = GUINT64_TO_LE(mode->controls.seed),
    };

    if (puck_cam_stamp_bytes(b->layout, mode, 0, 0) != sizeof(stamp)) {
        return;
    }
    stamp.sum = GUINT32_TO_LE(sum_words((void *)&stamp, sizeof(stamp)));
    memcpy(b->copy, &stamp, sizeof(stamp));
}

static void make_line(PuckCamBridge *b, unsigned y)
{
    const PuckCamLayout *l = b->layout;

    compose_line(b, y);
    pack_line(b, puck_cam_copy_line(l, b->copy, 0, y));
    finish_line(b, 0, y);
    if (l->planes > 1 && y % 2 == 0) {
        pack_chroma(&b->row, l->out_width,
                    puck_cam_copy_line(l, b->copy, 1, y / 2));
        finish_line(b, 1, y / 2);
    }
}

bool puck_cam_bridge_lines(PuckCamBridge *b, unsigned count)
{
    unsigned lines = b->layout->out_height;

    while (count-- && b->next < lines) {
        make_line(b, b->next++);
    }
    if (b->next < lines) {
        return false;
    }
    stamp_frame(b);
    return true;
}
