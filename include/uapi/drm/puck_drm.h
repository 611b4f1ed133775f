/* SPDX-License-Identifier: MIT */
/*
 * Puck GPU: user-space interface.
 *
 * Objects. A *buffer object* (BO) is a GEM object of system memory, made by
 * GEM_CREATE or imported from a dma-buf. A *job* is a short list of commands
 * on one ring, with the list of BOs it touches; each entry of that list says
 * whether the job writes it. Jobs of one file on one ring run in the order of
 * their submission; those of other files may overtake them. A job's fence
 * is put into the dma_resv of each of its BOs, as WRITE or READ, and can be
 * had as a sync_file or as a point of a syncobj.
 *
 * Rules. Every pad and every unknown flag must be zero, else the answer is
 * -EINVAL and nothing has happened. The interface grows at the end of
 * structures only. The ioctl numbers are 0x50 and up (DRM_COMMAND_BASE + 0x10):
 * 0x40 to 0x4b are left to the virtgpu interface.
 *
 * Memory. A BO belongs to the device when it is made. GEM_WAIT hands it to the
 * CPU: what the device wrote can be read through mmap(). GEM_FLUSH hands it
 * back: what the CPU wrote can be read by later jobs. Both are free of cost
 * where DMA is coherent, and needed where it is not.
 *
 * Errors of jobs show as the error of their fence: -EIO, the device refused a
 * command; -EFAULT, a memory access of the device failed; -ETIME, the job did
 * not complete in time; -ENODEV, the device is gone; -ESRCH, the file was
 * closed before the job started.
 *
 * All structures are the same for 32- and 64-bit callers.
 */
#ifndef _PUCK_DRM_H_
#define _PUCK_DRM_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define DRM_PUCK_GETPARAM		0x10	/* + DRM_COMMAND_BASE: 0x50 */
#define DRM_PUCK_GEM_CREATE		0x11
#define DRM_PUCK_GEM_MMAP_OFFSET	0x12
#define DRM_PUCK_GEM_INFO		0x13
#define DRM_PUCK_GEM_WAIT		0x14
#define DRM_PUCK_SUBMIT			0x15
#define DRM_PUCK_GEM_FLUSH		0x16

/* GETPARAM */
#define PUCK_PARAM_NUM_RINGS		1
#define PUCK_PARAM_VRAM_SIZE		2	/* bytes */
#define PUCK_PARAM_SEG_LEN_MAX		3	/* bytes */
#define PUCK_PARAM_TRANSLATED		4	/* 1: behind an IOMMU */

struct drm_puck_getparam {
	__u32 param;		/* in */
	__u32 pad;
	__u64 value;		/* out */
};

/* GEM_CREATE: zeroed system memory */
#define PUCK_BO_SIZE_MAX		(1ull << 32)

struct drm_puck_gem_create {
	__u64 size;		/* in: bytes, up to PUCK_BO_SIZE_MAX; out: rounded up to pages */
	__u32 flags;		/* in: none defined */
	__u32 handle;		/* out */
};

/* GEM_MMAP_OFFSET: where to mmap() a BO in the DRM file */
struct drm_puck_gem_mmap_offset {
	__u32 handle;		/* in */
	__u32 pad;
	__u64 offset;		/* out */
};

/* GEM_INFO: how a BO lies in memory, and how the GPU sees it */
struct drm_puck_gem_info {
	__u32 handle;		/* in */
	__u32 flags;		/* out: PUCK_BO_* */
	__u64 size;		/* out: bytes */
	__u32 orig_nents;	/* out: entries with pages */
	__u32 nents;		/* out: DMA segments */
};

#define PUCK_BO_IMPORTED		(1 << 0)

/*
 * GEM_WAIT: wait for jobs, and whoever else has put fences there, and hand the
 * BO to the CPU
 */
#define PUCK_WAIT_WRITE			(1 << 0) /* caller wants to write: wait for readers too */

struct drm_puck_gem_wait {
	__u32 handle;		/* in */
	__u32 flags;		/* in */
	__s64 timeout_ns;	/* in: absolute, CLOCK_MONOTONIC; -ETIME when over */
};

