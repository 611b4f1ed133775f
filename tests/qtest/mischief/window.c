/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of mischief: the guest's window. All windows are the same file of the
 * device's; this one is puck-iommu's.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "helpers.h"

#define READ_ONLY   0x12345678u
#define ROUNDS      6000

static void expect_results(PuckEnv *env, uint32_t result, uint32_t id,
                           uint32_t column)
{
    g_assert_cmpuint(env_r32(env, WINDOW(RESULT)), ==, result);
    g_assert_cmpuint(env_r32(env, WINDOW(ID)), ==, id);
    g_assert_cmpuint(env_r32(env, WINDOW(COLUMN)), ==, column);
}

static void test_registers(void)
{
    static const struct {
        uint32_t offset;
        uint32_t value;
    } regs[] = {
        { WINDOW(MAGIC), PUCK_MISCHIEF_MAGIC_VALUE },
        { WINDOW(STATUS), PUCK_MISCHIEF_UNLOCKED },
        { WINDOW(COUNT), 1 }, { WINDOW(COMMAND), 0 }, { WINDOW(RESULT), 0 },
        { WINDOW(ID), 0 }, { WINDOW(COLUMN), 0 },
        { WINDOW(SEEN), 0 }, { WINDOW(SEEN) + 4, 0 },
        { WINDOW(HITS), 0 }, { WINDOW(HITS) + 4, 0 },
    };
    PuckEnv env;

    mischief_start(&env, ",rules=irq.raise drop");
    for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
        g_assert_cmphex(env_r32(&env, regs[i].offset), ==, regs[i].value);
        if (regs[i].offset != WINDOW(COMMAND)) {
            env_w32(&env, regs[i].offset, READ_ONLY);
        }
        g_assert_cmphex(env_r32(&env, regs[i].offset), ==, regs[i].value);
    }
    env_w64(&env, WINDOW(SEEN), READ_ONLY);
    g_assert_cmphex(env_r64(&env, WINDOW(SEEN)), ==, 0);
    g_assert_cmphex(env_r32(&env, WINDOW(ARG)), ==, 0);
    env_w32(&env, WINDOW(ARG), 0xfedcba98);
    g_assert_cmphex(env_r32(&env, WINDOW(ARG)), ==, 0xfedcba98);
    window_expect_text(&env, "");
    for (unsigned i = 0; i < PUCK_MISCHIEF_TEXT_SIZE; i += 4) {
        env_w32(&env, WINDOW(TEXT) + i, 0x01010101 * (i / 4 + 1));
    }
    for (unsigned i = 0; i < PUCK_MISCHIEF_TEXT_SIZE; i += 4) {
        g_assert_cmphex(env_r32(&env, WINDOW(TEXT) + i), ==,
                        0x01010101u * (i / 4 + 1));
    }
    env_stop(&env);
}

/* They read as zero and are ignored. */
static void test_bad_accesses(void)
{
    static const uint16_t holes[] = {
        0x030, 0x034, 0x0fc, 0x080,
    };
    QPCIDevice *dev;
    PuckEnv env;

    mischief_start(&env, "");
    dev = env.iommu.dev;
    window_put_text(&env, "abcd");
    for (unsigned i = 0; i < ARRAY_SIZE(holes); i++) {
        uint64_t at = PUCK_MISCHIEF_WINDOW + holes[i];

        env_w32(&env, at, UINT32_MAX);
        g_assert_cmphex(env_r32(&env, at), ==, 0);
    }
    /* Of a size, or at a place, that the register does not take. */
    g_assert_cmphex(env_r64(&env, WINDOW(MAGIC)), ==, 0);
    g_assert_cmphex(env_r64(&env, WINDOW(TEXT)), ==, 0);
    g_assert_cmphex(qpci_io_readb(dev, env.iommu.bar, WINDOW(TEXT)), ==, 0);
    g_assert_cmphex(qpci_io_readw(dev, env.iommu.bar, WINDOW(MAGIC)), ==, 0);
    qpci_io_writeb(dev, env.iommu.bar, WINDOW(TEXT), 'x');
    qpci_io_writew(dev, env.iommu.bar, WINDOW(ARG), 0x7777);
    qpci_io_writeb(dev, env.iommu.bar, WINDOW(COMMAND), PUCK_MISCHIEF_ADD);
    env_w64(&env, WINDOW(TEXT), UINT64_MAX);
    env_w64(&env, WINDOW(ARG), UINT64_MAX);
    g_assert_cmphex(env_r32(&env, WINDOW(ARG)), ==, 0);
    window_expect_text(&env, "abcd");
    expect_results(&env, PUCK_MISCHIEF_OK, 0, 0);
    env_stop(&env);
}

