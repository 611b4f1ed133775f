// SPDX-License-Identifier: MIT
/*
 * Queues: what they are made for, who may have which, in which order their jobs run, and
 * how they end.
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
#include "lib/gpu/queue.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SIZE (64 << 10)
#define LATE_MS 60

static struct puck puck;
static struct bo a, b;

static int make(uint32_t kind, uint32_t ring, uint32_t priority, uint32_t *queue)
{
	return queue_create(puck.fd, kind, ring, priority, queue);
}

static int make_compute(uint32_t *queue)
{
	return make(DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_NORMAL, queue);
}

/* A fill of @bo, that waits for @in_fence if there is one and for nothing else. */
static int fill_behind(uint32_t queue, const struct bo *bo, uint8_t value, int in_fence)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value * 0x01010101u);
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);

	args.flags = DRM_PUCK_SUBMIT_NO_IMPLICIT;
	if (in_fence >= 0) {
		args.flags |= DRM_PUCK_SUBMIT_IN_FENCE_FD;
		args.in_fence_fd = in_fence;
	}
	return submit_fd(puck.fd, &args);
}

static int fill(uint32_t queue, const struct bo *bo, uint8_t value)
{
	return fill_behind(queue, bo, value, -1);
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

static bool queue_works(uint32_t queue, uint8_t value)
{
	return fence_result(fill(queue, &a, value), FOREVER_MS) == 1 && all_are(&a, value);
}

/* ---- making and ending ---- */

static void test_create(void)
{
	static const uint32_t priorities[] = {
		DRM_PUCK_PRIORITY_NORMAL, DRM_PUCK_PRIORITY_LOW, DRM_PUCK_PRIORITY_HIGH,
	};
	uint32_t queue, ring, i;

	for (ring = 0; ring < puck.rings; ring++) {
		bool compute = ring < puck.compute;
		uint32_t kind = compute ? DRM_PUCK_KIND_COMPUTE : DRM_PUCK_KIND_COPY;
		uint32_t nth = compute ? ring : ring - puck.compute;

		for (i = 0; i < ARRAY_SIZE(priorities); i++)
			ktap_ok(!make(kind, nth, priorities[i], &queue) && queue &&
				queue_works(queue, 1 + ring * 4 + i) && !queue_destroy(puck.fd, queue),
				"create: ring %u, kind %u, number %u, priority %u", ring, kind, nth,
				priorities[i]);
	}
	ktap_ok(!make(DRM_PUCK_KIND_COMPUTE, DRM_PUCK_RING_ANY, 0, &queue) && queue_works(queue, 0x71) &&
		!queue_destroy(puck.fd, queue), "create: any ring that computes");
	ktap_ok(make(DRM_PUCK_KIND_COMPUTE, puck.compute, 0, &queue) == -EINVAL && !queue,
		"create: bad_ring, one more than there are");
}

/* The choice is the driver's: the ring that has the fewest queues, here the last one. */
static void test_any(void)
{
	uint32_t more[PUCK_RINGS_MAX], any, last = puck.compute - 1, i;
	char prefix[16];
	int fence;

	for (i = 0; i < last; i++)
		ktap_need(!make(DRM_PUCK_KIND_COMPUTE, i, 0, &more[i]), "any: one more for ring %u", i);
	ktap_need(!make(DRM_PUCK_KIND_COMPUTE, DRM_PUCK_RING_ANY, 0, &any), "any: a queue");
	puck_set(&puck, last, "hold", 1);
	fence = fill(any, &a, 0x72);
	snprintf(prefix, sizeof(prefix), "ring %u ", last);
	ktap_ok(fence >= 0 && puck_count_becomes(&puck, "fences", prefix, 1) &&
		fence_status(fence) == 0, "any: its jobs are in ring %u", last);
	puck_set(&puck, last, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && all_are(&a, 0x72), "any: and complete");
	queue_destroy(puck.fd, any);
	while (i--)
		queue_destroy(puck.fd, more[i]);
}

/* Rings that only copy take all commands but one; the others do what they do, too. */
static void test_kinds(void)
{
	struct drm_puck_bo_ref refs[] = { ref_read(&a), ref_write(&b) };
	struct drm_puck_cmd crc = cmd_crc(0, 0, SIZE, 1, 0);
	struct drm_puck_cmd good[] = {
		cmd_nop(),
		cmd_fill(1, 0, SIZE, 0x11111111),
		cmd_copy(0, 0, 1, 0, SIZE / 2),
		cmd_blit(0, 0, 256, 1, SIZE / 2, 256, 256, SIZE / 512),
	};
	struct drm_puck_submit args;
	uint32_t queue;

	memset(a.map, 0x3c, SIZE);
	bo_flush(puck.fd, &a);
	if (puck.compute == puck.rings) {
		ktap_ok(make(DRM_PUCK_KIND_COPY, DRM_PUCK_RING_ANY, 0, &queue) == -ENODEV && !queue &&
			make(DRM_PUCK_KIND_COPY, 0, 0, &queue) == -ENODEV && !queue,
			"kinds: no ring that only copies, neither any nor the first");
		return;
	}
	ktap_ok(make(DRM_PUCK_KIND_COPY, puck.rings - puck.compute, 0, &queue) == -EINVAL && !queue,
		"kinds: bad_ring, one more than there are that only copy");
	ktap_need(!make(DRM_PUCK_KIND_COPY, DRM_PUCK_RING_ANY, 0, &queue), "kinds: any that copies");
	args = job(queue, refs, 2, &crc, 1);
	ktap_ok(submit(puck.fd, &args) == -EINVAL, "kinds: bad_op CRC32C for one that copies");
	args = job(queue, refs, 2, good, ARRAY_SIZE(good));
	ktap_ok(!submit_wait(puck.fd, &args) && all_are(&b, 0x3c), "kinds: all others it takes");
	queue_destroy(puck.fd, queue);
	args = job(puck.queue[0], refs, 2, &crc, 1);
	ktap_ok(!submit_wait(puck.fd, &args), "kinds: one that computes takes it");
}

/* As many as a file may have; another file has its own, and what is given back counts. */
static void test_limit(void)
{
	uint32_t queues[DRM_PUCK_QUEUES_MAX], more, n = 0;
	struct puck other;
	int ret;

	while (n < DRM_PUCK_QUEUES_MAX - puck.rings && !make_compute(&queues[n]))
		n++;
	ktap_ok(n == DRM_PUCK_QUEUES_MAX - puck.rings, "limit: %u, and those of the rings", n);
	ret = make_compute(&more);
	ktap_ok(ret == -ENOSPC && !more, "limit: one more is too many (%d)", ret);
	ktap_ok(queue_works(queues[n - 1], 0x21), "limit: the last one works");
	ktap_ok(!puck_open_pci(&other, puck.pci), "limit: another file has its own");
	close(other.fd);
	ktap_ok(!queue_destroy(puck.fd, queues[n / 2]) && !make_compute(&queues[n / 2]) &&
		queue_works(queues[n / 2], 0x22), "limit: the place of one that goes");
	while (n--)
		queue_destroy(puck.fd, queues[n]);
	ktap_ok(!make_compute(&more) && !queue_destroy(puck.fd, more), "limit: all are given back");
}

static void test_destroy(void)
{
	struct drm_puck_queue_state state;
	struct drm_puck_submit args;
	struct puck other;
	uint32_t queue;

	ktap_need(!make_compute(&queue) && queue_works(queue, 0x31), "destroy: a queue");
	ktap_need(!puck_open_pci(&other, puck.pci), "destroy: another file");
	args = job_empty(queue);
	ktap_ok(queue_destroy(other.fd, queue) == -ENOENT && submit(other.fd, &args) == -ENOENT &&
		queue_state(other.fd, queue, &state) == -ENOENT, "destroy: means nothing elsewhere");
	close(other.fd);
	ktap_ok(queue_works(queue, 0x32), "destroy: it works yet");
	ktap_ok(!queue_destroy(puck.fd, queue), "destroy: once");
	ktap_ok(queue_destroy(puck.fd, queue) == -ENOENT, "destroy: twice");
	args = job_empty(queue);
	ktap_ok(submit(puck.fd, &args) == -ENOENT, "destroy: submit to it");
	ktap_ok(queue_state(puck.fd, queue, &state) == -ENOENT, "destroy: its state");
	ktap_ok(queue_works(puck.queue[0], 0x33), "destroy: others of the ring work on");
}

/* ---- who may have which ---- */

static bool drop(unsigned int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t bit = 1u << capability % 32;

	if (syscall(SYS_capget, &header, data))
		return false;
	data[capability / 32].effective &= ~bit;
	data[capability / 32].permitted &= ~bit;
	data[capability / 32].inheritable &= ~bit;
	return !syscall(SYS_capset, &header, data);
}

/* In a child without CAP_SYS_NICE; what it finds is its exit status. */
static int without_nice(void)
{
	uint32_t queue;

	if (!drop(CAP_SYS_NICE))
		return 1;
	if (make(DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_HIGH, &queue) != -EACCES || queue)
		return 2;
	if (make(DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_LOW, &queue) || !queue_works(queue, 0x41) ||
	    queue_destroy(puck.fd, queue))
		return 3;
	return 0;
}

static void test_priority_needs(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(without_nice());
	ktap_ok(waitpid(pid, &status, 0) == pid && !status,
		"priority: HIGH needs CAP_SYS_NICE, LOW does not (%#x)", status);
}

/*
 * More jobs than a ring has room for, all held; then one of a queue of low priority and
 * one of high, which has to overtake the other: the low one's data is what stays.
 */
static void test_priority_order(void)
{
	enum { LONG = DRM_PUCK_SUBMIT_CMDS_MAX, JOBS = 4096 / LONG + 1 };
	static struct drm_puck_cmd nops[LONG];
	struct drm_puck_submit args;
	uint32_t low, high, i;
	int fences[2], ret = 0;

	for (i = 0; i < LONG; i++)
		nops[i] = cmd_nop();
	ktap_need(!make(DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_LOW, &low) &&
		  !make(DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_HIGH, &high), "priority: two queues");
	puck_set(&puck, 0, "timeout_ms", FOREVER_MS);
	puck_set(&puck, 0, "hold", 1);
	for (i = 0; !ret && i < JOBS; i++) {
		args = job(puck.queue[0], NULL, 0, nops, LONG);
		ret = submit(puck.fd, &args);
	}
	fences[0] = fill(low, &a, 0x51);
	fences[1] = fill(high, &a, 0x52);
	ktap_need(!ret && fences[0] >= 0 && fences[1] >= 0, "priority: submit");
	ktap_ok(fence_status(fences[0]) == 0 && fence_status(fences[1]) == 0, "priority: both wait");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fences[0], FOREVER_MS) == 1 && fence_result(fences[1], FOREVER_MS) == 1 &&
		all_are(&a, 0x51), "priority: HIGH overtakes LOW");
	puck_set(&puck, 0, "timeout_ms", 10000);
	queue_destroy(puck.fd, low);
	queue_destroy(puck.fd, high);
}

