/* SPDX-License-Identifier: MIT */
/*
 * 3D of puck-gpu: what device, driver and tests share.
 *
 * docs/specs/render3d.rst is the contract; the section of it that a group of
 * definitions follows is named above the group. See puck_gpu.h for the rest of
 * the device, and for how masks and structures are written.
 */
#ifndef PUCK_ABI_RENDER3D_H
#define PUCK_ABI_RENDER3D_H

#include <linux/types.h>

/* Section "Device options" */
#define PUCK_RENDER_RINGS_MAX		2
#define PUCK_RENDER_CONTEXTS_TOP	1024
#define PUCK_RENDER_RESOURCES_TOP	65536

/* Section "Registers" */
#define PUCK_RENDER_STATUS		0x6000	/* RO  32 */
#define PUCK_RENDER_EPOCH		0x6004	/* RO  32 */
#define PUCK_RENDER_CONTEXTS_MAX	0x6008	/* RO  32 */
#define PUCK_RENDER_CONTEXTS		0x600c	/* RO  32 */
#define PUCK_RENDER_RESOURCES_MAX	0x6010	/* RO  32 */
#define PUCK_RENDER_RESOURCES		0x6014	/* RO  32 */
#define PUCK_RENDER_BYTES_MAX		0x6018	/* RO  64 */
#define PUCK_RENDER_BYTES		0x6020	/* RO  64 */
#define PUCK_RENDER_SUBMIT_MAX		0x6028	/* RO  32 */
#define PUCK_RENDER_PIECES_MAX		0x602c	/* RO  32 */
#define PUCK_RENDER_PIECES		0x6030	/* RO  32 */
#define PUCK_RENDER_BACKING_RUNS_MAX	0x6034	/* RO  32 */
#define PUCK_RENDER_REGS_END		0x8000

#define PUCK_RENDER_RUNNING		0x00000001u

#define PUCK_RENDER_SUBMIT_MAX_VALUE	0x100000
#define PUCK_RENDER_PIECES_MAX_VALUE	0x100000
#define PUCK_RENDER_RUNS_MAX_VALUE	0x10000

/* Section "Commands" */
#define PUCK_RENDER_CMD_CTX_CREATE	32
#define PUCK_RENDER_CMD_CTX_DESTROY	33
#define PUCK_RENDER_CMD_RES_CREATE	34
#define PUCK_RENDER_CMD_RES_DESTROY	35
#define PUCK_RENDER_CMD_ATTACH		36
#define PUCK_RENDER_CMD_DETACH		37
#define PUCK_RENDER_CMD_CTX_ATTACH	38
#define PUCK_RENDER_CMD_CTX_DETACH	39
#define PUCK_RENDER_CMD_TO_HOST		40
#define PUCK_RENDER_CMD_FROM_HOST	41
#define PUCK_RENDER_CMD_SUBMIT		42
#define PUCK_RENDER_CMD_CAPSET		43
#define PUCK_RENDER_CMD_RES_UNTYPED	44

/* Section "Limits": what a byte of RES_UNTYPED counts for */
#define PUCK_RENDER_UNTYPED_FACTOR	4

/* RING_OPS of RENDER3D: NOP, FENCE and all above */
#define PUCK_RENDER_OPS			0x00001fff00000021ull

#define PUCK_RENDER_CAPSET_VIRGL	1
#define PUCK_RENDER_CAPSET_VIRGL2	2
#define PUCK_RENDER_NAME_SIZE		40

struct puck_render_create_ctx {
	__le32 capset;
	__u8 name[PUCK_RENDER_NAME_SIZE];	/* ends with its first zero, if there is one */
	__le32 reserved;
};

struct puck_render_create_res {
	__le32 target;
	__le32 format;
	__le32 bind;
	__le32 width;
	__le32 height;
	__le32 depth;
	__le32 array_size;
	__le32 last_level;
	__le32 nr_samples;
	__le32 flags;
	__le32 reserved[2];
};

struct puck_render_untyped {
	__le64 length;		/* bytes */
	__le32 reserved[10];
};

/* ATTACH, SUBMIT, CAPSET */
struct puck_render_io {
	__le64 list;		/* DMA address of struct puck_gpu_seg[] */
	__le64 length;		/* bytes */
	__le32 nsegs;
	__le32 capset;		/* CAPSET; else reserved */
	__le32 version;		/* CAPSET; else reserved */
	__le32 reserved[5];
};

/* TO_HOST, FROM_HOST */
struct puck_render_transfer {
	__le64 offset;		/* bytes in the backing */
	__le32 x;
	__le32 y;
	__le32 z;
	__le32 width;
	__le32 height;
	__le32 depth;
	__le32 level;
	__le32 stride;
	__le32 layer_stride;
	__le32 reserved;
};

struct puck_render_cmd {
	__le16 opcode;
	__le16 flags;
	__le32 seqno;
	__le32 ctx;
	__le32 resource;
	union {
		struct puck_render_create_ctx create_ctx;
		struct puck_render_create_res create_res;
		struct puck_render_untyped untyped;
		struct puck_render_io io;
		struct puck_render_transfer transfer;
	};
};

/* What CAPSET writes in front of the capset. */
struct puck_render_capset {
	__le32 id;
	__le32 version;
	__le32 size;
	__le32 reserved;
};

#define PUCK_RENDER_CAPSET_LENGTH_MAX	65536

/* Section "Errors": more values of ERR_INFO's REASON */
#define PUCK_RENDER_ERR_CONTEXT		25
#define PUCK_RENDER_ERR_RESOURCE		26
#define PUCK_RENDER_ERR_LIMIT		27
#define PUCK_RENDER_ERR_BACKING		28
#define PUCK_RENDER_ERR_REFUSED		29
#define PUCK_RENDER_ERR_LOST		30

/* desc of LIMIT */
#define PUCK_RENDER_LIMIT_CONTEXTS	0
#define PUCK_RENDER_LIMIT_RESOURCES	1
#define PUCK_RENDER_LIMIT_BYTES		2
#define PUCK_RENDER_LIMIT_PIECES	3
#define PUCK_RENDER_LIMIT_RUNS		4

/* Layout checks for whichever side includes this. */
_Static_assert(sizeof(struct puck_render_cmd) == 64, "3D command");
_Static_assert(__builtin_offsetof(struct puck_render_cmd, io) == 16, "3D command.io");
_Static_assert(sizeof(struct puck_render_create_ctx) == 48, "3D command.create_ctx");
_Static_assert(sizeof(struct puck_render_create_res) == 48, "3D command.create_res");
_Static_assert(sizeof(struct puck_render_untyped) == 48, "3D command.untyped");
_Static_assert(sizeof(struct puck_render_io) == 48, "3D command.io");
_Static_assert(sizeof(struct puck_render_transfer) == 48, "3D command.transfer");
_Static_assert(sizeof(struct puck_render_capset) == 16, "capset");

#endif /* PUCK_ABI_RENDER3D_H */
