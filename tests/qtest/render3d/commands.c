/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 3D of puck-gpu: what each command does.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

static const uint8_t red[4] = { 0, 0, 255, 255 };
static const uint8_t blue[4] = { 255, 0, 0, 255 };
static const uint8_t grey[4] = { 0x40, 0x80, 0xbf, 0x33 };

static RenderCmd from_host(uint32_t resource)
{
    return render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, resource);
}

/* The worked sequence of the spec, and what the registers count of it. */
static void test_clear(void)
{
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = render_picture(&t);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_STATUS), ==,
                     PUCK_RENDER_RUNNING);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_CONTEXTS), ==, 1);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_RESOURCES), ==, 1);
    g_assert_cmpuint(render_r64(&t, PUCK_RENDER_BYTES), ==, 16 * SIDE * SIDE);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_PIECES), ==, 2);
    render_emit(&t, RENDER_RING, render_clear(&t, 1, 1, grey));
    render_run(&t, from_host(1));
    g_assert_true(render_is(&t, at, grey));

    render_run(&t, render_cmd(PUCK_RENDER_CMD_DETACH, 0, 1));
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_PIECES), ==, 0);
    render_run(&t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, 1));
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_RESOURCES), ==, 0);
    g_assert_cmpuint(render_r64(&t, PUCK_RENDER_BYTES), ==, 0);
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 1, 0));
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_CONTEXTS), ==, 0);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_EPOCH), ==, 0);
    render_alive(&t);
    render_stop(&t);
}

/* What is drawn when the fence is there is all that was drawn before it. */
static void test_many(void)
{
    uint8_t colour[4] = { 1, 2, 3, 255 };
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = render_picture(&t);
    for (unsigned i = 0; i < 50; i++) {
        colour[0] = 5 * i;
        render_emit(&t, RENDER_RING, render_clear(&t, 1, 1, red));
        render_emit(&t, RENDER_RING, render_clear(&t, 1, 1, colour));
        render_run(&t, from_host(1));
        g_assert_true(render_is(&t, at, colour));
    }
    render_stop(&t);
}

/* A backing of one byte more here and one less there, in the list's order. */
static void test_scattered(void)
{
    enum { COUNT = 33 };
    uint64_t pool = 0, left = PICTURE, at = 0;
    g_autofree uint8_t *picture = g_malloc(PICTURE);
    g_autofree uint8_t *got = g_malloc(PICTURE);
    GpuSeg segs[COUNT];
    RenderCmd cmd;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    for (unsigned i = 0; i < PICTURE; i++) {
        picture[i] = i * 7 + i / 256;
    }
    pool = puck_machine_pages(&t.e.m, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        uint32_t len = i == COUNT - 1 ? left : 497 + (i % 3) - 1;

        /* Descending, so that none is merged. */
        segs[i] = SYS(pool + (COUNT - 1 - i) * PAGE + i, len);
        qtest_memwrite(t.e.m.qts, segs[i].addr, picture + at, len);
        at += len;
        left -= len;
    }
    render_emit(&t, RENDER_RING, render_create_ctx(1));
    render_emit(&t, RENDER_RING, render_create_res(1));
    render_emit(&t, RENDER_RING, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 1, 1));
    cmd = render_cmd(PUCK_RENDER_CMD_ATTACH, 0, 1);
    cmd.io.list = cpu_to_le64(gpu_list(&t.e, segs, COUNT));
    cmd.io.nsegs = cpu_to_le32(COUNT);
    cmd.io.length = cpu_to_le64(PICTURE);
    render_emit(&t, RENDER_RING, cmd);
    render_run(&t, render_transfer(PUCK_RENDER_CMD_TO_HOST, 1, 1));
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_PIECES), ==, 2 * COUNT);
    /* The list is read once: what stands there now is nothing to it. */
    qtest_memset(t.e.m.qts, le64_to_cpu(cmd.io.list), 0xff,
                 COUNT * sizeof(struct puck_gpu_seg));
    qtest_memset(t.e.m.qts, pool, 0xee, COUNT * PAGE);
    render_run(&t, from_host(1));
    for (unsigned i = 0, done = 0; i < COUNT; i++) {
        qtest_memread(t.e.m.qts, segs[i].addr, got + done, segs[i].len);
        done += segs[i].len;
        /* Not a byte more. */
        g_assert_cmphex(qtest_readb(t.e.m.qts, segs[i].addr + segs[i].len), ==,
                        0xee);
    }
    g_assert_cmpmem(got, PICTURE, picture, PICTURE);
    render_stop(&t);
}

