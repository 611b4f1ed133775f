/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: descriptors and lists that break a rule: each is done with an error
 * at once, nothing is written, and the frame behind it is captured. And rings
 * that are in no memory, which halt the queue.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/cam-env.h"

#define NO_RAM      0x7000000000000000ull
#define LEN_MAX     100000u
#define TOO_FAR     (PUCK_CAM_LENGTH_MAX + 1)

/* The mode has two parts, so that either can be wrong. */
static CamMode mode(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12M, 32, 32);

    m.interval = 10000000;
    return m;
}

static void start(CamEnv *e)
{
    CamMode m = mode();

    cam_start(e, ",seg-len-max=100000", "");
    cam_set_mode(e, &m);
    cam_stream(e, PUCK_CAM_SINGLE);
}

/* The next frame takes @buf, with an error; the one behind it a good one. */
static void expect(CamEnv *e, const CamBuffer *buf, CamError error)
{
    uint32_t failed = cam_r32(e, PUCK_CAM_FAILED);
    CamBuffer good = cam_buffer(e, 0x900d);
    CamDone done;

    error.index = e->tail;
    cam_queue(e, &buf->desc);
    cam_w32(e, PUCK_CAM_STEP, 1);
    cam_wait(e, &done);
    error.frame = cam_r32(e, PUCK_CAM_FRAME);
    g_assert_cmpuint(done.cookie, ==, le64_to_cpu(buf->desc.cookie));
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    g_assert_cmpuint(done.reason, ==, error.reason);
    g_assert_cmpuint(done.frame, ==, error.frame);
    g_assert_cmpuint(done.lines, ==, 0);
    g_assert_cmpuint(done.bytes[0], ==, 0);
    g_assert_cmpuint(done.bytes[1], ==, 0);
    g_assert_cmpuint(done.index, ==, error.index);
    g_assert_cmpuint(done.start, ==, cam_r64(e, PUCK_CAM_START_TIME));
    /* At once: long before its lines would be exposed. */
    g_assert_cmpuint(done.end, <, done.start + cam_mode_read(&e->mode, 0));
    cam_expect_error(e, &error);
    cam_expect_untouched(e, buf);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_FAILED), ==, failed + 1);

    cam_run_until(e, done.start + e->mode.interval);
    cam_queue(e, &good.desc);
    cam_w32(e, PUCK_CAM_STEP, 1);
    cam_wait_ok(e, 0x900d, &done);
    cam_expect_picture(e, &good, &done);
    cam_run_until(e, done.start + e->mode.interval);
}

static void test_bad_reserved(void)
{
    CamError error = { .reason = PUCK_CAM_ERR_RESERVED, .desc = CAM_NONE };
    CamBuffer buf;
    CamEnv e;

    start(&e);
    for (unsigned i = 0; i < ARRAY_SIZE(buf.desc.reserved); i++) {
        buf = cam_buffer(&e, i);
        buf.desc.reserved[i] = cpu_to_le32(1u << i);
        expect(&e, &buf, error);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(buf.desc.reserved2); i++) {
        buf = cam_buffer(&e, i);
        buf.desc.reserved2[i] = cpu_to_le32(0x80000000u >> i);
        expect(&e, &buf, error);
    }
    for (unsigned i = 0; i < 2; i++) {
        buf = cam_buffer(&e, i);
        buf.desc.part[i].reserved = cpu_to_le32(1);
        expect(&e, &buf, error);
    }
    cam_stop(&e);
}

/* With one part, the second one's fields are reserved, too. */
static void test_bad_second_part(void)
{
    CamError error = { .reason = PUCK_CAM_ERR_RESERVED, .desc = CAM_NONE };
    CamMode m = mode();
    CamEnv e;

    start(&e);
    cam_stream_off(&e);
    m.format = PUCK_CAM_FORMAT_NV12;
    cam_set_mode(&e, &m);
    cam_stream(&e, PUCK_CAM_SINGLE);
    for (unsigned i = 0; i < sizeof(struct puck_cam_part); i += 4) {
        CamBuffer buf = cam_buffer(&e, i);

        ((uint8_t *)&buf.desc.part[1])[i] = 1;
        expect(&e, &buf, error);
    }
    cam_stop(&e);
}

static void test_bad_parts(void)
{
    static const uint32_t counts[] = { 0, 1, 3, UINT32_MAX };
    CamError error = { .reason = PUCK_CAM_ERR_PARTS, .desc = CAM_NONE };
    CamEnv e;

    start(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        CamBuffer buf = cam_buffer(&e, i);
        struct puck_cam_part none = { };

        buf.desc.parts = cpu_to_le32(counts[i]);
        if (counts[i] < 2) {
            /* Or it were its fields that are wrong. */
            buf.desc.part[1] = none;
        }
        expect(&e, &buf, error);
    }
    cam_stop(&e);
}

