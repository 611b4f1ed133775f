// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sensor as a sub-device (docs/specs/camera.rst, "Sensor"): one source pad with the
 * picture's size and the frame interval, in the active state of the kernel's sub-devices.
 */
#include <linux/bitfield.h>
#include <linux/pci.h>

#include <media/v4l2-event.h>

#include "core/device.h"
#include "sensor/sensor.h"
#include "sensor/timing.h"

#define PUCK_CAM_SENSOR_CODE	MEDIA_BUS_FMT_YUV8_1X24

/* Frames in a second that are offered; all others between first and last will do as well. */
static const u32 puck_cam_rates[] = { 240, 120, 90, 60, 50, 30, 25, 15, 10, 5, 1 };

static int puck_cam_sensor_enum_code(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				     struct v4l2_subdev_mbus_code_enum *code)
{
	if (code->index)
		return -EINVAL;
	code->code = PUCK_CAM_SENSOR_CODE;
	return 0;
}

static int puck_cam_sensor_enum_size(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				     struct v4l2_subdev_frame_size_enum *size)
{
	struct puck_cam_sensor *sensor = to_puck_cam_sensor(sd);

	if (size->index || size->code != PUCK_CAM_SENSOR_CODE)
		return -EINVAL;
	size->min_width = PUCK_CAM_DIM_MIN;
	size->max_width = sensor->cam->width_max;
	size->min_height = PUCK_CAM_DIM_MIN;
	size->max_height = sensor->cam->height_max;
	return 0;
}

static int puck_cam_sensor_enum_interval(struct v4l2_subdev *sd,
					 struct v4l2_subdev_state *state,
					 struct v4l2_subdev_frame_interval_enum *interval)
{
	struct puck_cam_sensor *sensor = to_puck_cam_sensor(sd);

	if (interval->index >= ARRAY_SIZE(puck_cam_rates) ||
	    interval->code != PUCK_CAM_SENSOR_CODE ||
	    interval->width < PUCK_CAM_DIM_MIN || interval->width > sensor->cam->width_max ||
	    interval->height < PUCK_CAM_DIM_MIN || interval->height > sensor->cam->height_max)
		return -EINVAL;
	interval->interval.numerator = 1;
	interval->interval.denominator = puck_cam_rates[interval->index];
	return 0;
}

static void puck_cam_sensor_adjust(struct puck_cam_sensor *sensor,
				   struct v4l2_mbus_framefmt *format)
{
	v4l_bound_align_image(&format->width, PUCK_CAM_DIM_MIN, sensor->cam->width_max, 1,
			      &format->height, PUCK_CAM_DIM_MIN, sensor->cam->height_max, 1, 0);
	format->code = PUCK_CAM_SENSOR_CODE;
	format->field = V4L2_FIELD_NONE;
	format->colorspace = V4L2_COLORSPACE_SMPTE170M;
	format->ycbcr_enc = V4L2_YCBCR_ENC_601;
	format->quantization = V4L2_QUANTIZATION_LIM_RANGE;
	format->xfer_func = V4L2_XFER_FUNC_709;
	format->flags = 0;
	memset(format->reserved, 0, sizeof(format->reserved));
}

static int puck_cam_sensor_set_format(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				      struct v4l2_subdev_format *format)
{
	struct puck_cam_sensor *sensor = to_puck_cam_sensor(sd);

	if (format->which == V4L2_SUBDEV_FORMAT_ACTIVE && sensor->streaming)
		return -EBUSY;

	puck_cam_sensor_adjust(sensor, &format->format);
	*v4l2_subdev_state_get_format(state, format->pad) = format->format;
	if (format->which == V4L2_SUBDEV_FORMAT_TRY)
		return 0;
	return puck_cam_controls_follow(sensor, state);
}

static int puck_cam_sensor_set_interval(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
					struct v4l2_subdev_frame_interval *interval)
{
	struct puck_cam_sensor *sensor = to_puck_cam_sensor(sd);
	int ret;

	if (interval->pad)
		return -EINVAL;

	interval->interval = puck_cam_interval_adjust(&interval->interval);
	*v4l2_subdev_state_get_interval(state, 0) = interval->interval;
	if (interval->which == V4L2_SUBDEV_FORMAT_TRY)
		return 0;
	ret = puck_cam_controls_follow(sensor, state);
	if (ret)
		return ret;
	/* The device takes it at the next start of a frame. */
	if (sensor->streaming)
		puck_cam_write(sensor->cam, PUCK_CAM_INTERVAL,
			       puck_cam_interval_to_ns(&interval->interval));
	return 0;
}