/* A part of the picture to another place of the backing, with gaps. */
static void test_box(void)
{
    enum { STRIDE = 100, OFFSET = 37 };
    uint64_t at, back;
    RenderCmd cmd;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = render_picture(&t);
    qtest_memset(t.e.m.qts, at, 0x11, PICTURE);
    cmd = render_transfer(PUCK_RENDER_CMD_TO_HOST, 1, 1);
    render_emit(&t, RENDER_RING, render_clear(&t, 1, 1, red));
    cmd.transfer.x = cpu_to_le32(8);
    cmd.transfer.y = cpu_to_le32(16);
    cmd.transfer.width = cpu_to_le32(4);
    cmd.transfer.height = cpu_to_le32(2);
    render_emit(&t, RENDER_RING, cmd);
    cmd.opcode = cpu_to_le16(PUCK_RENDER_CMD_FROM_HOST);
    cmd.transfer.x = cpu_to_le32(7);
    cmd.transfer.stride = cpu_to_le32(STRIDE);
    cmd.transfer.offset = cpu_to_le64(OFFSET);
    qtest_memset(t.e.m.qts, at, 0x11, PICTURE);
    render_run(&t, cmd);
    back = at + OFFSET;
    for (unsigned y = 0; y < 2; y++, back += STRIDE) {
        g_assert_cmphex(qtest_readb(t.e.m.qts, back - 1), ==, 0x11);
        g_assert_cmphex(qtest_readl(t.e.m.qts, back), ==, 0xffff0000);
        for (unsigned x = 1; x < 4; x++) {
            g_assert_cmphex(qtest_readl(t.e.m.qts, back + 4 * x), ==,
                            0x11111111);
        }
        g_assert_cmphex(qtest_readb(t.e.m.qts, back + 16), ==, 0x11);
    }
    render_stop(&t);
}

/* Two contexts see one resource, and one that was taken from it does not. */
static void test_contexts(void)
{
    RenderError refused = {
        .reason = PUCK_RENDER_ERR_REFUSED, .desc = EINVAL,
    };
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = render_picture(&t);
    render_emit(&t, RENDER_RING, render_create_ctx(2));
    render_emit(&t, RENDER_RING, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 2, 1));
    render_emit(&t, RENDER_RING, render_clear(&t, 2, 1, blue));
    render_run(&t, from_host(1));
    g_assert_true(render_is(&t, at, blue));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DETACH, 1, 1));
    render_refused(&t, from_host(1), refused);
    render_emit(&t, RENDER_RING, render_clear(&t, 2, 1, red));
    render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 2, 1));
    g_assert_true(render_is(&t, at, red));
    render_alive(&t);
    render_stop(&t);
}

static uint32_t capset(Render *t, uint32_t id, uint64_t at, uint32_t length)
{
    RenderCmd cmd = render_io(t, PUCK_RENDER_CMD_CAPSET, 0, 0,
                              SYS(at, length), length);
    struct puck_render_capset head;

    cmd.io.capset = cpu_to_le32(id);
    cmd.io.version = cpu_to_le32(99);
    render_run(t, cmd);
    qtest_memread(t->e.m.qts, at, &head, sizeof(head));
    g_assert_cmpuint(le32_to_cpu(head.id), ==, id);
    g_assert_cmpuint(head.reserved, ==, 0);
    g_assert_cmpint(!!head.size, ==, !!head.version);
    return le32_to_cpu(head.size);
}

static void test_capsets(void)
{
    enum { ROOM = 65536 };
    g_autofree uint8_t *whole = g_malloc(ROOM), *part = g_malloc(ROOM);
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    for (uint32_t id = 0; id < 8; id++) {
        uint64_t at = puck_machine_pages(&t.e.m, ROOM / PAGE);
        uint32_t size = capset(&t, id, at, 16);

        g_assert_cmphex(qtest_readl(t.e.m.qts, at + 16), ==, 0);
        if (id != 1 && id != 2) {
            g_assert_cmpuint(size, ==, 0);
            continue;
        }
        /* All that there is, and not a byte more. */
        g_assert_cmpuint(size, >, 300);
        qtest_memset(t.e.m.qts, at, 0xcc, ROOM);
        g_assert_cmpuint(capset(&t, id, at, ROOM), ==, size);
        qtest_memread(t.e.m.qts, at, whole, 16 + size + 1);
        g_assert_cmphex(whole[16 + size - 1], !=, 0xcc);
        g_assert_cmphex(whole[16 + size], ==, 0xcc);
        g_assert_cmpuint(ldl_le_p(whole + 16), ==, id);  /* max_version */
        qtest_memset(t.e.m.qts, at, 0x33, ROOM);
        g_assert_cmpuint(capset(&t, id, at, 101), ==, size);
        qtest_memread(t.e.m.qts, at, part, 102);
        g_assert_cmpmem(part, 101, whole, 101);
        g_assert_cmphex(part[101], ==, 0x33);
    }
    render_stop(&t);
}

