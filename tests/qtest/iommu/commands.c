/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: the command queue. What invalidations drop is in
 * iotlb.c.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "common/iommu-env.h"

#define NOWHERE     0x8000000000000ull
#define CQ_SIZE     (1 << ENV_CQ_ORDER)
#define DATA        0x1122334455667788ull

#define INV_PAGE    PUCK_IOMMU_CMD_INV_PAGE
#define INV_RANGE   PUCK_IOMMU_CMD_INV_RANGE
#define INV_DOMAIN  PUCK_IOMMU_CMD_INV_DOMAIN
#define INV_ALL     PUCK_IOMMU_CMD_INV_ALL
#define INV_CONTEXT PUCK_IOMMU_CMD_INV_CONTEXT
#define SYNC        PUCK_IOMMU_CMD_SYNC
#define OPCODE      PUCK_IOMMU_CQ_ERR_OPCODE
#define RESERVED    PUCK_IOMMU_CQ_ERR_RESERVED
#define ADDRESS     PUCK_IOMMU_CQ_ERR_ADDRESS
#define SYNC_WRITE  PUCK_IOMMU_CQ_ERR_SYNC_WRITE

static uint64_t commands(PuckEnv *env)
{
    return env_r64(env, PUCK_IOMMU_CNT_COMMANDS);
}

static void test_valid(void)
{
    static const struct puck_iommu_cmd valid[] = {
        { INV_PAGE }, { INV_PAGE, .id = 0xffff, .addr = (1ull << 48) - PAGE },
        { INV_RANGE, .size = PAGE }, { INV_RANGE, .size = 1ull << 48 },
        { INV_RANGE, .addr = (1ull << 48) - PAGE, .size = PAGE },
        { INV_DOMAIN }, { INV_DOMAIN, .id = 0xffff },
        { INV_ALL }, { INV_CONTEXT }, { INV_CONTEXT, .id = 0xffff },
        { SYNC }, { SYNC, PUCK_IOMMU_SYNC_IRQ },
    };
    uint64_t done, invalidations;
    PuckEnv env;

    env_start_on(&env, "");
    for (unsigned i = 0; i < ARRAY_SIZE(valid); i++) {
        done = commands(&env);
        invalidations = env_r64(&env, PUCK_IOMMU_CNT_INVALIDATIONS);
        env_cmd(&env, valid[i]);
        g_assert_cmpuint(commands(&env), ==, done + 1);
        g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_INVALIDATIONS), ==,
                         invalidations + (valid[i].opcode != SYNC));
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_CQ_ERROR), ==, 0);
    }
    env_stop(&env);
}

static void test_sync(void)
{
    uint64_t at;
    PuckEnv env;

    env_start_on(&env, "");
    at = puck_machine_pages(&env.m, 1) + PAGE - 8;
    env_cmd(&env, (struct puck_iommu_cmd) {
        SYNC, PUCK_IOMMU_SYNC_WRITE, .addr = at, .data = DATA
    });
    g_assert_cmphex(qtest_readq(env.m.qts, at), ==, DATA);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==, 0);

    env_w32(&env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_CMD_SYNC);
    env_cmd(&env, (struct puck_iommu_cmd) { SYNC, PUCK_IOMMU_SYNC_IRQ });
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==,
                    PUCK_IOMMU_IRQ_CMD_SYNC);
    g_assert_true(puck_msix_take(&env.m, &env.iommu, 1, true));
    g_assert_false(puck_msix_take(&env.m, &env.iommu, 0, false));

    /* Still set: silent. Cleared: both at once work. */
    env_cmd(&env, (struct puck_iommu_cmd) { SYNC, PUCK_IOMMU_SYNC_IRQ });
    g_assert_false(puck_msix_take(&env.m, &env.iommu, 1, false));
    env_w32(&env, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_CMD_SYNC);
    env_cmd(&env, (struct puck_iommu_cmd) {
        SYNC, PUCK_IOMMU_SYNC_IRQ | PUCK_IOMMU_SYNC_WRITE, .addr = at
    });
    g_assert_cmphex(qtest_readq(env.m.qts, at), ==, 0);
    g_assert_true(puck_msix_take(&env.m, &env.iommu, 1, true));
    env_stop(&env);
}

