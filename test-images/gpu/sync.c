// SPDX-License-Identifier: MIT
/*
 * Who waits for whom: sync_files, syncobjs, timelines, and implicit sync
 * between two rings, with data or fences made late.
 */
#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"

#include <errno.h>

#define SIZE (64 << 10)
#define LATE_MS 60

static struct puck puck;
static struct bo a, b;

/* A fill of @bo with @value on @ring; returns the out-fence. */
static int fill_on(uint32_t ring, const struct bo *bo, uint32_t value, uint32_t flags)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value);
	struct drm_puck_submit args = job(ring, &ref, 1, &cmd, 1);

	args.flags = flags;
	return submit_fd(puck.fd, &args);
}

static int copy_on(uint32_t ring, const struct bo *src, const struct bo *dst, uint32_t flags)
{
	struct drm_puck_bo_ref refs[] = { ref_read(src), ref_write(dst) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, src->size);
	struct drm_puck_submit args = job(ring, refs, 2, &cmd, 1);

	args.flags = flags;
	return submit_fd(puck.fd, &args);
}

static bool all_are(const struct bo *bo, uint8_t value)
{
	uint64_t i;

	bo_wait(puck.fd, bo, 0, FOREVER_NS);
	for (i = 0; i < bo->size; i++)
		if (bo->map[i] != value)
			return false;
	return true;
}

static void set_all(const struct bo *bo, uint8_t value)
{
	bo_wait(puck.fd, bo, PUCK_WAIT_WRITE, FOREVER_NS);
	memset(bo->map, value, bo->size);
	bo_flush(puck.fd, bo);
}

/* ---- explicit ---- */

static void test_out_fence(void)
{
	int fence;

	puck_set(&puck, 0, "hold", 1);
	fence = fill_on(0, &a, 0x11111111, 0);
	ktap_need(fence >= 0, "out_fence: submit");
	ktap_ok(fence_status(fence) == 0, "out_fence: not signalled while it is held");
	ktap_ok(fence_wait(fence, 0) == -ETIME, "out_fence: poll says so too");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_wait(fence, FOREVER_MS) == 0, "out_fence: poll sees it signal");
	ktap_ok(fence_status(fence) == 1, "out_fence: status is good");
	close(fence);
}

/* Never early: a busy machine can only make it later. */
static void test_delay(void)
{
	int64_t begin = now_ns();
	int ret;

	puck_set(&puck, 0, "delay_ns", LATE_MS * NSEC_PER_MSEC);
	ret = fence_result(fill_on(0, &a, 0x12121212, 0), FOREVER_MS);
	ktap_ok(ret == 1 && now_ns() - begin >= LATE_MS * NSEC_PER_MSEC,
		"delay: as late as it was asked for (%lld us)",
		(long long)(now_ns() - begin) / 1000);
	puck_set(&puck, 0, "delay_ns", 0);
}

/* The job on ring 1 has no BO in common: only the in-fence makes it wait. */
static void test_in_fence(void)
{
	struct drm_puck_submit args = job(1, NULL, 0, NULL, 0);
	int first, second;

	puck_set(&puck, 0, "hold", 1);
	first = fill_on(0, &a, 0x22222222, 0);
	args.flags = PUCK_SUBMIT_IN_FENCE_FD;
	args.in_fence_fd = first;
	second = submit_fd(puck.fd, &args);
	ktap_need(first >= 0 && second >= 0, "in_fence: submit");
	ktap_ok(fence_wait(second, LATE_MS) == -ETIME, "in_fence: the second job waits");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_wait(second, FOREVER_MS) == 0 && fence_status(first) == 1,
		"in_fence: the second job comes after the first");
	close(first);
	close(second);
}

static void test_syncobj(uint64_t point)
{
	struct drm_puck_submit args = job(0, NULL, 0, NULL, 0);
	struct drm_puck_sync sync = { .point = point };
	const char *kind = point ? "timeline" : "binary";
	int second;

	ktap_need(!syncobj_create(puck.fd, &sync.handle), "%s: create", kind);
	puck_set(&puck, 0, "hold", 1);
	args.nout_syncs = 1;
	args.out_syncs = (uintptr_t)&sync;
	ktap_ok(!submit(puck.fd, &args), "%s: out", kind);
	ktap_ok(syncobj_wait(puck.fd, sync.handle, point, 0) == -ETIME,
		"%s: not signalled while it is held", kind);

	args = job(1, NULL, 0, NULL, 0);
	args.nin_syncs = 1;
	args.in_syncs = (uintptr_t)&sync;
	second = submit_fd(puck.fd, &args);
	ktap_ok(second >= 0 && fence_wait(second, LATE_MS) == -ETIME, "%s: in", kind);
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(second, FOREVER_MS) == 1 && !syncobj_wait(puck.fd, sync.handle, point, 0),
		"%s: the second job comes after the first", kind);
	if (point) {
		sync.point = point + 1;
		args.seqno = args.flags = args.out_fence_fd = 0;
		ktap_ok(submit(puck.fd, &args) == -EINVAL, "%s: bad_point not reached", kind);
	}
	syncobj_destroy(puck.fd, sync.handle);
}

/* Three points of one timeline, out of one job each; all is over with the last. */
static void test_timeline_points(void)
{
	uint64_t points[] = { 1, 7, 0x100000001ull };
	struct drm_puck_sync sync;
	unsigned int i;
	bool ok = true;

	ktap_need(!syncobj_create(puck.fd, &sync.handle), "points: create");
	sync.flags = 0;
	for (i = 0; i < ARRAY_SIZE(points); i++) {
		struct drm_puck_submit args = job(i % 2, NULL, 0, NULL, 0);

		sync.point = points[i];
		args.nout_syncs = 1;
		args.out_syncs = (uintptr_t)&sync;
		ok = ok && !submit(puck.fd, &args);
	}
	ktap_ok(ok, "points: submit");
	ktap_ok(!syncobj_wait(puck.fd, sync.handle, points[2], FOREVER_NS),
		"points: the last one beyond 32 bits is reached");
	ktap_ok(!syncobj_wait(puck.fd, sync.handle, 3, 0), "points: one in between is, too");
	syncobj_destroy(puck.fd, sync.handle);
}

