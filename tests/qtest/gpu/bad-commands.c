/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: commands that break a rule or touch memory that is not there. Each
 * is reported, halts its ring alone, and is gone after a reset of the ring.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "common/gpu-env.h"

#define NONE            PUCK_GPU_ERR_DESC_NONE
#define SEG_LEN_MAX     0x100000u
/* Above all RAM, below all BARs; and the end of RAM, of which there is 256M. */
#define HOLE            0x8000000000ull
#define RAM_END         0x10000000ull
#define LENGTH_MAX      (1ull << 40)

typedef struct Bad {
    GpuEnv e;
    uint64_t page;              /* source and destination of good commands */
} Bad;

static void bad_start(Bad *b)
{
    gpu_start(&b->e, ",seg-len-max=0x100000,threads=4", "");
    b->page = puck_machine_pages(&b->e.m, 2);
}

/* A command of each kind with nothing wrong; small, and within the page. */
static GpuCmd good(Bad *b, uint16_t opcode)
{
    GpuSeg from = SYS(b->page, 256), to = SYS(b->page + PAGE, 256);

    switch (opcode) {
    case PUCK_GPU_CMD_FILL:
        return gpu_fill(&b->e, to, 256, 1);
    case PUCK_GPU_CMD_COPY:
        return gpu_copy(&b->e, to, from, 256);
    case PUCK_GPU_CMD_BLIT:
        return gpu_blit(&b->e, to, from, 32, 16, 8, 4);
    case PUCK_GPU_CMD_CRC32C:
        return gpu_crc(&b->e, to, from, 256);
    default:
        return (GpuCmd) { .opcode = cpu_to_le16(opcode) };
    }
}

/*
 * @cmd stops ring 0 with @reason; the fence behind it does not come, ring 1
 * does not notice, and a reset makes all good.
 */
static void expect_halt(Bad *b, GpuCmd cmd, uint8_t reason, uint8_t list,
                        uint32_t desc, uint64_t addr)
{
    GpuEnv *e = &b->e;
    uint32_t before = gpu_ring_r32(e, 0, PUCK_GPU_RING_SEQNO);
    uint32_t head = e->rings[0].tail;
    uint32_t seqno = e->rings[0].seqno + 1;
    bool is_fence = cmd.opcode == cpu_to_le16(PUCK_GPU_CMD_FENCE);
    GpuError error = {
        .reason = reason, .ring = 0, .list = list, .index = head,
        .seqno = is_fence ? le32_to_cpu(cmd.seqno) : seqno,
        .desc = desc, .addr = addr,
    };

    gpu_emit(e, 0, cmd);
    gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 0);
    gpu_expect_error(e, &error);
    g_assert_cmphex(gpu_ring_r32(e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_HALTED);
    g_assert_cmpuint(gpu_ring_r32(e, 0, PUCK_GPU_RING_HEAD), ==, head);
    g_assert_cmpuint(gpu_ring_r32(e, 0, PUCK_GPU_RING_SEQNO), ==, before);
    gpu_alive(e, 1);
    gpu_ring_recover(e, 0);
    g_assert_cmpuint(gpu_ring_r32(e, 0, PUCK_GPU_RING_STOP_HEAD), ==, head);
    gpu_alive(e, 0);
}

static void test_bad_opcode(void)
{
    Bad b;

    bad_start(&b);
    for (uint32_t opcode = 7; opcode < 0x10000; opcode = opcode * 9 / 2) {
        expect_halt(&b, good(&b, opcode), PUCK_GPU_ERR_OPCODE, 0, NONE, 0);
    }
    gpu_stop(&b.e);
}

