// SPDX-License-Identifier: MIT
/*
 * The machine goes to sleep and comes back. Jobs in the hardware are waited
 * for, jobs in the queues go on afterwards, the completion stage is as it was.
 *
 * Wants CONFIG_PM_DEBUG.
 */
#include "lib/base/clock.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/sleep.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/vm.h"

#include <errno.h>
#include <fcntl.h>

#define SIZE (64 << 10)

/* As the kernel's drivers/dma-buf/sw_sync.c has them. */
struct sw_sync_create_fence_data {
	uint32_t value;
	char name[32];
	int32_t fence;
};

#define SW_SYNC_IOC_CREATE_FENCE _IOWR('W', 0, struct sw_sync_create_fence_data)
#define SW_SYNC_IOC_INC _IOW('W', 1, uint32_t)

static struct puck puck;
static struct bo bo;

static int fill(uint32_t ring, uint32_t value)
{
	struct drm_puck_bo_ref ref = ref_write(&bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, value);
	struct drm_puck_submit args = job(puck.queue[ring], &ref, 1, &cmd, 1);

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
	ret = sleep_and_wake(1);
	ktap_ok(!ret, "the machine slept and woke (%d)", ret);
	ktap_ok(fence_result(late, FOREVER_MS) == 1, "the job in the hardware is complete");
	ktap_ok(fence_result(next, FOREVER_MS) == 1 && !bo_wait(puck.fd, &bo, 0, 0) &&
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
	ret = sleep_and_wake(1);
	ktap_ok(ret == -EBUSY, "busy: the machine stays awake (%d)", ret);
	ktap_ok(fence_status(held) == 0, "busy: the job is where it was");
	puck_set(&puck, 0, "hold", 0);
	puck_set(&puck, 0, "timeout_ms", 10000);
	ktap_ok(fence_result(held, FOREVER_MS) == 1, "busy: and completes");
	ktap_ok(fence_result(fill(0, 0x44444444), FOREVER_MS) == 1, "busy: so does the next one");
}

/* The number of ring 0's last job, as the driver counts. */
static int last_number(void)
{
	char path[192], text[4096], *at;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/rings", puck.pci);
	read_text(path, text, sizeof(text));
	at = strstr(text, "last number ");
	return at ? atoi(at + strlen("last number ")) : 0;
}

/* ---- jobs that wait in their queues while the machine sleeps ---- */

/* An in-fence that is signalled when the test says so, by the kernel's sw_sync. */
struct gate {
	int timeline;
	int fence;
};

static bool gate_open(struct gate *gate)
{
	struct sw_sync_create_fence_data args = { .value = 1, .name = "gate" };

	gate->timeline = open("/sys/kernel/debug/sync/sw_sync", O_RDWR | O_CLOEXEC);
	if (gate->timeline < 0 || ioctl(gate->timeline, SW_SYNC_IOC_CREATE_FENCE, &args))
		return false;
	gate->fence = args.fence;
	return true;
}

static int gate_signal(struct gate *gate)
{
	uint32_t steps = 1;
	int ret = ioctl(gate->timeline, SW_SYNC_IOC_INC, &steps);

	close(gate->fence);
	close(gate->timeline);
	return ret;
}

static int fill_gated(const struct puck *file, const struct bo *to, uint32_t value, int in_fence)
{
	struct drm_puck_bo_ref ref = ref_write(to);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, value);
	struct drm_puck_submit args = job(file->queue[0], &ref, 1, &cmd, 1);

	args.flags = DRM_PUCK_SUBMIT_IN_FENCE_FD;
	args.in_fence_fd = in_fence;
	return submit_fd(file->fd, &args);
}

/*
 * One file's job waits for a fence from elsewhere while the machine sleeps. After
 * that another file's jobs come first, as many as there were before: what the
 * hardware says of those must say nothing of the one that waited.
 */
static void test_queued(void)
{
	struct puck file;
	struct gate gate;
	struct bo late;
	struct drm_puck_submit args;
	int fence, ret = 0, i, n;

	if (!gate_open(&gate)) {
		ktap_skip("no sw_sync in this kernel", "queued");
		return;
	}
	ktap_need(!puck_open_pci(&file, puck.pci) && !bo_create(file.fd, &late, SIZE),
		  "queued: another file");
	late.map[SIZE - 1] = 0;
	bo_flush(file.fd, &late);
	fence = fill_gated(&file, &late, 0x55555555, gate.fence);
	n = last_number();
	ret = sleep_and_wake(1);
	ktap_ok(!ret && fence_status(fence) == 0, "queued: slept with a job in a queue (%d)", ret);
	for (i = 1; !ret && i < n; i++) {
		args = job_empty(puck.queue[0]);
		ret = submit(puck.fd, &args);
	}
	ktap_ok(!ret && fence_result(fill(0, 0), FOREVER_MS) == 1, "queued: %d jobs of the other file",
		n);
	puck_set(&puck, 0, "start_delay_ns", 2 * NSEC_PER_SEC);
	ktap_ok(!gate_signal(&gate), "queued: the fence from elsewhere is signalled");
	ret = fence_result(fence, FOREVER_MS);
	/* Without GEM_WAIT, which would wait for what the fence should have. */
	ktap_ok(ret == 1 && late.map[SIZE - 1] == 0x55,
		"queued: the job's fence (%d) says that its bytes are there (%#x)", ret,
		late.map[SIZE - 1]);
	puck_set(&puck, 0, "start_delay_ns", 0);
	bo_close(file.fd, &late);
	close(file.fd);
}

