// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast BOs are moved that do not fit into VRAM, beside what the same ring copies if it is
 * told to.
 *
 * usage: bench-evict counted|timed MIB RUNS
 *
 *   evict  twice as many BOs as VRAM has room for, of MIB MiB each, in VRAM alone. Jobs use one
 *          after the other, so that for each of them one is driven out and one brought in. That
 *          each is out when its turn comes is looked at.
 *   copy   jobs on the ring that only copies, where the driver moves BOs, too: by two COPY
 *          commands from system memory to VRAM and back, as large as a BO. So a job is as many
 *          bytes as a turn of the other.
 *
 * Jobs are submitted without waiting for any but the last. The two take turns, with rounds of
 * each ahead that do not count. At the end each BO is compared with what it was filled with.
 *
 * One line a run: "bench: evict_us <for a job>" and "bench: copy_us", see lib/base/span.h; timed
 * also "bench: evict_gbs" and "bench: copy_gbs".
 */
#include "lib/base/progress.h"
#include "lib/base/span.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"

#define BOS_MAX		64
#define STEP		4096
/* Rounds ahead. A driver that keeps pages has by then as many as it needs. */
#define AHEAD		6

static struct puck puck;
static struct bo moved[BOS_MAX], outside[BOS_MAX], inside;
static uint32_t count;
static uint64_t size;
static bool counted;

static void make(uint32_t mib)
{
	struct drm_puck_region region = { 0 };
	uint32_t i;

	need(region_get(puck.fd, DRM_PUCK_REGION_VRAM, &region), "VRAM");
	size = (uint64_t)mib << 20;
	count = size ? 2 * region.size / size : 0;
	need(count >= 4 && count <= BOS_MAX ? 0 : -ERANGE, "BOs of that size");
	for (i = 0; i < count; i++) {
		need(bo_create_vram(puck.fd, &moved[i], size), "BO in VRAM");
		need(bo_create_in(puck.fd, &outside[i], size, BO_SYSTEM, 0, 0), "BO in memory");
	}
	need(bo_create_vram(puck.fd, &inside, size), "BO in VRAM");
}

static uint32_t pattern(uint32_t i)
{
	return 0x01010101 * (i + 1);
}

static void fill(void)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct drm_puck_bo_ref ref = ref_write(&moved[i]);
		struct drm_puck_cmd cmd = cmd_fill(0, 0, size, pattern(i));
		struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

		need(submit_wait(puck.fd, &args), "FILL");
	}
}

/* Uses the BO, wherever it is. */
static void evict_one(uint32_t i, bool last)
{
	struct drm_puck_bo_ref ref = ref_read(&moved[i]);
	struct drm_puck_cmd cmd = cmd_nop();
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);
	int region = bo_region(puck.fd, &moved[i]);

	need(region, "GEM_INFO");
	need(region == DRM_PUCK_REGION_SYSTEM ? 0 : -EEXIST, "a BO that was driven out");
	need(last ? submit_wait(puck.fd, &args) : submit(puck.fd, &args), "SUBMIT");
}

static void copy_one(uint32_t i, bool last)
{
	struct drm_puck_bo_ref refs[] = { ref_both(&outside[i]), ref_both(&inside) };
	struct drm_puck_cmd cmds[] = { cmd_copy(0, 0, 1, 0, size), cmd_copy(1, 0, 0, 0, size) };
	struct drm_puck_submit args = job(puck.queue[puck.rings - 1], refs, 2, cmds, 2);

	need(last ? submit_wait(puck.fd, &args) : submit(puck.fd, &args), "COPY");
}

static double round_of(const char *name, void (*one)(uint32_t i, bool last))
{
	struct span span = span_begin(counted);
	uint32_t i;

	for (i = 0; i < count; i++) {
		one(i, i == count - 1);
		progress("%s: %u of %u", name, i, count);
	}
	return span_us(&span) / count;
}

static void report(const char *name, double us)
{
	printf("bench: %s_us %.3f\n", name, us);
	if (!counted)
		printf("bench: %s_gbs %.3f\n", name, 2 * size / us / 1e3);
}

static void run(bool ahead)
{
	double evict, copy;

	evict = round_of("evict", evict_one);
	/* The BO that is copied to has to come back. */
	copy_one(0, true);
	copy = round_of("copy", copy_one);
	if (ahead)
		return;
	report("evict", evict);
	report("copy", copy);
}

static void compare(void)
{
	uint64_t at;
	uint32_t i;

	for (i = 0; i < count; i++) {
		need(bo_wait(puck.fd, &moved[i], 0, FOREVER_NS), "GEM_WAIT");
		for (at = 0; at < size; at += STEP)
			need(*(uint32_t *)(moved[i].map + at) == pattern(i) ? 0 : -EILSEQ,
			     "what a BO was filled with");
		progress("%u of %u looked at", i, count);
	}
}

int main(int argc, char **argv)
{
	int i, runs;

	if (argc != 4) {
		fprintf(stderr, "usage: bench-evict counted|timed MIB RUNS\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	counted = span_is_counted(argv[1]);
	need(puck_open(&puck, true), "a GPU behind an IOMMU");
	need(puck.rings == puck.compute + 1 ? 0 : -ENODEV, "one ring that only copies");
	make(strtoul(argv[2], NULL, 10));
	fill();
	runs = atoi(argv[3]);
	for (i = 0; i < AHEAD + runs; i++)
		run(i < AHEAD);
	compare();
	return 0;
}
