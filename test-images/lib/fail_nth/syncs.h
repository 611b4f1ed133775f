/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Syncobjs of a call that fails: one that it waits for, and two that it signals. */
#ifndef LIB_FAIL_NTH_SYNCS_H
#define LIB_FAIL_NTH_SYNCS_H

#include "lib/fail_nth/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/sync.h"

#define SYNCS_POINT	7

/* Binary ones, and in the last a point of a timeline. */
static struct drm_puck_sync syncs[3];

/* Makes them; a job gives what is waited for: its fence, or a negative errno. */
static inline int syncs_begin(uint32_t queue)
{
	struct drm_puck_submit first;
	struct drm_puck_sync signal;
	uint32_t handles[3];
	int ret = 0, i;

	for (i = 0; !ret && i < 3; i++)
		ret = syncobj_create(one.fd, &handles[i]);
	if (ret)
		return ret;
	syncs[0] = sync_wait(handles[0], 0);
	syncs[1] = sync_signal(handles[1], 0);
	syncs[2] = sync_signal(handles[2], SYNCS_POINT);
	signal = sync_signal(handles[0], 0);
	first = job_syncs(queue, &signal, 1);
	return submit_fd(one.fd, &first);
}

#endif /* LIB_FAIL_NTH_SYNCS_H */
