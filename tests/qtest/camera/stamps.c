/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: stamps, field by field, as software reads them; and what they tell
 * of a buffer that was given away too early.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/cam-env.h"

#define FRAME_STAMP     sizeof(struct puck_cam_stamp)
#define LINE_STAMP      sizeof(struct puck_cam_line)

static uint32_t sum_words(const uint8_t *bytes, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i += 4) {
        uint8_t word[4] = { };

        memcpy(word, bytes + i, MIN(4, len - i));
        sum += ldl_le_p(word);
    }
    return sum;
}

static void expect_line(const uint8_t *line, uint32_t frame, unsigned number,
                        unsigned plane)
{
    struct puck_cam_line stamp;

    memcpy(&stamp, line, sizeof(stamp));
    g_assert_cmpuint(le32_to_cpu(stamp.frame), ==, frame);
    g_assert_cmpuint(le16_to_cpu(stamp.line), ==, number);
    g_assert_cmpuint(stamp.plane, ==, plane);
    g_assert_cmphex(stamp.magic, ==, PUCK_CAM_LINE_MAGIC);
}

static void expect_stamp(CamEnv *e, const uint8_t *bytes, const CamDone *done,
                         uint32_t checksum)
{
    const CamMode *m = &e->mode;
    struct puck_cam_stamp stamp;

    memcpy(&stamp, bytes, sizeof(stamp));
    g_assert_cmphex(le32_to_cpu(stamp.magic), ==, PUCK_CAM_STAMP_MAGIC);
    g_assert_cmpmem(&stamp.magic, 4, "PKST", 4);
    g_assert_cmpuint(le16_to_cpu(stamp.version), ==, 1);
    g_assert_cmpuint(le16_to_cpu(stamp.format), ==, m->format);
    g_assert_cmpuint(le64_to_cpu(stamp.time), ==, done->start);
    g_assert_cmphex(le32_to_cpu(stamp.checksum), ==, checksum);
    g_assert_cmpuint(le16_to_cpu(stamp.width), ==, m->out_width);
    g_assert_cmpuint(le16_to_cpu(stamp.height), ==, m->out_height);
    g_assert_cmphex(sum_words(bytes, FRAME_STAMP), ==,
                    2 * le32_to_cpu(stamp.sum));
    g_assert_cmpuint(stamp.pattern, ==, m->pattern);
    g_assert_cmpuint(stamp.flip, ==, m->flip);
    g_assert_cmphex(le16_to_cpu(stamp.gain), ==, m->gain);
    g_assert_cmphex(le64_to_cpu(stamp.seed), ==, m->seed);
    for (unsigned i = 0; i < ARRAY_SIZE(stamp.reserved); i++) {
        g_assert_cmpuint(stamp.reserved[i], ==, 0);
    }
}

/*
 * The lines of a plane, which are at @bytes. Returns its share of the checksum.
 */
static uint32_t check_plane(CamEnv *e, const uint8_t *bytes, unsigned plane,
                            unsigned lines, unsigned stride, uint32_t frame)
{
    unsigned len = cam_line_bytes(e->mode.format, e->mode.out_width);
    uint32_t checksum = 0;

    for (unsigned y = 0; y < lines; y++) {
        const uint8_t *line = bytes + y * stride;
        unsigned stamp = !plane && !y && len >= FRAME_STAMP ? FRAME_STAMP :
                         LINE_STAMP;

        expect_line(line, frame, y, plane);
        checksum += (y + 1) * sum_words(line + stamp, len - stamp);
    }
    return checksum;
}

static void check_picture(CamEnv *e, const CamBuffer *buf, const CamDone *done)
{
    const CamMode *m = &e->mode;
    g_autofree uint8_t *plane0 = g_malloc(cam_mode_bytes(m, 0));
    g_autofree uint8_t *plane1 = g_malloc(cam_mode_bytes(m, 1) + 1);
    uint32_t checksum;

    qtest_memread(e->m.qts, buf->ram[0], plane0, cam_mode_bytes(m, 0));
    checksum = check_plane(e, plane0, 0, m->out_height, m->stride[0],
                           done->frame);
    if (m->format == PUCK_CAM_FORMAT_NV12) {
        checksum += check_plane(e, plane0 + m->out_height * m->stride[0], 1,
                                m->out_height / 2, m->stride[0], done->frame);
    }
    if (m->format == PUCK_CAM_FORMAT_NV12M) {
        qtest_memread(e->m.qts, buf->ram[1], plane1, cam_mode_bytes(m, 1));
        checksum += check_plane(e, plane1, 1, m->out_height / 2, m->stride[1],
                                done->frame);
    }
    if (cam_line_bytes(m->format, m->out_width) >= FRAME_STAMP) {
        expect_stamp(e, plane0, done, checksum);
    }
}