/* First and last byte of each field that an opcode does not use. */
static void test_bad_reserved(void)
{
    static const struct {
        uint16_t opcode;
        uint8_t bytes[16];      /* 0 ends the list */
    } reserved[] = {
        { PUCK_GPU_CMD_NOP, { 2, 3, 8, 16, 24, 28, 32, 39, 40, 63 } },
        { PUCK_GPU_CMD_FILL, { 2, 3, 8, 15, 24, 27, 44, 63 } },
        { PUCK_GPU_CMD_COPY, { 2, 3, 40, 44, 63 } },
        { PUCK_GPU_CMD_BLIT, { 2, 3, 32, 39, 56, 63 } },
        { PUCK_GPU_CMD_CRC32C, { 2, 3, 40, 63 } },
        { PUCK_GPU_CMD_FENCE, { 3, 8, 16, 24, 28, 32, 39, 40, 63 } },
        { PUCK_GPU_CMD_TLB_FLUSH, { 2, 3, 8, 15, 16, 24, 28, 40, 59 } },
    };
    Bad b;

    bad_start(&b);
    for (size_t i = 0; i < G_N_ELEMENTS(reserved); i++) {
        for (const uint8_t *at = reserved[i].bytes; *at; at++) {
            GpuCmd cmd = good(&b, reserved[i].opcode);

            g_test_message("opcode %u byte %u", reserved[i].opcode, *at);
            ((uint8_t *)&cmd)[*at] ^= 0x80;
            expect_halt(&b, cmd, PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
        }
    }
    gpu_stop(&b.e);
}

static void test_bad_flags(void)
{
    GpuCmd cmd;
    Bad b;

    bad_start(&b);
    for (uint16_t opcode = 0; opcode <= PUCK_GPU_CMD_FENCE; opcode++) {
        cmd = good(&b, opcode);
        cmd.flags = cpu_to_le16(opcode == PUCK_GPU_CMD_FENCE ? 2 : 1);
        expect_halt(&b, cmd, PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
    }
    gpu_stop(&b.e);
}

static void test_bad_length(void)
{
    static const uint16_t opcodes[] = {
        PUCK_GPU_CMD_FILL, PUCK_GPU_CMD_COPY, PUCK_GPU_CMD_CRC32C,
    };
    static const uint64_t lengths[] = { 0, LENGTH_MAX + 1, UINT64_MAX };
    Bad b;

    bad_start(&b);
    for (size_t i = 0; i < G_N_ELEMENTS(opcodes); i++) {
        for (size_t j = 0; j < G_N_ELEMENTS(lengths); j++) {
            GpuCmd cmd = good(&b, opcodes[i]);

            cmd.length = cpu_to_le64(lengths[j]);
            expect_halt(&b, cmd, PUCK_GPU_ERR_LENGTH, 0, NONE, 0);
        }
    }
    gpu_stop(&b.e);
}

/* Lists of each opcode: how many there are, and where. */
static void test_bad_nsegs(void)
{
    static const uint32_t counts[] = {
        0, PUCK_GPU_SEGS_MAX_VALUE + 1, UINT32_MAX,
    };
    Bad b;

    bad_start(&b);
    for (uint16_t op = PUCK_GPU_CMD_FILL; op <= PUCK_GPU_CMD_CRC32C; op++) {
        GpuCmd cmd;

        for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
            cmd = good(&b, op);
            cmd.dst_nsegs = cpu_to_le32(counts[i]);
            expect_halt(&b, cmd, PUCK_GPU_ERR_NSEGS, PUCK_GPU_ERR_LIST_DST,
                        NONE, 0);
            if (op != PUCK_GPU_CMD_FILL) {
                cmd.src_nsegs = cpu_to_le32(counts[i]);
                expect_halt(&b, cmd, PUCK_GPU_ERR_NSEGS,
                            PUCK_GPU_ERR_LIST_SRC, NONE, 0);
            }
        }
        cmd = good(&b, op);
        cmd.dst_list |= cpu_to_le64(8);
        expect_halt(&b, cmd, PUCK_GPU_ERR_NSEGS, PUCK_GPU_ERR_LIST_DST, NONE,
                    0);
    }
    gpu_stop(&b.e);
}

static void test_bad_geometry(void)
{
    static const struct {
        uint32_t src_pitch, dst_pitch, width, height;
    } bad[] = {
        { 16, 32, 0, 4 }, { 16, 32, 8, 0 }, { 7, 32, 8, 4 }, { 16, 7, 8, 4 },
        { 0, 0, 1, 1 }, { 0, 32, 8, 4 }, { 16, 0, 8, 4 },
        { UINT32_MAX, 32, 8, UINT32_MAX }, { 32, UINT32_MAX, 8, 1000 },
        { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX },
        /* 2^40 and one byte. */
        { 1u << 30, 1u << 30, 1, 1025 },
    };
    Bad b;

    bad_start(&b);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        GpuCmd cmd = good(&b, PUCK_GPU_CMD_BLIT);

        cmd.blit.src_pitch = cpu_to_le32(bad[i].src_pitch);
        cmd.blit.dst_pitch = cpu_to_le32(bad[i].dst_pitch);
        cmd.blit.width = cpu_to_le32(bad[i].width);
        cmd.blit.height = cpu_to_le32(bad[i].height);
        expect_halt(&b, cmd, PUCK_GPU_ERR_GEOMETRY, 0, NONE, 0);
    }
    gpu_stop(&b.e);
}