static void test_commands(void)
{
    PuckEnv env;

    mischief_start(&env, "");
    g_assert_cmpuint(window_add(&env, " irq.raise  nth=2 drop",
                                PUCK_MISCHIEF_OK), ==, 1);
    g_assert_cmpuint(window_add(&env, "irq.raise delay=1000us",
                                PUCK_MISCHIEF_OK), ==, 2);
    expect_results(&env, PUCK_MISCHIEF_OK, 2, 0);
    g_assert_cmpuint(env_r32(&env, WINDOW(COUNT)), ==, 2);
    mischief_message(&env);
    mischief_message(&env);
    mischief_message(&env);

    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_SHOW, 0), ==,
                     PUCK_MISCHIEF_OK);
    window_expect_text(&env, "irq.raise nth=2 drop");
    expect_results(&env, PUCK_MISCHIEF_OK, 1, 0);
    g_assert_cmpuint(env_r64(&env, WINDOW(SEEN)), ==, 3);
    g_assert_cmpuint(env_r64(&env, WINDOW(HITS)), ==, 1);
    window_command(&env, PUCK_MISCHIEF_SHOW, 1);
    window_expect_text(&env, "irq.raise delay=1ms");
    g_assert_cmpuint(env_r32(&env, WINDOW(ID)), ==, 2);
    g_assert_cmpuint(env_r32(&env, WINDOW(SEEN)), ==, 2);
    g_assert_cmpuint(env_r32(&env, WINDOW(HITS)), ==, 2);
    g_assert_cmpuint(env_r32(&env, WINDOW(HITS) + 4), ==, 0);

    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_RELEASE, 2), ==,
                     PUCK_MISCHIEF_OK);
    expect_results(&env, PUCK_MISCHIEF_OK, 2, 0);
    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_REMOVE, 1), ==,
                     PUCK_MISCHIEF_OK);
    expect_results(&env, PUCK_MISCHIEF_OK, 1, 0);
    g_assert_cmpuint(env_r32(&env, WINDOW(COUNT)), ==, 1);
    mischief_expect(&env, 0, 2, "irq.raise delay=1ms", 2, 2);
    env_stop(&env);
}

static void test_bad_commands(void)
{
    static const uint32_t unknown[] = { 0, 5, 64, 0x80000001, UINT32_MAX };
    PuckEnv env;

    mischief_start(&env, "");
    window_add(&env, "irq.raise drop", PUCK_MISCHIEF_OK);
    for (unsigned i = 0; i < ARRAY_SIZE(unknown); i++) {
        g_assert_cmpuint(window_command(&env, unknown[i], 1), ==,
                         PUCK_MISCHIEF_ERR_COMMAND);
        expect_results(&env, PUCK_MISCHIEF_ERR_COMMAND, 0, 0);
    }
    for (unsigned c = PUCK_MISCHIEF_REMOVE; c <= PUCK_MISCHIEF_SHOW; c++) {
        g_assert_cmpuint(window_command(&env, c, 2), ==,
                         PUCK_MISCHIEF_ERR_NO_RULE);
        g_assert_cmpuint(window_command(&env, c, UINT32_MAX), ==,
                         PUCK_MISCHIEF_ERR_NO_RULE);
        expect_results(&env, PUCK_MISCHIEF_ERR_NO_RULE, 0, 0);
    }
    /* Numbers count from 1, places from 0. */
    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_SHOW, 1), ==,
                     PUCK_MISCHIEF_ERR_NO_RULE);
    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_REMOVE, 0), ==,
                     PUCK_MISCHIEF_ERR_NO_RULE);
    g_assert_cmpuint(mischief_count(&env), ==, 1);
    g_assert_cmpuint(window_add(&env, "device gone", PUCK_MISCHIEF_OK), ==, 2);
    env_stop(&env);
}

