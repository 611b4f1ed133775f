/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that a guest aims at Puck's own devices while they work: the machine
 * is a puck-gpu behind a root port in the charge of a puck-iommu.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "common/gpu-env.h"
#include "common/mischief-env.h"
#include "files.h"
#include "abi/puck_iommu.h"

#define RW          (PUCK_IOMMU_PTE_READ | PUCK_IOMMU_PTE_WRITE)
#define HUGE        0x200000ull
#define NOT_MAPPED  0x40000000ull   /* behind all RAM */
#define MARK        0x1122334455667788ull
#define ECAM        0xb0000000ull
#define BRIDGE      QPCI_DEVFN(3, 0)

typedef struct Shot {
    GpuEnv e;
    PuckFunction iommu;
    uint64_t cq;
    char *log;
} Shot;

static void put_cmd(Shot *t, unsigned index, struct puck_iommu_cmd cmd)
{
    struct puck_iommu_cmd raw = {
        .opcode = cpu_to_le16(cmd.opcode), .flags = cpu_to_le16(cmd.flags),
        .addr = cpu_to_le64(cmd.addr), .data = cpu_to_le64(cmd.data),
    };

    qtest_memwrite(t->e.m.qts, t->cq + sizeof(raw) * index, &raw, sizeof(raw));
}

/* All of RAM, where it is. */
static void iommu_on(Shot *t)
{
    PuckMachine *m = &t->e.m;
    uint64_t root = puck_machine_pages(m, 1), ctx = puck_machine_pages(m, 1);
    uint64_t l4 = puck_machine_pages(m, 1), l3 = puck_machine_pages(m, 1);
    uint64_t l2 = puck_machine_pages(m, 1), fq = puck_machine_pages(m, 1);

    t->cq = puck_machine_pages(m, 1);
    qtest_writeq(m->qts, root + 8, ctx | PUCK_IOMMU_ROOT_ENTRY_VALID);
    qtest_writeq(m->qts, ctx, l4 | PUCK_IOMMU_CTX_VALID);
    qtest_writeq(m->qts, ctx + 8, 1);
    qtest_writeq(m->qts, l4, l3 | RW);
    qtest_writeq(m->qts, l3, l2 | RW);
    for (unsigned i = 0; i < 128; i++) {
        qtest_writeq(m->qts, l2 + 8 * i, i * HUGE | RW | PUCK_IOMMU_PTE_LEAF);
    }
    puck_function_map(m, &t->iommu, 0, QPCI_DEVFN(5, 0), PUCK_IOMMU_BAR_REGS);
    puck_msix_to_ram(m, &t->iommu, PUCK_IOMMU_NUM_VECS);
    puck_w64(&t->iommu, PUCK_IOMMU_ROOT, root);
    puck_w64(&t->iommu, PUCK_IOMMU_CQ_BASE, t->cq | 4);
    puck_w64(&t->iommu, PUCK_IOMMU_FQ_BASE, fq | 4);
    puck_w32(&t->iommu, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_ENABLE |
             PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE);
}

static void start(Shot *t)
{
    g_autofree char *object = NULL;
    g_autofree char *args = NULL;

    *t = (Shot) { .log = puck_log_path() };
    object = puck_log_args(t->log, "");
    args = g_strdup_printf(
        "-device pcie-root-port,id=rp1,chassis=1,addr=3 "
        "-device " GPU_OPTIONS ",bus=rp1 "
        "-device puck-iommu,id=iommu0,addr=5,buses=rp1%s "
        "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off", object);
    puck_machine_start(&t->e.m, args);
    gpu_attach_behind(&t->e, BRIDGE, 0);
    iommu_on(t);
    /* Where the chipset's configuration space is. */
    qpci_config_writel(qpci_device_find(t->e.m.pci, 0), 0x64, 0);
    qpci_config_writel(qpci_device_find(t->e.m.pci, 0), 0x60, ECAM | 1);
}

static void stop(Shot *t)
{
    puck_function_free(&t->iommu);
    gpu_stop(&t->e);
    unlink(t->log);
    g_free(t->log);
}

/* Messages of vector @v of @f are writes of @data to @at. */
static void aim(PuckFunction *f, unsigned v, uint64_t at, uint32_t data)
{
    uint64_t entry = f->dev->msix_table_off + v * PCI_MSIX_ENTRY_SIZE;

    qpci_io_writel(f->dev, f->dev->msix_table_bar, entry, at);
    qpci_io_writel(f->dev, f->dev->msix_table_bar, entry + 4, at >> 32);
    qpci_io_writel(f->dev, f->dev->msix_table_bar, entry + 8, data);
}

/*
 * An engine looks up a page that is not mapped. The message of that fault rings
 * the IOMMU's bell, where a SYNC has to wait for accesses that are under way:
 * for the engine's, too.
 */
static void test_fault_rings_for_sync(void)
{
    uint64_t slot;
    Shot t;

    start(&t);
    slot = puck_machine_pages(&t.e.m, 1);
    put_cmd(&t, 0, (struct puck_iommu_cmd) {
        .opcode = PUCK_IOMMU_CMD_SYNC, .flags = PUCK_IOMMU_SYNC_WRITE,
        .addr = slot, .data = MARK
    });
    aim(&t.iommu, PUCK_IOMMU_VEC_FAULT,
        t.iommu.bar.addr + PUCK_IOMMU_CQ_TAIL, 1);
    puck_w32(&t.iommu, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_FAULT);

    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(NOT_MAPPED, 64), 64, 0));
    gpu_wait_status(&t.e, 0, PUCK_GPU_RING_HALTED, PUCK_GPU_RING_HALTED);
    puck_machine_settle(&t.e.m);
    g_assert_cmpuint(puck_r32(&t.iommu, PUCK_IOMMU_CQ_HEAD), ==, 1);
    g_assert_cmphex(qtest_readq(t.e.m.qts, slot), ==, MARK);
    stop(&t);
}

