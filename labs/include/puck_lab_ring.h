/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ring 0 of a puck-gpu, as the first labs leave it: for labs that are about something else.
 * Nothing in here is an exercise. docs/specs/gpu.rst is what it follows.
 *
 * All memory is coherent and goes with the device, so that nobody has to sync or to free it. What
 * follows one another here is the caller's to order: no function takes a lock.
 */
#ifndef PUCK_LAB_RING_H
#define PUCK_LAB_RING_H

#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/pci.h>

#include "abi/puck_gpu.h"

#define PUCK_LAB_RING_ORDER	6
#define PUCK_LAB_RING_SLOTS	BIT(PUCK_LAB_RING_ORDER)
/* Bytes that jobs may fill. */
#define PUCK_LAB_MEMORY		SZ_64K
#define PUCK_LAB_RESET_US	1000000

/**
 * struct puck_lab_ring - ring 0 of a GPU, and memory for it to work on
 * @pdev: the GPU
 * @regs: registers of the device
 * @irq: Linux's number of the interrupt that comes with the ring's fences
 * @memory: what jobs fill, PUCK_LAB_MEMORY bytes
 * @memory_dma: the same for the device
 * @cmds: the ring
 * @cmds_dma: the same for the device
 * @lists: one segment list of one segment for each slot of the ring
 * @lists_dma: the same for the device
 * @wb: where the device writes the seqno of the last job that is complete
 * @wb_dma: the same for the device
 * @tail: slot of the next command
 */
struct puck_lab_ring {
	struct pci_dev *pdev;
	void __iomem *regs;
	int irq;
	void *memory;
	dma_addr_t memory_dma;
	struct puck_gpu_cmd *cmds;
	dma_addr_t cmds_dma;
	struct puck_gpu_seg *lists;
	dma_addr_t lists_dma;
	struct puck_gpu_wb *wb;
	dma_addr_t wb_dma;
	u32 tail;
};

static inline int puck_lab_ring_alloc(struct puck_lab_ring *ring)
{
	struct device *dev = &ring->pdev->dev;

	ring->memory = dmam_alloc_coherent(dev, PUCK_LAB_MEMORY, &ring->memory_dma, GFP_KERNEL);
	ring->cmds = dmam_alloc_coherent(dev, PUCK_LAB_RING_SLOTS * sizeof(*ring->cmds),
					 &ring->cmds_dma, GFP_KERNEL);
	ring->lists = dmam_alloc_coherent(dev, PUCK_LAB_RING_SLOTS * sizeof(*ring->lists),
					  &ring->lists_dma, GFP_KERNEL);
	ring->wb = dmam_alloc_coherent(dev, sizeof(*ring->wb), &ring->wb_dma, GFP_KERNEL);
	return ring->memory && ring->cmds && ring->lists && ring->wb ? 0 : -ENOMEM;
}

/* Which vector is the ring's, the device says in a table. */
static inline int puck_lab_ring_vector(struct puck_lab_ring *ring)
{
	u32 i, source, count = readl(ring->regs + PUCK_GPU_NUM_SOURCES);
	int vectors;

	vectors = pci_alloc_irq_vectors(ring->pdev, 1, PUCK_GPU_SOURCES_MAX, PCI_IRQ_MSIX);
	if (vectors < 0)
		return vectors;
	for (i = 0; i < min(count, PUCK_GPU_SOURCES_MAX); i++) {
		source = readl(ring->regs + PUCK_GPU_SOURCE(i));
		if (FIELD_GET(PUCK_GPU_SOURCE_KIND, source) == PUCK_GPU_SOURCE_FENCE &&
		    !FIELD_GET(PUCK_GPU_SOURCE_INDEX, source))
			return pci_irq_vector(ring->pdev,
					      FIELD_GET(PUCK_GPU_SOURCE_VECTOR, source));
	}
	return -ENODEV;
}

/**
 * puck_lab_ring_init - find out what the device has, and get the memory that it takes
 * @ring: filled in
 * @pdev: the GPU, in its driver's probe; with its end all of this ends
 *
 * Return: 0 or a negative errno.
 */
static inline int puck_lab_ring_init(struct puck_lab_ring *ring, struct pci_dev *pdev)
{
	int ret;

	ring->pdev = pdev;
	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = pcim_iomap_regions(pdev, BIT(PUCK_GPU_BAR_REGS), "puck-lab");
	if (ret)
		return ret;
	ring->regs = pcim_iomap_table(pdev)[PUCK_GPU_BAR_REGS];
	if (readl(ring->regs + PUCK_GPU_MAGIC) != PUCK_GPU_MAGIC_VALUE)
		return -ENODEV;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!ret)
		ret = puck_lab_ring_alloc(ring);
	if (ret)
		return ret;
	ring->irq = puck_lab_ring_vector(ring);
	if (ring->irq < 0)
		return ring->irq;
	pci_set_master(pdev);
	return 0;
}

