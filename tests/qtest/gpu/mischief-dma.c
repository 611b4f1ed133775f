/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: mischief at the sites dma.read and dma.write: accesses to data, cut
 * at 4 KiB, in their order and on the virtual clock.
 */

#include "qemu/osdep.h"
#include "qemu/crc32c.h"
#include "mischief.h"

#define MiB             (1u << 20)

/* Two areas in system memory, the first with a pattern in it. */
typedef struct Areas {
    Mischief t;
    uint64_t from;
    uint64_t to;
    uint32_t size;
    uint8_t *bytes;             /* what is in the first one */
} Areas;

static void areas_start(Areas *a, unsigned pages)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);

    mischief_start(&a->t, "");
    a->size = pages * PAGE;
    a->from = puck_machine_pages(&a->t.e.m, pages);
    a->to = puck_machine_pages(&a->t.e.m, pages);
    a->bytes = g_malloc(a->size);
    for (uint32_t i = 0; i < a->size; i++) {
        a->bytes[i] = g_rand_int_range(rand, 1, 256);
    }
    gpu_write(&a->t.e, SYS(a->from, a->size), a->bytes);
}

static void areas_stop(Areas *a)
{
    mischief_stop(&a->t);
    g_free(a->bytes);
}

static GpuCmd copy_all(Areas *a)
{
    return gpu_copy(&a->t.e, SYS(a->to, a->size), SYS(a->from, a->size),
                    a->size);
}

/* The second area from @at on reads @len bytes as @want, or as zeroes. */
static void expect_bytes(Areas *a, uint32_t at, const uint8_t *want,
                         uint32_t len)
{
    g_autofree uint8_t *got = g_malloc0(len);
    g_autofree uint8_t *zeroes = g_malloc0(len);

    gpu_read(&a->t.e, SYS(a->to + at, len), got);
    g_assert_cmpmem(got, len, want ? want : zeroes, len);
}

static void expect_copied(Areas *a)
{
    expect_bytes(a, 0, a->bytes, a->size);
}

static void expect_error(Areas *a, uint8_t reason, uint64_t addr)
{
    GpuError error = {
        .reason = reason, .seqno = a->t.e.rings[0].seqno, .addr = addr,
        .list = reason == PUCK_GPU_ERR_DMA_READ ? PUCK_GPU_ERR_LIST_SRC :
                                                  PUCK_GPU_ERR_LIST_DST,
        .index = a->t.e.rings[0].tail - 2,
    };

    gpu_wait_status(&a->t.e, 0, PUCK_GPU_RING_HALTED, PUCK_GPU_RING_HALTED);
    gpu_expect_error(&a->t.e, &error);
    gpu_ring_recover(&a->t.e, 0);
}

/* Commands come out the same, whatever their shape. */
static void test_all_commands(void)
{
    uint32_t rule, crc;
    GpuSeg segs[3];
    GpuCmd cmd;
    Areas a;

    areas_start(&a, 8);
    rule = mischief_add(&a.t, "dma.read seqno=1000000 fault");
    gpu_run(&a.t.e, 0, copy_all(&a));
    expect_copied(&a);
    /* Misaligned against each other, through VRAM and back, in pieces. */
    gpu_run(&a.t.e, 0, gpu_copy(&a.t.e, VRAM(77, 20000), SYS(a.from + 3, 20000),
                                20000));
    gpu_run(&a.t.e, 0, gpu_fill(&a.t.e, SYS(a.to, a.size), a.size, 0));
    segs[0] = SYS(a.to + 5001, 1);
    segs[1] = SYS(a.to + 5002, 12000);
    segs[2] = SYS(a.to + 17002, 7999);
    cmd = gpu_copy(&a.t.e, segs[0], VRAM(77, 20000), 20000);
    gpu_set_dst(&a.t.e, &cmd, segs, 3);
    gpu_run(&a.t.e, 0, cmd);
    expect_bytes(&a, 5001, a.bytes + 3, 20000);
    expect_bytes(&a, 0, NULL, 5001);
    expect_bytes(&a, 25001, NULL, a.size - 25001);
    /* A rectangle. */
    gpu_run(&a.t.e, 0, gpu_fill(&a.t.e, SYS(a.to, a.size), a.size, 0));
    gpu_run(&a.t.e, 0, gpu_blit(&a.t.e, SYS(a.to + 10, a.size - 10),
                                SYS(a.from + 7, a.size - 7), 6000, 5000, 4500,
                                5));
    for (unsigned y = 0; y < 5; y++) {
        expect_bytes(&a, 10 + 6000 * y, a.bytes + 7 + 5000 * y, 4500);
        expect_bytes(&a, 10 + 6000 * y + 4500, NULL, 1500);
    }
    /* A value that does not end where pages do, and a checksum. */
    gpu_run(&a.t.e, 0, gpu_fill(&a.t.e, SYS(a.to + 4094, 9), 9, 0x04030201));
    expect_bytes(&a, 4094, (const uint8_t *)"\1\2\3\4\1\2\3\4\1", 9);
    gpu_run(&a.t.e, 0, gpu_crc(&a.t.e, SYS(a.to + 4094, 4),
                               SYS(a.from + 1, 30000), 30000));
    crc = crc32c(0xffffffff, a.bytes + 1, 30000);
    expect_bytes(&a, 4094, (const uint8_t *)&crc, 4);
    mischief_counted(&a.t, rule, 0, 0);
    areas_stop(&a);
}

