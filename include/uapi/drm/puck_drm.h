/* SPDX-License-Identifier: MIT */
/*
 * Puck GPU: user-space interface.
 *
 * Objects. A *buffer object* (BO) is a GEM object, made by GEM_CREATE in one of the
 * memory *regions* or imported from a dma-buf. A *queue* is made by QUEUE_CREATE for
 * one kind of ring. A *job* is a short list of commands for a queue, with the list
 * of BOs it touches; each entry of that list says whether the job writes it. Jobs of
 * one queue run in the order of their submission; those of other queues may overtake
 * them. A job's fence is put into the dma_resv of each of its BOs, as WRITE or READ,
 * and can be had as a sync_file or in a syncobj. A *VM*, made by VM_CREATE, has virtual
 * addresses of 48 bits; VM_BIND maps BOs there, and jobs of a queue for it can name memory
 * by these addresses.
 *
 * Rules. Every pad, every unknown flag and every member marked "out" must be zero on
 * entry, else the answer is -EINVAL; an error of any kind means that nothing has
 * happened. Handles and queue ids are never zero.
 *
 * Growth. What there is, DRM_PUCK_PARAM_FEATURES tells, a bit for each of the features
 * below; the driver's minor version grows by one with each, and is told with it. A
 * structure of an ioctl grows at its end, zero meaning what was before, and an element
 * of an array likewise: see struct drm_puck_array. The ioctl numbers are 0x50 and up
 * (DRM_COMMAND_BASE + 0x10): 0x40 to 0x4b are left to the virtgpu interface.
 *
 * Memory. A BO belongs to the device when it is made. GEM_WAIT hands it to the
 * CPU: what the device wrote can be read through mmap(), and with
 * DRM_PUCK_WAIT_WRITE be written. GEM_FLUSH hands it back: what the CPU wrote
 * can be read by later jobs; who has only read needs none. Both are free of
 * cost where DMA is coherent, and needed where it is not.
 *
 * Errors of jobs show as the error of their fence: -EIO, the device refused a
 * command, or is wedged: it could not be reset, and SUBMIT says -EIO from then on, until the
 * driver is bound anew; -EFAULT, a memory access of the device failed; -ETIME, the job did
 * not complete in time; -ENODEV, the device is gone; -ESRCH, the file or the queue was
 * closed before the job started.
 *
 * They are not handed on. A job runs when what it waits for is over, whether that went well or
 * not: its fence tells of itself alone, and who has to know asks the fence that was waited
 * for. So no client can spoil another one's picture by a job that fails.
 *
 * Display. What DRM_PUCK_FEATURE_DISPLAY stands for is no ioctl of ours: the device's card is one
 * with modesetting, where dumb buffers can be made as well. Any BO is good for a framebuffer but
 * those of GEM_USERPTR (-EPERM). While it is shown it stays where it is, and an importer for whom
 * it would have to move is told -EBUSY.
 *
 * 3D. What DRM_PUCK_FEATURE_RENDER3D stands for are the ioctls of virtgpu_drm.h, 0x41 to 0x4b, so
 * that Mesa's virgl driver works here: each file has one context, and RESOURCE_CREATE makes a BO
 * that the renderer knows, too. It lies in system memory, and all other ioctls take it as any
 * other. EXECBUFFER and TRANSFER_* synchronise as jobs that write each BO that they name. There
 * are no blobs (-EOPNOTSUPP), and one ring. A context whose renderer has ended, by a reset for
 * one, says -ECANCELED from then on, to what was queued as well; one whose stream was refused
 * -EIO, and one whose stream took too long -ETIME. Without the feature all of them say
 * -EOPNOTSUPP, but GETPARAM, for which everything is zero.
 *
 * All structures are the same for 32- and 64-bit callers, without holes.
 */
