// SPDX-License-Identifier: MIT
/*
 * Fences between the camera and a GPU that share buffers (docs/v4l2-fences.rst): the camera
 * waits for those who read, those who read wait for the camera, and no fence of the camera's
 * is there that could stay for ever.
 */
#include "lib/base/ktap.h"
#include "lib/base/kernel_log.h"
#include "lib/base/dmabuf.h"
#include "lib/camera/mischief.h"
#include "lib/camera/stream.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"

#define WIDTH	320
#define HEIGHT	180
#define BUFFERS	5
#define DEPTH	3	/* PUCK_CAM_FENCED_DEPTH of the driver */

static struct cam cam;
static struct puck gpu;
static struct cam_stream stream;
static struct bo there[BUFFERS];	/* the stream's buffers, as the GPU knows them */
static struct bo copy;

static void set_up(uint32_t fences, uint32_t rate)
{
	struct v4l2_event event;

	/* Frames of the stream before are not meant. */
	while (!cam_call(cam.bridge, VIDIOC_DQEVENT, &event))
		;
	ktap_need(!cam_set_rate(&cam, rate) && !cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, fences),
		  "fences %#x", fences);
}

static void tear_down(void)
{
	cam_off(&stream);
	cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, 0);
}

/* No frame ends until the rule goes. Its number, or 0 without puck-mischief.ko. */
static unsigned long hold_frames(void)
{
	return access(RULES "add", W_OK) ? 0 : cam_rule("cam.frame hold");
}

static void let_frames_go(unsigned long rule)
{
	if (rule)
		cam_rule_remove(rule);
}

/* The status of what a reader of a buffer would have to wait for. */
static int writers(unsigned int index)
{
	int fence = dmabuf_writers(stream.buf[index].dmabuf[0]);
	int status = fence < 0 ? fence : fence_status(fence);

	if (fence >= 0)
		close(fence);
	return status;
}

/* The GPU copies a buffer; returns the job's fence. */
static int read_by_gpu(unsigned int index)
{
	struct drm_puck_bo_ref refs[] = { ref_read(&there[index]), ref_write(&copy) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, stream.size[0]);
	struct drm_puck_submit args = job(gpu.queue[0], refs, 2, &cmd, 1);

	return submit_fd(gpu.fd, &args);
}

/* What the GPU has copied is a whole picture. */
static bool copied(struct cam_found *found)
{
	const uint8_t *planes[CAM_PLANES];

	bo_wait(gpu.fd, &copy, 0, FOREVER_NS);
	planes[0] = copy.map;
	planes[1] = copy.map + cam_plane_bytes(&stream.layout, 0);
	cam_check(&stream.layout, planes, found);
	return cam_good(found);
}

/* Waits until frame @number has begun. */
static bool frame_begins(uint32_t number)
{
	struct v4l2_event event = { 0 };
	unsigned int looks = 0;

	do {
		if (!cam_call(cam.bridge, VIDIOC_DQEVENT, &event) &&
		    event.u.frame_sync.frame_sequence >= number)
			return true;
	} while (patient(&looks));
	return false;
}

/* Off unless asked for: nobody's reader waits. */
static void test_off(void)
{
	set_up(0, 1);
	ktap_need(!cam_queue_all(&stream) && !cam_on(&stream), "off: a stream");
	ktap_ok(writers(0) == 1, "off: a buffer of the camera has no fence");
	tear_down();
}

