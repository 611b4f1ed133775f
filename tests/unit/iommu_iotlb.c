/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of puck-iommu's IOTLB: capacity, order, invalidation; and random
 * operations against a naive model. The seed is printed and taken back with
 * --seed.
 */

#include "qemu/osdep.h"
#include "hw/puck/iommu/iotlb.h"

#define PAGE        0x1000ull
#define HUGE        0x200000ull
#define RW          3
#define RANDOM_OPS  200000

static void test_capacity(void)
{
    static const uint32_t capacities[] = { 1, 2, 3, 64, 1000, 4096 };
    PuckIOTLB tlb;

    for (unsigned i = 0; i < G_N_ELEMENTS(capacities); i++) {
        uint32_t n = capacities[i];

        puck_iotlb_init(&tlb, n);
        for (uint32_t page = 0; page < n; page++) {
            g_assert_false(puck_iotlb_insert(&tlb, 1, page * PAGE,
                                             page * HUGE, RW, false, page));
            g_assert_cmpuint(tlb.count, ==, page + 1);
        }
        for (uint32_t page = 0; page < n; page++) {
            PuckIOTLBEntry *e = puck_iotlb_lookup(&tlb, 1, page * PAGE + 5);

            g_assert_nonnull(e);
            g_assert_cmphex(e->pa, ==, page * HUGE);
        }
        g_assert_true(puck_iotlb_insert(&tlb, 1, n * PAGE, 0, RW, false, 0));
        g_assert_cmpuint(tlb.count, ==, n);
        g_assert_null(puck_iotlb_lookup(&tlb, 1, 0));
        puck_iotlb_destroy(&tlb);
    }
}

static void test_lru(void)
{
    PuckIOTLB tlb;

    puck_iotlb_init(&tlb, 3);
    for (unsigned page = 0; page < 3; page++) {
        puck_iotlb_insert(&tlb, 1, page * PAGE, 0, RW, false, 0);
    }
    puck_iotlb_lookup(&tlb, 1, 0);                          /* 1 2 0 */
    puck_iotlb_insert(&tlb, 1, 3 * PAGE, 0, RW, false, 0);  /* 2 0 3 */
    g_assert_null(puck_iotlb_lookup(&tlb, 1, PAGE));
    puck_iotlb_lookup(&tlb, 1, 2 * PAGE);                   /* 0 3 2 */
    puck_iotlb_insert(&tlb, 1, 0, 0, RW, false, 0);         /* 3 2 0 */
    puck_iotlb_insert(&tlb, 1, 4 * PAGE, 0, RW, false, 0);  /* 2 0 4 */
    g_assert_null(puck_iotlb_lookup(&tlb, 1, 3 * PAGE));
    g_assert_nonnull(puck_iotlb_lookup(&tlb, 1, 2 * PAGE));
    g_assert_nonnull(puck_iotlb_lookup(&tlb, 1, 0));
    g_assert_nonnull(puck_iotlb_lookup(&tlb, 1, 4 * PAGE));
    puck_iotlb_destroy(&tlb);
}

/* A room that an invalidation made is filled before anything is evicted. */
static void test_invalidation_makes_room(void)
{
    PuckIOTLB tlb;

    puck_iotlb_init(&tlb, 2);
    puck_iotlb_insert(&tlb, 1, 0, 0, RW, false, 0);
    puck_iotlb_insert(&tlb, 1, PAGE, 0, RW, false, 0);
    g_assert_cmpuint(puck_iotlb_inv_page(&tlb, 1, PAGE), ==, 1);
    g_assert_false(puck_iotlb_insert(&tlb, 1, 2 * PAGE, 0, RW, false, 0));
    g_assert_nonnull(puck_iotlb_lookup(&tlb, 1, 0));
    puck_iotlb_destroy(&tlb);
}

