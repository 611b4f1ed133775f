/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of puck-gpu's display share: the machine.
 */

#include "qemu/osdep.h"
#include "env.h"

/* Holds and pauses of a small frame. */
#define SETTLE_NS   2000000

uint32_t head_r32(Display *d, unsigned h, uint64_t reg)
{
    return puck_r32(&d->e.f, PUCK_HEAD(h) + reg);
}

uint64_t head_r64(Display *d, unsigned h, uint64_t reg)
{
    return puck_r64(&d->e.f, PUCK_HEAD(h) + reg);
}

void head_w32(Display *d, unsigned h, uint64_t reg, uint32_t value)
{
    puck_w32(&d->e.f, PUCK_HEAD(h) + reg, value);
}

void head_w64(Display *d, unsigned h, uint64_t reg, uint64_t value)
{
    puck_w64(&d->e.f, PUCK_HEAD(h) + reg, value);
}

void plane_w32(Display *d, unsigned h, unsigned p, uint64_t reg,
               uint32_t value)
{
    head_w32(d, h, PUCK_HEAD_PLANE(p) + reg, value);
}

void plane_w64(Display *d, unsigned h, unsigned p, uint64_t reg,
               uint64_t value)
{
    head_w64(d, h, PUCK_HEAD_PLANE(p) + reg, value);
}

void display_attach(Display *d)
{
    for (unsigned i = 0; i < d->e.num_vectors; i++) {
        uint32_t source = puck_r32(&d->e.f, PUCK_GPU_SOURCE(i));
        unsigned h = gpu_field(source, PUCK_GPU_SOURCE_INDEX);

        if (gpu_field(source, PUCK_GPU_SOURCE_KIND) ==
            PUCK_GPU_SOURCE_VBLANK) {
            g_assert_cmpuint(h, <, PUCK_DISPLAY_HEADS_MAX);
            d->vector[h] = gpu_field(source, PUCK_GPU_SOURCE_VECTOR);
        }
    }
    display_step(d, 1);
}

void display_start(Display *d, const char *options, const char *args)
{
    *d = (Display) { };
    gpu_start(&d->e, options, args);
    display_attach(d);
}

void display_stop(Display *d)
{
    gpu_alive(&d->e, 0);
    gpu_stop(&d->e);
}

void display_step(Display *d, int64_t ns)
{
    if (ns) {
        d->now = qtest_clock_step(d->e.m.qts, ns);
    } else {
        /* What is due is done before the next access. */
        head_r32(d, 0, PUCK_HEAD_STATUS);
    }
}

void display_to(Display *d, unsigned h, uint64_t count)
{
    uint64_t at = head_r64(d, h, PUCK_HEAD_VBLANK_COUNT);

    g_assert_cmpuint(at, <, count);
    /* Others step the clock, too. */
    display_step(d, 1);
    at = head_r64(d, h, PUCK_HEAD_VBLANK_COUNT);
    display_step(d, head_r64(d, h, PUCK_HEAD_VBLANK_TIME) +
                    (count - at) * MODE_PERIOD - d->now);
    g_assert_cmpuint(head_r64(d, h, PUCK_HEAD_VBLANK_COUNT), ==, count);
    for (unsigned i = 0; i < 4; i++) {
        display_step(d, SETTLE_NS / 4);
    }
}

void head_mode(Display *d, unsigned h, uint32_t width, uint32_t height)
{
    head_w32(d, h, PUCK_HEAD_CLOCK, MODE_KHZ);
    head_w32(d, h, PUCK_HEAD_H, width | MODE_TOTAL << 16);
    head_w32(d, h, PUCK_HEAD_V, height | MODE_TOTAL << 16);
    head_w32(d, h, PUCK_HEAD_CTRL, PUCK_HEAD_ENABLE);
}

void plane_set(Display *d, unsigned h, unsigned p, const TestPlane *plane)
{
    if (!plane) {
        plane_w32(d, h, p, PUCK_PLANE_CTRL, 0);
        return;
    }
    plane_w32(d, h, p, PUCK_PLANE_CTRL, PUCK_PLANE_ENABLE |
              (plane->reflect_x ? PUCK_PLANE_REFLECT_X : 0) |
              (plane->reflect_y ? PUCK_PLANE_REFLECT_Y : 0) |
              plane->blend << 4 | plane->format << 8 | plane->alpha << 16 |
              plane->zpos << 24);
    plane_w32(d, h, p, PUCK_PLANE_SOURCE, plane->source);
    plane_w64(d, h, p, PUCK_PLANE_ADDR, plane->addr);
    plane_w32(d, h, p, PUCK_PLANE_ARG, plane->arg);
    plane_w32(d, h, p, PUCK_PLANE_PITCH, plane->pitch);
    plane_w64(d, h, p, PUCK_PLANE_OFFSET, plane->offset);
    plane_w64(d, h, p, PUCK_PLANE_UV_OFFSET, plane->uv_offset);
    plane_w32(d, h, p, PUCK_PLANE_UV_PITCH, plane->uv_pitch);
    plane_w32(d, h, p, PUCK_PLANE_SRC_X, plane->src_x);
    plane_w32(d, h, p, PUCK_PLANE_SRC_Y, plane->src_y);
    plane_w32(d, h, p, PUCK_PLANE_SRC_W, plane->src_w);
    plane_w32(d, h, p, PUCK_PLANE_SRC_H, plane->src_h);
    plane_w32(d, h, p, PUCK_PLANE_DST_X, plane->dst_x);
    plane_w32(d, h, p, PUCK_PLANE_DST_Y, plane->dst_y);
    plane_w32(d, h, p, PUCK_PLANE_DST_W, plane->dst_w);
    plane_w32(d, h, p, PUCK_PLANE_DST_H, plane->dst_h);
}

