/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device of Puck behind a puck-iommu.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "behind.h"

#define PAGE            4096ull
#define QUEUE_ORDER     4
#define QUEUE_SIZE      (1u << QUEUE_ORDER)
#define REQUESTER       0x100

static uint64_t table(PuckBehind *b, uint64_t parent, unsigned shift)
{
    uint64_t page = puck_machine_pages(b->m, 1);

    qtest_writeq(b->m->qts, parent + 8 * (BEHIND_IOVA >> shift & 511),
                 page | BEHIND_RW);
    return page;
}

/* Tables for one domain, and queues of commands and faults. */
static void make_memory(PuckBehind *b)
{
    uint64_t root = puck_machine_pages(b->m, 1);
    uint64_t ctx = puck_machine_pages(b->m, 1);
    uint64_t l4 = puck_machine_pages(b->m, 1);

    b->l1 = table(b, table(b, table(b, l4, 39), 30), 21);
    b->fq = puck_machine_pages(b->m, 1);
    b->cq = puck_machine_pages(b->m, 1);
    qtest_writeq(b->m->qts, root + 8, ctx | PUCK_IOMMU_ROOT_ENTRY_VALID);
    qtest_writeq(b->m->qts, ctx, l4 | PUCK_IOMMU_CTX_VALID);
    qtest_writeq(b->m->qts, ctx + 8, 1);
    puck_w64(&b->iommu, PUCK_IOMMU_ROOT, root);
}

void behind_on(PuckBehind *b, PuckMachine *m, unsigned own)
{
    *b = (PuckBehind) { .m = m };
    puck_function_map(m, &b->iommu, 0, QPCI_DEVFN(5, 0), PUCK_IOMMU_BAR_REGS);
    make_memory(b);
    puck_w64(&b->iommu, PUCK_IOMMU_CQ_BASE, b->cq | QUEUE_ORDER);
    puck_w64(&b->iommu, PUCK_IOMMU_FQ_BASE, b->fq | QUEUE_ORDER);
    puck_w32(&b->iommu, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_ENABLE |
             PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE);
    for (unsigned i = 0; i < own; i++) {
        behind_map(b, BEHIND_IOVA + i * PAGE, PUCK_RAM_BASE + i * PAGE,
                   BEHIND_RW);
    }
}

void behind_off(PuckBehind *b)
{
    puck_function_free(&b->iommu);
}

uint64_t behind_own(uint64_t pa)
{
    return BEHIND_IOVA + (pa - PUCK_RAM_BASE);
}

void behind_map(PuckBehind *b, uint64_t iova, uint64_t pa, uint64_t perm)
{
    uint64_t index = iova >> 12 & (PUCK_IOMMU_PT_ENTRIES - 1);

    qtest_writeq(b->m->qts, b->l1 + 8 * index, perm ? pa | perm : 0);
}

void behind_invalidate(PuckBehind *b)
{
    struct puck_iommu_cmd cmd = {
        .opcode = cpu_to_le16(PUCK_IOMMU_CMD_INV_ALL),
    };
    uint32_t tail = puck_r32(&b->iommu, PUCK_IOMMU_CQ_TAIL);
    uint32_t next = (tail + 1) % QUEUE_SIZE;

    qtest_memwrite(b->m->qts, b->cq + tail * sizeof(cmd), &cmd, sizeof(cmd));
    puck_w32(&b->iommu, PUCK_IOMMU_CQ_TAIL, next);
    g_assert_cmpuint(puck_r32(&b->iommu, PUCK_IOMMU_CQ_HEAD), ==, next);
}

void behind_messages(PuckFunction *f, unsigned vectors)
{
    for (unsigned v = 0; v < vectors; v++) {
        uint64_t entry = f->dev->msix_table_off + v * PCI_MSIX_ENTRY_SIZE;
        uint64_t at = behind_own(f->msix_message) + 8 * v;

        qpci_io_writel(f->dev, f->dev->msix_table_bar,
                       entry + PCI_MSIX_ENTRY_LOWER_ADDR, at);
        qpci_io_writel(f->dev, f->dev->msix_table_bar,
                       entry + PCI_MSIX_ENTRY_UPPER_ADDR, at >> 32);
    }
}

void behind_expect_fault(PuckBehind *b, uint64_t iova, uint8_t reason,
                         bool write)
{
    uint32_t index = puck_r32(&b->iommu, PUCK_IOMMU_FQ_HEAD);
    uint32_t next = (index + 1) % QUEUE_SIZE;
    struct puck_iommu_fault fault;

    g_assert_cmpuint(puck_r32(&b->iommu, PUCK_IOMMU_FQ_TAIL), ==, next);
    qtest_memread(b->m->qts, b->fq + index * sizeof(fault), &fault,
                  sizeof(fault));
    g_assert_cmpuint(fault.reason, ==, reason);
    g_assert_cmphex(le16_to_cpu(fault.requester), ==, REQUESTER);
    g_assert_cmphex(le64_to_cpu(fault.iova) & ~0xfffull, ==, iova & ~0xfffull);
    g_assert_cmpint(!!(fault.flags & PUCK_IOMMU_FAULT_WRITE), ==, write);
    puck_w32(&b->iommu, PUCK_IOMMU_FQ_HEAD, next);
}

static void map_ram(PuckMachine *m, uint64_t table)
{
    uint64_t l3 = puck_machine_pages(m, 1), l2 = puck_machine_pages(m, 1);

    qtest_writeq(m->qts, table, l3 | BEHIND_RW);
    qtest_writeq(m->qts, l3, l2 | BEHIND_RW);
    for (uint64_t pa = 0; pa < BEHIND_HOLE; pa += 2 << 20) {
        qtest_writeq(m->qts, l2 + 8 * (pa >> 21),
                     pa | BEHIND_RW | PUCK_IOMMU_PTE_LEAF);
    }
}

void behind_identity(PuckMachine *m, PuckFunction *iommu, int devfn)
{
    uint64_t root = puck_machine_pages(m, 1);
    uint64_t context = puck_machine_pages(m, 1);
    uint64_t table = puck_machine_pages(m, 1);
    uint64_t faults = puck_machine_pages(m, 1);

    map_ram(m, table);
    qtest_writeq(m->qts, root + 8, context | PUCK_IOMMU_ROOT_ENTRY_VALID);
    qtest_writeq(m->qts, context + 8, 1);
    qtest_writeq(m->qts, context, table | PUCK_IOMMU_CTX_VALID);
    puck_function_map(m, iommu, 0, devfn, PUCK_IOMMU_BAR_REGS);
    puck_msix_to_ram(m, iommu, PUCK_IOMMU_NUM_VECS);
    puck_w64(iommu, PUCK_IOMMU_ROOT, root);
    puck_w64(iommu, PUCK_IOMMU_FQ_BASE, faults | 6);
    puck_w32(iommu, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_ENABLE |
             PUCK_IOMMU_CTRL_FQ_ENABLE);
    puck_w32(iommu, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_FAULT);
}