/* ---- implicit ---- */

/* Read after write: the copy must see what the late fill writes. */
static void test_raw(void)
{
	int fill, copy;

	set_all(&a, 1);
	set_all(&b, 2);
	puck_set(&puck, 0, "start_delay_ns", LATE_MS * NSEC_PER_MSEC);
	fill = fill_on(0, &a, 0x33333333, 0);
	copy = copy_on(1, &a, &b, 0);
	ktap_ok(fence_result(copy, FOREVER_MS) == 1 && all_are(&b, 0x33), "read after write waits");
	puck_set(&puck, 0, "start_delay_ns", 0);
	close(fill);
}

/* Write after read: the fill must not overtake the late copy. */
static void test_war(void)
{
	int fill, copy;

	set_all(&a, 4);
	set_all(&b, 5);
	puck_set(&puck, 0, "start_delay_ns", LATE_MS * NSEC_PER_MSEC);
	copy = copy_on(0, &a, &b, 0);
	fill = fill_on(1, &a, 0x66666666, 0);
	ktap_ok(fence_result(fill, FOREVER_MS) == 1 && all_are(&b, 4) && all_are(&a, 0x66),
		"write after read waits");
	puck_set(&puck, 0, "start_delay_ns", 0);
	close(copy);
}

static void test_waw(void)
{
	int first, second;

	set_all(&a, 7);
	puck_set(&puck, 0, "start_delay_ns", LATE_MS * NSEC_PER_MSEC);
	first = fill_on(0, &a, 0x88888888, 0);
	second = fill_on(1, &a, 0x99999999, 0);
	ktap_ok(fence_result(second, FOREVER_MS) == 1 && fence_status(first) == 1 && all_are(&a, 0x99),
		"write after write waits");
	puck_set(&puck, 0, "start_delay_ns", 0);
	close(first);
}

/* Readers do not wait for each other. */
static void test_rar(void)
{
	int first, second;
	struct bo c;

	ktap_need(!bo_create(puck.fd, &c, SIZE), "create");
	set_all(&a, 10);
	puck_set(&puck, 0, "hold", 1);
	first = copy_on(0, &a, &b, 0);
	second = copy_on(1, &a, &c, 0);
	ktap_ok(fence_result(second, FOREVER_MS) == 1 && fence_status(first) == 0,
		"read after read does not wait");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(first, FOREVER_MS) == 1, "the held reader completes when let go");
	bo_close(puck.fd, &c);
}

static void test_no_implicit(void)
{
	int first, second;

	puck_set(&puck, 0, "hold", 1);
	first = fill_on(0, &a, 0xbbbbbbbb, 0);
	second = fill_on(1, &a, 0xcccccccc, PUCK_SUBMIT_NO_IMPLICIT);
	ktap_ok(fence_result(second, FOREVER_MS) == 1 && fence_status(first) == 0,
		"NO_IMPLICIT does not wait");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(first, FOREVER_MS) == 1, "the held writer completes when let go");
}

static void test_gem_wait(void)
{
	unsigned int looks = 0;
	int fence, ret;

	set_all(&a, 12);
	puck_set(&puck, 0, "hold", 1);
	fence = copy_on(0, &a, &b, 0);
	ktap_ok(bo_wait(puck.fd, &b, 0, 20 * NSEC_PER_MSEC) == -ETIME,
		"gem_wait: what is being written is not ready");
	ktap_ok(!bo_wait(puck.fd, &a, 0, 0), "gem_wait: what is being read can be read");
	ktap_ok(bo_wait(puck.fd, &a, PUCK_WAIT_WRITE, 20 * NSEC_PER_MSEC) == -ETIME,
		"gem_wait: what is being read cannot be written");
	/* RELEASE is for what is held by now, and the job may be on its way there. */
	do {
		puck_set(&puck, 0, "release", 1);
		ret = bo_wait(puck.fd, &b, PUCK_WAIT_WRITE, 20 * NSEC_PER_MSEC);
	} while (ret == -ETIME && patient(&looks));
	ktap_ok(!ret && all_are(&b, 12),
		"gem_wait: ready after RELEASE");
	puck_set(&puck, 0, "hold", 0);
	close(fence);
}

/* Jobs of one file on one ring keep their order, however late the fences are. */
static void test_order(void)
{
	int fences[8];
	unsigned int i;
	bool ok = true;

	puck_set(&puck, 0, "jitter_ns", 5 * NSEC_PER_MSEC);
	for (i = 0; i < ARRAY_SIZE(fences); i++)
		fences[i] = fill_on(0, &a, i * 0x01010101, 0);
	for (i = ARRAY_SIZE(fences); i--;)
		ok = fence_result(fences[i], FOREVER_MS) == 1 && ok;
	ktap_ok(ok && all_are(&a, ARRAY_SIZE(fences) - 1), "jobs of a ring complete in order");
	puck_set(&puck, 0, "jitter_ns", 0);
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE), "create");
	test_out_fence();
	test_delay();
	test_in_fence();
	test_syncobj(0);
	test_syncobj(5);
	test_timeline_points();
	test_raw();
	test_war();
	test_waw();
	test_rar();
	test_no_implicit();
	test_gem_wait();
	test_order();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
