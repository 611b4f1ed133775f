/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of puck-iommu's page table walk, over crafted tables.
 */

#include "qemu/osdep.h"
#include "hw/puck/iommu/walk.h"

#define R       PUCK_IOMMU_PTE_READ
#define W       PUCK_IOMMU_PTE_WRITE
#define RW      (R | W)
#define LEAF    PUCK_IOMMU_PTE_LEAF
#define LEVELS  PUCK_IOMMU_PT_LEVELS

/* The table of level n is at page n; no index is the same at two levels. */
#define TABLE(level)    ((uint64_t)(level) << 12)
#define IOVA            (1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12)
#define PAGE_4K         0x000f123456789000ull
#define PAGE_2M         0x000abcdef1200000ull

/* Guest memory: an entry that is not here cannot be read. */
typedef struct Memory {
    GHashTable *entries;
    unsigned reads;
} Memory;

static bool read_entry(void *opaque, uint64_t pa, uint64_t *entry)
{
    Memory *m = opaque;
    uint64_t *found = g_hash_table_lookup(m->entries, &pa);

    m->reads++;
    if (found) {
        *entry = *found;
    }
    return found;
}

static void set(Memory *m, uint64_t pa, uint64_t entry)
{
    g_hash_table_insert(m->entries, g_memdup2(&pa, 8), g_memdup2(&entry, 8));
}

static uint64_t entry_at(unsigned level)
{
    return TABLE(level) + 8 * ((IOVA >> (12 + 9 * (level - 1))) % 512);
}

/* Maps IOVA to PAGE_4K, each level with these permissions. */
static void memory_init(Memory *m, uint64_t perm)
{
    m->entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                       g_free);
    m->reads = 0;
    for (unsigned level = LEVELS; level > 1; level--) {
        set(m, entry_at(level), TABLE(level - 1) | perm);
    }
    set(m, entry_at(1), PAGE_4K | perm);
}

static void memory_free(Memory *m)
{
    g_hash_table_destroy(m->entries);
}

static uint8_t walk_for(Memory *m, uint8_t want, PuckWalk *walk)
{
    uint8_t reason = puck_walk(TABLE(LEVELS), IOVA | 0xabc, want, read_entry,
                               m, NULL, walk);

    g_assert_cmpuint(reason, ==, walk->reason);
    return reason;
}

static void assert_fault(Memory *m, uint8_t want, uint8_t reason,
                         uint64_t entry)
{
    PuckWalk walk;

    g_assert_cmpuint(walk_for(m, want, &walk), ==, reason);
    g_assert_cmphex(walk.entry, ==, entry);
}

static void test_4k(void)
{
    PuckWalk walk;
    Memory m;

    memory_init(&m, RW | PUCK_IOMMU_PTE_SOFTWARE);
    g_assert_cmpuint(walk_for(&m, RW, &walk), ==, 0);
    g_assert_cmphex(walk.pa, ==, PAGE_4K);
    g_assert_cmphex(walk.mask, ==, 0xfff);
    g_assert_cmphex(walk.perm, ==, RW);
    g_assert_cmphex(walk.entry, ==, entry_at(1));
    g_assert_cmpuint(m.reads, ==, 4);
    memory_free(&m);
}

static void test_2m(void)
{
    PuckWalk walk;
    Memory m;

    memory_init(&m, RW);
    set(&m, entry_at(2), PAGE_2M | R | LEAF | PUCK_IOMMU_PTE_SOFTWARE);
    g_assert_cmpuint(walk_for(&m, R, &walk), ==, 0);
    g_assert_cmphex(walk.pa, ==, PAGE_2M);
    g_assert_cmphex(walk.mask, ==, 0x1fffff);
    g_assert_cmphex(walk.perm, ==, R);
    g_assert_cmpuint(m.reads, ==, 3);
    memory_free(&m);
}

