/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the rules of the geometry, each at both of its sides; and that it
 * stays as it is while there is a stream.
 */

#include "qemu/osdep.h"
#include "common/cam-env.h"

#define W   64ull
#define H   48ull

#define RECT(x, y, w, h) \
    ((uint64_t)(h) << 48 | (uint64_t)(w) << 32 | (y) << 16 | (x))
#define SIZE(w, h)      ((uint32_t)(h) << 16 | (w))

/* One register written to a good geometry. */
typedef struct CheckCase {
    uint64_t reg;
    uint64_t value;
    uint32_t check;
} CheckCase;

/* SIZE is 64x48, OUT_SIZE 96x80; SIZE_MAX is 1280x720. */
static const CheckCase cases[] = {
    { PUCK_CAM_FORMAT, 0, PUCK_CAM_CHECK_FORMAT },
    { PUCK_CAM_FORMAT, 8, PUCK_CAM_CHECK_FORMAT },
    { PUCK_CAM_FORMAT, 32 + 5, PUCK_CAM_CHECK_FORMAT },
    { PUCK_CAM_FORMAT, UINT32_MAX, PUCK_CAM_CHECK_FORMAT },
    { PUCK_CAM_FORMAT, PUCK_CAM_FORMAT_GREY, 0 },
    { PUCK_CAM_SIZE, SIZE(1280, 720), 0 },
    { PUCK_CAM_SIZE, SIZE(1282, 720), PUCK_CAM_CHECK_SIZE },
    { PUCK_CAM_SIZE, SIZE(1280, 722), PUCK_CAM_CHECK_SIZE },
    { PUCK_CAM_SIZE, SIZE(65, 48), PUCK_CAM_CHECK_SIZE },
    { PUCK_CAM_SIZE, SIZE(64, 49), PUCK_CAM_CHECK_SIZE },
    { PUCK_CAM_SIZE, SIZE(14, 48), PUCK_CAM_CHECK_SIZE },
    { PUCK_CAM_SIZE, SIZE(64, 14), PUCK_CAM_CHECK_SIZE },
    { PUCK_CAM_SIZE, 0, PUCK_CAM_CHECK_SIZE },
    { PUCK_CAM_SIZE, SIZE(62, 48), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_SIZE, SIZE(64, 46), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_OUT_SIZE, SIZE(98, 80), PUCK_CAM_CHECK_STRIDE0 },
    { PUCK_CAM_OUT_SIZE, SIZE(96, 2160), 0 },
    { PUCK_CAM_OUT_SIZE, SIZE(96, 2162), PUCK_CAM_CHECK_OUT_SIZE },
    { PUCK_CAM_OUT_SIZE, SIZE(4098, 80), PUCK_CAM_CHECK_OUT_SIZE },
    { PUCK_CAM_OUT_SIZE, SIZE(95, 80), PUCK_CAM_CHECK_OUT_SIZE },
    { PUCK_CAM_OUT_SIZE, SIZE(96, 81), PUCK_CAM_CHECK_OUT_SIZE },
    { PUCK_CAM_OUT_SIZE, SIZE(14, 80), PUCK_CAM_CHECK_OUT_SIZE },
    { PUCK_CAM_OUT_SIZE, SIZE(96, 14), PUCK_CAM_CHECK_OUT_SIZE },
    { PUCK_CAM_OUT_SIZE, SIZE(94, 80), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_OUT_SIZE, SIZE(96, 78), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_CROP, RECT(62, 46, 2, 2), 0 },
    { PUCK_CAM_CROP, RECT(64, 46, 2, 2), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(62, 48, 2, 2), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(62, 46, 4, 2), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(62, 46, 2, 4), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(1, 0, 2, 2), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(0, 1, 2, 2), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(0, 0, 3, 2), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(0, 0, 2, 3), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(0, 0, 0, 2), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(0, 0, 2, 0), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(0xfffe, 0, 64, 2), PUCK_CAM_CHECK_CROP },
    { PUCK_CAM_CROP, RECT(0, 0, W, H), 0 },
    { PUCK_CAM_COMPOSE, RECT(94, 78, 2, 2), 0 },
    { PUCK_CAM_COMPOSE, RECT(96, 78, 2, 2), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_COMPOSE, RECT(94, 78, 4, 2), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_COMPOSE, RECT(94, 78, 2, 4), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_COMPOSE, RECT(1, 0, 2, 2), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_COMPOSE, RECT(0, 1, 2, 2), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_COMPOSE, RECT(0, 0, 5, 2), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_COMPOSE, RECT(0, 0, 2, 5), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_COMPOSE, RECT(0, 0, 0, 0), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_COMPOSE, RECT(0, 0xfffe, 2, 16), PUCK_CAM_CHECK_COMPOSE },
    { PUCK_CAM_STRIDE0, 96, 0 },
    { PUCK_CAM_STRIDE0, 97, 0 },
    { PUCK_CAM_STRIDE0, 95, PUCK_CAM_CHECK_STRIDE0 },
    { PUCK_CAM_STRIDE0, 65536, 0 },
    { PUCK_CAM_STRIDE0, 65537, PUCK_CAM_CHECK_STRIDE0 },
    { PUCK_CAM_STRIDE0, UINT32_MAX, PUCK_CAM_CHECK_STRIDE0 },
    { PUCK_CAM_STRIDE1, 96, 0 },
    { PUCK_CAM_STRIDE1, 95, PUCK_CAM_CHECK_STRIDE1 },
    { PUCK_CAM_STRIDE1, 65536, 0 },
    { PUCK_CAM_STRIDE1, 65537, PUCK_CAM_CHECK_STRIDE1 },
};

