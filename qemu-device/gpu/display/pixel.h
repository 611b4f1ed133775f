/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: from bytes of a line to pixels, and from pixels of planes to those
 * of the picture. It only computes. See sections "Planes" and "Composition" of
 * docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_PIXEL_H
#define PUCK_GPU_DISPLAY_PIXEL_H

#include "head.h"

/* Whether what a plane shows are words of its buffer, one after the other. */
bool puck_pixels_are_words(const PuckPlaneRegs *r);
/* Whether nothing of what is below a plane is seen through it. */
bool puck_pixels_cover(const PuckPlaneRegs *r);
/*
 * The pixels of plane @r that are at columns @x to @x + @count - 1 of the
 * picture, A, R, G, B from the highest byte on, in the byte order of the host.
 * @luma and, of NV12, @chroma have the bytes that they need.
 */
void puck_pixels_of_row(const PuckPlaneRegs *r, const PuckRow *luma,
                        const PuckRow *chroma, uint32_t x, uint32_t count,
                        uint32_t *pixels);
/* Lays @pixels over @below, a plane over what is there. */
void puck_pixels_blend(const PuckPlaneRegs *r, const uint32_t *pixels,
                       uint32_t count, uint32_t *below);
/* With the gamma table of @regs, in place. */
void puck_pixels_gamma(const PuckHeadRegs *regs, uint32_t *pixels,
                       uint32_t count);

#endif /* PUCK_GPU_DISPLAY_PIXEL_H */