static void test_small_before_huge(void)
{
    PuckIOTLBEntry *e;
    PuckIOTLB tlb;

    puck_iotlb_init(&tlb, 8);
    puck_iotlb_insert(&tlb, 1, HUGE, 0x40000000, RW, true, 0);
    puck_iotlb_insert(&tlb, 1, HUGE + PAGE, 0x5000, RW, false, 0);
    g_assert_cmpuint(tlb.count, ==, 2);
    e = puck_iotlb_lookup(&tlb, 1, HUGE + PAGE + 1);
    g_assert_false(e->huge);
    e = puck_iotlb_lookup(&tlb, 1, HUGE + 2 * PAGE);
    g_assert_true(e->huge);
    g_assert_cmpuint(puck_iotlb_inv_page(&tlb, 1, HUGE + PAGE), ==, 2);
    g_assert_cmpuint(tlb.count, ==, 0);
    puck_iotlb_destroy(&tlb);
}

static void test_domains_are_apart(void)
{
    PuckIOTLB tlb;

    puck_iotlb_init(&tlb, 8);
    puck_iotlb_insert(&tlb, 0, PAGE, 0x1000, RW, false, 0);
    puck_iotlb_insert(&tlb, 0xffff, PAGE, 0x2000, RW, false, 0);
    g_assert_cmphex(puck_iotlb_lookup(&tlb, 0, PAGE)->pa, ==, 0x1000);
    g_assert_cmphex(puck_iotlb_lookup(&tlb, 0xffff, PAGE)->pa, ==, 0x2000);
    g_assert_null(puck_iotlb_lookup(&tlb, 1, PAGE));
    g_assert_cmpuint(puck_iotlb_inv_domain(&tlb, 1), ==, 0);
    g_assert_cmpuint(puck_iotlb_inv_domain(&tlb, 0xffff), ==, 1);
    g_assert_nonnull(puck_iotlb_lookup(&tlb, 0, PAGE));
    puck_iotlb_destroy(&tlb);
}

