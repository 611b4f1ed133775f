// SPDX-License-Identifier: MIT
/*
 * Frames in each format, size and kind of memory. What is in them is judged by the stamps
 * that the device puts there.
 *
 *	camera_capture [copies]
 *
 * With "copies" the device works on copies (docs/dma.rst, "sync"). udmabuf has nothing synced
 * for those who imported its memory, not even when they let go, so that a dma-heap's is taken
 * then. It is looked at when the camera has let go: earlier syncs of that make kernels with
 * CONFIG_DMABUF_DEBUG oops.
 */
#include "lib/base/ktap.h"
#include "lib/base/dmabuf.h"
#include "lib/camera/stream.h"

#define WIDTH	320
#define HEIGHT	180
#define BUFFERS	3
#define FRAMES	5

static struct cam cam;
static bool copies;

struct result {
	int error;
	unsigned int good, bad;
	bool in_order;		/* numbers and times go up, and are those of the stamps */
};

static void take(struct cam_stream *stream, struct result *result, struct cam_frame *last,
		 unsigned int n)
{
	struct cam_frame frame;
	struct cam_found found;

	result->error = cam_dequeue(stream, &frame);
	if (result->error)
		return;
	if (!(frame.flags & V4L2_BUF_FLAG_ERROR) && cam_verify(stream, frame.index, &found))
		result->good++;
	else
		result->bad++;
	if (found.frame != frame.sequence ||
	    (n && (frame.sequence <= last->sequence || frame.ns <= last->ns)))
		result->in_order = false;
	*last = frame;
	/* What the next frame leaves out would be seen. */
	memset(stream->buf[frame.index].map[0], 0, stream->size[0]);
	result->error = cam_queue(stream, frame.index);
}

/* Frames into the buffers that @stream has. */
static struct result capture(struct cam_stream *stream)
{
	struct result result = { .in_order = true };
	struct cam_frame last = { 0 };
	unsigned int i;

	result.error = cam_queue_all(stream);
	if (!result.error)
		result.error = cam_on(stream);
	for (i = 0; !result.error && i < FRAMES; i++)
		take(stream, &result, &last, i);
	cam_off(stream);
	return result;
}

static void judge(struct cam_stream *stream, const char *what)
{
	struct result result = capture(stream);

	ktap_ok(!result.error && result.good == FRAMES && result.in_order,
		"%s: %u good frames, %u bad ones%s (%d)", what, result.good, result.bad,
		result.in_order ? "" : ", not in order", result.error);
	ktap_need(!cam_free(stream), "%s: buffers go", what);
}

/* Each format that the API has, in the camera's memory, with lines close and apart. */
static void test_formats(void)
{
	const uint32_t apart[CAM_PLANES] = { WIDTH * 4 + 64, WIDTH + 32 };
	struct cam_stream stream;
	char what[64];
	size_t i;

	ktap_need(!cam_set_size(&cam, WIDTH, HEIGHT), "size");
	for (i = 0; i < ARRAY_SIZE(cam_formats); i++) {
		const char *name = cam_formats[i].name;

		if (!cam.multi && cam_formats[i].number == PUCK_CAM_FORMAT_NV12M)
			continue;
		ktap_need(!cam_set_format(&stream, &cam, name, WIDTH, HEIGHT, NULL) &&
			  !cam_alloc_mmap(&stream, BUFFERS), "%s: buffers", name);
		judge(&stream, name);

		ktap_need(!cam_set_format(&stream, &cam, name, WIDTH, HEIGHT, apart) &&
			  stream.layout.stride[0] == apart[0] && !cam_alloc_mmap(&stream, BUFFERS),
			  "%s: buffers with lines apart", name);
		snprintf(what, sizeof(what), "%s, lines apart", name);
		judge(&stream, what);
	}
}

static void test_sizes(void)
{
	static const uint32_t sizes[][2] = { { 16, 16 }, { 18, 500 }, { 1000, 16 }, { 1922, 1082 } };
	struct cam_stream stream;
	char what[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		snprintf(what, sizeof(what), "%ux%u", sizes[i][0], sizes[i][1]);
		ktap_need(!cam_set_all(&stream, &cam, "NV12", sizes[i][0], sizes[i][1]) &&
			  !cam_alloc_mmap(&stream, BUFFERS), "%s: buffers", what);
		judge(&stream, what);
	}
}

