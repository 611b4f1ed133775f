// SPDX-License-Identifier: MIT
/*
 * VM_BIND, and commands by address: every member that can be bad. What is refused does
 * nothing, leaves nothing, and is in nobody's way.
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/gpu/bad.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/sync.h"
#include "lib/gpu/vm.h"
#include "lib/gpu/works.h"

#include <errno.h>
#include <stddef.h>

#define SIZE (64 << 10)
#define BASE 0x40000000ull
#define OTHER 0x80000000ull
#define END (1ull << 48)
#define ALL_BITS 0xffffffffu
#define TOP_BIT 0x80000000u

static struct puck puck;
static struct bo a, b, probe;
static uint32_t vm, queue;
static uint32_t signalled;		/* a syncobj with a fence */

/* ---- VM_BIND ---- */

/* A good one, with all that the table below spoils. */
struct trial {
	struct drm_puck_vm_bind args;
	struct drm_puck_bind binds[3];
	struct drm_puck_sync syncs[2];
};

static void trial_init(struct trial *t)
{
	memset(t, 0, sizeof(*t));
	t->binds[0] = bind_map(&b, OTHER);
	t->binds[1] = bind_unmap(OTHER, 4096);
	t->binds[2] = bind_sparse(OTHER + SIZE, SIZE);
	t->syncs[0] = sync_wait(signalled, 0);
	t->syncs[1] = sync_signal(signalled, 0);
	t->args.vm = vm;
	t->args.flags = DRM_PUCK_VM_BIND_ASYNC;
	t->args.binds = puck_array(t->binds, 3);
	t->args.syncs = puck_array(t->syncs, 2);
}

static int trial_run(struct trial *t)
{
	return puck_call(puck.fd, DRM_IOCTL_PUCK_VM_BIND, &t->args);
}

#define BAD(what, err, ...) BAD_MEMBER(struct trial, what, err, __VA_ARGS__)

static const struct bad bads[] = {
	BAD(args.vm, -ENOENT, 0),
	BAD(args.vm, -ENOENT, 1000000),
	BAD(args.vm, -ENOENT, ALL_BITS),
	BAD(args.flags, -EINVAL, 0),			/* but it has syncs */
	BAD(args.flags, -EINVAL, DRM_PUCK_VM_BIND_ASYNC | 2),
	BAD(args.flags, -EINVAL, DRM_PUCK_VM_BIND_ASYNC | TOP_BIT),
	BAD(args.queue, -EINVAL, 1),
	BAD(args.pad, -EINVAL, 1),
	BAD(args.pad, -EINVAL, TOP_BIT),
	BAD(args.binds.count, -EINVAL, 0),		/* but it has an address */
	BAD(args.binds.count, -EINVAL, DRM_PUCK_BINDS_MAX + 1),
	BAD(args.binds.count, -EINVAL, ALL_BITS),
	BAD(args.binds.stride, -EINVAL, 32),		/* too short */
	BAD(args.binds.ptr, -EFAULT, 0),
	BAD(args.binds.ptr, -EFAULT, 1ull << 63),
	BAD(args.syncs.count, -EINVAL, DRM_PUCK_SUBMIT_SYNCS_MAX + 1),
	BAD(args.syncs.ptr, -EFAULT, 8),
	BAD(binds[0].op, -EINVAL, 0),
	BAD(binds[0].op, -EINVAL, DRM_PUCK_BIND_UNMAP),	/* which has no BO */
	BAD(binds[0].op, -EINVAL, DRM_PUCK_BIND_MAP_SPARSE),
	BAD(binds[0].op, -EINVAL, DRM_PUCK_BIND_MAP_SPARSE + 1),
	BAD(binds[0].op, -EINVAL, ALL_BITS),
	BAD(binds[0].flags, -EINVAL, DRM_PUCK_BIND_READONLY << 1),
	BAD(binds[0].flags, -EINVAL, TOP_BIT),
	BAD(binds[0].handle, -ENOENT, 0),
	BAD(binds[0].handle, -ENOENT, ALL_BITS),
	BAD(binds[0].pad, -EINVAL, 1),
	BAD(binds[0].offset, -EINVAL, 1),
	BAD(binds[0].offset, -EINVAL, 2048),
	BAD(binds[0].offset, -EINVAL, 4096),		/* beyond the BO's end */
	BAD(binds[0].offset, -EINVAL, 0ull - 4096),	/* offset + length wraps */
	BAD(binds[0].addr, -EINVAL, OTHER + 1),
	BAD(binds[0].addr, -EINVAL, OTHER + 2048),
	BAD(binds[0].addr, -EINVAL, END),
	BAD(binds[0].addr, -EINVAL, END - SIZE + 4096),
	BAD(binds[0].addr, -EINVAL, 0ull - SIZE),
	BAD(binds[0].addr, -EINVAL, 1ull << 63),
	BAD(binds[0].length, -EINVAL, 0),
	BAD(binds[0].length, -EINVAL, 1),
	BAD(binds[0].length, -EINVAL, SIZE - 1),
	BAD(binds[0].length, -EINVAL, SIZE + 4096),
	BAD(binds[0].length, -EINVAL, 0ull - 4096),
	BAD(binds[1].flags, -EINVAL, DRM_PUCK_BIND_READONLY),
	BAD(binds[1].handle, -EINVAL, 1),
	BAD(binds[1].pad, -EINVAL, TOP_BIT),
	BAD(binds[1].offset, -EINVAL, 4096),
	BAD(binds[1].addr, -EINVAL, 1),
	BAD(binds[1].addr, -EINVAL, END),
	BAD(binds[1].length, -EINVAL, 0),
	BAD(binds[1].length, -EINVAL, 100),
	BAD(binds[1].length, -EINVAL, END),		/* from this address on */
	BAD(binds[2].flags, -EINVAL, DRM_PUCK_BIND_READONLY),
	BAD(binds[2].handle, -EINVAL, 1),
	BAD(binds[2].offset, -EINVAL, 4096),
	BAD(binds[2].length, -EINVAL, 0),
	BAD(binds[2].length, -EINVAL, DRM_PUCK_BIND_LENGTH_MAX + 4096),
	BAD(syncs[0].handle, -ENOENT, 0),
	BAD(syncs[0].handle, -ENOENT, ALL_BITS),
	BAD(syncs[0].type, -EINVAL, DRM_PUCK_SYNC_TIMELINE),
	BAD(syncs[0].flags, -EINVAL, 0),
	BAD(syncs[0].flags, -EINVAL, TOP_BIT | DRM_PUCK_SYNC_WAIT),
	BAD(syncs[0].pad, -EINVAL, 1),
	BAD(syncs[0].point, -EINVAL, 1),
	BAD(syncs[1].handle, -ENOENT, ALL_BITS),
	BAD(syncs[1].type, -EINVAL, DRM_PUCK_SYNC_TIMELINE + 1),
};

