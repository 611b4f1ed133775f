/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of the modelled TLB: capacity, order, invalidation; and random
 * operations against a naive model. The seed is printed and taken back with
 * --seed.
 */

#include "qemu/osdep.h"
#include "hw/puck/common/tlb.h"

#define PAGE        0x1000ull
#define HUGE        0x200000ull
#define SMALL       PUCK_TLB_SMALL
#define BIG         21
#define RW          3
#define RANDOM_OPS  200000

static void test_capacity(void)
{
    static const uint32_t capacities[] = { 1, 2, 3, 64, 1000, 4096 };
    PuckTlb tlb;

    for (unsigned i = 0; i < G_N_ELEMENTS(capacities); i++) {
        uint32_t n = capacities[i];

        puck_tlb_init(&tlb, n, BIG);
        for (uint32_t page = 0; page < n; page++) {
            g_assert_false(puck_tlb_insert(&tlb, 1, page * PAGE,
                                           page * HUGE, RW, SMALL, page));
            g_assert_cmpuint(tlb.count, ==, page + 1);
        }
        for (uint32_t page = 0; page < n; page++) {
            PuckTlbEntry *e = puck_tlb_lookup(&tlb, 1, page * PAGE + 5);

            g_assert_nonnull(e);
            g_assert_cmphex(e->pa, ==, page * HUGE);
        }
        g_assert_true(puck_tlb_insert(&tlb, 1, n * PAGE, 0, RW, SMALL, 0));
        g_assert_cmpuint(tlb.count, ==, n);
        g_assert_null(puck_tlb_lookup(&tlb, 1, 0));
        puck_tlb_destroy(&tlb);
    }
}

static void test_lru(void)
{
    PuckTlb tlb;

    puck_tlb_init(&tlb, 3, BIG);
    for (unsigned page = 0; page < 3; page++) {
        puck_tlb_insert(&tlb, 1, page * PAGE, 0, RW, SMALL, 0);
    }
    puck_tlb_lookup(&tlb, 1, 0);                          /* 1 2 0 */
    puck_tlb_insert(&tlb, 1, 3 * PAGE, 0, RW, SMALL, 0);  /* 2 0 3 */
    g_assert_null(puck_tlb_lookup(&tlb, 1, PAGE));
    puck_tlb_lookup(&tlb, 1, 2 * PAGE);                   /* 0 3 2 */
    puck_tlb_insert(&tlb, 1, 0, 0, RW, SMALL, 0);         /* 3 2 0 */
    puck_tlb_insert(&tlb, 1, 4 * PAGE, 0, RW, SMALL, 0);  /* 2 0 4 */
    g_assert_null(puck_tlb_lookup(&tlb, 1, 3 * PAGE));
    g_assert_nonnull(puck_tlb_lookup(&tlb, 1, 2 * PAGE));
    g_assert_nonnull(puck_tlb_lookup(&tlb, 1, 0));
    g_assert_nonnull(puck_tlb_lookup(&tlb, 1, 4 * PAGE));
    puck_tlb_destroy(&tlb);
}

/* A room that an invalidation made is filled before anything is evicted. */
static void test_invalidation_makes_room(void)
{
    PuckTlb tlb;

    puck_tlb_init(&tlb, 2, BIG);
    puck_tlb_insert(&tlb, 1, 0, 0, RW, SMALL, 0);
    puck_tlb_insert(&tlb, 1, PAGE, 0, RW, SMALL, 0);
    g_assert_cmpuint(puck_tlb_inv_page(&tlb, 1, PAGE), ==, 1);
    g_assert_false(puck_tlb_insert(&tlb, 1, 2 * PAGE, 0, RW, SMALL, 0));
    g_assert_nonnull(puck_tlb_lookup(&tlb, 1, 0));
    puck_tlb_destroy(&tlb);
}