/* ---- order ---- */

/* An in-fence that comes when ring 1 is let go. */
static int gate_close(void)
{
	struct drm_puck_submit args = job_empty(puck.queue[1]);

	puck_set(&puck, 1, "hold", 1);
	return submit_fd(puck.fd, &args);
}

static void gate_open(void)
{
	puck_set(&puck, 1, "hold", 0);
}

/* A job waits, and so do those behind it in its queue, but not those in another one. */
static void test_order(void)
{
	int gate, first, second, other;
	uint32_t queue;

	ktap_need(!make_compute(&queue), "order: another queue of the ring");
	gate = gate_close();
	first = fill_behind(puck.queue[0], &a, 0x61, gate);
	second = fill(puck.queue[0], &a, 0x62);
	other = fill(queue, &b, 0x63);
	ktap_need(gate >= 0 && first >= 0 && second >= 0 && other >= 0, "order: submit");
	ktap_ok(fence_result(other, FOREVER_MS) == 1 && all_are(&b, 0x63),
		"order: a job of another queue overtakes");
	ktap_ok(fence_wait(second, LATE_MS) == -ETIME && fence_status(first) == 0,
		"order: one of the same queue does not");
	gate_open();
	ktap_ok(fence_result(second, FOREVER_MS) == 1 && fence_status(first) == 1 && all_are(&a, 0x62),
		"order: it comes behind the one that waited");
	close(first);
	close(gate);
	queue_destroy(puck.fd, queue);
}

