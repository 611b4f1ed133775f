/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the bridge: formats, crop, compose, strides, against the model's
 * pictures. The seed of the random geometries is printed and taken back with
 * --seed.
 */

#include "qemu/osdep.h"
#include "common/cam-env.h"

#define ROUNDS  60

/* Noise is nowhere the same: what is in a wrong place is seen. */
static CamMode noisy(unsigned format, unsigned width, unsigned height)
{
    CamMode m = cam_mode(format, width, height);

    m.pattern = PUCK_CAM_PATTERN_NOISE;
    m.seed = 5;
    return m;
}

/* Each format plain, with wide lines, cut, larger, smaller, and framed. */
static void test_format(const void *opaque)
{
    unsigned format = GPOINTER_TO_UINT(opaque);
    CamMode m = noisy(format, 70, 34);
    CamEnv e;

    cam_start(&e, "", "");
    cam_capture(&e, &m, 1);
    m.stamp = false;
    cam_capture(&e, &m, 1);
    m.stride[0] += 57;
    m.stride[1] += 123;
    cam_capture(&e, &m, 1);
    m.crop = (CamRect) { 22, 14, 36, 20 };
    cam_capture(&e, &m, 1);
    m.crop = (CamRect) { 0, 0, 2, 2 };
    cam_capture(&e, &m, 1);
    m.crop = (CamRect) { 0, 0, 70, 34 };
    m.compose = (CamRect) { 26, 10, 20, 6 };
    m.stamp = true;
    cam_capture(&e, &m, 1);
    m.compose = (CamRect) { 68, 32, 2, 2 };
    cam_capture(&e, &m, 1);
    m.out_width = 200;
    m.out_height = 150;
    m.compose = (CamRect) { 2, 4, 194, 140 };
    m.stride[0] = cam_line_bytes(format, 200);
    m.stride[1] = 200;
    cam_capture(&e, &m, 1);
    cam_stop(&e);
}

/* Colours from end to end: what comes of clipping. */
static void test_clip(void)
{
    static const unsigned gains[] = { 1, 0x100, 0x1000 };
    CamEnv e;

    cam_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(gains); i++) {
        CamMode m = noisy(PUCK_CAM_FORMAT_XRGB8888, 256, 64);

        m.gain = gains[i];
        cam_capture(&e, &m, 1);
        m.format = PUCK_CAM_FORMAT_RGB24;
        cam_capture(&e, &m, 1);
    }
    cam_stop(&e);
}

static unsigned even(unsigned from, unsigned to)
{
    return 2 * g_test_rand_int_range(from / 2, to / 2 + 1);
}

static CamRect any_rect(unsigned width, unsigned height)
{
    CamRect r;

    r.width = even(2, width);
    r.height = even(2, height);
    r.x = even(0, width - r.width);
    r.y = even(0, height - r.height);
    return r;
}

static void test_random(void)
{
    CamEnv e;

    cam_start(&e, "", "");
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned format = g_test_rand_int_range(PUCK_CAM_FORMAT_XRGB8888,
                                                PUCK_CAM_FORMAT_GREY + 1);
        CamMode m = noisy(format, even(16, 300), even(16, 200));

        m.seed = g_test_rand_int();
        m.flip = g_test_rand_int_range(0, 4);
        m.stamp = g_test_rand_bit();
        m.crop = any_rect(m.width, m.height);
        m.out_width = even(16, 300);
        m.out_height = even(16, 200);
        m.compose = any_rect(m.out_width, m.out_height);
        m.stride[0] = cam_line_bytes(format, m.out_width) +
                      g_test_rand_int_range(0, 100);
        m.stride[1] = m.out_width + g_test_rand_int_range(0, 100);
        g_test_message("round %u, format %u: crop %u+%u,%u+%u of %ux%u, "
                       "compose %u+%u,%u+%u of %ux%u", i, format, m.crop.x,
                       m.crop.width, m.crop.y, m.crop.height, m.width,
                       m.height, m.compose.x, m.compose.width, m.compose.y,
                       m.compose.height, m.out_width, m.out_height);
        cam_capture(&e, &m, 1);
    }
    cam_stop(&e);
}

void add_format_tests(void)
{
    static const char *const names[] = {
        [PUCK_CAM_FORMAT_XRGB8888] = "xrgb8888",
        [PUCK_CAM_FORMAT_RGB24] = "rgb24",
        [PUCK_CAM_FORMAT_YUYV] = "yuyv",
        [PUCK_CAM_FORMAT_UYVY] = "uyvy",
        [PUCK_CAM_FORMAT_NV12] = "nv12",
        [PUCK_CAM_FORMAT_NV12M] = "nv12m",
        [PUCK_CAM_FORMAT_GREY] = "grey",
    };

    for (unsigned i = 1; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strdup_printf("/puck-cam/formats/%s",
                                                names[i]);

        qtest_add_data_func(path, GUINT_TO_POINTER(i), test_format);
    }
    qtest_add_func("/puck-cam/formats/clip", test_clip);
    qtest_add_func("/puck-cam/formats/random", test_random);
}
