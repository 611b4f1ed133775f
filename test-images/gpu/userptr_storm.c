// SPDX-License-Identifier: MIT
/*
 * Memory of the process under jobs that never stop, while all that can take it away is done to
 * it: one thread submits, another one unmaps, maps anew, protects, moves, shares by fork(), throws
 * away, splits, collapses, swaps out and migrates. Pages that are given back are taken at once, and
 * a byte that changes in there (a canary) was written by a device that should not see it any more.
 *
 *	gpu_userptr_storm [ROUNDS [SEED [hangs]]]	(200, 1)
 *
 * ROUNDS is what the second thread does, or, with an s behind it, for how many seconds. With
 * "hangs" jobs may fail because they were late, and what is in the memory is not looked at then; but
 * in the canaries nothing changes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/base/random.h"
#include "lib/base/swap.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/userptr.h"
#include "lib/gpu/vm.h"

#define PAGE		4096u
#define HUGE		(2u << 20)
#define REGIONS		6
#define CANARIES	48
#define PENDING		16
/* No job writes this. */
#define CANARY		0xca
#define MADV_TO_HUGE	25	/* MADV_COLLAPSE, which not all headers have */

/*
 * @at: its addresses are nobody else's, also while nothing is mapped there. @lock: of the BO, and
 * held by whoever wants the contents to stay
 */
static struct region {
	uint8_t *at;
	uint32_t size;
	struct bo bo;
	pthread_mutex_t lock;
} regions[REGIONS];

static struct {
	uint8_t *at;
	uint32_t size;
	const char *after;
} canaries[CANARIES];

static struct puck puck;
/* Jobs may fail as they are late. */
static bool hangs;
static volatile bool stop;
static unsigned long long submitted, refused, rounds, looked_at;
static unsigned int hurt, next_canary;
static uint64_t seed = 1;

/* ---- the thread that submits ---- */

static bool result_is_good(int result)
{
	return result == 1 || (hangs && result == -ETIME);
}

static int submit_one(uint64_t *random)
{
	struct region *r = &regions[rnd(random) % REGIONS];
	int ret;

	pthread_mutex_lock(&r->lock);
	ret = fill_start(puck.fd, puck.queue[rnd(random) % puck.compute], &r->bo,
			 1 + rnd(random) % 100);
	pthread_mutex_unlock(&r->lock);
	return ret;
}

/* NULL if all was well. */
static void *submit_all(void *data)
{
	static char why[64];
	int fences[PENDING], n = 0, ret = 0, result;
	uint64_t random = seed + 1000;
	bool stopped = false;

	(void)data;
	for (result = 1; result_is_good(result) && !(stopped && !n);) {
		/* Once in a round: it changes meanwhile. */
		stopped = stop;
		if (n && (stopped || n == PENDING)) {
			result = fence_result(fences[0], FOREVER_MS);
			memmove(fences, fences + 1, --n * sizeof(*fences));
			continue;
		}
		ret = submit_one(&random);
		if (ret >= 0) {
			fences[n++] = ret;
			submitted++;
		} else if (ret == -EFAULT) {
			refused++;
		} else {
			break;
		}
	}
	if (result_is_good(result) && (ret >= 0 || ret == -EFAULT))
		return NULL;
	snprintf(why, sizeof(why), "submit: %d, fence: %d", ret, result);
	return why;
}

/* ---- canaries ---- */

static void look_at_canary(unsigned int i)
{
	uint32_t byte;

	for (byte = 0; byte < canaries[i].size; byte++)
		if (canaries[i].at[byte] != CANARY)
			break;
	looked_at += canaries[i].size / PAGE;
	if (byte == canaries[i].size)
		return;
	if (!hurt++)
		ktap_note("canary hurt: round %llu, taken after %s: byte %#x is %#x", rounds,
			  canaries[i].after, byte, canaries[i].at[byte]);
}

static void look_at_canaries(void)
{
	unsigned int i;

	for (i = 0; i < CANARIES; i++)
		if (canaries[i].at)
			look_at_canary(i);
}

/* Take as much memory as was given back, which is likely the same. */
static void take_canary(uint32_t size, const char *after)
{
	unsigned int i = next_canary++ % CANARIES;

	if (canaries[i].at) {
		look_at_canary(i);
		munmap(canaries[i].at, canaries[i].size);
	}
	canaries[i].at = memory(size, CANARY);
	canaries[i].size = size;
	canaries[i].after = after;
}

/* ---- what is done to a region ---- */

static void reserve(struct region *r)
{
	mmap(r->at, r->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
	     -1, 0);
}

static void fill_in(struct region *r)
{
	memory_at(r->at, r->size, 0);
	if (r->size >= HUGE)
		madvise(r->at, r->size, MADV_HUGEPAGE);
}

static void do_unmap(struct region *r)
{
	reserve(r);
	take_canary(r->size, "munmap");
	fill_in(r);
}

static void do_map_anew(struct region *r)
{
	fill_in(r);
	take_canary(r->size, "mmap");
}

static void do_throw_away(struct region *r)
{
	madvise(r->at, r->size, MADV_DONTNEED);
	take_canary(r->size, "MADV_DONTNEED");
}

static void do_protect(struct region *r)
{
	mprotect(r->at, r->size, PROT_READ);
	usleep(rnd(&seed) % 500);
	mprotect(r->at, r->size, PROT_READ | PROT_WRITE);
}

