// SPDX-License-Identifier: MIT
/*
 * Bad input at each ioctl of a puck-cam's nodes: the errno is the one that V4L2's documentation
 * names, or the input is made good, as it has that for sizes. A good case of the same ioctl
 * stands beside each, and frames come when all is over.
 */
#include "lib/base/ktap.h"
#include "lib/camera/stream.h"

#define WIDTH	320
#define HEIGHT	180

static struct cam cam;

static int make_memfd(size_t size)
{
	int fd = memfd_create("no dma-buf", MFD_CLOEXEC);

	return fd < 0 || ftruncate(fd, (off_t)size) ? -errno : fd;
}

/* ---- formats ---- */

static void test_format(void)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT };
	const uint32_t strides[CAM_PLANES] = { 3, 0 }, far[CAM_PLANES] = { ~0u, 0 };
	struct v4l2_fmtdesc desc = { .type = cam.type, .index = 100 };
	struct cam_stream stream;

	ktap_ok(cam_call(cam.fd, VIDIOC_G_FMT, &f) == -EINVAL, "bad_format type: output");
	f.type = cam.multi ? V4L2_BUF_TYPE_VIDEO_CAPTURE : V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	ktap_ok(cam_call(cam.fd, VIDIOC_G_FMT, &f) == -EINVAL, "bad_format type: the other API");
	ktap_ok(cam_call(cam.fd, VIDIOC_ENUM_FMT, &desc) == -EINVAL, "bad_enum index");
	desc.index = 0;
	desc.mbus_code = MEDIA_BUS_FMT_SBGGR8_1X8;
	ktap_ok(cam_call(cam.fd, VIDIOC_ENUM_FMT, &desc) == -EINVAL, "bad_enum mbus_code");
	desc.mbus_code = MEDIA_BUS_FMT_YUV8_1X24;
	ktap_ok(!cam_call(cam.fd, VIDIOC_ENUM_FMT, &desc), "enum: the bridge's code");

	ktap_ok(!cam_set_format(&stream, &cam, "YUYV", WIDTH, HEIGHT, strides) &&
		stream.layout.stride[0] == WIDTH * 2, "stride: too short a one is the shortest");
	ktap_ok(!cam_set_format(&stream, &cam, "YUYV", WIDTH, HEIGHT, far) &&
		stream.layout.stride[0] == PUCK_CAM_STRIDE_MAX, "stride: too long a one is the longest");
	ktap_ok(!cam_set_format(&stream, &cam, "YUYV", 0, ~0u, NULL) &&
		stream.layout.width == PUCK_CAM_DIM_MIN && stream.layout.height == PUCK_CAM_HEIGHT_MAX,
		"size: made one that can be");
	ktap_ok(!cam_set_format(&stream, &cam, "YUYV", 321, 181, NULL) &&
		stream.layout.width == 322 && stream.layout.height == 182, "size: made even");
}

static void test_sizes(void)
{
	struct v4l2_frmsizeenum size = { .pixel_format = V4L2_PIX_FMT_NV12 };
	struct v4l2_frmivalenum interval = {
		.pixel_format = V4L2_PIX_FMT_NV12, .width = WIDTH, .height = HEIGHT,
	};

	ktap_ok(!cam_call(cam.fd, VIDIOC_ENUM_FRAMESIZES, &size), "sizes");
	size.index = 1;
	ktap_ok(cam_call(cam.fd, VIDIOC_ENUM_FRAMESIZES, &size) == -EINVAL, "bad_sizes index");
	size.index = 0;
	size.pixel_format = V4L2_PIX_FMT_MJPEG;
	ktap_ok(cam_call(cam.fd, VIDIOC_ENUM_FRAMESIZES, &size) == -EINVAL, "bad_sizes format");
	ktap_ok(!cam_call(cam.fd, VIDIOC_ENUM_FRAMEINTERVALS, &interval), "intervals");
	interval.width = 15;
	ktap_ok(cam_call(cam.fd, VIDIOC_ENUM_FRAMEINTERVALS, &interval) == -EINVAL,
		"bad_intervals width");
}

