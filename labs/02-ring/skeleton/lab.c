// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 2: coherent memory and a command ring. README.rst says what it is to do; the places that
 * say TODO are yours.
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/wait.h>

#include "abi/puck_gpu.h"
#include "puck_lab_port.h"

#define LAB_JOB_COMMANDS	2
#define LAB_FILL_MS		5000
#define LAB_RESET_US		1000000

/**
 * struct lab_memory - what the device reads and writes: one way to lay it out
 * @ring: commands
 * @seg: of the command with the same index: where it fills
 * @wb: the number of the job that was completed last
 */
struct lab_memory {
	struct puck_gpu_cmd ring[PUCK_LAB_RING_COMMANDS];
	struct puck_gpu_seg seg[PUCK_LAB_RING_COMMANDS];
	struct puck_gpu_wb wb;
};

/**
 * struct lab - one bound device
 * @dev: the PCI function
 * @regs: BAR 0
 * @lock: one call at a time; guards all that follows
 * @tail: where the next command goes
 * @next: number of the next job
 * @wait: woken by each interrupt of the device
 *
 * TODO: the memory that the device reads commands from and writes numbers to.
 */
struct lab {
	struct device *dev;
	void __iomem *regs;
	struct mutex lock;
	u32 tail;
	u32 next;
	wait_queue_head_t wait;
};

static void lab_ring_write(struct lab *lab, u32 offset, u32 value)
{
	writel(value, lab->regs + PUCK_GPU_RING(0) + offset);
}

/* TODO: is a job done? Numbers go round: 0 comes behind 0xffffffff. */

static irqreturn_t lab_irq(int irq, void *data)
{
	struct lab *lab = data;

	wake_up(&lab->wait);
	return IRQ_HANDLED;
}

/* When this returns 0 the ring makes no access to memory. */
static int lab_ring_stop(struct lab *lab)
{
	u32 ctrl;

	lab_ring_write(lab, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
	return readl_poll_timeout(lab->regs + PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL, ctrl,
				  !(ctrl & PUCK_GPU_RING_RESET), 10, LAB_RESET_US);
}

/* TODO: where the ring is, where the write-back slot is, and the ring on. */

/* TODO: what to do when an error has stopped the ring. */

/* Queue a FILL and a FENCE; the job's number goes to @seqno. */
static int lab_submit(struct lab *lab, u64 vram, u32 len, u32 value, u32 *seqno)
{
	/*
	 * TODO: is there room? Where do the commands go, where the segment that FILL writes to?
	 * What comes before the doorbell, lab_ring_write(lab, PUCK_GPU_RING_TAIL, lab->tail)?
	 */
	return -EOPNOTSUPP;
}

static int lab_wait(struct lab *lab, u32 seqno, u32 ms)
{
	/* TODO: wait_event_timeout(lab->wait, ..., msecs_to_jiffies(ms)). And if it stopped? */
	return -EOPNOTSUPP;
}

static long lab_do(struct lab *lab, struct puck_lab_call *call)
{
	u64 *arg = call->arg;
	u32 seqno = 0;
	int ret;

	if (call->op == PUCK_LAB_RING_WAIT)
		return lab_wait(lab, arg[0], arg[1]);
	if (call->op != PUCK_LAB_RING_FILL && call->op != PUCK_LAB_RING_SUBMIT)
		return -EINVAL;
	ret = lab_submit(lab, arg[0], arg[1], arg[2], &seqno);
	arg[3] = seqno;
	if (ret || call->op == PUCK_LAB_RING_SUBMIT)
		return ret;
	return lab_wait(lab, seqno, LAB_FILL_MS);
}

static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	struct lab *lab = priv;
	long ret;

	mutex_lock(&lab->lock);
	ret = lab_do(lab, call);
	mutex_unlock(&lab->lock);
	return ret;
}

/* The fences of ring 0 and the errors have a vector each. */
static int lab_irq_init(struct lab *lab, struct pci_dev *pdev)
{
	u32 sources = readl(lab->regs + PUCK_GPU_NUM_SOURCES), source, kind, i;
	int ret, vector;

	if (!sources || sources > PUCK_GPU_SOURCES_MAX)
		return -ENODEV;
	ret = pci_alloc_irq_vectors(pdev, sources, sources, PCI_IRQ_MSIX);
	for (i = 0; i < sources && ret >= 0; i++) {
		source = readl(lab->regs + PUCK_GPU_SOURCE(i));
		kind = FIELD_GET(PUCK_GPU_SOURCE_KIND, source);
		if (kind != PUCK_GPU_SOURCE_ERROR &&
		    (kind != PUCK_GPU_SOURCE_FENCE || FIELD_GET(PUCK_GPU_SOURCE_INDEX, source)))
			continue;
		vector = FIELD_GET(PUCK_GPU_SOURCE_VECTOR, source);
		ret = devm_request_irq(lab->dev, pci_irq_vector(pdev, vector), lab_irq, 0,
				       KBUILD_MODNAME, lab);
	}
	return min(ret, 0);
}

/* devres does so before it frees the memory, as it was made before. */
static void lab_ring_end(void *data)
{
	struct lab *lab = data;

	writel(0, lab->regs + PUCK_GPU_IRQ_ENABLE);
	/* TODO: what may the device still do to memory that is freed behind this? */
}

static int lab_ring_init(struct lab *lab, struct pci_dev *pdev)
{
	int ret;

	/* TODO: memory for the ring; the first job has the number PUCK_LAB_RING_FIRST. */
	lab->next = PUCK_LAB_RING_FIRST;
	ret = lab_irq_init(lab, pdev);
	if (ret)
		return ret;
	/* Whoever had the device before may have left the ring on. */
	ret = lab_ring_stop(lab);
	if (ret)
		return ret;
	/* TODO: turn it on. */
	writel(PUCK_GPU_IRQ_ERROR, lab->regs + PUCK_GPU_IRQ_ENABLE);
	return devm_add_action_or_reset(lab->dev, lab_ring_end, lab);
}

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct lab *lab;
	int ret;

	lab = devm_kzalloc(dev, sizeof(*lab), GFP_KERNEL);
	if (!lab)
		return -ENOMEM;
	lab->dev = dev;
	mutex_init(&lab->lock);
	init_waitqueue_head(&lab->wait);
	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot enable the device\n");
	lab->regs = pcim_iomap_region(pdev, PUCK_GPU_BAR_REGS, KBUILD_MODNAME);
	if (IS_ERR(lab->regs))
		return dev_err_probe(dev, PTR_ERR(lab->regs), "cannot map the registers\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(dev, ret, "no 64-bit DMA\n");
	pci_set_master(pdev);
	ret = lab_ring_init(lab, pdev);
	if (ret)
		return dev_err_probe(dev, ret, "no ring\n");
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

MODULE_DESCRIPTION("Lab 2: coherent memory and a command ring");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
