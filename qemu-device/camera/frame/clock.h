/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: when frames begin. Under the BQL.
 */
#ifndef PUCK_CAM_FRAME_CLOCK_H
#define PUCK_CAM_FRAME_CLOCK_H

typedef struct PuckCam PuckCam;

/* Registers have the names that they have in the spec. */
typedef struct PuckCamClock {
    uint32_t stream;
    uint32_t single;
    int64_t next;               /* when the next frame begins; PUCK_NO_TIME */
    uint32_t next_number;
    int64_t start_time;
    int64_t before;             /* when the frame before that one began */
    bool changed;               /* a rule made the source another one */
    uint32_t frame;
    uint32_t captured;
    uint32_t failed;
    uint32_t dropped;
    uint32_t repeated;
    uint32_t source_seq;
} PuckCamClock;

/* Writes to SENSOR_CTRL and STEP. */
void puck_cam_clock_control(PuckCam *s, bool stream, bool single);
void puck_cam_clock_step(PuckCam *s);
void puck_cam_clock_reset(PuckCam *s);

/*
 * The next frame is due: it begins, and is one under way if it has a buffer;
 * otherwise it is dropped.
 */
void puck_cam_clock_begin(PuckCam *s);

/* The source has become another one: software is told. */
void puck_cam_clock_source_changed(PuckCam *s);
/* Whether there is nothing to be seen. */
bool puck_cam_clock_no_signal(const PuckCam *s);

#endif /* PUCK_CAM_FRAME_CLOCK_H */
