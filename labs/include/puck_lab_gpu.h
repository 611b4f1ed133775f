/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What labs 3 and 4 are given of a driver of puck-gpu: its first ring, on which one copy
 * after the other is run. Lab 1 is about how such a beginning is made, lab 2 about rings.
 *
 *	puck_lab_gpu_init(&gpu, pdev);			in probe; devres undoes it
 *	puck_lab_gpu_start(&gpu, segs, 1, vram, len, true);	the device works from here on
 *	puck_lab_gpu_wait(&gpu);			and is done when this returns
 */
#ifndef PUCK_LAB_GPU_H
#define PUCK_LAB_GPU_H

#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/wait.h>

#include "abi/puck_gpu.h"

/* Segments of one list. */
#define PUCK_LAB_SEGS_MAX	1024
#define PUCK_LAB_RING_ORDER	2
#define PUCK_LAB_WAIT_MS	5000
#define PUCK_LAB_RESET_US	1000000

/**
 * struct puck_lab_gpu - the device, with one job at a time
 * @dev: the PCI function
 * @regs: BAR 0
 * @ring: commands of ring 0, and where the device has them
 * @ring_addr: DMA address of @ring
 * @segs: both lists of a copy, the source's first
 * @segs_addr: DMA address of @segs
 * @tail: where the next command goes
 * @seqno: of the job that was started last
 * @wait: woken by each interrupt of the device
 */
struct puck_lab_gpu {
	struct device *dev;
	void __iomem *regs;
	struct puck_gpu_cmd *ring;
	dma_addr_t ring_addr;
	struct puck_gpu_seg *segs;
	dma_addr_t segs_addr;
	u32 tail;
	u32 seqno;
	wait_queue_head_t wait;
};

static inline u32 puck_lab_gpu_read(struct puck_lab_gpu *gpu, u32 offset)
{
	return readl(gpu->regs + PUCK_GPU_RING(0) + offset);
}

static inline void puck_lab_gpu_write(struct puck_lab_gpu *gpu, u32 offset, u32 value)
{
	writel(value, gpu->regs + PUCK_GPU_RING(0) + offset);
}

/**
 * puck_lab_gpu_seg - describe some bytes to the device
 * @seg: the segment
 * @addr: its DMA address, or its offset in VRAM
 * @len: bytes
 * @flags: PUCK_GPU_SEG_VRAM, or 0
 */
static inline void puck_lab_gpu_seg(struct puck_gpu_seg *seg, u64 addr, u32 len, u32 flags)
{
	seg->addr = cpu_to_le64(addr);
	seg->len = cpu_to_le32(len);
	seg->flags = cpu_to_le32(flags);
}

static irqreturn_t puck_lab_gpu_irq(int irq, void *data)
{
	struct puck_lab_gpu *gpu = data;

	wake_up(&gpu->wait);
	return IRQ_HANDLED;
}

/* The ring makes no access to memory when this returns 0, and is on again if @on. */
static inline int puck_lab_gpu_reset(struct puck_lab_gpu *gpu, bool on)
{
	u32 ctrl;
	int ret;

	puck_lab_gpu_write(gpu, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
	ret = readl_poll_timeout(gpu->regs + PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL, ctrl,
				 !(ctrl & PUCK_GPU_RING_RESET), 10, PUCK_LAB_RESET_US);
	if (ret || !on)
		return ret;
	gpu->tail = 0;
	writeq(gpu->ring_addr | PUCK_LAB_RING_ORDER,
	       gpu->regs + PUCK_GPU_RING(0) + PUCK_GPU_RING_BASE);
	puck_lab_gpu_write(gpu, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
	return 0;
}

static inline void puck_lab_gpu_command(struct puck_lab_gpu *gpu, const struct puck_gpu_cmd *cmd)
{
	gpu->ring[gpu->tail] = *cmd;
	gpu->tail = (gpu->tail + 1) % (1 << PUCK_LAB_RING_ORDER);
}

/* The list of @len bytes of VRAM, none of whose segments is too long; how many there are. */
static inline u32 puck_lab_gpu_vram(struct puck_lab_gpu *gpu, struct puck_gpu_seg *segs, u64 vram,
				    u64 len)
{
	u64 most = readl(gpu->regs + PUCK_GPU_SEG_LEN_MAX);
	u32 count = 0;

	while (len && count < PUCK_LAB_SEGS_MAX) {
		u64 part = min(len, most);

		puck_lab_gpu_seg(&segs[count++], vram, part, PUCK_GPU_SEG_VRAM);
		vram += part;
		len -= part;
	}
	return count;
}

static inline void puck_lab_gpu_queue(struct puck_lab_gpu *gpu, u32 src_count, u32 dst_count,
				      u64 len)
{
	struct puck_gpu_cmd copy = { .opcode = cpu_to_le16(PUCK_GPU_CMD_COPY) };
	struct puck_gpu_cmd fence = { .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE) };

	gpu->seqno++;
	copy.seqno = cpu_to_le32(gpu->seqno);
	copy.src_list = cpu_to_le64(gpu->segs_addr);
	copy.src_nsegs = cpu_to_le32(src_count);
	copy.dst_list = cpu_to_le64(gpu->segs_addr + PUCK_LAB_SEGS_MAX * sizeof(*gpu->segs));
	copy.dst_nsegs = cpu_to_le32(dst_count);
	copy.length = cpu_to_le64(len);
	fence.seqno = copy.seqno;
	fence.flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ);
	puck_lab_gpu_command(gpu, &copy);
	puck_lab_gpu_command(gpu, &fence);
	/* The device reads the commands when it sees the doorbell. */
	dma_wmb();
	puck_lab_gpu_write(gpu, PUCK_GPU_RING_TAIL, gpu->tail);
}

