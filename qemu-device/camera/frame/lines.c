/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: lines of the frame under way are written to its buffer. See section
 * "When lines are written" of docs/specs/camera.rst.
 *
 * The picture is there, without padding. So the bytes of a plane are read in a
 * row, while its cursor, which knows stride and segments, says where they go.
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "hw/puck/camera/core/cost.h"
#include "hw/puck/camera/core/device.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/mischief/site.h"
#include "lines.h"

/* Bytes of a step; of an access that rules are asked about. */
#define CHUNK       (256 * 1024)
#define ACCESS_MAX  4096u

#define NO_LINE     UINT32_MAX
#define PAST_BYTE   0xa5

/*
 * A cursor begins at the beginning of its list: where a plane begins is made a
 * row of its own in front of it, and moved over.
 */
static void begin_plane(PuckCamFrame *f, unsigned index)
{
    const PuckCamPlane *plane = &f->layout.plane[index];
    uint64_t offset = f->desc.part[plane->part].offset + plane->offset;
    PuckCursor *cur = &f->cursor[index];
    PuckCursor lead;

    puck_cursor_init(&lead, f->segs[plane->part], offset + 1, offset + 1, 1);
    puck_cursor_advance(&lead, offset);
    /* Without padding, lines are one row: fewer pieces. */
    if (plane->stride == plane->bytes) {
        puck_cursor_init(cur, f->segs[plane->part],
                         (uint64_t)plane->bytes * plane->lines,
                         (uint64_t)plane->bytes * plane->lines, 1);
    } else {
        puck_cursor_init(cur, f->segs[plane->part], plane->bytes,
                         plane->stride, plane->lines);
    }
    cur->desc = lead.desc;
    cur->offset = lead.offset;
    puck_cursor_advance(cur, f->written[index]);
}

void puck_cam_lines_begin(PuckCamFrame *f)
{
    for (unsigned i = 0; i < f->layout.planes; i++) {
        begin_plane(f, i);
    }
}

uint32_t puck_cam_lines_wanted(const PuckCamFrame *f)
{
    uint32_t lines = f->layout.out_height;

    switch (f->action) {
    case PUCK_ACT_TRUNCATE:
        return MIN(lines, f->value);
    case PUCK_ACT_ERROR:
        return lines / 2;
    case PUCK_ACT_RESIZE:
        return 0;
    default:
        return lines;
    }
}

/* The line of each plane that a rule leaves out. */
static uint32_t line_left_out(const PuckCamFrame *f)
{
    if (f->action == PUCK_ACT_SHIFT) {
        return 0;
    }
    return f->action == PUCK_ACT_LINE && f->value < NO_LINE ? f->value :
                                                              NO_LINE;
}

/* The line behind the group that is next. */
static uint32_t group_end(const PuckCamFrame *f)
{
    return MIN(f->lines + PUCK_CAM_GROUP_LINES, puck_cam_lines_wanted(f));
}

/* Bytes of a plane that are written when @end lines of plane 0 are. */
static uint32_t plane_end(const PuckCamFrame *f, unsigned index, uint32_t end)
{
    const PuckCamPlane *plane = &f->layout.plane[index];

    return DIV_ROUND_UP(end, plane->sub) * plane->bytes;
}

/* Where the bytes come from that are next in a plane. */
static const uint8_t *next_bytes(const PuckCamFrame *f, unsigned index)
{
    const PuckCamPlane *plane = &f->layout.plane[index];
    uint32_t shift = f->action == PUCK_ACT_SHIFT ? plane->bytes : 0;

    return f->copy + plane->at + f->written[index] - shift;
}

static void advance(PuckCamFrame *f, unsigned index, uint32_t len)
{
    puck_cursor_advance(&f->cursor[index], len);
    f->written[index] += len;
}

/* The start of the page of @piece, or of the segment if that is behind it. */
static bool refuse(const PuckCamFrame *f, unsigned part,
                   const PuckPiece *piece, PuckCamFault *fault)
{
    return puck_cam_fault_set(fault, PUCK_CAM_ERR_DMA_WRITE,
                              PUCK_CAM_ERR_PART(part), piece->desc,
                              MAX(f->segs[part][piece->desc].addr,
                                  piece->addr & ~0xfffull));
}