#ifndef _PUCK_DRM_H_
#define _PUCK_DRM_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define DRM_PUCK_GET_PARAM		0x10	/* + DRM_COMMAND_BASE: 0x50 */
#define DRM_PUCK_GET_REGIONS		0x11
#define DRM_PUCK_GEM_CREATE		0x12
#define DRM_PUCK_GEM_MMAP_OFFSET	0x13
#define DRM_PUCK_GEM_INFO		0x14
#define DRM_PUCK_GEM_WAIT		0x15
#define DRM_PUCK_GEM_FLUSH		0x16
#define DRM_PUCK_QUEUE_CREATE		0x17
#define DRM_PUCK_QUEUE_DESTROY		0x18
#define DRM_PUCK_QUEUE_STATE		0x19
#define DRM_PUCK_SUBMIT			0x1a
#define DRM_PUCK_VM_CREATE		0x1b
#define DRM_PUCK_VM_DESTROY		0x1c
#define DRM_PUCK_VM_BIND		0x1d
#define DRM_PUCK_GEM_USERPTR		0x1e

/**
 * struct drm_puck_array - an array of structures in the caller's memory
 * @ptr: address of the first element; zero if @count is
 * @count: elements
 * @stride: bytes from one element to the next: a multiple of 8, at least the size that
 *	the element has in the first version that knows it, at most
 *	DRM_PUCK_ARRAY_STRIDE_MAX; zero if @count is
 *
 * Where the caller's element is shorter than the driver's, the rest counts as zero.
 * Where it is longer, what the driver does not know must be zero when read (else
 * -E2BIG), and is set to zero when written. An array that is written is not read before:
 * what is in its elements does not matter.
 *
 * More elements than there may be, or a stride that breaks these rules, is -EINVAL;
 * an address where there is nothing is -EFAULT.
 */
struct drm_puck_array {
	__u64 ptr;
	__u32 count;
	__u32 stride;
};

#define DRM_PUCK_ARRAY_STRIDE_MAX	1024

/* GET_PARAM; -EINVAL for a parameter that the driver does not know */
#define DRM_PUCK_PARAM_FEATURES		1	/* DRM_PUCK_FEATURE_* */
#define DRM_PUCK_PARAM_VRAM_SIZE	2	/* bytes */
#define DRM_PUCK_PARAM_SEG_LEN_MAX	3	/* bytes */
#define DRM_PUCK_PARAM_TRANSLATED	4	/* 1: behind an IOMMU */
#define DRM_PUCK_PARAM_RINGS_COPY	5	/* rings of the kind; 0 if there are none */
#define DRM_PUCK_PARAM_RINGS_COMPUTE	6
#define DRM_PUCK_PARAM_VMS		7	/* VMs of the device; 0 if there are none */

/* Features, and since which minor version of major version 0 */
#define DRM_PUCK_FEATURE_QUEUES		(1ull << 0)	/* 0.2 */
#define DRM_PUCK_FEATURE_REGIONS	(1ull << 1)	/* 0.2 */
#define DRM_PUCK_FEATURE_CACHING	(1ull << 2)	/* 0.2 */
#define DRM_PUCK_FEATURE_PLACEMENT	(1ull << 3)	/* 0.3: REGION_VRAM, flags of GEM_CREATE */
#define DRM_PUCK_FEATURE_VM		(1ull << 4)	/* 0.4; if the device has VMs */
#define DRM_PUCK_FEATURE_REF_SYNC	(1ull << 5)	/* 0.5: REF_NO_IMPLICIT */
#define DRM_PUCK_FEATURE_USERPTR	(1ull << 6)	/* 0.6: GEM_USERPTR; if the kernel can */
#define DRM_PUCK_FEATURE_DISPLAY	(1ull << 7)	/* 0.7: below; if there are heads */
#define DRM_PUCK_FEATURE_RENDER3D	(1ull << 8)	/* 0.8: below; if there are rings for it */

struct drm_puck_get_param {
	__u32 param;		/* in */
	__u32 pad;
	__u64 value;		/* out */
};

/*
 * GET_REGIONS: where BOs can be placed. With room for fewer regions than there are
 * none is written, and count says how many there are.
 */
#define DRM_PUCK_REGION_SYSTEM		0
#define DRM_PUCK_REGION_VRAM		1

