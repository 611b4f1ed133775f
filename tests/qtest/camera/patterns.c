/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the sensor's pictures, of several frames in a row, against those of
 * the model.
 */

#include "qemu/osdep.h"
#include "common/cam-env.h"

/* Formats that show luma and chroma, and an odd number of pixels in a bar. */
static void test_pattern(const void *opaque)
{
    static const unsigned formats[] = {
        PUCK_CAM_FORMAT_NV12, PUCK_CAM_FORMAT_YUYV, PUCK_CAM_FORMAT_RGB24,
    };
    CamEnv e;

    cam_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        CamMode m = cam_mode(formats[i], 90, 54);

        m.pattern = GPOINTER_TO_UINT(opaque);
        m.seed = 0x123456789abcdef0;
        cam_capture(&e, &m, 5);
    }
    cam_stop(&e);
}

/* The box comes to its edges and begins anew. */
static void test_box(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 16, 32);
    CamEnv e;

    cam_start(&e, "", "");
    m.pattern = PUCK_CAM_PATTERN_BOX;
    cam_capture(&e, &m, 12);
    m = cam_mode(PUCK_CAM_FORMAT_GREY, 30, 18);
    m.pattern = PUCK_CAM_PATTERN_BOX;
    cam_capture(&e, &m, 12);
    cam_stop(&e);
}

/* Each seed is other noise, and the widest picture is within the block. */
static void test_noise(void)
{
    static const uint64_t seeds[] = { 0, 1, 65536, UINT64_MAX };
    CamEnv e;

    cam_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(seeds); i++) {
        CamMode m = cam_mode(PUCK_CAM_FORMAT_YUYV, 64, 16);

        m.pattern = PUCK_CAM_PATTERN_NOISE;
        m.seed = seeds[i];
        cam_capture(&e, &m, 2);
    }
    {
        CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12, 4096, 16);

        m.pattern = PUCK_CAM_PATTERN_NOISE;
        m.seed = 4;
        cam_capture(&e, &m, 1);
    }
    cam_stop(&e);
}

/* A whole picture of common sizes, the largest among them. */
static void test_large(void)
{
    static const struct {
        unsigned format, width, height, pattern;
    } modes[] = {
        { PUCK_CAM_FORMAT_NV12, 1920, 1080, PUCK_CAM_PATTERN_RAMP },
        { PUCK_CAM_FORMAT_XRGB8888, 1280, 720, PUCK_CAM_PATTERN_NOISE },
        { PUCK_CAM_FORMAT_GREY, 4096, 2160, PUCK_CAM_PATTERN_BOX },
    };
    CamEnv e;

    cam_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        CamMode m = cam_mode(modes[i].format, modes[i].width, modes[i].height);

        m.pattern = modes[i].pattern;
        cam_capture(&e, &m, 1);
    }
    cam_stop(&e);
}

static void test_flip(void)
{
    CamEnv e;

    cam_start(&e, "", "");
    for (unsigned flip = 0; flip < 4; flip++) {
        for (unsigned pattern = PUCK_CAM_PATTERN_BARS;
             pattern <= PUCK_CAM_PATTERN_NOISE; pattern++) {
            CamMode m = cam_mode(PUCK_CAM_FORMAT_YUYV, 50, 22);

            m.flip = flip;
            m.pattern = pattern;
            cam_capture(&e, &m, 2);
        }
    }
    cam_stop(&e);
}

/* EXPOSURE in lines, GAIN: dark, bright, and as it was. */
static void test_exposure(void)
{
    static const struct {
        unsigned exposure, gain, vblank;
    } cases[] = {
        { 0, 0x100, 45 }, { 0, 1, 45 }, { 0, 0x1000, 45 }, { 0, 0x180, 45 },
        { 1, 0x100, 45 }, { 38, 0x100, 45 }, { 39, 0x100, 45 },
        { 77, 0x100, 45 }, { 78, 0x100, 45 }, { 65535, 0x100, 45 },
        { 65535, 0x1000, 45 }, { 19, 0x200, 45 }, { 19, 0x200, 44 },
        { 76, 0x80, 44 }, { 50, 0xff, 4096 }, { 4096, 0x101, 4096 },
    };
    CamEnv e;

    cam_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12, 64, 32);

        g_test_message("exposure %u, gain 0x%x", cases[i].exposure,
                       cases[i].gain);
        m.pattern = PUCK_CAM_PATTERN_RAMP;
        m.exposure = cases[i].exposure;
        m.gain = cases[i].gain;
        m.vblank = cases[i].vblank;
        cam_capture(&e, &m, 1);
    }
    cam_stop(&e);
}

/* A frame has what the registers have when it begins. */
static void test_change(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12, 64, 64);
    CamBuffer buf[2];
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_begin(&e, &m, buf, 2);
    cam_w32(&e, PUCK_CAM_GAIN, 0x1ff);
    cam_w32(&e, PUCK_CAM_FLIP, PUCK_CAM_FLIP_H);
    cam_w32(&e, PUCK_CAM_PATTERN, PUCK_CAM_PATTERN_NOISE);
    cam_w64(&e, PUCK_CAM_SEED, 99);
    cam_w32(&e, PUCK_CAM_EXPOSURE, 30);
    cam_w32(&e, PUCK_CAM_STAMP, 0);
    cam_wait_ok(&e, 0, &done);
    cam_expect_picture(&e, &buf[0], &done);
    e.mode.gain = 0x1ff;
    e.mode.flip = PUCK_CAM_FLIP_H;
    e.mode.pattern = PUCK_CAM_PATTERN_NOISE;
    e.mode.seed = 99;
    e.mode.exposure = 30;
    e.mode.stamp = false;
    cam_wait_ok(&e, 1, &done);
    cam_expect_picture(&e, &buf[1], &done);
    cam_stop(&e);
}

void add_pattern_tests(void)
{
    qtest_add_data_func("/puck-cam/patterns/bars",
                        GUINT_TO_POINTER(PUCK_CAM_PATTERN_BARS), test_pattern);
    qtest_add_data_func("/puck-cam/patterns/ramp",
                        GUINT_TO_POINTER(PUCK_CAM_PATTERN_RAMP), test_pattern);
    qtest_add_data_func("/puck-cam/patterns/moving-box",
                        GUINT_TO_POINTER(PUCK_CAM_PATTERN_BOX), test_pattern);
    qtest_add_data_func("/puck-cam/patterns/random",
                        GUINT_TO_POINTER(PUCK_CAM_PATTERN_NOISE),
                        test_pattern);
    qtest_add_func("/puck-cam/patterns/box", test_box);
    qtest_add_func("/puck-cam/patterns/noise", test_noise);
    qtest_add_func("/puck-cam/patterns/large", test_large);
    qtest_add_func("/puck-cam/patterns/flip", test_flip);
    qtest_add_func("/puck-cam/patterns/exposure", test_exposure);
    qtest_add_func("/puck-cam/patterns/change", test_change);
}