/* A context that draws into a framebuffer of its own. */
static void start_other(Render *t)
{
    static const uint8_t none[4];

    render_run(t, render_create_ctx(2));
    render_run(t, render_create_res(2));
    render_run(t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 2, 2));
    render_run(t, render_clear(t, 2, 2, none));
}

static void end_other(Render *t)
{
    render_run(t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 2, 0));
    render_run(t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, 2));
}

static void in_between(Render *t, unsigned what, uint64_t caps)
{
    switch (what) {
    case 0:
        capset(t, 2, caps, PAGE);
        break;
    case 1:
        render_run(t, render_create_res(2));
        render_run(t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, 2));
        break;
    case 2:
        render_run(t, render_create_ctx(2));
        render_run(t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 2, 0));
        break;
    case 3:
        start_other(t);
        break;
    default:
        /* It is not the one that drew last, and another one comes. */
        end_other(t);
        render_run(t, render_create_ctx(2));
        render_run(t, render_create_res(2));
        render_run(t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 2, 2));
        break;
    }
}

/* What a context has set stays as it is, whatever is done in between. */
static void test_between(void)
{
    /* CLEAR of what is the framebuffer already, with red 1 and alpha 1. */
    static const uint32_t clear[] = {
        7 | 8 << 16, 4, 0x3f800000, 0, 0, 0x3f800000, 0, 0, 0,
    };
    static const uint8_t red[4] = { 0, 0, 255, 255 }, none[4];
    uint64_t at, caps;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = render_picture(&t);
    caps = puck_machine_pages(&t.e.m, 1);
    for (unsigned i = 0; i < 5; i++) {
        g_test_message("in between: %u", i);
        render_run(&t, render_clear(&t, 1, 1, none));
        in_between(&t, i, caps);
        render_emit(&t, RENDER_RING, render_stream(&t, 1, clear,
                                                   G_N_ELEMENTS(clear)));
        render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
        g_assert_true(render_is(&t, at, red));
    }
    render_stop(&t);
}

/* A stream as long as one may be, of commands that do nothing. */
static void test_long_stream(void)
{
    size_t count = PUCK_RENDER_SUBMIT_MAX_VALUE / 4;
    g_autofree uint32_t *dwords = g_new0(uint32_t, count);
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_run(&t, render_create_ctx(1));
    render_run(&t, render_stream(&t, 1, dwords, count));
    /* The last one counts. */
    dwords[count - 1] = 0xee;
    render_refused(&t, render_stream(&t, 1, dwords, count), (RenderError) {
        .reason = PUCK_RENDER_ERR_REFUSED, .desc = EINVAL,
    });
    render_alive(&t);
    render_stop(&t);
}

/* Both rings have the same contexts and resources. */
static void test_two_rings(void)
{
    uint64_t at;
    Render t;

    if (!render_start(&t, ",render-rings=2", "")) {
        return;
    }
    at = render_picture(&t);
    render_emit(&t, 3, render_clear(&t, 1, 1, grey));
    render_emit(&t, 3, from_host(1));
    render_finish(&t, 3);
    g_assert_true(render_is(&t, at, grey));
    render_stop(&t);
}

void add_render_command_tests(void)
{
    qtest_add_func("/puck-render3d/commands/clear", test_clear);
    qtest_add_func("/puck-render3d/commands/many", test_many);
    qtest_add_func("/puck-render3d/commands/scattered", test_scattered);
    qtest_add_func("/puck-render3d/commands/box", test_box);
    qtest_add_func("/puck-render3d/commands/contexts", test_contexts);
    qtest_add_func("/puck-render3d/commands/capsets", test_capsets);
    qtest_add_func("/puck-render3d/commands/between", test_between);
    qtest_add_func("/puck-render3d/commands/long-stream", test_long_stream);
    qtest_add_func("/puck-render3d/commands/two-rings", test_two_rings);
}