/* Which accesses there are, and in which order. */
static void test_order(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 3);
    rule = mischief_add(&a.t, "dma.read delay=0ns");
    mischief_add(&a.t, "dma.write delay=0ns");
    gpu_submit(&a.t.e, 0, gpu_copy(&a.t.e, SYS(a.to + 100, 6000),
                                   SYS(a.from + 4000, 6000), 6000));
    mischief_step(&a.t, 1);
    gpu_wait(&a.t.e, 0, 1);
    expect_bytes(&a, 100, a.bytes + 4000, 6000);
    /* Reads of 96, 4096 and 1808 bytes, writes of 3996 and 2004. */
    mischief_counted(&a.t, rule, 3, 3);
    mischief_counted(&a.t, rule + 1, 2, 2);
    g_assert_cmpuint(mischief_acts(&a.t, rule, "delay", ".*\"iova\": \"0x[0-9a-"
                                   "f]+fa0\", \"len\": 96, \"dir\": \"read\""),
                     ==, 1);
    g_assert_cmpuint(mischief_acts(&a.t, rule, "delay", ".*\"len\": 4096, "),
                     ==, 1);
    g_assert_cmpuint(mischief_acts(&a.t, rule, "delay", ".*\"len\": 1808, "),
                     ==, 1);
    g_assert_cmpuint(mischief_acts(&a.t, rule + 1, "delay", ".*\"iova\": \"0x"
                                   "[0-9a-f]+064\", \"len\": 3996, \"dir\": "
                                   "\"write\""), ==, 1);
    g_assert_cmpuint(mischief_acts(&a.t, rule + 1, "delay", ".*\"len\": 2004,"),
                     ==, 1);
    areas_stop(&a);
}

static void test_fault(void)
{
    uint32_t read, write;
    Areas a;

    areas_start(&a, 4);
    read = mischief_add(&a.t, "dma.read nth=3 fault");
    gpu_submit(&a.t.e, 0, copy_all(&a));
    expect_error(&a, PUCK_GPU_ERR_DMA_READ, a.from + 2 * PAGE);
    expect_bytes(&a, 0, a.bytes, 2 * PAGE);
    expect_bytes(&a, 2 * PAGE, NULL, 2 * PAGE);
    g_assert_cmpuint(mischief_acts(&a.t, read, "fault", ", \"ring\": 0, "
                                   "\"seqno\": 1, \"iova\": .*\"read\""),
                     ==, 1);
    write = mischief_add(&a.t, "dma.write nth=1 fault");
    gpu_submit(&a.t.e, 0, gpu_fill(&a.t.e, SYS(a.to + 99, 8), 8, 0));
    expect_error(&a, PUCK_GPU_ERR_DMA_WRITE, a.to + 99);
    expect_bytes(&a, 0, a.bytes, 2 * PAGE);
    mischief_counted(&a.t, write, 1, 1);
    /* A checksum writes, too. */
    write = mischief_add(&a.t, "dma.write nth=1 fault");
    gpu_submit(&a.t.e, 0, gpu_crc(&a.t.e, SYS(a.to, 4), SYS(a.from, 9), 9));
    expect_error(&a, PUCK_GPU_ERR_DMA_WRITE, a.to);
    gpu_alive(&a.t.e, 0);
    areas_stop(&a);
}

