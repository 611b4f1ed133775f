/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: from requester to context, with the cache in between. See
 * section "Root and context tables" of docs/specs/iommu.rst.
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "context.h"
#include "device.h"

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

static bool read_context(PuckIOMMU *s, uint16_t rid, PuckTables *tables,
                         PuckContext *ctx, PuckContextResult *res)
{
    return puck_entry_read(s->regs.root & PUCK_IOMMU_ROOT_ADDR, rid,
                           puck_tables_read, tables, ctx, res);
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
