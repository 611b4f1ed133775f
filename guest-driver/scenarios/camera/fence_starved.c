// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the fence of a buffer is published at QBUF. It ends when the camera is done with the buffer:
 * when the user turns the stream on, or never. Whoever waits for it, memory reclaim among them,
 * waits for user space.
 *
 * In Linux: GPUs' drivers have a point of no return, behind which a job's fence may be published:
 * "drm/msm: Improve drm/sched point of no return rules", 357285a2d1c0 (v5.16). For a camera it is
 * that the running hardware has the buffer, docs/v4l2-fences.rst. That QBUF is before it was said
 * against "videobuf2: opt-in dma_resv producer fences" (2026), which was not merged.
 *
 * Oracle: the age of what is in the buffer's dma_resv.
 */
#include "camera/camera.h"
#include "camera/share.h"

/* A frame takes 4 ms, and the hardware never has more than two buffers. */
#define BOUND_MS	500

static void queued_buggy(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	puck_camera_publish(cam, buf);
}

static void submit_fixed(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	puck_camera_publish(cam, buf);
	puck_camera_submit(cam, buf);
}

/* The user queues a buffer, and takes his time before he turns the stream on. */
static int play(struct puck_camera *cam)
{
	struct puck_camera_share *share = cam->share;
	int ret;

	ret = puck_camera_prepare(cam, 1, 1);
	if (ret)
		return ret;
	share->old = puck_camera_old_fences(share, BOUND_MS);

	ret = puck_camera_stream_on(cam);
	if (!ret)
		ret = puck_camera_next(cam);
	if (ret < 0)
		return ret;
	/* Who publishes nothing has no old fence either. */
	return share->published == 1 ? share->error : -ENODATA;
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.queued = queued_buggy;
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
	struct puck_camera *cam = run->priv;

	if (cam->share->old)
		puck_caught(run, "fence age", "%u fences have not ended in %u ms", cam->share->old,
			    BOUND_MS);
}

const struct puck_scenario puck_cam_fence_starved = {
	.name = "cam_fence_starved",
	.mistake = "a fence is published at QBUF",
	.history = "357285a2d1c0 (msm)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = puck_camera_share_setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_share_teardown,
};
