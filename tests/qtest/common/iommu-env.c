/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine of the puck-iommu tests.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "iommu-env.h"

#define RP1_SLOT        4
#define IOMMU_SLOT      5

#define EDU_SRC         0x80
#define EDU_DST         0x88
#define EDU_COUNT       0x90
#define EDU_CMD         0x98
#define EDU_BUFFER      0x40000
#define EDU_RUN_READ    1
#define EDU_RUN_WRITE   3
#define EDU_DELAY_NS    (101 * 1000 * 1000)

/* IOVAs and bytes of env_assert_alive(), which no test uses. */
#define ALIVE_IOVA      0x7ead00000000ull
#define ALIVE_UNMAPPED  0x3ead00000000ull

static QTestState *qts(PuckEnv *env)
{
    return env->m.qts;
}

uint32_t env_r32(PuckEnv *env, uint64_t offset)
{
    return puck_r32(&env->iommu, offset);
}

uint64_t env_r64(PuckEnv *env, uint64_t offset)
{
    return puck_r64(&env->iommu, offset);
}

void env_w32(PuckEnv *env, uint64_t offset, uint32_t value)
{
    puck_w32(&env->iommu, offset, value);
}

void env_w64(PuckEnv *env, uint64_t offset, uint64_t value)
{
    puck_w64(&env->iommu, offset, value);
}

void env_start(PuckEnv *env, const char *options)
{
    *env = (PuckEnv) { };
    env->args = g_strdup_printf(
        "-device pcie-root-port,id=rp1,chassis=1,addr=%d "
        "-device edu,bus=rp1,dma_mask=0xffffffffffffffff "
        "-device puck-iommu,id=iommu0,addr=%d,buses=rp1%s",
        RP1_SLOT, IOMMU_SLOT, options);
    puck_machine_start(&env->m, env->args);
    puck_function_map(&env->m, &env->iommu, 0, QPCI_DEVFN(IOMMU_SLOT, 0),
                      PUCK_IOMMU_BAR_REGS);
    puck_msix_to_ram(&env->m, &env->iommu, PUCK_IOMMU_NUM_VECS);
    puck_bridge_setup(&env->m, 0, QPCI_DEVFN(RP1_SLOT, 0), ENV_BUS, ENV_BUS);
    puck_function_map(&env->m, &env->edu, ENV_BUS, 0, 0);
}

void env_program(PuckEnv *env)
{
    env->root = puck_machine_pages(&env->m, 1);
    env->ctx = puck_machine_pages(&env->m, 1);
    env->table = puck_machine_pages(&env->m, 1);
    env->cq = puck_machine_pages(&env->m, 1);
    env->fq = puck_machine_pages(&env->m, 1);

    env_w32(env, PUCK_IOMMU_CTRL, 0);
    env_set_root(env, ENV_BUS, env->ctx | PUCK_IOMMU_ROOT_ENTRY_VALID);
    env_set_context(env, 0, env->table | PUCK_IOMMU_CTX_VALID, ENV_DOMAIN);
    env_w64(env, PUCK_IOMMU_ROOT, env->root);
    env_w64(env, PUCK_IOMMU_CQ_BASE, env->cq | ENV_CQ_ORDER);
    env_w64(env, PUCK_IOMMU_FQ_BASE, env->fq | ENV_FQ_ORDER);
    env_w32(env, PUCK_IOMMU_CTRL,
            PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE);
    env_inv_all(env);
    env_w32(env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_ENABLE |
            PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE);
}

void env_start_on(PuckEnv *env, const char *options)
{
    bool audit;

    env_start(env, options);
    audit = env_r32(env, PUCK_IOMMU_CTRL) & PUCK_IOMMU_CTRL_AUDIT;
    env_program(env);
    if (audit) {
        env_w32(env, PUCK_IOMMU_CTRL,
                env_r32(env, PUCK_IOMMU_CTRL) | PUCK_IOMMU_CTRL_AUDIT);
    }
}

void env_move(PuckEnv *from, PuckEnv *to, const char *path)
{
    *to = *from;
    to->args = g_strdup(from->args);
    puck_machine_load(&to->m, to->args, path);
    to->m.next_page = from->m.next_page;
    puck_function_follow(&to->m, &to->iommu, &from->iommu);
    /* The edu does not migrate: its BAR has to be set anew. */
    puck_bridge_setup(&to->m, 0, QPCI_DEVFN(RP1_SLOT, 0), ENV_BUS, ENV_BUS);
    puck_function_map(&to->m, &to->edu, ENV_BUS, 0, 0);
}

