/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what an access of the device to memory can bring about within
 * itself.
 *
 * An IOMMU reports a fault by a message, which a guest may aim at any register.
 * So in the middle of each access that the device makes, or right behind it, a
 * ring may be reset, or the function, or the device is unplugged. In each test
 * one access goes to where nothing is mapped.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "common/behind.h"
#include "mischief.h"
#include "abi/puck_display.h"
#include "abi/puck_iommu.h"

#define IOMMU_DEVFN     QPCI_DEVFN(5, 0)
#define ECAM            0xb0000000u
#define PCIEXBAR        0x60
/* All of RAM is mapped to itself. */
#define RING0(reg)      (PUCK_GPU_RING(0) + PUCK_GPU_RING_##reg)

typedef struct Reentry {
    GpuEnv e;
    PuckFunction iommu;
} Reentry;

/* From now on a fault is a write of @data to @addr. */
static void aim(Reentry *t, uint64_t addr, uint32_t data)
{
    QPCIDevice *dev = t->iommu.dev;
    uint64_t entry = dev->msix_table_off +
                     PUCK_IOMMU_VEC_FAULT * PCI_MSIX_ENTRY_SIZE;

    qpci_io_writel(dev, dev->msix_table_bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR,
                   addr);
    qpci_io_writel(dev, dev->msix_table_bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR,
                   addr >> 32);
    qpci_io_writel(dev, dev->msix_table_bar, entry + PCI_MSIX_ENTRY_DATA,
                   data);
}

static void ecam_on(Reentry *t)
{
    QPCIDevice *mch = qpci_device_find(t->e.m.pci, 0);

    qpci_config_writel(mch, PCIEXBAR, ECAM | 1);
    g_free(mch);
}

static uint64_t ecam(unsigned bus, unsigned devfn, unsigned offset)
{
    return ECAM + (bus << 20) + (devfn << 12) + offset;
}

/* The IOMMU's message leaves behind the access that faults, or within it. */
#define BEHIND_ACCESS   ""
#define WITHIN_ACCESS   ",x-messages-within=on"

/* @options are the GPU's, @when is the IOMMU's. */
static void start(Reentry *t, const char *options, const char *when)
{
    g_autofree char *args = g_strdup_printf(
        "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off "
        "-device pcie-root-port,id=rp1,chassis=1,addr=4 "
        "-device " GPU_OPTIONS ",bus=rp1%s "
        "-device puck-iommu,id=iommu0,addr=5,buses=rp1%s", options, when);

    *t = (Reentry) { };
    puck_machine_start(&t->e.m, args);
    gpu_attach_behind(&t->e, GPU_DEVFN, 0);
    ecam_on(t);
    behind_identity(&t->e.m, &t->iommu, IOMMU_DEVFN);
    gpu_alive(&t->e, 0);
}

static void stop(Reentry *t)
{
    puck_function_free(&t->iommu);
    gpu_stop(&t->e);
}

static void aim_at_reset(Reentry *t)
{
    aim(t, t->e.f.bar.addr + RING0(CTRL), PUCK_GPU_RING_RESET);
}

static void aim_at_skip(Reentry *t)
{
    aim(t, t->e.f.bar.addr + RING0(CTRL),
        PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP);
}

static void aim_at_flr(Reentry *t)
{
    uint8_t cap = qpci_find_capability(t->e.f.dev, PCI_CAP_ID_EXP, 0);

    aim(t, ecam(1, 0, cap + PCI_EXP_DEVCTL),
        PCI_EXP_DEVCTL_BCR_FLR);
}

static uint64_t slot_control(Reentry *t)
{
    QPCIDevice *port = qpci_device_find(t->e.m.pci, GPU_DEVFN);
    uint8_t cap = qpci_find_capability(port, PCI_CAP_ID_EXP, 0);

    g_free(port);
    return ecam(0, GPU_DEVFN, cap + PCI_EXP_SLTCTL);
}

#define SLOT_OFF    (PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF)

static void aim_at_slot(Reentry *t)
{
    aim(t, slot_control(t), SLOT_OFF);
}

