/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hardware of a puck-cam, for a lab that is about the buffers of a camera's driver. Nothing in
 * here is an exercise. docs/specs/camera.rst is what it follows.
 *
 * What follows one another here is the caller's to order: no function takes a lock.
 */
#ifndef PUCK_LAB_CAM_H
#define PUCK_LAB_CAM_H

#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/pci.h>

#include "abi/puck_cam.h"

/* Pictures are like this, and nothing else: a byte for each pixel. */
#define PUCK_LAB_WIDTH		320
#define PUCK_LAB_HEIGHT		240
#define PUCK_LAB_PICTURE	(PUCK_LAB_WIDTH * PUCK_LAB_HEIGHT)

#define PUCK_LAB_CAM_ORDER	6
#define PUCK_LAB_CAM_SLOTS	BIT(PUCK_LAB_CAM_ORDER)
/* Buffers that the device has at a time: one slot stays free. vb2 has 32 at most. */
#define PUCK_LAB_CAM_BUFFERS	(PUCK_LAB_CAM_SLOTS - 1)
#define PUCK_LAB_CAM_STOP_US	2000000

/**
 * struct puck_lab_cam - a camera
 * @pdev: the device
 * @regs: its registers
 * @irq: Linux's number of the interrupt that comes with frames
 * @queue: descriptors of buffers, for the device
 * @queue_dma: where it finds them
 * @done: what it says of buffers that it is done with
 * @done_dma: where it puts that
 * @wb: how often it did so since the start
 * @wb_dma: where it puts that
 * @tail: slot of the next descriptor
 * @seen: done entries that puck_lab_cam_pop() has given
 */
struct puck_lab_cam {
	struct pci_dev *pdev;
	void __iomem *regs;
	int irq;
	struct puck_cam_desc *queue;
	dma_addr_t queue_dma;
	struct puck_cam_done *done;
	dma_addr_t done_dma;
	struct puck_cam_wb *wb;
	dma_addr_t wb_dma;
	u32 tail;
	u32 seen;
};

static inline int puck_lab_cam_alloc(struct puck_lab_cam *cam)
{
	struct device *dev = &cam->pdev->dev;

	cam->queue = dmam_alloc_coherent(dev, PUCK_LAB_CAM_SLOTS * sizeof(*cam->queue),
					 &cam->queue_dma, GFP_KERNEL);
	cam->done = dmam_alloc_coherent(dev, PUCK_LAB_CAM_SLOTS * sizeof(*cam->done),
					&cam->done_dma, GFP_KERNEL);
	cam->wb = dmam_alloc_coherent(dev, sizeof(*cam->wb), &cam->wb_dma, GFP_KERNEL);
	return cam->queue && cam->done && cam->wb ? 0 : -ENOMEM;
}

/* Which vector is that of frames, the device says in a table. */
static inline int puck_lab_cam_vector(struct puck_lab_cam *cam)
{
	int vectors = pci_alloc_irq_vectors(cam->pdev, 1, PUCK_CAM_SOURCES, PCI_IRQ_MSIX);
	u32 i, source;

	if (vectors < 0)
		return vectors;
	for (i = 0; i < PUCK_CAM_SOURCES; i++) {
		source = readl(cam->regs + PUCK_CAM_SOURCE(i));
		if (FIELD_GET(PUCK_CAM_SOURCE_KIND, source) == PUCK_CAM_SOURCE_FRAME)
			return pci_irq_vector(cam->pdev,
					      FIELD_GET(PUCK_CAM_SOURCE_VECTOR, source));
	}
	return -ENODEV;
}

/**
 * puck_lab_cam_init - find out what the device has, and get the memory that it takes
 * @cam: filled in
 * @pdev: the camera, in its driver's probe; with its end all of this ends
 *
 * Return: 0 or a negative errno.
 */
static inline int puck_lab_cam_init(struct puck_lab_cam *cam, struct pci_dev *pdev)
{
	u32 status;
	int ret;

	cam->pdev = pdev;
	ret = pcim_enable_device(pdev);
	if (!ret)
		ret = pcim_iomap_regions(pdev, BIT(PUCK_CAM_BAR_REGS), "puck-lab");
	if (ret)
		return ret;
	cam->regs = pcim_iomap_table(pdev)[PUCK_CAM_BAR_REGS];
	if (readl(cam->regs + PUCK_CAM_MAGIC) != PUCK_CAM_MAGIC_VALUE)
		return -ENODEV;
	/* Whatever the driver before this one left. */
	writel(PUCK_CAM_CTRL_RESET, cam->regs + PUCK_CAM_CTRL);
	ret = readl_poll_timeout(cam->regs + PUCK_CAM_STATUS, status,
				 !(status & PUCK_CAM_STATUS_RESETTING), 10, PUCK_LAB_CAM_STOP_US);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!ret)
		ret = puck_lab_cam_alloc(cam);
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, readl(cam->regs + PUCK_CAM_SEG_LEN_MAX));
	cam->irq = puck_lab_cam_vector(cam);
	if (cam->irq < 0)
		return cam->irq;
	pci_set_master(pdev);
	return 0;
}

