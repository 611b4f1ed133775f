/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a guest can make QEMU hold the BQL: puck-gpu and mischief.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

#define INLINE_BYTES    65536u

static struct puck_gpu_cmd command(uint16_t opcode)
{
    return (struct puck_gpu_cmd) { .opcode = cpu_to_le16(opcode) };
}

static struct puck_gpu_cmd fill(HoldBench *b, uint32_t length)
{
    struct puck_gpu_cmd cmd = command(PUCK_GPU_CMD_FILL);

    cmd.length = cpu_to_le64(length);
    cmd.dst_list = cpu_to_le64(hold_same(b, DATA, length, 1));
    cmd.dst_nsegs = cpu_to_le32(1);
    return cmd;
}

/* Rows of a byte, from and to lists of @n segments of @len bytes. */
static struct puck_gpu_cmd thin(HoldBench *b, uint32_t len, uint32_t n,
                                uint32_t pitch)
{
    struct puck_gpu_cmd cmd = command(PUCK_GPU_CMD_BLIT);

    cmd.src_list = cpu_to_le64(hold_same(b, DATA, len, n));
    cmd.dst_list = cpu_to_le64(hold_same(b, DATA + DATA_SIZE / 2, len, n));
    cmd.src_nsegs = cmd.dst_nsegs = cpu_to_le32(n);
    cmd.blit.width = cpu_to_le32(1);
    cmd.blit.src_pitch = cmd.blit.dst_pitch = cpu_to_le32(pitch);
    cmd.blit.height = cpu_to_le32((uint64_t)len * n / pitch);
    return cmd;
}

static struct puck_gpu_cmd copy(HoldBench *b, uint32_t len, uint32_t n)
{
    struct puck_gpu_cmd cmd = thin(b, len, n, 1);

    cmd.opcode = cpu_to_le16(PUCK_GPU_CMD_COPY);
    memset(&cmd.blit, 0, sizeof(cmd.blit));
    cmd.length = cpu_to_le64((uint64_t)len * n);
    return cmd;
}

/* @n commands at once, to their end. */
static void run_many(HoldBench *b, struct puck_gpu_cmd cmd, unsigned n)
{
    hold_put(b, 0, 0, &cmd, n);
    hold_ring_w32(b, 0, PUCK_GPU_RING_TAIL, n);
    hold_until_idle(b, 0);
}

static void idle(HoldBench *b)
{
    hold_watch(b, 500);
}

/* Each one read, and written with ones, with zeroes, with what it was. */
static void registers(HoldBench *b)
{
    for (uint64_t at = 0; at < PUCK_GPU_RING(RINGS); at += 4) {
        uint32_t was = hold_r32(b, &b->gpu, at);

        hold_w32(b, &b->gpu, at, UINT32_MAX);
        hold_w32(b, &b->gpu, at, 0);
        hold_w32(b, &b->gpu, at, was);
    }
}

static void nops(HoldBench *b)
{
    run_many(b, command(PUCK_GPU_CMD_NOP), RING_SIZE - 1);
}

static void fills(HoldBench *b)
{
    run_many(b, fill(b, 16), RING_SIZE - 1);
}

static void large_fills(HoldBench *b)
{
    run_many(b, fill(b, INLINE_BYTES), RING_SIZE - 1);
}

static void thin_rows(HoldBench *b)
{
    run_many(b, thin(b, 2 * (INLINE_BYTES - 1), 1, 2), 16);
}

/* What comes behind the doorbell would take a while, on a thread. */
static void share_rows(HoldBench *b)
{
    struct puck_gpu_cmd cmd = thin(b, 1 << 20, 256, 1);

    hold_put(b, 0, 0, &cmd, 1);
    hold_ring_w32(b, 0, PUCK_GPU_RING_TAIL, 1);
    hold_watch(b, 50);
    hold_ring_w32(b, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    hold_until_idle(b, 0);
}

static void inline_lists(HoldBench *b)
{
    run_many(b, copy(b, 1, INLINE_BYTES / sizeof(struct puck_gpu_seg) / 2),
             256);
}

static void long_lists(HoldBench *b)
{
    run_many(b, copy(b, 1, PUCK_GPU_SEGS_MAX_VALUE), 4);
}

static void big_copy(HoldBench *b)
{
    run_many(b, copy(b, 16 << 20, 16), 1);
}

/* As many fences on each ring as the stage takes, held. */
static void hold_fences(HoldBench *b)
{
    struct puck_gpu_cmd cmd = command(PUCK_GPU_CMD_FENCE);

    cmd.flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ);
    for (unsigned r = 0; r < RINGS; r++) {
        hold_put(b, r, 0, &cmd, PUCK_GPU_RING_FENCES_MAX_VALUE);
        puck_w32(&b->gpu, PUCK_GPU_RING(r) + PUCK_GPU_RING_HOLD, 1);
        hold_ring_w32(b, r, PUCK_GPU_RING_TAIL, PUCK_GPU_RING_FENCES_MAX_VALUE);
        hold_until(b, &b->gpu, PUCK_GPU_RING(r) + PUCK_GPU_RING_PENDING, ~0u,
                   PUCK_GPU_RING_FENCES_MAX_VALUE);
    }
}

