// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 10: a driver that copies between memory and VRAM: by memory that is mapped for one copy, by
 * a frame that stays mapped, and by lists of scattered pages.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "puck_lab_gpu.h"
#include "puck_lab_pages.h"
#include "puck_lab_port.h"

/**
 * struct lab - one bound device
 * @gpu: the device and its ring
 * @lock: one call at a time
 * @frame: a page that stays mapped, from the device; its between two calls
 * @frame_addr: DMA address of @frame
 */
struct lab {
	struct puck_lab_gpu gpu;
	struct mutex lock;	/* around each call */
	void *frame;
	dma_addr_t frame_addr;
};

/* One copy between VRAM and memory that is mapped; the device is done with it on return. */
static int lab_copy(struct lab *lab, dma_addr_t addr, size_t len, u64 vram, bool to_vram)
{
	struct puck_gpu_seg memory;
	int ret;

	puck_lab_gpu_seg(&memory, addr, len, 0);
	ret = puck_lab_gpu_start(&lab->gpu, &memory, 1, vram, len, to_vram);
	return ret ?: puck_lab_gpu_wait(&lab->gpu);
}

static int lab_write(struct lab *lab, void *in, size_t len, u64 vram)
{
	struct device *dev = lab->gpu.dev;
	dma_addr_t addr;
	int ret;

	addr = dma_map_single(dev, in, len, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = lab_copy(lab, addr, len, vram, true);
	dma_unmap_single(dev, addr, len, DMA_TO_DEVICE);
	return ret;
}

static int lab_read(struct lab *lab, void *out, size_t len, u64 vram)
{
	struct device *dev = lab->gpu.dev;
	dma_addr_t addr;
	int ret;

	addr = dma_map_single(dev, out, len, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = lab_copy(lab, addr, len, vram, false);
	dma_unmap_single(dev, addr, len, DMA_FROM_DEVICE);
	return ret;
}

static int lab_frame(struct lab *lab, void *out, size_t len, u64 vram)
{
	struct device *dev = lab->gpu.dev;
	int ret;

	if (len > PUCK_LAB_FRAME)
		return -EINVAL;
	ret = lab_copy(lab, lab->frame_addr, len, vram, false);
	if (ret)
		return ret;
	dma_sync_single_for_cpu(dev, lab->frame_addr, len, DMA_FROM_DEVICE);
	memcpy(out, lab->frame, len);
	dma_sync_single_for_device(dev, lab->frame_addr, len, DMA_FROM_DEVICE);
	return 0;
}

/* What the device is told of a list. */
static struct puck_gpu_seg *lab_segs(struct sg_table *sgt, u32 *count)
{
	struct puck_gpu_seg *segs = kcalloc(sgt->orig_nents, sizeof(*segs), GFP_KERNEL);
	struct scatterlist *sg;
	unsigned int i;

	*count = 0;
	if (!segs)
		return NULL;
	for_each_sgtable_dma_sg(sgt, sg, i)
		puck_lab_gpu_seg(&segs[(*count)++], sg_dma_address(sg), sg_dma_len(sg), 0);
	return segs;
}

static int lab_copy_list(struct lab *lab, struct sg_table *sgt, size_t len, u64 vram, bool to_vram)
{
	u32 count;
	struct puck_gpu_seg *segs = lab_segs(sgt, &count);
	int ret;

	if (!segs)
		return -ENOMEM;
	ret = puck_lab_gpu_start(&lab->gpu, segs, count, vram, len, to_vram);
	if (!ret)
		ret = puck_lab_gpu_wait(&lab->gpu);
	kfree(segs);
	return ret;
}

/* Maps a list for one copy. */
static int lab_move_list(struct lab *lab, struct sg_table *sgt, size_t len, u64 vram,
			 enum dma_data_direction dir)
{
	struct device *dev = lab->gpu.dev;
	int ret;

	ret = dma_map_sgtable(dev, sgt, dir, 0);
	if (ret)
		return ret;
	ret = lab_copy_list(lab, sgt, len, vram, dir == DMA_TO_DEVICE);
	dma_unmap_sgtable(dev, sgt, dir, 0);
	return ret;
}

static int lab_write_list(struct lab *lab, const void *in, size_t len, u64 vram)
{
	struct sg_table sgt;
	int ret;

	ret = puck_lab_pages_alloc(&sgt, len);
	if (ret)
		return ret;
	puck_lab_pages_write(&sgt, in, len);
	ret = lab_move_list(lab, &sgt, len, vram, DMA_TO_DEVICE);
	puck_lab_pages_free(&sgt);
	return ret;
}

static int lab_read_list(struct lab *lab, void *out, size_t len, u64 vram)
{
	struct sg_table sgt;
	int ret;

	ret = puck_lab_pages_alloc(&sgt, len);
	if (ret)
		return ret;
	ret = lab_move_list(lab, &sgt, len, vram, DMA_FROM_DEVICE);
	if (!ret)
		puck_lab_pages_read(&sgt, out, len);
	puck_lab_pages_free(&sgt);
	return ret;
}

static long lab_do(struct lab *lab, struct puck_lab_call *call, void *in, void *out)
{
	switch (call->op) {
	case PUCK_LAB_BUGS_WRITE:
		return lab_write(lab, in, call->in_len, call->arg[0]);
	case PUCK_LAB_BUGS_READ:
		return lab_read(lab, out, call->out_len, call->arg[0]);
	case PUCK_LAB_BUGS_FRAME:
		return lab_frame(lab, out, call->out_len, call->arg[0]);
	case PUCK_LAB_BUGS_WRITE_LIST:
		return lab_write_list(lab, in, call->in_len, call->arg[0]);
	case PUCK_LAB_BUGS_READ_LIST:
		return lab_read_list(lab, out, call->out_len, call->arg[0]);
	}
	return -EINVAL;
}

static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	struct lab *lab = priv;
	long ret;

	if (!call->in_len == !call->out_len)
		return -EINVAL;
	mutex_lock(&lab->lock);
	ret = lab_do(lab, call, in, out);
	mutex_unlock(&lab->lock);
	return ret;
}

static void lab_frame_unmap(void *data)
{
	struct lab *lab = data;

	dma_unmap_single(lab->gpu.dev, lab->frame_addr, PUCK_LAB_FRAME, DMA_FROM_DEVICE);
}

static int lab_frame_init(struct lab *lab)
{
	struct device *dev = lab->gpu.dev;

	lab->frame = (void *)devm_get_free_pages(dev, GFP_KERNEL | __GFP_ZERO, 0);
	if (!lab->frame)
		return -ENOMEM;
	lab->frame_addr = dma_map_single(dev, lab->frame, PUCK_LAB_FRAME, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, lab->frame_addr))
		return -ENOMEM;
	return devm_add_action_or_reset(dev, lab_frame_unmap, lab);
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

MODULE_DESCRIPTION("Lab 10: find the bugs");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