/* A frame into each imported buffer, which is looked at when it is the camera's no more. */
static void test_unmapped(struct cam_stream *stream)
{
	uint32_t sequence[BUFFERS], none = 0;
	unsigned int i, good = 0;
	struct cam_frame frame;
	struct cam_found found;
	int ret = cam_queue_all(stream);

	ret = ret ? ret : cam_on(stream);
	for (i = 0; !ret && i < BUFFERS; i++) {
		ret = cam_dequeue(stream, &frame);
		if (!ret && frame.flags & V4L2_BUF_FLAG_ERROR)
			ret = -EBADMSG;
		sequence[frame.index] = frame.sequence;
	}
	cam_off(stream);
	ktap_need(!cam_request(stream, stream->memory, &none), "DMABUF: buffers go");
	for (i = 0; !ret && i < BUFFERS; i++)
		good += cam_verify(stream, i, &found) && found.frame == sequence[i];
	cam_unmap(stream);
	ktap_ok(good == BUFFERS, "DMABUF, looked at later: %u good frames (%d)", good, ret);
}

static void test_memory(void)
{
	const char *name = cam.multi ? "NV12M" : "NV12";
	struct cam_stream stream;

	ktap_need(!cam_set_all(&stream, &cam, name, WIDTH, HEIGHT) &&
		  !cam_alloc_user(&stream, BUFFERS, 0), "USERPTR: buffers");
	judge(&stream, "USERPTR");
	ktap_need(!cam_set_all(&stream, &cam, name, WIDTH, HEIGHT) &&
		  !cam_alloc_user(&stream, BUFFERS, 520), "USERPTR: buffers in the midst of pages");
	judge(&stream, "USERPTR in the midst of pages");
	ktap_need(!cam_set_all(&stream, &cam, name, WIDTH, HEIGHT) &&
		  !cam_alloc_dmabuf(&stream, BUFFERS, copies ? make_heap : make_udmabuf),
		  "DMABUF: buffers");
	if (copies)
		test_unmapped(&stream);
	else
		judge(&stream, "DMABUF");
}

/* The middle of the picture, twice as wide and half as high, in a part of the buffer. */
static void test_rectangles(void)
{
	struct v4l2_rect crop = { 40, 20, 160, 120 }, scaled = { 0, 0, 320, 60 };
	struct v4l2_selection sel = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .target = V4L2_SEL_TGT_COMPOSE,
		.r = { 32, 64, 320, 60 },
	};
	struct cam_stream stream;

	ktap_ok(!cam_set_size(&cam, WIDTH, HEIGHT) &&
		!cam_bridge_select(&cam, V4L2_SEL_TGT_CROP, &crop) &&
		!cam_bridge_select(&cam, V4L2_SEL_TGT_COMPOSE, &scaled) &&
		!cam_set_format(&stream, &cam, "YUYV", 400, 200, NULL) &&
		!cam_call(cam.fd, VIDIOC_S_SELECTION, &sel) && sel.r.left == 32 && sel.r.top == 64,
		"cropped, scaled and placed");
	ktap_need(!cam_alloc_mmap(&stream, BUFFERS), "rectangles: buffers");
	judge(&stream, "rectangles");
}

/* A read() is a frame, whatever buffers there are. */
static void test_read(void)
{
	struct cam_stream stream;
	struct cam_found found;
	const uint8_t *planes[CAM_PLANES];
	uint8_t *bytes;
	ssize_t n = 0;
	unsigned int i;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT), "read: format");
	bytes = malloc(stream.size[0]);
	planes[0] = bytes;
	planes[1] = bytes + cam_plane_bytes(&stream.layout, 0);
	fcntl(cam.fd, F_SETFL, 0);
	for (i = 0; i < FRAMES; i++) {
		n = read(cam.fd, bytes, stream.size[0]);
		if (n != (ssize_t)stream.size[0])
			break;
		cam_check(&stream.layout, planes, &found);
		if (!cam_good(&found))
			break;
	}
	ktap_ok(i == FRAMES, "read: %u good frames, the last one of %zd bytes", i, n);
	free(bytes);
}

int main(int argc, char **argv)
{
	ktap_begin();
	copies = argc == 2 && !strcmp(argv[1], "copies");
	ktap_need(argc == 1 || copies, "usage: %s [copies]", argv[0]);
	ktap_need(!cam_open(&cam, ""), "a puck-cam");
	/* So that it takes no longer than the pictures do. */
	ktap_need(!cam_set_rate(&cam, 60), "60 frames in a second");
	ktap_note("the %s-planar API", cam.multi ? "multi" : "single");
	test_formats();
	test_sizes();
	test_memory();
	test_rectangles();
	test_read();
	return ktap_end();
}
