/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu behind puck-iommu: segments that only the IOMMU makes adjacent, and
 * the errors that its faults become.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/behind.h"
#include "common/gpu-env.h"
#include "common/mischief-env.h"

#define NONE            PUCK_GPU_ERR_DESC_NONE
/* Pages of RAM that appear where the IOVAs begin. Tests map behind them. */
#define OWN_PAGES       128
#define TEST_IOVA       (BEHIND_IOVA + OWN_PAGES * PAGE)

typedef struct Behind {
    GpuEnv e;
    PuckBehind iommu;
} Behind;

/* Rings, slots, lists and messages are in what behind_own() makes visible. */
static void behind_start(Behind *b)
{
    *b = (Behind) { };
    puck_machine_start(&b->e.m, BEHIND_MACHINE(GPU_OPTIONS));
    gpu_attach_behind(&b->e, BEHIND_PORT, 0);
    behind_on(&b->iommu, &b->e.m, OWN_PAGES);
    for (unsigned r = 0; r < 2; r++) {
        gpu_ring_w32(&b->e, r, PUCK_GPU_RING_CTRL, 0);
        gpu_ring_w64(&b->e, r, PUCK_GPU_RING_BASE,
                     behind_own(b->e.rings[r].base) | GPU_ORDER);
        gpu_ring_w64(&b->e, r, PUCK_GPU_RING_WB_ADDR,
                     behind_own(b->e.rings[r].wb));
        gpu_ring_w32(&b->e, r, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    }
    behind_messages(&b->e.f, 3);
}

static void behind_stop(Behind *b)
{
    behind_off(&b->iommu);
    gpu_stop(&b->e);
}

static void ring_again(Behind *b, unsigned r)
{
    gpu_ring_recover(&b->e, r);
    gpu_ring_w32(&b->e, r, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w64(&b->e, r, PUCK_GPU_RING_BASE,
                 behind_own(b->e.rings[r].base) | GPU_ORDER);
    gpu_ring_w64(&b->e, r, PUCK_GPU_RING_WB_ADDR, behind_own(b->e.rings[r].wb));
    gpu_ring_w32(&b->e, r, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
}

/* Lists are made where RAM is, and told to the GPU by their IOVAs. */
static GpuCmd translated(GpuCmd cmd)
{
    if (cmd.src_nsegs) {
        cmd.src_list = cpu_to_le64(behind_own(le64_to_cpu(cmd.src_list)));
    }
    if (cmd.dst_nsegs) {
        cmd.dst_list = cpu_to_le64(behind_own(le64_to_cpu(cmd.dst_list)));
    }
    return cmd;
}

static void behind_alive(Behind *b, unsigned r)
{
    uint64_t page = puck_machine_pages(&b->e.m, 1);

    qtest_writeq(b->e.m.qts, page, 0x616c697665);
    gpu_run(&b->e, r, translated(gpu_copy(&b->e, SYS(behind_own(page) + 9, 8),
                                          SYS(behind_own(page), 8), 8)));
    g_assert_cmphex(qtest_readq(b->e.m.qts, page + 9), ==, 0x616c697665);
}

/*
 * What the whole project is about: scattered pages that are one segment. Both
 * short enough for the doorbell write and on a thread.
 */
static void test_merged(const void *opaque)
{
    enum { COUNT = 100 };
    unsigned pages = GPOINTER_TO_UINT(opaque);
    uint64_t src = 0x4000000, dst = 0x5000000;
    g_autofree uint8_t *bytes = g_malloc(COUNT * PAGE);
    g_autofree uint8_t *got = g_malloc(PAGE);
    uint64_t length = (pages - 1) * PAGE + 77;
    Behind b;

    behind_start(&b);
    for (unsigned i = 0; i < COUNT * PAGE; i++) {
        bytes[i] = i / PAGE * 7 + i;
    }
    /* Page i of the source lies at 37 i, of the destination at 61 i. */
    for (unsigned i = 0; i < pages; i++) {
        uint64_t from = src + i * 37 % COUNT * PAGE;

        behind_map(&b.iommu, TEST_IOVA + i * PAGE, from, PUCK_IOMMU_PTE_READ);
        behind_map(&b.iommu, TEST_IOVA + (COUNT + i) * PAGE,
                   dst + i * 61 % COUNT * PAGE, PUCK_IOMMU_PTE_WRITE);
        qtest_memwrite(b.e.m.qts, from, bytes + i * PAGE, PAGE);
    }
    gpu_run(&b.e, 0, translated(gpu_copy(
        &b.e, SYS(TEST_IOVA + COUNT * PAGE, pages * PAGE),
        SYS(TEST_IOVA + 13, pages * PAGE - 13), length)));
    for (unsigned i = 0; i < pages; i++) {
        uint64_t left = length - i * PAGE;

        qtest_memread(b.e.m.qts, dst + i * 61 % COUNT * PAGE, got, PAGE);
        g_assert_cmpmem(got, MIN(left, PAGE), bytes + 13 + i * PAGE,
                        MIN(left, PAGE));
        g_assert_cmpuint(left < PAGE ? got[left] : 0, ==, 0);
    }
    g_assert_cmpuint(puck_r64(&b.iommu.iommu, PUCK_IOMMU_CNT_FAULTS), ==, 0);
    behind_stop(&b);
}

/* One record for the IOMMU, one for the GPU, and both say where. */
static void expect_fault(Behind *b, GpuCmd cmd, GpuError error, uint64_t iova,
                         uint8_t reason, bool write)
{
    error.index = b->e.rings[0].tail;
    gpu_emit(&b->e, 0, translated(cmd));
    error.seqno = gpu_fence(&b->e, 0, 0);
    gpu_doorbell(&b->e, 0);
    gpu_expect_error(&b->e, &error);
    behind_expect_fault(&b->iommu, iova, reason, write);
    behind_alive(b, 1);
    ring_again(b, 0);
    behind_alive(b, 0);
}

static const GpuError read_error = {
    .reason = PUCK_GPU_ERR_DMA_READ, .list = PUCK_GPU_ERR_LIST_SRC,
};

static const GpuError write_error = {
    .reason = PUCK_GPU_ERR_DMA_WRITE, .list = PUCK_GPU_ERR_LIST_DST,
};

/* Page 5 is not there, 9 can only be read, 11 only be written. */
static void behind_start_with_holes(Behind *b)
{
    behind_start(b);
    for (unsigned i = 0; i < 40; i++) {
        behind_map(&b->iommu, TEST_IOVA + i * PAGE, 0x4000000 + i * PAGE,
                   i == 5 ? 0 : i == 9 ? PUCK_IOMMU_PTE_READ :
                   i == 11 ? PUCK_IOMMU_PTE_WRITE : BEHIND_RW);
    }
}

static void test_bad_mapping(void)
{
    GpuError read = read_error, write = write_error;
    GpuSeg good;
    Behind b;

    behind_start_with_holes(&b);
    good = SYS(behind_own(puck_machine_pages(&b.e.m, 8)), 8 * PAGE);
    /* Not mapped: in the middle of a segment, and at its unaligned start. */
    read.addr = TEST_IOVA + 5 * PAGE;
    expect_fault(&b, gpu_copy(&b.e, good, SYS(TEST_IOVA + 100, 8 * PAGE),
                              8 * PAGE), read, read.addr,
                 PUCK_IOMMU_FAULT_NOT_MAPPED, false);
    write.addr = TEST_IOVA + 5 * PAGE + 20;
    expect_fault(&b, gpu_fill(&b.e, SYS(write.addr, 50), 50, 1), write,
                 write.addr, PUCK_IOMMU_FAULT_NOT_MAPPED, true);
    /* Mapped for the other direction. */
    write.addr = TEST_IOVA + 9 * PAGE;
    expect_fault(&b, gpu_copy(&b.e, SYS(TEST_IOVA + 8 * PAGE, 2 * PAGE), good,
                              2 * PAGE), write, write.addr,
                 PUCK_IOMMU_FAULT_PERMISSION, true);
    read.addr = TEST_IOVA + 11 * PAGE;
    expect_fault(&b, gpu_crc(&b.e, good, SYS(TEST_IOVA + 10 * PAGE, 2 * PAGE),
                             2 * PAGE), read, read.addr,
                 PUCK_IOMMU_FAULT_PERMISSION, false);
    /* Beyond 48 bits; and a read of the interrupt window. */
    read.addr = 1ull << 48;
    expect_fault(&b, gpu_copy(&b.e, good, SYS(read.addr, 64), 64), read,
                 read.addr, PUCK_IOMMU_FAULT_ADDRESS, false);
    read.addr = PUCK_IOMMU_MSI_BASE + 64;
    expect_fault(&b, gpu_copy(&b.e, good, SYS(read.addr, 64), 64), read,
                 read.addr, PUCK_IOMMU_FAULT_INTERRUPT, false);
    behind_stop(&b);
}

/* The third of several segments is the one that faults. */
static void test_bad_mapping_desc(void)
{
    GpuError read = read_error;
    GpuSeg good, segs[3];
    GpuCmd cmd;
    Behind b;

    behind_start_with_holes(&b);
    good = SYS(behind_own(puck_machine_pages(&b.e.m, 8)), 8 * PAGE);
    segs[0] = VRAM(0, 10);
    segs[1] = SYS(TEST_IOVA, PAGE);
    segs[2] = SYS(TEST_IOVA + 4 * PAGE + 8, 2 * PAGE);
    cmd = gpu_copy(&b.e, good, good, 2 * PAGE + 8);
    gpu_set_src(&b.e, &cmd, segs, 3);
    read.desc = 2;
    read.addr = TEST_IOVA + 5 * PAGE;
    expect_fault(&b, cmd, read, read.addr, PUCK_IOMMU_FAULT_NOT_MAPPED, false);
    behind_stop(&b);
}

static void test_bad_list_mapping(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_LIST_READ, .list = PUCK_GPU_ERR_LIST_DST,
        .desc = NONE, .addr = TEST_IOVA + 16,
    };
    GpuCmd cmd;
    Behind b;

    behind_start(&b);
    cmd = gpu_fill(&b.e, VRAM(0, 64), 64, 1);
    cmd.dst_list = cpu_to_le64(error.addr - BEHIND_IOVA + PUCK_RAM_BASE);
    expect_fault(&b, cmd, error, error.addr, PUCK_IOMMU_FAULT_NOT_MAPPED,
                 false);
    behind_stop(&b);
}

/*
 * A page that is taken away while long copies read it: whenever the first
 * access after the invalidation is, it faults.
 */
static void test_unmap_in_work(void)
{
    enum { SEGS = 200, SPAN = 128, COPIES = 30 };
    GpuError error = {
        .reason = PUCK_GPU_ERR_DMA_READ, .list = PUCK_GPU_ERR_LIST_SRC,
        .addr = TEST_IOVA + 40 * PAGE, .seqno = 1,
    };
    GpuCmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_COPY),
        .length = cpu_to_le64(SEGS * SPAN * PAGE),
    };
    GpuSeg src[SEGS], dst[SEGS];
    Behind b;

    behind_start(&b);
    for (unsigned i = 0; i < SPAN; i++) {
        behind_map(&b.iommu, TEST_IOVA + i * PAGE, 0x4000000 + i * PAGE,
                   BEHIND_RW);
        behind_map(&b.iommu, TEST_IOVA + (SPAN + i) * PAGE,
                   0x5000000 + i * PAGE, BEHIND_RW);
    }
    for (unsigned i = 0; i < SEGS; i++) {
        src[i] = SYS(TEST_IOVA, SPAN * PAGE);
        dst[i] = SYS(TEST_IOVA + SPAN * PAGE, SPAN * PAGE);
    }
    gpu_set_src(&b.e, &cmd, src, SEGS);
    gpu_set_dst(&b.e, &cmd, dst, SEGS);
    for (unsigned i = 0; i < COPIES; i++) {
        gpu_emit(&b.e, 0, translated(cmd));
    }
    gpu_doorbell(&b.e, 0);
    behind_map(&b.iommu, error.addr, 0, 0);
    behind_invalidate(&b.iommu);
    /* The copies take half a second: none is done by now. */
    gpu_wait_status(&b.e, 0, PUCK_GPU_RING_BUSY | PUCK_GPU_RING_HALTED,
                    PUCK_GPU_RING_HALTED);
    /* How far it came is a matter of time. */
    error.desc = puck_r32(&b.e.f, PUCK_GPU_ERR_DESC);
    error.index = puck_r32(&b.e.f, PUCK_GPU_ERR_INFO) >> 20;
    gpu_expect_error(&b.e, &error);
    ring_again(&b, 0);
    behind_alive(&b, 0);
    behind_stop(&b);
}

