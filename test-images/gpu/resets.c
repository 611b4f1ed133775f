// SPDX-License-Identifier: MIT
/*
 * Resets that fail: first the ring's, then the device's. Jobs that are to blame fail, and
 * others complete, whichever ring they are in; if nothing helps each fence comes with an
 * error, and the device takes no job any more.
 */
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/chain.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/rules.h"
#include "lib/gpu/vm.h"
#include "lib/gpu/works.h"

#include <errno.h>

#define SIZE		(64 << 10)
#define RINGS		2
/* Of what is late; jobs that are not have to be over by then on a busy machine. */
#define TIMEOUT_MS	2000
#define PATIENT_MS	60000

static struct puck puck, other;
/* One for each ring. */
static struct chain chains[RINGS];
static struct bo other_bo;
static struct drm_puck_queue_state before[RINGS];

static bool make_bos(void)
{
	uint32_t i;

	for (i = 0; i < RINGS; i++)
		if (chain_create(&puck, &chains[i], SIZE))
			return false;
	return true;
}

static void rebind(void)
{
	uint32_t i;

	for (i = 0; i < RINGS; i++)
		chain_close(&puck, &chains[i]);
	ktap_need(puck_rebind(&puck) && make_bos(), "bound again");
}

static int empty_job(uint32_t ring)
{
	struct drm_puck_submit args = job_empty(puck.queue[ring]);

	return submit_fd(puck.fd, &args);
}

static void prepare(uint32_t ring, uint8_t value)
{
	ktap_need(!chain_prepare(&puck, ring, &chains[ring], value), "ring %u: a good job", ring);
}

static int chain(uint32_t ring, uint8_t value)
{
	return chain_start(&puck, ring, &chains[ring], value);
}

static bool is_done(uint32_t ring, uint8_t value)
{
	return chain_is_done(&puck, &chains[ring], value);
}

static void look(void)
{
	uint32_t i;

	for (i = 0; i < RINGS; i++)
		ktap_need(!queue_state(puck.fd, puck.queue[i], &before[i]), "state of queue %u", i);
}

static bool has_seen(uint32_t ring, uint64_t resets, uint64_t guilty, uint64_t innocent)
{
	struct drm_puck_queue_state now;

	if (queue_state(puck.fd, puck.queue[ring], &now))
		return false;
	ktap_note("ring %u: resets %llu, guilty %llu, innocent %llu", ring,
		  now.resets - before[ring].resets, now.guilty - before[ring].guilty,
		  now.innocent - before[ring].innocent);
	return now.resets - before[ring].resets == resets &&
	       now.guilty - before[ring].guilty == guilty &&
	       now.innocent - before[ring].innocent == innocent;
}

static void works(const char *what)
{
	uint32_t i;

	for (i = 0; i < RINGS; i++) {
		prepare(i, 0x5a + i);
		ktap_ok(fence_result(chain(i, 0x5a + i), FOREVER_MS) == 1 &&
			is_done(i, 0x5a + i), "%s: ring %u works on", what, i);
	}
}

/*
 * A job that is late, one behind it, and one in the other ring. All three are done, and
 * their fences are held. The time of a ring's first job begins anew when another one
 * starts, so it is set for the one behind it.
 */
static void three_in_flight(int fences[3], uint8_t value)
{
	puck_set_all(&puck, RINGS, "timeout_ms", PATIENT_MS);
	prepare(0, value);
	prepare(1, value + 1);
	puck_set_all(&puck, RINGS, "hold", 1);
	fences[0] = empty_job(0);
	fences[2] = chain(1, value + 1);
	ktap_need(puck_count_becomes(&puck, "fences", "ring", 2), "two jobs in flight");
	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	fences[1] = chain(0, value);
}

