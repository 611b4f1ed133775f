/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: invalidations: at once; or late, in part or not at all, if a
 * rule of mischief says so.
 *
 * A SYNC does not wait for what is late: that is the mischief. What should
 * have gone and is still there is marked in the IOTLB.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "migration/vmstate.h"
#include "hw/puck/common/trace.h"
#include "cmdq.h"
#include "context.h"
#include "device.h"

#define IOVA_END    (1ull << PUCK_IOMMU_IOVA_BITS)

/* What an invalidation costs, in ns, as estimated on an idle machine. */
#define COST_INV        300         /* any */
#define COST_LOOK       40          /* for a page, or at an entry */
#define COST_DROP       50
#define COST_INV_ALL    30000
#define COST_LATE       10000       /* finding what is due, and its line */
#define COST_LINE       3000        /* of the log alone */

/* What an event of iommu.invalidate is about, for is_requester(). */
typedef struct PuckSubject {
    PuckIOMMU *s;
    const PuckInvalidation *inv;
} PuckSubject;

/* The IOTLB entries that @inv is for. INV_CONTEXT is for none. */
static bool scope_of(const PuckInvalidation *inv, PuckTlbScope *scope)
{
    *scope = (PuckTlbScope) { .last = IOVA_END - 1, .space = inv->id };
    switch (inv->opcode) {
    case PUCK_IOMMU_CMD_INV_PAGE:
        scope->first = inv->addr;
        scope->last = inv->addr | PUCK_MASK_4K;
        return true;
    case PUCK_IOMMU_CMD_INV_RANGE:
        scope->first = inv->addr;
        scope->last = inv->addr + inv->size - 1;
        return true;
    case PUCK_IOMMU_CMD_INV_DOMAIN:
        return true;
    case PUCK_IOMMU_CMD_INV_ALL:
        scope->any_space = true;
        return true;
    default:
        return false;
    }
}

static PuckUnmap unmap_of(const PuckInvalidation *inv)
{
    PuckTlbScope scope;

    scope_of(inv, &scope);
    return (PuckUnmap) { scope.first, scope.last - scope.first + 1 };
}

/* What carrying @inv out costs, but for the entries that it drops. */
static uint64_t cost_of(const PuckIOMMU *s, const PuckInvalidation *inv)
{
    PuckTlbScope scope;
    uint64_t size = 0;

    if (inv->opcode == PUCK_IOMMU_CMD_INV_ALL) {
        return COST_INV + COST_INV_ALL;
    }
    if (scope_of(inv, &scope)) {
        size = scope.last - scope.first + 1;
    }
    return COST_INV + (uint64_t)COST_LOOK * puck_tlb_looks(&s->iotlb, size);
}

/* What a look at each entry costs. */
static uint64_t cost_of_scan(const PuckIOMMU *s)
{
    return (uint64_t)COST_LOOK * s->iotlb.capacity;
}

/* Returns the number of entries dropped. */
static uint32_t carry_out_locked(PuckIOMMU *s, const PuckInvalidation *inv)
{
    switch (inv->opcode) {
    case PUCK_IOMMU_CMD_INV_PAGE:
        return puck_tlb_inv_page(&s->iotlb, inv->id, inv->addr);
    case PUCK_IOMMU_CMD_INV_RANGE:
        return puck_tlb_inv_range(&s->iotlb, inv->id, inv->addr, inv->size);
    case PUCK_IOMMU_CMD_INV_DOMAIN:
        return puck_tlb_inv_space(&s->iotlb, inv->id);
    case PUCK_IOMMU_CMD_INV_ALL:
        puck_tlb_inv_all(&s->iotlb);
        puck_context_drop_all_locked(s);
        break;
    case PUCK_IOMMU_CMD_INV_CONTEXT:
        puck_context_drop_locked(s, inv->id);
        break;
    }
    return 0;
}

