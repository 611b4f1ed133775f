/* SPDX-License-Identifier: MIT */
/* Whether a good job still does what it says, after one that was refused. */
#ifndef LIB_GPU_WORKS_H
#define LIB_GPU_WORKS_H

#include <stdbool.h>

#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

/* Fills @bo with another value than it has. */
static inline bool puck_works(const struct puck *puck, const struct bo *bo)
{
	uint8_t value = bo->map[0] + 1;
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value * 0x01010101u);
	struct drm_puck_submit args = job(puck->queue[0], &ref, 1, &cmd, 1);

	return !submit_wait(puck->fd, &args) && !bo_wait(puck->fd, bo, 0, 0) &&
	       bo->map[0] == value && bo->map[bo->size - 1] == value;
}

#endif /* LIB_GPU_WORKS_H */
