// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: S_FMT does not look whether buffers are allocated. Those that are keep their size; the
 * device is told the new one when the stream starts, and writes past their end.
 *
 * In Linux: "media: usbtv: Lock resolution while streaming", 7e40e0bb7789 (v6.17): a program
 * changed the TV standard while another one streamed, and the driver wrote behind the buffers.
 * "media: vivid: check for vb2_is_busy() when toggling caps", c2d1a2130c93 (v7.2), has the check
 * that was missing.
 *
 * Oracle: bytes of a guard page behind the buffer.
 */
#include "camera/camera.h"

/* More lines than fit, and less than would get past the guard. */
#define MORE_LINES	16

static int set_format_buggy(struct puck_camera *cam, const struct puck_camera_format *format)
{
	cam->format = *format;
	return 0;
}

static int set_format_fixed(struct puck_camera *cam, const struct puck_camera_format *format)
{
	if (vb2_is_busy(&cam->queue))
		return -EBUSY;
	cam->format = *format;
	return 0;
}

static int play(struct puck_camera *cam)
{
	struct puck_camera_format format = cam->format;
	int ret;

	ret = puck_camera_prepare(cam, 1, 1);
	if (ret)
		return ret;

	format.height += MORE_LINES;
	ret = puck_camera_format(cam, &format);
	if (ret && ret != -EBUSY)
		return ret;
	ret = puck_camera_stream_on(cam);
	if (!ret)
		ret = puck_camera_next(cam);
	return ret < 0 ? ret : 0;
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.set_format = set_format_buggy;
	return play(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.set_format = set_format_fixed;
	return play(cam);
}

static void verdict(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;
	unsigned int overrun = puck_camera_overrun(puck_camera_buffer(cam, 0));

	if (overrun)
		puck_caught(run, "guard page", "%u bytes behind the buffer have changed", overrun);
}

const struct puck_scenario puck_cam_format_busy = {
	.name = "cam_format_busy",
	.mistake = "format changed without vb2_is_busy()",
	.history = "7e40e0bb7789 (usbtv), c2d1a2130c93 (vivid)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = puck_camera_setup_guarded,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