/* The edges of a range, long and short, with pages and leaves across them. */
static void test_ranges(void)
{
    static const struct {
        uint64_t iova;
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
    PuckIOTLB tlb;

    for (unsigned i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        unsigned c = i / 2;

        /* Of these capacities one scans and one probes short ranges. */
        puck_iotlb_init(&tlb, i % 2 ? 8 : 4096);
        for (unsigned page = 510; page < 514; page++) {
            puck_iotlb_insert(&tlb, 9, page * PAGE, 0, RW, false, 0);
        }
        puck_iotlb_insert(&tlb, 9, 3 * HUGE, 0, RW, true, 0);
        puck_iotlb_insert(&tlb, 9, 4 * HUGE, 0, RW, true, 0);
        puck_iotlb_insert(&tlb, 8, 4 * HUGE, 0, RW, true, 0);
        g_assert_cmpuint(puck_iotlb_inv_range(&tlb, 9, cases[c].iova,
                                              cases[c].size), ==,
                         cases[c].pages + cases[c].leaves);
        g_assert_cmpuint(tlb.count, ==, 7 - cases[c].pages - cases[c].leaves);
        puck_iotlb_destroy(&tlb);
    }
}

static PuckIOTLBScope scope_of(int domain, uint64_t first, uint64_t last)
{
    return (PuckIOTLBScope) {
        .first = first, .last = last, .domain = domain,
        .any_domain = domain < 0,
    };
}

/* The mark of the invalidation that came first stays, up to a new entry. */
static void test_marks(void)
{
    PuckIOTLBScope all = scope_of(-1, 0, UINT64_MAX);
    PuckIOTLBScope one = scope_of(1, PAGE, 2 * PAGE - 1);
    PuckIOTLBEntry *e;
    PuckIOTLB tlb;

    puck_iotlb_init(&tlb, 8);
    g_assert_cmpuint(puck_iotlb_mark(&tlb, &all, 1, 1), ==, 0);
    puck_iotlb_insert(&tlb, 1, PAGE, 0, RW, false, 50);
    puck_iotlb_insert(&tlb, 2, PAGE, 0, RW, false, 60);
    g_assert_cmpuint(puck_iotlb_mark(&tlb, &one, 70, 7), ==, 1);
    g_assert_cmpuint(puck_iotlb_mark(&tlb, &all, 80, 8), ==, 1);
    e = puck_iotlb_lookup(&tlb, 1, PAGE);
    g_assert_cmpint(e->made, ==, 50);
    g_assert_cmpint(e->since, ==, 70);
    g_assert_cmpuint(e->rule, ==, 7);
    g_assert_cmpuint(puck_iotlb_lookup(&tlb, 2, PAGE)->rule, ==, 8);

    puck_iotlb_insert(&tlb, 1, PAGE, 0, RW, false, 90);
    e = puck_iotlb_lookup(&tlb, 1, PAGE);
    g_assert_cmpint(e->made, ==, 90);
    g_assert_cmpuint(e->rule, ==, 0);
    puck_iotlb_destroy(&tlb);
}

/* Which one is left: by IOVA, small before huge, then by domain. */
static void test_all_but_first(void)
{
    PuckIOTLBScope scope = scope_of(-1, HUGE, UINT64_MAX);
    PuckIOTLBEntry *e;
    PuckIOTLB tlb;

    puck_iotlb_init(&tlb, 8);
    g_assert_null(puck_iotlb_first(&tlb, &scope));
    g_assert_cmpuint(puck_iotlb_inv_but_first(&tlb, &scope, 5, 3), ==, 0);
    puck_iotlb_insert(&tlb, 1, 2 * HUGE, 0, RW, false, 0);
    puck_iotlb_insert(&tlb, 2, HUGE, 0, RW, true, 0);
    puck_iotlb_insert(&tlb, 2, HUGE, 0, RW, false, 0);
    puck_iotlb_insert(&tlb, 1, HUGE, 0, RW, false, 0);
    puck_iotlb_insert(&tlb, 1, 0, 0, RW, false, 0);
    g_assert_cmpuint(puck_iotlb_inv_but_first(&tlb, &scope, 5, 3), ==, 3);
    g_assert_cmpuint(tlb.count, ==, 2);
    e = puck_iotlb_lookup(&tlb, 1, HUGE);
    g_assert_cmpuint(e->rule, ==, 3);
    g_assert_cmpint(e->since, ==, 5);
    g_assert_cmpuint(puck_iotlb_lookup(&tlb, 1, 0)->rule, ==, 0);
    puck_iotlb_destroy(&tlb);
}

/* The model: an array, oldest first. */
typedef struct Model {
    PuckIOTLBEntry e[64];
    unsigned count;
    unsigned capacity;
} Model;

static void model_drop(Model *m, unsigned i)
{
    m->count--;
    memmove(&m->e[i], &m->e[i + 1], (m->count - i) * sizeof(m->e[0]));
}

static int model_find(Model *m, uint16_t domain, uint64_t iova, bool huge)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (m->e[i].domain == domain && m->e[i].huge == huge &&
            m->e[i].iova == (iova & ~puck_iotlb_mask(&m->e[i]))) {
            return i;
        }
    }
    return -1;
}

static bool model_insert(Model *m, PuckIOTLBEntry e)
{
    int i = model_find(m, e.domain, e.iova, e.huge);
    bool evicted = i < 0 && m->count == m->capacity;

    e.iova &= ~puck_iotlb_mask(&e);
    if (i >= 0 || evicted) {
        model_drop(m, i >= 0 ? i : 0);
    }
    m->e[m->count++] = e;
    return evicted;
}

static const PuckIOTLBEntry *model_lookup(Model *m, uint16_t domain,
                                          uint64_t iova)
{
    int i = model_find(m, domain, iova, false);
    PuckIOTLBEntry e;

    if (i < 0) {
        i = model_find(m, domain, iova, true);
    }
    if (i < 0) {
        return NULL;
    }
    e = m->e[i];
    model_drop(m, i);
    m->e[m->count++] = e;
    return &m->e[m->count - 1];
}

