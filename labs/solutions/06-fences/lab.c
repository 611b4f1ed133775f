// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 6: a driver whose fences tell the truth. A job fills memory; its fence says when that is
 * there, or that it never will be.
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

/**
 * struct lab_job - a job that the device has, and its fence
 * @fence: what others see; the memory goes with its last reference
 * @lock: of @fence. It must live as long as the fence, which may outlive the device
 * @node: in lab.jobs, which has a reference to @fence
 * @seqno: what the write-back slot says when the job is complete
 */
struct lab_job {
	struct dma_fence fence;
	spinlock_t lock;		/* of @fence */
	struct list_head node;
	u32 seqno;
};

/* dma_fence_free() frees a job by the address of its fence. */
static_assert(!offsetof(struct lab_job, fence));

/**
 * struct lab - the device
 * @ring: its ring 0
 * @ring_lock: who writes to the ring, or resets it. Taken before @lock
 * @lock: of @jobs, also in interrupts
 * @jobs: jobs that are not known to be complete, the oldest first
 * @context: of all fences: they complete in the order of their numbers
 * @number: of the last fence; under @ring_lock
 * @seqno: of the last job; under @ring_lock
 * @timeout: runs when the oldest job takes too long
 */
struct lab {
	struct puck_lab_ring ring;
	struct mutex ring_lock;		/* the ring, @number, @seqno */
	spinlock_t lock;		/* @jobs */
	struct list_head jobs;
	u64 context;
	u64 number;
	u32 seqno;
	struct delayed_work timeout;
};

static const char *lab_driver_name(struct dma_fence *fence)
{
	return PUCK_LAB_FENCES_DRIVER;
}

static const char *lab_timeline_name(struct dma_fence *fence)
{
	return PUCK_LAB_FENCES_TIMELINE;
}

static const struct dma_fence_ops lab_fence_ops = {
	.get_driver_name = lab_driver_name,
	.get_timeline_name = lab_timeline_name,
};

/* Move the jobs that are complete to @done, and have the oldest one left watched. */
static void lab_collect(struct lab *lab, struct list_head *done)
{
	struct lab_job *job, *next;
	unsigned long flags;
	u32 seqno;

	spin_lock_irqsave(&lab->lock, flags);
	seqno = puck_lab_ring_seqno(&lab->ring);
	list_for_each_entry_safe(job, next, &lab->jobs, node) {
		if ((s32)(seqno - job->seqno) < 0)
			break;
		list_move_tail(&job->node, done);
	}
	if (list_empty(&lab->jobs))
		cancel_delayed_work(&lab->timeout);
	else if (!list_empty(done))
		mod_delayed_work(system_wq, &lab->timeout, msecs_to_jiffies(timeout_ms));
	spin_unlock_irqrestore(&lab->lock, flags);
}

/* The first of them ends with @first, all others with @rest; 0 is success. */
static void lab_signal(struct list_head *jobs, int first, int rest)
{
	struct lab_job *job, *next;
	int error = first;

	list_for_each_entry_safe(job, next, jobs, node) {
		list_del(&job->node);
		if (error)
			dma_fence_set_error(&job->fence, error);
		dma_fence_signal(&job->fence);
		dma_fence_put(&job->fence);
		error = rest;
	}
}

/* An interrupt says that it is worth looking, and nothing else. */
static irqreturn_t lab_irq(int irq, void *data)
{
	bool cookie = dma_fence_begin_signalling();
	struct lab *lab = data;
	LIST_HEAD(done);

	lab_collect(lab, &done);
	lab_signal(&done, 0, 0);
	dma_fence_end_signalling(cookie);
	return IRQ_HANDLED;
}

