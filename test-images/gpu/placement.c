// SPDX-License-Identifier: MIT
/*
 * Where BOs are: placements, their limits, what the CPU and others see of VRAM.
 *
 *	gpu_placement [policy]		how many segments there are is a matter of the mapper's
 */
#include "lib/base/ktap.h"
#include "lib/base/pattern.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"

#include <errno.h>

#define SIZE (256 << 10)
#define SYSTEM DRM_PUCK_REGION_SYSTEM
#define VRAM DRM_PUCK_REGION_VRAM

static struct puck puck;
static uint64_t vram_size;
static uint8_t *pattern;
static bool policy;

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

static uint64_t vram_used(void)
{
	struct drm_puck_region region = { .used = ~0ull };

	region_get(puck.fd, VRAM, &region);
	return region.used;
}

/* A job that only names its BOs: they have to be where they may be. */
static int touch(const struct bo *bos, uint32_t n)
{
	struct drm_puck_bo_ref refs[64];
	struct drm_puck_submit args = job(puck.queue[0], refs, n, NULL, 0);
	uint32_t i;

	for (i = 0; i < n; i++)
		refs[i] = ref_read(&bos[i]);
	return submit_wait(puck.fd, &args);
}

static int copy(const struct bo *src, const struct bo *dst, uint64_t size)
{
	struct drm_puck_bo_ref refs[] = { ref_read(src), ref_write(dst) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, size);
	struct drm_puck_submit args = job(puck.queue[0], refs, 2, &cmd, 1);

	return submit_wait(puck.fd, &args);
}

static void test_regions(void)
{
	struct drm_puck_region region = { 0 };
	uint64_t param = 0, before = vram_used();
	struct bo bo;

	ktap_ok(!region_get(puck.fd, VRAM, &region) && region.align == 4096, "regions: VRAM");
	ktap_ok(!puck_param(puck.fd, DRM_PUCK_PARAM_VRAM_SIZE, &param) && param == region.size,
		"regions: VRAM has %llu bytes", (unsigned long long)region.size);
	ktap_need(!bo_create_vram(puck.fd, &bo, SIZE), "create");
	ktap_ok(vram_used() == before + SIZE, "regions: a BO takes what it is large");
	bo_close(puck.fd, &bo);
	vram_size = region.size;
}

static void test_create(void)
{
	struct drm_puck_gem_info info;
	struct bo bo;

	ktap_need(!bo_create_vram(puck.fd, &bo, SIZE), "create in VRAM");
	ktap_need(!bo_info(puck.fd, &bo, &info), "info");
	ktap_ok(info.region == VRAM && info.placements == BO_VRAM && info.nents &&
		info.nents == info.orig_nents && info.caching == DRM_PUCK_CACHING_WC,
		"create: it is in VRAM, in %u blocks", info.nents);
	ktap_ok(is_zero(bo.map, SIZE), "create: VRAM is zero for the CPU");
	bo_close(puck.fd, &bo);

	ktap_need(!bo_create_in(puck.fd, &bo, SIZE, BO_SYSTEM | BO_VRAM, 0, 0), "create in both");
	ktap_ok(bo_region(puck.fd, &bo) == VRAM, "create: with both it is in VRAM");
	bo_close(puck.fd, &bo);
	ktap_need(!bo_create_in(puck.fd, &bo, SIZE, BO_SYSTEM | BO_VRAM,
				DRM_PUCK_GEM_PREFER_SYSTEM, 0), "create in both, the other first");
	ktap_ok(bo_region(puck.fd, &bo) == SYSTEM && !touch(&bo, 1) &&
		bo_region(puck.fd, &bo) == SYSTEM, "create: or in system memory, if wanted");
	bo_close(puck.fd, &bo);
}

