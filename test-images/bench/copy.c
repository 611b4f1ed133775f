// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copies between two buffers of system memory: by the GPU behind the IOMMU,
 * from submission to the fence, and by memcpy().
 *
 * usage: bench-copy MIB RUNS
 *
 * A line each run: "bench: gpu_gbs <GB/s>", "bench: guest_gbs <GB/s>". The
 * runs of one kind stand in a row, some ahead of them that do not count, as
 * memcpy() is measured in the host: none starts with the caches full of what
 * the other left. The result is checked on a copy before all that.
 */
#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

#include <errno.h>

#define WARM_UP 2

static void die(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	exit(1);
}

static double gpu_copy(const struct puck *puck, const struct bo *src, const struct bo *dst)
{
	struct drm_puck_bo_ref refs[] = { ref_read(src), ref_write(dst) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, src->size);
	struct drm_puck_submit args = job(puck->queue[0], refs, 2, &cmd, 1);
	int64_t start = now_ns();
	int ret = submit_wait(puck->fd, &args);

	if (ret)
		die("copy", ret);
	return (double)src->size / (now_ns() - start);
}

static double cpu_copy(const struct bo *src, const struct bo *dst)
{
	int64_t start = now_ns();

	memcpy(dst->map, src->map, src->size);
	return (double)src->size / (now_ns() - start);
}

static void make(const struct puck *puck, struct bo *bo, uint64_t size)
{
	struct drm_puck_gem_info info;
	int ret = bo_create(puck->fd, bo, size);

	if (ret)
		die("GEM_CREATE", ret);
	ret = bo_info(puck->fd, bo, &info);
	if (ret)
		die("GEM_INFO", ret);
	printf("# %llu bytes: orig_nents %u, nents %u\n", (unsigned long long)info.size,
	       info.orig_nents, info.nents);
}

static void report(const char *key, int run, double rate)
{
	if (run >= 0)
		printf("bench: %s %.3f\n", key, rate);
}

int main(int argc, char **argv)
{
	struct bo src, dst;
	struct puck puck;
	uint64_t seed = 1;
	int runs;

	if (argc != 3) {
		fprintf(stderr, "usage: bench-copy MIB RUNS\n");
		return 1;
	}
	if (puck_open(&puck, true))
		die("no GPU behind an IOMMU", -ENODEV);
	make(&puck, &src, strtoull(argv[1], NULL, 10) << 20);
	make(&puck, &dst, src.size);
	for (uint64_t *word = (uint64_t *)src.map; (uint8_t *)word < src.map + src.size; word++)
		*word = rnd(&seed);

	gpu_copy(&puck, &src, &dst);
	if (memcmp(src.map, dst.map, src.size)) {
		fprintf(stderr, "the copy differs\n");
		return 1;
	}
	runs = atoi(argv[2]);
	for (int run = -WARM_UP; run < runs; run++)
		report("gpu_gbs", run, gpu_copy(&puck, &src, &dst));
	for (int run = -WARM_UP; run < runs; run++)
		report("guest_gbs", run, cpu_copy(&src, &dst));
	return 0;
}
