// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an object of one page costs the guest: of puck-gpu, of virtio-gpu and of vgem.
 *
 * usage: bench-object RUNS
 *
 *   fenced  make an object, send the device a command about it, wait for the fence in its
 *           dma_resv. For virtio-gpu that is RESOURCE_CREATE and WAIT, as in bench/fence.c. The
 *           objects are closed when all are there, and that does not count.
 *   filled  make an object, map it, write to it by the CPU, unmap and close it: what vgem, which
 *           has no device, can do as well.
 *
 * Counted, see lib/base/span.h. The sides take turns. One line each and run: "bench:
 * <driver>_<fenced or filled>_us <for an object>".
 */
#include "lib/base/array.h"
#include "lib/base/progress.h"
#include "lib/base/span.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/driver.h"
#include "lib/gpu/job.h"
#include "virtgpu_drm.h"

#define LOOPS		200
#define FORMAT_B8G8R8X8	2
#define TARGET_2D	2

static uint32_t queue;

/* ---- fenced: they return the object's handle ---- */

static uint32_t puck_create(int fd)
{
	struct drm_puck_gem_create args = {
		.size = 4096,
		.placements = 1 << DRM_PUCK_REGION_SYSTEM,
	};

	need(puck_call(fd, DRM_IOCTL_PUCK_GEM_CREATE, &args), "GEM_CREATE");
	return args.handle;
}

static uint32_t puck_fenced(int fd)
{
	struct bo bo = { .handle = puck_create(fd) };
	struct drm_puck_bo_ref ref = ref_write(&bo);
	struct drm_puck_cmd cmd = cmd_nop();
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);

	need(submit(fd, &args), "SUBMIT");
	need(bo_wait(fd, &bo, 0, NSEC_PER_SEC), "GEM_WAIT");
	return bo.handle;
}

static uint32_t virtio_fenced(int fd)
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

	need(puck_call(fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create), "RESOURCE_CREATE");
	wait.handle = create.bo_handle;
	need(puck_call(fd, DRM_IOCTL_VIRTGPU_WAIT, &wait), "VIRTGPU_WAIT");
	return create.bo_handle;
}

/* ---- filled: they return zero, as nothing is left ---- */

static void fill(int fd, struct bo *bo, uint64_t offset)
{
	bo->map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	need(bo->map == MAP_FAILED ? -errno : 0, "mmap");
	bo->map[0] = 1;
	need(bo_close(fd, bo), "GEM_CLOSE");
}

static uint32_t puck_filled(int fd)
{
	struct bo bo = { .handle = puck_create(fd), .size = 4096 };
	struct drm_puck_gem_mmap_offset args = { .handle = bo.handle };

	need(puck_call(fd, DRM_IOCTL_PUCK_GEM_MMAP_OFFSET, &args), "GEM_MMAP_OFFSET");
	fill(fd, &bo, args.offset);
	return 0;
}

static uint32_t vgem_filled(int fd)
{
	struct drm_mode_create_dumb create = { .width = 32, .height = 32, .bpp = 32 };
	struct drm_mode_map_dumb args = { 0 };
	struct bo bo = { 0 };

	need(puck_call(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), "CREATE_DUMB");
	bo.handle = create.handle;
	bo.size = create.size;
	args.handle = create.handle;
	need(puck_call(fd, DRM_IOCTL_MODE_MAP_DUMB, &args), "MAP_DUMB");
	fill(fd, &bo, args.offset);
	return 0;
}

static double round_of(uint32_t (*one)(int fd), int fd)
{
	struct bo bos[LOOPS] = { 0 };
	struct span span = span_begin(true);
	double us;
	int i;

	for (i = 0; i < LOOPS; i++)
		bos[i].handle = one(fd);
	us = span_us(&span) / LOOPS;
	for (i = 0; i < LOOPS; i++)
		if (bos[i].handle)
			need(bo_close(fd, &bos[i]), "GEM_CLOSE");
	return us;
}

int main(int argc, char **argv)
{
	struct {
		const char *name;
		uint32_t (*one)(int fd);
		int fd;
	} sides[] = {
		{ "puck_fenced", puck_fenced, 0 }, { "virtio_fenced", virtio_fenced, 0 },
		{ "puck_filled", puck_filled, 0 }, { "vgem_filled", vgem_filled, 0 },
	};
	struct puck puck;
	int run, runs;
	uint32_t i;
	double us;

	if (argc != 2) {
		fprintf(stderr, "usage: bench-object RUNS\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	span_is_counted("counted");
	need(puck_open(&puck, true), "a GPU behind an IOMMU");
	queue = puck.queue[0];
	sides[0].fd = sides[2].fd = puck.fd;
	sides[1].fd = driver_open("virtio_gpu", "renderD", 128);
	need(sides[1].fd, "virtio_gpu");
	sides[3].fd = driver_open("vgem", "card", 0);
	need(sides[3].fd, "vgem");
	runs = atoi(argv[1]);
	/* One ahead does not count. */
	for (run = 0; run <= runs; run++)
		for (i = 0; i < ARRAY_SIZE(sides); i++) {
			us = round_of(sides[i].one, sides[i].fd);
			if (run)
				printf("bench: %s_us %.3f\n", sides[i].name, us);
			progress("%s, run %d of %d", sides[i].name, run, runs);
		}
	return 0;
}
