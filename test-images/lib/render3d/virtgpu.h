/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of virtgpu on puck.ko, and a stream that clears a texture. No library is used: a
 * test sees the bare errno.
 */
#ifndef LIB_RENDER3D_VIRTGPU_H
#define LIB_RENDER3D_VIRTGPU_H

#include <stdint.h>
#include <string.h>

#include "lib/gpu/bo.h"
#include "lib/gpu/call.h"

#include "virtgpu_drm.h"

/* Since Linux 5.15 and 5.16; libdrm may be older than the guest's kernel. */
#ifndef DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB
#define VIRTGPU_PARAM_RESOURCE_BLOB		3
#define VIRTGPU_PARAM_HOST_VISIBLE		4

struct drm_virtgpu_resource_create_blob {
	uint32_t blob_mem;
	uint32_t blob_flags;
	uint32_t bo_handle;
	uint32_t res_handle;
	uint64_t size;
	uint32_t pad;
	uint32_t cmd_size;
	uint64_t cmd;
	uint64_t blob_id;
};

#define DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB \
	DRM_IOWR(DRM_COMMAND_BASE + 0x0a, struct drm_virtgpu_resource_create_blob)
#endif

#ifndef DRM_IOCTL_VIRTGPU_CONTEXT_INIT
#define VIRTGPU_PARAM_CONTEXT_INIT		6
#define VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs	7
#define VIRTGPU_CONTEXT_PARAM_CAPSET_ID		0x0001
#define VIRTGPU_CONTEXT_PARAM_NUM_RINGS		0x0002
#define VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK	0x0003

struct drm_virtgpu_context_set_param {
	uint64_t param;
	uint64_t value;
};

struct drm_virtgpu_context_init {
	uint32_t num_params;
	uint32_t pad;
	uint64_t ctx_set_params;
};

#define DRM_IOCTL_VIRTGPU_CONTEXT_INIT \
	DRM_IOWR(DRM_COMMAND_BASE + 0x0b, struct drm_virtgpu_context_init)
#endif

/* Since Linux 5.12, by which the structures have grown at their ends. */
struct virtgpu_transfer {
	uint32_t bo_handle;
	struct drm_virtgpu_3d_box box;
	uint32_t level;
	uint32_t offset;
	uint32_t stride;
	uint32_t layer_stride;
};

#define VIRTGPU_IOCTL_FROM_HOST \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VIRTGPU_TRANSFER_FROM_HOST, struct virtgpu_transfer)
#define VIRTGPU_IOCTL_TO_HOST \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VIRTGPU_TRANSFER_TO_HOST, struct virtgpu_transfer)

/* Since Linux 5.15, by which the last member is another one. */
struct virtgpu_info {
	uint32_t bo_handle;
	uint32_t res_handle;
	uint32_t size;
	uint32_t blob_mem;
};

#define VIRTGPU_IOCTL_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VIRTGPU_RESOURCE_INFO, struct virtgpu_info)
#define VIRTGPU_BLOB_GUEST			1

/* Since Linux 6.6, by which the structure has grown at its end. */
#define VIRTGPU_SYNCOBJ_RESET			0x01

struct virtgpu_syncobj {
	uint32_t handle;
	uint32_t flags;
	uint64_t point;
};

struct virtgpu_exec {
	uint32_t flags;
	uint32_t size;
	uint64_t command;
	uint64_t bo_handles;
	uint32_t num_bo_handles;
	int32_t fence_fd;
	uint32_t ring_idx;
	uint32_t syncobj_stride;
	uint32_t num_in_syncobjs;
	uint32_t num_out_syncobjs;
	uint64_t in_syncobjs;
	uint64_t out_syncobjs;
};

#define VIRTGPU_IOCTL_EXEC \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VIRTGPU_EXECBUFFER, struct virtgpu_exec)

/* What virglrenderer's protocol calls them. */
#define VIRGL_TARGET_2D		2
#define VIRGL_FORMAT_BGRA	1
#define VIRGL_BIND_TARGET	2
#define VIRGL_CLEAR_DWORDS	19

/* A picture of @side by @side pixels of four bytes: a texture, and its memory. */
struct picture {
	struct bo bo;
	uint32_t resource;
	uint32_t side;
};

/* Opcode, object, and how many dwords follow. */
static inline uint32_t virgl_head(uint32_t opcode, uint32_t object, uint32_t dwords)
{
	return opcode | object << 8 | dwords << 16;
}

