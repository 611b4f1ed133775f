// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bridge as a sub-device (docs/specs/camera.rst, "Bridge"). It cuts a rectangle out of
 * the sensor's picture, which is the crop rectangle of the sink pad, and scales that to the
 * compose rectangle of the sink pad, which is as large as the source pad's picture.
 *
 * All of the geometry stays as it is while there is a stream: the device ignores it then.
 */
#include <linux/bitfield.h>
#include <linux/pci.h>

#include <media/v4l2-event.h>
#include <media/v4l2-rect.h>

#include "bridge/bridge.h"
#include "core/device.h"
#include "core/events.h"

static int puck_cam_bridge_enum_code(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				     struct v4l2_subdev_mbus_code_enum *code)
{
	if (code->index)
		return -EINVAL;
	code->code = PUCK_CAM_BRIDGE_CODE;
	return 0;
}

static int puck_cam_bridge_enum_size(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				     struct v4l2_subdev_frame_size_enum *size)
{
	if (size->index || size->code != PUCK_CAM_BRIDGE_CODE)
		return -EINVAL;
	size->min_width = PUCK_CAM_DIM_MIN;
	size->max_width = PUCK_CAM_WIDTH_MAX;
	size->min_height = PUCK_CAM_DIM_MIN;
	size->max_height = PUCK_CAM_HEIGHT_MAX;
	return 0;
}

static void puck_cam_bridge_adjust(struct v4l2_mbus_framefmt *format)
{
	v4l_bound_align_image(&format->width, PUCK_CAM_DIM_MIN, PUCK_CAM_WIDTH_MAX, 1,
			      &format->height, PUCK_CAM_DIM_MIN, PUCK_CAM_HEIGHT_MAX, 1, 0);
	format->code = PUCK_CAM_BRIDGE_CODE;
	format->field = V4L2_FIELD_NONE;
	format->colorspace = V4L2_COLORSPACE_SMPTE170M;
	format->ycbcr_enc = V4L2_YCBCR_ENC_601;
	format->quantization = V4L2_QUANTIZATION_LIM_RANGE;
	format->xfer_func = V4L2_XFER_FUNC_709;
	format->flags = 0;
	memset(format->reserved, 0, sizeof(format->reserved));
}

static void puck_cam_bridge_set_source(struct v4l2_subdev_state *state,
				       const struct v4l2_rect *compose)
{
	struct v4l2_mbus_framefmt *source =
		v4l2_subdev_state_get_format(state, PUCK_CAM_BRIDGE_SOURCE);

	*source = *v4l2_subdev_state_get_format(state, PUCK_CAM_BRIDGE_SINK);
	source->width = compose->width;
	source->height = compose->height;
}

/* The whole picture, not scaled: what a change of the sink's format leaves. */
static void puck_cam_bridge_set_sink(struct v4l2_subdev_state *state,
				     const struct v4l2_mbus_framefmt *format)
{
	struct v4l2_rect whole = { .width = format->width, .height = format->height };

	*v4l2_subdev_state_get_format(state, PUCK_CAM_BRIDGE_SINK) = *format;
	*v4l2_subdev_state_get_crop(state, PUCK_CAM_BRIDGE_SINK) = whole;
	*v4l2_subdev_state_get_compose(state, PUCK_CAM_BRIDGE_SINK) = whole;
	puck_cam_bridge_set_source(state, &whole);
}

static int puck_cam_bridge_set_format(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				      struct v4l2_subdev_format *format)
{
	if (format->which == V4L2_SUBDEV_FORMAT_ACTIVE && v4l2_subdev_is_streaming(sd))
		return -EBUSY;

	/* What comes out is what goes in, cropped and scaled: that is set by rectangles. */
	if (format->pad == PUCK_CAM_BRIDGE_SOURCE)
		return v4l2_subdev_get_fmt(sd, state, format);

	puck_cam_bridge_adjust(&format->format);
	puck_cam_bridge_set_sink(state, &format->format);
	return 0;
}

