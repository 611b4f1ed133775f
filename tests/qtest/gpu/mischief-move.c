/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what rules hold or delay moves with the machine, and goes on there
 * as if nothing had happened.
 */

#include "qemu/osdep.h"
#include "mischief.h"

static void test_fences(void)
{
    uint32_t hold, never, within;
    Mischief from, t;

    mischief_start(&from, ",rings=6");
    hold = mischief_add(&from, "fence.complete ring=0 nth=2 hold");
    mischief_add(&from, "fence.complete ring=1 delay=9us");
    mischief_add(&from, "fence.complete ring=2 count=1 reorder=rings");
    never = mischief_add(&from, "fence.complete ring=3 never");
    within = mischief_add(&from, "fence.complete ring=4 count=1 "
                          "reorder=within");
    mischief_step(&from, 500);
    for (unsigned r = 0; r < 6; r++) {
        mischief_fences(&from, r, r == 0 ? 3 : r == 5 ? 0 : 1);
    }
    /* The first fence of ring 0 was before ring 2's. */
    g_assert_cmpuint(mischief_pending(&from, 2), ==, 1);
    mischief_step(&from, 1000);
    mischief_move(&from, &t);

    mischief_step(&t, 7999);
    g_assert_cmpuint(mischief_seqno(&t, 1), ==, 0);
    g_assert_cmpuint(mischief_pending(&t, 2), ==, 1);
    mischief_step(&t, 1);
    gpu_wait(&t.e, 1, 1);
    gpu_wait(&t.e, 2, 1);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 1);
    mischief_release(&t, hold);
    gpu_wait(&t.e, 0, 3);
    g_assert_cmpuint(mischief_events(&t, hold, "release", ".*\"seqno\": 2"),
                     ==, 1);
    mischief_release(&t, never);
    g_assert_cmpuint(mischief_pending(&t, 3), ==, 1);
    g_assert_cmpuint(mischief_pending(&t, 4), ==, 1);
    mischief_fences(&t, 4, 1);
    gpu_wait(&t.e, 4, 1);
    mischief_counted(&t, within, 2, 1);
    gpu_alive(&t.e, 5);
    mischief_stop(&t);
}

static void test_early(void)
{
    uint32_t held;
    uint64_t page;
    Mischief from, t;

    mischief_start(&from, ",rings=4");
    page = puck_machine_pages(&from.e.m, 1);
    held = mischief_add(&from, "fence.complete ring=0 nth=1 early");
    mischief_add(&from, "fence.complete ring=1 nth=1 early=5us");
    mischief_add(&from, "fence.complete ring=2 nth=1 early=5us");
    gpu_ring_w64(&from.e, 2, PUCK_GPU_RING_DELAY, 10000);
    for (unsigned r = 0; r < 3; r++) {
        gpu_submit(&from.e, r, gpu_fill(&from.e, SYS(page + 4 * r, 4), 4,
                                        0x1000 + r));
    }
    /* A job that has begun is no event on the other side. */
    mischief_add(&from, "fence.complete ring=3 early");
    gpu_emit(&from.e, 3, (GpuCmd) { });
    gpu_doorbell(&from.e, 3);
    gpu_wait(&from.e, 0, 1);
    gpu_wait(&from.e, 1, 1);
    mischief_step(&from, 4000);
    mischief_move(&from, &t);

    mischief_step(&t, 999);
    g_assert_cmphex(qtest_readq(t.e.m.qts, page), ==, 0);
    mischief_step(&t, 1);
    g_assert_cmphex(qtest_readq(t.e.m.qts, page), ==, 0x100100000000);
    mischief_release(&t, held);
    g_assert_cmphex(qtest_readq(t.e.m.qts, page), ==, 0x100100001000);
    /* Its fence comes first, five later the data. */
    mischief_step(&t, 5000);
    gpu_wait(&t.e, 2, 1);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page + 8), ==, 0);
    mischief_step(&t, 5000);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page + 8), ==, 0x1002);
    gpu_run(&t.e, 3, gpu_fill(&t.e, SYS(page, 4), 4, 0));
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0);
    for (unsigned r = 0; r < 2; r++) {
        g_assert_false(mischief_irq(&t, r));
        gpu_alive(&t.e, r);
    }
    mischief_stop(&t);
}