/* What is a picture of what the sensor makes: all but the black around the host's source. */
static struct v4l2_rect puck_cam_sensor_whole(struct puck_cam_sensor *sensor,
					      const struct v4l2_mbus_framefmt *format)
{
	u32 size = READ_ONCE(sensor->source_size);
	struct v4l2_rect whole = { .width = format->width, .height = format->height };

	if (size) {
		whole.width = FIELD_GET(PUCK_CAM_SIZE_WIDTH, size);
		whole.height = FIELD_GET(PUCK_CAM_SIZE_HEIGHT, size);
	}
	return whole;
}

/* The array of pixels is as large as the largest picture, and nothing is cut out of it here. */
static int puck_cam_sensor_get_selection(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
					 struct v4l2_subdev_selection *sel)
{
	struct puck_cam_sensor *sensor = to_puck_cam_sensor(sd);
	const struct v4l2_mbus_framefmt *format = v4l2_subdev_state_get_format(state, sel->pad);

	switch (sel->target) {
	case V4L2_SEL_TGT_NATIVE_SIZE:
	case V4L2_SEL_TGT_CROP_BOUNDS:
		sel->r = (struct v4l2_rect){
			.width = sensor->cam->width_max, .height = sensor->cam->height_max,
		};
		return 0;
	case V4L2_SEL_TGT_CROP_DEFAULT:
		sel->r = puck_cam_sensor_whole(sensor, format);
		return 0;
	case V4L2_SEL_TGT_CROP:
		sel->r = (struct v4l2_rect){
			.width = format->width, .height = format->height,
		};
		return 0;
	default:
		return -EINVAL;
	}
}

/* Who reads a crop may write it. Whatever is asked for, the picture stays where it is. */
static int puck_cam_sensor_set_selection(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
					 struct v4l2_subdev_selection *sel)
{
	if (sel->target != V4L2_SEL_TGT_CROP)
		return -EINVAL;
	return puck_cam_sensor_get_selection(sd, state, sel);
}

static void puck_cam_sensor_write(struct puck_cam_sensor *sensor,
				  struct v4l2_subdev_state *state)
{
	const struct v4l2_mbus_framefmt *format = v4l2_subdev_state_get_format(state, 0);
	const struct v4l2_fract *interval = v4l2_subdev_state_get_interval(state, 0);

	puck_cam_write(sensor->cam, PUCK_CAM_SIZE,
		       FIELD_PREP(PUCK_CAM_SIZE_WIDTH, format->width) |
		       FIELD_PREP(PUCK_CAM_SIZE_HEIGHT, format->height));
	puck_cam_write(sensor->cam, PUCK_CAM_INTERVAL, puck_cam_interval_to_ns(interval));
}

/* Clear STREAM, and wait for the frame that is under way. */
static int puck_cam_sensor_silence(struct puck_cam_sensor *sensor)
{
	puck_cam_write(sensor->cam, PUCK_CAM_SENSOR_CTRL, 0);
	return puck_cam_poll_clear(sensor->cam, PUCK_CAM_SENSOR_STATUS, PUCK_CAM_SENSOR_BUSY);
}

static int puck_cam_sensor_enable(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				  u32 pad, u64 streams_mask)
{
	struct puck_cam_sensor *sensor = to_puck_cam_sensor(sd);
	struct puck_cam_device *cam = sensor->cam;
	u32 ctrl = PUCK_CAM_STREAM;
	int ret;

	puck_cam_sensor_write(sensor, state);
	sensor->streaming = true;
	ret = __v4l2_ctrl_handler_setup(&sensor->ctrls);
	if (ret)
		goto err_streaming;

	/* The bridge was written before: what is wrong with the geometry shows now. */
	if (puck_cam_read(cam, PUCK_CAM_CHECK)) {
		dev_err(&cam->pdev->dev, "the device refuses the geometry: rule %u\n",
			puck_cam_read(cam, PUCK_CAM_CHECK));
		ret = -EPIPE;
		goto err_streaming;
	}
	if (sensor->single->val)
		ctrl |= PUCK_CAM_SINGLE;
	puck_cam_write(cam, PUCK_CAM_SENSOR_CTRL, ctrl);
	if (!(puck_cam_read(cam, PUCK_CAM_SENSOR_CTRL) & PUCK_CAM_STREAM)) {
		ret = -EIO;
		goto err_streaming;
	}
	puck_cam_controls_streaming(sensor, true);
	return 0;

err_streaming:
	sensor->streaming = false;
	return ret;
}

