// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every scenario, buggy and fixed, on every device that it is for: the buggy client
 * is caught where what shows it is there (an IOMMU, puck-dma), elsewhere it is not,
 * and the fixed one never. Where the kernel has DMA_API_DEBUG, it has to agree.
 *
 *	scenarios [gpu|camera [NAME]]
 *
 * With a name it is that one alone, and all fixed clients come first: what shows a buggy one
 * may do so once.
 */
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/late.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/camera/node.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define FOLDER		"/sys/kernel/debug/puck-scenarios/"
#define ERROR_COUNT	"/sys/kernel/debug/dma-api/error_count"
#define DEVICES_MAX	8

/* A GPU or a camera. */
struct device {
	const char *kind;	/* as in "list" */
	char pci[32];
	bool translated;	/* behind an IOMMU */
};

static int run(const char *request)
{
	return write_text(FOLDER "run", request);
}

/* What DMA_API_DEBUG has found wrong so far; -1: it is not there. */
static long dma_errors(void)
{
	char text[32];

	read_text(ERROR_COUNT, text, sizeof(text));
	return text[0] ? strtol(text, NULL, 10) : -1;
}

/* A direction is wrong anywhere, in each entry; a mapped count where entries are merged. */
static void check_dma_debug(const char *name, bool buggy, const struct device *device,
			    long errors)
{
	bool direction = strstr(name, "_direction"), count = strstr(name, "_count");
	bool wrong = buggy && (direction || (count && device->translated));

	ktap_ok(direction && wrong ? errors > 0 : errors == wrong,
		"%s.%s on %s: DMA_API_DEBUG counts %ld errors", name, buggy ? "buggy" : "fixed",
		device->pci, errors);
}

static void play(const char *name, bool buggy, const struct device *device)
{
	const char *variant = buggy ? "buggy" : "fixed";
	char request[128], text[1024], title[128];
	long before = dma_errors();
	char *result, *mark;
	int ret;

	snprintf(title, sizeof(title), "%s.%s on %s", name, variant, device->pci);
	snprintf(request, sizeof(request), "%s %s %s %s\n", name, variant, device->pci,
		 !device->translated ? "" : buggy ? PUCK_LATE_BUGGY : PUCK_LATE_FIXED);
	ret = run(request);
	if (ret) {
		ktap_ok(false, "%s: %s", title, strerror(-ret));
		return;
	}

	read_text(FOLDER "run", text, sizeof(text));
	result = strstr(text, "ok 1 ");
	mark = result ? strstr(result, " # ") : NULL;
	if (!mark) {
		ktap_ok(false, "%s: no result", title);
		return;
	}
	mark += strlen(" # ");
	mark[strcspn(mark, "\n")] = '\0';
	if (!strncmp(mark, "SKIP ", 5)) {
		ktap_skip(mark + 5, title);
		return;
	}
	ktap_ok(!strstr(text, "\nnot ok"), "%s: %s", title, mark);
	if (before >= 0)
		check_dma_debug(name, buggy, device, dma_errors() - before);
}

static void play_all(const struct device *device)
{
	char list[8192], *name, *kind, *save = NULL;

	read_text(FOLDER "list", list, sizeof(list));
	for (name = strtok_r(list, "\t", &save); name; name = strtok_r(NULL, "\t", &save)) {
		strtok_r(NULL, "\t", &save);
		strtok_r(NULL, "\t", &save);
		kind = strtok_r(NULL, "\n", &save);
		if (!kind || strcmp(kind, device->kind))
			continue;
		play(name, true, device);
		play(name, false, device);
	}
}


