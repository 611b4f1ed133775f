/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the completion stage. The virtual clock stands still in a qtest but
 * for clock_step, so that every time here is exact.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "common/gpu-env.h"

#define MSIX_MESSAGE    0x5000u

static uint32_t seqno_of(GpuEnv *e, unsigned r)
{
    return gpu_ring_r32(e, r, PUCK_GPU_RING_SEQNO);
}

static uint32_t pending(GpuEnv *e, unsigned r)
{
    return gpu_ring_r32(e, r, PUCK_GPU_RING_PENDING);
}

static bool is_held(GpuEnv *e, unsigned r)
{
    return gpu_ring_r32(e, r, PUCK_GPU_RING_STATUS) & PUCK_GPU_RING_HELD;
}

static void fences(GpuEnv *e, unsigned r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        gpu_fence(e, r, PUCK_GPU_FENCE_IRQ);
    }
    gpu_doorbell(e, r);
}

static bool took_irq(GpuEnv *e, unsigned r)
{
    return puck_msix_take(&e->m, &e->f, e->rings[r].vector, false);
}

static void test_delay(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_DELAY, 50 * 1000 * 1000);
    gpu_submit(&e, 0, gpu_fill(&e, SYS(page, 4), 4, 0xfeed));

    /* The data is there at once, the fence late. */
    g_assert_cmphex(qtest_readl(e.m.qts, page), ==, 0xfeed);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_BUSY);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==, 2);
    qtest_clock_step(e.m.qts, 50 * 1000 * 1000 - 1);
    g_assert_cmpuint(seqno_of(&e, 0), ==, 0);
    g_assert_cmpuint(pending(&e, 0), ==, 1);
    g_assert_cmpuint(qtest_readq(e.m.qts, e.rings[0].wb), ==, 0);
    g_assert_false(took_irq(&e, 0));
    qtest_clock_step(e.m.qts, 1);
    gpu_wait(&e, 0, 1);
    g_assert_cmpuint(pending(&e, 0), ==, 0);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON);
    gpu_stop(&e);
}

static void test_start_delay(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_START_DELAY, 1000);
    gpu_submit(&e, 0, gpu_fill(&e, SYS(page, 4), 4, 0xfeed));
    qtest_clock_step(e.m.qts, 500);
    /* A doorbell to a busy ring starts nothing anew. */
    gpu_submit(&e, 0, gpu_fill(&e, SYS(page + 4, 4), 4, 0xbeef));
    qtest_clock_step(e.m.qts, 499);
    g_assert_cmphex(qtest_readq(e.m.qts, page), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==, 0);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_BUSY);
    qtest_clock_step(e.m.qts, 1);
    gpu_wait(&e, 0, 2);
    g_assert_cmphex(qtest_readq(e.m.qts, page), ==, 0xbeef0000feed);
    gpu_stop(&e);
}

/* A later fence with a shorter delay does not overtake. */
static void test_order(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_DELAY, 1000);
    fences(&e, 0, 1);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_DELAY, 0);
    fences(&e, 0, 1);
    fences(&e, 1, 1);
    gpu_wait(&e, 1, 1);
    qtest_clock_step(e.m.qts, 999);
    g_assert_cmpuint(seqno_of(&e, 0), ==, 0);
    g_assert_cmpuint(pending(&e, 0), ==, 2);
    qtest_clock_step(e.m.qts, 1);
    gpu_wait(&e, 0, 2);
    gpu_stop(&e);
}

/*
 * The slot is written before the message: with both at the same address the
 * message is what is left.
 */
static void test_write_back_first(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_WB_ADDR,
                 e.f.msix_message + 8 * e.rings[0].vector);
    fences(&e, 0, 1);
    g_assert_cmphex(qtest_readl(e.m.qts, e.f.msix_message +
                                8 * e.rings[0].vector), ==,
                    MSIX_MESSAGE + e.rings[0].vector);
    gpu_stop(&e);
}

