/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of puck-gpu's commands: fields, rules, geometry at its limits; and
 * the numbers behind JITTER.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/engine/command.h"
#include "hw/puck/gpu/core/cost.h"
#include "hw/puck/gpu/ring/jitter.h"

#define LENGTH_MAX      (1ull << 40)
#define BAD_GEOMETRY    PUCK_GPU_ERR_GEOMETRY
#define BAD_LIST        PUCK_GPU_ERR_NSEGS

/* A command with nothing wrong, in the guest's byte order. */
static struct puck_gpu_cmd good(uint16_t opcode)
{
    struct puck_gpu_cmd cmd = {
        .opcode = GUINT16_TO_LE(opcode),
        .seqno = GUINT32_TO_LE(0x11223344),
    };

    if (opcode >= PUCK_GPU_CMD_FILL && opcode <= PUCK_GPU_CMD_CRC32C) {
        cmd.dst_list = GUINT64_TO_LE(0x2000);
        cmd.dst_nsegs = GUINT32_TO_LE(2);
        cmd.length = GUINT64_TO_LE(1000);
        if (opcode != PUCK_GPU_CMD_FILL) {
            cmd.src_list = GUINT64_TO_LE(0x1000);
            cmd.src_nsegs = GUINT32_TO_LE(3);
        }
    }
    if (opcode == PUCK_GPU_CMD_BLIT) {
        cmd.length = 0;
        cmd.blit.src_pitch = GUINT32_TO_LE(20);
        cmd.blit.dst_pitch = GUINT32_TO_LE(30);
        cmd.blit.width = GUINT32_TO_LE(10);
        cmd.blit.height = GUINT32_TO_LE(5);
    }
    return cmd;
}

static uint8_t reason_of(const struct puck_gpu_cmd *raw)
{
    PuckFault fault = { };
    PuckCmd cmd;
    bool ok = puck_cmd_decode(raw, UINT64_MAX, &cmd, &fault);

    g_assert_cmpint(ok, ==, !fault.reason);
    g_assert_cmphex(cmd.seqno, ==, 0x11223344);
    return fault.reason;
}

static void test_good(void)
{
    for (uint16_t op = 0; op <= PUCK_GPU_CMD_TLB_FLUSH; op++) {
        struct puck_gpu_cmd raw = good(op);

        g_assert_cmpuint(reason_of(&raw), ==, 0);
    }
}

static void test_fields(void)
{
    struct puck_gpu_cmd raw = good(PUCK_GPU_CMD_BLIT);
    PuckFault fault;
    PuckCmd cmd;

    g_assert_true(puck_cmd_decode(&raw, PUCK_GPU_OPS_COMPUTE, &cmd, &fault));
    g_assert_cmphex(cmd.src.list, ==, 0x1000);
    g_assert_cmpuint(cmd.src.nsegs, ==, 3);
    g_assert_cmpuint(cmd.src.pitch, ==, 20);
    g_assert_cmpuint(cmd.dst.pitch, ==, 30);
    g_assert_cmpuint(cmd.dst.width, ==, 10);
    g_assert_cmpuint(cmd.dst.rows, ==, 5);
    g_assert_cmpuint(puck_cmd_bytes(&cmd), ==, 50);

    /* A list of one byte segments costs what it weighs. */
    raw = good(PUCK_GPU_CMD_CRC32C);
    raw.src_nsegs = GUINT32_TO_LE(1000);
    g_assert_true(puck_cmd_decode(&raw, PUCK_GPU_OPS_COMPUTE, &cmd, &fault));
    g_assert_cmpuint(cmd.src.width, ==, 1000);
    g_assert_cmpuint(cmd.dst.width, ==, 4);
    g_assert_cmpuint(puck_cmd_bytes(&cmd), ==, 16000);
}