/* The camera waits for the GPU, which reads the first buffer. */
static void test_in(void)
{
	struct cam_frame frame;
	int fence, ret;

	set_up(PUCK_CAM_FENCES_IN, 60);
	puck_set(&gpu, 0, "hold", 1);
	fence = read_by_gpu(0);
	ktap_need(fence >= 0, "in: the GPU reads");
	memset(stream.buf[0].map[0], 0x77, stream.size[0]);
	ret = cam_queue_all(&stream);
	ktap_ok(!ret && !cam_on(&stream), "in: QBUF does not wait (%d)", ret);
	ktap_ok(frame_begins(3) && cam_try_dequeue(&stream, &frame) == -EAGAIN,
		"in: frames are dropped meanwhile");
	ktap_ok(stream.buf[0].map[0][0] == 0x77, "in: nothing was written");
	puck_set(&gpu, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "in: the GPU has read");
	ret = cam_dequeue(&stream, &frame);
	ktap_ok(!ret && frame.index == 0 && frame.sequence >= 3,
		"in: the buffer is the first one all the same, as frame %u", frame.sequence);
	tear_down();
}

/* Stopped while it waits: no callback is left in the GPU's fence. */
static void test_in_stop(void)
{
	int fence;

	set_up(PUCK_CAM_FENCES_IN, 60);
	puck_set(&gpu, 0, "hold", 1);
	fence = read_by_gpu(0);
	ktap_ok(!cam_queue_all(&stream) && !cam_on(&stream) && !cam_off(&stream),
		"in: stopped while it waits");
	puck_set(&gpu, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "in: the GPU has read behind that");
	tear_down();
}

/* The GPU is told to read as soon as a buffer is queued, and waits for the camera. */
static void test_implicit(void)
{
	struct cam_found found;
	unsigned int i, good = 0;
	struct cam_frame frame;
	unsigned long rule;
	int fence;

	set_up(PUCK_CAM_FENCES_IN | PUCK_CAM_FENCES_OUT_IMPLICIT, 10);
	rule = hold_frames();
	ktap_need(!cam_on(&stream), "implicit: a stream");
	ktap_need(!cam_queue(&stream, 0), "implicit: queue");
	ktap_ok(!rule || !writers(0), "implicit: a fence is there when QBUF returns");
	let_frames_go(rule);
	cam_dequeue(&stream, &frame);
	for (i = 0; i < 5; i++) {
		memset(copy.map, 0, stream.size[0]);
		bo_flush(gpu.fd, &copy);
		if (cam_queue(&stream, i % 2))
			break;
		fence = read_by_gpu(i % 2);
		if (fence_result(fence, FOREVER_MS) != 1 || !copied(&found) ||
		    cam_dequeue(&stream, &frame) || found.frame != frame.sequence)
			break;
		good++;
	}
	ktap_ok(good == 5, "implicit: %u whole frames in the GPU's copy, no wait in between", good);
	ktap_ok(writers(0) == 1, "implicit: and no fence when they are there");
	tear_down();
}

/* For longer than the driver's looks at a camera that might be stuck are apart. */
static void test_long(void)
{
	unsigned int i, good = 0;
	struct cam_frame frame;
	struct cam_found found;
	int fence;

	set_up(PUCK_CAM_FENCES_IN | PUCK_CAM_FENCES_OUT_IMPLICIT, 20);
	puck_set(&gpu, 0, "delay_ns", 30 * 1000000ll);
	ktap_need(!cam_on(&stream), "long: a stream");
	for (i = 0; i < 40; i++) {
		if (cam_queue(&stream, i % 2))
			break;
		fence = read_by_gpu(i % 2);
		if (fence < 0 || cam_dequeue(&stream, &frame) || fence_result(fence, FOREVER_MS) != 1)
			break;
		good += copied(&found) && found.frame == frame.sequence;
	}
	ktap_ok(good == 40, "long: %u whole frames of 40 in 2 s, with completions 30 ms late", good);
	puck_set(&gpu, 0, "delay_ns", 0);
	tear_down();
}