/* What is mapped is mapped, and nothing else is. */
static bool is_as_before(void)
{
	struct vm_counts counts = vm_counts(&puck);

	return counts.small + 16 * counts.big == SIZE / 4096 &&
	       !vm_run(puck.fd, queue, fill_at(BASE, SIZE, 0x11)) && bo_is(puck.fd, &a, 0x11);
}

static void test_bad_bind(void)
{
	struct trial t;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bads); i++) {
		trial_init(&t);
		bad_spoil(&bads[i], &t);
		ret = trial_run(&t);
		bad_report(&bads[i], ret, is_as_before());
	}
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_VM_BIND, NULL) == -EFAULT, "bad_pointer");
}

/* More than one job can do; said before any of it is allocated. */
static void test_too_big(void)
{
	static struct drm_puck_bind steps[DRM_PUCK_BINDS_MAX];
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(steps); i++)
		steps[i] = bind_sparse((1ull << 40) + i * DRM_PUCK_BIND_LENGTH_MAX,
				       DRM_PUCK_BIND_LENGTH_MAX);
	ret = vm_bind(puck.fd, vm, steps, ARRAY_SIZE(steps));
	ktap_ok(ret == -E2BIG && is_as_before(), "bad_binds: 4 TiB in all: %d", ret);
}

static void test_good_bind(void)
{
	struct trial t;

	trial_init(&t);
	ktap_ok(!trial_run(&t) && !syncobj_wait(puck.fd, signalled, 0, FOREVER_NS),
		"the same unspoilt is good");
	ktap_ok(!vm_run(puck.fd, queue, fill_at(OTHER + 4096, 2 * SIZE - 4096, 0x12)) &&
		bo_part_is(puck.fd, &b, 4096, SIZE - 4096, 0x12), "and does what it says");
	ktap_ok(!vm_bind_one(puck.fd, vm, bind_unmap(OTHER, 2 * SIZE)) && is_as_before(),
		"as before");
	ktap_ok(!vm_bind(puck.fd, vm, NULL, 0), "no step at all");
}

/* ---- commands ---- */

struct job_trial {
	struct drm_puck_submit args;
	struct drm_puck_cmd cmds[3];
};

