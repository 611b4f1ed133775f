// SPDX-License-Identifier: MIT
/*
 * VMs: what is mapped is what jobs by address touch, and nothing else is. Bytes decide, and
 * the device's refusal.
 *
 *	gpu_vm [policy]		how memory lies for the device is a matter of the mapper's
 */
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/vm.h"

#include <errno.h>

#define PAGE	4096ull
#define BIG	(64ull << 10)
#define SIZE	(256ull << 10)
/* Over the end of a table of each level. */
#define BASE	((1ull << 39) - BIG)
#define OTHER	0x100000000ull
#define END	(1ull << 48)

static bool policy;

static struct puck puck;
static struct bo a, b;
static uint32_t vm, queue;

static int bind(struct drm_puck_bind step)
{
	return vm_bind_one(puck.fd, vm, step);
}

static int run(struct drm_puck_cmd cmd)
{
	return vm_run(puck.fd, queue, cmd);
}

static bool a_part_is(uint64_t offset, uint64_t length, uint8_t value)
{
	return bo_part_is(puck.fd, &a, offset, length, value);
}

/* As each test begins: nothing mapped, and the BOs filled. */
static void begin(uint8_t in_a, uint8_t in_b)
{
	ktap_need(!bind(bind_unmap(0, END)), "begin: nothing is mapped");
	memset(a.map, in_a, SIZE);
	memset(b.map, in_b, SIZE);
	bo_flush(puck.fd, &a);
	bo_flush(puck.fd, &b);
}

/* ---- mapping ---- */

static void test_map(void)
{
	uint64_t seed = 1;

	begin(0, 0);
	rnd_fill(&seed, a.map, SIZE);
	bo_flush(puck.fd, &a);
	ktap_ok(!bind(bind_map(&a, BASE)) && !bind(bind_map(&b, OTHER)), "map: two BOs");
	ktap_ok(!run(copy_at(BASE, OTHER, SIZE)) && !bo_wait(puck.fd, &b, 0, 0) &&
		!memcmp(a.map, b.map, SIZE), "map: a copy by addresses, over the ends of tables");
	ktap_ok(!run(fill_at(BASE + 3 * PAGE + 5, 2 * PAGE, 0x11)) &&
		a_part_is(3 * PAGE + 5, 2 * PAGE, 0x11) && a.map[3 * PAGE + 4] == b.map[3 * PAGE + 4] &&
		a.map[5 * PAGE + 5] == b.map[5 * PAGE + 5], "map: bytes from the middle of a page");
	ktap_ok(run(fill_at(BASE + SIZE - PAGE, 2 * PAGE, 0x22)) == -EFAULT &&
		!memcmp(a.map + SIZE - PAGE, b.map + SIZE - PAGE, PAGE),
		"map: what reaches beyond fails, and nothing of it is done");
	ktap_ok(run(fill_at(BASE - PAGE, 2 * PAGE, 0x22)) == -EFAULT, "map: and what begins before");
	ktap_ok(!run(fill_at(BASE, SIZE, 0x33)) && bo_is(puck.fd, &a, 0x33), "map: it works yet");
}

static void test_edges(void)
{
	begin(0, 0);
	ktap_ok(!bind(bind_part(&a, 0, 0, PAGE)) && !bind(bind_part(&a, PAGE, END - PAGE, PAGE)),
		"edges: the first page and the last one");
	ktap_ok(!run(fill_at(0, PAGE, 0x41)) && !run(fill_at(END - PAGE, PAGE, 0x42)) &&
		a_part_is(0, PAGE, 0x41) && a_part_is(PAGE, PAGE, 0x42), "edges: both are there");
}

/* Place and list in one command, as it comes. */
static void test_mixed(void)
{
	struct drm_puck_bo_ref ref = ref_write(&b);
	struct drm_puck_cmd cmd = copy_at(BASE, 0, SIZE);
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);

	begin(0x51, 0);
	ktap_ok(!bind(bind_map(&a, BASE)), "mixed: one is mapped");
	cmd.dst = place(0, 0);
	ktap_ok(!submit_wait(puck.fd, &args) && bo_is(puck.fd, &b, 0x51),
		"mixed: from an address to a BO of the list");
}

