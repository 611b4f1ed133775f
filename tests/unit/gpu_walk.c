/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of puck-gpu's page table walk, over crafted tables.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/vm/walk.h"

#define R           PUCK_GPU_PTE_READ
#define W           PUCK_GPU_PTE_WRITE
#define RW          (R | W)
#define IN_VRAM     PUCK_GPU_PTE_VRAM
#define BIG         PUCK_GPU_PTE_BIG
#define LEVELS      PUCK_GPU_PT_LEVELS
#define VRAM_SIZE   0x100000ull

/* The table of level n is at page n; no index is the same at two levels. */
#define TABLE(level)    ((uint64_t)(level) << 12)
#define VA              (1ull << 39 | 2ull << 30 | 3ull << 21 | 0x14ull << 12)
#define PAGE_4K         0x000f123456789000ull
#define PAGE_64K        0x000abcdef1230000ull

/* Memory of both kinds: an entry that is not here cannot be read. */
typedef struct Memory {
    GHashTable *entries;
    uint64_t root;
    unsigned reads;
} Memory;

/* Neither kind has an entry where the other has it. */
static uint64_t key_of(uint64_t addr, bool vram)
{
    return addr | vram;
}

static bool read_entry(void *opaque, const PuckPtePlace *at, uint64_t *pte)
{
    Memory *m = opaque;
    uint64_t key = key_of(at->addr, at->vram);
    uint64_t *found = g_hash_table_lookup(m->entries, &key);

    m->reads++;
    if (found) {
        *pte = *found;
    }
    return found;
}

static void set_in(Memory *m, uint64_t addr, bool vram, uint64_t pte)
{
    uint64_t key = key_of(addr, vram);

    g_hash_table_insert(m->entries, g_memdup2(&key, 8), g_memdup2(&pte, 8));
}

static uint64_t entry_at(unsigned level)
{
    return TABLE(level) + 8 * ((VA >> (12 + 9 * (level - 1))) % 512);
}

static void set(Memory *m, unsigned level, uint64_t pte)
{
    set_in(m, entry_at(level), false, pte);
}

/* Maps VA to PAGE_4K, each level with these rights. */
static void memory_init(Memory *m, uint64_t rights)
{
    *m = (Memory) {
        .entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                         g_free),
        .root = TABLE(LEVELS) | PUCK_GPU_VM_ROOT_VALID,
    };
    for (unsigned level = LEVELS; level > 1; level--) {
        set(m, level, TABLE(level - 1) | rights);
    }
    set(m, 1, PAGE_4K | rights);
}

static void memory_free(Memory *m)
{
    g_hash_table_destroy(m->entries);
}

static uint8_t walk_at(Memory *m, uint64_t va, uint8_t want,
                       PuckVmCursor *cursor, PuckVmWalk *walk)
{
    PuckVmTables tables = {
        .root = m->root, .vram_size = VRAM_SIZE, .read = read_entry,
        .opaque = m,
    };
    bool ok = puck_vm_walk(&tables, va, want, cursor, walk);

    g_assert_cmpint(ok, ==, !walk->reason);
    return walk->reason;
}

static uint8_t reason_for(Memory *m, uint8_t want)
{
    PuckVmWalk walk;

    return walk_at(m, VA | 0xabc, want, NULL, &walk);
}

static void test_4k(void)
{
    PuckVmWalk walk;
    Memory m;

    memory_init(&m, RW | PUCK_GPU_PTE_SOFTWARE);
    g_assert_cmpuint(walk_at(&m, VA | 0xabc, RW, NULL, &walk), ==, 0);
    g_assert_cmphex(walk.addr, ==, PAGE_4K);
    g_assert_cmpuint(walk.shift, ==, 12);
    g_assert_cmphex(walk.perm, ==, RW);
    g_assert_cmpuint(walk.reads, ==, 4);
    g_assert_cmpuint(m.reads, ==, 4);
    memory_free(&m);
}

static void test_64k(void)
{
    PuckVmWalk walk;
    Memory m;

    memory_init(&m, RW);
    set(&m, 1, PAGE_64K | R | BIG);
    g_assert_cmpuint(walk_at(&m, VA | 0xabc, R, NULL, &walk), ==, 0);
    g_assert_cmphex(walk.addr, ==, PAGE_64K);
    g_assert_cmpuint(walk.shift, ==, 16);
    g_assert_cmphex(walk.perm, ==, R);
    memory_free(&m);
}

