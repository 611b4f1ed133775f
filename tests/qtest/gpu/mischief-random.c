/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: rules, jobs, resets, SKIPs, stops and moves of the machine as they
 * come. What becomes of the jobs is not asked; the device has to live, and once
 * the rules are gone to work. The seed is printed and taken back with --seed.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "mischief.h"

#define ROUNDS          3000
#define RINGS           4
#define RULES           12
#define AREA            (16 * PAGE)

static const char *const rule_texts[] = {
    "fence.complete every=2 delay=uniform:0ns-100us",
    "fence.complete ring=0 every=3 hold",
    "fence.complete every=3 reorder=rings",
    "fence.complete every=4 error",
    "fence.complete ring=1 every=5 never",
    "fence.complete every=2 reorder=within",
    "fence.complete prob=1/2 early=50us",
    "fence.complete ring=2 every=4 early",
    "fence.complete start=0xfffffffa",
    "irq.raise prob=1/3 drop",
    "irq.raise every=3 duplicate=64",
    "irq.raise every=2 delay=exp:50us",
    "irq.raise every=4 coalesce=100us",
    "irq.raise prob=1/2 spurious",
    "dma.read every=7 fault",
    "dma.write every=5 corrupt=xor:0x55",
    "dma.read every=4 truncate=100",
    "dma.read every=3 delay=uniform:1us-200us",
    "dma.write every=3 split=60us",
    "dma.write every=2 reorder",
    "dma.write every=11 fault",
    "device every=4 stall=80us",
    "device ring=3 every=5 stall",
    "device every=3 reset-fails",
    "device bme-ignored",
    "device nth=40 gone=1us",
    "gpu.translate every=9 fault",
    "gpu.flush every=2 drop",
    "gpu.flush every=3 partial",
    "gpu.flush vm=0 delay=70us",
};

typedef struct Chaos {
    Mischief t;
    uint64_t area;
    uint64_t tables;            /* of VM 0, a page each, level 4 first */
    uint32_t rules[RULES];
    unsigned num_rules;
    bool no_master;
} Chaos;

static uint32_t any(uint32_t below)
{
    return (uint32_t)g_test_rand_int() % below;
}

static GpuSeg any_segment(Chaos *c, uint32_t len)
{
    uint64_t at = any(AREA);

    return any(4) ? SYS(c->area + at, len) : VRAM(at, len);
}

/* VM 0 has the area at address 0. Entries change as jobs use them. */
static void map_area(Chaos *c)
{
    QTestState *qts = c->t.e.m.qts;

    for (unsigned level = 0; level < 3; level++) {
        uint64_t table = c->tables + level * PAGE;

        qtest_writeq(qts, table, (table + PAGE) | PUCK_GPU_PTE_READ |
                     PUCK_GPU_PTE_WRITE);
    }
    for (unsigned i = 0; i < AREA / PAGE; i++) {
        qtest_writeq(qts, c->tables + 3 * PAGE + 8 * i,
                     (c->area + any(AREA / PAGE) * PAGE) |
                     (any(20) ? PUCK_GPU_PTE_READ | PUCK_GPU_PTE_WRITE : 0));
    }
    puck_w64(&c->t.e.f, PUCK_GPU_VM_ROOT(0), c->tables |
             PUCK_GPU_VM_ROOT_VALID);
    if (any(2)) {
        puck_w32(&c->t.e.f, PUCK_GPU_VM_FLUSH, any(2) ? PUCK_GPU_VM_ALL : 0);
    }
    puck_w32(&c->t.e.f, PUCK_GPU_VM_CTRL, any(2));
}

/* @cmd with addresses in place of its lists, or a flush. */
static GpuCmd by_address(GpuCmd cmd)
{
    if (any(3) == 0) {
        return (GpuCmd) { .opcode = cpu_to_le16(PUCK_GPU_CMD_TLB_FLUSH) };
    }
    if (cmd.src_nsegs && any(2)) {
        cmd.flags |= cpu_to_le16(PUCK_GPU_SRC_VA);
        cmd.src_nsegs = 0;
        cmd.src_list = cpu_to_le64(any(AREA));
    }
    cmd.flags |= cpu_to_le16(PUCK_GPU_DST_VA);
    cmd.dst_nsegs = 0;
    cmd.dst_list = cpu_to_le64(any(AREA));
    return cmd;
}

