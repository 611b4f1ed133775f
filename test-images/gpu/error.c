// SPDX-License-Identifier: MIT
/*
 * Jobs that hang: the fence says so, the ring is reset, the jobs behind go on
 * where they were, and the other ring knows nothing of it.
 */
#include "lib/base/clock.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/sync.h"

#include <errno.h>

#define SIZE (64 << 10)
/* Of what is late; jobs that are not have to be over by then on a busy machine. */
#define TIMEOUT_MS 1000

static struct puck puck;
static struct bo a, b, c;

static int submit_cmds(uint32_t ring, struct drm_puck_cmd *cmds, uint32_t ncmds)
{
	struct drm_puck_bo_ref refs[] = { ref_both(&a), ref_both(&b) };
	struct drm_puck_submit args = job(puck.queue[ring], refs, 2, cmds, ncmds);

	args.flags = DRM_PUCK_SUBMIT_NO_IMPLICIT;
	return submit_fd(puck.fd, &args);
}

static int submit_fill(uint32_t ring, const struct bo *bo, uint32_t value)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value);
	struct drm_puck_submit args = job(puck.queue[ring], &ref, 1, &cmd, 1);

	return submit_fd(puck.fd, &args);
}

static bool all_are(const struct bo *bo, uint8_t value)
{
	uint64_t i;

	for (i = 0; i < bo->size; i++)
		if (bo->map[i] != value)
			return false;
	return true;
}

/* The fence of a finished job is held back: the job is late all the same. */
static void test_hold(void)
{
	int64_t begin = now_ns();
	int fence, ret;

	puck_set(&puck, 0, "hold", 1);
	fence = submit_fill(0, &a, 0x11111111);
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == -ETIME, "hold: the fence's error is ETIME (%d)", ret);
	ktap_ok(now_ns() - begin >= TIMEOUT_MS * NSEC_PER_MSEC, "hold: not before its time");
	puck_set(&puck, 0, "hold", 0);
	fence = submit_fill(0, &a, 0x22222222);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && all_are(&a, 0x22), "hold: the next job is good");
}

/* A job that never starts: its data must not be there either. */
static void test_start_delay(void)
{
	int fence, ret;

	memset(a.map, 0, SIZE);
	bo_flush(puck.fd, &a);
	puck_set(&puck, 0, "start_delay_ns", 5 * NSEC_PER_SEC);
	fence = submit_fill(0, &a, 0x33333333);
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == -ETIME && all_are(&a, 0), "hang: ETIME and no data (%d)", ret);
	puck_set(&puck, 0, "start_delay_ns", 0);
	fence = submit_fill(0, &a, 0x44444444);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && all_are(&a, 0x44), "hang: the next job is good");
}

/*
 * Three jobs are done but for their held fences. Only the first one is late.
 * The others must not be run again: each one's source is overwritten by then.
 */
static void test_innocent(void)
{
	struct drm_puck_cmd late = cmd_nop();
	struct drm_puck_cmd chain[] = {
		cmd_fill(0, 0, SIZE, 0x55555555),
		cmd_copy(0, 0, 1, 0, SIZE),
		cmd_fill(0, 0, SIZE, 0x66666666),
	};
	struct drm_puck_cmd more[] = {
		cmd_copy(0, 0, 1, 0, SIZE / 2),
		cmd_fill(0, 0, SIZE, 0x77777777),
	};
	int fences[3];

	puck_set(&puck, 0, "hold", 1);
	fences[0] = submit_cmds(0, &late, 1);
	fences[1] = submit_cmds(0, chain, 3);
	fences[2] = submit_cmds(0, more, 2);
	ktap_ok(fence_result(fences[0], FOREVER_MS) == -ETIME, "innocent: the first job is late");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fences[1], FOREVER_MS) == 1 && fence_result(fences[2], FOREVER_MS) == 1,
		"innocent: those behind it complete");
	ktap_ok(all_are(&a, 0x77) && b.map[0] == 0x66 && b.map[SIZE / 2 - 1] == 0x66 &&
		b.map[SIZE / 2] == 0x55 && b.map[SIZE - 1] == 0x55,
		"innocent: nothing was done twice");
}

