/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the queue: its registers, around its end, RESET and ENABLE at any
 * time; lists of any shape.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/cam-env.h"

#define GUARD           16u
#define RANDOM_ROUNDS   20

static CamMode small_mode(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 32, 128);

    m.interval = 10000000;
    return m;
}

/* Several times around both rings, with one to three buffers in them. */
static void test_around(void)
{
    CamMode m = small_mode();
    unsigned given = 0;
    CamBuffer buf[4];
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    for (unsigned i = 0; i < G_N_ELEMENTS(buf); i++) {
        buf[i] = cam_buffer(&e, 0);
    }
    for (unsigned i = 0; i < 3 * CAM_QUEUE_SIZE; i++) {
        CamDone done;

        while (given < i + 1 + i % 3) {
            CamBuffer *b = &buf[given % G_N_ELEMENTS(buf)];

            b->desc.cookie = cpu_to_le64(1000 + given++);
            cam_queue(&e, &b->desc);
        }
        if (!i) {
            cam_stream(&e, 0);
        }
        cam_wait_ok(&e, 1000 + i, &done);
        g_assert_cmpuint(done.index, ==, i % CAM_QUEUE_SIZE);
        g_assert_cmpuint(done.frame, ==, i);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_HEAD), ==,
                         (i + 1) % CAM_QUEUE_SIZE);
        cam_expect_picture(&e, &buf[i % G_N_ELEMENTS(buf)], &done);
    }
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_CAPTURED), ==, 3 * CAM_QUEUE_SIZE);
    cam_stop(&e);
}

/* The smallest and the largest ring. */
static void test_orders(void)
{
    static const unsigned orders[] = { 1, PUCK_CAM_QUEUE_ORDER_MAX_VALUE };
    CamMode m = small_mode();
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    for (size_t k = 0; k < G_N_ELEMENTS(orders); k++) {
        unsigned size = 1u << orders[k];
        uint64_t queue = puck_machine_pages(&e.m, 8);
        uint64_t entries = puck_machine_pages(&e.m, 4);
        CamBuffer buf = cam_buffer(&e, 5);

        cam_queue_reset(&e);
        cam_w64(&e, PUCK_CAM_QUEUE_BASE, queue | orders[k]);
        cam_w64(&e, PUCK_CAM_DONE_BASE, entries);
        cam_w32(&e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
        cam_stream(&e, 0);
        for (unsigned i = 0; i < size + 2; i++) {
            struct puck_cam_done done;

            qtest_memwrite(e.m.qts, queue + i % size * sizeof(buf.desc),
                           &buf.desc, sizeof(buf.desc));
            cam_w32(&e, PUCK_CAM_QUEUE_TAIL, (i + 1) % size);
            for (unsigned n = 0; n < 1000 &&
                 cam_r32(&e, PUCK_CAM_DONE_COUNT) == i; n++) {
                qtest_clock_step_next(e.m.qts);
            }
            g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DONE_COUNT), ==, i + 1);
            qtest_memread(e.m.qts, entries + i % size * sizeof(done), &done,
                          sizeof(done));
            g_assert_cmpuint(le64_to_cpu(done.cookie), ==, 5);
            g_assert_cmpuint(le32_to_cpu(done.index), ==, i % size);
            g_assert_cmpuint(le32_to_cpu(done.frame), >=, i);
        }
        cam_stream_off(&e);
    }
    cam_stop(&e);
}

/* Without a slot nobody is told but by the register and the message. */
static void test_no_slot(void)
{
    CamMode m = small_mode();
    CamBuffer buf;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    buf = cam_buffer(&e, 1);
    cam_queue_reset(&e);
    cam_w64(&e, PUCK_CAM_DONE_WB_ADDR, 0);
    cam_w32(&e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    e.tail = 0;
    cam_queue(&e, &buf.desc);
    cam_stream(&e, 0);
    cam_run_until(&e, cam_now(&e) + m.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DONE_COUNT), ==, 1);
    g_assert_true(puck_msix_take(&e.m, &e.f, e.frame_vector, true));
    g_assert_cmpuint(qtest_readq(e.m.qts, e.wb), ==, 0);
    g_assert_cmpuint(qtest_readq(e.m.qts, 0), ==, 0);
    cam_stop(&e);
}

