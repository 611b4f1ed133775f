/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: rings: fetching, the doorbell, reset, and independence; and the
 * error queue.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/gpu-env.h"

#define NONE            PUCK_GPU_ERR_DESC_NONE
#define HOLE            0x8000000000ull
#define BIG_SEGS        PUCK_GPU_SEGS_MAX_VALUE
#define MiB             (1u << 20)

/* More commands than slots, in bunches of each length. */
static void test_wrap(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    for (unsigned bunch = 1; bunch < GPU_RING_SIZE - 1; bunch++) {
        uint32_t value = 0;
        uint32_t seqno;

        for (unsigned i = 0; i < bunch; i++) {
            value = bunch << 16 | i;
            gpu_emit(&e, 0, gpu_fill(&e, SYS(page, 4), 4, value));
        }
        seqno = gpu_fence(&e, 0, PUCK_GPU_FENCE_IRQ);
        gpu_doorbell(&e, 0);
        gpu_wait(&e, 0, seqno);
        g_assert_cmphex(qtest_readl(e.m.qts, page), ==, value);
        g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==,
                         e.rings[0].tail);
    }
    gpu_stop(&e);
}

static void test_enable(void)
{
    static const uint64_t bad_orders[] = { 0, 13, 15 };
    uint64_t base;
    GpuEnv e;

    gpu_start(&e, "", "");
    base = e.rings[0].base;
    gpu_alive(&e, 0);

    /* The base does not change under a ring that is on. */
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_BASE, HOLE | 3);
    g_assert_cmphex(gpu_ring_r64(&e, 0, PUCK_GPU_RING_BASE), ==,
                    base | GPU_ORDER);
    /* Off: nothing is fetched any more. A doorbell is an error. */
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, 0);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(bad_orders); i++) {
        gpu_ring_w64(&e, 0, PUCK_GPU_RING_BASE, base | bad_orders[i]);
        gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
        g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_CTRL), ==, 0);
        g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==, 0);
    }
    gpu_ring_on(&e, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_TAIL), ==, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

static void test_bad_tail(void)
{
    static const uint32_t tails[] = {
        GPU_RING_SIZE, GPU_RING_SIZE + 1, UINT32_MAX,
    };
    GpuError error = { .reason = PUCK_GPU_ERR_TAIL, .ring = 1, .desc = NONE };
    GpuEnv e;

    gpu_start(&e, "", "");
    for (size_t i = 0; i < G_N_ELEMENTS(tails); i++) {
        error.addr = tails[i];
        gpu_ring_w32(&e, 1, PUCK_GPU_RING_TAIL, tails[i]);
        gpu_expect_error(&e, &error);
        g_assert_cmphex(gpu_ring_r32(&e, 1, PUCK_GPU_RING_STATUS), ==,
                        PUCK_GPU_RING_ON);
        gpu_alive(&e, 1);
    }
    gpu_ring_w32(&e, 1, PUCK_GPU_RING_CTRL, 0);
    error.addr = 1;
    gpu_ring_w32(&e, 1, PUCK_GPU_RING_TAIL, 1);
    gpu_expect_error(&e, &error);
    gpu_ring_on(&e, 1);
    gpu_alive(&e, 1);
    gpu_stop(&e);
}

