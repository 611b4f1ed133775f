/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer of the camera's that a GPU has as well, and the fences that order the two.
 */
#ifndef PUCK_CAMERA_SHARE_H
#define PUCK_CAMERA_SHARE_H

#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "core/scenario.h"
#include "puck/client.h"

struct puck_camera;
struct puck_camera_buffer;

/**
 * struct puck_camera_wait - somebody who goes on when a fence has ended
 * @fence: what is waited for; a reference, or NULL
 * @cb: of @fence
 * @work: goes on
 */
struct puck_camera_wait {
	struct dma_fence *fence;
	struct dma_fence_cb cb;
	struct work_struct work;
};

/**
 * struct puck_camera_share - buffer 0 of a camera, and a GPU that reads it
 * @cam: the camera
 * @resv: who uses the buffer
 * @context: of the camera's fences
 * @published: how many there were
 * @old: how many of them had not ended within their bound
 * @error: zero, or why one of them could not be made
 * @wait: of whoever waits, the GPU or the camera
 * @gpu: the GPU; NULL: there is none
 * @dev: maps memory for it
 * @sgt: the buffer as the GPU sees it
 * @mapped: there is @sgt
 * @from: its segments
 * @copy: where the GPU copies the picture to
 * @to: its segments
 * @job: the copy; a reference, or NULL
 */
struct puck_camera_share {
	struct puck_camera *cam;
	struct dma_resv resv;
	u64 context;
	unsigned int published;
	unsigned int old;
	int error;
	struct puck_camera_wait wait;

	struct puck_client *gpu;
	struct device *dev;
	struct sg_table sgt;
	bool mapped;
	struct puck_client_seg *from;
	struct puck_buffer copy;
	struct puck_client_seg *to;
	struct dma_fence *job;
};

/* fence.c: that the camera is done with a buffer, as a dma_fence */
void puck_camera_publish(struct puck_camera *cam, struct puck_camera_buffer *buf);
void puck_camera_fence_end(struct dma_fence *fence, int error);
int puck_camera_wait(struct puck_camera_share *share, enum dma_resv_usage usage);
void puck_camera_wait_end(struct puck_camera_share *share);
unsigned int puck_camera_old_fences(struct puck_camera_share *share, unsigned int ms);

/* share.c: the GPU */
const char *puck_camera_share_skip(struct puck_run *run);
int puck_camera_share_setup(struct puck_run *run);
int puck_camera_share_gpu(struct puck_run *run, work_func_t wait);
void puck_camera_share_teardown(struct puck_run *run);
int puck_camera_share_buffer(struct puck_camera_share *share);
int puck_camera_share_read(struct puck_camera_share *share);
int puck_camera_share_finish(struct puck_camera_share *share);
void puck_camera_share_verdict(struct puck_run *run, u32 frame);

#endif /* PUCK_CAMERA_SHARE_H */
