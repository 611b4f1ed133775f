// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of times: frame intervals (sensor/timing.c), and what a device's time is in the
 * guest's clock (queue/done.c).
 */
#include <linux/module.h>
#include <linux/time64.h>

#include <kunit/test.h>

#include "abi/puck_cam.h"
#include "compat/base.h"
#include "queue/queue.h"
#include "sensor/timing.h"

/**
 * struct timing_case - a fraction that is asked for
 * @name: of the case
 * @asked: the fraction
 * @ns: what the register gets
 * @given: what is said to have been set
 */
struct timing_case {
	const char *name;
	struct v4l2_fract asked;
	u32 ns;
	struct v4l2_fract given;
};

static const struct timing_case timing_cases[] = {
	{ "thirty", { 1, 30 }, 33333333, { 1, 30 } },
	{ "sixty", { 1, 60 }, 16666666, { 1, 60 } },
	{ "ntsc", { 1001, 30000 }, 33366666, { 1001, 30000 } },
	{ "not_reduced", { 2, 60 }, 33333333, { 2, 60 } },
	{ "fastest", { 1, 240 }, 4166666, { 1, 240 } },
	{ "slowest", { 1, 1 }, 1000000000, { 1, 1 } },
	{ "too_fast", { 1, 241 }, 4166666, { 1, 240 } },
	{ "far_too_fast", { 1, U32_MAX }, 4166666, { 1, 240 } },
	{ "too_slow", { 2, 1 }, 1000000000, { 1, 1 } },
	{ "far_too_slow", { U32_MAX, 1 }, 1000000000, { 1, 1 } },
	{ "no_numerator", { 0, 30 }, 33333333, { 1, 30 } },
	{ "no_denominator", { 1, 0 }, 33333333, { 1, 30 } },
	{ "nothing", { 0, 0 }, 33333333, { 1, 30 } },
};

static void timing_test_describe(const struct timing_case *one, char *desc)
{
	strscpy(desc, one->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(timing_cases, timing_cases, timing_test_describe);

static void timing_test_interval(struct kunit *test)
{
	const struct timing_case *one = test->param_value;
	struct v4l2_fract given = puck_cam_interval_adjust(&one->asked);

	KUNIT_EXPECT_EQ(test, puck_cam_interval_to_ns(&one->asked), one->ns);
	KUNIT_EXPECT_EQ(test, given.numerator, one->given.numerator);
	KUNIT_EXPECT_EQ(test, given.denominator, one->given.denominator);
	/* What was given can be asked for, and changes nothing. */
	KUNIT_EXPECT_EQ(test, puck_cam_interval_to_ns(&given), one->ns);
}

/* Each register value comes back from its fraction, whatever it is. */
static void timing_test_registers(struct kunit *test)
{
	u32 ns;

	for (ns = PUCK_CAM_INTERVAL_MIN; ns <= PUCK_CAM_INTERVAL_MAX; ns += 123457) {
		struct v4l2_fract interval = puck_cam_interval_from_ns(ns);

		KUNIT_ASSERT_EQ(test, puck_cam_interval_to_ns(&interval), ns);
	}
}

static void timing_test_pixel_rate(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, puck_cam_pixel_rate(640, 280, 480, 45, 33333333), 14490000);
	/* The most that all registers can hold. */
	KUNIT_EXPECT_EQ(test, puck_cam_pixel_rate(4096, 8192, 2160, 4096, 4166666),
			18449697671ull);
}

static void timing_test_done_time(struct kunit *test)
{
	u64 second = NSEC_PER_SEC;

	KUNIT_EXPECT_EQ(test, puck_cam_done_time(100 * second, 7 * second, 5 * second),
			98 * second);
	KUNIT_EXPECT_EQ(test, puck_cam_done_time(100 * second, 7 * second, 7 * second),
			100 * second);
	/* Times that cannot be: to come, too long ago, or before the guest began. */
	KUNIT_EXPECT_EQ(test, puck_cam_done_time(100 * second, 7 * second, 8 * second),
			100 * second);
	KUNIT_EXPECT_EQ(test, puck_cam_done_time(100 * second, 70 * second, 0), 100 * second);
	KUNIT_EXPECT_EQ(test, puck_cam_done_time(second, 7 * second, 5 * second), second);
	KUNIT_EXPECT_EQ(test, puck_cam_done_time(100 * second, 0, U64_MAX), 100 * second);
	/* All ones: nobody answers. */
	KUNIT_EXPECT_EQ(test, puck_cam_done_time(100 * second, U64_MAX, 5 * second),
			100 * second);
}

static struct kunit_case timing_test_cases[] = {
	KUNIT_CASE_PARAM(timing_test_interval, timing_cases_gen_params),
	KUNIT_CASE(timing_test_registers),
	KUNIT_CASE(timing_test_pixel_rate),
	KUNIT_CASE(timing_test_done_time),
	{ }
};

static struct kunit_suite timing_test_suite = {
	.name = "puck_cam_timing",
	.test_cases = timing_test_cases,
};

kunit_test_suite(timing_test_suite);

PUCK_IMPORT_NS_KUNIT;
MODULE_DESCRIPTION("KUnit tests of puck-cam.ko");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
