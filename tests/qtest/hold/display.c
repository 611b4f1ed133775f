/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a guest can make QEMU hold the BQL: puck-gpu's display.
 */

#include "qemu/osdep.h"
#include "abi/puck_display.h"
#include "env.h"

#define SIDE        4096ull
#define FRAMES      2

static void head_w32(HoldBench *b, uint64_t reg, uint32_t value)
{
    puck_w32(&b->gpu, PUCK_HEAD(0) + reg, value);
}

static void head_w64(HoldBench *b, uint64_t reg, uint64_t value)
{
    puck_w64(&b->gpu, PUCK_HEAD(0) + reg, value);
}

/* A frame a second, of @width x @height. */
static void set_mode(HoldBench *b, uint32_t width, uint32_t height)
{
    head_w32(b, PUCK_HEAD_H, width | SIDE << 16);
    head_w32(b, PUCK_HEAD_V, height | (SIDE + 1) << 16);
    head_w32(b, PUCK_HEAD_CLOCK, SIDE * (SIDE + 1) / 1000 + 1);
    head_w32(b, PUCK_HEAD_CTRL, PUCK_HEAD_ENABLE | PUCK_HEAD_USE_GAMMA);
    head_w32(b, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_ALL);
}

/* One that is as large as its head's picture, out of @from_w x @from_h. */
static void set_plane(HoldBench *b, unsigned p, unsigned format,
                      uint32_t width, uint32_t height, uint32_t from_w,
                      uint32_t from_h)
{
    uint64_t at = PUCK_HEAD_PLANE(p);

    head_w32(b, at + PUCK_PLANE_CTRL, PUCK_PLANE_ENABLE |
             PUCK_PLANE_BLEND_COVERAGE << 4 | format << 8 | 200 << 16);
    head_w32(b, at + PUCK_PLANE_PITCH, 4 * from_w);
    head_w32(b, at + PUCK_PLANE_UV_PITCH, 4 * from_w);
    head_w32(b, at + PUCK_PLANE_SRC_W, from_w << 16);
    head_w32(b, at + PUCK_PLANE_SRC_H, from_h << 16);
    head_w32(b, at + PUCK_PLANE_DST_W, width);
    head_w32(b, at + PUCK_PLANE_DST_H, height);
}

static void use_list(HoldBench *b, unsigned p, uint64_t list, uint32_t nsegs)
{
    uint64_t at = PUCK_HEAD_PLANE(p);

    head_w32(b, at + PUCK_PLANE_SOURCE, PUCK_PLANE_SOURCE_LIST);
    head_w64(b, at + PUCK_PLANE_ADDR, list);
    head_w32(b, at + PUCK_PLANE_ARG, nsegs);
}

/* Commits until so many frames have their CRCs. */
static void run(HoldBench *b)
{
    for (unsigned i = 1; i <= FRAMES; i++) {
        head_w32(b, PUCK_HEAD_SEQNO, i);
        hold_w32(b, &b->gpu, PUCK_DISPLAY_COMMIT, 1);
        g_assert_cmphex(puck_r32(&b->gpu, PUCK_DISPLAY_RESULT), ==, 0);
        hold_until(b, &b->gpu, PUCK_HEAD(0) + PUCK_HEAD_CRC_SEQNO, ~0u, i);
    }
}

/* Two planes over each other, one of them scaled, out of one large segment. */
static void picture(HoldBench *b)
{
    set_mode(b, SIDE, SIDE);
    set_plane(b, 0, PUCK_PLANE_FORMAT_ARGB8888, SIDE, SIDE, SIDE, SIDE);
    set_plane(b, 1, PUCK_PLANE_FORMAT_NV12, SIDE, SIDE, SIDE / 3, SIDE / 3);
    for (unsigned p = 0; p < 2; p++) {
        use_list(b, p, hold_same(b, DATA, DATA_SIZE, 2), 2);
    }
    run(b);
}

/* Each byte of a picture is a segment of its own. */
static void single_bytes(HoldBench *b)
{
    set_mode(b, 128, 128);
    set_plane(b, 0, PUCK_PLANE_FORMAT_XRGB8888, 128, 128, 128, 128);
    use_list(b, 0, hold_same(b, DATA, 1, 65536), 65536);
    run(b);
}

/* Nothing is mapped, and each page of each line is told of. */
static void faults(HoldBench *b)
{
    set_mode(b, SIDE, 256);
    set_plane(b, 0, PUCK_PLANE_FORMAT_XRGB8888, SIDE, 256, SIDE, 256);
    head_w32(b, PUCK_HEAD_PLANE(0) + PUCK_PLANE_SOURCE, PUCK_PLANE_SOURCE_VM);
    run(b);
}

const HoldCase hold_display_cases[] = {
    { "display_picture", "frames of 4096 x 4096 of two planes, with CRCs",
      picture },
    { "display_single_bytes", "a segment for each byte of a plane",
      single_bytes },
    { "display_faults", "a plane behind page tables that there are not",
      faults },
    { }
};
