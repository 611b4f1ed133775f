// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of when it is looked whether a fence came without its interrupt
 * (sched/fence.h): what a deadline makes of the period, for all that a deadline can be.
 */
#include <linux/ktime.h>

#include <kunit/test.h>

#include "sched/fence.h"

#define NOW		(1000 * NSEC_PER_SEC)
#define PERIOD		((unsigned long)HZ / 2)
#define JIFFY_NS	(NSEC_PER_SEC / HZ)

struct fence_case {
	const char *name;
	ktime_t deadline;
	unsigned long period;
	unsigned long delay;
};

static const struct fence_case fence_cases[] = {
	{ "now", NOW, PERIOD, PUCK_FENCE_OVERDUE },
	{ "a moment ago", NOW - 1, PERIOD, PUCK_FENCE_OVERDUE },
	{ "long ago", 0, PERIOD, PUCK_FENCE_OVERDUE },
	{ "before all times", KTIME_MIN, PERIOD, PUCK_FENCE_OVERDUE },
	{ "in a moment", NOW + 1, PERIOD, 1 },
	{ "in a jiffy", NOW + JIFFY_NS, PERIOD, 2 },
	{ "in three and a half", NOW + 3 * JIFFY_NS + JIFFY_NS / 2, PERIOD, 4 },
	{ "within the period", NOW + (PERIOD - 2) * JIFFY_NS, PERIOD, PERIOD - 1 },
	{ "behind the period", NOW + (PERIOD + 2) * JIFFY_NS, PERIOD, PERIOD },
	{ "tomorrow", NOW + 86400ll * NSEC_PER_SEC, PERIOD, PERIOD },
	{ "never", KTIME_MAX, PERIOD, PERIOD },
	{ "overdue, in a hurry anyway", NOW - 1, 1, 1 },
};

KUNIT_ARRAY_PARAM_DESC(fence_cases, fence_cases, name);

static void fence_test_look_in(struct kunit *test)
{
	const struct fence_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, puck_fence_look_in(c->deadline, NOW, c->period), c->delay);
}

static struct kunit_case fence_test_cases[] = {
	KUNIT_CASE_PARAM(fence_test_look_in, fence_cases_gen_params),
	{ }
};

static struct kunit_suite fence_test_suite = {
	.name = "puck_gpu_fence",
	.test_cases = fence_test_cases,
};

kunit_test_suite(fence_test_suite);
