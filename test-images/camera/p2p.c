// SPDX-License-Identifier: MIT
/*
 * Frames in the VRAM of a GPU, which the camera writes there by DMA from device to device, where
 * the way between them allows that; where it does not they are in system memory. The GPU and the
 * CPU read them, and whatever becomes of the VRAM meanwhile, no frame is somewhere else.
 *
 *	camera_p2p GPU CAMERA peer [OTHER]
 *	camera_p2p GPU CAMERA system
 *
 * By their PCI addresses, and what is expected of the way between them. OTHER is a GPU that does
 * not reach the first one's VRAM. The first GPU has more VRAM than BAR 2 shows.
 */
#include <pthread.h>
#include <stdatomic.h>

#include <linux/puck_cam.h>

#include "lib/base/dmabuf.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/sleep.h"
#include "lib/camera/mischief.h"
#include "lib/camera/stream.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/job.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/region.h"
#include "lib/gpu/side.h"
#include "lib/share/frames.h"
#include "lib/share/hops.h"

#define WIDTH	320
#define HEIGHT	180
#define BUFFERS	4
#define FRAMES	20	/* in a row */
#define LATE_NS	(100 * NSEC_PER_MSEC)
#define BOTH	(BO_VRAM | BO_SYSTEM)

static struct cam cam;
static struct puck gpu;
static struct cam_stream stream;

/* vb2 makes two buffers at least. */
static void begin_as(const char *format, uint32_t placements, uint32_t count, uint32_t fences)
{
	frames.placements = placements;
	ktap_need(!cam_set_all(&stream, &cam, format, WIDTH, HEIGHT) && !cam_set_rate(&cam, 60) &&
		  !cam_alloc_dmabuf(&stream, count, frames_make) &&
		  !cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, fences), "buffers");
}

static void begin(uint32_t placements, uint32_t count, uint32_t fences)
{
	begin_as("NV12", placements, count, fences);
}

/* The camera lets go of them. */
static void stop(void)
{
	cam_off(&stream);
	cam_set(cam.fd, V4L2_CID_PUCK_CAM_FENCES, 0);
	cam_free(&stream);
}

static void end(const char *what)
{
	stop();
	ktap_ok(!frames_pinned() && !puck_sum(&gpu, "mapped"), "%s: the camera has let go of all",
		what);
	frames_close();
	/* The copy is one. */
	ktap_ok(puck_count_becomes(&gpu, "bos", "bo ", 1), "%s: no BO is left", what);
}

/* All are in VRAM, pinned there and mapped for the camera. */
static bool are_lent(void)
{
	return frames_are_in(DRM_PUCK_REGION_VRAM) && frames_pinned() == frames.made &&
	       puck_sum(&gpu, "peer") == frames.made;
}

/* Nothing of a frame before may pass for this one. */
static void spoil(unsigned int index)
{
	memset(stream.buf[index].map[0], 0x77, stream.size[0]);
}

static bool queue_all(void)
{
	unsigned int i;

	for (i = 0; i < stream.count; i++)
		spoil(i);
	return !cam_queue_all(&stream);
}

/* The next frame is a whole picture for the CPU. */
static bool next_frame(struct cam_frame *frame)
{
	struct cam_found found;

	return !cam_dequeue(&stream, frame) && !(frame->flags & V4L2_BUF_FLAG_ERROR) &&
	       cam_verify(&stream, frame->index, &found);
}

/* And for the GPU. */
static bool gpu_sees(unsigned int index)
{
	frames_copy_begin();
	return fence_result(frames_copy(&frames.bo[index], 0, 0), FOREVER_MS) == 1 &&
	       frames_copy_is_good();
}

/* So many in a row, each of whose buffers goes back to the camera. */
static bool frames_come(unsigned int count)
{
	struct cam_frame frame;
	bool good = true;

	while (good && count--) {
		good = next_frame(&frame) && gpu_sees(frame.index);
		if (good) {
			spoil(frame.index);
			good = !cam_queue(&stream, frame.index);
		}
	}
	return good;
}

/* ---- where they are ---- */