/* What is locked while the queue is on, and what cannot be turned on. */
static void test_bad_enable(void)
{
    CamEnv e;

    cam_start(&e, "", "");
    cam_w64(&e, PUCK_CAM_QUEUE_BASE, 0);
    cam_w64(&e, PUCK_CAM_DONE_BASE, 0);
    g_assert_cmphex(cam_r64(&e, PUCK_CAM_QUEUE_BASE), ==,
                    e.queue | CAM_ORDER);
    g_assert_cmphex(cam_r64(&e, PUCK_CAM_DONE_BASE), ==, e.done);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_QUEUE_STATUS), ==,
                    PUCK_CAM_QUEUE_ON);
    for (unsigned order = 0; order < 16; order++) {
        bool good = order >= 1 && order <= PUCK_CAM_QUEUE_ORDER_MAX_VALUE;

        cam_w32(&e, PUCK_CAM_QUEUE_CTRL, 0);
        cam_w64(&e, PUCK_CAM_QUEUE_BASE, e.queue | order);
        cam_w32(&e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_CTRL), ==, good);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_STATUS), ==, good);
    }
    cam_alive(&e);
    cam_stop(&e);
}

/* Off in the middle of a frame: that is done, and no other begins. */
static void test_disable(void)
{
    CamMode m = small_mode();
    CamBuffer buf[2];
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_begin(&e, &m, buf, 2);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_QUEUE_STATUS), ==,
                    PUCK_CAM_QUEUE_ON | PUCK_CAM_QUEUE_BUSY);
    cam_w32(&e, PUCK_CAM_QUEUE_CTRL, 0);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_QUEUE_STATUS), ==,
                    PUCK_CAM_QUEUE_BUSY);
    cam_wait_ok(&e, 0, &done);
    cam_expect_picture(&e, &buf[0], &done);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_QUEUE_STATUS), ==, 0);
    cam_run_until(&e, done.start + 3 * m.interval);
    g_assert_false(cam_take(&e, &done));
    cam_expect_untouched(&e, &buf[1]);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DROPPED), ==, 3);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_HEAD), ==, 1);
    /* On again it begins at its beginning, with nothing in it. */
    cam_queue_on(&e);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_HEAD), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_TAIL), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DONE_COUNT), ==, 0);
    cam_queue(&e, &buf[1].desc);
    cam_wait_ok(&e, 1, &done);
    cam_expect_picture(&e, &buf[1], &done);
    cam_stop(&e);
}

/* Nothing of the frame in work is told, and nothing accessed behind it. */
static void test_reset(void)
{
    CamMode m = small_mode();
    uint8_t before[32 * 128], after[32 * 128];
    CamBuffer buf[3];
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_begin(&e, &m, buf, 3);
    cam_wait_ok(&e, 0, &done);
    cam_run_until(&e, done.start + m.interval + cam_mode_exposed(&m, 63));
    cam_queue_reset(&e);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_STOP_HEAD), ==, 1);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_HEAD), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_TAIL), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DONE_COUNT), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_CTRL), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_STATUS), ==, 0);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SENSOR_STATUS), ==, 0);
    qtest_memread(e.m.qts, buf[1].ram[0], before, sizeof(before));
    g_assert_cmpuint(before[0], ==, 1);
    g_assert_cmpuint(before[32 * 64], ==, CAM_UNTOUCHED);
    cam_run_until(&e, done.start + 5 * m.interval);
    qtest_memread(e.m.qts, buf[1].ram[0], after, sizeof(after));
    g_assert_cmpmem(before, sizeof(before), after, sizeof(after));
    g_assert_cmpuint(qtest_readl(e.m.qts, e.wb), ==, 1);
    cam_expect_untouched(&e, &buf[2]);
    /* The sensor went on. */
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 5);
    cam_queue_on(&e);
    cam_queue(&e, &buf[2].desc);
    cam_wait_ok(&e, 2, &done);
    g_assert_cmpuint(done.frame, ==, 6);
    cam_expect_picture(&e, &buf[2], &done);
    cam_stop(&e);
}

