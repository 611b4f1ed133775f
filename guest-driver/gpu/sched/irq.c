// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: one for errors, and one for the fences of each ring. Which vectors these
 * are was read from the device: core/identify.c.
 */
#include <linux/bitfield.h>
#include <linux/interrupt.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "core/awake.h"
#include "core/device.h"
#include "core/trace.h"
#include "sched/irq.h"
#include "sched/job.h"
#include "sched/ring.h"
#include "sched/rings.h"

/* Names of the reasons in spec section "Errors", and what a job's fence says. */
static const struct {
	const char *name;
	int error;
} puck_reasons[] = {
	[PUCK_GPU_ERR_OPCODE] = { "unknown opcode", -EIO },
	[PUCK_GPU_ERR_RESERVED] = { "reserved field set", -EIO },
	[PUCK_GPU_ERR_NSEGS] = { "bad number of segments", -EIO },
	[PUCK_GPU_ERR_SEG_ZERO] = { "segment of length 0", -EIO },
	[PUCK_GPU_ERR_SEG_ONES] = { "segment at address ~0", -EIO },
	[PUCK_GPU_ERR_SEG_TOO_LONG] = { "segment too long", -EIO },
	[PUCK_GPU_ERR_SEG_WRAP] = { "segment wraps", -EIO },
	[PUCK_GPU_ERR_SEG_VRAM] = { "segment leaves VRAM", -EIO },
	[PUCK_GPU_ERR_LIST_SHORT] = { "segment list too short", -EIO },
	[PUCK_GPU_ERR_GEOMETRY] = { "bad geometry", -EIO },
	[PUCK_GPU_ERR_DMA_READ] = { "DMA read failed", -EFAULT },
	[PUCK_GPU_ERR_DMA_WRITE] = { "DMA write failed", -EFAULT },
	[PUCK_GPU_ERR_LIST_READ] = { "segment list not readable", -EFAULT },
	[PUCK_GPU_ERR_RING_READ] = { "ring not readable", -EFAULT },
	[PUCK_GPU_ERR_WRITE_BACK] = { "write-back slot not writable", 0 },
	[PUCK_GPU_ERR_TAIL] = { "bad doorbell", 0 },
	[PUCK_GPU_ERR_LENGTH] = { "bad length", -EIO },
	[PUCK_GPU_ERR_INJECTED] = { "error by a rule", -EIO },
	[PUCK_GPU_ERR_VM] = { "no such page table", -EFAULT },
	[PUCK_GPU_ERR_VA] = { "not a virtual address", -EFAULT },
	[PUCK_GPU_ERR_PTE_NONE] = { "nothing mapped", -EFAULT },
	[PUCK_GPU_ERR_PTE_PERM] = { "not mapped for that access", -EFAULT },
	[PUCK_GPU_ERR_PTE_RESERVED] = { "bad page table entry", -EFAULT },
	[PUCK_GPU_ERR_PTE_READ] = { "page table not readable", -EFAULT },
	[PUCK_RENDER_ERR_CONTEXT] = { "no such context", -ENXIO },
	[PUCK_RENDER_ERR_RESOURCE] = { "no such resource", -ENXIO },
	[PUCK_RENDER_ERR_LIMIT] = { "too much for 3D", -ENOSPC },
	[PUCK_RENDER_ERR_BACKING] = { "bad memory of a resource", -EFAULT },
	[PUCK_RENDER_ERR_REFUSED] = { "refused by the renderer", -EIO },
	[PUCK_RENDER_ERR_LOST] = { "the renderer has ended", -ECANCELED },
};

/**
 * puck_irq_reason_name - say in words why the device stopped
 * @reason: PUCK_GPU_ERR_*
 *
 * Return: the words.
 */
const char *puck_irq_reason_name(u32 reason)
{
	if (reason < ARRAY_SIZE(puck_reasons) && puck_reasons[reason].name)
		return puck_reasons[reason].name;
	return "unknown reason";
}

static int puck_reason_error(u32 reason)
{
	return reason < ARRAY_SIZE(puck_reasons) ? puck_reasons[reason].error : -EIO;
}

/* The hardware fences of a ring are signalled right here, in hard interrupt. */
static irqreturn_t puck_irq_ring(int irq, void *data)
{
	bool cookie = dma_fence_begin_signalling();

	puck_ring_retire(data);
	dma_fence_end_signalling(cookie);
	return IRQ_HANDLED;
}

static void puck_irq_blame(struct puck_ring *ring, u32 reason, const struct puck_error *err)
{
	struct puck_job *job;

	/* Nothing stops for a bad doorbell. */
	if (reason == PUCK_GPU_ERR_TAIL)
		return;

	spin_lock_irq(&ring->lock);
	ring->has_error = true;
	ring->error = *err;
	job = puck_ring_find(ring, err->seqno);
	if (job && !job->error)
		job->error = puck_reason_error(reason);
	ring->halted = true;
	puck_ring_check_error(ring);
	spin_unlock_irq(&ring->lock);
}

/* Take the first record; false if there is none, or no device. */
static bool puck_irq_pop_error(struct puck_device *puck, struct puck_error *err)
{
	unsigned long flags;
	u32 count;

	spin_lock_irqsave(&puck->err_lock, flags);
	count = puck_read(puck, PUCK_GPU_ERR_COUNT);
	if (count && count <= PUCK_GPU_ERR_DEPTH) {
		err->info = puck_read(puck, PUCK_GPU_ERR_INFO);
		err->seqno = puck_read(puck, PUCK_GPU_ERR_SEQNO);
		err->desc = puck_read(puck, PUCK_GPU_ERR_DESC);
		err->addr = puck_read64(puck, PUCK_GPU_ERR_ADDR);
		puck_write(puck, PUCK_GPU_ERR_POP, 0);
	}
	spin_unlock_irqrestore(&puck->err_lock, flags);
	return count && count <= PUCK_GPU_ERR_DEPTH;
}

