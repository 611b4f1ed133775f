// SPDX-License-Identifier: MIT
/*
 * Calls of all ioctls of a puck-cam's nodes in any order, with arguments that are right in most
 * of their members and anything in the others:
 *
 *	camera_fuzz [SEED [CALLS]]	(1, 5000)
 *
 * What the driver has to do is to answer, and to work afterwards; the kernel's log is looked at
 * by whoever starts this.
 */
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/base/random.h"
#include "lib/camera/stream.h"

/* Memory of this program that calls may name. */
#define ARENA		(1 << 20)
/* Buffers of the camera's own memory: more are given back, so that there is memory left. */
#define BUFFERS		6

static struct cam cam;
static uint64_t state;
static uint8_t *arena;
static unsigned int buffers;
static unsigned long revived;	/* streams that were begun in earnest */

static uint32_t below(uint32_t n)
{
	return (uint32_t)(rnd(&state) % n);
}

static bool one_in(uint32_t n)
{
	return !below(n);
}

/* A number as programs have them, or one at the edge of what there is. */
static uint32_t number(void)
{
	static const uint32_t edges[] = {
		0, 1, 2, 3, 4, 15, 16, 17, 31, 32, 33, 255, 4095, 4096, 4097, 65535, 65536,
		0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};

	return one_in(3) ? (uint32_t)rnd(&state) : edges[below(ARRAY_SIZE(edges))];
}

/* Mostly @right. */
static uint32_t mostly(uint32_t right)
{
	return one_in(12) ? number() : right;
}

static uint32_t any_type(void)
{
	return mostly(cam.type);
}

static uint32_t any_memory(void)
{
	static const uint32_t memories[] = {
		V4L2_MEMORY_MMAP, V4L2_MEMORY_USERPTR, V4L2_MEMORY_DMABUF,
	};

	return mostly(memories[below(3)]);
}

static uint32_t any_fourcc(void)
{
	return mostly(cam_fourccs[below(ARRAY_SIZE(cam_fourccs))].fourcc);
}

/* Sizes that leave memory for several buffers. */
static uint32_t any_size(void)
{
	return one_in(4) ? below(2200) : 16 + below(320);
}

static uint64_t any_pointer(void)
{
	return one_in(10) ? rnd(&state) : (uintptr_t)arena + below(ARENA / 2);
}

static struct v4l2_rect any_rect(void)
{
	struct v4l2_rect rect = { (int32_t)below(700), (int32_t)below(500), any_size(), any_size() };

	if (one_in(4))
		rnd_fill(&state, &rect, sizeof(rect));
	return rect;
}

/* ---- one function for each kind of argument ---- */

static void fill_format(void *arg)
{
	struct v4l2_format *f = arg;
	unsigned int i;

	f->type = any_type();
	if (cam.multi) {
		f->fmt.pix_mp.width = any_size();
		f->fmt.pix_mp.height = any_size();
		f->fmt.pix_mp.pixelformat = any_fourcc();
		f->fmt.pix_mp.num_planes = (uint8_t)number();
		for (i = 0; i < VIDEO_MAX_PLANES; i++)
			f->fmt.pix_mp.plane_fmt[i].bytesperline = below(8192);
	} else {
		f->fmt.pix.width = any_size();
		f->fmt.pix.height = any_size();
		f->fmt.pix.pixelformat = any_fourcc();
		f->fmt.pix.bytesperline = below(8192);
	}
}

static void fill_selection(void *arg)
{
	struct v4l2_selection *sel = arg;

	sel->type = mostly(V4L2_BUF_TYPE_VIDEO_CAPTURE);
	sel->target = mostly(V4L2_SEL_TGT_COMPOSE + below(4));
	sel->r = any_rect();
}

static void fill_request(void *arg)
{
	struct v4l2_requestbuffers *req = arg;

	req->count = one_in(3) ? 0 : 1 + below(4);
	req->type = any_type();
	req->memory = any_memory();
}

static void fill_create(void *arg)
{
	struct v4l2_create_buffers *create = arg;

	create->count = below(3);
	create->memory = any_memory();
	create->format.type = any_type();
	cam_call(cam.fd, VIDIOC_G_FMT, &create->format);
	if (one_in(3) && cam.multi)
		create->format.fmt.pix_mp.plane_fmt[0].sizeimage = below(1 << 20);
	else if (one_in(3) && !cam.multi)
		create->format.fmt.pix.sizeimage = below(1 << 20);
}

