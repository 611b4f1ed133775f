/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: what the IOTLB keeps, what it gives up, and when.
 */

#include "qemu/osdep.h"
#include "common/iommu-env.h"

#define IOVA    0x56780000000ull
#define OTHER   (ENV_DOMAIN + 1)

static uint64_t hits(PuckEnv *env)
{
    return env_r64(env, PUCK_IOMMU_CNT_HITS);
}

static uint64_t walks(PuckEnv *env)
{
    return env_r64(env, PUCK_IOMMU_CNT_WALKS);
}

static uint64_t entries(PuckEnv *env)
{
    return env_r64(env, PUCK_IOMMU_CNT_IOTLB_ENTRIES);
}

/* Whether a read of @iova is served without a look at the tables. */
static bool is_cached(PuckEnv *env, uint64_t iova)
{
    uint64_t before = hits(env);

    edu_read(env, iova, 8);
    return hits(env) == before + 1;
}

/* Reads @iova, then takes the mapping away without a word. */
static void make_stale(PuckEnv *env, uint64_t iova)
{
    env_map(env, iova, puck_machine_pages(&env->m, 1), RW);
    edu_read(env, iova, 8);
    env_unmap(env, iova);
}

static void assert_gone(PuckEnv *env, uint64_t iova)
{
    edu_read(env, iova, 8);
    env_assert_fault(env, PUCK_IOMMU_FAULT_NOT_MAPPED, iova, false,
                     env_entry(env, iova, 1));
}

static void test_stale_until_invalidated(void)
{
    static const struct {
        struct puck_iommu_cmd cmd;
        bool drops;
    } cases[] = {
        { { PUCK_IOMMU_CMD_SYNC }, false },
        { { PUCK_IOMMU_CMD_INV_CONTEXT, .id = ENV_RID }, false },
        { { PUCK_IOMMU_CMD_INV_PAGE, .id = OTHER, .addr = IOVA }, false },
        { { PUCK_IOMMU_CMD_INV_PAGE, .id = ENV_DOMAIN, .addr = IOVA + PAGE },
          false },
        { { PUCK_IOMMU_CMD_INV_PAGE, .id = ENV_DOMAIN, .addr = IOVA }, true },
        { { PUCK_IOMMU_CMD_INV_RANGE, .id = OTHER, .addr = 0,
            .size = 1ull << 48 }, false },
        { { PUCK_IOMMU_CMD_INV_RANGE, .id = ENV_DOMAIN, .addr = 0,
            .size = IOVA }, false },
        { { PUCK_IOMMU_CMD_INV_RANGE, .id = ENV_DOMAIN, .addr = IOVA + PAGE,
            .size = (1ull << 48) - IOVA - PAGE }, false },
        { { PUCK_IOMMU_CMD_INV_RANGE, .id = ENV_DOMAIN, .addr = IOVA - PAGE,
            .size = 2 * PAGE }, true },
        { { PUCK_IOMMU_CMD_INV_RANGE, .id = ENV_DOMAIN, .addr = 0,
            .size = 1ull << 48 }, true },
        { { PUCK_IOMMU_CMD_INV_DOMAIN, .id = OTHER }, false },
        { { PUCK_IOMMU_CMD_INV_DOMAIN, .id = ENV_DOMAIN }, true },
        { { PUCK_IOMMU_CMD_INV_ALL }, true },
    };
    PuckEnv env;

    env_start_on(&env, "");
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        make_stale(&env, IOVA);
        env_cmd(&env, cases[i].cmd);
        if (cases[i].drops) {
            assert_gone(&env, IOVA);
        } else {
            g_assert_true(is_cached(&env, IOVA));
            env_assert_no_fault(&env);
        }
        env_inv_all(&env);
    }
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_STATUS) &
                    PUCK_IOMMU_STATUS_CQ_ERROR, ==, 0);
    env_stop(&env);
}

