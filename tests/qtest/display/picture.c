/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what a picture is, to the bit: formats, rectangles, reflection,
 * scaling, alpha, order and gamma, by CRCs that are compared with those of
 * display-model.c; and writeback of the same.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

#define FORMATS     4           /* from 1 on */
#define AREA        0x40000     /* VRAM of each plane's buffer */

/* The next frame, and that its CRCs are those of the model. */
static void expect_crcs(Display *d, unsigned h, const TestPicture *pic)
{
    uint32_t seqno;

    head_set(d, h, pic);
    head_w32(d, h, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_ALL);
    seqno = flip(d, h);
    g_assert_cmpuint(head_r32(d, h, PUCK_HEAD_CRC_SEQNO), ==, seqno);
    g_assert_cmpuint(head_r64(d, h, PUCK_HEAD_CRC_COUNT), ==,
                     head_r64(d, h, PUCK_HEAD_FLIP_COUNT));
    for (unsigned p = 0; p < PUCK_DISPLAY_PLANES; p++) {
        g_assert_cmphex(head_r32(d, h, PUCK_HEAD_CRC_PLANE(p)), ==,
                        model_plane_crc(pic, p));
    }
    g_assert_cmphex(head_r32(d, h, PUCK_HEAD_CRC_PICTURE), ==,
                    model_crc(pic));
}

/* Each format, each reflection, each way to blend, on the primary plane. */
static void test_formats(void)
{
    Display d;

    display_start(&d, "", "");
    for (unsigned n = 0; n < FORMATS * 4 * 3; n++) {
        TestPlane plane = test_plane(1 + n % FORMATS, MODE_W, MODE_H);
        TestPicture pic = { MODE_W, MODE_H, 0x102030, { &plane } };

        plane.reflect_x = n / FORMATS & 1;
        plane.reflect_y = n / FORMATS & 2;
        plane.blend = n / FORMATS / 4;
        plane.alpha = n % 3 ? 255 : 77 + n;
        plane_draw(&d, &plane, 3 * n, n);
        g_test_message("format %u, reflected %d %d, blend %u, alpha %u",
                       plane.format, plane.reflect_x, plane.reflect_y,
                       plane.blend, plane.alpha);
        expect_crcs(&d, 0, &pic);
        g_free((void *)plane.bytes);
    }
    display_stop(&d);
}

/* Parts of larger buffers, partly outside of the picture. */
static void test_rectangles(void)
{
    static const int32_t places[][2] = {
        { 0, 0 }, { -7, -5 }, { 50, 40 }, { -63, 47 }, { 63, -47 },
        { 64, 48 }, { -64, -48 }, { -32768, 32767 },
    };
    Display d;

    display_start(&d, "", "");
    for (unsigned n = 0; n < G_N_ELEMENTS(places) * FORMATS; n++) {
        TestPlane plane = test_plane(1 + n % FORMATS, 101, 77);
        TestPicture pic = { MODE_W, MODE_H, 0xabcdef, { &plane } };

        plane.offset = plane.format == PUCK_PLANE_FORMAT_NV12 ? 33 : 64;
        plane.uv_offset += 100;
        plane.pitch += 12;
        plane.uv_pitch += 6;
        plane.uv_offset += 77 * 12;
        plane.uv_offset &= ~1ull;
        plane.src_x = 13 << 16;
        plane.src_y = 11 << 16;
        plane.src_w = MODE_W << 16;
        plane.src_h = MODE_H << 16;
        plane.dst_x = places[n / FORMATS][0];
        plane.dst_y = places[n / FORMATS][1];
        plane.dst_w = MODE_W;
        plane.dst_h = MODE_H;
        plane.reflect_x = n & 1;
        plane_draw(&d, &plane, 0x1234, n);
        g_test_message("format %u at %d, %d", plane.format, plane.dst_x,
                       plane.dst_y);
        expect_crcs(&d, 0, &pic);
        g_free((void *)plane.bytes);
    }
    display_stop(&d);
}