/* The reset of the ring fails, and of other rings if @fails is more than one. */
static void test_device_reset(unsigned int fails, uint8_t value)
{
	unsigned long number;
	int fences[3], ret;
	char rest[64];

	look();
	snprintf(rest, sizeof(rest), "count=%u reset-fails", fails);
	number = puck_rule(&puck, "device", rest);
	three_in_flight(fences, value);
	ret = fence_result(fences[0], FOREVER_MS);
	ktap_ok(ret == -ETIME, "%u fail: the job that is late is blamed (%d)", fails, ret);
	ktap_ok(puck_get(&puck, 0, "hold") == 1 && puck_get(&puck, 1, "hold") == 1,
		"%u fail: the completion stages are as they were", fails);
	ktap_ok(fence_status(fences[1]) == 0 && fence_status(fences[2]) == 0,
		"%u fail: the other fences are held yet", fails);
	puck_set_all(&puck, RINGS, "hold", 0);
	ktap_ok(fence_result(fences[1], FOREVER_MS) == 1, "%u fail: the job behind completes", fails);
	ktap_ok(fence_result(fences[2], FOREVER_MS) == 1, "%u fail: so does the other ring's", fails);
	ktap_ok(is_done(0, value) && is_done(1, value + 1),
		"%u fail: nothing was done twice", fails);
	ktap_ok(has_seen(0, 1, 1, 1) && has_seen(1, 1, 0, 1), "%u fail: the queues are told", fails);
	puck_rule_done(number, fails);
	puck_set_all(&puck, RINGS, "timeout_ms", PATIENT_MS);
	works("device reset");
}

/*
 * A job of a VM is late, another one is in the other ring, and a bind is in the ring behind the
 * one that is late. What was mapped is mapped when the device has been reset, which has forgotten
 * where tables are. The bind has to come second: it takes nothing away, so it waits for no job,
 * and were it first it would be blamed itself, and the VM be lost.
 */
static void test_vm(void)
{
	unsigned long number = puck_rule(&puck, "device", "count=1 reset-fails");
	struct drm_puck_bind step = bind_map(&chains[1].to, 2 * SIZE);
	uint32_t vm, queue[RINGS];
	struct vm_counts counts;
	int fences[RINGS], ret;
	uint32_t i;

	ktap_need(!vm_create(puck.fd, &vm), "vm: made");
	for (i = 0; i < RINGS; i++)
		ktap_need(!vm_queue_create(puck.fd, vm, i, &queue[i]) &&
			  !vm_bind_one(puck.fd, vm, bind_map(&chains[i].from, i * SIZE)),
			  "vm: mapped");
	puck_set_all(&puck, RINGS, "hold", 1);
	puck_set_all(&puck, RINGS, "timeout_ms", PATIENT_MS);
	fences[1] = vm_start(puck.fd, queue[1], fill_at(SIZE, SIZE, 0x42));
	ktap_need(puck_count_becomes(&puck, "fences", "ring", 1), "vm: a job in flight");
	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	fences[0] = vm_start(puck.fd, queue[0], fill_at(0, SIZE, 0x41));
	ktap_need(puck_count_becomes(&puck, "fences", "ring", 2), "vm: two jobs in flight");
	ret = vm_bind_async(puck.fd, vm, &step, 1, NULL, 0);
	ktap_ok(!ret, "vm: a bind behind it (%d)", ret);
	ret = fence_result(fences[0], FOREVER_MS);
	/* A reset turns audits off. And what is left in ring 0 has little time. */
	vm_audit(&puck, true);
	puck_set_all(&puck, RINGS, "hold", 0);
	puck_set_all(&puck, RINGS, "timeout_ms", PATIENT_MS);
	ktap_ok(ret == -ETIME, "vm: the job that is late is blamed (%d)", ret);
	puck_rule_done(number, 1);
	ktap_ok(fence_result(fences[1], FOREVER_MS) == 1 && bo_is(puck.fd, &chains[1].from, 0x42),
		"vm: the other one completes");
	ret = vm_run(puck.fd, queue[0], copy_at(SIZE, 0, SIZE));
	ktap_ok(!ret && bo_is(puck.fd, &chains[0].from, 0x42), "vm: it is mapped yet (%d)", ret);
	ret = vm_run(puck.fd, queue[1], fill_at(2 * SIZE, SIZE, 0x43));
	ktap_ok(!ret && bo_is(puck.fd, &chains[1].to, 0x43), "vm: so is what came behind (%d)", ret);
	ktap_ok(!vm_bind_one(puck.fd, vm, bind_unmap(0, SIZE)) &&
		vm_run(puck.fd, queue[0], fill_at(0, SIZE, 0x44)) == -EFAULT,
		"vm: and can be unmapped");
	counts = vm_counts(&puck);
	ktap_ok(counts.hits && !counts.stale, "vm: no translation is stale");
	for (i = 0; i < RINGS; i++)
		queue_destroy(puck.fd, queue[i]);
	vm_destroy(puck.fd, vm);
}

