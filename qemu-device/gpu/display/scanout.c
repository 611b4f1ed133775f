/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the scanout: part of VRAM shown in a console. See section
 * "Scanout" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "ui/console.h"
#include "ui/qemu-pixman.h"
#include "hw/puck/endpoint/segments.h"
#include "scanout.h"

#define DIM_MIN     16

static bool dim_valid(uint32_t dim)
{
    return dim >= DIM_MIN && dim <= PUCK_GPU_SCANOUT_DIM_MAX;
}

/* Bytes from the first pixel to the end of the last. No overflow: 44 bits. */
static uint64_t span(const PuckScanoutMode *mode)
{
    return puck_rect_span(mode->pitch, 4 * mode->width, mode->height);
}

bool puck_scanout_valid(const PuckScanoutMode *mode, uint64_t vram_size)
{
    return mode->format == PUCK_GPU_FORMAT_XRGB8888 && mode->offset % 4 == 0 &&
           dim_valid(mode->width) && dim_valid(mode->height) &&
           mode->pitch % 4 == 0 && mode->pitch >= 4 * mode->width &&
           mode->pitch <= INT32_MAX && mode->offset <= vram_size &&
           span(mode) <= vram_size - mode->offset;
}

void puck_scanout_enable(PuckScanout *sc, bool enable)
{
    if (enable && !sc->mode.enable &&
        !puck_scanout_valid(&sc->mode, sc->gpu->vram_size)) {
        puck_gpu_guest_error("scanout: picture out of its rules");
        return;
    }
    sc->mode.enable = enable;
}

/* A surface for what the registers say now. It shares its pixels with VRAM. */
static void replace_surface(PuckScanout *sc)
{
    const PuckScanoutMode *mode = &sc->mode;
    DisplaySurface *surface = NULL;

    if (mode->enable) {
        uint8_t *vram = memory_region_get_ram_ptr(&sc->gpu->vram);

        surface = qemu_create_displaysurface_from(mode->width, mode->height,
                                                  PIXMAN_LE_x8r8g8b8,
                                                  mode->pitch,
                                                  vram + mode->offset);
    }
    dpy_gfx_replace_surface(sc->con, surface);
    sc->shown = *mode;
}

static bool row_dirty(PuckScanout *sc, DirtyBitmapSnapshot *snap, uint32_t y)
{
    const PuckScanoutMode *mode = &sc->mode;

    return memory_region_snapshot_get_dirty(&sc->gpu->vram, snap, mode->offset +
                                            (uint64_t)y * mode->pitch,
                                            4 * mode->width);
}

static void update_dirty_rows(PuckScanout *sc)
{
    const PuckScanoutMode *mode = &sc->mode;
    DirtyBitmapSnapshot *snap;
    uint32_t first = 0;

    snap = memory_region_snapshot_and_clear_dirty(&sc->gpu->vram, mode->offset,
                                                  span(mode),
                                                  DIRTY_MEMORY_VGA);
    for (uint32_t y = 0; y <= mode->height; y++) {
        if (y < mode->height && row_dirty(sc, snap, y)) {
            continue;
        }
        if (y > first) {
            dpy_gfx_update(sc->con, 0, first, mode->width, y - first);
        }
        first = y + 1;
    }
    g_free(snap);
}

static void gfx_invalidate(void *opaque)
{
    PuckScanout *sc = opaque;

    sc->shown.format = 0;
}

static void gfx_update(void *opaque)
{
    PuckScanout *sc = opaque;
    const PuckScanoutMode *a = &sc->mode, *b = &sc->shown;

    if (a->enable != b->enable ||
        (a->enable && (a->format != b->format || a->offset != b->offset ||
                       a->width != b->width || a->height != b->height ||
                       a->pitch != b->pitch))) {
        replace_surface(sc);
        dpy_gfx_update_full(sc->con);
    } else if (a->enable) {
        update_dirty_rows(sc);
    }
}

static const GraphicHwOps gfx_ops = {
    .invalidate = gfx_invalidate,
    .gfx_update = gfx_update,
};

void puck_scanout_new(PuckGpu *s)
{
    s->scanout = g_new0(PuckScanout, 1);
    s->scanout->gpu = s;
}

void puck_scanout_free(PuckGpu *s)
{
    g_clear_pointer(&s->scanout, g_free);
}

void puck_scanout_init(PuckScanout *sc)
{
    memory_region_set_log(&sc->gpu->vram, true, DIRTY_MEMORY_VGA);
    sc->con = graphic_console_init(DEVICE(sc->gpu), 0, &gfx_ops, sc);
}

void puck_scanout_exit(PuckScanout *sc)
{
    graphic_console_close(sc->con);
}

void puck_scanout_reset(PuckScanout *sc)
{
    sc->mode = (PuckScanoutMode) { };
}
