// SPDX-License-Identifier: MIT
/*
 * The device goes while it is in use: files, mappings, fences and jobs that
 * never ran. And the module goes when all of that is gone, again and again.
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/pass.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/module.h"
#include "lib/gpu/region.h"
#include "lib/gpu/vm.h"

#define SIZE (64 << 10)
#define LOOPS 5

static struct puck puck;

static int unbind_device(const char *pci)
{
	return write_text("/sys/bus/pci/drivers/puck/unbind", pci);
}

static int bind_device(const char *pci)
{
	return write_text("/sys/bus/pci/drivers/puck/bind", pci);
}

static int submit_fill(const struct bo *bo, uint32_t ring, uint32_t flags, int in_fence)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, 0x11111111);
	struct drm_puck_submit args = job(puck.queue[ring], &ref, 1, &cmd, 1);

	args.flags = flags;
	args.in_fence_fd = in_fence;
	return submit_fd(puck.fd, &args);
}

static void check_dead_file(const struct bo *bo)
{
	struct drm_puck_gem_create create = {
		.size = 4096,
		.placements = 1 << DRM_PUCK_REGION_SYSTEM,
	};
	struct drm_puck_submit args = job_empty(puck.queue[0]);

	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_CREATE, &create) == -ENODEV,
		"unbind: create says ENODEV");
	ktap_ok(submit(puck.fd, &args) == -ENODEV, "unbind: submit says ENODEV");
	bo->map[0] = 1;
	bo->map[bo->size - 1] = 2;
	ktap_ok(bo->map[0] == 1 && bo->map[bo->size - 1] == 2, "unbind: mapped memory stays");
}

/*
 * Held in the hardware, queued behind that, and waiting for another ring: each
 * job's fence must come, with an error, and be good to look at afterwards.
 */
static void test_unbind(void)
{
	int fences[8], dmabuf, i, bad = 0;
	struct sync_file_info info = { 0 };
	struct bo bo, shared;

	ktap_need(!bo_create(puck.fd, &bo, SIZE) && !bo_create(puck.fd, &shared, SIZE), "create");
	dmabuf = bo_export(puck.fd, &shared);
	puck_set(&puck, 0, "hold", 1);
	for (i = 0; i < 8; i++)
		fences[i] = submit_fill(&bo, i % 2, i == 7 ? DRM_PUCK_SUBMIT_IN_FENCE_FD : 0,
					i == 7 ? fences[0] : 0);
	ktap_ok(!unbind_device(puck.pci), "unbind with open files and jobs under way");
	for (i = 0; i < 8; i++)
		bad += fence_wait(fences[i], FOREVER_MS) != 0 || fence_status(fences[i]) != -ENODEV;
	ktap_ok(!bad, "unbind: all fences say ENODEV");
	check_dead_file(&bo);
	ktap_ok(puck_in_use(), "unbind: the module stays while there are files");

	bo_close(puck.fd, &bo);
	bo_close(puck.fd, &shared);
	close(puck.fd);
	close(dmabuf);
	for (i = 1; i < 8; i++)
		close(fences[i]);
	usleep(200000);
	ktap_ok(puck_in_use() && !ioctl(fences[0], SYNC_IOC_FILE_INFO, &info) && info.status == -ENODEV,
		"unbind: a fence that is left keeps what it needs");
	close(fences[0]);
	ktap_ok(!bind_device(puck.pci), "bind again");
	ktap_need(!puck_open_any(&puck), "a puck device is back");
}

static void send_fence(int sock, int fence)
{
	char byte = 0;

	if (pass_send(sock, &byte, sizeof(byte), fence))
		_exit(1);
}

static int receive_fence(int sock)
{
	int fence;
	char byte;

	return pass_receive(sock, &byte, sizeof(byte), &fence) ? -1 : fence;
}

/* One job held in the hardware, one that waits for it; then wait for the end. */
static void leave_jobs(int sock)
{
	struct bo bo;

	if (puck_open_any(&puck) || bo_create(puck.fd, &bo, SIZE))
		_exit(1);
	send_fence(sock, submit_fill(&bo, 0, 0, 0));
	send_fence(sock, submit_fill(&bo, 1, 0, 0));
	pause();
}

/*
 * A process is killed. What is in the hardware completes; what is not yet is
 * dropped, but its fence comes, and not before what it was waiting for.
 */