/* The list of rules calls this with its lock held, inside PuckIOMMU::lock. */
static bool is_requester(const PuckEvent *ev, uint16_t requester)
{
    const PuckSubject *subject = ev->opaque;

    return subject->inv->opcode == PUCK_IOMMU_CMD_INV_ALL ||
           puck_context_in_domain_locked(subject->s, requester,
                                         subject->inv->id);
}

static void describe(PuckEvent *ev, PuckSubject *subject)
{
    const PuckInvalidation *inv = subject->inv;

    *ev = (PuckEvent) {
        .site = PUCK_SITE_IOMMU_INVALIDATE,
        .device = puck_iommu_name(subject->s),
        .opaque = subject,
    };
    if (inv->opcode == PUCK_IOMMU_CMD_INV_CONTEXT) {
        ev->has |= PUCK_HAS_REQUESTER;
        ev->requester = inv->id;
    } else {
        ev->is_requester = is_requester;
    }
    if (inv->opcode == PUCK_IOMMU_CMD_INV_PAGE ||
        inv->opcode == PUCK_IOMMU_CMD_INV_RANGE) {
        ev->has |= PUCK_HAS_IOVA;
        ev->iova = inv->addr;
        ev->len = inv->size ? inv->size : PUCK_MASK_4K + 1;
    }
}

static uint64_t cost_of_deferred(const PuckIOMMU *s,
                                 const PuckInvalidation *inv)
{
    return cost_of(s, inv) + COST_LINE;
}

/* Asks the rules. */
static bool goes_wrong_locked(PuckIOMMU *s, const PuckInvalidation *inv,
                              PuckVerdict *verdict)
{
    PuckSubject subject = { s, inv };
    PuckTlbScope scope;
    PuckEvent ev;

    if (likely(!puck_mischief_armed(PUCK_SITE_IOMMU_INVALIDATE))) {
        return false;
    }
    describe(&ev, &subject);
    ev.can = PUCK_ACT_BIT(PUCK_ACT_DROP);
    if (s->invalidator.count < PUCK_PENDING_MAX) {
        ev.can |= PUCK_ACT_BIT(PUCK_ACT_DELAY);
        if (s->invalidator.deferred_ns + cost_of_deferred(s, inv) <=
            PUCK_DEFERRED_NS) {
            ev.can |= PUCK_ACT_BIT(PUCK_ACT_DEFER);
        }
    }
    if (scope_of(inv, &scope) && puck_tlb_first(&s->iotlb, &scope)) {
        ev.can |= PUCK_ACT_BIT(PUCK_ACT_PARTIAL);
    }
    return puck_mischief_ask(&ev, verdict);
}

/* Sets timer and request number for what waits now. */
static void arm_locked(PuckIOMMU *s)
{
    PuckInvalidator *v = &s->invalidator;
    int64_t due = -1;

    v->next_before = 0;
    v->deferred_ns = 0;
    for (int32_t i = 0; i < v->count; i++) {
        const PuckPending *p = &v->pending[i];

        if (p->due >= 0 && (due < 0 || p->due < due)) {
            due = p->due;
        }
        if (p->before && (!v->next_before || p->before < v->next_before)) {
            v->next_before = p->before;
        }
        if (p->before) {
            v->deferred_ns += cost_of_deferred(s, &p->inv);
        }
    }
    if (due >= 0) {
        timer_mod(v->timer, due);
    } else {
        timer_del(v->timer);
    }
}

static void put_off_locked(PuckIOMMU *s, const PuckInvalidation *inv,
                           const PuckVerdict *verdict, int64_t now)
{
    PuckInvalidator *v = &s->invalidator;
    PuckPending p = { .inv = *inv, .rule = verdict->rule, .due = -1 };
    uint64_t requests = s->regs.translations;

    if (verdict->action == PUCK_ACT_DELAY) {
        p.due = now + verdict->value;
    } else {
        p.before = requests + MIN(verdict->value, UINT64_MAX - requests);
    }
    v->pending = g_renew(PuckPending, v->pending, v->count + 1);
    v->pending[v->count++] = p;
    arm_locked(s);
}