static void fences(HoldBench *b)
{
    hold_fences(b);
    for (unsigned r = 0; r < RINGS; r++) {
        hold_ring_w32(b, r, PUCK_GPU_RING_HOLD, 0);
    }
    for (unsigned r = 0; r < RINGS; r++) {
        hold_until_idle(b, r);
    }
}

/* All of them become due at about the same time. */
static void late_fences(HoldBench *b)
{
    struct puck_gpu_cmd cmd = command(PUCK_GPU_CMD_FENCE);

    cmd.flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ);
    for (unsigned r = 0; r < RINGS; r++) {
        hold_put(b, r, 0, &cmd, PUCK_GPU_RING_FENCES_MAX_VALUE);
        puck_w64(&b->gpu, PUCK_GPU_RING(r) + PUCK_GPU_RING_DELAY, 100000000);
    }
    for (unsigned r = 0; r < RINGS; r++) {
        hold_ring_w32(b, r, PUCK_GPU_RING_TAIL, PUCK_GPU_RING_FENCES_MAX_VALUE);
    }
    for (unsigned r = 0; r < RINGS; r++) {
        hold_until_idle(b, r);
    }
}

static void ring_reset(HoldBench *b)
{
    struct puck_gpu_cmd cmd = copy(b, 16 << 20, 16);

    for (unsigned i = 0; i < 50; i++) {
        hold_put(b, 0, 0, &cmd, 1);
        hold_ring_w32(b, 0, PUCK_GPU_RING_TAIL, 1);
        hold_watch(b, 2);
        hold_ring_w32(b, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
        hold_until(b, &b->gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL,
                   PUCK_GPU_RING_RESET, 0);
        puck_w32(&b->gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL,
                 PUCK_GPU_RING_ENABLE);
    }
}

static void device_reset(HoldBench *b)
{
    struct puck_gpu_cmd cmd = copy(b, 16 << 20, 16);

    hold_fences(b);
    for (unsigned r = 0; r < RINGS; r += RINGS / 2) {
        hold_put(b, r, PUCK_GPU_RING_FENCES_MAX_VALUE, &cmd, 1);
        hold_ring_w32(b, r, PUCK_GPU_RING_TAIL,
                      PUCK_GPU_RING_FENCES_MAX_VALUE + 1);
    }
    hold_watch(b, 2);
    hold_w32(b, &b->gpu, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    for (unsigned r = 0; r < RINGS; r++) {
        hold_until(b, &b->gpu, PUCK_GPU_RING(r) + PUCK_GPU_RING_CTRL,
                   PUCK_GPU_RING_RESET, 0);
    }
}

/* A rule that never fires, but is for accesses. */
static void accesses(HoldBench *b)
{
    hold_rule(b, "dma.write ring=7 fault");
    run_many(b, fill(b, 1 << 20), 64);
}

static void small_accesses(HoldBench *b)
{
    hold_rule(b, "dma.write ring=7 fault");
    run_many(b, fill(b, 16), RING_SIZE - 1);
}

static void thin_accesses(HoldBench *b)
{
    hold_rule(b, "dma.write ring=7 fault");
    run_many(b, thin(b, 2 * (INLINE_BYTES - 1), 1, 2), 4);
}

/* The FENCE of the job that begins the ring is far away. */
static void early(HoldBench *b)
{
    struct puck_gpu_cmd nop = command(PUCK_GPU_CMD_NOP);
    struct puck_gpu_cmd fence = command(PUCK_GPU_CMD_FENCE);

    hold_rule(b, "fence.complete early=1ms");
    hold_put(b, 0, 0, &nop, RING_SIZE - 2);
    hold_put(b, 0, RING_SIZE - 2, &fence, 1);
    hold_ring_w32(b, 0, PUCK_GPU_RING_TAIL, RING_SIZE - 1);
    hold_until_idle(b, 0);
}

/* Messages of ring 0 make ring 1 send one, and that makes ring 0 send one. */
static void messages(HoldBench *b)
{
    struct puck_gpu_cmd cmd = command(PUCK_GPU_CMD_FENCE);
    uint64_t bar = b->gpu.bar.addr;
    unsigned vectors = puck_r32(&b->gpu, PUCK_GPU_NUM_SOURCES);

    cmd.flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ);
    hold_rule(b, "irq.raise spurious");
    for (unsigned v = 0; v < vectors; v++) {
        hold_aim(b, &b->gpu, v, bar + PUCK_GPU_RING(v % 2) +
                 PUCK_GPU_RING_TAIL, v / 2 % 2 ? 1 : RING_SIZE - 1);
    }
    for (unsigned r = 0; r < 2; r++) {
        hold_put(b, r, 0, &cmd, RING_SIZE);
        puck_w64(&b->gpu, PUCK_GPU_RING(r) + PUCK_GPU_RING_DELAY, 1000);
        hold_ring_w32(b, r, PUCK_GPU_RING_TAIL, RING_SIZE - 1);
    }
    hold_watch(b, 500);
}

static void rule_command(HoldBench *b, uint32_t command, uint32_t arg)
{
    puck_w32(&b->gpu, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_ARG, arg);
    hold_w32(b, &b->gpu, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_COMMAND, command);
}

static void rule_add(HoldBench *b, const char *rule)
{
    char text[PUCK_MISCHIEF_TEXT_SIZE] = { };

    g_strlcpy(text, rule, sizeof(text));
    for (unsigned i = 0; i < sizeof(text); i += 4) {
        puck_w32(&b->gpu, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_TEXT + i,
                 ldl_le_p(text + i));
    }
    rule_command(b, PUCK_MISCHIEF_ADD, 0);
    g_assert_cmpuint(puck_r32(&b->gpu, PUCK_MISCHIEF_WINDOW +
                              PUCK_MISCHIEF_RESULT), ==, PUCK_MISCHIEF_OK);
}

/* As many rules as there can be; the last one holds all fences. */
static void rules(HoldBench *b)
{
    struct puck_gpu_cmd cmd = command(PUCK_GPU_CMD_FENCE);

    qtest_qmp_assert_success(b->m.qts, "{ 'execute': 'qom-set', "
                             "'arguments': { 'path': '" MISCHIEF_PATH "', "
                             "'property': 'guest', 'value': true } }");
    for (unsigned i = 0; i < 63; i++) {
        rule_add(b, "fence.complete device=gpu0 ring=7 seqno=1-9 from=1000000 "
                 "count=5 prob=1/1000000 delay=exp:3ms");
    }
    rule_add(b, "fence.complete hold");
    for (unsigned r = 0; r < RINGS; r++) {
        hold_put(b, r, 0, &cmd, PUCK_GPU_RING_FENCES_MAX_VALUE);
        hold_ring_w32(b, r, PUCK_GPU_RING_TAIL, PUCK_GPU_RING_FENCES_MAX_VALUE);
        hold_until(b, &b->gpu, PUCK_GPU_RING(r) + PUCK_GPU_RING_PENDING, ~0u,
                   PUCK_GPU_RING_FENCES_MAX_VALUE);
    }
    rule_command(b, PUCK_MISCHIEF_SHOW, 63);
    rule_command(b, PUCK_MISCHIEF_RELEASE, 64);
    for (unsigned r = 0; r < RINGS; r++) {
        hold_until_idle(b, r);
    }
    for (unsigned id = 1; id <= 64; id++) {
        rule_command(b, PUCK_MISCHIEF_REMOVE, id);
    }
}

const HoldCase hold_gpu_cases[] = {
    { "idle", "nothing: what the measuring itself takes", idle },
    { "gpu_registers", "each register of puck-gpu and the window", registers },
    { "gpu_nops", "doorbell: 4095 NOPs", nops },
    { "gpu_fills", "doorbell: 4095 FILLs of 16 bytes", fills },
    { "gpu_large_fills", "doorbell: 4095 FILLs of 64 KiB", large_fills },
    { "gpu_thin_rows", "doorbell: 16 BLITs of 65535 rows of a byte",
      thin_rows },
    { "gpu_share_rows", "doorbell: BLIT of 256 Mi rows of a byte", share_rows },
    { "gpu_inline_lists", "doorbell: 256 COPYs with 2 x 2048 segments",
      inline_lists },
    { "gpu_long_lists", "doorbell: 4 COPYs with 2 x 65536 segments",
      long_lists },
    { "gpu_big_copy", "doorbell: COPY of 256 MiB", big_copy },
    { "gpu_fences", "HOLD: 8 x 1024 held fences let go", fences },
    { "gpu_late_fences", "8 x 1024 fences due at the same time", late_fences },
    { "gpu_ring_reset", "RESET of a ring in the middle of a COPY", ring_reset },
    { "gpu_reset", "CTRL.RESET with fences held and COPYs under way",
      device_reset },
    { "gpu_accesses", "rule on accesses: 64 FILLs of 1 MiB", accesses },
    { "gpu_small_accesses", "rule on accesses: 4095 FILLs of 16 bytes",
      small_accesses },
    { "gpu_thin_accesses", "rule on accesses: 4 BLITs of 65535 rows",
      thin_accesses },
    { "gpu_early", "rule early: a job of 4094 NOPs", early },
    { "gpu_messages", "rule spurious: messages to the rings' own TAIL",
      messages },
    { "rules", "window: 64 rules, and one that holds 8 x 1024 fences", rules },
    { }
};
