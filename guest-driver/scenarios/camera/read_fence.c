// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: before a buffer goes to the camera the driver waits for those who write it, and not for
 * those who read it. A GPU that comes late to its job finds the next frame.
 *
 * In Linux: "drm/panfrost: Fix implicit sync", 7601d53c2c49 (v5.15): who writes has "to wait for
 * all fences, not just the previous exclusive fence".
 *
 * Oracle: stamps of the lines in what the GPU copied.
 */
#include "camera/camera.h"
#include "camera/share.h"

/* What the GPU is to read. */
#define FRAME	0
/* The GPU begins that late: two frames are over by then on the slowest machine. */
#define LATE_NS	NSEC_PER_SEC

/* The buffer waits by a callback. QBUF does not, and frames are dropped meanwhile. */
static void submit_after(struct puck_camera *cam, struct puck_camera_buffer *buf,
			 enum dma_resv_usage usage)
{
	int ret = puck_camera_wait(cam->share, usage);

	if (!ret)
		puck_camera_submit(cam, buf);
	else if (ret < 0)
		cam->share->error = ret;
}

static void submit_buggy(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	submit_after(cam, buf, dma_resv_usage_rw(false));
}

static void submit_fixed(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	submit_after(cam, buf, dma_resv_usage_rw(true));
}

static void submit_now(struct work_struct *work)
{
	struct puck_camera_share *share = container_of(work, struct puck_camera_share, wait.work);

	puck_camera_submit(share->cam, puck_camera_buffer(share->cam, 0));
}

static int setup(struct puck_run *run)
{
	struct puck_camera *cam;
	int ret;

	ret = puck_camera_share_gpu(run, submit_now);
	if (ret)
		return ret;
	cam = run->priv;
	return puck_client_set_delay(cam->share->gpu, 0, LATE_NS, 0);
}

/* A job that reads the buffer, known to whoever asks its dma_resv. */
static int read_late(struct puck_camera_share *share)
{
	int ret;

	dma_resv_lock(&share->resv, NULL);
	ret = dma_resv_reserve_fences(&share->resv, 1);
	if (!ret)
		ret = puck_camera_share_read(share);
	if (!ret)
		dma_resv_add_fence(&share->resv, share->job, DMA_RESV_USAGE_READ);
	dma_resv_unlock(&share->resv);
	return ret;
}

/* Two frames come; the second begins when the first is over. */
static int pass_frames(struct puck_camera *cam)
{
	return puck_camera_step(cam) ?: puck_camera_step(cam);
}

static int play(struct puck_camera *cam)
{
	struct puck_camera_share *share = cam->share;
	int ret, job;

	ret = puck_camera_capture(cam);
	if (!ret)
		ret = puck_camera_share_buffer(share);
	if (!ret)
		ret = read_late(share);
	if (ret)
		return ret;

	ret = puck_camera_queue(cam, 0);
	if (!ret)
		ret = pass_frames(cam);
	job = puck_camera_share_finish(share);
	puck_camera_wait_end(share);
	/* The device has the buffer now, or had it before. */
	if (!ret)
		ret = puck_camera_next(cam);
	return ret < 0 ? ret : job ?: share->error;
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

const struct puck_scenario puck_cam_read_fence = {
	.name = "cam_read_fence",
	.mistake = "the camera does not wait for readers",
	.history = "7601d53c2c49 (panfrost)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.skip = puck_camera_share_skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_share_teardown,
};