static CamMode good_mode(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12M, W, H);

    m.out_width = 96;
    m.out_height = 80;
    m.compose = (CamRect) { 0, 0, 96, 80 };
    m.stride[0] = m.stride[1] = 96;
    return m;
}

static void write_reg(CamEnv *e, uint64_t reg, uint64_t value)
{
    if (reg == PUCK_CAM_CROP || reg == PUCK_CAM_COMPOSE) {
        cam_w64(e, reg, value);
    } else {
        cam_w32(e, reg, value);
    }
}

static void expect_check(CamEnv *e, uint32_t check)
{
    bool ok = check == PUCK_CAM_CHECK_OK;

    g_assert_cmpuint(cam_r32(e, PUCK_CAM_CHECK), ==, check);
    g_assert_cmpint(!!cam_r32(e, PUCK_CAM_PARTS), ==, ok);
    g_assert_cmpint(!!cam_r32(e, PUCK_CAM_BYTES0), ==, ok);
    if (!ok) {
        g_assert_cmpuint(cam_r32(e, PUCK_CAM_BYTES1), ==, 0);
    }
    /* It is what STREAM goes by. */
    cam_w32(e, PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM);
    g_assert_cmpint(cam_r32(e, PUCK_CAM_SENSOR_CTRL) & PUCK_CAM_STREAM, ==, ok);
    cam_stream_off(e);
}

static void test_rules(void)
{
    CamMode m = good_mode();
    CamEnv e;

    cam_start(&e, ",max-size=1280x720", "");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const CheckCase *c = &cases[i];

        g_test_message("0x%" PRIx64 " <- 0x%" PRIx64, c->reg, c->value);
        cam_set_mode(&e, &m);
        write_reg(&e, c->reg, c->value);
        expect_check(&e, c->check);
    }
    cam_alive(&e);
    cam_stop(&e);
}

