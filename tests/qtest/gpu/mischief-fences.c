/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: mischief at the site fence.complete. Each action is seen, and is
 * not seen where the rule does not match.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mischief.h"

#define NONE            PUCK_GPU_ERR_DESC_NONE
#define OF_RING(r, n)   ", \"ring\": " #r ", \"seqno\": " #n "\\}"

static void test_delay(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 nth=2 delay=5us");
    mischief_fences(&t, 0, 1);
    gpu_wait(&t.e, 0, 1);
    /* The second is late, the third waits behind it. */
    mischief_fences(&t, 0, 2);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 2);
    mischief_step(&t, 4999);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 1);
    g_assert_cmpuint(mischief_events(&t, rule, "expire", ""), ==, 0);
    mischief_step(&t, 1);
    gpu_wait(&t.e, 0, 3);
    mischief_counted(&t, rule, 3, 1);
    g_assert_cmpuint(mischief_acts(&t, rule, "delay", ", \"value\": 5000"
                                   OF_RING(0, 2)), ==, 1);
    g_assert_cmpuint(mischief_events(&t, rule, "expire", OF_RING(0, 2)),
                     ==, 1);
    mischief_stop(&t);
}

static void test_delay_not(void)
{
    uint32_t ring, device, nth;
    Mischief t;

    mischief_start(&t, "");
    ring = mischief_add(&t, "fence.complete ring=0 delay=1s");
    device = mischief_add(&t, "fence.complete device=gpu1 delay=1s");
    nth = mischief_add(&t, "fence.complete ring=1 nth=3 delay=1s");
    mischief_fences(&t, 1, 2);
    gpu_wait(&t.e, 1, 2);
    mischief_counted(&t, ring, 0, 0);
    mischief_counted(&t, device, 0, 0);
    mischief_counted(&t, nth, 2, 0);
    mischief_remove(&t, ring);
    mischief_fences(&t, 0, 1);
    gpu_wait(&t.e, 0, 1);
    g_assert_cmpuint(puck_log_count(t.log, "."), ==, 0);
    mischief_stop(&t);
}

/* What is drawn is within bounds, differs, and is what the fence waits. */
static void test_delay_drawn(void)
{
    static const char *const rules[] = {
        "fence.complete ring=0 delay=uniform:100us-200us",
        "fence.complete ring=0 delay=exp:150us",
    };
    Mischief t;

    mischief_start(&t, "");
    for (unsigned i = 0; i < G_N_ELEMENTS(rules); i++) {
        uint32_t rule = mischief_add(&t, rules[i]);
        int64_t before = -1, sum = 0;

        for (unsigned n = 0; n < 40; n++) {
            uint32_t seqno = mischief_seqno(&t, 0) + 1;
            g_autofree char *line = g_strdup_printf(
                "\"rule\": %u, \"action\": .*\"seqno\": %u\\}", rule, seqno);
            int64_t value;

            mischief_fences(&t, 0, 1);
            value = puck_log_number(t.log, line, "value");
            if (value > 1) {
                mischief_step(&t, value - 1);
                g_assert_cmpuint(mischief_seqno(&t, 0), ==, seqno - 1);
            }
            mischief_step(&t, 1);
            g_assert_cmpuint(mischief_seqno(&t, 0), ==, seqno);
            g_assert_true(i || (value >= 100000 && value <= 200000));
            g_assert_cmpint(value, !=, before);
            before = value;
            sum += value;
        }
        /* 40 draws of mean 150 us: this wide of it they are never. */
        g_assert_cmpint(sum / 40, >, 60000);
        g_assert_cmpint(sum / 40, <, 320000);
        mischief_remove(&t, rule);
    }
    mischief_stop(&t);
}

