// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grader of lab 9, a capture driver. What is in a buffer its stamps say, which are the device's own
 * words: of which frame each line is, and when that began.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/dmabuf.h"
#include "lib/camera/node.h"
#include "lib/camera/stream.h"
#include "lib/labs/lab.h"
#include "lib/labs/rules.h"

#define NODE		"puck-lab capture"
#define BUFFERS		4
#define FRAMES		12
#define SOON_MS		10000
/* Some frames long, of 33 ms each. */
#define STARVE_MS	250
#define UNTOUCHED	0xee

static struct lab lab;
static struct cam cam;
static struct cam_stream stream;

/* One frame, or a note of why it did not come. */
static bool frame_comes(struct cam_frame *frame)
{
	struct pollfd poll_fd = { .fd = cam.fd, .events = POLLIN };
	int ret = cam_try_dequeue(&stream, frame);

	if (ret == -EAGAIN && poll(&poll_fd, 1, SOON_MS) > 0)
		ret = cam_try_dequeue(&stream, frame);
	if (ret == -EAGAIN)
		ktap_note("no frame came within 10 s");
	else if (ret)
		ktap_note("DQBUF: %s", strerror(-ret));
	return !ret;
}

/* Whether a buffer has one whole picture in it, of the frame that the driver says. */
static bool frame_is_good(const struct cam_frame *frame)
{
	struct cam_found found;
	bool ok = cam_verify(&stream, frame->index, &found);

	if (!ok)
		ktap_note("buffer %u: %u lines are of another frame, %u have no stamp%s", frame->index,
			  found.torn, found.unstamped, found.sum ? "" : ", and its sum is wrong");
	if (frame->used[0] != stream.size[0]) {
		ktap_note("buffer %u: bytesused is %u of %zu", frame->index, frame->used[0],
			  stream.size[0]);
		ok = false;
	}
	return ok;
}

static bool frame_has_number(const struct cam_frame *frame)
{
	struct cam_found found;

	cam_verify(&stream, frame->index, &found);
	if (found.frame != frame->sequence)
		ktap_note("the picture of frame %u has sequence %u", found.frame, frame->sequence);
	return found.frame == frame->sequence;
}

static bool on(void)
{
	return lab_did(cam_queue_all(&stream), "QBUF") && lab_did(cam_on(&stream), "STREAMON");
}

/* As many frames as are asked for; each buffer goes back. */
static bool frames_are_good(unsigned int count)
{
	struct cam_frame frame;
	bool ok = true;

	while (ok && count--)
		ok = frame_comes(&frame) && frame_is_good(&frame) &&
		     lab_did(cam_queue(&stream, frame.index), "QBUF");
	return ok;
}

static bool opens(void)
{
	cam.sensor = -1;
	cam.bridge = -1;
	cam.fd = cam_open_node(NODE, "", cam.node, sizeof(cam.node));
	if (cam.fd < 0)
		ktap_note("there is no video node \"" NODE "\"");
	return cam.fd >= 0 && lab_did(cam_take_api(&cam), "QUERYCAP") &&
	       lab_did(cam_set_format(&stream, &cam, "GREY", 320, 240, NULL), "S_FMT");
}

static bool frames(void)
{
	bool ok = lab_did(cam_alloc_mmap(&stream, BUFFERS), "REQBUFS") && on() &&
		  frames_are_good(FRAMES);

	cam_off(&stream);
	return ok;
}

/* While no buffer is there frames go by: their numbers are missing afterwards. */
static bool sequence(void)
{
	struct cam_frame frame[BUFFERS];
	int64_t last = 0;
	unsigned int i;
	bool ok = on();

	for (i = 0; ok && i < BUFFERS; i++) {
		ok = frame_comes(&frame[i]) && frame_has_number(&frame[i]) && frame[i].ns > last;
		if (frame[i].ns <= last)
			ktap_note("the time of a frame is not behind that of the frame before it");
		last = frame[i].ns;
	}
	usleep(STARVE_MS * 1000);
	for (i = 0; ok && i < BUFFERS; i++)
		ok = lab_did(cam_queue(&stream, i), "QBUF");
	ok = ok && frame_comes(&frame[0]) && frame_has_number(&frame[0]);
	if (ok && frame[0].sequence == frame[BUFFERS - 1].sequence + 1) {
		ktap_note("frames were dropped, and sequence has no gap");
		ok = false;
	}
	cam_off(&stream);
	return ok;
}

/* One message for all frames that there are buffers for: none of these goes back meanwhile. */
static bool interrupts(void)
{
	unsigned long rule = lab_rule("irq.raise device=cam0 coalesce=400ms");
	struct cam_frame frame;
	unsigned int i;
	bool ok = on();

	for (i = 0; ok && i < BUFFERS; i++)
		ok = frame_comes(&frame);
	if (!ok)
		ktap_note("%u of %u buffers came back by one interrupt", i ? i - 1 : 0, BUFFERS);
	cam_off(&stream);
	lab_rule_command("remove", rule);
	return ok;
}

/* Of some frames one is short: its buffer says so, and no other one does. */
static bool errors(void)
{
	unsigned long rule = lab_rule("cam.frame device=cam0 nth=3 truncate=100");
	struct cam_frame frame;
	unsigned int i, bad = 0;
	bool ok = on();

	for (i = 0; ok && i < FRAMES; i++) {
		ok = frame_comes(&frame);
		if (ok && frame.flags & V4L2_BUF_FLAG_ERROR)
			bad++;
		else if (ok)
			ok = frame_is_good(&frame);
		ok = ok && lab_did(cam_queue(&stream, frame.index), "QBUF");
	}
	if (ok && bad != 1)
		ktap_note("%u buffers have an error, and one frame was short", bad);
	cam_off(&stream);
	lab_rule_command("remove", rule);
	return ok && bad == 1;
}

/* In mid-frame, with buffers at the device: all of them are the CPU's again. */
static bool stop(void)
{
	unsigned int i, line, changed = 0;
	bool ok = on() && frames_are_good(2) && lab_did(cam_off(&stream), "STREAMOFF");

	for (i = 0; i < stream.count; i++)
		memset(stream.buf[i].map[0], UNTOUCHED, stream.size[0]);
	usleep(STARVE_MS * 1000);
	for (i = 0; i < stream.count; i++)
		for (line = 0; line < stream.layout.height; line++)
			changed += stream.buf[i].map[0][line * stream.layout.stride[0]] != UNTOUCHED;
	if (changed)
		ktap_note("%u lines were written behind STREAMOFF", changed);
	ok = on() && frames_are_good(FRAMES) && ok;
	cam_off(&stream);
	return ok && !changed;
}

/* Memory of others', in single pages. */
static bool imports(void)
{
	bool ok;

	cam_free(&stream);
	ok = lab_did(cam_alloc_dmabuf(&stream, BUFFERS, make_udmabuf), "REQBUFS of dma-bufs") && on() &&
	     frames_are_good(FRAMES);
	cam_off(&stream);
	cam_free(&stream);
	return ok;
}

int main(int argc, char **argv)
{
	lab_begin(&lab, argc, argv);
	lab_need_rules();
	if (!lab_point(lab_insert(&lab) && opens(), "node"))
		return lab_end(&lab);
	lab_point(frames(), "frames");
	lab_point(sequence(), "sequence");
	lab_point(interrupts(), "interrupts");
	lab_point(errors(), "errors");
	lab_point(stop(), "stop");
	lab_point(imports(), "imports");
	close(cam.fd);
	lab_point(lab_unload(&lab), "unload");
	return lab_end(&lab);
}