/* Head and tail run into each other: what is there is executed again. */
static void test_bad_overrun(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_alive(&e, 0);
    /* One slot more than there are: the tail comes to stand at the head. */
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, e.rings[0].tail);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON);
    /* Behind the head: the whole ring, slots never written (NOPs) included. */
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, e.rings[0].tail - 1);
    gpu_wait_status(&e, 0, PUCK_GPU_RING_BUSY, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==,
                     e.rings[0].tail - 1);
    gpu_ring_recover(&e, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

static void test_bad_ring_read(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_RING_READ, .ring = 0, .index = 0, .desc = NONE,
        .addr = HOLE,
    };
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_BASE, HOLE | GPU_ORDER);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, 3);
    gpu_expect_error(&e, &error);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_HALTED);
    gpu_ring_recover(&e, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* The fence counts and interrupts all the same; then the ring halts. */
static void test_bad_write_back(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_WRITE_BACK, .ring = 0, .index = 1, .desc = NONE,
        .addr = HOLE + 8,
    };
    GpuCmd nop = { .opcode = cpu_to_le16(PUCK_GPU_CMD_NOP) };
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_WB_ADDR, HOLE + 8);
    error.seqno = gpu_submit(&e, 0, nop);
    gpu_expect_error(&e, &error);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO), ==,
                     error.seqno);
    g_assert_true(puck_msix_take(&e.m, &e.f, e.rings[0].vector, true));
    g_assert_true(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS) &
                  PUCK_GPU_RING_HALTED);
    gpu_ring_recover(&e, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 2);
    gpu_alive(&e, 0);

    /* None asked for: none written. */
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_WB_ADDR, 0);
    gpu_fence(&e, 0, 0);
    gpu_doorbell(&e, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO), ==,
                     e.rings[0].seqno);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_COUNT), ==, 0);
    gpu_stop(&e);
}

/*
 * A copy that goes on for as long as a test wants: 64 GiB, all of them the
 * same 2 MiB.
 */
static GpuCmd endless_copy(GpuEnv *e)
{
    g_autofree GpuSeg *segs = g_new(GpuSeg, BIG_SEGS);
    uint64_t from = puck_machine_pages(&e->m, MiB / PAGE);
    uint64_t to = puck_machine_pages(&e->m, MiB / PAGE);
    GpuCmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_COPY),
        .length = cpu_to_le64((uint64_t)BIG_SEGS * MiB),
    };

    for (unsigned i = 0; i < BIG_SEGS; i++) {
        segs[i] = SYS(from, MiB);
    }
    gpu_set_src(e, &cmd, segs, BIG_SEGS);
    for (unsigned i = 0; i < BIG_SEGS; i++) {
        segs[i] = SYS(to, MiB);
    }
    gpu_set_dst(e, &cmd, segs, BIG_SEGS);
    return cmd;
}

/* While one ring copies for ever, registers answer and other rings work. */
static void test_long_copy(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_submit(&e, 0, endless_copy(&e));
    for (unsigned i = 0; i < 20; i++) {
        g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                        PUCK_GPU_RING_ON | PUCK_GPU_RING_BUSY);
        g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==, 0);
        gpu_alive(&e, 1);
    }
    gpu_ring_recover(&e, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO), ==, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* 64 MiB arrive whole, on two rings at once. */
static void test_64_mib(void)
{
    enum { SIZE = 64 * MiB };
    uint64_t at[3] = { 0x2000000, 0x6000000, 0xa000000 };
    uint64_t page;
    uint32_t crc;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    for (unsigned i = 0; i < SIZE; i += MiB / 4) {
        qtest_memset(e.m.qts, at[0] + i, i / MiB + 1, MiB / 4 - i / MiB);
    }
    gpu_submit(&e, 0, gpu_copy(&e, SYS(at[1], SIZE), SYS(at[0], SIZE), SIZE));
    gpu_submit(&e, 1, gpu_copy(&e, SYS(at[2], SIZE), SYS(at[0], SIZE), SIZE));
    gpu_wait(&e, 0, 1);
    gpu_wait(&e, 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        gpu_run(&e, i & 1, gpu_crc(&e, SYS(page + 4 * i, 4),
                                   SYS(at[i], SIZE), SIZE));
    }
    crc = qtest_readl(e.m.qts, page);
    g_assert_cmphex(crc, !=, 0);
    g_assert_cmphex(qtest_readl(e.m.qts, page + 4), ==, crc);
    g_assert_cmphex(qtest_readl(e.m.qts, page + 8), ==, crc);
    gpu_stop(&e);
}

