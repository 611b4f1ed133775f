/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: mischief at the site device, and the guest's window.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "mischief.h"

#define WINDOW(reg)     (PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_ ## reg)
#define RESETTING       PUCK_GPU_STATUS_RESETTING
#define NONE            PUCK_GPU_ERR_DESC_NONE

static void test_stall(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "device ring=0 nth=2 stall=4us");
    mischief_fences(&t, 0, 1);
    gpu_wait(&t.e, 0, 1);
    mischief_fences(&t, 0, 1);
    g_assert_cmpuint(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_HEAD), ==, 1);
    g_assert_true(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_STATUS) &
                  PUCK_GPU_RING_BUSY);
    gpu_alive(&t.e, 1);
    mischief_step(&t, 3999);
    /* Doorbells of a stalled ring are none of the rule's. */
    mischief_fences(&t, 0, 1);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 1);
    mischief_step(&t, 1);
    gpu_wait(&t.e, 0, 3);
    mischief_counted(&t, rule, 2, 1);
    g_assert_cmpuint(mischief_acts(&t, rule, "stall", ", \"value\": 4000, "
                                   "\"ring\": 0\\}"), ==, 1);
    g_assert_cmpuint(mischief_events(&t, rule, "expire", ", \"ring\": 0\\}"),
                     ==, 1);
    mischief_stop(&t);
}

static void test_stall_held(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "device ring=0 count=2 stall");
    mischief_fences(&t, 0, 2);
    mischief_step(&t, 100000000000);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 0);
    mischief_release(&t, rule);
    gpu_wait(&t.e, 0, 2);
    g_assert_cmpuint(mischief_events(&t, rule, "release", ", \"ring\": 0\\}"),
                     ==, 1);
    /* A reset of the ring ends it, too. */
    mischief_fences(&t, 0, 1);
    gpu_ring_recover(&t.e, 0);
    t.e.rings[0].seqno = 2;
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

static void test_stall_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "device ring=1 stall");
    mischief_fences(&t, 0, 1);
    gpu_wait(&t.e, 0, 1);
    /* What is no index is no doorbell. */
    gpu_ring_w32(&t.e, 1, PUCK_GPU_RING_TAIL, 999);
    mischief_counted(&t, rule, 0, 0);
    mischief_remove(&t, rule);
    gpu_alive(&t.e, 1);
    mischief_stop(&t);
}

static void test_reset_fails(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "device ring=0 nth=1 reset-fails");
    mischief_fences(&t, 0, 3);
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    mischief_step(&t, 100000000000);
    g_assert_cmphex(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_CTRL), ==,
                    PUCK_GPU_RING_RESET);
    /* No write has an effect; other rings do not mind. */
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, 0);
    g_assert_cmphex(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_CTRL), ==,
                    PUCK_GPU_RING_RESET);
    gpu_alive(&t.e, 1);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, RESETTING);
    mischief_release(&t, rule);
    g_assert_cmphex(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_CTRL), ==, 0);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 3);
    g_assert_cmpuint(mischief_acts(&t, rule, "reset-fails", ", \"ring\": 0\\}"),
                     ==, 1);
    g_assert_cmpuint(mischief_events(&t, rule, "release", ", \"ring\": 0\\}"),
                     ==, 1);
    gpu_ring_on(&t.e, 0);
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

static void test_reset_fails_device(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_DELAY, 55);
    rule = mischief_add(&t, "device count=1 reset-fails");
    puck_w32(&t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_CTRL), ==, 0);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, RESETTING);
    puck_w32(&t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, RESETTING);
    g_assert_cmpuint(gpu_ring_r64(&t.e, 0, PUCK_GPU_RING_DELAY), ==, 55);
    mischief_release(&t, rule);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, 0);
    g_assert_cmpuint(gpu_ring_r64(&t.e, 0, PUCK_GPU_RING_DELAY), ==, 0);
    g_assert_cmpuint(mischief_acts(&t, rule, "reset-fails", "\\}"), ==, 1);
    g_assert_cmpuint(mischief_events(&t, rule, "release", "\\}"), ==, 1);
    /* A ring whose RESET fails is reset with the device. */
    gpu_ring_on(&t.e, 0);
    mischief_add(&t, "device ring=0 nth=1 reset-fails");
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, RESETTING);
    puck_w32(&t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmphex(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_CTRL), ==, 0);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, 0);
    for (unsigned r = 0; r < 2; r++) {
        t.e.rings[r].seqno = 0;
        gpu_ring_on(&t.e, r);
        gpu_alive(&t.e, r);
    }
    mischief_stop(&t);
}