/* ---- the end of a queue with jobs ---- */

/* A job whose fence is held: it is in the ring, so that nothing has to be waited for. */
static void test_destroy_in_flight(void)
{
	uint32_t queue;
	int fence;

	ktap_need(!make_compute(&queue), "in flight: a queue");
	puck_set(&puck, 0, "hold", 1);
	fence = fill(queue, &a, 0x71);
	ktap_need(fence >= 0 && puck_count_becomes(&puck, "fences", "ring", 1), "in flight: a job");
	ktap_ok(!queue_destroy(puck.fd, queue) && fence_status(fence) == 0,
		"in flight: the queue goes, its job is in the ring");
	ktap_ok(queue_destroy(puck.fd, queue) == -ENOENT, "in flight: it is gone");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && all_are(&a, 0x71), "in flight: the fence comes");
}

struct destroyer {
	uint32_t queue;
	int ready;		/* a pipe: it is about to destroy the queue */
	int done;		/* and: it has */
	int ret;
};

static void *destroy(void *arg)
{
	struct destroyer *d = arg;

	if (write(d->ready, "", 1) != 1)
		d->ret = -EPIPE;
	else
		d->ret = queue_destroy(puck.fd, d->queue);
	if (write(d->done, "", 1) != 1)
		d->ret = -EPIPE;
	return NULL;
}