static GpuCmd any_command(Chaos *c, GpuSeg to, GpuSeg from, uint32_t len)
{
    GpuEnv *e = &c->t.e;
    GpuCmd cmd = any(3) == 0 ? gpu_fill(e, to, len, any(999)) :
                 any(3) == 0 ? gpu_crc(e, SYS(c->area, 4), from, len) :
                               gpu_copy(e, to, from, len);

    return any(2) ? cmd : by_address(cmd);
}

static void any_job(Chaos *c)
{
    GpuEnv *e = &c->t.e;
    unsigned r = any(RINGS);

    for (unsigned n = any(3); n; n--) {
        uint32_t len = 1 + any(3 * PAGE);
        GpuSeg to = any_segment(c, len), from = any_segment(c, len);

        /* Lists are made anew in the same page of the ring's. */
        e->m.next_page = c->area + 2 * AREA + (2 * r + 8 * n) * PAGE;
        gpu_emit(e, r, any_command(c, to, from, len));
    }
    if (any(4) == 0) {
        map_area(c);
    }
    gpu_fence(e, r, any(8) ? PUCK_GPU_FENCE_IRQ : 0);
    gpu_doorbell(e, r);
}

static void add_rule(Chaos *c)
{
    if (c->num_rules < RULES) {
        c->rules[c->num_rules++] =
            mischief_add(&c->t, rule_texts[any(G_N_ELEMENTS(rule_texts))]);
    }
}

static void remove_rule(Chaos *c)
{
    unsigned i;

    if (c->num_rules) {
        i = any(c->num_rules);
        mischief_remove(&c->t, c->rules[i]);
        c->rules[i] = c->rules[--c->num_rules];
    }
}

static void release_rule(Chaos *c)
{
    if (c->num_rules) {
        mischief_release(&c->t, c->rules[any(c->num_rules)]);
    }
}

