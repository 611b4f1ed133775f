// SPDX-License-Identifier: MIT
/*
 * Every allocation of every ioctl fails once: fault injection by number, until
 * a call needs no more allocations. Each failure must be told as ENOMEM, and
 * nothing may be left of it.
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/region.h"
#include "lib/gpu/sync.h"
#include "lib/gpu/vm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#define SIZE (64 << 10)
#define ENOUGH 400

static struct puck puck, other;
static struct bo a, b;
static uint32_t binary, timeline;
static int foreign;			/* a dma-buf of the other device */

/* The file that sets which allocation fails, and what was left to count. */
static int nth_fd = -1;
static int nth_left;

static void set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		ktap_note("%s: %s", path, strerror(errno));
	close(fd);
}

static bool set_up(void)
{
	static const char * const kinds[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
	char path[96];
	unsigned int i;

	if (access("/proc/self/fail-nth", W_OK) || access("/sys/kernel/debug/failslab", X_OK))
		return false;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", kinds[i]);
		set(path, "0");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-wait", kinds[i]);
		set(path, "N");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-highmem", kinds[i]);
		set(path, "N");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/min-order", kinds[i]);
		set(path, "0");
	}
	return true;
}

/* ---- injection ---- */

static void start_failing(int nth)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%d", nth);
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_fd < 0 || write(nth_fd, buf, strlen(buf)) < 0)
		ktap_note("fail-nth: %s", strerror(errno));
}

/* Right behind the call in question: all that follows is to work. */
static void stop_failing(void)
{
	char buf[16] = "";

	if (nth_fd < 0)
		return;
	/* Copies to and from user space can be hit as well, even this one. */
	nth_left = pread(nth_fd, buf, sizeof(buf) - 1, 0) < 0 ? 0 : atoi(buf);
	while (pwrite(nth_fd, "0", 1, 0) < 0)
		;
	close(nth_fd);
	nth_fd = -1;
}

/* For what a call needs to have before it. */
static int nth_paused;

static void pause_failing(void)
{
	if (nth_fd < 0)
		return;
	stop_failing();
	nth_paused = nth_left;
}

static void resume_failing(void)
{
	if (nth_paused)
		start_failing(nth_paused);
	nth_paused = 0;
}

static int failing_call(unsigned long nr, void *arg)
{
	int ret = puck_call(puck.fd, nr, arg);

	stop_failing();
	return ret;
}

/* ---- VRAM in which no block has to be split ---- */

/*
 * The kernel's buddy allocator does not survive an allocation that fails while it splits a
 * block (docs/findings.rst). So there are enough free blocks of the right size, each beside
 * one that is taken. They are the only ones of their kind: all of VRAM has been used and
 * cleared before, and what is dirty would be looked at first.
 */
#define VRAM_BLOCK	(64 << 10)
#define VRAM_BLOCKS	128

static struct bo vram_blocks[2 * VRAM_BLOCKS];

static int give_back(struct puck *holder, struct bo *bo)
{
	int ret = bo_wait(holder->fd, bo, DRM_PUCK_WAIT_WRITE, FOREVER_NS);

	return ret ? ret : bo_close(holder->fd, bo);
}

static int break_up_vram(struct puck *holder)
{
	struct drm_puck_region vram;
	struct bo all;
	uint32_t i;
	int ret;

	ret = region_get(holder->fd, DRM_PUCK_REGION_VRAM, &vram);
	if (!ret)
		ret = bo_create_vram(holder->fd, &all, vram.size);
	if (!ret)
		ret = give_back(holder, &all);
	for (i = 0; !ret && i < 2 * VRAM_BLOCKS; i++)
		ret = bo_create_vram(holder->fd, &vram_blocks[i], VRAM_BLOCK);
	for (i = 0; !ret && i < 2 * VRAM_BLOCKS; i += 2)
		ret = give_back(holder, &vram_blocks[i]);
	return ret;
}

/* ---- what is called ---- */

static int create(uint64_t size, uint32_t placements, uint32_t flags)
{
	struct drm_puck_gem_create args = {
		.size = size,
		.placements = placements,
		.flags = flags,
	};

	return failing_call(DRM_IOCTL_PUCK_GEM_CREATE, &args);
}

static int do_create(void)
{
	return create(SIZE, BO_SYSTEM, 0);
}