static void test_bad_text(void)
{
    g_autofree char *longest = g_strnfill(PUCK_MISCHIEF_TEXT_SIZE, ' ');
    g_autofree char *id = g_strnfill(PUCK_MISCHIEF_TEXT_SIZE - 1 - 22, 'x');
    g_autofree char *fits = g_strdup_printf("irq.raise device=%s drop", id);
    PuckEnv env;

    mischief_start(&env, "");
    window_add(&env, "irq.raise nth=0 drop", PUCK_MISCHIEF_ERR_SYNTAX);
    expect_results(&env, PUCK_MISCHIEF_ERR_SYNTAX, 0, 14);
    window_command(&env, PUCK_MISCHIEF_RELEASE, 1);
    expect_results(&env, PUCK_MISCHIEF_ERR_NO_RULE, 0, 0);
    /* TEXT stays, so that one can correct it. */
    window_expect_text(&env, "irq.raise nth=0 drop");
    env_w32(&env, WINDOW(TEXT) + 12, 'h' | '=' << 8 | '1' << 16 | ' ' << 24);
    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_ADD, 0), ==,
                     PUCK_MISCHIEF_OK);
    expect_results(&env, PUCK_MISCHIEF_OK, 1, 0);
    window_add(&env, "", PUCK_MISCHIEF_ERR_SYNTAX);
    expect_results(&env, PUCK_MISCHIEF_ERR_SYNTAX, 0, 0);
    /* 256 bytes and no zero. */
    memcpy(longest, "irq.raise drop", 14);
    window_add(&env, longest, PUCK_MISCHIEF_ERR_SYNTAX);
    expect_results(&env, PUCK_MISCHIEF_ERR_SYNTAX, 0, 255);
    window_add(&env, "irq.raise \x80 drop", PUCK_MISCHIEF_ERR_SYNTAX);
    expect_results(&env, PUCK_MISCHIEF_ERR_SYNTAX, 0, 10);
    g_assert_cmpuint(mischief_count(&env), ==, 1);

    g_assert_cmpuint(window_add(&env, fits, PUCK_MISCHIEF_OK), ==, 2);
    window_put_text(&env, "");
    window_command(&env, PUCK_MISCHIEF_SHOW, 1);
    window_expect_text(&env, fits);
    env_stop(&env);
}

static void test_bad_full(void)
{
    PuckEnv env;

    mischief_start(&env, "");
    for (unsigned i = 1; i <= PUCK_MISCHIEF_RULES_MAX; i++) {
        g_assert_cmpuint(window_add(&env, "device gone", PUCK_MISCHIEF_OK),
                         ==, i);
    }
    window_add(&env, "device gone", PUCK_MISCHIEF_ERR_FULL);
    expect_results(&env, PUCK_MISCHIEF_ERR_FULL, 0, 0);
    window_add(&env, "device", PUCK_MISCHIEF_ERR_SYNTAX);
    window_command(&env, PUCK_MISCHIEF_REMOVE, 64);
    g_assert_cmpuint(window_add(&env, "device gone", PUCK_MISCHIEF_OK), ==,
                     65);
    env_stop(&env);
}

