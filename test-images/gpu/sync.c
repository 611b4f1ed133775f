// SPDX-License-Identifier: MIT
/*
 * Who waits for whom: sync_files, syncobjs, timelines, and implicit sync
 * between two rings, with data or fences made late.
 */
#include <pthread.h>

#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/sync.h"

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
	struct drm_puck_submit args = job(puck.queue[ring], &ref, 1, &cmd, 1);

	args.flags = flags;
	return submit_fd(puck.fd, &args);
}

static int copy_on(uint32_t ring, const struct bo *src, const struct bo *dst, uint32_t flags)
{
	struct drm_puck_bo_ref refs[] = { ref_read(src), ref_write(dst) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, src->size);
	struct drm_puck_submit args = job(puck.queue[ring], refs, 2, &cmd, 1);

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
	bo_wait(puck.fd, bo, DRM_PUCK_WAIT_WRITE, FOREVER_NS);
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
	struct drm_puck_submit args = job_empty(puck.queue[1]);
	int first, second;

	puck_set(&puck, 0, "hold", 1);
	first = fill_on(0, &a, 0x22222222, 0);
	args.flags = DRM_PUCK_SUBMIT_IN_FENCE_FD;
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
	const char *kind = point ? "timeline" : "binary";
	struct drm_puck_submit args;
	struct drm_puck_sync sync;
	uint32_t handle;
	int second;

	ktap_need(!syncobj_create(puck.fd, &handle), "%s: create", kind);
	sync = sync_wait(handle, point);
	args = job_syncs(puck.queue[0], &sync, 1);
	ktap_ok(submit(puck.fd, &args) == -EINVAL, "%s: bad_handle of one without a fence", kind);
	puck_set(&puck, 0, "hold", 1);
	sync = sync_signal(handle, point);
	ktap_ok(!submit(puck.fd, &args), "%s: signal", kind);
	ktap_ok(syncobj_wait(puck.fd, handle, point, 0) == -ETIME,
		"%s: not signalled while it is held", kind);

	sync = sync_wait(handle, point);
	args = job_syncs(puck.queue[1], &sync, 1);
	second = submit_fd(puck.fd, &args);
	ktap_ok(second >= 0 && fence_wait(second, LATE_MS) == -ETIME, "%s: wait", kind);
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(second, FOREVER_MS) == 1 && !syncobj_wait(puck.fd, handle, point, 0),
		"%s: the second job comes after the first", kind);
	if (point) {
		sync = sync_wait(handle, point + 1);
		args = job_syncs(puck.queue[1], &sync, 1);
		ktap_ok(submit(puck.fd, &args) == -EINVAL, "%s: bad_point not reached", kind);
	}
	syncobj_destroy(puck.fd, handle);
}

/* Three points of one timeline, out of one job each; all is over with the last. */
static void test_timeline_points(void)
{
	uint64_t points[] = { 1, 7, 0x100000001ull };
	struct drm_puck_sync sync;
	uint32_t handle;
	unsigned int i;
	bool ok = true;

	ktap_need(!syncobj_create(puck.fd, &handle), "points: create");
	for (i = 0; i < ARRAY_SIZE(points); i++) {
		struct drm_puck_submit args = job_syncs(puck.queue[i % 2], &sync, 1);

		sync = sync_signal(handle, points[i]);
		ok = ok && !submit(puck.fd, &args);
	}
	ktap_ok(ok, "points: submit");
	ktap_ok(!syncobj_wait(puck.fd, handle, points[2], FOREVER_NS),
		"points: the last one beyond 32 bits is reached");
	ktap_ok(!syncobj_wait(puck.fd, handle, 3, 0), "points: one in between is, too");
	syncobj_destroy(puck.fd, handle);
}

/*
 * One entry that says both: the job waits for the fence that is there, and puts its own
 * in its place. So the job on ring 1 waits for ring 0, and never for itself.
 */
static void test_wait_and_signal(uint64_t point)
{
	const char *kind = point ? "both, timeline" : "both, binary";
	struct drm_puck_submit args;
	struct drm_puck_sync sync;
	uint32_t handle;
	int second;

	ktap_need(!syncobj_create(puck.fd, &handle), "%s: create", kind);
	sync = sync_signal(handle, point);
	puck_set(&puck, 0, "hold", 1);
	args = job_syncs(puck.queue[0], &sync, 1);
	ktap_need(!submit(puck.fd, &args), "%s: the first job", kind);
	sync = sync_entry(handle, point, DRM_PUCK_SYNC_WAIT | DRM_PUCK_SYNC_SIGNAL);
	args = job_syncs(puck.queue[1], &sync, 1);
	second = submit_fd(puck.fd, &args);
	ktap_ok(second >= 0 && fence_wait(second, LATE_MS) == -ETIME, "%s: waits for the first", kind);
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_wait(second, FOREVER_MS) == 0 && fence_status(second) == 1 &&
		!syncobj_wait(puck.fd, handle, point, 0), "%s: and signals", kind);
	close(second);
	syncobj_destroy(puck.fd, handle);
}