static void fill_buffer(void *arg)
{
	static struct v4l2_plane planes[VIDEO_MAX_PLANES];
	struct v4l2_buffer *vb = arg;
	unsigned int i;

	vb->index = mostly(below(4));
	vb->type = any_type();
	vb->memory = any_memory();
	vb->flags = one_in(8) ? number() : 0;
	vb->field = one_in(8) ? number() : V4L2_FIELD_NONE;
	vb->length = cam.multi ? mostly(1 + below(2)) : mostly(ARENA / 2);
	if (!cam.multi) {
		vb->m.userptr = (unsigned long)any_pointer();
		return;
	}
	rnd_fill(&state, planes, sizeof(planes));
	for (i = 0; i < VIDEO_MAX_PLANES; i++) {
		planes[i].length = mostly(ARENA / 2);
		planes[i].m.userptr = (unsigned long)any_pointer();
		if (one_in(2))
			planes[i].m.fd = (int)below(16);
	}
	vb->m.planes = one_in(16) ? (struct v4l2_plane *)(uintptr_t)any_pointer() : planes;
}

static void fill_export(void *arg)
{
	struct v4l2_exportbuffer *exp = arg;

	exp->type = any_type();
	exp->index = mostly(below(4));
	exp->plane = mostly(below(2));
	exp->flags = mostly(O_CLOEXEC | below(3));
}

static void fill_parm(void *arg)
{
	struct v4l2_streamparm *parm = arg;

	parm->type = any_type();
	parm->parm.capture.timeperframe.numerator = mostly(1);
	parm->parm.capture.timeperframe.denominator = mostly(120 + below(121));
}

static void fill_type(void *arg)
{
	*(uint32_t *)arg = any_type();
}

static void fill_event(void *arg)
{
	static const uint32_t types[] = {
		V4L2_EVENT_ALL, V4L2_EVENT_CTRL, V4L2_EVENT_FRAME_SYNC, V4L2_EVENT_SOURCE_CHANGE,
		V4L2_EVENT_PUCK_CAM_ARMED,
	};
	struct v4l2_event_subscription *sub = arg;

	sub->type = mostly(types[below(ARRAY_SIZE(types))]);
	sub->id = one_in(4) ? V4L2_CID_VFLIP : 0;
	sub->flags = below(4);
}

static uint32_t any_control(void)
{
	static const uint32_t ids[] = {
		V4L2_CID_EXPOSURE_AUTO, V4L2_CID_EXPOSURE, V4L2_CID_ANALOGUE_GAIN, V4L2_CID_HFLIP,
		V4L2_CID_VFLIP, V4L2_CID_HBLANK, V4L2_CID_VBLANK, V4L2_CID_TEST_PATTERN,
		V4L2_CID_PIXEL_RATE, V4L2_CID_PUCK_CAM_SEED, V4L2_CID_PUCK_CAM_STAMP,
		V4L2_CID_PUCK_CAM_SINGLE_STEP, V4L2_CID_PUCK_CAM_STEP, V4L2_CID_PUCK_CAM_FENCES,
	};

	return mostly(ids[below(ARRAY_SIZE(ids))]) | (one_in(6) ? V4L2_CTRL_FLAG_NEXT_CTRL : 0);
}

static void fill_control(void *arg)
{
	*(uint32_t *)arg = any_control();
}

static void fill_controls(void *arg)
{
	static struct v4l2_ext_control list[4];
	struct v4l2_ext_controls *ctrls = arg;
	unsigned int i;

	ctrls->which = mostly(V4L2_CTRL_WHICH_CUR_VAL);
	ctrls->count = mostly(1 + below(4));
	/* Beyond the list there is more memory, but not for ever. */
	ctrls->count = ctrls->count > 4 && !one_in(4) ? 4 : ctrls->count;
	for (i = 0; i < ARRAY_SIZE(list); i++) {
		memset(&list[i], 0, sizeof(list[i]));
		list[i].id = any_control();
		list[i].value64 = (int32_t)(one_in(2) ? below(300) : number());
	}
	ctrls->controls = one_in(16) ? (void *)(uintptr_t)any_pointer() : list;
}

static void fill_fence(void *arg)
{
	struct puck_cam_out_fence *fence = arg;

	fence->index = mostly(below(4));
	fence->flags = mostly(O_CLOEXEC);
	fence->reserved = one_in(12) ? number() : 0;
}

static void fill_pad_format(void *arg)
{
	struct v4l2_subdev_format *format = arg;

	format->which = mostly(below(2));
	format->pad = mostly(below(2));
	format->format.width = one_in(4) ? number() : any_size();
	format->format.height = one_in(4) ? number() : any_size();
	format->format.code = mostly(MEDIA_BUS_FMT_YUV8_1X24);
}

