/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: commits: what is refused, when takeovers are made, time, lines and
 * interrupts.
 */

#include "qemu/osdep.h"
#include "env.h"

#define NONE    PUCK_DISPLAY_BUFFER_NONE

/* A plane that nothing is wrong with, but for what a test writes behind it. */
static void good_plane(Display *d, unsigned p)
{
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, 32, 24);

    plane_set(d, 0, p, &plane);
}

static void test_bad_heads(void)
{
    Display d;

    display_start(&d, ",heads=2", "");
    commit_refused(&d, 0, PUCK_DISPLAY_BAD_HEADS, 0, NONE);
    commit_refused(&d, 4, PUCK_DISPLAY_BAD_HEADS, 0, NONE);
    commit_refused(&d, 7, PUCK_DISPLAY_BAD_HEADS, 0, NONE);
    commit_refused(&d, UINT32_MAX, PUCK_DISPLAY_BAD_HEADS, 0, NONE);
    head_mode(&d, 0, MODE_W, MODE_H);
    head_mode(&d, 1, MODE_W, MODE_H);
    flip(&d, 0);
    commit(&d, 1);
    /* One that waits: nothing of the others happens, either. */
    commit_refused(&d, 1, PUCK_DISPLAY_BUSY, 0, NONE);
    commit_refused(&d, 3, PUCK_DISPLAY_BUSY, 0, NONE);
    commit(&d, 2);
    display_stop(&d);
}

static void test_bad_mode(void)
{
    static const struct {
        uint32_t clock, w, htotal, h, vtotal;
    } bad[] = {
        { 0, 64, 100, 48, 100 }, { 1000, 15, 100, 48, 100 },
        { 1000, 64, 100, 15, 100 }, { 1000, 4097, 5000, 48, 100 },
        { 100000, 64, 100, 4097, 5000 }, { 1000, 64, 63, 48, 100 },
        { 1000, 64, 100, 48, 48 }, { 1000, 64, 100, 48, 47 },
        { 2401, 64, 100, 48, 100 }, { 9, 64, 100, 48, 100 },
        { UINT32_MAX, 4096, 65535, 4096, 65535 }, { 1, 64, 65535, 48, 65535 },
    };
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("case %zu", i);
        head_w32(&d, 0, PUCK_HEAD_CLOCK, bad[i].clock);
        head_w32(&d, 0, PUCK_HEAD_H, bad[i].w | bad[i].htotal << 16);
        head_w32(&d, 0, PUCK_HEAD_V, bad[i].h | bad[i].vtotal << 16);
        commit_refused(&d, 1, PUCK_DISPLAY_BAD_MODE, 0, NONE);
    }
    /* At 240 Hz, and at 1 Hz, all is well. */
    head_w32(&d, 0, PUCK_HEAD_CLOCK, 2400);
    head_w32(&d, 0, PUCK_HEAD_H, 64 | 100 << 16);
    head_w32(&d, 0, PUCK_HEAD_V, 48 | 100 << 16);
    flip(&d, 0);
    head_w32(&d, 0, PUCK_HEAD_CLOCK, 10);
    commit(&d, 1);
    display_stop(&d);
}

static void test_bad_damage(void)
{
    static const uint32_t bad[][2] = {
        { 0, 65 }, { 0, 49 << 16 }, { 64, 1 }, { 48 << 16, 1 << 16 },
        { 65535, 65535 }, { UINT32_MAX, UINT32_MAX },
    };
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        head_w32(&d, 0, PUCK_HEAD_DAMAGE_POS, bad[i][0]);
        head_w32(&d, 0, PUCK_HEAD_DAMAGE_SIZE, bad[i][1]);
        head_w32(&d, 0, PUCK_HEAD_FLAGS, PUCK_HEAD_DAMAGE);
        commit_refused(&d, 1, PUCK_DISPLAY_BAD_DAMAGE, 0, NONE);
    }
    /* Without the flag nobody looks at it. */
    head_w32(&d, 0, PUCK_HEAD_FLAGS, 0);
    flip(&d, 0);
    display_stop(&d);
}

typedef struct BadPlane {
    unsigned p;
    uint32_t result;
    uint64_t reg;
    unsigned size;
    uint64_t value;
} BadPlane;

#define CTRL(format, blend) \
    (PUCK_PLANE_ENABLE | (format) << 8 | (blend) << 4)

