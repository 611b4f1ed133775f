/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sensor as a sub-device.
 */
#ifndef PUCK_CAM_SENSOR_H
#define PUCK_CAM_SENSOR_H

#include <linux/types.h>

#include <media/media-entity.h>
#include <media/v4l2-ctrls.h>
#include <media/v4l2-subdev.h>

struct puck_cam_device;

/**
 * struct puck_cam_sensor - the sensor
 * @sd: the sub-device; its state has the lock of @ctrls
 * @pad: its only pad, a source
 * @cam: the device
 * @width: pixels, by default
 * @height: lines, by default
 * @interval: by default
 * @source_size: of the host's pictures, as in SOURCE_SIZE; 0 if there are none now. Written
 *               where nothing else may look at the source, read at any time without a lock
 * @ctrls: all controls; their lock protects all below
 * @pixel_rate: follows from size, blanking and interval
 * @hblank: pixels
 * @vblank: lines
 * @exposure_auto: EXPOSURE is as long as is normal; a cluster with @exposure
 * @exposure: lines
 * @flip: mirrored; a cluster with @vflip
 * @vflip: upside down
 * @single: frames begin with @step only
 * @step: begins one
 * @streaming: SENSOR_CTRL.STREAM is set, and registers may be touched. While it is not,
 *             controls and state are all there is: they are written when it is about to be
 */
struct puck_cam_sensor {
	struct v4l2_subdev sd;
	struct media_pad pad;
	struct puck_cam_device *cam;
	u32 width;
	u32 height;
	struct v4l2_fract interval;
	u32 source_size;
	struct v4l2_ctrl_handler ctrls;
	struct v4l2_ctrl *pixel_rate;
	struct v4l2_ctrl *hblank;
	struct v4l2_ctrl *vblank;
	struct v4l2_ctrl *exposure_auto;
	struct v4l2_ctrl *exposure;
	struct v4l2_ctrl *flip;
	struct v4l2_ctrl *vflip;
	struct v4l2_ctrl *single;
	struct v4l2_ctrl *step;
	bool streaming;
};

static inline struct puck_cam_sensor *to_puck_cam_sensor(struct v4l2_subdev *sd)
{
	return container_of(sd, struct puck_cam_sensor, sd);
}

int puck_cam_sensor_init(struct puck_cam_sensor *sensor, struct puck_cam_device *cam);
void puck_cam_sensor_cleanup(struct puck_cam_sensor *sensor);
void puck_cam_sensor_look_at_source(struct puck_cam_sensor *sensor);
u32 puck_cam_sensor_interval(struct puck_cam_sensor *sensor);
bool puck_cam_sensor_is_single(struct puck_cam_sensor *sensor);

int puck_cam_controls_init(struct puck_cam_sensor *sensor);
int puck_cam_controls_follow(struct puck_cam_sensor *sensor, struct v4l2_subdev_state *state);
void puck_cam_controls_streaming(struct puck_cam_sensor *sensor, bool streaming);

#endif /* PUCK_CAM_SENSOR_H */
