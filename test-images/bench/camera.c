// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a frame costs the guest's CPU: one of puck-cam, whose device writes it, and one of
 * vivid, for which the CPU does. 1920x1080 NV12, 60 in a second, taken and queued again.
 *
 * usage: bench-camera FRAMES
 *
 * All that the guest does counts, see lib/base/span.h.
 *
 * Nobody looks at the pictures meanwhile. That there were some shows the last one of puck-cam.
 *
 * For both cameras: "bench: camera_<name>_us <busy time for a frame>", and
 * "bench: camera_<name>_dropped <frames that found no buffer>".
 */
#include <linux/v4l2-dv-timings.h>

#include "lib/base/progress.h"
#include "lib/base/span.h"
#include "lib/camera/stream.h"

#define WIDTH		1920
#define HEIGHT		1080
#define RATE		60
#define BUFFERS		4
/* Frames at the beginning that do not count. */
#define WARM_UP		10

/* The next frame, and its buffer goes back. Returns how many were dropped before it. */
static unsigned int turn(const struct cam_stream *stream, struct cam_frame *frame)
{
	uint32_t last = frame->sequence;

	need(cam_dequeue(stream, frame), "DQBUF");
	need(frame->flags & V4L2_BUF_FLAG_ERROR ? -EIO : 0, "frame");
	need(cam_queue(stream, frame->index), "QBUF");
	return frame->sequence - last - 1;
}

static void measure(const char *name, const struct cam_stream *stream, unsigned int frames)
{
	struct cam_frame frame = { .sequence = UINT32_MAX };
	unsigned int i, dropped = 0;
	struct span span;
	double us;

	need(cam_queue_all(stream), "QBUF");
	need(cam_on(stream), "STREAMON");
	for (i = 0; i < WARM_UP; i++)
		turn(stream, &frame);
	span = span_begin(true);
	for (i = 0; i < frames; i++) {
		dropped += turn(stream, &frame);
		progress("%s: %u of %u frames, %u dropped", name, i, frames, dropped);
	}
	us = span_us(&span);
	need(span.idle > 0 ? 0 : -EOPNOTSUPP, "a CPU that idles");
	printf("bench: camera_%s_us %.3f\n", name, us / frames);
	printf("bench: camera_%s_dropped %u\n", name, dropped);
}

/* A frame that nobody overwrites, as the stream ends with it. */
static void look(const struct cam_stream *stream)
{
	struct cam_frame frame = { 0 };
	struct cam_found found;

	need(cam_dequeue(stream, &frame), "DQBUF");
	need(cam_verify(stream, frame.index, &found) && found.frame == frame.sequence ? 0 : -EBADMSG,
	     "stamps");
}

static void alloc(struct cam_stream *stream)
{
	need(stream->parts == 1 && stream->layout.width == WIDTH && stream->layout.height == HEIGHT &&
	     stream->size[0] == WIDTH * HEIGHT * 3 / 2 ? 0 : -ERANGE, "1920x1080 NV12");
	need(cam_alloc_mmap(stream, BUFFERS), "buffers");
}

static void measure_puck(unsigned int frames)
{
	struct cam_stream stream;
	struct cam cam;

	need(cam_open(&cam, ""), "a puck-cam");
	need(cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT), "format");
	need(cam_set_rate(&cam, RATE), "60 frames in a second");
	alloc(&stream);
	measure("puck", &stream, frames);
	look(&stream);
	need(cam_off(&stream), "STREAMOFF");
	need(cam_free(&stream), "buffers go");
	cam_close(&cam);
}

/* Its input is to be an HDMI one: the others do not have this size at this rate. */
static void measure_vivid(unsigned int frames)
{
	struct v4l2_dv_timings timings = V4L2_DV_BT_CEA_1920X1080P60;
	struct cam cam = { .sensor = -1, .bridge = -1 };
	struct cam_stream stream;

	cam.fd = cam_open_node("vivid-000-vid-cap", "", cam.node, sizeof(cam.node));
	need(cam.fd, "vivid");
	need(cam_take_api(&cam), "vivid's API");
	need(cam_call(cam.fd, VIDIOC_S_DV_TIMINGS, &timings), "60 frames in a second of vivid");
	need(cam_set_format(&stream, &cam, "NV12", WIDTH, HEIGHT, NULL), "vivid's format");
	alloc(&stream);
	measure("vivid", &stream, frames);
	need(cam_off(&stream), "STREAMOFF");
	need(cam_free(&stream), "vivid's buffers go");
	cam_close(&cam);
}

int main(int argc, char **argv)
{
	unsigned int frames = argc == 2 ? (unsigned int)atoi(argv[1]) : 0;

	if (!frames) {
		fprintf(stderr, "usage: bench-camera FRAMES\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	need(sysconf(_SC_NPROCESSORS_ONLN) == 1 ? 0 : -EOPNOTSUPP, "one CPU");
	measure_puck(frames);
	measure_vivid(frames);
	return 0;
}
