/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the frame that is under way. Under the BQL.
 */
#ifndef PUCK_CAM_FRAME_FRAME_H
#define PUCK_CAM_FRAME_FRAME_H

#include "hw/puck/camera/picture/bridge.h"
#include "hw/puck/camera/queue/desc.h"
#include "hw/puck/common/hold.h"
#include "hw/puck/endpoint/list.h"
#include "hw/puck/mischief/event.h"

typedef struct PuckCam PuckCam;

/* What a frame does next. */
typedef enum PuckCamPhase {
    PUCK_CAM_IDLE,              /* there is none */
    PUCK_CAM_FETCH,             /* its descriptor is read */
    PUCK_CAM_LISTS,             /* its lists are read and checked */
    PUCK_CAM_RENDER,            /* its picture is made */
    PUCK_CAM_LINES,             /* lines are written when they are due */
    PUCK_CAM_PAST,              /* a rule has it write past its end */
    PUCK_CAM_END,               /* it is done when the sensor is */
    PUCK_CAM_PHASES
} PuckCamPhase;

typedef struct PuckCamFrame {
    uint32_t phase;
    PuckCamMode mode;
    uint32_t lines;             /* of plane 0, written in whole groups */
    uint32_t written[PUCK_CAM_PLANES_MAX];  /* bytes of the copy */
    uint32_t past;              /* bytes */
    /* Whether rules were asked about it, and what one said: PuckAction. */
    bool asked;
    uint32_t action;
    uint32_t rule;
    uint64_t value;

    /*
     * A step of it is on the stack. What is dropped meanwhile (an IOMMU's
     * message within an access can reset the queue, or unplug the device) is
     * forgotten when it comes off: it does nothing more before.
     */
    bool stepping;
    bool dropped;

    /* All below follows from the above, and from memory. */
    PuckCamLayout layout;
    PuckCamDesc desc;
    unsigned part;              /* whose list is being read */
    PuckList list;
    PuckSeg *segs[PUCK_CAM_PARTS_MAX];
    uint32_t nsegs[PUCK_CAM_PARTS_MAX];
    PuckCursor cursor[PUCK_CAM_PLANES_MAX];
    uint8_t *copy;
    uint32_t copy_size;
    bool copy_fresh;            /* parts of it were never touched */
    PuckCamPicture picture;     /* of the host's source */
    PuckCamSensor sensor;
    PuckCamBridge bridge;
} PuckCamFrame;

static inline bool puck_cam_frame_busy(const PuckCamFrame *f)
{
    return f->phase != PUCK_CAM_IDLE;
}

void puck_cam_frame_init(PuckCam *s);
void puck_cam_frame_exit(PuckCam *s);

/* A frame with @number begins at @start, and takes a descriptor. */
void puck_cam_frame_begin(PuckCam *s, uint32_t number, int64_t start);
/*
 * It is forgotten: nothing more is written, nobody is told. In the middle of
 * its step: when that ends.
 */
void puck_cam_frame_drop(PuckCam *s);
/* Something was written to a register, released or loaded: see what is due. */
void puck_cam_frame_kick(PuckCam *s);
/* Its state was loaded, and is a possible one. */
void puck_cam_frame_loaded(PuckCam *s);
/* What rule @rule holds of it goes on. */
void puck_cam_frame_release(PuckCam *s, uint32_t rule);

#endif /* PUCK_CAM_FRAME_FRAME_H */
