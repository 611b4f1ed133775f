/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be expected of a fence, with a note where it is not so. */
#ifndef LIB_LABS_FENCE_H
#define LIB_LABS_FENCE_H

#include <errno.h>
#include <stdbool.h>

#include "lib/base/ktap.h"
#include "lib/gpu/fence.h"

/* How long a fence that must not be signalled is looked at, and one that must be is waited for. */
#define STILL_MS	200
#define SOON_MS		10000

/* It must not be signalled yet. */
static inline bool fence_still(int fence, const char *why)
{
	if (fence >= 0 && fence_wait(fence, STILL_MS) == -ETIME)
		return true;
	if (fence >= 0)
		ktap_note("the fence is signalled (status %d) although %s", fence_status(fence), why);
	return false;
}

/* It has to be signalled soon, with this status; the file is closed. */
static inline bool fence_ends(int fence, int status, const char *what)
{
	int got = fence_result(fence, SOON_MS);

	if (got != status && fence >= 0)
		ktap_note("%s: the fence has status %d and should have %d%s", what, got, status,
			  got == -ETIME ? " (it was not signalled within 10 s)" : "");
	return got == status;
}

#endif /* LIB_LABS_FENCE_H */
