// SPDX-License-Identifier: MIT
/*
 * A source that comes and goes: a FIFO of the host's, whose writer this program is. What it
 * writes to a port of virtio-serial QEMU puts into the FIFO (test-images/tests.list), and
 * QEMU opens and closes that when it is asked to.
 *
 *	camera_live PCI PORT
 *
 * However the writer ends, no buffer has a picture in it that he did not write.
 */
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/camera/picture.h"
#include "lib/camera/stream.h"

#define PORTS		"/sys/class/virtio-ports"
#define BUFFERS		3
#define PICTURES	3
#define WIDTH_MAX	96
#define HEIGHT_MAX	64
#define BYTES_MAX	(WIDTH_MAX * HEIGHT_MAX * 3 / 2)
/* Looks at a stream that shall be silent: some frames long. */
#define SILENT_MS	500

#define WRITER		"puck-host: chardev-change {\"id\": \"live\", \"backend\": {"

static struct cam cam;
static struct cam_stream stream;
static int port = -1;
/* What the writer writes. */
static uint8_t bytes[PICTURES][BYTES_MAX];
static struct cam_sampling written = { .shift_x = 1, .shift_y = 1 };

/* --- the writer --- */

static int open_port(const char *name)
{
	char path[300], line[64];
	struct dirent *entry;
	int fd = -ENODEV;
	DIR *dir;

	dir = opendir(PORTS);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), PORTS "/%s/name", entry->d_name);
		if (entry->d_name[0] == '.' || !read_line(path, line, sizeof(line)) ||
		    strcmp(line, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_WRONLY | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* Writes to the port wait until it is connected. */
static void writer_comes(void)
{
	printf(WRITER "\"type\": \"file\", \"data\": {\"out\": \"{run}/live\"}}}\n");
}

static void writer_goes(void)
{
	printf(WRITER "\"type\": \"null\", \"data\": {}}}\n");
}

static void put(const void *from, size_t count)
{
	const uint8_t *at = from;
	ssize_t n;

	for (; count; at += n, count -= (size_t)n) {
		n = write(port, at, count);
		ktap_need(n > 0, "the writer writes");
	}
}

static void put_head(unsigned int width, unsigned int height)
{
	char head[64];

	written.width = width;
	written.height = height;
	snprintf(head, sizeof(head), CAM_Y4M_HEAD "W%u H%u F10:1 Ip C420\n", width, height);
	put(head, strlen(head));
}

static void put_pictures(uint64_t seed)
{
	size_t count = cam_picture_bytes(&written);
	unsigned int i;

	for (i = 0; i < PICTURES; i++) {
		rnd_fill(&seed, bytes[i], count);
		put(CAM_Y4M_FRAME, strlen(CAM_Y4M_FRAME));
		put(bytes[i], count);
	}
}

/* One more has begun. */
static void put_half_a_picture(void)
{
	put(CAM_Y4M_FRAME, strlen(CAM_Y4M_FRAME));
	put(bytes[0], cam_picture_bytes(&written) / 2);
}

/* --- what is captured --- */

static bool told(int fd)
{
	struct v4l2_event event = { 0 };

	return !cam_call(fd, VIDIOC_DQEVENT, &event) && event.type == V4L2_EVENT_SOURCE_CHANGE &&
	       event.u.src_change.changes & V4L2_EVENT_SRC_CH_RESOLUTION;
}

static bool whole_is(unsigned int width, unsigned int height)
{
	struct v4l2_rect whole;

	return !cam_sensor_selection(&cam, V4L2_SEL_TGT_CROP_DEFAULT, &whole) &&
	       whole.width == width && whole.height == height;
}

/* Of pictures from @first on, the one that a buffer shows; PICTURES if it is none of them. */
static unsigned int shown(const struct cam_frame *frame, unsigned int first)
{
	struct cam_picture picture = { .sampling = written };
	const uint8_t *planes[CAM_PLANES];
	unsigned int i;

	cam_planes(&stream, frame->index, planes);
	for (i = first; i < PICTURES; i++) {
		picture.bytes = bytes[i];
		if (cam_same(&picture, &stream.layout, planes))
			break;
	}
	return i;
}

static bool queue_again(const struct cam_frame *frame)
{
	memset(stream.buf[frame->index].map[0], 0, stream.size[0]);
	return !cam_queue(&stream, frame->index);
}

/* Frames until the last picture that was written; each one shows the one before, or a later one. */
static bool follow(void)
{
	struct cam_frame frame;
	unsigned int at = 0;

	while (at < PICTURES - 1) {
		if (cam_dequeue(&stream, &frame) || frame.flags & V4L2_BUF_FLAG_ERROR)
			return false;
		at = shown(&frame, at);
		if (at == PICTURES || !queue_again(&frame))
			return false;
	}
	return true;
}

static bool start(unsigned int width, unsigned int height)
{
	return !cam_set_all(&stream, &cam, "NV12", width, height) &&
	       !cam_alloc_mmap(&stream, BUFFERS) && !cam_queue_all(&stream) && !cam_on(&stream);
}

static void stop(void)
{
	cam_off(&stream);
	cam_free(&stream);
}

/* While a picture is on its way, and if it stays there, the one before is shown. */
static bool stays(void)
{
	struct cam_frame frame;
	unsigned int i;

	for (i = 0; i < BUFFERS; i++)
		if (cam_dequeue(&stream, &frame) || frame.flags & V4L2_BUF_FLAG_ERROR ||
		    shown(&frame, PICTURES - 1) == PICTURES || !queue_again(&frame))
			return false;
	return true;
}

/*
 * Until the source is gone, and both nodes have told so, and the frame that was under way has
 * come back. Buffers show the last picture, or say that they show none.
 */
static void test_lost(const char *how)
{
	unsigned int looks = 0, errors = 0, wrong = 0;
	bool sensor = false, node = false;
	struct cam_frame frame;
	struct pollfd more = { .fd = cam.fd, .events = POLLIN };

	do {
		sensor = sensor || told(cam.sensor);
		node = node || told(cam.fd);
		if (cam_try_dequeue(&stream, &frame))
			continue;
		if (frame.flags & V4L2_BUF_FLAG_ERROR)
			errors++;
		else
			wrong += shown(&frame, PICTURES - 1) == PICTURES;
		ktap_need(queue_again(&frame), "%s: a buffer goes round", how);
	} while (!(sensor && node && errors) && patient(&looks));
	ktap_ok(!wrong, "%s: no picture that was not written", how);
	ktap_ok(sensor && node, "%s: both nodes tell so", how);
	ktap_ok(errors == 1, "%s: the frame under way has an error (%u)", how, errors);
	ktap_ok(!poll(&more, 1, SILENT_MS), "%s: no frame comes after it", how);
}

static void wait_for_change(const char *what)
{
	unsigned int looks = 0;

	while (!told(cam.sensor))
		ktap_need(patient(&looks), "%s: it is told", what);
	while (!told(cam.fd))
		ktap_need(patient(&looks), "%s: the node tells it", what);
}

/* --- tests --- */

static void test_comes(void)
{
	ktap_need(!cam_set_size(&cam, WIDTH_MAX, HEIGHT_MAX), "a size");
	ktap_ok(whole_is(WIDTH_MAX, HEIGHT_MAX), "no source: all that is set is the picture");
	writer_comes();
	put_head(64, 48);
	put_pictures(1);
	wait_for_change("a source comes");
	ktap_ok(whole_is(64, 48), "a source comes: its size can be asked for");
	ktap_ok(start(64, 48) && follow(), "a source comes: its pictures, bit by bit");
}

static void test_cut_short(void)
{
	put_half_a_picture();
	ktap_ok(stays(), "half a picture: the one before is shown");
	writer_goes();
	test_lost("the writer goes");
}

/* Another one comes while the stream is on: of a larger picture there is the first part. */
static void test_another(void)
{
	struct cam_frame frame;

	writer_comes();
	put_head(WIDTH_MAX, HEIGHT_MAX);
	put_pictures(2);
	wait_for_change("another source");
	ktap_ok(whole_is(WIDTH_MAX, HEIGHT_MAX), "another source: its size can be asked for");
	ktap_ok(!cam_dequeue(&stream, &frame) && !(frame.flags & V4L2_BUF_FLAG_ERROR) &&
		shown(&frame, 0) < PICTURES, "another source: a part of it, as nothing else is set");
	stop();
	ktap_ok(start(WIDTH_MAX, HEIGHT_MAX) && follow() && stays(), "another source: all of it");
}

static void test_broken(void)
{
	static const char broken[] = "this is no picture\n";

	put(broken, strlen(broken));
	test_lost("what is no picture");
	writer_goes();
	stop();
	ktap_need(!cam_set_size(&cam, 64, 48), "a size");
	ktap_ok(whole_is(64, 48), "no source: all that is set is the picture again");
}

int main(int argc, char **argv)
{
	unsigned int looks = 0;

	ktap_begin();
	ktap_need(argc == 3, "usage: %s PCI PORT", argv[0]);
	ktap_need(!cam_open(&cam, argv[1]), "a puck-cam at %s", argv[1]);
	/* It comes a moment after its driver. */
	while ((port = open_port(argv[2])) < 0)
		ktap_need(patient(&looks), "the port %s", argv[2]);
	/*
	 * Ten frames in a second, and next to no time between the last line of a frame and the
	 * next frame: it is a frame that the end of the source meets.
	 */
	ktap_need(!cam_set_rate(&cam, 10) &&
		  !cam_set(cam.sensor, V4L2_CID_VBLANK, PUCK_CAM_VBLANK_MAX) &&
		  !cam_set(cam.sensor, V4L2_CID_HBLANK, PUCK_CAM_HBLANK_MIN) &&
		  !cam_set(cam.sensor, V4L2_CID_PUCK_CAM_STAMP, 0), "the sensor");
	ktap_need(!cam_subscribe(cam.sensor, V4L2_EVENT_SOURCE_CHANGE) &&
		  !cam_subscribe(cam.fd, V4L2_EVENT_SOURCE_CHANGE), "its events");
	test_comes();
	test_cut_short();
	test_another();
	test_broken();
	return ktap_end();
}
