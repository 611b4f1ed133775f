/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: mischief at the site irq.raise, on vectors of rings and on that of
 * errors.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "mischief.h"

/* A fence of ring 0 whose number and slot are there. */
static void complete(Mischief *t)
{
    uint32_t seqno = mischief_seqno(t, 0) + 1;

    mischief_fences(t, 0, 1);
    g_assert_cmpuint(mischief_seqno(t, 0), ==, seqno);
    g_assert_cmpuint(qtest_readq(t->e.m.qts, t->e.rings[0].wb), ==, seqno);
}

/* A bad doorbell; its record is taken out again. */
static void make_error(Mischief *t)
{
    puck_w32(&t->e.f, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ERROR);
    puck_w32(&t->e.f, PUCK_GPU_IRQ_STATUS, PUCK_GPU_IRQ_ERROR);
    gpu_ring_w32(&t->e, 0, PUCK_GPU_RING_TAIL, 999);
    g_assert_cmpuint(puck_r32(&t->e.f, PUCK_GPU_ERR_COUNT), ==, 1);
    puck_w32(&t->e.f, PUCK_GPU_ERR_POP, 1);
}

static void test_drop(void)
{
    uint32_t rule, error;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "irq.raise vector=1 nth=2 drop");
    error = mischief_add(&t, "irq.raise vector=0 drop");
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    complete(&t);
    g_assert_false(mischief_irq(&t, 0));
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    mischief_counted(&t, rule, 3, 1);
    g_assert_cmpuint(mischief_acts(&t, rule, "drop", ", \"ring\": 0, \"seqno\":"
                                   " 2, \"vector\": 1\\}"), ==, 1);
    make_error(&t);
    g_assert_false(mischief_message(&t, t.e.error_vector));
    g_assert_cmpuint(mischief_acts(&t, error, "drop", ", \"vector\": 0\\}"),
                     ==, 1);
    mischief_stop(&t);
}

static void test_drop_not(void)
{
    uint32_t vector, seqno;
    Mischief t;

    mischief_start(&t, "");
    vector = mischief_add(&t, "irq.raise vector=2 drop");
    seqno = mischief_add(&t, "irq.raise ring=0 seqno=3 drop");
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    /* A message that was not asked for is none. */
    gpu_fence(&t.e, 0, 0);
    gpu_doorbell(&t.e, 0);
    /* And an error has no seqno. */
    make_error(&t);
    g_assert_true(mischief_message(&t, t.e.error_vector));
    mischief_counted(&t, vector, 0, 0);
    mischief_counted(&t, seqno, 0, 0);
    mischief_remove(&t, vector);
    mischief_fences(&t, 1, 1);
    g_assert_true(mischief_irq(&t, 1));
    mischief_stop(&t);
}

/*
 * Messages are counted by having them written to the doorbell of ring 1, whose
 * trace they are: its index is out of range, and each is an error record.
 */
static void aim_at_doorbell(Mischief *t, unsigned vector)
{
    QPCIDevice *dev = t->e.f.dev;
    uint64_t entry = dev->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;
    uint64_t at = t->e.f.bar.addr + PUCK_GPU_RING(1) + PUCK_GPU_RING_TAIL;

    qpci_io_writel(dev, dev->msix_table_bar, entry, at);
    qpci_io_writel(dev, dev->msix_table_bar, entry + 4, at >> 32);
}

static uint32_t take_count(Mischief *t)
{
    uint32_t count = puck_r32(&t->e.f, PUCK_GPU_ERR_COUNT) +
                     puck_r32(&t->e.f, PUCK_GPU_ERR_LOST);

    while (puck_r32(&t->e.f, PUCK_GPU_ERR_COUNT)) {
        puck_w32(&t->e.f, PUCK_GPU_ERR_POP, 1);
    }
    return count;
}

static void late_fence(Mischief *t)
{
    mischief_fences(t, 0, 1);
    mischief_step(t, 1);
}

