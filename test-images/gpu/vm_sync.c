// SPDX-License-Identifier: MIT
/*
 * In which order binds and jobs of a VM are done, what they wait for, and that the fault of
 * one job is nobody else's.
 */
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
#include "lib/gpu/vm.h"

#include <errno.h>

#define SIZE	(64 << 10)
#define BASE	0x40000000ull
#define OTHER	0x80000000ull
#define LATE_MS	60
/* Of what is late; jobs that are not have to be over by then on a busy machine. */
#define TIMEOUT_MS	1000

static struct puck puck;
static struct bo a, b;
static uint32_t vm, queue;		/* of ring 0 */

static int bind(struct drm_puck_bind step)
{
	return vm_bind_one(puck.fd, vm, step);
}

static int run(struct drm_puck_cmd cmd)
{
	return vm_run(puck.fd, queue, cmd);
}

/* A syncobj with the fence of a job in ring 1, which comes when that is let go. */
static uint32_t gate_close(void)
{
	struct drm_puck_submit args;
	struct drm_puck_sync sync;
	uint32_t gate = 0;

	ktap_need(!syncobj_create(puck.fd, &gate), "gate: a syncobj");
	puck_set(&puck, 1, "hold", 1);
	sync = sync_signal(gate, 0);
	args = job_syncs(puck.queue[1], &sync, 1);
	ktap_need(!submit(puck.fd, &args), "gate: a job");
	return gate;
}

static void gate_open(uint32_t gate)
{
	puck_set(&puck, 1, "hold", 0);
	syncobj_destroy(puck.fd, gate);
}

static bool is_late(int fence)
{
	return fence_wait(fence, LATE_MS) == -ETIME;
}

/* A bind waits for its syncs, and the jobs of the VM behind it for the bind. */
static void test_async(void)
{
	uint32_t gate = gate_close(), done, other;
	struct drm_puck_bind step = bind_map(&a, BASE);
	struct drm_puck_sync syncs[2];
	int fence, second;

	ktap_need(!syncobj_create(puck.fd, &done) && !vm_queue_create(puck.fd, vm, 0, &other),
		  "async: a syncobj, and another queue");
	syncs[0] = sync_wait(gate, 0);
	syncs[1] = sync_signal(done, 7);
	ktap_ok(!vm_bind_async(puck.fd, vm, &step, 1, syncs, 2), "async: a bind that waits");
	fence = vm_start(puck.fd, queue, fill_at(BASE, SIZE, 0x11));
	second = vm_start(puck.fd, other, fill_at(BASE, SIZE / 2, 0x12));
	ktap_need(fence >= 0 && second >= 0, "async: jobs of two queues behind it");
	ktap_ok(is_late(fence) && fence_status(second) == 0 &&
		syncobj_wait(puck.fd, done, 7, 0) == -ETIME, "async: none of them is done");
	gate_open(gate);
	ktap_ok(!syncobj_wait(puck.fd, done, 7, FOREVER_NS), "async: the bind is");
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && fence_result(second, FOREVER_MS) == 1 &&
		bo_part_is(puck.fd, &a, SIZE / 2, SIZE / 2, 0x11), "async: and so are the jobs");
	syncobj_destroy(puck.fd, done);
	queue_destroy(puck.fd, other);
}

/* What takes away waits for the jobs before it, whichever queue they are in. */
static void test_unmap_behind(void)
{
	struct drm_puck_cmd cmd = fill_at(BASE, SIZE, 0x21);
	struct drm_puck_bind step = bind_unmap(BASE, SIZE);
	struct drm_puck_sync sync[2];
	struct drm_puck_submit args = job(queue, NULL, 0, &cmd, 1);
	uint32_t gate, done;
	int fence;

	ktap_need(!bind(bind_map(&a, BASE)) && !syncobj_create(puck.fd, &done), "behind: map");
	gate = gate_close();
	sync[0] = sync_wait(gate, 0);
	args.syncs = puck_array(sync, 1);
	fence = submit_fd(puck.fd, &args);
	ktap_need(fence >= 0, "behind: a job that waits");
	sync[1] = sync_signal(done, 0);
	ktap_ok(!vm_bind_async(puck.fd, vm, &step, 1, &sync[1], 1), "behind: an unmap");
	ktap_ok(is_late(fence) && syncobj_wait(puck.fd, done, 0, 0) == -ETIME,
		"behind: neither is done");
	gate_open(gate);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && bo_is(puck.fd, &a, 0x21),
		"behind: the job finds what was mapped");
	ktap_ok(!syncobj_wait(puck.fd, done, 0, FOREVER_NS) &&
		run(fill_at(BASE, SIZE, 0x22)) == -EFAULT && bo_is(puck.fd, &a, 0x21),
		"behind: the next one does not");
	syncobj_destroy(puck.fd, done);
}