static void test_kill(void)
{
	struct sync_file_info info = { 0 };
	int socks[2], held, queued;
	pid_t pid;

	ktap_need(!socketpair(AF_UNIX, SOCK_STREAM, 0, socks), "socketpair");
	puck_set(&puck, 0, "hold", 1);
	pid = fork();
	if (!pid)
		leave_jobs(socks[1]);
	held = receive_fence(socks[0]);
	queued = receive_fence(socks[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ktap_ok(fence_wait(queued, 300) == -ETIME, "kill: the queued job's fence waits for its turn");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(held, FOREVER_MS) == 1, "kill: the job in the hardware completes");
	ktap_ok(fence_wait(queued, FOREVER_MS) == 0 && fence_status(queued) == -ESRCH,
		"kill: the queued job says ESRCH");
	close(puck.fd);
	usleep(200000);
	ktap_ok(puck_in_use() && !ioctl(queued, SYNC_IOC_FILE_INFO, &info) && info.status == -ESRCH,
		"kill: its fence keeps what it needs, too");
	close(queued);
	close(socks[0]);
	close(socks[1]);
	ktap_need(!puck_open_any(&puck), "open again");
}

/* Submit as fast as it goes until the device is gone; 0 if it is told so. */
static int hammer(const char *pci, unsigned int ring, int ready)
{
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x22222222);
	struct drm_puck_bo_ref ref;
	struct drm_puck_submit args;
	struct puck puck;
	struct bo bo;
	int ret, count = 0;

	ret = puck_open_pci(&puck, pci);
	if (!ret)
		ret = bo_create(puck.fd, &bo, SIZE);
	while (!ret) {
		ref = ref_write(&bo);
		args = job(puck.queue[ring], &ref, 1, &cmd, 1);
		ret = submit(puck.fd, &args);
		if (!count++ && write(ready, "", 1) != 1)
			return 1;
		if (!ret && count % 8 == 0) {
			bo_close(puck.fd, &bo);
			ret = bo_create(puck.fd, &bo, SIZE);
		}
	}
	return ret != -ENODEV;
}

static void test_unbind_busy(void)
{
	int i, k, status, bad, ready[2];
	pid_t pids[4];
	char byte;

	ktap_need(!pipe(ready), "pipe");
	for (k = 0; k < LOOPS; k++) {
		for (i = 0; i < 4; i++) {
			pids[i] = fork();
			if (!pids[i])
				_exit(hammer(puck.pci, i % 2, ready[1]));
		}
		for (i = 0, bad = 0; i < 4; i++)
			bad += read(ready[0], &byte, 1) != 1;
		usleep(20000 + 7000 * k);
		bad += !!unbind_device(puck.pci);
		for (i = 0; i < 4; i++)
			bad += waitpid(pids[i], &status, 0) != pids[i] || status;
		ktap_ok(!bad, "unbind under load %d", k);
		ktap_need(!bind_device(puck.pci), "bind again");
	}
	close(ready[0]);
	close(ready[1]);
}

/* The whole function goes away, and comes again. */
static void test_remove(void)
{
	char path[96];
	int fence;
	struct bo bo;

	ktap_need(!puck_open_any(&puck) && !bo_create(puck.fd, &bo, SIZE), "open");
	puck_set(&puck, 0, "hold", 1);
	fence = submit_fill(&bo, 0, 0, 0);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", puck.pci);
	ktap_ok(!write_text(path, "1") && fence_result(fence, FOREVER_MS) == -ENODEV,
		"remove with a job in the hardware");
	bo_close(puck.fd, &bo);
	close(puck.fd);
	ktap_ok(!write_text("/sys/bus/pci/rescan", "1"), "rescan");
	ktap_need(!puck_open_any(&puck) && !bo_create(puck.fd, &bo, SIZE), "it is back");
	fence = submit_fill(&bo, 0, 0, 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "it works");
	bo_close(puck.fd, &bo);
	close(puck.fd);
}

/* A file is closed with jobs in the hardware: they complete all the same. */
static void test_close(void)
{
	int fence, waiting;
	struct bo bo;

	ktap_need(!bo_create(puck.fd, &bo, SIZE), "create");
	puck_set(&puck, 0, "delay_ns", 100 * NSEC_PER_MSEC);
	fence = submit_fill(&bo, 0, 0, 0);
	waiting = submit_fill(&bo, 1, 0, 0);
	bo_close(puck.fd, &bo);
	close(puck.fd);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "close: a job in the hardware completes");
	ktap_ok(fence_result(waiting, FOREVER_MS) == 1, "close: a job in the queue completes");
	ktap_need(!puck_open_any(&puck), "open again");
	puck_set(&puck, 0, "delay_ns", 0);
}

/* What is left to be done for a file when it is closed: VRAM to be cleared, a VM to be ended. */
static bool leave_work(void)
{
	uint32_t vm, queue;
	struct bo bo;

	if (bo_create_vram(puck.fd, &bo, SIZE))
		return false;
	/* A mapping is a file that is open. */
	munmap(bo.map, bo.size);
	return !vm_create(puck.fd, &vm) && !vm_queue_create(puck.fd, vm, 0, &queue) &&
	       !vm_bind_one(puck.fd, vm, bind_map(&bo, 0)) &&
	       !vm_run(puck.fd, queue, fill_at(0, SIZE, 0x22));
}

/* With the last file closed nothing holds the module, from that moment on. */
static void test_module(void)
{
	struct bo bo;
	int i, fence;

	for (i = 0; i < LOOPS; i++) {
		if (!ktap_ok(!puck_rmmod_now(), "rmmod %d", i))
			return;
		ktap_need(!system("modprobe puck"), "modprobe");
		ktap_need(!puck_open_any(&puck) && !bo_create(puck.fd, &bo, SIZE), "open");
		fence = submit_fill(&bo, i % 2, 0, 0);
		ktap_ok(fence_result(fence, FOREVER_MS) == 1 && bo.map[0] == 0x11 && leave_work(),
			"modprobe %d: works", i);
		bo_close(puck.fd, &bo);
		close(puck.fd);
	}
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	test_close();
	test_kill();
	test_unbind();
	close(puck.fd);
	test_unbind_busy();
	test_remove();
	test_module();
	return ktap_end();
}