struct drm_puck_region {
	__u32 region;		/* out: DRM_PUCK_REGION_* */
	__u32 flags;		/* out: none defined */
	__u64 size;		/* out: bytes; 0: not known beforehand */
	__u64 used;		/* out: bytes that BOs of this device take there */
	__u64 align;		/* out: bytes; what sizes are rounded up to */
};

struct drm_puck_get_regions {
	struct drm_puck_array regions;	/* in: room; out: count */
};

/*
 * GEM_CREATE: zeroed memory. Placements are a mask of 1 << DRM_PUCK_REGION_*, with one
 * bit at least, and of regions that GET_REGIONS tells of; the driver moves the BO between
 * them as it likes. A job sees the BO in one of them; while no job uses it, it may be
 * anywhere. With both regions VRAM is the first choice, and what has left it comes
 * back when there is room. A job all of whose BOs do not fit into VRAM, where they have no
 * other placement, is -ENOSPC, and so is such a BO that is larger than VRAM.
 *
 * The kernel and other devices use a BO in system memory, but for devices that reach the VRAM
 * which the CPU can see (CONFIG_PCI_P2PDMA): they use it there as well. Without system memory as a
 * placement no others can be attached to its dma-buf (-EOPNOTSUPP).
 *
 * A BO made for a VM is private to it: it can be mapped in no other one, and not be exported
 * (-EPERM). It shares the VM's dma_resv, so that a job by addresses costs nothing for it; an
 * entry for it in the list of a SUBMIT synchronises with all private BOs of the VM.
 */
#define DRM_PUCK_BO_SIZE_MAX		(1ull << 32)

#define DRM_PUCK_CACHING_DEFAULT	0	/* the driver chooses; INFO tells */
#define DRM_PUCK_CACHING_WB		1	/* CPU mappings are cached */
#define DRM_PUCK_CACHING_WC		2	/* CPU mappings are write-combined */

/* Pages are taken one by one, so that none lies beside the one before it */
#define DRM_PUCK_GEM_SCATTERED		(1u << 0)
/* With both placements: system memory is the first choice */
#define DRM_PUCK_GEM_PREFER_SYSTEM	(1u << 1)
/* Hints for when there is no room: this BO before others, or behind them; not both */
#define DRM_PUCK_GEM_EVICT_FIRST	(1u << 2)
#define DRM_PUCK_GEM_EVICT_LAST		(1u << 3)

struct drm_puck_gem_create {
	__u64 size;		/* in: bytes, up to DRM_PUCK_BO_SIZE_MAX; out: rounded up */
	__u32 placements;	/* in */
	__u32 caching;		/* in: DRM_PUCK_CACHING_*, of system memory */
	__u32 vm;		/* in: of a BO that is private to a VM, else zero; -ENOENT */
	__u32 flags;		/* in: DRM_PUCK_GEM_* */
	__u32 handle;		/* out */
	__u32 pad;
};

/*
 * GEM_USERPTR: memory that the calling process has already, as a BO. It is what is mapped there
 * at the time of a job: the range may be unmapped, mapped anew, protected, shared by fork(),
 * swapped out or moved at any time. Whoever does that waits for the jobs that use it, and the
 * device does not see the old pages any more when he goes on; the next job sees the new ones. A
 * job, or VM_BIND, that finds nothing there, or no right to write, is -EFAULT; a job by address
 * looks at all that is mapped in its VM. A job that is too long in the way is given up (-ETIME).
 *
 * With PIN the pages of the beginning stay the BO's until its end, whatever becomes of the range:
 * nobody waits for jobs, but the memory cannot be moved or swapped out, counts against
 * RLIMIT_MEMLOCK (-ENOMEM), and after munmap() or fork() BO and process may have two memories.
 * Files of which a written page has to be announced cannot be had so (-EFAULT).
 *
 * The CPU has the memory all the time; where DMA is not coherent GEM_WAIT and GEM_FLUSH say whose
 * turn it is, as with any other BO. Such a BO cannot be mapped by mmap(), exported or be made for
 * a VM, and a READONLY one not be written by jobs: -EPERM all of them, and -EACCES. Address and
 * size are multiples of 4096. -EOPNOTSUPP without DRM_PUCK_FEATURE_USERPTR.
 */