/* The accesses: each sets one off on ring 0 that faults. */
static void bad_fetch(Reentry *t)
{
    gpu_ring_w32(&t->e, 0, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w64(&t->e, 0, PUCK_GPU_RING_BASE, BEHIND_HOLE | GPU_ORDER);
    gpu_ring_w32(&t->e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    gpu_ring_w32(&t->e, 0, PUCK_GPU_RING_TAIL, 3);
}

static void bad_write_back(Reentry *t)
{
    gpu_ring_w64(&t->e, 0, PUCK_GPU_RING_WB_ADDR, BEHIND_HOLE);
    gpu_fence(&t->e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_fence(&t->e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&t->e, 0);
}

static void bad_list(Reentry *t)
{
    uint64_t page = puck_machine_pages(&t->e.m, 1);
    GpuCmd cmd = gpu_fill(&t->e, SYS(page, 8), 8, 1);

    cmd.dst_list = cpu_to_le64(BEHIND_HOLE);
    gpu_submit(&t->e, 0, cmd);
}

static void bad_write(Reentry *t)
{
    uint64_t page = puck_machine_pages(&t->e.m, 1);

    gpu_submit(&t->e, 0, gpu_copy(&t->e, SYS(BEHIND_HOLE, 8), SYS(page, 8), 8));
}

static void bad_read(Reentry *t)
{
    uint64_t page = puck_machine_pages(&t->e.m, 1);

    gpu_submit(&t->e, 0, gpu_crc(&t->e, SYS(page, 8), SYS(BEHIND_HOLE, 8), 8));
}

/* On a thread, which reports the fault, and so writes the register. */
static void bad_long_write(Reentry *t)
{
    enum { LONG = 32u << 20 };

    gpu_submit(&t->e, 0,
               gpu_fill(&t->e, SYS(BEHIND_HOLE - LONG, LONG + 1), LONG + 1, 1));
}

/* Looking ahead for the FENCE of a job: the ring ends where RAM does. */
static void bad_look_ahead(Reentry *t)
{
    qtest_memset(t->e.m.qts, BEHIND_HOLE - PAGE, 0, PAGE);
    gpu_ring_w32(&t->e, 0, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w64(&t->e, 0, PUCK_GPU_RING_BASE, (BEHIND_HOLE - PAGE) | 12);
    gpu_ring_w32(&t->e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    gpu_ring_w32(&t->e, 0, PUCK_GPU_RING_TAIL, 100);
}

/* The display: the list of a plane, or the picture, is where nothing is. */
static void show_list(Reentry *t, uint64_t list, uint32_t nsegs)
{
    uint64_t head = PUCK_HEAD(0), plane = head + PUCK_HEAD_PLANE(0);
    PuckFunction *f = &t->e.f;

    puck_w32(f, head + PUCK_HEAD_CLOCK, 25175);
    puck_w32(f, head + PUCK_HEAD_H, 64 | 800 << 16);
    puck_w32(f, head + PUCK_HEAD_V, 48 | 525 << 16);
    puck_w32(f, head + PUCK_HEAD_CTRL, PUCK_HEAD_ENABLE);
    puck_w32(f, head + PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_ALL);
    puck_w32(f, plane + PUCK_PLANE_CTRL, PUCK_PLANE_ENABLE |
             PUCK_PLANE_FORMAT_XRGB8888 << 8);
    puck_w32(f, plane + PUCK_PLANE_SOURCE, PUCK_PLANE_SOURCE_LIST);
    puck_w64(f, plane + PUCK_PLANE_ADDR, list);
    puck_w32(f, plane + PUCK_PLANE_ARG, nsegs);
    puck_w32(f, plane + PUCK_PLANE_PITCH, 256);
    puck_w32(f, plane + PUCK_PLANE_SRC_W, 64 << 16);
    puck_w32(f, plane + PUCK_PLANE_SRC_H, 48 << 16);
    puck_w32(f, plane + PUCK_PLANE_DST_W, 64);
    puck_w32(f, plane + PUCK_PLANE_DST_H, 48);
    puck_w32(f, PUCK_DISPLAY_COMMIT, 1);
    g_assert_cmphex(puck_r32(f, PUCK_DISPLAY_RESULT), ==, 0);
}

static void bad_show_list(Reentry *t)
{
    show_list(t, BEHIND_HOLE, 5000);
}

static void bad_show(Reentry *t)
{
    GpuSeg seg = SYS(BEHIND_HOLE - PAGE, 3 * PAGE);

    show_list(t, gpu_list(&t->e, &seg, 1), 1);
}

static void (*const accesses[])(Reentry *t) = {
    bad_fetch, bad_write_back, bad_list, bad_write, bad_read, bad_long_write,
    bad_look_ahead, bad_show_list, bad_show,
};

/* No rule; a rule for accesses, of no effect; one about jobs that begin. */
static const char *const rules[] = {
    NULL, "dma.read iova=0-0 fault", "fence.complete seqno=99 early",
};

static void add_rule(Reentry *t, const char *rule)
{
    if (rule) {
        puck_rule_add(t->e.m.qts, rule);
    }
}

/* A ring that is reset in the middle of an access is as if just reset. */
static void expect_reset(Reentry *t)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        puck_machine_settle(&t->e.m);
        g_usleep(1000);
        if (!gpu_ring_r32(&t->e, 0, PUCK_GPU_RING_STATUS) &&
            !gpu_ring_r32(&t->e, 0, PUCK_GPU_RING_CTRL)) {
            break;
        }
    }
    g_assert_cmphex(gpu_ring_r32(&t->e, 0, PUCK_GPU_RING_STATUS), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&t->e, 0, PUCK_GPU_RING_HEAD), ==, 0);
}

static void test_reset(const void *when)
{
    for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++) {
        for (size_t r = 0; r < G_N_ELEMENTS(rules); r++) {
            Reentry t;

            g_test_message("access %zu, rule %zu", i, r);
            start(&t, "", when);
            aim_at_reset(&t);
            add_rule(&t, rules[r]);
            /* Behind the doorbell: within it QEMU lets no message in. */
            gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_START_DELAY,
                         !strcmp(when, WITHIN_ACCESS));
            accesses[i](&t);
            expect_reset(&t);
            gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_START_DELAY, 0);
            gpu_alive(&t.e, 1);
            gpu_ring_on(&t.e, 0);
            gpu_alive(&t.e, 0);
            stop(&t);
        }
    }
}