static inline void puck_lab_cam_geometry(struct puck_lab_cam *cam)
{
	u32 size = FIELD_PREP(PUCK_CAM_SIZE_WIDTH, PUCK_LAB_WIDTH) |
		   FIELD_PREP(PUCK_CAM_SIZE_HEIGHT, PUCK_LAB_HEIGHT);
	u64 rect = FIELD_PREP(PUCK_CAM_RECT_WIDTH, (u64)PUCK_LAB_WIDTH) |
		   FIELD_PREP(PUCK_CAM_RECT_HEIGHT, (u64)PUCK_LAB_HEIGHT);

	writel(size, cam->regs + PUCK_CAM_SIZE);
	writel(size, cam->regs + PUCK_CAM_OUT_SIZE);
	writeq(rect, cam->regs + PUCK_CAM_CROP);
	writeq(rect, cam->regs + PUCK_CAM_COMPOSE);
	writel(PUCK_CAM_FORMAT_GREY, cam->regs + PUCK_CAM_FORMAT);
	writel(PUCK_LAB_WIDTH, cam->regs + PUCK_CAM_STRIDE0);
}

/**
 * puck_lab_cam_start - have the device take buffers
 * @cam: the camera, stopped
 *
 * Frames come behind puck_lab_cam_stream().
 *
 * Return: 0 or -EIO.
 */
static inline int puck_lab_cam_start(struct puck_lab_cam *cam)
{
	puck_lab_cam_geometry(cam);
	cam->tail = 0;
	cam->seen = 0;
	cam->wb->count = 0;
	writeq(cam->queue_dma | PUCK_LAB_CAM_ORDER, cam->regs + PUCK_CAM_QUEUE_BASE);
	writeq(cam->done_dma, cam->regs + PUCK_CAM_DONE_BASE);
	writeq(cam->wb_dma, cam->regs + PUCK_CAM_DONE_WB_ADDR);
	writel(PUCK_CAM_QUEUE_ENABLE, cam->regs + PUCK_CAM_QUEUE_CTRL);
	return readl(cam->regs + PUCK_CAM_QUEUE_CTRL) & PUCK_CAM_QUEUE_ENABLE ? 0 : -EIO;
}

/**
 * puck_lab_cam_stream - have frames come
 * @cam: the camera, started
 *
 * Their numbers begin with 0.
 *
 * Return: 0 or -EIO.
 */
static inline int puck_lab_cam_stream(struct puck_lab_cam *cam)
{
	writel(PUCK_CAM_STREAM, cam->regs + PUCK_CAM_SENSOR_CTRL);
	return readl(cam->regs + PUCK_CAM_SENSOR_CTRL) & PUCK_CAM_STREAM ? 0 : -EIO;
}

/**
 * puck_lab_cam_stop - have no more frames come, and get all buffers back
 * @cam: the camera
 *
 * When this returns the device makes no access to memory. Buffers that it has are forgotten.
 *
 * Context: may sleep.
 */
static inline void puck_lab_cam_stop(struct puck_lab_cam *cam)
{
	u32 value;
	int ret;

	writel(0, cam->regs + PUCK_CAM_SENSOR_CTRL);
	ret = readl_poll_timeout(cam->regs + PUCK_CAM_SENSOR_STATUS, value,
				 !(value & PUCK_CAM_SENSOR_BUSY), 10, PUCK_LAB_CAM_STOP_US);
	writel(PUCK_CAM_QUEUE_RESET, cam->regs + PUCK_CAM_QUEUE_CTRL);
	if (!ret)
		ret = readl_poll_timeout(cam->regs + PUCK_CAM_QUEUE_CTRL, value, !value, 10,
					 PUCK_LAB_CAM_STOP_US);
	if (ret)
		pci_clear_master(cam->pdev);
}

/**
 * puck_lab_cam_push - give the device a buffer
 * @cam: the camera, started
 * @list: DMA address of the buffer's segments, struct puck_cam_seg[]
 * @nsegs: how many
 *
 * A frame takes it that begins when all buffers before it are taken. It is the device's, and its
 * list as well, until it comes out of puck_lab_cam_pop() or the camera is stopped. There is room
 * for PUCK_LAB_CAM_BUFFERS.
 *
 * Context: any.
 */
static inline void puck_lab_cam_push(struct puck_lab_cam *cam, dma_addr_t list, u32 nsegs)
{
	struct puck_cam_desc *desc = &cam->queue[cam->tail];

	memset(desc, 0, sizeof(*desc));
	desc->parts = cpu_to_le32(1);
	desc->part[0].list = cpu_to_le64(list);
	desc->part[0].nsegs = cpu_to_le32(nsegs);
	desc->part[0].length = cpu_to_le64(PUCK_LAB_PICTURE);
	cam->tail = (cam->tail + 1) % PUCK_LAB_CAM_SLOTS;
	/* writel() orders what is above before the doorbell. */
	writel(cam->tail, cam->regs + PUCK_CAM_QUEUE_TAIL);
}

/**
 * puck_lab_cam_pop - ask whether the device is done with one more buffer
 * @cam: the camera, started
 * @done: what it says of it: PUCK_CAM_DONE_* in status, the number of the frame
 *
 * Buffers come back in the order in which they were given.
 *
 * Context: any.
 * Return: whether it is: no, if it still works on all that are left.
 */
static inline bool puck_lab_cam_pop(struct puck_lab_cam *cam, struct puck_cam_done *done)
{
	if (le32_to_cpu(READ_ONCE(cam->wb->count)) == cam->seen)
		return false;
	dma_rmb();
	*done = cam->done[cam->seen++ % PUCK_LAB_CAM_SLOTS];
	return true;
}

#endif /* PUCK_LAB_CAM_H */
