/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: bytes of a buffer. They are accessed piece by piece: a piece ends
 * with a page of 4K or with a segment, and is what can fail.
 */

#include "qemu/osdep.h"
#include "hw/puck/gpu/core/cost.h"
#include "hw/puck/gpu/vm/mmu.h"
#include "buffer.h"
#include "irq.h"
#include "prepare.h"

#define PIECES_A_STEP   32

/* Adjacent bytes of memory. */
typedef struct Piece {
    uint64_t addr;              /* DMA address, or offset in VRAM */
    uint32_t len;
    bool vram;
    PuckFault fault;            /* what to say if an access fails */
} Piece;

/* An access to a piece of buffer @b. */
typedef struct Access {
    PuckHead *head;
    const PuckHeadState *state;
    unsigned b;
    bool is_write;
} Access;

static uint32_t to_page_end(uint64_t addr, uint32_t len)
{
    return MIN(PUCK_GPU_PAGE_SIZE - addr % PUCK_GPU_PAGE_SIZE, len);
}

/* Of a list that is right, and long enough. */
static void piece_of_list(const PuckBuffer *buf, uint64_t at, uint32_t len,
                          Piece *piece)
{
    uint32_t low = 0, high = buf->nsegs;
    const PuckSeg *seg;
    uint64_t offset;

    /* The last segment that does not begin behind @at. */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (buf->starts[middle] <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    seg = &buf->segs[low];
    offset = at - buf->starts[low];
    piece->addr = seg->addr + offset;
    piece->vram = seg->flags & PUCK_GPU_SEG_VRAM;
    piece->len = MIN(len, seg->len - offset);
    if (!piece->vram) {
        piece->len = to_page_end(piece->addr, piece->len);
    }
    piece->fault.desc = low;
    piece->fault.addr = piece->addr;
}

/* False if the page cannot be translated: the fault says why. */
static bool piece_of_vm(const Access *a, uint64_t at, uint32_t len,
                        Piece *piece)
{
    const PuckBufferName *name = puck_buffer_name(&a->state->regs, a->b);
    PuckMmuRequest req = {
        .dma = &a->head->dma,
        .of_head = true,
        .ring = a->head->index,
        .seqno = a->state->regs.seqno,
        .vm = name->arg,
        .va = name->addr + at,
        .len = to_page_end(name->addr + at, len),
        .is_write = a->is_write,
    };
    uint64_t page = req.va & ~(uint64_t)(PUCK_GPU_PAGE_SIZE - 1);

    piece->len = req.len;
    piece->fault.desc = name->arg;
    if (!puck_mmu_translate(a->head->gpu->mmu, &req)) {
        piece->fault.reason = req.reason;
        piece->fault.addr = page;
        return false;
    }
    piece->addr = req.addr;
    piece->vram = req.vram;
    piece->fault.addr = req.addr;
    return true;
}

/* The bytes at @at of the buffer. False as above. */
static bool find_piece(const Access *a, uint64_t at, uint32_t len,
                       Piece *piece)
{
    const PuckBufferName *name = puck_buffer_name(&a->state->regs, a->b);

    *piece = (Piece) {
        .fault = {
            .reason = a->is_write ? PUCK_GPU_ERR_DMA_WRITE :
                                    PUCK_GPU_ERR_DMA_READ,
        },
    };
    switch (name->source) {
    case PUCK_PLANE_SOURCE_LIST:
        piece_of_list(&a->state->buffers[a->b], at, len, piece);
        return true;
    case PUCK_PLANE_SOURCE_VM:
        return piece_of_vm(a, at, len, piece);
    default:
        piece->addr = name->addr + at;
        piece->len = len;
        piece->vram = true;
        return true;
    }
}

static bool access_piece(const Access *a, const Piece *piece, uint8_t *bytes)
{
    PuckHead *head = a->head;
    uint8_t *vram;

    if (!piece->vram) {
        return a->is_write ?
               puck_dma_write(&head->dma, piece->addr, bytes, piece->len) :
               puck_dma_read(&head->dma, piece->addr, bytes, piece->len);
    }
    vram = memory_region_get_ram_ptr(&head->gpu->vram);
    if (a->is_write) {
        memcpy(vram + piece->addr, bytes, piece->len);
        memory_region_set_dirty(&head->gpu->vram, piece->addr, piece->len);
    } else {
        memcpy(bytes, vram + piece->addr, piece->len);
    }
    return true;
}

static void charge(const Access *a, const Piece *piece, PuckHold *hold)
{
    uint64_t ns = puck_cost_bytes(piece->len) +
                  (piece->vram ? PUCK_COST_LOOK : PUCK_COST_PIECE);

    if (puck_buffer_name(&a->state->regs, a->b)->source ==
        PUCK_PLANE_SOURCE_VM) {
        ns += puck_cost_pages(1) +
              (puck_mischief_armed(PUCK_SITE_GPU_TRANSLATE) ? PUCK_ASK_NS : 0);
    }
    puck_hold_charge(hold, ns);
}

/* One piece from @row->pos on. False if it failed. */
static bool step(const Access *a, PuckRow *row, Piece *piece)
{
    unsigned epoch = puck_dma_begin(&a->head->dma);
    bool ok = find_piece(a, row->at + row->pos, row->len - row->pos, piece) &&
              !a->head->dropped &&
              access_piece(a, piece, row->bytes + row->pos);

    puck_dma_end(&a->head->dma, epoch);
    return ok;
}

/* False if a piece failed. */
static bool transfer(const Access *a, PuckRow *row, PuckHold *hold)
{
    PuckHead *head = a->head;
    bool all = true;

    for (unsigned i = 0; i < PIECES_A_STEP && row->pos < row->len; i++) {
        Piece piece;
        bool ok = step(a, row, &piece);

        if (head->dropped) {
            return false;
        }
        charge(a, &piece, hold);
        if (!ok) {
            all = false;
            puck_head_fault(head, a->b, &piece.fault, head->frame.count);
        }
        if (!a->is_write) {
            memset(row->bad + row->pos, !ok, piece.len);
        }
        row->pos += piece.len;
    }
    return all;
}

void puck_buffer_read(PuckHead *head, const PuckHeadState *state, unsigned b,
                      PuckRow *row, PuckHold *hold)
{
    Access a = { .head = head, .state = state, .b = b };

    if (state->buffers[b].bad) {
        memset(row->bad, 1, row->len);
        row->pos = row->len;
        return;
    }
    transfer(&a, row, hold);
}

bool puck_buffer_write(PuckHead *head, const PuckHeadState *state, unsigned b,
                       PuckRow *row, PuckHold *hold)
{
    Access a = { .head = head, .state = state, .b = b, .is_write = true };

    if (state->buffers[b].bad) {
        row->pos = row->len;
        return false;
    }
    return transfer(&a, row, hold);
}
