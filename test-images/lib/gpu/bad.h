/* SPDX-License-Identifier: MIT */
/*
 * Arguments of an ioctl that are good but for one member: a table of what that is set to, and
 * of the errno that it gets.
 */
#ifndef LIB_GPU_BAD_H
#define LIB_GPU_BAD_H

#include "lib/base/ktap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bad {
	const char *what;
	int err;
	size_t offset;
	size_t size;
	uint64_t value;
};

/* A member of the type that has all arguments, the errno, and the value if it is not zero. */
#define BAD_MEMBER(type, what, err, ...) \
	{ #what, err, offsetof(type, what), sizeof(((type *)0)->what), __VA_ARGS__ }

static inline void bad_spoil(const struct bad *bad, void *arguments)
{
	memcpy((char *)arguments + bad->offset, &bad->value, bad->size);
}

/* harmless: everything is as it was before. */
static inline void bad_report(const struct bad *bad, int ret, bool harmless)
{
	ktap_ok(ret == bad->err && harmless, "bad_%s %#llx: %d", bad->what,
		(unsigned long long)bad->value, ret);
}

#endif