static void test_place(const char *what, uint32_t placements)
{
	begin(placements, BUFFERS, 0);
	ktap_ok(frames_are_in(DRM_PUCK_REGION_VRAM) && !frames_pinned(), "%s: in VRAM", what);
	ktap_ok(queue_all() && are_lent(), "%s: queued, they are pinned there", what);
	ktap_ok(!cam_on(&stream) && frames_come(FRAMES), "%s: %u frames, for the CPU and the GPU",
		what, FRAMES);
	ktap_ok(are_lent(), "%s: they have stayed there", what);
	stop();
	ktap_ok(!frames_pinned() && frames_go_to(DRM_PUCK_REGION_VRAM), "%s: the GPU's again", what);
	end(what);
}

/* The GPU is told to read as soon as a buffer is queued, and the camera waits for the GPU. */
static void test_fences(void)
{
	struct cam_found found;
	struct cam_frame frame;
	unsigned int i, good = 0;
	int fence;

	begin(BOTH, 2, PUCK_CAM_FENCES_IN | PUCK_CAM_FENCES_OUT_IMPLICIT);
	ktap_need(!cam_on(&stream), "fences: a stream");
	for (i = 0; i < FRAMES; i++) {
		frames_copy_begin();
		spoil(i % 2);
		if (cam_queue(&stream, i % 2))
			break;
		fence = frames_copy(&frames.bo[i % 2], 0, 0);
		if (fence_result(fence, FOREVER_MS) != 1 || cam_dequeue(&stream, &frame))
			break;
		good += frames_copy_is_good() && cam_verify(&stream, i % 2, &found) &&
			found.frame == frame.sequence;
	}
	ktap_ok(good == FRAMES && are_lent(), "fences: %u whole frames in the GPU's copy", good);
	end("fences");
}

/* They go to VRAM when they are queued, by a job that is late: the camera is not before it. */
static void test_late(void)
{
	struct drm_puck_region region;
	struct bo crowd;

	begin(BO_VRAM, 2, 0);
	ktap_need(!region_get(gpu.fd, DRM_PUCK_REGION_VRAM, &region) &&
		  !bo_create_in(gpu.fd, &crowd, region.size, BO_VRAM, 0, 0), "late: a crowd");
	bo_close(gpu.fd, &crowd);
	ktap_ok(frames_are_in(DRM_PUCK_REGION_SYSTEM), "late: driven out of VRAM");
	puck_set_all(&gpu, gpu.rings, "start_delay_ns", LATE_NS);
	ktap_need(!cam_on(&stream), "late: a stream");
	ktap_ok(queue_all() && are_lent(), "late: back in VRAM, and pinned");
	ktap_ok(frames_come(1), "late: and the frame is not overwritten by what comes there");
	puck_set_all(&gpu, gpu.rings, "start_delay_ns", 0);
	end("late");
}

/* Hops 2 and 3, and the end: docs/dataflow.rst, "Sharing". */
static void test_follow(void)
{
	unsigned long long number;
	FILE *trace;

	if (access(TRACING "events/puck_cam", F_OK)) {
		ktap_skip("no trace points", "follow");
		return;
	}
	hop_trace("puck_cam", "import", true);
	hop_trace("puck", "map", true);
	hop_trace("puck", "unmap", true);
	begin(BOTH, 2, 0);
	number = dmabuf_number(stream.buf[0].dmabuf[0]);
	ktap_need(!cam_queue_all(&stream), "follow: queue");
	stop();
	hop_trace("puck_cam", "import", false);
	hop_trace("puck", "map", false);
	hop_trace("puck", "unmap", false);
	trace = fopen(TRACING "trace", "r");
	ktap_need(trace, "follow: trace");
	ktap_ok(hop_comes(trace, "import", cam.pci, number) &&
		hop_comes(trace, "map", cam.pci, number) &&
		hop_comes(trace, "unmap", cam.pci, number),
		"follow: dma-buf %llu is imported, mapped, and goes", number);
	fclose(trace);
	end("follow");
}

/* ---- others want VRAM, or cannot see it ---- */

