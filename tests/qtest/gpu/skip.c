/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: RING_CTRL.SKIP: a ring that halted goes on behind the job that
 * halted it.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "mischief.h"

#define NONE            PUCK_GPU_ERR_DESC_NONE
#define HOLE            0x8000000000ull
#define SKIP            (PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP)
#define ON              PUCK_GPU_RING_ON
#define HALTED          PUCK_GPU_RING_HALTED
#define RAM_SIZE        (256u << 20)

static uint32_t status(GpuEnv *e, unsigned r)
{
    return gpu_ring_r32(e, r, PUCK_GPU_RING_STATUS);
}

static uint32_t head(GpuEnv *e, unsigned r)
{
    return gpu_ring_r32(e, r, PUCK_GPU_RING_HEAD);
}

static void write_ctrl(GpuEnv *e, unsigned r, uint32_t value)
{
    gpu_ring_w32(e, r, PUCK_GPU_RING_CTRL, value);
}

static GpuCmd bad_opcode(void)
{
    return (GpuCmd) { .opcode = cpu_to_le16(0xbad) };
}

/* The error of a command at @index of ring 0 that has no such opcode. */
static void expect_bad_opcode(GpuEnv *e, unsigned index, uint32_t seqno)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_OPCODE, .index = index, .seqno = seqno,
        .desc = NONE,
    };

    gpu_expect_error(e, &error);
}

/* What emit_mark() of @value did to @page. */
static void emit_mark(GpuEnv *e, uint64_t page, unsigned value)
{
    gpu_emit(e, 0, gpu_fill(e, SYS(page + 4 * value, 4), 4, value));
}

static bool marked(GpuEnv *e, uint64_t page, unsigned value)
{
    return qtest_readl(e->m.qts, page + 4 * value) == value;
}

/*
 * A job's fence in the stage, a job with a bad command in its middle, and one
 * behind it. Returns the page with their marks.
 */
static uint64_t halt_second_job(GpuEnv *e)
{
    uint64_t page = puck_machine_pages(&e->m, 1);

    emit_mark(e, page, 1);
    gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    emit_mark(e, page, 2);
    gpu_emit(e, 0, bad_opcode());
    emit_mark(e, page, 3);
    gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    emit_mark(e, page, 4);
    gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 0);
    return page;
}

static void test_job(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    g_assert_true(puck_r64(&e.f, PUCK_GPU_FEATURES) & PUCK_GPU_FEATURE_SKIP);
    gpu_alive(&e, 0);
    gpu_ring_recover(&e, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 2);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 1);
    page = halt_second_job(&e);
    expect_bad_opcode(&e, 3, 3);
    g_assert_cmphex(status(&e, 0) & HALTED, ==, HALTED);
    g_assert_cmpuint(head(&e, 0), ==, 3);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_PENDING), ==, 1);

    write_ctrl(&e, 0, SKIP);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_CTRL), ==,
                    PUCK_GPU_RING_ENABLE);
    g_assert_cmphex(status(&e, 0) & HALTED, ==, 0);
    g_assert_cmpuint(head(&e, 0), ==, e.rings[0].tail);
    g_assert_true(marked(&e, page, 1));
    g_assert_true(marked(&e, page, 2));
    g_assert_false(marked(&e, page, 3));
    g_assert_true(marked(&e, page, 4));
    /* The fence that was held is, and the one behind the job; no other. */
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_PENDING), ==, 2);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO), ==, 1);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 2);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_RELEASE, 1);
    gpu_wait(&e, 0, 2);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 0);
    gpu_wait(&e, 0, 4);
    g_assert_false(puck_msix_take(&e.m, &e.f, e.rings[0].vector, false));
    g_assert_cmphex(status(&e, 0), ==, ON);
    g_assert_cmpuint(puck_r32(&e.f, PUCK_GPU_ERR_COUNT), ==, 0);
    gpu_alive(&e, 0);
    gpu_alive(&e, 1);
    gpu_stop(&e);
}

