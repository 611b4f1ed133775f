// SPDX-License-Identifier: MIT
/* Buffer objects: sizes, contents, mappings, segments, waiting. */
#include "lib/base/ktap.h"
#include "lib/base/pattern.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

#include <errno.h>
#include <sys/mman.h>

#define CACHED (64 << 10)

static struct puck puck;

static int create_raw(uint64_t size, uint32_t flags, struct drm_puck_gem_create *args)
{
	memset(args, 0, sizeof(*args));
	args->size = size;
	args->placements = 1 << DRM_PUCK_REGION_SYSTEM;
	args->flags = flags;
	return puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_CREATE, args);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

static void test_create(void)
{
	struct drm_puck_gem_create args;
	struct bo bo;

	ktap_ok(!create_raw(1, 0, &args) && args.size == 4096 && args.handle,
		"create: size is rounded up to a page");
	bo = (struct bo){ .handle = args.handle };
	bo_close(puck.fd, &bo);

	ktap_need(!bo_create(puck.fd, &bo, 1 << 20), "create 1 MiB");
	ktap_ok(is_zero(bo.map, bo.size), "create: memory is zero");
	memset(bo.map, 0x5a, bo.size);
	ktap_ok(!bo_close(puck.fd, &bo), "close");
	ktap_need(!bo_create(puck.fd, &bo, 1 << 20), "create again");
	ktap_ok(is_zero(bo.map, bo.size), "create: old contents do not come back");
	bo_close(puck.fd, &bo);
}

static void test_bad_create(void)
{
	struct drm_puck_gem_create args;

	ktap_ok(create_raw(0, 0, &args) == -EINVAL, "create: bad_size 0");
	ktap_ok(create_raw(DRM_PUCK_BO_SIZE_MAX + 1, 0, &args) == -E2BIG, "create: bad_size over limit");
	ktap_ok(create_raw(~0ull, 0, &args) == -E2BIG, "create: bad_size ~0");
	ktap_ok(create_raw(4096, 1 << 4, &args) == -EINVAL, "create: bad_flags");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_CREATE, NULL) == -EFAULT,
		"create: bad_pointer");
}

/* What lies beyond the machine's memory fails, and nothing is left of it. */
static void test_no_memory(void)
{
	int before = puck_count(&puck, "bos", "bo ");
	struct drm_puck_gem_create args;
	int ret = create_raw(DRM_PUCK_BO_SIZE_MAX, 0, &args);
	struct bo bo = { .handle = args.handle };

	ktap_ok(!ret || ret == -ENOMEM, "create: 4 GiB are there or are not (%d)", ret);
	if (!ret)
		bo_close(puck.fd, &bo);
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", before), "create: nothing leaked");
}

static void test_mmap(void)
{
	struct drm_puck_gem_mmap_offset args = { 0 };
	struct bo bo, other;
	void *map;

	ktap_need(!bo_create(puck.fd, &bo, 64 << 10), "create");
	memset(bo.map, 0xa5, bo.size);
	args.handle = bo.handle;
	ktap_need(!puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_MMAP_OFFSET, &args), "mmap_offset");
	map = mmap(NULL, bo.size, PROT_READ, MAP_SHARED, puck.fd, args.offset);
	ktap_ok(map != MAP_FAILED && !memcmp(map, bo.map, bo.size),
		"mmap: a second mapping shows the same");
	if (map != MAP_FAILED)
		munmap(map, bo.size);
	ktap_ok(mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, puck.fd, args.offset) ==
		MAP_FAILED, "mmap: bad_private");
	ktap_ok(mmap(NULL, bo.size + 4096, PROT_READ, MAP_SHARED, puck.fd, args.offset) ==
		MAP_FAILED, "mmap: bad_length");

	ktap_need(!bo_create(puck.fd, &other, 4096), "create");
	bo_close(puck.fd, &bo);
	ktap_ok(mmap(NULL, 4096, PROT_READ, MAP_SHARED, puck.fd, args.offset) == MAP_FAILED,
		"mmap: bad_offset of a closed BO");
	bo_close(puck.fd, &other);
}

/* A mapping keeps the memory even when the handle is gone. */
static void test_mmap_outlives(void)
{
	uint8_t *map;
	struct bo bo;

	ktap_need(!bo_create(puck.fd, &bo, 64 << 10), "create");
	map = bo.map;
	bo.map = NULL;
	map[0] = 1;
	bo_close(puck.fd, &bo);
	map[bo.size - 1] = 2;
	ktap_ok(map[0] == 1 && map[bo.size - 1] == 2, "mmap: outlives the handle");
	munmap(map, bo.size);
}

static void test_bad_mmap_offset(void)
{
	struct drm_puck_gem_mmap_offset args = { .handle = 0 };

	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_MMAP_OFFSET, &args) == -ENOENT,
		"mmap_offset: bad_handle");
	args.flags = 1;
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_MMAP_OFFSET, &args) == -EINVAL,
		"mmap_offset: bad_flags");
}

