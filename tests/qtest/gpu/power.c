/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: power states: each bit of the capability, what is kept in D3hot,
 * what is not done there, and what software does wrong.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "abi/puck_display.h"
#include "mischief.h"

#define D0          0
#define D3HOT       3
#define KEPT        PCI_PM_CTRL_NO_SOFT_RESET

static uint8_t power_cap(GpuEnv *e)
{
    uint8_t cap = qpci_find_capability(e->f.dev, PCI_CAP_ID_PM, 0);

    g_assert_cmphex(cap, !=, 0);
    return cap;
}

static uint16_t power_get(GpuEnv *e)
{
    return qpci_config_readw(e->f.dev, power_cap(e) + PCI_PM_CTRL);
}

static void power_set(GpuEnv *e, uint16_t value)
{
    qpci_config_writew(e->f.dev, power_cap(e) + PCI_PM_CTRL, value);
}

static void go(GpuEnv *e, uint16_t state)
{
    power_set(e, state);
    g_assert_cmphex(power_get(e), ==, KEPT | state);
}

/* In D0: what software has done wrong so far. */
static void power_counted(GpuEnv *e, uint32_t touches, uint32_t unfinished)
{
    g_assert_cmpuint(puck_r32(&e->f, PUCK_GPU_PM_TOUCHES), ==, touches);
    g_assert_cmpuint(puck_r32(&e->f, PUCK_GPU_PM_UNFINISHED), ==, unfinished);
}

static void test_capability(void)
{
    uint8_t cap;
    GpuEnv e;

    gpu_start(&e, "", "");
    cap = power_cap(&e);
    g_assert_cmphex(qpci_config_readw(e.f.dev, cap + PCI_PM_PMC), ==, 3);
    qpci_config_writew(e.f.dev, cap + PCI_PM_PMC, 0xffff);
    g_assert_cmphex(qpci_config_readw(e.f.dev, cap + PCI_PM_PMC), ==, 3);
    g_assert_cmphex(power_get(&e), ==, KEPT | D0);
    /* Ones, and zeroes. */
    power_set(&e, 0xffff);
    g_assert_cmphex(power_get(&e), ==, KEPT | D3HOT);
    qpci_config_writew(e.f.dev, cap + PCI_PM_CTRL + 2, 0xffff);
    g_assert_cmphex(qpci_config_readw(e.f.dev, cap + PCI_PM_CTRL + 2), ==, 0);
    qpci_config_writeb(e.f.dev, cap + PCI_PM_CTRL + 1, 0xff);
    g_assert_cmphex(power_get(&e), ==, KEPT | D3HOT);
    power_set(&e, 0);
    g_assert_cmphex(power_get(&e), ==, KEPT | D0);
    /* By one byte, and by four. */
    qpci_config_writeb(e.f.dev, cap + PCI_PM_CTRL, D3HOT);
    g_assert_cmphex(power_get(&e), ==, KEPT | D3HOT);
    qpci_config_writel(e.f.dev, cap + PCI_PM_CTRL, D0);
    g_assert_cmphex(power_get(&e), ==, KEPT | D0);
    power_counted(&e, 0, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* There is no D1 and no D2: whatever state it is in, it stays there. */
static void test_bad_state(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    for (uint16_t state = 1; state <= 2; state++) {
        power_set(&e, state);
        g_assert_cmphex(power_get(&e), ==, KEPT | D0);
        gpu_alive(&e, 0);
        go(&e, D3HOT);
        power_set(&e, state);
        g_assert_cmphex(power_get(&e), ==, KEPT | D3HOT);
        go(&e, D0);
    }
    power_counted(&e, 0, 0);
    gpu_alive(&e, 1);
    gpu_stop(&e);
}

/* Registers, rings and VRAM are as they were, and nothing was told. */
static void test_kept(void)
{
    char seen[8];
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_write(&e, VRAM(PAGE - 3, 8), "in VRAM");
    gpu_ring_w64(&e, 1, PUCK_GPU_RING_DELAY, 4711);
    puck_w64(&e.f, PUCK_GPU_VM_ROOT(5), 0x12345000 | PUCK_GPU_VM_ROOT_VALID);
    gpu_alive(&e, 0);
    for (unsigned i = 0; i < 3; i++) {
        go(&e, D3HOT);
        go(&e, D0);
        gpu_read(&e, VRAM(PAGE - 3, 8), seen);
        g_assert_cmpstr(seen, ==, "in VRAM");
        g_assert_cmpuint(gpu_ring_r64(&e, 1, PUCK_GPU_RING_DELAY), ==, 4711);
        g_assert_cmphex(puck_r64(&e.f, PUCK_GPU_VM_ROOT(5)), ==,
                        0x12345000 | PUCK_GPU_VM_ROOT_VALID);
        g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO), ==,
                         e.rings[0].seqno);
        gpu_alive(&e, 0);
    }
    power_counted(&e, 0, 0);
    gpu_stop(&e);
}