static void job_trial_init(struct job_trial *t)
{
	t->cmds[0] = fill_at(BASE, SIZE, 0x21);
	t->cmds[1] = copy_at(BASE, BASE + SIZE / 2, SIZE / 2);
	t->cmds[2] = cmd_blit(0, 0, 100, 0, 0, 100, 100, 10);
	t->cmds[2].src = place_at(BASE);
	t->cmds[2].dst = place_at(BASE + SIZE / 2);
	t->args = job(queue, NULL, 0, t->cmds, 3);
}

#define BAD_JOB(what, ...) BAD_MEMBER(struct job_trial, what, -EINVAL, __VA_ARGS__)

static const struct bad bad_jobs[] = {
	BAD_JOB(cmds[0].dst.bo, 0),			/* with an address */
	BAD_JOB(cmds[0].dst.flags, DRM_PUCK_PLACE_ADDRESS << 1),
	BAD_JOB(cmds[0].dst.flags, DRM_PUCK_PLACE_ADDRESS | TOP_BIT),
	BAD_JOB(cmds[0].dst.flags, 0),			/* without a BO */
	BAD_JOB(cmds[0].dst.offset, END),
	BAD_JOB(cmds[0].dst.offset, END - SIZE + 1),
	BAD_JOB(cmds[0].dst.offset, ~0ull),
	BAD_JOB(cmds[0].src.flags, DRM_PUCK_PLACE_ADDRESS),	/* FILL has no source */
	BAD_JOB(cmds[0].length, (256 << 20) + 1),
	BAD_JOB(cmds[0].length, ~0ull),
	BAD_JOB(cmds[1].src.offset, END - SIZE / 2 + 1),
	BAD_JOB(cmds[1].src.bo, 0),
	BAD_JOB(cmds[1].src.flags, TOP_BIT | DRM_PUCK_PLACE_ADDRESS),
	BAD_JOB(cmds[1].length, 1ull << 48),
	BAD_JOB(cmds[2].height, 2700000),		/* pitch * rows */
	BAD_JOB(cmds[2].dst_pitch, 0x7fffffff),
};

static void test_bad_jobs(void)
{
	struct job_trial t;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bad_jobs); i++) {
		job_trial_init(&t);
		bad_spoil(&bad_jobs[i], &t);
		ret = submit(puck.fd, &t.args);
		bad_report(&bad_jobs[i], ret, puck_works(&puck, &probe));
	}
	job_trial_init(&t);
	t.args.queue = puck.queue[0];
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_queue: it has no VM");
	job_trial_init(&t);
	ktap_ok(!submit_wait(puck.fd, &t.args) && bo_is(puck.fd, &a, 0x21),
		"the same unspoilt is good");
}

/* ---- other ioctls that name a VM ---- */

static void test_bad_others(void)
{
	struct drm_puck_gem_create create = { .size = 4096, .placements = 1, .vm = 1000000 };
	struct drm_puck_vm_create made = { .flags = 1 };
	struct drm_puck_vm_destroy gone = { .vm = vm, .pad = 1 };
	uint32_t none;

	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_CREATE, &create) == -ENOENT && !create.handle,
		"bad_gem_create.vm");
	ktap_ok(vm_queue_create(puck.fd, 1000000, 0, &none) == -ENOENT && !none,
		"bad_queue_create.vm");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_VM_CREATE, &made) == -EINVAL, "bad_vm_create.flags");
	made = (struct drm_puck_vm_create){ .vm = 1 };
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_VM_CREATE, &made) == -EINVAL, "bad_vm_create.vm");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_VM_DESTROY, &gone) == -EINVAL, "bad_vm_destroy.pad");
	ktap_ok(vm_destroy(puck.fd, 0) == -ENOENT && vm_destroy(puck.fd, ALL_BITS) == -ENOENT,
		"bad_vm_destroy.vm");
	ktap_ok(is_as_before(), "none of it did anything");
}

int main(void)
{
	struct drm_puck_sync sync;
	struct drm_puck_submit args;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE) &&
		  !bo_create(puck.fd, &probe, 4096) && !vm_create(puck.fd, &vm) &&
		  !vm_queue_create(puck.fd, vm, 0, &queue) && !syncobj_create(puck.fd, &signalled) &&
		  !vm_bind_one(puck.fd, vm, bind_map(&a, BASE)), "create");
	sync = sync_signal(signalled, 0);
	args = job_syncs(puck.queue[0], &sync, 1);
	ktap_need(!submit_wait(puck.fd, &args), "a fence in a syncobj");
	test_bad_bind();
	test_too_big();
	test_good_bind();
	test_bad_jobs();
	test_bad_others();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
