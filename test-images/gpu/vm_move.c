// SPDX-License-Identifier: MIT
/*
 * BOs that are mapped in a VM, and that others drive out of VRAM meanwhile: they are mapped
 * again wherever they are, before the next job by address. A model says what is in each.
 */
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/vm.h"

#include <errno.h>

#define NBOS	6
#define PAGE	4096ull
#define BASE	((1ull << 39) - 2 * PAGE)
/* Of one BO to the next: not as its size is, so that there is nothing between them. */
#define STEP	(1ull << 24)

static struct puck puck, other;
static struct bo bos[NBOS], all[8];
static uint64_t size, vram;
static uint32_t vm, queue;
static uint8_t holds[NBOS];
static uint64_t seed = 1;

static uint64_t addr_of(uint32_t i)
{
	return BASE + i * STEP;
}

static uint32_t region_of(const struct bo *bo)
{
	struct drm_puck_gem_info info;

	return bo_info(puck.fd, bo, &info) ? ~0u : info.region;
}

static int make(uint32_t i)
{
	struct drm_puck_gem_create args = {
		.size = size, .placements = BO_VRAM | BO_SYSTEM, .vm = i % 2 ? vm : 0,
	};
	int ret = puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_CREATE, &args);

	bos[i].handle = args.handle;
	bos[i].size = args.size;
	return ret ? ret : bo_mmap(puck.fd, &bos[i]);
}

/* Another file's job wants all of VRAM, and has it until it is given back. */
static int fill_vram(void)
{
	struct drm_puck_bo_ref refs[8];
	struct drm_puck_cmd cmds[8];
	struct drm_puck_submit args;
	uint32_t n = vram / size, i;
	int ret = 0;

	for (i = 0; !ret && i < n; i++) {
		ret = bo_create_in(other.fd, &all[i], size, BO_VRAM, 0, 0);
		refs[i] = ref_write(&all[i]);
		cmds[i] = cmd_fill(i, 0, size, 0x77777777);
	}
	args = job(other.queue[0], refs, n, cmds, n);
	return ret ? ret : submit_wait(other.fd, &args);
}

static void free_vram(void)
{
	uint32_t i;

	for (i = 0; i < vram / size; i++)
		bo_close(other.fd, &all[i]);
}

static int drive_out(void)
{
	int ret = fill_vram();

	free_vram();
	return ret;
}

static int random_job(void)
{
	uint32_t from = rnd(&seed) % NBOS, to = (from + 1 + rnd(&seed) % (NBOS - 1)) % NBOS;
	struct drm_puck_cmd cmds[2];
	struct drm_puck_submit args;

	holds[from] = rnd(&seed);
	holds[to] = holds[from];
	cmds[0] = fill_at(addr_of(from), size, holds[from]);
	cmds[1] = copy_at(addr_of(from), addr_of(to), size);
	args = job(queue, NULL, 0, cmds, 2);
	return submit(puck.fd, &args);
}

/* To look at them takes them out of VRAM, where the CPU does not see all of it. */
static bool all_hold(void)
{
	struct drm_puck_submit args = job_empty(queue);
	uint32_t i;

	if (submit_wait(puck.fd, &args))
		return false;
	for (i = 0; i < NBOS; i++)
		if (!bo_is(puck.fd, &bos[i], holds[i])) {
			ktap_note("BO %u: %#x, not %#x", i, bos[i].map[0], holds[i]);
			return false;
		}
	return true;
}

static void test_moves(void)
{
	struct vm_counts before, after;
	uint32_t i, seen = 0;
	int ret = 0;

	for (i = 0; !ret && i < NBOS; i++)
		ret = vm_bind_one(puck.fd, vm, bind_map(&bos[i], addr_of(i)));
	ktap_ok(!ret, "moves: BOs of both kinds are mapped (%d)", ret);
	ktap_ok(!random_job() && !random_job() && !random_job(), "moves: and used");
	for (i = 0; i < NBOS; i++)
		seen |= 1 << region_of(&bos[i]);
	ktap_ok(seen & BO_VRAM, "moves: some are in VRAM");
	before = vm_counts(&puck);
	ret = drive_out();
	for (i = 0, seen = 0; i < NBOS; i++)
		seen |= 1 << region_of(&bos[i]);
	ktap_ok(!ret && seen == BO_SYSTEM, "moves: all are driven out (%d)", ret);
	ktap_ok(!random_job(), "moves: used again");
	after = vm_counts(&puck);
	ktap_ok(after.updates == before.updates + 1, "moves: by one update in front of the job");
	ktap_ok(all_hold(), "moves: each holds what it has to");
}

/*
 * What is mapped in system memory goes into VRAM, as there is room now, for the very job that
 * names it by address and lists it as well.
 */
static void test_listed(void)
{
	struct drm_puck_cmd cmd = fill_at(addr_of(0), size, 0x21);
	struct drm_puck_bo_ref ref = ref_both(&bos[0]);
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);
	int ret;

	ret = fill_vram();
	if (!ret)
		ret = vm_run(puck.fd, queue, fill_at(addr_of(0), size, 0x20));
	ktap_ok(!ret && region_of(&bos[0]) == DRM_PUCK_REGION_SYSTEM,
		"listed: used where it is while there is no room (%d)", ret);
	free_vram();
	ret = submit_wait(puck.fd, &args);
	ktap_ok(!ret && region_of(&bos[0]) == DRM_PUCK_REGION_VRAM,
		"listed: the job moves it (%d)", ret);
	holds[0] = 0x21;
	ktap_ok(bo_is(puck.fd, &bos[0], holds[0]), "listed: and finds it there");
}