static void test_unmap(void)
{
	begin(0x61, 0x62);
	ktap_ok(!bind(bind_map(&a, BASE)) && !bind(bind_map(&b, BASE + SIZE)), "unmap: two BOs");
	ktap_ok(!run(fill_at(BASE, 2 * SIZE, 0x63)) && bo_is(puck.fd, &a, 0x63) &&
		bo_is(puck.fd, &b, 0x63), "unmap: one command over both");
	ktap_ok(!bind(bind_unmap(BASE, SIZE)), "unmap: one of them");
	ktap_ok(run(fill_at(BASE + PAGE, PAGE, 0x64)) == -EFAULT && bo_is(puck.fd, &a, 0x63),
		"unmap: nothing gets there any more");
	ktap_ok(!run(fill_at(BASE + SIZE, SIZE, 0x65)) && bo_is(puck.fd, &b, 0x65),
		"unmap: the other one is where it was");
	ktap_ok(!bind(bind_unmap(BASE, SIZE)), "unmap: where nothing is");
}

/* ---- parts of mappings ---- */

static void test_remap(void)
{
	begin(0, 0);
	ktap_ok(!bind(bind_map(&a, BASE)), "remap: one BO");
	ktap_ok(!run(fill_at(BASE, SIZE, 0x71)), "remap: it is used");
	ktap_ok(!bind(bind_part(&b, SIZE / 2, BASE + 3 * PAGE, 2 * PAGE)),
		"remap: a part of another in its middle");
	ktap_ok(!run(fill_at(BASE, SIZE, 0x72)), "remap: all of it is mapped");
	ktap_ok(a_part_is(0, 3 * PAGE, 0x72) && a_part_is(3 * PAGE, 2 * PAGE, 0x71) &&
		a_part_is(5 * PAGE, SIZE - 5 * PAGE, 0x72), "remap: around it is the first one");
	ktap_ok(bo_part_is(puck.fd, &b, SIZE / 2, 2 * PAGE, 0x72) &&
		bo_part_is(puck.fd, &b, 0, SIZE / 2, 0) &&
		bo_part_is(puck.fd, &b, SIZE / 2 + 2 * PAGE, SIZE / 2 - 2 * PAGE, 0),
		"remap: within is that part of the second one");
	ktap_ok(!bind(bind_map(&a, BASE)) && !run(fill_at(BASE, SIZE, 0x73)) &&
		bo_is(puck.fd, &a, 0x73) && bo_part_is(puck.fd, &b, SIZE / 2, PAGE, 0x72),
		"remap: the first one over all of it again");
}

/* Where 64 KiB are mapped as one, a page is taken out of them. */
static void test_split(void)
{
	begin(0, 0);
	ktap_ok(!bind(bind_map(&a, BASE)) && !run(fill_at(BASE, SIZE, 0x81)), "split: a BO, used");
	ktap_ok(!bind(bind_unmap(BASE + BIG + 5 * PAGE, PAGE)), "split: a page of it goes");
	ktap_ok(!run(fill_at(BASE, BIG + 5 * PAGE, 0x82)) && a_part_is(0, BIG + 5 * PAGE, 0x82),
		"split: what is before it");
	ktap_ok(!run(fill_at(BASE + BIG + 6 * PAGE, SIZE - BIG - 6 * PAGE, 0x83)) &&
		a_part_is(BIG + 6 * PAGE, SIZE - BIG - 6 * PAGE, 0x83), "split: what is behind it");
	ktap_ok(run(fill_at(BASE + BIG + 5 * PAGE, PAGE, 0x84)) == -EFAULT &&
		a_part_is(BIG + 5 * PAGE, PAGE, 0x81), "split: the page itself");
}

/* How many of each are in the tables. */
static void test_leaves(void)
{
	struct vm_counts counts;
	uint64_t pages = SIZE / PAGE;

	begin(0, 0);
	counts = vm_counts(&puck);
	ktap_ok(!counts.small && !counts.big && counts.tables == 1, "leaves: none, and a root");
	ktap_ok(!bind(bind_map(&a, OTHER + PAGE)), "leaves: at an odd address");
	counts = vm_counts(&puck);
	ktap_ok(counts.small + 16 * counts.big == pages && counts.tables == 4,
		"leaves: %llu small, %llu big", counts.small, counts.big);
	ktap_ok(!bind(bind_unmap(0, END)) && !bind(bind_map(&a, OTHER)), "leaves: at an even one");
	counts = vm_counts(&puck);
	ktap_ok(counts.small + 16 * counts.big == pages, "leaves: %llu small, %llu big",
		counts.small, counts.big);
	if (!puck.translated || policy) {
		ktap_skip("memory lies as it comes", "leaves: all are big");
		return;
	}
	ktap_ok(counts.big == SIZE / BIG, "leaves: all are big");
	ktap_ok(!bind(bind_unmap(OTHER + PAGE, PAGE)), "leaves: a page goes");
	counts = vm_counts(&puck);
	ktap_ok(counts.big == SIZE / BIG - 1 && counts.small == 15, "leaves: one is split");
}