static void test_hold(void)
{
    uint32_t rule, other;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 seqno=2 hold");
    other = mischief_add(&t, "fence.complete ring=0 seqno=4 hold");
    mischief_fences(&t, 0, 4);
    mischief_step(&t, 1000000000);
    gpu_wait(&t.e, 0, 1);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 3);
    /* Another ring does not mind, nor does another rule's release count. */
    gpu_alive(&t.e, 1);
    mischief_release(&t, other);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 1);
    mischief_release(&t, rule);
    gpu_wait(&t.e, 0, 4);
    g_assert_cmpuint(mischief_events(&t, rule, "release", OF_RING(0, 2)),
                     ==, 1);
    g_assert_cmpuint(mischief_events(&t, other, "release", OF_RING(0, 4)),
                     ==, 1);
    /* Removing releases, too. */
    mischief_remove(&t, rule);
    rule = mischief_add(&t, "fence.complete hold");
    mischief_fences(&t, 0, 1);
    mischief_fences(&t, 1, 1);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 1);
    mischief_remove(&t, rule);
    gpu_wait(&t.e, 0, 5);
    g_assert_cmpuint(mischief_pending(&t, 1), ==, 0);
    mischief_stop(&t);
}

/* What is held is forgotten with the ring, and with the device. */
static void test_hold_reset(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete count=2 hold");
    mischief_fences(&t, 0, 1);
    mischief_fences(&t, 1, 1);
    gpu_ring_recover(&t.e, 0);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 0);
    puck_w32(&t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    mischief_release(&t, rule);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 0);
    g_assert_cmpuint(mischief_seqno(&t, 1), ==, 0);
    g_assert_cmpuint(mischief_events(&t, rule, "release", ""), ==, 0);
    mischief_stop(&t);
}

static void test_hold_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 seqno=5-9 count=1 hold");
    mischief_fences(&t, 0, 4);
    gpu_wait(&t.e, 0, 4);
    mischief_counted(&t, rule, 0, 0);
    mischief_fences(&t, 0, 1);
    mischief_release(&t, rule);
    /* It was to fire once. */
    mischief_fences(&t, 0, 2);
    gpu_wait(&t.e, 0, 7);
    mischief_counted(&t, rule, 3, 1);
    mischief_stop(&t);
}

static void test_rings(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, ",rings=3");
    rule = mischief_add(&t, "fence.complete ring=0 nth=1 reorder=rings");
    mischief_fences(&t, 0, 2);
    mischief_step(&t, 1000000000);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 2);
    /* A fence of the ring itself does not help, one of another does. */
    mischief_fences(&t, 0, 1);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 3);
    mischief_fences(&t, 2, 1);
    gpu_wait(&t.e, 2, 1);
    gpu_wait(&t.e, 0, 3);
    g_assert_cmpuint(mischief_events(&t, rule, "release", OF_RING(0, 1)),
                     ==, 1);
    /* Two that wait for each other wait until one is released. */
    mischief_remove(&t, rule);
    rule = mischief_add(&t, "fence.complete ring=0 count=1 reorder=rings");
    mischief_add(&t, "fence.complete ring=1 count=1 reorder=rings");
    mischief_fences(&t, 0, 1);
    mischief_fences(&t, 1, 1);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 1);
    g_assert_cmpuint(mischief_pending(&t, 1), ==, 1);
    mischief_release(&t, rule);
    gpu_wait(&t.e, 0, 4);
    gpu_wait(&t.e, 1, 1);
    mischief_stop(&t);
}

