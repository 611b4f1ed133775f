/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 3D of puck-gpu: commands that break a rule, and what the renderer refuses.
 * Each is reported, and with SKIP the ring goes on.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

/* Above all RAM, below all BARs; and the end of RAM, of which there is 256M. */
#define HOLE            0x8000000000ull
#define RAM_END         0x10000000ull
#define FIRST           PUCK_RENDER_CMD_CTX_CREATE
#define LAST            PUCK_RENDER_CMD_RES_UNTYPED

static const uint8_t red[4] = { 0, 0, 255, 255 };

static RenderError plain(uint8_t reason)
{
    return (RenderError) { .reason = reason, .desc = NONE };
}

static RenderError numbered(uint8_t reason, uint32_t number)
{
    return (RenderError) { .reason = reason, .desc = number };
}

/* A command of each kind with nothing wrong, for render_picture(). */
static RenderCmd good(Render *t, uint16_t opcode)
{
    uint64_t at = puck_machine_pages(&t->e.m, 1);

    switch (opcode) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        return render_create_ctx(2);
    case PUCK_RENDER_CMD_RES_CREATE:
        return render_create_res(2);
    case PUCK_RENDER_CMD_RES_UNTYPED:
        return render_untyped(2, PAGE);
    case PUCK_RENDER_CMD_CTX_DESTROY:
        return render_cmd(opcode, 1, 0);
    case PUCK_RENDER_CMD_RES_DESTROY:
    case PUCK_RENDER_CMD_DETACH:
        return render_cmd(opcode, 0, 1);
    case PUCK_RENDER_CMD_CTX_ATTACH:
    case PUCK_RENDER_CMD_CTX_DETACH:
        return render_cmd(opcode, 1, 1);
    case PUCK_RENDER_CMD_TO_HOST:
    case PUCK_RENDER_CMD_FROM_HOST:
        return render_transfer(opcode, 1, 1);
    case PUCK_RENDER_CMD_ATTACH:
        return render_io(t, opcode, 0, 1, SYS(at, PAGE), PAGE);
    default:
        return render_io(t, opcode, opcode == PUCK_RENDER_CMD_SUBMIT, 0,
                         SYS(at, PAGE), PAGE);
    }
}

/* Each ring takes its own opcodes alone. */
static void test_bad_opcode(void)
{
    RenderError refused = plain(PUCK_GPU_ERR_OPCODE);
    GpuError other = {
        .reason = PUCK_GPU_ERR_OPCODE, .seqno = 1, .desc = NONE,
    };
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    for (uint32_t opcode = 0; opcode < 64; opcode++) {
        if (!(PUCK_RENDER_OPS & 1ull << opcode)) {
            render_refused(&t, render_cmd(opcode, 0, 0), refused);
        }
    }
    for (uint16_t opcode = FIRST; opcode <= LAST; opcode++) {
        render_emit(&t, 0, render_cmd(opcode, 1, 1));
        gpu_doorbell(&t.e, 0);
        gpu_expect_error(&t.e, &other);
        gpu_ring_recover(&t.e, 0);
    }
    render_alive(&t);
    gpu_alive(&t.e, 0);
    render_stop(&t);
}

/* Each byte that an opcode does not use. */
static void test_bad_reserved(void)
{
    static const struct {
        uint16_t opcode;
        uint8_t bytes[16];      /* 0 ends the list */
    } reserved[] = {
        { PUCK_RENDER_CMD_CTX_CREATE, { 2, 3, 12, 15, 60, 63 } },
        { PUCK_RENDER_CMD_CTX_DESTROY, { 2, 3, 12, 15, 16, 63 } },
        { PUCK_RENDER_CMD_RES_CREATE, { 2, 3, 8, 11, 56, 63 } },
        { PUCK_RENDER_CMD_RES_DESTROY, { 2, 3, 8, 11, 16, 40, 63 } },
        { PUCK_RENDER_CMD_ATTACH, { 2, 3, 8, 11, 36, 40, 44, 63 } },
        { PUCK_RENDER_CMD_DETACH, { 2, 3, 8, 11, 16, 63 } },
        { PUCK_RENDER_CMD_CTX_ATTACH, { 2, 3, 16, 63 } },
        { PUCK_RENDER_CMD_CTX_DETACH, { 2, 3, 16, 63 } },
        { PUCK_RENDER_CMD_TO_HOST, { 2, 3, 60, 63 } },
        { PUCK_RENDER_CMD_FROM_HOST, { 2, 3, 60, 63 } },
        { PUCK_RENDER_CMD_SUBMIT, { 2, 3, 12, 15, 36, 43, 44, 63 } },
        { PUCK_RENDER_CMD_CAPSET, { 2, 3, 8, 12, 15, 44, 63 } },
        { PUCK_RENDER_CMD_RES_UNTYPED, { 2, 3, 8, 11, 24, 40, 63 } },
    };
    RenderError refused = plain(PUCK_GPU_ERR_RESERVED);
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(reserved); i++) {
        for (const uint8_t *at = reserved[i].bytes; *at; at++) {
            RenderCmd cmd = good(&t, reserved[i].opcode);

            g_test_message("opcode %u byte %u", reserved[i].opcode, *at);
            ((uint8_t *)&cmd)[*at] ^= 0x80;
            render_refused(&t, cmd, refused);
        }
    }
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_STATUS), ==, 0);
    render_alive(&t);
    render_stop(&t);
}

