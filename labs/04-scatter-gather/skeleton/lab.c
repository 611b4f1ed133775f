// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 4: scatter-gather. README.rst says what it is to do; the places that say TODO are yours.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "puck_lab_gpu.h"
#include "puck_lab_pages.h"
#include "puck_lab_port.h"

/**
 * struct lab - one bound device
 * @gpu: the device and its ring
 * @lock: one call at a time
 * @frame: scattered memory that stays mapped
 */
struct lab {
	struct puck_lab_gpu gpu;
	struct mutex lock;
	struct sg_table frame;
};

/*
 * One copy between VRAM and memory whose list is mapped. The device takes an array of segments,
 * each of them made by puck_lab_gpu_seg(&segs[i], address, length, 0).
 */
static int lab_copy(struct lab *lab, struct sg_table *sgt, size_t len, u64 vram, bool to_vram)
{
	/*
	 * TODO: how many segments does the list have for the device, where is each, and how
	 * long? Then puck_lab_gpu_start(&lab->gpu, segs, count, vram, len, to_vram), and
	 * puck_lab_gpu_wait(&lab->gpu).
	 */
	return -EOPNOTSUPP;
}

/* The memory is mapped for this one copy. */
static int lab_move(struct lab *lab, struct sg_table *sgt, size_t len, u64 vram,
		    enum dma_data_direction dir)
{
	/* TODO: map the list, copy, unmap the list. */
	return lab_copy(lab, sgt, len, vram, dir == DMA_TO_DEVICE);
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

/* Into the memory that stays mapped, and from there to @out. */
static int lab_frame(struct lab *lab, void *out, size_t len, u64 vram)
{
	/* TODO: PUCK_LAB_SG_FRAME_BYTES; whose is the memory when? */
	return -EOPNOTSUPP;
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

	/* TODO: unmap it. */
	puck_lab_pages_free(&lab->frame);
}

static int lab_frame_init(struct lab *lab)
{
	int ret;

	ret = puck_lab_pages_alloc(&lab->frame, PUCK_LAB_SG_FRAME_BYTES);
	if (ret)
		return ret;
	/* TODO: map it. */
	return devm_add_action_or_reset(lab->gpu.dev, lab_frame_end, lab);
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
	/* TODO: what does the DMA layer have to know of the segments that the device takes? */
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