static uint32_t add_rule(Behind *b, const char *format, uint64_t iova)
{
    g_autofree char *rule = g_strdup_printf(format, iova, iova + PAGE - 1);

    return puck_rule_add(b->e.m.qts, rule);
}

/*
 * A translation that takes its time: the engine waits for it on the virtual
 * clock, and the IOMMU's commands do not wait for the engine.
 */
static void test_translate_delay(void)
{
    uint64_t src = TEST_IOVA, dst = TEST_IOVA + 8 * PAGE;
    uint32_t rule, write;
    Behind b;

    behind_start(&b);
    for (unsigned i = 0; i < 16; i++) {
        behind_map(&b.iommu, TEST_IOVA + i * PAGE, 0x4000000 + i * PAGE,
                   BEHIND_RW);
        qtest_writeq(b.e.m.qts, 0x4000000 + i * PAGE, i + 1);
    }
    rule = add_rule(&b, "iommu.translate iova=0x%" PRIx64 "-0x%" PRIx64
                    " dir=read nth=1 delay=30us", src + PAGE);
    write = add_rule(&b, "iommu.translate iova=0x%" PRIx64 "-0x%" PRIx64
                     " dir=write nth=1 delay=5us", dst + PAGE);
    gpu_submit(&b.e, 0, translated(gpu_copy(&b.e, SYS(dst, 4 * PAGE),
                                            SYS(src, 4 * PAGE), 4 * PAGE)));
    g_assert_cmpuint(qtest_readq(b.e.m.qts, 0x4008000), ==, 1);
    qtest_clock_step(b.e.m.qts, 29999);
    behind_invalidate(&b.iommu);
    g_assert_cmpuint(gpu_ring_r32(&b.e, 0, PUCK_GPU_RING_SEQNO), ==, 0);
    g_assert_cmpuint(qtest_readq(b.e.m.qts, 0x4009000), ==, 10);
    qtest_clock_step(b.e.m.qts, 1);
    g_assert_cmpuint(qtest_readq(b.e.m.qts, 0x4009000), ==, 10);
    qtest_clock_step(b.e.m.qts, 5000);
    gpu_wait(&b.e, 0, 1);
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmpuint(qtest_readq(b.e.m.qts, 0x4008000 + i * PAGE), ==,
                         i + 1);
    }
    g_assert_cmpuint(puck_rule_seen(b.e.m.qts, rule), ==, 1);
    g_assert_cmpuint(puck_rule_hits(b.e.m.qts, write), ==, 1);
    g_assert_cmpuint(puck_r64(&b.iommu.iommu, PUCK_IOMMU_CNT_FAULTS), ==, 0);
    behind_stop(&b);
}