/* Top and bottom of what 48 bits reach. */
static void test_edges(void)
{
    static const uint64_t iovas[] = { 0, 0xffffffffffff };
    PuckWalk walk;
    Memory m;

    for (unsigned i = 0; i < G_N_ELEMENTS(iovas); i++) {
        memory_init(&m, RW);
        for (unsigned level = 1; level <= LEVELS; level++) {
            set(&m, TABLE(level) + (iovas[i] ? 8 * 511 : 0),
                (level > 1 ? TABLE(level - 1) : PAGE_4K) | RW);
        }
        g_assert_cmpuint(puck_walk(TABLE(LEVELS), iovas[i], RW, read_entry,
                                   &m, NULL, &walk), ==, 0);
        g_assert_cmphex(walk.pa, ==, PAGE_4K);
        memory_free(&m);
    }
}

/* All permissions at all levels, against their AND. */
static void test_permissions(void)
{
    static const uint8_t perms[] = { R, W, RW };
    PuckWalk walk;
    Memory m;

    memory_init(&m, RW);
    for (unsigned i = 0; i < 81; i++) {
        uint64_t denied_by[RW + 1] = { };
        uint8_t both = RW;

        for (unsigned level = LEVELS, n = i; level; level--, n /= 3) {
            uint8_t perm = perms[n % 3];

            set(&m, entry_at(level),
                (level > 1 ? TABLE(level - 1) : PAGE_4K) | perm);
            both &= perm;
            for (uint8_t want = R; want <= RW; want++) {
                if (!denied_by[want] && (want & ~both)) {
                    denied_by[want] = entry_at(level);
                }
            }
        }
        for (uint8_t want = R; want <= RW; want++) {
            uint8_t reason = walk_for(&m, want, &walk);

            g_assert_cmpuint(walk.perm, ==, both);
            if (want & ~both) {
                g_assert_cmpuint(reason, ==, PUCK_IOMMU_FAULT_PERMISSION);
                g_assert_cmphex(walk.entry, ==, denied_by[want]);
            } else {
                g_assert_cmpuint(reason, ==, 0);
            }
        }
    }
    memory_free(&m);
}

static void test_not_present(void)
{
    Memory m;

    for (unsigned level = 1; level <= LEVELS; level++) {
        memory_init(&m, RW);
        set(&m, entry_at(level), 0);
        assert_fault(&m, R, PUCK_IOMMU_FAULT_NOT_MAPPED, entry_at(level));
        /* Nothing else of it counts. */
        set(&m, entry_at(level), ~(uint64_t)RW);
        assert_fault(&m, W, PUCK_IOMMU_FAULT_NOT_MAPPED, entry_at(level));
        memory_free(&m);
    }
}

/* What is not there is said before what is not allowed. */
static void test_not_present_before_permission(void)
{
    Memory m;

    memory_init(&m, R);
    set(&m, entry_at(1), 0);
    assert_fault(&m, W, PUCK_IOMMU_FAULT_NOT_MAPPED, entry_at(1));
    set(&m, entry_at(1), PAGE_4K | R | 1ull << 63);
    assert_fault(&m, W, PUCK_IOMMU_FAULT_PTE_RSVD, entry_at(1));
    memory_free(&m);
}

static void test_unreadable(void)
{
    Memory m;

    for (unsigned level = 1; level <= LEVELS; level++) {
        uint64_t at = entry_at(level);

        memory_init(&m, RW);
        g_hash_table_remove(m.entries, &at);
        assert_fault(&m, R, PUCK_IOMMU_FAULT_TABLE_READ, at);
        memory_free(&m);
    }
}

/* Bits that make a fault of an entry that is not a 2M leaf. */
static bool is_reserved(unsigned bit, unsigned level)
{
    return (bit >= 2 && bit <= 6) || bit >= 52 || (bit == 7 && level != 2);
}

