/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: PCI identity, access rules and reset values of every
 * register, reset.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "common/iommu-env.h"

#define CAP_VALUE   (48ull | 52ull << 8 | 3ull << 16 | 12ull << 24 | \
                     12ull << 28 | 16ull << 32)
#define SCOPE_RP1   (PUCK_IOMMU_SCOPE_VALID | ENV_BUS | ENV_BUS << 8)

typedef struct Register {
    uint16_t offset;
    uint8_t size;
    uint64_t reset;
    uint64_t rw;        /* writable while everything is off */
} Register;

#define QUEUE_BITS  (PUCK_IOMMU_QUEUE_BASE | PUCK_IOMMU_QUEUE_ORDER)

static const Register registers[] = {
    { PUCK_IOMMU_MAGIC, 4, 0x4f494b50 },
    { PUCK_IOMMU_VERSION, 4, 0x00010001 },
    { PUCK_IOMMU_CAP, 8, CAP_VALUE },
    { PUCK_IOMMU_IOTLB_CAPACITY, 4, 1024 },
    /* CTRL has tests to itself; this bit has no effect on other registers. */
    { PUCK_IOMMU_CTRL, 4, 0, PUCK_IOMMU_CTRL_AUDIT },
    { PUCK_IOMMU_STATUS, 4, 0 },
    { PUCK_IOMMU_ROOT, 8, 0, PUCK_IOMMU_ROOT_ADDR },
    { PUCK_IOMMU_CQ_BASE, 8, 0, QUEUE_BITS },
    { PUCK_IOMMU_CQ_HEAD, 4, 0 },
    { PUCK_IOMMU_CQ_TAIL, 4, 0 },
    { PUCK_IOMMU_FQ_BASE, 8, 0, QUEUE_BITS },
    { PUCK_IOMMU_FQ_HEAD, 4, 0 },
    { PUCK_IOMMU_FQ_TAIL, 4, 0 },
    { PUCK_IOMMU_IRQ_STATUS, 4, 0 },
    { PUCK_IOMMU_IRQ_ENABLE, 4, 0, PUCK_IOMMU_IRQ_ALL },
    { PUCK_IOMMU_CQ_ERROR, 4, 0 },
    { PUCK_IOMMU_SCOPE_COUNT, 4, 1 },
    { PUCK_IOMMU_SCOPE(0), 4, SCOPE_RP1 },
    { PUCK_IOMMU_SCOPE(1), 4, 0 },
    { PUCK_IOMMU_SCOPE(15), 4, 0 },
    { PUCK_IOMMU_CNT_TRANSLATIONS, 8, 0 },
    { PUCK_IOMMU_CNT_HITS, 8, 0 },
    { PUCK_IOMMU_CNT_WALKS, 8, 0 },
    { PUCK_IOMMU_CNT_FAULTS, 8, 0 },
    { PUCK_IOMMU_CNT_FAULTS_LOST, 8, 0 },
    { PUCK_IOMMU_CNT_COMMANDS, 8, 0 },
    { PUCK_IOMMU_CNT_INVALIDATIONS, 8, 0 },
    { PUCK_IOMMU_CNT_EVICTIONS, 8, 0 },
    { PUCK_IOMMU_CNT_STALE_HITS, 8, 0 },
    { PUCK_IOMMU_CNT_IOTLB_ENTRIES, 8, 0 },
    { PUCK_IOMMU_CNT_STALE_USES, 8, 0 },
    { PUCK_IOMMU_POLICY_GENERATION, 4, 0 },
    { PUCK_IOMMU_POLICY_COUNT, 4, 0 },
    { PUCK_IOMMU_POLICY_INDEX, 4, 0, UINT32_MAX },
    { PUCK_IOMMU_POLICY_LENGTH, 4, 0 },
    { PUCK_IOMMU_POLICY_TEXT, 4, 0 },
    { PUCK_IOMMU_POLICY_TEXT + 252, 4, 0 },
};

static uint64_t read_register(PuckEnv *env, const Register *r)
{
    return r->size == 8 ? env_r64(env, r->offset) : env_r32(env, r->offset);
}

