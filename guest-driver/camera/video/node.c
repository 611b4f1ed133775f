// SPDX-License-Identifier: GPL-2.0-only
/*
 * The video node: its making, its files and its place in the graph.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/puck_cam.h>

#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>
#include <media/v4l2-subdev.h>

#include "bridge/bridge.h"
#include "core/device.h"
#include "queue/queue.h"
#include "sensor/sensor.h"
#include "sync/vb2_buffer.h"
#include "video/node.h"

static const struct v4l2_file_operations puck_cam_fops = {
	.owner = THIS_MODULE,
	.open = v4l2_fh_open,
	.release = vb2_fop_release,
	.read = vb2_fop_read,
	.poll = vb2_fop_poll,
	.mmap = vb2_fop_mmap,
	.unlocked_ioctl = video_ioctl2,
};

/* What the bridge hands over is put into the buffer as it is: it has to be of that size. */
static int puck_cam_node_link_validate(struct media_link *link)
{
	struct video_device *vdev = media_entity_to_video_device(link->sink->entity);
	struct puck_cam_node *node = container_of(vdev, struct puck_cam_node, vdev);
	struct v4l2_subdev *sd = media_entity_to_v4l2_subdev(link->source->entity);
	const struct v4l2_mbus_framefmt *format;
	struct v4l2_subdev_state *state;
	int ret = 0;

	state = v4l2_subdev_lock_and_get_active_state(sd);
	format = v4l2_subdev_state_get_format(state, link->source->index);
	if (format->width != node->compose.width || format->height != node->compose.height) {
		dev_dbg(&node->cam->pdev->dev, "picture %ux%u, rectangle of the buffer %ux%u\n",
			format->width, format->height, node->compose.width, node->compose.height);
		ret = -EPIPE;
	}
	v4l2_subdev_unlock_state(state);
	return ret;
}

static const struct media_entity_operations puck_cam_node_entity_ops = {
	.link_validate = puck_cam_node_link_validate,
};

/* The default of everything is that a picture of the sensor fits as it is. */
static void puck_cam_node_set_default(struct puck_cam_node *node)
{
	struct puck_cam_format format = {
		.info = puck_cam_info_get(0, node->cam->formats, puck_cam_node_parts_max(node)),
		.width = node->sensor->width,
		.height = node->sensor->height,
	};

	puck_cam_format_adjust(&format);
	puck_cam_node_set_format(node, &format);
}

/**
 * puck_cam_node_set_format - have pictures lie in buffers in another way
 * @node: the node, its lock held unless it is just being made
 * @format: how
 */
void puck_cam_node_set_format(struct puck_cam_node *node, const struct puck_cam_format *format)
{
	node->format = *format;
	node->compose = (struct v4l2_rect){ .width = format->width, .height = format->height };
}

/* Tell whoever listens that the running camera owns a buffer. */
static void puck_cam_node_armed(void *data, struct puck_cam_buffer *buf)
{
	struct puck_cam_node *node = data;
	struct v4l2_event event = { .type = V4L2_EVENT_PUCK_CAM_ARMED };
	struct puck_cam_event_armed *armed = (void *)event.u.data;

	BUILD_BUG_ON(sizeof(*armed) > sizeof(event.u.data));
	armed->index = buf->index;
	armed->number = buf->number;
	v4l2_event_queue(&node->vdev, &event);
}

/* The device has given buffers back: those that wait may go. */
static void puck_cam_node_freed(struct puck_cam_user *user)
{
	struct puck_cam_node *node = container_of(user, struct puck_cam_node, user);

	puck_cam_admit_freed(&node->admit);
}

/* Who is woken by a buffer, or by its fence, is to find the stream broken. */
static void puck_cam_node_failed(struct puck_cam_user *user)
{
	struct puck_cam_node *node = container_of(user, struct puck_cam_node, user);

	vb2_queue_error(&node->queue);
}

static const struct v4l2_ctrl_config puck_cam_node_fences = {
	.id = V4L2_CID_PUCK_CAM_FENCES,
	.name = "Fences",
	.type = V4L2_CTRL_TYPE_BITMASK,
	.max = PUCK_CAM_FENCES_ALL,
};

static int puck_cam_node_init_controls(struct puck_cam_node *node)
{
	v4l2_ctrl_handler_init(&node->ctrls, 1);
	node->fences = v4l2_ctrl_new_custom(&node->ctrls, &puck_cam_node_fences, NULL);
	return node->ctrls.error;
}

static void puck_cam_node_init_vdev(struct puck_cam_node *node)
{
	struct video_device *vdev = &node->vdev;

	strscpy(vdev->name, "puck-cam capture", sizeof(vdev->name));
	vdev->fops = &puck_cam_fops;
	vdev->ioctl_ops = &puck_cam_ioctl_ops;
	/* It lies in what the v4l2_device's last reference frees. */
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = &node->cam->v4l2;
	vdev->queue = &node->queue;
	vdev->lock = &node->lock;
	vdev->ctrl_handler = &node->ctrls;
	vdev->entity.ops = &puck_cam_node_entity_ops;
	vdev->device_caps = V4L2_CAP_STREAMING | V4L2_CAP_READWRITE | V4L2_CAP_IO_MC |
			    (V4L2_TYPE_IS_MULTIPLANAR(node->queue.type) ?
			     V4L2_CAP_VIDEO_CAPTURE_MPLANE : V4L2_CAP_VIDEO_CAPTURE);
	video_set_drvdata(vdev, node);
}

/**
 * puck_cam_node_init - make the node
 * @node: zeroed, but for its device, sensor, bridge and queue
 * @multiplanar: which of V4L2's two APIs it has
 * @contig: buffers are contiguous for the device
 *
 * puck_cam_node_cleanup() undoes it.
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int puck_cam_node_init(struct puck_cam_node *node, bool multiplanar, bool contig)
{
	int ret;

	mutex_init(&node->lock);
	node->contig = contig;
	node->admit.armed = puck_cam_node_armed;
	node->admit.data = node;
	ret = puck_cam_admit_init(&node->admit, node->hw);
	if (ret)
		return ret;
	ret = puck_cam_node_init_controls(node);
	if (ret)
		goto err_ctrls;
	ret = puck_cam_buffers_init(node, multiplanar);
	if (ret)
		goto err_ctrls;
	node->user.freed = puck_cam_node_freed;
	node->user.failed = puck_cam_node_failed;
	puck_cam_node_set_default(node);
	puck_cam_node_init_vdev(node);
	node->pad.flags = MEDIA_PAD_FL_SINK | MEDIA_PAD_FL_MUST_CONNECT;
	ret = media_entity_pads_init(&node->vdev.entity, 1, &node->pad);
	if (ret)
		goto err_ctrls;
	return 0;

err_ctrls:
	v4l2_ctrl_handler_free(&node->ctrls);
	puck_cam_admit_cleanup(&node->admit);
	return ret;
}

/**
 * puck_cam_node_cleanup - undo puck_cam_node_init()
 * @node: the node; nobody has a file of it open, and its queue was released
 */
void puck_cam_node_cleanup(struct puck_cam_node *node)
{
	media_entity_cleanup(&node->vdev.entity);
	v4l2_ctrl_handler_free(&node->ctrls);
	puck_cam_admit_cleanup(&node->admit);
}

/**
 * puck_cam_node_register - let user space at the node
 * @node: the node, linked
 *
 * vb2_video_unregister_device() undoes it.
 *
 * Return: 0 or a negative errno.
 */
int puck_cam_node_register(struct puck_cam_node *node)
{
	return video_register_device(&node->vdev, VFL_TYPE_VIDEO, -1);
}
