/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes that puck-cam has to write.
 */

#include "qemu/osdep.h"
#include "cam-picture.h"

CamPicture cam_picture(unsigned width, unsigned height, unsigned format)
{
    static const unsigned bytes[] = { 0, 4, 3, 2, 2, 1, 1, 1 };

    return (CamPicture) {
        .width = width, .height = height,
        .out_width = width, .out_height = height,
        .crop = { 0, 0, width, height },
        .compose = { 0, 0, width, height },
        .format = format,
        .stride = { width * bytes[format], width },
        .hblank = 280, .vblank = 45, .interval = 33333333,
        .gain = 0x100, .stamp = 1,
    };
}

/* The number that a sequence begins with whose state is @s. */
static uint64_t first_number(uint64_t s)
{
    uint64_t z = s + 0x9e3779b97f4a7c15ull;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static unsigned noise_byte(const CamPicture *p, unsigned i)
{
    uint64_t state = p->seed + i / 8 * 0x9e3779b97f4a7c15ull;

    return first_number(state) >> i % 8 * 8 & 0xff;
}

static void noise(const CamPicture *p, unsigned x, unsigned y, int ycc[3])
{
    uint64_t z = first_number(p->seed + 65536ull * p->number + y);

    ycc[0] = 16 + noise_byte(p, x + (z & 8191)) * 220 / 256;
    ycc[1] = 16 + noise_byte(p, x + (z >> 13 & 8191)) * 225 / 256;
    ycc[2] = 16 + noise_byte(p, x + (z >> 26 & 8191)) * 225 / 256;
}

static void bars(const CamPicture *p, unsigned x, int ycc[3])
{
    static const int colours[8][3] = {
        { 180, 128, 128 }, { 162, 44, 142 }, { 131, 156, 44 },
        { 112, 72, 58 }, { 84, 184, 198 }, { 65, 100, 212 },
        { 35, 212, 114 }, { 16, 128, 128 },
    };

    memcpy(ycc, colours[8 * x / p->width], sizeof(colours[0]));
}

static void box(const CamPicture *p, unsigned x, unsigned y, int ycc[3])
{
    uint64_t left = 8ull * p->number % (p->width - p->width / 8 + 1);
    uint64_t top = 4ull * p->number % (p->height - p->height / 8 + 1);

    bars(p, x, ycc);
    if (x >= left && x < left + p->width / 8 &&
        y >= top && y < top + p->height / 8) {
        ycc[0] = 235;
        ycc[1] = ycc[2] = 128;
    }
}

static void ramp(const CamPicture *p, unsigned x, unsigned y, int ycc[3])
{
    uint64_t n = p->number;

    ycc[0] = 16 + (x + y + 4 * n) % 220;
    ycc[1] = 16 + (y + n) % 225;
    ycc[2] = 16 + (y + 2 * n) % 225;
}

static int expose(const CamPicture *p, int luma)
{
    uint64_t lines = p->height + p->vblank;
    uint64_t normal = lines / 2;
    uint64_t e = p->exposure ? MIN(p->exposure, lines) : normal;
    uint64_t above;

    if (e * p->gain == normal * 256) {
        return luma;
    }
    above = MAX(luma - 16, 0) * e * p->gain / (normal * 256);
    return 16 + MIN(above, 219);
}

/* A pixel of the sensor, behind exposure and flip. */
static void sensor_pixel(const CamPicture *p, unsigned x, unsigned y,
                         int ycc[3])
{
    if (p->flip & 1) {
        x = p->width - 1 - x;
    }
    if (p->flip & 2) {
        y = p->height - 1 - y;
    }
    switch (p->pattern) {
    case PUCK_CAM_PATTERN_BARS:
        bars(p, x, ycc);
        break;
    case PUCK_CAM_PATTERN_RAMP:
        ramp(p, x, y, ycc);
        break;
    case PUCK_CAM_PATTERN_BOX:
        box(p, x, y, ycc);
        break;
    case PUCK_CAM_PATTERN_NOISE:
        noise(p, x, y, ycc);
        break;
    default:
        p->source(x, y, ycc);
        break;
    }
    ycc[0] = expose(p, ycc[0]);
}

/* A pixel of the picture in the buffer. */
static void pixel(const CamPicture *p, unsigned x, unsigned y, int ycc[3])
{
    const CamRect *to = &p->compose;

    if (x < to->x || x >= to->x + to->w || y < to->y || y >= to->y + to->h) {
        ycc[0] = 16;
        ycc[1] = ycc[2] = 128;
        return;
    }
    sensor_pixel(p, p->crop.x + (x - to->x) * p->crop.w / to->w,
                 p->crop.y + (y - to->y) * p->crop.h / to->h, ycc);
}

static int floor_256(int value)
{
    return value >= 0 ? value / 256 : -((255 - value) / 256);
}

static uint8_t clip(int value)
{
    return MIN(MAX(value, 0), 255);
}

/* B, G, R */
static uint8_t rgb_byte(const int ycc[3], unsigned which)
{
    int c = ycc[0] - 16, d = ycc[1] - 128, e = ycc[2] - 128;

    switch (which) {
    case 0:
        return clip(floor_256(298 * c + 516 * d + 128));
    case 1:
        return clip(floor_256(298 * c - 100 * d - 208 * e + 128));
    default:
        return clip(floor_256(298 * c + 409 * e + 128));
    }
}

/* Byte @i of line @l of plane @plane, without a stamp. */
static uint8_t plain_byte(const CamPicture *p, unsigned plane, unsigned l,
                          unsigned i)
{
    int ycc[3];

    if (plane) {
        pixel(p, i / 2 * 2, 2 * l, ycc);
        return ycc[1 + i % 2];
    }
    switch (p->format) {
    case PUCK_CAM_FORMAT_XRGB8888:
        pixel(p, i / 4, l, ycc);
        return i % 4 == 3 ? 0xff : rgb_byte(ycc, i % 4);
    case PUCK_CAM_FORMAT_RGB24:
        pixel(p, i / 3, l, ycc);
        return rgb_byte(ycc, 2 - i % 3);
    case PUCK_CAM_FORMAT_YUYV:
    case PUCK_CAM_FORMAT_UYVY:
        if ((i % 2 == 0) == (p->format == PUCK_CAM_FORMAT_YUYV)) {
            pixel(p, i / 2, l, ycc);
            return ycc[0];
        }
        pixel(p, i / 4 * 2, l, ycc);
        return ycc[1 + i % 4 / 2];
    default:
        pixel(p, i, l, ycc);
        return ycc[0];
    }
}

static unsigned planes(const CamPicture *p)
{
    return p->format == PUCK_CAM_FORMAT_NV12 ||
           p->format == PUCK_CAM_FORMAT_NV12M ? 2 : 1;
}

unsigned cam_picture_parts(const CamPicture *p)
{
    return p->format == PUCK_CAM_FORMAT_NV12M ? 2 : 1;
}

static unsigned plane_lines(const CamPicture *p, unsigned plane)
{
    return plane ? p->out_height / 2 : p->out_height;
}

static unsigned line_bytes(const CamPicture *p, unsigned plane)
{
    static const unsigned bytes[] = { 0, 4, 3, 2, 2, 1, 1, 1 };

    return plane ? p->out_width : p->out_width * bytes[p->format];
}

uint64_t cam_picture_bytes(const CamPicture *p, unsigned part)
{
    if (part) {
        return cam_picture_parts(p) > 1 ?
               (uint64_t)p->stride[1] * p->out_height / 2 : 0;
    }
    return (uint64_t)p->stride[0] *
           (p->out_height + (p->format == PUCK_CAM_FORMAT_NV12 ?
                             p->out_height / 2 : 0));
}

static uint8_t *line_at(const CamPicture *p, uint8_t *parts[2], unsigned plane,
                        unsigned l)
{
    if (!plane) {
        return parts[0] + (size_t)l * p->stride[0];
    }
    if (p->format == PUCK_CAM_FORMAT_NV12) {
        return parts[0] + (size_t)(p->out_height + l) * p->stride[0];
    }
    return parts[1] + (size_t)l * p->stride[1];
}

/* @count bytes of @value, the lowest first. */
static void put(uint8_t *at, uint64_t value, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        at[i] = value >> 8 * i;
    }
}