static void test_crowd(void)
{
	struct drm_puck_region region;
	struct bo crowd;
	int ret;

	begin(BOTH, BUFFERS, 0);
	ktap_need(!region_get(gpu.fd, DRM_PUCK_REGION_VRAM, &region) && queue_all() &&
		  are_lent() && !cam_on(&stream), "crowd: a stream");
	ret = bo_create_in(gpu.fd, &crowd, region.size, BO_VRAM, 0, 0);
	ktap_ok(ret == -ENOSPC, "crowd: who wants all of VRAM does not get it (%d)", ret);
	ktap_ok(frames_come(FRAMES) && are_lent(), "crowd: and frames go on there");
	stop();
	ktap_ok(!bo_create_in(gpu.fd, &crowd, region.size, BO_VRAM, 0, 0) &&
		!bo_close(gpu.fd, &crowd), "crowd: behind the stream he does");
	end("crowd");
}

/* More than BAR 2 shows: what is not to be had is refused, and the rest is as it was. */
static void test_full(void)
{
	unsigned int i;
	int ret = 0;

	begin(BO_VRAM, FRAMES_MAX, 0);
	for (i = 0; !ret && i < FRAMES_MAX; i++) {
		spoil(i);
		ret = cam_queue(&stream, i);
	}
	ktap_ok(ret == -ENOSPC && i > 1, "bad_full: the %uth buffer finds no room (%d)", i, ret);
	ktap_ok(frames_pinned() == i - 1, "bad_full: those before it are there");
	ktap_ok(!cam_on(&stream) && frames_come(FRAMES), "bad_full: and frames go on");
	end("bad_full");
}

static void test_other(const char *pci)
{
	struct puck other;
	struct bo import;
	int dmabuf, ret;

	ktap_need(!puck_open_pci(&other, pci), "other: %s", pci);
	begin(BOTH, BUFFERS, 0);
	ktap_need(queue_all() && are_lent() && !cam_on(&stream), "other: a stream");
	ret = bo_import(other.fd, &import, stream.buf[0].dmabuf[0], stream.size[0]);
	ktap_ok(ret == -EBUSY, "bad_other: who does not see VRAM is told (%d)", ret);
	ktap_ok(frames_come(FRAMES) && are_lent(), "other: frames go on");
	dmabuf = bo_export(gpu.fd, &frames.bo[0]);
	stop();
	ktap_ok(!bo_import(other.fd, &import, dmabuf, stream.size[0]) &&
		bo_region(gpu.fd, &frames.bo[0]) == DRM_PUCK_REGION_SYSTEM,
		"other: behind the stream he has it, in system memory");
	close(dmabuf);
	bo_close(other.fd, &import);
	end("other");

	begin(BOTH, 2, 0);
	ktap_need(!bo_import(other.fd, &import, stream.buf[0].dmabuf[0], stream.size[0]),
		  "other: import");
	ktap_ok(queue_all() && frames_pinned() == 2 &&
		bo_region(gpu.fd, &frames.bo[0]) == DRM_PUCK_REGION_SYSTEM &&
		bo_region(gpu.fd, &frames.bo[1]) == DRM_PUCK_REGION_VRAM,
		"other: was he there first it is pinned in system memory");
	ktap_ok(!cam_on(&stream) && frames_come(FRAMES), "other: and frames come there");
	bo_close(other.fd, &import);
	end("other, first");
	close(other.fd);
}

static void test_short(void)
{
	int dmabuf;

	begin(BOTH, 2, 0);
	frames.placements = BOTH;
	dmabuf = stream.buf[0].dmabuf[0];
	stream.buf[0].dmabuf[0] = frames_make(4096);
	ktap_ok(cam_queue(&stream, 0) == -EFAULT && !frames_pinned(), "bad_short");
	close(stream.buf[0].dmabuf[0]);
	stream.buf[0].dmabuf[0] = dmabuf;
	ktap_ok(queue_all() && !cam_on(&stream) && frames_come(1), "short: another one will do");
	end("short");
}

/* ---- VRAM goes away, for a while or for good ---- */

static atomic_bool flr_over;

static void *flr_thread(void *arg)
{
	int ret = puck_flr(arg);

	atomic_store(&flr_over, true);
	return (void *)(intptr_t)ret;
}

/*
 * With fences some buffers wait for their turn, and come back with an error. Without, the one that
 * is being queued while its memory goes may, and no other.
 */
