// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What user space asks of puck.ko about address spaces and VRAM, with each allocation of it failing
 * once: VMs, what is bound in them, jobs by address, and memory that moves for them.
 *
 * usage: fail_nth_vm [OPERATION [FROM]]
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/fail_nth/device.h"
#include "lib/fail_nth/inject.h"
#include "lib/fail_nth/sweep.h"
#include "lib/fail_nth/syncs.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"
#include "lib/gpu/vm.h"

#include <errno.h>
#include <unistd.h>

#define PAGE	4096ull
#define SIZE	(128ull << 10)
#define BASE	0x100000000ull
#define OTHER	0x8000000000ull

static struct puck two;
static uint64_t vram;		/* bytes that there are */
static uint32_t vm, queue;

static int end_vm(int ret)
{
	int left = end(ret);

	return left ? left : puck_count_becomes(&one, "vms", "vm ", 0) ? 0 : -EBUSY;
}

static int before_open(void)
{
	return open_alone(&one);
}

static int before_vm(void)
{
	int ret = open_alone(&one);

	return ret ? ret : vm_create(one.fd, &vm);
}

/* A queue for it, a BO of its own, and one that others may have, too. */
static int before_all(void)
{
	int ret = before_vm();

	if (!ret)
		ret = vm_queue_create(one.fd, vm, 0, &queue);
	if (!ret)
		ret = vm_bo_create(one.fd, vm, &a, SIZE);
	return ret ? ret : bo_create(one.fd, &b, SIZE);
}

static int run_at(uint64_t addr, uint64_t length, uint8_t value)
{
	return vm_run(one.fd, queue, fill_at(addr, length, value));
}

/* 0 if it is what it should be. */
static int look(const struct bo *bo, uint64_t offset, uint64_t length, uint8_t value)
{
	return bo_part_is(one.fd, bo, offset, length, value) ? 0 : -EBADMSG;
}

static int either(int first, int second)
{
	return first ? first : second;
}

/* ---- VMs ---- */

static int run_vm_create(void)
{
	struct drm_puck_vm_create args = { 0 };

	return call_once(one.fd, DRM_IOCTL_PUCK_VM_CREATE, &args);
}

static int run_vm_destroy(void)
{
	struct drm_puck_vm_destroy args = { .vm = vm };

	return call_once(one.fd, DRM_IOCTL_PUCK_VM_DESTROY, &args);
}

/* It is there until it was destroyed, and then it is not. */
static int after_vm_destroy(int ret)
{
	int again = vm_destroy(one.fd, vm), left = end_vm(ret);

	return again == (ret ? 0 : -ENOENT) ? left : -EILSEQ;
}

static int run_vm_queue(void)
{
	struct drm_puck_queue_create args = { .kind = DRM_PUCK_KIND_COMPUTE, .vm = vm };

	return call_once(one.fd, DRM_IOCTL_PUCK_QUEUE_CREATE, &args);
}

static int run_private(void)
{
	struct drm_puck_gem_create args = {
		.size = SIZE, .placements = BO_SYSTEM, .vm = vm,
	};

	return call_once(one.fd, DRM_IOCTL_PUCK_GEM_CREATE, &args);
}

/* ---- VM_BIND ---- */

static struct drm_puck_bind steps[4];
static struct drm_puck_vm_bind bind;

/* One mapping becomes three; where there was nothing there is something. */
static int before_bind(void)
{
	int ret = before_all();

	steps[0] = bind_unmap(BASE + 4 * PAGE, 2 * PAGE);
	steps[1] = bind_part(&b, 0, BASE + 8 * PAGE, 4 * PAGE);
	steps[2] = bind_sparse(OTHER, 1 << 21);
	steps[3] = bind_readonly(&b, 2 * OTHER);
	bind = (struct drm_puck_vm_bind){ .vm = vm, .binds = puck_array(steps, ARRAY_SIZE(steps)) };
	return ret ? ret : vm_bind_one(one.fd, vm, bind_map(&a, BASE));
}

static int run_bind(void)
{
	return call_once(one.fd, DRM_IOCTL_PUCK_VM_BIND, &bind);
}

static int look_at_bound(void)
{
	int ret = run_at(BASE + 8 * PAGE, 4 * PAGE, 0x11);

	ret = either(ret, look(&b, 0, 4 * PAGE, 0x11));
	ret = either(ret, look(&a, 8 * PAGE, 4 * PAGE, 0));
	ret = either(ret, run_at(BASE, 4 * PAGE, 0x12));
	ret = either(ret, run_at(BASE + 12 * PAGE, SIZE - 12 * PAGE, 0x12));
	ret = either(ret, look(&a, 12 * PAGE, SIZE - 12 * PAGE, 0x12));
	ret = either(ret, run_at(OTHER + PAGE, 1 << 20, 0x13));
	/* A fault takes seconds, so it is left out where nothing has failed. */
	if (ret || !fail_active)
		return ret;
	return run_at(BASE + 5 * PAGE, PAGE, 0x14) == -EFAULT ? 0 : -EILSEQ;
}