/* Another range, direction, ring or number; VRAM, lists, slots; or removed. */
static void test_fault_not(void)
{
    uint32_t rules[5];
    char text[80];
    Areas a;

    areas_start(&a, 4);
    snprintf(text, sizeof(text), "dma.read iova=0x%" PRIx64 "-0x%" PRIx64
             " fault", a.from + a.size, a.from + a.size + 999);
    rules[0] = mischief_add(&a.t, text);
    rules[1] = mischief_add(&a.t, "dma.read dir=write fault");
    rules[2] = mischief_add(&a.t, "dma.write ring=1 fault");
    rules[3] = mischief_add(&a.t, "dma.write seqno=9 fault");
    rules[4] = mischief_add(&a.t, "dma.read ring=0 nth=5 fault");
    gpu_run(&a.t.e, 0, copy_all(&a));
    expect_copied(&a);
    for (unsigned i = 0; i < 4; i++) {
        mischief_counted(&a.t, rules[i], 0, 0);
        mischief_remove(&a.t, rules[i]);
    }
    mischief_counted(&a.t, rules[4], 4, 0);
    mischief_remove(&a.t, rules[4]);
    rules[0] = mischief_add(&a.t, "dma.write fault");
    gpu_run(&a.t.e, 0, gpu_copy(&a.t.e, VRAM(0, 9000), SYS(a.from, 9000),
                                9000));
    gpu_run(&a.t.e, 1, gpu_fill(&a.t.e, VRAM(0, 9000), 9000, 0));
    mischief_counted(&a.t, rules[0], 0, 0);
    mischief_remove(&a.t, rules[0]);
    gpu_run(&a.t.e, 0, copy_all(&a));
    areas_stop(&a);
}

static void test_corrupt(void)
{
    g_autofree uint8_t *want = NULL;
    uint32_t crc;
    Areas a;

    areas_start(&a, 4);
    mischief_add(&a.t, "dma.read nth=1 corrupt=xor:0xff");
    mischief_add(&a.t, "dma.write nth=2 corrupt=and:0x0f");
    mischief_add(&a.t, "dma.write nth=2 corrupt=or:0x80");
    gpu_run(&a.t.e, 0, copy_all(&a));
    want = g_memdup2(a.bytes, a.size);
    for (unsigned i = 0; i < PAGE; i++) {
        want[i] ^= 0xff;
        want[PAGE + i] &= 0x0f;
        want[2 * PAGE + i] |= 0x80;
    }
    expect_bytes(&a, 0, want, a.size);
    g_assert_cmpuint(puck_log_count(a.t.log, "\"action\": \"corrupt"), ==, 3);
    /* What was read is not what is there. */
    mischief_add(&a.t, "dma.read nth=1 corrupt=and:0");
    gpu_run(&a.t.e, 0, gpu_crc(&a.t.e, SYS(a.to, 4), SYS(a.from, 100), 100));
    memset(want, 0, 100);
    crc = crc32c(0xffffffff, want, 100);
    expect_bytes(&a, 0, (const uint8_t *)&crc, 4);
    areas_stop(&a);
}

static void test_corrupt_not(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 4);
    rule = mischief_add(&a.t, "dma.write nth=5 corrupt=xor:1");
    gpu_run(&a.t.e, 0, copy_all(&a));
    expect_copied(&a);
    mischief_counted(&a.t, rule, 4, 0);
    areas_stop(&a);
}