static void test_flr(const char *what, uint32_t fences)
{
	unsigned int count = 0, lost = 0;
	struct cam_frame frame = { 0 };
	struct cam_found found;
	pthread_t thread;
	bool good = true;
	void *result;

	begin(BOTH, BUFFERS, fences);
	ktap_need(queue_all() && are_lent() && !cam_on(&stream) && frames_come(1), "%s: a stream",
		  what);
	atomic_store(&flr_over, false);
	ktap_need(!pthread_create(&thread, NULL, flr_thread, &gpu), "a thread");
	do {
		good = !cam_dequeue(&stream, &frame);
		if (good && frame.flags & V4L2_BUF_FLAG_ERROR)
			lost++;
		else
			good = good && cam_verify(&stream, frame.index, &found);
		spoil(frame.index);
		good = good && !cam_queue(&stream, frame.index);
		count++;
	} while (good && !atomic_load(&flr_over));
	pthread_join(thread, &result);
	ktap_ok(good && !result && (fences || lost <= 1), "%s: %u frames, %u with an error", what, count,
		lost);
	stop();
	ktap_ok(frames_go_to(DRM_PUCK_REGION_VRAM), "%s: back in VRAM", what);
	end(what);
}

/* What is in VRAM would be lost. */
static void test_sleep(void)
{
	int ret;

	if (!can_sleep()) {
		ktap_skip("no pm_test in this kernel", "sleep");
		return;
	}
	begin(BOTH, BUFFERS, 0);
	ktap_need(queue_all() && are_lent() && !cam_on(&stream), "sleep: a stream");
	ret = sleep_and_wake(0);
	ktap_ok(ret == -EBUSY, "bad_sleep: not with VRAM that is pinned (%d)", ret);
	ktap_ok(frames_come(FRAMES) && are_lent(), "sleep: frames go on there");
	stop();
	ktap_ok(!sleep_and_wake(0), "sleep: behind the stream");
	end("sleep");
}

static int revoke_buffer(unsigned int index)
{
	char path[192], number[32];

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/revoke", gpu.pci);
	snprintf(number, sizeof(number), "%llu", dmabuf_number(stream.buf[index].dmabuf[0]));
	return write_text(path, number);
}

/* The camera has it by then: it is waited for, and that is the last frame in there. */
static void test_revoke(uint32_t fences)
{
	struct cam_frame frame;
	unsigned int i;
	bool good = true, first = false;

	begin(BOTH, 3, fences);
	ktap_need(queue_all() && are_lent() && !cam_on(&stream), "revoke: a stream");
	ktap_ok(!revoke_buffer(0) && puck_sum(&gpu, "peer") == 2, "revoke: the mapping is gone");
	for (i = 0; good && i < 3; i++) {
		good = next_frame(&frame);
		first = first || frame.index == 0;
		if (frame.index)
			good = good && !cam_queue(&stream, frame.index);
	}
	ktap_ok(good && first, "revoke: all frames are whole");
	ktap_ok(cam_queue(&stream, 0) == -ENODEV && cam_queue(&stream, 0) == -ENODEV &&
		frames_pinned() == 2, "bad_revoked");
	ktap_ok(frames_come(FRAMES) && gpu_sees(0), "revoke: others go on, the GPU still has it");
	end("revoke");
}

/* The camera does not have it yet, and does not get it. */
static void test_revoke_waiting(void)
{
	struct cam_frame frame;

	begin(BOTH, 2, 0);
	ktap_need(queue_all(), "waiting: queued");
	ktap_ok(!revoke_buffer(0) && !cam_on(&stream) && !cam_dequeue(&stream, &frame) && !frame.index &&
		frame.flags & V4L2_BUF_FLAG_ERROR, "waiting: revoked, it comes back with an error");
	ktap_ok(frames_come(FRAMES), "waiting: the other one is filled");
	end("waiting");
}

