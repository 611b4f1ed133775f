/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: when lines are written and frames begin and end, on the virtual
 * clock, which tests move; numbers of frames, single steps.
 */

#include "qemu/osdep.h"
#include "common/cam-env.h"

#define GROUP   PUCK_CAM_GROUP_LINES

static CamMode fast_mode(unsigned width, unsigned height)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12M, width, height);

    m.pattern = PUCK_CAM_PATTERN_RAMP;
    m.interval = 10000000;
    return m;
}

/* Of a buffer in NV12M, which lines of each plane were written. */
static void expect_lines(CamEnv *e, const CamBuffer *buf, const CamDone *done,
                         unsigned lines)
{
    const CamMode *m = &e->mode;
    uint8_t *part[PUCK_CAM_PARTS_MAX];

    for (unsigned i = 0; i < 2; i++) {
        unsigned have = i ? DIV_ROUND_UP(lines, 2) : lines;
        uint32_t size = cam_mode_bytes(m, i);
        g_autofree uint8_t *got = g_malloc(size);

        part[0] = g_malloc(cam_mode_bytes(m, 0));
        part[1] = g_malloc(cam_mode_bytes(m, 1));
        cam_model_render(m, done->frame, done->start, part);
        memset(part[i] + have * m->stride[i], CAM_UNTOUCHED,
               size - have * m->stride[i]);
        qtest_memread(e->m.qts, buf->ram[i], got, size);
        g_assert_cmpmem(got, size, part[i], size);
        g_free(part[0]);
        g_free(part[1]);
    }
}

/* A group is there when its last line is exposed, and not a moment before. */
static void check_groups(CamEnv *e, const CamMode *m)
{
    CamDone done = { };
    CamBuffer buf;

    cam_stream_off(e);
    cam_set_mode(e, m);
    buf = cam_buffer(e, 0);
    cam_queue(e, &buf.desc);
    cam_stream(e, 0);
    done.start = cam_r64(e, PUCK_CAM_START_TIME);
    for (unsigned y = 0; y < m->out_height; y += GROUP) {
        unsigned end = MIN(y + GROUP, m->out_height);
        uint64_t time = done.start + cam_mode_exposed(m, end - 1);

        cam_run_until(e, time - 1);
        /* Groups that are exposed at one time come together. */
        if (!y || cam_mode_exposed(m, y - 1) != cam_mode_exposed(m, end - 1)) {
            expect_lines(e, &buf, &done, y);
        }
        cam_run_until(e, time);
        if (end == m->out_height ||
            cam_mode_exposed(m, end) != cam_mode_exposed(m, end - 1)) {
            expect_lines(e, &buf, &done, end);
        }
    }
    cam_wait_ok(e, 0, &done);
    cam_expect_picture(e, &buf, &done);
}

static void test_groups(void)
{
    CamMode m = fast_mode(32, 80);
    CamEnv e;

    cam_start(&e, "", "");
    check_groups(&e, &m);
    m = fast_mode(32, 64);
    m.vblank = 4;
    m.hblank = 16;
    check_groups(&e, &m);
    /* Cut, and scaled down. */
    m = fast_mode(32, 200);
    m.crop = (CamRect) { 4, 40, 20, 130 };
    m.out_height = 100;
    m.compose = (CamRect) { 0, 0, 32, 100 };
    check_groups(&e, &m);
    /* Scaled up, with black above and below. */
    m = fast_mode(32, 20);
    m.crop = (CamRect) { 0, 2, 32, 16 };
    m.out_height = 128;
    m.compose = (CamRect) { 0, 20, 32, 90 };
    check_groups(&e, &m);
    /* What is on a line changes with FLIP, not when it is read. */
    m = fast_mode(32, 80);
    m.flip = PUCK_CAM_FLIP_V;
    check_groups(&e, &m);
    cam_stop(&e);
}

/* The entry is made when the last line of the sensor has been read. */
static void test_end(void)
{
    CamMode m = fast_mode(32, 64);
    CamBuffer buf;
    CamDone done;
    uint64_t start;
    CamEnv e;

    cam_start(&e, "", "");
    m.crop = (CamRect) { 0, 0, 32, 16 };
    cam_set_mode(&e, &m);
    buf = cam_buffer(&e, 3);
    cam_queue(&e, &buf.desc);
    start = cam_now(&e);
    cam_stream(&e, 0);
    g_assert_cmpuint(cam_r64(&e, PUCK_CAM_START_TIME), ==, start);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SENSOR_STATUS), ==,
                    PUCK_CAM_SENSOR_BUSY);
    cam_run_until(&e, start + cam_mode_read(&m, 63) - 1);
    g_assert_false(cam_take(&e, &done));
    cam_run_until(&e, start + cam_mode_read(&m, 63));
    cam_wait_ok(&e, 3, &done);
    g_assert_cmpuint(done.start, ==, start);
    g_assert_cmpuint(done.end, ==, start + cam_mode_read(&m, 63));
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SENSOR_STATUS), ==, 0);
    cam_stop(&e);
}

