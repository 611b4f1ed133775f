// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a head can show (docs/specs/display.rst, "Time", "Buffers", "Planes"). Whatever passes here
 * the device takes; kms/flip.c says so if it does not.
 */
#include <linux/math64.h>
#include <linux/module.h>

#include <drm/drm_fourcc.h>
#include <drm/drm_mode.h>
#include <drm/drm_modes.h>

#include <kunit/visibility.h>

#include "abi/puck_display.h"
#include "kms/format.h"

static const struct puck_format puck_formats[PUCK_FORMATS] = {
	{ DRM_FORMAT_XRGB8888, PUCK_PLANE_FORMAT_XRGB8888, 4, 0 },
	{ DRM_FORMAT_ARGB8888, PUCK_PLANE_FORMAT_ARGB8888, 4, 0 },
	{ DRM_FORMAT_RGB565, PUCK_PLANE_FORMAT_RGB565, 2, 0 },
	{ DRM_FORMAT_NV12, PUCK_PLANE_FORMAT_NV12, 1, 2 },
};

const u32 puck_fourccs[PUCK_FORMATS] = {
	DRM_FORMAT_XRGB8888,
	DRM_FORMAT_ARGB8888,
	DRM_FORMAT_RGB565,
	DRM_FORMAT_NV12,
};
EXPORT_SYMBOL_IF_KUNIT(puck_fourccs);

/**
 * puck_format_find - find a format by its name
 * @fourcc: DRM_FORMAT_*
 *
 * Return: the format, or NULL if the device has none such.
 */
const struct puck_format *puck_format_find(u32 fourcc)
{
	unsigned int i;

	for (i = 0; i < PUCK_FORMATS; i++)
		if (puck_formats[i].fourcc == fourcc)
			return &puck_formats[i];
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(puck_format_find);

/**
 * puck_format_check - see whether the device finds its way in a framebuffer
 * @format: its format
 * @cmd: what user space says of it
 *
 * That its lines are long enough, and within the BO, is seen by the kernel's helpers.
 *
 * Return: true if it does.
 */
bool puck_format_check(const struct puck_format *format, const struct drm_mode_fb_cmd2 *cmd)
{
	if (cmd->pitches[0] % format->align || cmd->offsets[0] % format->align)
		return false;
	if (!format->chroma)
		return true;
	/* A plane of the device has one buffer. */
	return !(cmd->pitches[1] % format->chroma || cmd->offsets[1] % format->chroma) &&
	       cmd->handles[0] == cmd->handles[1];
}
EXPORT_SYMBOL_IF_KUNIT(puck_format_check);

/**
 * puck_pixel_at - find a pixel in memory
 * @offset: of the first one, as the two below of a format with one plane
 * @pitch: bytes from line to line
 * @bytes: of a pixel
 * @x: its column
 * @y: its line
 *
 * Return: offset, bytes.
 */
u64 puck_pixel_at(u32 offset, u32 pitch, u32 bytes, u32 x, u32 y)
{
	return offset + (u64)y * pitch + (u64)x * bytes;
}
EXPORT_SYMBOL_IF_KUNIT(puck_pixel_at);

static bool puck_rects_scale(u32 src, u32 dst)
{
	/* Both are less than 2^30. */
	u64 shown = (u64)dst << 16;

	return shown * PUCK_PLANE_SCALE_MAX >= src &&
	       shown <= (u64)src * PUCK_PLANE_SCALE_MAX;
}

static bool puck_rects_scale_check(const struct puck_rects *rects, unsigned int plane)
{
	if (plane == PUCK_PLANE_OVERLAY)
		return puck_rects_scale(rects->src_w, rects->dst_w) &&
		       puck_rects_scale(rects->src_h, rects->dst_h);
	return rects->dst_w << 16 == rects->src_w && rects->dst_h << 16 == rects->src_h &&
	       !((rects->src_x | rects->src_y) & 0xffff);
}

/**
 * puck_rects_check - see whether a plane can show these rectangles
 * @rects: what and where
 * @plane: PUCK_PLANE_*
 *
 * Return: true if it can.
 */
bool puck_rects_check(const struct puck_rects *rects, unsigned int plane)
{
	u32 dst_max = plane == PUCK_PLANE_CURSOR ? PUCK_PLANE_CURSOR_MAX : PUCK_PLANE_DST_MAX;
	u64 src_max = (u64)PUCK_PLANE_SRC_MAX << 16;

	if (rects->src_w < 1 << 16 || rects->src_h < 1 << 16 ||
	    (u64)rects->src_x + rects->src_w > src_max ||
	    (u64)rects->src_y + rects->src_h > src_max)
		return false;
	if (!rects->dst_w || rects->dst_w > dst_max || !rects->dst_h || rects->dst_h > dst_max)
		return false;
	if (rects->dst_x < PUCK_PLANE_POS_MIN || rects->dst_x > PUCK_PLANE_POS_MAX ||
	    rects->dst_y < PUCK_PLANE_POS_MIN || rects->dst_y > PUCK_PLANE_POS_MAX)
		return false;
	return puck_rects_scale_check(rects, plane);
}
EXPORT_SYMBOL_IF_KUNIT(puck_rects_check);

static bool puck_timings_one(u32 shown, u32 total)
{
	return shown >= PUCK_DISPLAY_DIM_MIN_VALUE && shown <= PUCK_DISPLAY_DIM_MAX_VALUE &&
	       total >= shown && total <= U16_MAX;
}

/**
 * puck_timings_check - see whether a head can have timings
 * @mode: the timings
 *
 * Return: true if it can.
 */
bool puck_timings_check(const struct drm_display_mode *mode)
{
	u64 period;

	if (mode->flags & (DRM_MODE_FLAG_INTERLACE | DRM_MODE_FLAG_DBLSCAN |
			   DRM_MODE_FLAG_3D_MASK) || mode->vscan > 1)
		return false;
	if (!puck_timings_one(mode->hdisplay, mode->htotal) ||
	    !puck_timings_one(mode->vdisplay, mode->vtotal) || mode->vtotal == mode->vdisplay)
		return false;
	if (mode->clock <= 0)
		return false;
	period = div_u64((u64)mode->htotal * mode->vtotal * 1000000, mode->clock);
	return period >= PUCK_DISPLAY_PERIOD_MIN_NS && period <= PUCK_DISPLAY_PERIOD_MAX_NS;
}
EXPORT_SYMBOL_IF_KUNIT(puck_timings_check);
