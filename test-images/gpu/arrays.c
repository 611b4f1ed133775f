// SPDX-License-Identifier: MIT
/*
 * struct drm_puck_array, wherever one is given: shorter and longer elements than the
 * driver's, and all that is no array.
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/sync.h"
#include "lib/gpu/works.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#define SIZE		4096
#define ELEMENTS	2
#define MAX		DRM_PUCK_ARRAY_STRIDE_MAX

static struct puck puck;
static struct bo bos[2], probe;
static uint32_t syncobjs[2];
static uint8_t next = 1;		/* what the next job fills with */

/* ---- what a job is given ---- */

/* A job with two elements in each of its arrays, which say something each. */
struct trial {
	struct drm_puck_submit args;
	struct drm_puck_bo_ref refs[ELEMENTS];
	struct drm_puck_cmd cmds[ELEMENTS];
	struct drm_puck_sync syncs[ELEMENTS];
	uint8_t value;
};

static void trial_init(struct trial *t)
{
	unsigned int i;

	t->value = next++;
	for (i = 0; i < ELEMENTS; i++) {
		t->refs[i] = ref_write(&bos[i]);
		t->cmds[i] = cmd_fill(i, 0, SIZE, t->value * 0x01010101u);
		t->syncs[i] = sync_signal(syncobjs[i], 0);
	}
	t->args = job(puck.queue[0], t->refs, ELEMENTS, t->cmds, ELEMENTS);
	t->args.syncs = puck_array(t->syncs, ELEMENTS);
}

/* Submits it. What was done must be all that it says, and what was refused nothing. */
static int trial_run(struct trial *t)
{
	uint8_t was = bos[0].map[0];
	int ret = submit_wait(puck.fd, &t->args);
	unsigned int i;
	bool ok = true;

	for (i = 0; i < ELEMENTS; i++) {
		ok = ok && !bo_wait(puck.fd, &bos[i], 0, 0) &&
		     bos[i].map[SIZE - 1] == (ret ? was : t->value);
		ok = ok && (ret || !syncobj_wait(puck.fd, syncobjs[i], 0, 0));
	}
	return ok ? ret : -EILSEQ;
}

static const struct kind {
	const char *name;
	size_t offset;		/* of the array in the ioctl's argument */
	size_t elements;	/* of the elements in the trial */
	size_t size;		/* of one */
	uint32_t max;		/* elements at most */
} kinds[] = {
	{ "bos", offsetof(struct drm_puck_submit, bos), offsetof(struct trial, refs),
	  sizeof(struct drm_puck_bo_ref), DRM_PUCK_SUBMIT_BOS_MAX },
	{ "cmds", offsetof(struct drm_puck_submit, cmds), offsetof(struct trial, cmds),
	  sizeof(struct drm_puck_cmd), DRM_PUCK_SUBMIT_CMDS_MAX },
	{ "syncs", offsetof(struct drm_puck_submit, syncs), offsetof(struct trial, syncs),
	  sizeof(struct drm_puck_sync), DRM_PUCK_SUBMIT_SYNCS_MAX },
};

static struct drm_puck_array *array_of(struct trial *t, const struct kind *kind)
{
	return (struct drm_puck_array *)((char *)&t->args + kind->offset);
}

/* ---- elements that are longer than the driver's ---- */

/* Spreads the elements of one array out, each with @stride bytes, the rest being zero. */
static void spread(struct trial *t, const struct kind *kind, uint8_t *memory, size_t stride)
{
	struct drm_puck_array *array = array_of(t, kind);
	unsigned int i;

	memset(memory, 0, ELEMENTS * stride);
	for (i = 0; i < ELEMENTS; i++)
		memcpy(memory + i * stride, (char *)t + kind->elements + i * kind->size, kind->size);
	array->ptr = (uintptr_t)memory;
	array->stride = stride;
}

