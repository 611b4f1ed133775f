// SPDX-License-Identifier: MIT
/*
 * Fences of jobs in other hands: their errors where others can ask for them, sync_files out
 * of dma-bufs and into them, and deadlines.
 */
#include "lib/base/clock.h"
#include "lib/base/dmabuf.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/rules.h"
#include "lib/gpu/sync.h"

#include <errno.h>

#include <linux/dma-buf.h>

#define SIZE		(64 << 10)
#define LATE_MS		60
/* Of what is late; jobs that are not have to be over by then on a busy machine. */
#define TIMEOUT_MS	1000
#define HOUR_MS		(3600 * 1000)

static struct puck puck;
static struct bo a, b;

static int use(uint32_t ring, struct drm_puck_bo_ref ref, uint32_t flags, int in_fence)
{
	struct drm_puck_submit args = job(puck.queue[ring], &ref, 1, NULL, 0);

	args.flags = flags;
	args.in_fence_fd = in_fence;
	return submit_fd(puck.fd, &args);
}

static int empty(uint32_t ring)
{
	struct drm_puck_submit args = job_empty(puck.queue[ring]);

	return submit_fd(puck.fd, &args);
}

/* ---- errors ---- */

/* A job of ring 0 that is going to be late, with its fence in a syncobj as well. */
static int late_job(uint32_t handle, uint64_t point)
{
	struct drm_puck_sync sync = sync_signal(handle, point);
	struct drm_puck_submit args = job_syncs(puck.queue[0], &sync, 1);

	ktap_need(!puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS) && !puck_set(&puck, 0, "hold", 1),
		  "knobs");
	return submit_fd(puck.fd, &args);
}

static void all_is_well(void)
{
	puck_set(&puck, 0, "hold", 0);
	puck_set(&puck, 0, "timeout_ms", 10000);
}

/* The sync_file of a point of a timeline, by way of a binary syncobj. */
static int export_point(uint32_t handle, uint64_t point)
{
	struct drm_syncobj_transfer transfer = { .src_handle = handle, .src_point = point };
	struct drm_syncobj_handle export = { .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE };
	int ret = syncobj_create(puck.fd, &export.handle);

	transfer.dst_handle = export.handle;
	if (!ret)
		ret = puck_call(puck.fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &transfer);
	if (!ret)
		ret = puck_call(puck.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export);
	syncobj_destroy(puck.fd, export.handle);
	return ret ? ret : export.fd;
}

/* The status of the fences that a sync_file is made of, which is not that of what holds them. */
static int status_within(int fence)
{
	struct sync_fence_info fences[4] = { 0 };
	struct sync_file_info info = {
		.num_fences = 4, .sync_fence_info = (uintptr_t)fences,
	};

	return ioctl(fence, SYNC_IOC_FILE_INFO, &info) ? -errno : info.status;
}

static void test_error_in_timeline(void)
{
	uint32_t handle;
	int fence, point, ret;

	ktap_need(!syncobj_create(puck.fd, &handle), "timeline: create");
	fence = late_job(handle, 7);
	point = export_point(handle, 7);
	ktap_need(fence >= 0 && point >= 0, "timeline: submit (%d, %d)", fence, point);
	ktap_ok(status_within(point) == 0, "timeline: not signalled yet");
	ktap_ok(fence_result(fence, FOREVER_MS) == -ETIME, "timeline: the job is late");
	ret = fence_wait(point, FOREVER_MS);
	ktap_ok(!ret && status_within(point) == -ETIME, "timeline: its point says so (%d)",
		status_within(point));
	close(point);
	ret = syncobj_wait(puck.fd, handle, 7, 0);
	ktap_ok(!ret, "timeline: who waits for it is let go (%d)", ret);
	all_is_well();
	syncobj_destroy(puck.fd, handle);
}

