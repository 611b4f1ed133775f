// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Waits for fences of 3D, one after the other, and has the host see when it goes on.
 *
 * usage: bench-wake puck|virtio FENCES
 *
 * A stream of virgl clears a picture, by virtgpu's ioctls, which both drivers have; its fence is a
 * file, which poll() waits for. Each turn has three marks, and one of them twice: a read of a
 * register of a puck-cam that has no driver, so nobody else reads it. QEMU traces reads, with the
 * time, so all stamps are of the host's clock, and the two in a row say what a mark takes.
 *
 *	PUCK_CAM_FORMATS	a turn begins
 *	PUCK_CAM_STATUS		the stream is submitted, poll() comes next
 *	PUCK_CAM_VERSION	poll() has returned; and once more
 *
 * scripts/pucklib/report/wakes.py reads the trace. Nothing is measured here.
 */
#include "lib/base/number.h"
#include "lib/base/pci.h"
#include "lib/base/progress.h"
#include "lib/base/span.h"
#include "lib/gpu/device.h"
#include "lib/gpu/driver.h"
#include "lib/gpu/fence.h"
#include "lib/render3d/virtgpu.h"

#include <sys/mman.h>

#include "abi/puck_cam.h"

#define FENCES_MAX	100000
#define SIDE		256		/* so large that poll() is there before the fence */
#define LIMIT_MS	60000

static const uint8_t red[4] = { 0, 0, 255, 255 };

static volatile uint8_t *marks;

static void mark(unsigned int offset)
{
	(void)*(volatile uint32_t *)(marks + offset);
}

static void map_marks(void)
{
	char pci[32], path[128];
	void *map;
	int fd;

	need(pci_find_any(PUCK_CAM_PCI_VENDOR, PUCK_CAM_PCI_DEVICE, pci, sizeof(pci)) ? 0 : -ENODEV,
	     "puck-cam");
	/* Without a driver nobody has turned on that its memory is decoded. */
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/enable", pci);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	need(fd < 0 || write(fd, "1", 1) != 1 ? -errno : 0, path);
	close(fd);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource0", pci);
	fd = open(path, O_RDWR | O_CLOEXEC);
	need(fd < 0 ? -errno : 0, path);
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	need(map == MAP_FAILED ? -errno : 0, "puck-cam's registers");
	close(fd);
	marks = map;
	need(*(volatile uint32_t *)marks == PUCK_CAM_MAGIC_VALUE ? 0 : -ENODEV, pci);
}

static int open_gpu(const char *name)
{
	struct puck puck;

	if (!strcmp(name, "virtio"))
		return driver_open("virtio_gpu", "renderD", 128);
	if (strcmp(name, "puck"))
		return -EINVAL;
	return puck_open(&puck, true) ? -ENODEV : puck.fd;
}

static void turn(int gpu, const struct picture *picture)
{
	uint32_t stream[VIRGL_CLEAR_DWORDS];
	struct virtgpu_exec args = exec_args(stream, virgl_clear_again(stream, red), picture);
	int ret;

	args.flags = VIRTGPU_EXECBUF_FENCE_FD_OUT;
	mark(PUCK_CAM_FORMATS);
	ret = puck_call(gpu, VIRTGPU_IOCTL_EXEC, &args);
	need(ret, "EXECBUFFER");
	mark(PUCK_CAM_STATUS);
	ret = fence_wait(args.fence_fd, LIMIT_MS);
	mark(PUCK_CAM_VERSION);
	mark(PUCK_CAM_VERSION);
	need(ret, "poll");
	need(fence_status(args.fence_fd) == 1 ? 0 : -EIO, "its fence");
	close(args.fence_fd);
}

int main(int argc, char **argv)
{
	struct picture picture;
	unsigned int fences, i;
	int gpu;

	if (argc != 3 || !number_from_text(argv[2], &fences, FENCES_MAX)) {
		fprintf(stderr, "usage: bench-wake puck|virtio FENCES\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	gpu = open_gpu(argv[1]);
	need(gpu, argv[1]);
	need(picture_create(gpu, &picture, SIDE), "RESOURCE_CREATE");
	need(fence_result(picture_clear(gpu, &picture, true, red), LIMIT_MS) == 1 ? 0 : -EIO, "a clear");
	map_marks();
	for (i = 0; i < fences; i++) {
		turn(gpu, &picture);
		progress("%u of %u fences", i, fences);
	}
	return 0;
}