/* What comes out of a rectangle that is not scaled, or hardly, so that it is a picture. */
static struct v4l2_rect puck_cam_bridge_unscaled(const struct v4l2_rect *crop)
{
	return (struct v4l2_rect){
		.width = max_t(u32, crop->width, PUCK_CAM_DIM_MIN),
		.height = max_t(u32, crop->height, PUCK_CAM_DIM_MIN),
	};
}

static int puck_cam_bridge_get_selection(struct v4l2_subdev *sd,
					 struct v4l2_subdev_state *state,
					 struct v4l2_subdev_selection *sel)
{
	const struct v4l2_mbus_framefmt *sink;

	if (sel->pad != PUCK_CAM_BRIDGE_SINK)
		return -EINVAL;

	sink = v4l2_subdev_state_get_format(state, PUCK_CAM_BRIDGE_SINK);
	switch (sel->target) {
	case V4L2_SEL_TGT_CROP_BOUNDS:
	case V4L2_SEL_TGT_CROP_DEFAULT:
		sel->r = (struct v4l2_rect){ .width = sink->width, .height = sink->height };
		return 0;
	case V4L2_SEL_TGT_CROP:
		sel->r = *v4l2_subdev_state_get_crop(state, PUCK_CAM_BRIDGE_SINK);
		return 0;
	case V4L2_SEL_TGT_COMPOSE_BOUNDS:
		sel->r = (struct v4l2_rect){
			.width = PUCK_CAM_WIDTH_MAX, .height = PUCK_CAM_HEIGHT_MAX,
		};
		return 0;
	case V4L2_SEL_TGT_COMPOSE_DEFAULT:
		sel->r = puck_cam_bridge_unscaled(v4l2_subdev_state_get_crop(state, sel->pad));
		return 0;
	case V4L2_SEL_TGT_COMPOSE:
		sel->r = *v4l2_subdev_state_get_compose(state, PUCK_CAM_BRIDGE_SINK);
		return 0;
	default:
		return -EINVAL;
	}
}

/* Even numbers, and at least @min pixels either way, within @bounds. */
static void puck_cam_bridge_fit(struct v4l2_rect *rect, const struct v4l2_rect *bounds, u32 min)
{
	rect->width = clamp_t(u32, rect->width, min, bounds->width) & ~1u;
	rect->height = clamp_t(u32, rect->height, min, bounds->height) & ~1u;
	rect->left = clamp_t(s32, rect->left, 0, bounds->width - rect->width) & ~1;
	rect->top = clamp_t(s32, rect->top, 0, bounds->height - rect->height) & ~1;
}

static int puck_cam_bridge_set_crop(struct v4l2_subdev_state *state,
				    struct v4l2_subdev_selection *sel)
{
	const struct v4l2_mbus_framefmt *sink =
		v4l2_subdev_state_get_format(state, PUCK_CAM_BRIDGE_SINK);
	struct v4l2_rect bounds = { .width = sink->width, .height = sink->height };
	struct v4l2_rect *compose = v4l2_subdev_state_get_compose(state, PUCK_CAM_BRIDGE_SINK);

	puck_cam_bridge_fit(&sel->r, &bounds, PUCK_CAM_RECT_MIN);
	*v4l2_subdev_state_get_crop(state, PUCK_CAM_BRIDGE_SINK) = sel->r;
	*compose = puck_cam_bridge_unscaled(&sel->r);
	puck_cam_bridge_set_source(state, compose);
	return 0;
}

static int puck_cam_bridge_set_compose(struct v4l2_subdev_state *state,
				       struct v4l2_subdev_selection *sel)
{
	struct v4l2_rect bounds = {
		.width = PUCK_CAM_WIDTH_MAX, .height = PUCK_CAM_HEIGHT_MAX,
	};

	puck_cam_bridge_fit(&sel->r, &bounds, PUCK_CAM_DIM_MIN);
	/* Where in a buffer the picture is put is the node's. */
	sel->r.left = 0;
	sel->r.top = 0;
	*v4l2_subdev_state_get_compose(state, PUCK_CAM_BRIDGE_SINK) = sel->r;
	puck_cam_bridge_set_source(state, &sel->r);
	return 0;
}