static void test_reset_fails_not(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "device ring=0 nth=2 reset-fails");
    gpu_ring_recover(&t.e, 0);
    gpu_ring_recover(&t.e, 1);
    puck_w32(&t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_STATUS), ==, 0);
    mischief_counted(&t, rule, 1, 0);
    mischief_stop(&t);
}

static void expect_ones(Mischief *t)
{
    uint8_t vram[8];

    g_assert_cmphex(puck_r32(&t->e.f, PUCK_GPU_MAGIC), ==, UINT32_MAX);
    g_assert_cmphex(puck_r64(&t->e.f, PUCK_GPU_VRAM_SIZE), ==, UINT64_MAX);
    g_assert_cmphex(puck_r32(&t->e.f, WINDOW(MAGIC)), ==, UINT32_MAX);
    g_assert_cmphex(puck_r32(&t->e.f, 0x3ffc), ==, UINT32_MAX);
    g_assert_cmphex(qpci_config_readl(t->e.f.dev, 0), ==, UINT32_MAX);
    g_assert_cmphex(qpci_config_readw(t->e.f.dev, PCI_COMMAND), ==, 0xffff);
    g_assert_cmphex(qpci_config_readb(t->e.f.dev, PCI_REVISION_ID), ==, 0xff);
    g_assert_cmphex(qpci_io_readl(t->e.f.dev, t->e.f.dev->msix_table_bar,
                                  t->e.f.dev->msix_table_off), ==, UINT32_MAX);
    gpu_read(&t->e, VRAM(4096, 8), vram);
    g_assert_cmphex(ldq_le_p(vram), ==, UINT64_MAX);
}

/* Plugged in anew; RAM and rules are what they were. */
static void attach_again(Mischief *t)
{
    puck_function_free(&t->e.f);
    for (unsigned r = 0; r < t->e.num_rings; r++) {
        t->e.rings[r] = (GpuRing) { };
    }
    gpu_attach(&t->e, 0, GPU_DEVFN);
}

static void expect_gone(const char *options)
{
    uint32_t rule;
    uint64_t page;
    Mischief t;

    mischief_start(&t, options);
    page = puck_machine_pages(&t.e.m, 1);
    gpu_write(&t.e, VRAM(4096, 8), "a pixel!");
    gpu_ring_w32(&t.e, 1, PUCK_GPU_RING_HOLD, 1);
    mischief_fences(&t, 1, 2);
    gpu_ring_w64(&t.e, 0, PUCK_GPU_RING_START_DELAY, 100);
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4), 4, 0xfeed));
    rule = mischief_add(&t, "device nth=3 gone");
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_MAGIC), ==, PUCK_GPU_MAGIC_VALUE);
    /* The window is no event. */
    puck_r32(&t.e.f, WINDOW(MAGIC));
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_MAGIC), ==, PUCK_GPU_MAGIC_VALUE);
    expect_ones(&t);
    mischief_counted(&t, rule, 3, 1);
    g_assert_cmpuint(mischief_acts(&t, rule, "gone", "\\}"), ==, 1);
    /* Nothing is written, fetched, moved or sent. */
    gpu_ring_w32(&t.e, 1, PUCK_GPU_RING_HOLD, 0);
    qpci_config_writew(t.e.f.dev, PCI_COMMAND, 0);
    gpu_write(&t.e, VRAM(4096, 8), "nothing!");
    mischief_step(&t, 1000000000);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0);
    g_assert_cmpuint(qtest_readq(t.e.m.qts, t.e.rings[1].wb), ==, 0);
    g_assert_false(mischief_irq(&t, 0));
    g_assert_false(mischief_irq(&t, 1));
    expect_ones(&t);

    mischief_release(&t, rule);
    g_assert_cmpuint(mischief_events(&t, rule, "release", "\\}"), ==, 1);
    g_assert_cmphex(qpci_config_readl(t.e.f.dev, 0), ==, 0x70c11234);
    g_assert_cmphex(qpci_config_readw(t.e.f.dev, PCI_COMMAND), ==, 0);
    g_assert_cmphex(qpci_config_readl(t.e.f.dev, PCI_BASE_ADDRESS_0) & ~0xf, ==,
                    0);
    attach_again(&t);
    for (unsigned r = 0; r < 2; r++) {
        g_assert_cmpuint(mischief_pending(&t, r), ==, 0);
        gpu_alive(&t.e, r);
    }
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0);
    mischief_stop(&t);
}

