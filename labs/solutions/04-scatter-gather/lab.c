// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 4, the reference solution: scattered pages that the DMA layer may join. What the CPU
 * walks has orig_nents entries, what the device walks has nents segments.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "puck_lab_gpu.h"
#include "puck_lab_pages.h"
#include "puck_lab_port.h"

/**
 * struct lab - one bound device
 * @gpu: the device and its ring
 * @lock: one call at a time
 * @frame: PUCK_LAB_SG_FRAME_BYTES of scattered memory, mapped from the device for as long as
 *	the driver is bound; the device's between two calls
 */
struct lab {
	struct puck_lab_gpu gpu;
	struct mutex lock;
	struct sg_table frame;
};

/* The device's side of a list that is mapped: its segments, each as long as it is. */
static struct puck_gpu_seg *lab_segs(struct sg_table *sgt)
{
	struct puck_gpu_seg *segs = kcalloc(sgt->nents, sizeof(*segs), GFP_KERNEL);
	struct scatterlist *sg;
	unsigned int i;

	if (!segs)
		return NULL;
	for_each_sgtable_dma_sg(sgt, sg, i)
		puck_lab_gpu_seg(&segs[i], sg_dma_address(sg), sg_dma_len(sg), 0);
	return segs;
}

/* One copy between VRAM and a list that is mapped; the device is done with it on return. */
static int lab_copy(struct lab *lab, struct sg_table *sgt, size_t len, u64 vram, bool to_vram)
{
	struct puck_gpu_seg *segs = lab_segs(sgt);
	int ret;

	if (!segs)
		return -ENOMEM;
	ret = puck_lab_gpu_start(&lab->gpu, segs, sgt->nents, vram, len, to_vram);
	if (!ret)
		ret = puck_lab_gpu_wait(&lab->gpu);
	kfree(segs);
	return ret;
}

/* For one copy: mapped, used, unmapped by the entries that it was mapped by. */
static int lab_move(struct lab *lab, struct sg_table *sgt, size_t len, u64 vram,
		    enum dma_data_direction dir)
{
	int ret;

	ret = dma_map_sgtable(lab->gpu.dev, sgt, dir, 0);
	if (ret)
		return ret;
	ret = lab_copy(lab, sgt, len, vram, dir == DMA_TO_DEVICE);
	dma_unmap_sgtable(lab->gpu.dev, sgt, dir, 0);
	return ret;
}

static int lab_write(struct lab *lab, const void *in, size_t len, u64 vram)
{
	struct sg_table sgt;
	int ret;

	if (!len)
		return -EINVAL;
	ret = puck_lab_pages_alloc(&sgt, len);
	if (ret)
		return ret;
	puck_lab_pages_write(&sgt, in, len);
	ret = lab_move(lab, &sgt, len, vram, DMA_TO_DEVICE);
	puck_lab_pages_free(&sgt);
	return ret;
}

static int lab_read(struct lab *lab, void *out, size_t len, u64 vram)
{
	struct sg_table sgt;
	int ret;

	if (!len)
		return -EINVAL;
	ret = puck_lab_pages_alloc(&sgt, len);
	if (ret)
		return ret;
	ret = lab_move(lab, &sgt, len, vram, DMA_FROM_DEVICE);
	if (!ret)
		puck_lab_pages_read(&sgt, out, len);
	puck_lab_pages_free(&sgt);
	return ret;
}

/* Syncs, too, are of all entries. */
static int lab_frame(struct lab *lab, void *out, size_t len, u64 vram)
{
	int ret;

	if (len != PUCK_LAB_SG_FRAME_BYTES)
		return -EINVAL;
	ret = lab_copy(lab, &lab->frame, len, vram, false);
	if (ret)
		return ret;
	dma_sync_sgtable_for_cpu(lab->gpu.dev, &lab->frame, DMA_FROM_DEVICE);
	puck_lab_pages_read(&lab->frame, out, len);
	dma_sync_sgtable_for_device(lab->gpu.dev, &lab->frame, DMA_FROM_DEVICE);
	return 0;
}

static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	struct lab *lab = priv;
	long ret = -EINVAL;

	mutex_lock(&lab->lock);
	switch (call->op) {
	case PUCK_LAB_SG_WRITE:
		ret = lab_write(lab, in, call->in_len, call->arg[0]);
		break;
	case PUCK_LAB_SG_READ:
		ret = lab_read(lab, out, call->out_len, call->arg[0]);
		break;
	case PUCK_LAB_SG_FRAME:
		ret = lab_frame(lab, out, call->out_len, call->arg[0]);
		break;
	}
	mutex_unlock(&lab->lock);
	return ret;
}

static void lab_frame_end(void *data)
{
	struct lab *lab = data;

	dma_unmap_sgtable(lab->gpu.dev, &lab->frame, DMA_FROM_DEVICE, 0);
	puck_lab_pages_free(&lab->frame);
}

static int lab_frame_init(struct lab *lab)
{
	int ret;

	ret = puck_lab_pages_alloc(&lab->frame, PUCK_LAB_SG_FRAME_BYTES);
	if (ret)
		return ret;
	ret = dma_map_sgtable(lab->gpu.dev, &lab->frame, DMA_FROM_DEVICE, 0);
	if (ret)
		goto err_free;
	return devm_add_action_or_reset(lab->gpu.dev, lab_frame_end, lab);

err_free:
	puck_lab_pages_free(&lab->frame);
	return ret;
}

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct lab *lab;
	int ret;

	lab = devm_kzalloc(dev, sizeof(*lab), GFP_KERNEL);
	if (!lab)
		return -ENOMEM;
	mutex_init(&lab->lock);
	ret = puck_lab_gpu_init(&lab->gpu, pdev);
	if (ret)
		return dev_err_probe(dev, ret, "no device to work with\n");
	/* Before anything is mapped: nobody joins more than the device takes. */
	dma_set_max_seg_size(dev, readl(lab->gpu.regs + PUCK_GPU_SEG_LEN_MAX));
	ret = lab_frame_init(lab);
	if (ret)
		return dev_err_probe(dev, ret, "no memory for frames\n");
	return devm_puck_lab_port(dev, lab_call, lab);
}

static const struct pci_device_id lab_ids[] = {
	{ PCI_DEVICE(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, lab_ids);

static struct pci_driver lab_driver = {
	.name = KBUILD_MODNAME,
	.id_table = lab_ids,
	.probe = lab_probe,
};
module_pci_driver(lab_driver);

MODULE_DESCRIPTION("Lab 4: scatter-gather");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