static void test_messages(void)
{
    uint32_t delay;
    Mischief from, t;

    mischief_start(&from, "");
    delay = mischief_add(&from, "irq.raise vector=1 nth=1 delay=8us");
    mischief_add(&from, "irq.raise vector=2 coalesce=20us");
    mischief_fences(&from, 1, 1);
    mischief_fences(&from, 0, 1);
    mischief_step(&from, 3000);
    mischief_move(&from, &t);

    mischief_step(&t, 4999);
    g_assert_false(mischief_irq(&t, 0));
    mischief_step(&t, 1);
    gpu_wait(&t.e, 0, 1);
    g_assert_cmpuint(mischief_events(&t, delay, "expire", ".*\"seqno\": 1, "
                                     "\"vector\": 1"), ==, 1);
    /* Still being coalesced. */
    mischief_fences(&t, 1, 1);
    mischief_step(&t, 11999);
    g_assert_false(mischief_irq(&t, 1));
    mischief_step(&t, 1);
    gpu_wait(&t.e, 1, 2);
    g_assert_cmpuint(mischief_pending(&t, 1), ==, 0);
    mischief_stop(&t);
}

/* In the middle of a delay, of a split, of what lands late, of a long fill. */
static void test_accesses(void)
{
    enum { PAGES = 4, SIZE = PAGES * PAGE, LONG = 20u << 20 };
    g_autofree uint8_t *bytes = g_malloc(SIZE);
    g_autofree uint8_t *got = g_malloc0(SIZE);
    uint64_t src, dst;
    Mischief from, t;
    uint32_t rule;

    for (unsigned i = 0; i < SIZE; i++) {
        bytes[i] = i * 7 + i / PAGE + 1;
    }
    mischief_start(&from, ",rings=5");
    src = puck_machine_pages(&from.e.m, PAGES);
    dst = puck_machine_pages(&from.e.m, 4 * PAGES);
    gpu_write(&from.e, SYS(src, SIZE), bytes);
    rule = mischief_add(&from, "dma.read ring=0 nth=3 delay=10us");
    mischief_add(&from, "dma.write ring=1 nth=2 split=10us");
    mischief_add(&from, "dma.write ring=2 nth=1 reorder");
    mischief_add(&from, "dma.read ring=2 nth=2 delay=10us");
    mischief_add(&from, "dma.read ring=3 nth=4 delay=10us");
    for (unsigned r = 0; r < 3; r++) {
        gpu_submit(&from.e, r, gpu_copy(&from.e, SYS(dst + r * SIZE + 5,
                                                     SIZE - 5),
                                        SYS(src, SIZE - 5), SIZE - 5));
    }
    gpu_submit(&from.e, 3, gpu_crc(&from.e, SYS(dst + 3 * SIZE, 4),
                                   SYS(src, SIZE), SIZE));
    gpu_submit(&from.e, 4, gpu_fill(&from.e, SYS(0x4000000, LONG), LONG,
                                    0x5a5a5a5a));
    mischief_step(&from, 4000);
    mischief_move(&from, &t);

    mischief_step(&t, 5999);
    for (unsigned r = 0; r < 5; r++) {
        g_assert_cmpuint(mischief_seqno(&t, r), ==, 0);
    }
    gpu_read(&t.e, SYS(dst + SIZE, SIZE), got);
    g_assert_cmpmem(got + 5, PAGE, bytes, PAGE);
    g_assert_cmphex(got[2 * PAGE - 1], ==, 0);
    mischief_step(&t, 1);
    /* The long one keeps the others waiting from hold to hold. */
    puck_machine_settle(&t.e.m);
    for (unsigned r = 0; r < 3; r++) {
        gpu_wait(&t.e, r, 1);
        gpu_read(&t.e, SYS(dst + r * SIZE, SIZE), got);
        g_assert_cmpmem(got + 5, SIZE - 5, bytes, SIZE - 5);
    }
    /* No access was seen twice. */
    mischief_counted(&t, rule, 4, 1);
    mischief_counted(&t, rule + 1, 4, 1);
    gpu_wait(&t.e, 3, 1);
    gpu_read(&t.e, SYS(dst + 3 * SIZE, 4), got);
    gpu_run(&t.e, 0, gpu_crc(&t.e, SYS(dst, 4), SYS(src, SIZE), SIZE));
    g_assert_cmphex(qtest_readl(t.e.m.qts, dst), ==,
                    qtest_readl(t.e.m.qts, dst + 3 * SIZE));
    for (unsigned i = 0; i < 50 && !mischief_seqno(&t, 4); i++) {
        puck_machine_settle(&t.e.m);
    }
    gpu_wait(&t.e, 4, 1);
    g_assert_cmphex(qtest_readl(t.e.m.qts, 0x4000000 + LONG - 4), ==,
                    0x5a5a5a5a);
    mischief_stop(&t);
}