/* All of it, or none. */
static int look_at_unbound(void)
{
	int ret = run_at(BASE, SIZE, 0x21);

	ret = either(ret, look(&a, 0, SIZE, 0x21));
	if (ret)
		return ret;
	return run_at(OTHER, PAGE, 0x22) == -EFAULT ? 0 : -EILSEQ;
}

static int after_bind(int ret)
{
	int wrong = ret ? look_at_unbound() : look_at_bound(), left = end_vm(ret);

	return either(wrong, left);
}

static int before_bind_async(void)
{
	int ret = before_bind();

	if (!ret)
		ret = syncs_begin(queue);
	bind.flags = DRM_PUCK_VM_BIND_ASYNC;
	bind.syncs = puck_array(syncs, ARRAY_SIZE(syncs));
	return ret < 0 ? ret : 0;
}

/* With an error there is no fence, nor will one come. */
static int look_at_syncs(int ret)
{
	int64_t patience = ret ? 0 : FOREVER_NS;
	int binary = syncobj_wait(one.fd, syncs[1].handle, 0, patience);
	int point = syncobj_wait(one.fd, syncs[2].handle, SYNCS_POINT, patience);

	if (ret)
		return binary && point ? 0 : -EILSEQ;
	return either(binary, point);
}

static int after_bind_async(int ret)
{
	int wrong = look_at_syncs(ret);

	return either(wrong, after_bind(ret));
}

/* ---- jobs by address ---- */

static struct drm_puck_submit args;
static struct drm_puck_bo_ref ref;
static struct drm_puck_cmd cmds[2];

static int before_submit(void)
{
	int ret = before_all();

	ret = either(ret, vm_bind_one(one.fd, vm, bind_map(&a, BASE)));
	ret = either(ret, vm_bind_one(one.fd, vm, bind_map(&b, OTHER)));
	ref = ref_both(&b);
	cmds[0] = fill_at(BASE, SIZE, 0x31);
	cmds[1] = copy_at(BASE, OTHER, SIZE);
	args = job(queue, &ref, 1, cmds, ARRAY_SIZE(cmds));
	return ret;
}

static int run_submit(void)
{
	return call_once(one.fd, DRM_IOCTL_PUCK_SUBMIT, &args);
}

/* The answer's copy may fail when the job is queued; before that nothing has happened. */
static int after_submit(int ret)
{
	int wrong = ret == -EFAULT ? bo_wait(one.fd, &b, 0, FOREVER_NS) :
				     look(&b, 0, SIZE, ret ? 0 : 0x31);
	int left = end_vm(ret);

	return either(wrong, left);
}

/* ---- memory that moves ---- */

/* Takes all of VRAM for a moment. */
static int evict(void)
{
	struct drm_puck_submit fill;
	struct drm_puck_bo_ref all_ref;
	struct drm_puck_cmd cmd;
	struct bo all;
	int ret = bo_create_vram(one.fd, &all, vram - SIZE);

	if (ret)
		return ret;
	all_ref = ref_write(&all);
	cmd = cmd_fill(0, 0, PAGE, 0);
	fill = job(queue, &all_ref, 1, &cmd, 1);
	ret = submit_wait(one.fd, &fill);
	bo_close(one.fd, &all);
	return ret;
}

/* A BO that would be in VRAM if there were room, and has its bytes from there. */
static int before_moved(void)
{
	int ret = before_vm();

	ret = either(ret, vm_queue_create(one.fd, vm, 0, &queue));
	if (!ret)
		ret = bo_create_in(one.fd, &a, 2 * SIZE, BO_VRAM | BO_SYSTEM, 0, 0);
	if (!ret)
		ret = bo_create(one.fd, &b, 2 * SIZE);
	ret = either(ret, vm_bind_one(one.fd, vm, bind_map(&a, BASE)));
	ret = either(ret, vm_bind_one(one.fd, vm, bind_map(&b, OTHER)));
	return either(ret, run_at(BASE, 2 * SIZE, 0x41));
}

/* It is bound, and no more where it was. */
static int before_revalidate(void)
{
	int ret = before_moved();

	ret = either(ret, evict());
	ref = ref_write(&b);
	cmds[0] = copy_at(BASE, OTHER, 2 * SIZE);
	args = job(queue, &ref, 1, cmds, 1);
	return ret;
}

