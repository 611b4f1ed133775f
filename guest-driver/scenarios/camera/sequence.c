// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: the driver counts pictures, and tells the user that number. Frames that found no buffer are
 * not counted, so a user who looks for gaps sees none.
 *
 * In Linux: "media: uvcvideo: Fix buffer sequence in frame gaps" and "media: uvcvideo: Fix sequence
 * number when no EOF", both of 2026.
 *
 * Oracle: the number that the device has written into the picture.
 */
#include "camera/camera.h"

static u32 sequence_buggy(struct puck_camera *cam, const struct puck_cam_client_done *done)
{
	return cam->captured++;
}

/* The second of three frames finds no buffer. */
static int play(struct puck_camera *cam)
{
	int ret;

	ret = puck_camera_prepare(cam, 2, 1);
	if (!ret)
		ret = puck_camera_stream_on(cam);
	if (!ret)
		ret = puck_camera_next(cam);
	if (ret >= 0)
		ret = puck_camera_step(cam);
	if (!ret)
		ret = puck_camera_queue(cam, 1);
	if (!ret)
		ret = puck_camera_next(cam);
	return ret < 0 ? ret : 0;
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.sequence = sequence_buggy;
	return play(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	cam->lines.sequence = puck_camera_sequence;
	return play(cam);
}

static void verdict(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;
	struct puck_camera_buffer *buf = puck_camera_buffer(cam, 1);
	u32 frame;

	if (puck_camera_frame_of(buf, &frame))
		puck_caught(run, "compare", "there is no picture");
	else if (frame != buf->sequence)
		puck_caught(run, "compare", "the user is told number %u of frame %u",
			    buf->sequence, frame);
}

const struct puck_scenario puck_cam_sequence = {
	.name = "cam_sequence",
	.mistake = "sequence without the dropped frames",
	.history = "uvcvideo's buffer sequence in frame gaps (2026)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = puck_camera_setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