static void test_bad_tail(void)
{
    static const uint32_t bad[] = { CAM_QUEUE_SIZE, 255, UINT32_MAX };
    CamError error = { .reason = PUCK_CAM_ERR_TAIL, .desc = CAM_NONE };
    CamEnv e;

    cam_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        cam_w32(&e, PUCK_CAM_QUEUE_TAIL, bad[i]);
        error.addr = bad[i];
        cam_expect_error(&e, &error);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_QUEUE_TAIL), ==, 0);
    }
    cam_w32(&e, PUCK_CAM_QUEUE_CTRL, 0);
    error.addr = 1;
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 1);
    cam_expect_error(&e, &error);
    cam_alive(&e);
    cam_stop(&e);
}

/* A list that names pages of RAM, and where the bytes of the part begin. */
typedef struct Scatter {
    CamSeg *segs;
    unsigned count;
    uint64_t offset;
} Scatter;

/* Cuts @bytes into segments of any length, each between untouched bytes. */
static Scatter scatter(CamEnv *e, uint32_t bytes, unsigned longest)
{
    Scatter s = { .offset = g_test_rand_int_range(0, 5000) };
    uint64_t left = s.offset + bytes + g_test_rand_int_range(0, 100);
    uint64_t at = puck_machine_pages(&e->m, (left + left * GUARD) / PAGE + 2);
    unsigned room = left;

    s.segs = g_new(CamSeg, room);
    while (left) {
        uint32_t len = MIN(left, g_test_rand_int_range(1, longest + 1));

        qtest_memset(e->m.qts, at, CAM_UNTOUCHED, len + GUARD);
        s.segs[s.count++] = (CamSeg) { .addr = at, .len = len };
        at += len + g_test_rand_int_range(0, GUARD);
        left -= len;
    }
    /* In an order that has nothing to do with where they are. */
    for (unsigned i = s.count - 1; i; i--) {
        unsigned k = g_test_rand_int_range(0, i + 1);
        CamSeg seg = s.segs[i];

        s.segs[i] = s.segs[k];
        s.segs[k] = seg;
    }
    return s;
}

/* All bytes of a list, as the camera sees them; to be freed. */
static uint8_t *gather(CamEnv *e, const Scatter *s, uint64_t *total)
{
    uint8_t *bytes;

    *total = 0;
    for (unsigned i = 0; i < s->count; i++) {
        *total += s->segs[i].len;
    }
    bytes = g_malloc(*total);
    *total = 0;
    for (unsigned i = 0; i < s->count; i++) {
        qtest_memread(e->m.qts, s->segs[i].addr, bytes + *total,
                      s->segs[i].len);
        *total += s->segs[i].len;
    }
    return bytes;
}

static void expect_scattered(CamEnv *e, const Scatter *s, const uint8_t *part,
                             uint32_t bytes)
{
    g_autofree uint8_t *got = NULL;
    uint64_t total;

    got = gather(e, s, &total);
    g_assert_cmpmem(got + s->offset, bytes, part, bytes);
    for (uint64_t i = 0; i < total; i++) {
        if (i < s->offset || i >= s->offset + bytes) {
            g_assert_cmphex(got[i], ==, CAM_UNTOUCHED);
        }
    }
}

static void run_scattered(CamEnv *e, unsigned longest)
{
    unsigned parts = cam_mode_parts(&e->mode);
    CamDesc desc = { .cookie = 9, .parts = cpu_to_le32(parts) };
    uint8_t *part[PUCK_CAM_PARTS_MAX] = { };
    Scatter s[PUCK_CAM_PARTS_MAX];
    CamDone done;

    for (unsigned i = 0; i < parts; i++) {
        uint32_t bytes = cam_mode_bytes(&e->mode, i);

        s[i] = scatter(e, bytes, longest);
        desc.part[i] = (struct puck_cam_part) {
            .list = cpu_to_le64(cam_list(e, s[i].segs, s[i].count)),
            .nsegs = cpu_to_le32(s[i].count),
            .offset = cpu_to_le64(s[i].offset),
            .length = cpu_to_le64(bytes),
        };
        part[i] = g_malloc(bytes);
        memset(part[i], CAM_UNTOUCHED, bytes);
    }
    cam_queue(e, &desc);
    cam_wait_ok(e, cpu_to_le64(9), &done);
    cam_model_render(&e->mode, done.frame, done.start, part);
    for (unsigned i = 0; i < parts; i++) {
        expect_scattered(e, &s[i], part[i], cam_mode_bytes(&e->mode, i));
        g_free(part[i]);
        g_free(s[i].segs);
    }
}

