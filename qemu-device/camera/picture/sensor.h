/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what the sensor sees: lines of Y, Cb and Cr. See sections
 * "Patterns", "Exposure and gain" and "The host's source" of
 * docs/specs/camera.rst. Pure logic, shared with the unit tests.
 */
#ifndef PUCK_CAM_PICTURE_SENSOR_H
#define PUCK_CAM_PICTURE_SENSOR_H

#include "layout.h"

/* Y, Cb, Cr: as planes of a picture or of a line. */
#define PUCK_CAM_COMPONENTS 3

/* Black is this luma, and this chroma twice. */
#define PUCK_CAM_BLACK      16
#define PUCK_CAM_GREY       128

/* One component of the host's picture. */
typedef struct PuckCamSamples {
    const uint8_t *data;        /* NULL: it is 128 everywhere */
    uint32_t pitch;             /* from line to line */
    uint8_t step;               /* from sample to sample of a line */
    uint8_t shift_x, shift_y;   /* 0 or 1: a sample for 1 << shift pixels */
} PuckCamSamples;

/* A picture of the host's source. Whoever gives it keeps its bytes. */
typedef struct PuckCamPicture {
    unsigned width, height;
    PuckCamSamples component[PUCK_CAM_COMPONENTS];
} PuckCamPicture;

/* Noise, scaled to the range of luma and of chroma. */
typedef struct PuckCamNoise {
    bool ready;
    uint64_t seed;
    uint8_t luma[PUCK_CAM_NOISE_BLOCK];
    uint8_t chroma[PUCK_CAM_NOISE_BLOCK];
} PuckCamNoise;

typedef struct PuckCamRow {
    uint8_t byte[PUCK_CAM_COMPONENTS][PUCK_CAM_WIDTH_MAX];
} PuckCamRow;

/* A sensor at work on one frame. */
typedef struct PuckCamSensor {
    const PuckCamControls *controls;
    const PuckCamPicture *picture;
    unsigned width, height;
    uint64_t number;
    unsigned box_x, box_y;
    bool scaled;                /* by exposure and gain: luma */
    uint8_t luma[256];          /* what luma becomes */
    PuckCamNoise noise;         /* stays from frame to frame */
    PuckCamRow bars;            /* each line of these */
    PuckCamRow row;             /* the line that was made last */
} PuckCamSensor;

/*
 * Begins the frame of @mode, which stays where it is. @picture is needed for
 * PATTERN SOURCE alone, and is NULL if there is none: black.
 */
void puck_cam_sensor_begin(PuckCamSensor *sensor, const PuckCamLayout *layout,
                           const PuckCamMode *mode,
                           const PuckCamPicture *picture);
/*
 * Line @y, behind exposure, gain and flip. It is valid until the next is made.
 */
const PuckCamRow *puck_cam_sensor_line(PuckCamSensor *sensor, unsigned y);

#endif /* PUCK_CAM_PICTURE_SENSOR_H */
