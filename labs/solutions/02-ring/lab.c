// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 2, the reference solution: a ring of commands in coherent memory. A job is a FILL and a
 * FENCE; the device tells in the write-back slot how far it has come.
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
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
 * struct lab_memory - what the device reads and writes, as the CPU has it
 * @ring: commands; those from the device's head to @tail of struct lab are the device's
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
 * @memory: coherent
 * @addr: of @memory, for the device
 * @lock: one call at a time; guards all that follows
 * @tail: where the next command goes
 * @next: number of the next job
 * @lost: jobs before this number that are not complete never will be
 * @wait: woken by each interrupt of the device
 */
struct lab {
	struct device *dev;
	void __iomem *regs;
	struct lab_memory *memory;
	dma_addr_t addr;
	struct mutex lock;
	u32 tail;
	u32 next;
	u32 lost;
	wait_queue_head_t wait;
};

static u32 lab_ring_read(struct lab *lab, u32 offset)
{
	return readl(lab->regs + PUCK_GPU_RING(0) + offset);
}

static void lab_ring_write(struct lab *lab, u32 offset, u32 value)
{
	writel(value, lab->regs + PUCK_GPU_RING(0) + offset);
}

/* Numbers go round: which is first is what their difference says. */
static bool lab_is_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static bool lab_is_done(struct lab *lab, u32 seqno)
{
	return !lab_is_before(le32_to_cpu(READ_ONCE(lab->memory->wb.seqno)), seqno);
}

static bool lab_is_halted(struct lab *lab)
{
	return lab_ring_read(lab, PUCK_GPU_RING_STATUS) & PUCK_GPU_RING_HALTED;
}

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

static void lab_ring_start(struct lab *lab)
{
	void __iomem *ring = lab->regs + PUCK_GPU_RING(0);
	u64 base = lab->addr + offsetof(struct lab_memory, ring);

	lab->tail = 0;
	writeq(base | ilog2(PUCK_LAB_RING_COMMANDS), ring + PUCK_GPU_RING_BASE);
	writeq(lab->addr + offsetof(struct lab_memory, wb), ring + PUCK_GPU_RING_WB_ADDR);
	lab_ring_write(lab, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
}

/* An error has stopped the ring: what it had is lost, and it begins anew. */
static void lab_ring_recover(struct lab *lab)
{
	unsigned int i;

	writel(PUCK_GPU_IRQ_ERROR, lab->regs + PUCK_GPU_IRQ_STATUS);
	for (i = 0; i < PUCK_GPU_ERR_DEPTH && readl(lab->regs + PUCK_GPU_ERR_COUNT); i++)
		writel(0, lab->regs + PUCK_GPU_ERR_POP);
	if (lab_ring_stop(lab))
		dev_err(lab->dev, "the ring does not stop\n");
	lab->lost = lab->next;
	lab_ring_start(lab);
}

/* One slot stays free: a ring whose tail is at its head is empty. */
static bool lab_has_room(struct lab *lab)
{
	u32 head = lab_ring_read(lab, PUCK_GPU_RING_HEAD);
	u32 used = (lab->tail - head) % PUCK_LAB_RING_COMMANDS;

	return used + LAB_JOB_COMMANDS < PUCK_LAB_RING_COMMANDS;
}

static void lab_command(struct lab *lab, const struct puck_gpu_cmd *cmd)
{
	lab->memory->ring[lab->tail] = *cmd;
	lab->tail = (lab->tail + 1) % PUCK_LAB_RING_COMMANDS;
}

/* The number of a job goes to @seqno. */
static int lab_submit(struct lab *lab, u64 vram, u32 len, u32 value, u32 *seqno)
{
	struct puck_gpu_cmd fill = { .opcode = cpu_to_le16(PUCK_GPU_CMD_FILL) };
	struct puck_gpu_cmd fence = { .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE) };
	struct puck_gpu_seg *seg = &lab->memory->seg[lab->tail];

	if (!lab_has_room(lab))
		return -EBUSY;
	*seqno = lab->next++;
	seg->addr = cpu_to_le64(vram);
	seg->len = cpu_to_le32(len);
	seg->flags = cpu_to_le32(PUCK_GPU_SEG_VRAM);
	fill.seqno = cpu_to_le32(*seqno);
	fill.dst_list = cpu_to_le64(lab->addr + ((void *)seg - (void *)lab->memory));
	fill.dst_nsegs = cpu_to_le32(1);
	fill.length = cpu_to_le64(len);
	fill.fill.value = cpu_to_le32(value);
	fence.seqno = fill.seqno;
	fence.flags = cpu_to_le16(PUCK_GPU_FENCE_IRQ);
	lab_command(lab, &fill);
	lab_command(lab, &fence);
	/* The commands are in memory before the device hears of them. */
	dma_wmb();
	lab_ring_write(lab, PUCK_GPU_RING_TAIL, lab->tail);
	return 0;
}

static int lab_wait(struct lab *lab, u32 seqno, u32 ms)
{
	wait_event_timeout(lab->wait, lab_is_done(lab, seqno) || lab_is_halted(lab),
			   msecs_to_jiffies(ms));
	if (lab_is_done(lab, seqno))
		return 0;
	if (lab_is_halted(lab))
		lab_ring_recover(lab);
	return lab_is_before(seqno, lab->lost) ? -EIO : -ETIMEDOUT;
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
	lab_ring_stop(lab);
}

static int lab_ring_init(struct lab *lab, struct pci_dev *pdev)
{
	int ret;

	lab->memory = dmam_alloc_coherent(lab->dev, sizeof(*lab->memory), &lab->addr, GFP_KERNEL);
	if (!lab->memory)
		return -ENOMEM;
	lab->next = PUCK_LAB_RING_FIRST;
	lab->lost = lab->next;
	lab->memory->wb.seqno = cpu_to_le32(lab->next - 1);
	ret = lab_irq_init(lab, pdev);
	if (ret)
		return ret;
	/* Whoever had the device before may have left the ring on. */
	ret = lab_ring_stop(lab);
	if (ret)
		return ret;
	lab_ring_start(lab);
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
