/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: sites iommu.translate and irq.raise, and the guest's
 * window, of docs/specs/mischief.rst. Invalidations are in stale.c,
 * delays that an engine waits for in the tests of puck-gpu.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/iommu-env.h"
#include "common/mischief-env.h"
#include "abi/puck_mischief.h"

#define IOVA        0x45670000000ull
#define MS          (1000 * 1000)
#define WORD        0x600dd474u

typedef struct Mischief {
    PuckEnv env;
    char *log;
    uint32_t rule;
    uint64_t pa;        /* of the page at IOVA, which says WORD */
} Mischief;

static void start(Mischief *t, const char *rule)
{
    g_autofree char *args = NULL;

    t->log = puck_log_path();
    args = puck_log_args(t->log, "");
    env_start_on(&t->env, args);
    t->pa = puck_machine_pages(&t->env.m, 1);
    qtest_writeq(t->env.m.qts, t->pa, WORD);
    env_map(&t->env, IOVA, t->pa, RW);
    t->rule = puck_rule_add(t->env.m.qts, rule);
}

static void stop(Mischief *t)
{
    env_stop(&t->env);
    unlink(t->log);
    g_free(t->log);
}

static uint64_t faults(Mischief *t)
{
    return env_r64(&t->env, PUCK_IOMMU_CNT_FAULTS);
}

/* Whether a word that is read at @iova can be written to @to. */
static bool copies(Mischief *t, uint64_t iova, uint64_t to)
{
    qtest_writeq(t->env.m.qts, t->pa + 8, 0);
    edu_read(&t->env, iova, 8);
    edu_write(&t->env, to, 8);
    return qtest_readq(t->env.m.qts, t->pa + 8) == WORD;
}

static void test_fault(void)
{
    Mischief t;

    start(&t, "iommu.translate nth=2 fault");
    edu_read(&t.env, IOVA, 8);
    env_assert_no_fault(&t.env);
    edu_write(&t.env, IOVA + 8, 8);
    env_assert_fault(&t.env, PUCK_IOMMU_FAULT_INJECTED, IOVA + 8, true, 0);
    g_assert_cmphex(qtest_readq(t.env.m.qts, t.pa + 8), ==, 0);
    g_assert_cmpuint(faults(&t), ==, 1);
    g_assert_true(copies(&t, IOVA, IOVA + 8));
    env_assert_no_fault(&t.env);
    g_assert_cmpuint(puck_rule_hits(t.env.m.qts, t.rule), ==, 1);
    g_assert_cmpuint(puck_rule_seen(t.env.m.qts, t.rule), ==, 4);
    g_assert_cmpuint(puck_log_count(t.log, "\"device\": \"iommu0\", "
                                    "\"site\": \"iommu.translate\", "
                                    "\"rule\": 1, \"action\": \"fault\", "
                                    "\"requester\": \"01:00.0\", "
                                    "\"iova\": \"0x45670000008\", .*"
                                    "\"dir\": \"write\""), ==, 1);
    stop(&t);
}

/* The whole of an access is refused, by one rule, once, in one record. */
static void test_fault_of_long_access(void)
{
    uint64_t before;
    Mischief t;

    start(&t, "iommu.translate nth=1 fault");
    before = env_r64(&t.env, PUCK_IOMMU_CNT_TRANSLATIONS);
    edu_write(&t.env, IOVA, PAGE);
    env_assert_fault(&t.env, PUCK_IOMMU_FAULT_INJECTED, IOVA, true, 0);
    g_assert_cmphex(qtest_readq(t.env.m.qts, t.pa), ==, WORD);
    g_assert_cmpuint(faults(&t), ==, 1);
    g_assert_cmpuint(env_r64(&t.env, PUCK_IOMMU_CNT_TRANSLATIONS), ==,
                     before + 1);
    g_assert_cmpuint(puck_rule_seen(t.env.m.qts, t.rule), ==, 1);
    edu_write(&t.env, IOVA, PAGE);
    g_assert_cmphex(qtest_readq(t.env.m.qts, t.pa), !=, WORD);
    stop(&t);
}

/* Each of these fires at the write to IOVA + PAGE alone. */
static void test_fault_filters(void)
{
    static const char *const rules[] = {
        "iommu.translate dir=write fault",
        "iommu.translate iova=0x45670001008 fault",
        "iommu.translate iova=0x45670001fff-0x45670010000 fault",
        "iommu.translate device=iommu0 requester=01:00.0 nth=2 fault",
        "iommu.translate every=2 fault",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        Mischief t;

        start(&t, rules[i]);
        env_map(&t.env, IOVA + PAGE, t.pa, RW);
        g_assert_false(copies(&t, IOVA, IOVA + PAGE + 8));
        env_assert_fault(&t.env, PUCK_IOMMU_FAULT_INJECTED, IOVA + PAGE + 8,
                         true, 0);
        stop(&t);
    }
}

