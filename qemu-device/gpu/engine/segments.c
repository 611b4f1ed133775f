/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: lists of segments: their rules, and walking over them. See section
 * "Segment lists" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "segments.h"

/* The list is converted where it lies. */
_Static_assert(sizeof(PuckSeg) == sizeof(struct puck_gpu_seg), "segment");

void puck_segs_from_guest(PuckSeg *segs, uint32_t nsegs)
{
    for (uint32_t i = 0; i < nsegs; i++) {
        struct puck_gpu_seg raw;

        memcpy(&raw, &segs[i], sizeof(raw));
        segs[i].addr = GUINT64_FROM_LE(raw.addr);
        segs[i].len = GUINT32_FROM_LE(raw.len);
        segs[i].flags = GUINT32_FROM_LE(raw.flags);
    }
}

/* The reason to refuse @seg, or 0. */
static uint8_t seg_reason(const PuckSeg *seg, const PuckSegLimits *limits)
{
    if (seg->flags & ~PUCK_GPU_SEG_VRAM) {
        return PUCK_GPU_ERR_RESERVED;
    }
    if (!seg->len) {
        return PUCK_GPU_ERR_SEG_ZERO;
    }
    if (seg->addr == UINT64_MAX) {
        return PUCK_GPU_ERR_SEG_ONES;
    }
    if (seg->len > limits->len_max) {
        return PUCK_GPU_ERR_SEG_TOO_LONG;
    }
    if (seg->flags & PUCK_GPU_SEG_VRAM) {
        bool inside = seg->addr < limits->vram_size &&
                      seg->len <= limits->vram_size - seg->addr;

        return inside ? 0 : PUCK_GPU_ERR_SEG_VRAM;
    }
    /* The last byte may be the last one that there is. */
    return seg->len - 1 > UINT64_MAX - seg->addr ? PUCK_GPU_ERR_SEG_WRAP : 0;
}

bool puck_segs_check(const PuckSeg *segs, uint32_t first, uint32_t count,
                     uint8_t list, const PuckSegLimits *limits,
                     uint64_t *total, PuckFault *fault)
{
    for (uint32_t i = first; i < first + count; i++) {
        uint8_t reason = seg_reason(&segs[i], limits);

        if (reason) {
            return puck_fault_set(fault, reason, list, i, segs[i].addr);
        }
        /* 65536 segments of less than 4 GiB: no overflow. */
        *total += segs[i].len;
    }
    return true;
}

bool puck_segs_suffice(uint64_t total, uint64_t need, uint8_t list,
                       PuckFault *fault)
{
    if (total < need) {
        return puck_fault_set(fault, PUCK_GPU_ERR_LIST_SHORT, list,
                              PUCK_GPU_ERR_DESC_NONE, 0);
    }
    return true;
}

uint64_t puck_rect_span(uint64_t pitch, uint64_t width, uint64_t rows)
{
    return pitch * (rows - 1) + width;
}

void puck_cursor_init(PuckCursor *cur, const PuckSeg *segs, uint64_t width,
                      uint64_t pitch, uint64_t rows)
{
    *cur = (PuckCursor) {
        .segs = segs,
        .width = width,
        .pitch = pitch,
        .in_row = width,
        .rows = rows - 1,
    };
}

uint64_t puck_cursor_left(const PuckCursor *cur)
{
    return cur->in_row + cur->rows * cur->width;
}

bool puck_cursor_piece(const PuckCursor *cur, uint64_t max, PuckPiece *piece)
{
    const PuckSeg *seg = &cur->segs[cur->desc];

    if (!cur->in_row || !max) {
        return false;
    }
    *piece = (PuckPiece) {
        .desc = cur->desc,
        .addr = seg->addr + cur->offset,
        .len = MIN(MIN(cur->in_row, seg->len - cur->offset), max),
        .local = seg->flags & PUCK_GPU_SEG_VRAM,
    };
    return true;
}

/* Moves over @len bytes of the list that may span segments. */
static void skip(PuckCursor *cur, uint64_t len)
{
    while (len >= cur->segs[cur->desc].len - cur->offset) {
        len -= cur->segs[cur->desc].len - cur->offset;
        cur->offset = 0;
        cur->desc++;
        if (!len) {
            return;
        }
    }
    cur->offset += len;
}

void puck_cursor_advance(PuckCursor *cur, uint64_t len)
{
    uint64_t distance, begun, in_row;

    if (len < cur->in_row) {
        cur->in_row -= len;
        skip(cur, len);
        return;
    }
    if (len == puck_cursor_left(cur)) {
        /* At the very end the position is past the list: do not look there. */
        cur->in_row = 0;
        cur->rows = 0;
        return;
    }
    /* To the start of the next row, over whole rows, and into the last one. */
    len -= cur->in_row;
    begun = len / cur->width;
    in_row = len % cur->width;
    distance = cur->in_row + (cur->pitch - cur->width) + begun * cur->pitch +
               in_row;
    cur->rows -= 1 + begun;
    cur->in_row = cur->width - in_row;
    skip(cur, distance);
}
