/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: one request, from an IOVA to memory or to a fault.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "hw/puck/common/trace.h"
#include "context.h"
#include "device.h"
#include "faultq.h"
#include "irq.h"
#include "translate.h"

/* QEMU's access flags and the PTE's permissions are the same bits. */
QEMU_BUILD_BUG_ON(IOMMU_RO != PUCK_IOMMU_PTE_READ);
QEMU_BUILD_BUG_ON(IOMMU_WO != PUCK_IOMMU_PTE_WRITE);

#define WINDOW_MASK     (PUCK_IOMMU_MSI_SIZE - 1)
#define PASS_MASK       ((1ull << PUCK_IOMMU_PA_BITS) - 1)

/*
 * How far apart, in bytes and in time, the pieces of a failed access are. The
 * time is for those of a thread without the BQL, and for a device that maps
 * memory first and moves the data in a later turn.
 */
#define STREAK_STEP     8
#define STREAK_NS       (10 * SCALE_MS)

static bool in_window(uint64_t iova)
{
    return (iova & ~WINDOW_MASK) == PUCK_IOMMU_MSI_BASE;
}

/*
 * Results are used for whole pages. Where a 2M page holds the interrupt
 * window, the answer for the rest of it ends at the window.
 */
static void clip_to_window(PuckRequest *req)
{
    if (req->mask > WINDOW_MASK &&
        ((req->iova ^ PUCK_IOMMU_MSI_BASE) & ~req->mask) == 0) {
        req->mask = WINDOW_MASK;
        req->pa |= req->iova & PUCK_MASK_2M & ~WINDOW_MASK;
    }
}

static void serve_identity(PuckRequest *req)
{
    req->mask = PUCK_MASK_2M;
    req->pa = req->iova & ~req->mask;
    req->perm = PUCK_PERM_MASK;
}

static int64_t now_of(PuckTables *tables)
{
    if (!tables->now) {
        tables->now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    }
    return tables->now;
}

static uint64_t pa_of(const PuckRequest *req)
{
    return req->pa | (req->iova & req->mask);
}

static PuckEvent event_of(PuckIOMMU *s, const PuckRequest *req, PuckSite site)
{
    uint64_t page = req->mask + 1 - (req->iova & req->mask);

    return (PuckEvent) {
        .site = site,
        .can = req->can,
        .has = PUCK_HAS_REQUESTER | PUCK_HAS_IOVA | PUCK_HAS_DIR,
        .device = puck_iommu_name(s),
        .requester = req->rid,
        .is_write = req->want & PUCK_IOMMU_PTE_WRITE,
        .iova = req->iova,
        .len = MIN(req->len, page),
    };
}

/* CTRL.AUDIT: would the tables as they are now say something else? */
static bool audit_locked(PuckIOMMU *s, const PuckRequest *req, uint64_t table)
{
    uint64_t pa = pa_of(req);
    PuckWalk walk;

    if (!puck_walk(table, req->iova, req->want, puck_tables_read, req->tables,
                   NULL, &walk) &&
        (walk.pa | (req->iova & walk.mask)) == pa) {
        return false;
    }
    s->regs.stale_hits++;
    trace_puck_iommu_stale(req->rid, req->iova, pa, walk.reason);
    return true;
}

/* A hit on @e is about to be served: is it one that should not be there? */
static void note_use_locked(PuckIOMMU *s, PuckRequest *req,
                            const PuckTlbEntry *e, uint64_t table)
{
    bool differs = (s->regs.ctrl & PUCK_IOMMU_CTRL_AUDIT) &&
                   audit_locked(s, req, table);
    PuckEvent ev;
    int64_t now;

    if (likely(!e->rule && !differs)) {
        return;
    }
    s->regs.stale_uses += !!e->rule;
    now = now_of(req->tables);
    ev = event_of(s, req, PUCK_SITE_IOMMU_INVALIDATE);
    puck_mischief_log_stale(&ev, e->rule, pa_of(req), now - e->made,
                            e->rule ? now - e->since : -1);
}

static PuckTlbEntry *serve_hit_locked(PuckIOMMU *s, PuckRequest *req)
{
    PuckTlbEntry *e = puck_tlb_lookup(&s->iotlb, req->domain, req->iova);

    if (!e) {
        return NULL;
    }
    if (req->want & ~e->perm) {
        /* The walk that follows takes its place. */
        puck_tlb_drop(&s->iotlb, e);
        return NULL;
    }
    s->regs.hits++;
    req->hit = true;
    req->mask = puck_tlb_mask(e);
    req->pa = e->pa;
    req->perm = e->perm;
    return e;
}