static void test_parm(void)
{
	struct v4l2_streamparm parm = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT };

	ktap_ok(cam_call(cam.fd, VIDIOC_G_PARM, &parm) == -EINVAL, "bad_parm type");
	parm.type = cam.type;
	parm.parm.capture.timeperframe.numerator = 1;
	parm.parm.capture.timeperframe.denominator = ~0u;
	ktap_ok(!cam_call(cam.fd, VIDIOC_S_PARM, &parm) &&
		parm.parm.capture.timeperframe.numerator == 1 &&
		parm.parm.capture.timeperframe.denominator == 240, "parm: too fast is the fastest");
	memset(&parm.parm, 0, sizeof(parm.parm));
	ktap_ok(!cam_call(cam.fd, VIDIOC_S_PARM, &parm) &&
		parm.parm.capture.timeperframe.denominator == 30, "parm: zero is the default");
}

/* ---- rectangles ---- */

static void test_compose(void)
{
	struct v4l2_selection sel = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .target = V4L2_SEL_TGT_COMPOSE,
		.r = { -100, 1000000, 0xffffffffu, 1 },
	};
	struct cam_stream stream;

	ktap_need(!cam_set_format(&stream, &cam, "NV12", WIDTH, HEIGHT, NULL), "compose: format");
	ktap_ok(!cam_call(cam.fd, VIDIOC_S_SELECTION, &sel) && !sel.r.left &&
		sel.r.width == WIDTH && sel.r.height == PUCK_CAM_DIM_MIN &&
		sel.r.top == HEIGHT - PUCK_CAM_DIM_MIN, "compose: made one that can be");
	sel.target = V4L2_SEL_TGT_CROP;
	ktap_ok(cam_call(cam.fd, VIDIOC_S_SELECTION, &sel) == -EINVAL, "bad_selection target");
	sel.target = V4L2_SEL_TGT_COMPOSE_BOUNDS;
	ktap_ok(cam_call(cam.fd, VIDIOC_S_SELECTION, &sel) == -EINVAL, "bad_selection bounds are read");
	sel.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	ktap_ok(cam_call(cam.fd, VIDIOC_G_SELECTION, &sel) == -EINVAL, "bad_selection type");
}

static void test_subdev(void)
{
	struct v4l2_subdev_selection sel = {
		.which = V4L2_SUBDEV_FORMAT_ACTIVE, .pad = CAM_SINK, .target = V4L2_SEL_TGT_CROP,
		.r = { 1000, -5, 0xffffffffu, 0 },
	};
	struct v4l2_subdev_format format = { .which = V4L2_SUBDEV_FORMAT_ACTIVE, .pad = 2 };
	struct v4l2_subdev_mbus_code_enum code = { .index = 1 };

	ktap_need(!cam_set_size(&cam, WIDTH, HEIGHT), "sub-devices: size");
	ktap_ok(!cam_call(cam.bridge, VIDIOC_SUBDEV_S_SELECTION, &sel) && !sel.r.left && !sel.r.top &&
		sel.r.width == WIDTH && sel.r.height == PUCK_CAM_RECT_MIN,
		"crop: made one that can be");
	sel.pad = CAM_SOURCE;
	ktap_ok(cam_call(cam.bridge, VIDIOC_SUBDEV_S_SELECTION, &sel) == -EINVAL, "bad_crop pad");
	sel.pad = 7;
	ktap_ok(cam_call(cam.bridge, VIDIOC_SUBDEV_S_SELECTION, &sel) == -EINVAL, "bad_crop no pad");
	ktap_ok(cam_call(cam.bridge, VIDIOC_SUBDEV_G_FMT, &format) == -EINVAL, "bad_subdev pad");
	format.pad = 0;
	format.which = 2;
	ktap_ok(cam_call(cam.bridge, VIDIOC_SUBDEV_G_FMT, &format) == -EINVAL, "bad_subdev which");
	ktap_ok(cam_call(cam.sensor, VIDIOC_SUBDEV_ENUM_MBUS_CODE, &code) == -EINVAL,
		"bad_subdev code");
	cam_set_size(&cam, WIDTH, HEIGHT);
}

