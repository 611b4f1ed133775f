/* SPDX-License-Identifier: MIT */
/*
 * One side of a BO that two GPUs share: the device, the BO as it knows it, and where its jobs
 * copy that to. What either side writes the other one reads.
 */
#ifndef LIB_GPU_SIDE_H
#define LIB_GPU_SIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/vm.h"

#define SIDE_LATE_NS	(20 * NSEC_PER_MSEC)

struct side {
	struct puck puck;
	struct bo bo, result;
};

/* Makes the jobs of a side begin late, from now on. */
static inline void side_late(struct side *side, bool on)
{
	ktap_need(!puck_set(&side->puck, 0, "start_delay_ns", on ? SIDE_LATE_NS : 0),
		  "a late GPU");
}

/* A BO of @one's that @two imports; 0 or a negative errno of the import. */
static inline int side_share(struct side *one, struct side *two, uint64_t size,
			     uint32_t placements)
{
	int dmabuf, ret;

	ktap_need(!bo_create_in(one->puck.fd, &one->bo, size, placements, 0, 0) &&
		  !bo_create(one->puck.fd, &one->result, size) &&
		  !bo_create(two->puck.fd, &two->result, size), "create");
	dmabuf = bo_export(one->puck.fd, &one->bo);
	ktap_need(dmabuf >= 0, "export");
	ret = bo_import(two->puck.fd, &two->bo, dmabuf, size);
	close(dmabuf);
	return ret;
}

/* The end of what is there of it; what a device had that has gone since is not. */
static inline void side_unshare(struct side *one, struct side *two)
{
	if (one->bo.handle)
		bo_close(one->puck.fd, &one->bo);
	if (two->bo.handle)
		bo_close(two->puck.fd, &two->bo);
	bo_close(one->puck.fd, &one->result);
	bo_close(two->puck.fd, &two->result);
}

/* Fills the BO. Not waited for; returns the fence. */
static inline int side_write(struct side *side, uint8_t value)
{
	struct drm_puck_cmd cmd = cmd_fill(0, 0, side->bo.size, value * 0x01010101u);
	struct drm_puck_bo_ref ref = ref_write(&side->bo);
	struct drm_puck_submit args = job(side->puck.queue[0], &ref, 1, &cmd, 1);

	return submit_fd(side->puck.fd, &args);
}

/* Copies the BO to the result. */
static inline int side_read(struct side *side)
{
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, side->bo.size);
	struct drm_puck_bo_ref refs[] = { ref_read(&side->bo), ref_write(&side->result) };
	struct drm_puck_submit args = job(side->puck.queue[0], refs, 2, &cmd, 1);

	return submit_wait(side->puck.fd, &args);
}

static inline bool side_result_is(struct side *side, uint8_t value)
{
	return bo_is(side->puck.fd, &side->result, value);
}

static inline bool side_reads(struct side *side, uint8_t value)
{
	return !side_read(side) && side_result_is(side, value);
}

#endif /* LIB_GPU_SIDE_H */
