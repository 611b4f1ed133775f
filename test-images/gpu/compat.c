// SPDX-License-Identifier: MIT
/*
 * Every ioctl once, in a program of 32 bits as in one of 64: gpu_compat32 is this, too.
 * Whatever it is, the driver has to find the same structures.
 */
#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/pattern.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/model.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/sync.h"

#include <errno.h>

#define SIZE (64 << 10)

static struct puck puck;
static struct bo src, dst;
static uint8_t model[SIZE];

/* What the kernel and the program have to agree on, and a compiler might see otherwise. */
_Static_assert(sizeof(struct drm_puck_array) == 16, "array");
_Static_assert(sizeof(struct drm_puck_get_param) == 16, "get_param");
_Static_assert(sizeof(struct drm_puck_region) == 32, "region");
_Static_assert(sizeof(struct drm_puck_gem_create) == 32, "gem_create");
_Static_assert(sizeof(struct drm_puck_gem_info) == 40, "gem_info");
_Static_assert(sizeof(struct drm_puck_queue_create) == 24, "queue_create");
_Static_assert(sizeof(struct drm_puck_queue_state) == 32, "queue_state");
_Static_assert(sizeof(struct drm_puck_sync) == 24, "sync");
_Static_assert(sizeof(struct drm_puck_cmd) == 72, "cmd");
_Static_assert(sizeof(struct drm_puck_submit) == 72, "submit");

static void test_params(void)
{
	uint64_t features = 0, vram = 0;
	int ret;

	ret = puck_param(puck.fd, DRM_PUCK_PARAM_FEATURES, &features);
	ktap_ok(!ret && features & DRM_PUCK_FEATURE_QUEUES, "get_param: features %#llx",
		(unsigned long long)features);
	ret = puck_param(puck.fd, DRM_PUCK_PARAM_VRAM_SIZE, &vram);
	ktap_ok(!ret && vram >= 1 << 20, "get_param: %llu bytes of VRAM", (unsigned long long)vram);
	ktap_ok(puck_param(puck.fd, ~0u, &vram) == -EINVAL, "get_param: bad_param");
}

static void test_regions(void)
{
	struct drm_puck_region regions[4] = { 0 };
	struct drm_puck_get_regions args = { .regions = puck_array(regions, 4) };
	int ret = puck_call(puck.fd, DRM_IOCTL_PUCK_GET_REGIONS, &args);

	ktap_ok(!ret && args.regions.count >= 1 &&
		args.regions.count <= 4 && args.regions.ptr == (uintptr_t)regions &&
		regions[0].region == DRM_PUCK_REGION_SYSTEM && regions[0].align &&
		regions[0].used >= 2 * SIZE, "get_regions: %u, of the first one %llu bytes are used",
		args.regions.count, (unsigned long long)regions[0].used);
	args.regions.stride = 4;
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GET_REGIONS, &args) == -EINVAL,
		"get_regions: bad_stride");
}

/* GEM_CREATE and GEM_MMAP_OFFSET have made the BOs already. */
static void test_bos(void)
{
	struct drm_puck_gem_create big = {
		.size = 1ull << 40,
		.placements = 1 << DRM_PUCK_REGION_SYSTEM,
	};
	struct drm_puck_gem_info info;
	int ret = bo_info(puck.fd, &src, &info);

	ktap_ok(!ret && info.handle == src.handle && info.size == SIZE &&
		info.placements == 1 << DRM_PUCK_REGION_SYSTEM &&
		info.region == DRM_PUCK_REGION_SYSTEM && info.caching && info.orig_nents &&
		info.nents && info.nents <= info.orig_nents,
		"gem_info: %llu bytes, %u entries, %u segments", (unsigned long long)info.size,
		info.orig_nents, info.nents);
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_CREATE, &big) == -E2BIG,
		"gem_create: bad_size beyond 32 bits");
	ktap_ok(!bo_wait(puck.fd, &src, DRM_PUCK_WAIT_WRITE, 0), "gem_wait: of an idle BO");
	ktap_ok(!bo_flush(puck.fd, &src), "gem_flush");
	ktap_ok(bo_wait(puck.fd, &src, ~0u, 0) == -EINVAL, "gem_wait: bad_flags");
}