static void test_stopped(void)
{
    uint32_t stall, reset;
    Mischief from, t;

    mischief_start(&from, ",rings=3");
    stall = mischief_add(&from, "device ring=0 stall");
    mischief_add(&from, "device ring=1 stall=9us");
    reset = mischief_add(&from, "device ring=2 reset-fails");
    mischief_fences(&from, 0, 1);
    mischief_fences(&from, 1, 1);
    gpu_ring_w32(&from.e, 2, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    mischief_step(&from, 1000);
    mischief_move(&from, &t);

    g_assert_cmphex(gpu_ring_r32(&t.e, 2, PUCK_GPU_RING_CTRL), ==,
                    PUCK_GPU_RING_RESET);
    mischief_step(&t, 7999);
    g_assert_cmpuint(mischief_seqno(&t, 1), ==, 0);
    mischief_step(&t, 1);
    gpu_wait(&t.e, 1, 1);
    mischief_release(&t, stall);
    gpu_wait(&t.e, 0, 1);
    mischief_release(&t, reset);
    g_assert_cmphex(gpu_ring_r32(&t.e, 2, PUCK_GPU_RING_CTRL), ==, 0);
    mischief_stop(&t);
}

static void test_gone(void)
{
    Mischief from, t;

    mischief_start(&from, "");
    mischief_add(&from, "device count=1 gone=9us");
    g_assert_cmphex(puck_r32(&from.e.f, PUCK_GPU_MAGIC), ==, UINT32_MAX);
    mischief_step(&from, 1000);
    mischief_move(&from, &t);

    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_MAGIC), ==, UINT32_MAX);
    g_assert_cmphex(qpci_config_readl(t.e.f.dev, 0), ==, UINT32_MAX);
    g_assert_cmphex(qpci_io_readl(t.e.f.dev, t.e.f.dev->msix_table_bar, 0), ==,
                    UINT32_MAX);
    mischief_step(&t, 8000);
    g_assert_cmphex(qpci_config_readl(t.e.f.dev, 0), ==, 0x70c11234);
    puck_function_free(&t.e.f);
    for (unsigned r = 0; r < 2; r++) {
        t.e.rings[r] = (GpuRing) { };
    }
    gpu_attach(&t.e, 0, GPU_DEVFN);
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

/* A device's CTRL.RESET that fails, and the window. */
static void test_device(void)
{
    uint32_t rule;
    Mischief from, t;

    mischief_start(&from, "");
    rule = mischief_add(&from, "device count=1 reset-fails");
    puck_w32(&from.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    puck_w32(&from.e.f, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_ARG, 4711);
    mischief_move(&from, &t);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==,
                    PUCK_GPU_STATUS_RESETTING);
    g_assert_cmpuint(puck_r32(&t.e.f, PUCK_MISCHIEF_WINDOW +
                              PUCK_MISCHIEF_ARG), ==, 4711);
    mischief_release(&t, rule);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, 0);
    mischief_stop(&t);
}

void add_mischief_move_tests(void)
{
    qtest_add_func("/puck-gpu/mischief/move/fences", test_fences);
    qtest_add_func("/puck-gpu/mischief/move/early", test_early);
    qtest_add_func("/puck-gpu/mischief/move/messages", test_messages);
    qtest_add_func("/puck-gpu/mischief/move/accesses", test_accesses);
    qtest_add_func("/puck-gpu/mischief/move/stopped", test_stopped);
    qtest_add_func("/puck-gpu/mischief/move/gone", test_gone);
    qtest_add_func("/puck-gpu/mischief/move/device", test_device);
}
