// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the device is told that lines follow each other without a gap. The user has set a longer
 * bytesperline, or the driver has told him one, and looks for them elsewhere.
 *
 * In Linux: saa7134, "saa7134: Fix bytesperline not being set correctly for planar formats",
 * 3e71da19f9dc (v4.6): the user was told another one than the hardware had, and crashed.
 *
 * Oracle: the stamps at the beginning of each line.
 */
#include "camera/camera.h"

static void describe_buggy(struct puck_camera *cam, struct puck_cam_client_picture *picture)
{
	puck_camera_describe(cam, picture);
	picture->stride[0] = cam->format.width;
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.describe = describe_buggy;
	return puck_camera_capture(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.describe = puck_camera_describe;
	return puck_camera_capture(cam);
}

static void verdict(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;
	unsigned int good = puck_camera_stamped(cam, puck_camera_buffer(cam, 0), 0);

	if (good < cam->format.height)
		puck_caught(run, "compare", "%u of %u lines are where the format says", good,
			    cam->format.height);
}

const struct puck_scenario puck_cam_stride = {
	.name = "cam_stride",
	.mistake = "bytesperline not told to the device",
	.history = "3e71da19f9dc (saa7134)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = puck_camera_setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
