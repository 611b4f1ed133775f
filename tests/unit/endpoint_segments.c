/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of lists of segments: their rules, and cursors over lists of random
 * shape against a byte by byte model. The seed is printed and taken back with
 * --seed.
 */

#include "qemu/osdep.h"
#include "hw/puck/endpoint/segments.h"

#define LOCAL_SIZE  0x100000ull
#define LEN_MAX     0x10000u
#define LOCAL       1u
#define SEGS_MAX    65536
#define MAX_SEGS    40
#define MAX_BYTES   4000

static const PuckSegLimits limits = {
    .len_max = LEN_MAX, .local = LOCAL, .local_size = LOCAL_SIZE,
};

/* A list that is checked in two parts, and has to hold @need bytes. */
static bool check(const PuckSeg *segs, uint32_t nsegs,
                  const PuckSegLimits *l, uint64_t need, PuckSegFault *fault)
{
    uint64_t total = 0;

    return puck_segs_check(segs, 0, nsegs / 2, l, &total, fault) &&
           puck_segs_check(segs, nsegs / 2, nsegs - nsegs / 2, l, &total,
                           fault) &&
           puck_segs_suffice(total, need, fault);
}

static void test_from_guest(void)
{
    static const uint8_t raw[] = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 0, 0, 0,
    };
    PuckSeg segs[2];

    memcpy(&segs[0], raw, sizeof(raw));
    memcpy(&segs[1], raw, sizeof(raw));
    puck_segs_from_guest(segs, 2);
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmphex(segs[i].addr, ==, 0x0807060504030201);
        g_assert_cmphex(segs[i].len, ==, 0x0c0b0a09);
        g_assert_cmphex(segs[i].flags, ==, LOCAL);
    }
}

/* Each rule at both of its sides. */
static void test_rules(void)
{
    static const struct {
        PuckSeg seg;
        PuckSegRule rule;
    } cases[] = {
        { { 0, 1, 0 }, 0 },
        { { 0, LEN_MAX, 0 }, 0 },
        { { 0, LEN_MAX + 1, 0 }, PUCK_SEG_TOO_LONG },
        { { 0, 0, 0 }, PUCK_SEG_ZERO },
        { { UINT64_MAX, 1, 0 }, PUCK_SEG_ONES },
        { { UINT64_MAX, 0, 0 }, PUCK_SEG_ZERO },
        { { UINT64_MAX - 1, 2, 0 }, 0 },
        { { UINT64_MAX - 1, 3, 0 }, PUCK_SEG_WRAP },
        { { UINT64_MAX - LEN_MAX + 1, LEN_MAX, 0 }, 0 },
        { { UINT64_MAX - LEN_MAX + 2, LEN_MAX, 0 }, PUCK_SEG_WRAP },
        { { LOCAL_SIZE - 1, 1, LOCAL }, 0 },
        { { LOCAL_SIZE - 1, 2, LOCAL }, PUCK_SEG_LOCAL },
        { { LOCAL_SIZE, 1, LOCAL }, PUCK_SEG_LOCAL },
        { { UINT64_MAX - 1, 2, LOCAL }, PUCK_SEG_LOCAL },
        { { UINT64_MAX - 1, 100, LOCAL }, PUCK_SEG_LOCAL },
        { { LOCAL_SIZE, 1, 0 }, 0 },
        { { 0, 1, 2 }, PUCK_SEG_RESERVED },
        { { 0, 0, 0x80000000 }, PUCK_SEG_RESERVED },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PuckSeg segs[3] = { { 8, 8, 0 }, cases[i].seg, { 8, 8, LOCAL } };
        PuckSegFault fault = { };
        bool ok = check(segs, 3, &limits, 0, &fault);

        g_test_message("case %zu", i);
        g_assert_cmpuint(fault.rule, ==, cases[i].rule);
        g_assert_cmpint(ok, ==, !cases[i].rule);
        if (!ok) {
            g_assert_cmpuint(fault.desc, ==, 1);
            g_assert_cmphex(fault.addr, ==, cases[i].seg.addr);
        }
    }
}