static int after_revalidate(int ret)
{
	int wrong = look(&b, 0, 2 * SIZE, ret ? 0 : 0x41), left;

	if (ret == -EFAULT)
		wrong = bo_wait(one.fd, &b, 0, FOREVER_NS);
	/* What could not be done then is done now. */
	if (ret)
		wrong = either(wrong, vm_run(one.fd, queue, copy_at(BASE, OTHER, 2 * SIZE)));
	wrong = either(wrong, look(&b, 0, 2 * SIZE, 0x41));
	left = end_vm(ret);
	return either(wrong, left);
}

static int run_vram(void)
{
	struct drm_puck_gem_create create = { .size = SIZE, .placements = BO_VRAM };

	return call_once(one.fd, DRM_IOCTL_PUCK_GEM_CREATE, &create);
}

/* The first job of a BO for which others have to go. */
static int before_evict(void)
{
	int ret = before_moved();

	if (!ret) {
		forget_bo(&b);
		ret = bo_create_vram(one.fd, &b, vram - SIZE);
	}
	ref = ref_write(&b);
	cmds[0] = cmd_fill(0, 0, PAGE, 0x51515151);
	args = job(queue, &ref, 1, cmds, 1);
	return ret;
}

static int after_evict(int ret)
{
	int wrong = look(&a, 0, 2 * SIZE, 0x41), left = end_vm(ret);

	return either(wrong, left);
}

/* A page that the CPU does not reach where it is: a fault that finds no memory is tried again. */
static int run_fault(void)
{
	return a.map[0] == 0x41 && a.map[2 * SIZE - 1] == 0x41 ? 0 : -EBADMSG;
}

static int before_import(void)
{
	struct drm_prime_handle handle = { .fd = -1 };
	int ret = before_moved();

	if (!ret)
		ret = puck_reopen(&two);
	if (!ret) {
		handle.fd = bo_export(one.fd, &a);
		ret = handle.fd < 0 ? handle.fd : 0;
	}
	if (!ret)
		ret = puck_call(two.fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &handle);
	ref = (struct drm_puck_bo_ref){ .handle = handle.handle, .flags = DRM_PUCK_REF_WRITE };
	cmds[0] = cmd_fill(0, 0, PAGE, 0x61616161);
	args = job(two.queue[0], &ref, 1, cmds, 1);
	return ret;
}

/* Another device's job, for which the memory has to go where both reach it. */
static int run_import(void)
{
	return call_once(two.fd, DRM_IOCTL_PUCK_SUBMIT, &args);
}

static int after_import(int ret)
{
	int wrong = look(&a, PAGE, 2 * SIZE - PAGE, 0x41), left;

	if (ret != -EFAULT)
		wrong = either(wrong, look(&a, 0, PAGE, ret ? 0x41 : 0x61));
	left = end_vm(ret);
	return either(wrong, either(left, nothing_left(&two)));
}

static const struct fail_op ops[] = {
	{ .name = "vm_create", .before = before_open, .run = run_vm_create, .after = end_vm },
	{ .name = "vm_destroy", .before = before_vm, .run = run_vm_destroy,
	  .after = after_vm_destroy },
	{ .name = "vm_queue", .before = before_vm, .run = run_vm_queue, .after = end_vm },
	{ .name = "vm_private_bo", .before = before_vm, .run = run_private, .after = end_vm },
	{ .name = "vm_bind", .before = before_bind, .run = run_bind, .after = after_bind },
	{ .name = "vm_bind_async", .before = before_bind_async, .run = run_bind,
	  .after = after_bind_async },
	{ .name = "vm_submit", .before = before_submit, .run = run_submit, .after = after_submit },
	{ .name = "vram_create", .before = before_open, .run = run_vram, .after = end_vm },
	{ .name = "vram_evict", .before = before_evict, .run = run_submit, .after = after_evict },
	{ .name = "vram_fault", .before = before_moved, .run = run_fault, .after = end_vm },
	{ .name = "vm_revalidate", .before = before_revalidate, .run = run_submit,
	  .after = after_revalidate },
};

static const struct fail_op import_op = {
	.name = "vram_import", .before = before_import, .run = run_import, .after = after_import,
};

int main(int argc, char **argv)
{
	struct drm_puck_region region;
	bool both;

	ktap_begin();
	fail_parse(argc, argv);
	if (!fail_init())
		return fail_cannot();
	ktap_need(!puck_open_any(&one), "a puck device");
	ktap_need(!region_get(one.fd, DRM_PUCK_REGION_VRAM, &region), "VRAM");
	vram = region.size;
	both = !puck_open_other(&two, &one);
	device_begin();
	fail_sweeps(ops, ARRAY_SIZE(ops));
	if (both)
		fail_sweep(&import_op);
	else
		ktap_skip("only one GPU", "vram_import");
	return ktap_end();
}