static const BadPlane bad_planes[] = {
    { 0, PUCK_DISPLAY_BAD_FORMAT, PUCK_PLANE_CTRL, 4, CTRL(0, 0) },
    { 0, PUCK_DISPLAY_BAD_FORMAT, PUCK_PLANE_CTRL, 4, CTRL(5, 0) },
    { 1, PUCK_DISPLAY_BAD_FORMAT, PUCK_PLANE_CTRL, 4, CTRL(255, 0) },
    { 2, PUCK_DISPLAY_BAD_FORMAT, PUCK_PLANE_CTRL, 4, CTRL(3, 0) },
    { 2, PUCK_DISPLAY_BAD_FORMAT, PUCK_PLANE_CTRL, 4, CTRL(4, 0) },
    { 1, PUCK_DISPLAY_BAD_FORMAT, PUCK_PLANE_CTRL, 4, CTRL(1, 3) },
    { 0, PUCK_DISPLAY_BAD_SOURCE, PUCK_PLANE_SOURCE, 4, 3 },
    { 0, PUCK_DISPLAY_BAD_SOURCE, PUCK_PLANE_SOURCE, 4, UINT32_MAX },
    { 1, PUCK_DISPLAY_BAD_SOURCE, PUCK_PLANE_SOURCE, 4, 1 },
    { 0, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_SRC_W, 4, 0xffff },
    { 0, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_SRC_H, 4, 0 },
    { 1, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_SRC_W, 4, (8192 << 16) + 1 },
    { 1, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_SRC_X, 4, UINT32_MAX },
    { 1, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_SRC_Y, 4, 8169 << 16 },
    { 0, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_DST_W, 4, 0 },
    { 0, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_DST_H, 4, 8193 },
    { 2, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_DST_W, 4, 257 },
    { 2, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_DST_X, 4, 32768 },
    { 0, PUCK_DISPLAY_BAD_GEOMETRY, PUCK_PLANE_DST_Y, 4, (uint32_t)-32769 },
    { 0, PUCK_DISPLAY_BAD_SCALE, PUCK_PLANE_DST_W, 4, 33 },
    { 0, PUCK_DISPLAY_BAD_SCALE, PUCK_PLANE_SRC_H, 4, 25 << 16 },
    { 0, PUCK_DISPLAY_BAD_SCALE, PUCK_PLANE_SRC_X, 4, 1 },
    { 2, PUCK_DISPLAY_BAD_SCALE, PUCK_PLANE_SRC_Y, 4, 0x8000 },
    { 2, PUCK_DISPLAY_BAD_SCALE, PUCK_PLANE_DST_H, 4, 23 },
    { 1, PUCK_DISPLAY_BAD_SCALE, PUCK_PLANE_DST_W, 4, 1 },
    { 1, PUCK_DISPLAY_BAD_SCALE, PUCK_PLANE_DST_H, 4, 24 * 16 + 1 },
    { 1, PUCK_DISPLAY_BAD_PITCH, PUCK_PLANE_PITCH, 4, 124 },
    { 0, PUCK_DISPLAY_BAD_PITCH, PUCK_PLANE_PITCH, 4, 130 },
    { 0, PUCK_DISPLAY_BAD_PITCH, PUCK_PLANE_PITCH, 4, 0 },
    { 2, PUCK_DISPLAY_BAD_PITCH, PUCK_PLANE_OFFSET, 8, 2 },
    { 0, PUCK_DISPLAY_BAD_EXTENT, PUCK_PLANE_OFFSET, 8, GPU_VRAM_SIZE },
    { 0, PUCK_DISPLAY_BAD_EXTENT, PUCK_PLANE_OFFSET, 8, ~3ull },
    { 1, PUCK_DISPLAY_BAD_EXTENT, PUCK_PLANE_ADDR, 8,
      GPU_VRAM_SIZE - 32 * 24 * 4 + 1 },
    { 1, PUCK_DISPLAY_BAD_EXTENT, PUCK_PLANE_ADDR, 8, UINT64_MAX },
    { 2, PUCK_DISPLAY_BAD_EXTENT, PUCK_PLANE_PITCH, 4, ~3u },
};