/* Sizes of source, in 1/65536, and destination. */
static void test_scaling(void)
{
    static const struct {
        uint32_t x, y, w, h, to_w, to_h;
    } sizes[] = {
        { 0, 0, 32 << 16, 24 << 16, 64, 48 },
        { 0, 0, 64 << 16, 48 << 16, 32, 24 },
        { 0, 0, 1 << 16, 1 << 16, 16, 16 },
        { 0x18000, 0x8001, 0x2f7331, 0x1a0f03, 61, 47 },
        { 0xffff, 1, 0x10001, 0x3ffff, 7, 1 },
        { 0, 0, 255 << 16, 128 << 16, 16, 8 },
        { 0x1234567, 0x765432, 0x333333, 0x444444, 50, 200 },
        { 0x8000, 0, 64 << 16, 48 << 16, 64, 48 },
    };
    Display d;

    display_start(&d, "", "");
    for (unsigned n = 0; n < G_N_ELEMENTS(sizes) * FORMATS * 2; n++) {
        unsigned i = n / FORMATS / 2;
        TestPlane plane = test_plane(1 + n % FORMATS, 400, 300);
        TestPicture pic = { MODE_W, MODE_H, 0, { NULL, &plane } };

        plane.src_x = sizes[i].x;
        plane.src_y = sizes[i].y;
        plane.src_w = sizes[i].w;
        plane.src_h = sizes[i].h;
        plane.dst_x = i - 3;
        plane.dst_y = 2 - (int)i;
        plane.dst_w = sizes[i].to_w;
        plane.dst_h = sizes[i].to_h;
        plane.reflect_x = plane.reflect_y = n / FORMATS & 1;
        plane_draw(&d, &plane, 0, n);
        g_test_message("format %u, size %u", plane.format, i);
        expect_crcs(&d, 0, &pic);
        g_free((void *)plane.bytes);
    }
    display_stop(&d);
}

static void draw_gamma(uint64_t *gamma, uint32_t seed)
{
    for (unsigned i = 0; i < PUCK_HEAD_GAMMA_SIZE; i++) {
        seed = seed * 1103515245 + 12345;
        gamma[i] = (uint64_t)seed << 16 ^ seed >> 3;
        gamma[i] &= PUCK_HEAD_GAMMA_BITS;
    }
}

/* Three planes over each other in every order, on two heads at once. */
static void test_planes(void)
{
    static const uint8_t orders[][3] = {
        { 0, 1, 2 }, { 2, 1, 0 }, { 1, 1, 1 }, { 3, 0, 3 }, { 1, 2, 0 },
    };
    Display d;

    display_start(&d, ",heads=2", "");
    for (unsigned n = 0; n < G_N_ELEMENTS(orders) * 6; n++) {
        const uint8_t *order = orders[n / 6];
        TestPlane primary = test_plane(1 + n % FORMATS, MODE_W, MODE_H);
        TestPlane overlay = test_plane(1 + (n + 1) % FORMATS, 40, 30);
        TestPlane cursor = test_plane(1 + n % 2, 32, 32);
        uint64_t gamma[PUCK_HEAD_GAMMA_SIZE];
        TestPicture pic = {
            MODE_W, MODE_H, n * 0x123457 & 0xffffff,
            { &primary, &overlay, &cursor }, n & 1 ? gamma : NULL,
        };

        draw_gamma(gamma, n);
        overlay.dst_w = 55;
        overlay.dst_x = 20 - (int)n;
        cursor.dst_x = 3 * n - 10;
        cursor.dst_y = n - 5;
        primary.zpos = order[0];
        overlay.zpos = order[1];
        cursor.zpos = order[2];
        primary.alpha = 255 - n;
        overlay.alpha = 100 + n;
        cursor.alpha = n % 2 ? 255 : 9 * n;
        primary.blend = n % 3;
        overlay.blend = (n + 1) % 3;
        cursor.blend = n / 2 % 3;
        plane_draw(&d, &primary, 0, n);
        plane_draw(&d, &overlay, AREA, n + 100);
        plane_draw(&d, &cursor, 2 * AREA, n + 200);
        g_test_message("case %u", n);
        expect_crcs(&d, n % 2, &pic);
        g_free((void *)primary.bytes);
        g_free((void *)overlay.bytes);
        g_free((void *)cursor.bytes);
    }
    display_stop(&d);
}

