/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the guest takes the device out, by the power of its slot or by the
 * ACPI eject port, at the worst moment; and messages of the device that are
 * aimed at registers, its own and its slot's.
 */

#include "qemu/osdep.h"
#include "abi/puck_display.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "mischief.h"

#define MiB             (1u << 20)
#define ECAM            0xb0000000u
#define PCIEXBAR        0x60
#define ROUNDS          10
#define RINGS           8
#define PORT            GPU_DEVFN
#define NATIVE \
    "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"
#define SLOT_OFF        (PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF)

static void ecam_on(GpuEnv *e)
{
    QPCIDevice *mch = qpci_device_find(e->m.pci, 0);

    qpci_config_writel(mch, PCIEXBAR, ECAM | 1);
    g_free(mch);
}

static uint64_t slot_control(GpuEnv *e)
{
    QPCIDevice *port = qpci_device_find(e->m.pci, PORT);
    uint8_t cap = qpci_find_capability(port, PCI_CAP_ID_EXP, 0);

    g_free(port);
    return ECAM + (PORT << 12) + cap + PCI_EXP_SLTCTL;
}

static void start(GpuEnv *e, const char *machine)
{
    g_autofree char *args = g_strdup_printf(
        "%s -device pcie-root-port,id=rp1,chassis=1,addr=4 "
        "-device " GPU_OPTIONS ",bus=rp1,rings=8,threads=2", machine);

    *e = (GpuEnv) { };
    puck_machine_start(&e->m, args);
    gpu_attach_behind(e, PORT, 0);
    ecam_on(e);
}

/* Scattered rows, so that threads look memory up most of the time. */
static void long_jobs(GpuEnv *e)
{
    for (unsigned r = 0; r < RINGS; r++) {
        GpuSeg to = SYS(0x8000000, 64 * MiB), from = SYS(0x4000000, 64 * MiB);

        gpu_submit(e, r, r % 2 ? gpu_copy(e, to, from, 64 * MiB) :
                   gpu_blit(e, to, from, 64, 64, 1, MiB));
    }
}

static void plug(GpuEnv *e)
{
    puck_function_free(&e->f);
    qtest_qmp_device_add(e->m.qts, "puck-gpu", "gpu0",
                         "{ 'bus': 'rp1', 'vram-size': 4194304, 'rings': 8 }");
    puck_machine_settle(&e->m);
    gpu_attach_behind(e, PORT, 0);
    for (unsigned r = 0; r < RINGS; r++) {
        e->rings[r].seqno = 0;
    }
    e->m.next_page = PUCK_RAM_BASE + 32 * MiB;
}

/* The power of the slot goes, with jobs on all lanes of all rings. */
static void test_slot_power(void)
{
    GpuEnv e;

    start(&e, NATIVE);
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t slot = slot_control(&e);

        long_jobs(&e);
        qtest_writew(e.m.qts, slot, SLOT_OFF);
        qtest_qmp_eventwait(e.m.qts, "DEVICE_DELETED");
        qtest_writew(e.m.qts, slot, 0);
        plug(&e);
    }
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* The ACPI eject port: bus, then slots of it as bits. */
#define ACPI_EJECT      0x0cc8
#define ACPI_SELECT     0x0cd0