/* Top and bottom of what 48 bits reach. */
static void test_edges(void)
{
    static const uint64_t vas[] = { 0, 0xffffffffffff };
    PuckVmWalk walk;

    for (size_t i = 0; i < G_N_ELEMENTS(vas); i++) {
        Memory m;

        memory_init(&m, RW);
        for (unsigned level = LEVELS; level; level--) {
            uint64_t index = vas[i] >> (12 + 9 * (level - 1));

            set_in(&m, TABLE(level) + 8 * (index % 512), false,
                   (level > 1 ? TABLE(level - 1) : PAGE_4K) | RW);
        }
        g_assert_cmpuint(walk_at(&m, vas[i], W, NULL, &walk), ==, 0);
        g_assert_cmphex(walk.addr, ==, PAGE_4K);
        memory_free(&m);
    }
}

/* Root and tables of either kind, and the page behind them. */
static void test_vram(void)
{
    for (unsigned where = 0; where < 1u << (LEVELS + 1); where++) {
        PuckVmWalk walk;
        Memory m;

        memory_init(&m, RW);
        g_hash_table_remove_all(m.entries);
        /* Bit n of @where: the table of level n, or the page, is in VRAM. */
        for (unsigned level = LEVELS; level; level--) {
            uint64_t names = level > 1 ? TABLE(level - 1) : 0x5000;
            bool in_vram = where >> (level - 1) & 1;

            set_in(&m, entry_at(level), where >> level & 1,
                   names | RW | (in_vram ? IN_VRAM : 0));
        }
        m.root |= where >> LEVELS & 1 ? PUCK_GPU_VM_ROOT_VRAM : 0;
        g_assert_cmpuint(walk_at(&m, VA, R, NULL, &walk), ==, 0);
        g_assert_cmphex(walk.addr, ==, 0x5000);
        g_assert_cmphex(walk.perm, ==, RW | (where & 1 ? IN_VRAM : 0));
        memory_free(&m);
    }
}

/* Without rights an entry is none, whatever else is in it. */
static void test_bad_none(void)
{
    for (unsigned level = LEVELS; level; level--) {
        Memory m;

        memory_init(&m, RW);
        set(&m, level, ~(uint64_t)RW);
        g_assert_cmpuint(reason_for(&m, R), ==, PUCK_GPU_ERR_PTE_NONE);
        g_assert_cmpuint(m.reads, ==, LEVELS + 1 - level);
        memory_free(&m);
    }
}

/* One level withholds it; what is wrong behind that comes first. */
static void test_bad_perm(void)
{
    for (unsigned level = LEVELS; level; level--) {
        uint64_t names = level > 1 ? TABLE(level - 1) : PAGE_4K;
        PuckVmWalk walk;
        Memory m;

        memory_init(&m, RW);
        set(&m, level, names | R);
        g_assert_cmpuint(walk_at(&m, VA, R, NULL, &walk), ==, 0);
        g_assert_cmphex(walk.perm, ==, R);
        g_assert_cmpuint(reason_for(&m, W), ==, PUCK_GPU_ERR_PTE_PERM);
        set(&m, level, names | W);
        g_assert_cmpuint(reason_for(&m, W), ==, 0);
        g_assert_cmpuint(reason_for(&m, R), ==, PUCK_GPU_ERR_PTE_PERM);
        if (level > 1) {
            set(&m, 1, PAGE_4K | RW | 1ull << 63);
            g_assert_cmpuint(reason_for(&m, R), ==,
                             PUCK_GPU_ERR_PTE_RESERVED);
            set(&m, 1, 0);
            g_assert_cmpuint(reason_for(&m, R), ==, PUCK_GPU_ERR_PTE_NONE);
        }
        memory_free(&m);
    }
}

/* Every bit that is reserved, at every level. */
static void test_bad_reserved(void)
{
    uint64_t used = RW | IN_VRAM | PUCK_GPU_PTE_SOFTWARE | PUCK_GPU_PTE_ADDR;

    for (unsigned level = LEVELS; level; level--) {
        for (unsigned bit = 0; bit < 64; bit++) {
            bool bad = !(used & 1ull << bit) && (level > 1 || bit != 3);
            Memory m;

            memory_init(&m, RW);
            if (!bad) {
                memory_free(&m);
                continue;
            }
            /* Aligned, so that nothing else is wrong with BIG. */
            set(&m, level, 1ull << bit | RW | PAGE_64K);
            g_assert_cmpuint(reason_for(&m, R), ==,
                             PUCK_GPU_ERR_PTE_RESERVED);
            memory_free(&m);
        }
    }
}