/* Many at one doorbell, around the end of the queue, in order. */
static void test_wraps(void)
{
    unsigned head = 0;
    uint64_t at;
    PuckEnv env;

    env_start_on(&env, "");
    at = puck_machine_pages(&env.m, 1);
    for (unsigned round = 0; round < 5; round++) {
        uint64_t done = commands(&env);

        head = env_r32(&env, PUCK_IOMMU_CQ_HEAD);
        for (unsigned i = 0; i < CQ_SIZE - 1; i++) {
            env_put_cmd(&env, (head + i) % CQ_SIZE, (struct puck_iommu_cmd) {
                SYNC, PUCK_IOMMU_SYNC_WRITE, .addr = at, .data = 100 + i
            });
        }
        env_w32(&env, PUCK_IOMMU_CQ_TAIL, (head + CQ_SIZE - 1) % CQ_SIZE);
        g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_HEAD), ==,
                         env_r32(&env, PUCK_IOMMU_CQ_TAIL));
        g_assert_cmpuint(commands(&env), ==, done + CQ_SIZE - 1);
        g_assert_cmpuint(qtest_readq(env.m.qts, at), ==, 100 + CQ_SIZE - 2);
    }
    /* The same tail again means empty. */
    env_w32(&env, PUCK_IOMMU_CQ_TAIL, env_r32(&env, PUCK_IOMMU_CQ_HEAD));
    g_assert_cmpuint(commands(&env), ==, 1 + 5 * (CQ_SIZE - 1));
    env_stop(&env);
}

static const struct {
    struct puck_iommu_cmd cmd;
    unsigned code;
} bad_cmds[] = {
    { { 0 }, OPCODE }, { { 7 }, OPCODE }, { { 0xffff }, OPCODE },
    { { INV_PAGE, 1 }, RESERVED }, { { INV_PAGE, 0x8000 }, RESERVED },
    { { INV_PAGE, .id = 0x10000 }, RESERVED },
    { { INV_PAGE, .size = PAGE }, RESERVED },
    { { INV_PAGE, .data = 1 }, RESERVED },
    { { INV_PAGE, .addr = 8 }, ADDRESS },
    { { INV_PAGE, .addr = 1ull << 48 }, ADDRESS },
    { { INV_PAGE, .addr = ~(PAGE - 1) }, ADDRESS },
    { { INV_RANGE, 2, .size = PAGE }, RESERVED },
    { { INV_RANGE, .id = 0x80000000, .size = PAGE }, RESERVED },
    { { INV_RANGE, .size = PAGE, .data = 1 }, RESERVED },
    { { INV_RANGE, .size = 0 }, ADDRESS },
    { { INV_RANGE, .size = 1 }, ADDRESS },
    { { INV_RANGE, .size = PAGE + 1 }, ADDRESS },
    { { INV_RANGE, .addr = 1, .size = PAGE }, ADDRESS },
    { { INV_RANGE, .addr = 1ull << 48, .size = PAGE }, ADDRESS },
    { { INV_RANGE, .addr = PAGE, .size = 1ull << 48 }, ADDRESS },
    { { INV_RANGE, .addr = PAGE, .size = ~(PAGE - 1) }, ADDRESS },
    { { INV_RANGE, .addr = (1ull << 48) - PAGE, .size = 2 * PAGE }, ADDRESS },
    { { INV_DOMAIN, 1 }, RESERVED },
    { { INV_DOMAIN, .id = 1 << 16 }, RESERVED },
    { { INV_DOMAIN, .addr = PAGE }, RESERVED },
    { { INV_DOMAIN, .size = PAGE }, RESERVED },
    { { INV_DOMAIN, .data = 1 }, RESERVED },
    { { INV_ALL, 1 }, RESERVED }, { { INV_ALL, .id = 1 }, RESERVED },
    { { INV_ALL, .addr = PAGE }, RESERVED },
    { { INV_ALL, .size = PAGE }, RESERVED },
    { { INV_ALL, .data = 1 }, RESERVED },
    { { INV_CONTEXT, 1 }, RESERVED },
    { { INV_CONTEXT, .id = 1 << 16 }, RESERVED },
    { { INV_CONTEXT, .addr = PAGE }, RESERVED },
    { { INV_CONTEXT, .size = PAGE }, RESERVED },
    { { INV_CONTEXT, .data = 1 }, RESERVED },
    { { SYNC, 4 }, RESERVED }, { { SYNC, .id = 1 }, RESERVED },
    { { SYNC, .size = 8 }, RESERVED }, { { SYNC, .addr = 8 }, RESERVED },
    { { SYNC, .data = 1 }, RESERVED },
    { { SYNC, PUCK_IOMMU_SYNC_WRITE, .addr = 4 }, ADDRESS },
    { { SYNC, PUCK_IOMMU_SYNC_WRITE, .addr = 1ull << 52 }, ADDRESS },
    { { SYNC, PUCK_IOMMU_SYNC_WRITE, .addr = NOWHERE }, SYNC_WRITE },
    { { SYNC, PUCK_IOMMU_SYNC_WRITE, .addr = PUCK_IOMMU_MSI_BASE },
      SYNC_WRITE },
    { { SYNC, PUCK_IOMMU_SYNC_WRITE, .addr = 0xfffffff8 }, SYNC_WRITE },
};

