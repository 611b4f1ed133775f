/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: migration: within a frame, between frames, of what rules hold; and
 * states that a device does not take.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/cam-env.h"
#include "common/mischief-env.h"

#define STREAM_BIT_FLIPS    12

static void begin_frame(CamEnv *e, CamBuffer buf[2])
{
    CamMode m = cam_long_mode();

    cam_begin(e, &m, buf, 2);
}

static void expect_frame(CamEnv *e, const CamBuffer *buf, unsigned cookie,
                         uint32_t frame)
{
    CamDone done;

    cam_wait_ok(e, cookie, &done);
    g_assert_cmpuint(done.frame, ==, frame);
    cam_expect_picture(e, buf, &done);
}

/* Within a frame: the other side goes on at the line where it was. */
static void test_move(void)
{
    CamBuffer buf[2];
    CamDone done;
    CamEnv e, to;

    cam_start(&e, ",seed=3", "");
    cam_w32(&e, PUCK_CAM_IRQ_ENABLE, PUCK_CAM_IRQ_ERROR);
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 555);
    cam_begin_half(&e, buf);
    cam_move(&e, &to);
    cam_expect_half(&to, buf);
    g_assert_cmpuint(cam_r32(&to, PUCK_CAM_ERR_COUNT), ==, 1);
    g_assert_cmpuint(cam_r64(&to, PUCK_CAM_ERR_ADDR), ==, 555);
    g_assert_cmphex(cam_r32(&to, PUCK_CAM_IRQ_ENABLE), ==, PUCK_CAM_IRQ_ERROR);
    g_assert_cmphex(cam_r64(&to, PUCK_CAM_SEED), ==, 0);
    g_assert_cmphex(cam_r32(&to, PUCK_CAM_SENSOR_STATUS), ==,
                    PUCK_CAM_SENSOR_BUSY);
    for (unsigned i = 0; i < 2; i++) {
        cam_wait_ok(&to, i, &done);
        g_assert_cmpuint(done.frame, ==, i);
        cam_expect_picture(&to, &buf[i], &done);
    }
    g_assert_cmpuint(cam_r32(&to, PUCK_CAM_CAPTURED), ==, 2);
    cam_alive(&to);
    cam_stop(&to);
}

/* Registers changed within the frame are of the next one there, too. */
static void test_move_changed(void)
{
    CamBuffer buf[2];
    CamDone done;
    CamEnv e, to;

    cam_start(&e, "", "");
    cam_begin_half(&e, buf);
    cam_w32(&e, PUCK_CAM_PATTERN, PUCK_CAM_PATTERN_NOISE);
    cam_w32(&e, PUCK_CAM_GAIN, 0x222);
    cam_w32(&e, PUCK_CAM_STAMP, 0);
    cam_move(&e, &to);
    cam_wait_ok(&to, 0, &done);
    cam_expect_picture(&to, &buf[0], &done);
    to.mode.pattern = PUCK_CAM_PATTERN_NOISE;
    to.mode.gain = 0x222;
    to.mode.stamp = false;
    cam_wait_ok(&to, 1, &done);
    cam_expect_picture(&to, &buf[1], &done);
    cam_stop(&to);
}

