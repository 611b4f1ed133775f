/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: lists of segments. Pure logic, shared with the unit tests: nothing
 * here knows of QEMU, memory or threads.
 */
#ifndef PUCK_GPU_ENGINE_SEGMENTS_H
#define PUCK_GPU_ENGINE_SEGMENTS_H

#include "abi/puck_gpu.h"
#include "hw/puck/gpu/core/fault.h"

/* A segment in the byte order of the host. */
typedef struct PuckSeg {
    uint64_t addr;
    uint32_t len;
    uint32_t flags;
} PuckSeg;

/* What the device allows. */
typedef struct PuckSegLimits {
    uint32_t len_max;
    uint64_t vram_size;
} PuckSegLimits;

/* Turns a list as it stands in guest memory into host byte order, in place. */
void puck_segs_from_guest(PuckSeg *segs, uint32_t nsegs);

/*
 * True if segments @first to @first + @count - 1 keep the rules. Adds their
 * lengths to @total: a list is checked in parts.
 */
bool puck_segs_check(const PuckSeg *segs, uint32_t first, uint32_t count,
                     uint8_t list, const PuckSegLimits *limits,
                     uint64_t *total, PuckFault *fault);

/* True if a list whose lengths add up to @total holds @need bytes. */
bool puck_segs_suffice(uint64_t total, uint64_t need, uint8_t list,
                       PuckFault *fault);

/*
 * A position in a checked list, read as rows of @width bytes, one each @pitch
 * bytes; a linear transfer is one row. It only moves forward, so that a whole
 * transfer costs one pass over the list whatever its shape.
 */
typedef struct PuckCursor {
    const PuckSeg *segs;
    uint32_t desc;              /* segment of the position */
    uint64_t offset;            /* in that segment */
    uint64_t width;
    uint64_t pitch;
    uint64_t in_row;            /* bytes left in this row */
    uint64_t rows;              /* rows left after this one */
} PuckCursor;

/* Bytes in a row of the position that are adjacent in one segment. */
typedef struct PuckPiece {
    uint32_t desc;
    uint64_t addr;
    uint64_t len;
    bool local;                 /* in the device's own memory */
} PuckPiece;

/* How far into a list a transfer reaches. Exact for 32-bit arguments. */
uint64_t puck_rect_span(uint64_t pitch, uint64_t width, uint64_t rows);
/* @rows and @width are not zero and the list spans puck_rect_span(). */
void puck_cursor_init(PuckCursor *cur, const PuckSeg *segs, uint64_t width,
                      uint64_t pitch, uint64_t rows);
/* Bytes that are still to be visited. */
uint64_t puck_cursor_left(const PuckCursor *cur);
/* The next piece, @max bytes at most. False at the end. */
bool puck_cursor_piece(const PuckCursor *cur, uint64_t max, PuckPiece *piece);
/*
 * Moves over the next @len bytes, puck_cursor_left() of them at most. They may
 * span rows and segments: that takes as long as there are segments to pass, and
 * no longer for many rows.
 */
void puck_cursor_advance(PuckCursor *cur, uint64_t len);

#endif /* PUCK_GPU_ENGINE_SEGMENTS_H */
