// SPDX-License-Identifier: MIT
/*
 * What ends or interrupts a stream from outside: the driver unbound, the device pulled out,
 * the machine asleep. Each buffer comes back, open files say so, and it works again afterwards.
 * While the device goes, other threads call its sub-devices all the time.
 *
 *	camera_life [N [sleep|lent|unbind|unplug]]	each of it, or this alone, N times (3)
 */
#include <pthread.h>

#include "lib/base/array.h"
#include "lib/base/dma_debug.h"
#include "lib/base/dmabuf.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/life.h"
#include "lib/base/progress.h"
#include "lib/base/sleep.h"
#include "lib/base/text_file.h"
#include "lib/camera/stream.h"

#define WIDTH	320
#define HEIGHT	180
#define DRIVER	"/sys/bus/pci/drivers/puck-cam/"

/* Where tests.list has it, and how it comes back. */
#define DEVICE_DEL	"device_del {\"id\": \"cam0\"}"
#define DEVICE_ADD	"device_add {\"driver\": \"puck-cam\", \"id\": \"cam0\", \"bus\": \"rp2\"}"

static struct cam cam;
static struct cam_stream stream;

static bool start(void)
{
	struct cam_frame frame;

	return !cam_open(&cam, "") && !cam_set_rate(&cam, 60) &&
	       !cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) && !cam_alloc_mmap(&stream, 3) &&
	       !cam_queue_all(&stream) && !cam_on(&stream) && !cam_dequeue(&stream, &frame) &&
	       !cam_queue(&stream, frame.index);
}

/* Nodes go one after the other: waits until @call says that its one is gone. */
static bool gone(int (*call)(void))
{
	unsigned int looks = 0;
	int ret;

	do {
		ret = call();
	} while (ret != -ENODEV && patient(&looks));
	return ret == -ENODEV;
}

static int call_capture(void)
{
	struct cam_frame frame;
	int ret = cam_try_dequeue(&stream, &frame);

	return ret ? ret : cam_queue(&stream, frame.index);
}

static int call_sensor(void)
{
	return cam_set(cam.sensor, V4L2_CID_VFLIP, 1);
}

static int call_bridge(void)
{
	struct v4l2_subdev_format format = { .which = V4L2_SUBDEV_FORMAT_ACTIVE };

	return cam_call(cam.bridge, VIDIOC_SUBDEV_G_FMT, &format);
}

static int (* const callers[])(void) = { call_sensor, call_bridge };
static pthread_t threads[ARRAY_SIZE(callers)];

/* Calls a sub-device again and again until it is gone, and leaves others some of the CPU. */
static void *caller(void *arg)
{
	int (*call)(void) = *(int (* const *)(void))arg;

	while (call() != -ENODEV)
		usleep(100);
	return NULL;
}

static bool call_on(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(callers); i++)
		if (pthread_create(&threads[i], NULL, caller, (void *)&callers[i]))
			return false;
	return true;
}

/* A stream whose nodes are gone: what its files and its memory still do. */
static bool ended(void)
{
	bool good = gone(call_capture) && gone(call_sensor) && gone(call_bridge) &&
		    cam_on(&stream) == -ENODEV && cam_off(&stream) == -ENODEV;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);

	/* Memory that is mapped stays. */
	stream.buf[0].map[0][0] = 0x77;
	good = good && stream.buf[0].map[0][0] == 0x77;
	cam_unmap(&stream);
	cam_close(&cam);
	return good;
}

/*
 * Memory of vb2 that a program has mapped is mapped for the device as well until the program
 * lets go of it, whatever becomes of the driver (docs/findings.rst). DMA_API_DEBUG says so, once.
 */
static void leaving_begin(void)
{
	expect_begin("pending DMA allocations while released|dma_debug_device_change|DMA-API: Mapped at:");
}

static void test_unbind(unsigned int times)
{
	unsigned int i;
	char pci[32];

	leaving_begin();
	for (i = 0; i < times; i++) {
		progress("unbound %u times of %u", i, times);
		if (!start() || !call_on())
			break;
		snprintf(pci, sizeof(pci), "%s", cam.pci);
		if (write_text(DRIVER "unbind", pci) || !ended() || write_text(DRIVER "bind", pci))
			break;
	}
	expect_end();
	ktap_ok(i == times, "unbound %u times in the midst of a stream", i);
}

/* QEMU lets go of the device a moment after the guest did, and refuses its name until then. */
static bool plug(void)
{
	unsigned int looks = 0;
	struct cam there;

	do {
		if (looks % 50 == 0)
			printf("puck-host: %s\n", DEVICE_ADD);
		if (!cam_open(&there, "")) {
			cam_close(&there);
			return true;
		}
	} while (patient(&looks));
	return false;
}