static void test_longer(const struct kind *kind)
{
	static uint8_t memory[ELEMENTS * MAX] __attribute__((aligned(8)));
	const size_t strides[] = { kind->size + 8, 256, MAX };
	struct trial t;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(strides); i++) {
		trial_init(&t);
		spread(&t, kind, memory, strides[i]);
		ret = trial_run(&t);
		ktap_ok(!ret, "%s: elements of %zu bytes, zero behind what is known: %d", kind->name,
			strides[i], ret);
		trial_init(&t);
		spread(&t, kind, memory, strides[i]);
		memory[kind->size] = 1;
		ret = trial_run(&t);
		ktap_ok(ret == -E2BIG && puck_works(&puck, &probe),
			"%s: bad_element of %zu bytes, not zero right behind: %d", kind->name,
			strides[i], ret);
		trial_init(&t);
		spread(&t, kind, memory, strides[i]);
		memory[ELEMENTS * strides[i] - 1] = 0x80;
		ret = trial_run(&t);
		ktap_ok(ret == -E2BIG && puck_works(&puck, &probe),
			"%s: bad_element of %zu bytes, the last one's last byte: %d", kind->name,
			strides[i], ret);
	}
}

/* The last element ends where memory does, or in the tail that has to be zero. */
static void test_edge(const struct kind *kind)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static uint8_t memory[ELEMENTS * MAX];
	size_t stride = kind->size + 16, there = ELEMENTS * stride - 8;
	struct trial t;
	int ret;

	ktap_need(page != MAP_FAILED && !munmap(page + 4096, 4096), "%s: memory", kind->name);
	trial_init(&t);
	spread(&t, kind, page + 4096 - ELEMENTS * stride, stride);
	ktap_ok(!trial_run(&t), "%s: at the end of memory", kind->name);
	trial_init(&t);
	spread(&t, kind, memory, stride);
	array_of(&t, kind)->ptr = (uintptr_t)memcpy(page + 4096 - there, memory, there);
	ret = trial_run(&t);
	ktap_ok(ret == -EFAULT && puck_works(&puck, &probe), "%s: bad_ptr, memory ends in the tail: %d",
		kind->name, ret);
	munmap(page, 4096);
}

/* ---- what is no array ---- */

static const struct bad {
	const char *what;
	int err;
	struct drm_puck_array array;	/* zero: leave the member as it is */
	uint32_t keep;
} bads[] = {
#define COUNT	1
#define STRIDE	2
#define PTR	4
	{ "stride 0", -EINVAL, { .stride = 0 }, COUNT | PTR },
	{ "stride 1", -EINVAL, { .stride = 1 }, COUNT | PTR },
	{ "stride over the limit", -EINVAL, { .stride = MAX + 8 }, COUNT | PTR },
	{ "stride ~0", -EINVAL, { .stride = ~0u }, COUNT | PTR },
	{ "stride ~7", -EINVAL, { .stride = ~7u }, COUNT | PTR },
	{ "count 0, ptr and stride not", -EINVAL, { .count = 0 }, STRIDE | PTR },
	{ "count 0, stride not", -EINVAL, { .count = 0 }, STRIDE },
	{ "count 0, ptr not", -EINVAL, { .count = 0 }, PTR },
	{ "count ~0", -EINVAL, { .count = ~0u }, STRIDE | PTR },
	{ "ptr 0", -EFAULT, { .ptr = 0 }, COUNT | STRIDE },
	{ "ptr to the kernel", -EFAULT, { .ptr = 0xffff888000000000ull }, COUNT | STRIDE },
	{ "ptr that wraps", -EFAULT, { .ptr = ~0ull - 7 }, COUNT | STRIDE },
};

static void test_bad(const struct kind *kind, const struct bad *bad)
{
	struct drm_puck_array *array, was;
	struct trial t;
	int ret;

	trial_init(&t);
	array = array_of(&t, kind);
	was = *array;
	*array = bad->array;
	array->count = bad->keep & COUNT ? was.count : array->count;
	array->stride = bad->keep & STRIDE ? was.stride : array->stride;
	array->ptr = bad->keep & PTR ? was.ptr : array->ptr;
	ret = trial_run(&t);
	ktap_ok(ret == bad->err && puck_works(&puck, &probe), "%s: bad_%s: %d", kind->name, bad->what,
		ret);
}

/* What depends on the element's size, and on how many there may be. */
static void test_bad_size(const struct kind *kind)
{
	static uint8_t memory[(DRM_PUCK_SUBMIT_BOS_MAX + 1) * sizeof(struct drm_puck_cmd)];
	struct trial t;
	int ret;

	trial_init(&t);
	array_of(&t, kind)->stride = kind->size - 8;
	ret = trial_run(&t);
	ktap_ok(ret == -EINVAL && puck_works(&puck, &probe), "%s: bad_stride, too small: %d",
		kind->name, ret);
	trial_init(&t);
	array_of(&t, kind)->stride = kind->size + 4;
	ret = trial_run(&t);
	ktap_ok(ret == -EINVAL && puck_works(&puck, &probe), "%s: bad_stride, no multiple of 8: %d",
		kind->name, ret);
	trial_init(&t);
	array_of(&t, kind)->ptr = (uintptr_t)memory;
	array_of(&t, kind)->count = kind->max + 1;
	ret = trial_run(&t);
	ktap_ok(ret == -EINVAL && puck_works(&puck, &probe), "%s: bad_count, one too many: %d",
		kind->name, ret);
}

