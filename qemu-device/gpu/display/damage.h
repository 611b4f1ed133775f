/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: which part of a picture is not as it was. See section "Sampling" of
 * docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_DAMAGE_H
#define PUCK_GPU_DISPLAY_DAMAGE_H

#include "hw/puck/gpu/core/device.h"
#include "console.h"

static inline bool puck_rect_empty(const PuckRect *r)
{
    return r->x0 >= r->x1 || r->y0 >= r->y1;
}

/* @to becomes the smallest rectangle that has both. */
void puck_damage_add(PuckRect *to, const PuckRect *rect);
/*
 * What has been written to VRAM since this was called last is damage of all
 * heads that show it.
 */
void puck_damage_written(PuckGpu *s);

#endif /* PUCK_GPU_DISPLAY_DAMAGE_H */