/* What adds does not wait for jobs that have been there before. */
static void test_map_beside(void)
{
	struct drm_puck_cmd cmd = fill_at(BASE, SIZE, 0x31);
	struct drm_puck_submit args = job(queue, NULL, 0, &cmd, 1);
	struct drm_puck_sync sync;
	uint32_t gate, other;
	int fence;

	ktap_need(!bind(bind_map(&a, BASE)) && !vm_queue_create(puck.fd, vm, 0, &other),
		  "beside: map, and another queue");
	gate = gate_close();
	sync = sync_wait(gate, 0);
	args.syncs = puck_array(&sync, 1);
	fence = submit_fd(puck.fd, &args);
	ktap_need(fence >= 0, "beside: a job that waits");
	ktap_ok(!bind(bind_map(&b, OTHER)) && fence_status(fence) == 0, "beside: a map is done");
	ktap_ok(!vm_run(puck.fd, other, fill_at(OTHER, SIZE, 0x32)) && bo_is(puck.fd, &b, 0x32),
		"beside: and a job that uses it");
	gate_open(gate);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "beside: the first one is complete");
	queue_destroy(puck.fd, other);
}

/* With what is listed, there is implicit synchronisation; with the rest there is none. */
static void test_listed(void)
{
	struct drm_puck_bo_ref ref = ref_write(&a);
	struct drm_puck_cmd cmd = fill_at(BASE, SIZE, 0x41);
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);
	int fence;

	ktap_need(!bind(bind_map(&a, BASE)) && !bind(bind_map(&b, OTHER)), "listed: map");
	puck_set(&puck, 0, "hold", 1);
	fence = submit_fd(puck.fd, &args);
	ktap_need(fence >= 0 && puck_count_becomes(&puck, "fences", "ring 0", 1), "listed: a job");
	ktap_ok(bo_wait(puck.fd, &a, 0, 0) == -ETIME, "listed: its BO is waited for");
	ktap_ok(!bo_wait(puck.fd, &b, DRM_PUCK_WAIT_WRITE, 0), "listed: the other one is not");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && bo_is(puck.fd, &a, 0x41), "listed: done");
}

/* Two private BOs have one dma_resv; listed both, and one of them read. */
static void test_listed_private(void)
{
	struct drm_puck_bo_ref refs[3];
	struct drm_puck_cmd cmd = copy_at(OTHER, OTHER + SIZE, SIZE);
	struct drm_puck_submit args;
	struct bo one, two;

	ktap_need(!vm_bo_create(puck.fd, vm, &one, SIZE) && !vm_bo_create(puck.fd, vm, &two, SIZE),
		  "private: two BOs");
	memset(one.map, 0x51, SIZE);
	bo_flush(puck.fd, &one);
	ktap_ok(!bind(bind_map(&one, OTHER)) && !bind(bind_map(&two, OTHER + SIZE)), "private: map");
	refs[0] = ref_write(&two);
	refs[1] = ref_read(&one);
	refs[2] = ref_read(&a);
	args = job(queue, refs, 3, &cmd, 1);
	ktap_ok(!submit_wait(puck.fd, &args) && bo_is(puck.fd, &two, 0x51), "private: both listed");
	refs[2] = refs[1];
	ktap_ok(submit(puck.fd, &args) == -EINVAL, "private: bad_bos, one of them twice");
	/* Without the VM they are BOs like others. */
	cmd = cmd_copy(1, 0, 0, 0, SIZE);
	memset(one.map, 0x52, SIZE);
	bo_flush(puck.fd, &one);
	args = job(puck.queue[0], refs, 2, &cmd, 1);
	ktap_ok(!submit_wait(puck.fd, &args) && bo_is(puck.fd, &two, 0x52), "private: by lists");
	bo_close(puck.fd, &one);
	bo_close(puck.fd, &two);
	ktap_ok(!bind(bind_unmap(OTHER, 2 * SIZE)), "private: they go");
}

/* ---- faults ---- */

static int fill_list(uint32_t of, const struct bo *bo, uint8_t value)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value * 0x01010101u);
	struct drm_puck_submit args = job(of, &ref, 1, &cmd, 1);

	args.flags = DRM_PUCK_SUBMIT_NO_IMPLICIT;
	return submit_fd(puck.fd, &args);
}

