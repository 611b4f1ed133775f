/* SPDX-License-Identifier: MIT */
/* Of the fuzzer's calls, those that make BOs of memory of its own, and change that memory. */
#ifndef LIB_GPU_FUZZ_USERPTR_H
#define LIB_GPU_FUZZ_USERPTR_H

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "lib/gpu/fuzz.h"

/* Never of memory that the thread has anything else in: jobs write it. */
static inline void fill_userptr(struct actor *a, void *arg)
{
	struct drm_puck_gem_userptr *args = arg;
	const uint64_t wrong[] = {
		0, (uintptr_t)a->arena + PAGE, (uintptr_t)a->lent + BO_MAX, ~0ull << 12, 1ull << 47,
	};
	uint32_t page = below(a, BO_MAX / PAGE);

	args->addr = a->hostile && one_in(a, 4) ? wrong[below(a, ARRAY_SIZE(wrong))] :
		     (uintptr_t)a->lent + page * PAGE;
	args->size = mostly64(a, (1 + below(a, BO_MAX / PAGE - page)) * PAGE);
	args->flags = mostly(a, one_in(a, 2) ? below(a, 4) : 0);
	args->handle = nothing(a);
}

static inline void done_userptr(struct actor *a, void *arg)
{
	put_handle(a, BO, ((struct drm_puck_gem_userptr *)arg)->handle);
}

/* Of the memory that is lent some pages go, and others come, whatever jobs do there. */
static inline int act_lend_anew(struct actor *a)
{
	uint32_t page = below(a, BO_MAX / PAGE), count = 1 + below(a, BO_MAX / PAGE - page);
	void *at;

	if (a->dry)
		return 0;
	at = mmap(a->lent + page * PAGE, count * PAGE, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return at == MAP_FAILED ? -errno : 0;
}

#endif /* LIB_GPU_FUZZ_USERPTR_H */