static void test_rounds(uint32_t rounds)
{
	uint32_t round, i;
	int ret = 0;

	for (round = 0; round < rounds; round++) {
		for (i = 0; !ret && i < 8; i++)
			ret = rnd(&seed) % 3 ? random_job() : drive_out();
		if (!ret && rnd(&seed) % 2) {
			i = rnd(&seed) % NBOS;
			ret = vm_bind_one(puck.fd, vm, bind_map(&bos[i], addr_of(i)));
		}
		ktap_ok(!ret && all_hold(), "round %u (%d)", round, ret);
	}
}

/* More than fits, of what can be nowhere else; what is mapped besides is in its place. */
static void test_no_room(void)
{
	struct bo big[8];
	uint32_t n = vram / size + 1, i;
	int ret = 0;

	for (i = 0; !ret && i < n; i++) {
		ret = bo_create_in(puck.fd, &big[i], size, BO_VRAM, 0, 0);
		if (!ret)
			ret = vm_bind_one(puck.fd, vm, bind_map(&big[i], (1ull << 44) + i * STEP));
	}
	ktap_ok(!ret, "no room: each of them has been in VRAM (%d)", ret);
	ret = vm_run(puck.fd, queue, fill_at(addr_of(0), size, 0x11));
	ktap_ok(ret == -ENOSPC, "no room: not all together (%d)", ret);
	ktap_ok(!vm_bind_one(puck.fd, vm, bind_unmap(1ull << 44, STEP)), "no room: one goes");
	ret = vm_run(puck.fd, queue, fill_at(addr_of(0), size, 0x12));
	ktap_ok(!ret && bo_is(puck.fd, &bos[0], 0x12), "no room: there is (%d)", ret);
	ktap_ok(!vm_bind_one(puck.fd, vm, bind_unmap(1ull << 44, 1ull << 44)), "no room: all go");
	for (i = 0; i < n; i++)
		bo_close(puck.fd, &big[i]);
}

static int fill_listed(struct bo *bo)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, size, 0x77);
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

	return submit_wait(puck.fd, &args);
}

/* BOs that are private to a VM have one lock, and drive each other out all the same. */
static void test_private(void)
{
	struct drm_puck_gem_create args = { .size = size, .placements = BO_VRAM, .vm = vm };
	struct bo private[9];
	uint32_t n = vram / size + 1, i;
	int ret = 0;

	for (i = 0; !ret && i < n; i++) {
		args.handle = 0;
		ret = puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_CREATE, &args);
		private[i] = (struct bo){ .handle = args.handle, .size = args.size };
	}
	ktap_ok(!ret, "private: %u of %u are made, one more than fit (%d)", i, n, ret);
	ret = ret ? ret : bo_mmap(puck.fd, &private[0]);
	/* The first of them is out. None of the others is mapped, but all have its lock. */
	ret = vm_bind_one(puck.fd, vm, bind_map(&private[0], addr_of(NBOS)));
	ktap_ok(!ret && region_of(&private[0]) == DRM_PUCK_REGION_VRAM,
		"private: one that is mapped drives out what is not (%d)", ret);
	ret = vm_run(puck.fd, queue, fill_at(addr_of(NBOS), size, 0x33));
	ktap_ok(!ret, "private: a job uses it (%d)", ret);
	/* Whoever locks one for a job has locked all of them, mapped or not. */
	for (i = 1; !ret && i < n; i++)
		ret = fill_listed(&private[i]);
	ktap_ok(!ret && i == n, "private: a job that lists one drives out any other (%d)", ret);
	ktap_ok(bo_is(puck.fd, &private[0], 0x33) &&
		!vm_run(puck.fd, queue, fill_at(addr_of(NBOS), size, 0x34)) &&
		bo_is(puck.fd, &private[0], 0x34) &&
		!vm_bind_one(puck.fd, vm, bind_unmap(addr_of(NBOS), size)),
		"private: the mapped one is mapped again");
	i = n;
	while (i--)
		bo_close(puck.fd, &private[i]);
}

int main(void)
{
	struct vm_counts before;
	uint32_t i;

	ktap_begin();
	ktap_need(!puck_open_any(&puck) && !puck_open_pci(&other, puck.pci), "a puck device");
	ktap_need(!puck_param(puck.fd, DRM_PUCK_PARAM_VRAM_SIZE, &vram), "its VRAM");
	size = vram / 4;
	ktap_need(!vm_create(puck.fd, &vm) && !vm_queue_create(puck.fd, vm, 0, &queue), "create");
	for (i = 0; i < NBOS; i++)
		ktap_need(!make(i), "create: BO %u", i);
	before = vm_audit_begin(&puck);
	test_moves();
	test_listed();
	test_rounds(8);
	test_no_room();
	test_private();
	vm_audit_end(&puck, &before);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