/* What @verdict leaves of it is done now. Returns what that costs. */
static uint64_t do_wrong_locked(PuckIOMMU *s, const PuckInvalidation *inv,
                                const PuckVerdict *verdict, PuckUnmap *unmap)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint64_t cost = cost_of_scan(s);
    PuckTlbScope scope;

    if (verdict->action == PUCK_ACT_PARTIAL) {
        scope_of(inv, &scope);
        cost += cost + COST_DROP *
            (uint64_t)puck_tlb_inv_but_first(&s->iotlb, &scope, now,
                                             verdict->rule);
        if (scope.any_space) {
            puck_context_drop_all_locked(s);
            cost += COST_INV_ALL;
        }
        *unmap = unmap_of(inv);
        return cost;
    }
    if (scope_of(inv, &scope)) {
        puck_tlb_mark(&s->iotlb, &scope, now, verdict->rule);
    }
    if (verdict->action != PUCK_ACT_DROP) {
        put_off_locked(s, inv, verdict, now);
        cost += COST_LATE;
    }
    return cost;
}

uint64_t puck_invalidate_locked(PuckIOMMU *s, const PuckInvalidation *inv,
                                PuckUnmap *unmap)
{
    uint64_t cost = cost_of(s, inv);
    PuckVerdict verdict;

    s->regs.invalidations++;
    if (unlikely(puck_mischief_armed(PUCK_SITE_IOMMU_INVALIDATE))) {
        cost += PUCK_ASK_NS + cost_of_scan(s);
    }
    if (likely(!goes_wrong_locked(s, inv, &verdict))) {
        *unmap = unmap_of(inv);
        return cost + COST_DROP * (uint64_t)carry_out_locked(s, inv);
    }
    return cost + do_wrong_locked(s, inv, &verdict, unmap);
}

/* Carries out a late one, which is not among those that wait any more. */
static uint32_t finish_locked(PuckIOMMU *s, const PuckPending *p)
{
    PuckSubject subject = { s, &p->inv };
    uint32_t dropped = carry_out_locked(s, &p->inv);
    PuckEvent ev;

    describe(&ev, &subject);
    puck_mischief_log_event(&ev, p->rule, "expire");
    return dropped;
}

/* The first that is due, earliest first, or -1. */
static int32_t find_due_locked(PuckInvalidator *v, int64_t now)
{
    int32_t found = -1;

    for (int32_t i = 0; i < v->count; i++) {
        const PuckPending *p = &v->pending[i];

        if (p->due >= 0 && p->due <= now &&
            (found < 0 || p->due < v->pending[found].due)) {
            found = i;
        }
    }
    return found;
}

