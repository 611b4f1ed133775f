/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: an operand by address is translated. See section "Operands by
 * address" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/core/cost.h"
#include "hw/puck/gpu/vm/mmu.h"
#include "job.h"

#define PAGE_SIZE       PUCK_GPU_PAGE_SIZE
#define PAGES_A_STEP    32
/* While rules are asked about each of them. */
#define PAGES_ASKED     8
#define VA_END          (1ull << PUCK_GPU_VA_BITS)

static bool fail(PuckOperand *op, PuckLane *lane, uint8_t reason, uint64_t va)
{
    return puck_fault_set(&lane->fault, reason,
                          op->is_dst ? PUCK_GPU_ERR_LIST_DST :
                                       PUCK_GPU_ERR_LIST_SRC,
                          lane->job->cmd.vm, va);
}

bool puck_operand_begin(PuckOperand *op, PuckLane *lane, bool is_dst)
{
    const PuckJob *job = lane->job;
    const PuckExtent *e = is_dst ? &job->cmd.dst : &job->cmd.src;
    uint64_t span = puck_rect_span(e->pitch, e->width, e->rows);

    *op = (PuckOperand) { .is_dst = is_dst, .va = e->list, .left = span };
    if (!puck_mmu_has(job->gpu->mmu, job->cmd.vm)) {
        return fail(op, lane, PUCK_GPU_ERR_VM, op->va);
    }
    if (op->va >= VA_END || span > VA_END - op->va) {
        return fail(op, lane, PUCK_GPU_ERR_VA, op->va);
    }
    op->segs = g_new(PuckSeg, e->nsegs);
    return true;
}

/* What follows on the last segment is a part of it: 256 MiB at most. */
static void add(PuckOperand *op, const PuckMmuRequest *req, uint32_t len)
{
    uint32_t flags = req->vram ? PUCK_GPU_SEG_VRAM : 0;
    PuckSeg *last = op->count ? &op->segs[op->count - 1] : NULL;

    if (last && last->flags == flags && last->addr + last->len == req->addr) {
        last->len += len;
        return;
    }
    op->segs[op->count++] = (PuckSeg) {
        .addr = req->addr, .len = len, .flags = flags,
    };
}

bool puck_operand_step(PuckOperand *op, PuckLane *lane)
{
    const PuckJob *job = lane->job;
    PuckMmuRequest req = {
        .dma = &job->dma,
        .ring = job->from.ring_index,
        .seqno = job->cmd.seqno,
        .vm = job->cmd.vm,
        .is_write = op->is_dst,
        /* A command that was loaded was translated before. */
        .asked = job->access && job->access->active,
    };
    bool asks = puck_mischief_armed(PUCK_SITE_GPU_TRANSLATE);
    unsigned pages = asks ? PAGES_ASKED : PAGES_A_STEP;
    bool ok = true;

    for (unsigned i = 0; i < pages && op->left && ok; i++) {
        uint32_t len = MIN(PAGE_SIZE - op->va % PAGE_SIZE, op->left);

        req.va = op->va;
        req.len = len;
        ok = puck_mmu_translate(job->gpu->mmu, &req);
        if (ok) {
            add(op, &req, len);
            op->va += len;
            op->left -= len;
        } else {
            fail(op, lane, req.reason, op->va & ~(uint64_t)(PAGE_SIZE - 1));
        }
        lane->spent += PUCK_COST_PAGE + (asks ? PUCK_ASK_NS : 0);
    }
    lane->spent += req.reads * PUCK_COST_TABLE;
    return ok;
}
