/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: what a request finds, by way of a real DMA.
 */

#include "qemu/osdep.h"
#include "common/iommu-env.h"

#define IOVA    0x12340000000ull

/* Copies through the edu and looks at the bytes that arrive. */
static void assert_copies(PuckEnv *env, uint64_t iova_from, uint64_t iova_to,
                          uint64_t pa_from, uint64_t pa_to, unsigned len)
{
    g_autofree uint8_t *sent = g_malloc(len);
    g_autofree uint8_t *got = g_malloc(len);

    for (unsigned i = 0; i < len; i++) {
        sent[i] = g_random_int();
    }
    qtest_memwrite(env->m.qts, pa_from, sent, len);
    qtest_memset(env->m.qts, pa_to, 0, len);
    edu_read(env, iova_from, len);
    edu_write(env, iova_to, len);
    qtest_memread(env->m.qts, pa_to, got, len);
    g_assert_cmpmem(sent, len, got, len);
}

static void test_off_passes(void)
{
    PuckEnv env;
    uint64_t from, to;

    env_start(&env, "");
    from = puck_machine_pages(&env.m, 2);
    to = puck_machine_pages(&env.m, 2);
    assert_copies(&env, from + 100, to + 200, from + 100, to + 200, PAGE);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_TRANSLATIONS), ==, 0);
    env_stop(&env);
}

static void test_scattered_pages(void)
{
    PuckEnv env;
    uint64_t a, b, to;
    uint8_t sent[64], got[64];

    env_start_on(&env, "");
    a = puck_machine_pages(&env.m, 2);
    b = a + PAGE;
    to = puck_machine_pages(&env.m, 1);
    /* Contiguous for the device, backwards in memory. */
    env_map(&env, IOVA, b, PUCK_IOMMU_PTE_READ);
    env_map(&env, IOVA + PAGE, a, PUCK_IOMMU_PTE_READ);
    env_map(&env, IOVA + 2 * PAGE, to, PUCK_IOMMU_PTE_WRITE);

    for (unsigned i = 0; i < sizeof(sent); i++) {
        sent[i] = i + 1;
    }
    qtest_memwrite(env.m.qts, b + PAGE - 20, sent, 20);
    qtest_memwrite(env.m.qts, a, sent + 20, sizeof(sent) - 20);
    edu_read(&env, IOVA + PAGE - 20, sizeof(sent));
    edu_write(&env, IOVA + 2 * PAGE, sizeof(sent));
    qtest_memread(env.m.qts, to, got, sizeof(got));
    g_assert_cmpmem(sent, sizeof(sent), got, sizeof(got));

    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_TRANSLATIONS), ==, 3);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_WALKS), ==, 3);
    env_assert_no_fault(&env);
    env_stop(&env);
}

static void test_edges_of_iova(void)
{
    static const uint64_t iovas[] = {
        0, PAGE, 0xfedff000, 0xfef00000, 0xffffffff000, 0xfffffffff000
    };
    PuckEnv env;

    env_start_on(&env, "");
    for (unsigned i = 0; i < ARRAY_SIZE(iovas); i++) {
        uint64_t pa = puck_machine_pages(&env.m, 1);

        env_map(&env, iovas[i], pa | PUCK_IOMMU_PTE_SOFTWARE, RW);
        assert_copies(&env, iovas[i], iovas[i] + 2048, pa, pa + 2048, 2048);
        env_inv_all(&env);
    }
    env_assert_no_fault(&env);
    env_stop(&env);
}

static void test_leaf_2m(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    env_map_2m(&env, IOVA, 4 * HUGE * 8, RW);
    assert_copies(&env, IOVA + 0x1000, IOVA + HUGE - PAGE,
                  4 * HUGE * 8 + 0x1000, 4 * HUGE * 8 + HUGE - PAGE, PAGE);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_WALKS), ==, 1);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_HITS), ==, 1);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_IOTLB_ENTRIES), ==, 1);
    env_assert_no_fault(&env);
    env_stop(&env);
}

