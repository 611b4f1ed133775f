/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the consoles: what the host sees, and how little of it is drawn
 * again.
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "env.h"

#define NOWHERE     0xf0000000ull       /* no memory */
#define ANSWER_US   100000              /* what is late */

static uint64_t redraws(Display *d, unsigned h)
{
    g_autofree char *name = g_strdup_printf("redraws%u", h);
    QDict *rsp = qtest_qmp(d->e.m.qts, "{ 'execute': 'qom-get', 'arguments': "
                           "{ 'path': '/machine/peripheral/gpu0', "
                           "'property': %s } }", name);
    uint64_t count = qdict_get_int(rsp, "return");

    qobject_unref(rsp);
    return count;
}

typedef struct Frames {
    Display *d;
    GMutex lock;
    GCond cond;
    bool over;
} Frames;

/* One more whenever there has been no answer for a while. */
static gpointer frames_go_on(gpointer opaque)
{
    Frames *f = opaque;

    g_mutex_lock(&f->lock);
    while (!f->over) {
        if (!g_cond_wait_until(&f->cond, &f->lock,
                               g_get_monotonic_time() + ANSWER_US)) {
            display_step(f->d, MODE_PERIOD);
        }
    }
    g_mutex_unlock(&f->lock);
    return NULL;
}

/*
 * The answer to a command that waits for a blanking. On a busy host QEMU may
 * hear of it later than of the blankings that were meant for it.
 */
static QDict *answer(Display *d)
{
    Frames f = { .d = d };
    GThread *thread;
    QDict *rsp;

    g_mutex_init(&f.lock);
    g_cond_init(&f.cond);
    thread = g_thread_new("frames", frames_go_on, &f);
    rsp = qtest_qmp_receive(d->e.m.qts);
    g_mutex_lock(&f.lock);
    f.over = true;
    g_cond_signal(&f.cond);
    g_mutex_unlock(&f.lock);
    g_thread_join(thread);
    return rsp;
}

/* The picture that the console shows, as bytes R, G, B, at a blanking. */
static uint8_t *screendump(Display *d, unsigned h, unsigned width,
                           unsigned height)
{
    g_autofree char *path = g_strdup_printf("%s/puck-screen-%d",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *head = g_strdup_printf("P6\n%u %u\n255\n", width, height);
    g_autofree char *file = NULL;
    QDict *rsp;
    gsize len;

    qtest_qmp_send(d->e.m.qts, "{ 'execute': 'screendump', 'arguments': "
                   "{ 'filename': %s, 'device': 'gpu0', 'head': %u } }", path,
                   h);
    /* Not before it has been asked for, as a rule. */
    g_usleep(20000);
    display_step(d, 0);
    display_step(d, MODE_PERIOD);
    rsp = answer(d);
    g_assert_true(qdict_haskey(rsp, "return"));
    qobject_unref(rsp);
    g_assert_true(g_file_get_contents(path, &file, &len, NULL));
    unlink(path);
    g_assert_cmpuint(len, ==, strlen(head) + 3 * width * height);
    g_assert_cmpmem(file, strlen(head), head, strlen(head));
    return g_memdup2(file + strlen(head), 3 * width * height);
}

static void expect_picture(Display *d, unsigned h, const TestPicture *pic)
{
    g_autofree uint8_t *rgb = screendump(d, h, pic->width, pic->height);

    for (uint32_t i = 0; i < pic->width * pic->height; i++) {
        g_assert_cmphex(rgb[3 * i] << 16 | rgb[3 * i + 1] << 8 |
                        rgb[3 * i + 2], ==,
                        model_pixel(pic, i % pic->width, i / pic->width));
    }
}

static void start(Display *d, TestPlane *plane, TestPicture *pic,
                  const char *options)
{
    display_start(d, options, "");
    *plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    *pic = (TestPicture) { MODE_W, MODE_H, 0x808080, { plane } };
    plane_draw(d, plane, 0, 4);
    head_set(d, 0, pic);
    flip(d, 0);
}

static void stop(Display *d, TestPlane *plane)
{
    g_free((void *)plane->bytes);
    display_stop(d);
}

/* Two heads, each with a picture of its own; and one that is off. */
static void test_heads(void)
{
    TestPlane left, right;
    TestPicture pic, other;
    g_autofree uint8_t *nothing = NULL;
    Display d;

    start(&d, &left, &pic, ",heads=2");
    right = test_plane(PUCK_PLANE_FORMAT_NV12, 100, 30);
    other = (TestPicture) { 92, 30, 0x112233, { NULL, &right } };
    right.dst_x = -3;
    plane_draw(&d, &right, 0x10000, 5);
    head_set(&d, 1, &other);
    flip(&d, 1);
    expect_picture(&d, 0, &pic);
    expect_picture(&d, 1, &other);
    expect_picture(&d, 0, &pic);
    /* Another size. */
    other.width = 36;
    other.height = 17;
    head_set(&d, 1, &other);
    flip(&d, 1);
    expect_picture(&d, 1, &other);
    head_w32(&d, 1, PUCK_HEAD_CTRL, 0);
    flip(&d, 1);
    /* What QEMU shows where there is nothing to be seen: a black ground. */
    nothing = screendump(&d, 1, 36, 17);
    g_assert_cmphex(nothing[0] | nothing[1] | nothing[2], ==, 0);
    g_free((void *)right.bytes);
    stop(&d, &left);
}

/* With CRCs each line is composed, without some are but bytes of a buffer. */
static void expect_both_ways(Display *d, const TestPicture *pic)
{
    for (unsigned i = 0; i < 2; i++) {
        head_set(d, 0, pic);
        head_w32(d, 0, PUCK_HEAD_CRC_CTRL, i ? 0 : PUCK_HEAD_CRC_OF_PICTURE);
        flip(d, 0);
        expect_picture(d, 0, pic);
    }
}

/* A part of a buffer in VRAM, which is all of the picture. */
static void start_copied(Display *d, TestPlane *plane, TestPicture *pic)
{
    display_start(d, "", "");
    *plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W + 9, MODE_H + 5);
    *pic = (TestPicture) { MODE_W, MODE_H, 0x808080, { plane } };
    plane_draw(d, plane, 0x20000, 6);
    plane->src_x = 7 << 16;
    plane->src_y = 3 << 16;
    plane->dst_w = MODE_W;
    plane->src_w = MODE_W << 16;
    plane->dst_h = MODE_H;
    plane->src_h = MODE_H << 16;
    expect_both_ways(d, pic);
}

