/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam's pictures, from the formulas of docs/specs/camera.rst.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "cam-model.h"

typedef struct Ycc {
    int y, cb, cr;
} Ycc;

static const Ycc black = { 16, 128, 128 };

/* Sections "Patterns" and "Completion stage" of the GPU: next(). */
static uint64_t next(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static Ycc bars(unsigned bar)
{
    static const Ycc colour[8] = {
        { 180, 128, 128 }, { 162, 44, 142 }, { 131, 156, 44 }, { 112, 72, 58 },
        { 84, 184, 198 }, { 65, 100, 212 }, { 35, 212, 114 }, { 16, 128, 128 },
    };

    return colour[bar];
}

static Ycc ramp(uint64_t x, uint64_t y, uint64_t n)
{
    return (Ycc) {
        16 + (x + y + 4 * n) % 220, 16 + (y + n) % 225, 16 + (y + 2 * n) % 225,
    };
}

static Ycc box(const CamMode *m, uint64_t x, uint64_t y, uint64_t n)
{
    uint64_t w = m->width, h = m->height;
    uint64_t left = 8 * n % (w - w / 8 + 1);
    uint64_t top = 4 * n % (h - h / 8 + 1);

    if (x >= left && x < left + w / 8 && y >= top && y < top + h / 8) {
        return (Ycc) { 235, 128, 128 };
    }
    return bars(8 * x / w);
}

/* The block is kept from pixel to pixel, since it takes its time. */
static unsigned noise_byte(uint64_t seed, unsigned i)
{
    static uint8_t block[16384];
    static uint64_t seed_now;
    static bool made;

    if (!made || seed != seed_now) {
        uint64_t s = seed;

        for (unsigned k = 0; k < sizeof(block); k += 8) {
            uint64_t number = next(&s);

            for (unsigned b = 0; b < 8; b++) {
                block[k + b] = number >> 8 * b;
            }
        }
        seed_now = seed;
        made = true;
    }
    return block[i];
}

static Ycc noise(const CamMode *m, unsigned x, uint64_t y, uint64_t n)
{
    uint64_t s = m->seed + 65536 * n + y;
    uint64_t z = next(&s);

    return (Ycc) {
        16 + noise_byte(m->seed, x + (z & 8191)) * 220 / 256,
        16 + noise_byte(m->seed, x + (z >> 13 & 8191)) * 225 / 256,
        16 + noise_byte(m->seed, x + (z >> 26 & 8191)) * 225 / 256,
    };
}

static Ycc from_source(const CamMode *m, unsigned x, unsigned y, uint32_t n)
{
    const CamSource *s = m->source;
    size_t luma = (size_t)s->width * s->height;
    size_t chroma = (size_t)s->chroma_w * s->chroma_h;
    const uint8_t *picture = s->bytes +
                             n % s->pictures * (luma + 2 * chroma);
    Ycc c = black;
    size_t at;

    if (x >= s->width || y >= s->height) {
        return c;
    }
    c.y = picture[(size_t)y * s->width + x];
    if (chroma) {
        at = (size_t)(y * s->chroma_h / s->height) * s->chroma_w +
             x * s->chroma_w / s->width;
        c.cb = picture[luma + at];
        c.cr = picture[luma + chroma + at];
    }
    return c;
}

static Ycc pattern(const CamMode *m, unsigned x, unsigned y, uint32_t n)
{
    switch (m->pattern) {
    case PUCK_CAM_PATTERN_BARS:
        return bars(8 * x / m->width);
    case PUCK_CAM_PATTERN_RAMP:
        return ramp(x, y, n);
    case PUCK_CAM_PATTERN_BOX:
        return box(m, x, y, n);
    case PUCK_CAM_PATTERN_NOISE:
        return noise(m, x, y, n);
    default:
        return from_source(m, x, y, n);
    }
}

/* Section "Exposure and gain" */
static int exposed(const CamMode *m, int y)
{
    uint64_t frame = m->height + m->vblank;
    uint64_t normal = frame / 2;
    uint64_t e = m->exposure ? MIN(m->exposure, frame) : normal;

    if (e * m->gain == normal * 256) {
        return y;
    }
    return 16 + MIN(219, MAX(y - 16, 0) * e * m->gain / (normal * 256));
}

static Ycc sensor(const CamMode *m, unsigned x, unsigned y, uint32_t n)
{
    Ycc c = pattern(m, m->flip & PUCK_CAM_FLIP_H ? m->width - 1 - x : x,
                    m->flip & PUCK_CAM_FLIP_V ? m->height - 1 - y : y, n);

    c.y = exposed(m, c.y);
    return c;
}

/* Section "Bridge" */
static Ycc out_pixel(const CamMode *m, unsigned x, unsigned y, uint32_t n)
{
    const CamRect *in = &m->crop, *to = &m->compose;

    if (x < to->x || x - to->x >= to->width ||
        y < to->y || y - to->y >= to->height) {
        return black;
    }
    return sensor(m, in->x + (x - to->x) * in->width / to->width,
                  in->y + (y - to->y) * in->height / to->height, n);
}

/* Section "Formats" */
static uint8_t clip(int value)
{
    return MAX(0, MIN(255, value));
}

static void to_rgb(Ycc p, uint8_t *r, uint8_t *g, uint8_t *b)
{
    int c = p.y - 16, d = p.cb - 128, e = p.cr - 128;

    *r = clip((298 * c + 409 * e + 128) >> 8);
    *g = clip((298 * c - 100 * d - 208 * e + 128) >> 8);
    *b = clip((298 * c + 516 * d + 128) >> 8);
}

static bool is_nv12(const CamMode *m)
{
    return m->format == PUCK_CAM_FORMAT_NV12 ||
           m->format == PUCK_CAM_FORMAT_NV12M;
}

static unsigned num_planes(const CamMode *m)
{
    return is_nv12(m) ? 2 : 1;
}

static unsigned plane_lines(const CamMode *m, unsigned plane)
{
    return plane ? m->out_height / 2 : m->out_height;
}

/* Which part a line of a plane is in, and where. */
static unsigned place(const CamMode *m, unsigned plane, unsigned line,
                      size_t *offset)
{
    if (plane && m->format == PUCK_CAM_FORMAT_NV12M) {
        *offset = (size_t)line * m->stride[1];
        return 1;
    }
    *offset = (size_t)(line + (plane ? m->out_height : 0)) * m->stride[0];
    return 0;
}

unsigned cam_line_bytes(unsigned format, unsigned width)
{
    switch (format) {
    case PUCK_CAM_FORMAT_XRGB8888:
        return 4 * width;
    case PUCK_CAM_FORMAT_RGB24:
        return 3 * width;
    case PUCK_CAM_FORMAT_YUYV:
    case PUCK_CAM_FORMAT_UYVY:
        return 2 * width;
    default:
        return width;
    }
}

/* Pixel @x of line @y of plane 0. */
static void put_pixel(const CamMode *m, unsigned x, unsigned y, uint32_t n,
                      uint8_t *line)
{
    Ycc p = out_pixel(m, x, y, n);
    bool uyvy = m->format == PUCK_CAM_FORMAT_UYVY;
    uint8_t r, g, b;

    to_rgb(p, &r, &g, &b);
    switch (m->format) {
    case PUCK_CAM_FORMAT_XRGB8888:
        line[4 * x] = b;
        line[4 * x + 1] = g;
        line[4 * x + 2] = r;
        line[4 * x + 3] = 0xff;
        break;
    case PUCK_CAM_FORMAT_RGB24:
        line[3 * x] = r;
        line[3 * x + 1] = g;
        line[3 * x + 2] = b;
        break;
    case PUCK_CAM_FORMAT_YUYV:
    case PUCK_CAM_FORMAT_UYVY:
        line[2 * x + uyvy] = p.y;
        /* Chroma of the left one of two. */
        p = out_pixel(m, x & ~1u, y, n);
        line[2 * x + !uyvy] = x & 1 ? p.cr : p.cb;
        break;
    default:
        line[x] = p.y;
        break;
    }
}

static void put_line(const CamMode *m, unsigned plane, unsigned y, uint32_t n,
                     uint8_t *line)
{
    for (unsigned x = 0; x < m->out_width; x++) {
        if (!plane) {
            put_pixel(m, x, y, n, line);
        } else {
            Ycc p = out_pixel(m, x & ~1u, 2 * y, n);

            line[x] = x & 1 ? p.cr : p.cb;
        }
    }
}

/* Section "Stamps": bytes of a line that are not of the picture. */
static unsigned stamp_bytes(const CamMode *m, unsigned plane, unsigned line)
{
    if (!m->stamp) {
        return 0;
    }
    return !plane && !line && cam_line_bytes(m->format, m->out_width) >= 64 ?
           64 : 8;
}

static uint32_t sum_words(const uint8_t *bytes, unsigned len)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < len; i++) {
        sum += (uint32_t)bytes[i] << 8 * (i % 4);
    }
    return sum;
}

