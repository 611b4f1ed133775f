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
#include "lib/base/array.h"
#include "lib/base/dmabuf.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/random.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/region.h"
#include "lib/gpu/side.h"
#include "lib/gpu/vm.h"
#include "lib/share/hops.h"

#define SIZE	(256 << 10)
#define ROUNDS	40
/* In VMs: the shared BO, and where jobs by address copy it to. */
#define SHARED	0x40000000ull
#define RESULT	0x80000000ull

static bool pinned;
static uint64_t seed = 1;

static struct side one, two;

static void share(void)
{
	ktap_need(!side_share(&one, &two, SIZE, BO_VRAM | BO_SYSTEM), "import");
}

static void unshare(void)
{
	side_unshare(&one, &two);
	ktap_ok(puck_count_becomes(&one.puck, "bos", "bo ", 0) &&
		puck_count_becomes(&two.puck, "bos", "bo ", 0), "no BO is left");
}

static void test_place(void)
{
	int where;

	share();
	ktap_ok(bo_region(one.puck.fd, &one.bo) == DRM_PUCK_REGION_SYSTEM,
		"place: an importer sees system memory");
	ktap_ok(puck_sum(&one.puck, "mapped") == 1, "place: there it has the BO mapped");
	ktap_ok(fence_result(side_write(&one, 0x11), FOREVER_MS) == 1,
		"place: a job of the exporter's");
	where = bo_region(one.puck.fd, &one.bo);
	if (pinned) {
		ktap_ok(where == DRM_PUCK_REGION_SYSTEM, "place: it stays there");
	} else {
		ktap_ok(where == DRM_PUCK_REGION_VRAM, "place: has it in VRAM again");
		ktap_ok(puck_sum_becomes(&one.puck, "mapped", 0),
			"place: and the importer takes its mapping away");
	}
	ktap_ok(side_reads(&two, 0x11), "place: the importer reads what it wrote");
	ktap_ok(bo_region(one.puck.fd, &one.bo) == DRM_PUCK_REGION_SYSTEM &&
		puck_sum(&one.puck, "mapped") == 1, "place: in system memory");
	unshare();
}

/* The move is behind the importer's job, and so is the end of the mapping that this has. */
static void test_pages_stay(void)
{
	int fence, after;

	share();
	puck_set(&two.puck, 0, "hold", 1);
	fence = side_write(&two, 0x22);
	after = side_write(&one, 0x23);
	ktap_ok(fence >= 0 && after >= 0 && fence_status(fence) == 0,
		"stay: a job of the exporter's behind one of the importer's");
	ktap_ok(puck_sum(&one.puck, "mapped") == 1,
		"stay: as long as that is not done it has its mapping");
	puck_set(&two.puck, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && fence_result(after, FOREVER_MS) == 1,
		"stay: both are done");
	if (!pinned)
		ktap_ok(puck_sum_becomes(&one.puck, "mapped", 0), "stay: then the mapping goes");
	ktap_ok(side_reads(&one, 0x23), "stay: the later one wins");
	close(fence);
	close(after);
	unshare();
}

static void test_random(void)
{
	uint8_t value = 0;
	int i, bad = 0;

	share();
	side_late(&one, true);
	side_late(&two, true);
	for (i = 0; i < ROUNDS && !bad; i++) {
		struct side *writer = rnd(&seed) % 2 ? &one : &two;
		struct side *reader = rnd(&seed) % 2 ? &one : &two;
		int fence;

		value = rnd(&seed);
		fence = side_write(writer, value);
		bad = fence < 0 || !side_reads(reader, value) ||
		      fence_status(fence) != 1;
		close(fence);
	}
	side_late(&one, false);
	side_late(&two, false);
	ktap_ok(!bad, "random: %d rounds, each reads what was written last", i);
	ktap_ok(side_reads(&one, value) && side_reads(&two, value),
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

		close(side_write(writer, i));
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
		int fence = side_write(&one, i);

		bad = fence_result(fence, FOREVER_MS) != 1 ||
		      vm_run(two.puck.fd, queue, copy_at(SHARED, RESULT, SIZE)) ||
		      !side_result_is(&two, i);
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
		      (!pinned && !puck_sum_becomes(&one.puck, "mapped", 0)) ||
		      !side_reads(&two, i);
	}
	ktap_ok(!bad, "no handle: %d rounds, each reads what was written last", i - 1);
	queue_destroy(one.puck.fd, queue);
	vm_destroy(one.puck.fd, vm);
	unshare();
}

/* ---- its way in the trace ---- */

static void trace_hops(bool on)
{
	static const char * const hops[] = { "export", "import", "map", "move", "moved", "unmap" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hops); i++)
		hop_trace("puck", hops[i], on);
}

static bool trace_has(FILE *trace, const char *hop, const struct side *side,
		      unsigned long long number)
{
	return hop_comes(trace, hop, side->puck.pci, number);
}

/* Each hop in its order: docs/dataflow.rst, Sharing. */
static void test_follow(void)
{
	unsigned long long number;
	FILE *trace;
	int dmabuf;

	if (access(TRACING "events/puck", F_OK)) {
		ktap_skip("no trace points", "follow");
		return;
	}
	trace_hops(true);
	share();
	dmabuf = bo_export(one.puck.fd, &one.bo);
	number = dmabuf_number(dmabuf);
	ktap_need(dmabuf >= 0 && number, "follow: number");
	close(dmabuf);
	ktap_need(fence_result(side_write(&one, 0x71), FOREVER_MS) == 1 &&
		  puck_sum_becomes(&one.puck, "mapped", 0), "follow: moved");
	unshare();
	trace_hops(false);
	trace = fopen(TRACING "trace", "r");
	ktap_need(trace, "follow: trace");
	ktap_ok(trace_has(trace, "export", &one, number) &&
		trace_has(trace, "import", &two, number) && trace_has(trace, "map", &two, number),
		"follow: dma-buf %llu is exported, imported and mapped", number);
	ktap_ok(trace_has(trace, "move", &one, number) && trace_has(trace, "moved", &two, number) &&
		trace_has(trace, "unmap", &two, number),
		"follow: its move is told of, heard, and the mapping goes");
	fclose(trace);
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
	if (!pinned)
		test_follow();
	return ktap_end();
}
