/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: a FIFO of the host's, read by a thread of its own.
 *
 * The thread makes whole pictures of what comes in, and puts them into a short
 * queue; while that is full it does not read, so that the writer waits. The
 * device takes them under the BQL, and waits for nothing.
 */
#ifndef PUCK_CAM_SOURCE_FIFO_H
#define PUCK_CAM_SOURCE_FIFO_H

#include "stream.h"

typedef struct PuckCamFifo PuckCamFifo;

/* What stands next in the queue. */
typedef enum PuckCamFifoItem {
    PUCK_CAM_FIFO_NOTHING,
    PUCK_CAM_FIFO_PICTURE,
    PUCK_CAM_FIFO_END,          /* the writer went, or wrote no picture */
} PuckCamFifoItem;

/*
 * @fd is open for reading without blocking, at @path, and becomes the FIFO's.
 * @raw: all its pictures are such, or NULL: Y4M. @ready is called under the BQL
 * when something was put into the queue.
 */
PuckCamFifo *puck_cam_fifo_new(int fd, const char *path,
                               const PuckCamStream *raw, uint32_t size_max,
                               void (*ready)(void *opaque), void *opaque);
/* Waits for the thread, which waits for nothing then. */
void puck_cam_fifo_free(PuckCamFifo *fifo);

/* What is next; of a picture also what it is. */
PuckCamFifoItem puck_cam_fifo_peek(PuckCamFifo *fifo, PuckCamStream *stream);
/* Takes it. The bytes of a picture are the caller's, who frees them. */
uint8_t *puck_cam_fifo_take(PuckCamFifo *fifo);

#endif /* PUCK_CAM_SOURCE_FIFO_H */
