// SPDX-License-Identifier: MIT
/*
 * A BO of one GPU that another one has imported, and that moves: to VRAM when the first one
 * works on it, to system memory when the second one does, with jobs of both that are late.
 * What either of them wrote the other one reads, wherever it is by then.
 *
 *	gpu_share_move [pinned]
 *
 * With "pinned" the kernel knows no moves of what is shared (DMABUF_MOVE_NOTIFY): then the
 * same holds, and the BO stays in system memory.
 */
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/region.h"
#include "lib/gpu/vm.h"

#define SIZE	(256 << 10)
#define ROUNDS	40
#define LATE_NS	(20 * NSEC_PER_MSEC)
/* In VMs: the shared BO, and where jobs by address copy it to. */
#define SHARED	0x40000000ull
#define RESULT	0x80000000ull

static bool pinned;
static uint64_t seed = 1;

/* A side of it: the device, the BO as it knows it, and where its jobs copy that to. */
struct side {
	struct puck puck;
	struct bo bo, result;
};

static struct side one, two;

static void late(struct side *side, bool on)
{
	ktap_need(!puck_set(&side->puck, 0, "start_delay_ns", on ? LATE_NS : 0), "a late GPU");
}

/* Not waited for; returns the fence. */
static int write_on(struct side *side, uint8_t value)
{
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, value * 0x01010101u);
	struct drm_puck_bo_ref ref = ref_write(&side->bo);
	struct drm_puck_submit args = job(side->puck.queue[0], &ref, 1, &cmd, 1);

	return submit_fd(side->puck.fd, &args);
}

static int read_on(struct side *side)
{
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, SIZE);
	struct drm_puck_bo_ref refs[] = { ref_read(&side->bo), ref_write(&side->result) };
	struct drm_puck_submit args = job(side->puck.queue[0], refs, 2, &cmd, 1);

	return submit_wait(side->puck.fd, &args);
}

static bool result_is(struct side *side, uint8_t value)
{
	return bo_is(side->puck.fd, &side->result, value);
}

/* Mappings by importers of all BOs of the device, also of pages that they have left. */
static unsigned int mappings(const struct puck *puck)
{
	char path[192], line[256], *at;
	unsigned int sum = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/bos", puck->pci);
	file = fopen(path, "r");
	ktap_need(file, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		at = strncmp(line, "bo ", 3) ? NULL : strstr(line, " mapped ");
		if (at)
			sum += strtoul(at + strlen(" mapped "), NULL, 10);
	}
	fclose(file);
	return sum;
}

static bool mappings_become(const struct puck *puck, unsigned int count)
{
	unsigned int looks = 0;

	while (mappings(puck) != count && patient(&looks))
		;
	return mappings(puck) == count;
}

static void share(void)
{
	int dmabuf;

	ktap_need(!bo_create_in(one.puck.fd, &one.bo, SIZE, BO_VRAM | BO_SYSTEM, 0, 0) &&
		  !bo_create(one.puck.fd, &one.result, SIZE) &&
		  !bo_create(two.puck.fd, &two.result, SIZE), "create");
	ktap_need(bo_region(one.puck.fd, &one.bo) == DRM_PUCK_REGION_VRAM, "a BO in VRAM");
	dmabuf = bo_export(one.puck.fd, &one.bo);
	ktap_need(dmabuf >= 0 && !bo_import(two.puck.fd, &two.bo, dmabuf, SIZE), "import");
	close(dmabuf);
}

static void unshare(void)
{
	if (one.bo.handle)
		bo_close(one.puck.fd, &one.bo);
	bo_close(two.puck.fd, &two.bo);
	bo_close(one.puck.fd, &one.result);
	bo_close(two.puck.fd, &two.result);
	ktap_ok(puck_count_becomes(&one.puck, "bos", "bo ", 0) &&
		puck_count_becomes(&two.puck, "bos", "bo ", 0), "no BO is left");
}

static void test_place(void)
{
	int where;

	share();
	ktap_ok(bo_region(one.puck.fd, &one.bo) == DRM_PUCK_REGION_SYSTEM,
		"place: an importer sees system memory");
	ktap_ok(mappings(&one.puck) == 1, "place: there it has the BO mapped");
	ktap_ok(fence_result(write_on(&one, 0x11), FOREVER_MS) == 1, "place: a job of the exporter's");
	where = bo_region(one.puck.fd, &one.bo);
	if (pinned) {
		ktap_ok(where == DRM_PUCK_REGION_SYSTEM, "place: it stays there");
	} else {
		ktap_ok(where == DRM_PUCK_REGION_VRAM, "place: has it in VRAM again");
		ktap_ok(mappings_become(&one.puck, 0), "place: and the importer takes its mapping away");
	}
	ktap_ok(!read_on(&two) && result_is(&two, 0x11), "place: the importer reads what it wrote");
	ktap_ok(bo_region(one.puck.fd, &one.bo) == DRM_PUCK_REGION_SYSTEM && mappings(&one.puck) == 1,
		"place: in system memory");
	unshare();
}

