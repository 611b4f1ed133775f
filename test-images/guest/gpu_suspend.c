// SPDX-License-Identifier: MIT
/*
 * The machine goes to sleep and comes back. Jobs in the hardware are waited
 * for, jobs in the queues go on afterwards, the completion stage is as it was.
 *
 * "platform" of the kernel's pm_test runs all callbacks of all devices, and
 * comes back after five seconds. Wants CONFIG_PM_DEBUG.
 */
#include "ktap.h"
#include "puck_ioctl.h"
#include "text_file.h"

#define SIZE (64 << 10)

static struct puck puck;
static struct bo bo;

static int sleep_and_wake(void)
{
	int ret = write_text("/sys/power/pm_test", "platform");

	return ret ? ret : write_text("/sys/power/state", "mem");
}

static int fill(uint32_t ring, uint32_t value)
{
	struct drm_puck_bo_ref ref = ref_write(&bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, value);
	struct drm_puck_submit args = job(ring, &ref, 1, &cmd, 1);

	return submit_fd(puck.fd, &args);
}

static void test_sleep(void)
{
	int late, next, ret;

	puck_set(&puck, 0, "delay_ns", 300 * NSEC_PER_MSEC);
	puck_set(&puck, 0, "jitter_ns", 1234);
	puck_set(&puck, 1, "seed", 4321);
	late = fill(0, 0x11111111);
	next = fill(1, 0x22222222);
	ret = sleep_and_wake();
	ktap_ok(!ret, "the machine slept and woke (%d)", ret);
	ktap_ok(fence_result(late, 5000) == 1, "the job in the hardware is complete");
	ktap_ok(fence_result(next, 5000) == 1 && !bo_wait(puck.fd, &bo, 0, 0) &&
		bo.map[SIZE - 1] == 0x22, "the job in the queue ran");
	ktap_ok(puck_get(&puck, 0, "delay_ns") == 300 * NSEC_PER_MSEC &&
		puck_get(&puck, 0, "jitter_ns") == 1234 && puck_get(&puck, 1, "seed") == 4321,
		"the completion stage is as it was");
	puck_set(&puck, 0, "delay_ns", 0);
	puck_set(&puck, 0, "jitter_ns", 0);
}

/* What does not get done keeps the machine awake, and works on. */
static void test_busy(void)
{
	int held, ret;

	puck_set(&puck, 0, "timeout_ms", 60000);
	puck_set(&puck, 0, "hold", 1);
	held = fill(0, 0x33333333);
	ktap_need(puck_count_becomes(&puck, "fences", "ring", 1), "busy: a job in flight");
	puck_set(&puck, 0, "timeout_ms", 200);
	ret = sleep_and_wake();
	ktap_ok(ret == -EBUSY, "busy: the machine stays awake (%d)", ret);
	ktap_ok(fence_status(held) == 0, "busy: the job is where it was");
	puck_set(&puck, 0, "hold", 0);
	puck_set(&puck, 0, "timeout_ms", 10000);
	ktap_ok(fence_result(held, 5000) == 1, "busy: and completes");
	ktap_ok(fence_result(fill(0, 0x44444444), 5000) == 1, "busy: so does the next one");
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	if (access("/sys/power/pm_test", W_OK)) {
		ktap_skip("no pm_test in this kernel", "sleep");
		return ktap_end();
	}
	ktap_need(!bo_create(puck.fd, &bo, SIZE), "create");
	test_sleep();
	test_busy();
	return ktap_end();
}