static void test_bad_big(void)
{
    Memory m;

    memory_init(&m, RW);
    for (unsigned bit = 12; bit < 16; bit++) {
        set(&m, 1, PAGE_64K | RW | BIG | 1ull << bit);
        g_assert_cmpuint(reason_for(&m, R), ==, PUCK_GPU_ERR_PTE_RESERVED);
    }
    set(&m, 1, PAGE_64K | RW | BIG);
    g_assert_cmpuint(reason_for(&m, R), ==, 0);
    memory_free(&m);
}

/* What is said to be in VRAM, and is past its end. */
static void test_bad_vram(void)
{
    for (unsigned level = LEVELS; level; level--) {
        Memory m;

        memory_init(&m, RW);
        set(&m, level, VRAM_SIZE | RW | IN_VRAM);
        g_assert_cmpuint(reason_for(&m, R), ==, PUCK_GPU_ERR_PTE_RESERVED);
        memory_free(&m);
    }
    for (uint64_t addr = VRAM_SIZE; addr < 1ull << 52; addr <<= 1) {
        Memory m;

        memory_init(&m, RW);
        m.root = addr | PUCK_GPU_VM_ROOT_VALID | PUCK_GPU_VM_ROOT_VRAM;
        g_assert_cmpuint(reason_for(&m, R), ==, PUCK_GPU_ERR_PTE_RESERVED);
        g_assert_cmpuint(m.reads, ==, 0);
        memory_free(&m);
    }
}

static void test_bad_read(void)
{
    for (unsigned level = LEVELS; level; level--) {
        uint64_t key = key_of(entry_at(level), false);
        Memory m;

        memory_init(&m, RW);
        g_hash_table_remove(m.entries, &key);
        g_assert_cmpuint(reason_for(&m, R), ==, PUCK_GPU_ERR_PTE_READ);
        memory_free(&m);
    }
}

/* All tables are one and the same page, which is the page, too. */
static void test_self(void)
{
    PuckVmWalk walk;
    Memory m;

    memory_init(&m, RW);
    m.root = TABLE(1) | PUCK_GPU_VM_ROOT_VALID;
    set_in(&m, TABLE(1), false, TABLE(1) | RW);
    g_assert_cmpuint(walk_at(&m, 0, W, NULL, &walk), ==, 0);
    g_assert_cmphex(walk.addr, ==, TABLE(1));
    g_assert_cmpuint(m.reads, ==, 4);
    memory_free(&m);
}

/* Within 2 MiB one read is enough, with the rights of all levels. */
static void test_cursor(void)
{
    PuckVmCursor cursor = { };
    PuckVmWalk walk;
    Memory m;

    memory_init(&m, RW);
    set(&m, 3, TABLE(2) | R);
    set_in(&m, entry_at(1) + 8, false, 0x7000 | RW);
    g_assert_cmpuint(walk_at(&m, VA, R, &cursor, &walk), ==, 0);
    g_assert_cmpuint(walk_at(&m, VA + 0x1000, R, &cursor, &walk), ==, 0);
    g_assert_cmphex(walk.addr, ==, 0x7000);
    g_assert_cmphex(walk.perm, ==, R);
    g_assert_cmpuint(walk.reads, ==, 1);
    g_assert_cmpuint(walk_at(&m, VA + 0x1000, W, &cursor, &walk), ==,
                     PUCK_GPU_ERR_PTE_PERM);
    /* Another region, and another root, begin at the top. */
    g_assert_cmpuint(walk_at(&m, VA + 0x200000, R, &cursor, &walk), ==,
                     PUCK_GPU_ERR_PTE_READ);
    g_assert_cmpuint(walk.reads, ==, 3);
    m.root = 0x9000 | PUCK_GPU_VM_ROOT_VALID;
    g_assert_cmpuint(walk_at(&m, VA, R, &cursor, &walk), ==,
                     PUCK_GPU_ERR_PTE_READ);
    g_assert_cmpuint(walk.reads, ==, 1);
    memory_free(&m);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu/walk/4k", test_4k);
    g_test_add_func("/gpu/walk/64k", test_64k);
    g_test_add_func("/gpu/walk/edges", test_edges);
    g_test_add_func("/gpu/walk/vram", test_vram);
    g_test_add_func("/gpu/walk/self", test_self);
    g_test_add_func("/gpu/walk/cursor", test_cursor);
    g_test_add_func("/gpu/walk/bad_none", test_bad_none);
    g_test_add_func("/gpu/walk/bad_perm", test_bad_perm);
    g_test_add_func("/gpu/walk/bad_reserved", test_bad_reserved);
    g_test_add_func("/gpu/walk/bad_big", test_bad_big);
    g_test_add_func("/gpu/walk/bad_vram", test_bad_vram);
    g_test_add_func("/gpu/walk/bad_read", test_bad_read);
    return g_test_run();
}