#define DRM_PUCK_USERPTR_SIZE_MAX	(1ull << 30)

#define DRM_PUCK_USERPTR_READONLY	(1u << 0)
#define DRM_PUCK_USERPTR_PIN		(1u << 1)

struct drm_puck_gem_userptr {
	__u64 addr;		/* in: in the calling process */
	__u64 size;		/* in: bytes, up to DRM_PUCK_USERPTR_SIZE_MAX (-E2BIG) */
	__u32 flags;		/* in: DRM_PUCK_USERPTR_* */
	__u32 handle;		/* out */
};

/* GEM_MMAP_OFFSET: where to mmap() a BO in the DRM file */
struct drm_puck_gem_mmap_offset {
	__u32 handle;		/* in */
	__u32 flags;		/* in: none defined */
	__u64 offset;		/* out */
};

/*
 * GEM_INFO: how a BO lies in memory, and how the GPU sees it. Both numbers are zero while it
 * does not. In VRAM they are the same: blocks.
 */
#define DRM_PUCK_INFO_IMPORTED		(1u << 0)
#define DRM_PUCK_INFO_USERPTR		(1u << 1)

struct drm_puck_gem_info {
	__u32 handle;		/* in */
	__u32 flags;		/* out: DRM_PUCK_INFO_* */
	__u64 size;		/* out: bytes */
	__u32 placements;	/* out: those it was made with; zero if imported or USERPTR */
	__u32 region;		/* out: where it is now */
	__u32 caching;		/* out: DRM_PUCK_CACHING_WB or _WC */
	__u32 orig_nents;	/* out: entries with pages, or blocks of VRAM */
	__u32 nents;		/* out: DMA segments */
	__u32 pad;
};

/*
 * GEM_WAIT: wait for jobs, and whoever else has put fences there, and hand the
 * BO to the CPU
 */
#define DRM_PUCK_WAIT_WRITE		(1u << 0) /* the caller will write: wait for readers, too */

struct drm_puck_gem_wait {
	__u32 handle;		/* in */
	__u32 flags;		/* in */
	__s64 timeout_ns;	/* in: absolute, CLOCK_MONOTONIC; -ETIME when over */
};

/* GEM_FLUSH: hand a BO to the device after the CPU wrote it */
struct drm_puck_gem_flush {
	__u32 handle;		/* in */
	__u32 flags;		/* in: none defined */
};

/*
 * QUEUE_CREATE: a queue of jobs for a ring of a kind; -ENODEV if there is none. A ring
 * of the kind COMPUTE takes all commands, one of the kind COPY all but CRC32C. Of several
 * rings the caller names one by its number among those of the kind (-EINVAL if it is too
 * high), or leaves the choice to the driver, which takes the one with the fewest queues.
 * Priorities count among the queues of one ring; HIGH needs CAP_SYS_NICE,
 * else -EACCES. A file has at most DRM_PUCK_QUEUES_MAX, else -ENOSPC.
 */
#define DRM_PUCK_KIND_COPY		1
#define DRM_PUCK_KIND_COMPUTE		2

#define DRM_PUCK_PRIORITY_NORMAL	0
#define DRM_PUCK_PRIORITY_LOW		1
#define DRM_PUCK_PRIORITY_HIGH		2

#define DRM_PUCK_RING_ANY		0xffffffffu
#define DRM_PUCK_QUEUES_MAX		64

struct drm_puck_queue_create {
	__u32 kind;		/* in: DRM_PUCK_KIND_* */
	__u32 ring;		/* in: number among the rings of the kind, or DRM_PUCK_RING_ANY */
	__u32 priority;		/* in: DRM_PUCK_PRIORITY_* */
	__u32 flags;		/* in: none defined */
	__u32 vm;		/* in: whose addresses its jobs may use, or zero; -ENOENT */
	__u32 queue;		/* out */
};

/*
 * QUEUE_DESTROY: waits until the queue's jobs are in the ring. Fences of what is there
 * still come. A SUBMIT at the same time either comes before it or is -ENOENT.
 */
struct drm_puck_queue_destroy {
	__u32 queue;		/* in */
	__u32 pad;
};

