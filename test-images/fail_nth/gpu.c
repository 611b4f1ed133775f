// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What user space asks of puck.ko, with each allocation of it failing once: open,
 * buffers, their mappings, jobs with all kinds of fences, dma-bufs, debugfs.
 *
 * usage: fail_nth_gpu [OPERATION [FROM]]
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/fail_nth/device.h"
#include "lib/fail_nth/files.h"
#include "lib/fail_nth/inject.h"
#include "lib/fail_nth/sweep.h"
#include "lib/fail_nth/syncs.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/userptr.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define SIZE (96 << 10)

static struct puck two;

/* ---- files and buffers ---- */

static int run_open(void)
{
	return open_alone(&one);
}

static int before_open(void)
{
	return open_alone(&one);
}

static int run_create(void)
{
	struct drm_puck_gem_create args = {
		.size = SIZE,
		.placements = 1 << DRM_PUCK_REGION_SYSTEM,
	};

	return call_once(one.fd, DRM_IOCTL_PUCK_GEM_CREATE, &args);
}

static int before_bo(void)
{
	int ret = puck_reopen(&one);

	return ret ? ret : bo_create(one.fd, &a, SIZE);
}

/* What becomes a BO as it is: its pages are there. */
static uint8_t lent[SIZE] __attribute__((aligned(4096)));

static int run_userptr_with(uint32_t flags)
{
	struct drm_puck_gem_userptr args = {
		.addr = (uintptr_t)lent, .size = SIZE, .flags = flags,
	};

	return call_once(one.fd, DRM_IOCTL_PUCK_GEM_USERPTR, &args);
}

static int run_userptr(void)
{
	return run_userptr_with(0);
}

static int run_userptr_pinned(void)
{
	return run_userptr_with(DRM_PUCK_USERPTR_PIN);
}

static int before_userptr(void)
{
	memset(lent, 1, sizeof(lent));
	return open_alone(&one);
}

/* The first job, which maps what was found when the pages were pinned. */
static int before_pinned_job(void)
{
	int ret = puck_reopen(&one);

	memset(lent, 1, sizeof(lent));
	return ret ? ret : userptr_create(one.fd, &a, lent, SIZE, DRM_PUCK_USERPTR_PIN);
}

/* A job that finds the memory gone, and looks it up anew. */
static int before_userptr_job(void)
{
	int ret = puck_reopen(&one);

	if (!ret)
		ret = userptr_create(one.fd, &a, lent, SIZE, 0);
	if (!ret)
		ret = fill_wait(one.fd, one.queue[0], &a, 1);
	if (!ret && (mprotect(lent, SIZE, PROT_READ) ||
		     mprotect(lent, SIZE, PROT_READ | PROT_WRITE)))
		ret = -errno;
	return ret;
}

static int run_userptr_job(void)
{
	struct drm_puck_bo_ref ref = ref_write(&a);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0);
	struct drm_puck_submit args = job(one.queue[0], &ref, 1, &cmd, 1);

	return call_once(one.fd, DRM_IOCTL_PUCK_SUBMIT, &args);
}

/* What could not be mapped once is there for the next job. */
static int after_userptr_job(int ret)
{
	int again = ret < 0 ? fill_wait(one.fd, one.queue[0], &a, 2) : 0, left = end(ret);

	return again ? again : left;
}

/* The pages are touched from here: a fault that finds no memory is tried again. */
static int run_mmap(void)
{
	int ret = bo_mmap(one.fd, &b);

	if (ret)
		return ret;
	b.map[0] = 1;
	b.map[SIZE - 1] = 2;
	return a.map[0] == 1 && a.map[SIZE - 1] == 2 ? 0 : -EBADMSG;
}

static int before_mmap(void)
{
	int ret = before_bo();

	b = (struct bo){ .handle = a.handle, .size = SIZE };
	return ret;
}

static int run_queries(void)
{
	struct drm_puck_get_param param = { .param = DRM_PUCK_PARAM_FEATURES };
	struct drm_puck_region list[4] = { 0 };
	struct drm_puck_get_regions regions = { .regions = puck_array(list, ARRAY_SIZE(list)) };
	struct drm_puck_queue_state state = { .queue = one.queue[0] };
	struct drm_puck_gem_info info = { .handle = a.handle };
	struct drm_puck_gem_wait wait = { .handle = a.handle, .flags = DRM_PUCK_WAIT_WRITE };
	struct drm_puck_gem_flush flush = { .handle = a.handle };
	int ret;

	ret = call_once(one.fd, DRM_IOCTL_PUCK_GET_PARAM, &param);
	if (!ret)
		ret = call_once(one.fd, DRM_IOCTL_PUCK_GET_REGIONS, &regions);
	if (!ret)
		ret = call_once(one.fd, DRM_IOCTL_PUCK_QUEUE_STATE, &state);
	if (!ret)
		ret = call_once(one.fd, DRM_IOCTL_PUCK_GEM_INFO, &info);
	if (!ret)
		ret = call_once(one.fd, DRM_IOCTL_PUCK_GEM_WAIT, &wait);
	return ret ? ret : call_once(one.fd, DRM_IOCTL_PUCK_GEM_FLUSH, &flush);
}

