/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: interrupt sources. The table is what the contract says, in both
 * orders; each message arrives at the vector that the table names, and there
 * alone.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qobject/qdict.h"
#include "common/gpu-env.h"

#define RINGS           3
#define HEADS           2
#define SOURCES         (1 + RINGS + HEADS)

/* What source @i has to read, its vector left out. */
static uint32_t kind_of(unsigned i)
{
    if (!i) {
        return PUCK_GPU_SOURCE_ERROR << ctz32(PUCK_GPU_SOURCE_KIND);
    }
    if (i > RINGS) {
        return PUCK_GPU_SOURCE_VBLANK << ctz32(PUCK_GPU_SOURCE_KIND) |
               (i - 1 - RINGS) << ctz32(PUCK_GPU_SOURCE_INDEX);
    }
    return PUCK_GPU_SOURCE_FENCE << ctz32(PUCK_GPU_SOURCE_KIND) |
           (i - 1) << ctz32(PUCK_GPU_SOURCE_INDEX);
}

static void expect_table(GpuEnv *e, bool reverse)
{
    g_assert_cmpuint(puck_r32(&e->f, PUCK_GPU_NUM_SOURCES), ==, SOURCES);
    g_assert_cmpuint(qpci_msix_table_size(e->f.dev), ==, SOURCES);
    for (unsigned i = 0; i < SOURCES; i++) {
        unsigned vector = reverse ? SOURCES - 1 - i : i;

        g_assert_cmphex(puck_r32(&e->f, PUCK_GPU_SOURCE(i)), ==,
                        kind_of(i) | vector);
    }
}

/* Takes a message of @vector, and there is none of another one. */
static void expect_message(GpuEnv *e, unsigned vector)
{
    g_assert_true(puck_msix_take(&e->m, &e->f, vector, true));
    for (unsigned v = 0; v < SOURCES; v++) {
        g_assert_false(puck_msix_take(&e->m, &e->f, v, false));
    }
}

static void expect_messages(GpuEnv *e)
{
    for (unsigned r = 0; r < RINGS; r++) {
        uint32_t seqno = gpu_fence(e, r, PUCK_GPU_FENCE_IRQ);

        gpu_doorbell(e, r);
        puck_machine_settle(&e->m);
        g_assert_cmpuint(gpu_ring_r32(e, r, PUCK_GPU_RING_SEQNO), ==, seqno);
        expect_message(e, e->rings[r].vector);
    }
    puck_w32(&e->f, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ERROR);
    gpu_ring_w32(e, 1, PUCK_GPU_RING_TAIL, UINT32_MAX);
    expect_message(e, e->error_vector);
}

static void test_forward(void)
{
    GpuEnv e;

    gpu_start(&e, ",rings=3,heads=2", "");
    expect_table(&e, false);
    expect_messages(&e);
    gpu_stop(&e);
    /* The default has that name, too. */
    gpu_start(&e, ",rings=3,heads=2,vectors=forward", "");
    expect_table(&e, false);
    gpu_stop(&e);
}

static void test_reverse(void)
{
    GpuEnv e;

    gpu_start(&e, ",rings=3,heads=2,vectors=reverse", "");
    expect_table(&e, true);
    g_assert_cmpuint(e.error_vector, ==, 5);
    g_assert_cmpuint(e.rings[0].vector, ==, 4);
    g_assert_cmpuint(e.rings[2].vector, ==, 2);
    expect_messages(&e);
    /* No reset changes it. */
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    expect_table(&e, true);
    gpu_stop(&e);
}

static void expect_vectors(GpuEnv *e, const char *value)
{
    QDict *rsp = qtest_qmp(e->m.qts, "{ 'execute': 'qom-get', 'arguments': "
                           "{ 'path': '/machine/peripheral/gpu0', "
                           "'property': 'vectors' } }");

    g_assert_cmpstr(qdict_get_str(rsp, "return"), ==, value);
    qobject_unref(rsp);
}

/* The table is made with the device: it cannot be turned round later. */
static void test_bad_later(void)
{
    QDict *rsp;
    GpuEnv e;

    gpu_start(&e, ",rings=3,heads=2", "");
    expect_vectors(&e, "forward");
    rsp = qtest_qmp(e.m.qts, "{ 'execute': 'qom-set', 'arguments': "
                    "{ 'path': '/machine/peripheral/gpu0', "
                    "'property': 'vectors', 'value': 'reverse' } }");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    expect_vectors(&e, "forward");
    expect_table(&e, false);
    expect_messages(&e);
    gpu_stop(&e);
}

void add_source_tests(void)
{
    qtest_add_func("/puck-gpu/sources/forward", test_forward);
    qtest_add_func("/puck-gpu/sources/reverse", test_reverse);
    qtest_add_func("/puck-gpu/sources/bad_later", test_bad_later);
}