/* Jobs behind one that hangs before its start run after the reset. */
static void test_queue(void)
{
	struct drm_puck_cmd nop = cmd_nop();
	struct drm_puck_cmd fill = cmd_fill(1, 0, SIZE, 0x88888888);
	int fences[2];

	puck_set(&puck, 0, "start_delay_ns", 5 * NSEC_PER_SEC);
	fences[0] = submit_cmds(0, &nop, 1);
	fences[1] = submit_cmds(0, &fill, 1);
	/* The first doorbell has to see the delay, the one after the reset not. */
	ktap_need(puck_count_becomes(&puck, "fences", "ring", 2), "queue: two jobs in flight");
	puck_set(&puck, 0, "start_delay_ns", 0);
	ktap_ok(fence_result(fences[0], FOREVER_MS) == -ETIME, "queue: the first job is late");
	ktap_ok(fence_result(fences[1], FOREVER_MS) == 1 && all_are(&b, 0x88),
		"queue: the one behind it runs");
}

static void test_other_ring(void)
{
	int hung, i = 0;
	bool ok;

	puck_set(&puck, 0, "hold", 1);
	hung = submit_fill(0, &a, 0x99999999);
	do {
		int fence = submit_fill(1, &c, i * 0x01010101u);

		ok = fence_result(fence, FOREVER_MS) == 1 && all_are(&c, i);
	} while (++i < 200 && ok && fence_status(hung) == 0);
	ktap_ok(ok, "other ring: the jobs meanwhile are all good");
	ktap_note("other ring: %d of them", i);
	ktap_ok(fence_result(hung, FOREVER_MS) == -ETIME, "other ring: this one times out");
	puck_set(&puck, 0, "hold", 0);
}

/* Who waits for a job that failed is let go, and runs. */
static void test_dependent(void)
{
	int hung, next;

	puck_set(&puck, 0, "hold", 1);
	hung = submit_fill(0, &a, 0xaaaaaaaa);
	next = submit_fill(1, &a, 0xbbbbbbbb);
	ktap_ok(fence_result(hung, FOREVER_MS) == -ETIME && fence_result(next, FOREVER_MS) == 1 &&
		all_are(&a, 0xbb), "dependent: runs after the failure");
	puck_set(&puck, 0, "hold", 0);
}

static void test_syncobj_error(void)
{
	struct drm_puck_submit args;
	struct drm_puck_sync sync;
	struct drm_syncobj_handle export;
	uint32_t handle;
	int fence;

	syncobj_create(puck.fd, &handle);
	sync = sync_signal(handle, 0);
	args = job_syncs(puck.queue[0], &sync, 1);
	puck_set(&puck, 0, "hold", 1);
	ktap_need(!submit(puck.fd, &args), "syncobj: submit");
	memset(&export, 0, sizeof(export));
	export.handle = handle;
	export.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
	ktap_need(!puck_call(puck.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &export), "syncobj: export");
	fence = export.fd;
	ktap_ok(fence_result(fence, FOREVER_MS) == -ETIME, "syncobj: the error is seen through it");
	puck_set(&puck, 0, "hold", 0);
	syncobj_destroy(puck.fd, handle);
}

/* ---- what queues are told of it ---- */

/* A queue, and what was known of it at the last look. */
struct watched {
	int fd;
	uint32_t queue;
	struct drm_puck_queue_state last;
};

static void look(struct watched *w)
{
	ktap_need(!queue_state(w->fd, w->queue, &w->last), "the state of queue %u", w->queue);
}

/* Whether so much has come since the last look, and nothing else. */
static bool has_seen(struct watched *w, uint64_t resets, uint64_t guilty, uint64_t innocent)
{
	struct drm_puck_queue_state was = w->last;
	bool ok;

	look(w);
	ok = w->last.resets - was.resets == resets && w->last.guilty - was.guilty == guilty &&
	     w->last.innocent - was.innocent == innocent;
	if (!ok)
		ktap_note("resets %llu, guilty %llu, innocent %llu", w->last.resets - was.resets,
			  w->last.guilty - was.guilty, w->last.innocent - was.innocent);
	return ok;
}

