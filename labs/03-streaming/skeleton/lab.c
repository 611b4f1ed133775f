// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 3: streaming DMA. README.rst says what it is to do; the places that say TODO are yours.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include "puck_lab_gpu.h"
#include "puck_lab_port.h"

/**
 * struct lab - one bound device
 * @gpu: the device and its ring
 * @lock: one call at a time
 *
 * TODO: two buffers that stay mapped as long as the driver is bound.
 */
struct lab {
	struct puck_lab_gpu gpu;
	struct mutex lock;
};

/*
 * How the device is told of one copy between VRAM and memory:
 *
 *	struct puck_gpu_seg memory;
 *
 *	puck_lab_gpu_seg(&memory, addr, len, 0);
 *	ret = puck_lab_gpu_start(&lab->gpu, &memory, 1, vram, len, to_vram);
 *	return ret ?: puck_lab_gpu_wait(&lab->gpu);
 *
 * where addr is what the DMA API says, and not what a pointer says.
 */

/* From memory to VRAM, or back: the memory is the device's for this one copy. */
static int lab_move(struct lab *lab, void *data, size_t len, u64 vram,
		    enum dma_data_direction dir)
{
	/* TODO: map it, see whether that went well, copy, unmap it. */
	return -EOPNOTSUPP;
}

/* From VRAM to the frame buffer, which is mapped already, and from there to @out. */
static int lab_frame(struct lab *lab, void *out, size_t len, u64 vram)
{
	/* TODO: whose is the buffer when? */
	return -EOPNOTSUPP;
}

/* From @in to the mailbox, from there to VRAM; then back by the same way, to @out. */
static int lab_mail(struct lab *lab, const void *in, void *out, size_t len, u64 to, u64 from)
{
	/* TODO: the same question, in both directions. */
	return -EOPNOTSUPP;
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
	/*
	 * TODO: memory of PUCK_LAB_FRAME bytes for frames, and for mail, each mapped once. Who
	 * unmaps it, and when? devm_add_action_or_reset() may be of use.
	 */
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
