/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 3D of puck-gpu: its registers, and that it is there or not.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/reg-case.h"
#include "env.h"

#define FIXED(name, reg, size, value) \
    { (name), (reg), (size), (value), (value) }

static const RegCase cases[] = {
    FIXED("STATUS", PUCK_RENDER_STATUS, 4, 0),
    FIXED("EPOCH", PUCK_RENDER_EPOCH, 4, 0),
    FIXED("CONTEXTS_MAX", PUCK_RENDER_CONTEXTS_MAX, 4, 7),
    FIXED("CONTEXTS", PUCK_RENDER_CONTEXTS, 4, 0),
    FIXED("RESOURCES_MAX", PUCK_RENDER_RESOURCES_MAX, 4, 9),
    FIXED("RESOURCES", PUCK_RENDER_RESOURCES, 4, 0),
    FIXED("BYTES_MAX", PUCK_RENDER_BYTES_MAX, 8, 11ull << 30),
    FIXED("BYTES", PUCK_RENDER_BYTES, 8, 0),
    FIXED("SUBMIT_MAX", PUCK_RENDER_SUBMIT_MAX, 4, 0x100000),
    FIXED("PIECES_MAX", PUCK_RENDER_PIECES_MAX, 4, 0x100000),
    FIXED("PIECES", PUCK_RENDER_PIECES, 4, 0),
    FIXED("BACKING_RUNS_MAX", PUCK_RENDER_BACKING_RUNS_MAX, 4, 0x10000),
};

static bool has_3d(GpuEnv *e)
{
    return puck_r64(&e->f, PUCK_GPU_FEATURES) & PUCK_GPU_FEATURE_RENDER3D;
}

static void test_registers(void)
{
    Render t;

    if (!render_start(&t, ",render-rings=2,render-contexts=7,"
                      "render-resources=9,render-bytes=11G", "")) {
        return;
    }
    g_assert_true(has_3d(&t.e));
    g_assert_cmphex(render_r32(&t, PUCK_GPU_VERSION), ==, 0x00020004);
    reg_check_block(&t.e.f, cases, G_N_ELEMENTS(cases), 0, true);
    for (uint64_t at = 0x6038; at < 0x6080; at += 4) {
        puck_w32(&t.e.f, at, UINT32_MAX);
        g_assert_cmphex(render_r32(&t, at), ==, 0);
    }
    reg_check_block(&t.e.f, cases, G_N_ELEMENTS(cases), 0, false);
    render_stop(&t);
}

/* The rings are the last ones, with what they take and their own vectors. */
static void test_rings(void)
{
    Render t;

    if (!render_start(&t, ",rings=3,copy-rings=1,render-rings=2", "")) {
        return;
    }
    g_assert_cmpuint(t.e.num_rings, ==, 5);
    g_assert_cmpuint(t.e.num_vectors, ==, 7);
    g_assert_cmpuint(gpu_ring_r32(&t.e, 1, PUCK_GPU_RING_KIND), ==,
                     PUCK_GPU_KIND_COMPUTE);
    g_assert_cmpuint(gpu_ring_r32(&t.e, 2, PUCK_GPU_RING_KIND), ==,
                     PUCK_GPU_KIND_COPY);
    for (unsigned r = 3; r < 5; r++) {
        g_assert_cmpuint(gpu_ring_r32(&t.e, r, PUCK_GPU_RING_KIND), ==,
                         PUCK_GPU_KIND_RENDER3D);
        g_assert_cmphex(gpu_ring_r64(&t.e, r, PUCK_GPU_RING_OPS), ==,
                        PUCK_RENDER_OPS);
        render_finish(&t, r);
    }
    gpu_alive(&t.e, 0);
    gpu_alive(&t.e, 2);
    render_stop(&t);
}

/* Nothing of it is there, and all else is. */
static void expect_none(GpuEnv *e)
{
    g_assert_false(has_3d(e));
    g_assert_cmpuint(e->num_rings, ==, 2);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmphex(reg_read(&e->f, &cases[i], 0), ==, 0);
    }
    gpu_alive(e, 0);
    gpu_alive(e, 1);
}

static void test_none(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    expect_none(&e);
    gpu_stop(&e);
}

static void test_bad_program(void)
{
    GpuEnv e;

    gpu_start(&e, ",renderer=/nowhere/puck-render3d", RENDER_MEMORY);
    expect_none(&e);
    gpu_stop(&e);
}

static void test_bad_memory(void)
{
    GpuEnv e;

    gpu_start(&e, ",renderer=/bin/true", "");
    expect_none(&e);
    gpu_stop(&e);
}

static void test_bad_options(void)
{
    static const struct {
        const char *options, *says;
    } bad[] = {
        { "render-rings=0", "render-rings: 1 to 2, and 8 rings in all" },
        { "render-rings=3", "render-rings: 1 to 2" },
        { "rings=7,render-rings=2", "render-rings: 1 to 2" },
        { "render-contexts=0", "render-contexts: 1 to 1024" },
        { "render-contexts=1025", "render-contexts: 1 to 1024" },
        { "render-resources=0", "render-resources: 1 to 65536" },
        { "render-resources=65537", "render-resources: 1 to 65536" },
        { "render-memory=255M", "render-memory: at least 256 MiB" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *args = g_strdup_printf(
            "-device puck-gpu,renderer=/bin/true,%s", bad[i].options);

        puck_machine_refused(args, bad[i].says);
    }
}

/* A program that ends at once: what needs it is LOST, and nothing else. */
static void test_bad_renderer(void)
{
    RenderError lost = { .reason = PUCK_RENDER_ERR_LOST, .desc = 0 };
    Render t;

    gpu_start(&t.e, ",renderer=/bin/true", RENDER_MEMORY);
    g_assert_true(has_3d(&t.e));
    for (uint32_t i = 1; i <= 3; i++) {
        render_refused(&t, render_create_ctx(1), lost);
        render_wait_epoch(&t, i);
        g_assert_cmpuint(render_r32(&t, PUCK_RENDER_CONTEXTS), ==, 0);
    }
    render_finish(&t, RENDER_RING);
    gpu_alive(&t.e, 0);
    gpu_stop(&t.e);
}

void add_render_register_tests(void)
{
    qtest_add_func("/puck-render3d/registers/access", test_registers);
    qtest_add_func("/puck-render3d/registers/rings", test_rings);
    qtest_add_func("/puck-render3d/registers/none", test_none);
    qtest_add_func("/puck-render3d/registers/bad_program", test_bad_program);
    qtest_add_func("/puck-render3d/registers/bad_memory", test_bad_memory);
    qtest_add_func("/puck-render3d/registers/bad_options", test_bad_options);
    qtest_add_func("/puck-render3d/registers/bad_renderer",
                   test_bad_renderer);
}
