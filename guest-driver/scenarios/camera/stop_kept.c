// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: stop_streaming turns the hardware off and gives back what that had, but not the buffers
 * that waited in the driver's list.
 *
 * In Linux: "media: qcom: camss: Remove use_count guard in stop_streaming", 25f18cb1b673 (v6.12):
 * by a count that was of something else it returned early, with the buffers, and the camera did not
 * start again.
 *
 * Oracle: vb2's count of the buffers that the driver has, and its warning.
 */
#include "camera/camera.h"

/* The user has one, the device two, and one waits. */
#define BUFFERS		(PUCK_CAMERA_DEPTH + 2)

static void stop_buggy(struct puck_camera *cam)
{
	puck_camera_stop_device(cam);
}

static void stop_fixed(struct puck_camera *cam)
{
	puck_camera_stop_device(cam);
	puck_camera_return_all(cam, VB2_BUF_STATE_ERROR);
}

static int play(struct puck_camera *cam)
{
	int ret;

	ret = puck_camera_prepare(cam, BUFFERS, BUFFERS);
	if (!ret)
		ret = puck_camera_stream_on(cam);
	if (!ret)
		ret = puck_camera_next(cam);
	if (ret < 0)
		return ret;
	return puck_camera_stream_off(cam);
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.stop = stop_buggy;
	return play(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.stop = stop_fixed;
	return play(cam);
}

static void verdict(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	if (cam->kept)
		puck_caught(run, "vb2", "the stream is off, and the driver has %u of %u buffers",
			    cam->kept, BUFFERS);
}

const struct puck_scenario puck_cam_stop_kept = {
	.name = "cam_stop_kept",
	.mistake = "buffers kept when the stream stops",
	.history = "25f18cb1b673 (camss)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.splat = "__vb2_queue_cancel",
	.setup = puck_camera_setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