/* Waits for one entry of many, and signals another two. */
static void test_many_syncs(void)
{
	struct drm_puck_sync syncs[3];
	struct drm_puck_submit args;
	uint32_t handles[3], i;
	int second;

	for (i = 0; i < 3; i++)
		ktap_need(!syncobj_create(puck.fd, &handles[i]), "many: create");
	syncs[0] = sync_signal(handles[0], 0);
	puck_set(&puck, 0, "hold", 1);
	args = job_syncs(puck.queue[0], syncs, 1);
	ktap_need(!submit(puck.fd, &args), "many: the first job");
	syncs[0] = sync_signal(handles[1], 9);
	syncs[1] = sync_wait(handles[0], 0);
	syncs[2] = sync_signal(handles[2], 0);
	args = job_syncs(puck.queue[1], syncs, 3);
	second = submit_fd(puck.fd, &args);
	ktap_ok(second >= 0 && fence_wait(second, LATE_MS) == -ETIME &&
		syncobj_wait(puck.fd, handles[1], 9, 0) == -ETIME &&
		syncobj_wait(puck.fd, handles[2], 0, 0) == -ETIME, "many: nothing is signalled yet");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(second, FOREVER_MS) == 1 && !syncobj_wait(puck.fd, handles[1], 9, 0) &&
		!syncobj_wait(puck.fd, handles[2], 0, 0), "many: both are signalled");
	for (i = 0; i < 3; i++)
		syncobj_destroy(puck.fd, handles[i]);
}

/* A syncobj that is named more than once gets the fence by each of the entries. */
static void test_twice(void)
{
	struct drm_puck_sync syncs[4];
	struct drm_puck_submit args;
	uint32_t binary, timeline;

	ktap_need(!syncobj_create(puck.fd, &binary) && !syncobj_create(puck.fd, &timeline),
		  "twice: create");
	syncs[0] = sync_signal(binary, 0);
	syncs[1] = sync_signal(timeline, 2);
	syncs[2] = sync_signal(binary, 0);
	syncs[3] = sync_signal(timeline, 4);
	puck_set(&puck, 0, "hold", 1);
	args = job_syncs(puck.queue[0], syncs, 4);
	ktap_ok(!submit(puck.fd, &args) && syncobj_wait(puck.fd, binary, 0, 0) == -ETIME &&
		syncobj_wait(puck.fd, timeline, 2, 0) == -ETIME &&
		syncobj_wait(puck.fd, timeline, 4, 0) == -ETIME, "twice: nothing is signalled yet");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(!syncobj_wait(puck.fd, binary, 0, FOREVER_NS) &&
		!syncobj_wait(puck.fd, timeline, 2, FOREVER_NS) &&
		!syncobj_wait(puck.fd, timeline, 4, FOREVER_NS), "twice: each point is");
	syncobj_destroy(puck.fd, binary);
	syncobj_destroy(puck.fd, timeline);
}

struct waiter {
	uint32_t handle;
	uint64_t point;
	int ready;		/* a pipe: it is about to wait */
	int ret;
};

/* Waits until somebody has submitted what the point will be signalled by, and no longer. */
static void *wait_available(void *arg)
{
	struct waiter *w = arg;

	w->ret = write(w->ready, "", 1) == 1 ?
		syncobj_wait_flags(puck.fd, w->handle, w->point, FOREVER_NS,
				   DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE) : -EPIPE;
	return NULL;
}

/*
 * Wait before signal, as the header says: in user space, until the point is there, and
 * the job that waits for it is submitted then.
 */
