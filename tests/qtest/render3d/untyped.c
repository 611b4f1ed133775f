/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 3D of puck-gpu: resources that streams give a type.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

/* One in its memory: rows with gaps, and not from the first byte on. */
#define STRIDE          (4 * SIDE + 24)
#define OFFSET          100u
#define PAGES           6u
#define BYTES           (PAGES * PAGE)
#define UNTYPED         7u

/* Commands of a stream, as in env.c. */
#define HEAD(opcode, object, dwords) \
    ((opcode) | (object) << 8 | (uint32_t)(dwords) << 16)
#define TYPE_DWORDS     11
#define COPY_DWORDS     14

/* What a SET_TYPE says. */
typedef struct Layout {
    uint32_t format, width, height, stride, offset, modifier_hi, modifier_lo;
} Layout;

static const Layout right = {
    .format = FORMAT_BGRA, .width = SIDE, .height = SIDE, .stride = STRIDE,
    .offset = OFFSET,
};

static RenderCmd set_type(Render *t, uint32_t ctx, uint32_t resource,
                          const Layout *l)
{
    const uint32_t dwords[TYPE_DWORDS] = {
        HEAD(49, 0, TYPE_DWORDS - 1), resource, l->format, 8, l->width,
        l->height, 0, l->modifier_lo, l->modifier_hi, l->stride, l->offset,
    };

    return render_stream(t, ctx, dwords, TYPE_DWORDS);
}

/* The whole picture of one resource to another one. */
static RenderCmd copy(Render *t, uint32_t to, uint32_t from)
{
    const uint32_t dwords[COPY_DWORDS] = {
        HEAD(17, 0, COPY_DWORDS - 1), to, 0, 0, 0, 0, from, 0, 0, 0, 0, SIDE,
        SIDE, 1,
    };

    return render_stream(t, 1, dwords, COPY_DWORDS);
}

static RenderCmd all_of(uint16_t opcode)
{
    return render_cmd(opcode, 0, UNTYPED);
}

static uint8_t byte_at(unsigned i, unsigned seed)
{
    return i * 7 + i / 253 + seed;
}

static void fill(Render *t, uint64_t at, unsigned seed)
{
    g_autofree uint8_t *bytes = g_malloc(BYTES);

    for (unsigned i = 0; i < BYTES; i++) {
        bytes[i] = byte_at(i, seed);
    }
    qtest_memwrite(t->e.m.qts, at, bytes, BYTES);
}

/* The picture at @at is what fill() has written. */
static bool is_filled(Render *t, uint64_t at, unsigned seed)
{
    g_autofree uint8_t *picture = g_malloc(PICTURE);

    puck_machine_read(&t->e.m, at, picture, PICTURE);
    for (unsigned i = 0; i < PICTURE; i++) {
        unsigned from = OFFSET + i / (4 * SIDE) * STRIDE + i % (4 * SIDE);

        if (picture[i] != byte_at(from, seed)) {
            return false;
        }
    }
    return true;
}

/* A resource without a type in context 1; returns where its memory is. */
static uint64_t begin(Render *t)
{
    uint64_t at = puck_machine_pages(&t->e.m, PAGES);

    render_emit(t, RENDER_RING, render_untyped(UNTYPED, BYTES));
    render_emit(t, RENDER_RING, render_io(t, PUCK_RENDER_CMD_ATTACH, 0, UNTYPED,
                                          SYS(at, BYTES), BYTES));
    render_run(t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 1, UNTYPED));
    return at;
}

/* It is read as its type says, anew whenever that is asked for. */
static void test_read(void)
{
    uint64_t picture, at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    picture = render_picture(&t);
    at = begin(&t);
    g_assert_cmpuint(render_r64(&t, PUCK_RENDER_BYTES), ==,
                     16 * SIDE * SIDE + 4 * BYTES);
    fill(&t, at, 1);
    /* Of what has no type there is nothing to be moved. */
    render_emit(&t, RENDER_RING, all_of(PUCK_RENDER_CMD_TO_HOST));
    render_emit(&t, RENDER_RING, set_type(&t, 1, UNTYPED, &right));
    render_emit(&t, RENDER_RING, copy(&t, 1, UNTYPED));
    render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    g_assert_true(is_filled(&t, picture, 1));

    fill(&t, at, 2);
    render_emit(&t, RENDER_RING, copy(&t, 1, UNTYPED));
    render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    g_assert_true(is_filled(&t, picture, 1));
    render_emit(&t, RENDER_RING, all_of(PUCK_RENDER_CMD_TO_HOST));
    render_emit(&t, RENDER_RING, copy(&t, 1, UNTYPED));
    render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    g_assert_true(is_filled(&t, picture, 2));

    /* It has its type, whatever else is said of it. */
    render_run(&t, set_type(&t, 1, UNTYPED, &(Layout) { .format = 64 }));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, UNTYPED));
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_RESOURCES), ==, 1);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_PIECES), ==, 2);
    render_alive(&t);
    render_stop(&t);
}

/* Each byte that is no pixel is as it was. */
static void expect_drawn(Render *t, uint64_t at, const uint8_t *colour)
{
    g_autofree uint8_t *bytes = g_malloc(BYTES);

    puck_machine_read(&t->e.m, at, bytes, BYTES);
    for (unsigned i = 0; i < BYTES; i++) {
        unsigned in = i - OFFSET;
        bool pixel = i >= OFFSET && in < SIDE * STRIDE &&
                     in % STRIDE < 4 * SIDE;

        g_assert_cmphex(bytes[i], ==, pixel ? colour[in % STRIDE % 4] :
                                              byte_at(i, 5));
    }
}