static void test_gone(void)
{
    expect_gone("");
}

/* All of BAR 2 is ones, also where it is less than VRAM. */
static void test_gone_bar(void)
{
    expect_gone(",vram-bar=1M");
}

/* It comes back by itself, or with a reset. */
static void test_gone_back(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "device ring=1 nth=2 gone=6us");
    mischief_fences(&t, 1, 1);
    gpu_ring_r32(&t.e, 1, PUCK_GPU_RING_HEAD);
    expect_ones(&t);
    mischief_step(&t, 5999);
    expect_ones(&t);
    mischief_step(&t, 1);
    attach_again(&t);
    gpu_alive(&t.e, 0);
    g_assert_cmpuint(mischief_events(&t, rule, "expire", "\\}"), ==, 1);

    mischief_remove(&t, rule);
    rule = mischief_add(&t, "device count=1 gone");
    expect_ones(&t);
    qtest_qmp_assert_success(t.e.m.qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(t.e.m.qts, "RESET");
    attach_again(&t);
    gpu_alive(&t.e, 1);
    /* And the rule holds nothing any more. */
    mischief_release(&t, rule);
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

/* With all kinds of work under way. */
static void test_gone_in_work(void)
{
    GpuSeg half = SYS(0x4000000, 64u << 20);
    uint32_t rule;
    Mischief t;

    mischief_start(&t, ",rings=4");
    gpu_submit(&t.e, 0, gpu_fill(&t.e, half, half.len, 0x11111111));
    rule = mischief_add(&t, "dma.write delay=1ms");
    gpu_submit(&t.e, 1, gpu_fill(&t.e, half, half.len, 0x22222222));
    mischief_add(&t, "fence.complete early");
    gpu_submit(&t.e, 2, gpu_fill(&t.e, half, half.len, 0x33333333));
    mischief_add(&t, "irq.raise delay=1ms");
    mischief_fences(&t, 3, 1);
    rule = mischief_add(&t, "device count=1 gone=1us");
    expect_ones(&t);
    g_assert_cmphex(qtest_readl(t.e.m.qts, half.addr + half.len - 4), !=,
                    0x22222222);
    qtest_memset(t.e.m.qts, half.addr, 0, 4096);
    mischief_step(&t, 1000000000);
    g_assert_cmphex(qtest_readl(t.e.m.qts, half.addr), ==, 0);
    g_assert_false(mischief_irq(&t, 3));
    g_assert_cmpuint(mischief_events(&t, rule, "expire", "\\}"), ==, 1);
    mischief_stop(&t);
}

/* Unplugged with all that rules can hold; they stay, and hold nothing. */
static void test_unplug(void)
{
    static const char *const rules[] = {
        "fence.complete ring=0 hold", "fence.complete ring=1 reorder=within",
        "fence.complete ring=2 early", "dma.write ring=3 split=1ms",
        "device ring=4 stall=1ms", "irq.raise ring=5 delay=1ms",
        "device ring=6 reset-fails", "fence.complete ring=7 delay=1ms",
    };
    Mischief t = { .log = puck_log_path() };
    uint32_t ids[G_N_ELEMENTS(rules)];
    uint64_t page;

    t.args = puck_log_args(t.log, " -device pcie-root-port,id=rp1,chassis=1,"
                           "addr=4 -device " GPU_OPTIONS ",bus=rp1,rings=8");
    puck_machine_start(&t.e.m, t.args);
    gpu_attach_behind(&t.e, GPU_DEVFN, 0);
    page = puck_machine_pages(&t.e.m, 1);
    for (unsigned r = 0; r < G_N_ELEMENTS(rules); r++) {
        ids[r] = mischief_add(&t, rules[r]);
        gpu_submit(&t.e, r, gpu_fill(&t.e, SYS(page + 8 * r, 8), 8, 0xfeed));
    }
    gpu_ring_w32(&t.e, 6, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    qtest_qmp_device_del_send(t.e.m.qts, "gpu0");
    qtest_qmp_assert_success(t.e.m.qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(t.e.m.qts, "DEVICE_DELETED");
    mischief_step(&t, 10000000);
    for (unsigned r = 0; r < G_N_ELEMENTS(rules); r++) {
        g_assert_cmpuint(puck_rule_hits(t.e.m.qts, ids[r]), ==, 1);
        g_assert_cmpuint(mischief_events(&t, ids[r], "(release|expire)", ""),
                         ==, 0);
        mischief_release(&t, ids[r]);
        mischief_remove(&t, ids[r]);
    }
    puck_function_free(&t.e.f);
    qtest_qmp_device_add(t.e.m.qts, "puck-gpu", "gpu0",
                         "{ 'bus': 'rp1', 'vram-size': 4194304 }");
    gpu_attach_behind(&t.e, GPU_DEVFN, 0);
    for (unsigned r = 0; r < 2; r++) {
        t.e.rings[r].seqno = 0;
        gpu_alive(&t.e, r);
    }
    mischief_stop(&t);
}

static void test_gone_not(void)
{
    uint32_t rule, ring;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "device device=gpu1 gone");
    ring = mischief_add(&t, "device ring=1 gone");
    g_assert_cmphex(puck_r32(&t.e.f, PUCK_GPU_MAGIC), ==, PUCK_GPU_MAGIC_VALUE);
    gpu_alive(&t.e, 0);
    mischief_counted(&t, rule, 0, 0);
    mischief_counted(&t, ring, 0, 0);
    mischief_remove(&t, ring);
    gpu_alive(&t.e, 1);
    mischief_stop(&t);
}

static void set_master(Mischief *t, bool on)
{
    uint16_t command = qpci_config_readw(t->e.f.dev, PCI_COMMAND);

    command &= ~PCI_COMMAND_MASTER;
    qpci_config_writew(t->e.f.dev, PCI_COMMAND,
                       command | (on ? PCI_COMMAND_MASTER : 0));
}

/* Command, list, data and slot are all fetched and written. */
static void test_bme(void)
{
    uint32_t rule;
    uint64_t page;
    GpuCmd cmd;
    Mischief t;

    mischief_start(&t, "");
    page = puck_machine_pages(&t.e.m, 1);
    rule = mischief_add(&t, "device bme-ignored");
    cmd = gpu_fill(&t.e, SYS(page, 4), 4, 0xfeed);
    gpu_run(&t.e, 0, cmd);
    mischief_counted(&t, rule, 0, 0);
    set_master(&t, false);
    cmd.fill.value = cpu_to_le32(0xbeef);
    gpu_submit(&t.e, 0, cmd);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 2);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 0xbeef);
    g_assert_cmpuint(qtest_readq(t.e.m.qts, t.e.rings[0].wb), ==, 2);
    /* Two commands, a list, data, a slot. A message is not an access. */
    mischief_counted(&t, rule, 5, 5);
    g_assert_false(mischief_irq(&t, 0));
    g_assert_cmpuint(mischief_acts(&t, rule, "bme-ignored", ", \"iova\": .*"
                                   "\"dir\": \"write\"\\}"), ==, 2);
    mischief_stop(&t);
}