/* Where it lies, on the screen and in its buffer. */
static void test_copied(void)
{
    TestPlane plane, over;
    TestPicture pic;
    Display d;

    start_copied(&d, &plane, &pic);
    plane.reflect_y = true;
    expect_both_ways(&d, &pic);
    plane.reflect_x = true;
    expect_both_ways(&d, &pic);
    plane.reflect_x = false;
    plane.dst_x = 1;
    expect_both_ways(&d, &pic);
    plane.dst_x = -1;
    expect_both_ways(&d, &pic);
    plane.dst_x = 0;
    plane.dst_y = 5;
    expect_both_ways(&d, &pic);
    /* And another plane is in some of its lines. */
    over = test_plane(PUCK_PLANE_FORMAT_ARGB8888, 16, 16);
    plane_draw(&d, &over, 0x40000, 7);
    over.dst_x = 10;
    over.dst_y = 20;
    over.zpos = 1;
    pic.planes[PUCK_PLANE_CURSOR] = &over;
    expect_both_ways(&d, &pic);
    g_free((void *)over.bytes);
    stop(&d, &plane);
}

/* What becomes of its pixels. */
static void test_copied_pixels(void)
{
    uint64_t gamma[PUCK_HEAD_GAMMA_SIZE];
    TestPlane plane;
    TestPicture pic;
    Display d;

    for (unsigned i = 0; i < PUCK_HEAD_GAMMA_SIZE; i++) {
        gamma[i] = 0x010101010101 * (255 - i);
    }
    start_copied(&d, &plane, &pic);
    pic.gamma = gamma;
    expect_both_ways(&d, &pic);
    pic.gamma = NULL;
    plane.format = PUCK_PLANE_FORMAT_ARGB8888;
    expect_both_ways(&d, &pic);
    plane.blend = PUCK_PLANE_BLEND_COVERAGE;
    expect_both_ways(&d, &pic);
    plane.blend = PUCK_PLANE_BLEND_NONE;
    plane.alpha = 200;
    expect_both_ways(&d, &pic);
    stop(&d, &plane);
}