/* Sets the field at @offset of a part, and what is behind it in its 8 bytes. */
static void set_part(CamBuffer *buf, unsigned i, uint64_t offset,
                     uint64_t value)
{
    stq_le_p((uint8_t *)&buf->desc.part[i] + offset, value);
}

static void test_bad_part_fields(void)
{
    static const struct {
        uint8_t reason;
        uint64_t offset;
        uint64_t value;
    } cases[] = {
        { PUCK_CAM_ERR_NSEGS, offsetof(struct puck_cam_part, nsegs), 0 },
        { PUCK_CAM_ERR_NSEGS, offsetof(struct puck_cam_part, nsegs),
          PUCK_CAM_SEGS_MAX_VALUE + 1 },
        { PUCK_CAM_ERR_NSEGS, offsetof(struct puck_cam_part, nsegs),
          UINT32_MAX },
        { PUCK_CAM_ERR_NSEGS, offsetof(struct puck_cam_part, list), 0x1000008 },
        { PUCK_CAM_ERR_NSEGS, offsetof(struct puck_cam_part, list), 0x1000001 },
        { PUCK_CAM_ERR_LENGTH, offsetof(struct puck_cam_part, offset),
          TOO_FAR },
        { PUCK_CAM_ERR_LENGTH, offsetof(struct puck_cam_part, offset),
          UINT64_MAX },
        { PUCK_CAM_ERR_LENGTH, offsetof(struct puck_cam_part, length),
          TOO_FAR },
        { PUCK_CAM_ERR_LENGTH, offsetof(struct puck_cam_part, length), 0 },
        { PUCK_CAM_ERR_LENGTH, offsetof(struct puck_cam_part, length), 511 },
        { PUCK_CAM_ERR_LIST_SHORT, offsetof(struct puck_cam_part, offset), 1 },
        { PUCK_CAM_ERR_LIST_SHORT, offsetof(struct puck_cam_part, offset),
          PUCK_CAM_LENGTH_MAX },
        { PUCK_CAM_ERR_LIST_SHORT, offsetof(struct puck_cam_part, length),
          32 * 32 + 1 },
        { PUCK_CAM_ERR_LIST_SHORT, offsetof(struct puck_cam_part, length),
          PUCK_CAM_LENGTH_MAX },
    };
    CamEnv e;

    start(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (unsigned part = 0; part < 2; part++) {
            CamBuffer buf = cam_buffer(&e, i);
            CamError error = {
                .reason = cases[i].reason, .part = PUCK_CAM_ERR_PART(part),
                .desc = CAM_NONE,
            };

            g_test_message("case %zu, part %u", i, part);
            set_part(&buf, part, cases[i].offset, cases[i].value);
            expect(&e, &buf, error);
        }
    }
    cam_stop(&e);
}

/* Each rule of a segment, as the second of three, of both parts. */
static void test_bad_segments(void)
{
    static const struct {
        CamSeg seg;
        uint8_t reason;
    } cases[] = {
        { { 0x2000000, 16, 1 }, PUCK_CAM_ERR_RESERVED },
        { { 0x2000000, 16, 0x80000000 }, PUCK_CAM_ERR_RESERVED },
        { { 0x2000000, 0, 0 }, PUCK_CAM_ERR_SEG_ZERO },
        { { UINT64_MAX, 1, 0 }, PUCK_CAM_ERR_SEG_ONES },
        { { 0x2000000, LEN_MAX + 1, 0 }, PUCK_CAM_ERR_SEG_TOO_LONG },
        { { 0x2000000, UINT32_MAX, 0 }, PUCK_CAM_ERR_SEG_TOO_LONG },
        { { UINT64_MAX - 14, 16, 0 }, PUCK_CAM_ERR_SEG_WRAP },
        { { UINT64_MAX - 1, 3, 0 }, PUCK_CAM_ERR_SEG_WRAP },
    };
    CamEnv e;

    start(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (unsigned part = 0; part < 2; part++) {
            CamBuffer buf = cam_buffer(&e, i);
            CamSeg segs[3] = {
                { buf.ram[part], 16, 0 }, cases[i].seg,
                { buf.ram[part] + 16, 32 * 32, 0 },
            };
            CamError error = {
                .reason = cases[i].reason, .part = PUCK_CAM_ERR_PART(part),
                .desc = 1, .addr = cases[i].seg.addr,
            };

            g_test_message("case %zu, part %u", i, part);
            set_part(&buf, part, offsetof(struct puck_cam_part, list),
                     cam_list(&e, segs, 3));
            buf.desc.part[part].nsegs = cpu_to_le32(3);
            expect(&e, &buf, error);
        }
    }
    cam_stop(&e);
}