static void test_bme_not(void)
{
    GpuError error = { .reason = PUCK_GPU_ERR_RING_READ, .desc = NONE };
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "device dir=write bme-ignored");
    set_master(&t, false);
    error.addr = t.e.rings[0].base;
    mischief_fences(&t, 0, 1);
    gpu_expect_error(&t.e, &error);
    mischief_counted(&t, rule, 0, 0);
    set_master(&t, true);
    gpu_ring_recover(&t.e, 0);
    t.e.rings[0].seqno = 0;
    gpu_alive(&t.e, 0);
    mischief_counted(&t, rule, 0, 0);
    mischief_stop(&t);
}

static void put_text(Mischief *t, const char *text)
{
    char padded[PUCK_MISCHIEF_TEXT_SIZE] = { };

    memcpy(padded, text, strlen(text));
    for (unsigned i = 0; i < sizeof(padded); i += 4) {
        puck_w32(&t->e.f, WINDOW(TEXT) + i, ldl_le_p(padded + i));
    }
}

static uint32_t command(Mischief *t, uint32_t cmd, uint32_t arg)
{
    puck_w32(&t->e.f, WINDOW(ARG), arg);
    puck_w32(&t->e.f, WINDOW(COMMAND), cmd);
    return puck_r32(&t->e.f, WINDOW(RESULT));
}

