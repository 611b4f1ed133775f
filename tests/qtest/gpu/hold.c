/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what a guest can have done in one hold of the BQL is bounded. See
 * "How long the device keeps the machine" in docs/specs/gpu.rst.
 *
 * The tests count what a write to a register did before the next command to the
 * test's machine is answered: that is one hold within the write, and one behind
 * it, as the clock stands still. What is left needs a step of the clock.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mischief.h"

#define MiB             (1u << 20)
#define ORDER           PUCK_GPU_RING_ORDER_MAX_VALUE
#define SLOTS           (1u << ORDER)

/* Two holds of 300 us, at the cheapest that each of these can be. */
#define COMMANDS_MAX    500
#define FENCES_MAX      250
#define ACCESSES_MAX    500

/*
 * Turns ring @r on with SLOTS commands, all of them @cmd, and a job has @size
 * of them.
 */
static void fill_ring_with_jobs(GpuEnv *e, unsigned r, GpuCmd cmd,
                                unsigned size)
{
    uint64_t base = puck_machine_pages(&e->m, SLOTS * sizeof(cmd) / PAGE);
    g_autofree GpuCmd *cmds = g_new(GpuCmd, SLOTS);

    for (unsigned i = 0; i < SLOTS; i++) {
        cmds[i] = cmd;
        cmds[i].seqno = cpu_to_le32(i / size + 1);
    }
    qtest_memwrite(e->m.qts, base, cmds, SLOTS * sizeof(cmd));
    gpu_ring_w32(e, r, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w64(e, r, PUCK_GPU_RING_BASE, base | ORDER);
    gpu_ring_w32(e, r, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
}

static void fill_ring(GpuEnv *e, unsigned r, GpuCmd cmd)
{
    fill_ring_with_jobs(e, r, cmd, 1);
}

static uint32_t head_of(GpuEnv *e, unsigned r)
{
    return gpu_ring_r32(e, r, PUCK_GPU_RING_HEAD);
}

/* All of ring @r is done in the end, in holds that do @max of it each. */
static void expect_in_holds(GpuEnv *e, unsigned r, uint32_t end, unsigned max)
{
    uint32_t before = head_of(e, r);

    g_assert_cmpuint(before, <=, 2 * max);
    for (unsigned i = 0; before != end; i++) {
        uint32_t head;

        g_assert_cmpuint(i, <, 10000);
        qtest_clock_step(e->m.qts, 50000);
        head = head_of(e, r);
        g_assert_cmpuint(head, >=, before);
        g_assert_cmpuint(head - before, <=, 2 * max);
        before = head;
    }
    gpu_wait_status(e, r, PUCK_GPU_RING_BUSY, 0);
}

static void test_commands(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    fill_ring(&e, 0, (GpuCmd) { });
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, SLOTS - 1);
    expect_in_holds(&e, 0, SLOTS - 1, COMMANDS_MAX);
    gpu_stop(&e);
}

/* Short jobs: a byte each. */
static void test_jobs(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    fill_ring(&e, 0, gpu_fill(&e, SYS(page, 1), 1, 0x77));
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, SLOTS - 1);
    expect_in_holds(&e, 0, SLOTS - 1, COMMANDS_MAX);
    g_assert_cmphex(qtest_readb(e.m.qts, page), ==, 0x77);
    gpu_stop(&e);
}

/* All of a full stage is due at once, and let go by one write, on all rings. */
static void test_fences(void)
{
    uint32_t done = 0;
    GpuEnv e;

    gpu_start(&e, ",rings=8", "");
    for (unsigned r = 0; r < 8; r++) {
        fill_ring(&e, r, (GpuCmd) {
                      .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE) });
        gpu_ring_w64(&e, r, PUCK_GPU_RING_DELAY, 1000000000);
        gpu_ring_w32(&e, r, PUCK_GPU_RING_TAIL, PUCK_GPU_RING_FENCES_MAX_VALUE);
    }
    qtest_clock_step(e.m.qts, 100000000);
    for (unsigned r = 0; r < 8; r++) {
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_PENDING), ==,
                         PUCK_GPU_RING_FENCES_MAX_VALUE);
    }
    qtest_clock_step(e.m.qts, 900000000);
    for (unsigned r = 0; r < 8; r++) {
        done += gpu_ring_r32(&e, r, PUCK_GPU_RING_SEQNO);
    }
    /* A step of the clock ends at most where the first hold's pause does. */
    g_assert_cmpuint(done, <, 8 * PUCK_GPU_RING_FENCES_MAX_VALUE);
    for (unsigned i = 0; i < 20; i++) {
        puck_machine_settle(&e.m);
    }
    for (unsigned r = 0; r < 8; r++) {
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_SEQNO), ==,
                         PUCK_GPU_RING_FENCES_MAX_VALUE);
    }
    gpu_stop(&e);
}