static void test_info(void)
{
	struct drm_puck_gem_info info;
	uint64_t seg_len_max = 0;
	struct bo bo;

	ktap_need(!bo_create(puck.fd, &bo, 1 << 20), "create");
	ktap_need(!bo_info(puck.fd, &bo, &info), "info");
	ktap_ok(info.size == bo.size && !(info.flags & DRM_PUCK_INFO_IMPORTED), "info: size and flags");
	ktap_ok(info.placements == 1 << DRM_PUCK_REGION_SYSTEM &&
		info.region == DRM_PUCK_REGION_SYSTEM, "info: placements and region");
	ktap_ok(info.caching == DRM_PUCK_CACHING_WB || info.caching == DRM_PUCK_CACHING_WC,
		"info: the driver has chosen a caching");
	ktap_ok(info.handle == bo.handle && !info.pad, "info: nothing else has changed");
	ktap_ok(info.orig_nents >= 1 && info.orig_nents <= bo.size / 4096,
		"info: at most one entry for each page");
	ktap_ok(info.nents >= 1 && info.nents <= info.orig_nents,
		"info: segments are not more than entries");
	puck_param(puck.fd, DRM_PUCK_PARAM_SEG_LEN_MAX, &seg_len_max);
	if (!puck.translated)
		ktap_skip("not behind an IOMMU", "info: the IOMMU merges all");
	else
		ktap_ok(info.nents == (bo.size + seg_len_max - 1) / seg_len_max,
			"info: the IOMMU merges all (%u -> %u)", info.orig_nents, info.nents);
	bo_close(puck.fd, &bo);
	ktap_ok(bo_info(puck.fd, &bo, &info) == -ENOENT, "info: bad_handle");
}

/* What the CPU writes the GPU reads and the other way round, however the CPU has it mapped. */
static void test_caching(uint32_t caching, const char *name)
{
	struct drm_puck_cmd cmds[] = { cmd_copy(0, 0, 1, 0, CACHED), cmd_fill(0, 0, 4, 0xfeedbeef) };
	struct drm_puck_bo_ref refs[2];
	struct drm_puck_gem_info info;
	struct drm_puck_submit args;
	struct bo bo, copy;
	uint32_t word;

	ktap_need(!bo_create_cached(puck.fd, &bo, CACHED, caching), "%s: create", name);
	ktap_ok(!bo_info(puck.fd, &bo, &info) && info.caching == caching, "%s: info says so", name);
	ktap_ok(is_zero(bo.map, bo.size), "%s: memory is zero", name);
	ktap_need(!bo_create(puck.fd, &copy, CACHED), "create");
	pattern_fill(bo.map, CACHED, 1 + caching);
	bo_flush(puck.fd, &bo);
	refs[0] = ref_both(&bo);
	refs[1] = ref_write(&copy);
	args = job(puck.queue[0], refs, 2, cmds, 2);
	ktap_ok(!submit_wait(puck.fd, &args) && !bo_wait(puck.fd, &copy, 0, 0) &&
		!bo_wait(puck.fd, &bo, DRM_PUCK_WAIT_WRITE, 0), "%s: a job", name);
	ktap_ok(!memcmp(copy.map + 4, bo.map + 4, CACHED - 4), "%s: the GPU reads what the CPU wrote",
		name);
	memcpy(&word, bo.map, sizeof(word));
	ktap_ok(word == 0xfeedbeef, "%s: the CPU reads what the GPU wrote", name);
	bo_close(puck.fd, &copy);
	bo_close(puck.fd, &bo);
}

static void test_wait(void)
{
	struct bo bo;

	ktap_need(!bo_create(puck.fd, &bo, 4096), "create");
	ktap_ok(!bo_wait(puck.fd, &bo, 0, 0), "wait: an idle BO needs no time");
	ktap_ok(!bo_wait(puck.fd, &bo, DRM_PUCK_WAIT_WRITE, 0), "wait: the same for writing");
	ktap_ok(bo_wait(puck.fd, &bo, ~DRM_PUCK_WAIT_WRITE, 0) == -EINVAL, "wait: bad_flags");
	ktap_ok(!bo_flush(puck.fd, &bo), "flush");
	bo_close(puck.fd, &bo);
	ktap_ok(bo_wait(puck.fd, &bo, 0, 0) == -ENOENT, "wait: bad_handle");
	ktap_ok(bo_flush(puck.fd, &bo) == -ENOENT, "flush: bad_handle");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_WAIT, NULL) == -EFAULT, "wait: bad_pointer");
}

static void test_bad_flush(void)
{
	struct drm_puck_gem_flush args = { .flags = 1 };

	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_FLUSH, &args) == -EINVAL, "flush: bad_flags");
}

/* Handles are of one file; another file's mean nothing. */
static void test_other_file(void)
{
	struct drm_puck_gem_info info;
	struct puck second;
	struct bo bo;

	ktap_need(!puck_open(&second, puck.translated), "open again");
	ktap_need(!bo_create(puck.fd, &bo, 4096), "create");
	ktap_ok(bo_info(second.fd, &bo, &info) == -ENOENT, "a handle means nothing in another file");
	bo_close(puck.fd, &bo);
	close(second.fd);
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	test_create();
	test_bad_create();
	test_no_memory();
	test_mmap();
	test_mmap_outlives();
	test_bad_mmap_offset();
	test_info();
	test_caching(DRM_PUCK_CACHING_WB, "cached");
	test_caching(DRM_PUCK_CACHING_WC, "write-combined");
	test_wait();
	test_bad_flush();
	test_other_file();
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
	return ktap_end();
}