static void test_small_before_big(void)
{
    PuckTlbEntry *e;
    PuckTlb tlb;

    puck_tlb_init(&tlb, 8, BIG);
    puck_tlb_insert(&tlb, 1, HUGE, 0x40000000, RW, BIG, 0);
    puck_tlb_insert(&tlb, 1, HUGE + PAGE, 0x5000, RW, SMALL, 0);
    g_assert_cmpuint(tlb.count, ==, 2);
    e = puck_tlb_lookup(&tlb, 1, HUGE + PAGE + 1);
    g_assert_cmpuint(e->shift, ==, SMALL);
    e = puck_tlb_lookup(&tlb, 1, HUGE + 2 * PAGE);
    g_assert_cmpuint(e->shift, ==, BIG);
    g_assert_cmpuint(puck_tlb_inv_page(&tlb, 1, HUGE + PAGE), ==, 2);
    g_assert_cmpuint(tlb.count, ==, 0);
    puck_tlb_destroy(&tlb);
}

static void test_spaces_are_apart(void)
{
    PuckTlb tlb;

    puck_tlb_init(&tlb, 8, BIG);
    puck_tlb_insert(&tlb, 0, PAGE, 0x1000, RW, SMALL, 0);
    puck_tlb_insert(&tlb, 0xffff, PAGE, 0x2000, RW, SMALL, 0);
    g_assert_cmphex(puck_tlb_lookup(&tlb, 0, PAGE)->pa, ==, 0x1000);
    g_assert_cmphex(puck_tlb_lookup(&tlb, 0xffff, PAGE)->pa, ==, 0x2000);
    g_assert_null(puck_tlb_lookup(&tlb, 1, PAGE));
    g_assert_cmpuint(puck_tlb_inv_space(&tlb, 1), ==, 0);
    g_assert_cmpuint(puck_tlb_inv_space(&tlb, 0xffff), ==, 1);
    g_assert_nonnull(puck_tlb_lookup(&tlb, 0, PAGE));
    puck_tlb_destroy(&tlb);
}

/* The edges of a range, long and short, with pages and leaves across them. */
static void test_ranges(void)
{
    static const struct {
        uint64_t va;
        uint64_t size;
        unsigned pages;     /* dropped of 4K pages 510 to 513 */
        unsigned leaves;    /* dropped of 2M leaves 3 and 4 */
    } cases[] = {
        { 0, 510 * PAGE, 0, 0 },
        { 0, 511 * PAGE, 1, 0 },
        { 511 * PAGE, 2 * PAGE, 2, 0 },
        { 513 * PAGE, PAGE, 1, 0 },
        { 514 * PAGE, PAGE, 0, 0 },
        { 4 * HUGE - PAGE, PAGE, 0, 1 },
        { 4 * HUGE - PAGE, 2 * PAGE, 0, 2 },
        { 5 * HUGE - PAGE, 1ull << 40, 0, 1 },
        { 5 * HUGE, PAGE, 0, 0 },
        { 0, 1ull << 48, 4, 2 },
        { 512 * PAGE, 4 * HUGE, 2, 2 },
    };
    PuckTlb tlb;

    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        unsigned c = i / 2;

        /* Of these capacities one scans and one probes short ranges. */
        puck_tlb_init(&tlb, i % 2 ? 8 : 4096, BIG);
        for (unsigned page = 510; page < 514; page++) {
            puck_tlb_insert(&tlb, 9, page * PAGE, 0, RW, SMALL, 0);
        }
        puck_tlb_insert(&tlb, 9, 3 * HUGE, 0, RW, BIG, 0);
        puck_tlb_insert(&tlb, 9, 4 * HUGE, 0, RW, BIG, 0);
        puck_tlb_insert(&tlb, 8, 4 * HUGE, 0, RW, BIG, 0);
        g_assert_cmpuint(puck_tlb_inv_range(&tlb, 9, cases[c].va,
                                            cases[c].size), ==,
                         cases[c].pages + cases[c].leaves);
        g_assert_cmpuint(tlb.count, ==, 7 - cases[c].pages - cases[c].leaves);
        puck_tlb_destroy(&tlb);
    }
}

static PuckTlbScope scope_of(int space, uint64_t first, uint64_t last)
{
    return (PuckTlbScope) {
        .first = first, .last = last, .space = space,
        .any_space = space < 0,
    };
}

