/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bridge as a sub-device: what it takes of the sensor's picture, and how large it makes
 * that. Where it puts it in a buffer is the node's: struct puck_cam_output.
 */
#ifndef PUCK_CAM_BRIDGE_H
#define PUCK_CAM_BRIDGE_H

#include <linux/types.h>
#include <linux/videodev2.h>

#include <media/media-entity.h>
#include <media/v4l2-subdev.h>

struct puck_cam_device;

#define PUCK_CAM_BRIDGE_CODE	MEDIA_BUS_FMT_YUV8_1X24

enum puck_cam_bridge_pad {
	PUCK_CAM_BRIDGE_SINK,
	PUCK_CAM_BRIDGE_SOURCE,
	PUCK_CAM_BRIDGE_PADS,
};

/**
 * struct puck_cam_output - how a picture lies in a buffer, as in spec section "Bridge"
 * @format: PUCK_CAM_FORMAT_*
 * @width: pixels of the buffer's picture
 * @height: lines of it
 * @compose: where in it the bridge's picture is
 * @stride: bytes from line to line, of each part
 */
struct puck_cam_output {
	u32 format;
	u32 width;
	u32 height;
	struct v4l2_rect compose;
	u32 stride[2];
};

/**
 * struct puck_cam_bridge - the bridge
 * @sd: the sub-device
 * @pads: by enum puck_cam_bridge_pad
 * @cam: the device
 * @width: pixels of the sensor's picture, by default
 * @height: lines of it, by default
 * @output: how buffers are written; set by the node before it has the bridge stream. Under
 *          the lock of the sub-device's state
 */
struct puck_cam_bridge {
	struct v4l2_subdev sd;
	struct media_pad pads[PUCK_CAM_BRIDGE_PADS];
	struct puck_cam_device *cam;
	u32 width;
	u32 height;
	struct puck_cam_output output;
};

static inline struct puck_cam_bridge *to_puck_cam_bridge(struct v4l2_subdev *sd)
{
	return container_of(sd, struct puck_cam_bridge, sd);
}

int puck_cam_bridge_init(struct puck_cam_bridge *bridge, struct puck_cam_device *cam,
			 u32 width, u32 height);
void puck_cam_bridge_cleanup(struct puck_cam_bridge *bridge);
void puck_cam_bridge_set_output(struct puck_cam_bridge *bridge,
				const struct puck_cam_output *output);

#endif /* PUCK_CAM_BRIDGE_H */