/* Frames begin one INTERVAL after the other, whatever it becomes meanwhile. */
static void test_interval(void)
{
    CamMode m = fast_mode(32, 16);
    uint64_t start;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    cam_stream(&e, 0);
    start = cam_r64(&e, PUCK_CAM_START_TIME);
    for (unsigned i = 1; i < 5; i++) {
        cam_run_until(&e, start + i * m.interval - 1);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, i - 1);
        cam_run_until(&e, start + i * m.interval);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, i);
        g_assert_cmpuint(cam_r64(&e, PUCK_CAM_START_TIME), ==,
                         start + i * m.interval);
    }
    start = cam_r64(&e, PUCK_CAM_START_TIME);
    cam_w32(&e, PUCK_CAM_INTERVAL, 7777777);
    cam_run_until(&e, start + m.interval - 1);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 4);
    cam_run_until(&e, start + m.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 5);
    cam_run_until(&e, start + m.interval + 7777776);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 5);
    cam_run_until(&e, start + m.interval + 7777777);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 6);
    cam_stop(&e);
}

/* Lines of a frame go by the INTERVAL and blanking that it began with. */
static void test_change_within(void)
{
    CamMode m = fast_mode(32, 64);
    CamBuffer buf[2];
    CamDone done;
    uint64_t start;
    CamEnv e;

    cam_start(&e, "", "");
    cam_begin(&e, &m, buf, 2);
    start = cam_r64(&e, PUCK_CAM_START_TIME);
    cam_w32(&e, PUCK_CAM_VBLANK, 200);
    cam_w32(&e, PUCK_CAM_HBLANK, 20);
    cam_w32(&e, PUCK_CAM_INTERVAL, 20000000);
    cam_wait_ok(&e, 0, &done);
    g_assert_cmpuint(done.end, ==, start + cam_mode_read(&m, 63));
    start += m.interval;
    e.mode.vblank = 200;
    e.mode.hblank = 20;
    e.mode.interval = 20000000;
    cam_wait_ok(&e, 1, &done);
    g_assert_cmpuint(done.start, ==, start);
    g_assert_cmpuint(done.end, ==, start + cam_mode_read(&e.mode, 63));
    cam_stop(&e);
}

/* Frames without a buffer have numbers, too. */
static void test_dropped(void)
{
    CamMode m = fast_mode(32, 16);
    CamBuffer buf[2];
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    cam_stream(&e, 0);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SENSOR_STATUS), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 1);
    cam_run_until(&e, cam_r64(&e, PUCK_CAM_START_TIME) + 3 * m.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 3);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 4);
    cam_queue_buffers(&e, buf, 2);
    for (unsigned i = 0; i < 2; i++) {
        cam_wait_ok(&e, i, &done);
        g_assert_cmpuint(done.frame, ==, 4 + i);
        g_assert_cmpuint(done.dropped, ==, 4);
        cam_expect_picture(&e, &buf[i], &done);
    }
    cam_run_until(&e, done.start + 3 * m.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 7);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_CAPTURED), ==, 2);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FAILED), ==, 0);
    /* With the stream all counting begins anew. */
    cam_stream_off(&e);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 7);
    cam_stream(&e, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 1);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_CAPTURED), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 0);
    cam_stop(&e);
}

/* A frame for each STEP, and none for another reason. */
static void test_single(void)
{
    CamMode m = fast_mode(32, 16);
    CamBuffer buf[3];
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    cam_queue_buffers(&e, buf, 3);
    cam_stream(&e, PUCK_CAM_SINGLE);
    cam_run_until(&e, cam_now(&e) + 5 * m.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_SENSOR_STATUS), ==, 0);
    g_assert_false(cam_take(&e, &done));
    for (unsigned i = 0; i < 3; i++) {
        uint64_t now = cam_now(&e);

        cam_w32(&e, PUCK_CAM_STEP, 0);
        g_assert_cmphex(cam_r32(&e, PUCK_CAM_SENSOR_STATUS), ==,
                        PUCK_CAM_SENSOR_BUSY);
        cam_wait_ok(&e, i, &done);
        g_assert_cmpuint(done.start, ==, now);
        g_assert_cmpuint(done.end, ==, now + cam_mode_read(&m, 15));
        g_assert_cmpuint(done.frame, ==, i);
        cam_expect_picture(&e, &buf[i], &done);
        cam_run_until(&e, now + 3 * m.interval);
        g_assert_false(cam_take(&e, &done));
    }
    /* The fourth finds no buffer. */
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_run_until(&e, cam_now(&e) + 3 * m.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 3);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 1);
    cam_stop(&e);
}