static void test_truncate(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 4);
    qtest_memset(a.t.e.m.qts, a.to, 0x77, a.size);
    mischief_add(&a.t, "dma.read nth=1 truncate=1000");
    rule = mischief_add(&a.t, "dma.write nth=2 truncate=1K");
    mischief_add(&a.t, "dma.write nth=2 truncate=0");
    mischief_add(&a.t, "dma.write nth=2 truncate=1M");
    gpu_run(&a.t.e, 0, copy_all(&a));
    expect_bytes(&a, 0, a.bytes, 1000);
    expect_bytes(&a, 1000, NULL, PAGE - 1000);
    expect_bytes(&a, PAGE, a.bytes + PAGE, 1024);
    for (unsigned i = PAGE + 1024; i < 3 * PAGE; i++) {
        uint8_t byte = 0;

        gpu_read(&a.t.e, SYS(a.to + i, 1), &byte);
        g_assert_cmphex(byte, ==, 0x77);
        i += i % 7;
    }
    expect_bytes(&a, 3 * PAGE, a.bytes + 3 * PAGE, PAGE);
    g_assert_cmpuint(mischief_acts(&a.t, rule, "truncate", ", \"value\": 1024"),
                     ==, 1);
    areas_stop(&a);
}

static void test_truncate_not(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 4);
    rule = mischief_add(&a.t, "dma.read seqno=2-9 truncate=1");
    gpu_run(&a.t.e, 0, copy_all(&a));
    expect_copied(&a);
    mischief_counted(&a.t, rule, 0, 0);
    areas_stop(&a);
}

static void test_delay(void)
{
    uint32_t read, write;
    Areas a;

    areas_start(&a, 4);
    read = mischief_add(&a.t, "dma.read ring=0 nth=2 delay=50us");
    write = mischief_add(&a.t, "dma.write ring=0 nth=4 delay=1us");
    gpu_submit(&a.t.e, 0, copy_all(&a));
    expect_bytes(&a, 0, a.bytes, PAGE);
    expect_bytes(&a, PAGE, NULL, 3 * PAGE);
    g_assert_true(gpu_ring_r32(&a.t.e, 0, PUCK_GPU_RING_STATUS) &
                  PUCK_GPU_RING_BUSY);
    gpu_alive(&a.t.e, 1);
    mischief_step(&a.t, 49999);
    expect_bytes(&a, PAGE, NULL, 3 * PAGE);
    /* It reads what is there then. */
    gpu_write(&a.t.e, SYS(a.from + PAGE, PAGE), a.bytes);
    memcpy(a.bytes + PAGE, a.bytes, PAGE);
    mischief_step(&a.t, 1);
    expect_bytes(&a, PAGE, a.bytes + PAGE, 2 * PAGE);
    expect_bytes(&a, 3 * PAGE, NULL, PAGE);
    g_assert_cmpuint(mischief_seqno(&a.t, 0), ==, 0);
    mischief_step(&a.t, 1000);
    gpu_wait(&a.t.e, 0, 1);
    expect_copied(&a);
    g_assert_cmpuint(mischief_events(&a.t, read, "expire", ".*\"read\""),
                     ==, 1);
    g_assert_cmpuint(mischief_events(&a.t, write, "expire", ".*\"write\""),
                     ==, 1);
    areas_stop(&a);
}

static void test_delay_not(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 4);
    rule = mischief_add(&a.t, "dma.read ring=1 delay=1s");
    gpu_run(&a.t.e, 0, copy_all(&a));
    mischief_counted(&a.t, rule, 0, 0);
    areas_stop(&a);
}

static void test_split(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 2);
    rule = mischief_add(&a.t, "dma.write ring=0 nth=1 split=9us");
    mischief_add(&a.t, "dma.write ring=0 nth=2 split=1us");
    gpu_submit(&a.t.e, 0, copy_all(&a));
    mischief_step(&a.t, 8999);
    expect_bytes(&a, 0, a.bytes, PAGE / 2);
    expect_bytes(&a, PAGE / 2, NULL, a.size - PAGE / 2);
    mischief_step(&a.t, 1);
    gpu_wait(&a.t.e, 0, 1);
    expect_copied(&a);
    g_assert_cmpuint(mischief_acts(&a.t, rule, "split", ", \"value\": 9000"),
                     ==, 1);
    g_assert_cmpuint(mischief_events(&a.t, rule, "expire", ".*\"write\""),
                     ==, 1);
    /* Values and checksums come in halves, too. */
    gpu_submit(&a.t.e, 0, gpu_fill(&a.t.e, SYS(a.to, 5), 5, 0x04030201));
    expect_bytes(&a, 0, (const uint8_t *)"\1\2", 2);
    expect_bytes(&a, 2, a.bytes + 2, 3);
    mischief_step(&a.t, 1000);
    gpu_wait(&a.t.e, 0, 2);
    expect_bytes(&a, 0, (const uint8_t *)"\1\2\3\4\1", 5);
    areas_stop(&a);
}