/* In one ring, behind each other: a good one, one of the VM that faults, two good ones. */
static void test_fault(void)
{
	struct drm_puck_queue_state state;
	uint32_t queue2, vm2;
	int fences[4];

	ktap_need(!vm_create(puck.fd, &vm2) && !vm_queue_create(puck.fd, vm2, 0, &queue2) &&
		  !bind(bind_unmap(0, 1ull << 48)) && !bind(bind_map(&a, BASE)) &&
		  !vm_bind_one(puck.fd, vm2, bind_map(&b, BASE)), "fault: two VMs");
	puck_set(&puck, 0, "hold", 1);
	fences[0] = fill_list(puck.queue[0], &a, 0x61);
	fences[1] = vm_start(puck.fd, queue, fill_at(OTHER, SIZE, 0x62));
	fences[2] = vm_start(puck.fd, queue2, fill_at(BASE, SIZE, 0x63));
	fences[3] = vm_start(puck.fd, queue, fill_at(BASE, SIZE / 2, 0x64));
	ktap_need(fences[0] >= 0 && fences[1] >= 0 && fences[2] >= 0 && fences[3] >= 0,
		  "fault: four jobs");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fences[1], FOREVER_MS) == -EFAULT, "fault: the one says EFAULT");
	ktap_ok(fence_result(fences[0], FOREVER_MS) == 1 && fence_result(fences[2], FOREVER_MS) == 1 &&
		fence_result(fences[3], FOREVER_MS) == 1, "fault: the others go on");
	ktap_ok(bo_part_is(puck.fd, &a, 0, SIZE / 2, 0x64) &&
		bo_part_is(puck.fd, &a, SIZE / 2, SIZE / 2, 0x61) && bo_is(puck.fd, &b, 0x63),
		"fault: with all that they do");
	ktap_ok(!queue_state(puck.fd, queue, &state) && state.guilty >= 1 &&
		!queue_state(puck.fd, queue2, &state) && !state.guilty, "fault: it is known whose");
	queue_destroy(puck.fd, queue2);
	vm_destroy(puck.fd, vm2);
	ktap_ok(!bind(bind_map(&b, OTHER)) && !run(fill_at(OTHER, SIZE, 0x65)) &&
		bo_is(puck.fd, &b, 0x65), "fault: the VM itself is not lost");
}

/* An update that does not come to its end in time: nobody knows what is mapped then. */
static void test_lost(void)
{
	uint32_t queue2, vm2, ring;
	int ret;

	ktap_need(!vm_create(puck.fd, &vm2) && !vm_queue_create(puck.fd, vm2, 0, &queue2) &&
		  !vm_bind_one(puck.fd, vm2, bind_map(&b, BASE)) &&
		  !vm_run(puck.fd, queue2, fill_at(BASE, SIZE, 0x71)), "lost: a VM that works");
	expect_begin("puck .*ring [0-9]+: job [0-9]+ is late, resetting the ring");
	for (ring = 0; ring < puck.rings; ring++) {
		puck_set(&puck, ring, "timeout_ms", TIMEOUT_MS);
		puck_set(&puck, ring, "hold", 1);
	}
	ret = vm_bind_one(puck.fd, vm2, bind_unmap(BASE, SIZE));
	for (ring = 0; ring < puck.rings; ring++) {
		puck_set(&puck, ring, "hold", 0);
		puck_set(&puck, ring, "timeout_ms", 10000);
	}
	expect_end();
	ktap_ok(ret == -ETIME, "lost: an update is late (%d)", ret);
	ktap_ok(vm_run(puck.fd, queue2, fill_at(BASE, SIZE, 0x72)) == -EIO,
		"lost: no job by address any more");
	ktap_ok(vm_bind_one(puck.fd, vm2, bind_map(&b, BASE)) == -EIO, "lost: and no bind");
	ktap_ok(bo_is(puck.fd, &b, 0x71), "lost: what was mapped is left alone");
	ktap_ok(!bind(bind_map(&a, BASE)) && !run(fill_at(BASE, SIZE, 0x73)) &&
		bo_is(puck.fd, &a, 0x73), "lost: other VMs know nothing of it");
	queue_destroy(puck.fd, queue2);
	vm_destroy(puck.fd, vm2);
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(puck.compute >= 2, "two rings");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE) &&
		  !vm_create(puck.fd, &vm) && !vm_queue_create(puck.fd, vm, 0, &queue), "create");
	test_async();
	test_unmap_behind();
	test_map_beside();
	test_listed();
	test_listed_private();
	test_fault();
	test_lost();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
