// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the driver rings the doorbell, and does what belongs to the buffer behind it: it writes the
 * list that the device reads. As long as other buffers are queued, there is time. A device that
 * is starved begins a frame at once, reads the list as it was left by the buffer before, and writes
 * into that: its user has it.
 *
 * In Linux: "media: ti: j721e-csi2rx: Fix races while restarting DMA", ad79c9ecea5b (v6.10): a
 * buffer was submitted to a DMA that had drained, and put into the list of those that are
 * submitted only then. The frame was over before.
 *
 * Oracle: the stamps in both buffers: the one that the user has must not change, the other one
 * must have the new frame.
 */
#include "camera/camera.h"

/* So that the list of the last one is used for the second time. */
#define BUFFERS		(PUCK_CAMERA_DEPTH + 1)
#define LAST		(BUFFERS - 1)

static void submit_buggy(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	puck_camera_ring(cam, buf);
	puck_camera_fill_list(buf);
}

static void submit_fixed(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	puck_camera_fill_list(buf);
	puck_camera_ring(cam, buf);
}

static int play(struct puck_camera *cam)
{
	unsigned int i;
	int ret;

	ret = puck_camera_prepare(cam, BUFFERS, LAST);
	if (!ret)
		ret = puck_camera_stream_on(cam);
	for (i = 0; ret >= 0 && i < LAST; i++)
		ret = puck_camera_next(cam);
	if (ret < 0)
		return ret;

	/* The user has all that were queued. */
	cam->eager = true;
	ret = puck_camera_queue(cam, LAST);
	cam->eager = false;
	if (!ret)
		ret = puck_camera_dequeue(cam);
	return ret < 0 ? ret : 0;
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
	struct puck_camera *cam = run->priv;
	unsigned int good = puck_camera_stamped(cam, puck_camera_buffer(cam, 0), 0);
	unsigned int arrived = puck_camera_stamped(cam, puck_camera_buffer(cam, LAST), LAST);
	u32 height = cam->format.height;

	if (good < height || arrived < height)
		puck_caught(run, "compare",
			    "the user's picture has %u of %u lines of its frame, the new one %u",
			    good, height, arrived);
}

const struct puck_scenario puck_cam_list_late = {
	.name = "cam_list_late",
	.mistake = "doorbell before the list is written",
	.history = "ad79c9ecea5b (j721e-csi2rx)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.splat = "puck-dma .*finding: sync-missing",
	.setup = puck_camera_setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