static void test_split_not(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 2);
    rule = mischief_add(&a.t, "dma.write split=1s");
    /* One byte has no halves. */
    gpu_run(&a.t.e, 0, gpu_copy(&a.t.e, SYS(a.to, 1), SYS(a.from, 1), 1));
    mischief_counted(&a.t, rule, 0, 0);
    mischief_remove(&a.t, rule);
    gpu_run(&a.t.e, 0, copy_all(&a));
    expect_copied(&a);
    areas_stop(&a);
}

static void test_reorder(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 4);
    rule = mischief_add(&a.t, "dma.write nth=1 reorder");
    mischief_add(&a.t, "dma.read nth=3 delay=1us");
    /* The first page is read and written late, behind the second's read. */
    mischief_add(&a.t, "dma.read nth=2 delay=1us");
    gpu_submit(&a.t.e, 0, copy_all(&a));
    expect_bytes(&a, 0, NULL, a.size);
    mischief_step(&a.t, 1000);
    expect_bytes(&a, 0, a.bytes, 2 * PAGE);
    expect_bytes(&a, 2 * PAGE, NULL, 2 * PAGE);
    mischief_step(&a.t, 1000);
    gpu_wait(&a.t.e, 0, 1);
    expect_copied(&a);
    g_assert_cmpuint(mischief_acts(&a.t, rule, "reorder", ".*\"write\""),
                     ==, 1);
    g_assert_cmpuint(mischief_events(&a.t, rule, "release", ".*\"write\""),
                     ==, 1);
    areas_stop(&a);
}

/* Of two writes to one place the first is what stays; a last one lands, too. */
static void test_reorder_same(void)
{
    static const char twice[] = "ABCDEFGH";
    GpuSeg segs[2];
    uint32_t rule;
    GpuCmd cmd;
    Areas a;

    areas_start(&a, 1);
    rule = mischief_add(&a.t, "dma.write nth=1 reorder");
    segs[0] = segs[1] = SYS(a.to, 4);
    /* The source is in VRAM, so that the next access is the write. */
    gpu_write(&a.t.e, VRAM(0, 8), twice);
    cmd = gpu_copy(&a.t.e, segs[0], VRAM(0, 8), 8);
    gpu_set_dst(&a.t.e, &cmd, segs, 2);
    gpu_run(&a.t.e, 0, cmd);
    expect_bytes(&a, 0, (const uint8_t *)"ABCD", 4);
    /* Nothing comes behind it. */
    mischief_remove(&a.t, rule);
    rule = mischief_add(&a.t, "dma.write nth=1 reorder");
    gpu_run(&a.t.e, 0, gpu_fill(&a.t.e, segs[0], 4, 0x7a7a7a7a));
    expect_bytes(&a, 0, (const uint8_t *)"zzzz", 4);
    mischief_counted(&a.t, rule, 1, 1);
    areas_stop(&a);
}

static void test_reorder_not(void)
{
    uint32_t rule;
    Areas a;

    areas_start(&a, 4);
    rule = mischief_add(&a.t, "dma.write nth=9 reorder");
    gpu_run(&a.t.e, 0, copy_all(&a));
    expect_copied(&a);
    mischief_counted(&a.t, rule, 4, 0);
    areas_stop(&a);
}

