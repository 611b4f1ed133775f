/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel clients of a Puck GPU: other modules that want the engine to
 * work on memory which they mapped themselves.
 *
 * The client builds the segment lists and writes the page tables; puck.ko hands
 * them to the hardware as they are. That is the point: the scenarios show what becomes
 * of a driver that does it wrongly, while puck.ko itself stays right.
 */
#ifndef PUCK_CLIENT_H
#define PUCK_CLIENT_H

#include <linux/types.h>

struct device;
struct dma_fence;
struct pci_dev;
struct puck_client;
struct puck_client_vram;

/* One segment as the hardware gets it: docs/specs/gpu.rst, "Segment lists". */
struct puck_client_seg {
	u64 addr;
	u32 len;
	u32 flags;
};

/**
 * struct puck_client_job - one engine command and the fence behind it
 * @opcode: PUCK_GPU_CMD_FILL, _COPY, _CRC32C or _TLB_FLUSH of abi/puck_gpu.h
 * @flags: of the command: PUCK_GPU_SRC_VA, PUCK_GPU_DST_VA
 * @value: what FILL stores
 * @vm: number of the VM that addresses are of, from puck_client_vm_create(); else zero
 * @length: bytes to work on; of TLB_FLUSH those that are dropped
 * @src_va: address of the source, if @nsrc is zero; of TLB_FLUSH the first one that is dropped
 * @dst_va: address of the destination, if @ndst is zero
 * @src: source segments, or NULL
 * @dst: destination segments, or NULL
 * @nsrc: entries in @src
 * @ndst: entries in @dst
 * @wait: what has to signal before the job starts, or NULL
 */
struct puck_client_job {
	u16 opcode;
	u16 flags;
	u32 value;
	u32 vm;
	u64 length;
	u64 src_va;
	u64 dst_va;
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

/* vm.c: page tables of the client's own */
unsigned int puck_client_num_vms(struct puck_client *client);
int puck_client_vm_create(struct puck_client *client, dma_addr_t root);
void puck_client_vm_destroy(struct puck_client *client, u32 vm);

/* vram.c: VRAM that the client hands on to whom it likes */
struct puck_client_vram *puck_client_vram_alloc(struct puck_client *client, u64 *offset);
void puck_client_vram_free(struct puck_client_vram *vram);

#endif /* PUCK_CLIENT_H */