static void test_reserved_bits(void)
{
    PuckWalk walk;
    Memory m;

    for (unsigned level = 1; level <= LEVELS; level++) {
        for (unsigned bit = 2; bit < 64; bit++) {
            uint64_t good = level > 1 ? TABLE(level - 1) : PAGE_4K;

            if (level == 2 && bit == 7) {
                continue;       /* a leaf, not a table: the next test */
            }
            memory_init(&m, RW);
            set(&m, entry_at(level), good | RW | 1ull << bit);
            if (is_reserved(bit, level)) {
                assert_fault(&m, R, PUCK_IOMMU_FAULT_PTE_RSVD,
                             entry_at(level));
            } else {
                g_assert_cmpuint(walk_for(&m, R, &walk), !=,
                                 PUCK_IOMMU_FAULT_PTE_RSVD);
            }
            memory_free(&m);
        }
    }
}

static void test_reserved_bits_of_leaf(void)
{
    PuckWalk walk;
    Memory m;

    memory_init(&m, RW);
    for (unsigned bit = 2; bit < 64; bit++) {
        bool low = bit >= 12 && bit <= 20;

        set(&m, entry_at(2), RW | LEAF | 1ull << bit);
        g_assert_cmpuint(walk_for(&m, R, &walk), ==,
                         low || is_reserved(bit, 2) ?
                         PUCK_IOMMU_FAULT_PTE_RSVD : 0);
    }
    memory_free(&m);
}

static void test_cursor(void)
{
    PuckWalkCursor cursor = { };
    PuckWalk walk;
    Memory m;

    memory_init(&m, RW);
    set(&m, entry_at(3), TABLE(2) | R);
    set(&m, entry_at(1) + 8, (PAGE_4K + 0x1000) | RW);
    g_assert_cmpuint(puck_walk(TABLE(LEVELS), IOVA, R, read_entry, &m,
                               &cursor, &walk), ==, 0);
    g_assert_cmpuint(m.reads, ==, 4);

    /* The next page: one read, the permission of the levels above kept. */
    g_assert_cmpuint(puck_walk(TABLE(LEVELS), IOVA + 0x1000, R, read_entry,
                               &m, &cursor, &walk), ==, 0);
    g_assert_cmpuint(m.reads, ==, 5);
    g_assert_cmphex(walk.pa, ==, PAGE_4K + 0x1000);
    g_assert_cmphex(walk.perm, ==, R);

    /* The next 2 MiB: from the top. */
    set(&m, entry_at(2) + 8, 0);
    g_assert_cmpuint(puck_walk(TABLE(LEVELS), IOVA + 0x200000, R, read_entry,
                               &m, &cursor, &walk), ==,
                     PUCK_IOMMU_FAULT_NOT_MAPPED);
    g_assert_cmpuint(m.reads, ==, 8);
    memory_free(&m);
}

/* A refused walk leaves nothing behind that could let the next one pass. */
static void test_cursor_after_refusal(void)
{
    PuckWalkCursor cursor = { };
    PuckWalk walk;
    Memory m;

    memory_init(&m, RW);
    set(&m, entry_at(4), TABLE(3) | R);
    for (unsigned i = 0; i < 2; i++) {
        g_assert_cmpuint(puck_walk(TABLE(LEVELS), IOVA, W, read_entry, &m,
                                   &cursor, &walk), ==,
                         PUCK_IOMMU_FAULT_PERMISSION);
        g_assert_cmphex(walk.entry, ==, entry_at(4));
    }
    memory_free(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/iommu/walk/4k", test_4k);
    g_test_add_func("/iommu/walk/2m", test_2m);
    g_test_add_func("/iommu/walk/edges", test_edges);
    g_test_add_func("/iommu/walk/permissions", test_permissions);
    g_test_add_func("/iommu/walk/not_present", test_not_present);
    g_test_add_func("/iommu/walk/not_present_before_permission",
                    test_not_present_before_permission);
    g_test_add_func("/iommu/walk/unreadable", test_unreadable);
    g_test_add_func("/iommu/walk/reserved_bits", test_reserved_bits);
    g_test_add_func("/iommu/walk/reserved_bits_of_leaf",
                    test_reserved_bits_of_leaf);
    g_test_add_func("/iommu/walk/cursor", test_cursor);
    g_test_add_func("/iommu/walk/cursor_after_refusal",
                    test_cursor_after_refusal);
    return g_test_run();
}
