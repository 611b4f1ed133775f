// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a picture tells of itself (docs/specs/camera.rst, "Stamps"): the device writes into each
 * line of which frame it is. No driver has a part in that.
 */
#include "camera/camera.h"

static bool has_stamp(struct puck_camera_buffer *buf, size_t offset, u32 line, u32 *frame)
{
	struct puck_cam_line stamp;

	puck_camera_read(buf, offset, &stamp, sizeof(stamp));
	*frame = le32_to_cpu(stamp.frame);
	return stamp.magic == PUCK_CAM_LINE_MAGIC && !stamp.plane &&
	       le16_to_cpu(stamp.line) == line;
}

/**
 * puck_camera_stamped - count the lines of a frame
 * @cam: the driver; its format says where lines are
 * @buf: the buffer; the user has it
 * @frame: number of the frame
 *
 * Return: lines of plane 0 that are where they have to be, and of this frame.
 */
unsigned int puck_camera_stamped(struct puck_camera *cam, struct puck_camera_buffer *buf,
				 u32 frame)
{
	unsigned int line, good = 0;
	u32 of;

	for (line = 0; line < cam->format.height; line++)
		good += has_stamp(buf, line * cam->format.stride, line, &of) && of == frame;
	return good;
}

/**
 * puck_camera_frame_of - ask a picture for the number of its frame
 * @buf: the buffer; the user has it
 * @frame: gets the number
 *
 * Return: 0, or -ENODATA if there is no picture.
 */
int puck_camera_frame_of(struct puck_camera_buffer *buf, u32 *frame)
{
	return has_stamp(buf, 0, 0, frame) ? 0 : -ENODATA;
}