static void write_register(PuckEnv *env, const Register *r, uint64_t value)
{
    if (r->size == 8) {
        env_w64(env, r->offset, value);
    } else {
        env_w32(env, r->offset, value);
    }
}

static void assert_reset_state(PuckEnv *env)
{
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        g_assert_cmphex(read_register(env, &registers[i]), ==,
                        registers[i].reset);
    }
}

static void test_identity(void)
{
    PuckEnv env;
    QPCIDevice *dev;
    uint8_t cap;

    env_start(&env, "");
    dev = env.iommu.dev;
    g_assert_cmphex(qpci_config_readw(dev, PCI_VENDOR_ID), ==, 0x1234);
    g_assert_cmphex(qpci_config_readw(dev, PCI_DEVICE_ID), ==, 0x70c0);
    g_assert_cmphex(qpci_config_readl(dev, PCI_CLASS_REVISION), ==,
                    0x08060001);
    g_assert_cmphex(qpci_config_readb(dev, PCI_INTERRUPT_PIN), ==, 0);
    g_assert_cmphex(qpci_config_readl(dev, PCI_BASE_ADDRESS_0) & 0xf, ==,
                    PCI_BASE_ADDRESS_MEM_TYPE_64);
    g_assert_cmpuint(qpci_msix_table_size(dev), ==, PUCK_IOMMU_NUM_VECS);
    cap = qpci_find_capability(dev, PCI_CAP_ID_EXP, 0);
    g_assert_cmphex(cap, !=, 0);
    g_assert_cmpuint((qpci_config_readw(dev, cap + PCI_EXP_FLAGS) &
                      PCI_EXP_FLAGS_TYPE) >> 4, ==, PCI_EXP_TYPE_RC_END);
    env_stop(&env);
}

static void test_reset_values(void)
{
    PuckEnv env;

    env_start(&env, "");
    assert_reset_state(&env);
    env_stop(&env);
}

static void test_access_rules(void)
{
    PuckEnv env;

    env_start(&env, "");
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        const Register *r = &registers[i];

        /* RESET would undo what is looked at. */
        write_register(&env, r, r->offset == PUCK_IOMMU_CTRL ?
                       PUCK_IOMMU_CTRL_AUDIT | 0x7ffffff0u : UINT64_MAX);
        g_assert_cmphex(read_register(&env, r), ==, r->reset | r->rw);
        write_register(&env, r, 0);
        g_assert_cmphex(read_register(&env, r), ==, r->reset & ~r->rw);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_halves(void)
{
    PuckEnv env;

    env_start(&env, "");
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        const Register *r = &registers[i];

        if (r->size != 8) {
            continue;
        }
        g_assert_cmphex(env_r32(&env, r->offset), ==, (uint32_t)r->reset);
        g_assert_cmphex(env_r32(&env, r->offset + 4), ==, r->reset >> 32);
        env_w32(&env, r->offset, UINT32_MAX);
        g_assert_cmphex(env_r64(&env, r->offset), ==,
                        r->reset | (uint32_t)r->rw);
        env_w32(&env, r->offset + 4, UINT32_MAX);
        g_assert_cmphex(env_r64(&env, r->offset), ==, r->reset | r->rw);
        env_w32(&env, r->offset, 0);
        g_assert_cmphex(env_r64(&env, r->offset), ==,
                        r->reset | (r->rw & ~(uint64_t)UINT32_MAX));
    }
    env_stop(&env);
}

/* Lines of the log that are ours. */
static unsigned logged_errors(const char *path)
{
    g_autofree char *text = NULL;
    unsigned count = 0;
    const char *at;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    for (at = text; (at = strstr(at, "puck-iommu: ")); at++) {
        count++;
    }
    return count;
}

/* For the caller to remove and to free. */
static char *log_path(void)
{
    return g_strdup_printf("%s/puck-iommu-log-%d", g_get_tmp_dir(), getpid());
}