static void puck_irq_handle_error(struct puck_device *puck, const struct puck_error *err)
{
	u32 reason = FIELD_GET(PUCK_GPU_ERR_INFO_REASON, err->info);
	u32 index = FIELD_GET(PUCK_GPU_ERR_INFO_RING, err->info);
	struct puck_ring *ring = puck_rings_find(puck, index);

	trace_puck_error(puck->drm.dev, index, err->seqno, reason, err->desc, err->addr);
	dev_err_ratelimited(puck->drm.dev,
			    "ring %u: seqno %u: %s (reason %u), list %u, segment %d, address %#llx\n",
			    index, err->seqno, puck_irq_reason_name(reason), reason,
			    (u32)FIELD_GET(PUCK_GPU_ERR_INFO_LIST, err->info), (int)err->desc,
			    err->addr);
	if (ring)
		puck_irq_blame(ring, reason, err);
}

/**
 * puck_irq_check_errors - work off the error queue
 * @puck: the device
 *
 * For the interrupt, and for whoever is about to blame a job for being late: if
 * an error's interrupt was lost, the cause stays set and none comes any more.
 *
 * Context: inside drm_dev_enter() and a signalling annotation.
 */
void puck_irq_check_errors(struct puck_device *puck)
{
	struct puck_error err;
	unsigned int i;

	puck_write(puck, PUCK_GPU_IRQ_STATUS, PUCK_GPU_IRQ_ERROR);
	/* An error that comes in after the last look raises a new interrupt. */
	for (i = 0; i < PUCK_GPU_ERR_DEPTH && puck_irq_pop_error(puck, &err); i++)
		puck_irq_handle_error(puck, &err);
}

static irqreturn_t puck_irq_error(int irq, void *data)
{
	struct puck_device *puck = data;
	bool cookie;
	int idx;

	/* A message that was late. The device sends another one when it wakes up. */
	if (READ_ONCE(puck->asleep) || !drm_dev_enter(&puck->drm, &idx))
		return IRQ_HANDLED;

	puck_awake_hold(puck);
	cookie = dma_fence_begin_signalling();
	puck_irq_check_errors(puck);
	dma_fence_end_signalling(cookie);
	puck_awake_put(puck);
	drm_dev_exit(idx);
	return IRQ_HANDLED;
}

/**
 * puck_irq_synchronize - wait for interrupt handlers that run now
 * @puck: the device
 *
 * Context: may sleep.
 */
void puck_irq_synchronize(struct puck_device *puck)
{
	u32 i;

	synchronize_irq(puck->error_irq);
	for (i = 0; i < puck->num_rings; i++)
		synchronize_irq(puck->ring[i]->irq);
}

/**
 * puck_irq_hold_errors - have nobody but the caller work off the error queue
 * @puck: the device
 *
 * Until puck_irq_let_errors(). What the device complains of meanwhile may be the caller's
 * doing, and is not to be laid to a job.
 *
 * Context: may sleep; may be inside a signalling annotation.
 */
void puck_irq_hold_errors(struct puck_device *puck)
{
	disable_irq(puck->error_irq);
}

/**
 * puck_irq_let_errors - undo puck_irq_hold_errors()
 * @puck: the device
 */
void puck_irq_let_errors(struct puck_device *puck)
{
	enable_irq(puck->error_irq);
}

/**
 * puck_irq_init - set the interrupts up
 * @puck: the device, its rings made
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int puck_irq_init(struct puck_device *puck)
{
	struct pci_dev *pdev = puck->pdev;
	int ret;
	u32 i;

	/* Vectors of sources that nobody here knows stay masked. */
	ret = pci_alloc_irq_vectors(pdev, puck->num_vectors, puck->num_vectors, PCI_IRQ_MSIX);
	if (ret < 0)
		return ret;

	puck->error_irq = pci_irq_vector(pdev, puck->error_vector);
	ret = request_threaded_irq(puck->error_irq, NULL, puck_irq_error, IRQF_ONESHOT,
				   "puck error", puck);
	if (ret)
		goto err_vectors;

	for (i = 0; i < puck->num_rings; i++) {
		struct puck_ring *ring = puck->ring[i];

		ring->irq = pci_irq_vector(pdev, ring->vector);
		ret = request_irq(ring->irq, puck_irq_ring, 0, ring->name, ring);
		if (ret)
			goto err_rings;
	}
	puck_write(puck, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ALL);
	return 0;

err_rings:
	while (i--)
		free_irq(puck->ring[i]->irq, puck->ring[i]);
	free_irq(puck->error_irq, puck);
err_vectors:
	pci_free_irq_vectors(pdev);
	return ret;
}

/**
 * puck_irq_fini - undo puck_irq_init()
 * @puck: the device
 */
void puck_irq_fini(struct puck_device *puck)
{
	u32 i;

	puck_write(puck, PUCK_GPU_IRQ_ENABLE, 0);
	for (i = 0; i < puck->num_rings; i++)
		free_irq(puck->ring[i]->irq, puck->ring[i]);
	free_irq(puck->error_irq, puck);
	pci_free_irq_vectors(puck->pdev);
}