/* A ring that waited for room in its stage goes on when others are done. */
static void test_rings_full(void)
{
    enum { ORDER = 11, COUNT = PUCK_GPU_RING_FENCES_MAX_VALUE + 20 };
    uint64_t base;
    Mischief t;

    mischief_start(&t, "");
    mischief_add(&t, "fence.complete ring=0 nth=1 reorder=rings");
    base = puck_machine_pages(&t.e.m, (64 << ORDER) / PAGE);
    for (unsigned i = 0; i < COUNT; i++) {
        GpuCmd cmd = {
            .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE),
            .flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ),
            .seqno = cpu_to_le32(i + 1),
        };

        qtest_memwrite(t.e.m.qts, base + i * sizeof(cmd), &cmd, sizeof(cmd));
    }
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_BASE, base | ORDER);
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_TAIL, COUNT);
    puck_machine_settle(&t.e.m);
    g_assert_cmpuint(mischief_pending(&t, 0), ==,
                     PUCK_GPU_RING_FENCES_MAX_VALUE);
    mischief_fences(&t, 1, 1);
    puck_machine_settle(&t.e.m);
    gpu_wait(&t.e, 0, COUNT);
    mischief_stop(&t);
}

static void test_rings_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=1 reorder=rings");
    mischief_fences(&t, 0, 1);
    gpu_wait(&t.e, 0, 1);
    mischief_counted(&t, rule, 0, 0);
    mischief_remove(&t, rule);
    mischief_fences(&t, 1, 1);
    gpu_wait(&t.e, 1, 1);
    g_assert_cmpuint(puck_log_count(t.log, "."), ==, 0);
    mischief_stop(&t);
}

static void test_error(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_INJECTED, .index = 2, .desc = NONE, .seqno = 2,
    };
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 seqno=2 error");
    mischief_fences(&t, 0, 1);
    gpu_emit(&t.e, 0, (GpuCmd) { });
    mischief_fences(&t, 0, 2);
    gpu_wait_status(&t.e, 0, PUCK_GPU_RING_HALTED, PUCK_GPU_RING_HALTED);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 1);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_HEAD), ==, 2);
    gpu_expect_error(&t.e, &error);
    g_assert_cmpuint(mischief_acts(&t, rule, "error", OF_RING(0, 2)), ==, 1);
    gpu_alive(&t.e, 1);
    gpu_ring_recover(&t.e, 0);
    g_assert_cmpuint(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 2);
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

static void test_error_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 nth=4 error");
    mischief_fences(&t, 0, 3);
    gpu_wait(&t.e, 0, 3);
    gpu_alive(&t.e, 1);
    mischief_counted(&t, rule, 3, 0);
    g_assert_cmpuint(puck_r32(&t.e.f, PUCK_GPU_ERR_COUNT), ==, 0);
    mischief_stop(&t);
}

static void test_never(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 nth=2 never");
    mischief_fences(&t, 0, 3);
    gpu_wait(&t.e, 0, 1);
    mischief_step(&t, 100000000000);
    mischief_release(&t, rule);
    mischief_remove(&t, rule);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 1);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 2);
    g_assert_false(mischief_irq(&t, 0));
    g_assert_cmpuint(mischief_acts(&t, rule, "never", OF_RING(0, 2)), ==, 1);
    gpu_alive(&t.e, 1);
    gpu_ring_recover(&t.e, 0);
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

static void test_never_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 from=3 never");
    mischief_fences(&t, 0, 2);
    gpu_wait(&t.e, 0, 2);
    mischief_fences(&t, 1, 5);
    gpu_wait(&t.e, 1, 5);
    mischief_counted(&t, rule, 2, 0);
    mischief_stop(&t);
}

/* Every number that the slot shows is also seen in a message. */
static void test_within(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 nth=2 reorder=within");
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 100);
    mischief_fences(&t, 0, 1);
    mischief_step(&t, 10);
    mischief_fences(&t, 0, 1);
    mischief_step(&t, 1000);
    /* Alone it waits. */
    gpu_wait(&t.e, 0, 1);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 1);
    mischief_fences(&t, 0, 1);
    mischief_step(&t, 99);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 2);
    /* The third and the second are due at the same time, in this order. */
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_HOLD, 1);
    mischief_step(&t, 1);
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_RELEASE, 1);
    gpu_wait(&t.e, 0, 3);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 1);
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_RELEASE, 1);
    gpu_wait(&t.e, 0, 2);
    g_assert_cmpuint(mischief_events(&t, rule, "release", OF_RING(0, 2)),
                     ==, 1);
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_HOLD, 0);
    mischief_fences(&t, 0, 1);
    mischief_step(&t, 100);
    gpu_wait(&t.e, 0, 4);
    mischief_stop(&t);
}