/* Two fences in one file: the file has the error of either. */
static void test_error_in_merged(void)
{
	struct sync_merge_data merge = { .name = "both" };
	uint32_t handle;
	int good, bad, ret;

	ktap_need(!syncobj_create(puck.fd, &handle), "merged: create");
	puck_set(&puck, 1, "hold", 1);
	good = empty(1);
	bad = late_job(handle, 0);
	merge.fd2 = bad;
	ktap_need(!ioctl(good, SYNC_IOC_MERGE, &merge), "merged: merge");
	ktap_ok(fence_result(bad, FOREVER_MS) == -ETIME && fence_status(merge.fence) == 0,
		"merged: one failed, and the other one is to come");
	puck_set(&puck, 1, "hold", 0);
	ktap_ok(fence_result(good, FOREVER_MS) == 1, "merged: which is good");
	ret = fence_result(merge.fence, FOREVER_MS);
	ktap_ok(ret == -ETIME, "merged: the file has the error (%d)", ret);
	all_is_well();
	syncobj_destroy(puck.fd, handle);
}

/* An error is its job's alone: by fence or by BO, who waited runs, and has none. */
static void test_error_is_not_handed_on(void)
{
	uint32_t handle;
	int bad, by_fence, by_bo;

	ktap_need(!syncobj_create(puck.fd, &handle), "handed on: create");
	bad = late_job(handle, 0);
	by_fence = use(1, ref_read(&b), DRM_PUCK_SUBMIT_IN_FENCE_FD, bad);
	close(bad);
	bad = use(0, ref_write(&a), 0, 0);
	by_bo = use(1, ref_read(&a), 0, 0);
	ktap_ok(fence_result(bad, FOREVER_MS) == -ETIME, "handed on: a job is late");
	ktap_ok(fence_result(by_fence, FOREVER_MS) == 1, "handed on: not by an in-fence");
	ktap_ok(fence_result(by_bo, FOREVER_MS) == 1, "handed on: not by a BO");
	all_is_well();
	syncobj_destroy(puck.fd, handle);
}

/* ---- sync_files of dma-bufs ---- */

/* What a reader and a writer of the buffer would have to wait for, while a job is held. */
static void test_export(struct drm_puck_bo_ref ref, const char *who, int for_reader)
{
	int dmabuf = bo_export(puck.fd, &a);
	int held, reader, writer;

	ktap_need(dmabuf >= 0, "export: dma-buf");
	puck_set(&puck, 0, "hold", 1);
	held = use(0, ref, 0, 0);
	reader = dmabuf_fences(dmabuf, DMA_BUF_SYNC_READ);
	writer = dmabuf_fences(dmabuf, DMA_BUF_SYNC_WRITE);
	ktap_need(held >= 0 && reader >= 0 && writer >= 0, "export: %s", who);
	ktap_ok(fence_status(reader) == for_reader, "export: for %s who reads %s", who,
		for_reader ? "need not wait" : "waits");
	ktap_ok(fence_status(writer) == 0, "export: for %s who writes waits", who);
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(reader, FOREVER_MS) == 1 && fence_result(writer, FOREVER_MS) == 1 &&
		fence_result(held, FOREVER_MS) == 1, "export: behind %s all are signalled", who);
	close(dmabuf);
}

/* A fence of a job that knows nothing of the buffer is put there, and others wait for it. */
static void test_import(uint32_t flags, const char *as, bool reader_waits)
{
	int dmabuf = bo_export(puck.fd, &a);
	int held, reader, writer;

	puck_set(&puck, 0, "hold", 1);
	held = empty(0);
	ktap_ok(dmabuf >= 0 && !dmabuf_add_fence(dmabuf, flags, held), "import as %s", as);
	reader = use(1, ref_read(&a), 0, 0);
	if (reader_waits)
		ktap_ok(fence_wait(reader, LATE_MS) == -ETIME, "import as %s: a reader waits", as);
	else
		ktap_ok(fence_wait(reader, FOREVER_MS) == 0 && fence_status(held) == 0,
			"import as %s: a reader need not wait", as);
	writer = use(1, ref_write(&a), 0, 0);
	ktap_ok(fence_wait(writer, LATE_MS) == -ETIME, "import as %s: a writer waits", as);
	ktap_ok(bo_wait(puck.fd, &a, DRM_PUCK_WAIT_WRITE, LATE_MS * NSEC_PER_MSEC) == -ETIME,
		"import as %s: so does GEM_WAIT", as);
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(held, FOREVER_MS) == 1 && fence_result(reader, FOREVER_MS) == 1 &&
		fence_result(writer, FOREVER_MS) == 1, "import as %s: all come", as);
	close(dmabuf);
}