static int do_create_scattered(void)
{
	return create(SIZE, BO_SYSTEM, DRM_PUCK_GEM_SCATTERED);
}

static int do_create_vram(void)
{
	return create(VRAM_BLOCK, BO_VRAM, 0);
}

static int do_export(void)
{
	struct drm_prime_handle args = { .flags = DRM_CLOEXEC | DRM_RDWR };
	struct bo bo;
	int ret;

	/* A BO keeps its dma-buf, so take a new one each time. */
	pause_failing();
	ret = bo_create(puck.fd, &bo, 4096);
	if (ret)
		return ret;
	args.handle = bo.handle;
	resume_failing();
	ret = failing_call(DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);
	if (!ret)
		close(args.fd);
	bo_close(puck.fd, &bo);
	return ret;
}

static int do_import(void)
{
	struct drm_prime_handle args = { .fd = foreign };
	int ret = failing_call(DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);
	struct bo bo = { .handle = args.handle };

	if (!ret)
		bo_close(puck.fd, &bo);
	return ret;
}

static int do_open(void)
{
	int fd = open(puck.node, O_RDWR | O_CLOEXEC);
	int ret = fd < 0 ? -errno : 0;

	stop_failing();
	if (fd >= 0)
		close(fd);
	return ret;
}

static int do_queue(void)
{
	struct drm_puck_queue_create args = { .kind = DRM_PUCK_KIND_COMPUTE };
	int ret = failing_call(DRM_IOCTL_PUCK_QUEUE_CREATE, &args);

	return ret ? ret : queue_destroy(puck.fd, args.queue);
}

static int do_regions(void)
{
	struct drm_puck_region regions[4] = { 0 };
	struct drm_puck_get_regions args = { .regions = puck_array(regions, 4) };

	return failing_call(DRM_IOCTL_PUCK_GET_REGIONS, &args);
}

static int do_submit(void)
{
	struct drm_puck_sync syncs[] = {
		sync_wait(timeline, 1),
		sync_signal(binary, 0),
		sync_signal(timeline, 2),
	};
	struct drm_puck_bo_ref refs[] = { ref_read(&a), ref_write(&b) };
	struct drm_puck_cmd cmds[] = { cmd_copy(0, 0, 1, 0, SIZE), cmd_fill(1, 0, 1, 1) };
	struct drm_puck_submit args = job(puck.queue[0], refs, 2, cmds, 2);
	int ret;

	args.flags = DRM_PUCK_SUBMIT_OUT_FENCE_FD;
	args.syncs = puck_array(syncs, ARRAY_SIZE(syncs));
	ret = failing_call(DRM_IOCTL_PUCK_SUBMIT, &args);
	if (ret)
		return ret;
	return fence_result(args.out_fence_fd, FOREVER_MS) == 1 ? 0 : -EIO;
}

/* ---- VMs ---- */

static uint32_t vm, vm_queue;

/* With BOs of both kinds, and pages in tables of all levels; in part over each other. */
static int do_bind(void)
{
	struct drm_puck_bind binds[] = {
		bind_map(&a, (1ull << 39) - SIZE / 2),
		bind_part(&b, 0, (1ull << 39) - 4096, 8192),
		bind_sparse(1ull << 32, SIZE),
		bind_unmap(1ull << 32, 4096),
	};
	struct drm_puck_sync sync = sync_signal(timeline, 3);
	struct drm_puck_vm_bind args = {
		.vm = vm, .flags = DRM_PUCK_VM_BIND_ASYNC, .binds = puck_array(binds, 4),
		.syncs = puck_array(&sync, 1),
	};
	int ret = failing_call(DRM_IOCTL_PUCK_VM_BIND, &args);

	if (ret)
		return ret;
	/* So that each time as much has to be made. */
	return vm_bind_one(puck.fd, vm, bind_unmap(0, 1ull << 48));
}

static int do_vm_create(void)
{
	struct drm_puck_vm_create args = { 0 };
	int ret = failing_call(DRM_IOCTL_PUCK_VM_CREATE, &args);
	unsigned int looks = 0;

	if (ret)
		return ret;
	ret = vm_destroy(puck.fd, args.vm);
	/* Of those that user space was not told of the file may have as many as there are. */
	while (vm_counts(&puck).vms > 32 && patient(&looks))
		;
	return ret;
}