static uint32_t word_sum(const uint8_t *bytes, unsigned count)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < count; i++) {
        sum += (uint32_t)bytes[i] << i % 4 * 8;
    }
    return sum;
}

static unsigned stamp_bytes(const CamPicture *p, unsigned plane, unsigned l)
{
    if (!p->stamp) {
        return 0;
    }
    return !plane && !l && line_bytes(p, 0) >= 64 ? 64 : 8;
}

static void stamp_frame(const CamPicture *p, uint8_t *at, uint32_t checksum)
{
    memset(at + 8, 0, 56);
    memcpy(at + 8, "PKST", 4);
    put(at + 12, 1, 2);
    put(at + 14, p->format, 2);
    put(at + 16, p->start, 8);
    put(at + 24, checksum, 4);
    put(at + 28, p->out_width, 2);
    put(at + 30, p->out_height, 2);
    at[36] = p->pattern;
    at[37] = p->flip;
    put(at + 38, p->gain, 2);
    put(at + 40, p->seed, 8);
    put(at + 32, word_sum(at, 64), 4);
}

/* Returns what the line adds to the checksum. */
static uint32_t make_line(const CamPicture *p, unsigned plane, unsigned l,
                          uint8_t *at)
{
    unsigned skip = stamp_bytes(p, plane, l);
    unsigned count = line_bytes(p, plane);

    for (unsigned i = 0; i < count; i++) {
        at[i] = plain_byte(p, plane, l, i);
    }
    if (skip) {
        put(at, p->number, 4);
        put(at + 4, l, 2);
        at[6] = plane;
        at[7] = 0xc5;
    }
    return (l + 1) * word_sum(at + skip, count - skip);
}

void cam_picture_make(const CamPicture *p, uint8_t *parts[2])
{
    uint32_t checksum = 0;

    for (unsigned plane = 0; plane < planes(p); plane++) {
        for (unsigned l = 0; l < plane_lines(p, plane); l++) {
            checksum += make_line(p, plane, l, line_at(p, parts, plane, l));
        }
    }
    if (stamp_bytes(p, 0, 0) == 64) {
        stamp_frame(p, parts[0], checksum);
    }
}

static uint64_t read_at(const CamPicture *p, uint64_t r)
{
    uint64_t row = p->width + p->hblank;

    return p->start + p->interval * ((p->vblank + r) * row + p->width) /
                      ((p->vblank + p->height) * row);
}

uint64_t cam_picture_exposed(const CamPicture *p, unsigned y)
{
    const CamRect *to = &p->compose;

    if (y < to->y) {
        return read_at(p, p->crop.y);
    }
    if (y >= to->y + to->h) {
        return read_at(p, p->crop.y + p->crop.h - 1);
    }
    return read_at(p, p->crop.y + (y - to->y) * p->crop.h / to->h);
}

uint64_t cam_picture_group(const CamPicture *p, unsigned y)
{
    return cam_picture_exposed(p, MIN(y / 32 * 32 + 31, p->out_height - 1));
}

uint64_t cam_picture_end(const CamPicture *p)
{
    return read_at(p, p->height - 1);
}
