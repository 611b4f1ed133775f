/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: commands and register writes that nobody thought of. They may do
 * what they like to the guest's memory; the device has to live, and to work
 * again after a reset. The seed is printed and taken back with --seed.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/gpu-env.h"

#define COMMANDS        3000
#define WRITES          20000
#define RAM_SIZE        0x10000000u
/* Rings, lists and messages live below; commands make a mess above. */
#define MESS            0x8000000u

static uint32_t any(uint32_t below)
{
    return (uint32_t)g_test_rand_int() % below;
}

/* Numbers from the borders of what is allowed, more often than others. */
static uint64_t any_number(void)
{
    static const uint64_t borders[] = {
        0, 1, 2, 3, 7, 8, 15, 16, 63, 64, 4095, 4096, 65535, 65536, 65537,
        GPU_VRAM_SIZE - 1, GPU_VRAM_SIZE, RAM_SIZE - 1, RAM_SIZE, 1ull << 30,
        INT32_MAX, UINT32_MAX, 1ull << 32, 1ull << 40, (1ull << 40) + 1,
        INT64_MAX, UINT64_MAX - 15, UINT64_MAX - 1, UINT64_MAX,
    };

    return g_test_rand_bit() ? borders[any(G_N_ELEMENTS(borders))] :
           (uint64_t)g_test_rand_int() << any(33) >> any(33);
}

static uint64_t any_list(GpuEnv *e, uint64_t at, uint32_t *nsegs)
{
    GpuSeg segs[8];

    *nsegs = 1 + any(G_N_ELEMENTS(segs));
    for (uint32_t i = 0; i < *nsegs; i++) {
        segs[i] = g_test_rand_bit() ?
                  VRAM(any(GPU_VRAM_SIZE / 2), 1 + any(GPU_VRAM_SIZE / 2)) :
                  SYS(MESS + any(MESS / 2), 1 + any(MESS / 2));
        if (any(20) == 0) {
            segs[i].addr = any_number();
        }
        if (any(20) == 0) {
            segs[i].len = any_number();
        }
        if (any(40) == 0) {
            segs[i].flags = any_number();
        }
        segs[i].addr = cpu_to_le64(segs[i].addr);
        segs[i].len = cpu_to_le32(segs[i].len);
        segs[i].flags = cpu_to_le32(segs[i].flags);
    }
    qtest_memwrite(e->m.qts, at, segs, *nsegs * sizeof(segs[0]));
    return at;
}

/* Page tables made of anything; commands make a mess of them, too. */
static void any_tables(GpuEnv *e)
{
    for (unsigned n = 0; n < 4; n++) {
        bool vram = n % 2;

        puck_w64(&e->f, PUCK_GPU_VM_ROOT(n),
                 (vram ? any(GPU_VRAM_SIZE) : MESS + any(MESS)) << 12 >> 12 |
                 PUCK_GPU_VM_ROOT_VALID | (vram ? PUCK_GPU_VM_ROOT_VRAM : 0));
    }
    for (unsigned i = 0; i < 2 * PAGE; i++) {
        uint64_t vram = any(2) ? PUCK_GPU_PTE_VRAM : 0;
        uint64_t pte = (vram ? any(GPU_VRAM_SIZE) : MESS + any(MESS)) &
                       ~(uint64_t)(PAGE - 1);

        pte |= vram | (any(8) ? 3 : any(16));
        pte = cpu_to_le64(any(100) ? pte : any_number());
        if (i % 2) {
            gpu_write(e, VRAM(any(GPU_VRAM_SIZE) & ~7u, 8), &pte);
        } else {
            gpu_write(e, SYS(MESS + (any(MESS) & ~7u), 8), &pte);
        }
    }
}

static GpuCmd any_flush(void)
{
    GpuCmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_TLB_FLUSH),
        .vm = cpu_to_le32(any(2) ? any(5) : any_number()),
    };

    if (any(2)) {
        cmd.src_list = cpu_to_le64(any_number() & ~(uint64_t)(PAGE - 1));
        cmd.length = cpu_to_le64(any_number() & ~(uint64_t)(PAGE - 1));
    }
    return cmd;
}

/* Its operands are by address now and then. */
static void any_addresses(GpuCmd *cmd)
{
    uint16_t flags = 0;

    if (cmd->src_nsegs && any(3) == 0) {
        flags |= PUCK_GPU_SRC_VA;
        cmd->src_nsegs = 0;
        cmd->src_list = cpu_to_le64(any_number());
    }
    if (cmd->dst_nsegs && any(3) == 0) {
        flags |= PUCK_GPU_DST_VA;
        cmd->dst_nsegs = 0;
        cmd->dst_list = cpu_to_le64(any_number());
    }
    cmd->flags = cpu_to_le16(flags);
    cmd->vm = cpu_to_le32(flags ? any(5) : 0);
}