/* The fence counts for those who have it as a file; it is told when there is one. */
static void test_explicit(void)
{
	struct puck_cam_out_fence args = { .index = 0, .flags = O_CLOEXEC };
	struct v4l2_event event;
	struct puck_cam_event_armed armed;
	struct cam_found found;

	ktap_need(!cam_subscribe(cam.fd, V4L2_EVENT_PUCK_CAM_ARMED), "explicit: events");
	ktap_ok(cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args) == -ENODATA, "bad_explicit off");
	set_up(PUCK_CAM_FENCES_OUT_EXPLICIT, 10);
	ktap_need(!cam_on(&stream), "explicit: a stream");
	/* One that the camera has never had: the first ones still have their last fence. */
	args.index = BUFFERS - 1;
	ktap_ok(cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args) == -EAGAIN, "bad_explicit not queued");
	args.index = 0;
	args.flags = 1;
	ktap_ok(cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args) == -EINVAL, "bad_explicit flags");
	args.flags = O_CLOEXEC;
	args.reserved = 1;
	ktap_ok(cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args) == -EINVAL, "bad_explicit reserved");
	args.reserved = 0;

	ktap_need(!cam_queue(&stream, 0), "explicit: queue");
	ktap_ok(writers(0) == 1, "explicit: nobody else waits");
	ktap_need(!cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args), "explicit: a fence");
	ktap_ok(!cam_call(cam.fd, VIDIOC_DQEVENT, &event) &&
		event.type == V4L2_EVENT_PUCK_CAM_ARMED &&
		(memcpy(&armed, event.u.data, sizeof(armed)), armed.index == 0) &&
		armed.number == args.number, "explicit: an event tells of it");
	ktap_ok(fence_result(args.fd, FOREVER_MS) == 1 && cam_verify(&stream, 0, &found),
		"explicit: the picture is there when it signals");
	/* It stays that of the buffer until that is queued again. */
	ktap_ok(!cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args) && fence_result(args.fd, 0) == 1,
		"explicit: once more");
	tear_down();
}

/* Those that the device has not got yet have no fence: a user may leave them so for ever. */
static void test_starved(void)
{
	struct puck_cam_out_fence args = { 0 };
	unsigned long rule = hold_frames();
	int fences[DEPTH];
	unsigned int i;
	bool ok = true;

	set_up(PUCK_CAM_FENCES_OUT_IMPLICIT | PUCK_CAM_FENCES_OUT_EXPLICIT, 1);
	ktap_need(!cam_queue_all(&stream), "starved: queue");
	for (i = 0; i < BUFFERS; i++)
		ok = ok && writers(i) == 1;
	ktap_ok(ok, "starved: no fence without a running camera");
	ktap_need(!cam_on(&stream), "starved: a stream");
	for (i = 0; i < DEPTH; i++) {
		args.index = i;
		fences[i] = cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args) ? -1 : args.fd;
		ok = ok && fences[i] >= 0 && !writers(i);
	}
	ktap_ok(ok, "starved: a fence for each one that the camera has");
	args.index = BUFFERS - 1;
	ktap_ok(writers(BUFFERS - 1) == 1 &&
		cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args) == -EAGAIN,
		"starved: none for one that waits");
	cam_off(&stream);
	for (i = 0, ok = true; i < DEPTH; i++)
		ok = fence_result(fences[i], FOREVER_MS) == -ECANCELED && ok;
	ktap_ok(ok, "starved: stopping ends them, and they say so");
	let_frames_go(rule);
	tear_down();
}

/* A camera that gets stuck. The fence ends in the time that is stated. */
static void test_stall(void)
{
	struct puck_cam_out_fence args = { 0 };
	struct cam_frame frame;
	unsigned long rule;
	int ret;

	rule = hold_frames();
	if (!rule) {
		ktap_skip("puck-mischief is not loaded", "stall");
		return;
	}
	expect_begin("puck-cam .*the camera has stalled");
	set_up(PUCK_CAM_FENCES_OUT_EXPLICIT, 60);
	ktap_need(!cam_queue(&stream, 0) && !cam_on(&stream) &&
		  !cam_call(cam.fd, PUCK_CAM_IOC_OUT_FENCE, &args), "stall: a fence");
	ret = fence_result(args.fd, FOREVER_MS);
	expect_end();
	ktap_ok(ret == -ETIMEDOUT, "stall: the fence ends with an error (%d)", ret);
	ktap_ok(cam_dequeue(&stream, &frame) == -EIO, "stall: the stream is broken");
	cam_off(&stream);
	let_frames_go(rule);
	ktap_ok(!cam_queue(&stream, 0) && !cam_on(&stream) && !cam_dequeue(&stream, &frame) &&
		!(frame.flags & V4L2_BUF_FLAG_ERROR), "stall: and the next one is not");
	tear_down();
}