static void run(CamEnv *e, const CamMode *m)
{
    CamBuffer buf[3];
    CamDone done;

    cam_begin(e, m, buf, G_N_ELEMENTS(buf));
    for (unsigned i = 0; i < G_N_ELEMENTS(buf); i++) {
        cam_wait_ok(e, i, &done);
        g_assert_cmpuint(done.frame, ==, i);
        check_picture(e, &buf[i], &done);
        cam_expect_picture(e, &buf[i], &done);
    }
}

static void test_fields(void)
{
    CamEnv e;

    cam_start(&e, "", "");
    for (unsigned f = PUCK_CAM_FORMAT_XRGB8888; f <= PUCK_CAM_FORMAT_GREY;
         f++) {
        CamMode m = cam_mode(f, 66, 18);

        m.pattern = PUCK_CAM_PATTERN_NOISE;
        m.seed = 0xfedcba9876543210;
        m.flip = PUCK_CAM_FLIP_V;
        m.gain = 0x123;
        m.stride[0] += 3;
        m.stride[1] += 5;
        run(&e, &m);
    }
    cam_stop(&e);
}

/* A line of less than 64 bytes has no room for a frame stamp. */
static void test_narrow(void)
{
    static const struct {
        unsigned format, width;
    } modes[] = {
        { PUCK_CAM_FORMAT_GREY, 16 }, { PUCK_CAM_FORMAT_GREY, 62 },
        { PUCK_CAM_FORMAT_GREY, 64 }, { PUCK_CAM_FORMAT_NV12, 62 },
        { PUCK_CAM_FORMAT_NV12M, 16 }, { PUCK_CAM_FORMAT_YUYV, 30 },
        { PUCK_CAM_FORMAT_UYVY, 32 }, { PUCK_CAM_FORMAT_RGB24, 20 },
        { PUCK_CAM_FORMAT_RGB24, 22 }, { PUCK_CAM_FORMAT_XRGB8888, 16 },
    };
    CamEnv e;

    cam_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        CamMode m = cam_mode(modes[i].format, modes[i].width, 16);

        g_test_message("format %u, width %u", modes[i].format, modes[i].width);
        m.pattern = PUCK_CAM_PATTERN_RAMP;
        run(&e, &m);
    }
    cam_stop(&e);
}

/*
 * Two descriptors name the same memory, as if the buffer had been given back
 * before its time: in the middle of the second frame its upper lines are of
 * that, the lower ones of the first.
 */
static void test_torn(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 64, 128);
    g_autofree uint8_t *bytes = g_malloc(64 * 128);
    CamBuffer buf;
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    buf = cam_buffer(&e, 7);
    cam_queue(&e, &buf.desc);
    cam_queue(&e, &buf.desc);
    cam_stream(&e, 0);
    cam_wait_ok(&e, 7, &done);
    cam_expect_picture(&e, &buf, &done);
    cam_run_until(&e, done.start + m.interval + cam_mode_exposed(&m, 63));
    qtest_memread(e.m.qts, buf.ram[0], bytes, 64 * 128);
    for (unsigned y = 0; y < 128; y++) {
        expect_line(bytes + 64 * y, y < 64 ? 1 : 0, y, 0);
    }
    cam_wait_ok(&e, 7, &done);
    cam_expect_picture(&e, &buf, &done);
    cam_stop(&e);
}

void add_stamp_tests(void)
{
    qtest_add_func("/puck-cam/stamps/fields", test_fields);
    qtest_add_func("/puck-cam/stamps/narrow", test_narrow);
    qtest_add_func("/puck-cam/stamps/torn", test_torn);
}
