/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The video node: what user space captures from.
 */
#ifndef PUCK_CAM_NODE_H
#define PUCK_CAM_NODE_H

#include <linux/mutex.h>
#include <linux/types.h>

#include <media/media-entity.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-dev.h>
#include <media/videobuf2-v4l2.h>

#include "queue/queue.h"
#include "sync/admit.h"
#include "video/format.h"

struct puck_cam_bridge;
struct puck_cam_device;
struct puck_cam_sensor;

/**
 * struct puck_cam_node - the video node
 * @vdev: the node
 * @pad: its only pad, a sink
 * @pipe: of those who stream together
 * @cam: the device
 * @sensor: the first in the pipeline
 * @bridge: what the pad is linked to
 * @hw: the device's queue
 * @user: the node as the user of @hw, while it streams
 * @admit: where buffers wait before they go there
 * @contig: buffers are contiguous for the device
 * @memops: of the memory's kind, but exports go through @admit
 * @export: what they do for an export
 * @imports: the same for V4L2_MEMORY_DMABUF, unless @contig
 * @ctrls: controls of the node
 * @lock: of all ioctls, vb2's too; protects all below
 * @queue: buffers of user space
 * @fences: PUCK_CAM_FENCES_*; may not change while there is a stream
 * @format: how a picture lies in a buffer
 * @compose: where in it the bridge's picture is
 * @paused: the stream rests while the machine sleeps
 */
struct puck_cam_node {
	struct video_device vdev;
	struct media_pad pad;
	struct media_pipeline pipe;
	struct puck_cam_device *cam;
	struct puck_cam_sensor *sensor;
	struct puck_cam_bridge *bridge;
	struct puck_cam_queue *hw;
	struct puck_cam_user user;
	struct puck_cam_admit admit;
	bool contig;
	struct vb2_mem_ops memops;
	struct dma_buf *(*export)(struct vb2_buffer *vb, void *mem_priv, unsigned long flags);
	struct vb2_mem_ops imports;
	struct v4l2_ctrl_handler ctrls;
	struct v4l2_ctrl *fences;

	struct mutex lock;		/* what follows */
	struct vb2_queue queue;
	struct puck_cam_format format;
	struct v4l2_rect compose;
	bool paused;
};

static inline u32 puck_cam_node_parts_max(const struct puck_cam_node *node)
{
	return V4L2_TYPE_IS_MULTIPLANAR(node->queue.type) ? PUCK_CAM_PARTS_MAX : 1;
}

extern const struct v4l2_ioctl_ops puck_cam_ioctl_ops;

int puck_cam_node_init(struct puck_cam_node *node, bool multiplanar, bool contig);
void puck_cam_node_cleanup(struct puck_cam_node *node);
int puck_cam_node_register(struct puck_cam_node *node);
void puck_cam_node_set_format(struct puck_cam_node *node, const struct puck_cam_format *format);

int puck_cam_buffers_init(struct puck_cam_node *node, bool multiplanar);
void puck_cam_buffers_reclaim(struct puck_cam_node *node, u32 index);

int puck_cam_stream_start(struct vb2_queue *queue, unsigned int count);
void puck_cam_stream_stop(struct vb2_queue *queue);
void puck_cam_stream_pause(struct puck_cam_node *node);
int puck_cam_stream_resume(struct puck_cam_node *node);

#endif /* PUCK_CAM_NODE_H */