static void test_sum(void)
{
    static const PuckSegLimits wide = {
        .len_max = UINT32_MAX, .local = LOCAL, .local_size = LOCAL_SIZE,
    };
    uint32_t count = SEGS_MAX;
    g_autofree PuckSeg *segs = g_new(PuckSeg, count);
    uint64_t total = (uint64_t)count * UINT32_MAX;
    PuckSegFault fault;

    for (uint32_t i = 0; i < count; i++) {
        segs[i] = (PuckSeg) { .addr = i, .len = UINT32_MAX };
    }
    g_assert_true(check(segs, count, &wide, total, &fault));
    g_assert_false(check(segs, count, &wide, total + 1, &fault));
    g_assert_cmpuint(fault.rule, ==, PUCK_SEG_LIST_SHORT);
    g_assert_cmphex(fault.desc, ==, PUCK_SEG_NONE);
    g_assert_false(check(segs, count, &wide, UINT64_MAX, &fault));
}

static void test_span(void)
{
    g_assert_cmphex(puck_rect_span(10, 10, 1), ==, 10);
    g_assert_cmphex(puck_rect_span(10, 4, 3), ==, 24);
    /* The largest that 32-bit fields can ask for does not overflow. */
    g_assert_cmphex(puck_rect_span(UINT32_MAX, UINT32_MAX, UINT32_MAX), ==,
                    0xfffffffe00000001);
    g_assert_cmphex(puck_rect_span(1ull << 40, 1ull << 40, 1), ==, 1ull << 40);
}

/* Where each byte of a list is, written out. */
typedef struct Model {
    PuckSeg segs[MAX_SEGS];
    uint32_t count;
    uint32_t total;
    uint64_t addr[MAX_BYTES];
    uint32_t desc[MAX_BYTES];
} Model;

static void random_list(Model *m)
{
    m->count = g_test_rand_int_range(1, MAX_SEGS + 1);
    m->total = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        PuckSeg *seg = &m->segs[i];

        seg->len = g_test_rand_int_range(1, MAX_BYTES / MAX_SEGS + 1);
        seg->addr = (uint64_t)g_test_rand_int() << 8;
        seg->flags = g_test_rand_int_range(0, 2);
        for (uint32_t b = 0; b < seg->len; b++) {
            m->addr[m->total] = seg->addr + b;
            m->desc[m->total++] = i;
        }
    }
}

static void check_piece(const Model *m, const PuckPiece *piece, uint64_t at)
{
    g_assert_cmpuint(piece->len, >, 0);
    g_assert_cmpuint(at + piece->len, <=, m->total);
    g_assert_cmpuint(piece->desc, ==, m->desc[at]);
    g_assert_cmphex(piece->addr, ==, m->addr[at]);
    g_assert_cmpint(piece->local, ==, m->segs[piece->desc].flags);
    /* All of it in the same segment. */
    g_assert_cmpuint(m->desc[at + piece->len - 1], ==, piece->desc);
}

/* Walks a rectangle by pieces of random length, not all of them to the end. */
static void walk(const Model *m, uint32_t pitch, uint32_t width, uint32_t rows)
{
    PuckCursor cur;
    PuckPiece piece;
    uint64_t row = 0, x = 0, left = (uint64_t)width * rows;

    puck_cursor_init(&cur, m->segs, width, pitch, rows);
    for (;;) {
        uint64_t max = g_test_rand_int_range(1, MAX_BYTES);

        g_assert_cmpuint(puck_cursor_left(&cur), ==, left);
        g_assert_false(puck_cursor_piece(&cur, 0, &piece));
        if (!puck_cursor_piece(&cur, max, &piece)) {
            break;
        }
        check_piece(m, &piece, row * pitch + x);
        g_assert_cmpuint(piece.len, <=, MIN(max, width - x));
        max = g_test_rand_int_range(1, piece.len + 1);
        puck_cursor_advance(&cur, max);
        left -= max;
        x += max;
        if (x == width) {
            x = 0;
            row++;
        }
    }
    g_assert_cmpuint(left, ==, 0);
    g_assert_cmpuint(row, ==, rows);
}

