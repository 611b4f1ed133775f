// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 6: a driver whose fences tell the truth. A job fills memory; its fence says when that is
 * there, or that it never will be. README.rst has what is asked for.
 *
 * The hardware is in puck_lab_ring.h and needs no change: puck_lab_ring_fill() writes a job and
 * rings the doorbell, puck_lab_ring_seqno() says which job was the last one to complete,
 * puck_lab_ring_stop() and puck_lab_ring_start() are what a reset is made of.
 */
#include <linux/dma-fence.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "puck_lab_fence.h"
#include "puck_lab_fences.h"
#include "puck_lab_port.h"
#include "puck_lab_ring.h"

static unsigned int timeout_ms = 3000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "How long the oldest job may take before the ring is reset");

/*
 * TODO: a job that the device has. It contains a struct dma_fence, and whatever it takes to find
 * out that it is complete. Who frees it, and when? The fence may outlive the device.
 *
 * TODO: its struct dma_fence_ops. Fences are to call their driver PUCK_LAB_FENCES_DRIVER, and their
 * timeline PUCK_LAB_FENCES_TIMELINE: the grader looks for these.
 */

/**
 * struct lab - the device
 * @ring: its ring 0
 * @timeout: to be run when a job takes longer than timeout_ms
 *
 * TODO: the jobs that are not known to be complete, a lock for them, the context and the number of
 * the last fence.
 */
struct lab {
	struct puck_lab_ring ring;
	struct delayed_work timeout;
};

/*
 * An interrupt of ring 0's. It may come for one job, for some, or for none.
 *
 * TODO: signal the fences of all jobs that are complete, and no others.
 */
static irqreturn_t lab_irq(int irq, void *data)
{
	return IRQ_HANDLED;
}

/*
 * A job takes too long.
 *
 * TODO: find out whether it does. If so it ends with -ETIMEDOUT, and the device has to be such that
 * neither this job nor one behind it touches memory any more, and that the next one is done.
 */
static void lab_timeout(struct work_struct *work)
{
}

/**
 * lab_fill - have the device fill memory
 * @lab: the device
 * @offset: of the first byte
 * @bytes: how many
 * @value: what with
 *
 * TODO: make a job and its fence, give it to the device, and have the timeout watch it.
 *
 * Return: the job's fence, a reference; or an ERR_PTR().
 */
static struct dma_fence *lab_fill(struct lab *lab, u32 offset, u32 bytes, u32 value)
{
	return ERR_PTR(-EOPNOTSUPP);
}

/*
 * The driver is about to go. Nobody calls lab_fill() any more; interrupts may still come.
 *
 * TODO: somebody may wait for a fence. Behind this there is no driver that would signal it.
 */
static void lab_stop(void *data)
{
	struct lab *lab = data;

	if (puck_lab_ring_stop(&lab->ring))
		pci_clear_master(lab->ring.pdev);
}

/* What comes from the grader; not a part of the exercise. */
static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	u64 offset = call->arg[0], bytes = call->arg[1];
	struct lab *lab = priv;
	int fd;

	if (call->op == PUCK_LAB_FENCES_READ || call->op == PUCK_LAB_FENCES_WRITE)
		bytes = call->op == PUCK_LAB_FENCES_READ ? call->out_len : call->in_len;
	if (!bytes || offset > PUCK_LAB_MEMORY || bytes > PUCK_LAB_MEMORY - offset)
		return -EINVAL;

	switch (call->op) {
	case PUCK_LAB_FENCES_FILL:
		fd = puck_lab_fence_fd(lab_fill(lab, offset, bytes, call->arg[2]));
		call->arg[3] = fd;
		return min(fd, 0);
	case PUCK_LAB_FENCES_READ:
		memcpy(out, lab->ring.memory + offset, bytes);
		return 0;
	case PUCK_LAB_FENCES_WRITE:
		memcpy(lab->ring.memory + offset, in, bytes);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct lab *lab = devm_kzalloc(dev, sizeof(*lab), GFP_KERNEL);
	int ret;

	if (!lab)
		return -ENOMEM;
	INIT_DELAYED_WORK(&lab->timeout, lab_timeout);
	/* TODO: whatever you have added to struct lab. Interrupts come from here on. */

	ret = puck_lab_ring_init(&lab->ring, pdev);
	if (ret)
		return dev_err_probe(dev, ret, "no ring\n");
	ret = devm_request_irq(dev, lab->ring.irq, lab_irq, 0, KBUILD_MODNAME, lab);
	if (ret)
		return dev_err_probe(dev, ret, "no interrupt\n");
	ret = puck_lab_ring_start(&lab->ring);
	if (ret)
		return dev_err_probe(dev, ret, "the ring does not start\n");
	/* What is undone first is done last: the port, so that nobody calls behind lab_stop(). */
	ret = devm_add_action_or_reset(dev, lab_stop, lab);
	if (ret)
		return ret;
	return devm_puck_lab_port(dev, lab_call, lab);
}

static const struct pci_device_id lab_ids[] = {
	{ PCI_DEVICE(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE) },
	{}
};

static struct pci_driver lab_driver = {
	.name = KBUILD_MODNAME,
	.id_table = lab_ids,
	.probe = lab_probe,
};
module_pci_driver(lab_driver);

MODULE_DESCRIPTION("Lab 6: fences");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