static void test_bad_list(void)
{
    static const uint64_t lists[] = { NO_RAM, UINT64_MAX - 15 };
    CamEnv e;

    start(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        for (unsigned part = 0; part < 2; part++) {
            CamBuffer buf = cam_buffer(&e, i);
            CamError error = {
                .reason = PUCK_CAM_ERR_LIST_READ,
                .part = PUCK_CAM_ERR_PART(part),
                .desc = CAM_NONE, .addr = lists[i],
            };

            set_part(&buf, part, offsetof(struct puck_cam_part, list),
                     lists[i]);
            buf.desc.part[part].nsegs = cpu_to_le32(2);
            expect(&e, &buf, error);
        }
    }
    cam_stop(&e);
}

/* Where more than one thing is wrong, the first one is told. */
static void test_order(void)
{
    struct {
        uint8_t reason, part;
    } order[] = {
        { PUCK_CAM_ERR_RESERVED, PUCK_CAM_ERR_PART_NONE },
        { PUCK_CAM_ERR_PARTS, PUCK_CAM_ERR_PART_NONE },
        { PUCK_CAM_ERR_NSEGS, PUCK_CAM_ERR_PART(0) },
        { PUCK_CAM_ERR_LENGTH, PUCK_CAM_ERR_PART(0) },
        { PUCK_CAM_ERR_NSEGS, PUCK_CAM_ERR_PART(1) },
        { PUCK_CAM_ERR_LENGTH, PUCK_CAM_ERR_PART(1) },
        { PUCK_CAM_ERR_LIST_SHORT, PUCK_CAM_ERR_PART(0) },
        { PUCK_CAM_ERR_LIST_SHORT, PUCK_CAM_ERR_PART(1) },
    };
    CamBuffer good;
    CamEnv e;

    start(&e);
    good = cam_buffer(&e, 4);
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        CamError error = {
            .reason = order[i].reason, .part = order[i].part, .desc = CAM_NONE,
        };
        CamBuffer buf = good;

        /* What comes before the i-th thing is right, the rest is wrong. */
        if (i <= 0) {
            buf.desc.reserved[4] = cpu_to_le32(1);
        }
        if (i <= 1) {
            buf.desc.parts = cpu_to_le32(3);
        }
        if (i <= 2) {
            buf.desc.part[0].nsegs = 0;
        }
        if (i <= 3) {
            buf.desc.part[0].length = 0;
        }
        if (i <= 4) {
            buf.desc.part[1].nsegs = 0;
        }
        if (i <= 5) {
            buf.desc.part[1].length = 0;
        }
        if (i <= 6) {
            buf.desc.part[0].offset = cpu_to_le64(1);
        }
        if (i <= 7) {
            buf.desc.part[1].offset = cpu_to_le64(1);
        }
        g_test_message("case %zu", i);
        expect(&e, &buf, error);
    }
    cam_stop(&e);
}

/* A segment that is in no RAM: lines before it are there. */
static void test_bad_memory(void)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_DMA_WRITE, .part = PUCK_CAM_ERR_PART(0),
        .desc = 1, .addr = NO_RAM,
    };
    CamSeg segs[2];
    CamBuffer buf;
    CamDone done;
    CamEnv e;

    start(&e);
    buf = cam_buffer(&e, 6);
    segs[0] = (CamSeg) { .addr = buf.ram[0], .len = 8 * 32 + 4 };
    segs[1] = (CamSeg) { .addr = NO_RAM, .len = 24 * 32 };
    set_part(&buf, 0, offsetof(struct puck_cam_part, list),
             cam_list(&e, segs, 2));
    buf.desc.part[0].nsegs = cpu_to_le32(2);
    error.index = e.tail;
    cam_queue(&e, &buf.desc);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_wait(&e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    g_assert_cmpuint(done.reason, ==, PUCK_CAM_ERR_DMA_WRITE);
    g_assert_cmpuint(done.lines, <=, 8);
    g_assert_cmpuint(done.bytes[0], <=, 8 * 32 + 4);
    cam_expect_error(&e, &error);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FAILED), ==, 1);
    cam_alive(&e);
    cam_stop(&e);
}

/* Halted: frames are dropped, a doorbell is taken, and RESET goes on. */
static void expect_halted(CamEnv *e, CamError error)
{
    uint32_t dropped;

    cam_run_until(e, cam_now(e) + e->mode.interval);
    dropped = cam_r32(e, PUCK_CAM_DROPPED);
    g_assert_true(cam_r32(e, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_HALTED);
    g_assert_false(cam_r32(e, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_BUSY);
    cam_expect_error(e, &error);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_QUEUE_HEAD), ==, error.index);
    cam_w32(e, PUCK_CAM_STEP, 1);
    cam_run_until(e, cam_now(e) + e->mode.interval);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_DROPPED), ==, dropped + 1);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_ERR_COUNT), ==, 0);
    cam_queue_reset(e);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_QUEUE_STATUS), ==, 0);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_QUEUE_STOP_HEAD), ==, error.index);
    cam_alive(e);
}