/* All are broken; the first one is told, and mended, and so on. */
static void test_order(void)
{
    static const struct {
        uint64_t reg, good;
    } order[] = {
        { PUCK_CAM_FORMAT, PUCK_CAM_FORMAT_NV12M },
        { PUCK_CAM_SIZE, SIZE(W, H) },
        { PUCK_CAM_OUT_SIZE, SIZE(96, 80) },
        { PUCK_CAM_CROP, RECT(0, 0, W, H) },
        { PUCK_CAM_COMPOSE, RECT(0, 0, 96, 80) },
        { PUCK_CAM_STRIDE0, 96 },
        { PUCK_CAM_STRIDE1, 96 },
    };
    CamEnv e;

    cam_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        write_reg(&e, order[i].reg, UINT64_MAX);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        expect_check(&e, i + 1);
        write_reg(&e, order[i].reg, order[i].good);
    }
    expect_check(&e, PUCK_CAM_CHECK_OK);
    /* What has one part has no STRIDE1 that could be wrong. */
    cam_w32(&e, PUCK_CAM_STRIDE1, 0);
    expect_check(&e, PUCK_CAM_CHECK_STRIDE1);
    cam_w32(&e, PUCK_CAM_FORMAT, PUCK_CAM_FORMAT_NV12);
    expect_check(&e, PUCK_CAM_CHECK_OK);
    cam_stop(&e);
}

/* The bytes of a line, at both sides, and what CHECK says of each format. */
static void test_sizes(void)
{
    CamEnv e;

    cam_start(&e, "", "");
    for (unsigned f = PUCK_CAM_FORMAT_XRGB8888; f <= PUCK_CAM_FORMAT_GREY;
         f++) {
        CamMode m = cam_mode(f, W, H);

        g_test_message("format %u", f);
        cam_set_mode(&e, &m);
        m.stride[0] += 13;
        m.stride[1] += 7;
        cam_set_mode(&e, &m);
        cam_w32(&e, PUCK_CAM_STRIDE0, cam_line_bytes(f, W) - 1);
        expect_check(&e, PUCK_CAM_CHECK_STRIDE0);
    }
    /* The largest. */
    {
        CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12M, 4096, 2160);

        m.stride[0] = m.stride[1] = 65536;
        cam_set_mode(&e, &m);
        m.format = PUCK_CAM_FORMAT_NV12;
        cam_set_mode(&e, &m);
    }
    cam_stop(&e);
}

/* While there is a stream the geometry stays, and the rest changes. */
static void test_bad_locked(void)
{
    static const uint64_t locked[] = {
        PUCK_CAM_SIZE, PUCK_CAM_FORMAT, PUCK_CAM_OUT_SIZE, PUCK_CAM_CROP,
        PUCK_CAM_COMPOSE, PUCK_CAM_STRIDE0, PUCK_CAM_STRIDE1,
    };
    CamMode m = good_mode();
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    cam_stream(&e, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(locked); i++) {
        uint32_t before = cam_r32(&e, locked[i]);

        write_reg(&e, locked[i], SIZE(32, 32));
        g_assert_cmphex(cam_r32(&e, locked[i]), ==, before);
        if (locked[i] == PUCK_CAM_CROP) {
            cam_w32(&e, locked[i] + 4, SIZE(32, 32));
            g_assert_cmphex(cam_r32(&e, locked[i] + 4), ==, SIZE(W, H));
        }
    }
    cam_w32(&e, PUCK_CAM_VBLANK, 99);
    cam_w32(&e, PUCK_CAM_HBLANK, 98);
    cam_w32(&e, PUCK_CAM_INTERVAL, 5000001);
    cam_w32(&e, PUCK_CAM_GAIN, 97);
    cam_w32(&e, PUCK_CAM_PATTERN, PUCK_CAM_PATTERN_NOISE);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_VBLANK), ==, 99);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_HBLANK), ==, 98);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_INTERVAL), ==, 5000001);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_GAIN), ==, 97);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_PATTERN), ==,
                     PUCK_CAM_PATTERN_NOISE);
    cam_stream_off(&e);
    /* And then it does again. */
    cam_w32(&e, PUCK_CAM_SIZE, SIZE(128, 96));
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SIZE), ==, SIZE(128, 96));
    cam_alive(&e);
    cam_stop(&e);
}

void add_geometry_tests(void)
{
    qtest_add_func("/puck-cam/geometry/rules", test_rules);
    qtest_add_func("/puck-cam/geometry/order", test_order);
    qtest_add_func("/puck-cam/geometry/sizes", test_sizes);
    qtest_add_func("/puck-cam/geometry/bad_locked", test_bad_locked);
}
