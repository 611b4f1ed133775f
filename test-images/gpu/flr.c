// SPDX-License-Identifier: MIT
/*
 * The function is reset from outside, by its file in sysfs, while it is in use. Jobs go on
 * where they stood, VRAM keeps what is in it, also what the CPU writes just then, VMs are
 * what they were. Only what cannot be reset is lost, with an error on each fence.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/chain.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/region.h"
#include "lib/gpu/rules.h"
#include "lib/gpu/vm.h"

#define SIZE	(64 << 10)
#define RINGS	2
#define WORKING	24

static struct puck puck;
static struct chain chains[RINGS];

static void works(const char *what)
{
	uint32_t i;
	int fence;

	for (i = 0; i < RINGS; i++) {
		ktap_need(!chain_prepare(&puck, i, &chains[i], 0x60 + i), "%s: a good job", what);
		fence = chain_start(&puck, i, &chains[i], 0x60 + i);
		ktap_ok(fence_result(fence, FOREVER_MS) == 1 &&
			chain_is_done(&puck, &chains[i], 0x60 + i), "%s: ring %u goes on", what, i);
	}
}

/* Done, and their fences are held: they are held yet when the device is there again. */
static void test_held(void)
{
	struct drm_puck_queue_state state;
	int fences[RINGS], ret;
	uint32_t i;

	for (i = 0; i < RINGS; i++)
		ktap_need(!chain_prepare(&puck, i, &chains[i], 0x10 + i), "held: a good job");
	puck_set_all(&puck, RINGS, "hold", 1);
	for (i = 0; i < RINGS; i++)
		fences[i] = chain_start(&puck, i, &chains[i], 0x10 + i);
	ktap_need(puck_count_becomes(&puck, "fences", "ring", RINGS), "held: jobs in flight");
	ret = puck_flr(&puck);
	ktap_ok(!ret, "held: the function is reset (%d)", ret);
	ktap_ok(puck_get(&puck, 0, "hold") == 1 && puck_get(&puck, 1, "hold") == 1,
		"held: the completion stages are as they were");
	ktap_ok(fence_status(fences[0]) == 0 && fence_status(fences[1]) == 0,
		"held: so are the fences");
	puck_set_all(&puck, RINGS, "hold", 0);
	for (i = 0; i < RINGS; i++) {
		ret = fence_result(fences[i], FOREVER_MS);
		ktap_ok(ret == 1 && chain_is_done(&puck, &chains[i], 0x10 + i),
			"held: job %u is done, and once (%d)", i, ret);
		ktap_ok(!queue_state(puck.fd, puck.queue[i], &state) && state.resets == 1 &&
			state.innocent == 1 && !state.guilty, "held: queue %u is told", i);
	}
	works("held");
}

/* In the rings, in work, and in the queues. */
static void test_working(void)
{
	struct chain many[WORKING];
	int fences[WORKING], bad = 0, ret;
	uint32_t i;

	for (i = 0; i < WORKING; i++)
		ktap_need(!chain_create(&puck, &many[i], 8 * SIZE) &&
			  !chain_prepare(&puck, i % RINGS, &many[i], i), "working: a good job");
	for (i = 0; i < WORKING; i++)
		fences[i] = chain_start(&puck, i % RINGS, &many[i], i);
	ret = puck_flr(&puck);
	ktap_ok(!ret, "working: the function is reset (%d)", ret);
	for (i = 0; i < WORKING; i++)
		bad += fence_result(fences[i], FOREVER_MS) != 1 ||
		       !chain_is_done(&puck, &many[i], i);
	ktap_ok(!bad, "working: %d of %d jobs are done, and once", WORKING - bad, WORKING);
	for (i = 0; i < WORKING; i++)
		chain_close(&puck, &many[i]);
	works("working");
}

/* ---- what the CPU writes to VRAM ---- */

struct writer {
	struct bo bo;
	atomic_bool stop;
	unsigned long words, lost;
};

/* Each word is read when all of them have been written. */
static void *write_on(void *arg)
{
	struct writer *w = arg;
	volatile uint32_t *word = (uint32_t *)w->bo.map;
	uint32_t n = w->bo.size / sizeof(*word), i, value = 0;

	while (!atomic_load(&w->stop)) {
		value++;
		for (i = 0; i < n; i++)
			word[i] = value + i;
		for (i = 0; i < n; i++)
			w->lost += word[i] != value + i;
		w->words += n;
	}
	return NULL;
}