/*
 * QUEUE_STATE: what jobs that went wrong have done, since the queue was made. A job is guilty
 * if its command was refused, its access failed, or it was too late: its fence has an error.
 * After an error that the device reports the ring goes on behind the job, if the device can
 * do that, and no other job notices. Else, and for a job that is too late, the ring is
 * reset, or all rings of the device if it takes that. A job is innocent if it was in a ring
 * then and goes on behind the reset as if nothing had happened; it counts once for each such
 * reset.
 */
struct drm_puck_queue_state {
	__u32 queue;		/* in */
	__u32 flags;		/* in: none defined */
	__u64 resets;		/* out: resets of its ring */
	__u64 guilty;		/* out: its jobs that were to blame */
	__u64 innocent;		/* out: its jobs that had to go on behind another's reset */
};

/*
 * SUBMIT: the BOs of a job. With NO_IMPLICIT the job does not wait for the fences of this
 * BO, as with SUBMIT_NO_IMPLICIT for those of none; the caller knows why it need not, or
 * waits by other means. Fences that guard the memory itself are waited for all the same, and
 * the job's own fence is put there, so that others wait for it.
 */
#define DRM_PUCK_REF_READ		(1u << 0)
#define DRM_PUCK_REF_WRITE		(1u << 1)
#define DRM_PUCK_REF_NO_IMPLICIT	(1u << 2) /* with DRM_PUCK_FEATURE_REF_SYNC */

struct drm_puck_bo_ref {
	__u32 handle;		/* each BO once only */
	__u32 flags;		/* DRM_PUCK_REF_READ, DRM_PUCK_REF_WRITE or both; or more */
};

/*
 * SUBMIT: what a job waits for, and what is signalled when it is complete; one entry may
 * say both, and waits then for the fence that was there before.
 *
 * A wait is for a fence that exists: a timeline without such a point, or a binary
 * syncobj without a fence, is -EINVAL, and never a job that waits for a submission which
 * may not come: a job's fence must signal in finite time, whatever user space does. All
 * waits of a job come before its signals: it cannot wait for what it signals itself. A
 * syncobj may be named more than once; signals are done in the order of the array, so
 * that points of one timeline should rise there, and a binary syncobj simply has the fence.
 * Who wants to wait before the signal is submitted does so in user space, by
 * DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT with DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE, and submits
 * then.
 */
#define DRM_PUCK_SYNC_BINARY		0
#define DRM_PUCK_SYNC_TIMELINE		1

#define DRM_PUCK_SYNC_WAIT		(1u << 0)
#define DRM_PUCK_SYNC_SIGNAL		(1u << 1)

struct drm_puck_sync {
	__u32 handle;		/* of a syncobj */
	__u32 type;		/* DRM_PUCK_SYNC_BINARY or _TIMELINE */
	__u32 flags;		/* DRM_PUCK_SYNC_WAIT, DRM_PUCK_SYNC_SIGNAL or both */
	__u32 pad;
	__u64 point;		/* TIMELINE: not zero; BINARY: zero */
};

/* SUBMIT: one command */
#define DRM_PUCK_OP_NOP			0
#define DRM_PUCK_OP_FILL		1
#define DRM_PUCK_OP_COPY		2
#define DRM_PUCK_OP_BLIT		3
#define DRM_PUCK_OP_CRC32C		4

#define DRM_PUCK_NO_BO			0xffffffffu

/*
 * Where a command reads or writes. bo is an index in the job's BO list, or
 * DRM_PUCK_NO_BO where the command takes nothing; the BO has to be listed with READ or
 * WRITE as the command uses it.
 *
 * With ADDRESS, bo is DRM_PUCK_NO_BO, and offset an address in the VM of the queue, which has
 * to have one; BOs need not be listed then. What is touched is at most 256 MiB, and below
 * 2^48, else -EINVAL. Whether all of it is mapped, for reading or for writing, the device
 * looks when the command begins: if not, the job fails with -EFAULT, and no others.
 *
 * A job with an ADDRESS waits for the VM_BINDs of the VM that were submitted before. All that
 * is mapped by then is brought to its place as if it were listed (and is -ENOSPC likewise), and
 * stays there until the job is complete. But with BOs that are not
 * listed, there is no implicit synchronisation: neither does the job wait for other jobs that
 * use them, nor others, or GEM_WAIT, for it. A BO is listed for that alone, as READ or WRITE.
 */