/* What the CPU touches is not there: registers, VRAM, the table of MSI-X. */
static void test_bad_touch(void)
{
    Mischief t;
    QPCIDevice *dev;
    uint64_t entry;
    char seen[8];
    GpuEnv *e = &t.e;

    mischief_start(&t, "");
    dev = e->f.dev;
    entry = dev->msix_table_off + PCI_MSIX_ENTRY_DATA;
    gpu_write(e, VRAM(16, 8), "in VRAM");
    go(e, D3HOT);
    g_assert_cmphex(puck_r32(&e->f, PUCK_GPU_MAGIC), ==, UINT32_MAX);
    puck_w32(&e->f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    puck_w32(&e->f, PUCK_MISCHIEF_WINDOW, 1);
    g_assert_cmphex(qpci_io_readl(dev, e->vram, 16), ==, UINT32_MAX);
    qpci_io_writel(dev, e->vram, 16, 0);
    g_assert_cmphex(qpci_io_readl(dev, dev->msix_table_bar, entry), ==,
                    UINT32_MAX);
    qpci_io_writel(dev, dev->msix_table_bar, entry, 0);
    go(e, D0);
    power_counted(e, 7, 0);
    g_assert_cmpuint(mischief_events(&t, 0, "d3-touch",
                                     ", \"dir\": \"read\"\\}"), ==, 3);
    g_assert_cmpuint(mischief_events(&t, 0, "d3-touch",
                                     ", \"dir\": \"write\"\\}"), ==, 4);
    gpu_read(e, VRAM(16, 8), seen);
    g_assert_cmpstr(seen, ==, "in VRAM");
    /* Its rings are on, and its message is what it was: it was not reset. */
    gpu_alive(e, 0);
    g_assert_cmpuint(mischief_events(&t, 0, "d3-unfinished", ""), ==, 0);
    mischief_stop(&t);
}

/*
 * A late fence and one that is held: neither memory nor the CPU hears of the
 * one that comes meanwhile, and the ring stops there.
 */
static void test_bad_rings(void)
{
    Mischief t;
    GpuEnv *e = &t.e;
    uint32_t seqno;

    mischief_start(&t, "");
    gpu_ring_w64(e, 0, PUCK_GPU_RING_DELAY, 1000);
    gpu_ring_w32(e, 1, PUCK_GPU_RING_HOLD, 1);
    gpu_fence(e, 1, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 1);
    seqno = gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 0);
    go(e, D3HOT);
    mischief_step(&t, 2000);
    g_assert_false(mischief_irq(&t, 0));
    g_assert_false(mischief_message(&t, e->error_vector));
    g_assert_cmpuint(qtest_readl(e->m.qts, e->rings[0].wb), ==, seqno - 1);
    go(e, D0);
    power_counted(e, 0, 2);
    g_assert_cmpuint(mischief_events(&t, 0, "d3-unfinished", "\\}"), ==, 1);
    /* Nothing is made up for. */
    g_assert_false(mischief_irq(&t, 0));
    g_assert_cmpuint(puck_r32(&e->f, PUCK_GPU_ERR_COUNT), ==, 1);
    g_assert_cmphex(gpu_field(puck_r32(&e->f, PUCK_GPU_ERR_INFO),
                              PUCK_GPU_ERR_INFO_REASON), ==,
                    PUCK_GPU_ERR_WRITE_BACK);
    g_assert_cmphex(puck_r64(&e->f, PUCK_GPU_ERR_ADDR), ==,
                    e->rings[0].wb);
    puck_w32(&e->f, PUCK_GPU_ERR_POP, 0);
    puck_w32(&e->f, PUCK_GPU_IRQ_STATUS, PUCK_GPU_IRQ_ALL);
    /* The held one was only late. */
    gpu_ring_w32(e, 1, PUCK_GPU_RING_HOLD, 0);
    gpu_wait(e, 1, e->rings[1].seqno);
    gpu_ring_w64(e, 0, PUCK_GPU_RING_DELAY, 0);
    gpu_ring_recover(e, 0);
    gpu_alive(e, 0);
    mischief_stop(&t);
}