static void test_no_irq(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_fence(&e, 0, 0);
    gpu_doorbell(&e, 0);
    g_assert_cmpuint(seqno_of(&e, 0), ==, 1);
    g_assert_cmpuint(qtest_readq(e.m.qts, e.rings[0].wb), ==, 1);
    g_assert_false(took_irq(&e, 0));
    gpu_stop(&e);
}

/* The sequence, written down a second time from the contract. */
static uint64_t model_next(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* One fence at a time comes exactly when the sequence says. */
static void expect_jitter(GpuEnv *e, unsigned r, uint64_t *state,
                          uint64_t delay, uint64_t jitter, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t late = delay + model_next(state) % (jitter + 1);
        uint32_t before = seqno_of(e, r);

        fences(e, r, 1);
        if (late > 1) {
            qtest_clock_step(e->m.qts, late - 1);
        }
        if (late) {
            g_assert_cmpuint(seqno_of(e, r), ==, before);
            qtest_clock_step(e->m.qts, 1);
        }
        g_assert_cmpuint(seqno_of(e, r), ==, before + 1);
        took_irq(e, r);
    }
}

static void mask(GpuEnv *e, unsigned vector, bool masked)
{
    uint64_t entry = e->f.dev->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;

    qpci_io_writel(e->f.dev, e->f.dev->msix_table_bar,
                   entry + PCI_MSIX_ENTRY_VECTOR_CTRL,
                   masked ? PCI_MSIX_ENTRY_CTRL_MASKBIT : 0);
}

static bool is_pending(GpuEnv *e, unsigned vector)
{
    return qpci_io_readl(e->f.dev, e->f.dev->msix_pba_bar,
                         e->f.dev->msix_pba_off) & (1u << vector);
}

/* The fence is there, and its message waits for the vector. */
static void test_masked(void)
{
    unsigned vector;
    GpuEnv e;

    gpu_start(&e, "", "");
    vector = e.rings[0].vector;
    mask(&e, vector, true);
    fences(&e, 0, 3);
    g_assert_cmpuint(seqno_of(&e, 0), ==, 3);
    g_assert_true(is_pending(&e, vector));
    g_assert_false(took_irq(&e, 0));
    mask(&e, vector, false);
    g_assert_false(is_pending(&e, vector));
    g_assert_true(took_irq(&e, 0));
    mask(&e, vector, true);
    mask(&e, vector, false);
    g_assert_false(took_irq(&e, 0));
    gpu_stop(&e);
}

static void test_jitter(void)
{
    uint64_t state = 78;
    GpuEnv e;

    gpu_start(&e, ",seed=77,ring1-jitter-ns=999999", "");
    gpu_ring_w64(&e, 1, PUCK_GPU_RING_DELAY, 5000);
    expect_jitter(&e, 1, &state, 5000, 999999, 30);
    /* Nothing is drawn while JITTER is zero. */
    gpu_ring_w64(&e, 1, PUCK_GPU_RING_JITTER, 0);
    gpu_ring_w64(&e, 1, PUCK_GPU_RING_DELAY, 0);
    fences(&e, 1, 1);
    g_assert_cmpuint(seqno_of(&e, 1), ==, 31);
    gpu_ring_w64(&e, 1, PUCK_GPU_RING_JITTER, 3);
    expect_jitter(&e, 1, &state, 0, 3, 30);
    /* Writing SEED starts again, with the value that was there, too. */
    gpu_ring_w64(&e, 1, PUCK_GPU_RING_SEED, 78);
    state = 78;
    expect_jitter(&e, 1, &state, 0, 3, 5);
    gpu_stop(&e);
}

