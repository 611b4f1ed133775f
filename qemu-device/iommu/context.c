/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: from requester to context, with the cache in between. See
 * section "Root and context tables" of docs/specs/iommu.rst.
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "iommu.h"

#define ROOT_ENTRY_RESERVED \
    (~(PUCK_IOMMU_ROOT_ENTRY_VALID | PUCK_IOMMU_ROOT_ENTRY_ADDR))
#define CTX_RESERVED \
    (~(PUCK_IOMMU_CTX_VALID | PUCK_IOMMU_CTX_MODE | PUCK_IOMMU_CTX_TABLE))

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
        .mode = puck_field(table, PUCK_IOMMU_CTX_MODE),
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

static PuckContext *cached(PuckIOMMU *s, uint16_t rid)
{
    PuckContext *bus = s->contexts[rid >> 8];

    return bus && bus[rid & 0xff].valid ? &bus[rid & 0xff] : NULL;
}

void puck_context_insert_locked(PuckIOMMU *s, uint16_t rid, PuckContext ctx)
{
    PuckContext **bus = &s->contexts[rid >> 8];

    if (!*bus) {
        *bus = g_new0(PuckContext, PUCK_IOMMU_CTX_ENTRIES);
    }
    (*bus)[rid & 0xff] = ctx;
}

/* The context as it is in memory. False: @res says why there is none. */
static bool read_context(PuckIOMMU *s, uint16_t rid, PuckTables *tables,
                         PuckContext *ctx, PuckContextResult *res)
{
    uint64_t at, root, table, domain;

    at = (s->regs.root & PUCK_IOMMU_ROOT_ADDR) + 8 * (rid >> 8);
    if (!puck_tables_read(tables, at, &root)) {
        return fail(res, PUCK_IOMMU_FAULT_TABLE_READ, at);
    }
    if (!(root & PUCK_IOMMU_ROOT_ENTRY_VALID)) {
        return fail(res, PUCK_IOMMU_FAULT_ROOT, at);
    }
    if (root & ROOT_ENTRY_RESERVED) {
        return fail(res, PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    }

    at = (root & PUCK_IOMMU_ROOT_ENTRY_ADDR) + 16 * (rid & 0xff);
    if (!puck_tables_read(tables, at, &table) ||
        !puck_tables_read(tables, at + 8, &domain)) {
        return fail(res, PUCK_IOMMU_FAULT_TABLE_READ, at);
    }
    if (!(table & PUCK_IOMMU_CTX_VALID)) {
        return fail(res, PUCK_IOMMU_FAULT_CONTEXT, at);
    }
    if (!parse_context(table, domain, ctx)) {
        return fail(res, PUCK_IOMMU_FAULT_CONTEXT_RSVD, at);
    }
    return true;
}

const PuckContext *puck_context_get_locked(PuckIOMMU *s, uint16_t rid,
                                           PuckTables *tables,
                                           PuckContextResult *res)
{
    const PuckContext *hit = cached(s, rid);
    PuckContext ctx;

    *res = (PuckContextResult) { };
    if (likely(hit)) {
        return hit;
    }
    if (!read_context(s, rid, tables, &ctx, res)) {
        return NULL;
    }
    puck_context_insert_locked(s, rid, ctx);
    return cached(s, rid);
}

bool puck_context_in_domain_locked(PuckIOMMU *s, uint16_t rid,
                                   uint16_t domain)
{
    const PuckContext *hit = cached(s, rid);
    PuckTables tables = { .iommu = s };
    PuckContextResult res;
    PuckContext ctx;

    if (hit) {
        return hit->domain == domain;
    }
    RCU_READ_LOCK_GUARD();
    return read_context(s, rid, &tables, &ctx, &res) &&
           ctx.domain == domain;
}

void puck_context_drop_locked(PuckIOMMU *s, uint16_t rid)
{
    PuckContext *ctx = cached(s, rid);

    if (ctx) {
        ctx->valid = false;
    }
}

void puck_context_drop_all_locked(PuckIOMMU *s)
{
    unsigned bus;

    for (bus = 0; bus < ARRAY_SIZE(s->contexts); bus++) {
        g_clear_pointer(&s->contexts[bus], g_free);
    }
}
