/* SPDX-License-Identifier: MIT */
/*
 * puck-gpu: what device, driver and tests share.
 *
 * docs/specs/gpu.rst is the contract; the section of it that a group of
 * definitions follows is named above the group. All registers and all
 * structures in memory are little-endian. Masks are plain constants, so
 * that FIELD_GET() in the kernel and extract64() in QEMU both take them.
 */
#ifndef PUCK_ABI_GPU_H
#define PUCK_ABI_GPU_H

#include <linux/types.h>

/* Section "PCI identity" */
#define PUCK_GPU_PCI_VENDOR		0x1234
#define PUCK_GPU_PCI_DEVICE		0x70c1
#define PUCK_GPU_PCI_REVISION		2
#define PUCK_GPU_BAR_REGS		0
#define PUCK_GPU_BAR_REGS_SIZE		0x40000
#define PUCK_GPU_BAR_VRAM		2
#define PUCK_GPU_BAR_MSIX		4
#define PUCK_GPU_RINGS_MAX		8

/* Section "Registers": the whole device */
#define PUCK_GPU_MAGIC			0x000	/* RO  32 */
#define PUCK_GPU_VERSION		0x004	/* RO  32 */
#define PUCK_GPU_CTRL			0x008	/* RW  32 */
#define PUCK_GPU_STATUS			0x00c	/* RO  32 */
#define PUCK_GPU_FEATURES		0x010	/* RO  64 */
#define PUCK_GPU_NUM_RINGS		0x018	/* RO  32 */
#define PUCK_GPU_NUM_SOURCES		0x01c	/* RO  32 */
#define PUCK_GPU_VRAM_SIZE		0x020	/* RO  64 */
#define PUCK_GPU_SEG_LEN_MAX		0x028	/* RO  32 */
#define PUCK_GPU_SEGS_MAX		0x02c	/* RO  32 */
#define PUCK_GPU_IRQ_STATUS		0x030	/* W1C 32 */
#define PUCK_GPU_IRQ_ENABLE		0x034	/* RW  32 */

/* Section "Power states" */
#define PUCK_GPU_PM_TOUCHES		0x038	/* RO  32 */
#define PUCK_GPU_PM_UNFINISHED		0x03c	/* RO  32 */

/* Section "Interrupt sources" */
#define PUCK_GPU_SOURCE(i)		(0x400 + 4 * (i))	/* RO  32 */
#define PUCK_GPU_SOURCES_MAX		64
#define PUCK_GPU_SOURCE_VECTOR		0x000007ffu
#define PUCK_GPU_SOURCE_KIND		0x00ff0000u
#define PUCK_GPU_SOURCE_INDEX		0xff000000u
#define PUCK_GPU_SOURCE_ERROR		0	/* values of KIND */
#define PUCK_GPU_SOURCE_FENCE		1
#define PUCK_GPU_SOURCE_VBLANK		2

/* Section "Error queue" */
#define PUCK_GPU_ERR_COUNT		0x1000	/* RO  32 */
#define PUCK_GPU_ERR_INFO		0x1004	/* RO  32 */
#define PUCK_GPU_ERR_SEQNO		0x1008	/* RO  32 */
#define PUCK_GPU_ERR_DESC		0x100c	/* RO  32 */
#define PUCK_GPU_ERR_ADDR		0x1010	/* RO  64 */
#define PUCK_GPU_ERR_POP		0x1018	/* WO  32 */
#define PUCK_GPU_ERR_LOST		0x101c	/* RO  32 */
#define PUCK_GPU_ERR_DEPTH		64