/* STEP in a frame, without SINGLE, without STREAM. */
static void test_bad_step(void)
{
    CamMode m = fast_mode(32, 64);
    CamBuffer buf;
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    buf = cam_buffer(&e, 1);
    cam_queue(&e, &buf.desc);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_run_until(&e, cam_now(&e) + 2 * m.interval);
    g_assert_cmpuint(cam_r64(&e, PUCK_CAM_START_TIME), ==, 0);
    cam_stream(&e, PUCK_CAM_SINGLE);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_wait_ok(&e, 1, &done);
    cam_run_until(&e, done.start + 3 * m.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 0);
    /* SINGLE does not change while there is a stream. */
    cam_w32(&e, PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SENSOR_CTRL), ==,
                    PUCK_CAM_STREAM | PUCK_CAM_SINGLE);
    cam_stream_off(&e);
    cam_stream(&e, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 1);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 1);
    cam_alive(&e);
    cam_stop(&e);
}

/* The stream ends within a frame: its buffer comes back, those behind stay. */
static void test_stop(void)
{
    CamMode m = fast_mode(32, 128);
    CamBuffer buf[2];
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_begin(&e, &m, buf, 2);
    cam_run_until(&e, cam_now(&e) + cam_mode_exposed(&m, 63));
    cam_stream_off(&e);
    cam_wait(&e, &done);
    g_assert_cmpuint(done.cookie, ==, 0);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_STOPPED);
    g_assert_cmpuint(done.reason, ==, 0);
    g_assert_cmpuint(done.lines, ==, 64);
    g_assert_cmpuint(done.bytes[0], ==, 64 * 32);
    g_assert_cmpuint(done.bytes[1], ==, 32 * 32);
    expect_lines(&e, &buf[0], &done, 64);
    cam_run_until(&e, done.start + 5 * m.interval);
    g_assert_false(cam_take(&e, &done));
    expect_lines(&e, &buf[0], &done, 64);
    cam_expect_untouched(&e, &buf[1]);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FAILED), ==, 1);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_CAPTURED), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_HEAD), ==, 1);
    /* The one that was not begun is the next. */
    cam_stream(&e, 0);
    cam_wait_ok(&e, 1, &done);
    g_assert_cmpuint(done.frame, ==, 0);
    cam_expect_picture(&e, &buf[1], &done);
    cam_stop(&e);
}

/*
 * More than the device can make in an INTERVAL: it comes late to frames, drops
 * those that would be over, and what it captures is right, and of its time.
 */
static void test_too_fast(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_XRGB8888, 2048, 1024);
    CamDone done = { };
    uint64_t start;
    CamEnv e;

    cam_start(&e, "", "");
    m.interval = PUCK_CAM_INTERVAL_MIN;
    m.pattern = PUCK_CAM_PATTERN_BOX;
    m.vblank = PUCK_CAM_VBLANK_MIN;
    m.hblank = PUCK_CAM_HBLANK_MIN;
    cam_set_mode(&e, &m);
    cam_stream(&e, 0);
    start = cam_r64(&e, PUCK_CAM_START_TIME);
    for (unsigned i = 0; i < 3; i++) {
        CamBuffer buf = cam_buffer(&e, i);

        cam_queue(&e, &buf.desc);
        cam_wait_ok(&e, i, &done);
        g_assert_cmpuint(done.start, ==, start +
                         (uint64_t)done.frame * m.interval);
        g_assert_cmpuint(done.dropped + i, ==, done.frame);
        cam_expect_picture(&e, &buf, &done);
    }
    cam_stop(&e);
}

void add_timing_tests(void)
{
    qtest_add_func("/puck-cam/timing/groups", test_groups);
    qtest_add_func("/puck-cam/timing/end", test_end);
    qtest_add_func("/puck-cam/timing/interval", test_interval);
    qtest_add_func("/puck-cam/timing/change-within", test_change_within);
    qtest_add_func("/puck-cam/timing/dropped", test_dropped);
    qtest_add_func("/puck-cam/timing/single", test_single);
    qtest_add_func("/puck-cam/timing/stop", test_stop);
    qtest_add_func("/puck-cam/timing/too-fast", test_too_fast);
    qtest_add_func("/puck-cam/timing/bad_step", test_bad_step);
}