static void test_bad_plane(void)
{
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_planes); i++) {
        const BadPlane *bad = &bad_planes[i];

        g_test_message("case %zu", i);
        good_plane(&d, bad->p);
        if (bad->size == 8) {
            plane_w64(&d, 0, bad->p, bad->reg, bad->value);
        } else {
            plane_w32(&d, 0, bad->p, bad->reg, bad->value);
        }
        commit_refused(&d, 1, bad->result, 0, bad->p);
        good_plane(&d, bad->p);
    }
    /* A plane that is off may say what it likes; and the borders are good. */
    plane_w32(&d, 0, 2, PUCK_PLANE_CTRL, 0);
    plane_w32(&d, 0, 2, PUCK_PLANE_SOURCE, 77);
    plane_w64(&d, 0, 1, PUCK_PLANE_ADDR, GPU_VRAM_SIZE - 32 * 24 * 4);
    plane_w32(&d, 0, 1, PUCK_PLANE_DST_W, 2);
    plane_w32(&d, 0, 1, PUCK_PLANE_DST_H, 24 * 16);
    plane_w32(&d, 0, 0, PUCK_PLANE_DST_X, (uint32_t)-32768);
    flip(&d, 0);
    display_stop(&d);
}

static void test_bad_buffer(void)
{
    static const struct {
        uint32_t source, arg;
        uint64_t addr;
        uint32_t result;
    } bad[] = {
        { 1, 0, 0, PUCK_DISPLAY_BAD_SOURCE },
        { 1, 65537, 0, PUCK_DISPLAY_BAD_SOURCE },
        { 1, 1, 8, PUCK_DISPLAY_BAD_SOURCE },
        { 2, 64, 0, PUCK_DISPLAY_BAD_SOURCE },
        { 2, UINT32_MAX, 0, PUCK_DISPLAY_BAD_SOURCE },
        { 2, 0, (1ull << 48) - 32 * 24 * 4 + 1, PUCK_DISPLAY_BAD_EXTENT },
        { 2, 0, UINT64_MAX, PUCK_DISPLAY_BAD_EXTENT },
    };
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    good_plane(&d, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("case %zu", i);
        plane_w32(&d, 0, 1, PUCK_PLANE_SOURCE, bad[i].source);
        plane_w32(&d, 0, 1, PUCK_PLANE_ARG, bad[i].arg);
        plane_w64(&d, 0, 1, PUCK_PLANE_ADDR, bad[i].addr);
        commit_refused(&d, 1, bad[i].result, 0, 1);
    }
    display_stop(&d);
}

static void test_bad_uv(void)
{
    static const struct {
        uint64_t reg;
        uint64_t value;
        uint32_t result;
    } bad[] = {
        { PUCK_PLANE_UV_PITCH, 30, PUCK_DISPLAY_BAD_PITCH },
        { PUCK_PLANE_UV_PITCH, 33, PUCK_DISPLAY_BAD_PITCH },
        { PUCK_PLANE_UV_OFFSET, 1001, PUCK_DISPLAY_BAD_PITCH },
        { PUCK_PLANE_UV_OFFSET, GPU_VRAM_SIZE, PUCK_DISPLAY_BAD_EXTENT },
        { PUCK_PLANE_UV_OFFSET, 1ull << 63, PUCK_DISPLAY_BAD_EXTENT },
    };
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_NV12, 32, 24);
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        plane_set(&d, 0, 0, &plane);
        if (bad[i].reg == PUCK_PLANE_UV_PITCH) {
            plane_w32(&d, 0, 0, bad[i].reg, bad[i].value);
        } else {
            plane_w64(&d, 0, 0, bad[i].reg, bad[i].value);
        }
        commit_refused(&d, 1, bad[i].result, 0, 0);
    }
    plane_set(&d, 0, 0, &plane);
    flip(&d, 0);
    display_stop(&d);
}

static void test_bad_writeback(void)
{
    static const struct {
        uint32_t source, arg, pitch;
        uint64_t addr;
        uint32_t result;
    } bad[] = {
        { 3, 0, 256, 0, PUCK_DISPLAY_BAD_SOURCE },
        { 1, 0, 256, 0, PUCK_DISPLAY_BAD_SOURCE },
        { 2, 64, 256, 0, PUCK_DISPLAY_BAD_SOURCE },
        { 0, 0, 252, 0, PUCK_DISPLAY_BAD_PITCH },
        { 0, 0, 258, 0, PUCK_DISPLAY_BAD_PITCH },
        { 0, 0, 0xfffffffc, 0, PUCK_DISPLAY_BAD_EXTENT },
        { 0, 0, 256, GPU_VRAM_SIZE - 256 * 48 + 1, PUCK_DISPLAY_BAD_EXTENT },
    };
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("case %zu", i);
        head_w32(&d, 0, PUCK_HEAD_WB_SOURCE, bad[i].source);
        head_w32(&d, 0, PUCK_HEAD_WB_ARG, bad[i].arg);
        head_w64(&d, 0, PUCK_HEAD_WB_ADDR, bad[i].addr);
        head_w32(&d, 0, PUCK_HEAD_WB_PITCH, bad[i].pitch);
        head_w32(&d, 0, PUCK_HEAD_FLAGS, PUCK_HEAD_WRITEBACK);
        commit_refused(&d, 1, bad[i].result, 0, PUCK_DISPLAY_BUFFER_WB);
    }
    head_w32(&d, 0, PUCK_HEAD_FLAGS, 0);
    flip(&d, 0);
    display_stop(&d);
}