/* Section "Page tables" */
#define PUCK_GPU_VM_COUNT		0x4000	/* RO  32 */
#define PUCK_GPU_VM_TLB_CAPACITY	0x4004	/* RO  32 */
#define PUCK_GPU_VM_CTRL		0x4008	/* RW  32 */
#define PUCK_GPU_VM_FLUSH		0x400c	/* WO  32 */
#define PUCK_GPU_VM_HITS		0x4010	/* RO  64 */
#define PUCK_GPU_VM_MISSES		0x4018	/* RO  64 */
#define PUCK_GPU_VM_STALE_USES		0x4020	/* RO  64 */
#define PUCK_GPU_VM_TLB_ENTRIES		0x4028	/* RO  32 */
#define PUCK_GPU_VM_ROOT(n)		(0x4400 + 8 * (n))	/* RW  64 */
#define PUCK_GPU_VMS_MAX		64
#define PUCK_GPU_TLB_ENTRIES_MAX	4096

/* Section "Rings": one block for each ring */
#define PUCK_GPU_RING(r)		(0x10000 + 0x1000 * (r))
#define PUCK_GPU_RING_STRIDE		0x1000
#define PUCK_GPU_RING_KIND		0x000	/* RO  32 */
#define PUCK_GPU_RING_CTRL		0x004	/* RW  32 */
#define PUCK_GPU_RING_STATUS		0x008	/* RO  32 */
#define PUCK_GPU_RING_ORDER_MAX		0x00c	/* RO  32 */
#define PUCK_GPU_RING_OPS		0x010	/* RO  64 */
#define PUCK_GPU_RING_BASE		0x018	/* RW  64 */
#define PUCK_GPU_RING_WB_ADDR		0x020	/* RW  64 */
#define PUCK_GPU_RING_HEAD		0x028	/* RO  32 */
#define PUCK_GPU_RING_TAIL		0x02c	/* RW  32, doorbell */
#define PUCK_GPU_RING_SEQNO		0x030	/* RO  32 */
#define PUCK_GPU_RING_PENDING		0x034	/* RO  32 */
#define PUCK_GPU_RING_STOP_HEAD		0x038	/* RO  32 */
#define PUCK_GPU_RING_FENCES_MAX	0x03c	/* RO  32 */
/* Section "Completion stage" */
#define PUCK_GPU_RING_START_DELAY	0x100	/* RW  64, ns */
#define PUCK_GPU_RING_DELAY		0x108	/* RW  64, ns */
#define PUCK_GPU_RING_JITTER		0x110	/* RW  64, ns */
#define PUCK_GPU_RING_SEED		0x118	/* RW  64 */
#define PUCK_GPU_RING_HOLD		0x120	/* RW  32 */
#define PUCK_GPU_RING_RELEASE		0x124	/* WO  32 */

#define PUCK_GPU_MAGIC_VALUE		0x50474b50u	/* "PKGP" */
#define PUCK_GPU_VERSION_MAJOR		0xffff0000u
#define PUCK_GPU_VERSION_MINOR		0x0000ffffu
#define PUCK_GPU_VERSION_VALUE		0x00020004u

#define PUCK_GPU_CTRL_RESET		0x80000000u	/* reads as 0 */
#define PUCK_GPU_STATUS_RESETTING	0x00000001u

/* FEATURES */
#define PUCK_GPU_FEATURE_STAGE		0x0000000000000001ull
#define PUCK_GPU_FEATURE_MISCHIEF	0x0000000000000002ull
#define PUCK_GPU_FEATURE_VM		0x0000000000000008ull
#define PUCK_GPU_FEATURE_DISPLAY	0x0000000000000010ull	/* puck_display.h */
#define PUCK_GPU_FEATURE_RENDER3D	0x0000000000000020ull	/* puck_render3d.h */
#define PUCK_GPU_FEATURE_SKIP		0x0000000000000040ull
#define PUCK_GPU_FEATURE_POWER		0x0000000000000080ull

#define PUCK_GPU_IRQ_ERROR		0x00000001u
#define PUCK_GPU_IRQ_ALL		0x00000001u

/* RING_BASE */
#define PUCK_GPU_RING_BASE_ADDR		0xfffffffffffff000ull
#define PUCK_GPU_RING_BASE_ORDER	0x000000000000000full
#define PUCK_GPU_RING_ORDER_MAX_VALUE	12