void env_stop(PuckEnv *env)
{
    puck_function_free(&env->edu);
    puck_function_free(&env->iommu);
    puck_machine_stop(&env->m);
    g_free(env->args);
}

void env_assert_alive(PuckEnv *env)
{
    uint64_t from, to, faults;

    env_program(env);
    g_assert_cmphex(env_r32(env, PUCK_IOMMU_STATUS), ==,
                    PUCK_IOMMU_STATUS_ENABLED | PUCK_IOMMU_STATUS_CQ_ON |
                    PUCK_IOMMU_STATUS_FQ_ON);
    g_assert_cmpuint(env_r32(env, PUCK_IOMMU_CQ_HEAD), ==, 1);

    from = puck_machine_pages(&env->m, 1);
    to = puck_machine_pages(&env->m, 1);
    env_map(env, ALIVE_IOVA, from, PUCK_IOMMU_PTE_READ);
    env_map(env, ALIVE_IOVA + PAGE, to, PUCK_IOMMU_PTE_WRITE);
    qtest_writeq(qts(env), from, 0x616c697665);
    edu_read(env, ALIVE_IOVA, PAGE);
    edu_write(env, ALIVE_IOVA + PAGE, PAGE);
    g_assert_cmphex(qtest_readq(qts(env), to), ==, 0x616c697665);
    env_assert_no_fault(env);

    faults = env_r64(env, PUCK_IOMMU_CNT_FAULTS);
    edu_read(env, ALIVE_UNMAPPED, 8);
    env_assert_fault(env, PUCK_IOMMU_FAULT_NOT_MAPPED, ALIVE_UNMAPPED, false,
                     env_entry(env, ALIVE_UNMAPPED, 4));
    g_assert_cmpuint(env_r64(env, PUCK_IOMMU_CNT_FAULTS), ==, faults + 1);
}

void env_set_root(PuckEnv *env, unsigned bus, uint64_t value)
{
    qtest_writeq(qts(env), env->root + 8 * bus, value);
}

void env_set_context(PuckEnv *env, unsigned devfn, uint64_t table,
                     uint64_t domain)
{
    qtest_writeq(qts(env), env->ctx + 16 * devfn, table);
    qtest_writeq(qts(env), env->ctx + 16 * devfn + 8, domain);
}

uint64_t env_entry(PuckEnv *env, uint64_t iova, unsigned level)
{
    uint64_t table = env->table;
    unsigned at;

    for (at = PUCK_IOMMU_PT_LEVELS; ; at--) {
        uint64_t index = (iova >> (12 + 9 * (at - 1))) % PUCK_IOMMU_PT_ENTRIES;
        uint64_t entry = table + 8 * index;

        if (at == level) {
            return entry;
        }
        table = qtest_readq(qts(env), entry) & PUCK_IOMMU_PTE_ADDR;
        if (!table) {
            table = puck_machine_pages(&env->m, 1);
            qtest_writeq(qts(env), entry, table | RW);
        }
    }
}

void env_map(PuckEnv *env, uint64_t iova, uint64_t pa, uint64_t perm)
{
    qtest_writeq(qts(env), env_entry(env, iova, 1), pa | perm);
}

void env_map_2m(PuckEnv *env, uint64_t iova, uint64_t pa, uint64_t perm)
{
    qtest_writeq(qts(env), env_entry(env, iova, 2),
                 pa | perm | PUCK_IOMMU_PTE_LEAF);
}

void env_unmap(PuckEnv *env, uint64_t iova)
{
    qtest_writeq(qts(env), env_entry(env, iova, 1), 0);
}

void env_put_cmd(PuckEnv *env, unsigned index, struct puck_iommu_cmd cmd)
{
    struct puck_iommu_cmd raw = {
        .opcode = cpu_to_le16(cmd.opcode),
        .flags = cpu_to_le16(cmd.flags),
        .id = cpu_to_le32(cmd.id),
        .addr = cpu_to_le64(cmd.addr),
        .size = cpu_to_le64(cmd.size),
        .data = cpu_to_le64(cmd.data),
    };

    qtest_memwrite(qts(env), env->cq + sizeof(raw) * index, &raw, sizeof(raw));
}

void env_cmd(PuckEnv *env, struct puck_iommu_cmd cmd)
{
    unsigned head = env_r32(env, PUCK_IOMMU_CQ_HEAD);

    env_put_cmd(env, head, cmd);
    env_w32(env, PUCK_IOMMU_CQ_TAIL, (head + 1) % (1 << ENV_CQ_ORDER));
}

void env_inv_page(PuckEnv *env, unsigned domain, uint64_t iova)
{
    env_cmd(env, (struct puck_iommu_cmd) {
        .opcode = PUCK_IOMMU_CMD_INV_PAGE, .id = domain, .addr = iova
    });
}