static int puck_cam_bridge_set_selection(struct v4l2_subdev *sd,
					 struct v4l2_subdev_state *state,
					 struct v4l2_subdev_selection *sel)
{
	if (sel->pad != PUCK_CAM_BRIDGE_SINK)
		return -EINVAL;
	if (sel->which == V4L2_SUBDEV_FORMAT_ACTIVE && v4l2_subdev_is_streaming(sd))
		return -EBUSY;

	switch (sel->target) {
	case V4L2_SEL_TGT_CROP:
		return puck_cam_bridge_set_crop(state, sel);
	case V4L2_SEL_TGT_COMPOSE:
		return puck_cam_bridge_set_compose(state, sel);
	default:
		return -EINVAL;
	}
}

static u64 puck_cam_bridge_rect(const struct v4l2_rect *rect)
{
	return FIELD_PREP(PUCK_CAM_RECT_X, rect->left) | FIELD_PREP(PUCK_CAM_RECT_Y, rect->top) |
	       FIELD_PREP(PUCK_CAM_RECT_WIDTH, rect->width) |
	       FIELD_PREP(PUCK_CAM_RECT_HEIGHT, rect->height);
}

static void puck_cam_bridge_write(struct puck_cam_bridge *bridge,
				  struct v4l2_subdev_state *state)
{
	const struct puck_cam_output *output = &bridge->output;
	struct puck_cam_device *cam = bridge->cam;

	puck_cam_write(cam, PUCK_CAM_FORMAT, output->format);
	puck_cam_write(cam, PUCK_CAM_OUT_SIZE, FIELD_PREP(PUCK_CAM_SIZE_WIDTH, output->width) |
		       FIELD_PREP(PUCK_CAM_SIZE_HEIGHT, output->height));
	puck_cam_write(cam, PUCK_CAM_STRIDE0, output->stride[0]);
	puck_cam_write(cam, PUCK_CAM_STRIDE1, output->stride[1]);
	puck_cam_write64(cam, PUCK_CAM_COMPOSE, puck_cam_bridge_rect(&output->compose));
	puck_cam_write64(cam, PUCK_CAM_CROP,
			 puck_cam_bridge_rect(v4l2_subdev_state_get_crop(state,
									 PUCK_CAM_BRIDGE_SINK)));
}

/* The sensor before it, and its pad; nothing else can be linked to the sink. */
static struct v4l2_subdev *puck_cam_bridge_sensor(struct puck_cam_bridge *bridge, u32 *pad)
{
	struct media_pad *remote = media_pad_remote_pad_unique(&bridge->pads[PUCK_CAM_BRIDGE_SINK]);

	if (IS_ERR(remote))
		return NULL;
	*pad = remote->index;
	return media_entity_to_v4l2_subdev(remote->entity);
}

static int puck_cam_bridge_enable(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				  u32 pad, u64 streams_mask)
{
	struct puck_cam_bridge *bridge = to_puck_cam_bridge(sd);
	struct v4l2_subdev *sensor;
	u32 remote;

	sensor = puck_cam_bridge_sensor(bridge, &remote);
	if (!sensor)
		return -EPIPE;
	puck_cam_bridge_write(bridge, state);
	return v4l2_subdev_enable_streams(sensor, remote, BIT_ULL(0));
}

static int puck_cam_bridge_disable(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				   u32 pad, u64 streams_mask)
{
	struct v4l2_subdev *sensor;
	u32 remote;

	sensor = puck_cam_bridge_sensor(to_puck_cam_bridge(sd), &remote);
	return sensor ? v4l2_subdev_disable_streams(sensor, remote, BIT_ULL(0)) : -EPIPE;
}

static int puck_cam_bridge_init_state(struct v4l2_subdev *sd, struct v4l2_subdev_state *state)
{
	struct puck_cam_bridge *bridge = to_puck_cam_bridge(sd);
	struct v4l2_mbus_framefmt format = { .width = bridge->width, .height = bridge->height };

	puck_cam_bridge_adjust(&format);
	puck_cam_bridge_set_sink(state, &format);
	return 0;
}

