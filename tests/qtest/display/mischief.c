/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what rules do to the display.
 */

#include "qemu/osdep.h"
#include "env.h"

/* Mischief and Display know the same machine. */
static void start(Mischief *t, Display *d, const char *options)
{
    mischief_start(t, options);
    *d = (Display) { .e = t->e };
    display_attach(d);
    head_mode(d, 0, MODE_W, MODE_H);
    flip(d, 0);
    head_w32(d, 0, PUCK_HEAD_IRQ_STATUS, PUCK_HEAD_IRQ_ALL);
}

/* A vblank that is missed: no interrupt and no takeover, but it counts. */
static void test_vblank_drop(void)
{
    uint64_t count;
    Mischief t;
    Display d;
    uint32_t rule;

    start(&t, &d, "");
    rule = mischief_add(&t, "display.vblank head=0 nth=2 drop");
    count = head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT);
    head_w32(&d, 0, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_VBLANK);
    display_to(&d, 0, count + 1);
    g_assert_true(mischief_message(&t, d.vector[0]));
    head_w32(&d, 0, PUCK_HEAD_IRQ_STATUS, PUCK_HEAD_IRQ_ALL);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 77);
    commit(&d, 1);
    display_to(&d, 0, count + 2);
    g_assert_false(mischief_message(&t, d.vector[0]));
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_STATUS), ==,
                    PUCK_HEAD_ON | PUCK_HEAD_PENDING);
    display_to(&d, 0, count + 3);
    g_assert_true(mischief_message(&t, d.vector[0]));
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 77);
    mischief_counted(&t, rule, 3, 1);
    g_assert_cmpuint(mischief_acts(&t, rule, "drop",
                                   ", \"frame\": 3, \"head\": 0\\}$"), ==, 1);
    mischief_stop(&t);
}

static void test_flip_delay(void)
{
    uint64_t count;
    Mischief t;
    Display d;
    uint32_t rule;

    start(&t, &d, "");
    /* Two and a half frames: the third one behind it. */
    rule = mischief_add(&t, "display.flip head=0 seqno=5 delay=25ms");
    count = head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 5);
    commit(&d, 1);
    display_to(&d, 0, count + 3);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_STATUS), ==,
                    PUCK_HEAD_ON | PUCK_HEAD_PENDING);
    commit_refused(&d, 1, PUCK_DISPLAY_BUSY, 0, PUCK_DISPLAY_BUFFER_NONE);
    display_to(&d, 0, count + 4);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FLIP_SEQNO), ==, 5);
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_FLIP_COUNT), ==, count + 4);
    mischief_counted(&t, rule, 1, 1);
    /* Others are not. */
    flip(&d, 0);
    mischief_stop(&t);
}

static void expect_crc(Display *d, uint32_t crc)
{
    g_assert_cmphex(head_r32(d, 0, PUCK_HEAD_CRC_PICTURE), ==, crc);
}

/* Half of the lines old, half of them new; and the next frame is right. */
static void test_flip_torn(void)
{
    TestPlane old = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    TestPlane new = old, torn = old;
    TestPicture before = { MODE_W, MODE_H, 0, { &old } };
    TestPicture after = { MODE_W, MODE_H, 0, { &new } };
    TestPicture half = { MODE_W, MODE_H, 0, { &torn } };
    g_autofree uint8_t *bytes = NULL;
    uint32_t middle = 4 * MODE_W * (MODE_H / 2);
    Mischief t;
    Display d;
    uint32_t rule;

    start(&t, &d, "");
    plane_draw(&d, &old, 0, 1);
    plane_draw(&d, &new, 0x10000, 2);
    bytes = g_memdup2(new.bytes, 2 * middle);
    memcpy(bytes, old.bytes, middle);
    torn.bytes = bytes;
    rule = mischief_add(&t, "display.flip torn");
    /* Nobody would see it. */
    head_set(&d, 0, &before);
    flip(&d, 0);
    mischief_counted(&t, rule, 0, 0);
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    display_to(&d, 0, head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT) + 1);
    expect_crc(&d, model_crc(&before));
    head_set(&d, 0, &after);
    flip(&d, 0);
    expect_crc(&d, model_crc(&half));
    mischief_counted(&t, rule, 1, 1);
    display_to(&d, 0, head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT) + 1);
    expect_crc(&d, model_crc(&after));
    g_free((void *)old.bytes);
    g_free((void *)new.bytes);
    mischief_stop(&t);
}

