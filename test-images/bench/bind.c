// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to map a BO in a VM and to unmap it, by leaves of 64 KiB and of 4 KiB.
 *
 * usage: bench-bind counted|timed MIB RUNS
 *
 * One BO of MIB MiB, in as many pieces of memory as it has pages. Each VM_BIND is waited for.
 *
 *   merged     on the GPU behind the IOMMU, where the pieces are merged: 64 KiB are mapped as one
 *   aslant     the same BO, at an address a page further: memory and address never fit, so
 *              that each page is mapped by itself
 *   scattered  on the GPU that is behind no IOMMU, at the address of the first: the pages lie
 *              where they lie
 *
 * The three take turns. One line each and run: "bench: <name>_us <for VM_BIND of a MAP and of
 * an UNMAP>", see lib/base/span.h. And once, as puck.ko counts them in debugfs: "bench:
 * <name>_small" and "_big", the leaves of either kind; "bench: <name>_misses", what the device's
 * TLB could not answer while a job copied one half of the BO to the other.
 */
#include "lib/base/array.h"
#include "lib/base/progress.h"
#include "lib/base/span.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/vm.h"

#define LOOPS	20
#define ADDR	(1ull << 32)

struct side {
	const char *name;
	const struct puck *puck;
	const struct bo *bo;
	uint32_t vm, queue;
	uint64_t addr;
};

static struct puck behind, before;
static struct bo merged, scattered;
static struct side sides[] = {
	{ .name = "merged", .puck = &behind, .bo = &merged, .addr = ADDR },
	{ .name = "aslant", .puck = &behind, .bo = &merged, .addr = ADDR + DRM_PUCK_BIND_ALIGN },
	{ .name = "scattered", .puck = &before, .bo = &scattered, .addr = ADDR },
};
static bool counted;

static void map(const struct side *side)
{
	need(vm_bind_one(side->puck->fd, side->vm, bind_map(side->bo, side->addr)), "MAP");
}

static void unmap(const struct side *side)
{
	need(vm_bind_one(side->puck->fd, side->vm, bind_unmap(side->addr, side->bo->size)),
	     "UNMAP");
}

static double round_of(const struct side *side)
{
	struct span span = span_begin(counted);
	int i;

	for (i = 0; i < LOOPS; i++) {
		map(side);
		unmap(side);
		progress("%s: %d of %d", side->name, i, LOOPS);
	}
	return span_us(&span) / LOOPS;
}

/* What the leaves are, and what that means to the device. */
static void look(const struct side *side)
{
	struct vm_counts without = vm_counts(side->puck), with, used;
	uint64_t half = side->bo->size / 2;

	map(side);
	with = vm_counts(side->puck);
	need(vm_run(side->puck->fd, side->queue, copy_at(side->addr, side->addr + half, half)),
	     "a job by address");
	used = vm_counts(side->puck);
	unmap(side);
	need((with.small - without.small) * 4096 + (with.big - without.big) * 65536 ==
	     side->bo->size ? 0 : -ERANGE, "leaves as large as the BO");
	printf("bench: %s_small %llu\n", side->name, with.small - without.small);
	printf("bench: %s_big %llu\n", side->name, with.big - without.big);
	printf("bench: %s_misses %llu\n", side->name, used.misses - with.misses);
}

static void make(uint64_t size)
{
	uint32_t i;

	need(bo_create(behind.fd, &merged, size), "a BO behind the IOMMU");
	need(bo_create(before.fd, &scattered, size), "a BO behind none");
	for (i = 0; i < ARRAY_SIZE(sides); i++) {
		need(vm_create(sides[i].puck->fd, &sides[i].vm), "a VM");
		need(vm_queue_create(sides[i].puck->fd, sides[i].vm, 0, &sides[i].queue),
		     "a queue");
	}
}

int main(int argc, char **argv)
{
	uint32_t i;
	int run, runs;
	double us;

	if (argc != 4) {
		fprintf(stderr, "usage: bench-bind counted|timed MIB RUNS\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	counted = span_is_counted(argv[1]);
	need(puck_open(&behind, true), "a GPU behind an IOMMU");
	need(puck_open(&before, false), "a GPU behind none");
	make(strtoull(argv[2], NULL, 10) << 20);
	for (i = 0; i < ARRAY_SIZE(sides); i++)
		look(&sides[i]);
	runs = atoi(argv[3]);
	/* One ahead does not count. */
	for (run = 0; run <= runs; run++)
		for (i = 0; i < ARRAY_SIZE(sides); i++) {
			us = round_of(&sides[i]);
			if (run)
				printf("bench: %s_us %.3f\n", sides[i].name, us);
		}
	return 0;
}
