/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam's pictures, made from the formulas of docs/specs/camera.rst pixel by
 * pixel, with nothing of the device's own code: what its bytes have to be.
 */
#ifndef PUCK_CAM_MODEL_H
#define PUCK_CAM_MODEL_H

#include "abi/puck_cam.h"

typedef struct CamRect {
    unsigned x, y, width, height;
} CamRect;

/* Pictures of the host, as planes one behind the other. */
typedef struct CamSource {
    unsigned width, height;
    unsigned pictures;
    unsigned chroma_w, chroma_h;    /* size of each of Cb and Cr; 0: mono */
    const uint8_t *bytes;
} CamSource;

/* All that a picture depends on, but its number and time. */
typedef struct CamMode {
    unsigned width, height;
    unsigned hblank, vblank;
    unsigned interval;
    unsigned exposure, gain, flip;
    unsigned pattern;
    uint64_t seed;
    bool stamp;
    unsigned format;
    unsigned out_width, out_height;
    CamRect crop, compose;
    unsigned stride[PUCK_CAM_PARTS_MAX];
    const CamSource *source;
} CamMode;

/* A whole picture of that size, lines packed, everything else as reset. */
CamMode cam_mode(unsigned format, unsigned width, unsigned height);
/* Bytes of a line of part 0. */
unsigned cam_line_bytes(unsigned format, unsigned width);
unsigned cam_mode_parts(const CamMode *mode);
/* BYTES of a part, 0 if there is none. */
uint32_t cam_mode_bytes(const CamMode *mode, unsigned part);
/* How far into a part the last byte of the picture is, plus one. */
uint32_t cam_mode_end(const CamMode *mode, unsigned part);

/* The time after the beginning of a frame when line @r has been read. */
uint64_t cam_mode_read(const CamMode *mode, unsigned r);
/* The same for line @y of the picture: when it is exposed. */
uint64_t cam_mode_exposed(const CamMode *mode, unsigned y);

/*
 * Writes frame @frame, which began at @time, to @part, of which there are
 * cam_mode_bytes(). What the device does not touch stays as it is.
 */
void cam_model_render(const CamMode *mode, uint32_t frame, uint64_t time,
                      uint8_t *const part[PUCK_CAM_PARTS_MAX]);

#endif /* PUCK_CAM_MODEL_H */
