/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: registers: what they read as after reset, what sticks, 64-bit
 * halves, and accesses that the contract does not know.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "common/gpu-env.h"
#include "common/reg-case.h"

#define FEATURES    (PUCK_GPU_FEATURE_STAGE | PUCK_GPU_FEATURE_MISCHIEF | \
                     PUCK_GPU_FEATURE_DISPLAY | PUCK_GPU_FEATURE_VM | \
                     PUCK_GPU_FEATURE_SKIP | PUCK_GPU_FEATURE_POWER)
#define OPS         (PUCK_GPU_OPS_COPY | PUCK_GPU_OPS_VM)
#define ROOT_BITS   (PUCK_GPU_VM_ROOT_ADDR | PUCK_GPU_VM_ROOT_VRAM | \
                     PUCK_GPU_VM_ROOT_VALID)

/* Reads and writes have no effect but on the register itself. */
static const RegCase device_cases[] = {
    { "MAGIC", PUCK_GPU_MAGIC, 4, PUCK_GPU_MAGIC_VALUE, PUCK_GPU_MAGIC_VALUE },
    { "VERSION", PUCK_GPU_VERSION, 4, PUCK_GPU_VERSION_VALUE,
      PUCK_GPU_VERSION_VALUE },
    { "STATUS", PUCK_GPU_STATUS, 4, 0, 0 },
    { "FEATURES", PUCK_GPU_FEATURES, 8, FEATURES, FEATURES },
    { "NUM_RINGS", PUCK_GPU_NUM_RINGS, 4, 3, 3 },
    { "NUM_SOURCES", PUCK_GPU_NUM_SOURCES, 4, 5, 5 },
    { "VRAM_SIZE", PUCK_GPU_VRAM_SIZE, 8, GPU_VRAM_SIZE, GPU_VRAM_SIZE },
    { "SEG_LEN_MAX", PUCK_GPU_SEG_LEN_MAX, 4, 123456, 123456 },
    { "SEGS_MAX", PUCK_GPU_SEGS_MAX, 4, PUCK_GPU_SEGS_MAX_VALUE,
      PUCK_GPU_SEGS_MAX_VALUE },
    { "IRQ_STATUS", PUCK_GPU_IRQ_STATUS, 4, 0, 0 },
    { "IRQ_ENABLE", PUCK_GPU_IRQ_ENABLE, 4, 0, PUCK_GPU_IRQ_ALL },
    { "PM_TOUCHES", PUCK_GPU_PM_TOUCHES, 4, 0, 0 },
    { "PM_UNFINISHED", PUCK_GPU_PM_UNFINISHED, 4, 0, 0 },
    { "SOURCE 0", PUCK_GPU_SOURCE(0), 4, 0x00000000, 0x00000000 },
    { "SOURCE 1", PUCK_GPU_SOURCE(1), 4, 0x00010001, 0x00010001 },
    { "SOURCE 2", PUCK_GPU_SOURCE(2), 4, 0x01010002, 0x01010002 },
    { "SOURCE 3", PUCK_GPU_SOURCE(3), 4, 0x02010003, 0x02010003 },
    { "SOURCE 4", PUCK_GPU_SOURCE(4), 4, 0x00020004, 0x00020004 },
    { "ERR_COUNT", PUCK_GPU_ERR_COUNT, 4, 0, 0 },
    { "ERR_INFO", PUCK_GPU_ERR_INFO, 4, 0, 0 },
    { "ERR_SEQNO", PUCK_GPU_ERR_SEQNO, 4, 0, 0 },
    { "ERR_DESC", PUCK_GPU_ERR_DESC, 4, 0, 0 },
    { "ERR_ADDR", PUCK_GPU_ERR_ADDR, 8, 0, 0 },
    { "ERR_POP", PUCK_GPU_ERR_POP, 4, 0, 0 },
    { "ERR_LOST", PUCK_GPU_ERR_LOST, 4, 0, 0 },
    { "VM_COUNT", PUCK_GPU_VM_COUNT, 4, 17, 17 },
    { "VM_TLB_CAPACITY", PUCK_GPU_VM_TLB_CAPACITY, 4, 33, 33 },
    { "VM_CTRL", PUCK_GPU_VM_CTRL, 4, 0, PUCK_GPU_VM_AUDIT },
    { "VM_FLUSH", PUCK_GPU_VM_FLUSH, 4, 0, 0 },
    { "VM_HITS", PUCK_GPU_VM_HITS, 8, 0, 0 },
    { "VM_MISSES", PUCK_GPU_VM_MISSES, 8, 0, 0 },
    { "VM_STALE_USES", PUCK_GPU_VM_STALE_USES, 8, 0, 0 },
    { "VM_TLB_ENTRIES", PUCK_GPU_VM_TLB_ENTRIES, 4, 0, 0 },
    { "VM_ROOT 0", PUCK_GPU_VM_ROOT(0), 8, 0, ROOT_BITS },
    { "VM_ROOT 16", PUCK_GPU_VM_ROOT(16), 8, 0, ROOT_BITS },
};