static void fill_pad_selection(void *arg)
{
	struct v4l2_subdev_selection *sel = arg;

	sel->which = mostly(below(2));
	sel->pad = mostly(below(2));
	sel->target = mostly(one_in(2) ? below(4) : 0x100 + below(4));
	sel->r = any_rect();
}

static void fill_interval(void *arg)
{
	struct v4l2_subdev_frame_interval *interval = arg;

	interval->pad = mostly(0);
	interval->interval.numerator = mostly(1);
	interval->interval.denominator = mostly(120 + below(121));
}

/* Words at random: what is only asked for needs no more. */
static void fill_any(void *arg)
{
	uint32_t *word = arg;
	unsigned int i;

	for (i = 0; i < 8; i++)
		word[i] = one_in(2) ? below(4) : number();
}

struct call {
	unsigned long request;
	void (*fill)(void *arg);
};

static const struct call node_calls[] = {
	{ VIDIOC_QUERYCAP, fill_any }, { VIDIOC_ENUM_FMT, fill_any },
	{ VIDIOC_G_FMT, fill_format }, { VIDIOC_S_FMT, fill_format },
	{ VIDIOC_TRY_FMT, fill_format }, { VIDIOC_ENUM_FRAMESIZES, fill_any },
	{ VIDIOC_ENUM_FRAMEINTERVALS, fill_any }, { VIDIOC_G_PARM, fill_parm },
	{ VIDIOC_S_PARM, fill_parm }, { VIDIOC_G_SELECTION, fill_selection },
	{ VIDIOC_S_SELECTION, fill_selection }, { VIDIOC_REQBUFS, fill_request },
	{ VIDIOC_CREATE_BUFS, fill_create }, { VIDIOC_QUERYBUF, fill_buffer },
	{ VIDIOC_PREPARE_BUF, fill_buffer }, { VIDIOC_QBUF, fill_buffer },
	{ VIDIOC_QBUF, fill_buffer }, { VIDIOC_DQBUF, fill_buffer },
	{ VIDIOC_EXPBUF, fill_export }, { VIDIOC_STREAMON, fill_type },
	{ VIDIOC_STREAMOFF, fill_type }, { VIDIOC_SUBSCRIBE_EVENT, fill_event },
	{ VIDIOC_UNSUBSCRIBE_EVENT, fill_event }, { VIDIOC_DQEVENT, fill_any },
	{ VIDIOC_QUERYCTRL, fill_control }, { VIDIOC_QUERY_EXT_CTRL, fill_control },
	{ VIDIOC_QUERYMENU, fill_control }, { VIDIOC_G_EXT_CTRLS, fill_controls },
	{ VIDIOC_S_EXT_CTRLS, fill_controls }, { VIDIOC_TRY_EXT_CTRLS, fill_controls },
	{ VIDIOC_ENUMINPUT, fill_any }, { VIDIOC_S_INPUT, fill_any }, { VIDIOC_CROPCAP, fill_any },
	{ PUCK_CAM_IOC_OUT_FENCE, fill_fence },
};

static const struct call pad_calls[] = {
	{ VIDIOC_SUBDEV_G_FMT, fill_pad_format }, { VIDIOC_SUBDEV_S_FMT, fill_pad_format },
	{ VIDIOC_SUBDEV_S_FMT, fill_pad_format }, { VIDIOC_SUBDEV_ENUM_MBUS_CODE, fill_any },
	{ VIDIOC_SUBDEV_ENUM_FRAME_SIZE, fill_any }, { VIDIOC_SUBDEV_ENUM_FRAME_INTERVAL, fill_any },
	{ VIDIOC_SUBDEV_G_FRAME_INTERVAL, fill_interval },
	{ VIDIOC_SUBDEV_S_FRAME_INTERVAL, fill_interval },
	{ VIDIOC_SUBDEV_G_SELECTION, fill_pad_selection },
	{ VIDIOC_SUBDEV_S_SELECTION, fill_pad_selection }, { VIDIOC_SUBSCRIBE_EVENT, fill_event },
	{ VIDIOC_UNSUBSCRIBE_EVENT, fill_event }, { VIDIOC_DQEVENT, fill_any },
	{ VIDIOC_QUERY_EXT_CTRL, fill_control }, { VIDIOC_G_EXT_CTRLS, fill_controls },
	{ VIDIOC_S_EXT_CTRLS, fill_controls }, { VIDIOC_TRY_EXT_CTRLS, fill_controls },
};