static void test_bad_length(void)
{
    static const struct {
        uint16_t opcode;
        uint64_t length;
    } bad[] = {
        { PUCK_RENDER_CMD_ATTACH, 0 },
        { PUCK_RENDER_CMD_ATTACH, 1ull << 32 },
        { PUCK_RENDER_CMD_SUBMIT, 0 },
        { PUCK_RENDER_CMD_SUBMIT, 2 },
        { PUCK_RENDER_CMD_SUBMIT, 0x100004 },
        { PUCK_RENDER_CMD_SUBMIT, UINT64_MAX - 3 },
        { PUCK_RENDER_CMD_CAPSET, 15 },
        { PUCK_RENDER_CMD_CAPSET, 65537 },
        { PUCK_RENDER_CMD_RES_UNTYPED, 0 },
        { PUCK_RENDER_CMD_RES_UNTYPED, 1ull << 32 },
    };
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        RenderCmd cmd = good(&t, bad[i].opcode);

        g_test_message("case %zu", i);
        if (bad[i].opcode == PUCK_RENDER_CMD_RES_UNTYPED) {
            cmd.untyped.length = cpu_to_le64(bad[i].length);
        } else {
            cmd.io.length = cpu_to_le64(bad[i].length);
        }
        render_refused(&t, cmd, plain(PUCK_GPU_ERR_LENGTH));
    }
    render_alive(&t);
    render_stop(&t);
}

/* How many segments, where, and what they sum up to. */
static void expect_bad_lists(Render *t, uint16_t opcode, uint8_t list)
{
    RenderError error = { .list = list, .desc = NONE };
    RenderCmd cmd = good(t, opcode);

    error.reason = PUCK_GPU_ERR_NSEGS;
    cmd.io.nsegs = 0;
    render_refused(t, cmd, error);
    cmd.io.nsegs = cpu_to_le32(PUCK_GPU_SEGS_MAX_VALUE + 1);
    render_refused(t, cmd, error);
    cmd = good(t, opcode);
    cmd.io.list |= cpu_to_le64(8);
    render_refused(t, cmd, error);

    error.reason = PUCK_GPU_ERR_LIST_SHORT;
    cmd = good(t, opcode);
    cmd.io.length = cpu_to_le64(PAGE + 4);
    render_refused(t, cmd, error);
    error.reason = PUCK_GPU_ERR_LIST_READ;
    error.addr = HOLE;
    cmd.io.list = cpu_to_le64(HOLE);
    render_refused(t, cmd, error);
}

static void expect_bad_segments(Render *t, uint16_t opcode, uint8_t list)
{
    static const struct {
        GpuSeg seg;
        uint8_t reason;
    } bad[] = {
        { { 0x1000000, 0, 0 }, PUCK_GPU_ERR_SEG_ZERO },
        { { UINT64_MAX, 4096, 0 }, PUCK_GPU_ERR_SEG_ONES },
        { { 0x1000000, 0x10001, 0 }, PUCK_GPU_ERR_SEG_TOO_LONG },
        { { UINT64_MAX - 15, 4096, 0 }, PUCK_GPU_ERR_SEG_WRAP },
        { { 0, 4096, PUCK_GPU_SEG_VRAM }, PUCK_GPU_ERR_RESERVED },
        { { 0, 4096, 2 }, PUCK_GPU_ERR_RESERVED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        RenderCmd cmd = good(t, opcode);

        cmd.io.list = cpu_to_le64(gpu_list(&t->e, &bad[i].seg, 1));
        render_refused(t, cmd, (RenderError) {
            .reason = bad[i].reason, .list = list, .addr = bad[i].seg.addr,
        });
    }
}

static void test_bad_list(void)
{
    static const struct {
        uint16_t opcode;
        uint8_t list;
    } cases[] = {
        { PUCK_RENDER_CMD_ATTACH, PUCK_GPU_ERR_LIST_SRC },
        { PUCK_RENDER_CMD_SUBMIT, PUCK_GPU_ERR_LIST_SRC },
        { PUCK_RENDER_CMD_CAPSET, PUCK_GPU_ERR_LIST_DST },
    };
    Render t;

    if (!render_start(&t, ",seg-len-max=0x10000", "")) {
        return;
    }
    render_run(&t, render_create_ctx(1));
    render_run(&t, render_create_res(1));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("opcode %u", cases[i].opcode);
        expect_bad_lists(&t, cases[i].opcode, cases[i].list);
        expect_bad_segments(&t, cases[i].opcode, cases[i].list);
    }
    render_alive(&t);
    render_stop(&t);
}

