/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: VMs and their TLB: from a virtual address to memory, or to a fault.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "hw/puck/common/trace.h"
#include "mmu.h"

QEMU_BUILD_BUG_ON(PUCK_TLB_SMALL != PUCK_PAGE_SHIFT);
QEMU_BUILD_BUG_ON(PUCK_TLB_ENTRIES_MAX != PUCK_GPU_TLB_ENTRIES_MAX);

static bool read_vram_pte(PuckGpu *s, uint64_t offset, uint64_t *pte)
{
    const uint64_t *vram;

    RCU_READ_LOCK_GUARD();
    vram = memory_region_get_ram_ptr(&s->vram);
    /* One load: an entry that changes is seen before or after, not torn. */
    *pte = qatomic_read(&vram[offset / sizeof(*pte)]);
    return true;
}

/* A PuckReadPte. Memory that is no RAM is refused by puck_dma_read(). */
static bool read_pte(void *opaque, const PuckPtePlace *at, uint64_t *pte)
{
    const PuckDma *dma = opaque;
    PuckGpu *s = container_of(dma->master, PuckGpu, master);
    bool ok;

    ok = at->vram ? read_vram_pte(s, at->addr, pte) :
                    puck_dma_read(dma, at->addr, pte, sizeof(*pte));
    *pte = le64_to_cpu(*pte);
    return ok;
}

static uint64_t root_of(const PuckMmu *mmu, uint32_t vm)
{
    return vm < mmu->gpu->num_vms ? qatomic_read(&mmu->roots[vm]) : 0;
}

bool puck_mmu_has(const PuckMmu *mmu, uint32_t vm)
{
    return root_of(mmu, vm) & PUCK_GPU_VM_ROOT_VALID;
}

static uint8_t right_of(const PuckMmuRequest *req)
{
    return req->is_write ? PUCK_GPU_PTE_WRITE : PUCK_GPU_PTE_READ;
}

/* False if it fails; @walk has the reason. */
static bool walk_for(PuckMmu *mmu, PuckMmuRequest *req, PuckVmWalk *walk)
{
    PuckVmTables tables = {
        .root = root_of(mmu, req->vm),
        .vram_size = mmu->gpu->vram_size,
        .read = read_pte,
        .opaque = (void *)req->dma,
    };
    bool ok;

    if (!(tables.root & PUCK_GPU_VM_ROOT_VALID)) {
        *walk = (PuckVmWalk) { .reason = PUCK_GPU_ERR_VM };
        return false;
    }
    ok = puck_vm_walk(&tables, req->va, right_of(req), &req->cursor, walk);
    req->reads += walk->reads;
    return ok;
}

/* The page of @req is one of 2^@shift bytes at @addr. */
static void serve(PuckMmuRequest *req, uint64_t addr, uint8_t perm,
                  uint8_t shift)
{
    req->addr = addr | (req->va & ((1ull << shift) - 1));
    req->vram = perm & PUCK_GPU_PTE_VRAM;
}

/* True if the TLB serves @req: then @entry is a copy of what did. */
static bool serve_hit_locked(PuckMmu *mmu, PuckMmuRequest *req,
                             PuckTlbEntry *entry)
{
    PuckTlbEntry *e = puck_tlb_lookup(&mmu->tlb, req->vm, req->va);

    if (e && (right_of(req) & ~e->perm)) {
        /* The walk that follows takes its place. */
        puck_tlb_drop(&mmu->tlb, e);
        e = NULL;
    }
    if (!e) {
        mmu->misses++;
        return false;
    }
    mmu->hits++;
    *entry = *e;
    serve(req, e->pa, e->perm, e->shift);
    return true;
}

