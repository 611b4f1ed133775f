/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: pixels.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "pixel.h"
#include "plane.h"

#define OPAQUE  0xff000000u

static uint32_t pack(uint32_t r, uint32_t g, uint32_t b)
{
    return OPAQUE | r << 16 | g << 8 | b;
}

static uint32_t clip(int value)
{
    return MIN(MAX(value, 0), 255);
}

static uint32_t from_565(uint32_t v)
{
    uint32_t r = v >> 11, g = v >> 5 & 0x3f, b = v & 0x1f;

    return pack(r << 3 | r >> 2, g << 2 | g >> 4, b << 3 | b >> 2);
}

/* BT.601, limited range. */
static uint32_t from_yuv(int y, int cb, int cr)
{
    int c = y - 16, d = cb - 128, e = cr - 128;

    return pack(clip((298 * c + 409 * e + 128) >> 8),
                clip((298 * c - 100 * d - 208 * e + 128) >> 8),
                clip((298 * c + 516 * d + 128) >> 8));
}

/* Whether any of @count bytes from byte @at of the line's on is bad. */
static bool is_bad(const PuckRow *row, uint32_t at, unsigned count)
{
    const uint8_t *bad = row->bad + (at - row->first);

    for (unsigned i = 0; i < count; i++) {
        if (bad[i]) {
            return true;
        }
    }
    return false;
}

static const uint8_t *bytes_at(const PuckRow *row, uint32_t at)
{
    return row->bytes + (at - row->first);
}

static uint32_t rgb_pixel(unsigned format, const PuckRow *row, uint32_t sx)
{
    unsigned size = puck_plane_pixel_bytes(format);
    uint32_t at = sx * size;
    const uint8_t *bytes = bytes_at(row, at);

    if (is_bad(row, at, size)) {
        return PUCK_PLANE_FAULT_COLOUR;
    }
    switch (format) {
    case PUCK_PLANE_FORMAT_XRGB8888:
        return ldl_le_p(bytes) | OPAQUE;
    case PUCK_PLANE_FORMAT_ARGB8888:
        return ldl_le_p(bytes);
    default:
        return from_565(lduw_le_p(bytes));
    }
}

static uint32_t yuv_pixel(const PuckRow *luma, const PuckRow *chroma,
                          uint32_t sx)
{
    uint32_t at = 2 * (sx / 2);
    const uint8_t *uv = bytes_at(chroma, at);

    if (is_bad(luma, sx, 1) || is_bad(chroma, at, 2)) {
        return PUCK_PLANE_FAULT_COLOUR;
    }
    return from_yuv(*bytes_at(luma, sx), uv[0], uv[1]);
}

bool puck_pixels_are_words(const PuckPlaneRegs *r)
{
    unsigned format = puck_plane_format(r);

    return (format == PUCK_PLANE_FORMAT_XRGB8888 ||
            format == PUCK_PLANE_FORMAT_ARGB8888) &&
           puck_plane_unscaled(r) && !(r->ctrl & PUCK_PLANE_REFLECT_X);
}

/* The same as pixel by pixel, for a row that is all there. */
static void copy_words(const PuckPlaneRegs *r, const PuckRow *row,
                       uint32_t count, uint32_t *pixels)
{
    uint32_t alpha = puck_plane_format(r) == PUCK_PLANE_FORMAT_XRGB8888 ?
                     OPAQUE : 0;

    for (uint32_t i = 0; i < count; i++) {
        pixels[i] = ldl_le_p(row->bytes + 4 * i) | alpha;
    }
}

void puck_pixels_of_row(const PuckPlaneRegs *r, const PuckRow *luma,
                        const PuckRow *chroma, uint32_t x, uint32_t count,
                        uint32_t *pixels)
{
    unsigned format = puck_plane_format(r);
    bool unscaled = puck_plane_unscaled(r);
    int step = r->ctrl & PUCK_PLANE_REFLECT_X ? -1 : 1;
    uint32_t sx = puck_plane_src_x(r, x);

    if (puck_pixels_are_words(r) && !memchr(luma->bad, 1, luma->len)) {
        copy_words(r, luma, count, pixels);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        pixels[i] = format == PUCK_PLANE_FORMAT_NV12 ?
                    yuv_pixel(luma, chroma, sx) : rgb_pixel(format, luma, sx);
        if (i + 1 < count) {
            sx = unscaled ? sx + step : puck_plane_src_x(r, x + i + 1);
        }
    }
}