/* Stale entries reach the old page even if another one is mapped there. */
static void test_stale_reaches_old_page(void)
{
    PuckEnv env;
    uint64_t old, new;

    env_start_on(&env, "");
    old = puck_machine_pages(&env.m, 1);
    new = puck_machine_pages(&env.m, 1);
    env_map(&env, IOVA, old, RW);
    edu_read(&env, IOVA, 8);
    env_map(&env, IOVA, new, RW);
    qtest_writeq(env.m.qts, old, 0x01d);
    qtest_writeq(env.m.qts, new, 0x4e3);
    edu_read(&env, IOVA, 8);
    edu_write(&env, IOVA + 8, 8);
    g_assert_cmphex(qtest_readq(env.m.qts, old + 8), ==, 0x01d);

    env_inv_page(&env, ENV_DOMAIN, IOVA);
    edu_read(&env, IOVA, 8);
    edu_write(&env, IOVA + 8, 8);
    g_assert_cmphex(qtest_readq(env.m.qts, new + 8), ==, 0x4e3);
    env_stop(&env);
}

static void test_lru(void)
{
    PuckEnv env;
    unsigned i;

    env_start_on(&env, ",iotlb-entries=4");
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_IOTLB_CAPACITY), ==, 4);
    for (i = 0; i < 6; i++) {
        env_map(&env, IOVA + i * PAGE, puck_machine_pages(&env.m, 1), RW);
    }
    for (i = 0; i < 4; i++) {
        g_assert_false(is_cached(&env, IOVA + i * PAGE));
    }
    g_assert_cmpuint(entries(&env), ==, 4);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_EVICTIONS), ==, 0);

    /* Used again, page 0 is no longer the oldest: 1 has to go, then 2. */
    g_assert_true(is_cached(&env, IOVA));
    g_assert_false(is_cached(&env, IOVA + 4 * PAGE));
    g_assert_false(is_cached(&env, IOVA + 5 * PAGE));
    g_assert_cmpuint(entries(&env), ==, 4);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_EVICTIONS), ==, 2);
    g_assert_true(is_cached(&env, IOVA + 3 * PAGE));
    g_assert_true(is_cached(&env, IOVA));
    g_assert_false(is_cached(&env, IOVA + PAGE));
    g_assert_false(is_cached(&env, IOVA + 2 * PAGE));
    env_assert_no_fault(&env);
    env_stop(&env);
}

static void test_capacity_one(void)
{
    PuckEnv env;

    env_start_on(&env, ",iotlb-entries=1");
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), RW);
    env_map(&env, IOVA + PAGE, puck_machine_pages(&env.m, 1), RW);
    g_assert_false(is_cached(&env, IOVA));
    g_assert_true(is_cached(&env, IOVA));
    g_assert_false(is_cached(&env, IOVA + PAGE));
    g_assert_false(is_cached(&env, IOVA));
    g_assert_cmpuint(entries(&env), ==, 1);
    env_stop(&env);
}

static void test_faults_are_not_cached(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    env_entry(&env, IOVA, 1);
    assert_gone(&env, IOVA);
    g_assert_cmpuint(entries(&env), ==, 0);
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), PUCK_IOMMU_PTE_WRITE);
    edu_read(&env, IOVA, 8);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_PERMISSION, IOVA, false,
                     env_entry(&env, IOVA, 1));
    g_assert_cmpuint(entries(&env), ==, 0);
    edu_write(&env, IOVA, 8);
    env_assert_no_fault(&env);
    g_assert_cmpuint(entries(&env), ==, 1);
    env_stop(&env);
}

/* An entry without the permission is dropped and walked again. */
static void test_permission_walks_again(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), PUCK_IOMMU_PTE_READ);
    edu_read(&env, IOVA, 8);
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), RW);
    edu_write(&env, IOVA, 8);
    env_assert_no_fault(&env);
    g_assert_cmpuint(walks(&env), ==, 2);
    g_assert_cmpuint(entries(&env), ==, 1);

    env_inv_all(&env);
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), PUCK_IOMMU_PTE_READ);
    edu_read(&env, IOVA, 8);
    edu_write(&env, IOVA, 8);
    env_assert_fault(&env, PUCK_IOMMU_FAULT_PERMISSION, IOVA, true,
                     env_entry(&env, IOVA, 1));
    g_assert_cmpuint(entries(&env), ==, 0);
    env_stop(&env);
}

