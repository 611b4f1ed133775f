// SPDX-License-Identifier: MIT
/*
 * What ends or interrupts a GPU's work from outside, under load: the driver unbound, the
 * device pulled out, the module removed, the function reset, the machine asleep. Processes
 * drive each other's BOs out of VRAM, bind and submit all the while (lib/gpu/load.h). Each
 * fence comes; where the device stays nothing is lost, and else it works again afterwards.
 *
 *	gpu_life [N [flr|sleep|s3|unbind|unplug|rmmod]]	each but s3, or this alone, N times (2)
 */
#include <errno.h>

#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/life.h"
#include "lib/base/patience.h"
#include "lib/base/progress.h"
#include "lib/base/sleep.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/dumb.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/job.h"
#include "lib/gpu/load.h"
#include "lib/gpu/module.h"
#include "lib/gpu/plug.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/vm.h"

#define SIZE	(64 << 10)
/* Steps of each process between two events. */
#define BETWEEN	3

static struct puck puck;
static char pci[32];
static struct load load;

/* ---- what is known ---- */

/* A BO in VRAM, one in system memory, and a VM that has both. */
static struct bo vram, copy;
static uint32_t vm, queue;
static uint8_t value;

static bool make_known(void)
{
	return !bo_create_in(puck.fd, &vram, SIZE, BO_VRAM | BO_SYSTEM, 0, 0) &&
	       !bo_create(puck.fd, &copy, SIZE) && !vm_create(puck.fd, &vm) &&
	       !vm_queue_create(puck.fd, vm, 0, &queue) &&
	       !vm_bind_one(puck.fd, vm, bind_map(&vram, 0)) &&
	       !vm_bind_one(puck.fd, vm, bind_map(&copy, SIZE)) &&
	       !vm_run(puck.fd, queue, fill_at(0, SIZE, value));
}

/* What was there is there yet, for the device and for the CPU, and can be changed. */
static bool is_known(void)
{
	bool good = !vm_run(puck.fd, queue, copy_at(0, SIZE, SIZE)) &&
		    bo_is(puck.fd, &copy, value) && bo_is(puck.fd, &vram, value);

	value++;
	return good && !vm_run(puck.fd, queue, fill_at(0, SIZE, value));
}

static void close_known(void)
{
	bo_close(puck.fd, &vram);
	bo_close(puck.fd, &copy);
	close(puck.fd);
}

/* On a device that is there again. */
static bool works_again(void)
{
	bool good = puck_open_soon(&puck, pci) && make_known() && is_known();

	close_known();
	return good;
}

/* The fence of a job that is under way. */
static int start_job(void)
{
	struct drm_puck_bo_ref ref = ref_write(&vram);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x11111111);
	struct drm_puck_submit args = job(puck.queue[puck.rings - 1], &ref, 1, &cmd, 1);

	return submit_fd(puck.fd, &args);
}

/* ---- the device stays ---- */

static int sleep_a_moment(void)
{
	return sleep_and_wake(0);
}

static int reset_function(void)
{
	return puck_flr(&puck);
}

static unsigned int interrupt(const char *what, int (*event)(void), unsigned int times)
{
	unsigned int i;
	int ret;

	for (i = 0; i < times; i++) {
		progress("%s %u times of %u", what, i, times);
		ret = event();
		if (ret || !is_known() || !load_works(&load, BETWEEN)) {
			ktap_note("%s: %d", what, ret);
			break;
		}
	}
	return i;
}

/* The load goes on from the first to the last time, and all of it is compared. */
static void test_stays(const char *what, int (*event)(void), unsigned int times)
{
	unsigned int i = 0;
	bool good;

	ktap_need(!puck_open_pci(&puck, pci) && make_known(), "%s: begin", what);
	good = load_start(&load, pci, 1);
	if (good)
		i = interrupt(what, event, times);
	load_signal(&load, SIGTERM);
	good = load_ended(&load, LOAD_STOPPED) && good;
	ktap_ok(i == times, "%s %u times under load, nothing is lost", what, i);
	ktap_ok(good, "%s: no wrong byte, no fence with an error", what);
	close_known();
}

static void test_flr(unsigned int times)
{
	test_stays("reset", reset_function, times);
}

static void test_sleep(unsigned int times)
{
	if (can_sleep())
		test_stays("asleep", sleep_a_moment, times);
	else
		ktap_skip("no pm_test in this kernel", "sleep");
}

static void test_deep_sleep(unsigned int times)
{
	if (can_sleep_deeply())
		test_stays("in S3", sleep_deeply_and_wake, times);
	else
		ktap_skip("no S3", "sleep in S3");
}

/* ---- the device goes ---- */

/* A round of @leave, with a job of our own under way: no fence stays behind. */
static bool leave_once(unsigned int round, bool (*leave)(void))
{
	int fence, ret;
	bool good;

	if (puck_open_pci(&puck, pci) || !make_known() || !load_start(&load, pci, round))
		return false;
	fence = start_job();
	good = leave();
	ret = fence_result(fence, FOREVER_MS);
	good = good && (ret == 1 || ret == -ENODEV);
	good = load_ended(&load, LOAD_GONE) && good;
	close_known();
	return good;
}

