/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: registers of the display: what they read as after reset, what
 * sticks, halves, and accesses to what there is not.
 */

#include "qemu/osdep.h"
#include "common/reg-case.h"
#include "env.h"

#define ONES    UINT32_MAX

static const RegCase display_cases[] = {
    { "HEADS", PUCK_DISPLAY_HEADS, 4, 2, 2 },
    { "COMMIT", PUCK_DISPLAY_COMMIT, 4, 0, 0 },
    { "PENDING", PUCK_DISPLAY_PENDING, 4, 0, 0 },
    { "DIM_MAX", PUCK_DISPLAY_DIM_MAX, 4, 4096, 4096 },
};

static const RegCase head_cases[] = {
    { "CTRL", PUCK_HEAD_CTRL, 4, 0, 3 },
    { "FLAGS", PUCK_HEAD_FLAGS, 4, 0, 3 },
    { "SEQNO", PUCK_HEAD_SEQNO, 4, 0, ONES },
    { "CLOCK", PUCK_HEAD_CLOCK, 4, 0, ONES },
    { "H", PUCK_HEAD_H, 4, 0, ONES },
    { "V", PUCK_HEAD_V, 4, 0, ONES },
    { "BACKGROUND", PUCK_HEAD_BACKGROUND, 4, 0, 0xffffff },
    { "DAMAGE_POS", PUCK_HEAD_DAMAGE_POS, 4, 0, ONES },
    { "DAMAGE_SIZE", PUCK_HEAD_DAMAGE_SIZE, 4, 0, ONES },
    { "WB_SOURCE", PUCK_HEAD_WB_SOURCE, 4, 0, ONES },
    { "WB_ARG", PUCK_HEAD_WB_ARG, 4, 0, ONES },
    { "WB_ADDR", PUCK_HEAD_WB_ADDR, 8, 0, UINT64_MAX },
    { "WB_PITCH", PUCK_HEAD_WB_PITCH, 4, 0, ONES },
    { "STATUS", PUCK_HEAD_STATUS, 4, 0, 0 },
    { "LINE", PUCK_HEAD_LINE, 4, 0, 0 },
    { "VBLANK_COUNT", PUCK_HEAD_VBLANK_COUNT, 8, 0, 0 },
    { "VBLANK_TIME", PUCK_HEAD_VBLANK_TIME, 8, 0, 0 },
    { "FLIP_COUNT", PUCK_HEAD_FLIP_COUNT, 8, 0, 0 },
    { "FLIP_TIME", PUCK_HEAD_FLIP_TIME, 8, 0, 0 },
    { "FLIP_SEQNO", PUCK_HEAD_FLIP_SEQNO, 4, 0, 0 },
    { "IRQ_STATUS", PUCK_HEAD_IRQ_STATUS, 4, 0, 0 },
    { "IRQ_ENABLE", PUCK_HEAD_IRQ_ENABLE, 4, 0, PUCK_HEAD_IRQ_ALL },
    { "CONNECTOR", PUCK_HEAD_CONNECTOR, 4, 1, 1 },
    { "CRC_CTRL", PUCK_HEAD_CRC_CTRL, 4, 0, PUCK_HEAD_CRC_ALL },
    { "CRC_COUNT", PUCK_HEAD_CRC_COUNT, 8, 0, 0 },
    { "CRC_SEQNO", PUCK_HEAD_CRC_SEQNO, 4, 0, 0 },
    { "CRC_PICTURE", PUCK_HEAD_CRC_PICTURE, 4, 0, 0 },
    { "CRC_PLANE 0", PUCK_HEAD_CRC_PLANE(0), 4, 0, 0 },
    { "CRC_PLANE 2", PUCK_HEAD_CRC_PLANE(2), 4, 0, 0 },
    { "WB_RESULT", PUCK_HEAD_WB_RESULT, 4, 0, 0 },
    { "WB_SEQNO", PUCK_HEAD_WB_SEQNO, 4, 0, 0 },
    { "FAULT_INFO", PUCK_HEAD_FAULT_INFO, 4, 0, 0 },
    { "FAULT_DESC", PUCK_HEAD_FAULT_DESC, 4, 0, 0 },
    { "FAULTS", PUCK_HEAD_FAULTS, 4, 0, 0 },
    { "FAULT_ADDR", PUCK_HEAD_FAULT_ADDR, 8, 0, 0 },
    { "FAULT_COUNT", PUCK_HEAD_FAULT_COUNT, 8, 0, 0 },
    { "GAMMA 0", PUCK_HEAD_GAMMA(0), 8, 0, PUCK_HEAD_GAMMA_BITS },
    { "GAMMA 255", PUCK_HEAD_GAMMA(255), 8, 0, PUCK_HEAD_GAMMA_BITS },
};