static void test_wait_before_signal(void)
{
	struct waiter w = { .point = 3 };
	struct drm_puck_submit args;
	struct drm_puck_sync sync;
	int ready[2], second;
	pthread_t thread;
	char byte;

	ktap_need(!syncobj_create(puck.fd, &w.handle) && !pipe(ready), "wait before signal: create");
	w.ready = ready[1];
	sync = sync_wait(w.handle, w.point);
	args = job_syncs(puck.queue[1], &sync, 1);
	ktap_ok(submit(puck.fd, &args) == -EINVAL, "wait before signal: no job may do it");
	ktap_need(!pthread_create(&thread, NULL, wait_available, &w) && read(ready[0], &byte, 1) == 1,
		  "wait before signal: a thread");
	puck_set(&puck, 0, "hold", 1);
	sync = sync_signal(w.handle, w.point);
	args = job_syncs(puck.queue[0], &sync, 1);
	ktap_need(!submit(puck.fd, &args), "wait before signal: the first job");
	pthread_join(thread, NULL);
	ktap_ok(!w.ret && syncobj_wait(puck.fd, w.handle, w.point, 0) == -ETIME,
		"wait before signal: the point is there and not signalled (%d)", w.ret);
	sync = sync_wait(w.handle, w.point);
	args = job_syncs(puck.queue[1], &sync, 1);
	second = submit_fd(puck.fd, &args);
	ktap_ok(second >= 0 && fence_status(second) == 0, "wait before signal: the job is submitted");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(second, FOREVER_MS) == 1, "wait before signal: and completes");
	syncobj_destroy(puck.fd, w.handle);
	close(ready[0]);
	close(ready[1]);
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
	second = fill_on(1, &a, 0xcccccccc, DRM_PUCK_SUBMIT_NO_IMPLICIT);
	ktap_ok(fence_result(second, FOREVER_MS) == 1 && fence_status(first) == 0,
		"NO_IMPLICIT does not wait");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(first, FOREVER_MS) == 1, "the held writer completes when let go");
}

static int fill_both_on(uint32_t ring, uint32_t a_flags, uint32_t b_flags)
{
	struct drm_puck_bo_ref refs[] = { ref_write(&a), ref_write(&b) };
	struct drm_puck_cmd cmds[] = { cmd_fill(0, 0, SIZE, 0), cmd_fill(1, 0, SIZE, 0) };
	struct drm_puck_submit args = job(puck.queue[ring], refs, 2, cmds, 2);

	refs[0].flags |= a_flags;
	refs[1].flags |= b_flags;
	return submit_fd(puck.fd, &args);
}

/* The same for one BO of two: a job that says so of the BO in use does not wait. */
static void test_ref_no_implicit(void)
{
	uint32_t flag = DRM_PUCK_REF_NO_IMPLICIT;
	int held, free, waits;

	puck_set(&puck, 0, "hold", 1);
	held = fill_on(0, &a, 0xdddddddd, 0);
	free = fill_both_on(1, flag, 0);
	ktap_ok(fence_wait(free, FOREVER_MS) == 0 && fence_status(free) == 1 &&
		fence_status(held) == 0, "REF_NO_IMPLICIT of the BO in use does not wait");
	close(free);
	free = fill_both_on(1, flag, flag);
	ktap_ok(fence_result(free, FOREVER_MS) == 1 && fence_status(held) == 0,
		"REF_NO_IMPLICIT of both does not wait");
	waits = fill_both_on(1, 0, flag);
	ktap_ok(fence_wait(waits, LATE_MS) == -ETIME, "REF_NO_IMPLICIT of the other BO waits");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(waits, FOREVER_MS) == 1 && fence_result(held, FOREVER_MS) == 1,
		"and completes behind it");
}

/* Its fence is left with the BO like any other, and others wait for it. */
static void test_ref_no_implicit_is_seen(void)
{
	struct drm_puck_bo_ref ref = ref_write(&a);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0xeeeeeeee);
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);
	int first, second;

	ref.flags |= DRM_PUCK_REF_NO_IMPLICIT;
	puck_set(&puck, 0, "hold", 1);
	first = submit_fd(puck.fd, &args);
	second = fill_on(1, &a, 0xffffffff, 0);
	ktap_ok(fence_wait(second, LATE_MS) == -ETIME, "a job with REF_NO_IMPLICIT is waited for");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(first, FOREVER_MS) == 1 && fence_result(second, FOREVER_MS) == 1,
		"and both complete");
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
	ktap_ok(bo_wait(puck.fd, &a, DRM_PUCK_WAIT_WRITE, 20 * NSEC_PER_MSEC) == -ETIME,
		"gem_wait: what is being read cannot be written");
	/* RELEASE is for what is held by now, and the job may be on its way there. */
	do {
		puck_set(&puck, 0, "release", 1);
		ret = bo_wait(puck.fd, &b, DRM_PUCK_WAIT_WRITE, 20 * NSEC_PER_MSEC);
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
	test_wait_and_signal(0);
	test_wait_and_signal(5);
	test_many_syncs();
	test_twice();
	test_wait_before_signal();
	test_raw();
	test_war();
	test_waw();
	test_rar();
	test_no_implicit();
	test_ref_no_implicit();
	test_ref_no_implicit_is_seen();
	test_gem_wait();
	test_order();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
