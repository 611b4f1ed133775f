/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: kinds of rings and what each takes; and a device that pretends to
 * be of a later version, as a driver of version 2.0 sees it.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/gpu-env.h"

#define NONE            PUCK_GPU_ERR_DESC_NONE
#define NEXT_KIND       0xff

typedef struct Kinds {
    GpuEnv e;
    uint64_t page;              /* source and destination */
} Kinds;

static void kinds_start(Kinds *k, const char *options)
{
    gpu_start(&k->e, options, "");
    k->page = puck_machine_pages(&k->e.m, 2);
}

/* A small command with nothing wrong. */
static GpuCmd command(Kinds *k, uint16_t opcode)
{
    GpuSeg from = SYS(k->page, 256), to = SYS(k->page + PAGE, 256);

    switch (opcode) {
    case PUCK_GPU_CMD_FILL:
        return gpu_fill(&k->e, to, 256, 1);
    case PUCK_GPU_CMD_COPY:
        return gpu_copy(&k->e, to, from, 256);
    case PUCK_GPU_CMD_BLIT:
        return gpu_blit(&k->e, to, from, 32, 16, 8, 4);
    case PUCK_GPU_CMD_CRC32C:
        return gpu_crc(&k->e, to, from, 256);
    default:
        return (GpuCmd) { .opcode = cpu_to_le16(opcode) };
    }
}

/* @opcode halts ring @r, which works when it has been reset. */
static void expect_refused(Kinds *k, unsigned r, uint16_t opcode)
{
    GpuEnv *e = &k->e;
    GpuError error = {
        .reason = PUCK_GPU_ERR_OPCODE, .ring = r, .index = e->rings[r].tail,
        .desc = NONE,
    };
    uint32_t before = gpu_ring_r32(e, r, PUCK_GPU_RING_SEQNO);

    error.seqno = gpu_submit(e, r, command(k, opcode));
    gpu_expect_error(e, &error);
    g_assert_true(gpu_ring_r32(e, r, PUCK_GPU_RING_STATUS) &
                  PUCK_GPU_RING_HALTED);
    g_assert_cmpuint(gpu_ring_r32(e, r, PUCK_GPU_RING_HEAD), ==, error.index);
    g_assert_cmpuint(gpu_ring_r32(e, r, PUCK_GPU_RING_SEQNO), ==, before);
    gpu_ring_recover(e, r);
}

/* Each opcode there is, and the next one: ring @r takes it if RING_OPS says. */
static void expect_ring(Kinds *k, unsigned r, uint32_t kind, uint64_t ops)
{
    GpuEnv *e = &k->e;

    g_assert_cmphex(gpu_ring_r32(e, r, PUCK_GPU_RING_KIND), ==, kind);
    g_assert_cmphex(gpu_ring_r64(e, r, PUCK_GPU_RING_OPS), ==, ops);
    for (uint16_t op = 0; op <= PUCK_GPU_CMD_TLB_FLUSH + 1; op++) {
        g_test_message("ring %u, opcode %u", r, op);
        if (!(ops & 1ull << op)) {
            expect_refused(k, r, op);
        } else if (op == PUCK_GPU_CMD_FENCE) {
            gpu_fence(e, r, PUCK_GPU_FENCE_IRQ);
            gpu_doorbell(e, r);
            gpu_wait(e, r, e->rings[r].seqno);
        } else {
            gpu_run(e, r, command(k, op));
        }
    }
}

static void test_kinds(void)
{
    Kinds k;

    kinds_start(&k, ",rings=4,copy-rings=2");
    for (unsigned r = 0; r < 2; r++) {
        expect_ring(&k, r, PUCK_GPU_KIND_COMPUTE,
                    PUCK_GPU_OPS_COMPUTE | PUCK_GPU_OPS_VM);
    }
    for (unsigned r = 2; r < 4; r++) {
        expect_ring(&k, r, PUCK_GPU_KIND_COPY,
                    PUCK_GPU_OPS_COPY | PUCK_GPU_OPS_VM);
    }
    gpu_stop(&k.e);
}

