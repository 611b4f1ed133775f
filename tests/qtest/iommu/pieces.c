/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command queue that one hold of the machine has no room for goes on in
 * pieces; and messages that are aimed at the device itself.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "common/iommu-env.h"
#include "abi/puck_mischief.h"

#define ORDER       PUCK_IOMMU_QUEUE_ORDER_MAX
#define SIZE        (1u << ORDER)
#define MANY        (SIZE - 2)      /* and the SYNC behind them */
#define MARK        0x1122334455667788ull

#define ECAM        0xb0000000ull
#define IOMMU_DEVFN QPCI_DEVFN(5, 0)

typedef struct Pieces {
    PuckEnv env;
    uint64_t slot;          /* of the SYNC */
} Pieces;

/* A queue of the largest size, full of INV_DOMAIN with a SYNC behind. */
static void start(Pieces *t)
{
    PuckEnv *env = &t->env;

    env_start_on(env, "");
    env_w32(env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_FQ_ENABLE);
    env->cq = puck_machine_pages(&env->m, SIZE * 32 / PAGE);
    t->slot = puck_machine_pages(&env->m, 1);
    for (unsigned i = 0; i < MANY; i++) {
        env_put_cmd(env, i, (struct puck_iommu_cmd) {
            .opcode = PUCK_IOMMU_CMD_INV_DOMAIN, .id = i
        });
    }
    env_put_cmd(env, MANY, (struct puck_iommu_cmd) {
        .opcode = PUCK_IOMMU_CMD_SYNC, .flags = PUCK_IOMMU_SYNC_WRITE,
        .addr = t->slot, .data = MARK
    });
    env_w64(env, PUCK_IOMMU_CQ_BASE, env->cq | ORDER);
    env_w32(env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_ENABLE |
            PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE);
}

static void stop(Pieces *t)
{
    env_assert_alive(&t->env);
    env_stop(&t->env);
}

static uint32_t head(Pieces *t)
{
    return env_r32(&t->env, PUCK_IOMMU_CQ_HEAD);
}

static uint64_t slot(Pieces *t)
{
    return qtest_readq(t->env.m.qts, t->slot);
}

/* Rings, and some commands are left over. Returns the head. */
static uint32_t ring(Pieces *t, uint32_t tail)
{
    uint32_t at;

    env_w32(&t->env, PUCK_IOMMU_CQ_TAIL, tail);
    at = head(t);
    g_assert_cmpuint(at, >, 0);
    g_assert_cmpuint(at, <, tail);
    g_assert_cmphex(slot(t), ==, 0);
    return at;
}

static void expect_done(Pieces *t)
{
    for (unsigned i = 0; i < 100 && head(t) != MANY + 1; i++) {
        puck_machine_settle(&t->env.m);
    }
    g_assert_cmpuint(head(t), ==, MANY + 1);
    g_assert_cmphex(slot(t), ==, MARK);
}

/* Nothing happens any more. */
static void expect_still(Pieces *t, uint32_t at)
{
    puck_machine_settle(&t->env.m);
    puck_machine_settle(&t->env.m);
    g_assert_cmpuint(head(t), ==, at);
    g_assert_cmphex(slot(t), ==, 0);
}

static void test_long_queue(void)
{
    uint32_t first, next;
    Pieces t;

    start(&t);
    first = ring(&t, MANY + 1);
    puck_machine_settle(&t.env.m);
    next = head(&t);
    g_assert_cmpuint(next, >, first);
    g_assert_cmpuint(next, <, MANY);
    expect_done(&t);
    g_assert_cmpuint(env_r64(&t.env, PUCK_IOMMU_CNT_INVALIDATIONS), ==,
                     MANY + 1);
    stop(&t);
}

/* A second write moves the tail of what is being done. */
static void test_tail_moves(void)
{
    Pieces t;

    start(&t);
    ring(&t, MANY / 2);
    ring(&t, MANY + 1);
    expect_done(&t);
    stop(&t);
}