void env_inv_all(PuckEnv *env)
{
    env_cmd(env, (struct puck_iommu_cmd) { .opcode = PUCK_IOMMU_CMD_INV_ALL });
}

void env_assert_cq_error(PuckEnv *env, unsigned code, unsigned index)
{
    uint32_t error = env_r32(env, PUCK_IOMMU_CQ_ERROR);

    g_assert_true(env_r32(env, PUCK_IOMMU_STATUS) &
                  PUCK_IOMMU_STATUS_CQ_ERROR);
    g_assert_true(env_r32(env, PUCK_IOMMU_IRQ_STATUS) &
                  PUCK_IOMMU_IRQ_CMD_ERROR);
    g_assert_cmphex(error, ==, index << 16 | code);
    g_assert_cmpuint(env_r32(env, PUCK_IOMMU_CQ_HEAD), ==, index);
}

static void edu_run(PuckEnv *env, uint64_t from, uint64_t to, unsigned len,
                    uint32_t cmd)
{
    puck_w64(&env->edu, EDU_SRC, from);
    puck_w64(&env->edu, EDU_DST, to);
    puck_w64(&env->edu, EDU_COUNT, len);
    puck_w64(&env->edu, EDU_CMD, cmd);
    qtest_clock_step(qts(env), EDU_DELAY_NS);
    g_assert_cmphex(puck_r64(&env->edu, EDU_CMD) & 1, ==, 0);
}

void edu_read(PuckEnv *env, uint64_t iova, unsigned len)
{
    edu_run(env, iova, EDU_BUFFER, len, EDU_RUN_READ);
}

void edu_write(PuckEnv *env, uint64_t iova, unsigned len)
{
    edu_run(env, EDU_BUFFER, iova, len, EDU_RUN_WRITE);
}

bool env_pop_fault(PuckEnv *env, struct puck_iommu_fault *fault)
{
    unsigned head = env_r32(env, PUCK_IOMMU_FQ_HEAD);
    struct puck_iommu_fault raw;

    if (head == env_r32(env, PUCK_IOMMU_FQ_TAIL)) {
        return false;
    }
    qtest_memread(qts(env), env->fq + sizeof(raw) * head, &raw, sizeof(raw));
    env_w32(env, PUCK_IOMMU_FQ_HEAD, (head + 1) % (1 << ENV_FQ_ORDER));
    *fault = (struct puck_iommu_fault) {
        .requester = le16_to_cpu(raw.requester),
        .reason = raw.reason,
        .flags = raw.flags,
        .domain = le32_to_cpu(raw.domain),
        .iova = le64_to_cpu(raw.iova),
        .entry = le64_to_cpu(raw.entry),
        .time = le64_to_cpu(raw.time),
    };
    return true;
}

void env_assert_fault(PuckEnv *env, unsigned reason, uint64_t iova,
                      bool write, uint64_t entry)
{
    bool in_domain = reason == PUCK_IOMMU_FAULT_BLOCKED ||
                     reason == PUCK_IOMMU_FAULT_INJECTED ||
                     (reason >= PUCK_IOMMU_FAULT_NOT_MAPPED &&
                      reason <= PUCK_IOMMU_FAULT_PTE_RSVD);
    uint64_t now = qtest_clock_step(qts(env), 1);
    struct puck_iommu_fault fault;

    g_assert_true(env_pop_fault(env, &fault));
    g_assert_cmphex(fault.requester, ==, ENV_RID);
    g_assert_cmpuint(fault.reason, ==, reason);
    g_assert_cmphex(fault.flags & PUCK_IOMMU_FAULT_WRITE, ==,
                    write ? PUCK_IOMMU_FAULT_WRITE : 0);
    g_assert_cmphex(fault.iova, ==, iova);
    g_assert_cmphex(fault.entry, ==, entry);
    g_assert_cmpuint(fault.time, <=, now);
    g_assert_cmpuint(fault.time + EDU_DELAY_NS, >, now);
    if (reason != PUCK_IOMMU_FAULT_TABLE_READ) {
        g_assert_cmphex(fault.flags & ~PUCK_IOMMU_FAULT_WRITE, ==,
                        in_domain ? PUCK_IOMMU_FAULT_DOMAIN : 0);
        g_assert_cmpuint(fault.domain, ==, in_domain ? ENV_DOMAIN : 0);
    }
    env_assert_no_fault(env);
}

void env_assert_no_fault(PuckEnv *env)
{
    struct puck_iommu_fault fault;

    g_assert_false(env_pop_fault(env, &fault));
}