/* j may be any of 0..JITTER: both ends come. */
static void test_jitter_ends(void)
{
    bool seen[2] = { };
    uint64_t state = 0;
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_JITTER, 1);
    for (unsigned i = 0; i < 16; i++) {
        uint64_t copy = state;

        seen[model_next(&copy) % 2] = true;
        expect_jitter(&e, 0, &state, 0, 1, 1);
    }
    g_assert_true(seen[0] && seen[1]);
    gpu_stop(&e);
}

static void test_hold(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_DELAY, 100);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 1);
    fences(&e, 0, 3);
    g_assert_false(is_held(&e, 0));
    qtest_clock_step(e.m.qts, 100);
    g_assert_true(is_held(&e, 0));
    g_assert_cmpuint(pending(&e, 0), ==, 3);
    g_assert_false(took_irq(&e, 0));
    /* Another ring does not mind. */
    gpu_alive(&e, 1);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 0);
    gpu_wait(&e, 0, 3);
    g_assert_false(is_held(&e, 0));
    gpu_stop(&e);
}

static void test_release(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 1);
    fences(&e, 0, 3);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_RELEASE, 2);
    gpu_wait(&e, 0, 2);
    g_assert_true(is_held(&e, 0));
    /* One for the third, one for a fence to come; then it holds again. */
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_RELEASE, 2);
    gpu_wait(&e, 0, 3);
    g_assert_false(is_held(&e, 0));
    fences(&e, 0, 2);
    gpu_wait(&e, 0, 4);
    g_assert_true(is_held(&e, 0));
    /* Forgotten when HOLD changes; and nothing without HOLD. */
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_RELEASE, UINT32_MAX);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_RELEASE, UINT32_MAX);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 0);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_RELEASE, 5);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 1);
    fences(&e, 0, 1);
    g_assert_true(is_held(&e, 0));
    g_assert_cmpuint(seqno_of(&e, 0), ==, 5);
    gpu_stop(&e);
}

/* A stage with no room makes the ring wait, and loses nothing. */
static void test_full_stage(void)
{
    enum { ORDER = 11, COUNT = PUCK_GPU_RING_FENCES_MAX_VALUE + 500 };
    uint64_t base;
    GpuEnv e;

    gpu_start(&e, "", "");
    base = puck_machine_pages(&e.m, (64 << ORDER) / PAGE);
    for (unsigned i = 0; i < COUNT; i++) {
        GpuCmd cmd = {
            .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE),
            .flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ),
            .seqno = cpu_to_le32(i + 1),
        };

        qtest_memwrite(e.m.qts, base + i * sizeof(cmd), &cmd, sizeof(cmd));
    }
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_BASE, base | ORDER);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 1);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, COUNT);
    puck_machine_settle(&e.m);
    g_assert_cmpuint(pending(&e, 0), ==, PUCK_GPU_RING_FENCES_MAX_VALUE);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==,
                     PUCK_GPU_RING_FENCES_MAX_VALUE);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_RELEASE, 10);
    g_assert_cmpuint(pending(&e, 0), ==, PUCK_GPU_RING_FENCES_MAX_VALUE);
    g_assert_cmpuint(seqno_of(&e, 0), ==, 10);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 0);
    puck_machine_settle(&e.m);
    gpu_wait(&e, 0, COUNT);
    g_assert_cmpuint(pending(&e, 0), ==, 0);
    gpu_stop(&e);
}

static void test_longest_delay(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_DELAY, UINT64_MAX);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_JITTER, UINT64_MAX);
    g_assert_cmpuint(gpu_ring_r64(&e, 0, PUCK_GPU_RING_DELAY), ==,
                     PUCK_GPU_DELAY_MAX_NS);
    fences(&e, 0, 1);
    qtest_clock_step(e.m.qts, PUCK_GPU_DELAY_MAX_NS - 1);
    g_assert_cmpuint(seqno_of(&e, 0), ==, 0);
    qtest_clock_step(e.m.qts, PUCK_GPU_DELAY_MAX_NS + 1);
    g_assert_cmpuint(seqno_of(&e, 0), ==, 1);
    gpu_stop(&e);
}

