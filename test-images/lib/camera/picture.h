/* SPDX-License-Identifier: MIT */
/*
 * Pictures of the host's source, and what a buffer of puck-cam has to be of them, byte by byte
 * (docs/specs/camera.rst, "The host's source" and "Formats").
 */
#ifndef LIB_CAMERA_PICTURE_H
#define LIB_CAMERA_PICTURE_H


#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/camera/stamp.h"

#define CAM_BLACK_LUMA		16
#define CAM_BLACK_CHROMA	128
#define CAM_Y4M_HEAD		"YUV4MPEG2 "
#define CAM_Y4M_FRAME		"FRAME\n"

/* How a picture is sampled, and its size. A sample of chroma is of 2^x times 2^y pixels. */
struct cam_sampling {
	unsigned int width, height;
	unsigned int shift_x, shift_y;
	bool mono;
};

/* All of Y, then all of Cb, then all of Cr. */
struct cam_picture {
	struct cam_sampling sampling;
	const uint8_t *bytes;
};

static inline size_t cam_chroma_bytes(const struct cam_sampling *sampling)
{
	return sampling->mono ? 0 : (size_t)(sampling->width >> sampling->shift_x) *
				    (sampling->height >> sampling->shift_y);
}

static inline size_t cam_picture_bytes(const struct cam_sampling *sampling)
{
	return (size_t)sampling->width * sampling->height + 2 * cam_chroma_bytes(sampling);
}

static inline bool cam_inside(const struct cam_sampling *sampling, unsigned int x, unsigned int y)
{
	return x < sampling->width && y < sampling->height;
}

/* Black outside of the picture. */
static inline uint8_t cam_luma(const struct cam_picture *picture, unsigned int x, unsigned int y)
{
	const struct cam_sampling *sampling = &picture->sampling;

	return cam_inside(sampling, x, y) ? picture->bytes[(size_t)y * sampling->width + x] :
					    CAM_BLACK_LUMA;
}

/* @which: 0 for Cb, 1 for Cr. */
static inline uint8_t cam_chroma(const struct cam_picture *picture, unsigned int which,
				 unsigned int x, unsigned int y)
{
	const struct cam_sampling *sampling = &picture->sampling;
	const uint8_t *plane = picture->bytes + (size_t)sampling->width * sampling->height +
			       which * cam_chroma_bytes(sampling);

	if (sampling->mono || !cam_inside(sampling, x, y))
		return CAM_BLACK_CHROMA;
	return plane[(size_t)(y >> sampling->shift_y) * (sampling->width >> sampling->shift_x) +
		     (x >> sampling->shift_x)];
}

/* Two pixels in four bytes: byte @at of line @line, with luma in the even bytes or in the odd. */
static inline uint8_t cam_packed(const struct cam_picture *picture, unsigned int line,
				 unsigned int at, bool luma_is_even)
{
	unsigned int x = at / 2;

	if (!(at & 1) == luma_is_even)
		return cam_luma(picture, x, line);
	return cam_chroma(picture, at >> 1 & 1, x & ~1u, line);
}

/* Whether cam_expected() knows the format. */
static inline bool cam_expects(const struct cam_format *format)
{
	return format->number != PUCK_CAM_FORMAT_XRGB8888 &&
	       format->number != PUCK_CAM_FORMAT_RGB24;
}

/* Byte @at of line @line of plane @plane, stamps and all else that the sensor can do being off. */
static inline uint8_t cam_expected(const struct cam_picture *picture,
				   const struct cam_format *format, unsigned int plane,
				   unsigned int line, unsigned int at)
{
	switch (format->number) {
	case PUCK_CAM_FORMAT_YUYV:
	case PUCK_CAM_FORMAT_UYVY:
		return cam_packed(picture, line, at, format->number == PUCK_CAM_FORMAT_YUYV);
	default:
		return plane ? cam_chroma(picture, at & 1, at & ~1u, 2 * line) :
			       cam_luma(picture, at, line);
	}
}

static inline bool cam_same_line(const struct cam_picture *picture, const struct cam_layout *layout,
				 const uint8_t *bytes, unsigned int plane, unsigned int line)
{
	size_t at;

	for (at = 0; at < cam_line_bytes(layout); at++)
		if (bytes[at] != cam_expected(picture, layout->format, plane, line, (unsigned int)at))
			return false;
	return true;
}

/* Whether each byte is as it has to be. */
static inline bool cam_same(const struct cam_picture *picture, const struct cam_layout *layout,
			    const uint8_t *const planes[CAM_PLANES])
{
	unsigned int plane, line;

	for (plane = 0; plane < layout->format->planes; plane++)
		for (line = 0; line < cam_lines(layout, plane); line++)
			if (!cam_same_line(picture, layout,
					   planes[plane] + line * layout->stride[plane], plane,
					   line))
				return false;
	return true;
}

/* A file of Y4M in memory. */
struct cam_y4m {
	struct cam_sampling sampling;
	const uint8_t *first;		/* its first FRAME */
	unsigned int count;
};

static inline bool cam_y4m_colours(const char *word, struct cam_sampling *sampling)
{
	sampling->mono = !strcmp(word, "mono");
	sampling->shift_x = !strcmp(word, "420") || !strcmp(word, "422");
	sampling->shift_y = !strcmp(word, "420");
	return sampling->mono || sampling->shift_x || !strcmp(word, "444");
}

/* What files of this suite have in the header; false if it is something else. */
static inline bool cam_y4m_open(struct cam_y4m *y4m, const uint8_t *bytes, size_t size)
{
	char head[128], colours[8];
	const uint8_t *end = memchr(bytes, '\n', size);
	size_t len = end ? (size_t)(end - bytes) : 0;

	memset(y4m, 0, sizeof(*y4m));
	if (!len || len >= sizeof(head))
		return false;
	memcpy(head, bytes, len);
	head[len] = '\0';
	if (sscanf(head, CAM_Y4M_HEAD "W%u H%u F%*u:%*u Ip C%7s", &y4m->sampling.width,
		   &y4m->sampling.height, colours) != 3 ||
	    !cam_y4m_colours(colours, &y4m->sampling))
		return false;
	y4m->first = end + 1;
	len = strlen(CAM_Y4M_FRAME) + cam_picture_bytes(&y4m->sampling);
	y4m->count = (unsigned int)((size - (size_t)(y4m->first - bytes)) / len);
	return y4m->count && (size_t)(y4m->first - bytes) + y4m->count * len == size;
}

static inline struct cam_picture cam_y4m_picture(const struct cam_y4m *y4m, unsigned int n)
{
	size_t frame = strlen(CAM_Y4M_FRAME);
	size_t len = frame + cam_picture_bytes(&y4m->sampling);

	return (struct cam_picture){ y4m->sampling, y4m->first + n * len + frame };
}

#endif /* LIB_CAMERA_PICTURE_H */