static int do_vm_submit(void)
{
	struct drm_puck_bo_ref ref = ref_write(&b);
	struct drm_puck_cmd cmd = copy_at(1 << 20, 2 << 20, SIZE);
	struct drm_puck_submit args = job(vm_queue, &ref, 1, &cmd, 1);
	int ret;

	args.flags = DRM_PUCK_SUBMIT_OUT_FENCE_FD;
	ret = failing_call(DRM_IOCTL_PUCK_SUBMIT, &args);
	if (ret)
		return ret;
	return fence_result(args.out_fence_fd, FOREVER_MS) == 1 ? 0 : -EIO;
}

/* ---- the sweep ---- */

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* What the kernel may say: no memory, or what user space would have caused. */
static bool is_plain(int ret)
{
	return ret == -ENOMEM || ret == -EFAULT || ret == -ENOSPC;
}

/* Without a VM that has both of them mapped, the calls below say so. */
static void prepare_vm(void)
{
	vm = 0;
	if (vm_create(puck.fd, &vm))
		return;
	vm_queue_create(puck.fd, vm, 0, &vm_queue);
	vm_bind_one(puck.fd, vm, bind_map(&a, 1 << 20));
	vm_bind_one(puck.fd, vm, bind_map(&b, 2 << 20));
}

static void prepare(void)
{
	struct drm_puck_submit args;
	struct drm_puck_sync sync;

	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE), "create");
	syncobj_create(puck.fd, &binary);
	syncobj_create(puck.fd, &timeline);
	sync = sync_signal(timeline, 1);
	args = job_syncs(puck.queue[0], &sync, 1);
	submit_wait(puck.fd, &args);
	prepare_vm();
}

static void sweep(const char *name, int (*call)(void))
{
	int bos = puck_count(&puck, "bos", "bo "), fds = count_fds();
	int nth, ret, failed = 0, odd = 0;

	prepare();
	/* Once without: caches are filled, what is made once is made. */
	ktap_ok(!call(), "%s: good when nothing fails", name);
	for (nth = 1, nth_left = 0; nth < ENOUGH && !nth_left; nth++) {
		start_failing(nth);
		ret = call();
		failed += !!ret;
		if (ret && !is_plain(ret)) {
			ktap_note("%s: allocation %d fails with %d", name, nth, ret);
			odd++;
		}
	}
	ktap_ok(nth < ENOUGH && failed && !odd, "%s: %d allocations, %d of them make it fail", name,
		nth - 2, failed);
	ktap_ok(!call(), "%s: good again", name);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "%s: no job is left", name);
	/*
	 * What could not be told to user space, handles and descriptors, goes
	 * with the file and with all that was opened after it.
	 */
	munmap(a.map, a.size);
	munmap(b.map, b.size);
	close_range(puck.fd, ~0u, 0);
	usleep(100000);
	ktap_ok(count_fds() == fds && puck_count_becomes(&puck, "bos", "bo ", bos) &&
		puck_count_becomes(&puck, "vms", "vm ", 0), "%s: nothing is left", name);
}

static void sweep_vram(void)
{
	struct puck holder;

	ktap_need(!puck_open_pci(&holder, puck.pci), "the same device again");
	ktap_need(!break_up_vram(&holder), "VRAM in pieces");
	sweep("create in VRAM", do_create_vram);
	close(holder.fd);
}

int main(void)
{
	struct bo bo;

	ktap_begin();
	if (!set_up()) {
		ktap_skip("no fault injection in this kernel", "sweeps");
		return ktap_end();
	}
	ktap_need(!puck_open_any(&puck), "a puck device");
	close(puck.fd);
	sweep("open", do_open);
	sweep("create", do_create);
	sweep("create scattered", do_create_scattered);
	sweep_vram();
	sweep("export", do_export);
	sweep("submit", do_submit);
	sweep("queue create", do_queue);
	sweep("regions", do_regions);
	sweep("vm create", do_vm_create);
	sweep("vm bind", do_bind);
	sweep("vm submit", do_vm_submit);
	if (!puck_open_other(&other, &puck)) {
		bo_create(other.fd, &bo, SIZE);
		foreign = bo_export(other.fd, &bo);
		sweep("import", do_import);
	}
	return ktap_end();
}