/* From segments in both memories, the last of which is there or is not. */
static void test_copied_list(void)
{
    enum { BYTES = 4 * MODE_W * MODE_H, FIRST = 5000, LAST = 500 };
    GpuSeg segs[3] = { VRAM(0, FIRST) };
    TestPlane plane;
    TestPicture pic;
    Display d;

    start(&d, &plane, &pic, "");
    segs[1] = SYS(puck_machine_pages(&d.e.m, 3), BYTES - FIRST - LAST);
    segs[2] = SYS(puck_machine_pages(&d.e.m, 1), LAST);
    gpu_write(&d.e, segs[1], plane.bytes + FIRST);
    gpu_write(&d.e, segs[2], plane.bytes + BYTES - LAST);
    plane.source = PUCK_PLANE_SOURCE_LIST;
    plane.addr = gpu_list(&d.e, segs, ARRAY_SIZE(segs));
    plane.arg = ARRAY_SIZE(segs);
    expect_both_ways(&d, &pic);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FAULTS), ==, 0);
    segs[2] = SYS(NOWHERE, LAST);
    plane.addr = gpu_list(&d.e, segs, ARRAY_SIZE(segs));
    plane.bad_from = BYTES - LAST;
    plane.bad_len = LAST;
    expect_both_ways(&d, &pic);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FAULTS), !=, 0);
    stop(&d, &plane);
}

/* What is written into VRAM is seen, and what nobody writes costs nothing. */
static void test_written(void)
{
    uint32_t white = 0xffffff;
    TestPlane plane;
    TestPicture pic;
    uint64_t drawn;
    Display d;

    start(&d, &plane, &pic, "");
    g_assert_cmpuint(redraws(&d, 0), ==, 0);
    expect_picture(&d, 0, &pic);
    expect_picture(&d, 0, &pic);
    drawn = redraws(&d, 0);
    g_assert_cmpuint(drawn, ==, 1);
    for (unsigned i = 0; i < 5; i++) {
        expect_picture(&d, 0, &pic);
    }
    g_assert_cmpuint(redraws(&d, 0), ==, drawn);
    /* By the CPU, and by an engine. */
    gpu_write(&d.e, VRAM(4 * (10 * MODE_W + 3), 4), &white);
    memcpy((uint8_t *)plane.bytes + 4 * (10 * MODE_W + 3), &white, 4);
    expect_picture(&d, 0, &pic);
    g_assert_cmpuint(redraws(&d, 0), ==, drawn + 1);
    gpu_run(&d.e, 0, gpu_fill(&d.e, VRAM(4 * 40 * MODE_W, 40), 40, white));
    memset((uint8_t *)plane.bytes + 4 * 40 * MODE_W, 0xff, 40);
    for (unsigned i = 0; i < 10; i++) {
        ((uint8_t *)plane.bytes)[4 * 40 * MODE_W + 4 * i + 3] = 0;
    }
    expect_picture(&d, 0, &pic);
    g_assert_cmpuint(redraws(&d, 0), ==, drawn + 2);
    /* Somewhere else. */
    gpu_write(&d.e, VRAM(0x300000, 4), &white);
    expect_picture(&d, 0, &pic);
    g_assert_cmpuint(redraws(&d, 0), ==, drawn + 2);
    stop(&d, &plane);
}

static void flip_damaged(Display *d, uint32_t x, uint32_t y, uint32_t w,
                         uint32_t h)
{
    head_w32(d, 0, PUCK_HEAD_DAMAGE_POS, x | y << 16);
    head_w32(d, 0, PUCK_HEAD_DAMAGE_SIZE, w | h << 16);
    head_w32(d, 0, PUCK_HEAD_FLAGS, PUCK_HEAD_DAMAGE);
    flip(d, 0);
    g_assert_cmphex(head_r32(d, 0, PUCK_HEAD_FLAGS), ==, 0);
}