/* No rule lets an access through that one for bus mastering would. */
static void test_bad_bus_mastering(void)
{
    Mischief t;
    GpuEnv *e = &t.e;

    mischief_start(&t, "");
    mischief_add(&t, "device bme-ignored");
    gpu_ring_w64(e, 0, PUCK_GPU_RING_DELAY, 1000);
    gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 0);
    go(e, D3HOT);
    qpci_config_writew(e->f.dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
    mischief_step(&t, 2000);
    g_assert_cmpuint(qtest_readl(e->m.qts, e->rings[0].wb), ==, 0);
    /* In D0 the command register is heard again. */
    go(e, D0);
    qpci_device_enable(e->f.dev);
    gpu_ring_w64(e, 0, PUCK_GPU_RING_DELAY, 0);
    gpu_ring_recover(e, 0);
    gpu_alive(e, 0);
    mischief_stop(&t);
}

static void head_write(GpuEnv *e, uint32_t reg, uint32_t value)
{
    puck_w32(&e->f, PUCK_HEAD(0) + reg, value);
}

/* One that is on, or is to be, is at work; one that is off is not. */
static void test_bad_head(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    head_write(&e, PUCK_HEAD_CLOCK, 25175);
    head_write(&e, PUCK_HEAD_H, 640 | 800 << 16);
    head_write(&e, PUCK_HEAD_V, 480 | 525 << 16);
    head_write(&e, PUCK_HEAD_CTRL, PUCK_HEAD_ENABLE);
    go(&e, D3HOT);
    go(&e, D0);
    power_counted(&e, 0, 0);
    puck_w32(&e.f, PUCK_DISPLAY_COMMIT, 1);
    g_assert_cmphex(puck_r32(&e.f, PUCK_DISPLAY_RESULT), ==, 0);
    go(&e, D3HOT);
    go(&e, D0);
    power_counted(&e, 0, 1);
    puck_machine_settle(&e.m);
    g_assert_true(puck_r32(&e.f, PUCK_HEAD(0) + PUCK_HEAD_STATUS) &
                  PUCK_HEAD_ON);
    go(&e, D3HOT);
    go(&e, D0);
    power_counted(&e, 0, 2);
    g_assert_true(puck_r32(&e.f, PUCK_HEAD(0) + PUCK_HEAD_STATUS) &
                  PUCK_HEAD_ON);
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    go(&e, D3HOT);
    go(&e, D0);
    power_counted(&e, 0, 2);
    gpu_stop(&e);
}

/* Each reset brings it back; what was counted stays. */
static void test_resets(void)
{
    uint8_t cap;
    GpuEnv e;

    gpu_start(&e, "", "");
    go(&e, D3HOT);
    puck_r32(&e.f, PUCK_GPU_MAGIC);
    cap = qpci_find_capability(e.f.dev, PCI_CAP_ID_EXP, 0);
    qpci_config_writew(e.f.dev, cap + PCI_EXP_DEVCTL,
                       PCI_EXP_DEVCTL_BCR_FLR);
    g_assert_cmphex(power_get(&e), ==, KEPT | D0);
    puck_function_free(&e.f);
    gpu_attach(&e, 0, GPU_DEVFN);
    power_counted(&e, 1, 0);
    go(&e, D3HOT);
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(e.m.qts, "RESET");
    g_assert_cmphex(power_get(&e), ==, KEPT | D0);
    puck_function_free(&e.f);
    gpu_attach(&e, 0, GPU_DEVFN);
    power_counted(&e, 2, 0);
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    power_counted(&e, 2, 0);
    for (unsigned r = 0; r < 2; r++) {
        e.rings[r].seqno = 0;
        gpu_ring_on(&e, r);
        gpu_alive(&e, r);
    }
    gpu_stop(&e);
}