/* Each way to fail: in the command, its lists, its data, on threads. */
static void test_reasons(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    for (unsigned i = 0; i < 5; i++) {
        GpuCmd bad[] = {
            gpu_fill(&e, SYS(page, 4), 0, 1), gpu_fill(&e, SYS(page, 4), 8, 1),
            gpu_copy(&e, SYS(page, 8), SYS(HOLE, 8), 8),
            gpu_fill(&e, SYS(HOLE, 1 << 20), 1 << 20, 1),
            gpu_fill(&e, SYS(page, 4), 4, 1),
        };
        static const GpuError errors[] = {
            { .reason = PUCK_GPU_ERR_LENGTH, .desc = NONE },
            { .reason = PUCK_GPU_ERR_LIST_SHORT,
              .list = PUCK_GPU_ERR_LIST_DST, .desc = NONE },
            { .reason = PUCK_GPU_ERR_DMA_READ, .list = PUCK_GPU_ERR_LIST_SRC,
              .addr = HOLE },
            { .reason = PUCK_GPU_ERR_DMA_WRITE, .list = PUCK_GPU_ERR_LIST_DST,
              .addr = HOLE },
            { .reason = PUCK_GPU_ERR_LIST_READ, .list = PUCK_GPU_ERR_LIST_DST,
              .desc = NONE, .addr = HOLE },
        };
        GpuError error = errors[i];

        bad[4].dst_list = cpu_to_le64(HOLE);
        g_test_message("reason %u", error.reason);
        error.index = e.rings[0].tail;
        error.seqno = gpu_submit(&e, 0, bad[i]);
        gpu_expect_error(&e, &error);
        write_ctrl(&e, 0, SKIP);
        gpu_alive(&e, 0);
    }
    gpu_stop(&e);
}