/* The share @b of 255 of @a. */
static uint32_t share(uint32_t a, uint32_t b)
{
    return (a * b + 127) / 255;
}

static uint32_t mix(uint32_t c, uint32_t d, uint32_t alpha)
{
    return (c * alpha + d * (255 - alpha) + 127) / 255;
}

static uint32_t channel(uint32_t pixel, unsigned shift)
{
    return pixel >> shift & 0xff;
}

static uint32_t mix_pixel(uint32_t c, uint32_t d, uint32_t alpha)
{
    if (alpha == 255) {
        return c | OPAQUE;
    }
    return pack(mix(channel(c, 16), channel(d, 16), alpha),
                mix(channel(c, 8), channel(d, 8), alpha),
                mix(channel(c, 0), channel(d, 0), alpha));
}

static uint32_t over(uint32_t c, uint32_t d, unsigned shift, uint32_t alpha,
                     uint32_t rest)
{
    return MIN(share(channel(c, shift), alpha) +
               share(channel(d, shift), rest), 255);
}

static uint32_t premultiplied(uint32_t c, uint32_t d, uint32_t alpha)
{
    uint32_t rest = 255 - share(channel(c, 24), alpha);

    return pack(over(c, d, 16, alpha, rest), over(c, d, 8, alpha, rest),
                over(c, d, 0, alpha, rest));
}

static uint32_t plane_alpha(const PuckPlaneRegs *r)
{
    return (r->ctrl & PUCK_PLANE_ALPHA) >> ctz32(PUCK_PLANE_ALPHA);
}

static unsigned plane_blend(const PuckPlaneRegs *r)
{
    return (r->ctrl & PUCK_PLANE_BLEND) >> ctz32(PUCK_PLANE_BLEND);
}

bool puck_pixels_cover(const PuckPlaneRegs *r)
{
    return plane_alpha(r) == 255 &&
           (plane_blend(r) == PUCK_PLANE_BLEND_NONE ||
            puck_plane_format(r) != PUCK_PLANE_FORMAT_ARGB8888);
}

void puck_pixels_blend(const PuckPlaneRegs *r, const uint32_t *pixels,
                       uint32_t count, uint32_t *below)
{
    uint32_t alpha = plane_alpha(r);
    unsigned blend = plane_blend(r);

    if (puck_pixels_cover(r)) {
        for (uint32_t i = 0; i < count; i++) {
            below[i] = pixels[i] | OPAQUE;
        }
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t c = pixels[i];

        switch (blend) {
        case PUCK_PLANE_BLEND_PREMULTIPLIED:
            below[i] = premultiplied(c, below[i], alpha);
            break;
        case PUCK_PLANE_BLEND_COVERAGE:
            below[i] = mix_pixel(c, below[i], share(channel(c, 24), alpha));
            break;
        default:
            below[i] = mix_pixel(c, below[i], alpha);
            break;
        }
    }
}

/* A channel of an entry is 16 bits of it; the high byte is shown. */
static uint32_t looked_up(const PuckHeadRegs *regs, uint32_t value,
                          uint64_t field)
{
    return regs->gamma[value] >> ctz64(field) >> 8 & 0xff;
}

void puck_pixels_gamma(const PuckHeadRegs *regs, uint32_t *pixels,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t p = pixels[i];

        pixels[i] = pack(looked_up(regs, channel(p, 16), PUCK_HEAD_GAMMA_R),
                         looked_up(regs, channel(p, 8), PUCK_HEAD_GAMMA_G),
                         looked_up(regs, channel(p, 0), PUCK_HEAD_GAMMA_B));
    }
}