static RenderCmd of_segs(Render *t, RenderCmd cmd, const GpuSeg *segs)
{
    cmd.io.list = cpu_to_le64(gpu_list(&t->e, segs, 2));
    cmd.io.nsegs = cpu_to_le32(2);
    cmd.io.length = cpu_to_le64(0x3000);
    return cmd;
}

/* What segments name is not there, or is no memory of the machine's. */
static void test_bad_dma(void)
{
    RenderError error = { .desc = 1, .addr = RAM_END };
    RenderCmd attach;
    GpuSeg segs[2];
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_run(&t, render_create_ctx(1));
    render_run(&t, render_create_res(1));
    attach = good(&t, PUCK_RENDER_CMD_ATTACH);
    segs[0] = SYS(puck_machine_pages(&t.e.m, 1), 96);
    segs[1] = SYS(RAM_END - 0x1010, 0x4000);
    error.reason = PUCK_GPU_ERR_DMA_READ;
    error.list = PUCK_GPU_ERR_LIST_SRC;
    render_refused(&t, of_segs(&t, good(&t, PUCK_RENDER_CMD_SUBMIT), segs),
                   error);
    error.reason = PUCK_GPU_ERR_DMA_WRITE;
    error.list = PUCK_GPU_ERR_LIST_DST;
    render_refused(&t, of_segs(&t, attach, segs), error);
    segs[1].addr = error.addr = t.e.f.bar.addr;
    render_refused(&t, of_segs(&t, attach, segs), error);
    /* VRAM by its BAR is memory, but not the machine's. */
    error.reason = PUCK_RENDER_ERR_BACKING;
    segs[1].addr = error.addr = t.e.vram.addr + 0x123;
    render_refused(&t, of_segs(&t, attach, segs), error);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_PIECES), ==, 0);

    error = (RenderError) {
        .reason = PUCK_GPU_ERR_DMA_WRITE, .list = PUCK_GPU_ERR_LIST_DST,
        .addr = HOLE,
    };
    segs[0] = SYS(HOLE, PAGE);
    render_refused(&t, of_segs(&t, good(&t, PUCK_RENDER_CMD_CAPSET), segs),
                   error);
    render_alive(&t);
    render_stop(&t);
}

/* Numbers that are none, or are one already. */
static void test_bad_numbers(void)
{
    RenderCmd cmd;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_picture(&t);
    for (uint16_t opcode = FIRST; opcode <= LAST; opcode++) {
        g_test_message("opcode %u", opcode);
        if (opcode == PUCK_RENDER_CMD_CAPSET) {
            continue;
        }
        for (uint32_t number = 0; number < 8; number += 7) {
            bool makes = opcode == PUCK_RENDER_CMD_CTX_CREATE ||
                         opcode == PUCK_RENDER_CMD_RES_CREATE ||
                         opcode == PUCK_RENDER_CMD_RES_UNTYPED;
            uint32_t bad = makes && number ? 1 : number;

            cmd = good(&t, opcode);
            if (cmd.resource) {
                cmd.resource = cpu_to_le32(bad);
                render_refused(&t, cmd,
                               numbered(PUCK_RENDER_ERR_RESOURCE, bad));
            }
            cmd = good(&t, opcode);
            if (cmd.ctx && (bad || !cmd.resource ||
                            opcode < PUCK_RENDER_CMD_TO_HOST)) {
                cmd.ctx = cpu_to_le32(bad);
                render_refused(&t, cmd,
                               numbered(PUCK_RENDER_ERR_CONTEXT, bad));
            }
        }
    }
    for (uint32_t capset = 0; capset < 8; capset++) {
        cmd = render_create_ctx(2);
        cmd.create_ctx.capset = cpu_to_le32(capset);
        if (capset != 1 && capset != 2) {
            render_refused(&t, cmd, numbered(PUCK_RENDER_ERR_CONTEXT, 2));
        }
    }
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_CONTEXTS), ==, 1);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_RESOURCES), ==, 1);
    render_alive(&t);
    render_stop(&t);
}