/* The job goes over the end of the ring, wherever it begins there. */
static void test_wrap(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    for (unsigned start = GPU_RING_SIZE - 6; start < GPU_RING_SIZE; start++) {
        uint32_t seqno;

        while (e.rings[0].tail != start) {
            gpu_fence(&e, 0, 0);
            gpu_doorbell(&e, 0);
        }
        gpu_emit(&e, 0, bad_opcode());
        for (unsigned i = 0; i < 3; i++) {
            gpu_emit(&e, 0, bad_opcode());
        }
        seqno = gpu_fence(&e, 0, PUCK_GPU_FENCE_IRQ);
        gpu_fence(&e, 0, PUCK_GPU_FENCE_IRQ);
        gpu_doorbell(&e, 0);
        expect_bad_opcode(&e, start, seqno);
        write_ctrl(&e, 0, SKIP);
        gpu_wait(&e, 0, seqno + 1);
        g_assert_false(puck_msix_take(&e.m, &e.f, e.rings[0].vector, false));
        g_assert_cmpuint(head(&e, 0), ==, e.rings[0].tail);
    }
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* All that the ring has is one job's; and what that job gets later is new. */
static void test_whole_ring(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    gpu_emit(&e, 0, bad_opcode());
    for (unsigned i = 1; i < GPU_RING_SIZE - 1; i++) {
        emit_mark(&e, page, i);
    }
    gpu_doorbell(&e, 0);
    expect_bad_opcode(&e, 0, 1);
    /* A slot is free, and a doorbell rings before the head has moved. */
    write_ctrl(&e, 0, SKIP);
    emit_mark(&e, page, GPU_RING_SIZE - 1);
    gpu_doorbell(&e, 0);
    gpu_wait_status(&e, 0, PUCK_GPU_RING_BUSY, 0);
    g_assert_cmpuint(head(&e, 0), ==, 0);
    for (unsigned i = 1; i < GPU_RING_SIZE - 1; i++) {
        g_assert_false(marked(&e, page, i));
    }
    g_assert_true(marked(&e, page, GPU_RING_SIZE - 1));
    gpu_fence(&e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&e, 0);
    gpu_wait(&e, 0, 1);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* On a ring that is not halted, or off: nothing is skipped. */
static void test_bad_running(void)
{
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    write_ctrl(&e, 0, SKIP);
    g_assert_cmphex(status(&e, 0), ==, ON);
    gpu_alive(&e, 0);
    /* With commands that it has not come to. */
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_START_DELAY, 1000);
    emit_mark(&e, page, 1);
    gpu_fence(&e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&e, 0);
    write_ctrl(&e, 0, SKIP);
    qtest_clock_step(e.m.qts, 1000);
    gpu_wait(&e, 0, 2);
    g_assert_true(marked(&e, page, 1));
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_START_DELAY, 0);

    write_ctrl(&e, 0, 0);
    write_ctrl(&e, 0, PUCK_GPU_RING_SKIP);
    g_assert_cmphex(status(&e, 0), ==, 0);
    /* ENABLE means what it does. */
    write_ctrl(&e, 0, SKIP);
    g_assert_cmphex(status(&e, 0), ==, ON);
    e.rings[0].tail = 0;
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

static void halt(GpuEnv *e)
{
    uint32_t index = e->rings[0].tail;

    expect_bad_opcode(e, index, gpu_submit(e, 0, bad_opcode()));
    g_assert_cmphex(status(e, 0), ==, ON | HALTED);
}

/* On a halted one together with other bits: these count. */
static void test_bad_bits(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    halt(&e);
    write_ctrl(&e, 0, PUCK_GPU_RING_SKIP);
    g_assert_cmphex(status(&e, 0), ==, HALTED);
    gpu_ring_recover(&e, 0);

    gpu_fence(&e, 0, 0);
    halt(&e);
    write_ctrl(&e, 0, SKIP | PUCK_GPU_RING_RESET);
    g_assert_cmphex(gpu_ring_r32(&e, 0, PUCK_GPU_RING_CTRL), ==, 0);
    g_assert_cmphex(status(&e, 0), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 1);
    gpu_ring_on(&e, 0);
    gpu_alive(&e, 0);
    /* A reserved bit is none. */
    halt(&e);
    write_ctrl(&e, 0, SKIP | 0xfffffff8);
    g_assert_cmphex(status(&e, 0), ==, ON);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* Not by the command at the head, or not by that alone: RESET helps. */
static void test_bad_cause(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_WRITE_BACK, .desc = NONE, .addr = HOLE,
        .seqno = 1,
    };
    uint32_t bad;
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_WB_ADDR, HOLE);
    gpu_fence(&e, 0, 0);
    gpu_doorbell(&e, 0);
    gpu_expect_error(&e, &error);
    write_ctrl(&e, 0, SKIP);
    g_assert_cmphex(status(&e, 0), ==, ON | HALTED);
    gpu_ring_recover(&e, 0);
    gpu_alive(&e, 0);

    /* A fence whose slot cannot be written, behind the error of a command. */
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 1);
    error.seqno = gpu_fence(&e, 0, 0);
    error.index = e.rings[0].tail - 1;
    bad = gpu_submit(&e, 0, bad_opcode());
    expect_bad_opcode(&e, error.index + 1, bad);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_WB_ADDR, HOLE);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_HOLD, 0);
    gpu_expect_error(&e, &error);
    write_ctrl(&e, 0, SKIP);
    g_assert_cmphex(status(&e, 0), ==, ON | HALTED);
    gpu_ring_recover(&e, 0);
    gpu_alive(&e, 0);

    /* The command that halted it is not at the head any more. */
    halt(&e);
    write_ctrl(&e, 0, 0);
    write_ctrl(&e, 0, PUCK_GPU_RING_ENABLE);
    g_assert_cmphex(status(&e, 0), ==, ON | HALTED);
    write_ctrl(&e, 0, SKIP);
    g_assert_cmphex(status(&e, 0), ==, ON | HALTED);
    gpu_ring_recover(&e, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* A command of the time before ENABLE fails under the ring's next commands. */
static void test_bad_before(void)
{
    enum { LONG = 64u << 20 };
    GpuError error = {
        .reason = PUCK_GPU_ERR_DMA_WRITE, .list = PUCK_GPU_ERR_LIST_DST,
        .seqno = 1, .addr = RAM_SIZE,
    };
    GpuEnv e;

    gpu_start(&e, "", "");
    /* Not done before its thread is told to go on. */
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_START_DELAY, 1000);
    gpu_submit(&e, 0, gpu_fill(&e, SYS(RAM_SIZE - LONG, LONG + 1), LONG + 1,
                               0));
    qtest_clock_step(e.m.qts, 1000);
    write_ctrl(&e, 0, 0);
    write_ctrl(&e, 0, PUCK_GPU_RING_ENABLE);
    gpu_expect_error(&e, &error);
    g_assert_cmphex(status(&e, 0), ==, ON | HALTED);
    write_ctrl(&e, 0, SKIP);
    g_assert_cmphex(status(&e, 0), ==, ON | HALTED);
    gpu_ring_recover(&e, 0);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_START_DELAY, 0);
    e.rings[0].seqno = 0;
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* A bad doorbell halts nothing, and changes nothing of a halted ring. */
static void test_bad_tail(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_TAIL, .desc = NONE, .addr = 999,
    };
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, 999);
    write_ctrl(&e, 0, SKIP);
    gpu_expect_error(&e, &error);
    g_assert_cmphex(status(&e, 0), ==, ON);
    halt(&e);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, 999);
    g_assert_cmphex(status(&e, 0), ==, ON | HALTED);
    write_ctrl(&e, 0, SKIP);
    gpu_expect_error(&e, &error);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/*
 * A ring of which the second page is behind the end of RAM: where the walk
 * comes to it, the ring halts, and again each time.
 */