/* Each level in turn withholds a permission; the fault names it. */
static void test_permission_is_and(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), RW);
    for (unsigned level = 1; level <= PUCK_IOMMU_PT_LEVELS; level++) {
        uint64_t at = env_entry(&env, IOVA, level);
        uint64_t entry = qtest_readq(env.m.qts, at);

        qtest_writeq(env.m.qts, at, entry & ~PUCK_IOMMU_PTE_WRITE);
        edu_read(&env, IOVA, 8);
        env_assert_no_fault(&env);
        edu_write(&env, IOVA, 8);
        env_assert_fault(&env, PUCK_IOMMU_FAULT_PERMISSION, IOVA, true, at);
        env_inv_all(&env);

        qtest_writeq(env.m.qts, at, entry & ~PUCK_IOMMU_PTE_READ);
        edu_write(&env, IOVA, 8);
        env_assert_no_fault(&env);
        edu_read(&env, IOVA, 8);
        env_assert_fault(&env, PUCK_IOMMU_FAULT_PERMISSION, IOVA, false, at);
        env_inv_all(&env);
        qtest_writeq(env.m.qts, at, entry);
    }
    env_stop(&env);
}

static void test_identity(void)
{
    PuckEnv env;
    uint64_t from, to;

    env_start(&env, "");
    env_program(&env);
    env_set_context(&env, 0, PUCK_IOMMU_CTX_VALID |
                    PUCK_IOMMU_CTX_MODE_IDENTITY << 1, ENV_DOMAIN);
    from = puck_machine_pages(&env.m, 2);
    to = puck_machine_pages(&env.m, 2);
    assert_copies(&env, from + 9, to + 7, from + 9, to + 7, PAGE);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_TRANSLATIONS), >, 0);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_WALKS), ==, 0);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_IOTLB_ENTRIES), ==, 0);

    edu_read(&env, 1ull << PUCK_IOMMU_IOVA_BITS, 8);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_ADDRESS,
                     1ull << PUCK_IOMMU_IOVA_BITS, false, 0);
    edu_read(&env, PUCK_IOMMU_MSI_BASE, 4);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_INTERRUPT, PUCK_IOMMU_MSI_BASE,
                     false, 0);
    env_stop(&env);
}

static void inv_context(PuckEnv *env, unsigned rid)
{
    env_cmd(env, (struct puck_iommu_cmd) {
        .opcode = PUCK_IOMMU_CMD_INV_CONTEXT, .id = rid
    });
}

/* A context is held until it is invalidated, by its own requester's name. */
static void test_context_cache(void)
{
    PuckEnv env;
    uint64_t old_table, pa;

    env_start_on(&env, "");
    pa = puck_machine_pages(&env.m, 1);
    env_map(&env, IOVA, pa, RW);
    edu_read(&env, IOVA, 8);

    old_table = env.table;
    env_set_context(&env, 0, PUCK_IOMMU_CTX_VALID |
                    PUCK_IOMMU_CTX_MODE_BLOCKED << 1, ENV_DOMAIN);
    edu_read(&env, IOVA, 8);
    inv_context(&env, ENV_RID + 1);
    inv_context(&env, 0);
    edu_read(&env, IOVA, 8);
    env_assert_no_fault(&env);

    inv_context(&env, ENV_RID);
    edu_read(&env, IOVA, 8);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_BLOCKED, IOVA, false, 0);

    /* The IOTLB entry outlived the context. */
    env_set_context(&env, 0, old_table | PUCK_IOMMU_CTX_VALID, ENV_DOMAIN);
    env_unmap(&env, IOVA);
    inv_context(&env, ENV_RID);
    edu_read(&env, IOVA, 8);
    env_assert_no_fault(&env);

    env_set_context(&env, 0, 0, 0);
    env_inv_all(&env);
    edu_read(&env, IOVA, 8);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_CONTEXT, IOVA, false, env.ctx);
    env_stop(&env);
}