/* Every command, every member of it; a fence in, one out, and both kinds of syncobjs. */
static void test_submit(uint32_t queue)
{
	struct drm_puck_cmd cmds[] = {
		cmd_nop(),
		cmd_fill(1, 5, 10000, 0x04030201),
		cmd_copy(0, 7, 1, 20000, 9999),
		cmd_blit(0, 100, 300, 1, 40000, 200, 150, 20),
		cmd_crc(0, 3, SIZE - 3, 1, SIZE - 4),
	};
	struct drm_puck_bo_ref refs[] = { ref_read(&src), ref_write(&dst) };
	struct drm_puck_submit first, args = job(queue, refs, 2, cmds, ARRAY_SIZE(cmds));
	struct drm_puck_sync syncs[3];
	uint32_t handles[2];
	int fence, ret;

	pattern_fill(src.map, SIZE, 11);
	pattern_fill(dst.map, SIZE, 12);
	memcpy(model, dst.map, SIZE);
	bo_flush(puck.fd, &src);
	bo_flush(puck.fd, &dst);
	ktap_need(!syncobj_create(puck.fd, &handles[0]) && !syncobj_create(puck.fd, &handles[1]),
		  "syncobjs");
	syncs[0] = sync_signal(handles[0], 0);
	first = job_syncs(queue, syncs, 1);
	fence = submit_fd(puck.fd, &first);
	ktap_need(fence >= 0, "submit: the first job");

	syncs[0] = sync_entry(handles[0], 0, DRM_PUCK_SYNC_WAIT | DRM_PUCK_SYNC_SIGNAL);
	syncs[1] = sync_signal(handles[1], 0x200000001ull);
	args.syncs = puck_array(syncs, 2);
	args.flags = DRM_PUCK_SUBMIT_IN_FENCE_FD;
	args.in_fence_fd = fence;
	ret = submit_wait(puck.fd, &args);
	ktap_ok(!ret && args.seqno, "submit: all commands, job %llu (%d)",
		(unsigned long long)args.seqno, ret);
	model_fill(model, 5, 10000, 0x04030201);
	model_copy(src.map, 7, model, 20000, 9999);
	model_blit(src.map, 100, 300, model, 40000, 200, 150, 20);
	model_crc(src.map, 3, SIZE - 3, model, SIZE - 4);
	ktap_ok(!bo_wait(puck.fd, &dst, 0, 0) && !memcmp(dst.map, model, SIZE),
		"submit: each did what it says");
	ktap_ok(!syncobj_wait(puck.fd, handles[0], 0, 0) &&
		!syncobj_wait(puck.fd, handles[1], 0x200000001ull, 0), "submit: syncobjs are signalled");
	syncobj_destroy(puck.fd, handles[0]);
	syncobj_destroy(puck.fd, handles[1]);
	close(fence);
}

static void test_bad_submit(uint32_t queue)
{
	struct drm_puck_submit args = job_empty(queue);

	args.cmds = (struct drm_puck_array){
		.ptr = 1ull << 63, .count = 1, .stride = sizeof(struct drm_puck_cmd),
	};
	ktap_ok(submit(puck.fd, &args) == -EFAULT, "submit: bad_cmds beyond what has addresses");
	args = job_empty(queue);
	args.seqno = 1ull << 32;
	ktap_ok(submit(puck.fd, &args) == -EINVAL, "submit: bad_seqno, its upper half");
	args = job_empty(queue);
	ktap_ok(!submit_wait(puck.fd, &args), "submit: good again");
}

static void test_prime(void)
{
	struct bo again;
	int dmabuf = bo_export(puck.fd, &src);

	ktap_ok(dmabuf >= 0 && !bo_import(puck.fd, &again, dmabuf, SIZE) &&
		again.handle == src.handle, "prime: out, and in again");
	close(dmabuf);
}

int main(void)
{
	struct drm_puck_queue_state state;
	uint32_t queue;

	ktap_begin();
	ktap_note("a pointer has %zu bits", 8 * sizeof(void *));
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &src, SIZE) && !bo_create(puck.fd, &dst, SIZE), "create");
	test_params();
	test_regions();
	test_bos();
	ktap_ok(!queue_create(puck.fd, DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_HIGH, &queue) &&
		queue, "queue_create");
	test_submit(queue);
	test_bad_submit(queue);
	ktap_ok(!queue_state(puck.fd, queue, &state) && state.queue == queue && !state.resets &&
		!state.guilty && !state.innocent, "queue_state: nothing has happened");
	ktap_ok(!queue_destroy(puck.fd, queue) && queue_destroy(puck.fd, queue) == -ENOENT,
		"queue_destroy");
	test_prime();
	return ktap_end();
}