/* A ring takes what its mask says: neither more nor less. */
static void test_ops(void)
{
    for (uint16_t op = 0; op <= PUCK_GPU_CMD_TLB_FLUSH; op++) {
        struct puck_gpu_cmd raw = good(op);
        PuckFault fault = { };
        PuckCmd cmd;

        g_assert_true(puck_cmd_decode(&raw, 1ull << op, &cmd, &fault));
        g_assert_false(puck_cmd_decode(&raw, ~(1ull << op), &cmd, &fault));
        g_assert_cmpuint(fault.reason, ==, PUCK_GPU_ERR_OPCODE);
        g_assert_cmpuint(fault.list, ==, PUCK_GPU_ERR_LIST_NONE);
        /* What the record of the error needs. */
        g_assert_cmpuint(cmd.opcode, ==, op);
        g_assert_cmphex(cmd.seqno, ==, 0x11223344);
    }
}

static PuckCmd decoded(const struct puck_gpu_cmd *raw)
{
    PuckFault fault;
    PuckCmd cmd;

    g_assert_true(puck_cmd_decode(raw, PUCK_GPU_OPS_COMPUTE, &cmd, &fault));
    return cmd;
}

/* What cuts bytes into pieces costs more than the bytes. */
static void test_cost(void)
{
    struct puck_gpu_cmd raw = good(PUCK_GPU_CMD_BLIT);
    uint64_t one, many;
    PuckCmd cmd;

    raw.blit.width = GUINT32_TO_LE(1);
    raw.blit.height = GUINT32_TO_LE(65535);
    raw.blit.src_pitch = GUINT32_TO_LE(2);
    raw.blit.dst_pitch = GUINT32_TO_LE(2);
    cmd = decoded(&raw);
    g_assert_cmpuint(puck_cmd_bytes(&cmd), ==, 65535);
    many = puck_cmd_cost(&cmd);
    g_assert_cmpuint(many, >=, 65535ull * 4 * PUCK_COST_PIECE);

    /* Rows that are next to each other are one. */
    raw.blit.src_pitch = GUINT32_TO_LE(1);
    raw.blit.dst_pitch = GUINT32_TO_LE(1);
    cmd = decoded(&raw);
    g_assert_cmpuint(cmd.src.rows, ==, 1);
    g_assert_cmpuint(cmd.dst.width, ==, 65535);
    one = puck_cmd_cost(&cmd);
    g_assert_cmpuint(one, <, many / 100);

    /* The largest there is does not overflow. */
    raw.blit.height = GUINT32_TO_LE(UINT32_MAX);
    raw.blit.src_pitch = GUINT32_TO_LE(256);
    cmd = decoded(&raw);
    g_assert_cmpuint(puck_cmd_cost(&cmd), >, many);
    g_assert_cmpuint(puck_cmd_cost(&cmd), <, 1ull << 48);

    raw = good(PUCK_GPU_CMD_COPY);
    raw.src_nsegs = GUINT32_TO_LE(PUCK_GPU_SEGS_MAX_VALUE);
    cmd = decoded(&raw);
    g_assert_cmpuint(puck_cmd_lists_cost(&cmd), >=,
                     PUCK_GPU_SEGS_MAX_VALUE * PUCK_COST_SEG);
}

