/* SPDX-License-Identifier: MIT */
/*
 * A thread that makes calls of puck.ko in any order: what it draws, and the handles and
 * descriptors that it shares with others like it.
 */
#ifndef LIB_GPU_FUZZ_H
#define LIB_GPU_FUZZ_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#include <sys/mman.h>

#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/sync.h"
#include "lib/gpu/vm.h"

/* Of a file's handles so many are known by a place each: whoever has a new one closes the old. */
#define PLACES		8
#define FDS		12
#define MAPS		4
#define ARRAY_MAX	8
/* More than that of an array is never asked for with memory behind it. */
#define LIST_MAX	4096
#define PAGE		4096
#define BO_MAX		(16 * PAGE)

/*
 * Handles and descriptors by what they are of. In a place of VM_BO and of VM_QUEUE is what was
 * made for the VM that was in the same place of VM then.
 */
enum kind {
	BO,
	QUEUE,
	SYNCOBJ,
	VM,
	VM_BO,
	VM_QUEUE,
	KINDS,
};

enum fd_kind {
	DMABUF,
	SYNC_FILE,
	SYNCOBJ_FD,
	FD_KINDS,
};

/**
 * struct file - an open device, for all threads
 * @fd: of it; a call may put another file there, with the same number
 * @node: of the device
 * @handles: 0: none. Whoever takes one out of its place is its owner
 */
struct file {
	int fd;
	char node[64];
	atomic_uint handles[KINDS][PLACES];
};

/* Descriptors, likewise. */
static atomic_int fds[FD_KINDS][FDS];

/**
 * struct actor - a thread
 * @state: of what it draws: that depends on its seed alone, never on what is in a place
 * @digest: of its calls
 * @calls: to make
 * @dry: they are drawn and not made
 * @speaks: it says how far it is
 * @file: of the present call
 * @hostile: the present call is one of those that are wrong somewhere
 * @place: where the present call puts what it gets, modulo their number
 * @good: calls, by row of the table
 * @refused: calls, by row of the table
 * @arena: a page, and behind it one that nobody may touch
 * @lent: memory that becomes BOs, BO_MAX, and is mapped anew under them
 * @maps: of BOs; what is mapped is the thread's alone
 */
struct actor {
	pthread_t thread;
	uint64_t state;
	uint64_t digest;
	unsigned long calls;
	bool dry;
	bool speaks;
	struct file *file;
	bool hostile;
	uint32_t place;
	unsigned long *good;
	unsigned long *refused;
	uint8_t *arena;
	uint8_t *lent;
	struct {
		uint8_t *at;
		size_t size;
	} maps[MAPS];
	/* What arguments point to */
	struct drm_puck_bo_ref refs[ARRAY_MAX];
	struct drm_puck_cmd cmds[ARRAY_MAX];
	struct drm_puck_sync syncs[ARRAY_MAX];
	struct drm_puck_bind binds[ARRAY_MAX];
	uint32_t words[LIST_MAX];
	uint64_t points[LIST_MAX];
};

/* ---- what is drawn ---- */

static inline uint32_t below(struct actor *a, uint32_t n)
{
	return (uint32_t)(rnd(&a->state) % n);
}

static inline bool one_in(struct actor *a, uint32_t n)
{
	return !below(a, n);
}

/* A number as programs have them, or one at the edge of what there is. */
static inline uint32_t number(struct actor *a)
{
	static const uint32_t edges[] = {
		0, 1, 2, 3, 4, 7, 8, 63, 64, 65, 255, 256, 257, 4095, 4096, 4097, 65535, 65536,
		0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};

	return one_in(a, 3) ? below(a, 0xffffffff) : edges[below(a, ARRAY_SIZE(edges))];
}

/* @right; in a hostile call, now and then anything. */
static inline uint32_t mostly(struct actor *a, uint32_t right)
{
	return a->hostile && one_in(a, 8) ? number(a) : right;
}

/* The same for what has 64 bits. */
static inline uint64_t mostly64(struct actor *a, uint64_t right)
{
	static const uint64_t edges[] = {
		0, 1, PAGE - 1, PAGE, 16 * PAGE, 1ull << 21, 1ull << 32, (1ull << 32) + PAGE,
		1ull << 39, (1ull << 48) - PAGE, 1ull << 48, 1ull << 63, UINT64_MAX - PAGE + 1,
		UINT64_MAX,
	};

	if (!a->hostile || !one_in(a, 8))
		return right;
	return one_in(a, 3) ? rnd(&a->state) : edges[below(a, ARRAY_SIZE(edges))];
}

/* Of pads, flags that are not defined, members that are "out". */
static inline uint32_t nothing(struct actor *a)
{
	return mostly(a, 0);
}

static inline uint32_t handle_at(struct actor *a, enum kind of, uint32_t place)
{
	return mostly(a, atomic_load(&a->file->handles[of][place % PLACES]));
}

static inline uint32_t handle(struct actor *a, enum kind of)
{
	return handle_at(a, of, below(a, PLACES));
}

/* One in four is private to a VM. */
static inline uint32_t any_bo(struct actor *a)
{
	return handle(a, one_in(a, 4) ? VM_BO : BO);
}