/* Of ring 2, which the options of boot() set up. */
static const RegCase ring_cases[] = {
    { "RING_KIND", PUCK_GPU_RING_KIND, 4, PUCK_GPU_KIND_COPY,
      PUCK_GPU_KIND_COPY },
    { "RING_STATUS", PUCK_GPU_RING_STATUS, 4, 0, 0 },
    { "RING_ORDER_MAX", PUCK_GPU_RING_ORDER_MAX, 4, 12, 12 },
    { "RING_OPS", PUCK_GPU_RING_OPS, 8, OPS, OPS },
    { "RING_BASE", PUCK_GPU_RING_BASE, 8, 0, ~0xff0ull },
    { "RING_WB_ADDR", PUCK_GPU_RING_WB_ADDR, 8, 0, ~7ull },
    { "RING_HEAD", PUCK_GPU_RING_HEAD, 4, 0, 0 },
    { "RING_SEQNO", PUCK_GPU_RING_SEQNO, 4, 0, 0 },
    { "RING_PENDING", PUCK_GPU_RING_PENDING, 4, 0, 0 },
    { "STOP_HEAD", PUCK_GPU_RING_STOP_HEAD, 4, 0, 0 },
    { "FENCES_MAX", PUCK_GPU_RING_FENCES_MAX, 4, 1024, 1024 },
    { "START_DELAY", PUCK_GPU_RING_START_DELAY, 8, 11, PUCK_GPU_DELAY_MAX_NS },
    { "DELAY", PUCK_GPU_RING_DELAY, 8, 22, PUCK_GPU_DELAY_MAX_NS },
    { "JITTER", PUCK_GPU_RING_JITTER, 8, 33, PUCK_GPU_DELAY_MAX_NS },
    { "SEED", PUCK_GPU_RING_SEED, 8, 44, UINT64_MAX },
    { "HOLD", PUCK_GPU_RING_HOLD, 4, 1, 1 },
    { "RELEASE", PUCK_GPU_RING_RELEASE, 4, 0, 0 },
};

/* A machine with the registers mapped and nothing else done. */
static void boot(GpuEnv *e)
{
    *e = (GpuEnv) { };
    puck_machine_start(&e->m, "-device " GPU_OPTIONS ",addr=4,rings=3,"
                       "copy-rings=1,seg-len-max=123456,seed=100,"
                       "vms=17,tlb-entries=33,ring2-start-delay-ns=11,"
                       "ring2-delay-ns=22,ring2-jitter-ns=33,ring2-seed=44,"
                       "ring2-hold=on");
    puck_function_map(&e->m, &e->f, 0, GPU_DEVFN, PUCK_GPU_BAR_REGS);
}

static void check_all_reset(GpuEnv *e)
{
    reg_check_block(&e->f, device_cases, G_N_ELEMENTS(device_cases), 0,
                    false);
    reg_check_block(&e->f, ring_cases, G_N_ELEMENTS(ring_cases),
                    PUCK_GPU_RING(2), false);
}

static void set_all(GpuEnv *e)
{
    reg_check_block(&e->f, device_cases, G_N_ELEMENTS(device_cases), 0,
                    true);
    reg_check_block(&e->f, ring_cases, G_N_ELEMENTS(ring_cases),
                    PUCK_GPU_RING(2), true);
}

static void test_access(void)
{
    GpuEnv e;

    boot(&e);
    set_all(&e);
    /* Rings without options of their own: seed=N makes SEED N + r. */
    g_assert_cmphex(gpu_ring_r64(&e, 1, PUCK_GPU_RING_SEED), ==, 101);
    g_assert_cmphex(gpu_ring_r64(&e, 1, PUCK_GPU_RING_DELAY), ==, 0);
    gpu_stop(&e);
}

