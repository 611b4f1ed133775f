// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long from a submission to its fence, puck-gpu at delay 0 and virtio-gpu.
 *
 * usage: bench-fence RUNS
 *
 * virtio-gpu without 3D takes no empty job: EXECBUFFER is refused, transfers
 * have no fence. The one fenced thing that user space can ask it for is
 * RESOURCE_CREATE, which also allocates a page and maps it. So there are
 * two comparisons, and puck's plain round trip beside them:
 *
 *   object  like for like as user space sees it: make an object of one page,
 *           send a command about it, wait for the fence in its dma_resv.
 *   device  like for like as the drivers see it, allocation and system calls
 *           left out: from the driver's last event before it rings the doorbell
 *           (puck_doorbell, virtio_gpu_cmd_queue) to its event when the
 *           answer is known (puck_fence_signal, virtio_gpu_cmd_response).
 *   submit  puck only: SUBMIT of a NOP to its sync_file.
 *
 * One line a run and figure: "bench: puck_object_us <median of the round trips>"
 * and so on. The two devices take turns.
 */
#include "lib/base/clock.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/driver.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "virtgpu_drm.h"

#include <errno.h>
#include <fcntl.h>

#define LOOPS		200
#define TRACING		"/sys/kernel/tracing/"
#define EVENTS		"events/puck/puck_doorbell\0events/puck/puck_fence_signal\0" \
			"events/virtio_gpu/virtio_gpu_cmd_queue\0" \
			"events/virtio_gpu/virtio_gpu_cmd_response\0"
#define FORMAT_B8G8R8X8	2
#define TARGET_2D	2

static double samples[LOOPS];
static uint32_t queue;

static void die(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	exit(1);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const char *key, int count)
{
	if (!count) {
		fprintf(stderr, "%s: nothing was measured\n", key);
		exit(1);
	}
	qsort(samples, count, sizeof(samples[0]), compare);
	printf("bench: %s %.2f\n", key, samples[count / 2]);
}

/* --- round trips --- */

/* Microseconds of one round trip; what it takes to clean up is not counted. */
static double virtio_object(int fd)
{
	struct drm_virtgpu_resource_create create = {
		.target = TARGET_2D,
		.format = FORMAT_B8G8R8X8,
		.width = 16,
		.height = 16,
		.depth = 1,
		.array_size = 1,
	};
	struct drm_virtgpu_3d_wait wait = { 0 };
	struct bo bo = { 0 };
	int64_t start = now_ns();
	int ret;

	ret = puck_call(fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create);
	wait.handle = create.bo_handle;
	if (!ret)
		ret = puck_call(fd, DRM_IOCTL_VIRTGPU_WAIT, &wait);
	start = now_ns() - start;
	if (ret)
		die("virtio-gpu", ret);

	bo.handle = create.bo_handle;
	bo_close(fd, &bo);
	return start / 1e3;
}

static double puck_object(int fd)
{
	struct drm_puck_gem_create create = {
		.size = 4096,
		.placements = 1 << DRM_PUCK_REGION_SYSTEM,
	};
	struct drm_puck_cmd cmd = cmd_nop();
	struct drm_puck_bo_ref ref = { .flags = DRM_PUCK_REF_WRITE };
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);
	struct bo bo = { 0 };
	int64_t start = now_ns();
	int ret;

	ret = puck_call(fd, DRM_IOCTL_PUCK_GEM_CREATE, &create);
	bo.handle = create.handle;
	ref.handle = create.handle;
	if (!ret)
		ret = submit(fd, &args);
	if (!ret)
		ret = bo_wait(fd, &bo, 0, NSEC_PER_SEC);
	start = now_ns() - start;
	if (ret)
		die("puck", ret);

	bo_close(fd, &bo);
	return start / 1e3;
}

static double puck_submit(int fd)
{
	struct drm_puck_cmd cmd = cmd_nop();
	struct drm_puck_submit args = job(queue, NULL, 0, &cmd, 1);
	int64_t start = now_ns();
	int fence = submit_fd(fd, &args);
	int ret = fence < 0 ? fence : fence_wait(fence, 1000);

	start = now_ns() - start;
	if (ret)
		die("puck", ret);
	close(fence);
	return start / 1e3;
}

static void measure(const char *key, double (*round_trip)(int fd), int fd)
{
	for (int i = 0; i < LOOPS; i++)
		samples[i] = round_trip(fd);
	if (key)
		report(key, LOOPS);
}

/* --- the drivers' events --- */

static void tracing(const char *file, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", file);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path, -errno);
	close(fd);
}

static void tracing_events(const char *on)
{
	char path[96];

	for (const char *event = EVENTS; *event; event += strlen(event) + 1) {
		snprintf(path, sizeof(path), "%s/enable", event);
		tracing(path, on);
	}
}

/* "   name-12  [001] d..1.   12.345678: event: ...": the time in microseconds. */
static bool event_time(const char *line, const char *event, double *us)
{
	const char *at = strstr(line, event);

	if (!at)
		return false;
	while (at > line && at[-1] != ']')
		at--;
	return sscanf(at, " %*s %lf", us) == 1 && (*us *= 1e6);
}

/*
 * Pairs of events out of the trace. virtio-gpu queues the fenced command and
 * one without fence behind it before it rings once: the last event in front of
 * the answer is the one that counts, and the answer is the fenced command's.
 */
static int event_pairs(const char *begin, const char *end, const char *fenced)
{
	FILE *file = fopen(TRACING "trace", "r");
	double from = 0, to;
	int count = 0;
	char line[512];

	if (!file)
		die("trace", -errno);
	while (fgets(line, sizeof(line), file) && count < LOOPS) {
		if (line[0] == '#')
			continue;
		if (event_time(line, begin, &to)) {
			from = to;
		} else if (from && strstr(line, fenced) && event_time(line, end, &to)) {
			samples[count++] = to - from;
			from = 0;
		}
	}
	fclose(file);
	return count;
}

static void measure_device(const char *key, double (*round_trip)(int fd), int fd,
			   const char *begin, const char *end, const char *fenced)
{
	tracing("trace", "");
	measure(NULL, round_trip, fd);
	report(key, event_pairs(begin, end, fenced));
}

static void run(int puck, int virtio)
{
	measure("puck_submit_us", puck_submit, puck);
	measure("puck_object_us", puck_object, puck);
	measure("virtio_object_us", virtio_object, virtio);

	tracing_events("1");
	measure_device("puck_device_us", puck_object, puck,
		       ": puck_doorbell:", ": puck_fence_signal:", "");
	measure_device("virtio_device_us", virtio_object, virtio,
		       ": virtio_gpu_cmd_queue:", ": virtio_gpu_cmd_response:", "flags=0x1");
	tracing_events("0");
}

int main(int argc, char **argv)
{
	struct puck puck;
	int virtio, runs;

	if (argc != 2) {
		fprintf(stderr, "usage: bench-fence RUNS\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (puck_open(&puck, true))
		die("no GPU behind an IOMMU", -ENODEV);
	queue = puck.queue[0];
	virtio = driver_open("virtio_gpu", "renderD", 128);
	if (virtio < 0)
		die("no virtio-gpu", virtio);
	tracing("trace_clock", "mono");
	tracing("buffer_size_kb", "4096");

	measure(NULL, puck_object, puck.fd);
	measure(NULL, virtio_object, virtio);
	runs = atoi(argv[1]);
	for (int i = 0; i < runs; i++)
		run(puck.fd, virtio);
	return 0;
}