/* CRC_CTRL says which there are; without planes there is the background. */
static void test_crc_ctrl(void)
{
    TestPicture pic = { MODE_W, MODE_H, 0x665544, { } };
    Display d;

    display_start(&d, "", "");
    head_set(&d, 0, &pic);
    flip(&d, 0);
    g_assert_cmphex(head_r64(&d, 0, PUCK_HEAD_CRC_COUNT), ==, 0);
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PLANE(1));
    head_w32(&d, 0, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_CRC);
    display_to(&d, 0, 3);
    g_assert_cmphex(head_r64(&d, 0, PUCK_HEAD_CRC_COUNT), ==, 3);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_CRC_PICTURE), ==, 0);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_CRC_PLANE(1)), ==, 0);
    g_assert_true(puck_msix_take(&d.e.m, &d.e.f, d.vector[0], false));
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_IRQ_STATUS), ==,
                    PUCK_HEAD_IRQ_CRC | PUCK_HEAD_IRQ_FLIP);
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    display_to(&d, 0, 4);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_CRC_PICTURE), ==,
                    model_crc(&pic));
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, 0);
    display_to(&d, 0, 6);
    g_assert_cmphex(head_r64(&d, 0, PUCK_HEAD_CRC_COUNT), ==, 4);
    display_stop(&d);
}

static void set_writeback(Display *d, uint32_t source, uint64_t addr,
                          uint32_t arg, uint32_t pitch)
{
    head_w32(d, 0, PUCK_HEAD_WB_SOURCE, source);
    head_w64(d, 0, PUCK_HEAD_WB_ADDR, addr);
    head_w32(d, 0, PUCK_HEAD_WB_ARG, arg);
    head_w32(d, 0, PUCK_HEAD_WB_PITCH, pitch);
    head_w32(d, 0, PUCK_HEAD_FLAGS, PUCK_HEAD_WRITEBACK);
}

static void expect_written(Display *d, const TestPicture *pic, GpuSeg at,
                           uint32_t pitch)
{
    g_autofree uint8_t *got = g_malloc(at.len);

    gpu_read(&d->e, at, got);
    for (uint32_t y = 0; y < pic->height; y++) {
        for (uint32_t x = 0; x < pic->width; x++) {
            g_assert_cmphex((uint32_t)ldl_le_p(got + y * pitch + 4 * x), ==,
                            0xff000000 | model_pixel(pic, x, y));
        }
        for (uint32_t i = 4 * pic->width; i < pitch && y + 1 < pic->height;
             i++) {
            g_assert_cmphex(got[y * pitch + i], ==, 0);
        }
    }
}

/* To VRAM and to system memory, scattered; once for each commit that asks. */
static void test_writeback(void)
{
    enum { PITCH = 4 * MODE_W + 20, LEN = PITCH * (MODE_H - 1) + 4 * MODE_W };
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_RGB565, MODE_W, MODE_H);
    TestPicture pic = { MODE_W, MODE_H, 0, { &plane } };
    GpuSeg segs[LEN / 1000 + 1];
    uint64_t to;
    uint32_t seqno;
    Display d;

    display_start(&d, "", "");
    plane_draw(&d, &plane, 0, 1);
    head_set(&d, 0, &pic);
    head_w32(&d, 0, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_WRITEBACK);
    set_writeback(&d, PUCK_PLANE_SOURCE_VRAM, AREA + 1, 0, PITCH);
    seqno = flip(&d, 0);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_FLAGS), ==, 0);
    g_assert_true(puck_msix_take(&d.e.m, &d.e.f, d.vector[0], false));
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_WB_RESULT), ==,
                    PUCK_HEAD_WB_DONE);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_WB_SEQNO), ==, seqno);
    expect_written(&d, &pic, VRAM(AREA + 1, LEN), PITCH);

    /* Not again. */
    flip(&d, 0);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_WB_SEQNO), ==, seqno);
    to = puck_machine_pages(&d.e.m, DIV_ROUND_UP(LEN, PAGE));
    for (unsigned i = 0; i < G_N_ELEMENTS(segs); i++) {
        segs[i] = SYS(to + 1000 * i, 1000);
    }
    set_writeback(&d, PUCK_PLANE_SOURCE_LIST,
                  gpu_list(&d.e, segs, G_N_ELEMENTS(segs)),
                  G_N_ELEMENTS(segs), PITCH);
    seqno = flip(&d, 0);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_WB_SEQNO), ==, seqno);
    expect_written(&d, &pic, SYS(to, LEN), PITCH);
    g_free((void *)plane.bytes);
    display_stop(&d);
}

void add_display_picture_tests(void)
{
    qtest_add_func("/puck-display/picture/formats", test_formats);
    qtest_add_func("/puck-display/picture/rectangles", test_rectangles);
    qtest_add_func("/puck-display/picture/scaling", test_scaling);
    qtest_add_func("/puck-display/picture/planes", test_planes);
    qtest_add_func("/puck-display/picture/crc-ctrl", test_crc_ctrl);
    qtest_add_func("/puck-display/picture/writeback", test_writeback);
}