static bool unbind(void)
{
	return !write_text(PUCK_DRIVER "unbind", pci);
}

static bool bind(void)
{
	return !write_text(PUCK_DRIVER "bind", pci);
}

static bool pull(void)
{
	puck_pull();
	return true;
}

/* As the machine of this test has it: little VRAM. */
#define OPTIONS ", \"vram-size\": 4194304, \"vram-bar\": 1048576, \"rings\": 3, \"copy-rings\": 1"

static bool plug(void)
{
	if (!puck_plug(&puck, OPTIONS))
		return false;
	close(puck.fd);
	return true;
}

static void test_goes(const char *what, bool (*leave)(void), bool (*back)(void),
		      unsigned int times)
{
	unsigned int i;

	for (i = 0; i < times; i++) {
		progress("%s %u times of %u", what, i, times);
		if (!leave_once(i, leave) || !back() || !works_again())
			break;
	}
	ktap_ok(i == times, "%s %u times under load, works again", what, i);
}

static void test_unbind(unsigned int times)
{
	test_goes("unbound", unbind, bind, times);
}

static void test_unplug(unsigned int times)
{
	if (puck.translated)
		test_goes("pulled out", pull, plug, times);
	else
		ktap_skip("no GPU behind an IOMMU", "pulled out");
}

/* ---- the module goes ---- */

/*
 * What may hold the module beyond its files: a fence; a BO of ours that others have; a BO of
 * others' with a fence of ours.
 */
struct held {
	int fence;
	int ours;
	int theirs;
};

static bool hold_on(struct held *held)
{
	struct drm_puck_bo_ref ref;
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x22222222);
	struct drm_puck_submit args;
	int dmabuf, ret;
	struct bo bo;

	held->theirs = dumb_export("vgem", SIZE);
	if (held->theirs < 0 || bo_import(puck.fd, &bo, held->theirs, SIZE))
		return false;
	ref = ref_write(&bo);
	args = job(puck.queue[0], &ref, 1, &cmd, 1);
	if (submit(puck.fd, &args))
		return false;
	held->fence = start_job();
	held->ours = dumb_open("vgem");
	dmabuf = bo_export(puck.fd, &copy);
	if (held->fence < 0 || held->ours < 0 || dmabuf < 0)
		return false;
	ret = bo_import(held->ours, &bo, dmabuf, SIZE);
	close(dmabuf);
	return !ret;
}

/* Each alone is enough, and whoever has it can look at it. */
static bool let_go(struct held *held)
{
	int status = 0;
	bool good;

	good = puck_in_use() && fence_wait(held->fence, FOREVER_MS) == 0;
	status = fence_status(held->fence);
	good = good && (status == 1 || status == -ESRCH || status == -ENODEV);
	close(held->fence);
	good = good && puck_in_use();
	close(held->theirs);
	good = good && puck_in_use();
	close(held->ours);
	return good;
}

/* The processes are killed in the midst of it, so that all they had goes behind their backs. */
static bool remove_once(unsigned int round)
{
	struct held held = { -1, -1, -1 };
	unsigned int i;
	int ret;

	if (puck_open_pci(&puck, pci) || !make_known() || !load_start(&load, pci, round))
		return false;
	load_signal(&load, SIGKILL);
	if (!hold_on(&held))
		return false;
	for (i = 0; i < LOAD_PROCESSES; i++)
		waitpid(load.pid[i], NULL, 0);
	close_known();
	if (!let_go(&held))
		return false;
	ret = puck_rmmod();
	if (ret)
		ktap_note("rmmod: %d", ret);
	return !ret && !system("modprobe puck") && works_again();
}

static void test_rmmod(unsigned int times)
{
	unsigned int i;

	if (system("modprobe vgem")) {
		ktap_skip("no vgem in this kernel", "rmmod");
		return;
	}
	for (i = 0; i < times; i++) {
		progress("removed %u times of %u", i, times);
		if (!remove_once(i))
			break;
	}
	ktap_ok(i == times, "removed %u times behind live fences", i);
}

static const struct life_event events[] = {
	{ .name = "flr", .test = test_flr },
	{ .name = "sleep", .test = test_sleep },
	{ .name = "s3", .test = test_deep_sleep, .alone = true },
	{ .name = "unbind", .test = test_unbind },
	{ .name = "unplug", .test = test_unplug },
	{ .name = "rmmod", .test = test_rmmod },
};

int main(int argc, char **argv)
{
	unsigned int times = argc > 1 ? (unsigned int)atoi(argv[1]) : 2;

	ktap_begin();
	ktap_need(times, "a number of times");
	ktap_need(!puck_open_any(&puck), "a puck device");
	snprintf(pci, sizeof(pci), "%s", puck.pci);
	close(puck.fd);
	life_run(events, ARRAY_SIZE(events), times, argc > 2 ? argv[2] : NULL,
		 "flr, sleep, s3, unbind, unplug, rmmod");
	ktap_need(!puck_open_pci(&puck, pci), "open");
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
	ktap_ok(puck_count_becomes(&puck, "vms", "vm ", 0), "no VM is left");
	return ktap_end();
}