static inline void __iomem *puck_lab_ring_reg(struct puck_lab_ring *ring, u32 reg)
{
	return ring->regs + PUCK_GPU_RING(0) + reg;
}

/**
 * puck_lab_ring_start - turn the ring on, with nothing in it
 * @ring: the ring, off
 *
 * The write-back slot has the device's own number afterwards, which may be any: jobs are numbered
 * from the one behind it.
 *
 * Return: 0 or -EIO.
 */
static inline int puck_lab_ring_start(struct puck_lab_ring *ring)
{
	ring->tail = 0;
	writeq(ring->cmds_dma | PUCK_LAB_RING_ORDER, puck_lab_ring_reg(ring, PUCK_GPU_RING_BASE));
	writeq(ring->wb_dma, puck_lab_ring_reg(ring, PUCK_GPU_RING_WB_ADDR));
	writel(PUCK_GPU_RING_ENABLE, puck_lab_ring_reg(ring, PUCK_GPU_RING_CTRL));
	if (!(readl(puck_lab_ring_reg(ring, PUCK_GPU_RING_CTRL)) & PUCK_GPU_RING_ENABLE))
		return -EIO;
	ring->wb->seqno = cpu_to_le32(readl(puck_lab_ring_reg(ring, PUCK_GPU_RING_SEQNO)));
	return 0;
}

/**
 * puck_lab_ring_stop - turn the ring off, whatever it is doing
 * @ring: the ring
 *
 * When this returns 0 the device makes no access to memory for this ring. What was in it is
 * dropped, and no interrupt comes of it. What was complete is in the write-back slot.
 *
 * Context: may sleep.
 * Return: 0, or -ETIMEDOUT if the device does not stop.
 */
static inline int puck_lab_ring_stop(struct puck_lab_ring *ring)
{
	u32 ctrl;

	writel(PUCK_GPU_RING_RESET, puck_lab_ring_reg(ring, PUCK_GPU_RING_CTRL));
	return readl_poll_timeout(puck_lab_ring_reg(ring, PUCK_GPU_RING_CTRL), ctrl,
				  !(ctrl & PUCK_GPU_RING_RESET), 10, PUCK_LAB_RESET_US);
}

/**
 * puck_lab_ring_seqno - ask which job was the last one to complete
 * @ring: the ring
 *
 * What that job has written is visible to whoever looks behind this.
 *
 * Context: any.
 * Return: its seqno, from the write-back slot.
 */
static inline u32 puck_lab_ring_seqno(struct puck_lab_ring *ring)
{
	u32 seqno = le32_to_cpu(READ_ONCE(ring->wb->seqno));

	dma_rmb();
	return seqno;
}

static inline struct puck_gpu_cmd *puck_lab_ring_next(struct puck_lab_ring *ring, u16 opcode,
						      u32 seqno)
{
	struct puck_gpu_cmd *cmd = &ring->cmds[ring->tail];

	memset(cmd, 0, sizeof(*cmd));
	cmd->opcode = cpu_to_le16(opcode);
	cmd->seqno = cpu_to_le32(seqno);
	ring->tail = (ring->tail + 1) % PUCK_LAB_RING_SLOTS;
	return cmd;
}

/**
 * puck_lab_ring_fill - have a part of the memory filled, and ring the doorbell
 * @ring: the ring, on
 * @seqno: number of the job: what the write-back slot says when it is complete
 * @offset: of the first byte in the memory
 * @bytes: how many, at least 1; up to the end of the memory
 * @value: what is stored there over and over
 *
 * Context: any.
 * Return: 0, or -ENOSPC if there is no room in the ring: nothing was done then.
 */
static inline int puck_lab_ring_fill(struct puck_lab_ring *ring, u32 seqno, u32 offset, u32 bytes,
				     u32 value)
{
	u32 head = readl(puck_lab_ring_reg(ring, PUCK_GPU_RING_HEAD));
	u32 room = (head - ring->tail - 1) % PUCK_LAB_RING_SLOTS;
	struct puck_gpu_seg *list = &ring->lists[ring->tail];
	struct puck_gpu_cmd *cmd;

	if (room < 2)
		return -ENOSPC;
	list->addr = cpu_to_le64(ring->memory_dma + offset);
	list->len = cpu_to_le32(bytes);
	list->flags = 0;

	cmd = puck_lab_ring_next(ring, PUCK_GPU_CMD_FILL, seqno);
	cmd->dst_list = cpu_to_le64(ring->lists_dma + (list - ring->lists) * sizeof(*list));
	cmd->dst_nsegs = cpu_to_le32(1);
	cmd->length = cpu_to_le64(bytes);
	cmd->fill.value = cpu_to_le32(value);
	cmd = puck_lab_ring_next(ring, PUCK_GPU_CMD_FENCE, seqno);
	cmd->flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ);

	/* writel() orders what is above before the doorbell. */
	writel(ring->tail, puck_lab_ring_reg(ring, PUCK_GPU_RING_TAIL));
	return 0;
}

#endif /* PUCK_LAB_RING_H */