static int puck_cam_sensor_disable(struct v4l2_subdev *sd, struct v4l2_subdev_state *state,
				   u32 pad, u64 streams_mask)
{
	struct puck_cam_sensor *sensor = to_puck_cam_sensor(sd);
	int ret;

	ret = puck_cam_sensor_silence(sensor);
	if (ret == -ETIMEDOUT)
		dev_err(&sensor->cam->pdev->dev, "the sensor does not stop\n");
	puck_cam_controls_streaming(sensor, false);
	sensor->streaming = false;
	return 0;
}

static int puck_cam_sensor_init_state(struct v4l2_subdev *sd, struct v4l2_subdev_state *state)
{
	struct puck_cam_sensor *sensor = to_puck_cam_sensor(sd);
	struct v4l2_mbus_framefmt *format = v4l2_subdev_state_get_format(state, 0);

	format->width = sensor->width;
	format->height = sensor->height;
	puck_cam_sensor_adjust(sensor, format);
	*v4l2_subdev_state_get_interval(state, 0) = sensor->interval;
	return 0;
}

static int puck_cam_sensor_subscribe(struct v4l2_subdev *sd, struct v4l2_fh *fh,
				     struct v4l2_event_subscription *sub)
{
	if (sub->type == V4L2_EVENT_SOURCE_CHANGE)
		return v4l2_src_change_event_subdev_subscribe(sd, fh, sub);
	return v4l2_ctrl_subdev_subscribe_event(sd, fh, sub);
}

static const struct v4l2_subdev_core_ops puck_cam_sensor_core_ops = {
	.log_status = v4l2_ctrl_subdev_log_status,
	.subscribe_event = puck_cam_sensor_subscribe,
	.unsubscribe_event = v4l2_event_subdev_unsubscribe,
};

static const struct v4l2_subdev_pad_ops puck_cam_sensor_pad_ops = {
	.enum_mbus_code = puck_cam_sensor_enum_code,
	.enum_frame_size = puck_cam_sensor_enum_size,
	.enum_frame_interval = puck_cam_sensor_enum_interval,
	.get_fmt = v4l2_subdev_get_fmt,
	.set_fmt = puck_cam_sensor_set_format,
	.get_selection = puck_cam_sensor_get_selection,
	.set_selection = puck_cam_sensor_set_selection,
	.get_frame_interval = v4l2_subdev_get_frame_interval,
	.set_frame_interval = puck_cam_sensor_set_interval,
	.enable_streams = puck_cam_sensor_enable,
	.disable_streams = puck_cam_sensor_disable,
};

static const struct v4l2_subdev_ops puck_cam_sensor_ops = {
	.core = &puck_cam_sensor_core_ops,
	.pad = &puck_cam_sensor_pad_ops,
};

static const struct v4l2_subdev_internal_ops puck_cam_sensor_internal_ops = {
	.init_state = puck_cam_sensor_init_state,
};

static const struct media_entity_operations puck_cam_sensor_entity_ops = {
	.link_validate = v4l2_subdev_link_validate,
};

/**
 * puck_cam_sensor_look_at_source - take over how large the host's pictures are
 * @sensor: the sensor; its device is there
 *
 * Files of the sub-device may be open when the device is gone, so what they ask for is kept
 * here. Called before interrupts are on, and then for each change: what is read here in the
 * midst of a change is read again after it.
 *
 * Context: any.
 */
void puck_cam_sensor_look_at_source(struct puck_cam_sensor *sensor)
{
	struct puck_cam_device *cam = sensor->cam;
	u32 status, size = 0;

	if (!(cam->features & PUCK_CAM_FEATURE_SOURCE))
		return;
	status = puck_cam_read(cam, PUCK_CAM_SOURCE_STATUS);
	/* All ones is what nobody answers. */
	if (status != ~0u && status & PUCK_CAM_SOURCE_PRESENT)
		size = puck_cam_read(cam, PUCK_CAM_SOURCE_SIZE);
	if (FIELD_GET(PUCK_CAM_SIZE_WIDTH, size) > cam->width_max ||
	    FIELD_GET(PUCK_CAM_SIZE_HEIGHT, size) > cam->height_max)
		size = 0;
	WRITE_ONCE(sensor->source_size, size);
}