/* The page may go while its translation waits. */
static void test_translate_delay_unmap(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_DMA_WRITE, .list = PUCK_GPU_ERR_LIST_DST,
        .addr = TEST_IOVA, .seqno = 1,
    };
    Behind b;

    behind_start(&b);
    behind_map(&b.iommu, TEST_IOVA, 0x4000000, BEHIND_RW);
    add_rule(&b, "iommu.translate iova=0x%" PRIx64 "-0x%" PRIx64 " delay=1us",
             TEST_IOVA);
    gpu_submit(&b.e, 0, translated(gpu_fill(&b.e, SYS(TEST_IOVA, 8), 8, 1)));
    behind_map(&b.iommu, TEST_IOVA, 0, 0);
    behind_invalidate(&b.iommu);
    qtest_clock_step(b.e.m.qts, 1000);
    gpu_expect_error(&b.e, &error);
    g_assert_cmpuint(qtest_readq(b.e.m.qts, 0x4000000), ==, 0);
    ring_again(&b, 0);
    behind_alive(&b, 0);
    behind_stop(&b);
}

/* A fault by a rule is a fault like others; and not where it does not match. */
static void test_translate_fault(void)
{
    GpuError read = read_error;
    uint32_t rule;
    GpuSeg good;
    Behind b;

    behind_start_with_holes(&b);
    good = SYS(behind_own(puck_machine_pages(&b.e.m, 4)), 4 * PAGE);
    rule = add_rule(&b, "iommu.translate iova=0x%" PRIx64 "-0x%" PRIx64
                    " dir=read nth=2 fault", TEST_IOVA + PAGE);
    gpu_run(&b.e, 0, translated(gpu_copy(&b.e, good, SYS(TEST_IOVA, 4 * PAGE),
                                         4 * PAGE)));
    read.addr = TEST_IOVA + PAGE;
    expect_fault(&b, gpu_copy(&b.e, good, SYS(TEST_IOVA, 4 * PAGE), 4 * PAGE),
                 read, read.addr, PUCK_IOMMU_FAULT_INJECTED, false);
    g_assert_cmpuint(puck_rule_seen(b.e.m.qts, rule), ==, 2);
    gpu_run(&b.e, 0, translated(gpu_copy(&b.e, good, SYS(TEST_IOVA, 4 * PAGE),
                                         4 * PAGE)));
    behind_stop(&b);
}