static void test_unplug(unsigned int times)
{
	unsigned int i;

	leaving_begin();
	for (i = 0; i < times; i++) {
		progress("pulled out %u times of %u", i, times);
		if (!start() || !call_on())
			break;
		printf("puck-host: %s\n", DEVICE_DEL);
		if (!ended() || !plug())
			break;
	}
	expect_end();
	ktap_ok(i == times, "pulled out %u times in the midst of a stream", i);
}

/* The stream goes on: buffers, their order, and numbers that do not begin again. */
static void test_sleep(unsigned int times)
{
	struct cam_found found;
	struct cam_frame frame;
	uint32_t last = 0;
	unsigned int i, n;
	int ret = 0;

	if (!can_sleep()) {
		ktap_skip("no pm_test in this kernel", "sleep");
		return;
	}
	ktap_need(start(), "sleep: a stream");
	for (i = 0; i < times; i++) {
		progress("slept %u times of %u", i, times);
		ret = sleep_and_wake(1);
		for (n = 0; !ret && n < 4; n++) {
			ret = cam_dequeue(&stream, &frame);
			/* The one that was under way is no picture, and says so. */
			if (!ret && !(frame.flags & V4L2_BUF_FLAG_ERROR) &&
			    (!cam_verify(&stream, frame.index, &found) || frame.sequence <= last))
				ret = -EBADMSG;
			last = frame.sequence;
			if (!ret)
				ret = cam_queue(&stream, frame.index);
		}
		if (ret)
			break;
	}
	ktap_ok(i == times, "slept %u times in the midst of a stream (%d)", i, ret);
	cam_off(&stream);
	cam_free(&stream);
	cam_close(&cam);
}

/* A stream into memory of others. */
static int start_lent(void)
{
	struct cam_frame frame;
	int ret;

	if (cam_open(&cam, "") || cam_set_rate(&cam, 60) ||
	    cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT))
		return -EIO;
	ret = cam_alloc_dmabuf(&stream, 3, make_udmabuf);
	if (ret)
		return ret;
	return cam_queue_all(&stream) || cam_on(&stream) || cam_dequeue(&stream, &frame) ? -EIO : 0;
}

/* What vb2 has mapped of others goes with the driver, whoever has files open. */
static void test_lent(unsigned int times)
{
	int ret = 0, mappings = 0;
	unsigned int i;
	char pci[32];

	for (i = 0; i < times; i++) {
		progress("lent %u times of %u", i, times);
		ret = start_lent();
		snprintf(pci, sizeof(pci), "%s", cam.pci);
		if (ret || write_text(DRIVER "unbind", pci)) {
			cam_close(&cam);
			break;
		}
		mappings = dma_debug_mappings(pci);
		cam_unmap(&stream);
		cam_close(&cam);
		if (write_text(DRIVER "bind", pci) || mappings)
			break;
	}
	if (ret == -ENODEV || mappings == -ENOENT) {
		ktap_skip(ret ? "no udmabuf" : "no DMA_API_DEBUG", "lent");
		return;
	}
	ktap_ok(i == times, "lent %u times, and nothing is mapped behind the driver (%d, %d)", i,
		ret, mappings);
}

static void unplug_if_known(unsigned int times)
{
	if (!cam_open(&cam, "") && !strncmp(cam.pci, "0000:02:", 8)) {
		cam_close(&cam);
		test_unplug(times);
	} else {
		ktap_skip("the camera is not where this test knows it", "pulled out");
	}
}

static const struct life_event events[] = {
	{ .name = "sleep", .test = test_sleep },
	{ .name = "lent", .test = test_lent },
	{ .name = "unbind", .test = test_unbind },
	{ .name = "unplug", .test = unplug_if_known },
};

int main(int argc, char **argv)
{
	unsigned int times = argc > 1 ? (unsigned int)atoi(argv[1]) : 3;
	char line[512];
	int log;

	ktap_begin();
	ktap_need(times, "a number of times");
	log = log_open();
	life_run(events, ARRAY_SIZE(events), times, argc > 2 ? argv[2] : NULL,
		 "sleep, lent, unbind, unplug");
	/* A kernel that counts (CONFIG_VIDEO_ADV_DEBUG) has found nothing that does not match. */
	ktap_ok(!log_has(log, "unbalanced", line, sizeof(line)), "vb2's counts match %s", line);
	return ktap_end();
}
