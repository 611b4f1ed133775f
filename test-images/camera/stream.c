// SPDX-License-Identifier: MIT
/*
 * Streams: started and stopped again and again, without buffers, one frame at a time, and
 * what is told of them while they run.
 *
 *	camera_stream [CYCLES]		started and stopped so often (200)
 */
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/camera/stream.h"

#define WIDTH	160
#define HEIGHT	120

static struct cam cam;
static struct cam_stream stream;

static bool good(const struct cam_frame *frame)
{
	struct cam_found found;

	return !(frame->flags & V4L2_BUF_FLAG_ERROR) && cam_verify(&stream, frame->index, &found) &&
	       found.frame == frame->sequence;
}

/* Whatever a stream was doing when it was stopped, the next one has all buffers. */
static void test_cycles(unsigned int cycles)
{
	struct cam_frame frame;
	unsigned int i, n, wanted = 0, done = 0;
	int ret = 0;

	for (i = 0; !ret && i < cycles; i++) {
		progress("%u of %u streams, %u good frames", i, cycles, done);
		ret = cam_queue_all(&stream);
		if (!ret)
			ret = cam_on(&stream);
		for (n = 0; !ret && n < i % 3; n++, wanted++) {
			ret = cam_dequeue(&stream, &frame);
			done += !ret && good(&frame) && frame.sequence >= n;
		}
		if (!ret)
			ret = cam_off(&stream);
	}
	ktap_ok(!ret && i == cycles && done == wanted,
		"cycles: %u streams, %u good frames of %u (%d)", i, done, wanted, ret);
}

/* A buffer that comes back late: numbers of frames tell how many were lost. */
static void test_starved(void)
{
	struct cam_frame first, second;
	unsigned int looks = 0;
	struct v4l2_event event;

	ktap_need(!cam_subscribe(cam.fd, V4L2_EVENT_FRAME_SYNC), "starved: starts of frames");
	ktap_need(!cam_queue(&stream, 0) && !cam_on(&stream) && !cam_dequeue(&stream, &first),
		  "starved: a frame");
	memset(&event, 0, sizeof(event));
	while (event.u.frame_sync.frame_sequence < first.sequence + 5 && patient(&looks))
		cam_call(cam.fd, VIDIOC_DQEVENT, &event);
	ktap_ok(event.type == V4L2_EVENT_FRAME_SYNC, "starved: frames begin (%u)",
		event.u.frame_sync.frame_sequence);
	ktap_need(!cam_queue(&stream, 0) && !cam_dequeue(&stream, &second), "starved: another one");
	ktap_ok(good(&second) && second.sequence > first.sequence + 5,
		"starved: its number tells of the lost ones (%u, %u)", first.sequence,
		second.sequence);
	/* The time between them is that of the frames between them, and they are of no future. */
	ktap_ok(second.ns > first.ns && second.ns < now_ns(), "starved: times go up");
	cam_off(&stream);
}

/* Without a buffer at first: frames are lost, and the stream goes on. */
static void test_empty(void)
{
	struct cam_frame frame;

	ktap_ok(!cam_on(&stream) && cam_try_dequeue(&stream, &frame) == -EAGAIN,
		"empty: a stream without a buffer");
	ktap_ok(!cam_queue(&stream, 0) && !cam_dequeue(&stream, &frame) && good(&frame),
		"empty: and with one");
	cam_off(&stream);
}

/* Frames when they are asked for, one at a time. */
static void test_steps(void)
{
	struct cam_frame frame;
	unsigned int i;

	ktap_need(!cam_set(cam.sensor, V4L2_CID_PUCK_CAM_SINGLE_STEP, 1), "steps: on");
	ktap_need(!cam_queue_all(&stream) && !cam_on(&stream), "steps: a stream");
	usleep(200000);
	ktap_ok(cam_try_dequeue(&stream, &frame) == -EAGAIN, "steps: nothing by itself");
	for (i = 0; i < 3; i++) {
		unsigned int looks = 0;
		int ret;

		/* A step in the midst of a frame is refused. */
		do {
			ret = cam_set(cam.sensor, V4L2_CID_PUCK_CAM_STEP, 0);
		} while (ret == -EBUSY && patient(&looks));
		if (ret || cam_dequeue(&stream, &frame) || !good(&frame) || frame.sequence != i)
			break;
		cam_queue(&stream, frame.index);
	}
	ktap_ok(i == 3, "steps: %u frames", i);
	cam_off(&stream);
	cam_set(cam.sensor, V4L2_CID_PUCK_CAM_SINGLE_STEP, 0);
}