/* @flushes: how many there had been when the walk began. */
static bool serve_walk(PuckMmu *mmu, PuckMmuRequest *req, uint64_t flushes)
{
    PuckVmWalk walk;

    if (!walk_for(mmu, req, &walk)) {
        req->reason = walk.reason;
        return false;
    }
    serve(req, walk.addr, walk.perm, walk.shift);
    QEMU_LOCK_GUARD(&mmu->lock);
    if (flushes == mmu->flushes) {
        puck_tlb_insert(&mmu->tlb, req->vm, req->va, walk.addr, walk.perm,
                        walk.shift, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
    return true;
}

/* AUDIT: would the tables as they are now say something else than @entry? */
static bool differs(PuckMmu *mmu, PuckMmuRequest *req)
{
    PuckVmWalk walk;

    return !walk_for(mmu, req, &walk) ||
           (walk.addr | (req->va & ((1ull << walk.shift) - 1))) != req->addr ||
           !!(walk.perm & PUCK_GPU_PTE_VRAM) != req->vram;
}

static PuckEvent event_of(PuckMmu *mmu, const PuckMmuRequest *req,
                          PuckSite site)
{
    PuckEvent ev = puck_gpu_job_event(mmu->gpu, req->ring, req->seqno, site,
                                      PUCK_ACT_BIT(PUCK_ACT_FAULT));

    if (req->of_head) {
        ev.has = PUCK_HAS_HEAD | PUCK_HAS_SEQNO;
        ev.head = req->ring;
    }
    ev.has |= PUCK_HAS_VM | PUCK_HAS_VA | PUCK_HAS_DIR;
    ev.vm = req->vm;
    ev.va = req->va;
    ev.len = req->len;
    ev.is_write = req->is_write;
    return ev;
}

static void log_stale(PuckMmu *mmu, const PuckMmuRequest *req,
                      const PuckTlbEntry *entry)
{
    PuckEvent ev = event_of(mmu, req, PUCK_SITE_GPU_FLUSH);
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    trace_puck_gpu_stale(puck_gpu_name(mmu->gpu), req->vm, req->va, req->addr);
    puck_mischief_log_stale(&ev, entry->rule, req->addr, now - entry->made,
                            entry->rule ? now - entry->since : -1);
}

/*
 * @req is served from @entry: is that one that should not be there? What was
 * flushed since the look-up may differ, and is right.
 */
static void note_use(PuckMmu *mmu, PuckMmuRequest *req,
                     const PuckTlbEntry *entry, uint64_t flushes)
{
    bool found = (qatomic_read(&mmu->ctrl) & PUCK_GPU_VM_AUDIT) &&
                 differs(mmu, req);

    if (likely(!found && !entry->rule)) {
        return;
    }
    WITH_QEMU_LOCK_GUARD(&mmu->lock) {
        if (flushes != mmu->flushes && !entry->rule) {
            return;
        }
        mmu->stale_uses++;
    }
    log_stale(mmu, req, entry);
}

/* What rules of gpu.translate have to say about a page that is served. */
static bool is_refused(PuckMmu *mmu, PuckMmuRequest *req)
{
    PuckVerdict verdict;
    PuckEvent ev;

    if (likely(!puck_mischief_armed(PUCK_SITE_GPU_TRANSLATE)) || req->asked) {
        return false;
    }
    ev = event_of(mmu, req, PUCK_SITE_GPU_TRANSLATE);
    if (!puck_mischief_ask(&ev, &verdict)) {
        return false;
    }
    req->reason = PUCK_GPU_ERR_INJECTED;
    return true;
}

bool puck_mmu_translate(PuckMmu *mmu, PuckMmuRequest *req)
{
    PuckTlbEntry entry;
    uint64_t flushes;
    bool hit;

    /* The root is read behind this: a reset in between leaves none. */
    WITH_QEMU_LOCK_GUARD(&mmu->lock) {
        flushes = mmu->flushes;
        hit = serve_hit_locked(mmu, req, &entry);
    }
    if ((!hit && !serve_walk(mmu, req, flushes)) || is_refused(mmu, req)) {
        return false;
    }
    if (hit) {
        note_use(mmu, req, &entry, flushes);
    }
    if (!req->of_head) {
        trace_puck_gpu_translate(puck_gpu_name(mmu->gpu), req->ring,
                                 req->seqno, req->vm, req->va, req->addr,
                                 req->vram, hit);
    }
    return true;
}

void puck_mmu_set_root(PuckMmu *mmu, unsigned vm, uint64_t root)
{
    qatomic_set(&mmu->roots[vm], root);
}

void puck_mmu_set_ctrl(PuckMmu *mmu, uint32_t ctrl)
{
    qatomic_set(&mmu->ctrl, ctrl);
}

PuckMmuCounts puck_mmu_counts(PuckMmu *mmu)
{
    QEMU_LOCK_GUARD(&mmu->lock);
    return (PuckMmuCounts) {
        .hits = mmu->hits,
        .misses = mmu->misses,
        .stale_uses = mmu->stale_uses,
        .entries = mmu->tlb.count,
    };
}

/* The roots go first: a walk that begins behind the flush finds none. */
void puck_mmu_reset(PuckMmu *mmu)
{
    for (unsigned vm = 0; vm < PUCK_GPU_VMS_MAX; vm++) {
        puck_mmu_set_root(mmu, vm, 0);
    }
    puck_mmu_set_ctrl(mmu, 0);
    puck_flusher_reset(mmu);
    QEMU_LOCK_GUARD(&mmu->lock);
    mmu->flushes++;
    puck_tlb_inv_all(&mmu->tlb);
    mmu->hits = 0;
    mmu->misses = 0;
    mmu->stale_uses = 0;
}

void puck_mmu_new(PuckGpu *s)
{
    s->mmu = g_new0(PuckMmu, 1);
    s->mmu->gpu = s;
    qemu_mutex_init(&s->mmu->lock);
}

void puck_mmu_init(PuckMmu *mmu)
{
    puck_tlb_init(&mmu->tlb, mmu->gpu->tlb_entries, PUCK_PAGE_SHIFT_BIG);
    puck_flusher_init(mmu);
}

void puck_mmu_exit(PuckMmu *mmu)
{
    puck_flusher_exit(mmu);
}

void puck_mmu_free(PuckGpu *s)
{
    puck_tlb_destroy(&s->mmu->tlb);
    qemu_mutex_destroy(&s->mmu->lock);
    g_clear_pointer(&s->mmu, g_free);
}