/* Stops at the command; a good one in its place and a doorbell go on. */
static void test_bad_commands(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    for (unsigned i = 0; i < ARRAY_SIZE(bad_cmds); i++) {
        unsigned head = env_r32(&env, PUCK_IOMMU_CQ_HEAD);
        unsigned tail = (head + 2) % CQ_SIZE;
        uint64_t done = commands(&env);

        env_put_cmd(&env, (head + 1) % CQ_SIZE,
                    (struct puck_iommu_cmd) { INV_ALL });
        env_put_cmd(&env, head, bad_cmds[i].cmd);
        env_w32(&env, PUCK_IOMMU_CQ_TAIL, tail);
        env_assert_cq_error(&env, bad_cmds[i].code, head);
        g_assert_cmpuint(commands(&env), ==, done);

        env_put_cmd(&env, head, (struct puck_iommu_cmd) { INV_ALL });
        env_w32(&env, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_ALL);
        env_w32(&env, PUCK_IOMMU_STATUS, PUCK_IOMMU_STATUS_CQ_ERROR);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_CQ_ERROR), ==, 0);
        g_assert_cmpuint(commands(&env), ==, done);
        env_w32(&env, PUCK_IOMMU_CQ_TAIL, tail);
        g_assert_cmpuint(commands(&env), ==, done + 2);
        g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_HEAD), ==, tail);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_tail(void)
{
    static const uint32_t tails[] = { CQ_SIZE, CQ_SIZE + 1, UINT32_MAX };
    PuckEnv env;

    env_start_on(&env, "");
    for (unsigned i = 0; i < ARRAY_SIZE(tails); i++) {
        uint32_t tail = env_r32(&env, PUCK_IOMMU_CQ_TAIL);

        env_w32(&env, PUCK_IOMMU_CQ_TAIL, tails[i]);
        env_assert_cq_error(&env, PUCK_IOMMU_CQ_ERR_TAIL, tail);
        g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_TAIL), ==, tail);
        env_w32(&env, PUCK_IOMMU_STATUS, PUCK_IOMMU_STATUS_CQ_ERROR);
        env_w32(&env, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_ALL);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