/* One head that is wrong, and nothing happens to the other one. */
static void test_bad_second_head(void)
{
    Display d;

    display_start(&d, ",heads=2", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    head_w32(&d, 1, PUCK_HEAD_CTRL, PUCK_HEAD_ENABLE);
    commit_refused(&d, 3, PUCK_DISPLAY_BAD_MODE, 1, NONE);
    display_step(&d, MODE_PERIOD);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_STATUS), ==, 0);
    display_stop(&d);
}

/* Count, time and line, whenever one looks; and nobody has to wait for it. */
static void test_time(void)
{
    int64_t start;
    Display d;

    display_start(&d, "", "");
    display_step(&d, 12345);
    head_mode(&d, 0, MODE_W, MODE_H);
    commit(&d, 1);
    display_step(&d, 0);
    start = d.now;
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_STATUS), ==, PUCK_HEAD_ON);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT), ==, 1);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_TIME), ==, start);
    for (unsigned i = 0; i < 300; i++) {
        uint64_t frames, line;

        display_step(&d, 777777 + i * 1000);
        frames = (d.now - start) / MODE_PERIOD;
        line = (d.now - start) % MODE_PERIOD / (MODE_PERIOD / MODE_TOTAL);
        g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT), ==,
                         1 + frames);
        g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_TIME), ==,
                         start + frames * MODE_PERIOD);
        g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_LINE), ==,
                         (MODE_H + line) % MODE_TOTAL);
    }
    g_assert_false(puck_msix_take(&d.e.m, &d.e.f, d.vector[0], false));
    display_stop(&d);
}

static void vblank_expected(Display *d, bool expected)
{
    g_assert_true(puck_msix_take(&d->e.m, &d->e.f, d->vector[0], false) ==
                  expected);
    g_assert_true(!!(head_r32(d, 0, PUCK_HEAD_IRQ_STATUS) &
                     PUCK_HEAD_IRQ_VBLANK) == expected);
    head_w32(d, 0, PUCK_HEAD_IRQ_STATUS, PUCK_HEAD_IRQ_ALL);
}

/* The interrupt, at its time to the nanosecond; and none for what was before */
static void test_vblank(void)
{
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    commit(&d, 1);
    display_step(&d, MODE_PERIOD / 2);
    vblank_expected(&d, false);
    display_step(&d, 3 * MODE_PERIOD);
    head_w32(&d, 0, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_VBLANK);
    display_step(&d, MODE_PERIOD / 2 - 1);
    vblank_expected(&d, false);
    for (unsigned i = 0; i < 3; i++) {
        display_step(&d, 1);
        vblank_expected(&d, true);
        display_step(&d, MODE_PERIOD - 1);
        vblank_expected(&d, false);
    }
    head_w32(&d, 0, PUCK_HEAD_IRQ_ENABLE, 0);
    display_step(&d, 5 * MODE_PERIOD);
    vblank_expected(&d, false);
    display_stop(&d);
}

/* A takeover is at the next blanking, not at the last one, and all at once. */
static void test_takeover(void)
{
    uint64_t start;
    Display d;

    display_start(&d, "", "");
    head_w32(&d, 0, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_FLIP);
    head_mode(&d, 0, MODE_W, MODE_H);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 0xfffffffe);
    commit(&d, 1);
    display_step(&d, 5 * MODE_PERIOD + 1234);
    start = head_r64(&d, 0, PUCK_HEAD_FLIP_TIME);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 0xfffffffe);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_FLIP_COUNT), ==, 1);
    g_assert_true(puck_msix_take(&d.e.m, &d.e.f, d.vector[0], false));
    head_w32(&d, 0, PUCK_HEAD_IRQ_STATUS, PUCK_HEAD_IRQ_FLIP);

    head_w32(&d, 0, PUCK_HEAD_SEQNO, 7);
    commit(&d, 1);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 8);
    display_step(&d, MODE_PERIOD - 1235);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_STATUS), ==,
                    PUCK_HEAD_ON | PUCK_HEAD_PENDING);
    g_assert_cmphex(puck_r32(&d.e.f, PUCK_DISPLAY_PENDING), ==, 1);
    g_assert_false(puck_msix_take(&d.e.m, &d.e.f, d.vector[0], false));
    display_step(&d, 1);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_STATUS), ==, PUCK_HEAD_ON);
    g_assert_true(puck_msix_take(&d.e.m, &d.e.f, d.vector[0], false));
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 7);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_FLIP_COUNT), ==, 7);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_FLIP_TIME), ==,
                     start + 6 * MODE_PERIOD);
    display_stop(&d);
}