/* ---- controls, events, and what is none ---- */

static void test_controls(void)
{
	/* V4L2 has numbers made good, and bits that are not known left out. */
	ktap_ok(!cam_set(cam.sensor, V4L2_CID_ANALOGUE_GAIN, PUCK_CAM_GAIN_MAX + 1) &&
		cam_get(cam.sensor, V4L2_CID_ANALOGUE_GAIN) == PUCK_CAM_GAIN_MAX &&
		!cam_set(cam.sensor, V4L2_CID_ANALOGUE_GAIN, PUCK_CAM_GAIN_ONE),
		"control: too much is the most");
	ktap_ok(!cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, PUCK_CAM_FENCES_ALL + 1) &&
		!cam_get(cam.fd, V4L2_CID_PUCK_CAM_FENCES), "control: bits that are not known");
	ktap_ok(cam_set(cam.sensor, V4L2_CID_TEST_PATTERN, 100) == -ERANGE, "bad_control menu");
	ktap_ok(cam_set(cam.sensor, V4L2_CID_BRIGHTNESS, 0) == -EINVAL, "bad_control id");
	ktap_ok(cam_set(cam.sensor, V4L2_CID_PIXEL_RATE, 0) == -EACCES, "bad_control read-only");
	ktap_ok(!cam_set(cam.sensor, V4L2_CID_PUCK_CAM_STEP, 0), "a step of no stream is nothing");
}

static void test_events(void)
{
	struct v4l2_event_subscription sub = { .type = V4L2_EVENT_FRAME_SYNC, .id = 1 };
	struct v4l2_event event;

	ktap_ok(cam_call(cam.fd, VIDIOC_SUBSCRIBE_EVENT, &sub) == -EINVAL, "bad_event id");
	ktap_ok(cam_subscribe(cam.fd, V4L2_EVENT_EOS) == -EINVAL, "bad_event type");
	ktap_ok(cam_subscribe(cam.bridge, V4L2_EVENT_SOURCE_CHANGE) == -EINVAL,
		"bad_event of another node");
	ktap_ok(!cam_subscribe(cam.bridge, V4L2_EVENT_FRAME_SYNC), "event: subscribed");
	ktap_ok(cam_call(cam.fd, VIDIOC_DQEVENT, &event) == -ENOENT, "bad_event none");
}

static void test_own(void)
{
	struct puck_cam_out_fence args = { .index = 100 };

	ktap_ok(cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args) == -EINVAL, "bad_fence index");
	ktap_ok(cam_call(cam.fd, _IO('V', 255), NULL) == -ENOTTY, "bad_ioctl");
	ktap_ok(cam_call(cam.sensor, _IO('V', 255), NULL) == -ENOTTY, "bad_ioctl of a sub-device");
}

/* ---- buffers ---- */

static void test_request(void)
{
	struct v4l2_requestbuffers req = { .count = 2, .type = cam.type, .memory = 77 };
	int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	struct cam_stream stream = { .cam = &cam };

	ktap_ok(cam_call(cam.fd, VIDIOC_REQBUFS, &req) == -EINVAL, "bad_reqbufs memory");
	req.memory = V4L2_MEMORY_MMAP;
	req.type = type;
	ktap_ok(cam_call(cam.fd, VIDIOC_REQBUFS, &req) == -EINVAL, "bad_reqbufs type");
	ktap_ok(cam_call(cam.fd, VIDIOC_STREAMON, &type) == -EINVAL, "bad_streamon type");
	ktap_ok(cam_on(&stream) == -EINVAL, "bad_streamon no buffers");
	ktap_ok(!cam_off(&stream), "streamoff of no stream is nothing");
}