/* What comes with the pictures is what was set: pattern, seed, flips and gain are in the stamp. */
static void test_controls(void)
{
	struct puck_cam_stamp stamp;
	struct cam_frame frame;

	ktap_need(!cam_set(cam.sensor, V4L2_CID_TEST_PATTERN, PUCK_CAM_PATTERN_NOISE) &&
		  !cam_set(cam.sensor, V4L2_CID_PUCK_CAM_SEED, 0x123456789abcdef) &&
		  !cam_set(cam.sensor, V4L2_CID_ANALOGUE_GAIN, 0x180) &&
		  !cam_set(cam.sensor, V4L2_CID_VFLIP, 1), "controls: set");
	ktap_need(!cam_queue(&stream, 0) && !cam_on(&stream) && !cam_dequeue(&stream, &frame),
		  "controls: a frame");
	memcpy(&stamp, stream.buf[0].map[0], sizeof(stamp));
	ktap_ok(good(&frame) && stamp.pattern == PUCK_CAM_PATTERN_NOISE &&
		stamp.flip == PUCK_CAM_FLIP_V && le16toh(stamp.gain) == 0x180 &&
		le64toh(stamp.seed) == 0x123456789abcdef, "controls: the picture is made so");
	cam_off(&stream);
	cam_set(cam.sensor, V4L2_CID_TEST_PATTERN, PUCK_CAM_PATTERN_BARS);
	cam_set(cam.sensor, V4L2_CID_VFLIP, 0);
	cam_set(cam.sensor, V4L2_CID_ANALOGUE_GAIN, PUCK_CAM_GAIN_ONE);

	ktap_ok(!cam_set(cam.sensor, V4L2_CID_PUCK_CAM_STAMP, 0) && !cam_queue(&stream, 0) &&
		!cam_on(&stream) && !cam_dequeue(&stream, &frame) &&
		!(frame.flags & V4L2_BUF_FLAG_ERROR) && !good(&frame), "controls: no stamps");
	cam_off(&stream);
	cam_set(cam.sensor, V4L2_CID_PUCK_CAM_STAMP, 1);
}

/* Pixel rate and the range of exposures follow size, blanking and interval. */
static void test_follow(void)
{
	struct v4l2_query_ext_ctrl query = { .id = V4L2_CID_EXPOSURE };
	int64_t slow, fast;

	ktap_need(!cam_set_rate(&cam, 30), "follow: 30 frames in a second");
	slow = cam_get(cam.sensor, V4L2_CID_PIXEL_RATE);
	ktap_need(!cam_set_rate(&cam, 60), "follow: 60 frames in a second");
	fast = cam_get(cam.sensor, V4L2_CID_PIXEL_RATE);
	ktap_ok(slow > 0 && fast / 2 - slow < 10 && slow - fast / 2 < 10,
		"follow: twice as many pixels (%lld, %lld)", (long long)slow, (long long)fast);
	ktap_ok(!cam_set(cam.sensor, V4L2_CID_VBLANK, 100) &&
		!cam_call(cam.sensor, VIDIOC_QUERY_EXT_CTRL, &query) &&
		query.maximum == HEIGHT + 100, "follow: an exposure of all lines");
	cam_set(cam.sensor, V4L2_CID_VBLANK, PUCK_CAM_VBLANK_RESET);
}

int main(int argc, char **argv)
{
	unsigned int cycles = argc > 1 ? (unsigned int)atoi(argv[1]) : 200;

	ktap_begin();
	ktap_need(cycles, "a number of cycles");
	ktap_need(!cam_open(&cam, ""), "a puck-cam");
	ktap_need(!cam_set_rate(&cam, 120) && !cam_set_all(&stream, &cam, "GREY", WIDTH, HEIGHT) &&
		  !cam_alloc_mmap(&stream, 3), "buffers");
	test_cycles(cycles);
	test_starved();
	test_empty();
	test_steps();
	test_controls();
	test_follow();
	ktap_ok(!cam_free(&stream), "buffers go");
	return ktap_end();
}