static bool model_has(const PuckIOTLBEntry *e, int domain, uint64_t first,
                      uint64_t last)
{
    return (domain < 0 || e->domain == domain) && e->iova <= last &&
           e->iova + puck_iotlb_mask(e) >= first;
}

static uint32_t model_inv(Model *m, int domain, uint64_t first, uint64_t last)
{
    uint32_t dropped = 0;

    for (unsigned i = 0; i < m->count;) {
        if (model_has(&m->e[i], domain, first, last)) {
            model_drop(m, i);
            dropped++;
        } else {
            i++;
        }
    }
    return dropped;
}

static uint32_t model_mark(Model *m, int domain, uint64_t first,
                           uint64_t last, int64_t since, uint32_t rule)
{
    uint32_t marked = 0;

    for (unsigned i = 0; i < m->count; i++) {
        PuckIOTLBEntry *e = &m->e[i];

        if (model_has(e, domain, first, last) && !e->rule) {
            e->since = since;
            e->rule = rule;
            marked++;
        }
    }
    return marked;
}

/* Of all there are, the one with the smallest key. */
static uint32_t model_inv_but_first(Model *m, int domain, uint64_t first,
                                    uint64_t last, int64_t since,
                                    uint32_t rule)
{
    uint64_t lowest = UINT64_MAX;
    uint32_t dropped = 0;

    for (unsigned i = 0; i < m->count; i++) {
        const PuckIOTLBEntry *e = &m->e[i];

        if (model_has(e, domain, first, last)) {
            lowest = MIN(lowest, e->iova << 8 | e->huge << 4 | e->domain);
        }
    }
    for (unsigned i = 0; i < m->count;) {
        const PuckIOTLBEntry *e = &m->e[i];

        if (model_has(e, domain, first, last) &&
            (e->iova << 8 | e->huge << 4 | e->domain) != lowest) {
            model_drop(m, i);
            dropped++;
        } else {
            i++;
        }
    }
    model_mark(m, domain, first, last, since, rule);
    return dropped;
}

static void assert_same(const PuckIOTLB *tlb, const Model *m)
{
    uint32_t at = tlb->oldest;
    uint32_t newer = PUCK_IOTLB_NONE;

    g_assert_cmpuint(tlb->count, ==, m->count);
    for (unsigned i = 0; i < m->count; i++) {
        const PuckIOTLBEntry *e = &tlb->entries[at];

        g_assert_cmpuint(at, !=, PUCK_IOTLB_NONE);
        g_assert_cmphex(e->iova, ==, m->e[i].iova);
        g_assert_cmphex(e->pa, ==, m->e[i].pa);
        g_assert_cmpuint(e->domain, ==, m->e[i].domain);
        g_assert_cmpuint(e->perm, ==, m->e[i].perm);
        g_assert_true(e->huge == m->e[i].huge);
        g_assert_cmpint(e->made, ==, m->e[i].made);
        g_assert_cmpuint(e->rule, ==, m->e[i].rule);
        g_assert_cmpint(e->since, ==, m->e[i].since);
        g_assert_cmpuint(e->older, ==, newer);
        newer = at;
        at = e->newer;
    }
    g_assert_cmpuint(at, ==, PUCK_IOTLB_NONE);
    g_assert_cmpuint(tlb->newest, ==, newer);
}

/* Few pages and domains, so that they meet each other. */
static uint64_t random_iova(void)
{
    return g_test_rand_int_range(0, 3) * HUGE +
           g_test_rand_int_range(0, 6) * PAGE;
}

static void random_insert(PuckIOTLB *tlb, Model *m, uint16_t domain,
                          uint64_t iova)
{
    PuckIOTLBEntry e = {
        .iova = iova,
        .pa = (uint64_t)g_test_rand_int_range(0, 1000) * HUGE,
        .domain = domain,
        .perm = g_test_rand_int_range(1, 4),
        .huge = g_test_rand_int_range(0, 4) == 0,
        .made = g_test_rand_int_range(0, 1 << 30),
    };

    g_assert_true(puck_iotlb_insert(tlb, domain, iova, e.pa, e.perm, e.huge,
                                    e.made) ==
                  model_insert(m, e));
}