static void bad_requests(const struct device *device)
{
	char request[128];

	ktap_ok(run("\n") == -EINVAL, "bad_request: empty");
	ktap_ok(run("sg_length buggy\n") == -EINVAL, "bad_request: no device");
	ktap_ok(run("sg_length buggy ffff:00:00.0\n") == -ENODEV, "bad_request: unknown device");
	snprintf(request, sizeof(request), "no_such_bug buggy %s", device->pci);
	ktap_ok(run(request) == -EINVAL, "bad_request: unknown scenario");
	snprintf(request, sizeof(request), "sg_length neither %s", device->pci);
	ktap_ok(run(request) == -EINVAL, "bad_request: unknown variant");
	snprintf(request, sizeof(request), "sg_length fixed %s late=-1", device->pci);
	ktap_ok(run(request) < 0, "bad_request: negative delay");
	snprintf(request, sizeof(request), "sg_length fixed %s late=3600000", device->pci);
	ktap_ok(run(request) == -ERANGE, "bad_request: an hour's delay");
}

/* Ask the node for buffers; or, with none, free those that there are. */
static int request_buffers(const struct cam *cam, uint32_t count)
{
	struct v4l2_requestbuffers request = {
		.count = count, .type = cam->type, .memory = V4L2_MEMORY_MMAP,
	};

	return cam_call(cam->fd, VIDIOC_REQBUFS, &request);
}

/* Runs a scenario again and again until it is killed. */
static pid_t run_on_and_on(const char *request)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	for (;;)
		run(request);
}

/* Free buffers and get new ones until somebody else has the camera. */
static bool node_becomes_busy(const struct cam *cam)
{
	int64_t end = now_ns() + FOREVER_NS;
	int ret = 0;

	while (!ret && now_ns() < end) {
		ret = request_buffers(cam, 2);
		if (!ret)
			ret = request_buffers(cam, 0);
	}
	return ret == -EBUSY;
}

/* A camera belongs to one at a time: to a file that has buffers, or to a scenario. */
static void check_busy(const struct device *device)
{
	char request[128];
	struct cam cam;
	pid_t pid;

	snprintf(request, sizeof(request), "cam_stride fixed %s", device->pci);
	if (!ktap_ok(!cam_open(&cam, device->pci), "%s: its node opens", device->pci))
		return;
	ktap_ok(!request_buffers(&cam, 2) && run(request) == -EBUSY,
		"busy: no scenario on %s while a file has buffers", device->pci);
	ktap_ok(!request_buffers(&cam, 0) && !run(request), "busy: one runs on %s behind that",
		device->pci);

	pid = run_on_and_on(request);
	ktap_ok(pid > 0 && node_becomes_busy(&cam), "busy: no buffers of %s while one runs",
		device->pci);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	ktap_ok(!request_buffers(&cam, 2), "busy: buffers of %s behind that", device->pci);
	cam_close(&cam);
}

/* Those of a kind, as the module has them. */
static int find_devices(const char *kind, struct device *devices)
{
	char path[64], text[512], *line, *save = NULL;
	int count = 0;

	snprintf(path, sizeof(path), FOLDER "%s", kind);
	read_text(path, text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line && count < DEVICES_MAX;
	     line = strtok_r(NULL, "\n", &save)) {
		struct device *device = &devices[count++];

		device->kind = kind;
		device->translated = strstr(line, "\ttranslated");
		snprintf(device->pci, sizeof(device->pci), "%.*s", (int)strcspn(line, "\t"),
			 line);
	}
	return count;
}

static void play_kind(const char *kind)
{
	struct device devices[DEVICES_MAX];
	int i, count = find_devices(kind, devices);

	for (i = 0; i < count; i++) {
		play_all(&devices[i]);
		if (!strcmp(kind, "gpu"))
			bad_requests(&devices[i]);
		else
			check_busy(&devices[i]);
	}
	ktap_ok(count > 0, "%s: %d devices", kind, count);
}

static void play_one(const char *kind, const char *name)
{
	struct device devices[DEVICES_MAX];
	int i, count = find_devices(kind, devices);

	for (i = 0; i < 2 * count; i++)
		play(name, i >= count, &devices[i % count]);
	ktap_ok(count > 0, "%s: %d devices", kind, count);
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "gpu";

	ktap_begin();
	ktap_need(!system("modprobe puck-scenarios"), "puck-scenarios loads");
	if (argc > 2)
		play_one(kind, argv[2]);
	else
		play_kind(kind);
	return ktap_end();
}
