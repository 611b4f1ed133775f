/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a line of the picture.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/puck/gpu/core/cost.h"
#include "compose.h"
#include "pixel.h"
#include "plane.h"

/* A line of the widest source; of chroma there is no more. */
#define ROW_MAX     (4 * PUCK_PLANE_SRC_MAX)
#define OPAQUE      0xff000000u

void puck_compose_init(PuckHead *head)
{
    for (unsigned i = 0; i < PUCK_HEAD_ROWS; i++) {
        head->rows[i].bytes = g_malloc(ROW_MAX);
        head->rows[i].bad = g_malloc(ROW_MAX);
    }
    head->pixels = g_new(uint32_t, PUCK_DISPLAY_DIM_MAX_VALUE);
}

void puck_compose_free(PuckHead *head)
{
    for (unsigned i = 0; i < PUCK_HEAD_ROWS; i++) {
        g_free(head->rows[i].bytes);
        g_free(head->rows[i].bad);
    }
    g_free(head->pixels);
}

static void set_row(PuckRow *row, uint64_t line, uint32_t first, uint32_t len)
{
    row->at = line + first;
    row->first = first;
    row->len = len;
    row->pos = 0;
}

/* @rows: luma and chroma of the plane. */
static void begin_plane(const PuckPlaneRegs *r, uint32_t width, uint32_t y,
                        PuckRow *rows)
{
    unsigned format = puck_plane_format(r);
    unsigned bytes = puck_plane_pixel_bytes(format);
    uint32_t x, count = puck_plane_span(r, width, y, &x);
    uint32_t a, b, from, to, src_y;

    set_row(&rows[0], 0, 0, 0);
    set_row(&rows[1], 0, 0, 0);
    if (!count) {
        return;
    }
    a = puck_plane_src_x(r, x);
    b = puck_plane_src_x(r, x + count - 1);
    from = MIN(a, b);
    to = MAX(a, b) + 1;
    src_y = puck_plane_src_y(r, y);
    set_row(&rows[0], r->offset + (uint64_t)src_y * r->pitch, from * bytes,
            (to - from) * bytes);
    if (format == PUCK_PLANE_FORMAT_NV12) {
        from = from / 2 * 2;
        to = ROUND_UP(to, 2);
        set_row(&rows[1], r->uv_offset + (uint64_t)(src_y / 2) * r->uv_pitch,
                from, to - from);
    }
}

void puck_compose_begin(PuckHead *head, const PuckHeadState *state,
                        uint32_t y)
{
    for (unsigned p = 0; p < PUCK_DISPLAY_PLANES; p++) {
        begin_plane(&state->regs.planes[p], puck_head_hdisplay(&state->regs),
                    y, &head->rows[2 * p]);
    }
}

static unsigned zpos(const PuckPlaneRegs *r)
{
    return (r->ctrl & PUCK_PLANE_ZPOS) >> ctz32(PUCK_PLANE_ZPOS);
}

/* Which plane is the @n-th from below. */
static unsigned plane_at(const PuckHeadRegs *regs, unsigned n)
{
    for (unsigned p = 0; p < PUCK_DISPLAY_PLANES; p++) {
        unsigned below = 0;

        for (unsigned q = 0; q < PUCK_DISPLAY_PLANES; q++) {
            unsigned a = zpos(&regs->planes[q]), b = zpos(&regs->planes[p]);

            below += a < b || (a == b && q < p);
        }
        if (below == n) {
            return p;
        }
    }
    g_assert_not_reached();
}

static uint64_t plane_cost(const PuckPlaneRegs *r, uint32_t count)
{
    uint64_t pixel = PUCK_COST_PIXEL;

    if (!puck_plane_unscaled(r)) {
        pixel = PUCK_COST_PIXEL_SCALED;
    } else if (puck_pixels_are_words(r) && puck_pixels_cover(r)) {
        pixel = PUCK_COST_PIXEL_COPIED;
    }
    return count * pixel;
}

/* The plane that is all of line @y, and without any other in it; or -1. */
static int sole_plane(const PuckHeadRegs *regs, uint32_t y)
{
    uint32_t width = puck_head_hdisplay(regs);
    int sole = -1;

    for (unsigned p = 0; p < PUCK_DISPLAY_PLANES; p++) {
        uint32_t x, count = puck_plane_span(&regs->planes[p], width, y, &x);

        if (!count) {
            continue;
        }
        if (sole >= 0 || count < width) {
            return -1;
        }
        sole = p;
    }
    return sole;
}

/* The console has words of this host's, and does not look at their alpha. */
const void *puck_compose_copy(const PuckHead *head, const PuckHeadState *state,
                              uint32_t y)
{
    int p = sole_plane(&state->regs, y);
    const PuckPlaneRegs *r;
    const PuckRow *row;

    if (HOST_BIG_ENDIAN || p < 0 ||
        (state->regs.ctrl & PUCK_HEAD_USE_GAMMA)) {
        return NULL;
    }
    r = &state->regs.planes[p];
    row = &head->rows[2 * p];
    if (!puck_pixels_are_words(r) || !puck_pixels_cover(r) ||
        memchr(row->bad, 1, row->len)) {
        return NULL;
    }
    return row->bytes;
}

void puck_compose_line(PuckHead *head, const PuckHeadState *state, uint32_t y,
                       void (*done)(PuckHead *head, unsigned p, uint32_t count,
                                    PuckHold *hold),
                       PuckHold *hold)
{
    const PuckHeadRegs *regs = &state->regs;
    uint32_t width = puck_head_hdisplay(regs);

    for (uint32_t i = 0; i < width; i++) {
        head->line[i] = OPAQUE | regs->background;
    }
    for (unsigned n = 0; n < PUCK_DISPLAY_PLANES; n++) {
        unsigned p = plane_at(regs, n);
        const PuckPlaneRegs *r = &regs->planes[p];
        uint32_t x = 0, count = puck_plane_span(r, width, y, &x);

        if (!count) {
            continue;
        }
        puck_pixels_of_row(r, &head->rows[2 * p], &head->rows[2 * p + 1], x,
                           count, head->pixels);
        puck_pixels_blend(r, head->pixels, count, head->line + x);
        puck_hold_charge(hold, plane_cost(r, count));
        done(head, p, count, hold);
    }
    if (regs->ctrl & PUCK_HEAD_USE_GAMMA) {
        puck_pixels_gamma(regs, head->line, width);
        puck_hold_charge(hold, (uint64_t)width * PUCK_COST_PIXEL / 2);
    }
}
