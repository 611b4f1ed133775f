/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: each reason of a fault, the fault queue, messages.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "common/iommu-env.h"

#define IOVA        0x9abc0000000ull
/* Neither RAM nor ever any: the machine has 256 MiB. */
#define NOWHERE     0x8000000000000ull
#define FQ_SLOTS    ((1 << ENV_FQ_ORDER) - 1)

static void write_entry(PuckEnv *env, uint64_t at, uint64_t value)
{
    qtest_writeq(env->m.qts, at, value);
    env_inv_all(env);
}

/* The reason with @value at @at; the entry is put back. */
static void assert_entry_faults(PuckEnv *env, uint64_t at, uint64_t value,
                                unsigned reason, uint64_t entry)
{
    uint64_t before = qtest_readq(env->m.qts, at);

    write_entry(env, at, value);
    edu_write(env, IOVA + 0x123, 8);
    env_assert_fault(env, reason, IOVA + 0x123, true, entry);
    write_entry(env, at, before);
    edu_write(env, IOVA, 8);
    env_assert_no_fault(env);
}

static void start_mapped(PuckEnv *env)
{
    env_start_on(env, "");
    env_map(env, IOVA, puck_machine_pages(&env->m, 1), RW);
}

static void test_bad_root_entry(void)
{
    PuckEnv env;
    uint64_t at, good;

    start_mapped(&env);
    at = env.root + 8 * ENV_BUS;
    good = qtest_readq(env.m.qts, at);
    assert_entry_faults(&env, at, 0, PUCK_IOMMU_FAULT_ROOT, at);
    assert_entry_faults(&env, at, good & ~1ull, PUCK_IOMMU_FAULT_ROOT, at);
    for (unsigned bit = 1; bit < 64; bit = bit == 11 ? 52 : bit + 1) {
        assert_entry_faults(&env, at, good | 1ull << bit,
                            PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    }
    assert_entry_faults(&env, at, NOWHERE | 1, PUCK_IOMMU_FAULT_TABLE_READ,
                        NOWHERE);
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_context_entry(void)
{
    PuckEnv env;
    uint64_t at, good;

    start_mapped(&env);
    at = env.ctx;
    good = qtest_readq(env.m.qts, at);
    assert_entry_faults(&env, at, 0, PUCK_IOMMU_FAULT_CONTEXT, at);
    for (unsigned bit = 4; bit < 64; bit = bit == 11 ? 52 : bit + 1) {
        assert_entry_faults(&env, at, good | 1ull << bit,
                            PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    }
    for (unsigned mode = 3; mode < 8; mode++) {
        assert_entry_faults(&env, at, 1 | mode << 1,
                            PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    }
    assert_entry_faults(&env, at, good | PUCK_IOMMU_CTX_MODE_IDENTITY << 1,
                        PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    assert_entry_faults(&env, at, good | PUCK_IOMMU_CTX_MODE_BLOCKED << 1,
                        PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    for (unsigned bit = 16; bit < 64; bit++) {
        assert_entry_faults(&env, at + 8, ENV_DOMAIN | 1ull << bit,
                            PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    }
    assert_entry_faults(&env, at, 1 | PUCK_IOMMU_CTX_MODE_BLOCKED << 1,
                        PUCK_IOMMU_FAULT_BLOCKED, 0);
    assert_entry_faults(&env, at, NOWHERE | 1, PUCK_IOMMU_FAULT_TABLE_READ,
                        NOWHERE + 8 * (IOVA >> 39));
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_root_register(void)
{
    /* Nothing there; RAM ends; the IOMMU's own registers. */
    PuckEnv env;
    uint64_t roots[3];

    start_mapped(&env);
    roots[0] = NOWHERE;
    roots[1] = 256 * 1024 * 1024;
    roots[2] = env.iommu.bar.addr;
    for (unsigned i = 0; i < ARRAY_SIZE(roots); i++) {
        uint32_t ctrl = env_r32(&env, PUCK_IOMMU_CTRL);

        env_w32(&env, PUCK_IOMMU_CTRL, ctrl & ~PUCK_IOMMU_CTRL_ENABLE);
        env_w64(&env, PUCK_IOMMU_ROOT, roots[i]);
        env_w32(&env, PUCK_IOMMU_CTRL, ctrl);
        env_inv_all(&env);
        edu_read(&env, IOVA, 8);
        env_assert_fault(&env, PUCK_IOMMU_FAULT_TABLE_READ, IOVA, false,
                         roots[i] + 8 * ENV_BUS);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_table_entry(void)
{
    PuckEnv env;

    start_mapped(&env);
    for (unsigned level = 1; level <= PUCK_IOMMU_PT_LEVELS; level++) {
        uint64_t at = env_entry(&env, IOVA, level);
        uint64_t good = qtest_readq(env.m.qts, at);

        assert_entry_faults(&env, at, 0, PUCK_IOMMU_FAULT_NOT_MAPPED, at);
        /* Not present: nothing else of it counts. */
        assert_entry_faults(&env, at, ~(uint64_t)RW,
                            PUCK_IOMMU_FAULT_NOT_MAPPED, at);
        for (unsigned bit = 2; bit < 64; bit = bit == 6 ? 52 : bit + 1) {
            assert_entry_faults(&env, at, good | 1ull << bit,
                                PUCK_IOMMU_FAULT_PTE_RSVD, at);
        }
        if (level > 1) {
            uint64_t index = (IOVA >> (12 + 9 * (level - 2))) & 511;

            assert_entry_faults(&env, at, NOWHERE | RW,
                                PUCK_IOMMU_FAULT_TABLE_READ,
                                NOWHERE + 8 * index);
        }
    }
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_leaf(void)
{
    PuckEnv env;

    start_mapped(&env);
    for (unsigned level = 1; level <= PUCK_IOMMU_PT_LEVELS; level++) {
        uint64_t at = env_entry(&env, IOVA, level);

        if (level != 2) {
            assert_entry_faults(&env, at, qtest_readq(env.m.qts, at) |
                                PUCK_IOMMU_PTE_LEAF,
                                PUCK_IOMMU_FAULT_PTE_RSVD, at);
            continue;
        }
        for (unsigned bit = 12; bit <= 20; bit++) {
            assert_entry_faults(&env, at, 32 * HUGE | RW |
                                PUCK_IOMMU_PTE_LEAF | 1ull << bit,
                                PUCK_IOMMU_FAULT_PTE_RSVD, at);
        }
    }
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_address(void)
{
    static const uint64_t iovas[] = {
        1ull << 48, (1ull << 48) + PAGE, 1ull << 52, 1ull << 63,
        UINT64_MAX - PAGE + 1
    };
    PuckEnv env;

    start_mapped(&env);
    for (unsigned i = 0; i < ARRAY_SIZE(iovas); i++) {
        edu_read(&env, iovas[i], 8);
        env_assert_fault(&env, PUCK_IOMMU_FAULT_ADDRESS, iovas[i], false, 0);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

/* A leaf that points to no memory translates; the access then fails. */
static void test_leaf_to_nowhere(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    env_map(&env, IOVA, NOWHERE, RW);
    edu_write(&env, IOVA, 8);
    edu_read(&env, IOVA, 8);
    env_assert_no_fault(&env);
    env_assert_alive(&env);
    env_stop(&env);
}

/* An access over two pages faults once for each. */
static void test_span_faults_twice(void)
{
    struct puck_iommu_fault fault;
    PuckEnv env;

    env_start_on(&env, "");
    edu_read(&env, IOVA + PAGE - 4, 8);
    g_assert_true(env_pop_fault(&env, &fault));
    g_assert_cmphex(fault.iova, ==, IOVA + PAGE - 4);
    g_assert_true(env_pop_fault(&env, &fault));
    g_assert_cmphex(fault.iova, ==, IOVA + PAGE);
    env_assert_no_fault(&env);
    env_stop(&env);
}

/* A failed access leaves no shadow: mapped at once, the page is served. */
static void test_mapped_after_fault(void)
{
    PuckEnv env;
    uint64_t pa;

    env_start_on(&env, "");
    edu_read(&env, IOVA, 64);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_NOT_MAPPED, IOVA, false,
                     env_entry(&env, IOVA, 4));
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_TRANSLATIONS), ==, 1);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_WALKS), ==, 1);
    pa = puck_machine_pages(&env.m, 1);
    env_map(&env, IOVA, pa, RW);
    edu_read(&env, IOVA + 60, 8);
    env_assert_no_fault(&env);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_TRANSLATIONS), ==, 2);
    env_stop(&env);
}

static void test_overflow(void)
{
    struct puck_iommu_fault fault;
    PuckEnv env;

    env_start_on(&env, "");
    for (unsigned i = 0; i < FQ_SLOTS + 3; i++) {
        bool lost = i >= FQ_SLOTS;

        edu_read(&env, IOVA + i * PAGE, 8);
        g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_FAULTS), ==, i + 1);
        g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_FAULTS_LOST), ==,
                         lost ? i + 1 - FQ_SLOTS : 0);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_STATUS) &
                        PUCK_IOMMU_STATUS_FQ_OVERFLOW, ==,
                        lost ? PUCK_IOMMU_STATUS_FQ_OVERFLOW : 0);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==,
                        PUCK_IOMMU_IRQ_FAULT |
                        (lost ? PUCK_IOMMU_IRQ_FQ_OVERFLOW : 0));
    }
    env_w32(&env, PUCK_IOMMU_STATUS, PUCK_IOMMU_STATUS_FQ_OVERFLOW);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_STATUS) &
                    PUCK_IOMMU_STATUS_FQ_OVERFLOW, ==, 0);

    /* The oldest are there, in order; a freed slot is used again. */
    g_assert_true(env_pop_fault(&env, &fault));
    g_assert_cmphex(fault.iova, ==, IOVA);
    edu_read(&env, IOVA + 99 * PAGE, 8);
    for (unsigned i = 1; i < FQ_SLOTS; i++) {
        g_assert_true(env_pop_fault(&env, &fault));
        g_assert_cmphex(fault.iova, ==, IOVA + i * PAGE);
    }
    g_assert_true(env_pop_fault(&env, &fault));
    g_assert_cmphex(fault.iova, ==, IOVA + 99 * PAGE);
    env_assert_no_fault(&env);
    env_stop(&env);
}