/* Each of a row: every one lets the next go first, the last has to wait. */
static void test_within_row(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 reorder=within");
    mischief_fences(&t, 0, 4);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 4);
    mischief_release(&t, rule);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 0);
    /* In front of all is the last. */
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 1);
    mischief_counted(&t, rule, 4, 4);
    g_assert_cmpuint(mischief_events(&t, rule, "release", ""), ==, 4);
    mischief_stop(&t);
}

static void test_within_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 nth=9 reorder=within");
    for (unsigned i = 1; i <= 8; i++) {
        mischief_fences(&t, 0, 1);
        gpu_wait(&t.e, 0, i);
        gpu_alive(&t.e, 1);
    }
    mischief_counted(&t, rule, 8, 0);
    mischief_stop(&t);
}

static void test_early(void)
{
    uint32_t rule, seqno;
    uint64_t page;
    Mischief t;

    mischief_start(&t, "");
    page = puck_machine_pages(&t.e.m, 1);
    rule = mischief_add(&t, "fence.complete ring=0 nth=1 early=7us");
    gpu_emit(&t.e, 0, (GpuCmd) { });
    gpu_emit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4), 4, 0xfeed));
    seqno = gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page + 4, 4), 4, 0xbeef));
    /* Number, slot and interrupt are there, the data not. */
    gpu_wait(&t.e, 0, seqno);
    g_assert_cmpuint(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_HEAD), ==, 0);
    g_assert_true(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_STATUS) &
                  PUCK_GPU_RING_BUSY);
    mischief_step(&t, 6999);
    g_assert_cmphex(qtest_readq(t.e.m.qts, page), ==, 0);
    mischief_step(&t, 1);
    g_assert_cmphex(qtest_readq(t.e.m.qts, page), ==, 0xbeef0000feed);
    /* And no second fence. */
    g_assert_cmpuint(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_HEAD), ==, 4);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 0);
    g_assert_false(mischief_irq(&t, 0));
    g_assert_cmpuint(mischief_acts(&t, rule, "early", ", \"value\": 7000"
                                   OF_RING(0, 1)), ==, 1);
    g_assert_cmpuint(mischief_events(&t, rule, "expire", OF_RING(0, 1)),
                     ==, 1);
    /* One event a job. */
    gpu_alive(&t.e, 0);
    mischief_counted(&t, rule, 2, 1);
    mischief_stop(&t);
}

static void test_early_held(void)
{
    uint32_t rule, seqno;
    uint64_t page;
    Mischief t;

    mischief_start(&t, "");
    page = puck_machine_pages(&t.e.m, 1);
    rule = mischief_add(&t, "fence.complete ring=0 count=1 early");
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 100);
    seqno = gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4), 4, 0xfeed));
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page + 4, 4), 4, 0xbeef));
    /* Released before the fence it is not the less early. */
    mischief_release(&t, rule);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 0);
    g_assert_cmphex(qtest_readq(t.e.m.qts, page), ==, 0);
    mischief_step(&t, 100);
    gpu_wait(&t.e, 0, seqno);
    mischief_step(&t, 100);
    gpu_wait(&t.e, 0, seqno + 1);
    g_assert_cmphex(qtest_readq(t.e.m.qts, page), ==, 0xbeef0000feed);

    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 0);
    mischief_remove(&t, rule);
    rule = mischief_add(&t, "fence.complete ring=0 count=1 early");
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4), 4, 0));
    gpu_wait(&t.e, 0, 3);
    mischief_step(&t, 1000000000);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0xfeed);
    mischief_release(&t, rule);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0);
    g_assert_cmpuint(mischief_events(&t, rule, "release", OF_RING(0, 3)),
                     ==, 1);
    mischief_stop(&t);
}