/* False if there is none, and the timer is set for the next one then. */
static bool finish_due_locked(PuckIOMMU *s, PuckHold *hold, PuckUnmap *unmap)
{
    PuckInvalidator *v = &s->invalidator;
    int32_t index = find_due_locked(v,
                                    qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    PuckPending p;

    if (index < 0) {
        arm_locked(s);
        return false;
    }
    p = v->pending[index];
    v->count--;
    memmove(&v->pending[index], &v->pending[index + 1],
            (v->count - index) * sizeof(v->pending[0]));
    *unmap = unmap_of(&p.inv);
    puck_hold_charge(hold, COST_LATE + cost_of(s, &p.inv));
    puck_hold_charge(hold, COST_DROP * (uint64_t)finish_locked(s, &p));
    return true;
}

/* A PuckWork. */
static bool finish_some(void *opaque, PuckHold *hold)
{
    PuckIOMMU *s = opaque;
    bool more = true;

    while (more && puck_hold_left(hold)) {
        PuckUnmap unmap = { };

        WITH_QEMU_LOCK_GUARD(&s->lock) {
            more = finish_due_locked(s, hold, &unmap);
        }
        if (unmap.size) {
            puck_iommu_notify_unmap(s, unmap.iova, unmap.size, hold);
        }
    }
    return more;
}

static void some_are_due(void *opaque)
{
    PuckIOMMU *s = opaque;

    puck_work_queue(&s->invalidator.work);
}

void puck_invalidate_deferred_locked(PuckIOMMU *s, uint64_t request)
{
    PuckInvalidator *v = &s->invalidator;
    int32_t kept = 0;

    if (likely(!v->next_before || v->next_before > request)) {
        return;
    }
    /* All together take PUCK_DEFERRED_NS at most, and what is dropped. */
    for (int32_t i = 0; i < v->count; i++) {
        if (v->pending[i].before && v->pending[i].before <= request) {
            finish_locked(s, &v->pending[i]);
        } else {
            v->pending[kept++] = v->pending[i];
        }
    }
    v->count = kept;
    arm_locked(s);
    qemu_bh_schedule(v->notify_bh);
}

static void notify_all(void *opaque)
{
    puck_iommu_notify_unmap(opaque, 0, IOVA_END, NULL);
}

void puck_invalidator_reset_locked(PuckIOMMU *s)
{
    PuckInvalidator *v = &s->invalidator;

    g_clear_pointer(&v->pending, g_free);
    v->count = 0;
    arm_locked(s);
    puck_work_cancel(&v->work);
}

void puck_invalidator_init(PuckIOMMU *s)
{
    puck_work_init(&s->invalidator.work, OBJECT(s), finish_some, s);
    s->invalidator.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, some_are_due, s);
    s->invalidator.notify_bh = qemu_bh_new(notify_all, s);
}

void puck_invalidator_exit(PuckIOMMU *s)
{
    puck_work_cancel(&s->invalidator.work);
    timer_free(s->invalidator.timer);
    qemu_bh_delete(s->invalidator.notify_bh);
    g_clear_pointer(&s->invalidator.pending, g_free);
}

bool puck_invalidator_loaded_locked(PuckIOMMU *s)
{
    PuckInvalidator *v = &s->invalidator;

    for (int32_t i = 0; i < v->count; i++) {
        const PuckPending *p = &v->pending[i];

        if (!puck_cmdq_good(&p->inv) || !p->rule ||
            (p->due >= 0) == (p->before > 0)) {
            return false;
        }
    }
    arm_locked(s);
    return v->deferred_ns <= PUCK_DEFERRED_NS;
}

static bool count_valid(void *opaque, int version_id)
{
    PuckInvalidator *v = opaque;

    return v->count >= 0 && v->count <= PUCK_PENDING_MAX;
}

static int pre_load(void *opaque)
{
    PuckInvalidator *v = opaque;

    g_clear_pointer(&v->pending, g_free);
    v->count = 0;
    return 0;
}

static const VMStateDescription vmstate_pending = {
    .name = "puck-iommu/pending",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(inv.opcode, PuckPending),
        VMSTATE_UINT16(inv.id, PuckPending),
        VMSTATE_UINT64(inv.addr, PuckPending),
        VMSTATE_UINT64(inv.size, PuckPending),
        VMSTATE_UINT32(rule, PuckPending),
        VMSTATE_INT64(due, PuckPending),
        VMSTATE_UINT64(before, PuckPending),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription vmstate_puck_invalidator = {
    .name = "puck-iommu/invalidator",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = pre_load,
    .fields = (const VMStateField[]) {
        VMSTATE_INT32(count, PuckInvalidator),
        VMSTATE_VALIDATE("puck-iommu: number of late invalidations",
                         count_valid),
        VMSTATE_STRUCT_VARRAY_ALLOC(pending, PuckInvalidator, count, 1,
                                    vmstate_pending, PuckPending),
        VMSTATE_END_OF_LIST()
    }
};