/* RING_KIND */
#define PUCK_GPU_KIND_COPY		1
#define PUCK_GPU_KIND_COMPUTE		2
#define PUCK_GPU_KIND_RENDER3D		3	/* puck_render3d.h */

/* RING_CTRL */
#define PUCK_GPU_RING_ENABLE		0x00000001u
#define PUCK_GPU_RING_RESET		0x00000002u	/* reads 1 until done */
#define PUCK_GPU_RING_SKIP		0x00000004u	/* reads as 0 */

/* RING_STATUS */
#define PUCK_GPU_RING_ON		0x00000001u
#define PUCK_GPU_RING_BUSY		0x00000002u
#define PUCK_GPU_RING_HALTED		0x00000004u
#define PUCK_GPU_RING_HELD		0x00000008u

#define PUCK_GPU_DELAY_MAX_NS		60000000000ull
#define PUCK_GPU_RING_FENCES_MAX_VALUE	1024

/* Section "Page tables" */
#define PUCK_GPU_VM_AUDIT		0x00000001u	/* VM_CTRL */
#define PUCK_GPU_VM_ALL			0xffffffffu	/* VM_FLUSH, and "vm" of TLB_FLUSH */

/* VM_ROOT */
#define PUCK_GPU_VM_ROOT_VALID		0x0000000000000001ull
#define PUCK_GPU_VM_ROOT_VRAM		0x0000000000000002ull
#define PUCK_GPU_VM_ROOT_ADDR		0x000ffffffffff000ull

#define PUCK_GPU_VA_BITS		48
#define PUCK_GPU_VA_SPAN_MAX		0x10000000ull	/* bytes of an operand */
#define PUCK_GPU_PT_LEVELS		4
#define PUCK_GPU_PT_ENTRIES		512
#define PUCK_GPU_PAGE_SIZE		0x1000u
#define PUCK_GPU_PAGE_SIZE_BIG		0x10000u
#define PUCK_GPU_PTE_READ		0x0000000000000001ull
#define PUCK_GPU_PTE_WRITE		0x0000000000000002ull
#define PUCK_GPU_PTE_VRAM		0x0000000000000004ull
#define PUCK_GPU_PTE_BIG		0x0000000000000008ull	/* level 1 only */
#define PUCK_GPU_PTE_SOFTWARE		0x0000000000000f00ull	/* ignored */
#define PUCK_GPU_PTE_ADDR		0x000ffffffffff000ull
#define PUCK_GPU_PTE_ADDR_BIG		0x000fffffffff0000ull

/* Section "Write-back slot" */
struct puck_gpu_wb {
	__le32 seqno;
	__le32 reserved;
};

/* Section "Segment lists" */
struct puck_gpu_seg {
	__le64 addr;		/* DMA address, or offset in VRAM */
	__le32 len;		/* bytes */
	__le32 flags;
};

#define PUCK_GPU_SEG_VRAM		0x00000001u
#define PUCK_GPU_SEGS_MAX_VALUE		65536

/* Section "Commands" */
struct puck_gpu_fill {
	__le32 value;
	__le32 reserved[4];
};

struct puck_gpu_blit {
	__le32 src_pitch;	/* bytes */
	__le32 dst_pitch;	/* bytes */
	__le32 width;		/* bytes in a row */
	__le32 height;		/* rows */
	__le32 reserved;
};

struct puck_gpu_cmd {
	__le16 opcode;
	__le16 flags;
	__le32 seqno;		/* of the job that it belongs to */
	__le64 src_list;	/* DMA address of struct puck_gpu_seg[], or virtual address */
	__le64 dst_list;
	__le32 src_nsegs;
	__le32 dst_nsegs;
	__le64 length;		/* bytes; reserved in BLIT, FENCE and NOP */
	union {
		struct puck_gpu_fill fill;
		struct puck_gpu_blit blit;
		__le32 reserved[5];
	};
	__le32 vm;		/* with SRC_VA or DST_VA, and in TLB_FLUSH; else reserved */
};