void head_set(Display *d, unsigned h, const TestPicture *pic)
{
    head_mode(d, h, pic->width, pic->height);
    head_w32(d, h, PUCK_HEAD_BACKGROUND, pic->background);
    for (unsigned p = 0; p < PUCK_DISPLAY_PLANES; p++) {
        plane_set(d, h, p, pic->planes[p]);
    }
    if (pic->gamma) {
        for (unsigned i = 0; i < PUCK_HEAD_GAMMA_SIZE; i++) {
            head_w64(d, h, PUCK_HEAD_GAMMA(i), pic->gamma[i]);
        }
        head_w32(d, h, PUCK_HEAD_CTRL, PUCK_HEAD_ENABLE | PUCK_HEAD_USE_GAMMA);
    }
}

void commit_refused(Display *d, uint32_t heads, uint32_t reason, unsigned h,
                    unsigned buffer)
{
    uint32_t pending = puck_r32(&d->e.f, PUCK_DISPLAY_PENDING);

    puck_w32(&d->e.f, PUCK_DISPLAY_COMMIT, heads);
    g_assert_cmphex(puck_r32(&d->e.f, PUCK_DISPLAY_RESULT), ==,
                    reason | h << 8 | buffer << 12);
    g_assert_cmphex(puck_r32(&d->e.f, PUCK_DISPLAY_PENDING), ==, pending);
}

void commit(Display *d, uint32_t heads)
{
    puck_w32(&d->e.f, PUCK_DISPLAY_COMMIT, heads);
    g_assert_cmphex(puck_r32(&d->e.f, PUCK_DISPLAY_RESULT), ==, 0);
}

uint32_t flip(Display *d, unsigned h)
{
    uint32_t seqno = head_r32(d, h, PUCK_HEAD_FLIP_SEQNO) + 1;
    bool on = head_r32(d, h, PUCK_HEAD_STATUS) & PUCK_HEAD_ON;

    head_w32(d, h, PUCK_HEAD_SEQNO, seqno);
    commit(d, 1u << h);
    if (on) {
        display_to(d, h, head_r64(d, h, PUCK_HEAD_VBLANK_COUNT) + 1);
    } else {
        for (unsigned i = 0; i < 4; i++) {
            display_step(d, SETTLE_NS / 4);
        }
    }
    g_assert_cmphex(puck_r32(&d->e.f, PUCK_DISPLAY_PENDING), ==, 0);
    g_assert_cmpuint(head_r32(d, h, PUCK_HEAD_FLIP_SEQNO), ==, seqno);
    return seqno;
}

TestPlane test_plane(unsigned format, uint32_t width, uint32_t height)
{
    static const unsigned bytes[] = { 0, 4, 4, 2, 1 };
    TestPlane plane = {
        .format = format,
        .alpha = 255,
        .pitch = bytes[format] * width,
        .src_w = width << 16,
        .src_h = height << 16,
        .dst_w = width,
        .dst_h = height,
    };

    if (format == PUCK_PLANE_FORMAT_NV12) {
        plane.uv_pitch = (width + 1) / 2 * 2;
        plane.uv_offset = (uint64_t)plane.pitch * height;
        plane.uv_offset += plane.uv_offset & 1;
    }
    return plane;
}

uint64_t plane_bytes(const TestPlane *plane)
{
    uint32_t lines = (plane->src_y + plane->src_h - 1) / 65536 + 1;
    uint64_t end = plane->offset + (uint64_t)lines * plane->pitch;

    if (plane->format == PUCK_PLANE_FORMAT_NV12) {
        end = MAX(end, plane->uv_offset +
                       (uint64_t)((lines + 1) / 2) * plane->uv_pitch);
    }
    return end;
}

void plane_draw(Display *d, TestPlane *plane, uint64_t at, uint32_t seed)
{
    uint64_t len = plane_bytes(plane);
    uint8_t *bytes = g_malloc(len);

    for (uint64_t i = 0; i < len; i++) {
        seed = seed * 1664525 + 1013904223;
        bytes[i] = seed >> 24;
    }
    gpu_write(&d->e, VRAM(at, len), bytes);
    plane->addr = at;
    plane->bytes = bytes;
}
