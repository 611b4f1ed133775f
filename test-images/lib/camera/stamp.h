/* SPDX-License-Identifier: MIT */
/*
 * A picture of puck-cam as it lies in memory, checked by its stamps alone (docs/specs/camera.rst,
 * "Formats" and "Stamps"). It knows nothing of a driver: what it is told is the format, the
 * size and the strides, and what it finds are the device's own words in the picture.
 */
#ifndef LIB_CAMERA_STAMP_H
#define LIB_CAMERA_STAMP_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "abi/puck_cam.h"
#include "lib/base/array.h"

#define CAM_PLANES	2

_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "cam_sum() takes words as they are");

struct cam_format {
	const char *name;
	uint16_t number;
	uint8_t planes;
	uint8_t pixel;			/* bytes of a pixel in a line of any plane */
};

static const struct cam_format cam_formats[] = {
	{ "XRGB8888", PUCK_CAM_FORMAT_XRGB8888, 1, 4 },
	{ "RGB24", PUCK_CAM_FORMAT_RGB24, 1, 3 },
	{ "YUYV", PUCK_CAM_FORMAT_YUYV, 1, 2 },
	{ "UYVY", PUCK_CAM_FORMAT_UYVY, 1, 2 },
	{ "NV12", PUCK_CAM_FORMAT_NV12, 2, 1 },
	{ "NV12M", PUCK_CAM_FORMAT_NV12M, 2, 1 },
	{ "GREY", PUCK_CAM_FORMAT_GREY, 1, 1 },
};

/* NULL if there is none of that name. */
static inline const struct cam_format *cam_format(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cam_formats); i++)
		if (!strcmp(cam_formats[i].name, name))
			return &cam_formats[i];
	return NULL;
}

/* Where the lines of a picture are. Plane 1 lies behind plane 0, or is memory of its own. */
struct cam_layout {
	const struct cam_format *format;
	unsigned int width, height;
	size_t stride[CAM_PLANES];
};

static inline size_t cam_line_bytes(const struct cam_layout *layout)
{
	return (size_t)layout->width * layout->format->pixel;
}

static inline unsigned int cam_lines(const struct cam_layout *layout, unsigned int plane)
{
	return plane ? layout->height / 2 : layout->height;
}

static inline size_t cam_plane_bytes(const struct cam_layout *layout, unsigned int plane)
{
	return plane < layout->format->planes ? layout->stride[plane] * cam_lines(layout, plane) : 0;
}

/* Lines without a gap between them; strides that are not zero stay as they are. */
static inline void cam_layout_complete(struct cam_layout *layout)
{
	unsigned int plane;

	for (plane = 0; plane < CAM_PLANES; plane++)
		if (!layout->stride[plane])
			layout->stride[plane] = plane ? layout->stride[0] : cam_line_bytes(layout);
}

/* What a picture says of itself, and what is wrong with it. */
struct cam_found {
	uint32_t frame;			/* of its first line */
	uint64_t time;			/* when it began; 0 if it is too narrow to say so */
	unsigned int torn;		/* lines of another frame */
	unsigned int unstamped;		/* lines without their stamp */
	bool stamped;			/* the frame stamp is there, where there is room for it */
	bool sum;			/* the stamp has its sum, and the picture its checksum */
};

static inline bool cam_good(const struct cam_found *found)
{
	return !found->torn && !found->unstamped && found->stamped && found->sum;
}

static inline uint32_t cam_word(const uint8_t *bytes, size_t left)
{
	uint32_t word = 0;

	memcpy(&word, bytes, left < sizeof(word) ? left : sizeof(word));
	return le32toh(word);
}

/* The sum of bytes as little-endian words, the last one filled up with zeros. */
static inline uint32_t cam_sum(const uint8_t *bytes, size_t count)
{
	/* Pictures are large: four words at a time, as they lie in a little-endian memory. */
	uint32_t __attribute__((vector_size(16))) sums = { 0 }, words;
	uint32_t sum;
	size_t at;

	for (at = 0; count - at >= sizeof(words); at += sizeof(words)) {
		memcpy(&words, bytes + at, sizeof(words));
		sums += words;
	}
	sum = sums[0] + sums[1] + sums[2] + sums[3];
	for (; at < count; at += sizeof(uint32_t))
		sum += cam_word(bytes + at, count - at);
	return sum;
}

static inline bool cam_has_stamp(const struct cam_layout *layout, unsigned int plane,
				 unsigned int line)
{
	return !plane && !line && cam_line_bytes(layout) >= sizeof(struct puck_cam_stamp);
}

/* Looks at the stamp of one line; returns what the line adds to the checksum. */
static inline uint32_t cam_take_line(const struct cam_layout *layout, const uint8_t *bytes,
				     unsigned int plane, unsigned int line, struct cam_found *found)
{
	size_t stamp = cam_has_stamp(layout, plane, line) ? sizeof(struct puck_cam_stamp) :
							    sizeof(struct puck_cam_line);
	struct puck_cam_line mark;

	memcpy(&mark, bytes, sizeof(mark));
	if (mark.magic != PUCK_CAM_LINE_MAGIC || mark.plane != plane || le16toh(mark.line) != line)
		found->unstamped++;
	else if (le32toh(mark.frame) != found->frame)
		found->torn++;
	return (line + 1) * cam_sum(bytes + stamp, cam_line_bytes(layout) - stamp);
}

static inline uint32_t cam_take_plane(const struct cam_layout *layout, const uint8_t *bytes,
				      unsigned int plane, struct cam_found *found)
{
	uint32_t sum = 0;
	unsigned int line;

	for (line = 0; line < cam_lines(layout, plane); line++)
		sum += cam_take_line(layout, bytes + line * layout->stride[plane], plane, line, found);
	return sum;
}

static inline void cam_take_stamp(const struct cam_layout *layout, const uint8_t *bytes,
				  uint32_t checksum, struct cam_found *found)
{
	struct puck_cam_stamp stamp;

	memcpy(&stamp, bytes, sizeof(stamp));
	found->time = le64toh(stamp.time);
	found->stamped = le32toh(stamp.magic) == PUCK_CAM_STAMP_MAGIC &&
			 le16toh(stamp.version) == PUCK_CAM_STAMP_VERSION &&
			 le16toh(stamp.format) == layout->format->number &&
			 le16toh(stamp.width) == layout->width &&
			 le16toh(stamp.height) == layout->height;
	/* Its own sum is one of the words that @bytes has. */
	found->sum = le32toh(stamp.checksum) == checksum &&
		     cam_sum(bytes, sizeof(stamp)) - le32toh(stamp.sum) == le32toh(stamp.sum);
}

/* @planes: the first byte of each plane, all of them readable as far as @layout says. */
static inline void cam_check(const struct cam_layout *layout,
			     const uint8_t *const planes[CAM_PLANES], struct cam_found *found)
{
	struct puck_cam_line first;
	uint32_t checksum = 0;
	unsigned int plane;

	memset(found, 0, sizeof(*found));
	memcpy(&first, planes[0], sizeof(first));
	found->frame = le32toh(first.frame);
	for (plane = 0; plane < layout->format->planes; plane++)
		checksum += cam_take_plane(layout, planes[plane], plane, found);
	if (cam_has_stamp(layout, 0, 0))
		cam_take_stamp(layout, planes[0], checksum, found);
	else
		found->stamped = found->sum = true;
}

#endif /* LIB_CAMERA_STAMP_H */