/* The mark of the invalidation that came first stays, up to a new entry. */
static void test_marks(void)
{
    PuckTlbScope all = scope_of(-1, 0, UINT64_MAX);
    PuckTlbScope one = scope_of(1, PAGE, 2 * PAGE - 1);
    PuckTlbEntry *e;
    PuckTlb tlb;

    puck_tlb_init(&tlb, 8, BIG);
    g_assert_cmpuint(puck_tlb_mark(&tlb, &all, 1, 1), ==, 0);
    puck_tlb_insert(&tlb, 1, PAGE, 0, RW, SMALL, 50);
    puck_tlb_insert(&tlb, 2, PAGE, 0, RW, SMALL, 60);
    g_assert_cmpuint(puck_tlb_mark(&tlb, &one, 70, 7), ==, 1);
    g_assert_cmpuint(puck_tlb_mark(&tlb, &all, 80, 8), ==, 1);
    e = puck_tlb_lookup(&tlb, 1, PAGE);
    g_assert_cmpint(e->made, ==, 50);
    g_assert_cmpint(e->since, ==, 70);
    g_assert_cmpuint(e->rule, ==, 7);
    g_assert_cmpuint(puck_tlb_lookup(&tlb, 2, PAGE)->rule, ==, 8);

    puck_tlb_insert(&tlb, 1, PAGE, 0, RW, SMALL, 90);
    e = puck_tlb_lookup(&tlb, 1, PAGE);
    g_assert_cmpint(e->made, ==, 90);
    g_assert_cmpuint(e->rule, ==, 0);
    puck_tlb_destroy(&tlb);
}

/* Which one is left: by address, small before big, then by space. */
static void test_all_but_first(void)
{
    PuckTlbScope scope = scope_of(-1, HUGE, UINT64_MAX);
    PuckTlbEntry *e;
    PuckTlb tlb;

    puck_tlb_init(&tlb, 8, BIG);
    g_assert_null(puck_tlb_first(&tlb, &scope));
    g_assert_cmpuint(puck_tlb_inv_but_first(&tlb, &scope, 5, 3), ==, 0);
    puck_tlb_insert(&tlb, 1, 2 * HUGE, 0, RW, SMALL, 0);
    puck_tlb_insert(&tlb, 2, HUGE, 0, RW, BIG, 0);
    puck_tlb_insert(&tlb, 2, HUGE, 0, RW, SMALL, 0);
    puck_tlb_insert(&tlb, 1, HUGE, 0, RW, SMALL, 0);
    puck_tlb_insert(&tlb, 1, 0, 0, RW, SMALL, 0);
    g_assert_cmpuint(puck_tlb_inv_but_first(&tlb, &scope, 5, 3), ==, 3);
    g_assert_cmpuint(tlb.count, ==, 2);
    e = puck_tlb_lookup(&tlb, 1, HUGE);
    g_assert_cmpuint(e->rule, ==, 3);
    g_assert_cmpint(e->since, ==, 5);
    g_assert_cmpuint(puck_tlb_lookup(&tlb, 1, 0)->rule, ==, 0);
    puck_tlb_destroy(&tlb);
}

/* The model: an array, oldest first. */
typedef struct Model {
    PuckTlbEntry e[64];
    unsigned count;
    unsigned capacity;
    uint8_t big;
} Model;

static void model_drop(Model *m, unsigned i)
{
    m->count--;
    memmove(&m->e[i], &m->e[i + 1], (m->count - i) * sizeof(m->e[0]));
}

static int model_find(Model *m, uint16_t space, uint64_t va, uint8_t shift)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (m->e[i].space == space && m->e[i].shift == shift &&
            m->e[i].va == (va & ~puck_tlb_mask(&m->e[i]))) {
            return i;
        }
    }
    return -1;
}

static bool model_insert(Model *m, PuckTlbEntry e)
{
    int i = model_find(m, e.space, e.va, e.shift);
    bool evicted = i < 0 && m->count == m->capacity;

    e.va &= ~puck_tlb_mask(&e);
    if (i >= 0 || evicted) {
        model_drop(m, i >= 0 ? i : 0);
    }
    m->e[m->count++] = e;
    return evicted;
}