/* Set aside: registers of a later version, which this one does not have. */
static void test_bad_set_aside(void)
{
    static const struct {
        uint64_t from, to;
    } areas[] = {
        { 0x2000, 0x2400 }, { 0x3fc0, 0x4000 }, { 0x4030, 0x4080 },
        { 0x43c0, 0x4400 }, { 0x5fc0, 0x6040 },
        { 0x7fc0, 0x8040 }, { 0xffc0, 0x10000 },
        { PUCK_GPU_RING(2) + 0x40, PUCK_GPU_RING(2) + 0x100 },
        { PUCK_GPU_RING(2) + 0x128, PUCK_GPU_RING(2) + 0x180 },
    };
    GpuEnv e;

    boot(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(areas); i++) {
        for (uint64_t at = areas[i].from; at < areas[i].to; at += 8) {
            puck_w64(&e.f, at, UINT64_MAX);
            puck_w32(&e.f, at, UINT32_MAX);
            puck_w32(&e.f, at + 4, UINT32_MAX);
            g_assert_cmphex(puck_r64(&e.f, at), ==, 0);
            g_assert_cmphex(puck_r32(&e.f, at), ==, 0);
            g_assert_cmphex(puck_r32(&e.f, at + 4), ==, 0);
        }
    }
    check_all_reset(&e);
    gpu_stop(&e);
}

static void test_identity(void)
{
    uint64_t size;
    GpuEnv e;

    boot(&e);
    g_assert_cmphex(qpci_config_readl(e.f.dev, PCI_VENDOR_ID), ==,
                    PUCK_GPU_PCI_DEVICE << 16 | PUCK_GPU_PCI_VENDOR);
    g_assert_cmphex(qpci_config_readl(e.f.dev, PCI_CLASS_REVISION), ==,
                    0x03800000 | PUCK_GPU_PCI_REVISION);
    qpci_iomap(e.f.dev, PUCK_GPU_BAR_REGS, &size);
    g_assert_cmphex(size, ==, PUCK_GPU_BAR_REGS_SIZE);
    gpu_stop(&e);
}

static void test_reset(void)
{
    GpuEnv e;

    boot(&e);
    set_all(&e);
    g_assert_cmphex(puck_r32(&e.f, PUCK_GPU_CTRL), ==, 0);
    puck_w32(&e.f, PUCK_GPU_CTRL, ~PUCK_GPU_CTRL_RESET);
    g_assert_cmphex(puck_r32(&e.f, PUCK_GPU_IRQ_ENABLE), ==, 1);
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmphex(puck_r32(&e.f, PUCK_GPU_CTRL), ==, 0);
    check_all_reset(&e);
    gpu_stop(&e);
}

static void test_function_level_reset(void)
{
    uint8_t cap;
    GpuEnv e;

    boot(&e);
    set_all(&e);
    cap = qpci_find_capability(e.f.dev, PCI_CAP_ID_EXP, 0);
    g_assert_cmpuint(cap, !=, 0);
    g_assert_true(qpci_config_readl(e.f.dev, cap + PCI_EXP_DEVCAP) &
                  PCI_EXP_DEVCAP_FLR);
    qpci_config_writew(e.f.dev, cap + PCI_EXP_DEVCTL,
                       PCI_EXP_DEVCTL_BCR_FLR);
    /* BARs and command register are gone with it. */
    puck_function_free(&e.f);
    puck_function_map(&e.m, &e.f, 0, GPU_DEVFN, PUCK_GPU_BAR_REGS);
    check_all_reset(&e);
    gpu_stop(&e);
}

static void test_halves(void)
{
    GpuEnv e;

    boot(&e);
    gpu_ring_w32(&e, 2, PUCK_GPU_RING_SEED, 0x11223344);
    gpu_ring_w32(&e, 2, PUCK_GPU_RING_SEED + 4, 0x55667788);
    g_assert_cmphex(gpu_ring_r64(&e, 2, PUCK_GPU_RING_SEED), ==,
                    0x5566778811223344);
    g_assert_cmphex(gpu_ring_r32(&e, 2, PUCK_GPU_RING_SEED), ==, 0x11223344);
    g_assert_cmphex(gpu_ring_r32(&e, 2, PUCK_GPU_RING_SEED + 4), ==,
                    0x55667788);
    puck_w32(&e.f, PUCK_GPU_RING(1) + PUCK_GPU_RING_SEED + 4, 0xabcd);
    g_assert_cmphex(gpu_ring_r64(&e, 1, PUCK_GPU_RING_SEED), ==,
                    0xabcd00000065);
    gpu_stop(&e);
}