static void qom_set(GpuEnv *e, const char *name, const char *value)
{
    g_autofree char *json = g_strdup_printf(
        "{ 'execute': 'qom-set', 'arguments': { "
        "'path': '/machine/peripheral/gpu0', 'property': '%s', 'value': %s } }",
        name, value);

    qtest_qmp_assert_success(e->m.qts, json, NULL);
}

static int64_t qom_get(GpuEnv *e, const char *name)
{
    QDict *rsp = qtest_qmp(e->m.qts, "{ 'execute': 'qom-get', 'arguments': { "
                           "'path': '/machine/peripheral/gpu0', "
                           "'property': %s } }", name);
    int64_t value = qdict_get_int(rsp, "return");

    qobject_unref(rsp);
    return value;
}

/* A property is another way to write the register, while it runs. */
static void test_qom_set(void)
{
    QDict *rsp;
    GpuEnv e;

    gpu_start(&e, ",ring0-delay-ns=7", "");
    g_assert_cmpint(qom_get(&e, "ring0-delay-ns"), ==, 7);
    qom_set(&e, "ring0-delay-ns", "1000");
    qom_set(&e, "ring1-start-delay-ns", "99000000000");
    g_assert_cmpuint(gpu_ring_r64(&e, 0, PUCK_GPU_RING_DELAY), ==, 1000);
    g_assert_cmpuint(gpu_ring_r64(&e, 1, PUCK_GPU_RING_START_DELAY), ==,
                     PUCK_GPU_DELAY_MAX_NS);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_JITTER, 55);
    g_assert_cmpint(qom_get(&e, "ring0-jitter-ns"), ==, 55);
    qom_set(&e, "ring0-jitter-ns", "0");
    qom_set(&e, "ring0-seed", "12345");
    g_assert_cmpuint(gpu_ring_r64(&e, 0, PUCK_GPU_RING_SEED), ==, 12345);

    qom_set(&e, "ring0-hold", "true");
    fences(&e, 0, 3);
    qtest_clock_step(e.m.qts, 1000);
    g_assert_true(is_held(&e, 0));
    qom_set(&e, "ring0-release", "1");
    gpu_wait(&e, 0, 1);
    qom_set(&e, "ring0-hold", "false");
    gpu_wait(&e, 0, 3);

    /* There are two rings. */
    rsp = qtest_qmp(e.m.qts, "{ 'execute': 'qom-set', 'arguments': { "
                    "'path': '/machine/peripheral/gpu0', "
                    "'property': 'ring2-delay-ns', 'value': 1 } }");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);

    /* What the command line said is what a reset restores. */
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmpuint(gpu_ring_r64(&e, 0, PUCK_GPU_RING_DELAY), ==, 7);
    gpu_stop(&e);
}

void add_fence_tests(void)
{
    qtest_add_func("/puck-gpu/fences/delay", test_delay);
    qtest_add_func("/puck-gpu/fences/start-delay", test_start_delay);
    qtest_add_func("/puck-gpu/fences/order", test_order);
    qtest_add_func("/puck-gpu/fences/write-back-first", test_write_back_first);
    qtest_add_func("/puck-gpu/fences/no-irq", test_no_irq);
    qtest_add_func("/puck-gpu/fences/masked", test_masked);
    qtest_add_func("/puck-gpu/fences/jitter", test_jitter);
    qtest_add_func("/puck-gpu/fences/jitter-ends", test_jitter_ends);
    qtest_add_func("/puck-gpu/fences/hold", test_hold);
    qtest_add_func("/puck-gpu/fences/release", test_release);
    qtest_add_func("/puck-gpu/fences/full-stage", test_full_stage);
    qtest_add_func("/puck-gpu/fences/longest-delay", test_longest_delay);
    qtest_add_func("/puck-gpu/fences/qom-set", test_qom_set);
}