static const PuckTlbEntry *model_lookup(Model *m, uint16_t space,
                                          uint64_t va)
{
    int i = model_find(m, space, va, SMALL);
    PuckTlbEntry e;

    if (i < 0) {
        i = model_find(m, space, va, m->big);
    }
    if (i < 0) {
        return NULL;
    }
    e = m->e[i];
    model_drop(m, i);
    m->e[m->count++] = e;
    return &m->e[m->count - 1];
}

static bool model_has(const PuckTlbEntry *e, int space, uint64_t first,
                      uint64_t last)
{
    return (space < 0 || e->space == space) && e->va <= last &&
           e->va + puck_tlb_mask(e) >= first;
}

static uint32_t model_inv(Model *m, int space, uint64_t first, uint64_t last)
{
    uint32_t dropped = 0;

    for (unsigned i = 0; i < m->count;) {
        if (model_has(&m->e[i], space, first, last)) {
            model_drop(m, i);
            dropped++;
        } else {
            i++;
        }
    }
    return dropped;
}

static uint32_t model_mark(Model *m, int space, uint64_t first,
                           uint64_t last, int64_t since, uint32_t rule)
{
    uint32_t marked = 0;

    for (unsigned i = 0; i < m->count; i++) {
        PuckTlbEntry *e = &m->e[i];

        if (model_has(e, space, first, last) && !e->rule) {
            e->since = since;
            e->rule = rule;
            marked++;
        }
    }
    return marked;
}

/* Of all there are, the one with the smallest key. */
static uint32_t model_inv_but_first(Model *m, int space, uint64_t first,
                                    uint64_t last, int64_t since,
                                    uint32_t rule)
{
    uint64_t lowest = UINT64_MAX;
    uint32_t dropped = 0;

    for (unsigned i = 0; i < m->count; i++) {
        const PuckTlbEntry *e = &m->e[i];

        if (model_has(e, space, first, last)) {
            lowest = MIN(lowest, e->va << 8 | e->shift << 3 | e->space);
        }
    }
    for (unsigned i = 0; i < m->count;) {
        const PuckTlbEntry *e = &m->e[i];

        if (model_has(e, space, first, last) &&
            (e->va << 8 | e->shift << 3 | e->space) != lowest) {
            model_drop(m, i);
            dropped++;
        } else {
            i++;
        }
    }
    model_mark(m, space, first, last, since, rule);
    return dropped;
}

static void assert_same(const PuckTlb *tlb, const Model *m)
{
    uint32_t at = tlb->oldest;
    uint32_t newer = PUCK_TLB_NONE;

    g_assert_cmpuint(tlb->count, ==, m->count);
    for (unsigned i = 0; i < m->count; i++) {
        const PuckTlbEntry *e = &tlb->entries[at];

        g_assert_cmpuint(at, !=, PUCK_TLB_NONE);
        g_assert_cmphex(e->va, ==, m->e[i].va);
        g_assert_cmphex(e->pa, ==, m->e[i].pa);
        g_assert_cmpuint(e->space, ==, m->e[i].space);
        g_assert_cmpuint(e->perm, ==, m->e[i].perm);
        g_assert_cmpuint(e->shift, ==, m->e[i].shift);
        g_assert_cmpint(e->made, ==, m->e[i].made);
        g_assert_cmpuint(e->rule, ==, m->e[i].rule);
        g_assert_cmpint(e->since, ==, m->e[i].since);
        g_assert_cmpuint(e->older, ==, newer);
        newer = at;
        at = e->newer;
    }
    g_assert_cmpuint(at, ==, PUCK_TLB_NONE);
    g_assert_cmpuint(tlb->newest, ==, newer);
}

/* Few pages and spaces, so that they meet each other. */
static uint64_t random_va(void)
{
    return g_test_rand_int_range(0, 3) * HUGE +
           g_test_rand_int_range(0, 2) * 16 * PAGE +
           g_test_rand_int_range(0, 6) * PAGE;
}

static void random_insert(PuckTlb *tlb, Model *m, uint16_t space,
                          uint64_t va)
{
    PuckTlbEntry e = {
        .va = va,
        .pa = (uint64_t)g_test_rand_int_range(0, 1000) * HUGE,
        .space = space,
        .perm = g_test_rand_int_range(1, 4),
        .shift = g_test_rand_int_range(0, 4) ? SMALL : tlb->big,
        .made = g_test_rand_int_range(0, 1 << 30),
    };

    g_assert_true(puck_tlb_insert(tlb, space, va, e.pa, e.perm, e.shift,
                                  e.made) ==
                  model_insert(m, e));
}