#define DRM_PUCK_PLACE_ADDRESS		(1u << 0)

struct drm_puck_place {
	__u64 offset;		/* bytes in the BO; ADDRESS: an address */
	__u32 bo;
	__u32 flags;		/* DRM_PUCK_PLACE_* */
};

/*
 * Members that a command does not use must be zero. Ranges must lie within their BOs;
 * CRC32C writes 4 bytes at dst.
 */
struct drm_puck_cmd {
	__u32 op;		/* DRM_PUCK_OP_* */
	__u32 flags;		/* none defined */
	struct drm_puck_place src;
	struct drm_puck_place dst;
	__u64 length;		/* bytes: FILL, COPY, CRC32C */
	__u32 value;		/* FILL */
	__u32 src_pitch;	/* BLIT: bytes */
	__u32 dst_pitch;	/* BLIT: bytes */
	__u32 width;		/* BLIT: bytes in a row */
	__u32 height;		/* BLIT: rows */
	__u32 pad;
};

#define DRM_PUCK_SUBMIT_IN_FENCE_FD	(1u << 0)
#define DRM_PUCK_SUBMIT_OUT_FENCE_FD	(1u << 1)
#define DRM_PUCK_SUBMIT_NO_IMPLICIT	(1u << 2) /* do not wait for the BOs' fences */

#define DRM_PUCK_SUBMIT_BOS_MAX		256
#define DRM_PUCK_SUBMIT_CMDS_MAX	64
#define DRM_PUCK_SUBMIT_SYNCS_MAX	64

struct drm_puck_submit {
	__u32 queue;		/* in */
	__u32 flags;		/* in: DRM_PUCK_SUBMIT_* */
	struct drm_puck_array bos;	/* in: struct drm_puck_bo_ref */
	struct drm_puck_array cmds;	/* in: struct drm_puck_cmd */
	struct drm_puck_array syncs;	/* in: struct drm_puck_sync */
	__s32 in_fence_fd;	/* in: a sync_file, with IN_FENCE_FD, else zero */
	__s32 out_fence_fd;	/* out: a sync_file, with OUT_FENCE_FD */
	__u64 seqno;		/* out: "job" of the traces */
};

/*
 * VM_CREATE: a VM in which nothing is mapped. -EOPNOTSUPP if the device has none, -ENOSPC if
 * all of the device's are in use: DRM_PUCK_PARAM_VMS for all files together.
 */
struct drm_puck_vm_create {
	__u32 flags;		/* in: none defined */
	__u32 vm;		/* out */
};

/*
 * VM_DESTROY: takes the id away. Queues for the VM go on; with the last of them, and when its
 * VM_BINDs are done, the VM ends by itself, and its mappings with it.
 */
struct drm_puck_vm_destroy {
	__u32 vm;		/* in */
	__u32 pad;
};

/*
 * VM_BIND: what is mapped in a VM. The steps are done in the order of the array, as one: all
 * of them or none. What is mapped where a MAP or MAP_SPARSE goes is unmapped by it, in
 * part if it reaches beyond; UNMAP needs nothing to be there. All of addr, offset and length are
 * multiples of DRM_PUCK_BIND_ALIGN, and the range lies below 2^48; that of a BO lies within it
 * (-EINVAL). MAP and MAP_SPARSE map DRM_PUCK_BIND_LENGTH_MAX at most in a step (-EINVAL), and
 * all steps together what one job can do (-E2BIG). 64 KiB are mapped as one wherever address
 * and memory are aligned so.
 *
 * A mapping holds its BO. A BO that is private to another VM cannot be mapped, nor can an
 * imported one whose memory does not consist of pages (-EINVAL).
 *
 * A VM_BIND is done behind those before it in the VM. One that takes a mapping away, or a
 * part of it, is done behind the jobs of the VM that were submitted before, too; jobs that are
 * submitted behind it wait for it. So no job sees half of it.
 *
 * Without ASYNC the ioctl returns when it is done, and takes no syncs. With it, it waits for what
 * the syncs say, and signals them when it is done.
 *
 * If the device fails to do it (a job may fail, as any other), the VM is lost: what is mapped is
 * not known any more. All further jobs by address fail with -EFAULT, VM_BIND and SUBMIT with
 * -EIO, until the VM is destroyed.
 */
