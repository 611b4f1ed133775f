/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: migration of VMs and their TLB, which is a part of the state: what
 * is stale here is so there. What arrives is checked like guest input.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/error-report.h"
#include "mmu.h"
#include "vmstate.h"

/* The registers' bits, and those of an entry's page. */
#define ROOT_BITS   (PUCK_GPU_VM_ROOT_ADDR | PUCK_GPU_VM_ROOT_VRAM | \
                     PUCK_GPU_VM_ROOT_VALID)
#define PERM_BITS   (PUCK_PTE_RIGHTS | PUCK_GPU_PTE_VRAM)

/* An entry of the TLB, oldest first. */
typedef struct PuckSavedTlbEntry {
    uint64_t va;
    uint64_t pa;
    int64_t made;
    int64_t since;
    uint32_t rule;
    uint16_t vm;
    uint8_t perm;
    uint8_t shift;
} PuckSavedTlbEntry;

static const VMStateDescription vmstate_late = {
    .name = "puck-gpu/late-flush",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(flush.vm, PuckLateFlush),
        VMSTATE_UINT64(flush.va, PuckLateFlush),
        VMSTATE_UINT64(flush.size, PuckLateFlush),
        VMSTATE_BOOL(flush.by_ring, PuckLateFlush),
        VMSTATE_UINT32(flush.ring, PuckLateFlush),
        VMSTATE_UINT32(flush.seqno, PuckLateFlush),
        VMSTATE_UINT32(rule, PuckLateFlush),
        VMSTATE_INT64(due, PuckLateFlush),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_entry = {
    .name = "puck-gpu/tlb-entry",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(va, PuckSavedTlbEntry),
        VMSTATE_UINT64(pa, PuckSavedTlbEntry),
        VMSTATE_INT64(made, PuckSavedTlbEntry),
        VMSTATE_INT64(since, PuckSavedTlbEntry),
        VMSTATE_UINT32(rule, PuckSavedTlbEntry),
        VMSTATE_UINT16(vm, PuckSavedTlbEntry),
        VMSTATE_UINT8(perm, PuckSavedTlbEntry),
        VMSTATE_UINT8(shift, PuckSavedTlbEntry),
        VMSTATE_END_OF_LIST()
    }
};

static void drop_saved(PuckMmu *mmu)
{
    g_clear_pointer(&mmu->saved, g_free);
    mmu->num_saved = 0;
}

static void save_entries_locked(PuckMmu *mmu)
{
    const PuckTlb *tlb = &mmu->tlb;
    PuckSavedTlbEntry *saved = g_new0(PuckSavedTlbEntry, tlb->count);

    mmu->saved = saved;
    mmu->num_saved = tlb->count;
    for (uint32_t i = tlb->oldest; i != PUCK_TLB_NONE;
         i = tlb->entries[i].newer) {
        const PuckTlbEntry *e = &tlb->entries[i];

        *saved++ = (PuckSavedTlbEntry) {
            .va = e->va, .pa = e->pa, .made = e->made, .since = e->since,
            .rule = e->rule, .vm = e->space, .perm = e->perm,
            .shift = e->shift,
        };
    }
}

/* The machine is stopped; a thread may be in the middle of a part, though. */
static int mmu_pre_save(void *opaque)
{
    PuckMmu *mmu = opaque;

    drop_saved(mmu);
    WITH_QEMU_LOCK_GUARD(&mmu->lock) {
        save_entries_locked(mmu);
    }
    return 0;
}

static int mmu_post_save(void *opaque)
{
    drop_saved(opaque);
    return 0;
}

static int mmu_pre_load(void *opaque)
{
    PuckMmu *mmu = opaque;

    drop_saved(mmu);
    puck_flusher_reset(mmu);
    return 0;
}