/* What the device has after a reset is what its options say: that is the default. */
static void puck_cam_sensor_read_defaults(struct puck_cam_sensor *sensor)
{
	struct puck_cam_device *cam = sensor->cam;
	u32 size = puck_cam_read(cam, PUCK_CAM_SIZE);
	u32 interval = puck_cam_read(cam, PUCK_CAM_INTERVAL);

	if (cam->features & PUCK_CAM_FEATURE_SOURCE && puck_cam_read(cam, PUCK_CAM_SOURCE_INTERVAL))
		interval = puck_cam_read(cam, PUCK_CAM_SOURCE_INTERVAL);
	sensor->width = FIELD_GET(PUCK_CAM_SIZE_WIDTH, size);
	sensor->height = FIELD_GET(PUCK_CAM_SIZE_HEIGHT, size);
	sensor->interval = puck_cam_interval_from_ns(clamp(interval, PUCK_CAM_INTERVAL_MIN,
							   PUCK_CAM_INTERVAL_MAX));
}

/**
 * puck_cam_sensor_init - make the sub-device
 * @sensor: zeroed
 * @cam: the device, just reset
 *
 * puck_cam_sensor_cleanup() undoes it.
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int puck_cam_sensor_init(struct puck_cam_sensor *sensor, struct puck_cam_device *cam)
{
	struct v4l2_subdev *sd = &sensor->sd;
	struct v4l2_subdev_state *state;
	int ret;

	sensor->cam = cam;
	puck_cam_sensor_read_defaults(sensor);
	puck_cam_sensor_look_at_source(sensor);
	v4l2_subdev_init(sd, &puck_cam_sensor_ops);
	sd->internal_ops = &puck_cam_sensor_internal_ops;
	sd->owner = THIS_MODULE;
	sd->dev = &cam->pdev->dev;
	sd->flags = V4L2_SUBDEV_FL_HAS_DEVNODE | V4L2_SUBDEV_FL_HAS_EVENTS;
	sd->entity.function = MEDIA_ENT_F_CAM_SENSOR;
	sd->entity.ops = &puck_cam_sensor_entity_ops;
	strscpy(sd->name, "puck-cam sensor", sizeof(sd->name));

	ret = puck_cam_controls_init(sensor);
	if (ret)
		goto err_controls;
	sd->state_lock = sensor->ctrls.lock;
	sensor->pad.flags = MEDIA_PAD_FL_SOURCE;
	ret = media_entity_pads_init(&sd->entity, 1, &sensor->pad);
	if (ret)
		goto err_controls;
	ret = v4l2_subdev_init_finalize(sd);
	if (ret)
		goto err_entity;

	state = v4l2_subdev_lock_and_get_active_state(sd);
	ret = puck_cam_controls_follow(sensor, state);
	v4l2_subdev_unlock_state(state);
	if (ret)
		goto err_state;
	return 0;

err_state:
	v4l2_subdev_cleanup(sd);
err_entity:
	media_entity_cleanup(&sd->entity);
err_controls:
	v4l2_ctrl_handler_free(&sensor->ctrls);
	return ret;
}

/**
 * puck_cam_sensor_cleanup - undo puck_cam_sensor_init()
 * @sensor: the sensor; nobody has a file of it open
 */
void puck_cam_sensor_cleanup(struct puck_cam_sensor *sensor)
{
	v4l2_subdev_cleanup(&sensor->sd);
	media_entity_cleanup(&sensor->sd.entity);
	v4l2_ctrl_handler_free(&sensor->ctrls);
}

/**
 * puck_cam_sensor_interval - how long a frame takes
 * @sensor: the sensor
 *
 * Context: may sleep.
 * Return: ns.
 */
u32 puck_cam_sensor_interval(struct puck_cam_sensor *sensor)
{
	struct v4l2_subdev_state *state = v4l2_subdev_lock_and_get_active_state(&sensor->sd);
	u32 ns = puck_cam_interval_to_ns(v4l2_subdev_state_get_interval(state, 0));

	v4l2_subdev_unlock_state(state);
	return ns;
}

/**
 * puck_cam_sensor_is_single - whether frames wait for user space to begin them
 * @sensor: the sensor
 *
 * Context: may sleep.
 * Return: true if they do.
 */
bool puck_cam_sensor_is_single(struct puck_cam_sensor *sensor)
{
	return v4l2_ctrl_g_ctrl(sensor->single);
}