/* Index 0 in the table of level 2, so that its first entry is asked for. */
#define VA              0x12340003000ull

/*
 * VM 0 has one page at VA, which it names by @iova. The tables are seen through
 * the IOMMU, the one of level 2 at @level_2 or, if that is 0, like the others.
 */
static void vm_behind(Behind *b, uint64_t iova, uint64_t level_2)
{
    uint64_t next = iova;

    for (unsigned level = 1; level <= PUCK_GPU_PT_LEVELS; level++) {
        uint64_t table = puck_machine_pages(&b->e.m, 1);
        uint64_t index = VA >> (12 + 9 * (level - 1)) & 511;

        qtest_writeq(b->e.m.qts, table + 8 * index, next | PUCK_GPU_PTE_READ |
                     PUCK_GPU_PTE_WRITE);
        next = level == 2 && level_2 ? level_2 : behind_own(table);
    }
    puck_w64(&b->e.f, PUCK_GPU_VM_ROOT(0), next | PUCK_GPU_VM_ROOT_VALID);
}

static GpuCmd fill_by_va(void)
{
    return (GpuCmd) {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_FILL),
        .flags = cpu_to_le16(PUCK_GPU_DST_VA),
        .dst_list = cpu_to_le64(VA + 16),
        .length = cpu_to_le64(8),
        .fill.value = cpu_to_le32(0x4711),
    };
}