/* Between frames, halted, and before there ever was one. */
static void test_move_idle(void)
{
    CamMode m = cam_long_mode();
    CamBuffer buf;
    CamDone done;
    CamEnv e, to;

    cam_start(&e, "", "");
    cam_move(&e, &to);
    cam_set_mode(&to, &m);
    buf = cam_buffer(&to, 5);
    cam_queue(&to, &buf.desc);
    cam_stream(&to, PUCK_CAM_SINGLE);
    cam_move(&to, &e);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_wait_ok(&e, 5, &done);
    cam_expect_picture(&e, &buf, &done);
    cam_w64(&e, PUCK_CAM_DONE_BASE, 0);
    cam_stream_off(&e);
    cam_queue_reset(&e);
    cam_w64(&e, PUCK_CAM_QUEUE_BASE, 0x7000000000000000ull | CAM_ORDER);
    cam_w32(&e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 1);
    cam_stream(&e, 0);
    puck_machine_settle(&e.m);
    g_assert_true(cam_r32(&e, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_HALTED);
    cam_move(&e, &to);
    g_assert_true(cam_r32(&to, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_HALTED);
    g_assert_cmpuint(cam_r32(&to, PUCK_CAM_ERR_COUNT), ==, 1);
    cam_alive(&to);
    cam_stop(&to);
}

/* At each stage of a frame, as often as its lines are written. */
static void test_move_anywhere(void)
{
    for (unsigned i = 0; i < 6; i++) {
        CamBuffer buf[2];
        CamEnv e, to;

        cam_start(&e, "", "");
        begin_frame(&e, buf);
        if (i) {
            cam_run_until(&e, cam_now(&e) + i +
                          (i - 1) * e.mode.interval / 4);
        }
        cam_move(&e, &to);
        for (unsigned n = 0; n < 2; n++) {
            expect_frame(&to, &buf[n], n, n);
        }
        cam_stop(&to);
    }
}

/* A frame that is late by a rule, and one whose source became another one. */
static void test_move_rules(void)
{
    CamBuffer buf[2];
    CamDone done;
    CamEnv e, to;

    cam_start(&e, "", "");
    puck_rule_add(e.m.qts, "cam.frame frame=0 delay=5ms");
    begin_frame(&e, buf);
    cam_run_until(&e, cam_now(&e) + e.mode.interval / 2);
    cam_move(&e, &to);
    cam_wait_ok(&to, 0, &done);
    g_assert_cmpuint(done.end, ==, done.start + 5000000 +
                     cam_mode_read(&to.mode, 127));
    cam_expect_picture(&to, &buf[0], &done);
    cam_stop(&to);

    cam_start(&e, "", "");
    puck_rule_add(e.m.qts, "cam.frame nth=1 resize");
    begin_frame(&e, buf);
    puck_machine_settle(&e.m);
    cam_move(&e, &to);
    for (unsigned i = 0; i < 2; i++) {
        cam_wait(&to, &done);
        g_assert_cmpuint(done.cookie, ==, i);
        g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_SYNC);
    }
    g_assert_cmpuint(cam_r32(&to, PUCK_CAM_SOURCE_SEQ), ==, 1);
    cam_alive(&to);
    cam_stop(&to);
}

/* The other machine has the same file, and goes on with its next picture. */
static void test_move_source(void)
{
    enum { W = 64, H = 32, PICTURES = 2 };
    g_autofree char *path = g_strdup_printf("%s/puck-cam-move-%d.grey",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *options = g_strdup_printf(
        ",source=%s,source-format=grey,source-size=%ux%u", path, W, H);
    g_autofree uint8_t *bytes = g_malloc(W * H * PICTURES);
    CamSource source = {
        .width = W, .height = H, .pictures = PICTURES, .bytes = bytes,
    };
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, W, H);
    CamBuffer buf[2];
    CamEnv e, to;

    for (unsigned i = 0; i < W * H * PICTURES; i++) {
        bytes[i] = g_test_rand_int();
    }
    g_assert_true(g_file_set_contents(path, (char *)bytes, W * H * PICTURES,
                                      NULL));
    m.pattern = PUCK_CAM_PATTERN_SOURCE;
    m.source = &source;
    cam_start(&e, options, "");
    cam_begin(&e, &m, buf, 2);
    puck_machine_settle(&e.m);
    cam_move(&e, &to);
    for (unsigned i = 0; i < 2; i++) {
        expect_frame(&to, &buf[i], i, i);
    }
    cam_stop(&to);
    unlink(path);
}

/* A device with other options does not take the state, and says which. */
static void test_bad_options(void)
{
    static const struct {
        const char *options, *said;
    } bad[] = {
        { "max-size=640x480,seg-len-max=5k", "\nseg-len-max differs" },
        { "max-size=640x482,seg-len-max=4k", "\nmax-size differs" },
        { "max-size=640x480,seg-len-max=4k,source=%s,source-format=grey,"
          "source-size=16x16", "\nsource differs" },
    };
    g_autofree char *path = g_strdup_printf("%s/puck-cam-state-%d",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *file = g_strdup_printf("%s.grey", path);
    g_autofree char *bytes = g_malloc0(16 * 16);
    CamEnv e;

    g_assert_true(g_file_set_contents(file, bytes, 16 * 16, NULL));
    cam_start(&e, ",max-size=640x480,seg-len-max=4k", "");
    puck_machine_save(&e.m, path);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(GStrv) parts = g_strsplit(bad[i].options, "%s", 2);
        g_autofree char *options = g_strjoinv(file, parts);
        g_autofree char *args = g_strdup_printf("-device " CAM_OPTIONS
                                                ",addr=4,%s", options);

        puck_machine_load_refused(args, path, bad[i].said);
    }
    cam_stop(&e);
    unlink(file);
    unlink(path);
}

/*
 * Bits of a device's state in a stream that are not as they were: it is taken
 * or refused, and a machine that took it runs on.
 */
static void test_bad_state(void)
{
    static const char name[] = "\x15" "0000:00:04.0/puck-cam";
    g_autofree char *path = g_strdup_printf("%s/puck-cam-state-%d",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *stream = NULL;
    CamBuffer buf[2];
    char *device;
    gsize len;
    CamEnv e;

    cam_start(&e, "", "");
    cam_begin_half(&e, buf);
    puck_machine_save(&e.m, path);
    g_assert_true(g_file_get_contents(path, &stream, &len, NULL));
    device = memmem(stream, len, name, strlen(name));
    g_assert_nonnull(device);
    for (unsigned i = 0; i < STREAM_BIT_FLIPS; i++) {
        /* Behind the configuration space and MSI-X, which are QEMU's. */
        gsize at = device - stream + 600 + g_test_rand_int_range(0, 900);
        char bit = 1 << g_test_rand_int_range(0, 8);
        PuckMachine m;
        g_autofree char *args = g_strdup_printf("%s -incoming defer", e.args);
        g_autofree char *uri = g_strdup_printf("file:%s", path);

        if (at >= len) {
            continue;
        }
        g_test_message("byte %zu behind the name, bit 0x%x",
                       at - (device - stream), (uint8_t)bit);
        stream[at] ^= bit;
        g_assert_true(g_file_set_contents(path, stream, len, NULL));
        stream[at] ^= bit;
        puck_machine_start(&m, args);
        qtest_qmp_assert_success(m.qts, "{ 'execute': 'migrate-incoming', "
                                 "'arguments': { 'uri': %s, "
                                 "'exit-on-error': false } }", uri);
        qobject_unref(qtest_qmp(m.qts, "{ 'execute': 'cont' }"));
        qtest_clock_step(m.qts, 50000000);
        puck_machine_stop(&m);
    }
    cam_stop(&e);
    unlink(path);
}

void add_move_tests(void)
{
    qtest_add_func("/puck-cam/move/within", test_move);
    qtest_add_func("/puck-cam/move/changed", test_move_changed);
    qtest_add_func("/puck-cam/move/idle", test_move_idle);
    qtest_add_func("/puck-cam/move/anywhere", test_move_anywhere);
    qtest_add_func("/puck-cam/move/rules", test_move_rules);
    qtest_add_func("/puck-cam/move/source", test_move_source);
    qtest_add_func("/puck-cam/move/bad_options", test_bad_options);
    qtest_add_func("/puck-cam/move/bad_state", test_bad_state);
}