/* From single bytes to segments of many lines. */
static void test_scattered(void)
{
    static const unsigned longest[] = { 3, 40, 1000, 20000 };
    CamEnv e;

    cam_start(&e, "", "");
    for (unsigned i = 0; i < RANDOM_ROUNDS; i++) {
        unsigned format = PUCK_CAM_FORMAT_XRGB8888 + i % 7;
        CamMode m = cam_mode(format, 40 + 2 * (i % 3), 30);

        m.interval = 10000000;
        m.pattern = PUCK_CAM_PATTERN_NOISE;
        m.stride[0] += i;
        m.stride[1] += 2 * i;
        cam_stream_off(&e);
        cam_set_mode(&e, &m);
        cam_stream(&e, 0);
        run_scattered(&e, longest[i % G_N_ELEMENTS(longest)]);
    }
    cam_stop(&e);
}

/* As many segments as there may be, and one whose length is the longest. */
static void test_limits(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 64, 256);
    g_autofree CamSeg *segs = g_new(CamSeg, PUCK_CAM_SEGS_MAX_VALUE);
    uint8_t *part[PUCK_CAM_PARTS_MAX] = { };
    g_autofree uint8_t *got = g_malloc(64 * 256);
    CamBuffer buf;
    CamDone done;
    CamEnv e;

    cam_start(&e, ",seg-len-max=16384", "");
    cam_set_mode(&e, &m);
    buf = cam_buffer(&e, 1);
    for (unsigned i = 0; i < PUCK_CAM_SEGS_MAX_VALUE; i++) {
        segs[i] = (CamSeg) { .addr = buf.ram[0] + (i ^ 1), .len = 1 };
    }
    buf.desc.part[0].list = cpu_to_le64(cam_list(&e, segs,
                                                 PUCK_CAM_SEGS_MAX_VALUE));
    buf.desc.part[0].nsegs = cpu_to_le32(PUCK_CAM_SEGS_MAX_VALUE);
    cam_queue(&e, &buf.desc);
    cam_stream(&e, 0);
    cam_wait_ok(&e, 1, &done);
    part[0] = g_malloc(64 * 256);
    cam_model_render(&m, done.frame, done.start, part);
    qtest_memread(e.m.qts, buf.ram[0], got, 64 * 256);
    for (unsigned i = 0; i < 64 * 256; i++) {
        g_assert_cmphex(got[i ^ 1], ==, part[0][i]);
    }
    g_free(part[0]);
    buf = cam_buffer(&e, 2);
    g_assert_cmpuint(buf.bytes[0], ==, 16384);
    cam_queue(&e, &buf.desc);
    cam_wait_ok(&e, 2, &done);
    cam_expect_picture(&e, &buf, &done);
    cam_stop(&e);
}

void add_queue_tests(void)
{
    qtest_add_func("/puck-cam/queue/around", test_around);
    qtest_add_func("/puck-cam/queue/orders", test_orders);
    qtest_add_func("/puck-cam/queue/no-slot", test_no_slot);
    qtest_add_func("/puck-cam/queue/disable", test_disable);
    qtest_add_func("/puck-cam/queue/reset", test_reset);
    qtest_add_func("/puck-cam/queue/scattered", test_scattered);
    qtest_add_func("/puck-cam/queue/limits", test_limits);
    qtest_add_func("/puck-cam/queue/bad_enable", test_bad_enable);
    qtest_add_func("/puck-cam/queue/bad_tail", test_bad_tail);
}