/* Every bit of every field that an opcode does not use. */
static void test_reserved(void)
{
    static const struct {
        uint16_t opcode;
        struct {
            uint8_t from, to;
        } used[4];              /* ranges of bytes */
    } cases[] = {
        { PUCK_GPU_CMD_NOP, { { 0, 1 }, { 4, 7 } } },
        { PUCK_GPU_CMD_FILL, { { 0, 1 }, { 4, 7 }, { 16, 23 }, { 28, 43 } } },
        { PUCK_GPU_CMD_COPY, { { 0, 1 }, { 4, 39 } } },
        { PUCK_GPU_CMD_BLIT, { { 0, 1 }, { 4, 31 }, { 40, 55 } } },
        { PUCK_GPU_CMD_CRC32C, { { 0, 1 }, { 4, 39 } } },
        { PUCK_GPU_CMD_FENCE, { { 0, 1 }, { 4, 7 } } },
        { PUCK_GPU_CMD_TLB_FLUSH,
          { { 0, 1 }, { 4, 15 }, { 32, 39 }, { 60, 63 } } },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (unsigned bit = 0; bit < 512; bit++) {
            struct puck_gpu_cmd raw = good(cases[i].opcode);
            unsigned at = bit / 8;
            /* FENCE has one flag. */
            bool used = cases[i].opcode == PUCK_GPU_CMD_FENCE && bit == 16;

            for (unsigned r = 0; r < G_N_ELEMENTS(cases[i].used); r++) {
                used |= cases[i].used[r].to && at >= cases[i].used[r].from &&
                        at <= cases[i].used[r].to;
            }
            if (!used) {
                ((uint8_t *)&raw)[at] ^= 1u << bit % 8;
                g_assert_cmpuint(reason_of(&raw), ==, PUCK_GPU_ERR_RESERVED);
            }
        }
    }
}

static void test_opcodes(void)
{
    for (uint32_t op = PUCK_GPU_CMD_TLB_FLUSH + 1; op <= UINT16_MAX; op++) {
        struct puck_gpu_cmd raw = good(op);

        g_assert_cmpuint(reason_of(&raw), ==, PUCK_GPU_ERR_OPCODE);
    }
}

static void test_length(void)
{
    static const struct {
        uint64_t length;
        uint8_t reason;
    } cases[] = {
        { 0, PUCK_GPU_ERR_LENGTH }, { 1, 0 }, { LENGTH_MAX, 0 },
        { LENGTH_MAX + 1, PUCK_GPU_ERR_LENGTH },
        { UINT64_MAX, PUCK_GPU_ERR_LENGTH },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct puck_gpu_cmd raw = good(PUCK_GPU_CMD_FILL);

        raw.length = GUINT64_TO_LE(cases[i].length);
        g_assert_cmpuint(reason_of(&raw), ==, cases[i].reason);
    }
}

static void test_geometry(void)
{
    static const struct {
        uint32_t src_pitch, dst_pitch, width, height;
        uint8_t reason;
    } cases[] = {
        { 1, 1, 1, 1, 0 },
        { 10, 10, 10, UINT32_MAX, 0 },
        { 9, 10, 10, 1, BAD_GEOMETRY },
        { 10, 9, 10, 1, BAD_GEOMETRY },
        { 10, 10, 0, 1, BAD_GEOMETRY },
        { 10, 10, 1, 0, BAD_GEOMETRY },
        { 0, 0, 0, 0, BAD_GEOMETRY },
        /* 2^40, and one more. */
        { 1u << 30, 1u << 30, 1u << 30, 1024, 0 },
        { 1u << 30, 1u << 30, 1, 1025, BAD_GEOMETRY },
        { 1u << 30, 1, 1, 1025, BAD_GEOMETRY },
        { 1, 1u << 30, 1, 1025, BAD_GEOMETRY },
        { 257, 257, 257, UINT32_MAX, BAD_GEOMETRY },
        { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, BAD_GEOMETRY },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct puck_gpu_cmd raw = good(PUCK_GPU_CMD_BLIT);

        raw.blit.src_pitch = GUINT32_TO_LE(cases[i].src_pitch);
        raw.blit.dst_pitch = GUINT32_TO_LE(cases[i].dst_pitch);
        raw.blit.width = GUINT32_TO_LE(cases[i].width);
        raw.blit.height = GUINT32_TO_LE(cases[i].height);
        g_test_message("case %zu", i);
        g_assert_cmpuint(reason_of(&raw), ==, cases[i].reason);
    }
}