/* GEM_FLUSH: hand a BO to the device after the CPU wrote it */
struct drm_puck_gem_flush {
	__u32 handle;		/* in */
	__u32 pad;
};

/* SUBMIT */
#define PUCK_BO_READ			(1 << 0)
#define PUCK_BO_WRITE			(1 << 1)

struct drm_puck_bo_ref {
	__u32 handle;		/* each BO once only */
	__u32 flags;		/* PUCK_BO_READ, PUCK_BO_WRITE or both */
};

/* point 0 is a binary syncobj, any other a point of a timeline */
struct drm_puck_sync {
	__u32 handle;
	__u32 flags;		/* none defined */
	__u64 point;
};

#define PUCK_OP_NOP			0
#define PUCK_OP_FILL			1
#define PUCK_OP_COPY			2
#define PUCK_OP_BLIT			3
#define PUCK_OP_CRC32C			4

#define PUCK_NO_BO			0xffffffffu

/*
 * One command. src and dst are indices in the job's BO list, PUCK_NO_BO where
 * the command takes none; the BO has to be listed with READ or WRITE as the
 * command uses it. Members a command does not use must be zero. Ranges must
 * lie within their BOs; CRC32C writes 4 bytes at dst_offset.
 */
struct drm_puck_cmd {
	__u32 op;
	__u32 pad;
	__u32 src;
	__u32 dst;
	__u64 src_offset;	/* bytes */
	__u64 dst_offset;	/* bytes */
	__u64 length;		/* bytes: FILL, COPY, CRC32C */
	__u32 value;		/* FILL */
	__u32 src_pitch;	/* BLIT: bytes */
	__u32 dst_pitch;	/* BLIT: bytes */
	__u32 width;		/* BLIT: bytes in a row */
	__u32 height;		/* BLIT: rows */
	__u32 pad2;
};

#define PUCK_SUBMIT_IN_FENCE_FD		(1 << 0)
#define PUCK_SUBMIT_OUT_FENCE_FD	(1 << 1)
#define PUCK_SUBMIT_NO_IMPLICIT		(1 << 2) /* do not wait for the BOs' fences */

#define PUCK_MAX_BOS			256
#define PUCK_MAX_CMDS			64
#define PUCK_MAX_SYNCS			64

struct drm_puck_submit {
	__u32 ring;		/* in */
	__u32 flags;		/* in */
	__u32 nbos;		/* in */
	__u32 ncmds;		/* in */
	__u64 bos;		/* in: struct drm_puck_bo_ref[] */
	__u64 cmds;		/* in: struct drm_puck_cmd[] */
	__u32 nin_syncs;	/* in */
	__u32 nout_syncs;	/* in */
	__u64 in_syncs;		/* in: struct drm_puck_sync[] */
	__u64 out_syncs;	/* in: struct drm_puck_sync[] */
	__s32 in_fence_fd;	/* in, with IN_FENCE_FD, else zero */
	__s32 out_fence_fd;	/* out, with OUT_FENCE_FD; zero on entry */
	__u64 seqno;		/* out: "job" of the traces; zero on entry */
};

#define DRM_IOCTL_PUCK_GETPARAM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GETPARAM, struct drm_puck_getparam)
#define DRM_IOCTL_PUCK_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GEM_CREATE, struct drm_puck_gem_create)
#define DRM_IOCTL_PUCK_GEM_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GEM_MMAP_OFFSET, struct drm_puck_gem_mmap_offset)
#define DRM_IOCTL_PUCK_GEM_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GEM_INFO, struct drm_puck_gem_info)
#define DRM_IOCTL_PUCK_GEM_WAIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PUCK_GEM_WAIT, struct drm_puck_gem_wait)
#define DRM_IOCTL_PUCK_SUBMIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_SUBMIT, struct drm_puck_submit)
#define DRM_IOCTL_PUCK_GEM_FLUSH \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PUCK_GEM_FLUSH, struct drm_puck_gem_flush)

#if defined(__cplusplus)
}
#endif

#endif /* _PUCK_DRM_H_ */