static void test_huge_entries(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    env_map_2m(&env, IOVA, 32 * HUGE, RW);
    g_assert_false(is_cached(&env, IOVA));
    g_assert_true(is_cached(&env, IOVA + HUGE - PAGE));
    g_assert_cmpuint(entries(&env), ==, 1);
    qtest_writeq(env.m.qts, env_entry(&env, IOVA, 2), 0);
    g_assert_true(is_cached(&env, IOVA + PAGE));

    /* Any page of the leaf names it. */
    env_inv_page(&env, ENV_DOMAIN, IOVA + 77 * PAGE);
    g_assert_cmpuint(entries(&env), ==, 0);

    env_map_2m(&env, IOVA, 32 * HUGE, RW);
    g_assert_false(is_cached(&env, IOVA));
    env_cmd(&env, (struct puck_iommu_cmd) {
        .opcode = PUCK_IOMMU_CMD_INV_RANGE, .id = ENV_DOMAIN,
        .addr = IOVA + HUGE - PAGE, .size = 2 * PAGE
    });
    g_assert_cmpuint(entries(&env), ==, 0);
    env_stop(&env);
}

static void test_audit(void)
{
    PuckEnv env;

    env_start_on(&env, ",audit=on");
    make_stale(&env, IOVA);
    g_assert_true(is_cached(&env, IOVA));
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_STALE_HITS), ==, 1);
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), RW);
    g_assert_true(is_cached(&env, IOVA));
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_STALE_HITS), ==, 2);

    env_inv_page(&env, ENV_DOMAIN, IOVA);
    g_assert_false(is_cached(&env, IOVA));
    g_assert_true(is_cached(&env, IOVA));
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_STALE_HITS), ==, 2);
    g_assert_cmpuint(walks(&env), ==, 2);
    env_stop(&env);
}

static void test_audit_off(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    make_stale(&env, IOVA);
    g_assert_true(is_cached(&env, IOVA));
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_STALE_HITS), ==, 0);
    env_stop(&env);
}

/* Turning translation off and on leaves the caches alone. */
static void test_survives_enable(void)
{
    PuckEnv env;
    uint32_t ctrl;

    env_start_on(&env, "");
    make_stale(&env, IOVA);
    ctrl = env_r32(&env, PUCK_IOMMU_CTRL);
    env_w32(&env, PUCK_IOMMU_CTRL, ctrl & ~PUCK_IOMMU_CTRL_ENABLE);
    env_w32(&env, PUCK_IOMMU_CTRL, ctrl);
    g_assert_true(is_cached(&env, IOVA));
    env_stop(&env);
}

void add_iotlb_tests(void)
{
    qtest_add_func("/puck-iommu/iotlb/stale_until_invalidated",
                   test_stale_until_invalidated);
    qtest_add_func("/puck-iommu/iotlb/stale_reaches_old_page",
                   test_stale_reaches_old_page);
    qtest_add_func("/puck-iommu/iotlb/lru", test_lru);
    qtest_add_func("/puck-iommu/iotlb/capacity_one", test_capacity_one);
    qtest_add_func("/puck-iommu/iotlb/faults_are_not_cached",
                   test_faults_are_not_cached);
    qtest_add_func("/puck-iommu/iotlb/permission_walks_again",
                   test_permission_walks_again);
    qtest_add_func("/puck-iommu/iotlb/huge_entries", test_huge_entries);
    qtest_add_func("/puck-iommu/iotlb/audit", test_audit);
    qtest_add_func("/puck-iommu/iotlb/audit_off", test_audit_off);
    qtest_add_func("/puck-iommu/iotlb/survives_enable", test_survives_enable);
}