/* A ring that refuses a command stops alone. */
static void test_bad_crc(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_OPCODE, .ring = 1, .index = 1, .seqno = 1,
        .desc = NONE,
    };
    Kinds k;

    kinds_start(&k, ",copy-rings=1");
    gpu_emit(&k.e, 1, command(&k, PUCK_GPU_CMD_COPY));
    gpu_emit(&k.e, 1, command(&k, PUCK_GPU_CMD_CRC32C));
    gpu_fence(&k.e, 1, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&k.e, 1);
    gpu_expect_error(&k.e, &error);
    gpu_run(&k.e, 0, command(&k, PUCK_GPU_CMD_CRC32C));
    g_assert_cmphex(gpu_ring_r32(&k.e, 1, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_HALTED);
    gpu_ring_recover(&k.e, 1);
    g_assert_cmpuint(gpu_ring_r32(&k.e, 1, PUCK_GPU_RING_STOP_HEAD), ==, 1);
    k.e.rings[1].seqno = 0;
    gpu_alive(&k.e, 1);
    gpu_stop(&k.e);
}

/* What software of version 2.0 reads, and that all of it is as it was. */
static void test_next_minor(void)
{
    uint64_t known = PUCK_GPU_FEATURE_STAGE | PUCK_GPU_FEATURE_MISCHIEF |
                     PUCK_GPU_FEATURE_DISPLAY | PUCK_GPU_FEATURE_VM |
                     PUCK_GPU_FEATURE_SKIP | PUCK_GPU_FEATURE_POWER;
    Kinds k;

    kinds_start(&k, ",rings=3,copy-rings=1,x-next-minor=on");
    g_assert_cmphex(puck_r32(&k.e.f, PUCK_GPU_VERSION), ==, 0x0002ffff);
    g_assert_cmphex(puck_r64(&k.e.f, PUCK_GPU_FEATURES), ==,
                    known | 1ull << 63);
    /* One source more, in front: no known one is where it was. */
    g_assert_cmpuint(k.e.num_vectors, ==, 6);
    g_assert_cmpuint(qpci_msix_table_size(k.e.f.dev), ==, 6);
    g_assert_cmphex(puck_r32(&k.e.f, PUCK_GPU_SOURCE(0)), ==, NEXT_KIND << 16);
    g_assert_cmpuint(k.e.error_vector, ==, 1);
    g_assert_cmpuint(k.e.rings[0].vector, ==, 2);
    for (unsigned r = 0; r < 2; r++) {
        expect_ring(&k, r, PUCK_GPU_KIND_COMPUTE,
                    PUCK_GPU_OPS_COMPUTE | PUCK_GPU_OPS_VM);
    }
    expect_ring(&k, 2, NEXT_KIND,
                1u << PUCK_GPU_CMD_NOP | 1u << PUCK_GPU_CMD_FENCE);
    gpu_stop(&k.e);
}

/* With the other order, too, the table alone tells. */
static void test_next_minor_reverse(void)
{
    Kinds k;

    kinds_start(&k, ",vectors=reverse,x-next-minor=on");
    g_assert_cmphex(puck_r32(&k.e.f, PUCK_GPU_SOURCE(0)), ==,
                    NEXT_KIND << 16 | 4);
    g_assert_cmpuint(k.e.error_vector, ==, 3);
    puck_w32(&k.e.f, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ERROR);
    expect_refused(&k, 1, PUCK_GPU_CMD_COPY);
    g_assert_true(puck_msix_take(&k.e.m, &k.e.f, 3, true));
    gpu_alive(&k.e, 0);
    gpu_stop(&k.e);
}

void add_kind_tests(void)
{
    qtest_add_func("/puck-gpu/kinds/ops", test_kinds);
    qtest_add_func("/puck-gpu/kinds/bad_crc", test_bad_crc);
    qtest_add_func("/puck-gpu/kinds/next-minor", test_next_minor);
    qtest_add_func("/puck-gpu/kinds/next-minor-reverse",
                   test_next_minor_reverse);
}