/* Off, at a blanking; the count stays, and goes on when it is on again. */
static void test_off(void)
{
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    flip(&d, 0);
    head_w32(&d, 0, PUCK_HEAD_CTRL, 0);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 5);
    commit(&d, 1);
    display_step(&d, MODE_PERIOD);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_STATUS), ==, 0);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 5);
    display_step(&d, 10 * MODE_PERIOD);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT), ==, 2);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_TIME), ==,
                     head_r64(&d, 0, PUCK_HEAD_FLIP_TIME));
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_LINE), ==, 0);
    /* It is off already. */
    flip(&d, 0);
    head_w32(&d, 0, PUCK_HEAD_CTRL, PUCK_HEAD_ENABLE);
    flip(&d, 0);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT), ==, 3);
    display_stop(&d);
}

/* Other timings begin with the takeover. */
static void test_modeset(void)
{
    int64_t at;
    Display d;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    flip(&d, 0);
    head_w32(&d, 0, PUCK_HEAD_CLOCK, 2 * MODE_KHZ);
    flip(&d, 0);
    at = head_r64(&d, 0, PUCK_HEAD_FLIP_TIME);
    display_step(&d, at + 10 * MODE_PERIOD / 2 - d.now);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT), ==, 12);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_VBLANK_TIME), ==, d.now);
    display_stop(&d);
}

/* Two heads out of step: one COMMIT, each at its own next blanking. */
static void test_two_heads(void)
{
    int64_t start;
    Display d;

    display_start(&d, ",heads=2", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    head_mode(&d, 1, MODE_W, MODE_H);
    commit(&d, 3);
    display_step(&d, 0);
    start = d.now;
    for (unsigned h = 0; h < 2; h++) {
        g_assert_cmpuint(head_r64(&d, h, PUCK_HEAD_FLIP_TIME), ==, start);
    }
    /* Head 1 gets another period. */
    head_w32(&d, 1, PUCK_HEAD_CLOCK, 900);
    flip(&d, 1);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 11);
    head_w32(&d, 1, PUCK_HEAD_SEQNO, 12);
    commit(&d, 3);
    display_step(&d, start + 2 * MODE_PERIOD - d.now);
    g_assert_cmphex(puck_r32(&d.e.f, PUCK_DISPLAY_PENDING), ==, 2);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 11);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_FLIP_TIME), ==, d.now);
    display_step(&d, MODE_PERIOD / 9 + 1);
    g_assert_cmphex(puck_r32(&d.e.f, PUCK_DISPLAY_PENDING), ==, 0);
    g_assert_cmpuint(head_r32(&d, 1, PUCK_HEAD_FLIP_SEQNO), ==, 12);
    g_assert_cmpuint(head_r64(&d, 1, PUCK_HEAD_FLIP_TIME), ==,
                     start + MODE_PERIOD + 11111111);
    display_stop(&d);
}

void add_display_commit_tests(void)
{
    qtest_add_func("/puck-display/commit/bad_heads", test_bad_heads);
    qtest_add_func("/puck-display/commit/bad_mode", test_bad_mode);
    qtest_add_func("/puck-display/commit/bad_damage", test_bad_damage);
    qtest_add_func("/puck-display/commit/bad_plane", test_bad_plane);
    qtest_add_func("/puck-display/commit/bad_buffer", test_bad_buffer);
    qtest_add_func("/puck-display/commit/bad_uv", test_bad_uv);
    qtest_add_func("/puck-display/commit/bad_writeback",
                   test_bad_writeback);
    qtest_add_func("/puck-display/commit/bad_second_head",
                   test_bad_second_head);
    qtest_add_func("/puck-display/commit/time", test_time);
    qtest_add_func("/puck-display/commit/vblank", test_vblank);
    qtest_add_func("/puck-display/commit/takeover", test_takeover);
    qtest_add_func("/puck-display/commit/off", test_off);
    qtest_add_func("/puck-display/commit/modeset", test_modeset);
    qtest_add_func("/puck-display/commit/two-heads", test_two_heads);
}
