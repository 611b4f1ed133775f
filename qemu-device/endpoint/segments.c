/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of segments: their rules, and walking over them.
 */

#include "qemu/osdep.h"
#include "segments.h"

_Static_assert(sizeof(PuckSeg) == 16, "the list is converted where it lies");

void puck_segs_from_guest(PuckSeg *segs, uint32_t nsegs)
{
    for (uint32_t i = 0; i < nsegs; i++) {
        segs[i].addr = GUINT64_FROM_LE(segs[i].addr);
        segs[i].len = GUINT32_FROM_LE(segs[i].len);
        segs[i].flags = GUINT32_FROM_LE(segs[i].flags);
    }
}

/* The rule that @seg breaks. */
static PuckSegRule seg_rule(const PuckSeg *seg, const PuckSegLimits *limits)
{
    if (seg->flags & ~limits->local) {
        return PUCK_SEG_RESERVED;
    }
    if (!seg->len) {
        return PUCK_SEG_ZERO;
    }
    if (seg->addr == UINT64_MAX) {
        return PUCK_SEG_ONES;
    }
    if (seg->len > limits->len_max) {
        return PUCK_SEG_TOO_LONG;
    }
    if (seg->flags) {
        bool inside = seg->addr < limits->local_size &&
                      seg->len <= limits->local_size - seg->addr;

        return inside ? PUCK_SEG_OK : PUCK_SEG_LOCAL;
    }
    /* The last byte may be the last one that there is. */
    return seg->len - 1 > UINT64_MAX - seg->addr ? PUCK_SEG_WRAP : PUCK_SEG_OK;
}

bool puck_segs_check(const PuckSeg *segs, uint32_t first, uint32_t count,
                     const PuckSegLimits *limits, uint64_t *total,
                     PuckSegFault *fault)
{
    for (uint32_t i = first; i < first + count; i++) {
        PuckSegRule rule = seg_rule(&segs[i], limits);

        if (rule != PUCK_SEG_OK) {
            *fault = (PuckSegFault) { rule, i, segs[i].addr };
            return false;
        }
        /* 65536 segments of less than 4 GiB: no overflow. */
        *total += segs[i].len;
    }
    return true;
}

bool puck_segs_suffice(uint64_t total, uint64_t need, PuckSegFault *fault)
{
    if (total < need) {
        *fault = (PuckSegFault) { PUCK_SEG_LIST_SHORT, PUCK_SEG_NONE, 0 };
        return false;
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
        /* The one flag that a checked segment may have. */
        .local = seg->flags,
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
