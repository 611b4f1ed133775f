// SPDX-License-Identifier: MIT
/*
 * The device behind the IOMMU is pulled out while a job is in it, and plugged
 * in again. The host does both when asked by a line on our output.
 */
#include "lib/base/ktap.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/plug.h"
#include "lib/gpu/sync.h"
#include "lib/gpu/vm.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#define SIZE	(64 << 10)
/* More than the ring has room for, and then some until the device is gone, or no file is left. */
#define FULL	300
#define LINE	900
#define PACE_US	1000

static struct puck puck;
static struct bo bo;

static int fill(void)
{
	struct drm_puck_bo_ref ref = ref_write(&bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x11111111);
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

	return submit_fd(puck.fd, &args);
}

/*
 * A VM with a job in the ring, a bind that waits behind it, and one that is done. Nothing of
 * it may be left with the device, but a file has all of it.
 */
static uint32_t vm, vm_queue;

static int start_vm(void)
{
	struct drm_puck_bind step = bind_unmap(0x10000, SIZE);
	int fence;

	if (vm_create(puck.fd, &vm))
		return -EOPNOTSUPP;
	ktap_need(!vm_queue_create(puck.fd, vm, 1, &vm_queue) &&
		  !vm_bind_one(puck.fd, vm, bind_map(&bo, 0x10000)) &&
		  !vm_bind_one(puck.fd, vm, bind_sparse(1ull << 40, SIZE)), "vm: mapped");
	puck_set(&puck, 1, "hold", 1);
	fence = vm_start(puck.fd, vm_queue, fill_at(0x10000, SIZE, 0x22));
	ktap_need(fence >= 0 && !vm_bind_async(puck.fd, vm, &step, 1, NULL, 0),
		  "vm: a job, and an unmap behind it");
	return fence;
}

static void check_vm(int fence)
{
	uint32_t more;

	if (fence < 0)
		return;
	ktap_ok(fence_result(fence, FOREVER_MS) == -ENODEV, "pull: so does that of the VM's job");
	ktap_ok(vm_bind_one(puck.fd, vm, bind_map(&bo, 0)) == -ENODEV, "pull: bind says ENODEV");
	ktap_ok(vm_create(puck.fd, &more) == -ENODEV, "pull: and so does another VM");
	ktap_ok(vm_start(puck.fd, vm_queue, fill_at(0x10000, SIZE, 0x33)) == -ENODEV,
		"pull: and a job by address");
}

/* Jobs in the ring, jobs that wait for room in it, and, until the device is gone, more of them. */
static int line[LINE];
static atomic_uint lined_up;

static void *line_up(void *arg)
{
	unsigned int i;

	for (i = 0; i < LINE; i++) {
		line[i] = fill();
		if (line[i] < 0)
			break;
		atomic_store(&lined_up, i + 1);
		if (i >= FULL)
			usleep(PACE_US);
	}
	return arg;
}

/* Memory of the one may go with the fence of the other. */
static void check_line(void)
{
	unsigned int count = atomic_load(&lined_up), i, early = 0, odd = 0;
	int64_t last = 0, now;

	for (i = 0; i < count; i++) {
		odd += fence_wait(line[i], FOREVER_MS) || fence_status(line[i]) != -ENODEV;
		now = fence_time(line[i]);
		early += now < last;
		last = now;
		close(line[i]);
	}
	ktap_ok(!odd, "pull: %u jobs behind it say so, too (but %u)", count, odd);
	ktap_ok(!early, "pull: none ends before those in front of it (%u do)", early);
}

static void test_pull(void)
{
	struct drm_puck_submit args = job_empty(puck.queue[0]);
	int fence, vm_fence;
	pthread_t thread;

	/* However long it takes to line up: no job is late before. */
	puck_set(&puck, 0, "timeout_ms", 3600000);
	puck_set(&puck, 1, "timeout_ms", 3600000);
	vm_fence = start_vm();
	puck_set(&puck, 0, "hold", 1);
	fence = fill();
	ktap_need(fence >= 0 && !pthread_create(&thread, NULL, line_up, NULL), "submit");
	while (atomic_load(&lined_up) < FULL)
		usleep(1000);
	puck_pull();
	ktap_ok(fence_result(fence, FOREVER_MS) == -ENODEV, "pull: the job's fence says ENODEV");
	pthread_join(thread, NULL);
	check_line();
	ktap_ok(submit(puck.fd, &args) == -ENODEV, "pull: submit says ENODEV");
	check_vm(vm_fence);
	bo.map[SIZE - 1] = 0x77;
	ktap_ok(bo.map[SIZE - 1] == 0x77, "pull: mapped memory stays");
	bo_close(puck.fd, &bo);
	close(puck.fd);
}

static void test_plug(void)
{
	if (!ktap_ok(puck_plug(&puck, ""), "plug: the device is there again"))
		return;
	ktap_need(!bo_create(puck.fd, &bo, SIZE), "create");
	ktap_ok(fence_result(fill(), FOREVER_MS) == 1 && bo.map[SIZE - 1] == 0x11, "plug: it works");
	bo_close(puck.fd, &bo);
	close(puck.fd);
}

int main(void)
{
	ktap_begin();
	if (puck_open(&puck, true)) {
		ktap_skip("no GPU behind an IOMMU", "pull");
		return ktap_end();
	}
	ktap_need(!bo_create(puck.fd, &bo, SIZE), "create");
	test_pull();
	test_plug();
	return ktap_end();
}
