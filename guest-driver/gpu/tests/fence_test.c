// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of fences (sched/fence.h): when it is looked whether one came without its interrupt,
 * that is what a deadline makes of the period, for all that a deadline can be; and who keeps one
 * that is being signalled.
 */
#include <linux/ktime.h>

#include <kunit/test.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "sched/fence.h"
#include "sched/ring.h"

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

struct fence_owner {
	struct dma_fence_cb cb;
	unsigned int left;
};

/* As the release of the job on another CPU, which need not wait for the callbacks. */
static void fence_test_drop(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct fence_owner *owner = container_of(cb, struct fence_owner, cb);

	dma_fence_put(fence);
	/* Without any the memory stays until the lock of the fence is let go of. */
	owner->left = kref_read(&fence->refcount);
}

static void fence_test_signaller(struct kunit *test)
{
	struct puck_ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);
	struct fence_owner owner = { .left = 0 };
	struct puck_fence *fence;

	KUNIT_ASSERT_NOT_NULL(test, ring);
	/* The trace point names it. */
	ring->puck = kunit_kzalloc(test, sizeof(*ring->puck), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ring->puck);
	kref_init(&ring->ref);
	spin_lock_init(&ring->lock);
	fence = puck_fence_alloc(ring);
	KUNIT_ASSERT_NOT_NULL(test, fence);
	puck_fence_init(fence, dma_fence_context_alloc(1), 1);
	KUNIT_ASSERT_EQ(test, dma_fence_add_callback(&fence->base, &owner.cb, fence_test_drop), 0);

	spin_lock_irq(&ring->lock);
	puck_fence_signal(fence, 0);
	spin_unlock_irq(&ring->lock);
	KUNIT_EXPECT_EQ(test, owner.left, 1);
	/* The fence has a reference to the ring. */
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, kref_read(&ring->ref), 1);
}

static struct kunit_case fence_test_cases[] = {
	KUNIT_CASE(fence_test_signaller),
	KUNIT_CASE_PARAM(fence_test_look_in, fence_cases_gen_params),
	{ }
};

static struct kunit_suite fence_test_suite = {
	.name = "puck_gpu_fence",
	.test_cases = fence_test_cases,
};

kunit_test_suite(fence_test_suite);