static void copy_to_runs(const PuckRuns *runs, const uint8_t *from)
{
    for (unsigned i = 0; i < runs->count; i++) {
        memcpy(runs->run[i].host, from, runs->run[i].len);
        from += runs->run[i].len;
    }
}

/*
 * Writes up to *@len of @bytes at @cur, and says in it how many these were. The
 * IOMMU sees one access.
 */
static bool write_at(PuckCam *s, PuckHold *hold, const PuckCursor *cur,
                     const uint8_t *bytes, uint32_t *len, PuckPiece *piece)
{
    unsigned epoch = puck_dma_begin(&s->dma);
    PuckRuns runs;
    bool ok;

    WITH_RCU_READ_LOCK_GUARD() {
        ok = puck_dma_look_up(&s->dma, cur, *len, true, &runs, piece);
        /*
         * What was found before it failed is written: lines are in order. But
         * not if it was within that that the frame was dropped.
         */
        if (!s->frame.dropped) {
            copy_to_runs(&runs, bytes);
            puck_dma_written(&s->dma, &runs, runs.total);
        }
    }
    puck_dma_end(&s->dma, epoch);
    *len = runs.total;
    puck_hold_charge(hold, (runs.pieces + runs.count) * PUCK_COST_PIECE +
                           puck_cost_bytes(runs.total));
    return ok && !s->frame.dropped;
}

static bool write_some(PuckCam *s, PuckHold *hold, unsigned index,
                       uint32_t len, PuckCamFault *fault)
{
    PuckCamFrame *f = &s->frame;
    PuckPiece piece;
    bool ok = write_at(s, hold, &f->cursor[index], next_bytes(f, index), &len,
                       &piece);

    advance(f, index, len);
    return ok || refuse(f, f->layout.plane[index].part, &piece, fault);
}

static void corrupt(uint8_t *bytes, uint32_t len, const PuckVerdict *verdict)
{
    for (uint32_t i = 0; i < len; i++) {
        switch (verdict->action) {
        case PUCK_ACT_CORRUPT_XOR:
            bytes[i] ^= verdict->value;
            break;
        case PUCK_ACT_CORRUPT_AND:
            bytes[i] &= verdict->value;
            break;
        default:
            bytes[i] |= verdict->value;
            break;
        }
    }
}

static bool ask_access(PuckCam *s, const PuckPiece *piece,
                       PuckVerdict *verdict)
{
    PuckEvent ev = puck_cam_event(s, PUCK_SITE_DMA_WRITE,
                                  PUCK_ACT_BIT(PUCK_ACT_FAULT) |
                                  PUCK_ACT_BIT(PUCK_ACT_CORRUPT_XOR) |
                                  PUCK_ACT_BIT(PUCK_ACT_CORRUPT_AND) |
                                  PUCK_ACT_BIT(PUCK_ACT_CORRUPT_OR) |
                                  PUCK_ACT_BIT(PUCK_ACT_TRUNCATE));

    ev.has = PUCK_HAS_FRAME | PUCK_HAS_IOVA | PUCK_HAS_DIR;
    ev.frame = s->frame.mode.number;
    ev.iova = piece->addr;
    ev.len = piece->len;
    ev.is_write = true;
    return puck_mischief_ask(&ev, verdict);
}

/* One access, as a rule wants it. */
static bool write_access(PuckCam *s, PuckHold *hold, unsigned index,
                         uint32_t len, PuckCamFault *fault)
{
    PuckCamFrame *f = &s->frame;
    PuckCursor cur = f->cursor[index];
    uint8_t bytes[ACCESS_MAX];
    PuckVerdict verdict;
    PuckPiece piece;
    uint32_t some;

    puck_cursor_piece(&cur, MIN(len, ACCESS_MAX), &piece);
    piece.len = MIN(piece.len, ACCESS_MAX - piece.addr % ACCESS_MAX);
    len = some = piece.len;
    memcpy(bytes, next_bytes(f, index), len);
    puck_hold_charge(hold, PUCK_ASK_NS);
    if (ask_access(s, &piece, &verdict)) {
        if (verdict.action == PUCK_ACT_FAULT) {
            return refuse(f, f->layout.plane[index].part, &piece, fault);
        }
        if (verdict.action == PUCK_ACT_TRUNCATE) {
            some = MIN(len, verdict.value);
        } else {
            corrupt(bytes, len, &verdict);
        }
    }
    while (some) {
        uint32_t part = some;
        bool ok = write_at(s, hold, &cur, bytes + len - some, &part, &piece);

        if (!ok) {
            return refuse(f, f->layout.plane[index].part, &piece, fault);
        }
        puck_cursor_advance(&cur, part);
        some -= part;
    }
    advance(f, index, len);
    return true;
}