static void test_release(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    fill_ring(&e, 0, (GpuCmd) { .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE) });
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 1);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, PUCK_GPU_RING_FENCES_MAX_VALUE);
    puck_machine_settle(&e.m);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_RELEASE, PUCK_GPU_RING_FENCES_MAX_VALUE);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO), <=,
                     2 * FENCES_MAX);
    puck_machine_settle(&e.m);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO), ==,
                     PUCK_GPU_RING_FENCES_MAX_VALUE);
    gpu_stop(&e);
}

/* A rule about accesses that matches none: each is worked on by itself. */
static void test_accesses(void)
{
    Mischief t;
    uint64_t page;

    mischief_start(&t, "");
    mischief_add(&t, "dma.write iova=0-0 fault");
    page = puck_machine_pages(&t.e.m, 16);
    fill_ring(&t.e, 0, gpu_fill(&t.e, SYS(page, 16 * PAGE), 16 * PAGE, 1));
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_TAIL, 100);
    expect_in_holds(&t.e, 0, 100, ACCESSES_MAX / 16);
    mischief_stop(&t);
}

/* The lists of a command are fetched in parts. */
static void test_lists(void)
{
    enum { SEGS = PUCK_GPU_SEGS_MAX_VALUE };
    g_autofree GpuSeg *segs = g_new(GpuSeg, SEGS);
    uint64_t page;
    Mischief t;
    GpuCmd cmd;

    mischief_start(&t, "");
    page = puck_machine_pages(&t.e.m, 1);
    for (unsigned i = 0; i < SEGS; i++) {
        segs[i] = SYS(page + i % PAGE, 1);
    }
    cmd = gpu_fill(&t.e, SYS(page, 1), 1, 0x5a);
    gpu_set_dst(&t.e, &cmd, segs, SEGS);
    mischief_add(&t, "dma.write iova=0-0 fault");
    gpu_submit(&t.e, 0, cmd);
    /* 20 ns a segment. */
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 0);
    puck_machine_settle(&t.e.m);
    gpu_wait(&t.e, 0, 1);
    g_assert_cmphex(qtest_readb(t.e.m.qts, page), ==, 0x5a);
    mischief_stop(&t);
}

/* "release" of what a rule holds is logged for each fence: not all at once. */
static void test_release_rule(void)
{
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "fence.complete hold");
    fill_ring(&t.e, 0, (GpuCmd) { .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE) });
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_TAIL, PUCK_GPU_RING_FENCES_MAX_VALUE);
    puck_machine_settle(&t.e.m);
    g_assert_cmpuint(mischief_pending(&t, 0), ==,
                     PUCK_GPU_RING_FENCES_MAX_VALUE);
    mischief_release(&t, rule);
    g_assert_cmpuint(mischief_pending(&t, 0), >,
                     PUCK_GPU_RING_FENCES_MAX_VALUE / 2);
    for (unsigned i = 0; i < 5; i++) {
        puck_machine_settle(&t.e.m);
    }
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, PUCK_GPU_RING_FENCES_MAX_VALUE);
    g_assert_cmpuint(mischief_events(&t, rule, "release", ""), ==,
                     PUCK_GPU_RING_FENCES_MAX_VALUE);
    mischief_stop(&t);
}

/* Moved with half of it done, what is left is done by the other side. */
static void test_move(void)
{
    Mischief from, t;
    uint32_t rule;

    mischief_start(&from, ",rings=3");
    rule = mischief_add(&from, "fence.complete ring=1 hold");
    fill_ring(&from.e, 0, (GpuCmd) { });
    for (unsigned r = 1; r < 3; r++) {
        fill_ring(&from.e, r, (GpuCmd) {
                      .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE) });
    }
    gpu_ring_w32(&from.e, 1, PUCK_GPU_RING_TAIL,
                 PUCK_GPU_RING_FENCES_MAX_VALUE);
    puck_machine_settle(&from.e.m);
    gpu_ring_w32(&from.e, 0, PUCK_GPU_RING_TAIL, SLOTS - 1);
    gpu_ring_w32(&from.e, 2, PUCK_GPU_RING_TAIL, SLOTS - 1);
    mischief_release(&from, rule);
    g_assert_cmpuint(head_of(&from.e, 0), <, SLOTS - 1);
    g_assert_cmpuint(mischief_pending(&from, 1), >, 1);
    mischief_move(&from, &t);
    for (unsigned i = 0; i < 20; i++) {
        puck_machine_settle(&t.e.m);
    }
    g_assert_cmpuint(head_of(&t.e, 0), ==, SLOTS - 1);
    g_assert_cmpuint(mischief_seqno(&t, 1), ==, PUCK_GPU_RING_FENCES_MAX_VALUE);
    g_assert_cmpuint(mischief_seqno(&t, 2), ==, SLOTS - 1);
    mischief_stop(&t);
}