static void test_disable(void)
{
    Pieces t;
    uint32_t at;

    start(&t);
    at = ring(&t, MANY + 1);
    env_w32(&t.env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_ENABLE |
            PUCK_IOMMU_CTRL_FQ_ENABLE);
    expect_still(&t, at);
    /* From the start, and all of it. */
    env_w32(&t.env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_ENABLE |
            PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE);
    expect_still(&t, 0);
    ring(&t, MANY + 1);
    expect_done(&t);
    stop(&t);
}

static void test_reset(void)
{
    Pieces t;

    start(&t);
    ring(&t, MANY + 1);
    env_w32(&t.env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_RESET);
    expect_still(&t, 0);
    stop(&t);
}

/* An error stops what is left, until it is cleared and the bell rung. */
static void test_bad_tail(void)
{
    Pieces t;
    uint32_t at;

    start(&t);
    at = ring(&t, MANY + 1);
    env_w32(&t.env, PUCK_IOMMU_CQ_TAIL, SIZE);
    at = head(&t);
    env_assert_cq_error(&t.env, PUCK_IOMMU_CQ_ERR_TAIL, at);
    expect_still(&t, at);
    env_w32(&t.env, PUCK_IOMMU_STATUS, PUCK_IOMMU_STATUS_CQ_ERROR);
    expect_still(&t, at);
    env_w32(&t.env, PUCK_IOMMU_CQ_TAIL, MANY + 1);
    expect_done(&t);
    stop(&t);
}

static void test_migration(void)
{
    g_autofree char *path = g_strdup_printf("%s/puck-iommu-pieces-%d",
                                            g_get_tmp_dir(), getpid());
    Pieces from, to;
    uint32_t at;

    start(&from);
    at = ring(&from, MANY + 1);
    to.slot = from.slot;
    puck_machine_save(&from.env.m, path);
    env_move(&from.env, &to.env, path);
    unlink(path);
    env_stop(&from.env);
    g_assert_cmpuint(head(&to), >=, at);
    g_assert_cmpuint(head(&to), <, MANY);
    expect_done(&to);
    stop(&to);
}

/* An error that was cleared before the machine moved: no bell, no commands. */
static void test_migration_stopped(void)
{
    g_autofree char *path = g_strdup_printf("%s/puck-iommu-pieces-%d",
                                            g_get_tmp_dir(), getpid());
    Pieces from, to;
    uint32_t at;

    start(&from);
    ring(&from, MANY + 1);
    env_w32(&from.env, PUCK_IOMMU_CQ_TAIL, SIZE);
    env_w32(&from.env, PUCK_IOMMU_STATUS, PUCK_IOMMU_STATUS_CQ_ERROR);
    at = head(&from);
    to.slot = from.slot;
    puck_machine_save(&from.env.m, path);
    env_move(&from.env, &to.env, path);
    unlink(path);
    env_stop(&from.env);
    expect_still(&to, at);
    stop(&to);
}

/* Messages of vector @v are writes of @data to @at. */
static void aim(PuckEnv *env, unsigned v, uint64_t at, uint32_t data)
{
    QPCIDevice *dev = env->iommu.dev;
    uint64_t entry = dev->msix_table_off + v * PCI_MSIX_ENTRY_SIZE;

    qpci_io_writel(dev, dev->msix_table_bar, entry, at);
    qpci_io_writel(dev, dev->msix_table_bar, entry + 4, at >> 32);
    qpci_io_writel(dev, dev->msix_table_bar, entry + 8, data);
}

/* The same, to a register; then one message of each vector is raised. */
static void shoot_at(PuckEnv *env, uint64_t at, uint32_t data)
{
    env_start_on(env, "");
    /* Where the chipset's configuration space is. */
    qpci_config_writel(qpci_device_find(env->m.pci, 0), 0x64, 0);
    qpci_config_writel(qpci_device_find(env->m.pci, 0), 0x60, ECAM | 1);
    if (at < ECAM) {
        at += env->iommu.bar.addr;
    }
    for (unsigned v = 0; v < PUCK_IOMMU_NUM_VECS; v++) {
        aim(env, v, at, data);
    }
    env_w32(env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_ALL);
    env_cmd(env, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_SYNC, PUCK_IOMMU_SYNC_IRQ
    });
    edu_read(env, 0x123456000ull, 8);
    puck_machine_settle(&env->m);
}

