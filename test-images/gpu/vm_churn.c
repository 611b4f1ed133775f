// SPDX-License-Identifier: MIT
/*
 * Mappings that come and go at random, with jobs between them that are not waited for, and a
 * model of what each page of the BOs has to hold. The device compares each translation that
 * it has kept with its tables: never is one stale.
 *
 *	gpu_vm_churn [ROUNDS [STEPS [SEED [drop]]]]	(10, 60, 1)
 *
 * With "drop" the device does not carry out one flush in four. No driver can know, and so pages
 * have to be wrong: if they were not, the others would show nothing. All memory stays that of
 * the BOs meanwhile.
 */
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/rules.h"
#include "lib/gpu/vm.h"

#include <errno.h>

#define PAGE	4096ull
#define PAGES	64		/* of a BO */
#define BOS	3
#define WINDOW	128		/* pages of addresses */
#define BASE	((1ull << 30) - 64 * PAGE)	/* over the ends of two tables */

static struct puck puck;
static struct bo bos[BOS];
static uint32_t vm, queue;
static uint64_t seed;

/* Which page is at each address, or nothing: bo < 0; and what each page holds. */
static struct {
	int bo;
	int page;
} mapped[WINDOW];
static uint8_t holds[BOS][PAGES];

static uint32_t below(uint32_t n)
{
	return rnd(&seed) % n;
}

static int random_bind(void)
{
	uint32_t at = below(WINDOW), n = 1 + below(WINDOW - at), i;
	bool unmap = !below(3);
	uint32_t bo = below(BOS), first = below(PAGES);
	struct drm_puck_bind step;

	if (n > PAGES - first)
		n = PAGES - first;
	if (below(2)) {			/* as it has to be for 64 KiB in one */
		at &= ~15u;
		first &= ~15u;
	}
	step = unmap ? bind_unmap(BASE + at * PAGE, n * PAGE) :
	       bind_part(&bos[bo], first * PAGE, BASE + at * PAGE, n * PAGE);
	for (i = 0; i < n; i++) {
		mapped[at + i].bo = unmap ? -1 : (int)bo;
		mapped[at + i].page = first + i;
	}
	return vm_bind_async(puck.fd, vm, &step, 1, NULL, 0);
}

/* A fill of as much as is mapped in one, from somewhere on; 0 if nothing is. */
static int random_fill(void)
{
	uint32_t at = below(WINDOW), n = 0, max = 1 + below(WINDOW);
	uint8_t value = rnd(&seed);
	struct drm_puck_cmd cmd;
	struct drm_puck_submit args;

	for (; n < max && at + n < WINDOW && mapped[at + n].bo >= 0; n++)
		holds[mapped[at + n].bo][mapped[at + n].page] = value;
	if (!n)
		return 0;
	cmd = fill_at(BASE + at * PAGE, n * PAGE, value);
	args = job(queue, NULL, 0, &cmd, 1);
	return submit(puck.fd, &args);
}

static bool all_hold(void)
{
	struct drm_puck_submit args = job_empty(queue);
	uint32_t bo, page;

	if (submit_wait(puck.fd, &args))
		return false;
	for (bo = 0; bo < BOS; bo++)
		for (page = 0; page < PAGES; page++)
			if (!bo_part_is(puck.fd, &bos[bo], page * PAGE, PAGE, holds[bo][page])) {
				ktap_note("BO %u page %u: %#x, not %#x", bo, page,
					  bos[bo].map[page * PAGE], holds[bo][page]);
				return false;
			}
	return true;
}

/* Whether all hold what they should then is in @good. */
static int run_round(uint32_t steps, bool *good)
{
	uint32_t i;
	int ret = 0;

	for (i = 0; !ret && i < steps; i++)
		ret = below(3) ? random_fill() : random_bind();
	*good = all_hold();
	return ret;
}

static void test_rounds(uint32_t rounds, uint32_t steps)
{
	struct vm_counts before = vm_audit_begin(&puck);
	uint32_t round;
	bool good;
	int ret;

	for (round = 0; round < rounds; round++) {
		ret = run_round(steps, &good);
		ktap_ok(!ret && good, "round %u: %u steps (%d)", round, steps, ret);
	}
	ktap_ok(vm_counts(&puck).hits > before.hits, "the TLB has served");
	vm_audit_end(&puck, &before);
}

static void test_dropped(uint32_t rounds, uint32_t steps)
{
	struct vm_counts before = vm_audit_begin(&puck);
	uint32_t round, wrong = 0;
	unsigned long rule;
	bool good;
	int ret = 0;

	ktap_need(!system("modprobe puck-mischief"), "puck-mischief.ko");
	rule = puck_rule(&puck, "gpu.flush", "every=4 drop");
	for (round = 0; !ret && round < rounds; round++) {
		ret = run_round(steps, &good);
		wrong += !good;
	}
	puck_rule_done(rule, -1);
	ktap_ok(!ret && wrong, "without some flushes pages are wrong in %u of %u rounds (%d)",
		wrong, rounds, ret);
	ktap_ok(vm_counts(&puck).stale > before.stale, "and the device knows of stale entries");
	vm_audit(&puck, false);
}

static void test_leaks(void)
{
	struct vm_counts counts;

	ktap_ok(!vm_bind_one(puck.fd, vm, bind_unmap(0, 1ull << 48)), "all is unmapped");
	counts = vm_counts(&puck);
	ktap_ok(counts.tables == 1 && !counts.small && !counts.big, "no table is left but the root");
}

int main(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? atoi(argv[1]) : 10, steps = argc > 2 ? atoi(argv[2]) : 60, i;

	ktap_begin();
	seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!vm_create(puck.fd, &vm) && !vm_queue_create(puck.fd, vm, 0, &queue), "create");
	for (i = 0; i < BOS; i++)
		ktap_need(!(i ? bo_create(puck.fd, &bos[i], PAGES * PAGE) :
			    vm_bo_create(puck.fd, vm, &bos[i], PAGES * PAGE)), "create: BO %u", i);
	for (i = 0; i < WINDOW; i++)
		mapped[i].bo = -1;
	if (argc > 4 && !strcmp(argv[4], "drop"))
		test_dropped(rounds, steps);
	else
		test_rounds(rounds, steps);
	test_leaks();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