static inline uint32_t virgl_unit(uint8_t byte)
{
	float value = byte / 255.0f;
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* A surface, called as its texture, is the framebuffer, and is cleared to these bytes. */
static inline void virgl_clear(uint32_t *stream, uint32_t resource, const uint8_t *bgra)
{
	const uint32_t dwords[VIRGL_CLEAR_DWORDS] = {
		virgl_head(1, 8, 5), resource, resource, VIRGL_FORMAT_BGRA, 0, 0,
		virgl_head(5, 0, 3), 1, 0, resource,
		virgl_head(7, 0, 8), 4, virgl_unit(bgra[2]), virgl_unit(bgra[1]),
		virgl_unit(bgra[0]), virgl_unit(bgra[3]), 0, 0, 0,
	};

	memcpy(stream, dwords, sizeof(dwords));
}

/* The same with the surface that is there. */
static inline uint32_t virgl_clear_again(uint32_t *stream, const uint8_t *bgra)
{
	const uint32_t dwords[] = {
		virgl_head(7, 0, 8), 4, virgl_unit(bgra[2]), virgl_unit(bgra[1]),
		virgl_unit(bgra[0]), virgl_unit(bgra[3]), 0, 0, 0,
	};

	memcpy(stream, dwords, sizeof(dwords));
	return sizeof(dwords);
}

static inline int virtgpu_param(int fd, uint64_t param, int *value)
{
	struct drm_virtgpu_getparam args = { .param = param, .value = (uintptr_t)value };

	return puck_call(fd, DRM_IOCTL_VIRTGPU_GETPARAM, &args);
}

static inline struct drm_virtgpu_resource_create picture_args(uint32_t side)
{
	return (struct drm_virtgpu_resource_create) {
		.target = VIRGL_TARGET_2D, .format = VIRGL_FORMAT_BGRA, .bind = VIRGL_BIND_TARGET,
		.width = side, .height = side, .depth = 1, .array_size = 1,
		.size = 4 * side * side,
	};
}

static inline int picture_map(int fd, struct picture *p)
{
	struct drm_virtgpu_map args = { .handle = p->bo.handle };
	int ret = puck_call(fd, DRM_IOCTL_VIRTGPU_MAP, &args);

	return ret ? ret : bo_mmap_at(fd, &p->bo, args.offset);
}

static inline int picture_create(int fd, struct picture *p, uint32_t side)
{
	struct drm_virtgpu_resource_create args = picture_args(side);
	int ret = puck_call(fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &args);

	memset(p, 0, sizeof(*p));
	if (ret)
		return ret;
	p->side = side;
	p->resource = args.res_handle;
	p->bo.handle = args.bo_handle;
	p->bo.size = args.size;
	ret = picture_map(fd, p);
	if (ret)
		bo_close(fd, &p->bo);
	return ret;
}

/* The whole of it. */
static inline int picture_transfer(int fd, const struct picture *p, unsigned long nr)
{
	struct virtgpu_transfer args = {
		.bo_handle = p->bo.handle,
		.box = { .w = p->side, .h = p->side, .d = 1 },
		.stride = 4 * p->side,
	};

	return puck_call(fd, nr, &args);
}

static inline int picture_wait(int fd, const struct picture *p, uint32_t flags)
{
	struct drm_virtgpu_3d_wait args = { .handle = p->bo.handle, .flags = flags };

	return puck_call(fd, DRM_IOCTL_VIRTGPU_WAIT, &args);
}

/* Its memory is what the renderer has, and the CPU's. */
static inline int picture_read(int fd, const struct picture *p)
{
	int ret = picture_transfer(fd, p, VIRTGPU_IOCTL_FROM_HOST);

	return ret ? ret : picture_wait(fd, p, 0);
}

/* How many pixels have not these bytes. */
static inline uint32_t picture_wrong(const struct picture *p, const uint8_t *bgra)
{
	uint32_t i, wrong = 0;

	for (i = 0; i < p->side * p->side; i++)
		wrong += !!memcmp(p->bo.map + 4 * i, bgra, 4);
	return wrong;
}

/* A stream that may use the picture. */
static inline struct virtgpu_exec exec_args(const uint32_t *stream, uint32_t bytes,
					    const struct picture *p)
{
	return (struct virtgpu_exec) {
		.size = bytes,
		.command = (uintptr_t)stream,
		.bo_handles = (uintptr_t)&p->bo.handle,
		.num_bo_handles = 1,
		.fence_fd = -1,
	};
}

/* Clears the picture; the first time with a surface. Returns a fence, or an errno. */
static inline int picture_clear(int fd, const struct picture *p, bool first, const uint8_t *bgra)
{
	uint32_t stream[VIRGL_CLEAR_DWORDS];
	uint32_t bytes = sizeof(stream);
	struct virtgpu_exec args;
	int ret;

	if (first)
		virgl_clear(stream, p->resource, bgra);
	else
		bytes = virgl_clear_again(stream, bgra);
	args = exec_args(stream, bytes, p);
	args.flags = VIRTGPU_EXECBUF_FENCE_FD_OUT;
	ret = puck_call(fd, VIRTGPU_IOCTL_EXEC, &args);
	return ret ? ret : args.fence_fd;
}

#endif /* LIB_RENDER3D_VIRTGPU_H */