#define PUCK_GPU_CMD_NOP		0
#define PUCK_GPU_CMD_FILL		1
#define PUCK_GPU_CMD_COPY		2
#define PUCK_GPU_CMD_BLIT		3
#define PUCK_GPU_CMD_CRC32C		4
#define PUCK_GPU_CMD_FENCE		5
#define PUCK_GPU_CMD_TLB_FLUSH		6

/* RING_OPS: bit n is opcode n */
#define PUCK_GPU_OPS_COPY		0x000000000000002full	/* all but CRC32C */
#define PUCK_GPU_OPS_COMPUTE		0x000000000000003full
#define PUCK_GPU_OPS_VM			0x0000000000000040ull	/* both, with FEATURE_VM */

/* Flags of FENCE */
#define PUCK_GPU_FENCE_IRQ		0x0001u
/* Flags of FILL, COPY, BLIT and CRC32C, with FEATURE_VM; NOP and TLB_FLUSH take none */
#define PUCK_GPU_SRC_VA			0x0002u
#define PUCK_GPU_DST_VA			0x0004u

/* Section "Errors": ERR_INFO */
#define PUCK_GPU_ERR_INFO_REASON	0x000000ffu
#define PUCK_GPU_ERR_INFO_RING		0x0000ff00u
#define PUCK_GPU_ERR_INFO_LIST		0x00030000u
#define PUCK_GPU_ERR_INFO_INDEX		0xfff00000u

#define PUCK_GPU_ERR_LIST_NONE		0
#define PUCK_GPU_ERR_LIST_SRC		1
#define PUCK_GPU_ERR_LIST_DST		2

#define PUCK_GPU_ERR_DESC_NONE		0xffffffffu

#define PUCK_GPU_ERR_OPCODE		1
#define PUCK_GPU_ERR_RESERVED		2
#define PUCK_GPU_ERR_NSEGS		3
#define PUCK_GPU_ERR_SEG_ZERO		4
#define PUCK_GPU_ERR_SEG_ONES		5
#define PUCK_GPU_ERR_SEG_TOO_LONG	6
#define PUCK_GPU_ERR_SEG_WRAP		7
#define PUCK_GPU_ERR_SEG_VRAM		8
#define PUCK_GPU_ERR_LIST_SHORT		9
#define PUCK_GPU_ERR_GEOMETRY		10
#define PUCK_GPU_ERR_DMA_READ		11
#define PUCK_GPU_ERR_DMA_WRITE		12
#define PUCK_GPU_ERR_LIST_READ		13
#define PUCK_GPU_ERR_RING_READ		14
#define PUCK_GPU_ERR_WRITE_BACK		15
#define PUCK_GPU_ERR_TAIL		16
#define PUCK_GPU_ERR_LENGTH		17
#define PUCK_GPU_ERR_INJECTED		18
#define PUCK_GPU_ERR_VM			19
#define PUCK_GPU_ERR_VA			20
#define PUCK_GPU_ERR_PTE_NONE		21
#define PUCK_GPU_ERR_PTE_PERM		22
#define PUCK_GPU_ERR_PTE_RESERVED	23
#define PUCK_GPU_ERR_PTE_READ		24
/* From 25 on: puck_render3d.h */

/* Layout checks for whichever side includes this. */
_Static_assert(sizeof(struct puck_gpu_wb) == 8, "write-back slot");
_Static_assert(sizeof(struct puck_gpu_seg) == 16, "segment");
_Static_assert(sizeof(struct puck_gpu_cmd) == 64, "command");
_Static_assert(__builtin_offsetof(struct puck_gpu_cmd, src_list) == 8, "command.src_list");
_Static_assert(__builtin_offsetof(struct puck_gpu_cmd, length) == 32, "command.length");
_Static_assert(__builtin_offsetof(struct puck_gpu_cmd, fill) == 40, "command.fill");
_Static_assert(__builtin_offsetof(struct puck_gpu_cmd, vm) == 60, "command.vm");

#endif /* PUCK_ABI_GPU_H */
