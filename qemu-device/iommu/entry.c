/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the reading of root and context entries.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "entry.h"

#define ROOT_ENTRY_RESERVED \
    (~(PUCK_IOMMU_ROOT_ENTRY_VALID | PUCK_IOMMU_ROOT_ENTRY_ADDR))
#define CTX_RESERVED \
    (~(PUCK_IOMMU_CTX_VALID | PUCK_IOMMU_CTX_MODE | PUCK_IOMMU_CTX_TABLE))

/* How often an entry that changes while it is read is read. */
#define READS_MAX   2

static bool fail(PuckContextResult *res, uint8_t reason, uint64_t entry)
{
    res->reason = reason;
    res->entry = entry;
    return false;
}

/* Checks a valid entry. Returns false if it breaks a rule. */
static bool parse_context(uint64_t table, uint64_t domain, PuckContext *ctx)
{
    *ctx = (PuckContext) {
        .table = table & PUCK_IOMMU_CTX_TABLE,
        .mode = (table & PUCK_IOMMU_CTX_MODE) >>
                __builtin_ctzll(PUCK_IOMMU_CTX_MODE),
        .domain = domain & PUCK_IOMMU_CTX_DOMAIN,
        .valid = true,
    };
    if ((table & CTX_RESERVED) || (domain & ~PUCK_IOMMU_CTX_DOMAIN)) {
        return false;
    }
    switch (ctx->mode) {
    case PUCK_IOMMU_CTX_MODE_TRANSLATE:
        return true;
    case PUCK_IOMMU_CTX_MODE_IDENTITY:
    case PUCK_IOMMU_CTX_MODE_BLOCKED:
        return !ctx->table;
    default:
        return false;
    }
}

/* @again is @table read once more behind @domain, if @table is valid. */
static bool read_words(uint64_t at, PuckReadEntry *read, void *opaque,
                       uint64_t *table, uint64_t *domain, uint64_t *again)
{
    *domain = 0;
    if (!read(opaque, at, table)) {
        return false;
    }
    *again = *table;
    if (!(*table & PUCK_IOMMU_CTX_VALID)) {
        return true;
    }
    /* Pairs with the barrier of software before its write to "table". */
    smp_rmb();
    if (!read(opaque, at + 8, domain)) {
        return false;
    }
    /* Pairs with that between its clearing "table" and writing "domain". */
    smp_rmb();
    return read(opaque, at, again);
}

static bool read_context(uint64_t at, PuckReadEntry *read, void *opaque,
                         PuckContext *ctx, PuckContextResult *res)
{
    uint64_t table, domain, again;

    for (unsigned i = 0; i < READS_MAX; i++) {
        if (!read_words(at, read, opaque, &table, &domain, &again)) {
            return fail(res, PUCK_IOMMU_FAULT_TABLE_READ, at);
        }
        if (!(table & PUCK_IOMMU_CTX_VALID)) {
            break;
        }
        if (table == again) {
            return parse_context(table, domain, ctx) ||
                   fail(res, PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
        }
    }
    return fail(res, PUCK_IOMMU_FAULT_CONTEXT, at);
}

bool puck_entry_read(uint64_t root, uint16_t rid, PuckReadEntry *read,
                     void *opaque, PuckContext *ctx, PuckContextResult *res)
{
    uint64_t at = root + 8 * (rid >> 8);
    uint64_t entry;

    if (!read(opaque, at, &entry)) {
        return fail(res, PUCK_IOMMU_FAULT_TABLE_READ, at);
    }
    if (!(entry & PUCK_IOMMU_ROOT_ENTRY_VALID)) {
        return fail(res, PUCK_IOMMU_FAULT_ROOT, at);
    }
    if (entry & ROOT_ENTRY_RESERVED) {
        return fail(res, PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    }
    return read_context((entry & PUCK_IOMMU_ROOT_ENTRY_ADDR) +
                        16 * (rid & 0xff), read, opaque, ctx, res);
}