/* Memory of the camera's, exported: a reader of the export is waited for, too. */
static void test_exported(void)
{
	struct cam_stream own;
	struct cam_frame frame;
	struct bo import;
	struct drm_puck_bo_ref refs[2];
	struct drm_puck_cmd cmd;
	struct drm_puck_submit args;
	int dmabuf, again, fence, status;
	unsigned long rule;

	ktap_need(!cam_set_all(&own, &cam, "NV12", WIDTH, HEIGHT) && !cam_alloc_mmap(&own, 1),
		  "exported: a buffer");
	dmabuf = cam_export(&own, 0, 0, O_RDWR | O_CLOEXEC);
	again = cam_export(&own, 0, 0, O_RDONLY | O_CLOEXEC);
	ktap_need(dmabuf >= 0 && again >= 0 && !bo_import(gpu.fd, &import, dmabuf, own.size[0]),
		  "exported: imported");
	set_up(PUCK_CAM_FENCES_ALL, 10);
	puck_set(&gpu, 0, "hold", 1);
	refs[0] = ref_read(&import);
	refs[1] = ref_write(&copy);
	cmd = cmd_copy(0, 0, 1, 0, own.size[0]);
	args = job(gpu.queue[0], refs, 2, &cmd, 1);
	fence = submit_fd(gpu.fd, &args);
	ktap_need(fence >= 0, "exported: the GPU reads");
	ktap_ok(!cam_queue(&own, 0) && !cam_on(&own) && frame_begins(2) &&
		cam_try_dequeue(&own, &frame) == -EAGAIN, "exported: the camera waits for the GPU");
	puck_set(&gpu, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && !cam_dequeue(&own, &frame),
		"exported: and goes on");
	rule = hold_frames();
	ktap_ok(!cam_queue(&own, 0), "exported: queued again");
	fence = dmabuf_writers(again);
	status = fence < 0 ? fence : fence_status(fence);
	let_frames_go(rule);
	ktap_ok((!rule || !status) && fence_result(fence, FOREVER_MS) == 1,
		"exported: each file of it has the camera's fence (%d)", status);
	cam_off(&own);
	bo_close(gpu.fd, &import);
	close(dmabuf);
	close(again);
	cam_free(&own);
	cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, 0);
}

int main(void)
{
	unsigned int i;

	ktap_begin();
	sharing_begin();
	ktap_need(!cam_open(&cam, "") && !puck_open_any(&gpu), "a puck-cam and a puck-gpu");
	ktap_need(!cam_subscribe(cam.bridge, V4L2_EVENT_FRAME_SYNC), "starts of frames");
	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !bo_create(gpu.fd, &copy, stream.size[0]), "a copy");
	test_exported();
	ktap_need(!cam_alloc_dmabuf(&stream, BUFFERS, make_udmabuf), "buffers");
	for (i = 0; i < BUFFERS; i++)
		ktap_need(!bo_import(gpu.fd, &there[i], stream.buf[i].dmabuf[0], stream.size[0]),
			  "buffer %u, as the GPU knows it", i);
	test_off();
	test_in();
	test_in_stop();
	test_implicit();
	test_long();
	test_explicit();
	test_starved();
	test_stall();
	for (i = 0; i < BUFFERS; i++)
		bo_close(gpu.fd, &there[i]);
	bo_close(gpu.fd, &copy);
	ktap_ok(!cam_free(&stream), "buffers go");
	sharing_end();
	return ktap_end();
}