/* Stop the device, and end all jobs: those that are complete well, the others not. */
static void lab_abandon(struct lab *lab, int first, int rest)
{
	unsigned long flags;
	LIST_HEAD(done);
	LIST_HEAD(lost);

	lockdep_assert_held(&lab->ring_lock);

	if (puck_lab_ring_stop(&lab->ring))
		pci_clear_master(lab->ring.pdev);
	lab_collect(lab, &done);
	spin_lock_irqsave(&lab->lock, flags);
	list_splice_init(&lab->jobs, &lost);
	spin_unlock_irqrestore(&lab->lock, flags);
	lab_signal(&done, 0, 0);
	lab_signal(&lost, first, rest);
}

static void lab_timeout(struct work_struct *work)
{
	struct lab *lab = container_of(to_delayed_work(work), struct lab, timeout);
	bool cookie = dma_fence_begin_signalling();
	LIST_HEAD(done);

	mutex_lock(&lab->ring_lock);
	/* The interrupt may be what is lost. */
	lab_collect(lab, &done);
	if (list_empty(&done) && !list_empty_careful(&lab->jobs)) {
		lab_abandon(lab, -ETIMEDOUT, -ECANCELED);
		if (puck_lab_ring_start(&lab->ring))
			dev_err(&lab->ring.pdev->dev, "the ring does not start again\n");
		lab->seqno = puck_lab_ring_seqno(&lab->ring);
	}
	lab_signal(&done, 0, 0);
	mutex_unlock(&lab->ring_lock);
	dma_fence_end_signalling(cookie);
}

/**
 * lab_fill - have the device fill memory
 * @lab: the device
 * @offset: of the first byte
 * @bytes: how many
 * @value: what with
 *
 * Return: the job's fence, a reference; or an ERR_PTR().
 */
static struct dma_fence *lab_fill(struct lab *lab, u32 offset, u32 bytes, u32 value)
{
	struct lab_job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	unsigned long flags;
	int ret;

	if (!job)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&job->lock);

	mutex_lock(&lab->ring_lock);
	job->seqno = lab->seqno + 1;
	/* The interrupt may come before the doorbell's write is over: it finds the job then. */
	spin_lock_irqsave(&lab->lock, flags);
	ret = puck_lab_ring_fill(&lab->ring, job->seqno, offset, bytes, value);
	if (!ret) {
		dma_fence_init(&job->fence, &lab_fence_ops, &job->lock, lab->context,
			       ++lab->number);
		lab->seqno = job->seqno;
		dma_fence_get(&job->fence);
		if (list_empty(&lab->jobs))
			mod_delayed_work(system_wq, &lab->timeout, msecs_to_jiffies(timeout_ms));
		list_add_tail(&job->node, &lab->jobs);
	}
	spin_unlock_irqrestore(&lab->lock, flags);
	mutex_unlock(&lab->ring_lock);
	if (!ret)
		return &job->fence;
	kfree(job);
	return ERR_PTR(ret);
}

/* The driver is about to go: nobody calls any more, and the device has to be still. */
static void lab_stop(void *data)
{
	struct lab *lab = data;

	mutex_lock(&lab->ring_lock);
	lab_abandon(lab, -ENODEV, -ENODEV);
	mutex_unlock(&lab->ring_lock);
	cancel_delayed_work_sync(&lab->timeout);
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
	mutex_init(&lab->ring_lock);
	spin_lock_init(&lab->lock);
	INIT_LIST_HEAD(&lab->jobs);
	INIT_DELAYED_WORK(&lab->timeout, lab_timeout);
	lab->context = dma_fence_context_alloc(1);

	ret = puck_lab_ring_init(&lab->ring, pdev);
	if (ret)
		return dev_err_probe(dev, ret, "no ring\n");
	ret = devm_request_irq(dev, lab->ring.irq, lab_irq, 0, KBUILD_MODNAME, lab);
	if (ret)
		return dev_err_probe(dev, ret, "no interrupt\n");
	ret = puck_lab_ring_start(&lab->ring);
	if (ret)
		return dev_err_probe(dev, ret, "the ring does not start\n");
	lab->seqno = puck_lab_ring_seqno(&lab->ring);
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
