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
#include "iommu.h"
#include "../trace.h"

#define IOVA_END    (1ull << PUCK_IOMMU_IOVA_BITS)

/* What an event of iommu.invalidate is about, for is_requester(). */
typedef struct PuckSubject {
    PuckIOMMU *s;
    const PuckInvalidation *inv;
} PuckSubject;

/* IOTLB entries it is for. INV_CONTEXT is for none. */
static bool scope_of(const PuckInvalidation *inv, PuckIOTLBScope *scope)
{
    *scope = (PuckIOTLBScope) { .last = IOVA_END - 1, .domain = inv->id };
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
        scope->any_domain = true;
        return true;
    default:
        return false;
    }
}

static PuckUnmap unmap_of(const PuckInvalidation *inv)
{
    PuckIOTLBScope scope;

    scope_of(inv, &scope);
    return (PuckUnmap) { scope.first, scope.last - scope.first + 1 };
}

static void carry_out_locked(PuckIOMMU *s, const PuckInvalidation *inv)
{
    switch (inv->opcode) {
    case PUCK_IOMMU_CMD_INV_PAGE:
        puck_iotlb_inv_page(&s->iotlb, inv->id, inv->addr);
        break;
    case PUCK_IOMMU_CMD_INV_RANGE:
        puck_iotlb_inv_range(&s->iotlb, inv->id, inv->addr, inv->size);
        break;
    case PUCK_IOMMU_CMD_INV_DOMAIN:
        puck_iotlb_inv_domain(&s->iotlb, inv->id);
        break;
    case PUCK_IOMMU_CMD_INV_ALL:
        puck_iotlb_inv_all(&s->iotlb);
        puck_context_drop_all_locked(s);
        break;
    case PUCK_IOMMU_CMD_INV_CONTEXT:
        puck_context_drop_locked(s, inv->id);
        break;
    }
}

/* With the lock of the rules, and ours around it. */
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

/* Asks the rules. */
static bool goes_wrong_locked(PuckIOMMU *s, const PuckInvalidation *inv,
                              PuckVerdict *verdict)
{
    PuckSubject subject = { s, inv };
    PuckIOTLBScope scope;
    PuckEvent ev;

    if (likely(!puck_mischief_armed(PUCK_SITE_IOMMU_INVALIDATE))) {
        return false;
    }
    describe(&ev, &subject);
    ev.can = PUCK_ACT_BIT(PUCK_ACT_DROP);
    if (s->invalidator.count < PUCK_PENDING_MAX) {
        ev.can |= PUCK_ACT_BIT(PUCK_ACT_DELAY) | PUCK_ACT_BIT(PUCK_ACT_DEFER);
    }
    if (scope_of(inv, &scope) && puck_iotlb_first(&s->iotlb, &scope)) {
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
    for (int32_t i = 0; i < v->count; i++) {
        const PuckPending *p = &v->pending[i];

        if (p->due >= 0 && (due < 0 || p->due < due)) {
            due = p->due;
        }
        if (p->before && (!v->next_before || p->before < v->next_before)) {
            v->next_before = p->before;
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

void puck_invalidate_locked(PuckIOMMU *s, const PuckInvalidation *inv,
                            PuckUnmap *unmap)
{
    PuckVerdict verdict;
    PuckIOTLBScope scope;
    int64_t now;

    s->regs.invalidations++;
    if (likely(!goes_wrong_locked(s, inv, &verdict))) {
        carry_out_locked(s, inv);
        *unmap = unmap_of(inv);
        return;
    }
    now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    if (verdict.action == PUCK_ACT_PARTIAL) {
        scope_of(inv, &scope);
        puck_iotlb_inv_but_first(&s->iotlb, &scope, now, verdict.rule);
        if (scope.any_domain) {
            puck_context_drop_all_locked(s);
        }
        *unmap = unmap_of(inv);
        return;
    }
    if (scope_of(inv, &scope)) {
        puck_iotlb_mark(&s->iotlb, &scope, now, verdict.rule);
    }
    if (verdict.action != PUCK_ACT_DROP) {
        put_off_locked(s, inv, &verdict, now);
    }
}

static PuckUnmap finish_locked(PuckIOMMU *s, int32_t index)
{
    PuckInvalidator *v = &s->invalidator;
    PuckPending p = v->pending[index];
    PuckSubject subject = { s, &p.inv };
    PuckEvent ev;

    v->count--;
    memmove(&v->pending[index], &v->pending[index + 1],
            (v->count - index) * sizeof(v->pending[0]));
    carry_out_locked(s, &p.inv);
    describe(&ev, &subject);
    puck_mischief_log_event(&ev, p.rule, "expire");
    return unmap_of(&p.inv);
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

/* With the BQL. */
static void some_are_due(void *opaque)
{
    PuckIOMMU *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int32_t index;

    do {
        PuckUnmap unmap = { };

        WITH_QEMU_LOCK_GUARD(&s->lock) {
            index = find_due_locked(&s->invalidator, now);
            if (index >= 0) {
                unmap = finish_locked(s, index);
            }
            arm_locked(s);
        }
        if (unmap.size) {
            puck_iommu_notify_unmap(s, unmap.iova, unmap.size);
        }
    } while (index >= 0);
}

void puck_invalidate_deferred_locked(PuckIOMMU *s, uint64_t request)
{
    PuckInvalidator *v = &s->invalidator;

    if (likely(!v->next_before || v->next_before > request)) {
        return;
    }
    for (int32_t i = 0; i < v->count;) {
        if (v->pending[i].before && v->pending[i].before <= request) {
            finish_locked(s, i);
        } else {
            i++;
        }
    }
    arm_locked(s);
    qemu_bh_schedule(v->notify_bh);
}

static void notify_all(void *opaque)
{
    puck_iommu_notify_unmap(opaque, 0, IOVA_END);
}

void puck_invalidator_reset_locked(PuckIOMMU *s)
{
    PuckInvalidator *v = &s->invalidator;

    g_clear_pointer(&v->pending, g_free);
    v->count = 0;
    arm_locked(s);
}

void puck_invalidator_init(PuckIOMMU *s)
{
    s->invalidator.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, some_are_due, s);
    s->invalidator.notify_bh = qemu_bh_new(notify_all, s);
}

void puck_invalidator_exit(PuckIOMMU *s)
{
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
    return true;
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
