// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the driver computes the size of a buffer in a way of its own, and leaves the chroma plane
 * out. The device is told of the picture, and writes all of it: past the buffer's end.
 *
 * In Linux: imx-jpeg, "media: imx-jpeg: Align upwards buffer size", 9e7aa76cdb02 (v6.0): buffers
 * had the picture's size, and the hardware writes what its alignment asks for.
 *
 * Oracle: bytes of a guard page behind the buffer.
 */
#include "camera/camera.h"

static u32 size_buggy(const struct puck_camera_format *format)
{
	return format->stride * format->height;
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.size = size_buggy;
	return puck_camera_capture(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.size = puck_camera_size;
	return puck_camera_capture(cam);
}

static void verdict(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;
	unsigned int overrun = puck_camera_overrun(puck_camera_buffer(cam, 0));

	if (overrun)
		puck_caught(run, "guard page", "%u bytes behind the buffer have changed", overrun);
}

const struct puck_scenario puck_cam_plane_size = {
	.name = "cam_plane_size",
	.mistake = "buffer without room for chroma",
	.history = "9e7aa76cdb02 (imx-jpeg)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = puck_camera_setup_guarded,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
