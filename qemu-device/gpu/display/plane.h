/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the rules of planes and buffers, and which pixel of a buffer is
 * where in the picture. It only computes. See sections "Buffers" and "Planes"
 * of docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_PLANE_H
#define PUCK_GPU_DISPLAY_PLANE_H

#include "head.h"

/* What a device has. */
typedef struct PuckBufferLimits {
    uint64_t vram_size;
    uint32_t num_vms;
} PuckBufferLimits;

unsigned puck_plane_format(const PuckPlaneRegs *r);
/* Bytes of a pixel; of NV12, of luma. */
unsigned puck_plane_pixel_bytes(unsigned format);

/* PUCK_DISPLAY_OK, or what is wrong with plane @p as @r says it. */
uint8_t puck_plane_check(const PuckPlaneRegs *r, unsigned p,
                         const PuckBufferLimits *limits);
/* The same for a buffer of which @extent bytes are needed. */
uint8_t puck_buffer_check_source(const PuckBufferName *name,
                                 const PuckBufferLimits *limits);
uint8_t puck_buffer_check_extent(const PuckBufferName *name, uint64_t extent,
                                 const PuckBufferLimits *limits);
/* Bytes of its buffer that a plane needs. */
uint64_t puck_plane_extent(const PuckPlaneRegs *r);

/*
 * Which pixels of a plane are in line @y of a picture of @width pixels: those
 * from column @*x of the picture on. None: 0.
 */
uint32_t puck_plane_span(const PuckPlaneRegs *r, uint32_t width, uint32_t y,
                         uint32_t *x);
/* The line of the source that line @y of the picture shows. */
uint32_t puck_plane_src_y(const PuckPlaneRegs *r, uint32_t y);
/* The column of the source that column @x of the picture shows. */
uint32_t puck_plane_src_x(const PuckPlaneRegs *r, uint32_t x);
/* Whether source and destination have the same size. */
bool puck_plane_unscaled(const PuckPlaneRegs *r);

#endif /* PUCK_GPU_DISPLAY_PLANE_H */