/* None of these fires. */
static void test_fault_no_match(void)
{
    static const char *const rules[] = {
        "iommu.translate device=iommu1 fault",
        "iommu.translate requester=01:00.1 fault",
        "iommu.translate iova=0x45670001000-0xffffffffffff fault",
        "iommu.translate iova=0x0-0x4566fffffff fault",
        "iommu.translate nth=3 fault",
        "iommu.translate prob=0/1 fault",
        "iommu.invalidate drop",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        Mischief t;

        start(&t, rules[i]);
        g_assert_true(copies(&t, IOVA, IOVA + 8));
        g_assert_cmpuint(puck_rule_hits(t.env.m.qts, t.rule), ==, 0);
        env_assert_no_fault(&t.env);
        stop(&t);
    }
}

/* What nothing is looked up for is no event. */
static void test_no_event(void)
{
    Mischief t;

    start(&t, "iommu.translate fault");
    edu_read(&t.env, IOVA + PAGE, 8);
    env_assert_fault(&t.env, PUCK_IOMMU_FAULT_NOT_MAPPED, IOVA + PAGE, false,
                     env_entry(&t.env, IOVA + PAGE, 1));
    env_set_context(&t.env, 0, PUCK_IOMMU_CTX_VALID |
                    PUCK_IOMMU_CTX_MODE_IDENTITY << 1, ENV_DOMAIN);
    env_inv_all(&t.env);
    g_assert_true(copies(&t, t.pa, t.pa + 8));
    env_w32(&t.env, PUCK_IOMMU_CTRL, 0);
    g_assert_true(copies(&t, t.pa, t.pa + 8));
    g_assert_cmpuint(puck_rule_seen(t.env.m.qts, t.rule), ==, 0);
    stop(&t);
}

/* Nobody but an engine of puck-gpu can wait: a rule does not see the others. */
static void test_delay_not(void)
{
    Mischief t;

    start(&t, "iommu.translate delay=60s");
    g_assert_true(copies(&t, IOVA, IOVA + 8));
    g_assert_cmpuint(puck_rule_seen(t.env.m.qts, t.rule), ==, 0);
    g_assert_cmpuint(puck_log_count(t.log, ""), ==, 0);
    env_assert_no_fault(&t.env);
    stop(&t);
}

static void sync_irq(Mischief *t)
{
    env_w32(&t->env, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_ALL);
    env_cmd(&t->env, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_SYNC, PUCK_IOMMU_SYNC_IRQ
    });
}

static bool take(Mischief *t, unsigned vector, bool expected)
{
    return puck_msix_take(&t->env.m, &t->env.iommu, vector, expected);
}

static void start_irq(Mischief *t, const char *rule)
{
    start(t, rule);
    env_w32(&t->env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_ALL);
}

static void test_irq_drop(void)
{
    Mischief t;

    start_irq(&t, "irq.raise vector=1 nth=2 drop");
    sync_irq(&t);
    g_assert_true(take(&t, PUCK_IOMMU_VEC_CMD, true));
    sync_irq(&t);
    g_assert_false(take(&t, PUCK_IOMMU_VEC_CMD, false));
    g_assert_cmphex(env_r32(&t.env, PUCK_IOMMU_IRQ_STATUS), ==,
                    PUCK_IOMMU_IRQ_CMD_SYNC);
    sync_irq(&t);
    g_assert_true(take(&t, PUCK_IOMMU_VEC_CMD, true));
    g_assert_cmpuint(puck_log_count(t.log, "\"site\": \"irq.raise\", .*"
                                    "\"action\": \"drop\", \"vector\": 1"),
                     ==, 1);
    stop(&t);
}

/* A rule for another vector, and one for another device. */
static void test_irq_no_match(void)
{
    Mischief t;

    start_irq(&t, "irq.raise vector=0 drop");
    puck_rule_add(t.env.m.qts, "irq.raise device=gpu0 drop");
    sync_irq(&t);
    g_assert_true(take(&t, PUCK_IOMMU_VEC_CMD, true));
    edu_read(&t.env, 0x1000, 8);
    g_assert_false(take(&t, PUCK_IOMMU_VEC_FAULT, false));
    g_assert_cmpuint(puck_rule_hits(t.env.m.qts, t.rule), ==, 1);
    stop(&t);
}

static void test_irq_delay(void)
{
    Mischief t;

    start_irq(&t, "irq.raise vector=1 delay=5ms");
    sync_irq(&t);
    qtest_clock_step(t.env.m.qts, 5 * MS - 1);
    g_assert_false(take(&t, PUCK_IOMMU_VEC_CMD, false));
    qtest_clock_step(t.env.m.qts, 1);
    g_assert_true(take(&t, PUCK_IOMMU_VEC_CMD, true));
    stop(&t);
}

