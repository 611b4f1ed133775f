/* SPDX-License-Identifier: MIT */
/* Who makes dma-bufs: Puck's devices, and those of the kernel that a guest has. */
#ifndef LIB_SHARE_EXPORTER_H
#define LIB_SHARE_EXPORTER_H

#include <dirent.h>

#include "lib/base/dmabuf.h"
#include "lib/base/ktap.h"
#include "lib/camera/stream.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/dumb.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"

/* Bytes of a buffer; vivid's have more. */
#define SHARE_WIDTH	256
#define SHARE_HEIGHT	256
#define SHARE_SIZE	(SHARE_WIDTH * SHARE_HEIGHT * 4)
#define VIVID_WIDTH	640
#define VIVID_HEIGHT	360
#define SHARE_SIZE_MAX	(VIVID_WIDTH * VIVID_HEIGHT * 4)

/* Those of Puck's devices that the guest has; whom there is none of has a negative descriptor. */
struct share_devices {
	struct puck gpu[2];
	struct cam cam;
};

/* gpu[0] is behind the IOMMU if any is. */
static inline void share_devices_open(struct share_devices *devices)
{
	devices->gpu[0].fd = devices->gpu[1].fd = -1;
	if (puck_open_any(&devices->gpu[0]))
		devices->gpu[0].fd = -1;
	else if (puck_open_other(&devices->gpu[1], &devices->gpu[0]))
		devices->gpu[1].fd = -1;
	if (cam_open(&devices->cam, ""))
		devices->cam.fd = -1;
}

static inline void share_devices_close(struct share_devices *devices)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (devices->gpu[i].fd >= 0)
			close(devices->gpu[i].fd);
	cam_close(&devices->cam);
}

/**
 * struct exporter - who makes a dma-buf
 * @name: as in the table
 * @make: returns a dma-buf, or a negative errno; -ENODEV: there is none such in this guest
 * @gpu: the GPU whose BO it is, or -1
 * @peers: its memory has no pages, so that nobody imports it but the GPU itself, and devices that
 *	reach it as peers, which none does in a machine that is not made for that
 * @apart: the CPU gets the memory only while no device has it mapped. With DMABUF_DEBUG the
 *	core spoils the pages of the very table that these hand over to the CPU
 * @bo: of a GPU's; its handle stays until the buffer is done with
 */
struct exporter {
	const char *name;
	int (*make)(struct exporter *exp, struct share_devices *devices);
	int gpu;
	bool peers;
	bool apart;
	struct bo bo;
};

static inline int make_bo(struct exporter *exp, struct share_devices *devices, uint32_t places)
{
	int fd = devices->gpu[exp->gpu].fd;
	int ret;

	if (fd < 0)
		return -ENODEV;
	ret = bo_create_in(fd, &exp->bo, SHARE_SIZE, places,
			   places == BO_SYSTEM ? DRM_PUCK_GEM_SCATTERED : 0, 0);
	return ret ? ret : bo_export(fd, &exp->bo);
}

static inline int make_bo_system(struct exporter *exp, struct share_devices *devices)
{
	return make_bo(exp, devices, BO_SYSTEM);
}

static inline int make_bo_vram(struct exporter *exp, struct share_devices *devices)
{
	return make_bo(exp, devices, BO_VRAM | BO_SYSTEM);
}

static inline int make_bo_alone(struct exporter *exp, struct share_devices *devices)
{
	return make_bo(exp, devices, BO_VRAM);
}

/* Memory of a capture queue. The queue lets go of it: a dma-buf is there without. */
static inline int make_frame(const struct cam *cam, uint32_t width, uint32_t height)
{
	struct cam_stream stream;
	int dmabuf, ret;

	ret = cam_set_format(&stream, cam, "XRGB8888", width, height, NULL);
	if (!ret)
		ret = cam_alloc_mmap(&stream, 1);
	if (ret)
		return ret;
	dmabuf = cam_export(&stream, 0, 0, O_RDWR | O_CLOEXEC);
	cam_free(&stream);
	return dmabuf;
}

static inline int make_camera(struct exporter *exp, struct share_devices *devices)
{
	struct cam *cam = &devices->cam;

	(void)exp;
	if (cam->fd < 0)
		return -ENODEV;
	return cam_set_size(cam, SHARE_WIDTH, SHARE_HEIGHT) ? -EINVAL :
	       make_frame(cam, SHARE_WIDTH, SHARE_HEIGHT);
}

static inline int make_vivid(struct exporter *exp, struct share_devices *devices)
{
	struct cam cam = { .sensor = -1, .bridge = -1 };
	int dmabuf;

	(void)exp;
	(void)devices;
	cam.fd = cam_open_node("vivid-000-vid-cap", "", cam.node, sizeof(cam.node));
	if (cam.fd < 0)
		return -ENODEV;
	dmabuf = cam_take_api(&cam) ? -EINVAL : make_frame(&cam, VIVID_WIDTH, VIVID_HEIGHT);
	cam_close(&cam);
	return dmabuf;
}

static inline int make_vgem(struct exporter *exp, struct share_devices *devices)
{
	(void)exp;
	(void)devices;
	return dumb_export("vgem", SHARE_SIZE);
}

static inline int make_virtio(struct exporter *exp, struct share_devices *devices)
{
	(void)exp;
	(void)devices;
	return dumb_export("virtio_gpu", SHARE_SIZE);
}

static inline int make_memfd(struct exporter *exp, struct share_devices *devices)
{
	(void)exp;
	(void)devices;
	return access("/dev/udmabuf", F_OK) ? -ENODEV : make_udmabuf(SHARE_SIZE);
}

static inline int make_system(struct exporter *exp, struct share_devices *devices)
{
	(void)exp;
	(void)devices;
	return make_heap(SHARE_SIZE);
}

/* The one heap that is not the system's is that of the CMA area, however the kernel calls it. */
static inline int make_cma(struct exporter *exp, struct share_devices *devices)
{
	DIR *dir = opendir("/dev/dma_heap");
	struct dirent *entry;
	int dmabuf = -ENODEV;

	(void)exp;
	(void)devices;
	while (dir && dmabuf == -ENODEV && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && strncmp(entry->d_name, "system", strlen("system")))
			dmabuf = make_heap_of(entry->d_name, SHARE_SIZE);
	if (dir)
		closedir(dir);
	return dmabuf;
}

/* The exporter's own device wants the memory, and has it moved to where it likes it best. */
static inline bool exporter_stirs(const struct exporter *exp, struct share_devices *devices)
{
	struct drm_puck_cmd cmd = cmd_nop();
	struct drm_puck_bo_ref ref = ref_both(&exp->bo);
	struct drm_puck_submit args;
	struct puck *puck;

	if (exp->gpu < 0)
		return true;
	puck = &devices->gpu[exp->gpu];
	args = job(puck->queue[0], &ref, 1, &cmd, 1);
	return !submit_wait(puck->fd, &args);
}

static inline void exporter_ends(struct exporter *exp, struct share_devices *devices)
{
	if (exp->gpu >= 0 && exp->bo.handle)
		bo_close(devices->gpu[exp->gpu].fd, &exp->bo);
	exp->bo.handle = 0;
}

#endif /* LIB_SHARE_EXPORTER_H */