static void test_bad_backing(void)
{
    RenderError error = plain(PUCK_RENDER_ERR_BACKING);
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_picture(&t);
    render_refused(&t, good(&t, PUCK_RENDER_CMD_ATTACH), error);
    render_run(&t, good(&t, PUCK_RENDER_CMD_DETACH));
    render_refused(&t, good(&t, PUCK_RENDER_CMD_DETACH), error);
    render_refused(&t, good(&t, PUCK_RENDER_CMD_TO_HOST), error);
    render_refused(&t, good(&t, PUCK_RENDER_CMD_FROM_HOST), error);
    render_run(&t, good(&t, PUCK_RENDER_CMD_ATTACH));
    render_alive(&t);
    render_stop(&t);
}

/* What the renderer does not do, and that nothing of it stays. */
static void test_bad_for_renderer(void)
{
    RenderError refused = numbered(PUCK_RENDER_ERR_REFUSED, EINVAL);
    uint64_t bytes;
    RenderCmd cmd;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_picture(&t);
    bytes = render_r64(&t, PUCK_RENDER_BYTES);
    cmd = good(&t, PUCK_RENDER_CMD_RES_CREATE);
    cmd.create_res.format = cpu_to_le32(9999);
    render_refused(&t, cmd, refused);
    cmd = good(&t, PUCK_RENDER_CMD_RES_CREATE);
    cmd.create_res.target = cpu_to_le32(77);
    render_refused(&t, cmd, refused);
    cmd = good(&t, PUCK_RENDER_CMD_RES_CREATE);
    cmd.create_res.width = cpu_to_le32(65537);
    render_refused(&t, cmd, refused);
    g_assert_cmpuint(render_r64(&t, PUCK_RENDER_BYTES), ==, bytes);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_RESOURCES), ==, 1);
    cmd = good(&t, PUCK_RENDER_CMD_FROM_HOST);
    cmd.transfer.width = cpu_to_le32(SIDE + 1);
    render_refused(&t, cmd, refused);
    cmd = good(&t, PUCK_RENDER_CMD_FROM_HOST);
    cmd.transfer.offset = cpu_to_le64(4);
    render_refused(&t, cmd, refused);
    cmd = good(&t, PUCK_RENDER_CMD_TO_HOST);
    cmd.transfer.level = cpu_to_le32(3);
    render_refused(&t, cmd, refused);
    /* virglrenderer draws nothing in this context any more. */
    render_refused(&t, render_clear(&t, 1, 1, red), refused);
    render_run(&t, good(&t, PUCK_RENDER_CMD_RES_CREATE));
    render_alive(&t);
    render_stop(&t);
}

/* A context with a bad stream is of no use, and the others are. */
static void test_bad_stream(void)
{
    static const uint32_t bad[] = { 1 | 8 << 8 | 5 << 16, 7, 4242, 1, 0, 0 };
    RenderError refused = numbered(PUCK_RENDER_ERR_REFUSED, EINVAL);
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = render_picture(&t);
    render_emit(&t, RENDER_RING, render_create_ctx(2));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 2, 1));
    render_refused(&t, render_stream(&t, 1, bad, G_N_ELEMENTS(bad)), refused);
    render_refused(&t, render_clear(&t, 1, 1, red), refused);
    render_emit(&t, RENDER_RING, render_clear(&t, 2, 1, red));
    render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 2, 1));
    g_assert_true(render_is(&t, at, red));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 1, 0));
    qtest_memset(t.e.m.qts, at, 0, PICTURE);
    render_emit(&t, RENDER_RING, render_create_ctx(1));
    render_emit(&t, RENDER_RING, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 1, 1));
    render_emit(&t, RENDER_RING, render_clear(&t, 1, 1, red));
    render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    g_assert_true(render_is(&t, at, red));
    render_stop(&t);
}

void add_render_bad_tests(void)
{
    qtest_add_func("/puck-render3d/bad/bad_opcode", test_bad_opcode);
    qtest_add_func("/puck-render3d/bad/bad_reserved", test_bad_reserved);
    qtest_add_func("/puck-render3d/bad/bad_length", test_bad_length);
    qtest_add_func("/puck-render3d/bad/bad_list", test_bad_list);
    qtest_add_func("/puck-render3d/bad/bad_dma", test_bad_dma);
    qtest_add_func("/puck-render3d/bad/bad_numbers", test_bad_numbers);
    qtest_add_func("/puck-render3d/bad/bad_backing", test_bad_backing);
    qtest_add_func("/puck-render3d/bad/bad_for_renderer",
                   test_bad_for_renderer);
    qtest_add_func("/puck-render3d/bad/bad_stream", test_bad_stream);
}
