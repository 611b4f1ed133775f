/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the ring of descriptors and that of done entries. Under the BQL.
 */
#ifndef PUCK_CAM_QUEUE_QUEUE_H
#define PUCK_CAM_QUEUE_QUEUE_H

#include "hw/puck/endpoint/stall.h"
#include "desc.h"

typedef struct PuckCam PuckCam;

/* Registers have the names that they have in the spec. */
typedef struct PuckCamQueue {
    uint64_t base;
    uint64_t done_base;
    uint64_t wb_addr;
    uint32_t enabled;
    uint32_t halted;
    uint32_t head;
    uint32_t tail;
    uint32_t done_count;
    uint32_t stop_head;
    uint32_t reset_rule;        /* lets RESET fail, or 0 */
    PuckStall stall;            /* a rule lets it take no descriptor */
} PuckCamQueue;

/* What a frame has to say of itself, in the byte order of the host. */
typedef struct PuckCamDone {
    uint64_t cookie;
    uint8_t status;
    uint8_t reason;
    uint32_t frame;
    int64_t start;
    uint32_t lines;
    uint32_t bytes[PUCK_CAM_PARTS_MAX];
} PuckCamDone;

/* While the device is realized. */
void puck_cam_queue_init(PuckCam *s);
void puck_cam_queue_exit(PuckCam *s);
/* As after power-on. */
void puck_cam_queue_reset_regs(PuckCam *s);

uint32_t puck_cam_queue_size(const PuckCamQueue *q);
/* Whether a frame that begins finds a descriptor. */
bool puck_cam_queue_has(const PuckCamQueue *q);
/*
 * Reads the descriptor at the head for frame @frame. False if it cannot be
 * read: the queue is halted then.
 */
bool puck_cam_queue_fetch(PuckCam *s, uint32_t frame,
                          struct puck_cam_desc *raw);
/*
 * The descriptor at the head is done. False if software cannot be told of it:
 * the queue is halted then.
 */
bool puck_cam_queue_done(PuckCam *s, const PuckCamDone *done);

/* Writes to registers. Whoever resets the queue has dropped its frame. */
void puck_cam_queue_enable(PuckCam *s, bool on);
void puck_cam_queue_reset(PuckCam *s);
void puck_cam_queue_doorbell(PuckCam *s, uint32_t tail);
uint32_t puck_cam_queue_status(const PuckCamQueue *q);

/* What a rule holds goes on. */
void puck_cam_queue_release_reset(PuckCam *s);
void puck_cam_queue_release_stall(PuckCam *s, const char *why);

#endif /* PUCK_CAM_QUEUE_QUEUE_H */