/* Each of these reads as zero, changes nothing, and is logged twice. */
static void test_bad_access(void)
{
    static const struct {
        uint16_t offset;
        uint8_t size;
    } bad[] = {
        { PUCK_IOMMU_MAGIC, 1 }, { PUCK_IOMMU_MAGIC, 2 },
        { PUCK_IOMMU_MAGIC, 8 }, { PUCK_IOMMU_CAP, 1 }, { PUCK_IOMMU_CAP, 2 },
        { PUCK_IOMMU_IRQ_STATUS, 8 }, { PUCK_IOMMU_CTRL, 8 },
        { PUCK_IOMMU_SCOPE(0), 8 }, { PUCK_IOMMU_SCOPE(0), 2 },
        { 0x014, 4 }, { 0x054, 4 }, { 0x058, 8 }, { 0x078, 4 }, { 0x0c0, 4 },
        { 0x158, 8 }, { 0x158, 4 }, { 0x210, 4 }, { 0x2f8, 8 }, { 0x400, 4 },
        { 0x7f8, 8 }, { 0xffc, 4 }, { 0xff8, 8 },
    };
    g_autofree char *path = log_path();
    g_autofree char *log = g_strdup_printf(" -d guest_errors -D %s", path);
    PuckEnv env;

    env_start(&env, log);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        QPCIDevice *dev = env.iommu.dev;
        unsigned before = logged_errors(path);
        uint64_t value;

        switch (bad[i].size) {
        case 1:
            value = qpci_io_readb(dev, env.iommu.bar, bad[i].offset);
            qpci_io_writeb(dev, env.iommu.bar, bad[i].offset, 0xff);
            break;
        case 2:
            value = qpci_io_readw(dev, env.iommu.bar, bad[i].offset);
            qpci_io_writew(dev, env.iommu.bar, bad[i].offset, 0xffff);
            break;
        case 4:
            value = env_r32(&env, bad[i].offset);
            env_w32(&env, bad[i].offset, UINT32_MAX);
            break;
        default:
            value = env_r64(&env, bad[i].offset);
            env_w64(&env, bad[i].offset, UINT64_MAX);
        }
        g_assert_cmphex(value, ==, 0);
        g_assert_cmpuint(logged_errors(path), ==, before + 2);
    }
    assert_reset_state(&env);
    env_assert_alive(&env);
    env_stop(&env);
    unlink(path);
}

static void test_bad_write_while_in_use(void)
{
    static const uint16_t fixed[] = {
        PUCK_IOMMU_ROOT, PUCK_IOMMU_CQ_BASE, PUCK_IOMMU_FQ_BASE
    };
    PuckEnv env;

    env_start_on(&env, "");
    for (unsigned i = 0; i < ARRAY_SIZE(fixed); i++) {
        uint64_t before = env_r64(&env, fixed[i]);

        env_w64(&env, fixed[i], 0x123456000 | 5);
        env_w32(&env, fixed[i], 0xffffffff);
        env_w32(&env, fixed[i] + 4, 0xffffffff);
        g_assert_cmphex(env_r64(&env, fixed[i]), ==, before);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_queue_order(void)
{
    static const unsigned orders[] = { 0, 13, 14, 15 };
    g_autofree char *path = log_path();
    g_autofree char *log = g_strdup_printf(" -d guest_errors -D %s", path);
    PuckEnv env;

    env_start(&env, log);
    for (unsigned i = 0; i < ARRAY_SIZE(orders); i++) {
        env_w64(&env, PUCK_IOMMU_CQ_BASE, PUCK_RAM_BASE | orders[i]);
        env_w64(&env, PUCK_IOMMU_FQ_BASE, PUCK_RAM_BASE | orders[i]);
        env_w32(&env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_CQ_ENABLE |
                PUCK_IOMMU_CTRL_FQ_ENABLE | PUCK_IOMMU_CTRL_AUDIT);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_CTRL), ==,
                        PUCK_IOMMU_CTRL_AUDIT);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_STATUS), ==, 0);
        g_assert_cmpuint(logged_errors(path), ==, i + 1);
    }
    env_assert_alive(&env);
    env_stop(&env);
    unlink(path);
}

