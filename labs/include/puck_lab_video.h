/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of a camera's driver that has nothing to do with buffers: a video node with one format.
 * Nothing in here is an exercise.
 */
#ifndef PUCK_LAB_VIDEO_H
#define PUCK_LAB_VIDEO_H

#include <linux/module.h>
#include <linux/videodev2.h>

#include <media/v4l2-dev.h>
#include <media/v4l2-device.h>
#include <media/v4l2-fh.h>
#include <media/v4l2-ioctl.h>
#include <media/videobuf2-v4l2.h>

#include "puck_lab_cam.h"

#define PUCK_LAB_VIDEO_NAME	"puck-lab capture"

static int puck_lab_querycap(struct file *file, void *priv, struct v4l2_capability *cap)
{
	strscpy(cap->driver, "puck-lab", sizeof(cap->driver));
	strscpy(cap->card, PUCK_LAB_VIDEO_NAME, sizeof(cap->card));
	return 0;
}

static int puck_lab_enum_format(struct file *file, void *priv, struct v4l2_fmtdesc *desc)
{
	if (desc->index)
		return -EINVAL;
	desc->pixelformat = V4L2_PIX_FMT_GREY;
	return 0;
}

/* Whatever is asked for, there is one. */
static int puck_lab_format(struct file *file, void *priv, struct v4l2_format *f)
{
	f->fmt.pix = (struct v4l2_pix_format){
		.width = PUCK_LAB_WIDTH,
		.height = PUCK_LAB_HEIGHT,
		.pixelformat = V4L2_PIX_FMT_GREY,
		.field = V4L2_FIELD_NONE,
		.bytesperline = PUCK_LAB_WIDTH,
		.sizeimage = PUCK_LAB_PICTURE,
		.colorspace = V4L2_COLORSPACE_SMPTE170M,
	};
	return 0;
}

static int puck_lab_enum_input(struct file *file, void *priv, struct v4l2_input *input)
{
	if (input->index)
		return -EINVAL;
	input->type = V4L2_INPUT_TYPE_CAMERA;
	strscpy(input->name, "sensor", sizeof(input->name));
	return 0;
}

static int puck_lab_get_input(struct file *file, void *priv, unsigned int *input)
{
	*input = 0;
	return 0;
}

static int puck_lab_set_input(struct file *file, void *priv, unsigned int input)
{
	return input ? -EINVAL : 0;
}

static const struct v4l2_ioctl_ops puck_lab_ioctl_ops = {
	.vidioc_querycap = puck_lab_querycap,
	.vidioc_enum_fmt_vid_cap = puck_lab_enum_format,
	.vidioc_g_fmt_vid_cap = puck_lab_format,
	.vidioc_s_fmt_vid_cap = puck_lab_format,
	.vidioc_try_fmt_vid_cap = puck_lab_format,
	.vidioc_enum_input = puck_lab_enum_input,
	.vidioc_g_input = puck_lab_get_input,
	.vidioc_s_input = puck_lab_set_input,
	.vidioc_reqbufs = vb2_ioctl_reqbufs,
	.vidioc_create_bufs = vb2_ioctl_create_bufs,
	.vidioc_prepare_buf = vb2_ioctl_prepare_buf,
	.vidioc_querybuf = vb2_ioctl_querybuf,
	.vidioc_qbuf = vb2_ioctl_qbuf,
	.vidioc_dqbuf = vb2_ioctl_dqbuf,
	.vidioc_expbuf = vb2_ioctl_expbuf,
	.vidioc_streamon = vb2_ioctl_streamon,
	.vidioc_streamoff = vb2_ioctl_streamoff,
};

static const struct v4l2_file_operations puck_lab_fops = {
	.owner = THIS_MODULE,
	.open = v4l2_fh_open,
	.release = vb2_fop_release,
	.poll = vb2_fop_poll,
	.mmap = vb2_fop_mmap,
	.unlocked_ioctl = video_ioctl2,
};

/**
 * puck_lab_video_register - make the node
 * @vdev: zeroed; it has to live as long as @v4l2 does
 * @v4l2: registered; the node has a reference
 * @queue: initialised; its lock is the node's as well
 *
 * vb2_video_unregister_device() undoes it, and stops a stream that is on.
 *
 * Return: 0 or a negative errno.
 */
static inline int puck_lab_video_register(struct video_device *vdev, struct v4l2_device *v4l2,
					  struct vb2_queue *queue)
{
	strscpy(vdev->name, PUCK_LAB_VIDEO_NAME, sizeof(vdev->name));
	vdev->fops = &puck_lab_fops;
	vdev->ioctl_ops = &puck_lab_ioctl_ops;
	vdev->release = video_device_release_empty;
	vdev->v4l2_dev = v4l2;
	vdev->queue = queue;
	vdev->lock = queue->lock;
	vdev->device_caps = V4L2_CAP_STREAMING | V4L2_CAP_VIDEO_CAPTURE;
	return video_register_device(vdev, VFL_TYPE_VIDEO, -1);
}

#endif /* PUCK_LAB_VIDEO_H */
