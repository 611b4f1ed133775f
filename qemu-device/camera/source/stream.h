/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what the pictures of the host's source are: the header of Y4M, and
 * where each sample lies. See section "The host's source" of
 * docs/specs/camera.rst. Pure logic, shared with the unit tests.
 */
#ifndef PUCK_CAM_SOURCE_STREAM_H
#define PUCK_CAM_SOURCE_STREAM_H

#include "hw/puck/camera/picture/sensor.h"

typedef enum PuckCamSampling {
    PUCK_CAM_I420,
    PUCK_CAM_NV12,
    PUCK_CAM_YUYV,
    PUCK_CAM_UYVY,
    PUCK_CAM_LUMA,              /* no chroma at all */
    PUCK_CAM_I422,
    PUCK_CAM_I444,
} PuckCamSampling;

typedef struct PuckCamStream {
    unsigned width, height;
    PuckCamSampling sampling;
    uint32_t interval;          /* ns */
} PuckCamStream;

/* What the lines of Y4M begin with: of a stream, and of each picture. */
#define PUCK_CAM_Y4M_MAGIC  "YUV4MPEG2"
#define PUCK_CAM_Y4M_FRAME  "FRAME"
/* The longest line of both that is read. */
#define PUCK_CAM_LINE_MAX   512

/*
 * Reads a line, without its end, that a Y4M stream begins with. NULL if it is
 * one, else what is wrong with it.
 */
const char *puck_cam_stream_header(const char *line, size_t len,
                                   PuckCamStream *stream);
/* Whether a line, without its end, is what each picture of Y4M begins with. */
bool puck_cam_stream_frame(const char *line, size_t len);
/* The word of the option source-format. False if it is none. */
bool puck_cam_stream_format(const char *word, PuckCamSampling *sampling);
/* NULL if a sensor of @size_max can show it, else why not. */
const char *puck_cam_stream_check(const PuckCamStream *stream,
                                  uint32_t size_max);

/* Bytes of a picture of a stream that was checked. */
size_t puck_cam_stream_bytes(const PuckCamStream *stream);
PuckCamPicture puck_cam_stream_picture(const PuckCamStream *stream,
                                       const uint8_t *bytes);

#endif /* PUCK_CAM_SOURCE_STREAM_H */
