// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what a head can show (kms/format.c): the limits of docs/specs/display.rst, each
 * from both sides; and of what it shows at a panic.
 */
#include <linux/bitfield.h>

#include <drm/drm_fourcc.h>
#include <drm/drm_mode.h>
#include <drm/drm_modes.h>

#include <kunit/test.h>

#include "abi/puck_display.h"
#include "compat/gpu.h"
#include "kms/format.h"
#include "kms/regs.h"

#define PX(n)	((u32)(n) << 16)

struct rects_case {
	const char *name;
	unsigned int plane;
	struct puck_rects rects;
	bool good;
};

/* src_x, src_y, src_w, src_h, dst_x, dst_y, dst_w, dst_h */
static const struct rects_case rects_cases[] = {
	{ "one pixel", 0, { 0, 0, PX(1), PX(1), 0, 0, 1, 1 }, true },
	{ "less than one", 1, { 0, 0, PX(1) - 1, PX(1), 0, 0, 1, 1 }, false },
	{ "all there may be", 0, { 0, 0, PX(8192), PX(8192), 0, 0, 8192, 8192 }, true },
	{ "one more column", 0, { PX(1), 0, PX(8192), PX(1), 0, 0, 8192, 1 }, false },
	{ "a bit more", 1, { 1, 0, PX(8192), PX(1), 0, 0, 8192, 1 }, false },
	{ "a sum that wraps", 1, { 0xffffffff, 0, PX(1), PX(1), 0, 0, 1, 1 }, false },
	{ "no width", 1, { 0, 0, PX(1), PX(1), 0, 0, 0, 1 }, false },
	{ "no height", 1, { 0, 0, PX(1), PX(1), 0, 0, 1, 0 }, false },
	{ "too wide", 1, { 0, 0, PX(8192), PX(1), 0, 0, 8193, 1 }, false },
	{ "far to the left", 0, { 0, 0, PX(1), PX(1), -32768, 0, 1, 1 }, true },
	{ "farther", 0, { 0, 0, PX(1), PX(1), -32769, 0, 1, 1 }, false },
	{ "far down", 0, { 0, 0, PX(1), PX(1), 0, 32767, 1, 1 }, true },
	{ "farther down", 0, { 0, 0, PX(1), PX(1), 0, 32768, 1, 1 }, false },
	{ "first plane, scaled", 0, { 0, 0, PX(2), PX(2), 0, 0, 2, 3 }, false },
	{ "first plane, half a pixel", 0, { 0x8000, 0, PX(2), PX(2), 0, 0, 2, 2 }, false },
	{ "overlay, half a pixel", 1, { 0x8000, 0, PX(2), PX(2), 0, 0, 2, 2 }, true },
	{ "overlay, 16 times larger", 1, { 0, 0, PX(2), PX(2), 0, 0, 32, 2 }, true },
	{ "overlay, more than that", 1, { 0, 0, PX(2), PX(2), 0, 0, 33, 2 }, false },
	{ "overlay, 16 times smaller", 1, { 0, 0, PX(32), PX(2), 0, 0, 2, 2 }, true },
	{ "overlay, less than that", 1, { 0, 0, PX(32) + 1, PX(2), 0, 0, 2, 2 }, false },
	{ "cursor, as large as it may be", 2, { 0, 0, PX(256), PX(256), 0, 0, 256, 256 }, true },
	{ "cursor, larger", 2, { 0, 0, PX(257), PX(1), 0, 0, 257, 1 }, false },
	{ "cursor, scaled", 2, { 0, 0, PX(2), PX(2), 0, 0, 4, 4 }, false },
};

KUNIT_ARRAY_PARAM_DESC(rects_cases, rects_cases, name);

static void kms_test_rects(struct kunit *test)
{
	const struct rects_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, puck_rects_check(&c->rects, c->plane), c->good);
}

struct timings_case {
	const char *name;
	struct drm_display_mode mode;
	bool good;
};

#define TIMINGS(h, ht, v, vt, khz, ...)					\
	{ .hdisplay = (h), .htotal = (ht), .vdisplay = (v), .vtotal = (vt),	\
	  .clock = (khz), ##__VA_ARGS__ }

static const struct timings_case timings_cases[] = {
	{ "640 x 480", TIMINGS(640, 800, 480, 525, 25175), true },
	{ "the smallest", TIMINGS(16, 16, 16, 17, 60), true },
	{ "less columns", TIMINGS(15, 16, 16, 17, 60), false },
	{ "less lines", TIMINGS(16, 16, 15, 17, 60), false },
	{ "the largest", TIMINGS(4096, 4096, 4096, 4097, 600000), true },
	{ "more columns", TIMINGS(4097, 4097, 4096, 4097, 600000), false },
	{ "a line that ends too soon", TIMINGS(640, 639, 480, 525, 25175), false },
	{ "no blanking", TIMINGS(640, 800, 480, 480, 25175), false },
	{ "no clock", TIMINGS(640, 800, 480, 525, 0), false },
	{ "240 Hz", TIMINGS(100, 100, 99, 100, 2400), true },
	{ "a bit more", TIMINGS(100, 100, 99, 100, 2401), false },
	{ "1 Hz", TIMINGS(100, 100, 99, 100, 10), true },
	{ "less", TIMINGS(100, 100, 99, 100, 9), false },
	{ "half pictures", TIMINGS(640, 800, 480, 525, 25175, .flags = DRM_MODE_FLAG_INTERLACE),
	  false },
	{ "lines twice", TIMINGS(640, 800, 480, 525, 25175, .flags = DRM_MODE_FLAG_DBLSCAN),
	  false },
};

KUNIT_ARRAY_PARAM_DESC(timings_cases, timings_cases, name);

static void kms_test_timings(struct kunit *test)
{
	const struct timings_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, puck_timings_check(&c->mode), c->good);
}