static void test_early_reset(void)
{
    uint32_t rule;
    uint64_t page;
    Mischief t;

    mischief_start(&t, "");
    page = puck_machine_pages(&t.e.m, 1);
    rule = mischief_add(&t, "fence.complete ring=0 count=1 early");
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4), 4, 0xfeed));
    gpu_wait(&t.e, 0, 1);
    gpu_ring_recover(&t.e, 0);
    g_assert_cmpuint(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 0);
    mischief_release(&t, rule);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0);
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

/* Not for a job whose FENCE is not there yet, nor for one that has begun. */
static void test_early_not(void)
{
    uint32_t rule, other;
    uint64_t page;
    Mischief t;

    mischief_start(&t, "");
    page = puck_machine_pages(&t.e.m, 1);
    rule = mischief_add(&t, "fence.complete ring=0 early");
    other = mischief_add(&t, "fence.complete ring=1 nth=2 early");
    gpu_emit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4), 4, 0xfeed));
    gpu_doorbell(&t.e, 0);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0xfeed);
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4), 4, 0xbeef));
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0xbeef);
    gpu_wait(&t.e, 0, 1);
    /* A FENCE alone has nothing to be before. */
    mischief_fences(&t, 0, 1);
    gpu_wait(&t.e, 0, 2);
    mischief_counted(&t, rule, 0, 0);
    gpu_submit(&t.e, 1, gpu_fill(&t.e, SYS(page, 4), 4, 0xcafe));
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0xcafe);
    mischief_counted(&t, other, 1, 0);
    mischief_stop(&t);
}

static void test_start(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete ring=0 start=0xfffffffe");
    gpu_ring_recover(&t.e, 0);
    gpu_ring_recover(&t.e, 1);
    g_assert_cmphex(mischief_seqno(&t, 0), ==, 0xfffffffe);
    g_assert_cmphex(mischief_seqno(&t, 1), ==, 0);
    g_assert_cmpuint(mischief_acts(&t, rule, "start", ", \"value\": 4294967294,"
                                   " \"ring\": 0\\}"), ==, 1);
    /* Numbers go on from there, over the end. */
    t.e.rings[0].seqno = 0xfffffffe;
    mischief_fences(&t, 0, 1);
    gpu_wait(&t.e, 0, 0xffffffff);
    mischief_fences(&t, 0, 2);
    gpu_wait(&t.e, 0, 1);
    mischief_stop(&t);
}

static void test_start_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    mischief_fences(&t, 0, 3);
    rule = mischief_add(&t, "fence.complete ring=0 nth=2 start=77");
    gpu_ring_recover(&t.e, 0);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 3);
    mischief_counted(&t, rule, 1, 0);
    /* To enable what is on is no event. */
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 3);
    mischief_counted(&t, rule, 1, 0);
    mischief_stop(&t);
}

void add_mischief_fence_tests(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "delay", test_delay }, { "delay-not", test_delay_not },
        { "delay-drawn", test_delay_drawn },
        { "hold", test_hold }, { "hold-reset", test_hold_reset },
        { "hold-not", test_hold_not },
        { "rings", test_rings }, { "rings-full", test_rings_full },
        { "rings-not", test_rings_not },
        { "error", test_error }, { "error-not", test_error_not },
        { "never", test_never }, { "never-not", test_never_not },
        { "within", test_within }, { "within-row", test_within_row },
        { "within-not", test_within_not },
        { "early", test_early }, { "early-held", test_early_held },
        { "early-reset", test_early_reset }, { "early-not", test_early_not },
        { "start", test_start }, { "start-not", test_start_not },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/puck-gpu/mischief/fence/%s",
                                                tests[i].name);

        qtest_add_func(path, tests[i].run);
    }
}