/**
 * puck_lab_gpu_start - begin a copy between memory and VRAM
 * @gpu: the device, on which nothing else is under way
 * @memory: the segments of memory
 * @count: how many there are
 * @vram: offset in VRAM
 * @len: bytes
 * @to_vram: which way
 *
 * The segments are copied here, and the caller's to change. What they describe belongs to the
 * device until puck_lab_gpu_wait() has returned.
 *
 * Return: 0, or -E2BIG: too many segments.
 */
static inline int puck_lab_gpu_start(struct puck_lab_gpu *gpu, const struct puck_gpu_seg *memory,
				     u32 count, u64 vram, u64 len, bool to_vram)
{
	struct puck_gpu_seg *src = gpu->segs, *dst = gpu->segs + PUCK_LAB_SEGS_MAX;
	u32 there;

	if (count > PUCK_LAB_SEGS_MAX)
		return -E2BIG;
	memcpy(to_vram ? src : dst, memory, count * sizeof(*memory));
	there = puck_lab_gpu_vram(gpu, to_vram ? dst : src, vram, len);
	puck_lab_gpu_queue(gpu, to_vram ? count : there, to_vram ? there : count, len);
	return 0;
}

static inline bool puck_lab_gpu_is_done(struct puck_lab_gpu *gpu)
{
	return puck_lab_gpu_read(gpu, PUCK_GPU_RING_SEQNO) == gpu->seqno;
}

static inline bool puck_lab_gpu_has_stopped(struct puck_lab_gpu *gpu)
{
	return puck_lab_gpu_read(gpu, PUCK_GPU_RING_STATUS) & PUCK_GPU_RING_HALTED;
}

/* Says what the device complains of, and empties its queue. */
static inline void puck_lab_gpu_tell(struct puck_lab_gpu *gpu)
{
	unsigned int i;

	writel(PUCK_GPU_IRQ_ERROR, gpu->regs + PUCK_GPU_IRQ_STATUS);
	for (i = 0; i < PUCK_GPU_ERR_DEPTH && readl(gpu->regs + PUCK_GPU_ERR_COUNT); i++) {
		u32 info = readl(gpu->regs + PUCK_GPU_ERR_INFO);

		dev_info(gpu->dev, "the device stops: reason %u, list %u, segment %d, address %#llx\n",
			 (u32)FIELD_GET(PUCK_GPU_ERR_INFO_REASON, info),
			 (u32)FIELD_GET(PUCK_GPU_ERR_INFO_LIST, info),
			 (int)readl(gpu->regs + PUCK_GPU_ERR_DESC),
			 readq(gpu->regs + PUCK_GPU_ERR_ADDR));
		writel(0, gpu->regs + PUCK_GPU_ERR_POP);
	}
}