static void do_move(struct region *r)
{
	void *to = mmap(NULL, r->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	to = mremap(r->at, r->size, r->size, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	reserve(r);
	munmap(to, r->size);
	take_canary(r->size, "mremap");
	fill_in(r);
}

/* The child's pages are those of before, and are given back with it. */
static void do_fork(struct region *r)
{
	pid_t pid = fork();

	if (!pid)
		_exit(r->at[0] > 100);
	waitpid(pid, NULL, 0);
	take_canary(r->size, "fork");
}

static void do_split(struct region *r)
{
	uint32_t page = rnd(&seed) % (r->size / PAGE);

	madvise(r->at + page * PAGE, PAGE, MADV_DONTNEED);
	take_canary(PAGE, "split");
}

static void do_collapse(struct region *r)
{
	madvise(r->at, r->size, MADV_TO_HUGE);
	take_canary(r->size, "collapse");
}

static void do_swap(struct region *r)
{
	madvise(r->at, r->size, MADV_PAGEOUT);
	take_canary(r->size, "swapping out");
}

static void do_migrate(struct region *r)
{
	unsigned int count = r->size / PAGE, node = rnd(&seed) % 2, i;
	void *pages[HUGE / PAGE];
	int nodes[HUGE / PAGE], status[HUGE / PAGE];

	for (i = 0; i < count; i++) {
		pages[i] = r->at + i * PAGE;
		nodes[i] = node;
	}
	syscall(SYS_move_pages, 0, (unsigned long)count, pages, nodes, status, 2);
	take_canary(r->size, "migration");
}

/*
 * The BO goes, and one with the same memory comes. Jobs of the old one go on, and nobody waits for
 * them but for whoever takes the memory away.
 */
static void do_close(struct region *r)
{
	struct bo old = r->bo;

	pthread_mutex_lock(&r->lock);
	if (!userptr_create(puck.fd, &r->bo, r->at, r->size, 0))
		bo_close(puck.fd, &old);
	else
		r->bo = old;
	pthread_mutex_unlock(&r->lock);
}

static void (*const acts[])(struct region *r) = {
	do_unmap, do_map_anew, do_throw_away, do_protect, do_move, do_fork, do_split, do_collapse,
	do_swap, do_migrate, do_close,
};

/* Nobody else submits for this BO, or changes anything: what a job writes is there. */
static bool check(struct region *r)
{
	uint8_t value = 101 + rnd(&seed) % 50;
	uint32_t byte = 0;
	int ret;

	pthread_mutex_lock(&r->lock);
	/* Also jobs of a BO that was here before are over then. */
	fill_in(r);
	ret = fill_wait(puck.fd, puck.queue[0], &r->bo, value);
	while (byte < r->size && r->at[byte] == value)
		byte++;
	pthread_mutex_unlock(&r->lock);
	if (ret || byte < r->size)
		ktap_note("region %zu of %u bytes: %d, byte %#x is %#x, not %#x", r - regions,
			  r->size, ret, byte, byte < r->size ? r->at[byte] : value, value);
	return !ret && byte == r->size;
}

static bool round_once(void)
{
	struct region *r = &regions[rnd(&seed) % REGIONS];

	rounds++;
	acts[rnd(&seed) % ARRAY_SIZE(acts)](r);
	return hangs || rounds % 8 || check(r);
}

/* ---- all of it ---- */

static bool make_regions(void)
{
	static const uint32_t sizes[REGIONS] = { 64 << 10, HUGE, PAGE, 256 << 10, HUGE, 16 << 10 };
	unsigned int i;
	uint8_t *room;

	for (i = 0; i < REGIONS; i++) {
		struct region *r = &regions[i];

		r->size = sizes[i];
		room = mmap(NULL, r->size + HUGE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		r->at = (uint8_t *)(((uintptr_t)room + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
		pthread_mutex_init(&r->lock, NULL);
		fill_in(r);
		if (userptr_create(puck.fd, &r->bo, r->at, r->size, 0))
			return false;
	}
	return true;
}

static bool storm(unsigned long long limit, bool seconds)
{
	int64_t end = now_ns() + (int64_t)limit * NSEC_PER_SEC;
	bool good = true;

	while (good && !hurt && (seconds ? now_ns() < end : rounds < limit)) {
		good = round_once();
		progress("%llu rounds, %llu jobs, %llu refused, %llu pages looked at", rounds,
			 submitted, refused, looked_at);
	}
	return good;
}

static void report(bool good, const char *why)
{
	struct userptr_counts counts = userptr_counts(&puck);

	ktap_ok(!why, "jobs: %llu, %llu refused%s%s", submitted, refused, why ? ": " : "",
		why ? why : "");
	ktap_ok(good, "what a job wrote is there (%llu rounds)", rounds);
	ktap_ok(!hurt, "%u canaries hurt of %llu pages looked at", hurt, looked_at);
	ktap_ok(counts.invalidations > 0, "%lld invalidations, median below %lld us, worst %lld us, given up %lld",
		counts.invalidations, counts.median_us, counts.worst_us, counts.given_up);
}

int main(int argc, char **argv)
{
	const char *limit = argc > 1 ? argv[1] : "200";
	pthread_t submitter;
	bool good, swap;
	void *why;
	unsigned int i;

	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	hangs = argc > 3;
	ktap_begin();
	ktap_need(!puck_open_any(&puck) && make_regions(), "a device, and memory as BOs");
	swap = swap_on(64);
	if (hangs)
		ktap_need(!write_text("/sys/module/puck/parameters/userptr_ms", "100"), "patience");
	ktap_need(!pthread_create(&submitter, NULL, submit_all, NULL), "a thread");
	good = storm(strtoull(limit, NULL, 0), strchr(limit, 's'));
	stop = true;
	pthread_join(submitter, &why);
	look_at_canaries();
	report(good, why);
	if (swap)
		swap_off();
	for (i = 0; i < REGIONS; i++)
		bo_close(puck.fd, &regions[i].bo);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0) &&
		puck_count_becomes(&puck, "bos", "bo ", 0), "nothing is left");
	return ktap_end();
}