/* What page tables name is translated once more, and so are they. */
static void test_vm(void)
{
    Behind b;

    behind_start(&b);
    behind_map(&b.iommu, TEST_IOVA, 0x4000000, BEHIND_RW);
    vm_behind(&b, TEST_IOVA, 0);
    gpu_run(&b.e, 0, fill_by_va());
    g_assert_cmphex(qtest_readl(b.e.m.qts, 0x4000010), ==, 0x4711);
    g_assert_cmpuint(puck_r64(&b.iommu.iommu, PUCK_IOMMU_CNT_FAULTS), ==, 0);
    behind_stop(&b);
}

/* A table that the IOMMU does not let it read, and a page. */
static void test_bad_vm_mapping(void)
{
    GpuError table = {
        .reason = PUCK_GPU_ERR_PTE_READ, .list = PUCK_GPU_ERR_LIST_DST,
        .addr = VA,
    };
    GpuError page = {
        .reason = PUCK_GPU_ERR_DMA_WRITE, .list = PUCK_GPU_ERR_LIST_DST,
        .addr = TEST_IOVA + 16,
    };
    Behind b;

    behind_start(&b);
    vm_behind(&b, TEST_IOVA, TEST_IOVA + PAGE);
    expect_fault(&b, fill_by_va(), table, TEST_IOVA + PAGE,
                 PUCK_IOMMU_FAULT_NOT_MAPPED, false);
    vm_behind(&b, TEST_IOVA, 0);
    expect_fault(&b, fill_by_va(), page, TEST_IOVA + 16,
                 PUCK_IOMMU_FAULT_NOT_MAPPED, true);
    behind_stop(&b);
}

void add_iommu_tests(void)
{
    qtest_add_data_func("/puck-gpu/iommu/merged-short", GUINT_TO_POINTER(5),
                        test_merged);
    qtest_add_data_func("/puck-gpu/iommu/merged-long", GUINT_TO_POINTER(100),
                        test_merged);
    qtest_add_func("/puck-gpu/iommu/bad_mapping", test_bad_mapping);
    qtest_add_func("/puck-gpu/iommu/bad_mapping_desc", test_bad_mapping_desc);
    qtest_add_func("/puck-gpu/iommu/bad_list_mapping", test_bad_list_mapping);
    qtest_add_func("/puck-gpu/iommu/unmap-in-work", test_unmap_in_work);
    qtest_add_func("/puck-gpu/iommu/translate-delay", test_translate_delay);
    qtest_add_func("/puck-gpu/iommu/translate-delay-unmap",
                   test_translate_delay_unmap);
    qtest_add_func("/puck-gpu/iommu/translate-fault", test_translate_fault);
    qtest_add_func("/puck-gpu/iommu/vm", test_vm);
    qtest_add_func("/puck-gpu/iommu/bad_vm_mapping", test_bad_vm_mapping);
}
