/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the scanout: part of VRAM shown in a console. See section
 * "Scanout" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "ui/qemu-pixman.h"
#include "hw/puck/gpu/core/gpu.h"

#define DIM_MIN     16

static bool dim_valid(uint32_t dim)
{
    return dim >= DIM_MIN && dim <= PUCK_GPU_SCANOUT_DIM_MAX;
}

/* Bytes from the first pixel to the end of the last. No overflow: 44 bits. */
static uint64_t scanout_span(const PuckScanout *sc)
{
    return puck_rect_span(sc->pitch, 4 * sc->width, sc->height);
}

bool puck_scanout_valid(const PuckScanout *sc, uint64_t vram_size)
{
    return sc->format == PUCK_GPU_FORMAT_XRGB8888 && sc->offset % 4 == 0 &&
           dim_valid(sc->width) && dim_valid(sc->height) &&
           sc->pitch % 4 == 0 && sc->pitch >= 4 * sc->width &&
           sc->pitch <= INT32_MAX && sc->offset <= vram_size &&
           scanout_span(sc) <= vram_size - sc->offset;
}

void puck_scanout_enable(PuckGpu *s, bool enable)
{
    if (enable && !s->scanout.enable &&
        !puck_scanout_valid(&s->scanout, s->vram_size)) {
        puck_gpu_guest_error("scanout: picture out of its rules");
        return;
    }
    s->scanout.enable = enable;
}

/* A surface for what the registers say now. It shares its pixels with VRAM. */
static void replace_surface(PuckGpu *s)
{
    PuckScanout *sc = &s->scanout;
    DisplaySurface *surface = NULL;

    if (sc->enable) {
        uint8_t *vram = memory_region_get_ram_ptr(&s->vram);

        surface = qemu_create_displaysurface_from(sc->width, sc->height,
                                                  PIXMAN_LE_x8r8g8b8,
                                                  sc->pitch,
                                                  vram + sc->offset);
    }
    dpy_gfx_replace_surface(s->con, surface);
    s->shown = *sc;
}

static bool row_dirty(PuckGpu *s, DirtyBitmapSnapshot *snap, uint32_t y)
{
    PuckScanout *sc = &s->scanout;

    return memory_region_snapshot_get_dirty(&s->vram, snap, sc->offset +
                                            (uint64_t)y * sc->pitch,
                                            4 * sc->width);
}

static void update_dirty_rows(PuckGpu *s)
{
    PuckScanout *sc = &s->scanout;
    DirtyBitmapSnapshot *snap;
    uint32_t first = 0;

    snap = memory_region_snapshot_and_clear_dirty(&s->vram, sc->offset,
                                                  scanout_span(sc),
                                                  DIRTY_MEMORY_VGA);
    for (uint32_t y = 0; y <= sc->height; y++) {
        if (y < sc->height && row_dirty(s, snap, y)) {
            continue;
        }
        if (y > first) {
            dpy_gfx_update(s->con, 0, first, sc->width, y - first);
        }
        first = y + 1;
    }
    g_free(snap);
}

static void gfx_invalidate(void *opaque)
{
    PuckGpu *s = opaque;

    s->shown.format = 0;
}

static void gfx_update(void *opaque)
{
    PuckGpu *s = opaque;
    PuckScanout *a = &s->scanout, *b = &s->shown;

    if (a->enable != b->enable ||
        (a->enable && (a->format != b->format || a->offset != b->offset ||
                       a->width != b->width || a->height != b->height ||
                       a->pitch != b->pitch))) {
        replace_surface(s);
        dpy_gfx_update_full(s->con);
    } else if (a->enable) {
        update_dirty_rows(s);
    }
}

static const GraphicHwOps gfx_ops = {
    .invalidate = gfx_invalidate,
    .gfx_update = gfx_update,
};

void puck_scanout_init(PuckGpu *s)
{
    memory_region_set_log(&s->vram, true, DIRTY_MEMORY_VGA);
    s->con = graphic_console_init(DEVICE(s), 0, &gfx_ops, s);
}

void puck_scanout_exit(PuckGpu *s)
{
    graphic_console_close(s->con);
}
