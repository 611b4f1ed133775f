// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 1, the reference solution: a PCI driver that takes puck-gpu, hears of its errors, and
 * leaves it as it was. docs/specs/gpu.rst is the contract.
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
 * @lock: guards what is below; taken by the interrupt
 * @errors: records taken from the error queue
 * @info: ERR_INFO of the last one
 * @addr: and its ERR_ADDR
 */
struct lab {
	void __iomem *regs;
	spinlock_t lock;
	u64 errors;
	u32 info;
	u64 addr;
};

/* The grader's questions. */
static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	struct lab *lab = priv;

	switch (call->op) {
	case PUCK_LAB_PROBE_IDENTITY:
		call->arg[0] = readl(lab->regs + PUCK_GPU_MAGIC);
		call->arg[1] = readl(lab->regs + PUCK_GPU_VERSION);
		call->arg[2] = readq(lab->regs + PUCK_GPU_VRAM_SIZE);
		return 0;
	case PUCK_LAB_PROBE_ERRORS:
		spin_lock_irq(&lab->lock);
		call->arg[0] = lab->errors;
		call->arg[1] = lab->info;
		call->arg[2] = lab->addr;
		spin_unlock_irq(&lab->lock);
		return 0;
	}
	return -EINVAL;
}

static irqreturn_t lab_error(int irq, void *data)
{
	struct lab *lab = data;
	unsigned int i;

	spin_lock(&lab->lock);
	/* First the cause, then the queue: a record that comes in between sends a message again. */
	writel(PUCK_GPU_IRQ_ERROR, lab->regs + PUCK_GPU_IRQ_STATUS);
	for (i = 0; i < PUCK_GPU_ERR_DEPTH && readl(lab->regs + PUCK_GPU_ERR_COUNT); i++) {
		lab->info = readl(lab->regs + PUCK_GPU_ERR_INFO);
		lab->addr = readq(lab->regs + PUCK_GPU_ERR_ADDR);
		lab->errors++;
		writel(0, lab->regs + PUCK_GPU_ERR_POP);
	}
	spin_unlock(&lab->lock);
	return IRQ_HANDLED;
}

/* The device says which vector its errors have: it may be any of them. */
static int lab_error_vector(struct lab *lab, u32 sources)
{
	u32 i, source;

	for (i = 0; i < sources; i++) {
		source = readl(lab->regs + PUCK_GPU_SOURCE(i));
		if (FIELD_GET(PUCK_GPU_SOURCE_KIND, source) == PUCK_GPU_SOURCE_ERROR)
			return FIELD_GET(PUCK_GPU_SOURCE_VECTOR, source);
	}
	return -ENODEV;
}

static int lab_irq_init(struct pci_dev *pdev, struct lab *lab)
{
	u32 sources = readl(lab->regs + PUCK_GPU_NUM_SOURCES);
	int ret, vector;

	if (!sources || sources > PUCK_GPU_SOURCES_MAX)
		return -ENODEV;
	vector = lab_error_vector(lab, sources);
	if (vector < 0)
		return vector;
	ret = pci_alloc_irq_vectors(pdev, sources, sources, PCI_IRQ_MSIX);
	if (ret < 0)
		return ret;
	return devm_request_irq(&pdev->dev, pci_irq_vector(pdev, vector), lab_error, 0,
				KBUILD_MODNAME, lab);
}

/* Is it a device that keeps the contract which this driver knows? */
static int lab_identify(struct lab *lab)
{
	u32 version = readl(lab->regs + PUCK_GPU_VERSION);

	if (readl(lab->regs + PUCK_GPU_MAGIC) != PUCK_GPU_MAGIC_VALUE)
		return -ENODEV;
	if ((version & PUCK_GPU_VERSION_MAJOR) != (PUCK_GPU_VERSION_VALUE & PUCK_GPU_VERSION_MAJOR))
		return -ENODEV;
	return 0;
}

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct lab *lab;
	int ret;

	lab = devm_kzalloc(dev, sizeof(*lab), GFP_KERNEL);
	if (!lab)
		return -ENOMEM;
	spin_lock_init(&lab->lock);
	pci_set_drvdata(pdev, lab);

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot enable the device\n");
	lab->regs = pcim_iomap_region(pdev, PUCK_GPU_BAR_REGS, KBUILD_MODNAME);
	if (IS_ERR(lab->regs))
		return dev_err_probe(dev, PTR_ERR(lab->regs), "cannot map the registers\n");
	ret = lab_identify(lab);
	if (ret)
		return dev_err_probe(dev, ret, "no puck-gpu that this driver knows\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(dev, ret, "no 64-bit DMA\n");
	/* Messages are writes to memory, too. */
	pci_set_master(pdev);
	ret = lab_irq_init(pdev, lab);
	if (ret)
		return dev_err_probe(dev, ret, "no interrupt for errors\n");
	writel(PUCK_GPU_IRQ_ERROR, lab->regs + PUCK_GPU_IRQ_ENABLE);

	ret = devm_puck_lab_port(dev, lab_call, lab);
	if (ret)
		writel(0, lab->regs + PUCK_GPU_IRQ_ENABLE);
	return ret;
}

/* The device is silenced here; devres does the rest, the last thing made first. */
static void lab_remove(struct pci_dev *pdev)
{
	struct lab *lab = pci_get_drvdata(pdev);

	writel(0, lab->regs + PUCK_GPU_IRQ_ENABLE);
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
	.remove = lab_remove,
};
module_pci_driver(lab_driver);

MODULE_DESCRIPTION("Lab 1: a PCI driver that probes");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