/* Clearing ENABLE: what was fetched completes, what was not stays. */
static void test_disable(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_START_DELAY, 1000);
    gpu_ring_w64(&e, 1, PUCK_GPU_RING_DELAY, 1000);
    gpu_submit(&e, 0, gpu_fill(&e, SYS(page, 4), 4, 0x1111));
    gpu_submit(&e, 1, gpu_fill(&e, SYS(page + 4, 4), 4, 0x2222));
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w32(&e, 1, PUCK_GPU_RING_CTRL, 0);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==, 0);
    g_assert_cmphex(gpu_ring_r32(&e, 1, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_BUSY);
    qtest_clock_step(e.m.qts, 2000);
    g_assert_cmphex(qtest_readq(e.m.qts, page), ==, 0x222200000000);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==, 0);
    gpu_wait(&e, 1, 1);
    gpu_stop(&e);
}

/* Off and on again while a command is in work: it moves no index. */
static void test_disable_in_work(void)
{
    GpuEnv e;
    uint32_t seqno;

    gpu_start(&e, "", "");
    gpu_submit(&e, 0, gpu_copy(&e, SYS(0x6000000, 64 * MiB),
                               SYS(0x2000000, 64 * MiB), 64 * MiB));
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_on(&e, 0);
    seqno = gpu_fence(&e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&e, 0);
    gpu_wait(&e, 0, seqno);
    gpu_wait_status(&e, 0, PUCK_GPU_RING_BUSY, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==, 1);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* RESET drops what is in the completion stage and keeps its registers. */
static void test_reset_fences(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_DELAY, 1000);
    gpu_ring_w32(&e, 1, PUCK_GPU_RING_HOLD, 1);
    for (unsigned r = 0; r < 2; r++) {
        gpu_fence(&e, r, PUCK_GPU_FENCE_IRQ);
        gpu_fence(&e, r, PUCK_GPU_FENCE_IRQ);
        gpu_doorbell(&e, r);
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_PENDING), ==, 2);
        gpu_ring_recover(&e, r);
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_PENDING), ==, 0);
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_STOP_HEAD), ==, 2);
        g_assert_cmphex(gpu_ring_r32(&e, r, PUCK_GPU_RING_STATUS), ==,
                        PUCK_GPU_RING_ON);
    }
    g_assert_cmpuint(gpu_ring_r64(&e, 0, PUCK_GPU_RING_DELAY), ==, 1000);
    g_assert_cmpuint(gpu_ring_r32(&e, 1, PUCK_GPU_RING_HOLD), ==, 1);
    qtest_clock_step(e.m.qts, 10000);
    gpu_ring_w32(&e, 1, PUCK_GPU_RING_HOLD, 0);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_DELAY, 0);
    for (unsigned r = 0; r < 2; r++) {
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_SEQNO), ==, 0);
        g_assert_false(puck_msix_take(&e.m, &e.f, e.rings[r].vector,
                                      false));
        gpu_alive(&e, r);
    }
    gpu_stop(&e);
}

/* STATUS tells when it is over. */
static void wait_reset(GpuEnv *e)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (!(puck_r32(&e->f, PUCK_GPU_STATUS) & PUCK_GPU_STATUS_RESETTING)) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

/* CTRL.RESET while one ring works and one holds. */
static void test_device_reset(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w32(&e, 1, PUCK_GPU_RING_HOLD, 1);
    gpu_submit(&e, 0, endless_copy(&e));
    gpu_fence(&e, 1, 0);
    gpu_doorbell(&e, 1);
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    wait_reset(&e);
    for (unsigned r = 0; r < 2; r++) {
        g_assert_cmphex(gpu_ring_r32(&e, r, PUCK_GPU_RING_CTRL), ==, 0);
        gpu_ring_on(&e, r);
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_STOP_HEAD), ==, 0);
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_PENDING), ==, 0);
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_HOLD), ==, 0);
        gpu_alive(&e, r);
    }
    gpu_stop(&e);
}