/* ---- kinds of mappings ---- */

static void test_readonly(void)
{
	begin(0x91, 0x92);
	ktap_ok(!bind(bind_readonly(&a, BASE)) && !bind(bind_map(&b, OTHER)), "readonly: map");
	ktap_ok(!run(copy_at(BASE, OTHER, SIZE)) && bo_is(puck.fd, &b, 0x91), "readonly: read");
	ktap_ok(run(fill_at(BASE, PAGE, 0x93)) == -EFAULT && bo_is(puck.fd, &a, 0x91),
		"readonly: written, which fails");
	ktap_ok(!bind(bind_part(&a, 0, BASE, PAGE)) && !run(fill_at(BASE, PAGE, 0x94)) &&
		a_part_is(0, PAGE, 0x94), "readonly: a page of it may be written");
	ktap_ok(run(fill_at(BASE + PAGE, PAGE, 0x95)) == -EFAULT && a_part_is(PAGE, PAGE, 0x91),
		"readonly: what is left of it may not");
}

static void test_sparse(void)
{
	begin(0, 0xa1);
	ktap_ok(!bind(bind_sparse(BASE + PAGE, SIZE)) && !bind(bind_map(&b, OTHER)), "sparse: map");
	ktap_ok(!run(copy_at(BASE + PAGE, OTHER, SIZE)) && bo_is(puck.fd, &b, 0),
		"sparse: it reads as zero");
	ktap_ok(run(fill_at(BASE, 2 * PAGE, 0xa2)) == -EFAULT, "sparse: not in front of it");
	ktap_ok(run(fill_at(BASE + SIZE, 2 * PAGE, 0xa2)) == -EFAULT, "sparse: nor behind it");
	ktap_ok(!run(fill_at(BASE + PAGE, SIZE, 0xa3)) && bo_is(puck.fd, &b, 0) &&
		bo_is(puck.fd, &a, 0), "sparse: what is written there is in no BO");
	ktap_ok(!bind(bind_part(&a, 0, BASE + BIG, BIG)) && !run(fill_at(BASE + BIG, BIG, 0xa4)) &&
		a_part_is(0, BIG, 0xa4) && a_part_is(BIG, SIZE - BIG, 0),
		"sparse: memory within it");
	ktap_ok(!run(copy_at(BASE + BIG - PAGE, OTHER, 2 * PAGE)), "sparse: over its edge");
}

static void test_private(void)
{
	uint32_t vm2;
	struct bo bo;
	int ret;

	begin(0, 0);
	ktap_ok(!vm_bo_create(puck.fd, vm, &bo, SIZE), "private: a BO");
	ktap_ok(!bind(bind_map(&bo, BASE)) && !run(fill_at(BASE, SIZE, 0xb1)) &&
		bo_is(puck.fd, &bo, 0xb1), "private: mapped, and written");
	ret = bo_export(puck.fd, &bo);
	ktap_ok(ret == -EPERM, "private: cannot be exported (%d)", ret);
	ktap_need(!vm_create(puck.fd, &vm2), "private: another VM");
	ktap_ok(vm_bind_one(puck.fd, vm2, bind_map(&bo, BASE)) == -EINVAL,
		"private: cannot be mapped there");
	vm_destroy(puck.fd, vm2);
	bo_close(puck.fd, &bo);
	ktap_ok(!run(fill_at(BASE, SIZE, 0xb2)), "private: the mapping keeps it");
	ktap_ok(!bind(bind_unmap(BASE, SIZE)), "private: and is the last that does");
}