/* With CQ_ERROR set a doorbell leaves the tail and does nothing else. */
static void test_bad_doorbell_in_error(void)
{
    PuckEnv env;
    uint64_t done;

    env_start_on(&env, "");
    env_cmd(&env, (struct puck_iommu_cmd) { 99 });
    done = commands(&env);
    env_w32(&env, PUCK_IOMMU_CQ_TAIL, 5);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_TAIL), ==, 5);
    env_w32(&env, PUCK_IOMMU_CQ_TAIL, CQ_SIZE);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_TAIL), ==, 5);
    g_assert_cmpuint(commands(&env), ==, done);
    env_assert_cq_error(&env, OPCODE, 1);
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_doorbell_off(void)
{
    PuckEnv env;

    env_start(&env, "");
    env_w32(&env, PUCK_IOMMU_CQ_TAIL, 1);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_TAIL), ==, 0);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_STATUS), ==, 0);
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_queue_memory(void)
{
    PuckEnv env;
    uint64_t bases[3];

    env_start_on(&env, "");
    bases[0] = NOWHERE;
    bases[1] = env.iommu.bar.addr;
    bases[2] = 256 * 1024 * 1024;
    for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
        env_w32(&env, PUCK_IOMMU_CTRL, 0);
        env_w64(&env, PUCK_IOMMU_CQ_BASE, bases[i] | ENV_CQ_ORDER);
        env_w32(&env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_CQ_ENABLE);
        env_w32(&env, PUCK_IOMMU_CQ_TAIL, 1);
        env_assert_cq_error(&env, PUCK_IOMMU_CQ_ERR_FETCH, 0);
        env_w32(&env, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_ALL);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bus_master_off(void)
{
    PuckEnv env;
    uint16_t command;

    env_start_on(&env, "");
    command = qpci_config_readw(env.iommu.dev, PCI_COMMAND);
    qpci_config_writew(env.iommu.dev, PCI_COMMAND,
                       command & ~PCI_COMMAND_MASTER);
    env_inv_all(&env);
    env_assert_cq_error(&env, PUCK_IOMMU_CQ_ERR_FETCH, 1);
    qpci_config_writew(env.iommu.dev, PCI_COMMAND, command);
    env_assert_alive(&env);
    env_stop(&env);
}

/* Turning the queue off and on forgets what was in it, and its error. */
static void test_restart(void)
{
    PuckEnv env;
    uint32_t ctrl;

    env_start_on(&env, "");
    ctrl = env_r32(&env, PUCK_IOMMU_CTRL);
    env_cmd(&env, (struct puck_iommu_cmd) { 99 });
    env_w32(&env, PUCK_IOMMU_CTRL, ctrl & ~PUCK_IOMMU_CTRL_CQ_ENABLE);
    g_assert_true(env_r32(&env, PUCK_IOMMU_STATUS) &
                  PUCK_IOMMU_STATUS_CQ_ERROR);
    env_w32(&env, PUCK_IOMMU_CTRL, ctrl);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_STATUS), ==,
                    ctrl & ~PUCK_IOMMU_CTRL_AUDIT);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_CQ_ERROR), ==, 0);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_HEAD), ==, 0);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_TAIL), ==, 0);
    env_inv_all(&env);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_HEAD), ==, 1);
    env_stop(&env);
}

static void test_error_message(void)
{
    PuckEnv env;

    env_start_on(&env, "");
    env_w32(&env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_CMD_ERROR);
    env_cmd(&env, (struct puck_iommu_cmd) { 99 });
    g_assert_true(puck_msix_take(&env.m, &env.iommu, 1, true));
    env_stop(&env);
}

void add_command_tests(void)
{
    qtest_add_func("/puck-iommu/commands/valid", test_valid);
    qtest_add_func("/puck-iommu/commands/sync", test_sync);
    qtest_add_func("/puck-iommu/commands/wraps", test_wraps);
    qtest_add_func("/puck-iommu/commands/bad_commands", test_bad_commands);
    qtest_add_func("/puck-iommu/commands/bad_tail", test_bad_tail);
    qtest_add_func("/puck-iommu/commands/bad_doorbell_in_error",
                   test_bad_doorbell_in_error);
    qtest_add_func("/puck-iommu/commands/bad_doorbell_off",
                   test_bad_doorbell_off);
    qtest_add_func("/puck-iommu/commands/bad_queue_memory",
                   test_bad_queue_memory);
    qtest_add_func("/puck-iommu/commands/bus_master_off",
                   test_bus_master_off);
    qtest_add_func("/puck-iommu/commands/restart", test_restart);
    qtest_add_func("/puck-iommu/commands/error_message", test_error_message);
}
