/* SPDX-License-Identifier: MIT */
/*
 * vgem's fences, which stand for a device: it reads or writes until user space says that it has.
 * No header of Debian 12 has these ioctls; the kernel has them since 4.8.
 */
#ifndef LIB_SHARE_VGEM_FENCE_H
#define LIB_SHARE_VGEM_FENCE_H

#include "lib/gpu/bo.h"
#include "lib/gpu/call.h"

struct vgem_attach {
	uint32_t handle;
	uint32_t flags;
	uint32_t out_fence;
	uint32_t pad;
};

struct vgem_signal {
	uint32_t fence;
	uint32_t flags;
};

#define VGEM_WRITE	1
#define VGEM_ATTACH	DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_attach)
#define VGEM_SIGNAL	DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_signal)

/* Reads from now on, or writes (VGEM_WRITE). -EBUSY: somebody is in the way. */
static inline int vgem_begin(int fd, const struct bo *bo, uint32_t flags, uint32_t *number)
{
	struct vgem_attach args = { .handle = bo->handle, .flags = flags };
	int ret = puck_call(fd, VGEM_ATTACH, &args);

	*number = args.out_fence;
	return ret;
}

/* -ETIMEDOUT: vgem has ended it by itself, 10 s after it began. */
static inline int vgem_end(int fd, uint32_t number)
{
	struct vgem_signal args = { .fence = number };

	return puck_call(fd, VGEM_SIGNAL, &args);
}

#endif /* LIB_SHARE_VGEM_FENCE_H */