/* A SYNC that says it is done rings the bell for the commands behind it. */
static void test_message_to_doorbell(void)
{
    uint64_t slot;
    PuckEnv env;

    env_start_on(&env, "");
    slot = puck_machine_pages(&env.m, 1);
    aim(&env, PUCK_IOMMU_VEC_CMD, env.iommu.bar.addr + PUCK_IOMMU_CQ_TAIL, 4);
    env_w32(&env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_CMD_SYNC);
    env_put_cmd(&env, 1, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_SYNC, PUCK_IOMMU_SYNC_IRQ
    });
    env_put_cmd(&env, 2, (struct puck_iommu_cmd) {
        .opcode = PUCK_IOMMU_CMD_INV_ALL
    });
    env_put_cmd(&env, 3, (struct puck_iommu_cmd) {
        .opcode = PUCK_IOMMU_CMD_SYNC, .flags = PUCK_IOMMU_SYNC_WRITE,
        .addr = slot, .data = MARK
    });
    env_w32(&env, PUCK_IOMMU_CQ_TAIL, 2);
    puck_machine_settle(&env.m);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_CQ_HEAD), ==, 4);
    g_assert_cmphex(qtest_readq(env.m.qts, slot), ==, MARK);
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_message_to_fq_head(void)
{
    PuckEnv env;

    shoot_at(&env, PUCK_IOMMU_FQ_HEAD, 3);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_FQ_HEAD), ==, 3);
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_message_to_reset(void)
{
    PuckEnv env;

    shoot_at(&env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_RESET);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_CTRL), ==, 0);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_ENABLE), ==, 0);
    env_assert_alive(&env);
    env_stop(&env);
}

static void test_bad_message_to_window(void)
{
    PuckEnv env;

    shoot_at(&env, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_COMMAND, 99);
    g_assert_cmpuint(env_r32(&env, PUCK_MISCHIEF_WINDOW +
                             PUCK_MISCHIEF_RESULT), ==,
                     PUCK_MISCHIEF_ERR_COMMAND);
    env_assert_alive(&env);
    env_stop(&env);
}

/* Its own COMMAND register: bus mastering goes off under it. */
static void test_bad_message_to_ecam(void)
{
    PuckEnv env;

    shoot_at(&env, ECAM + (IOMMU_DEVFN << 12) + PCI_COMMAND,
             PCI_COMMAND_MEMORY);
    g_assert_cmphex(qpci_config_readw(env.iommu.dev, PCI_COMMAND), ==,
                    PCI_COMMAND_MEMORY);
    qpci_device_enable(env.iommu.dev);
    env_assert_alive(&env);
    env_stop(&env);
}

/* Its own BAR moves away under it. */
static void test_bad_message_to_bar(void)
{
    PuckEnv env;

    shoot_at(&env, ECAM + (IOMMU_DEVFN << 12) + PCI_BASE_ADDRESS_0,
             0xfffff000u);
    qpci_config_writel(env.iommu.dev, PCI_BASE_ADDRESS_0,
                       env.iommu.bar.addr);
    env_assert_alive(&env);
    env_stop(&env);
}

void add_pieces_tests(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "long-queue", test_long_queue }, { "tail-moves", test_tail_moves },
        { "disable", test_disable }, { "reset", test_reset },
        { "bad_tail", test_bad_tail }, { "migration", test_migration },
        { "migration-stopped", test_migration_stopped },
        { "message-to-doorbell", test_message_to_doorbell },
        { "bad_message-to-fq-head", test_bad_message_to_fq_head },
        { "bad_message-to-reset", test_bad_message_to_reset },
        { "bad_message-to-window", test_bad_message_to_window },
        { "bad_message-to-ecam", test_bad_message_to_ecam },
        { "bad_message-to-bar", test_bad_message_to_bar },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/puck-iommu/pieces/%s",
                                                tests[i].name);

        qtest_add_func(path, tests[i].run);
    }
}