/* ---- what is written ---- */

static int get_regions(void *ptr, uint32_t *count, uint32_t stride)
{
	struct drm_puck_get_regions args = {
		.regions = { .ptr = (uintptr_t)ptr, .count = *count, .stride = stride },
	};
	int ret = puck_call(puck.fd, DRM_IOCTL_PUCK_GET_REGIONS, &args);

	*count = args.regions.count;
	return ret;
}

static void test_regions(void)
{
	static uint8_t memory[8 * MAX] __attribute__((aligned(8)));
	const size_t size = sizeof(struct drm_puck_region);
	struct drm_puck_region first = { 0 };
	uint32_t all = 0, count, i;
	bool zero = true;
	int ret;

	ret = get_regions(NULL, &all, 0);
	ktap_need(!ret && all && all <= 8, "regions: %u (%d)", all, ret);
	count = all;
	memset(memory, 0x55, sizeof(memory));
	ktap_ok(!get_regions(memory, &count, size) && count == all, "regions: as the driver has them");
	memcpy(&first, memory, size);
	ktap_ok(memory[all * size] == 0x55, "regions: nothing is written behind them");

	memset(memory, 0x55, sizeof(memory));
	count = 8;
	ktap_ok(!get_regions(memory, &count, size + 24) && count == all, "regions: longer elements");
	for (i = 0; i < all * (size + 24); i++)
		if (i % (size + 24) >= size)
			zero = zero && !memory[i];
	ktap_ok(zero, "regions: what the driver does not know is set to zero");
	ktap_ok(!memcmp(&first, memory, offsetof(struct drm_puck_region, used)),
		"regions: and the rest is the same");
	count = 8;
	ktap_ok(!get_regions(memory, &count, MAX) && count == all, "regions: the longest elements");
	count = all - 1;
	memset(memory, 0x55, sizeof(memory));
	ktap_ok(!get_regions(count ? memory : NULL, &count, count ? size : 0) && count == all &&
		memory[0] == 0x55, "regions: none is written where there is room for fewer");
}

static void test_bad_regions(void)
{
	const size_t size = sizeof(struct drm_puck_region);
	static uint8_t memory[8 * MAX] __attribute__((aligned(8)));
	const struct {
		const char *what;
		void *ptr;
		uint32_t count;
		uint32_t stride;
		int err;
	} cases[] = {
		{ "stride too small", memory, 8, size - 8, -EINVAL },
		{ "stride no multiple of 8", memory, 8, size + 4, -EINVAL },
		{ "stride over the limit", memory, 8, MAX + 8, -EINVAL },
		{ "stride 0", memory, 8, 0, -EINVAL },
		{ "count 0, ptr not", memory, 0, 0, -EINVAL },
		{ "count 0, stride not", NULL, 0, size, -EINVAL },
		{ "ptr 0", NULL, 8, size, -EFAULT },
		{ "ptr that is none", (void *)8, 8, size, -EFAULT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t count = cases[i].count;
		int ret;

		memset(memory, 0x55, sizeof(memory));
		ret = get_regions(cases[i].ptr, &count, cases[i].stride);
		ktap_ok(ret == cases[i].err && count == cases[i].count && memory[0] == 0x55 &&
			puck_works(&puck, &probe), "regions: bad_%s: %d", cases[i].what, ret);
	}
}

int main(void)
{
	unsigned int i, k;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	for (i = 0; i < 2; i++)
		ktap_need(!bo_create(puck.fd, &bos[i], SIZE) && !syncobj_create(puck.fd, &syncobjs[i]),
			  "create");
	ktap_need(!bo_create(puck.fd, &probe, SIZE), "create");
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		test_longer(&kinds[k]);
		test_edge(&kinds[k]);
		for (i = 0; i < ARRAY_SIZE(bads); i++)
			test_bad(&kinds[k], &bads[i]);
		test_bad_size(&kinds[k]);
	}
	test_regions();
	test_bad_regions();
	return ktap_end();
}