/* What is drawn to it is written back, and nothing if none is. */
static void test_drawn(void)
{
    static const uint8_t colour[4] = { 0x10, 0x20, 0x30, 0xff };
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_run(&t, render_create_ctx(1));
    at = begin(&t);
    render_emit(&t, RENDER_RING, set_type(&t, 1, UNTYPED, &right));
    fill(&t, at, 5);
    render_run(&t, all_of(PUCK_RENDER_CMD_FROM_HOST));
    g_assert_cmphex(qtest_readb(t.e.m.qts, at + OFFSET), ==,
                    byte_at(OFFSET, 5));
    render_emit(&t, RENDER_RING, render_clear(&t, 1, UNTYPED, colour));
    render_run(&t, all_of(PUCK_RENDER_CMD_FROM_HOST));
    expect_drawn(&t, at, colour);
    render_alive(&t);
    render_stop(&t);
}

/* Another context may use it, be it from before it had a type or since. */
static void test_contexts(void)
{
    uint64_t picture, at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    picture = render_picture(&t);
    for (uint32_t ctx = 2; ctx < 5; ctx++) {
        render_run(&t, render_create_ctx(ctx));
    }
    at = begin(&t);
    fill(&t, at, 9);
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 2, UNTYPED));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 3, UNTYPED));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DETACH, 3, UNTYPED));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 4, UNTYPED));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 4, 0));
    render_run(&t, set_type(&t, 2, UNTYPED, &right));
    render_emit(&t, RENDER_RING, copy(&t, 1, UNTYPED));
    render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    g_assert_true(is_filled(&t, picture, 9));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DETACH, 1, UNTYPED));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 1, UNTYPED));
    render_emit(&t, RENDER_RING, copy(&t, 1, UNTYPED));
    render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    /* Context 3 may not. */
    render_refused(&t, set_type(&t, 3, UNTYPED, &right), (RenderError) {
        .reason = PUCK_RENDER_ERR_REFUSED, .desc = EINVAL,
    });
    render_alive(&t);
    render_stop(&t);
}

/* Without a backing, and with another one. */
static void test_bad_backing(void)
{
    RenderError refused = { .reason = PUCK_RENDER_ERR_REFUSED, .desc = EINVAL };
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = puck_machine_pages(&t.e.m, PAGES);
    render_run(&t, render_create_ctx(1));
    render_run(&t, render_untyped(UNTYPED, BYTES));
    render_refused(&t, render_io(&t, PUCK_RENDER_CMD_ATTACH, 0, UNTYPED,
                                 SYS(at, BYTES - 1), BYTES - 1), refused);
    render_run(&t, render_io(&t, PUCK_RENDER_CMD_ATTACH, 0, UNTYPED,
                             SYS(at, BYTES), BYTES));
    render_refused(&t, render_transfer(PUCK_RENDER_CMD_TO_HOST, 0, UNTYPED),
                   refused);
    render_run(&t, render_cmd(PUCK_RENDER_CMD_DETACH, 0, UNTYPED));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 1, UNTYPED));
    render_refused(&t, set_type(&t, 1, UNTYPED, &right), refused);
    render_run(&t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, UNTYPED));
    render_alive(&t);
    render_stop(&t);
}

static void test_bad_type(void)
{
    static const struct {
        const char *what;
        size_t at;              /* dword of Layout */
        uint32_t value;
    } bad[] = {
        { "format", 0, 31 }, { "no format", 0, 0 }, { "planes", 0, 166 },
        { "no width", 1, 0 }, { "width", 1, SIDE + 7 }, { "wide", 1, 1u << 30 },
        { "no height", 2, 0 }, { "height", 2, 88 }, { "high", 2, UINT32_MAX },
        { "stride", 3, 4 * SIDE - 1 }, { "long stride", 3, UINT32_MAX },
        { "offset", 4, BYTES - (SIDE - 1) * STRIDE - 4 * SIDE + 1 },
        { "far offset", 4, UINT32_MAX }, { "modifier", 5, 0x01000000 },
    };
    RenderError refused = { .reason = PUCK_RENDER_ERR_REFUSED, .desc = EINVAL };
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        Layout layout = right;

        g_test_message("%s", bad[i].what);
        ((uint32_t *)&layout)[bad[i].at] = bad[i].value;
        render_run(&t, render_create_ctx(1));
        begin(&t);
        render_refused(&t, set_type(&t, 1, UNTYPED, &layout), refused);
        render_run(&t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, UNTYPED));
        render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 1, 0));
    }
    render_alive(&t);
    render_stop(&t);
}

static void test_bad_bytes(void)
{
    Render t;

    if (!render_start(&t, ",render-bytes=65536", "")) {
        return;
    }
    render_refused(&t, render_untyped(1, 16385), (RenderError) {
        .reason = PUCK_RENDER_ERR_LIMIT, .desc = PUCK_RENDER_LIMIT_BYTES,
    });
    render_run(&t, render_untyped(1, 16384));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, 1));
    render_alive(&t);
    render_stop(&t);
}

void add_render_untyped_tests(void)
{
    qtest_add_func("/puck-render3d/untyped/read", test_read);
    qtest_add_func("/puck-render3d/untyped/drawn", test_drawn);
    qtest_add_func("/puck-render3d/untyped/contexts", test_contexts);
    qtest_add_func("/puck-render3d/untyped/bad_backing", test_bad_backing);
    qtest_add_func("/puck-render3d/untyped/bad_type", test_bad_type);
    qtest_add_func("/puck-render3d/untyped/bad_bytes", test_bad_bytes);
}
