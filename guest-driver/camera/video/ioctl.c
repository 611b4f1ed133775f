// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioctls of the video node. All of them run under its lock.
 *
 * The node says how a picture lies in a buffer, and nothing of how it is made: that is the
 * sub-devices'. The one exception is the frame interval, for programs that know no
 * sub-devices: G_PARM and S_PARM are the sensor's.
 */
#include <linux/puck_cam.h>

#include <media/v4l2-event.h>
#include <media/v4l2-ioctl.h>
#include <media/v4l2-subdev.h>

#include "bridge/bridge.h"
#include "core/device.h"
#include "core/events.h"
#include "sensor/sensor.h"
#include "sync/vb2_buffer.h"
#include "video/node.h"

static int puck_cam_querycap(struct file *file, void *priv, struct v4l2_capability *cap)
{
	strscpy(cap->driver, "puck-cam", sizeof(cap->driver));
	strscpy(cap->card, "Puck virtual camera", sizeof(cap->card));
	return 0;
}

static int puck_cam_enum_format(struct file *file, void *priv, struct v4l2_fmtdesc *desc)
{
	struct puck_cam_node *node = video_drvdata(file);
	const struct puck_cam_info *info;

	if (desc->mbus_code && desc->mbus_code != PUCK_CAM_BRIDGE_CODE)
		return -EINVAL;
	info = puck_cam_info_get(desc->index, node->cam->formats, puck_cam_node_parts_max(node));
	if (!info)
		return -EINVAL;
	desc->pixelformat = info->fourcc;
	return 0;
}

/* The core lets both APIs in as long as there is a handler for both. */
static int puck_cam_get_format(struct file *file, void *priv, struct v4l2_format *f)
{
	struct puck_cam_node *node = video_drvdata(file);

	if (f->type != node->queue.type)
		return -EINVAL;
	puck_cam_format_write(&node->format, f);
	return 0;
}

static int puck_cam_adjust_format(struct puck_cam_node *node, struct v4l2_format *f,
				  struct puck_cam_format *format)
{
	/* Both structures have it at the same place, but that is not said anywhere. */
	u32 fourcc = V4L2_TYPE_IS_MULTIPLANAR(f->type) ? f->fmt.pix_mp.pixelformat :
		     f->fmt.pix.pixelformat;

	if (f->type != node->queue.type)
		return -EINVAL;
	format->info = puck_cam_info_find(fourcc, node->cam->formats,
					  puck_cam_node_parts_max(node));
	puck_cam_format_read(format, f);
	puck_cam_format_write(format, f);
	return 0;
}

static int puck_cam_try_format(struct file *file, void *priv, struct v4l2_format *f)
{
	struct puck_cam_format format;

	return puck_cam_adjust_format(video_drvdata(file), f, &format);
}

static int puck_cam_set_format(struct file *file, void *priv, struct v4l2_format *f)
{
	struct puck_cam_node *node = video_drvdata(file);
	struct puck_cam_format format;
	int ret;

	ret = puck_cam_adjust_format(node, f, &format);
	if (ret)
		return ret;
	if (vb2_is_busy(&node->queue))
		return -EBUSY;
	puck_cam_node_set_format(node, &format);
	return 0;
}

static int puck_cam_enum_sizes(struct file *file, void *priv, struct v4l2_frmsizeenum *size)
{
	struct puck_cam_node *node = video_drvdata(file);
	const struct puck_cam_info *info;

	info = puck_cam_info_find(size->pixel_format, node->cam->formats,
				  puck_cam_node_parts_max(node));
	if (size->index || info->fourcc != size->pixel_format)
		return -EINVAL;
	size->type = V4L2_FRMSIZE_TYPE_STEPWISE;
	size->stepwise = (struct v4l2_frmsize_stepwise){
		PUCK_CAM_DIM_MIN, PUCK_CAM_WIDTH_MAX, 2, PUCK_CAM_DIM_MIN, PUCK_CAM_HEIGHT_MAX, 2,
	};
	return 0;
}