/* What a call left behind: files, and memory of the camera's. */
static void tidy(unsigned long request, const void *arg)
{
	struct cam_stream all = { .cam = &cam, .memory = V4L2_MEMORY_MMAP };

	if (request == VIDIOC_EXPBUF)
		close(((const struct v4l2_exportbuffer *)arg)->fd);
	if (request == PUCK_CAM_IOC_OUT_FENCE)
		close(((const struct puck_cam_out_fence *)arg)->fd);
	if (request == VIDIOC_REQBUFS)
		buffers = ((const struct v4l2_requestbuffers *)arg)->count;
	if (request == VIDIOC_CREATE_BUFS)
		buffers += ((const struct v4l2_create_buffers *)arg)->count;
	if (buffers > BUFFERS) {
		cam_off(&all);
		cam_free(&all);
		buffers = 0;
	}
}

/* A stream that runs, in any kind of memory and with any fences, for the calls that follow. */
static void revive(void)
{
	struct cam_stream all = { .cam = &cam, .memory = V4L2_MEMORY_MMAP }, stream;

	cam_off(&all);
	cam_free(&all);
	cam_set(cam.sensor, V4L2_CID_PUCK_CAM_SINGLE_STEP, one_in(4));
	cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, below(PUCK_CAM_FENCES_ALL + 1));
	cam_set_rate(&cam, 240);
	if (cam_set_all(&stream, &cam, "GREY", 64, 48))
		return;
	if (one_in(2) ? cam_alloc_mmap(&stream, 3) : cam_alloc_user(&stream, 3, 0))
		return;
	buffers = stream.count;
	revived += !cam_queue_all(&stream) && !cam_on(&stream);
	/* What is of user space has to stay, and is of the arena's kind: small. */
	if (stream.memory == V4L2_MEMORY_MMAP)
		cam_unmap(&stream);
}

/* What ends a stream, which should not be so soon. */
static bool is_final(unsigned long request)
{
	return request == VIDIOC_REQBUFS || request == VIDIOC_STREAMOFF;
}

/* Returns whether the call was good. */
static bool one_call(void)
{
	bool node = below(3);
	const struct call *call = node ? &node_calls[below(ARRAY_SIZE(node_calls))] :
				  &pad_calls[below(ARRAY_SIZE(pad_calls))];
	int fd = node ? cam.fd : one_in(2) ? cam.sensor : cam.bridge;
	/* The longest argument is shorter. */
	static uint64_t arg[128];
	unsigned long request = call->request;
	int ret;

	if (one_in(100))
		revive();
	if (is_final(request) && !one_in(4))
		return false;
	memset(arg, 0, sizeof(arg));
	call->fill(arg);
	if (one_in(50))
		request = _IOC(_IOC_READ | _IOC_WRITE, 'V', below(256), below(sizeof(arg)));
	ret = cam_call(fd, request, arg);
	if (!ret && request == call->request)
		tidy(request, arg);
	/* A frame that was asked for is one that may have come. */
	if (one_in(200))
		usleep(10000);
	return !ret;
}

/* All as it was, as far as this program has changed it, and a frame. */
static bool still_works(void)
{
	struct cam_stream all = { .cam = &cam, .memory = V4L2_MEMORY_MMAP }, stream;
	struct cam_frame frame;
	struct cam_found found;
	bool good;

	cam_off(&all);
	cam_free(&all);
	cam_set(cam.sensor, V4L2_CID_PUCK_CAM_SINGLE_STEP, 0);
	cam_set(cam.sensor, V4L2_CID_PUCK_CAM_STAMP, 1);
	cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, 0);
	good = !cam_set_rate(&cam, 60) && !cam_set_all(&stream, &cam, "NV12", 320, 180) &&
	       !cam_alloc_mmap(&stream, 3) && !cam_queue_all(&stream) && !cam_on(&stream) &&
	       !cam_dequeue(&stream, &frame) && cam_verify(&stream, frame.index, &found);
	cam_off(&stream);
	return !cam_free(&stream) && good;
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	unsigned long calls = argc > 2 ? strtoul(argv[2], NULL, 0) : 5000;
	unsigned long i, good = 0;

	ktap_begin();
	ktap_need(calls, "a number of calls");
	state = seed;
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ktap_need(arena != MAP_FAILED && !cam_open(&cam, ""), "a puck-cam");
	for (i = 0; i < calls; i++) {
		good += one_call();
		progress("%lu of %lu calls, %lu of them good", i, calls, good);
	}
	/* Were all refused, nothing would have been tried. */
	ktap_ok(good > calls / 20 && revived > calls / 1000,
		"%lu calls of seed %lu, %lu of them good, %lu streams", calls, seed, good, revived);
	ktap_ok(still_works(), "a frame comes afterwards");
	cam_close(&cam);
	return ktap_end();
}
