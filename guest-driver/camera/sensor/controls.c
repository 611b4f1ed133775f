// SPDX-License-Identifier: GPL-2.0-only
/*
 * Controls of the sensor (docs/specs/camera.rst, "Sensor").
 *
 * A control is written to the device while it streams, and all of them are just before. So
 * nothing here touches registers that may have gone with the device, and a suspend keeps
 * nothing: the controls are what there is to be restored.
 */
#include <linux/pci.h>
#include <linux/puck_cam.h>

#include "core/device.h"
#include "sensor/sensor.h"
#include "sensor/timing.h"

static const char * const puck_cam_patterns[] = {
	[PUCK_CAM_PATTERN_BARS] = "Bars",
	[PUCK_CAM_PATTERN_RAMP] = "Ramp",
	[PUCK_CAM_PATTERN_BOX] = "Moving Box",
	[PUCK_CAM_PATTERN_NOISE] = "Noise",
	[PUCK_CAM_PATTERN_SOURCE] = "Host's Source",
};

static struct puck_cam_sensor *puck_cam_control_sensor(struct v4l2_ctrl *ctrl)
{
	return container_of(ctrl->handler, struct puck_cam_sensor, ctrls);
}

/* What else changes if the times of a frame do. */
static int puck_cam_controls_retime(struct puck_cam_sensor *sensor, u32 width, u32 height, u32 ns)
{
	u32 lines = height + sensor->vblank->val;
	int ret;

	ret = __v4l2_ctrl_s_ctrl_int64(sensor->pixel_rate,
				       puck_cam_pixel_rate(width, sensor->hblank->val, height,
							   sensor->vblank->val, ns));
	if (!ret)
		ret = __v4l2_ctrl_modify_range(sensor->exposure, 1, lines, 1, lines / 2);
	return ret;
}

/**
 * puck_cam_controls_follow - adapt the controls to another size or interval
 * @sensor: the sensor, its state locked
 * @state: the active state
 *
 * Return: 0 or a negative errno.
 */
int puck_cam_controls_follow(struct puck_cam_sensor *sensor, struct v4l2_subdev_state *state)
{
	const struct v4l2_mbus_framefmt *format = v4l2_subdev_state_get_format(state, 0);
	const struct v4l2_fract *interval = v4l2_subdev_state_get_interval(state, 0);

	lockdep_assert_held(sensor->ctrls.lock);

	return puck_cam_controls_retime(sensor, format->width, format->height,
					puck_cam_interval_to_ns(interval));
}

static int puck_cam_control_blanking(struct puck_cam_sensor *sensor, struct v4l2_ctrl *ctrl)
{
	struct v4l2_subdev_state *state = sensor->sd.active_state;
	int ret;

	/* The handler is set up before there is a state; its values are the state's then. */
	if (state) {
		ret = puck_cam_controls_follow(sensor, state);
		if (ret)
			return ret;
	}
	if (sensor->streaming)
		puck_cam_write(sensor->cam, ctrl == sensor->hblank ? PUCK_CAM_HBLANK :
			       PUCK_CAM_VBLANK, ctrl->val);
	return 0;
}

static void puck_cam_control_exposure(struct puck_cam_sensor *sensor)
{
	bool automatic = sensor->exposure_auto->val == V4L2_EXPOSURE_AUTO;

	puck_cam_write(sensor->cam, PUCK_CAM_EXPOSURE, automatic ? 0 : sensor->exposure->val);
}

/* A frame that has a buffer, and is under way, is not disturbed: the device ignores STEP then. */
static int puck_cam_control_step(struct puck_cam_sensor *sensor)
{
	u32 status;

	if (!sensor->single->val)
		return 0;
	status = puck_cam_read(sensor->cam, PUCK_CAM_SENSOR_STATUS);
	if (status & PUCK_CAM_SENSOR_BUSY)
		return -EBUSY;
	puck_cam_write(sensor->cam, PUCK_CAM_STEP, 1);
	return 0;
}

