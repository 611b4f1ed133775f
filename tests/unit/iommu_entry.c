/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of how puck-iommu reads a context entry that software changes
 * meanwhile: it never takes the table of one context with the domain of
 * another.
 */

#include "qemu/osdep.h"
#include "hw/puck/iommu/entry.h"

#define ROOT        0x10000ull
#define CTX         0x20000ull
#define RID         0x0103
#define AT          (CTX + 16 * (RID & 0xff))

#define OLD_TABLE   (0x100000ull | PUCK_IOMMU_CTX_VALID)
#define OLD_DOMAIN  7
#define NEW_TABLE   (0x200000ull | PUCK_IOMMU_CTX_VALID)
#define NEW_DOMAIN  8

/* A change of the entry, done before read number @before of its words. */
typedef struct Change {
    unsigned before;
    uint64_t table;
    uint64_t domain;
} Change;

typedef struct Memory {
    uint64_t table;
    uint64_t domain;
    unsigned reads;
    const Change *changes;
    unsigned count;
} Memory;

static bool read_word(void *opaque, uint64_t pa, uint64_t *entry)
{
    Memory *m = opaque;

    if (pa == ROOT + 8 * (RID >> 8)) {
        *entry = CTX | PUCK_IOMMU_ROOT_ENTRY_VALID;
        return true;
    }
    g_assert_true(pa == AT || pa == AT + 8);
    for (unsigned i = 0; i < m->count; i++) {
        if (m->changes[i].before == m->reads) {
            m->table = m->changes[i].table;
            m->domain = m->changes[i].domain;
        }
    }
    m->reads++;
    *entry = pa == AT ? m->table : m->domain;
    return true;
}

static uint8_t read_entry(const Change *changes, unsigned count,
                          PuckContext *ctx)
{
    Memory m = { OLD_TABLE, OLD_DOMAIN, 0, changes, count };
    PuckContextResult res = { };
    bool good = puck_entry_read(ROOT, RID, read_word, &m, ctx, &res);

    g_assert_true(good == !res.reason);
    g_assert_cmphex(res.entry, ==, good ? 0 : AT);
    g_assert_cmpuint(m.reads, <=, 6);
    return res.reason;
}

static void is_old(const PuckContext *ctx)
{
    g_assert_cmphex(ctx->table, ==, OLD_TABLE & PUCK_IOMMU_CTX_TABLE);
    g_assert_cmpuint(ctx->domain, ==, OLD_DOMAIN);
}

static void is_new(const PuckContext *ctx)
{
    g_assert_cmphex(ctx->table, ==, NEW_TABLE & PUCK_IOMMU_CTX_TABLE);
    g_assert_cmpuint(ctx->domain, ==, NEW_DOMAIN);
}

static void test_still(void)
{
    PuckContext ctx;

    g_assert_cmpuint(read_entry(NULL, 0, &ctx), ==, 0);
    is_old(&ctx);
}

/* Software's three steps, done at any three moments of the reading. */
static void test_changes(void)
{
    for (unsigned a = 0; a <= 6; a++) {
        for (unsigned b = a; b <= 6; b++) {
            for (unsigned c = b; c <= 6; c++) {
                const Change changes[] = {
                    { a, 0, OLD_DOMAIN },
                    { b, 0, NEW_DOMAIN },
                    { c, NEW_TABLE, NEW_DOMAIN },
                };
                PuckContext ctx = { };
                uint8_t reason = read_entry(changes, 3, &ctx);

                if (reason) {
                    g_assert_cmpuint(reason, ==, PUCK_IOMMU_FAULT_CONTEXT);
                } else if (ctx.domain == OLD_DOMAIN) {
                    is_old(&ctx);
                } else {
                    is_new(&ctx);
                }
            }
        }
    }
}

/* All three of them between the first word and the second. */
static void test_torn(void)
{
    const Change change = { 1, NEW_TABLE, NEW_DOMAIN };
    PuckContext ctx;

    g_assert_cmpuint(read_entry(&change, 1, &ctx), ==, 0);
    is_new(&ctx);
}

/* One that never stands still is read twice, and counts as not valid. */
static void test_restless(void)
{
    const Change changes[] = {
        { 2, NEW_TABLE, NEW_DOMAIN }, { 3, OLD_TABLE, OLD_DOMAIN },
        { 5, NEW_TABLE, NEW_DOMAIN },
    };
    PuckContext ctx;

    g_assert_cmpuint(read_entry(changes, 3, &ctx), ==,
                     PUCK_IOMMU_FAULT_CONTEXT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/iommu/entry/still", test_still);
    g_test_add_func("/iommu/entry/changes", test_changes);
    g_test_add_func("/iommu/entry/torn", test_torn);
    g_test_add_func("/iommu/entry/restless", test_restless);
    return g_test_run();
}