/*
 * Behind the access the ring is halted, and goes on behind the job that did it;
 * where it is a command that cannot be read, it halts again. Within the access
 * it is not halted yet, and the message is for nothing.
 */
static void test_skip(const void *when)
{
    bool within = !strcmp(when, WITHIN_ACCESS);

    for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++) {
        Reentry t;

        g_test_message("access %zu", i);
        start(&t, "", when);
        aim_at_skip(&t);
        gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_START_DELAY, within);
        accesses[i](&t);
        for (unsigned n = 0; n < 20; n++) {
            puck_machine_settle(&t.e.m);
        }
        if (accesses[i] == bad_list || accesses[i] == bad_write ||
            accesses[i] == bad_read) {
            g_assert_cmphex(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_STATUS), ==,
                            within ? PUCK_GPU_RING_ON | PUCK_GPU_RING_HALTED :
                                     PUCK_GPU_RING_ON);
        }
        gpu_alive(&t.e, 1);
        gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
        expect_reset(&t);
        gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_START_DELAY, 0);
        gpu_ring_on(&t.e, 0);
        while (puck_msix_take(&t.e.m, &t.e.f, t.e.rings[0].vector, false)) {
            /* Of fences that counted though their slot cannot be written. */
        }
        gpu_alive(&t.e, 0);
        stop(&t);
    }
}

static void test_flr(const void *when)
{
    for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++) {
        for (size_t r = 0; r < G_N_ELEMENTS(rules); r++) {
            Reentry t;

            g_test_message("access %zu, rule %zu", i, r);
            start(&t, ",inline-bytes=1M", when);
            aim_at_flr(&t);
            add_rule(&t, rules[r]);
            accesses[i](&t);
            for (unsigned n = 0; n < PUCK_WAIT_MS; n++) {
                puck_machine_settle(&t.e.m);
                if (!qpci_config_readw(t.e.f.dev, PCI_COMMAND)) {
                    break;
                }
                g_usleep(1000);
            }
            g_assert_cmphex(qpci_config_readw(t.e.f.dev, PCI_COMMAND), ==, 0);
            puck_function_free(&t.e.f);
            gpu_attach_behind(&t.e, GPU_DEVFN, 0);
            g_assert_cmpuint(puck_r32(&t.e.f, PUCK_GPU_ERR_COUNT), ==, 0);
            for (unsigned ring = 0; ring < 2; ring++) {
                g_assert_cmphex(gpu_ring_r32(&t.e, ring, PUCK_GPU_RING_STATUS),
                                ==, PUCK_GPU_RING_ON);
                t.e.rings[ring].seqno = 0;
                gpu_alive(&t.e, ring);
            }
            stop(&t);
        }
    }
}

/* The device leaves in the middle of its own access. */
static void test_unplug(const void *when)
{
    for (size_t i = 0; i < G_N_ELEMENTS(accesses); i++) {
        for (size_t r = 0; r < G_N_ELEMENTS(rules); r++) {
            Reentry t;

            g_test_message("access %zu, rule %zu", i, r);
            start(&t, "", when);
            aim_at_slot(&t);
            add_rule(&t, rules[r]);
            accesses[i](&t);
            /* As long as what is long takes access by access. */
            for (unsigned n = 0; n < 30; n++) {
                puck_machine_settle(&t.e.m);
            }
            qtest_qmp_eventwait(t.e.m.qts, "DEVICE_DELETED");
            puck_machine_settle(&t.e.m);
            stop(&t);
        }
    }
}

void add_reentry_tests(void)
{
    qtest_add_data_func("/puck-gpu/reentry/reset", BEHIND_ACCESS, test_reset);
    qtest_add_data_func("/puck-gpu/reentry/skip", BEHIND_ACCESS, test_skip);
    qtest_add_data_func("/puck-gpu/reentry/flr", BEHIND_ACCESS, test_flr);
    qtest_add_data_func("/puck-gpu/reentry/unplug", BEHIND_ACCESS,
                        test_unplug);
    qtest_add_data_func("/puck-gpu/reentry/reset-within", WITHIN_ACCESS,
                        test_reset);
    qtest_add_data_func("/puck-gpu/reentry/skip-within", WITHIN_ACCESS,
                        test_skip);
    qtest_add_data_func("/puck-gpu/reentry/flr-within", WITHIN_ACCESS,
                        test_flr);
    qtest_add_data_func("/puck-gpu/reentry/unplug-within", WITHIN_ACCESS,
                        test_unplug);
}