/* A commit says what has changed, and lines that have not are not sampled. */
static void test_damage(void)
{
    TestPlane plane;
    TestPicture pic;
    uint64_t ram, drawn;
    GpuSeg seg;
    Display d;

    start(&d, &plane, &pic, "");
    ram = puck_machine_pages(&d.e.m, 3);
    seg = SYS(ram, 4 * MODE_W * MODE_H);
    gpu_write(&d.e, seg, plane.bytes);
    plane.source = PUCK_PLANE_SOURCE_LIST;
    plane.addr = gpu_list(&d.e, &seg, 1);
    plane.arg = 1;
    head_set(&d, 0, &pic);
    flip(&d, 0);
    expect_picture(&d, 0, &pic);
    drawn = redraws(&d, 0);

    /* All is written, and four lines are said to be. */
    qtest_memset(d.e.m.qts, ram, 0x33, 4 * MODE_W * MODE_H);
    expect_picture(&d, 0, &pic);
    g_assert_cmpuint(redraws(&d, 0), ==, drawn);
    flip_damaged(&d, 0, 20, MODE_W, 4);
    memset((uint8_t *)plane.bytes + 4 * MODE_W * 20, 0x33, 4 * MODE_W * 4);
    expect_picture(&d, 0, &pic);
    g_assert_cmpuint(redraws(&d, 0), ==, drawn + 1);
    /* Nothing at all. */
    flip_damaged(&d, 7, 7, 0, 0);
    expect_picture(&d, 0, &pic);
    g_assert_cmpuint(redraws(&d, 0), ==, drawn + 1);
    /* Two commits before anybody looks. */
    flip_damaged(&d, 0, 3, MODE_W, 1);
    flip_damaged(&d, 0, 5, MODE_W, 1);
    memset((uint8_t *)plane.bytes + 4 * MODE_W * 3, 0x33, 4 * MODE_W * 3);
    expect_picture(&d, 0, &pic);
    g_assert_cmpuint(redraws(&d, 0), ==, drawn + 2);
    /* And one that says nothing. */
    flip(&d, 0);
    memset((uint8_t *)plane.bytes, 0x33, 4 * MODE_W * MODE_H);
    expect_picture(&d, 0, &pic);
    stop(&d, &plane);
}

/* Nobody looks, and nobody wants anything: no buffer is read. */
static void test_unseen(void)
{
    TestPlane plane;
    TestPicture pic;
    GpuSeg nowhere = SYS(0xf0000000, 4 * MODE_W * MODE_H);
    Display d;

    start(&d, &plane, &pic, "");
    plane.source = PUCK_PLANE_SOURCE_LIST;
    plane.addr = gpu_list(&d.e, &nowhere, 1);
    plane.arg = 1;
    head_set(&d, 0, &pic);
    head_w32(&d, 0, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_VBLANK);
    flip(&d, 0);
    display_step(&d, 10 * MODE_PERIOD);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FAULTS), ==, 0);
    plane.bad_len = nowhere.len;
    expect_picture(&d, 0, &pic);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FAULTS), >, 0);
    stop(&d, &plane);
}

/* A machine that is stopped shows what it did, at once. */
static void test_stopped(void)
{
    TestPlane plane;
    TestPicture pic;
    Display d;

    start(&d, &plane, &pic, "");
    expect_picture(&d, 0, &pic);
    qtest_qmp_assert_success(d.e.m.qts, "{ 'execute': 'stop' }");
    expect_picture(&d, 0, &pic);
    qtest_qmp_assert_success(d.e.m.qts, "{ 'execute': 'cont' }");
    expect_picture(&d, 0, &pic);
    stop(&d, &plane);
}

/* Reset and unplug while somebody waits for a picture. */
static void test_reset(void)
{
    TestPlane plane;
    TestPicture pic;
    Display d;
    QDict *rsp;

    start(&d, &plane, &pic, "");
    qtest_qmp_send(d.e.m.qts, "{ 'execute': 'screendump', 'arguments': "
                   "{ 'filename': '/dev/null', 'device': 'gpu0' } }");
    g_usleep(20000);
    puck_w32(&d.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    rsp = qtest_qmp_receive(d.e.m.qts);
    g_assert_true(qdict_haskey(rsp, "return"));
    qobject_unref(rsp);
    gpu_ring_on(&d.e, 0);
    stop(&d, &plane);
}

void add_display_console_tests(void)
{
    qtest_add_func("/puck-display/console/heads", test_heads);
    qtest_add_func("/puck-display/console/copied", test_copied);
    qtest_add_func("/puck-display/console/copied-pixels",
                   test_copied_pixels);
    qtest_add_func("/puck-display/console/copied-list", test_copied_list);
    qtest_add_func("/puck-display/console/written", test_written);
    qtest_add_func("/puck-display/console/damage", test_damage);
    qtest_add_func("/puck-display/console/unseen", test_unseen);
    qtest_add_func("/puck-display/console/stopped", test_stopped);
    qtest_add_func("/puck-display/console/reset", test_reset);
}