/* So does a machine that is stopped and goes on; and RESET drops it. */
static void test_stop_and_reset(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    for (unsigned r = 0; r < 2; r++) {
        fill_ring(&e, r, (GpuCmd) { });
        gpu_ring_w32(&e, r, PUCK_GPU_RING_TAIL, SLOTS - 1);
    }
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'stop' }");
    gpu_ring_w32(&e, 1, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'cont' }");
    for (unsigned i = 0; i < 5; i++) {
        puck_machine_settle(&e.m);
    }
    g_assert_cmpuint(head_of(&e, 0), ==, SLOTS - 1);
    g_assert_cmpuint(head_of(&e, 1), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 1, PUCK_GPU_RING_STOP_HEAD), <,
                     SLOTS - 1);
    gpu_stop(&e);
}

static const GpuCmd bad_opcode = { .opcode = 0xffff };
#define SKIP    (PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP)

/* A ring that is halted by the first of @size commands of a job. */
static void halt_long_job(GpuEnv *e, unsigned size)
{
    fill_ring_with_jobs(e, 0, bad_opcode, size);
    gpu_ring_w32(e, 0, PUCK_GPU_RING_TAIL, SLOTS - 1);
    gpu_wait_status(e, 0, PUCK_GPU_RING_HALTED, PUCK_GPU_RING_HALTED);
    puck_w32(&e->f, PUCK_GPU_ERR_POP, 1);
}

/* SKIP passes a job as other work is done: in holds. */
static void test_skip(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    halt_long_job(&e, SLOTS);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, SKIP);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_BUSY);
    expect_in_holds(&e, 0, SLOTS - 1, COMMANDS_MAX);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_COUNT), ==, 0);
    gpu_stop(&e);
}

/* Moved right behind the write, it is passed by the other side. */
static void test_skip_move(void)
{
    Mischief from, t;

    mischief_start(&from, "");
    halt_long_job(&from.e, SLOTS - 2);
    gpu_ring_w32(&from.e, 0, PUCK_GPU_RING_CTRL, SKIP);
    g_assert_cmpuint(head_of(&from.e, 0), <, SLOTS / 2);
    mischief_move(&from, &t);
    for (unsigned i = 0; i < 20; i++) {
        puck_machine_settle(&t.e.m);
    }
    /* There is another job behind it, as bad as the first. */
    g_assert_cmpuint(head_of(&t.e, 0), ==, SLOTS - 2);
    g_assert_cmphex(gpu_ring_r32(&t.e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_HALTED);
    gpu_expect_error(&t.e, &(GpuError) {
                         .reason = PUCK_GPU_ERR_OPCODE, .index = SLOTS - 2,
                         .seqno = 2, .desc = PUCK_GPU_ERR_DESC_NONE });
    gpu_ring_w32(&t.e, 0, PUCK_GPU_RING_CTRL, SKIP);
    g_assert_cmpuint(head_of(&t.e, 0), ==, SLOTS - 1);
    mischief_stop(&t);
}

/*
 * A tail that is written meanwhile is for what comes later. Off or reset, the
 * ring looks for nothing any more.
 */
static void test_skip_ends(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    halt_long_job(&e, SLOTS);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, SLOTS - 3);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, SKIP);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, SLOTS - 1);
    for (unsigned i = 0; i < 20; i++) {
        puck_machine_settle(&e.m);
    }
    g_assert_cmpuint(head_of(&e, 0), ==, SLOTS - 3);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_HALTED);

    for (unsigned i = 0; i < 2; i++) {
        uint32_t before;

        gpu_ring_recover(&e, 0);
        halt_long_job(&e, SLOTS);
        gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, SKIP);
        gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, i ? PUCK_GPU_RING_RESET : 0);
        g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==, 0);
        before = head_of(&e, 0);
        puck_machine_settle(&e.m);
        g_assert_cmpuint(head_of(&e, 0), ==, before);
        gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
        puck_machine_settle(&e.m);
        g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STATUS), ==,
                        PUCK_GPU_RING_ON);
    }
    gpu_stop(&e);
}

void add_hold_tests(void)
{
    qtest_add_func("/puck-gpu/hold/commands", test_commands);
    qtest_add_func("/puck-gpu/hold/jobs", test_jobs);
    qtest_add_func("/puck-gpu/hold/fences", test_fences);
    qtest_add_func("/puck-gpu/hold/release", test_release);
    qtest_add_func("/puck-gpu/hold/accesses", test_accesses);
    qtest_add_func("/puck-gpu/hold/lists", test_lists);
    qtest_add_func("/puck-gpu/hold/release-rule", test_release_rule);
    qtest_add_func("/puck-gpu/hold/move", test_move);
    qtest_add_func("/puck-gpu/hold/stop-and-reset", test_stop_and_reset);
    qtest_add_func("/puck-gpu/hold/skip", test_skip);
    qtest_add_func("/puck-gpu/hold/skip-move", test_skip_move);
    qtest_add_func("/puck-gpu/hold/skip-ends", test_skip_ends);
}
