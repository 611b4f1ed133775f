/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer of the capture queue, from the node's hands to the device's and back.
 */
#ifndef PUCK_CAM_BUFFER_H
#define PUCK_CAM_BUFFER_H

#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/types.h>

#include <media/videobuf2-v4l2.h>

#include "abi/puck_cam.h"
#include "queue/segs.h"

struct dma_buf;
struct dma_fence;

/* How an exported buffer may be opened: O_RDONLY, O_WRONLY, O_RDWR. */
#define PUCK_CAM_ACCESS_MODES	3

/**
 * struct puck_cam_buffer - a buffer
 * @vb: base
 * @node: in the list of whoever has it: struct puck_cam_admit while it waits, struct
 *        puck_cam_queue while the device has it
 * @segs: the list of each part, from the making of the buffer to its end
 * @exported: what was exported of each plane, with a reference until the buffer's end, by
 *            the way it can be opened. Under the lock of the vb2 queue
 * @parts: that the format has; set each time that it is queued
 * @length: bytes of each part that the device may write
 * @cookie: its name in the device, another one each time
 * @slot: index of its descriptor
 * @owned: when the device got it
 * @number: of @fence, or 0 if there is none
 * @fence: ends when the device is done with it; a reference. Of its last turn if the
 *         device does not have it. Under puck_cam_queue.lock
 */
struct puck_cam_buffer {
	struct vb2_v4l2_buffer vb;
	struct list_head node;
	struct puck_cam_segs segs[PUCK_CAM_PARTS_MAX];
	struct dma_buf *exported[PUCK_CAM_PARTS_MAX][PUCK_CAM_ACCESS_MODES];
	u32 parts;
	u64 length[PUCK_CAM_PARTS_MAX];
	u64 cookie;
	u32 slot;
	ktime_t owned;
	u64 number;
	struct dma_fence *fence;
};

static inline struct puck_cam_buffer *to_puck_cam_buffer(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct puck_cam_buffer, vb);
}

#endif /* PUCK_CAM_BUFFER_H */
