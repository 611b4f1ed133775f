/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of segments, as devices take them: what a segment may be, and walking
 * over a list. Pure logic, shared with the unit tests: nothing here knows of
 * QEMU, memory or threads, nor of a device's numbers.
 */
#ifndef PUCK_ENDPOINT_SEGMENTS_H
#define PUCK_ENDPOINT_SEGMENTS_H

/*
 * A segment in the byte order of the host. Each device's ABI has it so, but
 * little-endian.
 */
typedef struct PuckSeg {
    uint64_t addr;
    uint32_t len;
    uint32_t flags;
} PuckSeg;

/* What the device allows. */
typedef struct PuckSegLimits {
    uint32_t len_max;
    uint32_t local;             /* flag: in the device's own memory; 0: none */
    uint64_t local_size;
} PuckSegLimits;

/*
 * What can be wrong with a list; each device has its own numbers for it. The
 * rules for a segment are checked in this order.
 */
typedef enum PuckSegRule {
    PUCK_SEG_OK,
    PUCK_SEG_RESERVED,          /* a flag that the device has not */
    PUCK_SEG_ZERO,              /* no bytes */
    PUCK_SEG_ONES,              /* at ~0, as an unmapped address is */
    PUCK_SEG_TOO_LONG,
    PUCK_SEG_LOCAL,             /* not within the device's memory */
    PUCK_SEG_WRAP,              /* past 2^64 */
    PUCK_SEG_LIST_SHORT,        /* of the whole list: fewer bytes than needed */
    PUCK_SEG_LIST_READ,         /* of the whole list: it cannot be read */
    PUCK_SEG_RULES
} PuckSegRule;

/* Stands in a fault for a segment: it is of the whole list. */
#define PUCK_SEG_NONE   0xffffffffu

typedef struct PuckSegFault {
    PuckSegRule rule;
    uint32_t desc;              /* number of the segment, or PUCK_SEG_NONE */
    uint64_t addr;              /* of the segment; of the list if unreadable */
} PuckSegFault;

/* Turns a list as it stands in guest memory into host byte order, in place. */
void puck_segs_from_guest(PuckSeg *segs, uint32_t nsegs);

/*
 * True if segments @first to @first + @count - 1 keep the rules. Adds their
 * lengths to @total: a list is checked in parts.
 */
bool puck_segs_check(const PuckSeg *segs, uint32_t first, uint32_t count,
                     const PuckSegLimits *limits, uint64_t *total,
                     PuckSegFault *fault);

/* True if a list whose lengths add up to @total holds @need bytes. */
bool puck_segs_suffice(uint64_t total, uint64_t need, PuckSegFault *fault);

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

#endif /* PUCK_ENDPOINT_SEGMENTS_H */
