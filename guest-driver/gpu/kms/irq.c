// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of heads: one for each, whose causes are in HEAD_IRQ_STATUS.
 */
#include <linux/bitfield.h>
#include <linux/interrupt.h>
#include <linux/pci.h>

#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "kms/access.h"
#include "kms/connector.h"
#include "kms/crc.h"
#include "kms/flip.h"
#include "kms/irq.h"
#include "kms/writeback.h"

/* Those that are always on; VBLANK comes and goes. */
#define PUCK_HEAD_IRQ_DEFAULT \
	(PUCK_HEAD_IRQ_FLIP | PUCK_HEAD_IRQ_CRC | PUCK_HEAD_IRQ_HOTPLUG | PUCK_HEAD_IRQ_FAULT | \
	 PUCK_HEAD_IRQ_UNDERRUN | PUCK_HEAD_IRQ_WRITEBACK)

/**
 * struct puck_head_fault - memory that could not be read or written
 * @info: FAULT_INFO, and so on
 * @desc: likewise
 * @count: how many there were
 * @addr: likewise
 */
struct puck_head_fault {
	u32 info;
	u32 desc;
	u32 count;
	u64 addr;
};

/* Takes the causes, and with FAULT what there is to be known of it. */
static u32 puck_head_irq_take(struct puck_head *head, struct puck_head_fault *fault)
{
	u32 status = puck_head_read(head, PUCK_HEAD_IRQ_STATUS);

	if (status == ~0u)
		return 0;
	status &= PUCK_HEAD_IRQ_ALL;
	if (status & PUCK_HEAD_IRQ_FAULT) {
		fault->info = puck_head_read(head, PUCK_HEAD_FAULT_INFO);
		fault->desc = puck_head_read(head, PUCK_HEAD_FAULT_DESC);
		fault->count = puck_head_read(head, PUCK_HEAD_FAULTS);
		fault->addr = puck_head_read64(head, PUCK_HEAD_FAULT_ADDR);
	}
	if (status)
		puck_head_write(head, PUCK_HEAD_IRQ_STATUS, status);
	return status;
}

static void puck_head_irq_complain(struct puck_head *head, u32 status,
				   const struct puck_head_fault *fault)
{
	struct device *dev = head->kms->puck->drm.dev;

	if (status & PUCK_HEAD_IRQ_FAULT)
		dev_err_ratelimited(dev, "head %u: reason %u, buffer %u, segment or VM %d, address %#llx, %u so far\n",
				    head->index,
				    (u32)FIELD_GET(PUCK_HEAD_FAULT_REASON, fault->info),
				    (u32)FIELD_GET(PUCK_HEAD_FAULT_BUFFER, fault->info),
				    (int)fault->desc, fault->addr, fault->count);
	if (status & PUCK_HEAD_IRQ_UNDERRUN)
		dev_err_ratelimited(dev, "head %u: underrun\n", head->index);
}

/* A blanking comes first: the number of a takeover is that of its blanking. */
static irqreturn_t puck_head_irq(int irq, void *data)
{
	struct puck_head *head = data;
	struct puck_head_fault fault = { };
	struct puck_kms_access access;
	u32 status = 0;

	if (puck_kms_enter(head->kms, &access))
		status = puck_head_irq_take(head, &fault);
	puck_kms_exit(head->kms, &access);
	if (status & PUCK_HEAD_IRQ_VBLANK)
		drm_crtc_handle_vblank(&head->crtc);
	if (status & PUCK_HEAD_IRQ_FLIP)
		puck_flip_taken(head);
	if (status & PUCK_HEAD_IRQ_CRC)
		puck_crc_take(head);
	/* A takeover comes behind what was written before: its own interrupt may be lost. */
	if (status & (PUCK_HEAD_IRQ_WRITEBACK | PUCK_HEAD_IRQ_FLIP))
		puck_writeback_look(head);
	puck_head_irq_complain(head, status, &fault);
	return status & PUCK_HEAD_IRQ_HOTPLUG ? IRQ_WAKE_THREAD : IRQ_HANDLED;
}

static irqreturn_t puck_head_irq_thread(int irq, void *data)
{
	puck_connector_look(data);
	return IRQ_HANDLED;
}

static int puck_head_irq_init(struct puck_head *head)
{
	struct pci_dev *pdev = head->kms->puck->pdev;
	int irq = pci_irq_vector(pdev, head->kms->puck->head_vector[head->index]);
	int ret;

	snprintf(head->name, sizeof(head->name), "puck head %u", head->index);
	ret = request_threaded_irq(irq, puck_head_irq, puck_head_irq_thread, 0, head->name, head);
	if (ret)
		return ret;
	head->irq = irq;
	puck_head_change(head, PUCK_HEAD_IRQ_ENABLE, &head->irq_enable, 0, PUCK_HEAD_IRQ_DEFAULT);
	return 0;
}

/**
 * puck_kms_irq_init - set the interrupts of all heads up
 * @kms: the display; the device's vectors are there
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int puck_kms_irq_init(struct puck_kms *kms)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < kms->num_heads; i++)
		ret = puck_head_irq_init(&kms->head[i]);
	if (ret)
		puck_kms_irq_fini(kms);
	return ret;
}

/**
 * puck_kms_irq_fini - undo puck_kms_irq_init()
 * @kms: the display; the device is silent
 */
void puck_kms_irq_fini(struct puck_kms *kms)
{
	u32 i;

	for (i = 0; i < kms->num_heads; i++) {
		if (kms->head[i].irq)
			free_irq(kms->head[i].irq, &kms->head[i]);
		kms->head[i].irq = 0;
	}
}
