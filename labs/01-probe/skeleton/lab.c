// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 1: a PCI driver that probes. README.rst says what it is to do; the places that say TODO
 * are yours, and so is all the rest, if you like it better otherwise.
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

#include "abi/puck_gpu.h"
#include "puck_lab_port.h"

/**
 * struct lab - one bound device
 * @regs: BAR 0
 *
 * TODO: what the grader asks for has to be kept somewhere, for each device.
 */
struct lab {
	void __iomem *regs;
};

/* The grader's questions. What goes back is in call->arg. */
static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	switch (call->op) {
	case PUCK_LAB_PROBE_IDENTITY:
		/* TODO: MAGIC, VERSION and VRAM_SIZE, as the device has them. */
		return -EOPNOTSUPP;
	case PUCK_LAB_PROBE_ERRORS:
		/* TODO: how many error records there were, ERR_INFO and ERR_ADDR of the last. */
		return -EOPNOTSUPP;
	}
	return -EINVAL;
}

/*
 * TODO: a handler for the interrupt of errors ("Error queue" in docs/specs/gpu.rst): it
 * acknowledges the interrupt and takes every record that is there.
 */

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct lab *lab;

	lab = devm_kzalloc(dev, sizeof(*lab), GFP_KERNEL);
	if (!lab)
		return -ENOMEM;
	pci_set_drvdata(pdev, lab);

	/*
	 * TODO, in the order in which it is needed: enable the device; reserve and map BAR 0;
	 * look whether it is a puck-gpu of a version you know; say how many address bits its
	 * DMA has; let it write to memory; get interrupts, and that of errors to your handler;
	 * have the device send it. Functions that begin with devm_ and pcim_ undo themselves.
	 */
	return devm_puck_lab_port(dev, lab_call, lab);
}

static void lab_remove(struct pci_dev *pdev)
{
	/* TODO: what was told to the device is not undone by devres. */
}

/* TODO: which devices the driver is for. */
static const struct pci_device_id lab_ids[] = {
	{ }
};
MODULE_DEVICE_TABLE(pci, lab_ids);

static struct pci_driver lab_driver = {
	.name = KBUILD_MODNAME,
	.id_table = lab_ids,
	.probe = lab_probe,
	.remove = lab_remove,
};
module_pci_driver(lab_driver);

MODULE_DESCRIPTION("Lab 1: a PCI driver that probes");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
