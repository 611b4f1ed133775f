// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pixel formats, and how a picture lies in a buffer (docs/specs/camera.rst, "Formats").
 */
#include <linux/build_bug.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include <media/v4l2-common.h>

#include <kunit/visibility.h>

#include "video/format.h"

static const struct puck_cam_info puck_cam_infos[] = {
	{ V4L2_PIX_FMT_NV12, PUCK_CAM_FORMAT_NV12, 1, 1, true, false },
	{ V4L2_PIX_FMT_NV12M, PUCK_CAM_FORMAT_NV12M, 2, 1, true, false },
	{ V4L2_PIX_FMT_YUYV, PUCK_CAM_FORMAT_YUYV, 1, 2, false, false },
	{ V4L2_PIX_FMT_UYVY, PUCK_CAM_FORMAT_UYVY, 1, 2, false, false },
	{ V4L2_PIX_FMT_XBGR32, PUCK_CAM_FORMAT_XRGB8888, 1, 4, false, true },
	{ V4L2_PIX_FMT_RGB24, PUCK_CAM_FORMAT_RGB24, 1, 3, false, true },
	{ V4L2_PIX_FMT_GREY, PUCK_CAM_FORMAT_GREY, 1, 1, false, false },
};

static_assert(PUCK_CAM_PART_SIZE_MAX < S32_MAX);

static bool puck_cam_info_is_there(const struct puck_cam_info *info, u32 codes, u32 parts_max)
{
	return BIT(info->code) & codes && info->parts <= parts_max;
}

/**
 * puck_cam_info_get - the pixel formats, one after the other
 * @index: from 0 on
 * @codes: bit n: the device has FORMAT n
 * @parts_max: memory planes that the API has
 *
 * Return: the format, or NULL behind the last one.
 */
const struct puck_cam_info *puck_cam_info_get(u32 index, u32 codes, u32 parts_max)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(puck_cam_infos); i++)
		if (puck_cam_info_is_there(&puck_cam_infos[i], codes, parts_max) && !index--)
			return &puck_cam_infos[i];
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_info_get);

/**
 * puck_cam_info_find - look a pixel format up
 * @fourcc: V4L2's name for it
 * @codes: bit n: the device has FORMAT n
 * @parts_max: memory planes that the API has
 *
 * Return: the format; the first one there is if there is none of that name, as V4L2 wants it.
 */
const struct puck_cam_info *puck_cam_info_find(u32 fourcc, u32 codes, u32 parts_max)
{
	const struct puck_cam_info *info;
	u32 i;

	for (i = 0; (info = puck_cam_info_get(i, codes, parts_max)); i++)
		if (info->fourcc == fourcc)
			return info;
	return puck_cam_info_get(0, codes, parts_max);
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_info_find);

/**
 * puck_cam_format_adjust - make of what is asked for what can be had
 * @format: its pixel format is set; size and strides may be anything, 0 for a stride is the
 *          shortest one. Sizes of parts are filled in
 */
void puck_cam_format_adjust(struct puck_cam_format *format)
{
	const struct puck_cam_info *info = format->info;
	u32 line, i;

	v4l_bound_align_image(&format->width, PUCK_CAM_DIM_MIN, PUCK_CAM_WIDTH_MAX, 1,
			      &format->height, PUCK_CAM_DIM_MIN, PUCK_CAM_HEIGHT_MAX, 1, 0);
	line = format->width * info->bytes;
	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
		if (i >= info->parts)
			line = 0;
		/* Chroma comes in pairs of bytes, and a line of an even width is even. */
		format->stride[i] = line ? clamp(format->stride[i], line, PUCK_CAM_STRIDE_MAX) & ~1u : 0;
		format->size[i] = format->stride[i] * (i ? format->height / 2 : format->height);
	}
	if (info->chroma && info->parts == 1)
		format->size[0] += format->size[0] / 2;
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_format_adjust);

/**
 * puck_cam_format_read - take size and strides from V4L2's structure
 * @format: its pixel format is set; the rest is filled in, and adjusted
 * @f: of either API
 */
void puck_cam_format_read(struct puck_cam_format *format, const struct v4l2_format *f)
{
	u32 i;

	memset(format->stride, 0, sizeof(format->stride));
	if (V4L2_TYPE_IS_MULTIPLANAR(f->type)) {
		format->width = f->fmt.pix_mp.width;
		format->height = f->fmt.pix_mp.height;
		for (i = 0; i < format->info->parts; i++)
			format->stride[i] = f->fmt.pix_mp.plane_fmt[i].bytesperline;
	} else {
		format->width = f->fmt.pix.width;
		format->height = f->fmt.pix.height;
		format->stride[0] = f->fmt.pix.bytesperline;
	}
	puck_cam_format_adjust(format);
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_format_read);

static void puck_cam_format_write_single(const struct puck_cam_format *format,
					 struct v4l2_pix_format *pix)
{
	*pix = (struct v4l2_pix_format){
		.width = format->width,
		.height = format->height,
		.pixelformat = format->info->fourcc,
		.field = V4L2_FIELD_NONE,
		.bytesperline = format->stride[0],
		.sizeimage = format->size[0],
		.colorspace = V4L2_COLORSPACE_SMPTE170M,
		.priv = V4L2_PIX_FMT_PRIV_MAGIC,
		.ycbcr_enc = V4L2_YCBCR_ENC_601,
		.quantization = format->info->rgb ? V4L2_QUANTIZATION_FULL_RANGE :
				V4L2_QUANTIZATION_LIM_RANGE,
		.xfer_func = V4L2_XFER_FUNC_709,
	};
}

static void puck_cam_format_write_multi(const struct puck_cam_format *format,
					struct v4l2_pix_format_mplane *pix)
{
	u32 i;

	*pix = (struct v4l2_pix_format_mplane){
		.width = format->width,
		.height = format->height,
		.pixelformat = format->info->fourcc,
		.field = V4L2_FIELD_NONE,
		.colorspace = V4L2_COLORSPACE_SMPTE170M,
		.num_planes = format->info->parts,
		.ycbcr_enc = V4L2_YCBCR_ENC_601,
		.quantization = format->info->rgb ? V4L2_QUANTIZATION_FULL_RANGE :
				V4L2_QUANTIZATION_LIM_RANGE,
		.xfer_func = V4L2_XFER_FUNC_709,
	};
	for (i = 0; i < format->info->parts; i++) {
		pix->plane_fmt[i].bytesperline = format->stride[i];
		pix->plane_fmt[i].sizeimage = format->size[i];
	}
}

/**
 * puck_cam_format_write - fill V4L2's structure in
 * @format: the format
 * @f: its type says of which API it is
 */
void puck_cam_format_write(const struct puck_cam_format *format, struct v4l2_format *f)
{
	if (V4L2_TYPE_IS_MULTIPLANAR(f->type))
		puck_cam_format_write_multi(format, &f->fmt.pix_mp);
	else
		puck_cam_format_write_single(format, &f->fmt.pix);
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_format_write);
