/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the display of a machine that goes on elsewhere.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

#define BYTES   (4 * MODE_W * MODE_H)

typedef struct Moving {
    Mischief t;
    Display d;
    TestPlane plane;
    TestPicture pic;
} Moving;

static void start(Moving *m, const char *options)
{
    mischief_start(&m->t, options);
    m->d = (Display) { .e = m->t.e };
    display_attach(&m->d);
    m->plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    m->pic = (TestPicture) { MODE_W, MODE_H, 0x123456, { &m->plane } };
    plane_draw(&m->d, &m->plane, 0, 8);
}

static void move(Moving *m)
{
    Mischief to;

    m->t.e = m->d.e;
    m->t.clock = m->d.now;
    mischief_move(&m->t, &to);
    m->t = to;
    m->d.e = to.e;
}

static void stop(Moving *m)
{
    g_free((void *)m->plane.bytes);
    gpu_alive(&m->d.e, 0);
    m->t.e = m->d.e;
    mischief_stop(&m->t);
}

/* Count and time go on as if nothing had been; a commit that waits is made. */
static void test_move(void)
{
    int64_t time;
    Moving m;

    start(&m, ",heads=2");
    head_set(&m.d, 0, &m.pic);
    flip(&m.d, 0);
    head_mode(&m.d, 1, 100, 30);
    display_step(&m.d, 777777);
    flip(&m.d, 1);
    display_step(&m.d, 3 * MODE_PERIOD);
    time = head_r64(&m.d, 0, PUCK_HEAD_VBLANK_TIME);
    head_w32(&m.d, 0, PUCK_HEAD_SEQNO, 0x5151);
    head_w32(&m.d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_ALL);
    head_w64(&m.d, 0, PUCK_HEAD_GAMMA(9), 0x123456789abc);
    commit(&m.d, 1);
    move(&m);
    g_assert_cmphex(head_r32(&m.d, 0, PUCK_HEAD_STATUS), ==,
                    PUCK_HEAD_ON | PUCK_HEAD_PENDING);
    g_assert_cmpuint(head_r64(&m.d, 0, PUCK_HEAD_VBLANK_TIME), ==, time);
    g_assert_cmpuint(head_r32(&m.d, 1, PUCK_HEAD_FLIP_SEQNO), ==, 1);
    g_assert_cmphex(head_r64(&m.d, 0, PUCK_HEAD_GAMMA(9)), ==,
                    0x123456789abc);
    display_to(&m.d, 0, head_r64(&m.d, 0, PUCK_HEAD_VBLANK_COUNT) + 1);
    g_assert_cmpuint(head_r64(&m.d, 0, PUCK_HEAD_FLIP_TIME), ==,
                     time + MODE_PERIOD);
    g_assert_cmphex(head_r32(&m.d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 0x5151);
    g_assert_cmphex(head_r32(&m.d, 0, PUCK_HEAD_CRC_PICTURE), ==,
                    model_crc(&m.pic));
    stop(&m);
}

/* A segment a byte: the frame takes several holds. */
static void sample_slowly(Moving *m)
{
    g_autofree GpuSeg *segs = g_new(GpuSeg, BYTES);
    uint64_t ram = puck_machine_pages(&m->d.e.m, BYTES / PAGE);

    gpu_write(&m->d.e, SYS(ram, BYTES), m->plane.bytes);
    for (unsigned i = 0; i < BYTES; i++) {
        segs[i] = SYS(ram + i, 1);
    }
    m->plane.source = PUCK_PLANE_SOURCE_LIST;
    m->plane.addr = gpu_list(&m->d.e, segs, BYTES);
    m->plane.arg = BYTES;
    head_w32(&m->d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    head_set(&m->d, 0, &m->pic);
    head_w32(&m->d, 0, PUCK_HEAD_SEQNO, 0x77);
    commit(&m->d, 1);
    for (unsigned i = 0; i < 100 && !(head_r32(&m->d, 0, PUCK_HEAD_STATUS) &
                                      PUCK_HEAD_SAMPLING); i++) {
        display_step(&m->d, 10000);
    }
}

static void test_mid_frame(void)
{
    uint64_t count;
    Moving m;

    start(&m, "");
    sample_slowly(&m);
    display_step(&m.d, 100000);
    g_assert_true(head_r32(&m.d, 0, PUCK_HEAD_STATUS) & PUCK_HEAD_SAMPLING);
    count = head_r64(&m.d, 0, PUCK_HEAD_FLIP_COUNT);
    move(&m);
    g_assert_true(head_r32(&m.d, 0, PUCK_HEAD_STATUS) & PUCK_HEAD_SAMPLING);
    for (unsigned i = 0; i < 1000 && !head_r32(&m.d, 0, PUCK_HEAD_CRC_SEQNO);
         i++) {
        display_step(&m.d, 50000);
    }
    g_assert_cmphex(head_r32(&m.d, 0, PUCK_HEAD_CRC_SEQNO), ==, 0x77);
    g_assert_cmpuint(head_r64(&m.d, 0, PUCK_HEAD_CRC_COUNT), ==, count);
    g_assert_cmphex(head_r32(&m.d, 0, PUCK_HEAD_CRC_PICTURE), ==,
                    model_crc(&m.pic));
    stop(&m);
}

/* A torn frame and a late flip are still that. */
static void test_mischief(void)
{
    Moving m;
    uint64_t count;

    start(&m, "");
    head_set(&m.d, 0, &m.pic);
    flip(&m.d, 0);
    m.t.e = m.d.e;
    mischief_add(&m.t, "display.flip delay=25ms");
    count = head_r64(&m.d, 0, PUCK_HEAD_VBLANK_COUNT);
    head_w32(&m.d, 0, PUCK_HEAD_SEQNO, 9);
    commit(&m.d, 1);
    display_to(&m.d, 0, count + 1);
    move(&m);
    display_to(&m.d, 0, count + 3);
    g_assert_cmpuint(head_r32(&m.d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 1);
    display_to(&m.d, 0, count + 4);
    g_assert_cmpuint(head_r32(&m.d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 9);
    stop(&m);
}

/* Values that are like no others in the stream, and what stands for them. */
static void test_bad_state(void)
{
    static const struct {
        uint32_t value, bad;
    } bad[] = {
        { 0x00abcd12, 0x01abcd12 },         /* BACKGROUND: a reserved bit */
        { MODE_KHZ + 1, 0 },                /* CLOCK */
        { 0x3a5c6c, 0x7ffffff0 },           /* OFFSET: leaves VRAM */
        { 0x00ff0101, 0x80ff0101 },         /* PLANE_CTRL: a reserved bit */
    };
    g_autofree char *path = g_strdup_printf("%s/puck-display-%d",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *stream = NULL;
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, 16, 16);
    Display d;
    gsize len;

    display_start(&d, "", "");
    head_mode(&d, 0, MODE_W, MODE_H);
    head_w32(&d, 0, PUCK_HEAD_CLOCK, MODE_KHZ + 1);
    head_w32(&d, 0, PUCK_HEAD_BACKGROUND, 0x00abcd12);
    plane.offset = 0x3a5c6c;
    plane_set(&d, 0, 0, &plane);
    flip(&d, 0);
    puck_machine_save(&d.e.m, path);
    g_assert_true(g_file_get_contents(path, &stream, &len, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *wrong = g_memdup2(stream, len);
        uint32_t value = cpu_to_be32(bad[i].value);
        unsigned found = 0;

        g_test_message("case %zu", i);
        for (char *at = wrong; (at = memmem(at, wrong + len - at, &value, 4));
             at += 4) {
            found++;
            stl_be_p(at, bad[i].bad);
        }
        g_assert_cmpuint(found, >, 0);
        g_assert_true(g_file_set_contents(path, wrong, len, NULL));
        puck_machine_load_refused("-device " GPU_OPTIONS ",addr=4", path,
                                  "head 0: bad state");
    }
    unlink(path);
    gpu_stop(&d.e);
}

void add_display_move_tests(void)
{
    qtest_add_func("/puck-display/move/pending", test_move);
    qtest_add_func("/puck-display/move/mid-frame", test_mid_frame);
    qtest_add_func("/puck-display/move/mischief", test_mischief);
    qtest_add_func("/puck-display/move/bad_state", test_bad_state);
}