static void test_queue_orders(void)
{
    PuckEnv env;

    env_start(&env, "");
    for (unsigned order = 1; order <= PUCK_IOMMU_QUEUE_ORDER_MAX; order++) {
        env_w32(&env, PUCK_IOMMU_CTRL, 0);
        env_w64(&env, PUCK_IOMMU_CQ_BASE, PUCK_RAM_BASE | order);
        env_w64(&env, PUCK_IOMMU_FQ_BASE, PUCK_RAM_BASE | order);
        env_w32(&env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_CQ_ENABLE |
                PUCK_IOMMU_CTRL_FQ_ENABLE);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_STATUS), ==,
                        PUCK_IOMMU_STATUS_CQ_ON | PUCK_IOMMU_STATUS_FQ_ON);
        env_w32(&env, PUCK_IOMMU_FQ_HEAD, (1u << order) - 1);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_FQ_HEAD), ==,
                        (1u << order) - 1);
        env_w32(&env, PUCK_IOMMU_FQ_HEAD, 1u << order);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_FQ_HEAD), ==,
                        (1u << order) - 1);
    }
    env_stop(&env);
}

/* Leaves something in every register, cache and counter. */
static void make_untidy(PuckEnv *env)
{
    env_map(env, 0, PUCK_RAM_BASE, RW);
    edu_read(env, 0, 8);
    edu_read(env, PAGE, 8);
    env_cmd(env, (struct puck_iommu_cmd) { .opcode = 99 });
    env_w32(env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_ALL);
    g_assert_true(puck_msix_take(&env->m, &env->iommu, 0, true));
    g_assert_true(puck_msix_take(&env->m, &env->iommu, 1, true));
    g_assert_cmphex(env_r32(env, PUCK_IOMMU_CQ_ERROR), !=, 0);
}

static void test_ctrl_reset(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    make_untidy(&env);
    env_w32(&env, PUCK_IOMMU_CTRL, UINT32_MAX);
    assert_reset_state(&env);
    env_assert_alive(&env);
    env_stop(&env);
}

/* After a system reset nothing is numbered: look without the edu. */
static void test_system_reset(void)
{
    PuckEnv env;
    uint64_t bar;

    env_start_on(&env, ",audit=on,iotlb-entries=16");
    make_untidy(&env);
    bar = env.iommu.bar.addr;
    qtest_system_reset(env.m.qts);
    qpci_config_writel(env.iommu.dev, PCI_BASE_ADDRESS_0, bar);
    qpci_device_enable(env.iommu.dev);

    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_CTRL), ==, PUCK_IOMMU_CTRL_AUDIT);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IOTLB_CAPACITY), ==, 16);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_SCOPE(0)), ==, 0);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_STATUS), ==, 0);
    g_assert_cmphex(env_r64(&env, PUCK_IOMMU_ROOT), ==, 0);
    for (unsigned at = PUCK_IOMMU_CNT_TRANSLATIONS;
         at <= PUCK_IOMMU_CNT_STALE_USES; at += 8) {
        g_assert_cmpuint(env_r64(&env, at), ==, 0);
    }
    env_stop(&env);
}

void add_register_tests(void)
{
    qtest_add_func("/puck-iommu/registers/identity", test_identity);
    qtest_add_func("/puck-iommu/registers/reset_values", test_reset_values);
    qtest_add_func("/puck-iommu/registers/access_rules", test_access_rules);
    qtest_add_func("/puck-iommu/registers/halves", test_halves);
    qtest_add_func("/puck-iommu/registers/bad_access", test_bad_access);
    qtest_add_func("/puck-iommu/registers/bad_write_while_in_use",
                   test_bad_write_while_in_use);
    qtest_add_func("/puck-iommu/registers/bad_queue_order",
                   test_bad_queue_order);
    qtest_add_func("/puck-iommu/registers/queue_orders", test_queue_orders);
    qtest_add_func("/puck-iommu/registers/ctrl_reset", test_ctrl_reset);
    qtest_add_func("/puck-iommu/registers/system_reset", test_system_reset);
}
