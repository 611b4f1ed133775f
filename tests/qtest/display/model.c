/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The composition of puck-gpu's display once more, pixel by pixel, as sections
 * "Planes" and "Composition" of docs/specs/display.rst say it: slow, and
 * nothing of it is shared with the device.
 */

#include "qemu/osdep.h"
#include "env.h"

typedef struct Colour {
    int a, r, g, b;
} Colour;

static int clip(int v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

/* Arithmetic shift, for those who want to see it as a division. */
static int over_256(int v)
{
    return v >= 0 ? v / 256 : -((255 - v) / 256);
}

static bool is_bad(const TestPlane *pl, uint64_t at, unsigned len)
{
    return pl->bad_len && at < pl->bad_from + pl->bad_len &&
           pl->bad_from < at + len;
}

static const Colour fault_colour = { 255, 255, 0, 255 };

static Colour rgb(const TestPlane *pl, uint32_t x, uint32_t y)
{
    unsigned size = pl->format == PUCK_PLANE_FORMAT_RGB565 ? 2 : 4;
    uint64_t at = pl->offset + (uint64_t)y * pl->pitch + x * size;
    const uint8_t *p = pl->bytes + at;
    unsigned v;

    if (is_bad(pl, at, size)) {
        return fault_colour;
    }
    if (size == 4) {
        return (Colour) {
            pl->format == PUCK_PLANE_FORMAT_ARGB8888 ? p[3] : 255, p[2], p[1],
            p[0],
        };
    }
    v = p[0] + 256 * p[1];
    return (Colour) {
        255,
        v / 2048 * 8 + v / 2048 / 4,
        v / 32 % 64 * 4 + v / 32 % 64 / 16,
        v % 32 * 8 + v % 32 / 4,
    };
}

static Colour yuv(const TestPlane *pl, uint32_t x, uint32_t y)
{
    uint64_t luma = pl->offset + (uint64_t)y * pl->pitch + x;
    uint64_t uv = pl->uv_offset + (uint64_t)(y / 2) * pl->uv_pitch +
                  x / 2 * 2;
    int c, d, e;

    if (is_bad(pl, luma, 1) || is_bad(pl, uv, 2)) {
        return fault_colour;
    }
    c = pl->bytes[luma] - 16;
    d = pl->bytes[uv] - 128;
    e = pl->bytes[uv + 1] - 128;
    return (Colour) {
        255,
        clip(over_256(298 * c + 409 * e + 128)),
        clip(over_256(298 * c - 100 * d - 208 * e + 128)),
        clip(over_256(298 * c + 516 * d + 128)),
    };
}

static uint32_t nearest(uint32_t i, bool reflect, uint32_t at, uint32_t src,
                        uint32_t dst)
{
    uint64_t n = reflect ? dst - 1 - i : i;

    return (at + (2 * n + 1) * src / (2 * (uint64_t)dst)) / 65536;
}

/* False if the plane has no pixel there. */
static bool plane_pixel(const TestPlane *pl, int64_t x, int64_t y, Colour *c)
{
    uint32_t sx, sy;

    x -= pl->dst_x;
    y -= pl->dst_y;
    if (x < 0 || y < 0 || x >= pl->dst_w || y >= pl->dst_h) {
        return false;
    }
    sx = nearest(x, pl->reflect_x, pl->src_x, pl->src_w, pl->dst_w);
    sy = nearest(y, pl->reflect_y, pl->src_y, pl->src_h, pl->dst_h);
    *c = pl->format == PUCK_PLANE_FORMAT_NV12 ? yuv(pl, sx, sy) :
                                                rgb(pl, sx, sy);
    return true;
}

static int m(int a, int b)
{
    return (a * b + 127) / 255;
}

static int blend(const TestPlane *pl, int alpha, int c, int d)
{
    int p = pl->alpha;
    int k = m(alpha, p);

    switch (pl->blend) {
    case PUCK_PLANE_BLEND_PREMULTIPLIED:
        return MIN(255, m(c, p) + m(d, 255 - k));
    case PUCK_PLANE_BLEND_COVERAGE:
        return (c * k + d * (255 - k) + 127) / 255;
    default:
        return (c * p + d * (255 - p) + 127) / 255;
    }
}

static void lay_over(const TestPlane *pl, uint32_t x, uint32_t y, Colour *d)
{
    Colour c;

    if (plane_pixel(pl, x, y, &c)) {
        d->r = blend(pl, c.a, c.r, d->r);
        d->g = blend(pl, c.a, c.g, d->g);
        d->b = blend(pl, c.a, c.b, d->b);
    }
}

uint32_t model_pixel(const TestPicture *pic, uint32_t x, uint32_t y)
{
    Colour d = {
        255, pic->background >> 16 & 255, pic->background >> 8 & 255,
        pic->background & 255,
    };

    for (unsigned zpos = 0; zpos < 4; zpos++) {
        for (unsigned p = 0; p < PUCK_DISPLAY_PLANES; p++) {
            if (pic->planes[p] && pic->planes[p]->zpos == zpos) {
                lay_over(pic->planes[p], x, y, &d);
            }
        }
    }
    if (pic->gamma) {
        d.r = pic->gamma[d.r] % 65536 / 256;
        d.g = pic->gamma[d.g] / 65536 % 65536 / 256;
        d.b = pic->gamma[d.b] / 65536 / 65536 % 65536 / 256;
    }
    return d.r * 65536 + d.g * 256 + d.b;
}

/* Bit by bit. */
uint32_t model_crc32c(const uint8_t *bytes, size_t len)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return ~crc;
}

uint32_t model_crc(const TestPicture *pic)
{
    g_autofree uint8_t *bytes = g_malloc(4 * pic->width * pic->height);
    uint8_t *to = bytes;

    for (uint32_t y = 0; y < pic->height; y++) {
        for (uint32_t x = 0; x < pic->width; x++) {
            uint32_t v = model_pixel(pic, x, y);

            *to++ = v;
            *to++ = v >> 8;
            *to++ = v >> 16;
            *to++ = 255;
        }
    }
    return model_crc32c(bytes, to - bytes);
}

uint32_t model_plane_crc(const TestPicture *pic, unsigned p)
{
    g_autofree uint8_t *bytes = g_malloc(4 * pic->width * pic->height);
    uint8_t *to = bytes;
    Colour c;

    for (uint32_t y = 0; y < pic->height && pic->planes[p]; y++) {
        for (uint32_t x = 0; x < pic->width; x++) {
            if (plane_pixel(pic->planes[p], x, y, &c)) {
                *to++ = c.b;
                *to++ = c.g;
                *to++ = c.r;
                *to++ = c.a;
            }
        }
    }
    return model_crc32c(bytes, to - bytes);
}