static int puck_cam_enum_intervals(struct file *file, void *priv,
				   struct v4l2_frmivalenum *interval)
{
	struct puck_cam_node *node = video_drvdata(file);
	const struct puck_cam_info *info;

	info = puck_cam_info_find(interval->pixel_format, node->cam->formats,
				  puck_cam_node_parts_max(node));
	if (interval->index || info->fourcc != interval->pixel_format ||
	    interval->width < PUCK_CAM_DIM_MIN || interval->width > PUCK_CAM_WIDTH_MAX ||
	    interval->height < PUCK_CAM_DIM_MIN || interval->height > PUCK_CAM_HEIGHT_MAX ||
	    interval->width & 1 || interval->height & 1)
		return -EINVAL;
	interval->type = V4L2_FRMIVAL_TYPE_CONTINUOUS;
	interval->stepwise = (struct v4l2_frmival_stepwise){
		.min = { 1, 240 }, .max = { 1, 1 }, .step = { 1, 1 },
	};
	return 0;
}

static void puck_cam_fill_parm(struct v4l2_streamparm *parm, const struct v4l2_fract *interval)
{
	memset(&parm->parm, 0, sizeof(parm->parm));
	parm->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
	parm->parm.capture.timeperframe = *interval;
	parm->parm.capture.readbuffers = 2;
}

static int puck_cam_get_parm(struct file *file, void *priv, struct v4l2_streamparm *parm)
{
	struct puck_cam_node *node = video_drvdata(file);
	struct v4l2_subdev_frame_interval interval = { .which = V4L2_SUBDEV_FORMAT_ACTIVE };
	int ret;

	if (parm->type != node->queue.type)
		return -EINVAL;
	ret = v4l2_subdev_call_state_active(&node->sensor->sd, pad, get_frame_interval,
					    &interval);
	if (!ret)
		puck_cam_fill_parm(parm, &interval.interval);
	return ret;
}

static int puck_cam_set_parm(struct file *file, void *priv, struct v4l2_streamparm *parm)
{
	struct puck_cam_node *node = video_drvdata(file);
	struct v4l2_subdev_frame_interval interval = { .which = V4L2_SUBDEV_FORMAT_ACTIVE };
	int ret;

	if (parm->type != node->queue.type)
		return -EINVAL;
	interval.interval = parm->parm.capture.timeperframe;
	ret = v4l2_subdev_call_state_active(&node->sensor->sd, pad, set_frame_interval,
					    &interval);
	if (!ret)
		puck_cam_fill_parm(parm, &interval.interval);
	return ret;
}

static int puck_cam_get_selection(struct file *file, void *priv, struct v4l2_selection *sel)
{
	struct puck_cam_node *node = video_drvdata(file);

	/* The core has made one type of the two. */
	if (sel->type != V4L2_BUF_TYPE_VIDEO_CAPTURE)
		return -EINVAL;
	switch (sel->target) {
	case V4L2_SEL_TGT_COMPOSE:
		sel->r = node->compose;
		return 0;
	case V4L2_SEL_TGT_COMPOSE_DEFAULT:
	case V4L2_SEL_TGT_COMPOSE_BOUNDS:
	case V4L2_SEL_TGT_COMPOSE_PADDED:
		/* What is not of the picture is written as well, in black. */
		sel->r = (struct v4l2_rect){
			.width = node->format.width, .height = node->format.height,
		};
		return 0;
	default:
		return -EINVAL;
	}
}

static int puck_cam_set_selection(struct file *file, void *priv, struct v4l2_selection *sel)
{
	struct puck_cam_node *node = video_drvdata(file);
	struct v4l2_rect *rect = &sel->r;

	if (sel->type != V4L2_BUF_TYPE_VIDEO_CAPTURE || sel->target != V4L2_SEL_TGT_COMPOSE)
		return -EINVAL;
	if (vb2_is_streaming(&node->queue))
		return -EBUSY;

	/* As small as a picture of the bridge can be, and even. */
	rect->width = clamp_t(u32, rect->width, PUCK_CAM_DIM_MIN, node->format.width) & ~1u;
	rect->height = clamp_t(u32, rect->height, PUCK_CAM_DIM_MIN, node->format.height) & ~1u;
	rect->left = clamp_t(s32, rect->left, 0, node->format.width - rect->width) & ~1;
	rect->top = clamp_t(s32, rect->top, 0, node->format.height - rect->height) & ~1;
	node->compose = *rect;
	return 0;
}