static inline int some_fd(struct actor *a, enum fd_kind kind)
{
	uint32_t place = below(a, FDS);

	return (int)mostly(a, (uint32_t)atomic_load(&fds[kind][place]));
}

/* @right, or memory that ends too early, or none. */
static inline uint64_t pointer(struct actor *a, const void *right)
{
	uint32_t which = a->hostile ? below(a, 16) : 16;

	if (which == 0)
		return rnd(&a->state);
	if (which == 1)
		return (uintptr_t)a->arena + PAGE - below(a, 64);
	return (uintptr_t)right;
}

/* Is over, or will be soon, whatever is waited for. */
static inline int64_t deadline(struct actor *a)
{
	static const int64_t others[] = { 0, 1, -1, INT64_MIN };
	int64_t soon = below(a, 3000) * 1000;

	return one_in(a, 4) ? others[below(a, ARRAY_SIZE(others))] : now_ns() + soon;
}

/* ---- what is in a place, and what was there before ---- */

static inline void close_handle(int fd, enum kind of, uint32_t value)
{
	struct bo bo = { .handle = value };

	if (!value)
		return;
	if (of == BO || of == VM_BO)
		bo_close(fd, &bo);
	else if (of == QUEUE || of == VM_QUEUE)
		queue_destroy(fd, value);
	else if (of == VM)
		vm_destroy(fd, value);
	else
		syncobj_destroy(fd, value);
}

/* What a call has given goes to its place. Nothing is drawn here: the call may have failed. */
static inline void put_handle(struct actor *a, enum kind of, uint32_t value)
{
	uint32_t old = atomic_exchange(&a->file->handles[of][a->place % PLACES], value);

	/* An import may give a handle that is there already. */
	if (old != value)
		close_handle(a->file->fd, of, old);
}

static inline void put_fd(struct actor *a, enum fd_kind kind, int value)
{
	int old = atomic_exchange(&fds[kind][a->place % FDS], value);

	if (old > 0)
		close(old);
}

/* ---- threads of calls ---- */

/* @rows: kinds of calls that there are; behind the second page of the arena is nothing. */
static inline void actor_begin(struct actor *a, uint64_t seed, unsigned long calls, bool dry,
			       unsigned int rows)
{
	memset(a, 0, sizeof(*a));
	a->state = seed;
	a->calls = calls;
	a->dry = dry;
	a->good = calloc(rows, sizeof(*a->good));
	a->refused = calloc(rows, sizeof(*a->refused));
	a->arena = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ktap_need(a->good && a->refused && a->arena != MAP_FAILED &&
		  !mprotect(a->arena + PAGE, PAGE, PROT_NONE), "memory for a thread");
}

/* A call of kind @row has been made, or in a dry run only drawn. */
static inline void actor_called(struct actor *a, unsigned long row, int ret)
{
	/* What was drawn for it is in the state. */
	a->digest = (a->digest ^ a->state ^ (uint64_t)row) * 0x9e3779b97f4a7c15ull;
	if (ret)
		a->refused[row]++;
	else
		a->good[row]++;
}

/* What a thread has of actor_begin(). */
static inline void actor_end(struct actor *a)
{
	munmap(a->arena, 2 * PAGE);
	free(a->good);
	free(a->refused);
}

/**
 * struct fairness - how many calls have to be good
 * @all: one in so many
 * @kind: of each kind, one in so many
 * @enough: fewer calls tell nothing about kinds
 */
struct fairness {
	unsigned long all;
	unsigned long kind;
	unsigned long enough;
};

/* Of kind @row: whether a fair share of its calls was good, so that it tries what it is for. */
static inline bool judge_kind(const struct actor *actors, unsigned int count, unsigned int row,
			      const char *name, unsigned long share, unsigned long *good,
			      unsigned long *refused)
{
	unsigned long of_good = 0, of_refused = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		of_good += actors[i].good[row];
		of_refused += actors[i].refused[row];
	}
	ktap_note("%s: %lu of %lu good", name, of_good, of_good + of_refused);
	*good += of_good;
	*refused += of_refused;
	return of_good && of_good >= (of_good + of_refused) / share;
}

/* Were all refused nothing would have been tried, and were none refused nothing hostile. */
static inline void judge_calls(const struct actor *actors, unsigned int count,
			       const char *(*name)(unsigned int row), unsigned int rows,
			       const struct fairness *fair)
{
	unsigned long good = 0, refused = 0;
	unsigned int i, unfair = 0;

	for (i = 0; i < rows; i++)
		unfair += !judge_kind(actors, count, i, name(i), fair->kind, &good, &refused);
	ktap_ok(good > (good + refused) / fair->all && refused > (good + refused) / 50,
		"%lu calls were good, %lu refused", good, refused);
	if (good + refused >= fair->enough)
		ktap_ok(!unfair, "of each kind of call one in %lu was good", fair->kind);
}

/* All that the calls have left open. */
static inline void close_fds(void)
{
	unsigned int i, kind;

	for (kind = 0; kind < FD_KINDS; kind++)
		for (i = 0; i < FDS; i++)
			if (fds[kind][i] > 0)
				close(fds[kind][i]);
}

#endif /* LIB_GPU_FUZZ_H */