static void assert_lost(PuckEnv *env)
{
    uint64_t lost = env_r64(env, PUCK_IOMMU_CNT_FAULTS_LOST);
    uint32_t tail = env_r32(env, PUCK_IOMMU_FQ_TAIL);

    edu_read(env, IOVA, 8);
    g_assert_cmpuint(env_r64(env, PUCK_IOMMU_CNT_FAULTS_LOST), ==, lost + 1);
    g_assert_cmpuint(env_r32(env, PUCK_IOMMU_FQ_TAIL), ==, tail);
    g_assert_true(env_r32(env, PUCK_IOMMU_STATUS) &
                  PUCK_IOMMU_STATUS_FQ_OVERFLOW);
    env_w32(env, PUCK_IOMMU_STATUS, PUCK_IOMMU_STATUS_FQ_OVERFLOW);
}

static void test_bad_queue_memory(void)
{
    PuckEnv env;
    uint64_t bases[4];
    uint32_t ctrl;

    env_start_on(&env, "");
    ctrl = env_r32(&env, PUCK_IOMMU_CTRL);
    bases[0] = NOWHERE;
    bases[1] = env.iommu.bar.addr;
    bases[2] = 0xfffc0000;      /* the firmware's ROM */
    bases[3] = PUCK_IOMMU_MSI_BASE;
    env_w32(&env, PUCK_IOMMU_CTRL, ctrl & ~PUCK_IOMMU_CTRL_FQ_ENABLE);
    assert_lost(&env);
    for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
        env_w64(&env, PUCK_IOMMU_FQ_BASE, bases[i] | ENV_FQ_ORDER);
        env_w32(&env, PUCK_IOMMU_CTRL, ctrl);
        assert_lost(&env);
        env_w32(&env, PUCK_IOMMU_CTRL, ctrl & ~PUCK_IOMMU_CTRL_FQ_ENABLE);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_head(void)
{
    PuckEnv env;
    uint32_t ctrl;

    env_start_on(&env, "");
    ctrl = env_r32(&env, PUCK_IOMMU_CTRL);
    edu_read(&env, IOVA, 8);
    env_w32(&env, PUCK_IOMMU_FQ_HEAD, 1 << ENV_FQ_ORDER);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_FQ_HEAD), ==, 0);
    env_w32(&env, PUCK_IOMMU_FQ_HEAD, UINT32_MAX);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_FQ_HEAD), ==, 0);
    env_w32(&env, PUCK_IOMMU_CTRL, ctrl & ~PUCK_IOMMU_CTRL_FQ_ENABLE);
    env_w32(&env, PUCK_IOMMU_FQ_HEAD, 1);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_FQ_HEAD), ==, 0);

    /* On again, it starts over. */
    env_w32(&env, PUCK_IOMMU_CTRL, ctrl);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_FQ_TAIL), ==, 0);
    env_assert_no_fault(&env);
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bus_master_off(void)
{
    PuckEnv env;
    uint16_t command;

    start_mapped(&env);
    command = qpci_config_readw(env.iommu.dev, PCI_COMMAND);
    qpci_config_writew(env.iommu.dev, PCI_COMMAND,
                       command & ~PCI_COMMAND_MASTER);
    assert_lost(&env);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_WALKS), ==, 0);
    qpci_config_writew(env.iommu.dev, PCI_COMMAND, command);
    edu_read(&env, IOVA, 8);
    env_assert_no_fault(&env);
    env_stop(&env);
}