/* Runs a copy one of whose lists has @bad between two good segments. */
static void expect_bad_seg(Bad *b, uint8_t list, GpuSeg bad, uint8_t reason)
{
    GpuCmd cmd = good(b, PUCK_GPU_CMD_COPY);
    GpuSeg segs[3] = { SYS(b->page, 128), bad, SYS(b->page + 128, 128) };

    if (list == PUCK_GPU_ERR_LIST_SRC) {
        gpu_set_src(&b->e, &cmd, segs, G_N_ELEMENTS(segs));
    } else {
        gpu_set_dst(&b->e, &cmd, segs, G_N_ELEMENTS(segs));
    }
    expect_halt(b, cmd, reason, list, 1, bad.addr);
}

static void test_bad_segment(const void *opaque)
{
    static const struct {
        GpuSeg seg;
        uint8_t reason;
    } bad[] = {
        { { 0x1000, 0, 0 }, PUCK_GPU_ERR_SEG_ZERO },
        { { 0, 0, PUCK_GPU_SEG_VRAM }, PUCK_GPU_ERR_SEG_ZERO },
        { { UINT64_MAX, 0, 0 }, PUCK_GPU_ERR_SEG_ZERO },
        { { UINT64_MAX, 1, 0 }, PUCK_GPU_ERR_SEG_ONES },
        { { UINT64_MAX, 4096, PUCK_GPU_SEG_VRAM }, PUCK_GPU_ERR_SEG_ONES },
        { { 0x1000, SEG_LEN_MAX + 1, 0 }, PUCK_GPU_ERR_SEG_TOO_LONG },
        { { 0, UINT32_MAX, PUCK_GPU_SEG_VRAM }, PUCK_GPU_ERR_SEG_TOO_LONG },
        { { UINT64_MAX - 15, 17, 0 }, PUCK_GPU_ERR_SEG_WRAP },
        { { UINT64_MAX - 1, SEG_LEN_MAX, 0 }, PUCK_GPU_ERR_SEG_WRAP },
        { { GPU_VRAM_SIZE, 1, PUCK_GPU_SEG_VRAM }, PUCK_GPU_ERR_SEG_VRAM },
        { { GPU_VRAM_SIZE - 1, 2, PUCK_GPU_SEG_VRAM }, PUCK_GPU_ERR_SEG_VRAM },
        { { UINT64_MAX - 15, 16, PUCK_GPU_SEG_VRAM }, PUCK_GPU_ERR_SEG_VRAM },
        { { UINT64_MAX - 15, 32, PUCK_GPU_SEG_VRAM }, PUCK_GPU_ERR_SEG_VRAM },
        { { 0x1000, 16, 2 }, PUCK_GPU_ERR_RESERVED },
        { { 0x1000, 16, 0x80000001 }, PUCK_GPU_ERR_RESERVED },
    };
    uint8_t list = GPOINTER_TO_UINT(opaque);
    Bad b;

    bad_start(&b);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("case %zu", i);
        expect_bad_seg(&b, list, bad[i].seg, bad[i].reason);
    }
    gpu_stop(&b.e);
}

/* What is bad behind the bytes that a command needs is found as well. */
static void test_bad_segment_unused(void)
{
    GpuSeg segs[2];
    GpuCmd cmd;
    Bad b;

    bad_start(&b);
    segs[0] = SYS(b.page, 256);
    segs[1] = SYS(0x1234, 0);
    cmd = good(&b, PUCK_GPU_CMD_COPY);
    gpu_set_src(&b.e, &cmd, segs, 2);
    expect_halt(&b, cmd, PUCK_GPU_ERR_SEG_ZERO, PUCK_GPU_ERR_LIST_SRC, 1,
                0x1234);
    gpu_stop(&b.e);
}