static void test_lists(void)
{
    static const struct {
        uint32_t nsegs;
        uint64_t list;
        uint8_t reason;
    } cases[] = {
        { 1, 0, 0 }, { 65536, 16, 0 }, { 1, UINT64_MAX - 15, 0 },
        { 0, 0, BAD_LIST }, { 65537, 0, BAD_LIST }, { UINT32_MAX, 0, BAD_LIST },
        { 1, 8, BAD_LIST }, { 1, 1, BAD_LIST },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct puck_gpu_cmd raw = good(PUCK_GPU_CMD_COPY);
        uint8_t want = cases[i].reason;

        raw.src_nsegs = GUINT32_TO_LE(cases[i].nsegs);
        raw.src_list = GUINT64_TO_LE(cases[i].list);
        g_assert_cmpuint(reason_of(&raw), ==, want);
        raw = good(PUCK_GPU_CMD_FILL);
        raw.dst_nsegs = GUINT32_TO_LE(cases[i].nsegs);
        raw.dst_list = GUINT64_TO_LE(cases[i].list);
        g_assert_cmpuint(reason_of(&raw), ==, want);
    }
}

#define SRC_VA          PUCK_GPU_SRC_VA
#define DST_VA          PUCK_GPU_DST_VA
#define SPAN_MAX        PUCK_GPU_VA_SPAN_MAX

/* The same by address, as far as @flags say. */
static struct puck_gpu_cmd by_va(uint16_t opcode, uint16_t flags)
{
    struct puck_gpu_cmd cmd = good(opcode);

    cmd.flags = GUINT16_TO_LE(flags);
    cmd.vm = GUINT32_TO_LE(UINT32_MAX);
    if (flags & SRC_VA) {
        cmd.src_list = GUINT64_TO_LE(0xabc);
        cmd.src_nsegs = 0;
    }
    if (flags & DST_VA) {
        cmd.dst_list = GUINT64_TO_LE(UINT64_MAX);
        cmd.dst_nsegs = 0;
    }
    return cmd;
}

/* Which VM there is, and which addresses, is not for the command to say. */
static void test_addresses(void)
{
    for (uint16_t op = PUCK_GPU_CMD_FILL; op <= PUCK_GPU_CMD_CRC32C; op++) {
        bool has_src = op != PUCK_GPU_CMD_FILL;

        for (uint16_t flags = SRC_VA; flags <= (SRC_VA | DST_VA); flags += 2) {
            struct puck_gpu_cmd raw = by_va(op, flags);
            bool ok = has_src || flags == DST_VA;
            PuckFault fault;
            PuckCmd cmd;

            g_assert_cmpuint(reason_of(&raw), ==,
                             ok ? 0 : PUCK_GPU_ERR_RESERVED);
            if (!ok) {
                continue;
            }
            puck_cmd_decode(&raw, UINT64_MAX, &cmd, &fault);
            g_assert_cmphex(cmd.vm, ==, UINT32_MAX);
            g_assert_cmpint(cmd.src.by_va, ==, !!(flags & SRC_VA));
            g_assert_cmpint(cmd.dst.by_va, ==, !!(flags & DST_VA));
            /* The source is within a page, the destination is not. */
            g_assert_cmpuint(cmd.src.nsegs, ==,
                             !has_src ? 0 : flags & SRC_VA ? 1 : 3);
            g_assert_cmpuint(cmd.dst.nsegs, ==, 2);
        }
    }
}

/* What is reserved with an address, and what without one. */
static void test_bad_addresses(void)
{
    for (uint16_t op = PUCK_GPU_CMD_FILL; op <= PUCK_GPU_CMD_CRC32C; op++) {
        struct puck_gpu_cmd raw = by_va(op, DST_VA);

        raw.dst_nsegs = GUINT32_TO_LE(1);
        g_assert_cmpuint(reason_of(&raw), ==, PUCK_GPU_ERR_RESERVED);
        raw = good(op);
        raw.vm = GUINT32_TO_LE(1);
        g_assert_cmpuint(reason_of(&raw), ==, PUCK_GPU_ERR_RESERVED);
        raw = by_va(op, DST_VA | 1);
        g_assert_cmpuint(reason_of(&raw), ==, PUCK_GPU_ERR_RESERVED);
        raw = by_va(op, DST_VA | 8);
        g_assert_cmpuint(reason_of(&raw), ==, PUCK_GPU_ERR_RESERVED);
    }
}