/* The same, and all its messages: a hold has room for one to a register. */
static void settled_fence(Mischief *t)
{
    late_fence(t);
    puck_machine_settle(&t->e.m);
}

static void test_duplicate(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    aim_at_doorbell(&t, t.e.rings[0].vector);
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 1);
    settled_fence(&t);
    g_assert_cmpuint(take_count(&t), ==, 1);
    rule = mischief_add(&t, "irq.raise vector=1 nth=1 duplicate");
    mischief_add(&t, "irq.raise vector=1 nth=1 duplicate=5");
    settled_fence(&t);
    g_assert_cmpuint(take_count(&t), ==, 2);
    settled_fence(&t);
    g_assert_cmpuint(take_count(&t), ==, 6);
    settled_fence(&t);
    g_assert_cmpuint(take_count(&t), ==, 1);
    g_assert_cmpuint(mischief_acts(&t, rule, "duplicate", ".*\"vector\": 1"),
                     ==, 1);
    mischief_stop(&t);
}

static void test_duplicate_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    aim_at_doorbell(&t, t.e.rings[0].vector);
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 1);
    rule = mischief_add(&t, "irq.raise ring=1 duplicate=64");
    settled_fence(&t);
    g_assert_cmpuint(take_count(&t), ==, 1);
    mischief_counted(&t, rule, 0, 0);
    mischief_stop(&t);
}

static void test_delay(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "irq.raise count=2 delay=3us");
    complete(&t);
    g_assert_false(mischief_irq(&t, 0));
    mischief_step(&t, 1000);
    make_error(&t);
    mischief_step(&t, 1999);
    g_assert_false(mischief_irq(&t, 0));
    mischief_step(&t, 1);
    g_assert_true(mischief_irq(&t, 0));
    g_assert_false(mischief_message(&t, t.e.error_vector));
    mischief_step(&t, 1000);
    g_assert_true(mischief_message(&t, t.e.error_vector));
    g_assert_cmpuint(mischief_acts(&t, rule, "delay", ", \"value\": 3000"),
                     ==, 2);
    g_assert_cmpuint(mischief_events(&t, rule, "expire", ", \"ring\": 0, "
                                     "\"seqno\": 1, \"vector\": 1\\}"), ==, 1);
    g_assert_cmpuint(mischief_events(&t, rule, "expire", ", \"vector\": 0\\}"),
                     ==, 1);
    /* A reset forgets what is late. */
    mischief_remove(&t, rule);
    mischief_add(&t, "irq.raise vector=1 delay=3us");
    complete(&t);
    puck_w32(&t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    mischief_step(&t, 10000);
    g_assert_false(mischief_irq(&t, 0));
    mischief_stop(&t);
}

/* Later ones overtake; those due together come in their order. */
static void test_delay_overtaken(void)
{
    Mischief t;

    mischief_start(&t, "");
    mischief_add(&t, "irq.raise vector=1 nth=1 delay=9us");
    mischief_add(&t, "irq.raise vector=2 nth=1 delay=2us");
    complete(&t);
    mischief_fences(&t, 1, 1);
    mischief_step(&t, 2000);
    g_assert_true(mischief_irq(&t, 1));
    g_assert_false(mischief_irq(&t, 0));
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    mischief_step(&t, 6999);
    g_assert_false(mischief_irq(&t, 0));
    mischief_step(&t, 1);
    g_assert_true(mischief_irq(&t, 0));
    mischief_stop(&t);
}

/* The stage has an end: messages behind it are in time. */
static void test_delay_many(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "irq.raise delay=1ms");
    for (unsigned i = 0; i < 64; i++) {
        complete(&t);
        g_assert_false(mischief_irq(&t, 0));
    }
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    mischief_counted(&t, rule, 64, 64);
    mischief_step(&t, 1000000);
    g_assert_true(mischief_irq(&t, 0));
    g_assert_cmpuint(mischief_events(&t, rule, "expire", ""), ==, 64);
    mischief_stop(&t);
}