static void test_bad_ring_read(void)
{
    enum { FIRST = PAGE / sizeof(GpuCmd) };
    uint64_t base = RAM_SIZE - PAGE;
    GpuError error = {
        .reason = PUCK_GPU_ERR_RING_READ, .index = FIRST, .desc = NONE,
        .addr = RAM_SIZE,
    };
    GpuEnv e;

    gpu_start(&e, "", "");
    /* 0xffff is no opcode; all have the same seqno. */
    qtest_memset(e.m.qts, base, 0xff, PAGE);
    write_ctrl(&e, 0, 0);
    gpu_ring_w64(&e, 0, PUCK_GPU_RING_BASE, base | 7);
    write_ctrl(&e, 0, PUCK_GPU_RING_ENABLE);
    gpu_ring_w32(&e, 0, PUCK_GPU_RING_TAIL, 100);
    expect_bad_opcode(&e, 0, UINT32_MAX);
    for (unsigned i = 0; i < 3; i++) {
        write_ctrl(&e, 0, SKIP);
        gpu_expect_error(&e, &error);
        g_assert_cmphex(status(&e, 0), ==, ON | HALTED);
        g_assert_cmpuint(head(&e, 0), ==, FIRST);
    }
    gpu_ring_recover(&e, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* The message that tells of errors, aimed at SKIP: the ring helps itself. */
static void test_message(void)
{
    uint64_t entry, ctrl = PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL;
    QPCIDevice *dev;
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    dev = e.f.dev;
    entry = dev->msix_table_off + e.error_vector * PCI_MSIX_ENTRY_SIZE;
    qpci_io_writel(dev, dev->msix_table_bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR,
                   e.f.bar.addr + ctrl);
    qpci_io_writel(dev, dev->msix_table_bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR,
                   (e.f.bar.addr + ctrl) >> 32);
    qpci_io_writel(dev, dev->msix_table_bar, entry + PCI_MSIX_ENTRY_DATA, SKIP);
    puck_w32(&e.f, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ERROR);
    for (unsigned i = 0; i < 3; i++) {
        page = halt_second_job(&e);
        puck_machine_settle(&e.m);
        gpu_wait(&e, 0, e.rings[0].seqno);
        /* The first job's. */
        g_assert_false(marked(&e, page, 3));
        g_assert_true(marked(&e, page, 4));
        g_assert_cmphex(status(&e, 0), ==, ON);
        expect_bad_opcode(&e, e.rings[0].tail - 5, e.rings[0].seqno - 1);
    }
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* What rules do to a job ends with it: nothing is left for those behind. */
static void test_rules(void)
{
    uint32_t fault, fails;
    uint64_t page;
    Mischief t;

    mischief_start(&t, "");
    page = puck_machine_pages(&t.e.m, 4);
    /* Access by access: the second of four faults. */
    fault = mischief_add(&t, "dma.write nth=2 fault");
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4 * PAGE), 4 * PAGE, 1));
    gpu_wait_status(&t.e, 0, HALTED, HALTED);
    write_ctrl(&t.e, 0, SKIP);
    gpu_run(&t.e, 0, gpu_fill(&t.e, SYS(page, 4 * PAGE), 4 * PAGE, 7));
    for (unsigned i = 0; i < 4; i++) {
        g_assert_cmphex(qtest_readl(t.e.m.qts, page + i * PAGE), ==, 7);
    }
    mischief_counted(&t, fault, 6, 1);
    mischief_remove(&t, fault);

    /* The FENCE itself: nothing is left of its job but that. */
    fails = mischief_add(&t, "fence.complete nth=1 error");
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(page, 4), 4, 2));
    gpu_wait_status(&t.e, 0, HALTED, HALTED);
    g_assert_cmphex(qtest_readl(t.e.m.qts, page), ==, 2);
    write_ctrl(&t.e, 0, SKIP);
    gpu_alive(&t.e, 0);
    mischief_counted(&t, fails, 2, 1);
    mischief_stop(&t);
}