/* One BO in two VMs, and twice in one. */
static void test_shared(void)
{
	uint32_t vm2, queue2;

	begin(0, 0);
	ktap_need(!vm_create(puck.fd, &vm2) && !vm_queue_create(puck.fd, vm2, 0, &queue2),
		  "shared: another VM");
	ktap_ok(!bind(bind_map(&a, BASE)) && !bind(bind_map(&a, OTHER)) &&
		!vm_bind_one(puck.fd, vm2, bind_map(&a, 0)), "shared: map");
	ktap_ok(!run(fill_at(BASE, PAGE, 0xc1)) && !run(fill_at(OTHER + PAGE, PAGE, 0xc2)) &&
		!vm_run(puck.fd, queue2, fill_at(2 * PAGE, PAGE, 0xc3)), "shared: by each address");
	ktap_ok(a_part_is(0, PAGE, 0xc1) && a_part_is(PAGE, PAGE, 0xc2) &&
		a_part_is(2 * PAGE, PAGE, 0xc3), "shared: it is one memory");
	ktap_ok(vm_run(puck.fd, queue2, fill_at(BASE, PAGE, 0xc4)) == -EFAULT,
		"shared: an address of one VM is none of the other");
	queue_destroy(puck.fd, queue2);
	vm_destroy(puck.fd, vm2);
	ktap_ok(!run(fill_at(BASE, SIZE, 0xc5)) && bo_is(puck.fd, &a, 0xc5),
		"shared: with one VM gone");
}

/* BOs whose handles go while they are mapped. */
static void test_handle_gone(void)
{
	struct bo bo;

	begin(0, 0);
	ktap_need(!bo_create(puck.fd, &bo, SIZE), "handle: a BO");
	ktap_ok(!bind(bind_map(&bo, BASE)) && !bind(bind_map(&a, OTHER)), "handle: mapped");
	bo_close(puck.fd, &bo);
	ktap_ok(!run(fill_at(BASE, SIZE, 0xd1)) && !run(copy_at(BASE, OTHER, SIZE)) &&
		bo_is(puck.fd, &a, 0xd1), "handle: closed, and used");
}

/* ---- many steps ---- */

static void test_steps(void)
{
	struct drm_puck_bind steps[] = {
		bind_map(&a, BASE),
		bind_unmap(BASE + PAGE, PAGE),
		bind_part(&b, 0, BASE + PAGE, PAGE),
		bind_sparse(BASE + SIZE, BIG),
		bind_unmap(BASE + SIZE, BIG),
	};
	struct vm_counts counts;

	begin(0, 0);
	ktap_ok(!vm_bind(puck.fd, vm, steps, 5), "steps: five in one");
	ktap_ok(!run(fill_at(BASE, SIZE, 0xe1)) && a_part_is(0, PAGE, 0xe1) &&
		a_part_is(PAGE, PAGE, 0) && bo_part_is(puck.fd, &b, 0, PAGE, 0xe1),
		"steps: in their order");
	ktap_ok(run(fill_at(BASE + SIZE, PAGE, 0xe2)) == -EFAULT, "steps: what came and went");
	begin(0, 0);
	steps[4].length = 1;
	ktap_ok(vm_bind(puck.fd, vm, steps, 5) == -EINVAL, "steps: the last one is bad");
	counts = vm_counts(&puck);
	ktap_ok(!counts.small && !counts.big && run(fill_at(BASE, PAGE, 0xe3)) == -EFAULT,
		"steps: none of them was done");
}

/* Each table is made and given back. */
static void test_far(void)
{
	struct drm_puck_bind steps[64];
	struct vm_counts counts;
	bool good = true;
	unsigned int i;

	begin(0, 0);
	for (i = 0; i < 64; i++)
		steps[i] = bind_part(&a, i * PAGE, i * (END / 64) + i * PAGE, PAGE);
	ktap_ok(!vm_bind(puck.fd, vm, steps, 64), "far: 64 pages, far from each other");
	counts = vm_counts(&puck);
	ktap_ok(counts.small == 64 && counts.tables == 1 + 64 * 3, "far: %llu tables",
		counts.tables);
	for (i = 0; good && i < 64; i++)
		good = !run(fill_at(steps[i].addr, PAGE, i));
	for (i = 0; good && i < 64; i++)
		good = a_part_is(i * PAGE, PAGE, i);
	ktap_ok(good, "far: each of them is where it belongs");
	ktap_ok(!bind(bind_unmap(0, END)), "far: all of them go");
	counts = vm_counts(&puck);
	ktap_ok(counts.tables == 1 && !counts.small, "far: and their tables");
}

/* ---- how many, and their ends ---- */

static bool vms_become(int count)
{
	unsigned int looks = 0;

	while (vm_counts(&puck).vms != count && patient(&looks))
		;
	return vm_counts(&puck).vms == count;
}