static void test_random_walks(void)
{
    for (unsigned i = 0; i < 5000; i++) {
        Model m;
        uint32_t rows, pitch, width;

        random_list(&m);
        rows = g_test_rand_int_range(1, MIN(m.total, 60) + 1);
        pitch = m.total / rows;
        width = g_test_rand_int_range(1, pitch + 1);
        walk(&m, pitch, width, rows);
        /* The whole list to its last byte. */
        walk(&m, m.total, m.total, 1);
    }
}

/* Where byte @at of a rectangle is in its list. */
static uint64_t place(uint64_t at, uint32_t pitch, uint32_t width)
{
    return at / width * pitch + at % width;
}

/* Steps over any number of rows and segments end where small ones do. */
static void test_random_skips(void)
{
    for (unsigned i = 0; i < 5000; i++) {
        uint32_t rows, pitch, width;
        uint64_t at = 0, left;
        PuckCursor cur;
        PuckPiece piece;
        Model m;

        random_list(&m);
        rows = g_test_rand_int_range(1, MIN(m.total, 60) + 1);
        pitch = m.total / rows;
        width = g_test_rand_int_range(1, pitch + 1);
        left = (uint64_t)width * rows;
        puck_cursor_init(&cur, m.segs, width, pitch, rows);
        while (puck_cursor_piece(&cur, 1, &piece)) {
            uint64_t len = g_test_rand_int_range(1, left + 1);

            check_piece(&m, &piece, place(at, pitch, width));
            puck_cursor_advance(&cur, len);
            at += len;
            left -= len;
            g_assert_cmpuint(puck_cursor_left(&cur), ==, left);
        }
        g_assert_cmpuint(left, ==, 0);
    }
}

/* 2^32 - 1 rows of one byte: one step, not one for each row. */
static void test_many_rows(void)
{
    enum { SEGS = 4096 };
    static PuckSeg segs[SEGS];
    uint64_t rows = UINT32_MAX;
    PuckCursor cur;
    PuckPiece piece;

    for (unsigned i = 0; i < SEGS; i++) {
        segs[i] = (PuckSeg) { .addr = (uint64_t)i << 32, .len = 1u << 28 };
    }
    puck_cursor_init(&cur, segs, 1, 200, rows);
    for (unsigned i = 0; i < 1000; i++) {
        puck_cursor_advance(&cur, rows / 1001);
    }
    puck_cursor_advance(&cur, puck_cursor_left(&cur) - 1);
    g_assert_true(puck_cursor_piece(&cur, 100, &piece));
    g_assert_cmphex(piece.addr, ==, (200 * (rows - 1) >> 28 << 32) +
                    (200 * (rows - 1)) % (1u << 28));
    puck_cursor_advance(&cur, 1);
    g_assert_false(puck_cursor_piece(&cur, 100, &piece));
}

/* A cursor never looks behind the last segment, where nothing is. */
static void test_end(void)
{
    PuckSeg *segs = g_new(PuckSeg, 1);
    PuckCursor cur;
    PuckPiece piece;

    segs[0] = (PuckSeg) { .addr = 100, .len = 10 };
    puck_cursor_init(&cur, segs, 2, 4, 3);
    for (unsigned y = 0; y < 3; y++) {
        g_assert_true(puck_cursor_piece(&cur, 100, &piece));
        g_assert_cmpuint(piece.addr, ==, 100 + 4 * y);
        g_assert_cmpuint(piece.len, ==, 2);
        puck_cursor_advance(&cur, 2);
    }
    g_assert_false(puck_cursor_piece(&cur, 100, &piece));
    g_free(segs);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/endpoint/segments/from-guest", test_from_guest);
    g_test_add_func("/endpoint/segments/rules", test_rules);
    g_test_add_func("/endpoint/segments/sum", test_sum);
    g_test_add_func("/endpoint/segments/span", test_span);
    g_test_add_func("/endpoint/segments/random-walks", test_random_walks);
    g_test_add_func("/endpoint/segments/random-skips", test_random_skips);
    g_test_add_func("/endpoint/segments/many-rows", test_many_rows);
    g_test_add_func("/endpoint/segments/end", test_end);
    return g_test_run();
}
