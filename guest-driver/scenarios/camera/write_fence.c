// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the driver of the camera gives a buffer to the hardware, and leaves no WRITE fence in its
 * dma_resv. A GPU that is right waits for the fences that there are, and reads at once: what is in
 * the buffer is of the frame before, or of both.
 *
 * In Linux: "drm/amdgpu: Transfer fences to dmabuf importer", 6e11ea9de957 (v5.1): importers "rely
 * on implicit write hazard tracking", and the writer had left nothing there that they look at.
 *
 * Oracle: stamps of the lines in what the GPU copied.
 */
#include "camera/camera.h"
#include "camera/share.h"

/* The first frame is there before; the GPU is to read the second. */
#define FRAME	1

static void submit_buggy(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	puck_camera_submit(cam, buf);
}

static void submit_fixed(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	puck_camera_publish(cam, buf);
	puck_camera_submit(cam, buf);
}

static void read_now(struct work_struct *work)
{
	struct puck_camera_share *share = container_of(work, struct puck_camera_share, wait.work);

	share->error = puck_camera_share_read(share) ?: share->error;
}

static int setup(struct puck_run *run)
{
	return puck_camera_share_gpu(run, read_now);
}

/* As a scheduler would: the job goes to the GPU when no writer is in its way. */
static int read_after_writers(struct puck_camera_share *share)
{
	int ret = puck_camera_wait(share, dma_resv_usage_rw(false));

	if (ret)
		return ret < 0 ? ret : 0;
	ret = puck_camera_share_read(share);
	/* What it reads, it has read before the frame comes. */
	return ret ?: puck_camera_share_finish(share);
}

static int play(struct puck_camera *cam)
{
	struct puck_camera_share *share = cam->share;
	int ret;

	ret = puck_camera_capture(cam);
	if (!ret)
		ret = puck_camera_share_buffer(share);
	if (!ret)
		ret = puck_camera_queue(cam, 0);
	if (ret)
		return ret;

	ret = read_after_writers(share);
	if (!ret)
		ret = puck_camera_next(cam);
	puck_camera_wait_end(share);
	return ret < 0 ? ret : puck_camera_share_finish(share) ?: share->error;
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.submit = submit_buggy;
	return play(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.submit = submit_fixed;
	return play(cam);
}

static void verdict(struct puck_run *run)
{
	puck_camera_share_verdict(run, FRAME);
}

const struct puck_scenario puck_cam_write_fence = {
	.name = "cam_write_fence",
	.mistake = "no WRITE fence while the camera writes",
	.history = "6e11ea9de957 (amdgpu)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.skip = puck_camera_share_skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_share_teardown,
};
