// SPDX-License-Identifier: MIT
/*
 * Pictures of the host's come out of the node bit by bit as they went in, again and again:
 *
 *	camera_source PCI FILE		the camera there has this file of Y4M as its source
 */
#include "lib/base/ktap.h"
#include "lib/camera/picture.h"
#include "lib/camera/stream.h"

#define BUFFERS	3
/* The file begins again, and again. */
#define ROUNDS	3
/* How much wider and higher than the host's pictures the sensor's are once. */
#define MORE	34

static struct cam cam;
static struct cam_y4m y4m;

static bool read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	void *bytes = size <= 0 ? MAP_FAILED : mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);

	return bytes != MAP_FAILED && cam_y4m_open(&y4m, bytes, (size_t)size);
}

/* Each frame's number says which picture it is, so that one that was missed is no mistake. */
static bool is_its_picture(const struct cam_stream *stream, const struct cam_frame *frame)
{
	struct cam_picture picture = cam_y4m_picture(&y4m, frame->sequence % y4m.count);
	const uint8_t *planes[CAM_PLANES];

	cam_planes(stream, frame->index, planes);
	return !(frame->flags & V4L2_BUF_FLAG_ERROR) && cam_same(&picture, &stream->layout, planes);
}

/* How many frames are as they have to be, until one is not. */
static unsigned int capture(struct cam_stream *stream, unsigned int frames)
{
	struct cam_frame frame;
	unsigned int i, part;
	int ret = cam_queue_all(stream);

	ret = ret ? ret : cam_on(stream);
	for (i = 0; !ret && i < frames; i++) {
		ret = cam_dequeue(stream, &frame);
		if (ret || !is_its_picture(stream, &frame))
			break;
		/* What the next frame leaves out would be seen. */
		for (part = 0; part < stream->parts; part++)
			memset(stream->buf[frame.index].map[part], 0, stream->size[part]);
		ret = cam_queue(stream, frame.index);
	}
	cam_off(stream);
	return i;
}

static void test_format(const char *name, unsigned int width, unsigned int height)
{
	unsigned int frames = ROUNDS * y4m.count, good;
	struct cam_stream stream;

	ktap_need(!cam_set_all(&stream, &cam, name, width, height) &&
		  !cam_alloc_mmap(&stream, BUFFERS), "%s, %ux%u: buffers", name, width, height);
	good = capture(&stream, frames);
	ktap_ok(good == frames, "%s, %ux%u: %u of %u frames bit by bit those of the file", name, width,
		height, good, frames);
	ktap_need(!cam_free(&stream), "%s: buffers go", name);
}

/* The size of the file's pictures can be asked for, whatever is set. */
static void test_size(void)
{
	const struct cam_sampling *sampling = &y4m.sampling;
	struct v4l2_rect whole = { 0 };
	int ret;

	ktap_need(!cam_set_size(&cam, sampling->width + MORE, sampling->height + MORE), "a size");
	ret = cam_sensor_selection(&cam, V4L2_SEL_TGT_CROP_DEFAULT, &whole);
	ktap_ok(!ret && !whole.left && !whole.top && whole.width == sampling->width &&
		whole.height == sampling->height, "the source has %ux%u (%d)", whole.width,
		whole.height, ret);
}

int main(int argc, char **argv)
{
	size_t i;

	ktap_begin();
	ktap_need(argc == 3, "usage: %s PCI FILE", argv[0]);
	ktap_need(read_file(argv[2]) && y4m.count > 1, "%s is of several pictures", argv[2]);
	ktap_need(!cam_open(&cam, argv[1]), "a puck-cam at %s", argv[1]);
	ktap_need(cam_get(cam.sensor, V4L2_CID_TEST_PATTERN) == PUCK_CAM_PATTERN_SOURCE,
		  "it shows its source");
	ktap_need(!cam_set_rate(&cam, 60) && !cam_set(cam.sensor, V4L2_CID_PUCK_CAM_STAMP, 0),
		  "no stamps");
	test_size();
	for (i = 0; i < ARRAY_SIZE(cam_formats); i++)
		if (cam_expects(&cam_formats[i]) && (cam.multi || strcmp(cam_formats[i].name, "NV12M")))
			test_format(cam_formats[i].name, y4m.sampling.width, y4m.sampling.height);
	/* What the sensor has more is black. */
	test_format("NV12", y4m.sampling.width + MORE, y4m.sampling.height + MORE);
	return ktap_end();
}