static void test_underrun(void)
{
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    TestPicture pic = { MODE_W, MODE_H, 0xffffff, { &plane } };
    TestPlane black = plane;
    TestPicture half = { MODE_W, MODE_H, 0xffffff, { &black } };
    g_autofree uint8_t *bytes = NULL;
    uint32_t middle = 4 * MODE_W * (MODE_H / 2);
    Mischief t;
    Display d;

    start(&t, &d, "");
    plane_draw(&d, &plane, 0, 1);
    bytes = g_memdup2(plane.bytes, 2 * middle);
    memset(bytes + middle, 0, middle);
    black.bytes = bytes;
    mischief_add(&t, "display.frame head=0 nth=1 underrun");
    head_w32(&d, 0, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_UNDERRUN);
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    head_set(&d, 0, &pic);
    flip(&d, 0);
    expect_crc(&d, model_crc(&half));
    g_assert_true(mischief_message(&t, d.vector[0]));
    g_assert_true(head_r32(&d, 0, PUCK_HEAD_IRQ_STATUS) &
                  PUCK_HEAD_IRQ_UNDERRUN);
    display_to(&d, 0, head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT) + 1);
    expect_crc(&d, model_crc(&pic));
    g_free((void *)plane.bytes);
    mischief_stop(&t);
}

static void plug(Display *d, unsigned h, bool connected)
{
    g_autofree char *name = g_strdup_printf("connected%u", h);

    qtest_qmp_assert_success(d->e.m.qts, "{ 'execute': 'qom-set', "
                             "'arguments': { 'path': "
                             "'/machine/peripheral/gpu0', 'property': %s, "
                             "'value': %i } }", name, connected);
}

/* Of head 1 alone: the connector has changed, and nobody is told. */
static void test_hotplug_drop(void)
{
    Mischief t;
    Display d;
    uint32_t rule;

    start(&t, &d, ",heads=2");
    rule = mischief_add(&t, "display.hotplug head=1 drop");
    for (unsigned h = 0; h < 2; h++) {
        head_w32(&d, h, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_HOTPLUG);
        plug(&d, h, false);
        display_step(&d, 0);
        g_assert_cmphex(head_r32(&d, h, PUCK_HEAD_CONNECTOR), ==, 1 << 16);
        g_assert_cmphex(head_r32(&d, h, PUCK_HEAD_IRQ_STATUS) &
                        PUCK_HEAD_IRQ_HOTPLUG, ==,
                        h ? 0 : PUCK_HEAD_IRQ_HOTPLUG);
        g_assert_true(mischief_message(&t, d.vector[h]) == !h);
    }
    mischief_counted(&t, rule, 1, 1);
    mischief_stop(&t);
}

/* A rule for pages of the display's buffers. */
static void test_translate(void)
{
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    TestPicture pic = { MODE_W, MODE_H, 0, { &plane } };
    uint64_t va = 0x40000000;
    GpuSeg pages;
    Mischief t;
    Display d;
    Vms v;

    start(&t, &d, "");
    v = (Vms) { .e = d.e, .vram_page = 0x100000 };
    plane_draw(&d, &plane, 0, 1);
    vm_make(&v, 0, VM_IN_VRAM);
    pages = vms_vram(&v, 3);
    gpu_write(&d.e, pages, plane.bytes);
    vm_map(&v, 0, va, pages, VM_RW);
    plane.source = PUCK_PLANE_SOURCE_VM;
    plane.addr = va;
    plane.bad_from = PAGE;
    plane.bad_len = 4 * MODE_W;
    mischief_add(&t, "gpu.translate ring=0 fault");
    mischief_add(&t, "gpu.translate va=0x40001000 head=0 fault");
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    head_set(&d, 0, &pic);
    flip(&d, 0);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_FAULT_INFO), ==,
                    PUCK_GPU_ERR_INJECTED);
    g_assert_cmphex(head_r64(&d, 0, PUCK_HEAD_FAULT_ADDR), ==, va + PAGE);
    /* The rule is for the line that has the first byte of the page. */
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_FAULTS), ==, 1);
    expect_crc(&d, model_crc(&pic));
    g_free((void *)plane.bytes);
    mischief_stop(&t);
}

void add_display_mischief_tests(void)
{
    qtest_add_func("/puck-display/mischief/vblank-drop", test_vblank_drop);
    qtest_add_func("/puck-display/mischief/flip-delay", test_flip_delay);
    qtest_add_func("/puck-display/mischief/flip-torn", test_flip_torn);
    qtest_add_func("/puck-display/mischief/underrun", test_underrun);
    qtest_add_func("/puck-display/mischief/hotplug-drop",
                   test_hotplug_drop);
    qtest_add_func("/puck-display/mischief/translate", test_translate);
}