static void test_scattered(void)
{
	struct drm_puck_gem_info info;
	struct bo bo;

	ktap_need(!bo_create_in(puck.fd, &bo, SIZE, BO_SYSTEM, DRM_PUCK_GEM_SCATTERED, 0),
		  "create");
	ktap_need(!bo_info(puck.fd, &bo, &info), "info");
	ktap_ok(info.orig_nents >= SIZE / 4096 - 1,
		"scattered: %u entries for %u pages", info.orig_nents, SIZE / 4096);
	if (policy)
		ktap_ok(info.nents > 0 && info.nents <= info.orig_nents,
			"scattered: the mapper makes them %u", info.nents);
	else if (puck.translated)
		ktap_ok(info.nents == 1, "scattered: the IOMMU merges them to %u", info.nents);
	else
		ktap_ok(info.nents == info.orig_nents, "scattered: and as many segments");
	ktap_ok(is_zero(bo.map, SIZE), "scattered: memory is zero");
	bo_close(puck.fd, &bo);
}

/* CPU to VRAM, by the GPU to system memory and back, and once more by the CPU. */
static void test_data(void)
{
	struct bo vram, system, back;

	ktap_need(!bo_create_vram(puck.fd, &vram, SIZE) && !bo_create_vram(puck.fd, &back, SIZE) &&
		  !bo_create(puck.fd, &system, SIZE), "create");
	memcpy(vram.map, pattern, SIZE);
	bo_flush(puck.fd, &vram);
	ktap_ok(!copy(&vram, &system, SIZE) && !bo_wait(puck.fd, &system, 0, 0) &&
		!memcmp(system.map, pattern, SIZE), "data: the GPU reads VRAM as the CPU wrote it");
	ktap_ok(!copy(&system, &back, SIZE) && !bo_wait(puck.fd, &back, 0, 0) &&
		!memcmp(back.map, pattern, SIZE), "data: the CPU reads VRAM as the GPU wrote it");
	bo_close(puck.fd, &system);
	bo_close(puck.fd, &back);
	bo_close(puck.fd, &vram);
}

static void test_limits(void)
{
	struct bo bos[5];
	uint32_t i, n = 0;

	ktap_ok(bo_create_vram(puck.fd, &bos[0], vram_size + 1) == -ENOSPC,
		"bad_size: beyond VRAM");
	ktap_need(!bo_create_in(puck.fd, &bos[0], 2 * vram_size, BO_SYSTEM | BO_VRAM, 0, 0),
		  "limits: beyond VRAM with both");
	ktap_ok(bo_region(puck.fd, &bos[0]) == SYSTEM && !touch(bos, 1),
		"limits: is in system memory");
	bo_close(puck.fd, &bos[0]);

	while (n < 5 && !bo_create_vram(puck.fd, &bos[n], vram_size / 4))
		n++;
	ktap_ok(n == 5, "limits: more BOs than VRAM has room for can be made");
	ktap_ok(touch(bos, n) == -ENOSPC, "bad_job: all of them in one");
	ktap_ok(!touch(bos, 4) && !touch(bos + 1, 4), "limits: as many as fit are no problem");
	for (i = 0; i < n; i++)
		bo_close(puck.fd, &bos[i]);
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "limits: nothing leaked");
}

/* Of those that are in VRAM the one goes first that was said to, whatever was used last. */
static void test_hints(void)
{
	const uint32_t flags[] = { DRM_PUCK_GEM_EVICT_LAST, 0, DRM_PUCK_GEM_EVICT_FIRST };
	unsigned int looks = 0;
	struct bo bos[3], more;
	uint32_t i;

	for (i = 0; i < 3; i++)
		ktap_need(!bo_create_in(puck.fd, &bos[i], vram_size / 4, BO_VRAM, flags[i], 0),
			  "create");
	ktap_need(!bo_create_vram(puck.fd, &more, vram_size / 2), "create");
	ktap_ok(bo_region(puck.fd, &bos[2]) == SYSTEM, "hints: FIRST has gone");
	ktap_ok(bo_region(puck.fd, &bos[1]) == VRAM && bo_region(puck.fd, &bos[0]) == VRAM,
		"hints: the others have not");
	bo_close(puck.fd, &more);
	/* TTM passes over a BO that is just going, and would have nothing left but LAST. */
	while (puck_vram_says(&puck, "free") < (long long)(vram_size / 2) && patient(&looks))
		;
	ktap_need(!bo_create_vram(puck.fd, &more, 3 * (vram_size / 4)), "create");
	ktap_ok(bo_region(puck.fd, &bos[1]) == SYSTEM && bo_region(puck.fd, &bos[0]) == VRAM,
		"hints: LAST stays as long as it can");
	bo_close(puck.fd, &more);
	for (i = 0; i < 3; i++)
		bo_close(puck.fd, &bos[i]);
}