static bool counts_valid(void *opaque, int version_id)
{
    PuckMmu *mmu = opaque;

    return mmu->num_saved >= 0 && mmu->num_saved <= mmu->tlb.capacity &&
           mmu->flusher.count >= 0 &&
           mmu->flusher.count <= PUCK_LATE_FLUSHES_MAX;
}

/* There are no others than num_vms; and what they name, a walk finds out. */
static bool roots_valid(const PuckMmu *mmu)
{
    for (unsigned vm = 0; vm < PUCK_GPU_VMS_MAX; vm++) {
        if (mmu->roots[vm] & ~(vm < mmu->gpu->num_vms ? ROOT_BITS : 0)) {
            return false;
        }
    }
    return true;
}

static bool entry_valid(const PuckMmu *mmu, const PuckSavedTlbEntry *e)
{
    uint64_t mask;

    if (e->shift != PUCK_PAGE_SHIFT && e->shift != PUCK_PAGE_SHIFT_BIG) {
        return false;
    }
    mask = (1ull << e->shift) - 1;
    return e->vm < mmu->gpu->num_vms && !(e->va & mask) &&
           !(e->va >> PUCK_GPU_VA_BITS) && !(e->pa & mask) &&
           !(e->pa & ~PUCK_GPU_PTE_ADDR) && (e->perm & PUCK_PTE_RIGHTS) &&
           !(e->perm & ~PERM_BITS) &&
           (!(e->perm & PUCK_GPU_PTE_VRAM) || e->pa < mmu->gpu->vram_size);
}

static bool load_entries_locked(PuckMmu *mmu)
{
    puck_tlb_inv_all(&mmu->tlb);
    for (int32_t i = 0; i < mmu->num_saved; i++) {
        const PuckSavedTlbEntry *e = &mmu->saved[i];
        PuckTlbEntry *made;

        if (!entry_valid(mmu, e)) {
            return false;
        }
        puck_tlb_insert(&mmu->tlb, e->vm, e->va, e->pa, e->perm, e->shift,
                        e->made);
        made = &mmu->tlb.entries[mmu->tlb.newest];
        made->since = e->since;
        made->rule = e->rule;
    }
    return true;
}

static int mmu_post_load(void *opaque, int version_id)
{
    PuckMmu *mmu = opaque;
    bool ok;

    WITH_QEMU_LOCK_GUARD(&mmu->lock) {
        ok = roots_valid(mmu) && !(mmu->ctrl & ~PUCK_GPU_VM_AUDIT) &&
             load_entries_locked(mmu);
        mmu->flushes++;
    }
    ok = ok && puck_flusher_loaded(mmu);
    drop_saved(mmu);
    if (!ok) {
        error_report("puck-gpu: bad state of page tables");
        return -EINVAL;
    }
    return 0;
}

const VMStateDescription vmstate_puck_mmu = {
    .name = "puck-gpu/mmu",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = mmu_pre_save,
    .post_save = mmu_post_save,
    .pre_load = mmu_pre_load,
    .post_load = mmu_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64_ARRAY(roots, PuckMmu, PUCK_GPU_VMS_MAX),
        VMSTATE_UINT32(ctrl, PuckMmu),
        VMSTATE_UINT64(hits, PuckMmu),
        VMSTATE_UINT64(misses, PuckMmu),
        VMSTATE_UINT64(stale_uses, PuckMmu),
        VMSTATE_INT32(num_saved, PuckMmu),
        VMSTATE_INT32(flusher.count, PuckMmu),
        VMSTATE_VALIDATE("puck-gpu: number of TLB entries or late flushes",
                         counts_valid),
        VMSTATE_STRUCT_VARRAY_ALLOC(saved, PuckMmu, num_saved, 1,
                                    vmstate_entry, PuckSavedTlbEntry),
        VMSTATE_STRUCT_VARRAY_ALLOC(flusher.late, PuckMmu, flusher.count, 1,
                                    vmstate_late, PuckLateFlush),
        VMSTATE_END_OF_LIST()
    }
};
