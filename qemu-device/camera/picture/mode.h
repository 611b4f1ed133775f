/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what registers say of a picture. The registers are such structures,
 * and a frame keeps a copy of them from when it begins. Plain C.
 */
#ifndef PUCK_CAM_PICTURE_MODE_H
#define PUCK_CAM_PICTURE_MODE_H

#include "abi/puck_cam.h"

/* Fixed while the sensor streams. Any values, before they are checked. */
typedef struct PuckCamGeometry {
    uint32_t size;
    uint32_t format;
    uint32_t out_size;
    uint32_t stride[PUCK_CAM_PARTS_MAX];
    uint64_t crop;
    uint64_t compose;
} PuckCamGeometry;

/* Each in its range at any time. */
typedef struct PuckCamControls {
    uint32_t hblank;
    uint32_t vblank;
    uint32_t interval;
    uint32_t exposure;
    uint32_t gain;
    uint32_t flip;
    uint32_t pattern;
    uint32_t stamp;
    uint64_t seed;
} PuckCamControls;

/* All that the bytes and times of one frame follow from. */
typedef struct PuckCamMode {
    PuckCamGeometry geometry;
    PuckCamControls controls;
    uint32_t number;
    int64_t start;              /* ns */
    /* What stamps and the done entry say of both. */
    uint32_t told_number;
    int64_t told_start;
} PuckCamMode;

static inline uint32_t puck_cam_size(unsigned width, unsigned height)
{
    return width | height << 16;
}

static inline uint64_t puck_cam_rect(unsigned x, unsigned y, unsigned width,
                                     unsigned height)
{
    return puck_cam_size(x, y) | (uint64_t)puck_cam_size(width, height) << 32;
}

#endif /* PUCK_CAM_PICTURE_MODE_H */