static int puck_cam_control_write(struct puck_cam_sensor *sensor, struct v4l2_ctrl *ctrl)
{
	struct puck_cam_device *cam = sensor->cam;

	switch (ctrl->id) {
	case V4L2_CID_EXPOSURE_AUTO:
		puck_cam_control_exposure(sensor);
		return 0;
	case V4L2_CID_ANALOGUE_GAIN:
		puck_cam_write(cam, PUCK_CAM_GAIN, ctrl->val);
		return 0;
	case V4L2_CID_HFLIP:
		puck_cam_write(cam, PUCK_CAM_FLIP, (ctrl->val ? PUCK_CAM_FLIP_H : 0) |
			       (sensor->vflip->val ? PUCK_CAM_FLIP_V : 0));
		return 0;
	case V4L2_CID_TEST_PATTERN:
		puck_cam_write(cam, PUCK_CAM_PATTERN, ctrl->val);
		return 0;
	case V4L2_CID_PUCK_CAM_SEED:
		puck_cam_write64(cam, PUCK_CAM_SEED, *ctrl->p_new.p_s64);
		return 0;
	case V4L2_CID_PUCK_CAM_STAMP:
		puck_cam_write(cam, PUCK_CAM_STAMP, ctrl->val ? PUCK_CAM_STAMP_ENABLE : 0);
		return 0;
	case V4L2_CID_PUCK_CAM_STEP:
		return puck_cam_control_step(sensor);
	default:
		/* SINGLE goes with STREAM, and pixel rates follow. */
		return 0;
	}
}

static int puck_cam_control_set(struct v4l2_ctrl *ctrl)
{
	struct puck_cam_sensor *sensor = puck_cam_control_sensor(ctrl);

	if (ctrl->id == V4L2_CID_HBLANK || ctrl->id == V4L2_CID_VBLANK)
		return puck_cam_control_blanking(sensor, ctrl);
	return sensor->streaming ? puck_cam_control_write(sensor, ctrl) : 0;
}

static const struct v4l2_ctrl_ops puck_cam_control_ops = {
	.s_ctrl = puck_cam_control_set,
};

static const struct v4l2_ctrl_config puck_cam_control_seed = {
	.ops = &puck_cam_control_ops,
	.id = V4L2_CID_PUCK_CAM_SEED,
	.name = "Noise Seed",
	.type = V4L2_CTRL_TYPE_INTEGER64,
	.min = S64_MIN,
	.max = S64_MAX,
	.step = 1,
};

static const struct v4l2_ctrl_config puck_cam_control_stamp = {
	.ops = &puck_cam_control_ops,
	.id = V4L2_CID_PUCK_CAM_STAMP,
	.name = "Stamp",
	.type = V4L2_CTRL_TYPE_BOOLEAN,
	.max = 1,
	.step = 1,
	.def = 1,
};

static const struct v4l2_ctrl_config puck_cam_control_single = {
	.ops = &puck_cam_control_ops,
	.id = V4L2_CID_PUCK_CAM_SINGLE_STEP,
	.name = "Single Step",
	.type = V4L2_CTRL_TYPE_BOOLEAN,
	.max = 1,
	.step = 1,
};

static const struct v4l2_ctrl_config puck_cam_control_stepping = {
	.ops = &puck_cam_control_ops,
	.id = V4L2_CID_PUCK_CAM_STEP,
	.name = "Step",
	.type = V4L2_CTRL_TYPE_BUTTON,
	.flags = V4L2_CTRL_FLAG_INACTIVE,
};

static struct v4l2_ctrl *puck_cam_control_add(struct puck_cam_sensor *sensor, u32 id, s64 min,
					      s64 max, s64 def)
{
	return v4l2_ctrl_new_std(&sensor->ctrls, &puck_cam_control_ops, id, min, max, 1, def);
}

static void puck_cam_controls_timing(struct puck_cam_sensor *sensor)
{
	sensor->hblank = puck_cam_control_add(sensor, V4L2_CID_HBLANK, PUCK_CAM_HBLANK_MIN,
					      PUCK_CAM_HBLANK_MAX, PUCK_CAM_HBLANK_RESET);
	sensor->vblank = puck_cam_control_add(sensor, V4L2_CID_VBLANK, PUCK_CAM_VBLANK_MIN,
					      PUCK_CAM_VBLANK_MAX, PUCK_CAM_VBLANK_RESET);
	/* Read-only by what V4L2 knows of this control. */
	sensor->pixel_rate = puck_cam_control_add(sensor, V4L2_CID_PIXEL_RATE, 1, S64_MAX, 1);
}

