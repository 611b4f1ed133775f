/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: pictures of the host. Under the BQL.
 */
#ifndef PUCK_CAM_SOURCE_SOURCE_H
#define PUCK_CAM_SOURCE_SOURCE_H

#include "stream.h"

typedef struct PuckCamFifo PuckCamFifo;

/* A picture that a FIFO brought. */
typedef struct PuckCamShown {
    PuckCamStream stream;
    uint8_t *bytes;             /* NULL: there is none */
} PuckCamShown;

typedef struct PuckCamSource {
    /* Options */
    char *path;                 /* NULL: there is no source */
    char *format;               /* raw pictures, or NULL */
    uint32_t size;              /* the same, or 0: Y4M */
    uint32_t interval;

    /* What registers say of it. */
    bool present;
    PuckCamStream stream;
    uint32_t pictures;          /* of a file */
    uint32_t id;                /* of a file's bytes; 0: not a file */

    uint8_t *bytes;             /* of a file */
    size_t *at;                 /* where in them each picture is */
    PuckCamFifo *fifo;
    PuckCamShown shown, before; /* of a FIFO: now, and in the frame before */
} PuckCamSource;

/*
 * At realize, if there is a path. @changed is called later, with @opaque, if it
 * becomes another one while nobody takes pictures of it.
 */
bool puck_cam_source_open(PuckCamSource *s, uint32_t size_max,
                          void (*changed)(void *opaque), void *opaque,
                          Error **errp);
void puck_cam_source_close(PuckCamSource *s);

static inline bool puck_cam_source_live(const PuckCamSource *s)
{
    return s->fifo;
}

/*
 * A frame begins. *@changed says whether the source has become another one,
 * *@repeated whether it shows what the frame before has shown.
 */
void puck_cam_source_next(PuckCamSource *s, bool *changed, bool *repeated);
/*
 * Something came in. Whether the source has become another one by that, though
 * no frame begins: its end counts when no picture waits in front of it; and
 * with @idle, while nobody takes pictures, so does the first one that waits.
 */
bool puck_cam_source_settle(PuckCamSource *s, bool idle);
/*
 * The picture of frame @number, which is the one that began last, or of the one
 * before it. False if there is none. Its bytes stay until a frame begins.
 */
bool puck_cam_source_picture(const PuckCamSource *s, uint32_t number,
                             bool before, PuckCamPicture *picture);

#endif /* PUCK_CAM_SOURCE_SOURCE_H */
