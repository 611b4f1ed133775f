/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of what puck-cam reads of the host's pictures: the header of Y4M,
 * good and bad, and where each sample of a picture lies.
 */

#include "qemu/osdep.h"
#include "hw/puck/camera/source/stream.h"

#define SIZE_LIMIT  puck_cam_size(640, 480)

static const char *read_header(const char *line, PuckCamStream *stream)
{
    /* No byte behind the line is looked at. */
    g_autofree char *copy = g_memdup2(line, MAX(strlen(line), 1));
    const char *wrong = puck_cam_stream_header(copy, strlen(line), stream);

    return wrong ?: puck_cam_stream_check(stream, SIZE_LIMIT);
}

static void test_good(void)
{
    static const struct {
        const char *line;
        unsigned width, height;
        PuckCamSampling sampling;
        uint32_t interval;
    } cases[] = {
        { "YUV4MPEG2 W64 H48", 64, 48, PUCK_CAM_I420, 33333333 },
        { "YUV4MPEG2 H48 W64 F25:1 Ip A1:1 C420jpeg XYSCSS=420JPEG", 64, 48,
          PUCK_CAM_I420, 40000000 },
        { "YUV4MPEG2  W16  H16 F30000:1001 C420mpeg2 ", 16, 16, PUCK_CAM_I420,
          33366666 },
        { "YUV4MPEG2 W640 H480 F0:0 I? C420paldv", 640, 480, PUCK_CAM_I420,
          33333333 },
        { "YUV4MPEG2 W64 H48 C422 F1:4294967295", 64, 48, PUCK_CAM_I422,
          UINT32_MAX },
        { "YUV4MPEG2 W64 H48 C444", 64, 48, PUCK_CAM_I444, 33333333 },
        { "YUV4MPEG2 W64 H48 Cmono", 64, 48, PUCK_CAM_LUMA, 33333333 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PuckCamStream s;

        g_test_message("%s", cases[i].line);
        g_assert_null(read_header(cases[i].line, &s));
        g_assert_cmpuint(s.width, ==, cases[i].width);
        g_assert_cmpuint(s.height, ==, cases[i].height);
        g_assert_cmpuint(s.sampling, ==, cases[i].sampling);
        g_assert_cmpuint(s.interval, ==, cases[i].interval);
    }
}

static void test_bad(void)
{
    static const char *const lines[] = {
        "", "Y", "YUV4MPEG", "YUV4MPEG1 W64 H48", "YUV4MPEG2W64 H48",
        "YUV4MPEG2", "YUV4MPEG2 W64", "YUV4MPEG2 H48", "YUV4MPEG2 W H48",
        "YUV4MPEG2 W64 H-48", "YUV4MPEG2 W64 H48x", "YUV4MPEG2 W64 H49",
        "YUV4MPEG2 W65 H48", "YUV4MPEG2 W14 H48", "YUV4MPEG2 W64 H14",
        "YUV4MPEG2 W642 H48", "YUV4MPEG2 W64 H482",
        "YUV4MPEG2 W4294967360 H48", "YUV4MPEG2 W64 H48 F",
        "YUV4MPEG2 W64 H48 F30", "YUV4MPEG2 W64 H48 F30:",
        "YUV4MPEG2 W64 H48 F30:1:1", "YUV4MPEG2 W64 H48 F30:0",
        "YUV4MPEG2 W64 H48 F0:1", "YUV4MPEG2 W64 H48 F4294967296:1",
        "YUV4MPEG2 W64 H48 It", "YUV4MPEG2 W64 H48 I",
        "YUV4MPEG2 W64 H48 Ipp", "YUV4MPEG2 W64 H48 C",
        "YUV4MPEG2 W64 H48 C411", "YUV4MPEG2 W64 H48 C420p10",
        "YUV4MPEG2 W64 H48 C42",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        PuckCamStream s;

        g_test_message("%s", lines[i]);
        g_assert_nonnull(read_header(lines[i], &s));
    }
}

static void test_frame(void)
{
    g_assert_true(puck_cam_stream_frame("FRAME", 5));
    g_assert_true(puck_cam_stream_frame("FRAME Ip", 8));
    g_assert_false(puck_cam_stream_frame("FRAME", 4));
    g_assert_false(puck_cam_stream_frame("FRAMES", 6));
    g_assert_false(puck_cam_stream_frame("frame", 5));
    g_assert_false(puck_cam_stream_frame("", 0));
}

/*
 * Each sample of a picture of 16 x 16 is where the format has it: the bytes of
 * the picture are their own numbers, modulo 256.
 */
static void test_samples(void)
{
    static const struct {
        PuckCamSampling sampling;
        size_t bytes;
        /* Of pixel (5, 3). */
        unsigned luma, cb, cr;
    } cases[] = {
        { PUCK_CAM_I420, 384, 53, 256 + 10, 320 + 10 },
        { PUCK_CAM_NV12, 384, 53, 256 + 20, 256 + 21 },
        { PUCK_CAM_YUYV, 512, 106, 105, 107 },
        { PUCK_CAM_UYVY, 512, 107, 104, 106 },
        { PUCK_CAM_I422, 512, 53, 256 + 26, 384 + 26 },
        { PUCK_CAM_I444, 768, 53, 256 + 53, 512 + 53 },
        { PUCK_CAM_LUMA, 256, 53, 128, 128 },
    };
    static PuckCamSensor sensor;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PuckCamStream s = {
            .width = 16, .height = 16, .sampling = cases[i].sampling,
        };
        PuckCamLayout layout = { .width = 16, .height = 16 };
        PuckCamMode mode = {
            .controls = { .vblank = 45, .gain = 256,
                          .pattern = PUCK_CAM_PATTERN_SOURCE },
        };
        size_t count = puck_cam_stream_bytes(&s);
        g_autofree uint8_t *bytes = g_malloc(count);
        PuckCamPicture picture = puck_cam_stream_picture(&s, bytes);
        const PuckCamRow *row;

        g_assert_cmpuint(count, ==, cases[i].bytes);
        for (size_t b = 0; b < count; b++) {
            bytes[b] = b;
        }
        puck_cam_sensor_begin(&sensor, &layout, &mode, &picture);
        row = puck_cam_sensor_line(&sensor, 3);
        g_assert_cmpuint(row->byte[0][5], ==, cases[i].luma & 0xff);
        g_assert_cmpuint(row->byte[1][5], ==, cases[i].cb & 0xff);
        g_assert_cmpuint(row->byte[2][5], ==, cases[i].cr & 0xff);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cam-stream/good", test_good);
    g_test_add_func("/cam-stream/bad", test_bad);
    g_test_add_func("/cam-stream/frame", test_frame);
    g_test_add_func("/cam-stream/samples", test_samples);
    return g_test_run();
}