static void test_messages(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    edu_read(&env, IOVA, 8);
    g_assert_false(puck_msix_take(&env.m, &env.iommu, 0, false));

    /* Enabled while set. */
    env_w32(&env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_FAULT);
    g_assert_true(puck_msix_take(&env.m, &env.iommu, 0, true));
    /* Stays set: no second message. */
    edu_read(&env, IOVA, 8);
    g_assert_false(puck_msix_take(&env.m, &env.iommu, 0, false));
    /* Cleared and set again. */
    env_w32(&env, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_FAULT);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==, 0);
    edu_read(&env, IOVA, 8);
    g_assert_true(puck_msix_take(&env.m, &env.iommu, 0, true));
    g_assert_false(puck_msix_take(&env.m, &env.iommu, 1, false));

    /* Overflow is a cause of its own. */
    env_w32(&env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_FQ_OVERFLOW);
    for (unsigned i = 0; i < FQ_SLOTS; i++) {
        edu_read(&env, IOVA, 8);
    }
    g_assert_true(puck_msix_take(&env.m, &env.iommu, 0, true));
    env_stop(&env);
}

void add_fault_tests(void)
{
    qtest_add_func("/puck-iommu/faults/bad_root_entry", test_bad_root_entry);
    qtest_add_func("/puck-iommu/faults/bad_context_entry",
                   test_bad_context_entry);
    qtest_add_func("/puck-iommu/faults/bad_root_register",
                   test_bad_root_register);
    qtest_add_func("/puck-iommu/faults/bad_table_entry", test_bad_table_entry);
    qtest_add_func("/puck-iommu/faults/bad_leaf", test_bad_leaf);
    qtest_add_func("/puck-iommu/faults/bad_address", test_bad_address);
    qtest_add_func("/puck-iommu/faults/leaf_to_nowhere", test_leaf_to_nowhere);
    qtest_add_func("/puck-iommu/faults/span_faults_twice",
                   test_span_faults_twice);
    qtest_add_func("/puck-iommu/faults/mapped_after_fault",
                   test_mapped_after_fault);
    qtest_add_func("/puck-iommu/faults/overflow", test_overflow);
    qtest_add_func("/puck-iommu/faults/bad_queue_memory",
                   test_bad_queue_memory);
    qtest_add_func("/puck-iommu/faults/bad_head", test_bad_head);
    qtest_add_func("/puck-iommu/faults/bus_master_off", test_bus_master_off);
    qtest_add_func("/puck-iommu/faults/messages", test_messages);
}