/* Fences of ring 0 complete all the time. */
static void wait_for_more(Shot *t)
{
    uint32_t seqno = gpu_ring_r32(&t->e, 0, PUCK_GPU_RING_SEQNO);

    for (unsigned i = 0; i < 100; i++) {
        puck_machine_settle(&t->e.m);
        if (gpu_ring_r32(&t->e, 0, PUCK_GPU_RING_SEQNO) != seqno) {
            return;
        }
    }
    g_assert_not_reached();
}

/*
 * Each fence's message sends those of all vectors, and two of these write the
 * tail of the ring in turn: its fences never end. The machine goes on.
 */
static void test_spurious_without_end(void)
{
    uint64_t tail;
    uint32_t rule, seqno;
    Shot t;

    start(&t);
    rule = puck_rule_add(t.e.m.qts, "irq.raise spurious");
    for (unsigned i = 0; i < 1u << GPU_ORDER; i++) {
        gpu_fence(&t.e, 0, PUCK_GPU_FENCE_IRQ);
    }
    tail = t.e.f.bar.addr + PUCK_GPU_RING(0) + PUCK_GPU_RING_TAIL;
    /* Messages reach registers then. */
    puck_w32(&t.iommu, PUCK_IOMMU_CTRL, 0);
    aim(&t.e.f, t.e.rings[0].vector, tail, 1);
    aim(&t.e.f, t.e.rings[1].vector, tail, 3);
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 1);
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_TAIL, 2);
    for (unsigned i = 0; i < 3; i++) {
        wait_for_more(&t);
    }
    puck_rule_remove(t.e.m.qts, rule);
    for (unsigned i = 0; i < 100; i++) {
        puck_machine_settle(&t.e.m);
    }
    seqno = gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_SEQNO);
    for (unsigned i = 0; i < 100; i++) {
        puck_machine_settle(&t.e.m);
    }
    g_assert_cmpuint(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_SEQNO), ==, seqno);
    stop(&t);
}

static uint64_t slot_control(Shot *t)
{
    QPCIDevice *bridge = qpci_device_find(t->e.m.pci, BRIDGE);
    uint8_t cap = qpci_find_capability(bridge, PCI_CAP_ID_EXP, 0);

    g_assert_cmpuint(cap, !=, 0);
    g_free(bridge);
    return ECAM + (BRIDGE << 12) + cap + PCI_EXP_SLTCTL;
}

static void expect_unplugged(Shot *t)
{
    puck_machine_settle(&t->e.m);
    g_assert_null(qpci_device_find(t->e.m.pci, QPCI_DEVFN(0, 0) | 1 << 8));
    /* The IOMMU does not mind. */
    g_assert_cmphex(puck_r32(&t->iommu, PUCK_IOMMU_MAGIC), ==,
                    PUCK_IOMMU_MAGIC_VALUE);
    stop(t);
}

static void aim_at_slot(Shot *t)
{
    puck_w32(&t->iommu, PUCK_IOMMU_CTRL, 0);
    aim(&t->e.f, t->e.rings[0].vector, slot_control(t),
        PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF);
}

/* A message turns the slot's power off: its device leaves while it sends. */
static void test_unplugs_itself(void)
{
    Shot t;

    start(&t);
    puck_rule_add(t.e.m.qts, "irq.raise duplicate=5");
    aim_at_slot(&t);
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 1);
    for (unsigned i = 0; i < 3; i++) {
        gpu_fence(&t.e, 0, PUCK_GPU_FENCE_IRQ);
    }
    gpu_doorbell(&t.e, 0);
    expect_unplugged(&t);
}

/* The same by a late message, with others late behind it. */
static void test_late_unplugs_itself(void)
{
    Shot t;

    start(&t);
    puck_rule_add(t.e.m.qts, "irq.raise nth=1 delay=10us");
    puck_rule_add(t.e.m.qts, "irq.raise delay=500us");
    aim_at_slot(&t);
    for (unsigned i = 0; i < 3; i++) {
        gpu_fence(&t.e, 0, PUCK_GPU_FENCE_IRQ);
    }
    gpu_doorbell(&t.e, 0);
    expect_unplugged(&t);
}

/* A message that waits when the machine stops leaves where it goes on. */
static void test_migration(void)
{
    g_autofree char *path = g_strdup_printf("%s/puck-mischief-messages-%d",
                                            g_get_tmp_dir(), getpid());
    PuckFunction f;
    PuckMachine to;
    GpuEnv e;

    gpu_start(&e, "", "");
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'stop' }");
    gpu_fence(&e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&e, 0);
    g_assert_false(puck_msix_take(&e.m, &e.f, e.rings[0].vector, false));
    puck_machine_save(&e.m, path);
    puck_machine_load(&to, "-device " GPU_OPTIONS ",addr=4", path);
    unlink(path);
    puck_function_follow(&to, &f, &e.f);
    g_assert_true(puck_msix_take(&to, &f, e.rings[0].vector, true));
    puck_function_free(&f);
    puck_machine_stop(&to);
    gpu_stop(&e);
}

void add_message_tests(void)
{
    qtest_add_func("/puck-mischief/messages/fault-rings-for-sync",
                   test_fault_rings_for_sync);
    qtest_add_func("/puck-mischief/messages/spurious-without-end",
                   test_spurious_without_end);
    qtest_add_func("/puck-mischief/messages/unplugs-itself",
                   test_unplugs_itself);
    qtest_add_func("/puck-mischief/messages/late-unplugs-itself",
                   test_late_unplugs_itself);
    qtest_add_func("/puck-mischief/messages/migration", test_migration);
}