static int run_close(void)
{
	struct drm_gem_close args = { .handle = a.handle };

	return call_once(one.fd, DRM_IOCTL_GEM_CLOSE, &args);
}

/* ---- queues ---- */

static int run_queue_create(void)
{
	struct drm_puck_queue_create args = { .kind = DRM_PUCK_KIND_COMPUTE };

	return call_once(one.fd, DRM_IOCTL_PUCK_QUEUE_CREATE, &args);
}

static int run_queue_destroy(void)
{
	struct drm_puck_queue_destroy args = { .queue = one.queue[0] };

	return call_once(one.fd, DRM_IOCTL_PUCK_QUEUE_DESTROY, &args);
}

/* A queue is there until it was destroyed, and then it is not. */
static int after_queue_destroy(int ret)
{
	struct drm_puck_queue_state state;
	int there = queue_state(one.fd, one.queue[0], &state), left = end(ret);

	if (there != (ret ? 0 : -ENOENT))
		return -EILSEQ;
	return left;
}

/* ---- jobs ---- */

static struct drm_puck_submit args;
static struct drm_puck_bo_ref refs[2];
static struct drm_puck_cmd cmds[4];

static void fill_submit(int in_fence)
{
	refs[0] = ref_both(&a);
	refs[1] = ref_both(&b);
	cmds[0] = cmd_fill(0, 0, SIZE, 0x5a5a5a5a);
	cmds[1] = cmd_copy(0, 0, 1, 0, SIZE);
	cmds[2] = cmd_blit(0, 100, 300, 1, 200, 400, 250, 30);
	cmds[3] = cmd_crc(1, 0, SIZE, 0, 0);
	args = job(one.queue[0], refs, 2, cmds, ARRAY_SIZE(cmds));
	args.flags = DRM_PUCK_SUBMIT_IN_FENCE_FD | DRM_PUCK_SUBMIT_OUT_FENCE_FD;
	args.in_fence_fd = in_fence;
	args.syncs = puck_array(syncs, ARRAY_SIZE(syncs));
}

/* A first job, complete, gives the fences that the second one waits for. */
static int before_submit(void)
{
	int ret = before_bo(), fence;

	if (!ret)
		ret = bo_create(one.fd, &b, SIZE);
	if (ret)
		return ret;
	fence = syncs_begin(one.queue[1]);
	if (fence < 0)
		return fence;
	fill_submit(fence);
	return fence_wait(fence, FOREVER_MS);
}

static int run_submit(void)
{
	return call_once(one.fd, DRM_IOCTL_PUCK_SUBMIT, &args);
}

static int check_submit(int ret)
{
	/* The answer's copy may fail when the job is queued; before that nothing has happened. */
	if (ret == -ENOMEM && bo_wait(one.fd, &a, DRM_PUCK_WAIT_WRITE, 0))
		return -EBUSY;
	if (ret)
		return bo_wait(one.fd, &a, DRM_PUCK_WAIT_WRITE, FOREVER_NS);
	if (fence_result(args.out_fence_fd, FOREVER_MS) != 1)
		return -EIO;
	if (syncobj_wait(one.fd, syncs[1].handle, 0, 0) ||
	    syncobj_wait(one.fd, syncs[2].handle, SYNCS_POINT, 0))
		return -ETIME;
	ret = bo_wait(one.fd, &b, 0, 0);
	return ret ? ret : b.map[SIZE - 1] == 0x5a && b.map[0] == 0x5a ? 0 : -EBADMSG;
}

static int after_submit(int ret)
{
	int wrong = check_submit(ret), left = end(ret);

	return wrong ? wrong : left;
}

/* ---- dma-bufs ---- */

static int dmabuf;

static int run_export(void)
{
	struct drm_prime_handle handle = { .handle = a.handle, .flags = DRM_CLOEXEC | DRM_RDWR };

	return call_once(one.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &handle);
}

static int before_import(void)
{
	int ret = before_bo();

	if (!ret)
		ret = puck_reopen(&two);
	dmabuf = ret ? ret : bo_export(one.fd, &a);
	return dmabuf < 0 ? dmabuf : 0;
}

static int import_into(int fd)
{
	struct drm_prime_handle handle = { .fd = dmabuf };
	int ret = call_once(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &handle);

	b = (struct bo){ .handle = handle.handle };
	return ret;
}