static void test_vram(void)
{
	struct writer w = { .words = 0 };
	struct bo still;
	pthread_t thread;
	int ret, i;

	if (bo_create_vram(puck.fd, &w.bo, SIZE)) {
		ktap_skip("no VRAM for BOs", "vram");
		return;
	}
	ktap_need(!bo_create_vram(puck.fd, &still, SIZE), "vram: another BO");
	memset(still.map, 0x71, SIZE);
	ktap_need(!pthread_create(&thread, NULL, write_on, &w), "vram: a thread");
	for (i = 0, ret = 0; i < 5 && !ret; i++)
		ret = puck_flr(&puck);
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	ktap_ok(!ret, "vram: the function is reset again and again (%d)", ret);
	ktap_ok(w.words && !w.lost, "vram: of %lu words the CPU wrote meanwhile %lu are lost",
		w.words, w.lost);
	ktap_ok(bo_region(puck.fd, &still) == DRM_PUCK_REGION_VRAM && bo_is(puck.fd, &still, 0x71),
		"vram: what was there stays there");
	bo_close(puck.fd, &still);
	bo_close(puck.fd, &w.bo);
}

/* The device forgets where tables are, with a bind under way that waits for a job. */
static void test_vm(void)
{
	struct drm_puck_bind step = bind_map(&chains[1].from, SIZE);
	struct vm_counts counts;
	uint32_t vm, queue;
	int fence, ret;

	if (vm_create(puck.fd, &vm)) {
		ktap_skip("no VMs in this device", "vm");
		return;
	}
	ktap_need(!vm_queue_create(puck.fd, vm, 0, &queue) &&
		  !vm_bind_one(puck.fd, vm, bind_map(&chains[0].from, 0)), "vm: mapped");
	puck_set_all(&puck, RINGS, "hold", 1);
	fence = vm_start(puck.fd, queue, fill_at(0, SIZE, 0x21));
	ktap_need(fence >= 0 && !vm_bind_async(puck.fd, vm, &step, 1, NULL, 0), "vm: under way");
	ret = puck_flr(&puck);
	/* Which a reset turns off. */
	vm_audit(&puck, true);
	puck_set_all(&puck, RINGS, "hold", 0);
	ktap_ok(!ret && fence_result(fence, FOREVER_MS) == 1 &&
		bo_is(puck.fd, &chains[0].from, 0x21), "vm: a job by address completes (%d)", ret);
	ret = vm_run(puck.fd, queue, copy_at(0, SIZE, SIZE));
	ktap_ok(!ret && bo_is(puck.fd, &chains[1].from, 0x21),
		"vm: what is mapped can be used (%d)", ret);
	ktap_ok(!vm_bind_one(puck.fd, vm, bind_unmap(0, SIZE)) &&
		vm_run(puck.fd, queue, fill_at(0, SIZE, 0x22)) == -EFAULT, "vm: and be unmapped");
	counts = vm_counts(&puck);
	ktap_ok(counts.hits && !counts.stale, "vm: no translation is stale");
	queue_destroy(puck.fd, queue);
	vm_destroy(puck.fd, vm);
}

/* Neither rings nor device can be reset by their registers: that is the end of it. */
static void test_wedged(void)
{
	unsigned long number = puck_rule(&puck, "device", "reset-fails");
	struct drm_puck_submit args = job_empty(puck.queue[0]);
	int fence, ret;
	uint32_t i;

	puck_set_all(&puck, RINGS, "hold", 1);
	fence = chain_start(&puck, 0, &chains[0], 0);
	ret = puck_flr(&puck);
	ktap_ok(!ret, "wedged: the function is reset (%d)", ret);
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == -EIO, "wedged: the job's fence comes with EIO (%d)", ret);
	puck_rule_done(number, -1);
	ret = puck_flr(&puck);
	ktap_ok(!ret && submit(puck.fd, &args) == -EIO, "wedged: another reset does not help (%d)",
		ret);
	for (i = 0; i < RINGS; i++)
		chain_close(&puck, &chains[i]);
	ktap_need(puck_rebind(&puck), "wedged: bound again");
	for (i = 0; i < RINGS; i++)
		ktap_need(!chain_create(&puck, &chains[i], SIZE), "create");
	works("wedged");
}

int main(void)
{
	uint32_t i;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!system("modprobe puck-mischief"), "puck-mischief.ko");
	for (i = 0; i < RINGS; i++)
		ktap_need(!chain_create(&puck, &chains[i], SIZE), "create");
	puck_set_all(&puck, RINGS, "timeout_ms", FOREVER_MS);
	test_held();
	test_working();
	test_vram();
	test_vm();
	test_wedged();
	for (i = 0; i < RINGS; i++)
		chain_close(&puck, &chains[i]);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