/* Two rings need help at once, and one of them gets it by a reset of both. */
static void test_both_late(void)
{
	unsigned long number = puck_rule(&puck, "device", "count=1 reset-fails");
	int fences[RINGS], ret[RINGS];
	uint32_t i;

	puck_set_all(&puck, RINGS, "hold", 1);
	puck_set_all(&puck, RINGS, "timeout_ms", TIMEOUT_MS);
	for (i = 0; i < RINGS; i++)
		fences[i] = empty_job(i);
	for (i = 0; i < RINGS; i++)
		ret[i] = fence_result(fences[i], FOREVER_MS);
	ktap_ok(ret[0] == -ETIME && ret[1] == -ETIME, "both late: both are blamed (%d, %d)",
		ret[0], ret[1]);
	puck_rule_done(number, 1);
	puck_set_all(&puck, RINGS, "hold", 0);
	puck_set_all(&puck, RINGS, "timeout_ms", PATIENT_MS);
	works("both late");
}

/* Nothing helps. A job that waits in its queue for one of these has a fence as well. */
static void test_wedged(void)
{
	unsigned long number = puck_rule(&puck, "device", "reset-fails");
	struct drm_puck_submit args = job_empty(puck.queue[1]);
	int fences[3], waits, ret, i;

	three_in_flight(fences, 0xa0);
	args.flags = DRM_PUCK_SUBMIT_IN_FENCE_FD;
	args.in_fence_fd = fences[1];
	waits = submit_fd(puck.fd, &args);
	ktap_need(waits >= 0, "wedged: a job that waits");
	for (i = 0; i < 3; i++) {
		ret = fence_wait(fences[i], FOREVER_MS);
		ret = ret ? ret : fence_status(fences[i]);
		ktap_ok(ret == -EIO, "wedged: fence %d comes with EIO (%d)", i, ret);
		close(fences[i]);
	}
	ret = fence_result(waits, FOREVER_MS);
	ktap_ok(ret == -EIO, "wedged: so does that of the job that waits (%d)", ret);
	for (i = 0; i < RINGS; i++) {
		ret = empty_job(i);
		ktap_ok(ret == -EIO, "wedged: ring %d takes no job (%d)", i, ret);
	}
	chains[0].from.map[SIZE - 1] = 0x77;
	ktap_ok(!bo_wait(puck.fd, &chains[0].from, DRM_PUCK_WAIT_WRITE, 0) &&
		chains[0].from.map[SIZE - 1] == 0x77, "wedged: memory is the CPU's");
	ktap_ok(puck_works(&other, &other_bo), "wedged: another device does not mind");
	puck_rule_done(number, -1);
	rebind();
	works("wedged");
}

int main(void)
{
	ktap_begin();
	if (puck_open(&puck, true)) {
		ktap_skip("no GPU behind an IOMMU", "resets");
		return ktap_end();
	}
	ktap_need(!system("modprobe puck-mischief"), "puck-mischief.ko");
	ktap_need(!puck_open_other(&other, &puck), "another device");
	ktap_need(make_bos() && !bo_create(other.fd, &other_bo, SIZE), "create");
	test_device_reset(1, 0x10);
	test_device_reset(2, 0x20);
	test_vm();
	test_both_late();
	test_wedged();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