static void random_mischief(PuckTlb *tlb, Model *m, int space,
                            uint64_t first, uint64_t last)
{
    PuckTlbScope scope = scope_of(space, first, last);
    int64_t since = g_test_rand_int_range(0, 1 << 30);
    uint32_t rule = g_test_rand_int_range(1, 100);

    if (g_test_rand_bit()) {
        g_assert_cmpuint(puck_tlb_mark(tlb, &scope, since, rule), ==,
                         model_mark(m, space, first, last, since, rule));
    } else {
        g_assert_cmpuint(puck_tlb_inv_but_first(tlb, &scope, since, rule),
                         ==, model_inv_but_first(m, space, first, last,
                                                 since, rule));
    }
}

static void random_op(PuckTlb *tlb, Model *m)
{
    uint16_t space = g_test_rand_int_range(0, 3);
    uint64_t va = random_va();
    uint64_t size = PAGE << g_test_rand_int_range(0, 12);
    const PuckTlbEntry *expected;
    PuckTlbEntry *e;

    switch (g_test_rand_int_range(0, 44)) {
    case 0 ... 14:
        random_insert(tlb, m, space, va);
        break;
    case 15 ... 29:
        e = puck_tlb_lookup(tlb, space, va + 0x123);
        expected = model_lookup(m, space, va + 0x123);
        g_assert_true(!e == !expected);
        if (e && g_test_rand_int_range(0, 4) == 0) {
            puck_tlb_drop(tlb, e);
            model_drop(m, m->count - 1);
        }
        break;
    case 30 ... 33:
        g_assert_cmpuint(puck_tlb_inv_page(tlb, space, va), ==,
                         model_inv(m, space, va, va + PAGE - 1));
        break;
    case 34 ... 37:
        g_assert_cmpuint(puck_tlb_inv_range(tlb, space, va, size), ==,
                         model_inv(m, space, va, va + size - 1));
        break;
    case 38:
        g_assert_cmpuint(puck_tlb_inv_space(tlb, space), ==,
                         model_inv(m, space, 0, UINT64_MAX));
        break;
    case 39 ... 41:
        random_mischief(tlb, m, space, va, va + size - 1);
        break;
    case 42:
        random_mischief(tlb, m, -1, va, UINT64_MAX);
        break;
    default:
        g_assert_cmpuint(puck_tlb_inv_all(tlb), ==,
                         model_inv(m, -1, 0, UINT64_MAX));
    }
}

/* With puck-iommu's sizes of pages, and with puck-gpu's. */
static void test_model(gconstpointer big)
{
    static const uint32_t capacities[] = { 1, 2, 5, 16, 64 };
    PuckTlb tlb;

    for (unsigned i = 0; i < G_N_ELEMENTS(capacities); i++) {
        Model m = { .capacity = capacities[i], .big = GPOINTER_TO_INT(big) };

        puck_tlb_init(&tlb, m.capacity, m.big);
        for (unsigned op = 0; op < RANDOM_OPS / 5; op++) {
            random_op(&tlb, &m);
            assert_same(&tlb, &m);
        }
        puck_tlb_destroy(&tlb);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/common/tlb/capacity", test_capacity);
    g_test_add_func("/common/tlb/lru", test_lru);
    g_test_add_func("/common/tlb/invalidation_makes_room",
                    test_invalidation_makes_room);
    g_test_add_func("/common/tlb/small_before_big", test_small_before_big);
    g_test_add_func("/common/tlb/spaces_are_apart", test_spaces_are_apart);
    g_test_add_func("/common/tlb/ranges", test_ranges);
    g_test_add_func("/common/tlb/marks", test_marks);
    g_test_add_func("/common/tlb/all_but_first", test_all_but_first);
    g_test_add_data_func("/common/tlb/model/2m", GINT_TO_POINTER(21),
                         test_model);
    g_test_add_data_func("/common/tlb/model/64k", GINT_TO_POINTER(16),
                         test_model);
    return g_test_run();
}