/* It has it and does nothing: the GPU does not wait for ever. */
static void test_stall(void)
{
	struct cam_frame frame;
	unsigned long rule;
	int ret;

	if (access(RULES "add", W_OK)) {
		ktap_skip("puck-mischief is not loaded", "stall");
		return;
	}
	expect_begin("puck-cam .*the camera has stalled");
	rule = cam_rule("cam.frame hold");
	begin(BOTH, 2, 0);
	ktap_need(queue_all() && !cam_on(&stream), "stall: a stream");
	ret = revoke_buffer(0);
	expect_end();
	ktap_ok(!ret, "stall: revoked (%d)", ret);
	ktap_ok(cam_dequeue(&stream, &frame) == -EIO, "stall: the stream is broken");
	cam_off(&stream);
	cam_rule_remove(rule);
	ktap_ok(cam_queue(&stream, 0) == -ENODEV && !cam_queue(&stream, 1) && !cam_on(&stream) &&
		!cam_dequeue(&stream, &frame) && !(frame.flags & V4L2_BUF_FLAG_ERROR),
		"stall: the next one is not");
	end("stall");
}

/* What was in VRAM is gone; frames that were under way come back, whatever is in them. */
static void test_unbind(const char *pci)
{
	unsigned int back = 0, refused = 0, i;
	struct cam_frame frame;

	begin(BOTH, BUFFERS, 0);
	ktap_need(queue_all() && are_lent() && !cam_on(&stream) && frames_come(1),
		  "unbind: a stream");
	ktap_ok(!write_text(PUCK_DRIVER "unbind", pci), "unbind: in the middle of it");
	for (i = 0; i < BUFFERS; i++) {
		back += !cam_dequeue(&stream, &frame);
		refused += cam_queue(&stream, frame.index) == -ENODEV;
	}
	ktap_ok(back == BUFFERS && refused == BUFFERS,
		"unbind: %u buffers come back, %u are refused then", back, refused);
	stop();
	frames_close();
	bo_close(gpu.fd, &frames.copy);
	close(gpu.fd);
	ktap_ok(!write_text(PUCK_DRIVER "bind", pci) && puck_open_soon(&gpu, pci) &&
		!bo_create(gpu.fd, &frames.copy, WIDTH * HEIGHT * 4), "unbind: bound again");
	test_place("unbind", BOTH);
}

/* ---- no way between them ---- */

static void test_no_way(void)
{
	begin(BOTH, BUFFERS, 0);
	ktap_ok(queue_all() && frames_pinned() == BUFFERS &&
		frames_are_in(DRM_PUCK_REGION_SYSTEM) && !puck_sum(&gpu, "peer"),
		"no way: pinned in system memory");
	ktap_ok(!cam_on(&stream) && frames_come(FRAMES), "no way: %u frames", FRAMES);
	end("no way");
	begin(BO_VRAM, 2, 0);
	ktap_ok(cam_queue(&stream, 0) == -EOPNOTSUPP && cam_queue(&stream, 0) == -EOPNOTSUPP &&
		frames_are_in(DRM_PUCK_REGION_VRAM), "bad_vram: what may be in VRAM alone");
	end("bad_vram");
	/* Of two planes, neither of which is to be had. */
	begin_as("NV12M", BO_VRAM, 2, 0);
	ktap_ok(cam_queue(&stream, 0) == -EOPNOTSUPP, "bad_planes");
	end("bad_planes");
}

static void test_peer(const char *pci, const char *other)
{
	test_place("both", BOTH);
	test_place("alone", BO_VRAM);
	test_fences();
	test_late();
	test_follow();
	test_crowd();
	test_full();
	test_short();
	if (other)
		test_other(other);
	test_flr("flr", 0);
	test_flr("flr, fences", PUCK_CAM_FENCES_ALL);
	test_sleep();
	test_revoke(0);
	test_revoke(PUCK_CAM_FENCES_ALL);
	test_revoke_waiting();
	test_stall();
	test_unbind(pci);
}

int main(int argc, char **argv)
{
	ktap_begin();
	sharing_begin();
	ktap_need(argc > 3, "two PCI addresses, peer or system");
	ktap_need(!puck_open_pci(&gpu, argv[1]) && !cam_open(&cam, argv[2]), "a GPU and a camera");
	frames.gpu = &gpu;
	frames.stream = &stream;
	ktap_need(!bo_create(gpu.fd, &frames.copy, WIDTH * HEIGHT * 4), "a copy");
	if (!strcmp(argv[3], "peer"))
		test_peer(argv[1], argc > 4 ? argv[4] : NULL);
	else
		test_no_way();
	bo_close(gpu.fd, &frames.copy);
	sharing_end();
	return ktap_end();
}