/* Its fence came early, and its FENCE is passed; no other is, a lap later. */
static void test_early(void)
{
    uint32_t early, seqno;
    Mischief t;

    mischief_start(&t, "");
    early = mischief_add(&t, "fence.complete nth=1 early=1us");
    gpu_emit(&t.e, 0, gpu_fill(&t.e, SYS(HOLE, 4), 4, 1));
    seqno = gpu_fence(&t.e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&t.e, 0);
    gpu_wait(&t.e, 0, seqno);
    mischief_step(&t, 1000);
    gpu_wait_status(&t.e, 0, HALTED, HALTED);
    mischief_remove(&t, early);
    write_ctrl(&t.e, 0, SKIP);
    for (unsigned i = 0; i < 2 * GPU_RING_SIZE; i++) {
        seqno = gpu_fence(&t.e, 0, PUCK_GPU_FENCE_IRQ);
        gpu_doorbell(&t.e, 0);
        gpu_wait(&t.e, 0, seqno);
    }
    mischief_stop(&t);
}

/*
 * A ring as the stream has it: base (64 bits), enabled, halted, head, tail (32
 * each), the slot's address (64), seqno, the stop's head; then of SKIP the
 * state, the seqno and the end (32 each). Bytes count from the slot's address.
 */
enum {
    AT_ENABLED = -13,
    AT_HALTED = -9,
    AT_STATE = 19,
    AT_END = 27,
};

static void test_bad_stream(void)
{
    static const struct {
        const char *what;
        struct {
            int at;
            uint8_t value;
        } bytes[2];
    } bad[] = {
        { "no such state", { { AT_STATE, 3 } } },
        { "a negative one", { { AT_STATE - 3, 0x80 } } },
        { "the end behind the ring",
          { { AT_STATE, 1 }, { AT_END, GPU_RING_SIZE } } },
        { "far behind it", { { AT_STATE, 2 }, { AT_END - 3, 0x80 } } },
        { "of a ring that is off", { { AT_STATE, 2 }, { AT_ENABLED, 0 } } },
        { "of one that is halted yet", { { AT_STATE, 1 }, { AT_HALTED, 1 } } },
    };
    static const char args[] = "-device " GPU_OPTIONS ",addr=4";
    g_autofree char *path = puck_log_path();
    g_autofree char *good = NULL;
    GpuEnv e;
    gsize len;

    QEMU_BUILD_BUG_ON(GPU_RING_SIZE > UINT8_MAX);
    gpu_start_at(&e, args, 0, GPU_DEVFN);
    puck_machine_save(&e.m, path);
    g_assert_true(g_file_get_contents(path, &good, &len, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *stream = g_memdup2(good, len);
        char *slot = puck_stream_find(stream, len, e.rings[0].wb);

        for (unsigned k = 0; k < 2 && bad[i].bytes[k].at; k++) {
            slot[bad[i].bytes[k].at] = bad[i].bytes[k].value;
        }
        g_test_message("%s", bad[i].what);
        g_assert_true(g_file_set_contents(path, stream, len, NULL));
        puck_machine_load_refused(args, path, "ring 0: bad state");
    }
    unlink(path);
    gpu_stop(&e);
}

void add_skip_tests(void)
{
    qtest_add_func("/puck-gpu/skip/job", test_job);
    qtest_add_func("/puck-gpu/skip/reasons", test_reasons);
    qtest_add_func("/puck-gpu/skip/wrap", test_wrap);
    qtest_add_func("/puck-gpu/skip/whole-ring", test_whole_ring);
    qtest_add_func("/puck-gpu/skip/bad_running", test_bad_running);
    qtest_add_func("/puck-gpu/skip/bad_bits", test_bad_bits);
    qtest_add_func("/puck-gpu/skip/bad_cause", test_bad_cause);
    qtest_add_func("/puck-gpu/skip/bad_before", test_bad_before);
    qtest_add_func("/puck-gpu/skip/bad_tail", test_bad_tail);
    qtest_add_func("/puck-gpu/skip/bad_ring_read", test_bad_ring_read);
    qtest_add_func("/puck-gpu/skip/message", test_message);
    qtest_add_func("/puck-gpu/skip/rules", test_rules);
    qtest_add_func("/puck-gpu/skip/early", test_early);
    qtest_add_func("/puck-gpu/skip/bad_stream", test_bad_stream);
}