/*
 * Another device can have a BO that may be in system memory, and then it is there. What becomes
 * of it next: gpu_share_move.
 */
static void test_share(void)
{
	struct bo bo, theirs;
	struct puck other;
	int fd;

	if (puck_open_other(&other, &puck)) {
		ktap_skip("there is one device only", "share");
		return;
	}
	ktap_need(!bo_create_in(puck.fd, &bo, SIZE, BO_SYSTEM | BO_VRAM, 0, 0), "create");
	memcpy(bo.map, pattern, SIZE);
	fd = bo_export(puck.fd, &bo);
	ktap_ok(fd >= 0 && bo_region(puck.fd, &bo) == VRAM, "share: an export moves nothing");
	ktap_ok(!bo_import(other.fd, &theirs, fd, SIZE) &&
		bo_region(puck.fd, &bo) == SYSTEM,
		"share: another device has it in system memory");
	ktap_ok(!memcmp(bo.map, pattern, SIZE), "share: with what was in it");
	ktap_ok(!touch(&bo, 1), "share: and it works on here");
	bo_close(other.fd, &theirs);
	close(fd);
	bo_close(puck.fd, &bo);

	ktap_need(!bo_create_vram(puck.fd, &bo, SIZE), "create");
	fd = bo_export(puck.fd, &bo);
	ktap_ok(bo_import(other.fd, &theirs, fd, SIZE) == -EOPNOTSUPP,
		"share: bad_placement without system memory");
	ktap_ok(!touch(&bo, 1), "share: it works on here");
	close(fd);
	bo_close(puck.fd, &bo);
	close(other.fd);
}

/* What is told of a file, by region. */
static void test_fdinfo(void)
{
	char path[64], text[4096], want[64];
	struct bo bo;

	ktap_need(!bo_create_vram(puck.fd, &bo, SIZE), "create");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", puck.fd);
	read_text(path, text, sizeof(text));
	snprintf(want, sizeof(want), "drm-total-vram:\t%u KiB", SIZE >> 10);
	ktap_ok(strstr(text, want) && strstr(text, "drm-total-system:\t0"), "fdinfo: has %s", want);
	bo_close(puck.fd, &bo);
}

/* The part of VRAM that BAR 2 does not show is for the GPU alone; the CPU sees all BOs. */
static void test_invisible(void)
{
	struct bo bos[8];
	uint32_t i, n = 0, bad = 0;

	while (n < 8 && !bo_create_vram(puck.fd, &bos[n], vram_size / 8))
		n++;
	ktap_need(n == 8, "create");
	for (i = 0; i < n; i++)
		memset(bos[i].map, i + 1, bos[i].size);
	ktap_ok(!touch(bos, n), "invisible: all of VRAM is in use");
	for (i = 0; i < n; i++)
		bad += bo_region(puck.fd, &bos[i]) != VRAM;
	ktap_ok(!bad, "invisible: and each BO is there");
	for (i = 0; i < n; i++)
		bad += bos[i].map[0] != i + 1 ||
		       memcmp(bos[i].map, bos[i].map + 1, bos[i].size - 1);
	ktap_ok(!bad, "invisible: the CPU sees what is in each of them");
	for (i = 0; i < n; i++)
		bo_close(puck.fd, &bos[i]);
}

int main(int argc, char **argv)
{
	ktap_begin();
	policy = argc > 1 && !strcmp(argv[1], "policy");
	ktap_need(!puck_open_any(&puck), "a puck device");
	pattern = malloc(SIZE);
	ktap_need(pattern, "memory");
	pattern_fill(pattern, SIZE, 4711);
	test_regions();
	test_create();
	test_scattered();
	test_data();
	test_limits();
	test_hints();
	test_share();
	test_fdinfo();
	test_invisible();
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
	return ktap_end();
}