/* Locked, the guest may look and nothing else. */
static void test_bad_locked(void)
{
    PuckEnv env;

    mischief_start(&env, ",guest=off,rules=irq.raise drop");
    g_assert_cmphex(env_r32(&env, WINDOW(STATUS)), ==, 0);
    window_add(&env, "device gone", PUCK_MISCHIEF_ERR_LOCKED);
    expect_results(&env, PUCK_MISCHIEF_ERR_LOCKED, 0, 0);
    window_add(&env, "nonsense", PUCK_MISCHIEF_ERR_LOCKED);
    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_REMOVE, 1), ==,
                     PUCK_MISCHIEF_ERR_LOCKED);
    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_RELEASE, 1), ==,
                     PUCK_MISCHIEF_ERR_LOCKED);
    g_assert_cmpuint(window_command(&env, 77, 1), ==,
                     PUCK_MISCHIEF_ERR_COMMAND);
    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_SHOW, 0), ==,
                     PUCK_MISCHIEF_OK);
    window_expect_text(&env, "irq.raise drop");
    g_assert_cmpuint(mischief_count(&env), ==, 1);

    /* The host may, and hands the key over. */
    g_assert_cmpuint(mischief_add(&env, "device gone"), ==, 2);
    qtest_qmp_assert_success(env.m.qts, "{ 'execute': 'qom-set', "
                             "'arguments': { 'path': '" MISCHIEF_PATH "', "
                             "'property': 'guest', 'value': true } }");
    g_assert_cmphex(env_r32(&env, WINDOW(STATUS)), ==,
                    PUCK_MISCHIEF_UNLOCKED);
    g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_REMOVE, 2), ==,
                     PUCK_MISCHIEF_OK);
    env_stop(&env);
}

/* A reset of the device is for its window, not for the rules. */
static void test_reset(void)
{
    PuckEnv env;

    mischief_start(&env, "");
    window_add(&env, "irq.raise drop", PUCK_MISCHIEF_OK);
    mischief_message(&env);
    window_command(&env, PUCK_MISCHIEF_SHOW, 0);
    env_w32(&env, WINDOW(ARG), 99);
    window_command(&env, PUCK_MISCHIEF_REMOVE, 2);
    qtest_system_reset(env.m.qts);
    qpci_device_enable(env.iommu.dev);
    qpci_config_writel(env.iommu.dev, PCI_BASE_ADDRESS_0, env.iommu.bar.addr);
    expect_results(&env, PUCK_MISCHIEF_OK, 0, 0);
    g_assert_cmpuint(env_r32(&env, WINDOW(ARG)), ==, 0);
    g_assert_cmpuint(env_r64(&env, WINDOW(SEEN)), ==, 0);
    g_assert_cmpuint(env_r64(&env, WINDOW(HITS)), ==, 0);
    window_expect_text(&env, "");
    g_assert_cmpuint(env_r32(&env, WINDOW(COUNT)), ==, 1);
    mischief_expect(&env, 0, 1, "irq.raise drop", 1, 1);
    env_stop(&env);
}

/* Two windows show the same rules, and each has its own text. */
static void test_two_windows(void)
{
    PuckFunction other;
    PuckEnv env;

    mischief_start(&env, "' -device puck-iommu,id=iommu1,addr=6,"
                   "buses=pcie.0 -name 'two");
    puck_function_map(&env.m, &other, 0, QPCI_DEVFN(6, 0),
                      PUCK_IOMMU_BAR_REGS);
    g_assert_cmpuint(window_add(&env, "irq.raise device=iommu1 drop",
                                PUCK_MISCHIEF_OK), ==, 1);
    g_assert_cmpuint(puck_r32(&other, WINDOW(COUNT)), ==, 1);
    g_assert_cmpuint(puck_r32(&other, WINDOW(ID)), ==, 0);
    g_assert_cmphex(puck_r32(&other, WINDOW(TEXT)), ==, 0);
    puck_w32(&other, WINDOW(COMMAND), PUCK_MISCHIEF_SHOW);
    g_assert_cmpuint(puck_r32(&other, WINDOW(ID)), ==, 1);
    puck_w32(&other, WINDOW(ARG), 1);
    puck_w32(&other, WINDOW(COMMAND), PUCK_MISCHIEF_REMOVE);
    g_assert_cmpuint(puck_r32(&other, WINDOW(RESULT)), ==, PUCK_MISCHIEF_OK);
    g_assert_cmpuint(env_r32(&env, WINDOW(COUNT)), ==, 0);
    g_assert_cmpuint(env_r32(&env, WINDOW(ARG)), ==, 0);
    puck_function_free(&other);
    env_stop(&env);
}

