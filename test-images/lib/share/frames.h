/* SPDX-License-Identifier: MIT */
/*
 * Frames in BOs of a GPU, which likes them best in VRAM, and frames of anybody's as the GPU sees
 * them. One stream at a time.
 */
#ifndef LIB_SHARE_FRAMES_H
#define LIB_SHARE_FRAMES_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/ktap.h"
#include "lib/base/text_file.h"
#include "lib/camera/stream.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"

#define FRAMES_MAX	16

struct frames {
	struct puck *gpu;
	struct cam_stream *stream;
	struct bo copy;			/* of a frame, by the GPU */
	uint32_t placements;		/* BO_*, of those made from now on */
	unsigned int made;
	struct bo bo[FRAMES_MAX];	/* the stream's buffers, as the GPU knows them */
};

static struct frames frames;

/* By a job of the GPU's, which has it where the GPU likes it best. */
static inline bool frames_fill(const struct bo *bo)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, 0x5a5a5a5a);
	struct drm_puck_submit args = job(frames.gpu->queue[0], &ref, 1, &cmd, 1);

	return !submit_wait(frames.gpu->fd, &args);
}

/* For cam_alloc_dmabuf(). */
static inline int frames_make(size_t size)
{
	struct bo *bo = &frames.bo[frames.made];

	ktap_need(frames.made < FRAMES_MAX &&
		  !bo_create_in(frames.gpu->fd, bo, size, frames.placements, 0, 0), "a BO");
	frames.made++;
	ktap_need(frames_fill(bo), "a BO");
	return bo_export(frames.gpu->fd, bo);
}

static inline bool frames_are_in(int region)
{
	unsigned int i;

	for (i = 0; i < frames.made; i++)
		if (bo_region(frames.gpu->fd, &frames.bo[i]) != region)
			return false;
	return true;
}

/* Where each is when the GPU has had a job with it. */
static inline bool frames_go_to(int region)
{
	unsigned int i;

	for (i = 0; i < frames.made; i++)
		if (!frames_fill(&frames.bo[i]))
			return false;
	return frames_are_in(region);
}

static inline void frames_close(void)
{
	while (frames.made)
		bo_close(frames.gpu->fd, &frames.bo[--frames.made]);
}

/* BOs of the GPU's that nobody can move. */
static inline unsigned int frames_pinned(void)
{
	char path[128], text[32768], *at = text;
	unsigned int count = 0;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/bos", frames.gpu->pci);
	read_text(path, text, sizeof(text));
	while ((at = strstr(at, " pinned"))) {
		at++;
		count++;
	}
	return count;
}

static inline void frames_copy_begin(void)
{
	memset(frames.copy.map, 0, frames.copy.size);
	bo_flush(frames.gpu->fd, &frames.copy);
}

/* Part of a frame to byte @at of the copy. Not waited for; returns the fence. */
static inline int frames_copy(const struct bo *bo, unsigned int part, size_t at)
{
	struct drm_puck_bo_ref refs[] = { ref_read(bo), ref_write(&frames.copy) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, at, frames.stream->size[part]);
	struct drm_puck_submit args = job(frames.gpu->queue[0], refs, 2, &cmd, 1);

	return submit_fd(frames.gpu->fd, &args);
}

/* The copy is a whole picture. */
static inline bool frames_copy_is_good(void)
{
	const struct cam_layout *layout = &frames.stream->layout;
	const uint8_t *planes[CAM_PLANES];
	struct cam_found found;

	bo_wait(frames.gpu->fd, &frames.copy, 0, FOREVER_NS);
	planes[0] = frames.copy.map;
	planes[1] = frames.copy.map + cam_plane_bytes(layout, 0);
	cam_check(layout, planes, &found);
	return cam_good(&found);
}

#endif /* LIB_SHARE_FRAMES_H */
