/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes that puck-cam has to write, computed from docs/specs/camera.rst
 * one at a time and with nothing of the device's. Plain C, for the unit tests
 * and the qtests.
 */
#ifndef PUCK_CAM_PICTURE_H
#define PUCK_CAM_PICTURE_H

#include "abi/puck_cam.h"

typedef struct CamRect {
    unsigned x, y, w, h;
} CamRect;

/* What the registers hold when a frame begins. */
typedef struct CamPicture {
    unsigned width, height;             /* SIZE */
    unsigned out_width, out_height;
    CamRect crop, compose;
    unsigned format;
    uint32_t stride[2];
    uint32_t hblank, vblank, interval;
    uint32_t exposure, gain, flip, pattern, stamp;
    uint64_t seed;
    uint32_t number;                    /* FRAME */
    uint64_t start;                     /* START_TIME */
    /* PATTERN SOURCE: what the host's picture has there. */
    void (*source)(unsigned x, unsigned y, int ycc[3]);
} CamPicture;

/* The whole picture in a buffer of its size, with the reset's controls. */
CamPicture cam_picture(unsigned width, unsigned height, unsigned format);
unsigned cam_picture_parts(const CamPicture *p);
/* BYTES0, BYTES1 */
uint64_t cam_picture_bytes(const CamPicture *p, unsigned part);
/* Writes the bytes of the picture and leaves those that are padding. */
void cam_picture_make(const CamPicture *p, uint8_t *parts[2]);
/* When line @y of plane 0 is exposed, and when the group that it is in is. */
uint64_t cam_picture_exposed(const CamPicture *p, unsigned y);
uint64_t cam_picture_group(const CamPicture *p, unsigned y);
/* When the last line of the sensor has been read. */
uint64_t cam_picture_end(const CamPicture *p);

#endif /* PUCK_CAM_PICTURE_H */