static void test_irq_reset_forgets(void)
{
    Mischief t;

    start_irq(&t, "irq.raise delay=5ms");
    sync_irq(&t);
    env_w32(&t.env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_RESET);
    qtest_clock_step(t.env.m.qts, 50 * MS);
    g_assert_false(take(&t, PUCK_IOMMU_VEC_CMD, false));
    g_assert_cmpuint(puck_rule_hits(t.env.m.qts, t.rule), ==, 1);
    stop(&t);
}

static void test_irq_spurious(void)
{
    Mischief t;

    start_irq(&t, "irq.raise vector=1 nth=1 spurious=0");
    sync_irq(&t);
    g_assert_true(take(&t, PUCK_IOMMU_VEC_CMD, true));
    g_assert_true(take(&t, PUCK_IOMMU_VEC_FAULT, true));
    g_assert_false(take(&t, PUCK_IOMMU_VEC_POLICY, false));
    sync_irq(&t);
    g_assert_true(take(&t, PUCK_IOMMU_VEC_CMD, true));
    g_assert_false(take(&t, PUCK_IOMMU_VEC_FAULT, false));
    stop(&t);
}

/* Saved while a message is late. */
static void test_migration(void)
{
    g_autofree char *path = g_strdup_printf("%s/puck-iommu-irq-%d",
                                            g_get_tmp_dir(), getpid());
    Mischief from, to;
    int64_t now;

    start_irq(&from, "irq.raise vector=1 delay=5ms");
    env_w32(&from.env, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_ARG, 0x41524721);
    sync_irq(&from);
    now = qtest_clock_step(from.env.m.qts, MS);
    puck_machine_save(&from.env.m, path);

    to = from;
    env_move(&from.env, &to.env, path);
    env_stop(&from.env);
    qtest_clock_set(to.env.m.qts, now);
    g_assert_cmphex(env_r32(&to.env, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_ARG),
                    ==, 0x41524721);
    qtest_clock_step(to.env.m.qts, 4 * MS - 1);
    g_assert_false(take(&to, PUCK_IOMMU_VEC_CMD, false));
    qtest_clock_step(to.env.m.qts, 1);
    g_assert_true(take(&to, PUCK_IOMMU_VEC_CMD, true));
    stop(&to);
    unlink(path);
}

static uint32_t window_r(Mischief *t, uint64_t offset)
{
    return env_r32(&t->env, PUCK_MISCHIEF_WINDOW + offset);
}

static void window_w(Mischief *t, uint64_t offset, uint32_t value)
{
    env_w32(&t->env, PUCK_MISCHIEF_WINDOW + offset, value);
}

/* A rule that the guest adds acts on its IOMMU. A reset keeps the rule. */
static void test_window(void)
{
    char text[64] = "iommu.translate nth=1 fault";
    Mischief t;

    start(&t, "irq.raise device=nobody drop");
    g_assert_cmphex(window_r(&t, PUCK_MISCHIEF_MAGIC), ==,
                    PUCK_MISCHIEF_MAGIC_VALUE);
    g_assert_cmpuint(window_r(&t, PUCK_MISCHIEF_COUNT), ==, 1);
    for (unsigned i = 0; i < sizeof(text); i += 4) {
        window_w(&t, PUCK_MISCHIEF_TEXT + i, ldl_le_p(text + i));
    }
    window_w(&t, PUCK_MISCHIEF_COMMAND, PUCK_MISCHIEF_ADD);
    g_assert_cmpuint(window_r(&t, PUCK_MISCHIEF_RESULT), ==, PUCK_MISCHIEF_OK);
    g_assert_cmpuint(window_r(&t, PUCK_MISCHIEF_ID), ==, 2);
    window_w(&t, PUCK_MISCHIEF_ARG, 7);

    env_w32(&t.env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_RESET);
    g_assert_cmpuint(window_r(&t, PUCK_MISCHIEF_ARG), ==, 0);
    g_assert_cmpuint(window_r(&t, PUCK_MISCHIEF_TEXT), ==, 0);
    g_assert_cmpuint(window_r(&t, PUCK_MISCHIEF_COUNT), ==, 2);

    env_program(&t.env);
    env_map(&t.env, IOVA, t.pa, RW);
    edu_read(&t.env, IOVA, 8);
    env_assert_fault(&t.env, PUCK_IOMMU_FAULT_INJECTED, IOVA, false, 0);
    stop(&t);
}

#define ADD(name)   qtest_add_func("/puck-iommu/mischief/" #name, \
                                   test_ ## name)

void add_mischief_tests(void)
{
    ADD(fault);
    ADD(fault_of_long_access);
    ADD(fault_filters);
    ADD(fault_no_match);
    ADD(no_event);
    ADD(delay_not);
    ADD(irq_drop);
    ADD(irq_no_match);
    ADD(irq_delay);
    ADD(irq_reset_forgets);
    ADD(irq_spurious);
    ADD(migration);
    ADD(window);
}