/* As far as an operand by address reaches, and one byte more. */
static void test_span(void)
{
    static const uint16_t linear[] = { PUCK_GPU_CMD_FILL, PUCK_GPU_CMD_COPY };
    struct puck_gpu_cmd raw;

    for (size_t i = 0; i < G_N_ELEMENTS(linear); i++) {
        raw = by_va(linear[i], DST_VA);
        raw.length = GUINT64_TO_LE(SPAN_MAX);
        g_assert_cmpuint(reason_of(&raw), ==, 0);
        raw.length = GUINT64_TO_LE(SPAN_MAX + 1);
        g_assert_cmpuint(reason_of(&raw), ==, PUCK_GPU_ERR_LENGTH);
    }
    /* The destination of CRC32C has 4 bytes. */
    raw = by_va(PUCK_GPU_CMD_CRC32C, DST_VA);
    raw.length = GUINT64_TO_LE(LENGTH_MAX);
    g_assert_cmpuint(reason_of(&raw), ==, 0);
    raw = by_va(PUCK_GPU_CMD_CRC32C, SRC_VA);
    raw.length = GUINT64_TO_LE(SPAN_MAX + 1);
    g_assert_cmpuint(reason_of(&raw), ==, PUCK_GPU_ERR_LENGTH);

    raw = by_va(PUCK_GPU_CMD_BLIT, SRC_VA);
    raw.blit.src_pitch = GUINT32_TO_LE(SPAN_MAX - 1);
    raw.blit.width = GUINT32_TO_LE(1);
    raw.blit.height = GUINT32_TO_LE(2);
    g_assert_cmpuint(reason_of(&raw), ==, 0);
    raw.blit.src_pitch = GUINT32_TO_LE(SPAN_MAX);
    g_assert_cmpuint(reason_of(&raw), ==, BAD_GEOMETRY);
    raw = by_va(PUCK_GPU_CMD_BLIT, DST_VA);
    raw.blit.src_pitch = GUINT32_TO_LE(SPAN_MAX);
    raw.blit.height = GUINT32_TO_LE(2);
    g_assert_cmpuint(reason_of(&raw), ==, 0);
}

