/* SPDX-License-Identifier: MIT */
/*
 * A job that shows if it was done twice, or in part: what its copy reads is written over
 * behind it.
 */
#ifndef LIB_GPU_CHAIN_H
#define LIB_GPU_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

struct chain {
	struct bo from, to;
};

static inline int chain_create(const struct puck *puck, struct chain *c, uint64_t size)
{
	int ret = bo_create(puck->fd, &c->from, size);

	if (ret)
		return ret;
	ret = bo_create(puck->fd, &c->to, size);
	if (ret)
		bo_close(puck->fd, &c->from);
	return ret;
}

static inline void chain_close(const struct puck *puck, struct chain *c)
{
	bo_close(puck->fd, &c->from);
	bo_close(puck->fd, &c->to);
}

/* What chain_start() begins with; 0 if it is there. */
static inline int chain_prepare(const struct puck *puck, uint32_t ring, const struct chain *c,
				uint8_t value)
{
	struct drm_puck_bo_ref ref = ref_write(&c->from);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, c->from.size, value * 0x01010101u);
	struct drm_puck_submit args = job(puck->queue[ring], &ref, 1, &cmd, 1);

	return submit_wait(puck->fd, &args);
}

/* Returns the job's fence. */
static inline int chain_start(const struct puck *puck, uint32_t ring, const struct chain *c,
			      uint8_t value)
{
	struct drm_puck_bo_ref refs[] = { ref_both(&c->from), ref_both(&c->to) };
	struct drm_puck_cmd cmds[] = {
		cmd_copy(0, 0, 1, 0, c->from.size),
		cmd_fill(0, 0, c->from.size, (0xffu ^ value) * 0x01010101u),
	};
	struct drm_puck_submit args = job(puck->queue[ring], refs, 2, cmds, 2);

	return submit_fd(puck->fd, &args);
}

static inline bool chain_is_done(const struct puck *puck, const struct chain *c, uint8_t value)
{
	uint8_t last = 0xff ^ value;
	uint64_t i;

	bo_wait(puck->fd, &c->from, 0, FOREVER_NS);
	bo_wait(puck->fd, &c->to, 0, FOREVER_NS);
	for (i = 0; i < c->from.size; i++)
		if (c->from.map[i] != last || c->to.map[i] != value)
			return false;
	return true;
}

#endif /* LIB_GPU_CHAIN_H */