static void put_line_stamp(uint8_t *line, uint32_t frame, unsigned number,
                           unsigned plane)
{
    stl_le_p(line, frame);
    stw_le_p(line + 4, number);
    line[6] = plane;
    line[7] = 0xc5;
}

static void put_frame_stamp(const CamMode *m, uint8_t *line, uint64_t time,
                            uint32_t checksum)
{
    memcpy(line + 8, "PKST", 4);
    stw_le_p(line + 12, 1);
    stw_le_p(line + 14, m->format);
    stq_le_p(line + 16, time);
    stl_le_p(line + 24, checksum);
    stw_le_p(line + 28, m->out_width);
    stw_le_p(line + 30, m->out_height);
    stl_le_p(line + 32, 0);
    line[36] = m->pattern;
    line[37] = m->flip;
    stw_le_p(line + 38, m->gain);
    stq_le_p(line + 40, m->seed);
    memset(line + 48, 0, 16);
    stl_le_p(line + 32, sum_words(line, 64));
}

void cam_model_render(const CamMode *m, uint32_t frame, uint64_t time,
                      uint8_t *const part[PUCK_CAM_PARTS_MAX])
{
    unsigned bytes = cam_line_bytes(m->format, m->out_width);
    uint32_t checksum = 0;

    for (unsigned plane = 0; plane < num_planes(m); plane++) {
        for (unsigned y = 0; y < plane_lines(m, plane); y++) {
            unsigned stamp = stamp_bytes(m, plane, y);
            size_t offset;
            unsigned p = place(m, plane, y, &offset);
            uint8_t *line = part[p] + offset;

            put_line(m, plane, y, frame, line);
            checksum += (y + 1) * sum_words(line + stamp, bytes - stamp);
            if (stamp) {
                put_line_stamp(line, frame, y, plane);
            }
        }
    }
    if (stamp_bytes(m, 0, 0) == 64) {
        put_frame_stamp(m, part[0], time, checksum);
    }
}