/* Bytes of plane @index, up to byte @end of it. */
static bool step_plane(PuckCam *s, PuckHold *hold, unsigned index,
                       uint32_t end, PuckCamFault *fault)
{
    PuckCamFrame *f = &s->frame;
    const PuckCamPlane *plane = &f->layout.plane[index];
    uint32_t out = line_left_out(f);
    uint32_t at = f->written[index];

    if (out < plane->lines) {
        uint32_t first = out * plane->bytes;

        if (at == first) {
            advance(f, index, plane->bytes);
            return true;
        }
        if (at < first) {
            end = MIN(end, first);
        }
    }
    if (puck_mischief_armed(PUCK_SITE_DMA_WRITE)) {
        return write_access(s, hold, index, end - at, fault);
    }
    return write_some(s, hold, index, MIN(end - at, CHUNK), fault);
}

bool puck_cam_lines_step(PuckCam *s, PuckHold *hold, PuckCamFault *fault)
{
    PuckCamFrame *f = &s->frame;
    uint32_t end = group_end(f);

    puck_hold_charge(hold, PUCK_CAM_COST_ACCESS);
    for (unsigned i = 0; i < f->layout.planes; i++) {
        uint32_t bytes = plane_end(f, i, end);

        if (f->written[i] < bytes) {
            return step_plane(s, hold, i, bytes, fault);
        }
    }
    trace_puck_cam_lines(puck_cam_name(s), f->mode.told_number, f->lines, end);
    f->lines = end;
    return true;
}

/* Of a plane, counted from where the part begins. */
static uint64_t plane_reach(const PuckCamFrame *f, unsigned index)
{
    const PuckCamPlane *plane = &f->layout.plane[index];
    uint32_t lines = f->written[index] / plane->bytes;
    uint32_t rest = f->written[index] % plane->bytes;
    uint32_t out = line_left_out(f);

    if (!rest && lines) {
        lines--;
        rest = plane->bytes;
        /* The line that was left out came last. */
        if (lines == out) {
            if (!lines) {
                return 0;
            }
            lines--;
        }
    }
    return rest ? plane->offset + (uint64_t)lines * plane->stride + rest : 0;
}

uint32_t puck_cam_lines_reach(const PuckCamFrame *f, unsigned part)
{
    uint64_t reach = 0;

    for (unsigned i = 0; i < f->layout.planes; i++) {
        if (f->layout.plane[i].part == part) {
            reach = MAX(reach, plane_reach(f, i));
        }
    }
    return reach;
}

bool puck_cam_lines_step_past(PuckCam *s, PuckHold *hold, PuckCamFault *fault)
{
    PuckCamFrame *f = &s->frame;
    unsigned part = f->layout.parts - 1;
    uint32_t desc = f->nsegs[part] - 1;
    const PuckSeg *last = &f->segs[part][desc];
    /* A list of one segment, behind the buffer's last one. */
    PuckSeg behind = {
        .addr = last->addr + last->len + f->past,
        .len = MIN(f->value - f->past, ACCESS_MAX),
    };
    uint32_t len = behind.len;
    uint8_t bytes[ACCESS_MAX];
    PuckCursor cur;
    PuckPiece piece;

    if (behind.addr < last->addr) {
        /* There is nothing behind the end of all addresses. */
        f->past = f->value;
        return true;
    }
    memset(bytes, PAST_BYTE, sizeof(bytes));
    puck_cursor_init(&cur, &behind, len, len, 1);
    if (!write_at(s, hold, &cur, bytes, &len, &piece)) {
        return puck_cam_fault_set(fault, PUCK_CAM_ERR_DMA_WRITE,
                                  PUCK_CAM_ERR_PART(part), desc,
                                  MAX(behind.addr, piece.addr & ~0xfffull));
    }
    f->past += len;
    return true;
}