static void test_bad_list_short(void)
{
    GpuCmd cmd;
    Bad b;

    bad_start(&b);
    cmd = good(&b, PUCK_GPU_CMD_COPY);
    cmd.length = cpu_to_le64(257);
    expect_halt(&b, cmd, PUCK_GPU_ERR_LIST_SHORT, PUCK_GPU_ERR_LIST_SRC, NONE,
                0);
    cmd.length = cpu_to_le64(LENGTH_MAX);
    expect_halt(&b, cmd, PUCK_GPU_ERR_LIST_SHORT, PUCK_GPU_ERR_LIST_SRC, NONE,
                0);
    cmd = gpu_crc(&b.e, SYS(b.page, 3), SYS(b.page, 100), 100);
    expect_halt(&b, cmd, PUCK_GPU_ERR_LIST_SHORT, PUCK_GPU_ERR_LIST_DST, NONE,
                0);
    cmd = good(&b, PUCK_GPU_CMD_FILL);
    cmd.length = cpu_to_le64(257);
    expect_halt(&b, cmd, PUCK_GPU_ERR_LIST_SHORT, PUCK_GPU_ERR_LIST_DST, NONE,
                0);
    /* 3 * 83 + 8 = 257 */
    cmd = good(&b, PUCK_GPU_CMD_BLIT);
    cmd.blit.src_pitch = cpu_to_le32(83);
    expect_halt(&b, cmd, PUCK_GPU_ERR_LIST_SHORT, PUCK_GPU_ERR_LIST_SRC, NONE,
                0);
    cmd = good(&b, PUCK_GPU_CMD_BLIT);
    cmd.blit.dst_pitch = cpu_to_le32(83);
    expect_halt(&b, cmd, PUCK_GPU_ERR_LIST_SHORT, PUCK_GPU_ERR_LIST_DST, NONE,
                0);
    gpu_stop(&b.e);
}

static void test_bad_list_read(void)
{
    /* In a hole, running out of RAM, at the very end of the address space. */
    static const uint64_t lists[] = { HOLE, RAM_END - 16, UINT64_MAX - 15 };
    Bad b;

    bad_start(&b);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        GpuCmd cmd = good(&b, PUCK_GPU_CMD_COPY);

        cmd.dst_list = cpu_to_le64(lists[i]);
        cmd.dst_nsegs = cpu_to_le32(100);
        expect_halt(&b, cmd, PUCK_GPU_ERR_LIST_READ, PUCK_GPU_ERR_LIST_DST,
                    NONE, lists[i]);
        cmd.src_list = cpu_to_le64(lists[i]);
        cmd.src_nsegs = cpu_to_le32(PUCK_GPU_SEGS_MAX_VALUE);
        expect_halt(&b, cmd, PUCK_GPU_ERR_LIST_READ, PUCK_GPU_ERR_LIST_SRC,
                    NONE, lists[i]);
    }
    gpu_stop(&b.e);
}

static void test_bad_dma(void)
{
    GpuSeg segs[3];
    GpuCmd cmd;
    Bad b;

    bad_start(&b);
    /* The segment's start where it is behind the page's. */
    cmd = gpu_copy(&b.e, SYS(b.page, 64), SYS(HOLE + 0x123, 64), 64);
    expect_halt(&b, cmd, PUCK_GPU_ERR_DMA_READ, PUCK_GPU_ERR_LIST_SRC, 0,
                HOLE + 0x123);
    cmd = gpu_fill(&b.e, SYS(HOLE + 0x123, 64), 64, 0);
    expect_halt(&b, cmd, PUCK_GPU_ERR_DMA_WRITE, PUCK_GPU_ERR_LIST_DST, 0,
                HOLE + 0x123);
    /* The failing page where it is not the first. */
    segs[0] = VRAM(0, 100);
    segs[1] = SYS(b.page, 100);
    segs[2] = SYS(RAM_END - 0x2010, 0x4000);
    cmd = gpu_copy(&b.e, SYS(b.page, 64), SYS(b.page, 64), 0x3000);
    gpu_set_src(&b.e, &cmd, segs, 3);
    gpu_set_dst(&b.e, &cmd, &VRAM(0, 0x10000), 1);
    expect_halt(&b, cmd, PUCK_GPU_ERR_DMA_READ, PUCK_GPU_ERR_LIST_SRC, 2,
                RAM_END);
    cmd.opcode = cpu_to_le16(PUCK_GPU_CMD_CRC32C);
    expect_halt(&b, cmd, PUCK_GPU_ERR_DMA_READ, PUCK_GPU_ERR_LIST_SRC, 2,
                RAM_END);
    cmd = gpu_crc(&b.e, SYS(HOLE, 4), SYS(b.page, 64), 64);
    expect_halt(&b, cmd, PUCK_GPU_ERR_DMA_WRITE, PUCK_GPU_ERR_LIST_DST, 0,
                HOLE);
    /* A device's registers are no memory; not even our own. */
    cmd = gpu_fill(&b.e, SYS(b.e.f.bar.addr, 64), 64, 0);
    expect_halt(&b, cmd, PUCK_GPU_ERR_DMA_WRITE, PUCK_GPU_ERR_LIST_DST, 0,
                b.e.f.bar.addr);
    gpu_stop(&b.e);
}

