// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: start_streaming fails, and does not give back the buffers that were queued before. They
 * are in the driver's list, and in vb2's.
 *
 * In Linux: "media: camss: Clean up received buffers on failed start of streaming", c8f3582345e6,
 * "media: sun4i-csi: Return queued buffers on start_streaming() failure", bbba3e260a62, and many
 * others.
 *
 * Oracle: vb2's count of the buffers that the driver has, and its warning.
 */
#include "camera/camera.h"

#define BUFFERS		2

/* A format that the device refuses when the stream is to start. */
static int setup(struct puck_run *run)
{
	struct puck_camera *cam;
	int ret;

	ret = puck_camera_setup(run);
	if (ret)
		return ret;
	cam = run->priv;
	cam->format.stride = cam->format.width / 2;
	return 0;
}

static int start_buggy(struct puck_camera *cam)
{
	struct puck_cam_client_picture picture;

	cam->lines.describe(cam, &picture);
	return puck_cam_client_prepare(cam->client, &picture);
}

static int start_fixed(struct puck_camera *cam)
{
	struct puck_cam_client_picture picture;
	int ret;

	cam->lines.describe(cam, &picture);
	ret = puck_cam_client_prepare(cam->client, &picture);
	if (ret)
		puck_camera_return_all(cam, VB2_BUF_STATE_QUEUED);
	return ret;
}

/* Returns 0 if the start fails, as it has to. */
static int play(struct puck_camera *cam)
{
	int ret;

	ret = puck_camera_prepare(cam, BUFFERS, BUFFERS);
	if (ret)
		return ret;
	ret = puck_camera_stream_on(cam);
	if (!ret)
		return -EPROTO;
	return ret == -EINVAL ? 0 : ret;
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.start = start_buggy;
	return play(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.start = start_fixed;
	return play(cam);
}

static void verdict(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	if (cam->kept)
		puck_caught(run, "vb2", "the start has failed, and the driver has %u of %u buffers",
			    cam->kept, BUFFERS);
}

const struct puck_scenario puck_cam_start_failed = {
	.name = "cam_start_failed",
	.mistake = "buffers kept when the start fails",
	.history = "c8f3582345e6 (camss), bbba3e260a62 (sun4i-csi)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.splat = "vb2_start_streaming",
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