/* It is as deaf behind the move as before. */
static void test_migration(void)
{
    Mischief from, to;

    mischief_start(&from, "");
    gpu_ring_w32(&from.e, 1, PUCK_GPU_RING_HOLD, 1);
    gpu_fence(&from.e, 1, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&from.e, 1);
    go(&from.e, D3HOT);
    puck_r32(&from.e.f, PUCK_GPU_MAGIC);
    mischief_move(&from, &to);
    g_assert_cmphex(power_get(&to.e), ==, KEPT | D3HOT);
    g_assert_cmphex(puck_r32(&to.e.f, PUCK_GPU_MAGIC), ==, UINT32_MAX);
    g_assert_cmphex(qpci_io_readl(to.e.f.dev, to.e.vram, 0), ==, UINT32_MAX);
    go(&to.e, D0);
    power_counted(&to.e, 3, 1);
    gpu_ring_w32(&to.e, 1, PUCK_GPU_RING_HOLD, 0);
    gpu_wait(&to.e, 1, to.e.rings[1].seqno);
    gpu_alive(&to.e, 0);
    mischief_stop(&to);
}

/* A state that there is none. */
static void test_bad_migration(void)
{
    static const uint8_t asleep[] = { 0x03, 0x00, KEPT | D3HOT, 0x00 };
    g_autofree char *path = puck_log_path();
    g_autofree char *stream = NULL;
    char *found, *end;
    unsigned count = 0;
    GpuEnv e;
    gsize len;

    gpu_start(&e, "", "");
    go(&e, D3HOT);
    puck_machine_save(&e.m, path);
    g_assert_true(g_file_get_contents(path, &stream, &len, NULL));
    end = stream + len;
    for (found = stream; (found = memmem(found, end - found, asleep, 4));
         found += 4) {
        found[2] = KEPT | 1;
        count++;
    }
    g_assert_cmpuint(count, ==, 1);
    g_assert_true(g_file_set_contents(path, stream, len, NULL));
    puck_machine_load_refused("-device " GPU_OPTIONS ",addr=4 ", path,
                              "puck-gpu: bad state");
    unlink(path);
    gpu_stop(&e);
}

/* A bus that is not PCI Express has the same. */
static void test_conventional(void)
{
    GpuEnv e = { };

    puck_machine_start(&e.m, "-device pci-bridge,id=br1,chassis_nr=1,addr=4 "
                       "-device " GPU_OPTIONS ",bus=br1,addr=1");
    gpu_attach_behind(&e, GPU_DEVFN, QPCI_DEVFN(1, 0));
    go(&e, D3HOT);
    g_assert_cmphex(puck_r32(&e.f, PUCK_GPU_MAGIC), ==, UINT32_MAX);
    go(&e, D0);
    power_counted(&e, 1, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

void add_power_tests(void)
{
    qtest_add_func("/puck-gpu/power/capability", test_capability);
    qtest_add_func("/puck-gpu/power/bad_state", test_bad_state);
    qtest_add_func("/puck-gpu/power/kept", test_kept);
    qtest_add_func("/puck-gpu/power/bad_touch", test_bad_touch);
    qtest_add_func("/puck-gpu/power/bad_rings", test_bad_rings);
    qtest_add_func("/puck-gpu/power/bad_bus_mastering", test_bad_bus_mastering);
    qtest_add_func("/puck-gpu/power/bad_head", test_bad_head);
    qtest_add_func("/puck-gpu/power/resets", test_resets);
    qtest_add_func("/puck-gpu/power/migration", test_migration);
    qtest_add_func("/puck-gpu/power/bad_migration", test_bad_migration);
    qtest_add_func("/puck-gpu/power/conventional", test_conventional);
}