/* A command that waits is stopped by whatever stops commands. */
static void test_reset(void)
{
    Areas a;

    areas_start(&a, 4);
    mischief_add(&a.t, "dma.read nth=3 delay=60s");
    gpu_submit(&a.t.e, 0, copy_all(&a));
    gpu_ring_recover(&a.t.e, 0);
    g_assert_cmpuint(gpu_ring_r32(&a.t.e, 0, PUCK_GPU_RING_STOP_HEAD), ==, 0);
    expect_bytes(&a, 2 * PAGE, NULL, 2 * PAGE);
    gpu_alive(&a.t.e, 0);
    mischief_add(&a.t, "dma.write nth=1 split=60s");
    gpu_submit(&a.t.e, 0, copy_all(&a));
    puck_w32(&a.t.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    mischief_step(&a.t, 100000000000);
    g_assert_cmphex(gpu_ring_r32(&a.t.e, 0, PUCK_GPU_RING_STATUS), ==, 0);
    areas_stop(&a);
}

static void test_machine(void)
{
    Areas a;

    areas_start(&a, 4);
    mischief_add(&a.t, "dma.write nth=2 split=1ms");
    mischief_add(&a.t, "dma.write nth=3 delay=1ms");
    gpu_submit(&a.t.e, 0, copy_all(&a));
    /* Stopped and going on it is where it was. */
    qtest_qmp_assert_success(a.t.e.m.qts, "{ 'execute': 'stop' }");
    expect_bytes(&a, PAGE + PAGE / 2, NULL, PAGE);
    qtest_qmp_assert_success(a.t.e.m.qts, "{ 'execute': 'cont' }");
    mischief_step(&a.t, 1000000);
    expect_bytes(&a, 0, a.bytes, 3 * PAGE);
    expect_bytes(&a, 3 * PAGE, NULL, PAGE);
    /* And in the middle of the next wait the machine is reset. */
    qtest_qmp_assert_success(a.t.e.m.qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(a.t.e.m.qts, "RESET");
    puck_function_free(&a.t.e.f);
    gpu_attach(&a.t.e, 0, GPU_DEVFN);
    mischief_step(&a.t, 10000000);
    a.t.e.rings[0].seqno = 0;
    gpu_alive(&a.t.e, 0);
    areas_stop(&a);
}

/* Long work has pauses in which others run; it can be stopped there. */
static void test_long(void)
{
    enum { SIZE = 40 * MiB };
    uint32_t rule;
    Mischief t;

    mischief_start(&t, "");
    rule = mischief_add(&t, "dma.write iova=0-0 fault");
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(0x4000000, SIZE), SIZE, 0x5a5a5a5a));
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 0);
    g_assert_cmphex(qtest_readl(t.e.m.qts, 0x4000000 + SIZE - 4), ==, 0);
    mischief_fences(&t, 1, 1);
    puck_machine_settle(&t.e.m);
    /* Rings take turns: the other one did not have to wait for the end. */
    g_assert_cmpuint(mischief_seqno(&t, 1), ==, 1);
    g_assert_cmpuint(mischief_seqno(&t, 0), ==, 0);
    for (unsigned i = 0; i < 50 && !mischief_seqno(&t, 0); i++) {
        puck_machine_settle(&t.e.m);
    }
    gpu_wait(&t.e, 0, 1);
    g_assert_cmphex(qtest_readl(t.e.m.qts, 0x4000000 + SIZE - 4), ==,
                    0x5a5a5a5a);
    gpu_submit(&t.e, 0, gpu_fill(&t.e, SYS(0x4000000, SIZE), SIZE, 0));
    gpu_ring_recover(&t.e, 0);
    g_assert_cmphex(qtest_readl(t.e.m.qts, 0x4000000 + SIZE - 4), ==,
                    0x5a5a5a5a);
    mischief_counted(&t, rule, 0, 0);
    gpu_alive(&t.e, 0);
    mischief_stop(&t);
}

void add_mischief_dma_tests(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        { "all-commands", test_all_commands }, { "order", test_order },
        { "fault", test_fault }, { "fault-not", test_fault_not },
        { "corrupt", test_corrupt }, { "corrupt-not", test_corrupt_not },
        { "truncate", test_truncate }, { "truncate-not", test_truncate_not },
        { "delay", test_delay }, { "delay-not", test_delay_not },
        { "split", test_split }, { "split-not", test_split_not },
        { "reorder", test_reorder }, { "reorder-same", test_reorder_same },
        { "reorder-not", test_reorder_not },
        { "reset", test_reset }, { "machine", test_machine },
        { "long", test_long },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strdup_printf("/puck-gpu/mischief/dma/%s",
                                                tests[i].name);

        qtest_add_func(path, tests[i].run);
    }
}