CamMode cam_mode(unsigned format, unsigned width, unsigned height)
{
    return (CamMode) {
        .width = width,
        .height = height,
        .hblank = PUCK_CAM_HBLANK_RESET,
        .vblank = PUCK_CAM_VBLANK_RESET,
        .interval = PUCK_CAM_INTERVAL_RESET,
        .gain = PUCK_CAM_GAIN_ONE,
        .stamp = true,
        .format = format,
        .out_width = width,
        .out_height = height,
        .crop = { 0, 0, width, height },
        .compose = { 0, 0, width, height },
        .stride = { cam_line_bytes(format, width), width },
    };
}

unsigned cam_mode_parts(const CamMode *m)
{
    return m->format == PUCK_CAM_FORMAT_NV12M ? 2 : 1;
}

uint32_t cam_mode_bytes(const CamMode *m, unsigned part)
{
    unsigned lines = m->out_height;

    if (part) {
        return cam_mode_parts(m) > 1 ? m->stride[1] * (lines / 2) : 0;
    }
    if (m->format == PUCK_CAM_FORMAT_NV12) {
        lines += lines / 2;
    }
    return m->stride[0] * lines;
}

uint32_t cam_mode_end(const CamMode *m, unsigned part)
{
    uint32_t bytes = cam_mode_bytes(m, part);

    return bytes ? bytes - m->stride[part] +
                   cam_line_bytes(m->format, m->out_width) : 0;
}

/* Section "Timing" */
uint64_t cam_mode_read(const CamMode *m, unsigned r)
{
    uint64_t line = m->width + m->hblank;

    return (uint64_t)m->interval * ((m->vblank + r) * line + m->width) /
           ((m->vblank + m->height) * line);
}

/* Section "When lines are written" */
uint64_t cam_mode_exposed(const CamMode *m, unsigned y)
{
    const CamRect *in = &m->crop, *to = &m->compose;
    unsigned r;

    if (y < to->y) {
        r = in->y;
    } else if (y - to->y >= to->height) {
        r = in->y + in->height - 1;
    } else {
        r = in->y + (y - to->y) * in->height / to->height;
    }
    return cam_mode_read(m, r);
}