static GpuCmd any_command(GpuEnv *e, uint64_t lists)
{
    GpuCmd cmd = { .opcode = cpu_to_le16(any(7)) };
    uint32_t nsegs;

    if (cmd.opcode == cpu_to_le16(PUCK_GPU_CMD_FENCE)) {
        return cmd;
    }
    if (cmd.opcode == cpu_to_le16(PUCK_GPU_CMD_TLB_FLUSH)) {
        return any_flush();
    }
    cmd.dst_list = cpu_to_le64(any_list(e, lists, &nsegs));
    cmd.dst_nsegs = cpu_to_le32(nsegs);
    if (cmd.opcode != cpu_to_le16(PUCK_GPU_CMD_FILL)) {
        cmd.src_list = cpu_to_le64(any_list(e, lists + 256, &nsegs));
        cmd.src_nsegs = cpu_to_le32(nsegs);
    }
    if (cmd.opcode == cpu_to_le16(PUCK_GPU_CMD_BLIT)) {
        cmd.blit.width = cpu_to_le32(any(2000));
        cmd.blit.height = cpu_to_le32(any(2000));
        cmd.blit.src_pitch = cpu_to_le32(any(3000));
        cmd.blit.dst_pitch = cpu_to_le32(any(3000));
    } else {
        cmd.length = cpu_to_le64(any(2 * GPU_VRAM_SIZE));
    }
    any_addresses(&cmd);
    /* One 32-bit word of it is something else now and then. */
    if (any(4) == 0) {
        ((uint32_t *)&cmd)[any(sizeof(cmd) / 4)] = any_number();
    }
    return cmd;
}

static void drain_errors(GpuEnv *e)
{
    while (puck_r32(&e->f, PUCK_GPU_ERR_COUNT)) {
        puck_w32(&e->f, PUCK_GPU_ERR_POP, 0);
    }
}

/* All rings as they were when the machine started. */
static void start_again(GpuEnv *e)
{
    puck_w32(&e->f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    for (unsigned r = 0; r < e->num_rings; r++) {
        gpu_ring_recover(e, r);
        e->rings[r].seqno = 0;
        qtest_writeq(e->m.qts, e->rings[r].wb, 0);
        while (puck_msix_take(&e->m, &e->f, e->rings[r].vector, false)) {
            /* What was left over. */
        }
        gpu_alive(e, r);
    }
}

static void test_commands(void)
{
    uint64_t lists;
    GpuEnv e;

    gpu_start(&e, ",threads=3", "");
    lists = puck_machine_pages(&e.m, GPU_RING_SIZE);
    any_tables(&e);
    for (unsigned i = 0; i < COMMANDS; i++) {
        unsigned r = any(2);

        /* Each slot has lists of its own, for as long as it may be read. */
        gpu_emit(&e, r, any_command(&e, lists + 512 * (2 * e.rings[r].tail +
                                                       r)));
        gpu_doorbell(&e, r);
        if (any(8) == 0) {
            gpu_ring_recover(&e, r);
            drain_errors(&e);
        } else if (any(4) == 0) {
            gpu_ring_w32(&e, r, PUCK_GPU_RING_CTRL,
                         PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP);
        }
    }
    start_again(&e);
    gpu_stop(&e);
}

static void test_registers(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    for (unsigned i = 0; i < WRITES; i++) {
        uint64_t at = any(2) ? any(0x180) & ~3u :
                      any(3) == 0 ? PUCK_GPU_VM_COUNT + (any(0x480) & ~3u) :
                      PUCK_GPU_RING(any(3)) + (any(0x60) & ~3u);

        if (any(3)) {
            puck_w32(&e.f, at, any_number());
        } else {
            puck_w64(&e.f, at & ~7ull, any_number());
        }
        if (any(50) == 0) {
            qtest_clock_step(e.m.qts, 1 + any(1000000));
        }
        if (any(500) == 0) {
            start_again(&e);
        }
    }
    start_again(&e);
    gpu_stop(&e);
}

void add_random_tests(void)
{
    qtest_add_func("/puck-gpu/random/bad_commands", test_commands);
    qtest_add_func("/puck-gpu/random/bad_registers", test_registers);
}
