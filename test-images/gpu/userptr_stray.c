// SPDX-License-Identifier: MIT
/*
 * A device that writes behind its fence, to memory of a process that was unmapped in between. The
 * notifier has taken the IOMMU's mapping away by then, and waited for the flush: the write is a
 * fault and does not land. Without the flush ("drop") it does, and the IOMMU's log has the
 * requester and the address.
 *
 *	gpu_userptr_stray [ROUNDS [drop]]	(20)
 *
 * The memory is that of a file, which is mapped twice: so it is nobody else's at any time, and
 * what the second mapping shows (the canary) is what would be the next owner's.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/iommu.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/rules.h"
#include "lib/gpu/userptr.h"
#include "lib/gpu/vm.h"

#define SIZE	(16u << 10)
#define CANARY	0xca
#define ADDR	(1ull << 32)

static struct puck puck;
static struct bo other;
static uint32_t vm, queue;
static uint8_t *canary;
static int file;

/* Whether all is well behind what was queued; the ring may have had to go on behind an error. */
static bool drain(void)
{
	return !fill_wait(puck.fd, puck.queue[0], &other, 0x01);
}

/*
 * The device has translated its addresses before, and has an unfinished write when they go. It is by
 * an address of a VM: a list of segments would be the next job's by then.
 */
static bool stray(const char **why)
{
	unsigned long rule;
	struct bo bo;
	uint8_t *mem;
	int fence, ret;

	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	*why = "no good job";
	if (mem == MAP_FAILED || userptr_create(puck.fd, &bo, mem, SIZE, 0) ||
	    vm_bind_one(puck.fd, vm, bind_map(&bo, ADDR)) ||
	    vm_run(puck.fd, queue, fill_at(ADDR, SIZE, 0x11)))
		return false;
	rule = puck_rule(&puck, "fence.complete", "ring=0 nth=1 early");
	fence = vm_start(puck.fd, queue, fill_at(ADDR, SIZE, 0x22));
	ret = fence_result(fence, FOREVER_MS);
	munmap(mem, SIZE);
	memset(canary, CANARY, SIZE);
	*why = "no early fence";
	if (ret != 1 || puck_rule_hits(rule) != 1 || rule_command("release", rule) ||
	    rule_command("remove", rule))
		return false;
	*why = "the ring does not go on";
	ret = drain() && !vm_bind_one(puck.fd, vm, bind_unmap(ADDR, SIZE));
	bo_close(puck.fd, &bo);
	return ret;
}

static void run(unsigned int rounds, bool drop)
{
	uint64_t faults = counter("faults"), stale = counter("stale_uses");
	unsigned int hurt = 0, i;
	const char *why = "";
	bool good = true;

	for (i = 0; good && i < rounds && !(drop && hurt); i++) {
		good = stray(&why);
		hurt += !bytes_are(canary, SIZE, CANARY);
		progress("%u rounds of %u, %u canaries hurt", i, rounds, hurt);
	}
	faults = counter("faults") - faults;
	stale = counter("stale_uses") - stale;
	ktap_ok(good, "%u rounds%s%s", i, good ? "" : ": ", good ? "" : why);
	if (drop)
		ktap_ok(hurt && stale, "without a flush a canary is hurt in round %u, %llu stale uses",
			i, (unsigned long long)stale);
	else
		ktap_ok(!hurt && !stale && faults,
			"%u canaries hurt, %llu stale uses, %llu faults", hurt,
			(unsigned long long)stale, (unsigned long long)faults);
}

/* For an IOMMU that does not flush: the rule says so, the log who came to grief. */
static void run_without_flush(unsigned int rounds)
{
	unsigned long rule = rule_add("iommu.invalidate drop");
	const char *why = "";
	bool good;

	ktap_need(rule, "rule");
	run(rounds, true);
	ktap_need(!rule_command("remove", rule), "rule removed");
	/* The flush of the next one drops what has become stale. */
	good = stray(&why);
	ktap_ok(good && bytes_are(canary, SIZE, CANARY), "with it none is%s%s", good ? "" : ": ",
		good ? "" : why);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 20;
	uint64_t features = 0;

	ktap_begin();
	ktap_need(!puck_open(&puck, true), "a device behind an IOMMU");
	puck_param(puck.fd, DRM_PUCK_PARAM_FEATURES, &features);
	if (!(features & DRM_PUCK_FEATURE_USERPTR)) {
		ktap_skip("no HMM in this kernel", "userptr");
		return ktap_end();
	}
	file = memfd_create("stray", 0);
	ktap_need(file >= 0 && !ftruncate(file, SIZE), "a file");
	canary = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ktap_need(canary != MAP_FAILED && !bo_create(puck.fd, &other, SIZE), "memory");
	ktap_need(!vm_create(puck.fd, &vm) && !vm_queue_create(puck.fd, vm, 0, &queue), "a VM");
	expect_begin("DMA fault|DMA write failed|more DMA faults");
	if (argc > 2)
		run_without_flush(rounds);
	else
		run(rounds, false);
	expect_end();
	bo_close(puck.fd, &other);
	return ktap_end();
}