/* Pages count for the number of segments there may be, and for the cost. */
static void test_pages(void)
{
    static const struct {
        uint64_t va, length;
        uint32_t pages;
    } cases[] = {
        { 0, 1, 1 }, { 0xfff, 1, 1 }, { 0xfff, 2, 2 }, { 0, 4096, 1 },
        { 1, 4096, 2 }, { 0, SPAN_MAX, 65536 }, { 1, SPAN_MAX, 65537 },
        { UINT64_MAX, SPAN_MAX, 65537 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct puck_gpu_cmd raw = by_va(PUCK_GPU_CMD_FILL, DST_VA);
        PuckFault fault;
        PuckCmd cmd;

        raw.dst_list = GUINT64_TO_LE(cases[i].va);
        raw.length = GUINT64_TO_LE(cases[i].length);
        g_assert_true(puck_cmd_decode(&raw, UINT64_MAX, &cmd, &fault));
        g_assert_cmpuint(cmd.dst.nsegs, ==, cases[i].pages);
        g_assert_cmpuint(puck_cmd_lists_cost(&cmd), >=,
                         (uint64_t)cases[i].pages *
                         (PUCK_COST_PAGE + PUCK_COST_TABLE));
    }
}

static void test_flush(void)
{
    static const struct {
        uint64_t va, length;
        uint32_t vm;
        uint8_t reason;
    } cases[] = {
        { 0, 0, 0, 0 }, { 0, 0, PUCK_GPU_VM_ALL, 0 }, { 0, 0, 12345, 0 },
        { 0x1000, 0x1000, 0, 0 }, { 0, 1ull << 48, 0, 0 },
        { (1ull << 48) - 0x1000, 0x1000, 0, 0 },
        { 0x1000, 0, 0, PUCK_GPU_ERR_RESERVED },
        { 0x1000, 0, PUCK_GPU_VM_ALL, PUCK_GPU_ERR_RESERVED },
        { 0, 0x1000, PUCK_GPU_VM_ALL, PUCK_GPU_ERR_LENGTH },
        { 0, 0x1001, 0, PUCK_GPU_ERR_LENGTH },
        { 0, 0xfff, 0, PUCK_GPU_ERR_LENGTH },
        { 0, (1ull << 48) + 0x1000, 0, PUCK_GPU_ERR_LENGTH },
        { 0, UINT64_MAX, 0, PUCK_GPU_ERR_LENGTH },
        { 0x1001, 0x1000, 0, PUCK_GPU_ERR_VA },
        { 0x1000, 1ull << 48, 0, PUCK_GPU_ERR_VA },
        { 1ull << 48, 0x1000, 0, PUCK_GPU_ERR_VA },
        { UINT64_MAX << 12, 0x1000, 0, PUCK_GPU_ERR_VA },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct puck_gpu_cmd raw = good(PUCK_GPU_CMD_TLB_FLUSH);

        raw.src_list = GUINT64_TO_LE(cases[i].va);
        raw.length = GUINT64_TO_LE(cases[i].length);
        raw.vm = GUINT32_TO_LE(cases[i].vm);
        g_test_message("case %zu", i);
        g_assert_cmpuint(reason_of(&raw), ==, cases[i].reason);
    }
}

/* Published numbers of SplitMix64 for the seed 1234567. */
static void test_splitmix(void)
{
    static const uint64_t expected[] = {
        6457827717110365317ull, 3203168211198807973ull,
        9817491932198370423ull, 4593380528125082431ull,
        16408922859458223821ull,
    };
    uint64_t s = 1234567;

    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpuint(puck_splitmix64(&s), ==, expected[i]);
    }
}

static void test_jitter(void)
{
    uint64_t s = 1234567, same = 1234567;

    /* Nothing is drawn for no jitter. */
    g_assert_cmpuint(puck_jitter_draw(&s, 0), ==, 0);
    g_assert_cmpuint(s, ==, same);
    g_assert_cmpuint(puck_jitter_draw(&s, 99), ==,
                     6457827717110365317ull % 100);
    g_assert_cmpuint(puck_jitter_draw(&s, PUCK_GPU_DELAY_MAX_NS), ==,
                     3203168211198807973ull % (PUCK_GPU_DELAY_MAX_NS + 1));
    for (unsigned i = 0; i < 1000; i++) {
        g_assert_cmpuint(puck_jitter_draw(&s, 1), <=, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/command/good", test_good);
    g_test_add_func("/gpu/command/fields", test_fields);
    g_test_add_func("/gpu/command/ops", test_ops);
    g_test_add_func("/gpu/command/cost", test_cost);
    g_test_add_func("/gpu/command/reserved", test_reserved);
    g_test_add_func("/gpu/command/opcodes", test_opcodes);
    g_test_add_func("/gpu/command/length", test_length);
    g_test_add_func("/gpu/command/geometry", test_geometry);
    g_test_add_func("/gpu/command/lists", test_lists);
    g_test_add_func("/gpu/command/addresses", test_addresses);
    g_test_add_func("/gpu/command/bad_addresses", test_bad_addresses);
    g_test_add_func("/gpu/command/span", test_span);
    g_test_add_func("/gpu/command/pages", test_pages);
    g_test_add_func("/gpu/command/flush", test_flush);
    g_test_add_func("/gpu/jitter/splitmix", test_splitmix);
    g_test_add_func("/gpu/jitter/draw", test_jitter);
    return g_test_run();
}
