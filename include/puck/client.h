/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel clients of a Puck GPU: other modules that want the engine to
 * work on memory which they mapped themselves.
 *
 * The client builds the segment lists; puck.ko hands them to the hardware as
 * they are. That is the point: the scenarios show what becomes of a driver
 * that builds them wrongly, while puck.ko itself stays right.
 */
#ifndef PUCK_CLIENT_H
#define PUCK_CLIENT_H

#include <linux/types.h>

struct device;
struct dma_fence;
struct pci_dev;
struct puck_client;

/* One segment as the hardware gets it: docs/specs/gpu.rst, "Segment lists". */
struct puck_client_seg {
	u64 addr;
	u32 len;
};

/**
 * struct puck_client_job - one engine command and the fence behind it
 * @opcode: PUCK_GPU_CMD_FILL, _COPY or _CRC32C of abi/puck_gpu.h
 * @value: what FILL stores
 * @length: bytes to work on
 * @src: source segments, or NULL
 * @dst: destination segments
 * @nsrc: entries in @src
 * @ndst: entries in @dst
 * @wait: what has to signal before the job starts, or NULL
 */
struct puck_client_job {
	u16 opcode;
	u32 value;
	u64 length;
	const struct puck_client_seg *src;
	const struct puck_client_seg *dst;
	u32 nsrc;
	u32 ndst;
	struct dma_fence *wait;
};

struct puck_client *puck_client_get(struct pci_dev *pdev);
void puck_client_put(struct puck_client *client);
struct device *puck_client_dma_dev(struct puck_client *client);
unsigned int puck_client_num_rings(struct puck_client *client);
struct dma_fence *puck_client_submit(struct puck_client *client, unsigned int ring,
				     const struct puck_client_job *job);
int puck_client_set_delay(struct puck_client *client, unsigned int ring,
			  u64 start_delay_ns, u64 delay_ns);

#endif /* PUCK_CLIENT_H */
