/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pixel formats, and how a picture lies in a buffer. It only computes.
 */
#ifndef PUCK_CAM_FORMAT_H
#define PUCK_CAM_FORMAT_H

#include <linux/types.h>
#include <linux/videodev2.h>

#include "abi/puck_cam.h"

/**
 * struct puck_cam_info - a pixel format
 * @fourcc: V4L2's name
 * @code: the device's, PUCK_CAM_FORMAT_*
 * @parts: memory planes
 * @bytes: of a pixel in plane 0
 * @chroma: there is a plane 1, of half as many lines of the same bytes
 * @rgb: it is no YCbCr
 */
struct puck_cam_info {
	u32 fourcc;
	u32 code;
	u32 parts;
	u32 bytes;
	bool chroma;
	bool rgb;
};

/**
 * struct puck_cam_format - how a picture lies in a buffer
 * @info: the pixel format
 * @width: pixels
 * @height: lines
 * @stride: bytes from line to line, of each part
 * @size: bytes of each part
 */
struct puck_cam_format {
	const struct puck_cam_info *info;
	u32 width;
	u32 height;
	u32 stride[PUCK_CAM_PARTS_MAX];
	u32 size[PUCK_CAM_PARTS_MAX];
};

/* No part of any format is larger. */
#define PUCK_CAM_PART_SIZE_MAX	(PUCK_CAM_STRIDE_MAX * PUCK_CAM_HEIGHT_MAX / 2 * 3)

const struct puck_cam_info *puck_cam_info_find(u32 fourcc, u32 codes, u32 parts_max);
const struct puck_cam_info *puck_cam_info_get(u32 index, u32 codes, u32 parts_max);
void puck_cam_format_adjust(struct puck_cam_format *format);
void puck_cam_format_read(struct puck_cam_format *format, const struct v4l2_format *f);
void puck_cam_format_write(const struct puck_cam_format *format, struct v4l2_format *f);

#endif /* PUCK_CAM_FORMAT_H */