/*
 * Two jobs end while the driver waits for them in order to sleep, and one more on
 * ring 1 gets ready by that. Nobody releases jobs by then: the first one's time
 * runs out while the device is off. That must neither touch the device nor let
 * the queues go on before it is there again.
 */
static void test_timeout(void)
{
	int first, second, next, ret;
	struct drm_puck_submit args;
	int64_t delay = 1500 * NSEC_PER_MSEC;

	puck_set(&puck, 0, "delay_ns", delay);
	puck_set(&puck, 1, "delay_ns", delay);
	puck_set(&puck, 1, "timeout_ms", 3500);
	first = fill(0, 0x66666666);
	args = job_empty(puck.queue[1]);
	second = submit_fd(puck.fd, &args);
	next = fill(1, 0x77777777);
	/* The time that is over after 3.5 s, of which the driver waits 1.5 s. */
	ret = sleep_and_wake(5);
	puck_set(&puck, 0, "delay_ns", 0);
	puck_set(&puck, 1, "delay_ns", 0);
	ktap_ok(!ret, "timeout: the machine slept and woke (%d)", ret);
	ktap_ok(fence_result(first, FOREVER_MS) == 1 && fence_result(second, FOREVER_MS) == 1,
		"timeout: the jobs in the hardware are complete");
	ret = fence_result(next, FOREVER_MS);
	ktap_ok(ret == 1, "timeout: the job in the queue ran when the machine was awake (%d)", ret);
	puck_set(&puck, 1, "timeout_ms", 10000);
}

/* A job is late just when the machine goes to sleep: it is blamed, and sleep is found. */
static void test_late(void)
{
	int held, ret;

	puck_set(&puck, 0, "hold", 1);
	puck_set(&puck, 0, "timeout_ms", 1500);
	expect_begin("puck .*ring 0: job [0-9]+ is late, resetting the ring");
	held = fill(0, 0x88888888);
	ktap_need(puck_count_becomes(&puck, "fences", "ring", 1), "late: a job in flight");
	/* Counts for jobs to come, and for how long the driver waits. */
	puck_set(&puck, 0, "timeout_ms", 20000);
	ret = sleep_and_wake(1);
	expect_end();
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(!ret, "late: the machine slept and woke (%d)", ret);
	ret = fence_result(held, FOREVER_MS);
	ktap_ok(ret == -ETIME, "late: the job is blamed (%d)", ret);
	puck_set(&puck, 0, "timeout_ms", 10000);
	ktap_ok(fence_result(fill(0, 0x44444444), FOREVER_MS) == 1, "late: so does the next one");
}

/* The device forgets where tables are when it is reset; what is mapped stays mapped. */
static void test_vm(void)
{
	uint32_t vm, queue;
	int ret;

	if (vm_create(puck.fd, &vm)) {
		ktap_skip("no VMs in this device", "vm");
		return;
	}
	ktap_need(!vm_queue_create(puck.fd, vm, 0, &queue) &&
		  !vm_bind_one(puck.fd, vm, bind_map(&bo, 0x10000)) &&
		  !vm_run(puck.fd, queue, fill_at(0x10000, SIZE, 0x91)), "vm: mapped, and used");
	ret = sleep_and_wake(1);
	ktap_ok(!ret, "vm: the machine slept and woke (%d)", ret);
	ret = vm_run(puck.fd, queue, fill_at(0x10000, SIZE, 0x92));
	ktap_ok(!ret && bo_is(puck.fd, &bo, 0x92), "vm: it is mapped yet (%d)", ret);
	ktap_ok(!vm_bind_one(puck.fd, vm, bind_unmap(0x10000, 4096)) &&
		vm_run(puck.fd, queue, fill_at(0x10000, SIZE, 0x93)) == -EFAULT,
		"vm: and can be unmapped");
	queue_destroy(puck.fd, queue);
	vm_destroy(puck.fd, vm);
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	if (!can_sleep()) {
		ktap_skip("no pm_test in this kernel", "sleep");
		return ktap_end();
	}
	ktap_need(!bo_create(puck.fd, &bo, SIZE), "create");
	test_sleep();
	test_busy();
	test_queued();
	test_timeout();
	test_late();
	test_vm();
	return ktap_end();
}