/**
 * puck_lab_gpu_wait - wait until the copy that was started is over
 * @gpu: the device
 *
 * Whatever it returns, the device works on it no more.
 *
 * Context: may sleep.
 * Return: 0, -EIO: the device has stopped at an error; -ETIMEDOUT: it was stopped.
 */
static inline int puck_lab_gpu_wait(struct puck_lab_gpu *gpu)
{
	long left;

	left = wait_event_timeout(gpu->wait,
				  puck_lab_gpu_is_done(gpu) || puck_lab_gpu_has_stopped(gpu),
				  msecs_to_jiffies(PUCK_LAB_WAIT_MS));
	if (puck_lab_gpu_is_done(gpu))
		return 0;
	puck_lab_gpu_tell(gpu);
	puck_lab_gpu_reset(gpu, true);
	return left ? -EIO : -ETIMEDOUT;
}

static inline void puck_lab_gpu_end(void *data)
{
	struct puck_lab_gpu *gpu = data;

	writel(0, gpu->regs + PUCK_GPU_IRQ_ENABLE);
	puck_lab_gpu_reset(gpu, false);
}

/* A handler for the errors and one for the fences of ring 0. */
static inline int puck_lab_gpu_irqs(struct puck_lab_gpu *gpu, struct pci_dev *pdev)
{
	u32 sources = readl(gpu->regs + PUCK_GPU_NUM_SOURCES), source, kind, i;
	int ret, vector;

	if (!sources || sources > PUCK_GPU_SOURCES_MAX)
		return -ENODEV;
	ret = pci_alloc_irq_vectors(pdev, sources, sources, PCI_IRQ_MSIX);
	for (i = 0; i < sources && ret >= 0; i++) {
		source = readl(gpu->regs + PUCK_GPU_SOURCE(i));
		kind = FIELD_GET(PUCK_GPU_SOURCE_KIND, source);
		if (kind != PUCK_GPU_SOURCE_ERROR &&
		    (kind != PUCK_GPU_SOURCE_FENCE || FIELD_GET(PUCK_GPU_SOURCE_INDEX, source)))
			continue;
		vector = FIELD_GET(PUCK_GPU_SOURCE_VECTOR, source);
		ret = devm_request_irq(gpu->dev, pci_irq_vector(pdev, vector), puck_lab_gpu_irq, 0,
				       KBUILD_MODNAME, gpu);
	}
	return min(ret, 0);
}

/**
 * puck_lab_gpu_init - take the device, and turn its first ring on
 * @gpu: the device
 * @pdev: the PCI function
 *
 * devres undoes it: the ring is off before anything of it is freed.
 *
 * Return: 0 or a negative errno.
 */
static inline int puck_lab_gpu_init(struct puck_lab_gpu *gpu, struct pci_dev *pdev)
{
	size_t ring = sizeof(*gpu->ring) << PUCK_LAB_RING_ORDER;
	int ret;

	gpu->dev = &pdev->dev;
	init_waitqueue_head(&gpu->wait);
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	gpu->regs = pcim_iomap_region(pdev, PUCK_GPU_BAR_REGS, KBUILD_MODNAME);
	if (IS_ERR(gpu->regs))
		return PTR_ERR(gpu->regs);
	if (readl(gpu->regs + PUCK_GPU_MAGIC) != PUCK_GPU_MAGIC_VALUE)
		return -ENODEV;
	ret = dma_set_mask_and_coherent(gpu->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	gpu->ring = dmam_alloc_coherent(gpu->dev, ring, &gpu->ring_addr, GFP_KERNEL);
	gpu->segs = dmam_alloc_coherent(gpu->dev, 2 * PUCK_LAB_SEGS_MAX * sizeof(*gpu->segs),
					&gpu->segs_addr, GFP_KERNEL);
	if (!gpu->ring || !gpu->segs)
		return -ENOMEM;
	pci_set_master(pdev);
	ret = puck_lab_gpu_irqs(gpu, pdev);
	if (ret)
		return ret;
	gpu->seqno = puck_lab_gpu_read(gpu, PUCK_GPU_RING_SEQNO);
	ret = puck_lab_gpu_reset(gpu, true);
	if (ret)
		return ret;
	writel(PUCK_GPU_IRQ_ERROR, gpu->regs + PUCK_GPU_IRQ_ENABLE);
	return devm_add_action_or_reset(gpu->dev, puck_lab_gpu_end, gpu);
}

#endif /* PUCK_LAB_GPU_H */
