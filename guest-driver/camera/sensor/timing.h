/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Times of the sensor, as V4L2 and as the device have them. It only computes.
 */
#ifndef PUCK_CAM_TIMING_H
#define PUCK_CAM_TIMING_H

#include <linux/types.h>
#include <linux/videodev2.h>

u32 puck_cam_interval_to_ns(const struct v4l2_fract *interval);
struct v4l2_fract puck_cam_interval_from_ns(u32 ns);
struct v4l2_fract puck_cam_interval_adjust(const struct v4l2_fract *interval);
u64 puck_cam_pixel_rate(u32 width, u32 hblank, u32 height, u32 vblank, u32 ns);

#endif /* PUCK_CAM_TIMING_H */