static void test_limit(void)
{
	uint32_t vms[64], more, n = 0;
	uint64_t max = 0;
	int ret = 0;

	ktap_need(!puck_param(puck.fd, DRM_PUCK_PARAM_VMS, &max) && max && max <= 64,
		  "limit: as many as the device has: %llu", (unsigned long long)max);
	while (n < max - 1 && !(ret = vm_create(puck.fd, &vms[n])))
		n++;
	ktap_ok(n == max - 1, "limit: that many, with the one that is there (%d)", ret);
	ret = vm_create(puck.fd, &more);
	ktap_ok(ret == -ENOSPC && !more, "limit: one more is too many (%d)", ret);
	ktap_ok(!vm_destroy(puck.fd, vms[n / 2]) && vm_destroy(puck.fd, vms[n / 2]) == -ENOENT &&
		vms_become(max - 1), "limit: one goes, once");
	ktap_ok(!vm_create(puck.fd, &vms[n / 2]), "limit: its place");
	while (n--)
		vm_destroy(puck.fd, vms[n]);
	ktap_ok(vms_become(1), "limit: all go");
}

/* A VM without an id works for the queues that it has. */
static void test_destroy(void)
{
	uint32_t vm2, queue2, none;

	begin(0, 0);
	ktap_need(!vm_create(puck.fd, &vm2) && !vm_queue_create(puck.fd, vm2, 0, &queue2) &&
		  !vm_bind_one(puck.fd, vm2, bind_map(&a, BASE)), "destroy: a VM with a queue");
	ktap_ok(!vm_destroy(puck.fd, vm2), "destroy: its id goes");
	ktap_ok(vm_bind_one(puck.fd, vm2, bind_map(&b, OTHER)) == -ENOENT, "destroy: no bind");
	ktap_ok(vm_queue_create(puck.fd, vm2, 0, &none) == -ENOENT, "destroy: no queue");
	ktap_ok(!vm_run(puck.fd, queue2, fill_at(BASE, SIZE, 0xf1)) && bo_is(puck.fd, &a, 0xf1),
		"destroy: the queue works");
	ktap_ok(!queue_destroy(puck.fd, queue2) && vms_become(1), "destroy: with it the VM goes");
}

/* Jobs in the ring and updates in the queue, and nobody is left who would wait for them. */
static void test_close_in_flight(void)
{
	uint32_t vm2, queue2;
	struct puck other;
	struct bo bo;
	int fence;

	ktap_need(!puck_open_pci(&other, puck.pci) && !vm_create(other.fd, &vm2) &&
		  !vm_queue_create(other.fd, vm2, 0, &queue2) && !bo_create(other.fd, &bo, SIZE) &&
		  !vm_bind_one(other.fd, vm2, bind_map(&bo, BASE)), "close: a file with a VM");
	puck_set(&puck, 0, "hold", 1);
	fence = vm_start(other.fd, queue2, fill_at(BASE, SIZE, 0x12));
	ktap_ok(fence >= 0 && puck_count_becomes(&puck, "fences", "ring 0", 1), "close: a job");
	ktap_ok(!vm_bind_async(other.fd, vm2, (struct drm_puck_bind[]){ bind_unmap(0, END) }, 1,
			       NULL, 0), "close: an update behind it");
	munmap(bo.map, bo.size);
	close(other.fd);
	ktap_ok(fence_status(fence) == 0 && vm_counts(&puck).vms == 2, "close: both go on");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && vms_become(1), "close: the end of all");
}

int main(int argc, char **argv)
{
	uint64_t features = 0;

	policy = argc > 1 && !strcmp(argv[1], "policy");
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	puck_param(puck.fd, DRM_PUCK_PARAM_FEATURES, &features);
	ktap_need(features & DRM_PUCK_FEATURE_VM, "it has VMs");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE) &&
		  !vm_create(puck.fd, &vm) && !vm_queue_create(puck.fd, vm, 0, &queue), "create");
	test_map();
	test_edges();
	test_mixed();
	test_unmap();
	test_remap();
	test_split();
	test_leaves();
	test_readonly();
	test_sparse();
	test_private();
	test_shared();
	test_handle_gone();
	test_steps();
	test_far();
	test_limit();
	test_destroy();
	test_close_in_flight();
	vm_destroy(puck.fd, vm);
	queue_destroy(puck.fd, queue);
	ktap_ok(vms_become(0), "no VM is left");
	bo_close(puck.fd, &a);
	bo_close(puck.fd, &b);
	ktap_ok(puck_count_becomes(&puck, "bos", "bo", 0), "and no BO");
	return ktap_end();
}