static void test_bad_ring(void)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_RING_READ, .desc = CAM_NONE, .addr = NO_RAM,
    };
    CamEnv e;

    start(&e);
    cam_queue_reset(&e);
    cam_w64(&e, PUCK_CAM_QUEUE_BASE, NO_RAM | CAM_ORDER);
    cam_w32(&e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 1);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    expect_halted(&e, error);
    cam_stop(&e);
}

static void test_bad_done_ring(void)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_WRITE_BACK, .desc = CAM_NONE, .addr = NO_RAM,
    };
    CamBuffer buf;
    CamEnv e;

    start(&e);
    buf = cam_buffer(&e, 1);
    cam_queue_reset(&e);
    cam_w64(&e, PUCK_CAM_DONE_BASE, NO_RAM);
    cam_w32(&e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    e.tail = 0;
    cam_queue(&e, &buf.desc);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_run_until(&e, cam_now(&e) + e.mode.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DONE_COUNT), ==, 0);
    g_assert_cmpuint(qtest_readq(e.m.qts, e.wb), ==, 0);
    expect_halted(&e, error);
    cam_stop(&e);
}

/* The entry is there, and counted, when it is the slot that cannot be had. */
static void test_bad_slot(void)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_WRITE_BACK, .desc = CAM_NONE, .addr = NO_RAM,
    };
    struct puck_cam_done raw;
    CamBuffer buf;
    CamEnv e;

    start(&e);
    buf = cam_buffer(&e, 77);
    cam_queue_reset(&e);
    cam_w64(&e, PUCK_CAM_DONE_WB_ADDR, NO_RAM);
    cam_w32(&e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    e.tail = 0;
    cam_queue(&e, &buf.desc);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_run_until(&e, cam_now(&e) + e.mode.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_DONE_COUNT), ==, 1);
    qtest_memread(e.m.qts, e.done, &raw, sizeof(raw));
    g_assert_cmpuint(le64_to_cpu(raw.cookie), ==, 77);
    g_assert_true(cam_r32(&e, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_HALTED);
    cam_expect_error(&e, &error);
    cam_queue_reset(&e);
    cam_alive(&e);
    cam_stop(&e);
}

/* The queue of errors has an end: what finds no room is counted. */
static void test_error_queue(void)
{
    CamEnv e;

    cam_start(&e, "", "");
    for (unsigned i = 0; i < PUCK_CAM_ERR_DEPTH + 5; i++) {
        cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 1000 + i);
    }
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_ERR_COUNT), ==, PUCK_CAM_ERR_DEPTH);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_ERR_LOST), ==, 5);
    for (unsigned i = 0; i < PUCK_CAM_ERR_DEPTH; i++) {
        g_assert_cmpuint(cam_r64(&e, PUCK_CAM_ERR_ADDR), ==, 1000 + i);
        cam_w32(&e, PUCK_CAM_ERR_POP, 1);
    }
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_ERR_COUNT), ==, 0);
    g_assert_cmpuint(cam_r64(&e, PUCK_CAM_ERR_ADDR), ==, 0);
    cam_w32(&e, PUCK_CAM_ERR_POP, 1);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_ERR_COUNT), ==, 0);
    cam_alive(&e);
    cam_stop(&e);
}

void add_bad_descriptor_tests(void)
{
    qtest_add_func("/puck-cam/descriptors/bad_reserved", test_bad_reserved);
    qtest_add_func("/puck-cam/descriptors/bad_second_part",
                   test_bad_second_part);
    qtest_add_func("/puck-cam/descriptors/bad_parts", test_bad_parts);
    qtest_add_func("/puck-cam/descriptors/bad_part_fields",
                   test_bad_part_fields);
    qtest_add_func("/puck-cam/descriptors/bad_segments", test_bad_segments);
    qtest_add_func("/puck-cam/descriptors/bad_list", test_bad_list);
    qtest_add_func("/puck-cam/descriptors/bad_memory", test_bad_memory);
    qtest_add_func("/puck-cam/descriptors/bad_ring", test_bad_ring);
    qtest_add_func("/puck-cam/descriptors/bad_done_ring", test_bad_done_ring);
    qtest_add_func("/puck-cam/descriptors/bad_slot", test_bad_slot);
    qtest_add_func("/puck-cam/descriptors/order", test_order);
    qtest_add_func("/puck-cam/descriptors/error-queue", test_error_queue);
}