static void random_mischief(PuckIOTLB *tlb, Model *m, int domain,
                            uint64_t first, uint64_t last)
{
    PuckIOTLBScope scope = scope_of(domain, first, last);
    int64_t since = g_test_rand_int_range(0, 1 << 30);
    uint32_t rule = g_test_rand_int_range(1, 100);

    if (g_test_rand_bit()) {
        g_assert_cmpuint(puck_iotlb_mark(tlb, &scope, since, rule), ==,
                         model_mark(m, domain, first, last, since, rule));
    } else {
        g_assert_cmpuint(puck_iotlb_inv_but_first(tlb, &scope, since, rule),
                         ==, model_inv_but_first(m, domain, first, last,
                                                 since, rule));
    }
}

static void random_op(PuckIOTLB *tlb, Model *m)
{
    uint16_t domain = g_test_rand_int_range(0, 3);
    uint64_t iova = random_iova();
    uint64_t size = PAGE << g_test_rand_int_range(0, 12);
    const PuckIOTLBEntry *expected;
    PuckIOTLBEntry *e;

    switch (g_test_rand_int_range(0, 44)) {
    case 0 ... 14:
        random_insert(tlb, m, domain, iova);
        break;
    case 15 ... 29:
        e = puck_iotlb_lookup(tlb, domain, iova + 0x123);
        expected = model_lookup(m, domain, iova + 0x123);
        g_assert_true(!e == !expected);
        if (e && g_test_rand_int_range(0, 4) == 0) {
            puck_iotlb_drop(tlb, e);
            model_drop(m, m->count - 1);
        }
        break;
    case 30 ... 33:
        g_assert_cmpuint(puck_iotlb_inv_page(tlb, domain, iova), ==,
                         model_inv(m, domain, iova, iova + PAGE - 1));
        break;
    case 34 ... 37:
        g_assert_cmpuint(puck_iotlb_inv_range(tlb, domain, iova, size), ==,
                         model_inv(m, domain, iova, iova + size - 1));
        break;
    case 38:
        g_assert_cmpuint(puck_iotlb_inv_domain(tlb, domain), ==,
                         model_inv(m, domain, 0, UINT64_MAX));
        break;
    case 39 ... 41:
        random_mischief(tlb, m, domain, iova, iova + size - 1);
        break;
    case 42:
        random_mischief(tlb, m, -1, iova, UINT64_MAX);
        break;
    default:
        g_assert_cmpuint(puck_iotlb_inv_all(tlb), ==,
                         model_inv(m, -1, 0, UINT64_MAX));
    }
}

static void test_model(void)
{
    static const uint32_t capacities[] = { 1, 2, 5, 16, 64 };
    PuckIOTLB tlb;

    for (unsigned i = 0; i < G_N_ELEMENTS(capacities); i++) {
        Model m = { .capacity = capacities[i] };

        puck_iotlb_init(&tlb, m.capacity);
        for (unsigned op = 0; op < RANDOM_OPS / 5; op++) {
            random_op(&tlb, &m);
            assert_same(&tlb, &m);
        }
        puck_iotlb_destroy(&tlb);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/iommu/iotlb/capacity", test_capacity);
    g_test_add_func("/iommu/iotlb/lru", test_lru);
    g_test_add_func("/iommu/iotlb/invalidation_makes_room",
                    test_invalidation_makes_room);
    g_test_add_func("/iommu/iotlb/small_before_huge", test_small_before_huge);
    g_test_add_func("/iommu/iotlb/domains_are_apart", test_domains_are_apart);
    g_test_add_func("/iommu/iotlb/ranges", test_ranges);
    g_test_add_func("/iommu/iotlb/marks", test_marks);
    g_test_add_func("/iommu/iotlb/all_but_first", test_all_but_first);
    g_test_add_func("/iommu/iotlb/model", test_model);
    return g_test_run();
}