#define DRM_PUCK_BIND_MAP		1
#define DRM_PUCK_BIND_UNMAP		2
/*
 * Memory of the VM's own, 64 KiB, shows everywhere in such a range. It is zero until a job of
 * the VM writes there; then it is undefined.
 */
#define DRM_PUCK_BIND_MAP_SPARSE	3

#define DRM_PUCK_BIND_READONLY		(1u << 0) /* MAP: jobs that write there fail */

#define DRM_PUCK_BIND_ALIGN		4096
#define DRM_PUCK_BIND_LENGTH_MAX	(1ull << 32)
#define DRM_PUCK_BINDS_MAX		1024

struct drm_puck_bind {
	__u32 op;		/* DRM_PUCK_BIND_* */
	__u32 flags;		/* DRM_PUCK_BIND_READONLY */
	__u32 handle;		/* MAP: the BO; else zero */
	__u32 pad;
	__u64 offset;		/* MAP: bytes in the BO; else zero */
	__u64 addr;
	__u64 length;		/* bytes, not zero */
};

#define DRM_PUCK_VM_BIND_ASYNC		(1u << 0)

struct drm_puck_vm_bind {
	__u32 vm;		/* in */
	__u32 flags;		/* in: DRM_PUCK_VM_BIND_* */
	struct drm_puck_array binds;	/* in: struct drm_puck_bind */
	struct drm_puck_array syncs;	/* in: struct drm_puck_sync; none without ASYNC */
	__u32 queue;		/* in: zero, the VM's own; set aside for others */
	__u32 pad;
};

#define DRM_IOCTL_PUCK_GET_PARAM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GET_PARAM, struct drm_puck_get_param)
#define DRM_IOCTL_PUCK_GET_REGIONS \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GET_REGIONS, struct drm_puck_get_regions)
#define DRM_IOCTL_PUCK_GEM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GEM_CREATE, struct drm_puck_gem_create)
#define DRM_IOCTL_PUCK_GEM_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GEM_MMAP_OFFSET, struct drm_puck_gem_mmap_offset)
#define DRM_IOCTL_PUCK_GEM_INFO \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GEM_INFO, struct drm_puck_gem_info)
#define DRM_IOCTL_PUCK_GEM_WAIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PUCK_GEM_WAIT, struct drm_puck_gem_wait)
#define DRM_IOCTL_PUCK_GEM_FLUSH \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PUCK_GEM_FLUSH, struct drm_puck_gem_flush)
#define DRM_IOCTL_PUCK_QUEUE_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_QUEUE_CREATE, struct drm_puck_queue_create)
#define DRM_IOCTL_PUCK_QUEUE_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PUCK_QUEUE_DESTROY, struct drm_puck_queue_destroy)
#define DRM_IOCTL_PUCK_QUEUE_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_QUEUE_STATE, struct drm_puck_queue_state)
#define DRM_IOCTL_PUCK_SUBMIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_SUBMIT, struct drm_puck_submit)
#define DRM_IOCTL_PUCK_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_VM_CREATE, struct drm_puck_vm_create)
#define DRM_IOCTL_PUCK_VM_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PUCK_VM_DESTROY, struct drm_puck_vm_destroy)
#define DRM_IOCTL_PUCK_VM_BIND \
	DRM_IOW(DRM_COMMAND_BASE + DRM_PUCK_VM_BIND, struct drm_puck_vm_bind)
#define DRM_IOCTL_PUCK_GEM_USERPTR \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_PUCK_GEM_USERPTR, struct drm_puck_gem_userptr)

#if defined(__cplusplus)
}
#endif

#endif /* _PUCK_DRM_H_ */