/*
 * Two jobs in one ring, of two files, both held; the first one is late. It takes until the
 * second is in the ring, which on a busy machine may be too late for that: then once more.
 */
static void two_in_flight(const struct puck *other, struct watched watched[3], int fences[2])
{
	struct drm_puck_submit args;
	unsigned int looks = 0, i;

	do {
		for (i = 0; i < 3; i++)
			look(&watched[i]);
		fences[0] = submit_fill(0, &a, 0xcccccccc);
		args = job_empty(other->queue[0]);
		fences[1] = submit_fd(other->fd, &args);
		while (!fence_status(fences[0]) && puck_count(&puck, "fences", "ring") < 2)
			usleep(1000);
		if (!fence_status(fences[0]))
			return;
		puck_set(&puck, 0, "hold", 0);
		fence_result(fences[0], FOREVER_MS);
		fence_result(fences[1], FOREVER_MS);
		puck_set(&puck, 0, "hold", 1);
	} while (patient(&looks));
}

static void test_state(void)
{
	enum { MINE, OTHERS, ELSEWHERE, NUM };
	struct watched watched[NUM], fresh = { .fd = puck.fd };
	struct puck other;
	int fences[2];

	ktap_need(!puck_open_pci(&other, puck.pci), "state: another file");
	watched[MINE] = (struct watched){ .fd = puck.fd, .queue = puck.queue[0] };
	watched[OTHERS] = (struct watched){ .fd = other.fd, .queue = other.queue[0] };
	watched[ELSEWHERE] = (struct watched){ .fd = puck.fd, .queue = puck.queue[1] };
	puck_set(&puck, 0, "hold", 1);
	two_in_flight(&other, watched, fences);
	ktap_ok(fence_result(fences[0], FOREVER_MS) == -ETIME, "state: a job is late");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fences[1], FOREVER_MS) == 1,
		"state: the one behind it, of another file, completes");
	ktap_ok(has_seen(&watched[MINE], 1, 1, 0), "state: one is guilty");
	ktap_ok(has_seen(&watched[OTHERS], 1, 0, 1), "state: one is innocent");
	ktap_ok(has_seen(&watched[ELSEWHERE], 0, 0, 0), "state: another ring was not reset");
	ktap_need(!queue_create(puck.fd, DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_NORMAL,
				&fresh.queue), "state: a queue");
	ktap_ok(has_seen(&fresh, 0, 0, 0), "state: a new queue has seen nothing");
	ktap_ok(fence_result(submit_fill(0, &a, 0xdddddddd), FOREVER_MS) == 1 &&
		has_seen(&watched[MINE], 0, 0, 0), "state: a good job changes nothing");
	queue_destroy(puck.fd, fresh.queue);
	close(other.fd);
}

/* A queue's end does not wait for what is late in the ring; the reset finds no queue. */
static void test_destroyed(void)
{
	struct drm_puck_submit args;
	uint32_t queue;
	int fences[2];

	ktap_need(!queue_create(puck.fd, DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_NORMAL, &queue),
		  "destroyed: a queue");
	puck_set(&puck, 0, "hold", 1);
	args = job_empty(queue);
	fences[0] = submit_fd(puck.fd, &args);
	fences[1] = submit_fill(0, &a, 0xeeeeeeee);
	ktap_ok(!queue_destroy(puck.fd, queue) && fence_result(fences[0], FOREVER_MS) == -ETIME,
		"destroyed: its late job is late all the same");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fences[1], FOREVER_MS) == 1 && all_are(&a, 0xee),
		"destroyed: the job behind it completes");
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE) &&
		  !bo_create(puck.fd, &c, SIZE), "create");
	expect_begin("puck .*ring 0: job [0-9]+ is late, resetting the ring");
	ktap_need(!puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS), "timeout");
	test_hold();
	test_start_delay();
	test_innocent();
	test_queue();
	test_other_ring();
	test_dependent();
	test_syncobj_error();
	test_state();
	test_destroyed();
	puck_set(&puck, 0, "timeout_ms", 10000);
	expect_end();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
