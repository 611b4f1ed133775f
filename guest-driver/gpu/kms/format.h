/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a head can show: pixels, rectangles, timings. It only computes.
 */
#ifndef PUCK_KMS_FORMAT_H
#define PUCK_KMS_FORMAT_H

#include <linux/types.h>

struct drm_display_mode;
struct drm_mode_fb_cmd2;

/**
 * struct puck_format - how pixels lie in memory
 * @fourcc: DRM_FORMAT_*
 * @hw: PUCK_PLANE_FORMAT_*
 * @align: bytes; what pitches and offsets are multiples of
 * @chroma: the same of a second plane, or zero if there is none
 */
struct puck_format {
	u32 fourcc;
	u32 hw;
	u32 align;
	u32 chroma;
};

/**
 * struct puck_rects - what a plane shows, and where
 * @src_x: 16.16, as the three below
 * @src_y: likewise
 * @src_w: likewise
 * @src_h: likewise
 * @dst_x: pixels of the picture, as the three below
 * @dst_y: likewise
 * @dst_w: likewise
 * @dst_h: likewise
 */
struct puck_rects {
	u32 src_x;
	u32 src_y;
	u32 src_w;
	u32 src_h;
	s32 dst_x;
	s32 dst_y;
	u32 dst_w;
	u32 dst_h;
};

/* Those of plane 2 come first. */
#define PUCK_FORMATS		4
#define PUCK_FORMATS_CURSOR	2
extern const u32 puck_fourccs[PUCK_FORMATS];

const struct puck_format *puck_format_find(u32 fourcc);
bool puck_format_check(const struct puck_format *format, const struct drm_mode_fb_cmd2 *cmd);
u64 puck_pixel_at(u32 offset, u32 pitch, u32 bytes, u32 x, u32 y);
bool puck_rects_check(const struct puck_rects *rects, unsigned int plane);
bool puck_timings_check(const struct drm_display_mode *mode);

#endif /* PUCK_KMS_FORMAT_H */