static void ring_on(Chaos *c, unsigned r)
{
    GpuRing *ring = &c->t.e.rings[r];

    gpu_ring_w64(&c->t.e, r, PUCK_GPU_RING_BASE, ring->base | GPU_ORDER);
    gpu_ring_w64(&c->t.e, r, PUCK_GPU_RING_WB_ADDR, ring->wb);
    gpu_ring_w32(&c->t.e, r, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    ring->tail = 0;
}

static void reset(Chaos *c)
{
    unsigned r = any(RINGS + 1);

    if (r < RINGS) {
        gpu_ring_w32(&c->t.e, r, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
        ring_on(c, r);
    } else {
        puck_w32(&c->t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
        for (r = 0; r < RINGS; r++) {
            ring_on(c, r);
        }
    }
}

/* A ring that is halted goes on. */
static void skip(Chaos *c)
{
    gpu_ring_w32(&c->t.e, any(RINGS), PUCK_GPU_RING_CTRL,
                 PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP);
}

/* Messages of ring 0 ring another ring's doorbell. */
static void aim(Chaos *c)
{
    QPCIDevice *dev = c->t.e.f.dev;
    uint64_t entry = dev->msix_table_off +
                     c->t.e.rings[0].vector * PCI_MSIX_ENTRY_SIZE;
    uint64_t at = c->t.e.f.bar.addr + PUCK_GPU_RING(1) + PUCK_GPU_RING_TAIL;

    if (any(2)) {
        at = c->t.e.f.msix_message + 8 * c->t.e.rings[0].vector;
    }
    qpci_io_writel(dev, dev->msix_table_bar, entry, at);
    qpci_io_writel(dev, dev->msix_table_bar, entry + 4, at >> 32);
    qpci_io_writel(dev, dev->msix_table_bar, entry + 8, any(GPU_RING_SIZE));
}

/* If it is gone it comes back, as if plugged in anew. */
static void back(Chaos *c)
{
    if (qpci_config_readl(c->t.e.f.dev, 0) == UINT32_MAX) {
        mischief_step(&c->t, 1000);
    }
    if (!qpci_config_readw(c->t.e.f.dev, PCI_COMMAND)) {
        puck_function_free(&c->t.e.f);
        puck_function_map(&c->t.e.m, &c->t.e.f, 0, GPU_DEVFN,
                          PUCK_GPU_BAR_REGS);
        c->t.e.vram = qpci_iomap(c->t.e.f.dev, PUCK_GPU_BAR_VRAM, NULL);
        c->t.e.m.next_page = c->area + AREA;
        puck_msix_to_ram(&c->t.e.m, &c->t.e.f, c->t.e.num_vectors);
        for (unsigned r = 0; r < RINGS; r++) {
            ring_on(c, r);
        }
    }
}

static void move(Chaos *c)
{
    Mischief from = c->t;

    mischief_move(&from, &c->t);
}

static void stop_and_go(Chaos *c)
{
    qtest_qmp_assert_success(c->t.e.m.qts, "{ 'execute': 'stop' }");
    release_rule(c);
    reset(c);
    qtest_qmp_assert_success(c->t.e.m.qts, "{ 'execute': 'cont' }");
}

static void set_master(Chaos *c, bool on)
{
    uint16_t command = qpci_config_readw(c->t.e.f.dev, PCI_COMMAND);

    command &= ~PCI_COMMAND_MASTER;
    qpci_config_writew(c->t.e.f.dev, PCI_COMMAND,
                       command | (on ? PCI_COMMAND_MASTER : 0));
    c->no_master = !on;
}

static void one_round(Chaos *c)
{
    switch (any(26)) {
    case 0 ... 10:
        any_job(c);
        break;
    case 11 ... 15:
        mischief_step(&c->t, 1 + any(100000));
        break;
    case 16 ... 17:
        add_rule(c);
        break;
    case 18:
        remove_rule(c);
        break;
    case 19:
        release_rule(c);
        break;
    case 20 ... 21:
        reset(c);
        break;
    case 22:
        aim(c);
        break;
    case 23 ... 24:
        skip(c);
        break;
    default:
        switch (any(6)) {
        case 0:
            move(c);
            break;
        case 1 ... 2:
            stop_and_go(c);
            break;
        default:
            set_master(c, c->no_master);
            break;
        }
    }
}

static void expect_alive(Chaos *c)
{
    uint64_t next = c->area + AREA;

    while (c->num_rules) {
        remove_rule(c);
    }
    back(c);
    set_master(c, true);
    puck_w32(&c->t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    c->t.e.m.next_page = next;
    puck_msix_to_ram(&c->t.e.m, &c->t.e.f, c->t.e.num_vectors);
    for (unsigned r = 0; r < RINGS; r++) {
        gpu_ring_recover(&c->t.e, r);
        c->t.e.rings[r].seqno = 0;
        qtest_writeq(c->t.e.m.qts, c->t.e.rings[r].wb, 0);
        /* A hold's worth of what was begun before may be left to be ended. */
        puck_machine_settle(&c->t.e.m);
        gpu_alive(&c->t.e, r);
    }
}

static void test_chaos(void)
{
    Chaos c = { };

    mischief_start(&c.t, ",rings=4,threads=2");
    c.tables = puck_machine_pages(&c.t.e.m, PUCK_GPU_PT_LEVELS);
    c.area = puck_machine_pages(&c.t.e.m, 3 * AREA / PAGE);
    map_area(&c);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        one_round(&c);
        back(&c);
        if (i % 500 == 0) {
            expect_alive(&c);
        }
    }
    mischief_stop(&c.t);
}

void add_mischief_random_tests(void)
{
    qtest_add_func("/puck-gpu/mischief/random", test_chaos);
}
