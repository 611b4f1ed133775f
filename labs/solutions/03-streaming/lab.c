// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 3, the reference solution: memory that is lent to the device for one transfer, and
 * memory that goes to and fro between the device and the CPU.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "puck_lab_gpu.h"
#include "puck_lab_port.h"

/**
 * struct lab_buffer - memory that stays mapped as long as the driver is bound
 * @dev: the device that it is mapped for
 * @data: as the CPU has it
 * @addr: as the device has it
 * @dir: who may write to it
 *
 * Between two calls it is the device's.
 */
struct lab_buffer {
	struct device *dev;
	void *data;
	dma_addr_t addr;
	enum dma_data_direction dir;
};

/**
 * struct lab - one bound device
 * @gpu: the device and its ring
 * @lock: one call at a time
 * @frame: written by the device, read by the CPU
 * @mail: written by both
 */
struct lab {
	struct puck_lab_gpu gpu;
	struct mutex lock;
	struct lab_buffer frame;
	struct lab_buffer mail;
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

/* The memory is the device's from the mapping to the unmapping, whatever comes of the copy. */
static int lab_move(struct lab *lab, void *data, size_t len, u64 vram,
		    enum dma_data_direction dir)
{
	struct device *dev = lab->gpu.dev;
	dma_addr_t addr;
	int ret;

	if (!len)
		return -EINVAL;
	addr = dma_map_single(dev, data, len, dir);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = lab_copy(lab, addr, len, vram, dir == DMA_TO_DEVICE);
	dma_unmap_single(dev, addr, len, dir);
	return ret;
}

/* Fetch a frame. The CPU has the buffer while it reads it, and gives it back. */
static int lab_frame(struct lab *lab, void *out, size_t len, u64 vram)
{
	struct lab_buffer *frame = &lab->frame;
	int ret;

	if (!len || len > PUCK_LAB_FRAME)
		return -EINVAL;
	ret = lab_copy(lab, frame->addr, len, vram, false);
	if (ret)
		return ret;
	dma_sync_single_for_cpu(frame->dev, frame->addr, len, frame->dir);
	memcpy(out, frame->data, len);
	dma_sync_single_for_device(frame->dev, frame->addr, len, frame->dir);
	return 0;
}

/* Send what is in the mailbox, and fetch what comes back. */
static int lab_mail(struct lab *lab, const void *in, void *out, size_t len, u64 to, u64 from)
{
	struct lab_buffer *mail = &lab->mail;
	int ret;

	if (!len || len > PUCK_LAB_FRAME)
		return -EINVAL;
	dma_sync_single_for_cpu(mail->dev, mail->addr, len, mail->dir);
	memcpy(mail->data, in, len);
	dma_sync_single_for_device(mail->dev, mail->addr, len, mail->dir);
	ret = lab_copy(lab, mail->addr, len, to, true);
	if (!ret)
		ret = lab_copy(lab, mail->addr, len, from, false);
	if (ret)
		return ret;
	dma_sync_single_for_cpu(mail->dev, mail->addr, len, mail->dir);
	memcpy(out, mail->data, len);
	dma_sync_single_for_device(mail->dev, mail->addr, len, mail->dir);
	return 0;
}

static long lab_do(struct lab *lab, struct puck_lab_call *call, void *in, void *out)
{
	switch (call->op) {
	case PUCK_LAB_STREAM_WRITE:
		return lab_move(lab, in, call->in_len, call->arg[0], DMA_TO_DEVICE);
	case PUCK_LAB_STREAM_READ:
		return lab_move(lab, out, call->out_len, call->arg[0], DMA_FROM_DEVICE);
	case PUCK_LAB_STREAM_FRAME:
		return lab_frame(lab, out, call->out_len, call->arg[0]);
	case PUCK_LAB_STREAM_MAIL:
		if (call->in_len != call->out_len)
			return -EINVAL;
		return lab_mail(lab, in, out, call->in_len, call->arg[0], call->arg[1]);
	}
	return -EINVAL;
}

static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	struct lab *lab = priv;
	long ret;

	mutex_lock(&lab->lock);
	ret = lab_do(lab, call, in, out);
	mutex_unlock(&lab->lock);
	return ret;
}

static void lab_buffer_unmap(void *data)
{
	struct lab_buffer *buffer = data;

	dma_unmap_single(buffer->dev, buffer->addr, PUCK_LAB_FRAME, buffer->dir);
}

/* devres unmaps it before it frees the memory. */
static int lab_buffer_init(struct device *dev, struct lab_buffer *buffer,
			   enum dma_data_direction dir)
{
	buffer->dev = dev;
	buffer->dir = dir;
	/* A page: nothing else lies beside what the device writes. */
	buffer->data = (void *)devm_get_free_pages(dev, GFP_KERNEL | __GFP_ZERO, 0);
	if (!buffer->data)
		return -ENOMEM;
	buffer->addr = dma_map_single(dev, buffer->data, PUCK_LAB_FRAME, dir);
	if (dma_mapping_error(dev, buffer->addr))
		return -ENOMEM;
	return devm_add_action_or_reset(dev, lab_buffer_unmap, buffer);
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
	ret = lab_buffer_init(dev, &lab->frame, DMA_FROM_DEVICE);
	if (!ret)
		ret = lab_buffer_init(dev, &lab->mail, DMA_BIDIRECTIONAL);
	if (ret)
		return dev_err_probe(dev, ret, "no buffers\n");
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

MODULE_DESCRIPTION("Lab 3: streaming DMA");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