static void serve_walk_locked(PuckIOMMU *s, PuckRequest *req, uint64_t table)
{
    PuckWalk walk;

    s->regs.walks++;
    req->reason = puck_walk(table, req->iova, req->want, puck_tables_read,
                            req->tables, req->cursor, &walk);
    if (req->reason) {
        req->entry = walk.entry;
        return;
    }
    req->mask = walk.mask;
    req->pa = walk.pa;
    req->perm = walk.perm;
    s->regs.evictions += puck_tlb_insert(&s->iotlb, req->domain, req->iova,
                                         walk.pa, walk.perm,
                                         walk.mask == PUCK_MASK_2M ?
                                         PUCK_SHIFT_2M : PUCK_TLB_SMALL,
                                         now_of(req->tables));
}

/* What rules of iommu.translate have to say about a request that is served. */
static void ask_rules_locked(PuckIOMMU *s, PuckRequest *req)
{
    PuckVerdict verdict;
    PuckEvent ev;

    if (likely(!puck_mischief_armed(PUCK_SITE_IOMMU_TRANSLATE)) ||
        req->waited) {
        return;
    }
    ev = event_of(s, req, PUCK_SITE_IOMMU_TRANSLATE);
    if (!puck_mischief_ask(&ev, &verdict)) {
        return;
    }
    if (verdict.action == PUCK_ACT_FAULT) {
        req->reason = PUCK_IOMMU_FAULT_INJECTED;
    } else {
        req->delay = verdict.value;
    }
}

static void serve_table_locked(PuckIOMMU *s, PuckRequest *req, uint64_t table)
{
    PuckTlbEntry *e = serve_hit_locked(s, req);

    if (!e) {
        serve_walk_locked(s, req, table);
    }
    if (!req->reason) {
        ask_rules_locked(s, req);
    }
    if (e && !req->reason && !req->delay) {
        note_use_locked(s, req, e, table);
    }
}

static void serve_locked(PuckIOMMU *s, PuckRequest *req)
{
    PuckContextResult res;
    const PuckContext *ctx;

    if (in_window(req->iova)) {
        req->reason = PUCK_IOMMU_FAULT_INTERRUPT;
        return;
    }
    if (req->iova >> PUCK_IOMMU_IOVA_BITS) {
        req->reason = PUCK_IOMMU_FAULT_ADDRESS;
        return;
    }
    ctx = puck_context_get_locked(s, req->rid, req->tables, &res);
    if (!ctx) {
        req->reason = res.reason;
        req->entry = res.entry;
        return;
    }
    req->domain = ctx->domain;
    req->domain_valid = true;
    switch (ctx->mode) {
    case PUCK_IOMMU_CTX_MODE_TRANSLATE:
        serve_table_locked(s, req, ctx->table);
        break;
    case PUCK_IOMMU_CTX_MODE_IDENTITY:
        serve_identity(req);
        break;
    default:
        req->reason = PUCK_IOMMU_FAULT_BLOCKED;
        break;
    }
}

/*
 * Whether a refused request is the rest of an access that has failed: it goes
 * on where the last one of this requester was refused, in the same page.
 */
static bool continues_fault(const PuckSpace *space, const PuckRequest *req,
                            int64_t now)
{
    const PuckFaultStreak *streak = &space->streak;

    return streak->reason == req->reason && streak->want == req->want &&
           req->iova - streak->iova <= STREAK_STEP &&
           !((req->iova ^ streak->iova) & ~PUCK_MASK_4K) &&
           (streak->turn == space->iommu->turn ||
            now - streak->time < STREAK_NS);
}

/*
 * What is left of an access that a rule refused is refused, too: rules see it
 * once. Counted from the refusal on, so that a device may try again.
 */
static bool is_rest_of_injected(PuckSpace *space, PuckRequest *req)
{
    PuckFaultStreak *streak = &space->streak;

    if (likely(streak->reason != PUCK_IOMMU_FAULT_INJECTED)) {
        return false;
    }
    req->reason = PUCK_IOMMU_FAULT_INJECTED;
    if (!continues_fault(space, req, now_of(req->tables))) {
        req->reason = 0;
        return false;
    }
    streak->iova = req->iova;
    return true;
}

/* The callback that had the BQL, and made the access, has returned. */
static void end_turn(void *opaque)
{
    PuckIOMMU *s = opaque;

    WITH_QEMU_LOCK_GUARD(&s->lock) {
        s->turn++;
    }
}

void puck_translate_init(PuckIOMMU *s)
{
    s->turn = 1;
    s->streak_bh = qemu_bh_new(end_turn, s);
}

void puck_translate_exit(PuckIOMMU *s)
{
    qemu_bh_delete(s->streak_bh);
}