/* The move is behind the importer's job, and so is the end of the mapping that this has. */
static void test_pages_stay(void)
{
	int fence, after;

	share();
	puck_set(&two.puck, 0, "hold", 1);
	fence = write_on(&two, 0x22);
	after = write_on(&one, 0x23);
	ktap_ok(fence >= 0 && after >= 0 && fence_status(fence) == 0,
		"stay: a job of the exporter's behind one of the importer's");
	ktap_ok(mappings(&one.puck) == 1, "stay: as long as that is not done it has its mapping");
	puck_set(&two.puck, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && fence_result(after, FOREVER_MS) == 1,
		"stay: both are done");
	if (!pinned)
		ktap_ok(mappings_become(&one.puck, 0), "stay: then the mapping goes");
	ktap_ok(!read_on(&one) && result_is(&one, 0x23), "stay: the later one wins");
	close(fence);
	close(after);
	unshare();
}

static void test_random(void)
{
	uint8_t value = 0;
	int i, bad = 0;

	share();
	late(&one, true);
	late(&two, true);
	for (i = 0; i < ROUNDS && !bad; i++) {
		struct side *writer = rnd(&seed) % 2 ? &one : &two;
		struct side *reader = rnd(&seed) % 2 ? &one : &two;
		int fence;

		value = rnd(&seed);
		fence = write_on(writer, value);
		bad = fence < 0 || read_on(reader) || !result_is(reader, value) ||
		      fence_status(fence) != 1;
		close(fence);
	}
	late(&one, false);
	late(&two, false);
	ktap_ok(!bad, "random: %d rounds, each reads what was written last", i);
	ktap_ok(!read_on(&one) && result_is(&one, value) && !read_on(&two) && result_is(&two, value),
		"random: both have the last one");
	unshare();
}

/* The CPU looks at it by the exporter's mapping, wherever it is. */
static void test_cpu(void)
{
	int i, bad = 0;

	share();
	for (i = 0; i < ROUNDS / 4 && !bad; i++) {
		struct side *writer = i % 2 ? &one : &two;

		close(write_on(writer, i));
		bad = !bo_is(one.puck.fd, &one.bo, i);
	}
	ktap_ok(!bad, "cpu: %d rounds, each shows what was written last", i);
	unshare();
}

/* By address: nobody lists the BO, so nothing is synchronised but its moves. */
static void test_vm(void)
{
	uint32_t vm, queue;
	int i, bad = 0;

	if (vm_create(two.puck.fd, &vm)) {
		ktap_skip("no VMs in this device", "vm");
		return;
	}
	share();
	ktap_need(!vm_queue_create(two.puck.fd, vm, 0, &queue) &&
		  !vm_bind_one(two.puck.fd, vm, bind_map(&two.bo, SHARED)) &&
		  !vm_bind_one(two.puck.fd, vm, bind_map(&two.result, RESULT)), "vm: mapped");
	for (i = 0; i < ROUNDS / 4 && !bad; i++) {
		int fence = write_on(&one, i);

		bad = fence_result(fence, FOREVER_MS) != 1 ||
		      vm_run(two.puck.fd, queue, copy_at(SHARED, RESULT, SIZE)) ||
		      !result_is(&two, i);
		close(fence);
	}
	ktap_ok(!bad, "vm: %d rounds, each reads what was written last", i);
	queue_destroy(two.puck.fd, queue);
	vm_destroy(two.puck.fd, vm);
	unshare();
}

/* The exporter's last handle is gone, its VM has the BO: moves are told of all the same. */
static void test_no_handle(void)
{
	uint32_t vm, queue;
	int i, bad = 0;

	if (vm_create(one.puck.fd, &vm)) {
		ktap_skip("no VMs in this device", "no handle");
		return;
	}
	share();
	ktap_need(!vm_queue_create(one.puck.fd, vm, 0, &queue) &&
		  !vm_bind_one(one.puck.fd, vm, bind_map(&one.bo, SHARED)), "no handle: mapped");
	bo_close(one.puck.fd, &one.bo);
	one.bo.handle = 0;
	for (i = 1; i <= ROUNDS / 4 && !bad; i++) {
		bad = vm_run(one.puck.fd, queue, fill_at(SHARED, SIZE, i)) ||
		      (!pinned && !mappings_become(&one.puck, 0)) ||
		      read_on(&two) || !result_is(&two, i);
	}
	ktap_ok(!bad, "no handle: %d rounds, each reads what was written last", i - 1);
	queue_destroy(one.puck.fd, queue);
	vm_destroy(one.puck.fd, vm);
	unshare();
}

int main(int argc, char **argv)
{
	ktap_begin();
	pinned = argc > 1 && !strcmp(argv[1], "pinned");
	ktap_need(!puck_open_any(&one.puck) && !puck_open_other(&two.puck, &one.puck), "two GPUs");
	test_place();
	test_pages_stay();
	test_random();
	test_cpu();
	test_vm();
	test_no_handle();
	return ktap_end();
}