/* Bad doorbells fill the queue; what they were tells which is which. */
static void fill_error_queue(GpuEnv *e, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        gpu_ring_w32(e, i & 1, PUCK_GPU_RING_TAIL, 1000 + i);
    }
}

static void test_error_queue(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    fill_error_queue(&e, PUCK_GPU_ERR_DEPTH + 3);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_COUNT), ==,
                     PUCK_GPU_ERR_DEPTH);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_LOST), ==, 3);
    for (unsigned i = 0; i < PUCK_GPU_ERR_DEPTH; i++) {
        g_assert_cmpuint(puck_r64(&e.f, PUCK_GPU_ERR_ADDR), ==, 1000 + i);
        g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_INFO) >> 8, ==, i & 1);
        puck_w32(&e.f, PUCK_GPU_ERR_POP, 0);
        g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_COUNT), ==,
                         PUCK_GPU_ERR_DEPTH - 1 - i);
    }
    g_assert_cmpuint(puck_r64(&e.f, PUCK_GPU_ERR_ADDR), ==, 0);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_DESC), ==, 0);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_INFO), ==, 0);
    puck_w32(&e.f, PUCK_GPU_ERR_POP, 0);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_COUNT), ==, 0);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_LOST), ==, 3);
    gpu_alive(&e, 0);
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_LOST), ==, 0);
    gpu_stop(&e);
}

static bool error_message(GpuEnv *e, bool expected)
{
    return puck_msix_take(&e->m, &e->f, e->error_vector, expected);
}

static void test_error_interrupt(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    /* Set first, enabled then. */
    fill_error_queue(&e, 1);
    g_assert_false(error_message(&e, false));
    g_assert_cmphex(puck_r32(&e.f, PUCK_GPU_IRQ_STATUS), ==,
                    PUCK_GPU_IRQ_ERROR);
    puck_w32(&e.f, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ERROR);
    g_assert_true(error_message(&e, true));
    /* Stays set: no further message. */
    fill_error_queue(&e, 1);
    g_assert_false(error_message(&e, false));
    puck_w32(&e.f, PUCK_GPU_IRQ_STATUS, ~PUCK_GPU_IRQ_ERROR);
    g_assert_cmphex(puck_r32(&e.f, PUCK_GPU_IRQ_STATUS), ==,
                    PUCK_GPU_IRQ_ERROR);
    /* Cleared, and set again. */
    puck_w32(&e.f, PUCK_GPU_IRQ_STATUS, PUCK_GPU_IRQ_ERROR);
    g_assert_cmphex(puck_r32(&e.f, PUCK_GPU_IRQ_STATUS), ==, 0);
    g_assert_false(error_message(&e, false));
    fill_error_queue(&e, 1);
    g_assert_true(error_message(&e, true));
    gpu_stop(&e);
}

void add_ring_tests(void)
{
    qtest_add_func("/puck-gpu/rings/wrap", test_wrap);
    qtest_add_func("/puck-gpu/rings/enable", test_enable);
    qtest_add_func("/puck-gpu/rings/disable", test_disable);
    qtest_add_func("/puck-gpu/rings/disable-in-work", test_disable_in_work);
    qtest_add_func("/puck-gpu/rings/bad_tail", test_bad_tail);
    qtest_add_func("/puck-gpu/rings/bad_overrun", test_bad_overrun);
    qtest_add_func("/puck-gpu/rings/bad_ring_read", test_bad_ring_read);
    qtest_add_func("/puck-gpu/rings/bad_write_back", test_bad_write_back);
    qtest_add_func("/puck-gpu/rings/long-copy", test_long_copy);
    qtest_add_func("/puck-gpu/rings/64-mib", test_64_mib);
    qtest_add_func("/puck-gpu/rings/reset-fences", test_reset_fences);
    qtest_add_func("/puck-gpu/rings/device-reset", test_device_reset);
    qtest_add_func("/puck-gpu/errors/queue", test_error_queue);
    qtest_add_func("/puck-gpu/errors/interrupt", test_error_interrupt);
}