/* What the guest adds is a rule like others. */
static void test_window(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    g_assert_cmphex(puck_r32(&t.e.f, WINDOW(MAGIC)), ==,
                    PUCK_MISCHIEF_MAGIC_VALUE);
    g_assert_cmphex(puck_r32(&t.e.f, WINDOW(STATUS)), ==,
                    PUCK_MISCHIEF_UNLOCKED);
    put_text(&t, "fence.complete ring=0 hold");
    g_assert_cmpuint(command(&t, PUCK_MISCHIEF_ADD, 0), ==, PUCK_MISCHIEF_OK);
    rule = puck_r32(&t.e.f, WINDOW(ID));
    mischief_fences(&t, 0, 2);
    g_assert_cmpuint(mischief_pending(&t, 0), ==, 2);
    /* Releasing from a register access of the device that holds. */
    g_assert_cmpuint(command(&t, PUCK_MISCHIEF_RELEASE, rule), ==,
                     PUCK_MISCHIEF_OK);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 2);
    g_assert_cmpuint(command(&t, PUCK_MISCHIEF_SHOW, 0), ==, PUCK_MISCHIEF_OK);
    g_assert_cmpuint(puck_r64(&t.e.f, WINDOW(HITS)), ==, 2);
    g_assert_cmpuint(command(&t, PUCK_MISCHIEF_REMOVE, rule), ==,
                     PUCK_MISCHIEF_OK);
    g_assert_cmpuint(puck_r32(&t.e.f, WINDOW(COUNT)), ==, 0);
    /* Reset zeroes it, but for the rules. */
    g_assert_cmpuint(command(&t, PUCK_MISCHIEF_ADD, 5), ==, PUCK_MISCHIEF_OK);
    puck_w32(&t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmpuint(puck_r32(&t.e.f, WINDOW(ARG)), ==, 0);
    g_assert_cmpuint(puck_r32(&t.e.f, WINDOW(TEXT)), ==, 0);
    g_assert_cmpuint(puck_r32(&t.e.f, WINDOW(COUNT)), ==, 1);
    mischief_stop(&t);
}

static void test_bad_window(void)
{
    Mischief t;

    mischief_start(&t, "");
    put_text(&t, "fence.complete ring=0 fly");
    g_assert_cmpuint(command(&t, PUCK_MISCHIEF_ADD, 0), ==,
                     PUCK_MISCHIEF_ERR_SYNTAX);
    g_assert_cmpuint(puck_r32(&t.e.f, WINDOW(COLUMN)), ==, 22);
    g_assert_cmpuint(command(&t, PUCK_MISCHIEF_RELEASE, 77), ==,
                     PUCK_MISCHIEF_ERR_NO_RULE);
    for (unsigned at = 0; at < PUCK_MISCHIEF_WINDOW_SIZE; at++) {
        uint64_t offset = PUCK_MISCHIEF_WINDOW + at;

        qpci_io_writeb(t.e.f.dev, t.e.f.bar, offset, 0xff);
        qpci_io_readb(t.e.f.dev, t.e.f.bar, offset);
        qpci_io_writew(t.e.f.dev, t.e.f.bar, offset, 0xffff);
        qpci_io_readq(t.e.f.dev, t.e.f.bar, offset);
    }
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

void add_mischief_device_tests(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "stall", test_stall }, { "stall-held", test_stall_held },
        { "stall-not", test_stall_not },
        { "reset-fails", test_reset_fails },
        { "reset-fails-device", test_reset_fails_device },
        { "reset-fails-not", test_reset_fails_not },
        { "gone", test_gone }, { "gone-bar", test_gone_bar },
        { "gone-back", test_gone_back },
        { "gone-in-work", test_gone_in_work }, { "gone-not", test_gone_not },
        { "unplug", test_unplug },
        { "bme-ignored", test_bme }, { "bme-ignored-not", test_bme_not },
        { "window", test_window }, { "bad_window", test_bad_window },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/puck-gpu/mischief/device/%s",
                                                tests[i].name);

        qtest_add_func(path, tests[i].run);
    }
}
