/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: which part of a picture is not as it was. What is found in VRAM is
 * forgotten there: so it is looked up for all heads at once.
 */

#include "qemu/osdep.h"
#include "damage.h"
#include "head.h"
#include "plane.h"

void puck_damage_add(PuckRect *to, const PuckRect *rect)
{
    if (puck_rect_empty(rect)) {
        return;
    }
    if (puck_rect_empty(to)) {
        *to = *rect;
        return;
    }
    to->x0 = MIN(to->x0, rect->x0);
    to->y0 = MIN(to->y0, rect->y0);
    to->x1 = MAX(to->x1, rect->x1);
    to->y1 = MAX(to->y1, rect->y1);
}

static bool shows_vram(const PuckHead *head, unsigned p)
{
    const PuckPlaneRegs *r = &head->shown.regs.planes[p];

    return head->clock.on && puck_plane_on(r) &&
           r->buffer.source == PUCK_PLANE_SOURCE_VRAM;
}

/* Whether lines of a plane stand in its buffer one by one, from above. */
static bool is_plain(const PuckPlaneRegs *r)
{
    return r->dst_h * 0x10000ull == r->src_h &&
           !(r->ctrl & PUCK_PLANE_REFLECT_Y) &&
           puck_plane_format(r) != PUCK_PLANE_FORMAT_NV12;
}

static bool line_written(const PuckGpu *s, const PuckPlaneRegs *r,
                         DirtyBitmapSnapshot *snap, uint32_t y)
{
    uint64_t at = r->buffer.addr + r->offset +
                  (uint64_t)puck_plane_src_y(r, y) * r->pitch;
    uint32_t columns = (r->src_x + r->src_w - 1) / 0x10000 + 1;

    return memory_region_snapshot_get_dirty((MemoryRegion *)&s->vram, snap, at,
                                            columns * puck_plane_pixel_bytes(
                                                puck_plane_format(r)));
}

static void look_at_plane(PuckHead *head, unsigned p,
                          DirtyBitmapSnapshot *snap)
{
    const PuckHeadRegs *regs = &head->shown.regs;
    const PuckPlaneRegs *r = &regs->planes[p];
    bool plain = is_plain(r);

    if (!memory_region_snapshot_get_dirty(&head->gpu->vram, snap,
                                          r->buffer.addr,
                                          puck_plane_extent(r))) {
        return;
    }
    for (uint32_t y = 0; y < puck_head_vdisplay(regs); y++) {
        uint32_t x, count = puck_plane_span(r, puck_head_hdisplay(regs), y, &x);

        if (count && (!plain || line_written(head->gpu, r, snap, y))) {
            puck_damage_add(&head->console.damage, &(PuckRect) {
                .x0 = x, .y0 = y, .x1 = x + count, .y1 = y + 1,
            });
        }
    }
}

/* The bytes of VRAM that are shown, and those between. */
static bool shown_range(PuckGpu *s, uint64_t *from, uint64_t *to)
{
    *from = UINT64_MAX;
    *to = 0;
    for (unsigned i = 0; i < s->num_heads * PUCK_DISPLAY_PLANES; i++) {
        PuckHead *head = &s->display->heads[i / PUCK_DISPLAY_PLANES];
        unsigned p = i % PUCK_DISPLAY_PLANES;
        const PuckPlaneRegs *r = &head->shown.regs.planes[p];

        if (shows_vram(head, p)) {
            *from = MIN(*from, r->buffer.addr);
            *to = MAX(*to, r->buffer.addr + puck_plane_extent(r));
        }
    }
    return *from < *to;
}

void puck_damage_written(PuckGpu *s)
{
    DirtyBitmapSnapshot *snap;
    uint64_t from, to;

    if (!shown_range(s, &from, &to)) {
        return;
    }
    snap = memory_region_snapshot_and_clear_dirty(&s->vram, from, to - from,
                                                  DIRTY_MEMORY_VGA);
    for (unsigned i = 0; i < s->num_heads * PUCK_DISPLAY_PLANES; i++) {
        PuckHead *head = &s->display->heads[i / PUCK_DISPLAY_PLANES];

        if (shows_vram(head, i % PUCK_DISPLAY_PLANES)) {
            look_at_plane(head, i % PUCK_DISPLAY_PLANES, snap);
        }
    }
    g_free(snap);
}