/* One buffer more, of so many bytes and planes. */
static int create(size_t size, unsigned int planes)
{
	struct v4l2_create_buffers args = { .count = 1, .memory = V4L2_MEMORY_MMAP };
	int ret;

	args.format.type = cam.type;
	ret = cam_call(cam.fd, VIDIOC_G_FMT, &args.format);
	if (cam.multi) {
		args.format.fmt.pix_mp.plane_fmt[0].sizeimage = size;
		args.format.fmt.pix_mp.plane_fmt[1].sizeimage = size;
		args.format.fmt.pix_mp.num_planes = planes;
	} else {
		args.format.fmt.pix.sizeimage = size;
	}
	if (!ret)
		ret = cam_call(cam.fd, VIDIOC_CREATE_BUFS, &args);
	return ret;
}

static void test_create(void)
{
	struct cam_stream stream;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT), "create: format");
	ktap_ok(create(stream.size[0] - 1, 1) == -EINVAL, "bad_create too short");
	ktap_ok(create(0x7fffffff, 1) == -EINVAL, "bad_create too long");
	if (cam.multi)
		ktap_ok(create(stream.size[0], 2) == -EINVAL, "bad_create planes");
	ktap_ok(!create(stream.size[0] * 2, 1), "create: longer than it has to be");
	stream.memory = V4L2_MEMORY_MMAP;
	cam_free(&stream);
}

static void test_queue(void)
{
	struct cam_stream stream, other;
	struct cam_frame frame;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !cam_alloc_mmap(&stream, 2), "queue: buffers");
	ktap_ok(cam_try_dequeue(&stream, &frame) == -EINVAL, "bad_dqbuf no stream");
	ktap_ok(cam_queue(&stream, 2) == -EINVAL, "bad_qbuf index");
	other = stream;
	other.memory = V4L2_MEMORY_USERPTR;
	ktap_ok(cam_queue(&other, 0) == -EINVAL, "bad_qbuf memory");
	ktap_ok(!cam_queue(&stream, 0) && cam_queue(&stream, 0) == -EINVAL, "bad_qbuf twice");
	ktap_ok(cam_set_format(&other, &cam, "NV12", 640, 480, NULL) == -EBUSY,
		"bad_format with buffers");
	ktap_ok(cam_export(&stream, 0, 1, 0) == -EINVAL, "bad_expbuf plane");
	ktap_ok(cam_export(&stream, 9, 0, 0) == -EINVAL, "bad_expbuf index");
	ktap_ok(cam_export(&stream, 0, 0, O_APPEND) == -EINVAL, "bad_expbuf flags");
	cam_free(&stream);
}

static void test_userptr(void)
{
	struct cam_stream stream;
	char path[128], text[256];
	uint8_t *map;
	bool had;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !cam_alloc_user(&stream, 1, 0), "USERPTR: buffers");
	map = stream.buf[0].map[0];
	stream.buf[0].map[0] = (uint8_t *)4096;
	ktap_ok(cam_queue(&stream, 0) < 0, "bad_userptr nothing there");
	stream.buf[0].map[0] = map;
	stream.size[0]--;
	ktap_ok(cam_queue(&stream, 0) == -EINVAL, "bad_userptr too short");
	stream.size[0]++;
	ktap_ok(!cam_queue(&stream, 0), "userptr: queued");
	/* What is refused now costs the buffer its memory, and the driver keeps nothing of it. */
	cam_off(&stream);
	snprintf(path, sizeof(path), "/sys/kernel/debug/puck-cam/%s/buffers", cam.pci);
	read_text(path, text, sizeof(text));
	had = text[0];
	stream.size[0]--;
	ktap_ok(had && cam_queue(&stream, 0) == -EINVAL, "bad_userptr too short behind a good one");
	stream.size[0]++;
	read_text(path, text, sizeof(text));
	ktap_ok(!text[0], "userptr: nothing is left of it");
	cam_free(&stream);
}

static int make_nothing(size_t size)
{
	return make_memfd(size);
}