static void test_acpi(void)
{
    GpuEnv e;

    start(&e, "");
    for (unsigned i = 0; i < ROUNDS; i++) {
        long_jobs(&e);
        for (unsigned bus = 0; bus < 4; bus++) {
            qtest_outl(e.m.qts, ACPI_SELECT, bus);
            qtest_outl(e.m.qts, ACPI_EJECT, 1);
        }
        qtest_qmp_eventwait(e.m.qts, "DEVICE_DELETED");
        plug(&e);
    }
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* A message of the device itself is what takes it out. */
static void test_own_message_to_slot(void)
{
    static const char *const rules[] = {
        NULL, "irq.raise delay=1us", "irq.raise duplicate=9",
        "irq.raise spurious",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        GpuEnv e;

        start(&e, NATIVE);
        if (rules[i]) {
            puck_rule_add(e.m.qts, rules[i]);
        }
        for (unsigned v = 0; v < e.num_vectors; v++) {
            uint64_t entry = e.f.dev->msix_table_off + v * PCI_MSIX_ENTRY_SIZE;

            qpci_io_writel(e.f.dev, e.f.dev->msix_table_bar,
                           entry + PCI_MSIX_ENTRY_LOWER_ADDR, slot_control(&e));
            qpci_io_writel(e.f.dev, e.f.dev->msix_table_bar,
                           entry + PCI_MSIX_ENTRY_DATA, SLOT_OFF);
        }
        for (unsigned r = 0; r < RINGS; r++) {
            gpu_ring_w64(&e, r, PUCK_GPU_RING_DELAY, 100);
            gpu_fence(&e, r, PUCK_GPU_FENCE_IRQ);
            gpu_doorbell(&e, r);
        }
        qtest_clock_step(e.m.qts, 10000);
        qtest_qmp_eventwait(e.m.qts, "DEVICE_DELETED");
        puck_machine_settle(&e.m);
        gpu_stop(&e);
    }
}

/* Where messages of ring 0 go, and what they write there. */
static void aim(GpuEnv *e, uint64_t addr, uint32_t data)
{
    uint64_t entry = e->f.dev->msix_table_off +
                     e->rings[0].vector * PCI_MSIX_ENTRY_SIZE;

    qpci_io_writel(e->f.dev, e->f.dev->msix_table_bar,
                   entry + PCI_MSIX_ENTRY_LOWER_ADDR, addr);
    qpci_io_writel(e->f.dev, e->f.dev->msix_table_bar,
                   entry + PCI_MSIX_ENTRY_UPPER_ADDR, addr >> 32);
    qpci_io_writel(e->f.dev, e->f.dev->msix_table_bar,
                   entry + PCI_MSIX_ENTRY_DATA, data);
}

/* Messages of the device to itself are writes like those of a CPU. */
static void test_own_messages(void)
{
    static const struct {
        bool config;            /* configuration space, else the registers */
        uint32_t at;
        uint32_t data;
    } aims[] = {
        { false, PUCK_GPU_RING(0) + PUCK_GPU_RING_TAIL, 0 },
        { false, PUCK_GPU_RING(0) + PUCK_GPU_RING_TAIL, 31 },
        { false, PUCK_GPU_RING(0) + PUCK_GPU_RING_TAIL, 999 },
        { false, PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET },
        { false, PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL, 0 },
        { false, PUCK_GPU_RING(0) + PUCK_GPU_RING_HOLD, 1 },
        { false, PUCK_GPU_RING(0) + PUCK_GPU_RING_RELEASE, UINT32_MAX },
        { false, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET },
        { false, PUCK_DISPLAY_COMMIT, 1 },
        { false, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_COMMAND, 1 },
        { false, 0x3ffc, 1 },
        { true, PCI_COMMAND, 0 },
        { true, PCI_BASE_ADDRESS_0, 0 },
        { true, 0x80 + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(aims); i++) {
        GpuEnv e;

        g_test_message("aim %zu", i);
        gpu_start(&e, "", "");
        ecam_on(&e);
        aim(&e, (aims[i].config ? ECAM + (GPU_DEVFN << 12) : e.f.bar.addr) +
                aims[i].at, aims[i].data);
        for (unsigned n = 0; n < 10; n++) {
            gpu_fence(&e, 0, PUCK_GPU_FENCE_IRQ);
        }
        gpu_doorbell(&e, 0);
        puck_machine_settle(&e.m);
        /* Whatever that was, a reset ends it. */
        qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'system_reset' }");
        qtest_qmp_eventwait(e.m.qts, "RESET");
        puck_function_free(&e.f);
        gpu_attach(&e, 0, GPU_DEVFN);
        for (unsigned r = 0; r < 2; r++) {
            e.rings[r].seqno = 0;
            gpu_alive(&e, r);
        }
        gpu_stop(&e);
    }
}

void add_eject_tests(void)
{
    qtest_add_func("/puck-gpu/eject/slot-power", test_slot_power);
    qtest_add_func("/puck-gpu/eject/acpi", test_acpi);
    qtest_add_func("/puck-gpu/eject/own-message-to-slot",
                   test_own_message_to_slot);
    qtest_add_func("/puck-gpu/eject/own-messages", test_own_messages);
}
