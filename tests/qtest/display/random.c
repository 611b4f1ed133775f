/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: values in registers of the display that nobody thought of, most of
 * them beside values that are right. The device has to live, and to show a
 * picture when it has been reset. The seed is printed and taken back with
 * --seed.
 */

#include "qemu/osdep.h"
#include "env.h"

#define ROUNDS      1500
#define MESS        0x8000000u  /* RAM that may become anything */
#define MESS_SIZE   0x100000u

static uint32_t any(uint32_t below)
{
    return (uint32_t)g_test_rand_int() % below;
}

static uint64_t any_number(void)
{
    static const uint64_t borders[] = {
        0, 1, 2, 3, 7, 8, 15, 16, 255, 256, 4095, 4096, 8191, 8192, 65535,
        65536, 8192ull << 16, GPU_VRAM_SIZE - 1, GPU_VRAM_SIZE, INT32_MAX,
        0x80000000u, 0xffff8000u, UINT32_MAX, 1ull << 40, (1ull << 40) + 1,
        1ull << 48, INT64_MAX, UINT64_MAX - 15, UINT64_MAX,
    };

    return g_test_rand_bit() ? borders[any(G_N_ELEMENTS(borders))] :
           (uint64_t)g_test_rand_int() << any(33) >> any(33);
}

/* A buffer of a plane or of writeback, in one of the three memories. */
static void any_buffer(Display *d, TestPlane *plane)
{
    GpuSeg segs[4];

    plane->source = any(3);
    plane->arg = any(3);
    plane->addr = any(GPU_VRAM_SIZE);
    if (plane->source == PUCK_PLANE_SOURCE_LIST) {
        for (unsigned i = 0; i < G_N_ELEMENTS(segs); i++) {
            segs[i] = g_test_rand_bit() ?
                      SYS(MESS + any(MESS_SIZE), any(9999)) :
                      VRAM(any(GPU_VRAM_SIZE), any(9999));
            if (!any(9)) {
                segs[i].addr = any_number();
            }
        }
        plane->arg = 1 + any(G_N_ELEMENTS(segs));
        plane->addr = MESS + MESS_SIZE + 64 * any(64);
        qtest_memwrite(d->e.m.qts, plane->addr, segs, sizeof(segs));
    }
}

static void any_plane(Display *d, unsigned h)
{
    unsigned p = any(PUCK_DISPLAY_PLANES);
    TestPlane plane = test_plane(1 + any(p == 2 ? 2 : 4), 1 + any(90),
                                 1 + any(90));

    plane.blend = any(3);
    plane.alpha = any(256);
    plane.zpos = any(4);
    plane.reflect_x = any(2);
    plane.reflect_y = any(2);
    plane.dst_x = (int)any(200) - 100;
    plane.dst_y = (int)any(200) - 100;
    if (p == PUCK_PLANE_OVERLAY) {
        plane.dst_w = 1 + any(15 * plane.dst_w);
        plane.dst_h = 1 + any(15 * plane.dst_h);
    }
    any_buffer(d, &plane);
    plane_set(d, h, p, any(8) ? &plane : NULL);
    if (!any(4)) {
        plane_w32(d, h, p, 4 * any(PUCK_PLANE_DST_H / 4 + 1), any_number());
    }
}

static void any_head(Display *d, unsigned h)
{
    TestPlane wb = { };

    head_mode(d, h, 16 + any(80), 16 + any(80));
    head_w32(d, h, PUCK_HEAD_CLOCK, 100 + any(2300));
    any_buffer(d, &wb);
    head_w32(d, h, PUCK_HEAD_WB_SOURCE, wb.source);
    head_w32(d, h, PUCK_HEAD_WB_ARG, wb.arg);
    head_w64(d, h, PUCK_HEAD_WB_ADDR, wb.addr);
    head_w32(d, h, PUCK_HEAD_WB_PITCH, 4 * (96 + any(64)));
    head_w32(d, h, PUCK_HEAD_DAMAGE_SIZE, 8 | 8 << 16);
    head_w32(d, h, PUCK_HEAD_FLAGS, any(4));
    head_w32(d, h, PUCK_HEAD_CRC_CTRL, any(16));
    head_w32(d, h, PUCK_HEAD_IRQ_ENABLE, any(128));
    if (!any(4)) {
        head_w32(d, h, 4 * any(PUCK_HEAD_STRIDE / 4), any_number());
    }
    if (!any(10)) {
        head_w32(d, h, PUCK_HEAD_CTRL, any(4));
    }
}

static void test_random(void)
{
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_ARGB8888, MODE_W, MODE_H);
    TestPicture pic = { MODE_W, MODE_H, 0, { &plane } };
    unsigned taken = 0;
    Display d;

    display_start(&d, ",heads=2", "");
    puck_w64(&d.e.f, PUCK_GPU_VM_ROOT(0), MESS | PUCK_GPU_VM_ROOT_VALID);
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned h = any(2);

        any_head(&d, h);
        any_plane(&d, h);
        puck_w32(&d.e.f, PUCK_DISPLAY_COMMIT, 1 + any(3));
        taken += !puck_r32(&d.e.f, PUCK_DISPLAY_RESULT);
        display_step(&d, 1 + any(MODE_PERIOD));
    }
    g_test_message("%u of %u commits taken", taken, ROUNDS);
    g_assert_cmpuint(taken, >, ROUNDS / 20);
    puck_w32(&d.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    gpu_ring_on(&d.e, 0);
    while (puck_msix_take(&d.e.m, &d.e.f, d.e.rings[0].vector, false)) {
        /* Whatever was left. */
    }
    plane_draw(&d, &plane, 0, 1);
    head_set(&d, 1, &pic);
    head_w32(&d, 1, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    flip(&d, 1);
    g_assert_cmphex(head_r32(&d, 1, PUCK_HEAD_CRC_PICTURE), ==,
                    model_crc(&pic));
    g_free((void *)plane.bytes);
    display_stop(&d);
}

void add_display_random_tests(void)
{
    qtest_add_func("/puck-display/random", test_random);
}