/* Returns false for a request that is not one of its own. */
static bool refuse_locked(PuckIOMMU *s, PuckSpace *space, PuckRequest *req)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    bool piece = continues_fault(space, req, now);
    bool bql = bql_locked();

    space->streak = (PuckFaultStreak) {
        .iova = req->iova,
        .time = now,
        .turn = bql ? s->turn : 0,
        .want = req->want,
        .reason = req->reason,
    };
    if (bql) {
        qemu_bh_schedule(s->streak_bh);
    }
    if (piece) {
        return false;
    }
    s->regs.faults++;
    puck_faultq_record_locked(s, req);
    return true;
}

void puck_iommu_translate_locked(PuckSpace *space, PuckRequest *req)
{
    PuckIOMMU *s = space->iommu;
    uint64_t walks = s->regs.walks, hits = s->regs.hits;

    req->rid = puck_space_rid(space);
    if (in_window(req->iova) && req->want == PUCK_IOMMU_PTE_WRITE) {
        /* An interrupt message: no request, and not counted as one. */
        req->mask = WINDOW_MASK;
        req->pa = PUCK_IOMMU_MSI_BASE;
        req->perm = PUCK_IOMMU_PTE_WRITE;
        return;
    }

    if (is_rest_of_injected(space, req)) {
        return;
    }
    if (likely(!req->waited)) {
        puck_invalidate_deferred_locked(s, s->regs.translations + 1);
        s->regs.translations++;
        serve_locked(s, req);
    } else {
        /* Counted when it came first. */
        serve_locked(s, req);
        s->regs.hits = hits;
        s->regs.walks = walks;
    }
    if (unlikely(req->reason)) {
        if (!refuse_locked(s, space, req)) {
            s->regs.translations--;
            s->regs.walks = walks;
        }
        return;
    }
    space->streak.reason = 0;
    clip_to_window(req);
    trace_puck_iommu_translate(req->rid, req->iova, req->want,
                               req->pa | (req->iova & req->mask),
                               req->hit ? "hit" : "walk");
}

/*
 * From any thread, inside an RCU critical section, perhaps with the BQL: so it
 * never waits, and rules that would have it wait do not see it. @flag is never
 * IOMMU_NONE: that is asked for notifiers of mappings, which are refused.
 */
static IOMMUTLBEntry translate(IOMMUMemoryRegion *mr, hwaddr addr,
                               IOMMUAccessFlags flag, int iommu_idx)
{
    PuckSpace *space = container_of(mr, PuckSpace, mr);
    PuckIOMMU *s = space->iommu;
    PuckTables tables = { .iommu = s };
    PuckRequest req = {
        .tables = &tables,
        .iova = addr,
        .len = PUCK_MASK_4K + 1 - (addr & PUCK_MASK_4K),
        .want = flag & PUCK_PERM_MASK,
        .can = PUCK_ACT_BIT(PUCK_ACT_FAULT),
    };

    if (!qatomic_read(&s->translating)) {
        req.mask = PASS_MASK;
        req.pa = addr & ~PASS_MASK;
        req.perm = PUCK_PERM_MASK;
    } else {
        qemu_mutex_lock(&s->lock);
        puck_iommu_translate_locked(space, &req);
        qemu_mutex_unlock(&s->lock);
        puck_iommu_irq_deliver(s);
    }
    return (IOMMUTLBEntry) {
        .target_as = &address_space_memory,
        .iova = addr & ~req.mask,
        .translated_addr = req.pa,
        .addr_mask = req.mask,
        .perm = req.reason ? IOMMU_NONE : (IOMMUAccessFlags)req.perm,
    };
}

static int notify_flag_changed(IOMMUMemoryRegion *mr, IOMMUNotifierFlag old,
                               IOMMUNotifierFlag new, Error **errp)
{
    PuckSpace *space = container_of(mr, PuckSpace, mr);

    if (new & ~IOMMU_NOTIFIER_UNMAP) {
        error_setg(errp, "puck-iommu does not tell of new mappings: a device "
                   "that needs to know them (vfio-pci, vdpa) cannot be behind "
                   "it");
        return -ENOTSUP;
    }
    space->iommu->notifiers += !!new - !!old;
    space->notify = new;
    return 0;
}

static void memory_region_class_init(ObjectClass *klass,
                                     PUCK_CONST_10_1 void *data)
{
    IOMMUMemoryRegionClass *imrc = IOMMU_MEMORY_REGION_CLASS(klass);

    imrc->translate = translate;
    imrc->notify_flag_changed = notify_flag_changed;
}

static const TypeInfo types[] = {
    {
        .name = TYPE_PUCK_IOMMU_MEMORY_REGION,
        .parent = TYPE_IOMMU_MEMORY_REGION,
        .class_init = memory_region_class_init,
    },
};

DEFINE_TYPES(types)