static void puck_cam_controls_picture(struct puck_cam_sensor *sensor)
{
	struct puck_cam_device *cam = sensor->cam;
	u32 last = cam->features & PUCK_CAM_FEATURE_SOURCE ? PUCK_CAM_PATTERN_SOURCE :
		   PUCK_CAM_PATTERN_NOISE;
	u32 pattern = min(puck_cam_read(cam, PUCK_CAM_PATTERN), last);

	sensor->exposure_auto =
		v4l2_ctrl_new_std_menu(&sensor->ctrls, &puck_cam_control_ops,
				       V4L2_CID_EXPOSURE_AUTO, V4L2_EXPOSURE_MANUAL, 0,
				       V4L2_EXPOSURE_AUTO);
	sensor->exposure = puck_cam_control_add(sensor, V4L2_CID_EXPOSURE, 1,
						PUCK_CAM_EXPOSURE_MAX, 1);
	puck_cam_control_add(sensor, V4L2_CID_ANALOGUE_GAIN, PUCK_CAM_GAIN_MIN, PUCK_CAM_GAIN_MAX,
			     PUCK_CAM_GAIN_ONE);
	sensor->flip = puck_cam_control_add(sensor, V4L2_CID_HFLIP, 0, 1, 0);
	sensor->vflip = puck_cam_control_add(sensor, V4L2_CID_VFLIP, 0, 1, 0);
	v4l2_ctrl_new_std_menu_items(&sensor->ctrls, &puck_cam_control_ops,
				     V4L2_CID_TEST_PATTERN, last, 0, pattern, puck_cam_patterns);
}

static void puck_cam_controls_own(struct puck_cam_sensor *sensor)
{
	struct v4l2_ctrl_config seed = puck_cam_control_seed;

	seed.def = puck_cam_read64(sensor->cam, PUCK_CAM_SEED);
	v4l2_ctrl_new_custom(&sensor->ctrls, &seed, NULL);
	if (sensor->cam->features & PUCK_CAM_FEATURE_STAMP)
		v4l2_ctrl_new_custom(&sensor->ctrls, &puck_cam_control_stamp, NULL);
	sensor->single = v4l2_ctrl_new_custom(&sensor->ctrls, &puck_cam_control_single, NULL);
	sensor->step = v4l2_ctrl_new_custom(&sensor->ctrls, &puck_cam_control_stepping, NULL);
}

/**
 * puck_cam_controls_init - make the controls
 * @sensor: the sensor; the device has just been reset, its registers are the defaults
 *
 * puck_cam_sensor_cleanup() frees them, also after an error.
 *
 * Return: 0 or a negative errno.
 */
int puck_cam_controls_init(struct puck_cam_sensor *sensor)
{
	v4l2_ctrl_handler_init(&sensor->ctrls, 14);
	puck_cam_controls_timing(sensor);
	puck_cam_controls_picture(sensor);
	puck_cam_controls_own(sensor);
	if (sensor->ctrls.error)
		return sensor->ctrls.error;

	v4l2_ctrl_auto_cluster(2, &sensor->exposure_auto, V4L2_EXPOSURE_MANUAL, false);
	v4l2_ctrl_cluster(2, &sensor->flip);
	sensor->sd.ctrl_handler = &sensor->ctrls;
	return 0;
}

/**
 * puck_cam_controls_streaming - say which controls can be used now
 * @sensor: the sensor, its state locked
 * @streaming: whether it streams
 */
void puck_cam_controls_streaming(struct puck_cam_sensor *sensor, bool streaming)
{
	lockdep_assert_held(sensor->ctrls.lock);

	__v4l2_ctrl_grab(sensor->single, streaming);
	v4l2_ctrl_activate(sensor->step, streaming && sensor->single->val);
}