/* Wrong sizes, and places where there is no register. */
static void test_bad_access(void)
{
    static const struct {
        uint64_t offset;
        unsigned size;
    } bad[] = {
        { PUCK_GPU_MAGIC, 1 }, { PUCK_GPU_MAGIC, 2 }, { PUCK_GPU_MAGIC, 8 },
        { PUCK_GPU_CTRL, 8 }, { PUCK_GPU_CTRL + 3, 1 }, { PUCK_GPU_STATUS, 2 },
        { PUCK_GPU_FEATURES + 2, 4 }, { PUCK_GPU_FEATURES + 4, 8 },
        { PUCK_GPU_NUM_RINGS, 8 }, { PUCK_GPU_NUM_SOURCES, 1 },
        { PUCK_GPU_VRAM_SIZE + 2, 4 }, { PUCK_GPU_VRAM_SIZE, 2 },
        { PUCK_GPU_VRAM_SIZE + 4, 8 }, { 0x38, 4 }, { 0x3fc, 4 },
        /* Sources that there are not, and none at all. */
        { PUCK_GPU_SOURCE(0), 8 }, { PUCK_GPU_SOURCE(1), 2 },
        { PUCK_GPU_SOURCE(5), 4 }, { PUCK_GPU_SOURCE(63), 4 },
        { PUCK_GPU_SOURCE(64), 4 }, { 0x7fc, 4 },
        { PUCK_GPU_ERR_LOST + 4, 4 }, { 0x2000, 4 },
        { PUCK_GPU_VM_COUNT, 8 }, { PUCK_GPU_VM_CTRL, 8 },
        { PUCK_GPU_VM_CTRL, 1 }, { PUCK_GPU_VM_FLUSH, 2 },
        { PUCK_GPU_VM_HITS, 2 }, { PUCK_GPU_VM_HITS + 4, 8 },
        { PUCK_GPU_VM_TLB_ENTRIES, 8 }, { PUCK_GPU_VM_TLB_ENTRIES + 4, 4 },
        /* VMs that there are not. */
        { PUCK_GPU_VM_ROOT(0), 1 }, { PUCK_GPU_VM_ROOT(0) + 4, 8 },
        { PUCK_GPU_VM_ROOT(0) - 8, 8 }, { PUCK_GPU_VM_ROOT(17), 8 },
        { PUCK_GPU_VM_ROOT(17), 4 }, { PUCK_GPU_VM_ROOT(63), 8 },
        { PUCK_GPU_VM_ROOT(64), 8 },
        { PUCK_GPU_RING(2) + PUCK_GPU_RING_KIND, 8 },
        { PUCK_GPU_RING(2) + PUCK_GPU_RING_CTRL, 8 },
        { PUCK_GPU_RING(2) + PUCK_GPU_RING_ORDER_MAX, 1 },
        { PUCK_GPU_RING(2) + PUCK_GPU_RING_OPS + 4, 8 },
        { PUCK_GPU_RING(2) + PUCK_GPU_RING_FENCES_MAX, 2 },
        { PUCK_GPU_RING(2) + PUCK_GPU_RING_DELAY, 1 },
        { PUCK_GPU_RING(3) + PUCK_GPU_RING_DELAY, 8 },
        { PUCK_GPU_RING(7) + PUCK_GPU_RING_CTRL, 4 },
        { PUCK_GPU_RING(8) + PUCK_GPU_RING_BASE, 8 },
        { PUCK_GPU_BAR_REGS_SIZE - 4, 4 },
    };
    GpuEnv e;

    boot(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        uint8_t ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };
        uint64_t at = e.f.bar.addr + bad[i].offset;
        uint64_t got;

        g_test_message("%u bytes at 0x%" PRIx64, bad[i].size, bad[i].offset);
        switch (bad[i].size) {
        case 1:
            got = qtest_readb(e.m.qts, at);
            qtest_writeb(e.m.qts, at, 255);
            break;
        case 2:
            got = qtest_readw(e.m.qts, at);
            qtest_writew(e.m.qts, at, UINT16_MAX);
            break;
        case 4:
            got = qtest_readl(e.m.qts, at);
            qtest_writel(e.m.qts, at, UINT32_MAX);
            break;
        default:
            got = qtest_readq(e.m.qts, at);
            qtest_memwrite(e.m.qts, at, ones, sizeof(ones));
            break;
        }
        g_assert_cmphex(got, ==, 0);
    }
    check_all_reset(&e);
    gpu_stop(&e);
}

void add_register_tests(void)
{
    qtest_add_func("/puck-gpu/registers/access", test_access);
    qtest_add_func("/puck-gpu/registers/reset", test_reset);
    qtest_add_func("/puck-gpu/registers/function-level-reset",
                   test_function_level_reset);
    qtest_add_func("/puck-gpu/registers/halves", test_halves);
    qtest_add_func("/puck-gpu/registers/bad_access", test_bad_access);
    qtest_add_func("/puck-gpu/registers/bad_set_aside", test_bad_set_aside);
    qtest_add_func("/puck-gpu/registers/identity", test_identity);
}
