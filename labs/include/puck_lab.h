/* SPDX-License-Identifier: MIT */
/*
 * What a lab's module and its grader say to each other: one call, by an ioctl of
 * /dev/puck-lab-DEVICE. docs/labs.rst has more of it, each lab's text what its own
 * operations are to do.
 */
#ifndef PUCK_LAB_H
#define PUCK_LAB_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The most that goes in or comes out. */
#define PUCK_LAB_BYTES_MAX	(1u << 20)
#define PUCK_LAB_ARGS		4

/**
 * struct puck_lab_call - one request of the grader's
 * @op: what is wanted, one of the lab's operations
 * @in_len: bytes that go in
 * @out_len: bytes that come out
 * @pad: zero
 * @in: user address of the bytes that go in
 * @out: user address of the bytes that come out
 * @arg: numbers, both ways
 */
struct puck_lab_call {
	__u32 op;
	__u32 in_len;
	__u32 out_len;
	__u32 pad;
	__u64 in;
	__u64 out;
	__u64 arg[PUCK_LAB_ARGS];
};

#define PUCK_LAB_CALL	_IOWR('L', 0x70, struct puck_lab_call)

/* 01-probe */
/* arg: MAGIC, VERSION, VRAM_SIZE, as read through BAR 0 */
#define PUCK_LAB_PROBE_IDENTITY		1
/* arg: records taken from the error queue so far, ERR_INFO and ERR_ADDR of the last one */
#define PUCK_LAB_PROBE_ERRORS		2

/* 02-ring */
/* FILL VRAM from arg[0] on, arg[1] bytes, with arg[2], and wait until that is done */
#define PUCK_LAB_RING_FILL		1
/* The same without waiting: arg[3] is the job's number then; -EBUSY if the ring has no room */
#define PUCK_LAB_RING_SUBMIT		2
/* Wait for the job with number arg[0], arg[1] ms at most: -ETIMEDOUT behind that */
#define PUCK_LAB_RING_WAIT		3
/* Commands of the ring, and the number of the first job */
#define PUCK_LAB_RING_COMMANDS		16u
#define PUCK_LAB_RING_FIRST		0xffffffe0u

/* 03-streaming */
/* in: goes to VRAM at offset arg[0] */
#define PUCK_LAB_STREAM_WRITE		1
/* out: comes from VRAM at offset arg[0] */
#define PUCK_LAB_STREAM_READ		2
/* out: the same by way of the frame buffer, which is mapped once; PUCK_LAB_FRAME bytes at most */
#define PUCK_LAB_STREAM_FRAME		3
/* in: by way of the mailbox to VRAM at arg[0]; then out, of as many bytes, from VRAM at arg[1] */
#define PUCK_LAB_STREAM_MAIL		4
#define PUCK_LAB_FRAME			4096u

/* 04-scatter-gather */
/* in: by way of scattered memory to VRAM at offset arg[0] */
#define PUCK_LAB_SG_WRITE		1
/* out: from VRAM at offset arg[0], by way of scattered memory */
#define PUCK_LAB_SG_READ		2
/* out: the same, by way of scattered memory that is mapped once; PUCK_LAB_SG_FRAME_BYTES */
#define PUCK_LAB_SG_FRAME		3
#define PUCK_LAB_SG_FRAME_BYTES		50000u

/* 05-iommu. Pages are of 4096 bytes; those that can be mapped lie behind each other, 16 of them */
/* arg: requester whose DMA is to be translated from here on */
#define PUCK_LAB_IOMMU_ATTACH		1
/* arg: back come the page tables that are still there, which should be none */
#define PUCK_LAB_IOMMU_DETACH		2
/* arg: IOVA, first page, pages, PUCK_LAB_IOMMU_READ and _WRITE; back come the bytes mapped */
#define PUCK_LAB_IOMMU_MAP		3
/* arg: IOVA, pages; back come the bytes unmapped */
#define PUCK_LAB_IOMMU_UNMAP		4
/* arg: IOVA; back comes whether it is mapped, and the offset from the first page */
#define PUCK_LAB_IOMMU_LOOKUP		5
/* arg: offset from the first page, of bytes that go in or come out */
#define PUCK_LAB_IOMMU_BYTES		6
/* arg: back come whether there was a fault, its reason, its IOVA, its flags */
#define PUCK_LAB_IOMMU_FAULT		7

/* As the kernel's IOMMU_READ and IOMMU_WRITE */
#define PUCK_LAB_IOMMU_READ		1
#define PUCK_LAB_IOMMU_WRITE		2

/* 10-find-the-bugs. arg: offset in VRAM; bytes go in, or come out */
#define PUCK_LAB_BUGS_WRITE		1
#define PUCK_LAB_BUGS_READ		2
/* At most PUCK_LAB_FRAME of them */
#define PUCK_LAB_BUGS_FRAME		3
#define PUCK_LAB_BUGS_WRITE_LIST	4
#define PUCK_LAB_BUGS_READ_LIST		5

#endif /* PUCK_LAB_H */