static int puck_cam_queue_buffer(struct file *file, void *priv, struct v4l2_buffer *buffer)
{
	int ret = vb2_ioctl_qbuf(file, priv, buffer);

	if (ret)
		puck_cam_buffers_reclaim(video_drvdata(file), buffer->index);
	return ret;
}

static int puck_cam_prepare_buffer(struct file *file, void *priv, struct v4l2_buffer *buffer)
{
	int ret = vb2_ioctl_prepare_buf(file, priv, buffer);

	if (ret)
		puck_cam_buffers_reclaim(video_drvdata(file), buffer->index);
	return ret;
}

static int puck_cam_subscribe(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub)
{
	switch (sub->type) {
	case V4L2_EVENT_FRAME_SYNC:
		return puck_cam_subscribe_start(fh, sub);
	case V4L2_EVENT_SOURCE_CHANGE:
		return v4l2_src_change_event_subscribe(fh, sub);
	case V4L2_EVENT_PUCK_CAM_ARMED:
		/* One for each buffer that there may be. */
		return v4l2_event_subscribe(fh, sub, VIDEO_MAX_FRAME, NULL);
	default:
		return v4l2_ctrl_subscribe_event(fh, sub);
	}
}

static long puck_cam_default(struct file *file, void *priv, bool valid_prio, unsigned int cmd,
			     void *arg)
{
	struct puck_cam_node *node = video_drvdata(file);
	struct puck_cam_out_fence *args = arg;
	struct vb2_buffer *vb;

	if (cmd != PUCK_CAM_IOC_OUT_FENCE)
		return -ENOTTY;
	vb = vb2_get_buffer(&node->queue, args->index);
	if (!vb)
		return -EINVAL;
	return puck_cam_out_fence(&node->admit, to_puck_cam_buffer(vb), args);
}

const struct v4l2_ioctl_ops puck_cam_ioctl_ops = {
	.vidioc_querycap = puck_cam_querycap,
	.vidioc_enum_fmt_vid_cap = puck_cam_enum_format,
	.vidioc_g_fmt_vid_cap = puck_cam_get_format,
	.vidioc_try_fmt_vid_cap = puck_cam_try_format,
	.vidioc_s_fmt_vid_cap = puck_cam_set_format,
	.vidioc_g_fmt_vid_cap_mplane = puck_cam_get_format,
	.vidioc_try_fmt_vid_cap_mplane = puck_cam_try_format,
	.vidioc_s_fmt_vid_cap_mplane = puck_cam_set_format,
	.vidioc_enum_framesizes = puck_cam_enum_sizes,
	.vidioc_enum_frameintervals = puck_cam_enum_intervals,
	.vidioc_g_parm = puck_cam_get_parm,
	.vidioc_s_parm = puck_cam_set_parm,
	.vidioc_g_selection = puck_cam_get_selection,
	.vidioc_s_selection = puck_cam_set_selection,
	.vidioc_reqbufs = vb2_ioctl_reqbufs,
	.vidioc_create_bufs = vb2_ioctl_create_bufs,
	.vidioc_prepare_buf = puck_cam_prepare_buffer,
	.vidioc_querybuf = vb2_ioctl_querybuf,
	.vidioc_qbuf = puck_cam_queue_buffer,
	.vidioc_dqbuf = vb2_ioctl_dqbuf,
	.vidioc_expbuf = vb2_ioctl_expbuf,
	.vidioc_remove_bufs = vb2_ioctl_remove_bufs,
	.vidioc_streamon = vb2_ioctl_streamon,
	.vidioc_streamoff = vb2_ioctl_streamoff,
	.vidioc_log_status = v4l2_ctrl_log_status,
	.vidioc_subscribe_event = puck_cam_subscribe,
	.vidioc_unsubscribe_event = v4l2_event_unsubscribe,
	.vidioc_default = puck_cam_default,
};
