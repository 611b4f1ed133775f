/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel clients of a puck-cam: other modules that drive the camera themselves, with
 * memory that they mapped and segment lists that they wrote.
 *
 * puck-cam.ko hands both to the hardware as they are. That is the point: the scenarios show
 * what becomes of a driver that does it wrongly, while puck-cam.ko itself stays right.
 *
 * A client has the camera for itself. Its course: get, then any number of times prepare,
 * queue, start, step, stop; then put.
 */
#ifndef PUCK_CAM_CLIENT_H
#define PUCK_CAM_CLIENT_H

#include <linux/types.h>

#include "abi/puck_cam.h"

struct device;
struct pci_dev;
struct puck_cam_client;
struct puck_cam_client_buffer;

/* Buffers that the device may have at a time. */
#define PUCK_CAM_CLIENT_DEPTH	16

/**
 * struct puck_cam_client_picture - what pictures are like, and how they lie in a buffer
 * @format: PUCK_CAM_FORMAT_*
 * @width: pixels, of the sensor's picture and of the buffer's
 * @height: lines of both
 * @stride: bytes from line to line, of each part
 * @pattern: PUCK_CAM_PATTERN_*
 * @interval: of frames, ns
 */
struct puck_cam_client_picture {
	u32 format;
	u32 width;
	u32 height;
	u32 stride[PUCK_CAM_PARTS_MAX];
	u32 pattern;
	u32 interval;
};

/**
 * struct puck_cam_client_done - what became of a buffer
 * @error: zero; -EIO or -ENOLINK for a picture that is not whole; -ECANCELED if the camera was
 *         stopped before; -ENODEV if it is gone
 * @begun: a frame was in it; what follows is of that
 * @frame: its number, as the device counts: also those that found no buffer
 * @time: when it began, ns of the monotonic clock
 * @bytes: of each part that were written
 */
struct puck_cam_client_done {
	int error;
	bool begun;
	u32 frame;
	u64 time;
	u64 bytes[PUCK_CAM_PARTS_MAX];
};

/**
 * struct puck_cam_client_part - memory of one part of a buffer, as the device gets it
 * @list: DMA address of struct puck_cam_seg[], which the device reads when the frame begins
 * @nsegs: segments in it
 * @length: bytes that the device may write
 */
struct puck_cam_client_part {
	dma_addr_t list;
	u32 nsegs;
	u64 length;
};

/**
 * struct puck_cam_client_buffer - a buffer
 * @parts: that the format has
 * @part: each of them
 * @done: called once for each time that the buffer was queued: the camera has no part in it any
 *        more. In a thread that may sleep, but in the way of fences: nothing is allocated there.
 *        It may queue, and call nothing else of this header
 */
struct puck_cam_client_buffer {
	u32 parts;
	struct puck_cam_client_part part[PUCK_CAM_PARTS_MAX];
	void (*done)(struct puck_cam_client_buffer *buf, const struct puck_cam_client_done *done);
};

struct puck_cam_client *puck_cam_client_get(struct pci_dev *pdev);
void puck_cam_client_put(struct puck_cam_client *client);
struct device *puck_cam_client_dma_dev(struct puck_cam_client *client);
int puck_cam_client_prepare(struct puck_cam_client *client,
			    const struct puck_cam_client_picture *picture);
int puck_cam_client_queue(struct puck_cam_client *client, struct puck_cam_client_buffer *buf);
int puck_cam_client_start(struct puck_cam_client *client, bool single);
int puck_cam_client_step(struct puck_cam_client *client);
int puck_cam_client_stop(struct puck_cam_client *client);

#endif /* PUCK_CAM_CLIENT_H */
