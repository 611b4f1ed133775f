/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 3D of puck-gpu: bounds of what a guest has the host keep for it.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

static RenderError limit(uint32_t which)
{
    return (RenderError) { .reason = PUCK_RENDER_ERR_LIMIT, .desc = which };
}

/* A thousand are asked for, and eight are there. */
static void test_bad_contexts(void)
{
    enum { MOST = 8 };
    Render t;

    if (!render_start(&t, ",render-contexts=8", "")) {
        return;
    }
    for (uint32_t i = 1; i <= MOST; i++) {
        render_run(&t, render_create_ctx(i));
    }
    for (uint32_t i = MOST + 1; i <= 1000; i++) {
        render_refused(&t, render_create_ctx(i),
                       limit(PUCK_RENDER_LIMIT_CONTEXTS));
    }
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_CONTEXTS), ==, MOST);
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 3, 0));
    render_alive(&t);
    render_stop(&t);
}

static void test_bad_resources(void)
{
    Render t;

    if (!render_start(&t, ",render-resources=3,render-bytes=1G", "")) {
        return;
    }
    for (uint32_t i = 1; i <= 3; i++) {
        render_run(&t, render_create_buffer(i, 100));
    }
    g_assert_cmpuint(render_r64(&t, PUCK_RENDER_BYTES), ==, 300);
    render_refused(&t, render_create_buffer(4, 100),
                   limit(PUCK_RENDER_LIMIT_RESOURCES));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, 2));
    render_alive(&t);
    render_stop(&t);
}

static void test_bad_bytes(void)
{
    uint64_t most = 10 * 16 * SIDE * SIDE;
    RenderCmd cmd;
    Render t;

    if (!render_start(&t, ",render-bytes=655360", "")) {
        return;
    }
    /* Each factor counts. */
    cmd = render_create_res(1);
    cmd.create_res.width = cpu_to_le32(SIDE * 11);
    render_refused(&t, cmd, limit(PUCK_RENDER_LIMIT_BYTES));
    cmd = render_create_res(1);
    cmd.create_res.height = cpu_to_le32(SIDE * 11);
    render_refused(&t, cmd, limit(PUCK_RENDER_LIMIT_BYTES));
    cmd = render_create_res(1);
    cmd.create_res.depth = cpu_to_le32(11);
    render_refused(&t, cmd, limit(PUCK_RENDER_LIMIT_BYTES));
    cmd = render_create_res(1);
    cmd.create_res.array_size = cpu_to_le32(11);
    render_refused(&t, cmd, limit(PUCK_RENDER_LIMIT_BYTES));
    cmd = render_create_res(1);
    cmd.create_res.nr_samples = cpu_to_le32(11);
    render_refused(&t, cmd, limit(PUCK_RENDER_LIMIT_BYTES));
    cmd = render_create_res(1);
    cmd.create_res.height = cpu_to_le32(SIDE * 6);
    cmd.create_res.last_level = cpu_to_le32(1);
    render_refused(&t, cmd, limit(PUCK_RENDER_LIMIT_BYTES));
    render_refused(&t, render_create_buffer(1, most + 1),
                   limit(PUCK_RENDER_LIMIT_BYTES));
    render_run(&t, render_create_buffer(1, most));
    g_assert_cmpuint(render_r64(&t, PUCK_RENDER_BYTES), ==, most);
    render_refused(&t, render_create_buffer(2, 1),
                   limit(PUCK_RENDER_LIMIT_BYTES));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, 1));
    render_alive(&t);
    render_stop(&t);
}

/* Lists of as many segments as one may have, none beside the other. */
static void test_bad_pieces(void)
{
    enum { SEGS = PUCK_GPU_SEGS_MAX_VALUE };
    g_autofree GpuSeg *segs = g_new(GpuSeg, SEGS);
    uint64_t page, list;
    RenderCmd cmd;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    page = puck_machine_pages(&t.e.m, 1);
    for (unsigned i = 0; i < SEGS; i++) {
        segs[i] = SYS(page + i % 2 * 64, 1);
    }
    list = gpu_list(&t.e, segs, SEGS);
    for (uint32_t i = 1; i <= 9; i++) {
        render_run(&t, render_create_buffer(i, SEGS));
        cmd = render_io(&t, PUCK_RENDER_CMD_ATTACH, 0, i, SYS(page, 1), SEGS);
        cmd.io.list = cpu_to_le64(list);
        cmd.io.nsegs = cpu_to_le32(SEGS);
        if (i < 9) {
            render_run(&t, cmd);
        }
    }
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_PIECES), ==, 8 * 2 * SEGS);
    render_refused(&t, cmd, limit(PUCK_RENDER_LIMIT_PIECES));
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_PIECES), ==, 8 * 2 * SEGS);
    render_run(&t, render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, 1));
    render_run(&t, cmd);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_PIECES), ==, 8 * 2 * SEGS);
    render_stop(&t);
}

/* The kernel's bound for the renderer: it ends, and QEMU does not. */
static void test_bad_memory(void)
{
    RenderError lost = { .reason = PUCK_RENDER_ERR_LOST };
    uint32_t i = 0, tail = 0, seqno = 0;
    Render t;

    if (!render_start(&t, ",render-memory=640M,render-contexts=1024", "")) {
        return;
    }
    while (!render_r32(&t, PUCK_RENDER_EPOCH) && i < 1024) {
        tail = t.e.rings[RENDER_RING].tail;
        render_emit(&t, RENDER_RING, render_create_ctx(++i));
        seqno = gpu_fence(&t.e, RENDER_RING, 0);
        gpu_doorbell(&t.e, RENDER_RING);
        while (!render_r32(&t, PUCK_RENDER_EPOCH) &&
               !render_r32(&t, PUCK_GPU_ERR_COUNT) &&
               gpu_ring_r32(&t.e, RENDER_RING, PUCK_GPU_RING_SEQNO) != seqno) {
            g_usleep(1000);
        }
    }
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_EPOCH), ==, 1);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_CONTEXTS), ==, 0);
    gpu_expect_error(&t.e, &(GpuError) {
        .reason = lost.reason, .ring = RENDER_RING, .index = tail,
        .seqno = seqno,
    });
    gpu_ring_recover(&t.e, RENDER_RING);
    render_alive(&t);
    render_stop(&t);
}

void add_render_limit_tests(void)
{
    qtest_add_func("/puck-render3d/limits/bad_contexts", test_bad_contexts);
    qtest_add_func("/puck-render3d/limits/bad_resources", test_bad_resources);
    qtest_add_func("/puck-render3d/limits/bad_bytes", test_bad_bytes);
    qtest_add_func("/puck-render3d/limits/bad_pieces", test_bad_pieces);
    qtest_add_func("/puck-render3d/limits/bad_memory", test_bad_memory);
}