static int run_import(void)
{
	return import_into(two.fd);
}

/* Where the import went well, a job can use it. */
static int after_import(int ret)
{
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x33333333);
	struct drm_puck_bo_ref ref = ref_write(&b);
	struct drm_puck_submit fill = job(two.queue[0], &ref, 1, &cmd, 1);
	int wrong = 0, left;

	if (!ret)
		wrong = submit_wait(two.fd, &fill);
	left = end(ret);
	if (!left)
		left = nothing_left(&two);
	return wrong ? wrong : left;
}

static int before_foreign(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = SIZE };
	int ret = open_alone(&one), dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	if (ret || dev < 0)
		return ret ? ret : -errno;
	create.memfd = (unsigned int)memfd_create("puck", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (ftruncate((int)create.memfd, SIZE) ||
	    fcntl((int)create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	return dmabuf < 0 ? -errno : 0;
}

static int run_foreign(void)
{
	return import_into(one.fd);
}

/* ---- debugfs ---- */

static int knob_fd;

static int before_knob(void)
{
	char path[128];

	snprintf(path, sizeof(path), FAIL_DEBUGFS "dri/%s/ring0/delay_ns", one.pci);
	knob_fd = open(path, O_WRONLY | O_CLOEXEC);
	return knob_fd < 0 ? -errno : 0;
}

static int run_knob(void)
{
	return fail_write(knob_fd, "0\n");
}

/* What the file system behind a buffer's pages says when it has no memory for an inode. */
static const int no_inode[] = { ENOSPC, 0 };

static const struct fail_op ops[] = {
	{ .name = "open", .run = run_open, .after = end },
	{ .name = "gem_create", .before = before_open, .run = run_create, .after = end,
	  .errnos = no_inode },
	{ .name = "gem_userptr", .before = before_userptr, .run = run_userptr, .after = end },
	{ .name = "gem_userptr_pinned", .before = before_userptr, .run = run_userptr_pinned,
	  .after = end },
	{ .name = "userptr_job", .before = before_userptr_job, .run = run_userptr_job,
	  .after = after_userptr_job },
	{ .name = "userptr_pinned_job", .before = before_pinned_job, .run = run_userptr_job,
	  .after = after_userptr_job },
	{ .name = "gem_mmap", .before = before_mmap, .run = run_mmap, .after = end },
	{ .name = "queries", .before = before_bo, .run = run_queries, .after = end },
	{ .name = "gem_close", .before = before_bo, .run = run_close, .after = end },
	{ .name = "queue_create", .before = before_open, .run = run_queue_create, .after = end },
	{ .name = "queue_destroy", .before = before_bo, .run = run_queue_destroy,
	  .after = after_queue_destroy },
	{ .name = "submit", .before = before_submit, .run = run_submit, .after = after_submit },
	{ .name = "export", .before = before_bo, .run = run_export, .after = end },
	{ .name = "import_foreign", .before = before_foreign, .run = run_foreign, .after = end },
	{ .name = "knob", .before = before_knob, .run = run_knob, .after = end },
};

static const struct fail_op import_op = {
	.name = "import", .before = before_import, .run = run_import, .after = after_import,
};

/* With something to be seen in each of them. */
static void sweep_debugfs(void)
{
	static const struct fail_op op = {
		.name = "debugfs", .run = fail_read_files, .after = fail_nothing_to_undo,
	};
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0);
	struct drm_puck_submit held;
	long long timeout = puck_get(&one, 0, "timeout_ms");
	struct drm_puck_bo_ref ref;
	char path[128];
	int fence;

	ktap_need(!before_bo(), "a buffer");
	ref = ref_write(&a);
	held = job(one.queue[0], &ref, 1, &cmd, 1);
	/* Longer than it takes to look at it that often. */
	puck_set(&one, 0, "timeout_ms", 3600000);
	puck_set(&one, 0, "hold", 1);
	fence = submit_fd(one.fd, &held);
	snprintf(path, sizeof(path), FAIL_DEBUGFS "dri/%s", one.pci);
	fail_choose_files(path);
	fail_sweep(&op);
	puck_set(&one, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "debugfs: the job that was looked at completes");
	puck_set(&one, 0, "timeout_ms", timeout);
	end(0);
}

int main(int argc, char **argv)
{
	bool both;

	ktap_begin();
	fail_parse(argc, argv);
	if (!fail_init())
		return fail_cannot();
	ktap_need(!puck_open_any(&one), "a puck device");
	both = !puck_open_other(&two, &one);
	device_begin();
	fail_sweeps(ops, ARRAY_SIZE(ops));
	if (both)
		fail_sweep(&import_op);
	else
		ktap_skip("only one GPU", "import");
	sweep_debugfs();
	return ktap_end();
}
