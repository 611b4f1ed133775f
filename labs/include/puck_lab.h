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

#endif /* PUCK_LAB_H */