/* An invalid context is not cached: making it valid is enough. */
static void test_invalid_context_is_not_cached(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), RW);
    env_set_context(&env, 0, 0, 0);
    edu_read(&env, IOVA, 8);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_CONTEXT, IOVA, false, env.ctx);
    env_set_context(&env, 0, env.table | PUCK_IOMMU_CTX_VALID, ENV_DOMAIN);
    edu_read(&env, IOVA, 8);
    env_assert_no_fault(&env);
    env_stop(&env);
}

static void test_interrupt_window(void)
{
    static const uint64_t in[] = { 0xfee00000, 0xfee01000, 0xfeeffffc };
    PuckEnv env;
    uint64_t pa;

    env_start_on(&env, "");
    pa = puck_machine_pages(&env.m, 1);
    for (unsigned i = 0; i < ARRAY_SIZE(in); i++) {
        uint64_t page = in[i] & ~(PAGE - 1);

        env_map(&env, page, pa, RW);
        edu_write(&env, in[i], 4);
        g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_TRANSLATIONS), ==, i);
        edu_read(&env, in[i], 4);
        env_assert_fault(&env, PUCK_IOMMU_FAULT_INTERRUPT, in[i], false, 0);
        g_assert_cmphex(qtest_readl(env.m.qts, pa + (in[i] - page)), ==, 0);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

/* A 2M leaf around the window serves the half that is beside it. */
static void test_interrupt_window_in_leaf(void)
{
    PuckEnv env;
    uint64_t pa = 4 * HUGE * 8;

    env_start_on(&env, "");
    env_map_2m(&env, PUCK_IOMMU_MSI_BASE, pa, RW);
    assert_copies(&env, 0xfef00000, 0xfeff0000, pa + 0x100000, pa + 0x1f0000,
                  PAGE);
    edu_read(&env, 0xfee80000, 8);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_INTERRUPT, 0xfee80000, false, 0);
    env_stop(&env);
}

/* The requester carries the bus number of the moment. */
static void test_bus_renumbered(void)
{
    PuckEnv env;
    uint64_t pa;

    env_start_on(&env, "");
    pa = puck_machine_pages(&env.m, 1);
    env_map(&env, IOVA, pa, RW);
    env_set_root(&env, 0x42, env.ctx | PUCK_IOMMU_ROOT_ENTRY_VALID);
    env_set_root(&env, ENV_BUS, 0);
    puck_bridge_setup(&env.m, 0, QPCI_DEVFN(4, 0), 0x42, 0x42);
    puck_function_free(&env.edu);
    puck_function_map(&env.m, &env.edu, 0x42, 0, 0);
    assert_copies(&env, IOVA, IOVA + 2048, pa, pa + 2048, 2048);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_SCOPE(0)), ==,
                    PUCK_IOMMU_SCOPE_VALID | 0x4242);
    env_stop(&env);
}

void add_translate_tests(void)
{
    qtest_add_func("/puck-iommu/translate/off_passes", test_off_passes);
    qtest_add_func("/puck-iommu/translate/scattered_pages",
                   test_scattered_pages);
    qtest_add_func("/puck-iommu/translate/edges_of_iova", test_edges_of_iova);
    qtest_add_func("/puck-iommu/translate/leaf_2m", test_leaf_2m);
    qtest_add_func("/puck-iommu/translate/permission_is_and",
                   test_permission_is_and);
    qtest_add_func("/puck-iommu/translate/identity", test_identity);
    qtest_add_func("/puck-iommu/translate/context_cache", test_context_cache);
    qtest_add_func("/puck-iommu/translate/invalid_context_is_not_cached",
                   test_invalid_context_is_not_cached);
    qtest_add_func("/puck-iommu/translate/interrupt_window",
                   test_interrupt_window);
    qtest_add_func("/puck-iommu/translate/interrupt_window_in_leaf",
                   test_interrupt_window_in_leaf);
    qtest_add_func("/puck-iommu/translate/bus_renumbered",
                   test_bus_renumbered);
}