static void test_delay_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "irq.raise vector=1 nth=3 delay=1s");
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    make_error(&t);
    g_assert_true(mischief_message(&t, t.e.error_vector));
    mischief_counted(&t, rule, 1, 0);
    mischief_stop(&t);
}

static void test_coalesce(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    aim_at_doorbell(&t, t.e.rings[0].vector);
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 1);
    rule = mischief_add(&t, "irq.raise vector=1 coalesce=10us");
    for (unsigned i = 0; i < 5; i++) {
        late_fence(&t);
    }
    /* Another vector is not in it. */
    mischief_fences(&t, 1, 1);
    mischief_step(&t, 9995);
    g_assert_cmpuint(take_count(&t), ==, 0);
    g_assert_true(mischief_irq(&t, 1));
    mischief_step(&t, 1);
    g_assert_cmpuint(take_count(&t), ==, 1);
    mischief_counted(&t, rule, 1, 1);
    g_assert_cmpuint(mischief_events(&t, rule, "expire", ".*\"vector\": 1"),
                     ==, 1);
    /* The next is the first of new ones. */
    late_fence(&t);
    g_assert_cmpuint(take_count(&t), ==, 0);
    mischief_step(&t, 10000);
    g_assert_cmpuint(take_count(&t), ==, 1);
    mischief_stop(&t);
}

static void test_coalesce_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "irq.raise vector=2 coalesce=10us");
    for (unsigned i = 0; i < 3; i++) {
        complete(&t);
        g_assert_true(mischief_irq(&t, 0));
    }
    mischief_counted(&t, rule, 0, 0);
    mischief_stop(&t);
}

static void test_spurious(void)
{
    uint32_t all, one;
    Mischief t;

    mischief_start(&t, ",rings=3");
    all = mischief_add(&t, "irq.raise vector=1 nth=1 spurious");
    one = mischief_add(&t, "irq.raise vector=1 nth=1 spurious=3");
    complete(&t);
    for (unsigned v = 0; v < 4; v++) {
        g_assert_true(mischief_message(&t, v));
    }
    g_assert_cmpuint(puck_r32(&t.e.f, PUCK_GPU_IRQ_STATUS), ==, 0);
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    g_assert_true(mischief_message(&t, 3));
    g_assert_false(mischief_message(&t, t.e.error_vector));
    g_assert_false(mischief_irq(&t, 1));
    g_assert_cmpuint(mischief_acts(&t, all, "spurious", ".*\"vector\": 1"),
                     ==, 1);
    g_assert_cmpuint(mischief_acts(&t, one, "spurious", ", \"value\": 3"),
                     ==, 1);
    /* A vector that there is not is not sent. */
    mischief_add(&t, "irq.raise vector=1 nth=1 spurious=500");
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    gpu_alive(&t.e, 2);
    mischief_stop(&t);
}

static void test_spurious_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "irq.raise vector=2 spurious");
    complete(&t);
    g_assert_true(mischief_irq(&t, 0));
    g_assert_false(mischief_irq(&t, 1));
    g_assert_false(mischief_message(&t, t.e.error_vector));
    mischief_counted(&t, rule, 0, 0);
    mischief_stop(&t);
}

void add_mischief_irq_tests(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "drop", test_drop }, { "drop-not", test_drop_not },
        { "duplicate", test_duplicate },
        { "duplicate-not", test_duplicate_not },
        { "delay", test_delay }, { "delay-overtaken", test_delay_overtaken },
        { "delay-many", test_delay_many }, { "delay-not", test_delay_not },
        { "coalesce", test_coalesce }, { "coalesce-not", test_coalesce_not },
        { "spurious", test_spurious }, { "spurious-not", test_spurious_not },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/puck-gpu/mischief/irq/%s",
                                                tests[i].name);

        qtest_add_func(path, tests[i].run);
    }
}