static const RegCase plane_cases[] = {
    { "CTRL", PUCK_PLANE_CTRL, 4, 0, PUCK_PLANE_CTRL_ALL },
    { "SOURCE", PUCK_PLANE_SOURCE, 4, 0, ONES },
    { "ADDR", PUCK_PLANE_ADDR, 8, 0, UINT64_MAX },
    { "ARG", PUCK_PLANE_ARG, 4, 0, ONES },
    { "PITCH", PUCK_PLANE_PITCH, 4, 0, ONES },
    { "OFFSET", PUCK_PLANE_OFFSET, 8, 0, UINT64_MAX },
    { "UV_OFFSET", PUCK_PLANE_UV_OFFSET, 8, 0, UINT64_MAX },
    { "UV_PITCH", PUCK_PLANE_UV_PITCH, 4, 0, ONES },
    { "SRC_X", PUCK_PLANE_SRC_X, 4, 0, ONES },
    { "SRC_Y", PUCK_PLANE_SRC_Y, 4, 0, ONES },
    { "SRC_W", PUCK_PLANE_SRC_W, 4, 0, ONES },
    { "SRC_H", PUCK_PLANE_SRC_H, 4, 0, ONES },
    { "DST_X", PUCK_PLANE_DST_X, 4, 0, ONES },
    { "DST_Y", PUCK_PLANE_DST_Y, 4, 0, ONES },
    { "DST_W", PUCK_PLANE_DST_W, 4, 0, ONES },
    { "DST_H", PUCK_PLANE_DST_H, 4, 0, ONES },
};

static void check_all(Display *d, bool write)
{
    reg_check_block(&d->e.f, display_cases, G_N_ELEMENTS(display_cases), 0,
                    write);
    for (unsigned h = 0; h < 2; h++) {
        reg_check_block(&d->e.f, head_cases, G_N_ELEMENTS(head_cases),
                        PUCK_HEAD(h), write);
        for (unsigned p = 0; p < PUCK_DISPLAY_PLANES; p++) {
            reg_check_block(&d->e.f, plane_cases, G_N_ELEMENTS(plane_cases),
                        PUCK_HEAD(h) + PUCK_HEAD_PLANE(p), write);
        }
    }
}

static void test_access(void)
{
    Display d;

    display_start(&d, ",heads=2", "");
    check_all(&d, true);
    puck_w32(&d.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmphex(puck_r32(&d.e.f, PUCK_DISPLAY_RESULT), ==, 0);
    check_all(&d, false);
    gpu_ring_on(&d.e, 0);
    display_stop(&d);
}

/* A reset in the middle of everything. */
static void test_reset(void)
{
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    TestPicture pic = { MODE_W, MODE_H, 5, { &plane } };
    Display d;

    display_start(&d, ",heads=2", "");
    plane_draw(&d, &plane, 0, 3);
    for (unsigned h = 0; h < 2; h++) {
        head_set(&d, h, &pic);
        head_w32(&d, h, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_ALL);
        head_w32(&d, h, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_ALL);
        flip(&d, h);
    }
    commit(&d, 3);
    puck_w32(&d.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    check_all(&d, false);
    display_step(&d, 3 * MODE_PERIOD);
    check_all(&d, false);
    /* And on again. */
    gpu_ring_on(&d.e, 0);
    head_set(&d, 1, &pic);
    flip(&d, 1);
    g_free((void *)plane.bytes);
    display_stop(&d);
}

static void test_halves(void)
{
    Display d;

    display_start(&d, "", "");
    head_w32(&d, 0, PUCK_HEAD_WB_ADDR, 0x11223344);
    head_w32(&d, 0, PUCK_HEAD_WB_ADDR + 4, 0x55667788);
    g_assert_cmphex(head_r64(&d, 0, PUCK_HEAD_WB_ADDR), ==,
                    0x5566778811223344ull);
    head_w32(&d, 0, PUCK_HEAD_GAMMA(7) + 4, UINT32_MAX);
    g_assert_cmphex(head_r64(&d, 0, PUCK_HEAD_GAMMA(7)), ==,
                    PUCK_HEAD_GAMMA_B);
    display_stop(&d);
}

/* Between registers, of a head that there is not, and of the former scanout. */
static void test_bad_access(void)
{
    static const struct {
        uint64_t from, to;
    } areas[] = {
        { 0x2000, 0x2020 }, { 0x23c0, 0x2400 }, { 0x2418, 0x2440 },
        { PUCK_HEAD(0) + 0xc0, PUCK_HEAD(0) + 0x100 },
        { PUCK_HEAD(0) + 0x150, PUCK_HEAD(0) + 0x180 },
        { PUCK_HEAD(0) + 0x250, PUCK_HEAD(0) + 0x300 },
        { PUCK_HEAD(1), PUCK_HEAD(1) + 0x300 }, { 0x3f00, 0x4000 },
    };
    Display d;

    display_start(&d, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(areas); i++) {
        for (uint64_t at = areas[i].from; at < areas[i].to; at += 8) {
            puck_w64(&d.e.f, at, UINT64_MAX);
            puck_w32(&d.e.f, at, UINT32_MAX);
            g_assert_cmphex(puck_r64(&d.e.f, at), ==, 0);
            g_assert_cmphex(puck_r32(&d.e.f, at), ==, 0);
        }
    }
    reg_check_block(&d.e.f, head_cases, G_N_ELEMENTS(head_cases), PUCK_HEAD(0),
                    false);
    g_assert_cmpuint(puck_r32(&d.e.f, PUCK_DISPLAY_HEADS), ==, 1);
    display_stop(&d);
}

void add_display_register_tests(void)
{
    qtest_add_func("/puck-display/registers/access", test_access);
    qtest_add_func("/puck-display/registers/reset", test_reset);
    qtest_add_func("/puck-display/registers/halves", test_halves);
    qtest_add_func("/puck-display/registers/bad_access", test_bad_access);
}
