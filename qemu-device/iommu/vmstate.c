/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: migration. Both caches travel too: a stale entry has to be as
 * stale after a snapshot as before it. A stream is not trusted more than a
 * guest, so each value is checked before it is used.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "hw/pci/msix.h"
#include "migration/vmstate.h"
#include "cmdq.h"
#include "context.h"
#include "device.h"
#include "queue.h"
#include "vmstate.h"

typedef struct PuckSavedPage {
    uint64_t iova;
    uint64_t pa;
    uint16_t domain;
    uint8_t perm;
    bool huge;
    int64_t made;
    int64_t since;
    uint32_t rule;
} PuckSavedPage;

typedef struct PuckSavedContext {
    uint64_t table;
    uint16_t rid;
    uint16_t domain;
    uint8_t mode;
} PuckSavedContext;

static const VMStateDescription vmstate_page = {
    .name = "puck-iommu/page",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(iova, PuckSavedPage),
        VMSTATE_UINT64(pa, PuckSavedPage),
        VMSTATE_UINT16(domain, PuckSavedPage),
        VMSTATE_UINT8(perm, PuckSavedPage),
        VMSTATE_BOOL(huge, PuckSavedPage),
        VMSTATE_INT64(made, PuckSavedPage),
        VMSTATE_INT64(since, PuckSavedPage),
        VMSTATE_UINT32(rule, PuckSavedPage),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_context = {
    .name = "puck-iommu/context",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(table, PuckSavedContext),
        VMSTATE_UINT16(rid, PuckSavedContext),
        VMSTATE_UINT16(domain, PuckSavedContext),
        VMSTATE_UINT8(mode, PuckSavedContext),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_regs = {
    .name = "puck-iommu/regs",
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(ctrl, PuckIOMMURegs),
        VMSTATE_UINT64(status, PuckIOMMURegs),
        VMSTATE_UINT64(root, PuckIOMMURegs),
        VMSTATE_UINT64(cq_base, PuckIOMMURegs),
        VMSTATE_UINT64(cq_head, PuckIOMMURegs),
        VMSTATE_UINT64(cq_tail, PuckIOMMURegs),
        VMSTATE_UINT64(fq_base, PuckIOMMURegs),
        VMSTATE_UINT64(fq_head, PuckIOMMURegs),
        VMSTATE_UINT64(fq_tail, PuckIOMMURegs),
        VMSTATE_UINT64(irq_status, PuckIOMMURegs),
        VMSTATE_UINT64(irq_enable, PuckIOMMURegs),
        VMSTATE_UINT64(cq_error, PuckIOMMURegs),
        VMSTATE_UINT64(policy_index, PuckIOMMURegs),
        VMSTATE_UINT64(translations, PuckIOMMURegs),
        VMSTATE_UINT64(hits, PuckIOMMURegs),
        VMSTATE_UINT64(walks, PuckIOMMURegs),
        VMSTATE_UINT64(faults, PuckIOMMURegs),
        VMSTATE_UINT64(faults_lost, PuckIOMMURegs),
        VMSTATE_UINT64(commands, PuckIOMMURegs),
        VMSTATE_UINT64(invalidations, PuckIOMMURegs),
        VMSTATE_UINT64(evictions, PuckIOMMURegs),
        VMSTATE_UINT64(stale_hits, PuckIOMMURegs),
        VMSTATE_UINT64(stale_uses, PuckIOMMURegs),
        VMSTATE_END_OF_LIST()
    }
};

static void save_pages(PuckIOMMU *s)
{
    uint32_t i, n = 0;

    s->saved_page_count = s->iotlb.count;
    s->saved_pages = g_new0(PuckSavedPage, s->iotlb.count);
    for (i = s->iotlb.oldest; i != PUCK_TLB_NONE;
         i = s->iotlb.entries[i].newer) {
        PuckTlbEntry *e = &s->iotlb.entries[i];

        s->saved_pages[n++] = (PuckSavedPage) {
            .iova = e->va, .pa = e->pa, .domain = e->space,
            .perm = e->perm, .huge = e->shift == PUCK_SHIFT_2M,
            .made = e->made,
            .since = e->since, .rule = e->rule,
        };
    }
}

static void save_contexts(PuckIOMMU *s)
{
    GArray *found = g_array_new(false, false, sizeof(PuckSavedContext));
    uint32_t rid;

    for (rid = 0; rid <= UINT16_MAX; rid++) {
        PuckContext *bus = s->contexts[rid >> 8];
        PuckContext *ctx = bus ? &bus[rid & 0xff] : NULL;

        if (ctx && ctx->valid) {
            PuckSavedContext saved = {
                .table = ctx->table, .rid = rid, .domain = ctx->domain,
                .mode = ctx->mode,
            };
            g_array_append_val(found, saved);
        }
    }
    s->saved_context_count = found->len;
    s->saved_contexts = (PuckSavedContext *)g_array_free(found, false);
}

static void drop_saved(PuckIOMMU *s)
{
    g_clear_pointer(&s->saved_pages, g_free);
    g_clear_pointer(&s->saved_contexts, g_free);
    s->saved_page_count = 0;
    s->saved_context_count = 0;
}

static int pre_save(void *opaque)
{
    PuckIOMMU *s = opaque;

    QEMU_LOCK_GUARD(&s->lock);
    drop_saved(s);
    save_pages(s);
    save_contexts(s);
    return 0;
}

static int post_save(void *opaque)
{
    drop_saved(opaque);
    return 0;
}

static int pre_load(void *opaque)
{
    drop_saved(opaque);
    return 0;
}

/* Before memory is allocated for that many. */
static bool counts_valid(void *opaque, int version_id)
{
    PuckIOMMU *s = opaque;

    return s->saved_page_count >= 0 &&
           s->saved_page_count <= s->iotlb.capacity &&
           s->saved_context_count >= 0 &&
           s->saved_context_count <= UINT16_MAX + 1;
}

static bool queue_valid(uint64_t base, uint64_t head, uint64_t tail, bool on)
{
    if (base & ~(PUCK_IOMMU_QUEUE_BASE | PUCK_IOMMU_QUEUE_ORDER)) {
        return false;
    }
    if (on && !puck_queue_order_valid(base)) {
        return false;
    }
    /* A queue that is off keeps the head and the tail that it had last. */
    return head < 1u << PUCK_IOMMU_QUEUE_ORDER_MAX &&
           tail < 1u << PUCK_IOMMU_QUEUE_ORDER_MAX &&
           (!on || (head < puck_queue_size(base) &&
                    tail < puck_queue_size(base)));
}

static bool regs_valid(const PuckIOMMURegs *r)
{
    return !(r->ctrl & ~(uint64_t)PUCK_IOMMU_CTRL_WRITABLE) &&
           !(r->status & ~(uint64_t)PUCK_IOMMU_STATUS_W1C) &&
           !(r->root & ~PUCK_IOMMU_ROOT_ADDR) &&
           !(r->irq_status & ~(uint64_t)PUCK_IOMMU_IRQ_ALL) &&
           !(r->irq_enable & ~(uint64_t)PUCK_IOMMU_IRQ_ALL) &&
           !(r->cq_error >> 32) && !(r->policy_index >> 32) &&
           queue_valid(r->cq_base, r->cq_head, r->cq_tail,
                       r->ctrl & PUCK_IOMMU_CTRL_CQ_ENABLE) &&
           queue_valid(r->fq_base, r->fq_head, r->fq_tail,
                       r->ctrl & PUCK_IOMMU_CTRL_FQ_ENABLE);
}

static bool load_pages(PuckIOMMU *s)
{
    int32_t i;

    puck_tlb_inv_all(&s->iotlb);
    for (i = 0; i < s->saved_page_count; i++) {
        const PuckSavedPage *p = &s->saved_pages[i];
        uint64_t mask = p->huge ? PUCK_MASK_2M : PUCK_MASK_4K;

        if ((p->iova & mask) || p->iova >> PUCK_IOMMU_IOVA_BITS ||
            (p->pa & mask) || p->pa >> PUCK_IOMMU_PA_BITS ||
            !p->perm || (p->perm & ~PUCK_PERM_MASK)) {
            return false;
        }
        puck_tlb_insert(&s->iotlb, p->domain, p->iova, p->pa, p->perm,
                        p->huge ? PUCK_SHIFT_2M : PUCK_TLB_SMALL, p->made);
        s->iotlb.entries[s->iotlb.newest].since = p->since;
        s->iotlb.entries[s->iotlb.newest].rule = p->rule;
    }
    return true;
}

static bool load_contexts(PuckIOMMU *s)
{
    int32_t i;

    puck_context_drop_all_locked(s);
    for (i = 0; i < s->saved_context_count; i++) {
        const PuckSavedContext *c = &s->saved_contexts[i];

        if (c->mode > PUCK_IOMMU_CTX_MODE_BLOCKED ||
            (c->table & ~PUCK_IOMMU_CTX_TABLE)) {
            return false;
        }
        puck_context_insert_locked(s, c->rid, (PuckContext) {
            .table = c->table, .domain = c->domain, .mode = c->mode,
            .valid = true,
        });
    }
    return true;
}

static int post_load(void *opaque, int version_id)
{
    PuckIOMMU *s = opaque;
    bool ok;

    WITH_QEMU_LOCK_GUARD(&s->lock) {
        ok = regs_valid(&s->regs) && load_pages(s) && load_contexts(s) &&
             puck_invalidator_loaded_locked(s) &&
             puck_cmdq_loaded_locked(s) &&
             !(s->irq_pending >> PUCK_IOMMU_NUM_VECS);
        qatomic_set(&s->translating,
                    ok && (s->regs.ctrl & PUCK_IOMMU_CTRL_ENABLE));
    }
    drop_saved(s);
    if (!ok) {
        return -EINVAL;
    }
    /* A message that was noted when the machine stopped is still due. */
    if (s->irq_pending) {
        qemu_bh_schedule(s->irq_bh);
    }
    return 0;
}

const VMStateDescription vmstate_puck_iommu = {
    .name = TYPE_PUCK_IOMMU,
    .version_id = 4,
    .minimum_version_id = 4,
    /* Before the devices in charge, whose own loading may start DMA. */
    .priority = MIG_PRI_IOMMU,
    .pre_save = pre_save,
    .post_save = post_save,
    .pre_load = pre_load,
    .post_load = post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, PuckIOMMU),
        VMSTATE_MSIX(parent_obj, PuckIOMMU),
        VMSTATE_STRUCT(regs, PuckIOMMU, 2, vmstate_regs, PuckIOMMURegs),
        VMSTATE_BOOL(cq_running, PuckIOMMU),
        VMSTATE_UINT32(irq_pending, PuckIOMMU),
        VMSTATE_STRUCT(policy, PuckIOMMU, 1, vmstate_puck_policy, PuckPolicy),
        VMSTATE_INT32(saved_page_count, PuckIOMMU),
        VMSTATE_INT32(saved_context_count, PuckIOMMU),
        VMSTATE_VALIDATE("puck-iommu: number of cache entries", counts_valid),
        VMSTATE_STRUCT_VARRAY_ALLOC(saved_pages, PuckIOMMU, saved_page_count,
                                    2, vmstate_page, PuckSavedPage),
        VMSTATE_STRUCT_VARRAY_ALLOC(saved_contexts, PuckIOMMU,
                                    saved_context_count, 1, vmstate_context,
                                    PuckSavedContext),
        VMSTATE_STRUCT(invalidator, PuckIOMMU, 1, vmstate_puck_invalidator,
                       PuckInvalidator),
        VMSTATE_STRUCT(messages, PuckIOMMU, 4, vmstate_puck_msi_stage,
                       PuckMsiStage),
        VMSTATE_STRUCT(window, PuckIOMMU, 1, vmstate_puck_mischief_window,
                       PuckMischiefWindow),
        VMSTATE_END_OF_LIST()
    }
};