static void test_dmabuf(void)
{
	struct cam_stream stream;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !cam_alloc_dmabuf(&stream, 1, make_nothing), "DMABUF: buffers");
	ktap_ok(cam_queue(&stream, 0) == -EINVAL, "bad_dmabuf no dma-buf");
	close(stream.buf[0].dmabuf[0]);
	ktap_ok(cam_queue(&stream, 0) == -EINVAL, "bad_dmabuf no file");
	stream.buf[0].dmabuf[0] = make_memfd(4096);
	cam_free(&stream);
}

/* ---- while there is a stream ---- */

static void test_streaming(void)
{
	struct v4l2_selection sel = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .target = V4L2_SEL_TGT_COMPOSE,
		.r = { 0, 0, 16, 16 },
	};
	struct v4l2_rect rect = { 0, 0, 16, 16 };
	struct cam_stream stream;
	struct cam_frame frame;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !cam_alloc_mmap(&stream, 2) && !cam_queue_all(&stream) && !cam_on(&stream),
		  "streaming");
	ktap_ok(cam_set_size(&cam, 640, 480) == -EBUSY, "bad_size while streaming");
	ktap_ok(cam_bridge_select(&cam, V4L2_SEL_TGT_CROP, &rect) == -EBUSY,
		"bad_crop while streaming");
	ktap_ok(cam_call(cam.fd, VIDIOC_S_SELECTION, &sel) == -EBUSY, "bad_compose while streaming");
	ktap_ok(cam_set(cam.sensor, V4L2_CID_PUCK_CAM_SINGLE_STEP, 1) == -EBUSY,
		"bad_control single step while streaming");
	ktap_ok(cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, 1) == -EBUSY,
		"bad_control fences while streaming");
	ktap_ok(!cam_set(cam.sensor, V4L2_CID_VFLIP, 1) && !cam_set(cam.sensor, V4L2_CID_VFLIP, 0),
		"control: flips go while streaming");
	ktap_ok(!cam_dequeue(&stream, &frame), "and frames come");
	cam_off(&stream);
	cam_free(&stream);
}

/* A pipeline whose links do not fit, and a camera that waits for user space. */
static void test_start(void)
{
	struct cam_stream stream;
	struct cam_frame frame;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !cam_alloc_mmap(&stream, 2) && !cam_queue_all(&stream), "start: buffers");
	ktap_need(!cam_pad_format(cam.bridge, CAM_SINK, 640, 480), "start: another size");
	ktap_ok(cam_on(&stream) == -EPIPE, "bad_streamon sizes that do not fit");
	ktap_need(!cam_set_size(&cam, 640, 480), "start: the bridge's size");
	ktap_ok(cam_on(&stream) == -EPIPE, "bad_streamon a picture that does not fit the buffer");
	ktap_need(!cam_set_size(&cam, WIDTH, HEIGHT) &&
		  !cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, PUCK_CAM_FENCES_ALL) &&
		  !cam_set(cam.sensor, V4L2_CID_PUCK_CAM_SINGLE_STEP, 1), "start: single steps");
	ktap_ok(cam_on(&stream) == -EINVAL, "bad_streamon fences that a user would have to end");
	ktap_need(!cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, 0) &&
		  !cam_set(cam.sensor, V4L2_CID_PUCK_CAM_SINGLE_STEP, 0), "start: no steps");
	/* The buffers were not lost on the way. */
	ktap_ok(!cam_on(&stream) && !cam_dequeue(&stream, &frame) && !cam_dequeue(&stream, &frame),
		"start: each buffer is still queued");
	cam_off(&stream);
	cam_free(&stream);
}

int main(void)
{
	ktap_begin();
	ktap_need(!cam_open(&cam, ""), "a puck-cam");
	test_format();
	test_sizes();
	test_parm();
	test_compose();
	test_subdev();
	test_controls();
	test_events();
	test_own();
	test_request();
	test_create();
	test_queue();
	test_userptr();
	test_dmabuf();
	test_start();
	test_streaming();
	return ktap_end();
}
