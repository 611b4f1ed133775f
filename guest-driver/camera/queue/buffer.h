/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer as the device's queue has it, whoever its memory is of.
 */
#ifndef PUCK_CAM_BUFFER_H
#define PUCK_CAM_BUFFER_H

#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/types.h>

#include "abi/puck_cam.h"
#include "queue/segs.h"

struct dma_fence;
struct puck_cam_buffer;

/**
 * struct puck_cam_result - what became of a buffer
 * @error: zero, or why there is no good picture in it
 * @begun: a frame was in it, and what follows is of that; the device did not get to it otherwise
 * @frame: its number, as the device counts
 * @sequence: its number, counted on over sleeps of the machine
 * @time: when it began, ns of the monotonic clock
 * @bytes: of each part that were written
 */
struct puck_cam_result {
	int error;
	bool begun;
	u32 frame;
	u32 sequence;
	u64 time;
	u64 bytes[PUCK_CAM_PARTS_MAX];
};

/**
 * struct puck_cam_buffer - a buffer
 * @done: takes it back. Behind that its user may do with it what he likes. Called in the way
 *        of fences, by a thread that may sleep: nothing is allocated there
 * @index: its name in traces
 * @node: in the list of whoever has it: its user's while it waits, struct puck_cam_queue's
 *        while the device has it
 * @segs: the list of each part
 * @parts: that the format has; set each time that it is queued
 * @length: bytes of each part that the device may write
 * @cookie: its name in the device, another one each time
 * @slot: index of its descriptor
 * @owned: when the device got it, or it was given a fence there
 * @number: of @fence, or 0 if there is none
 * @fence: ends when the device is done with it; a reference. Of its last turn if the
 *         device does not have it. Under puck_cam_queue.lock
 */
struct puck_cam_buffer {
	void (*done)(struct puck_cam_buffer *buf, const struct puck_cam_result *result);
	u32 index;
	struct list_head node;
	struct puck_cam_segs segs[PUCK_CAM_PARTS_MAX];
	u32 parts;
	u64 length[PUCK_CAM_PARTS_MAX];
	u64 cookie;
	u32 slot;
	ktime_t owned;
	u64 number;
	struct dma_fence *fence;
};

#endif /* PUCK_CAM_BUFFER_H */