/* A long one, on a thread: the same report. */
static void test_bad_dma_long(void)
{
    GpuSeg to = SYS(RAM_END - 0x80000, SEG_LEN_MAX), from = VRAM(0, 1 << 20);
    Bad b;

    bad_start(&b);
    expect_halt(&b, gpu_copy(&b.e, to, from, 1 << 20), PUCK_GPU_ERR_DMA_WRITE,
                PUCK_GPU_ERR_LIST_DST, 0, RAM_END);
    gpu_stop(&b.e);
}

/* Several threads fail: the failure nearest to the start is told. */
static void test_bad_dma_threads(void)
{
    GpuSeg segs[64];
    GpuCmd cmd;
    Bad b;

    bad_start(&b);
    for (unsigned i = 0; i < G_N_ELEMENTS(segs); i++) {
        segs[i] = SYS(i < 20 ? 0x4000000 : HOLE + i * SEG_LEN_MAX,
                      SEG_LEN_MAX);
    }
    cmd = gpu_fill(&b.e, SYS(b.page, 1), 64ull * SEG_LEN_MAX, 0);
    gpu_set_dst(&b.e, &cmd, segs, G_N_ELEMENTS(segs));
    for (unsigned i = 0; i < 5; i++) {
        expect_halt(&b, cmd, PUCK_GPU_ERR_DMA_WRITE, PUCK_GPU_ERR_LIST_DST, 20,
                    HOLE + 20 * SEG_LEN_MAX);
    }
    gpu_stop(&b.e);
}

static void test_bad_no_bus_master(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_RING_READ, .desc = NONE,
    };
    uint16_t command;
    Bad b;

    bad_start(&b);
    error.addr = b.e.rings[0].base;
    command = qpci_config_readw(b.e.f.dev, PCI_COMMAND);
    qpci_config_writew(b.e.f.dev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    gpu_submit(&b.e, 0, good(&b, PUCK_GPU_CMD_COPY));
    gpu_expect_error(&b.e, &error);
    qpci_config_writew(b.e.f.dev, PCI_COMMAND, command);
    gpu_ring_recover(&b.e, 0);
    gpu_alive(&b.e, 0);
    gpu_stop(&b.e);
}

void add_bad_command_tests(void)
{
    qtest_add_func("/puck-gpu/bad-commands/bad_opcode", test_bad_opcode);
    qtest_add_func("/puck-gpu/bad-commands/bad_reserved", test_bad_reserved);
    qtest_add_func("/puck-gpu/bad-commands/bad_flags", test_bad_flags);
    qtest_add_func("/puck-gpu/bad-commands/bad_length", test_bad_length);
    qtest_add_func("/puck-gpu/bad-commands/bad_nsegs", test_bad_nsegs);
    qtest_add_func("/puck-gpu/bad-commands/bad_geometry", test_bad_geometry);
    qtest_add_data_func("/puck-gpu/bad-commands/bad_src_segment",
                        GUINT_TO_POINTER(PUCK_GPU_ERR_LIST_SRC),
                        test_bad_segment);
    qtest_add_data_func("/puck-gpu/bad-commands/bad_dst_segment",
                        GUINT_TO_POINTER(PUCK_GPU_ERR_LIST_DST),
                        test_bad_segment);
    qtest_add_func("/puck-gpu/bad-commands/bad_segment_unused",
                   test_bad_segment_unused);
    qtest_add_func("/puck-gpu/bad-commands/bad_list_short",
                   test_bad_list_short);
    qtest_add_func("/puck-gpu/bad-commands/bad_list_read", test_bad_list_read);
    qtest_add_func("/puck-gpu/bad-commands/bad_dma", test_bad_dma);
    qtest_add_func("/puck-gpu/bad-commands/bad_dma_long", test_bad_dma_long);
    qtest_add_func("/puck-gpu/bad-commands/bad_dma_threads",
                   test_bad_dma_threads);
    qtest_add_func("/puck-gpu/bad-commands/bad_no_bus_master",
                   test_bad_no_bus_master);
}
