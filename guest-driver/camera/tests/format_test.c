// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of pixel formats and of how a picture lies in a buffer (video/format.c).
 */
#include <kunit/test.h>

#include "video/format.h"

static const struct puck_cam_info *format_test_find(struct kunit *test, u32 fourcc)
{
	const struct puck_cam_info *info = puck_cam_info_find(fourcc, PUCK_CAM_FORMATS_ALL,
							      PUCK_CAM_PARTS_MAX);

	KUNIT_ASSERT_NOT_NULL(test, info);
	KUNIT_ASSERT_EQ(test, info->fourcc, fourcc);
	return info;
}

/**
 * struct format_case - what is asked for, and what comes of it
 * @name: of the case
 * @fourcc: pixel format
 * @width: asked for
 * @height: asked for
 * @stride: asked for, of each part
 * @got_width: had
 * @got_height: had
 * @got_stride: had
 * @got_size: bytes of each part
 */
struct format_case {
	const char *name;
	u32 fourcc;
	u32 width;
	u32 height;
	u32 stride[2];
	u32 got_width;
	u32 got_height;
	u32 got_stride[2];
	u32 got_size[2];
};

static const struct format_case format_cases[] = {
	{ "nv12", V4L2_PIX_FMT_NV12, 640, 480, {}, 640, 480, { 640 }, { 460800 } },
	{ "nv12_stride", V4L2_PIX_FMT_NV12, 64, 32, { 100 }, 64, 32, { 100 }, { 4800 } },
	{ "nv12m", V4L2_PIX_FMT_NV12M, 64, 32, { 100, 80 }, 64, 32, { 100, 80 }, { 3200, 1280 } },
	{ "yuyv", V4L2_PIX_FMT_YUYV, 64, 32, {}, 64, 32, { 128 }, { 4096 } },
	{ "uyvy", V4L2_PIX_FMT_UYVY, 64, 32, {}, 64, 32, { 128 }, { 4096 } },
	{ "xrgb", V4L2_PIX_FMT_XBGR32, 64, 32, {}, 64, 32, { 256 }, { 8192 } },
	{ "rgb24", V4L2_PIX_FMT_RGB24, 66, 32, {}, 66, 32, { 198 }, { 6336 } },
	{ "grey", V4L2_PIX_FMT_GREY, 64, 32, {}, 64, 32, { 64 }, { 2048 } },
	{ "bad_odd", V4L2_PIX_FMT_GREY, 65, 33, {}, 66, 34, { 66 }, { 2244 } },
	{ "bad_zero", V4L2_PIX_FMT_GREY, 0, 0, {}, 16, 16, { 16 }, { 256 } },
	{ "bad_huge", V4L2_PIX_FMT_GREY, U32_MAX, U32_MAX, {}, 4096, 2160, { 4096 }, { 8847360 } },
	{ "bad_stride_short", V4L2_PIX_FMT_YUYV, 64, 32, { 127 }, 64, 32, { 128 }, { 4096 } },
	{ "bad_stride_odd", V4L2_PIX_FMT_YUYV, 64, 32, { 131 }, 64, 32, { 130 }, { 4160 } },
	{ "bad_stride_huge", V4L2_PIX_FMT_NV12, 4096, 2160, { U32_MAX }, 4096, 2160, { 65536 },
	  { PUCK_CAM_PART_SIZE_MAX } },
	{ "bad_second_stride", V4L2_PIX_FMT_NV12, 64, 32, { 64, 200 }, 64, 32, { 64 }, { 3072 } },
};

static void format_test_describe(const struct format_case *one, char *desc)
{
	strscpy(desc, one->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(format_cases, format_cases, format_test_describe);

static struct puck_cam_format format_test_adjusted(struct kunit *test,
						   const struct format_case *one)
{
	struct puck_cam_format format = {
		.info = format_test_find(test, one->fourcc),
		.width = one->width, .height = one->height,
		.stride = { one->stride[0], one->stride[1] },
	};

	puck_cam_format_adjust(&format);
	return format;
}

static void format_test_adjust(struct kunit *test)
{
	const struct format_case *one = test->param_value;
	struct puck_cam_format format = format_test_adjusted(test, one);
	u32 i;

	KUNIT_EXPECT_EQ(test, format.width, one->got_width);
	KUNIT_EXPECT_EQ(test, format.height, one->got_height);
	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
		KUNIT_EXPECT_EQ(test, format.stride[i], one->got_stride[i]);
		KUNIT_EXPECT_EQ(test, format.size[i], one->got_size[i]);
	}
}

static void format_test_one_trip(struct kunit *test, const struct puck_cam_format *format,
				 u32 type)
{
	struct puck_cam_format again = { .info = format->info };
	struct v4l2_format f = { .type = type };
	u32 i;

	puck_cam_format_write(format, &f);
	puck_cam_format_read(&again, &f);
	KUNIT_EXPECT_EQ(test, again.width, format->width);
	KUNIT_EXPECT_EQ(test, again.height, format->height);
	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++)
		KUNIT_EXPECT_EQ(test, again.stride[i], format->stride[i]);
}

/* What was written into V4L2's structure is read back as the same, in either API. */
static void format_test_round_trip(struct kunit *test)
{
	struct puck_cam_format format = format_test_adjusted(test, test->param_value);

	format_test_one_trip(test, &format, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE);
	/* The single-planar API has no place for a second part. */
	if (format.info->parts == 1)
		format_test_one_trip(test, &format, V4L2_BUF_TYPE_VIDEO_CAPTURE);
}

static void format_test_infos(struct kunit *test)
{
	u32 one_part = 0, all = 0;

	while (puck_cam_info_get(one_part, PUCK_CAM_FORMATS_ALL, 1))
		one_part++;
	while (puck_cam_info_get(all, PUCK_CAM_FORMATS_ALL, PUCK_CAM_PARTS_MAX))
		all++;
	KUNIT_EXPECT_EQ(test, all, 7);
	KUNIT_EXPECT_EQ(test, one_part, 6);
	/* Formats that a device has not, and bits that no version has yet. */
	KUNIT_EXPECT_NULL(test, puck_cam_info_get(0, 0, PUCK_CAM_PARTS_MAX));
	KUNIT_EXPECT_NULL(test, puck_cam_info_get(0, ~PUCK_CAM_FORMATS_ALL, PUCK_CAM_PARTS_MAX));
	KUNIT_EXPECT_NULL(test, puck_cam_info_get(1, BIT(PUCK_CAM_FORMAT_GREY),
						  PUCK_CAM_PARTS_MAX));
	/* A name that is not there stands for the first one that is. */
	KUNIT_EXPECT_EQ(test, puck_cam_info_find(0, BIT(PUCK_CAM_FORMAT_GREY), 1)->fourcc,
			V4L2_PIX_FMT_GREY);
	KUNIT_EXPECT_EQ(test, puck_cam_info_find(V4L2_PIX_FMT_NV12M, PUCK_CAM_FORMATS_ALL, 1)->parts,
			1);
}

static struct kunit_case format_test_cases[] = {
	KUNIT_CASE_PARAM(format_test_adjust, format_cases_gen_params),
	KUNIT_CASE_PARAM(format_test_round_trip, format_cases_gen_params),
	KUNIT_CASE(format_test_infos),
	{ }
};

static struct kunit_suite format_test_suite = {
	.name = "puck_cam_format",
	.test_cases = format_test_cases,
};

kunit_test_suite(format_test_suite);