static void random_text(PuckEnv *env, GRand *rand)
{
    static const char *const rules[] = {
        "irq.raise prob=1/2 drop", "irq.raise delay=uniform:1us-1ms",
        "irq.raise duplicate=64", "irq.raise spurious", "device gone",
        "iommu.invalidate every=2 drop", "iommu.invalidate defer=3",
        "iommu.invalidate partial", "iommu.translate prob=1/9 fault",
        "iommu.translate delay=exp:1ms", "fence.complete hold", "dma.read",
    };
    const char *rule = rules[g_rand_int_range(rand, 0, ARRAY_SIZE(rules))];

    if (g_rand_boolean(rand)) {
        env_w32(env, WINDOW(TEXT) + 4 * g_rand_int_range(rand, 0, 64),
                g_rand_int(rand));
        return;
    }
    for (size_t i = 0; i <= strlen(rule); i += 4) {
        char word[4] = { };

        memcpy(word, rule + i, MIN(4, strlen(rule) - i));
        env_w32(env, WINDOW(TEXT) + i, ldl_le_p(word));
    }
}

static void random_access(PuckEnv *env, GRand *rand)
{
    QPCIDevice *dev = env->iommu.dev;
    uint64_t at = PUCK_MISCHIEF_WINDOW +
                  g_rand_int_range(rand, 0, PUCK_MISCHIEF_WINDOW_SIZE);
    uint32_t value = g_rand_int(rand);

    switch (g_rand_int_range(rand, 0, 6)) {
    case 0:
        qpci_io_writeb(dev, env->iommu.bar, at, value);
        break;
    case 1:
        qpci_io_writew(dev, env->iommu.bar, at & ~1ull, value);
        break;
    case 2:
        env_w32(env, at & ~3ull, value % 8);
        break;
    case 3:
        env_w64(env, at & ~7ull, value);
        break;
    case 4:
        env_r32(env, at & ~3ull);
        break;
    default:
        env_r64(env, at & ~7ull);
        break;
    }
}

/* Whatever a guest writes there: the machine lives, and so does the window. */
static void test_bad_random(void)
{
    GRand *rand = g_rand_new_with_seed(4711);
    unsigned results[PUCK_MISCHIEF_ERR_NO_RULE + 1] = { };
    PuckEnv env;

    mischief_start(&env, "");
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t result;

        random_text(&env, rand);
        random_access(&env, rand);
        result = window_command(&env, g_rand_int_range(rand, 0, 6),
                                g_rand_int_range(rand, 0, 300));
        g_assert_cmpuint(result, <=, PUCK_MISCHIEF_ERR_NO_RULE);
        results[result]++;
        g_assert_cmpuint(env_r32(&env, WINDOW(COUNT)), <=,
                         PUCK_MISCHIEF_RULES_MAX);
        if (i % 100 == 0) {
            mischief_message(&env);
            mischief_invalidate(&env, 0x1000ull * i);
        }
    }
    g_rand_free(rand);
    for (unsigned i = 0; i < ARRAY_SIZE(results); i++) {
        g_test_message("result %u: %u times", i, results[i]);
        g_assert_true(results[i] || i == PUCK_MISCHIEF_ERR_LOCKED);
    }
    while (env_r32(&env, WINDOW(COUNT))) {
        window_command(&env, PUCK_MISCHIEF_SHOW, 0);
        g_assert_cmpuint(window_command(&env, PUCK_MISCHIEF_REMOVE,
                                        env_r32(&env, WINDOW(ID))), ==,
                         PUCK_MISCHIEF_OK);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

void add_window_tests(void)
{
    qtest_add_func("/puck-mischief/window/registers", test_registers);
    qtest_add_func("/puck-mischief/window/bad_accesses", test_bad_accesses);
    qtest_add_func("/puck-mischief/window/commands", test_commands);
    qtest_add_func("/puck-mischief/window/bad_commands", test_bad_commands);
    qtest_add_func("/puck-mischief/window/bad_text", test_bad_text);
    qtest_add_func("/puck-mischief/window/bad_full", test_bad_full);
    qtest_add_func("/puck-mischief/window/bad_locked", test_bad_locked);
    qtest_add_func("/puck-mischief/window/reset", test_reset);
    qtest_add_func("/puck-mischief/window/two-windows", test_two_windows);
    qtest_add_func("/puck-mischief/window/bad_random", test_bad_random);
}