/* ---- deadlines ---- */

static int set_deadline(int fence, int64_t in_ns)
{
	struct sync_set_deadline args = { .deadline_ns = now_ns() + in_ns };

	return ioctl(fence, SYNC_IOC_SET_DEADLINE, &args) ? -errno : 0;
}

/*
 * The interrupt is lost, and nobody looks for the next hour. A deadline has somebody look
 * in time: without one the job's fence would not come.
 */
static void test_deadline(void)
{
	unsigned long number = puck_rule(&puck, "irq.raise", "vector=1 drop");
	int fence;

	puck_set(&puck, 0, "fallback_ms", HOUR_MS);
	puck_set(&puck, 0, "timeout_ms", HOUR_MS);
	fence = use(0, ref_write(&a), 0, 0);
	ktap_ok(fence_wait(fence, LATE_MS) == -ETIME, "deadline: without one the fence does not come");
	ktap_ok(!set_deadline(fence, NSEC_PER_MSEC), "deadline: set");
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "deadline: and it comes");
	puck_rule_done(number, 1);
}

/* It was set before the job was in the ring, and passed: from then on it is looked often. */
static void test_deadline_before(void)
{
	unsigned long number = puck_rule(&puck, "irq.raise", "vector=1 drop");
	int held, fence;

	puck_set(&puck, 1, "hold", 1);
	held = empty(1);
	fence = use(0, ref_write(&a), DRM_PUCK_SUBMIT_IN_FENCE_FD, held);
	ktap_ok(!set_deadline(fence, -NSEC_PER_SEC) && fence_wait(fence, LATE_MS) == -ETIME,
		"deadline before: the job waits for another one");
	puck_set(&puck, 1, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && fence_result(held, FOREVER_MS) == 1,
		"deadline before: it is the hardware fence's, too");
	puck_rule_done(number, 1);
}

/* Deadlines that make no difference: of a fence that has come, and in many years. */
static void test_deadline_idle(void)
{
	int fence = empty(0);

	ktap_ok(!set_deadline(fence, INT64_MAX / 2) && !fence_wait(fence, FOREVER_MS),
		"deadline: in many years");
	ktap_ok(!set_deadline(fence, 0) && fence_result(fence, FOREVER_MS) == 1,
		"deadline: for what has come already");
}

static void test_deadlines(void)
{
	struct sync_set_deadline probe = { 0 };
	int fence = empty(0), ret;

	ret = ioctl(fence, SYNC_IOC_SET_DEADLINE, &probe) ? -errno : 0;
	close(fence);
	if (ret == -ENOTTY || system("modprobe puck-mischief")) {
		ktap_skip("no deadlines, or no puck-mischief.ko", "deadlines");
		return;
	}
	test_deadline();
	test_deadline_before();
	puck_set(&puck, 0, "fallback_ms", 500);
	puck_set(&puck, 0, "timeout_ms", 10000);
	test_deadline_idle();
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE), "create");
	expect_begin("puck .*ring 0: job [0-9]+ is late, resetting the ring");
	test_error_in_timeline();
	test_error_in_merged();
	test_error_is_not_handed_on();
	expect_end();
	test_export(ref_write(&a), "a writer", 0);
	test_export(ref_read(&a), "a reader", 1);
	test_import(DMA_BUF_SYNC_WRITE, "a writer's", true);
	test_import(DMA_BUF_SYNC_READ, "a reader's", false);
	test_deadlines();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
