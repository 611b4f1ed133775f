// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stream: on, off, and over a sleep of the machine. What was done before is undone in
 * reverse order, and whichever way it ends, each buffer goes back to vb2.
 */
#include <linux/pci.h>

#include <media/v4l2-ctrls.h>
#include <media/v4l2-subdev.h>

#include "bridge/bridge.h"
#include "core/device.h"
#include "queue/queue.h"
#include "sensor/sensor.h"
#include "sync/vb2_buffer.h"
#include "video/node.h"

static void puck_cam_stream_set_output(struct puck_cam_node *node)
{
	struct puck_cam_output output = {
		.format = node->format.info->code,
		.width = node->format.width,
		.height = node->format.height,
		.compose = node->compose,
		.stride = { node->format.stride[0], node->format.stride[1] },
	};

	puck_cam_bridge_set_output(node->bridge, &output);
}

/*
 * Hardware on, and buffers on their way to it. Buffers with fences go there only when the
 * sensor runs, so they miss its first frame; all others are there before it begins.
 */
static int puck_cam_stream_on(struct puck_cam_node *node, bool resume)
{
	u32 fences = v4l2_ctrl_g_ctrl(node->fences);
	LIST_HEAD(rest);
	int ret;

	puck_cam_stream_set_output(node);
	ret = puck_cam_queue_start(node->hw, &node->user, resume);
	if (ret)
		goto err_queue;
	if (!fences)
		puck_cam_admit_start(&node->admit, 0);
	ret = v4l2_subdev_enable_streams(&node->bridge->sd, PUCK_CAM_BRIDGE_SOURCE, BIT_ULL(0));
	if (ret)
		goto err_admit;
	if (fences)
		puck_cam_admit_start(&node->admit, fences);
	return 0;

err_admit:
	puck_cam_admit_stop(&node->admit, &rest);
	puck_cam_admit_put_back(&node->admit, &rest);
err_queue:
	/* Also if it did not start: it is reset then. */
	puck_cam_queue_stop(node->hw, &rest);
	/* Of memory that was taken away in between. */
	puck_cam_done_end_fences(node->hw, &rest, -ECANCELED);
	puck_cam_admit_put_back(&node->admit, &rest);
	return ret;
}

/*
 * Hardware off. @waiting gets the buffers that it never had, @rest those that it had and did
 * not get to.
 */
static void puck_cam_stream_off(struct puck_cam_node *node, struct list_head *waiting,
				struct list_head *rest)
{
	puck_cam_admit_stop(&node->admit, waiting);
	v4l2_subdev_disable_streams(&node->bridge->sd, PUCK_CAM_BRIDGE_SOURCE, BIT_ULL(0));
	puck_cam_queue_stop(node->hw, rest);
}

/* vb2 takes buffers back as queued if the stream did not start: it still has them queued. */
static void puck_cam_stream_requeue(struct puck_cam_node *node)
{
	struct puck_cam_buffer *buf, *next;
	LIST_HEAD(bufs);

	puck_cam_admit_stop(&node->admit, &bufs);
	list_for_each_entry_safe(buf, next, &bufs, node) {
		list_del_init(&buf->node);
		vb2_buffer_done(&puck_cam_buffer_to_vb2(buf)->vb.vb2_buf, VB2_BUF_STATE_QUEUED);
	}
}

/* Who waits for user space's next step must not have others wait for him. */
static bool puck_cam_stream_is_sane(struct puck_cam_node *node)
{
	return !v4l2_ctrl_g_ctrl(node->fences) || !puck_cam_sensor_is_single(node->sensor);
}

/**
 * puck_cam_stream_start - vb2's start_streaming
 * @queue: the queue; its lock is held, and its buffers were handed over
 * @count: how many these are; without any, frames are dropped
 *
 * Return: 0 or a negative errno, each buffer given back as queued.
 */
int puck_cam_stream_start(struct vb2_queue *queue, unsigned int count)
{
	struct puck_cam_node *node = vb2_get_drv_priv(queue);
	int ret;

	if (!puck_cam_stream_is_sane(node)) {
		ret = -EINVAL;
		goto err_buffers;
	}
	ret = video_device_pipeline_start(&node->vdev, &node->pipe);
	if (ret)
		goto err_buffers;
	v4l2_ctrl_grab(node->fences, true);
	ret = puck_cam_stream_on(node, false);
	if (ret)
		goto err_pipeline;
	return 0;

err_pipeline:
	v4l2_ctrl_grab(node->fences, false);
	video_device_pipeline_stop(&node->vdev);
err_buffers:
	puck_cam_stream_requeue(node);
	return ret;
}

/**
 * puck_cam_stream_stop - vb2's stop_streaming
 * @queue: the queue; its lock is held
 */
void puck_cam_stream_stop(struct vb2_queue *queue)
{
	struct puck_cam_node *node = vb2_get_drv_priv(queue);
	LIST_HEAD(waiting);
	LIST_HEAD(rest);

	puck_cam_stream_off(node, &waiting, &rest);
	v4l2_ctrl_grab(node->fences, false);
	video_device_pipeline_stop(&node->vdev);
	list_splice_tail(&waiting, &rest);
	puck_cam_done_give_back(&rest, -ECANCELED);
}

/**
 * puck_cam_stream_pause - turn the hardware off before the machine sleeps
 * @node: the node; user space is frozen
 *
 * Buffers wait for the machine to wake up, but for those with a fence: it ends now.
 */
void puck_cam_stream_pause(struct puck_cam_node *node)
{
	struct puck_cam_buffer *buf, *next;
	LIST_HEAD(waiting);
	LIST_HEAD(fenced);
	LIST_HEAD(rest);

	mutex_lock(&node->lock);
	node->paused = vb2_start_streaming_called(&node->queue);
	if (node->paused) {
		puck_cam_stream_off(node, &waiting, &rest);
		list_for_each_entry_safe(buf, next, &rest, node)
			if (buf->fence)
				list_move_tail(&buf->node, &fenced);
		puck_cam_done_give_back(&fenced, -ECANCELED);
		list_splice_tail(&waiting, &rest);
		puck_cam_admit_put_back(&node->admit, &rest);
	}
	mutex_unlock(&node->lock);
}

/**
 * puck_cam_stream_resume - go on with a stream after a sleep
 * @node: the node; the device was reset
 *
 * Return: 0, or a negative errno if there was a stream that does not go on: its user gets
 * his buffers back, and errors, until he turns it off.
 */
int puck_cam_stream_resume(struct puck_cam_node *node)
{
	LIST_HEAD(bufs);
	int ret = 0;

	mutex_lock(&node->lock);
	if (node->paused) {
		ret = puck_cam_stream_on(node, true);
		node->paused = false;
		if (ret) {
			puck_cam_admit_stop(&node->admit, &bufs);
			puck_cam_done_give_back(&bufs, ret);
			vb2_queue_error(&node->queue);
		}
	}
	mutex_unlock(&node->lock);
	return ret;
}