/* A job that is not in the ring yet is waited for, while others go on. */
static void test_destroy_queued(void)
{
	int gate, waiting, ready[2], done[2], ret;
	struct drm_puck_submit args;
	struct destroyer d;
	pthread_t thread;
	char byte;

	ktap_need(!make_compute(&d.queue) && !pipe(ready) && !pipe(done), "queued: a queue");
	d.ready = ready[1];
	d.done = done[1];
	gate = gate_close();
	waiting = fill_behind(d.queue, &a, 0x72, gate);
	ktap_need(gate >= 0 && waiting >= 0 && !pthread_create(&thread, NULL, destroy, &d) &&
		  read(ready[0], &byte, 1) == 1, "queued: a job, and a thread");
	ktap_ok(fence_wait(done[0], LATE_MS) == -ETIME && fence_status(waiting) == 0,
		"queued: to destroy it takes until its job is in the ring");
	ktap_ok(fence_result(fill(puck.queue[0], &b, 0x73), FOREVER_MS) == 1 && all_are(&b, 0x73),
		"queued: another queue of the ring works on");
	/* It is not known whether it has begun, so it may be too early for -ENOENT. */
	args = job_empty(d.queue);
	ret = submit(puck.fd, &args);
	ktap_ok(!ret || ret == -ENOENT, "queued: a job for the queue is taken or is not (%d)", ret);
	gate_open();
	pthread_join(thread, NULL);
	ktap_ok(!d.ret && fence_result(waiting, FOREVER_MS) == 1 && all_are(&a, 0x72),
		"queued: it is gone then, and the fence comes (%d)", d.ret);
	args = job_empty(d.queue);
	ktap_ok(submit(puck.fd, &args) == -ENOENT, "queued: it takes no jobs");
	for (ret = 0; ret < 2; ret++) {
		close(ready[ret]);
		close(done[ret]);
	}
	close(gate);
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE), "create");
	test_create();
	test_any();
	test_kinds();
	test_limit();
	test_destroy();
	test_priority_needs();
	test_priority_order();
	test_order();
	test_destroy_in_flight();
	test_destroy_queued();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