struct format_case {
	const char *name;
	struct drm_mode_fb_cmd2 cmd;
	bool good;
};

#define FB(format, ...)		{ .pixel_format = (format), ##__VA_ARGS__ }

static const struct format_case format_cases[] = {
	{ "XRGB", FB(DRM_FORMAT_XRGB8888, .pitches = { 400 }, .offsets = { 8 }), true },
	{ "XRGB, pitch", FB(DRM_FORMAT_XRGB8888, .pitches = { 402 }), false },
	{ "XRGB, offset", FB(DRM_FORMAT_XRGB8888, .pitches = { 400 }, .offsets = { 2 }), false },
	{ "RGB565, pitch", FB(DRM_FORMAT_RGB565, .pitches = { 402 }), true },
	{ "RGB565, odd", FB(DRM_FORMAT_RGB565, .pitches = { 401 }), false },
	{ "NV12", FB(DRM_FORMAT_NV12, .handles = { 1, 1 }, .pitches = { 401, 402 },
		     .offsets = { 1, 1002 }), true },
	{ "NV12, chroma odd", FB(DRM_FORMAT_NV12, .handles = { 1, 1 }, .pitches = { 401, 401 }),
	  false },
	{ "NV12, chroma at odd", FB(DRM_FORMAT_NV12, .handles = { 1, 1 }, .pitches = { 401, 402 },
				    .offsets = { 0, 1001 }), false },
	{ "NV12, in two", FB(DRM_FORMAT_NV12, .handles = { 1, 2 }, .pitches = { 400, 400 }),
	  false },
};

KUNIT_ARRAY_PARAM_DESC(format_cases, format_cases, name);

static void kms_test_format(struct kunit *test)
{
	const struct format_case *c = test->param_value;
	const struct puck_format *format = puck_format_find(c->cmd.pixel_format);

	KUNIT_ASSERT_NOT_NULL(test, format);
	KUNIT_EXPECT_EQ(test, puck_format_check(format, &c->cmd), c->good);
}

/* What the planes are said to take is what is found, and nothing else is. */
static void kms_test_fourccs(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < PUCK_FORMATS; i++)
		KUNIT_EXPECT_NOT_NULL(test, puck_format_find(puck_fourccs[i]));
	KUNIT_EXPECT_NULL(test, puck_format_find(DRM_FORMAT_XBGR8888));
	KUNIT_EXPECT_NULL(test, puck_format_find(0));
}

/* The last pixel of the largest framebuffer is behind 4 GiB. */
static void kms_test_pixel(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, puck_pixel_at(0, 400, 4, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, puck_pixel_at(12, 402, 2, 3, 5), 12 + 5 * 402 + 3 * 2);
	KUNIT_EXPECT_EQ(test, puck_pixel_at(U32_MAX, U32_MAX, 4, 8191, 8191),
			U32_MAX + 8191ull * U32_MAX + 4 * 8191);
}

static void kms_test_panic(struct kunit *test)
{
	const struct puck_plane_regs plane = {
		.ctrl = ~0u & ~PUCK_PLANE_FORMAT & ~PUCK_PLANE_ALPHA,
		.addr = 0x1000, .pitch = 400, .dst_w = 100, .dst_h = 50, .dst_x = -1,
	};
	struct puck_plane_regs alone = plane;
	struct puck_head_regs *regs = kunit_kzalloc(test, sizeof(*regs), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, regs);
	regs->ctrl = PUCK_HEAD_ENABLE | PUCK_HEAD_USE_GAMMA;
	regs->flags = PUCK_HEAD_DAMAGE;
	regs->seqno = 7;
	for (i = 0; i < PUCK_DISPLAY_PLANES; i++)
		regs->plane[i].ctrl = PUCK_PLANE_ENABLE;
	puck_head_regs_panic(regs, &plane);
	KUNIT_EXPECT_EQ(test, regs->ctrl, PUCK_HEAD_ENABLE);
	KUNIT_EXPECT_EQ(test, regs->flags, 0);
	KUNIT_EXPECT_EQ(test, regs->seqno, 7);
	KUNIT_EXPECT_EQ(test, regs->plane[PUCK_PLANE_OVERLAY].ctrl, 0);
	KUNIT_EXPECT_EQ(test, regs->plane[PUCK_PLANE_CURSOR].ctrl, 0);
	/* Neither turned nor blended; all else as it was. */
	alone.ctrl = PUCK_PLANE_ENABLE | FIELD_PREP(PUCK_PLANE_ALPHA, 255);
	KUNIT_EXPECT_MEMEQ(test, &regs->plane[PUCK_PLANE_PRIMARY], &alone, sizeof(alone));
}

static struct kunit_case kms_test_list[] = {
	KUNIT_CASE_PARAM(kms_test_rects, rects_cases_gen_params),
	KUNIT_CASE_PARAM(kms_test_timings, timings_cases_gen_params),
	KUNIT_CASE_PARAM(kms_test_format, format_cases_gen_params),
	KUNIT_CASE(kms_test_fourccs),
	KUNIT_CASE(kms_test_pixel),
	KUNIT_CASE(kms_test_panic),
	{ }
};

static struct kunit_suite kms_test_suite = {
	.name = "puck-gpu-kms",
	.test_cases = kms_test_list,
};

kunit_test_suite(kms_test_suite);