static int puck_cam_bridge_subscribe(struct v4l2_subdev *sd, struct v4l2_fh *fh,
				     struct v4l2_event_subscription *sub)
{
	if (sub->type == V4L2_EVENT_FRAME_SYNC)
		return puck_cam_subscribe_start(fh, sub);
	return -EINVAL;
}

static const struct v4l2_subdev_core_ops puck_cam_bridge_core_ops = {
	.subscribe_event = puck_cam_bridge_subscribe,
	.unsubscribe_event = v4l2_event_subdev_unsubscribe,
};

static const struct v4l2_subdev_pad_ops puck_cam_bridge_pad_ops = {
	.enum_mbus_code = puck_cam_bridge_enum_code,
	.enum_frame_size = puck_cam_bridge_enum_size,
	.get_fmt = v4l2_subdev_get_fmt,
	.set_fmt = puck_cam_bridge_set_format,
	.get_selection = puck_cam_bridge_get_selection,
	.set_selection = puck_cam_bridge_set_selection,
	.enable_streams = puck_cam_bridge_enable,
	.disable_streams = puck_cam_bridge_disable,
};

static const struct v4l2_subdev_ops puck_cam_bridge_ops = {
	.core = &puck_cam_bridge_core_ops,
	.pad = &puck_cam_bridge_pad_ops,
};

static const struct v4l2_subdev_internal_ops puck_cam_bridge_internal_ops = {
	.init_state = puck_cam_bridge_init_state,
};

static const struct media_entity_operations puck_cam_bridge_entity_ops = {
	.link_validate = v4l2_subdev_link_validate,
};

/**
 * puck_cam_bridge_init - make the sub-device
 * @bridge: zeroed
 * @cam: the device
 * @width: pixels of the sensor's picture, by default
 * @height: lines of it
 *
 * puck_cam_bridge_cleanup() undoes it.
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int puck_cam_bridge_init(struct puck_cam_bridge *bridge, struct puck_cam_device *cam,
			 u32 width, u32 height)
{
	struct v4l2_subdev *sd = &bridge->sd;
	int ret;

	bridge->cam = cam;
	bridge->width = width;
	bridge->height = height;
	v4l2_subdev_init(sd, &puck_cam_bridge_ops);
	sd->internal_ops = &puck_cam_bridge_internal_ops;
	sd->owner = THIS_MODULE;
	sd->dev = &cam->pdev->dev;
	sd->flags = V4L2_SUBDEV_FL_HAS_DEVNODE | V4L2_SUBDEV_FL_HAS_EVENTS;
	sd->entity.function = MEDIA_ENT_F_PROC_VIDEO_SCALER;
	sd->entity.ops = &puck_cam_bridge_entity_ops;
	strscpy(sd->name, "puck-cam bridge", sizeof(sd->name));

	bridge->pads[PUCK_CAM_BRIDGE_SINK].flags = MEDIA_PAD_FL_SINK | MEDIA_PAD_FL_MUST_CONNECT;
	bridge->pads[PUCK_CAM_BRIDGE_SOURCE].flags = MEDIA_PAD_FL_SOURCE;
	ret = media_entity_pads_init(&sd->entity, PUCK_CAM_BRIDGE_PADS, bridge->pads);
	if (ret)
		return ret;
	ret = v4l2_subdev_init_finalize(sd);
	if (ret)
		media_entity_cleanup(&sd->entity);
	return ret;
}

/**
 * puck_cam_bridge_cleanup - undo puck_cam_bridge_init()
 * @bridge: the bridge; nobody has a file of it open
 */
void puck_cam_bridge_cleanup(struct puck_cam_bridge *bridge)
{
	v4l2_subdev_cleanup(&bridge->sd);
	media_entity_cleanup(&bridge->sd.entity);
}

/**
 * puck_cam_bridge_set_output - say how buffers are to be written from the next stream on
 * @bridge: the bridge; it does not stream
 * @output: how
 *
 * Context: may sleep.
 */
void puck_cam_bridge_set_output(struct puck_cam_bridge *bridge,
				const struct puck_cam_output *output)
{
	struct v4l2_subdev_state *state = v4l2_subdev_lock_and_get_active_state(&bridge->sd);

	bridge->output = *output;
	v4l2_subdev_unlock_state(state);
}
