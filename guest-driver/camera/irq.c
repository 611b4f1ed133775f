// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts: one for errors, one for done entries, one for events. Which vectors these are
 * was read from the device: core/identify.c.
 */
#include <linux/bitfield.h>
#include <linux/interrupt.h>
#include <linux/pci.h>

#include <media/v4l2-event.h>

#include "card.h"
#include "core/trace.h"
#include "irq.h"

/* Names of the reasons in spec section "Errors". */
static const char * const puck_cam_reasons[] = {
	[PUCK_CAM_ERR_RESERVED] = "reserved field set",
	[PUCK_CAM_ERR_NSEGS] = "bad number of segments",
	[PUCK_CAM_ERR_SEG_ZERO] = "segment of length 0",
	[PUCK_CAM_ERR_SEG_ONES] = "segment at address ~0",
	[PUCK_CAM_ERR_SEG_TOO_LONG] = "segment too long",
	[PUCK_CAM_ERR_SEG_WRAP] = "segment wraps",
	[PUCK_CAM_ERR_LIST_SHORT] = "segment list too short",
	[PUCK_CAM_ERR_PARTS] = "bad number of parts",
	[PUCK_CAM_ERR_DMA_WRITE] = "DMA write failed",
	[PUCK_CAM_ERR_LIST_READ] = "segment list not readable",
	[PUCK_CAM_ERR_RING_READ] = "descriptor not readable",
	[PUCK_CAM_ERR_WRITE_BACK] = "done entry not writable",
	[PUCK_CAM_ERR_TAIL] = "bad doorbell",
	[PUCK_CAM_ERR_LENGTH] = "bad length",
};

static const char *puck_cam_reason_name(u32 reason)
{
	if (reason < ARRAY_SIZE(puck_cam_reasons) && puck_cam_reasons[reason])
		return puck_cam_reasons[reason];
	return "unknown reason";
}

/* In a thread: memory may have to be copied before it is user space's again. */
static irqreturn_t puck_cam_irq_frame(int irq, void *data)
{
	struct puck_cam_card *card = data;

	puck_cam_done_retire(&card->queue);
	return IRQ_HANDLED;
}

/* Read and drop the first record; false if there is none, or no device. Only this thread does. */
static bool puck_cam_irq_pop_error(struct puck_cam_device *cam)
{
	u32 count = puck_cam_read(cam, PUCK_CAM_ERR_COUNT);
	u32 info, frame, desc, reason;
	u64 addr;

	if (!count || count > PUCK_CAM_ERR_DEPTH)
		return false;
	info = puck_cam_read(cam, PUCK_CAM_ERR_INFO);
	frame = puck_cam_read(cam, PUCK_CAM_ERR_FRAME);
	desc = puck_cam_read(cam, PUCK_CAM_ERR_DESC);
	addr = puck_cam_read64(cam, PUCK_CAM_ERR_ADDR);
	puck_cam_write(cam, PUCK_CAM_ERR_POP, 0);

	reason = FIELD_GET(PUCK_CAM_ERR_INFO_REASON, info);
	trace_puck_cam_error(frame, reason, desc, addr);
	dev_err_ratelimited(&cam->pdev->dev,
			    "frame %u: %s (reason %u), part %d, segment %d, address %#llx\n", frame,
			    puck_cam_reason_name(reason), reason,
			    (int)FIELD_GET(PUCK_CAM_ERR_INFO_PART, info) - 1, (int)desc, addr);
	return true;
}

static irqreturn_t puck_cam_irq_error(int irq, void *data)
{
	struct puck_cam_card *card = data;
	struct puck_cam_device *cam = &card->cam;
	u32 i, status;

	puck_cam_write(cam, PUCK_CAM_IRQ_STATUS, PUCK_CAM_IRQ_ERROR);
	/* An error that comes in after the last look raises a new interrupt. */
	for (i = 0; i < PUCK_CAM_ERR_DEPTH && puck_cam_irq_pop_error(cam); i++)
		;
	status = puck_cam_read(cam, PUCK_CAM_QUEUE_STATUS);
	if (status != ~0u && status & PUCK_CAM_QUEUE_HALTED)
		puck_cam_done_fail(&card->queue, -EIO);
	return IRQ_HANDLED;
}

static void puck_cam_irq_tell(struct puck_cam_card *card, struct v4l2_subdev *sd,
			      const struct v4l2_event *event)
{
	v4l2_event_queue(&card->node.vdev, event);
	v4l2_subdev_notify_event(sd, event);
}

/* At once, and not in a thread: that a frame begins is worth little when it has ended. */
static irqreturn_t puck_cam_irq_event(int irq, void *data)
{
	struct puck_cam_card *card = data;
	struct puck_cam_device *cam = &card->cam;
	struct v4l2_event start = { .type = V4L2_EVENT_FRAME_SYNC };
	static const struct v4l2_event change = {
		.type = V4L2_EVENT_SOURCE_CHANGE,
		.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION,
	};
	u32 status = puck_cam_read(cam, PUCK_CAM_IRQ_STATUS);

	if (status == ~0u)
		return IRQ_NONE;
	status &= PUCK_CAM_IRQ_START | PUCK_CAM_IRQ_SOURCE;
	puck_cam_write(cam, PUCK_CAM_IRQ_STATUS, status);
	if (status & PUCK_CAM_IRQ_START) {
		start.u.frame_sync.frame_sequence = puck_cam_read(cam, PUCK_CAM_FRAME);
		puck_cam_irq_tell(card, &card->bridge.sd, &start);
	}
	if (status & PUCK_CAM_IRQ_SOURCE) {
		/* Who hears of the change asks for the new size. */
		puck_cam_sensor_look_at_source(&card->sensor);
		puck_cam_irq_tell(card, &card->sensor.sd, &change);
	}
	return IRQ_HANDLED;
}

static const struct {
	const char *name;
	irq_handler_t hard;
	irq_handler_t thread;
} puck_cam_irqs[PUCK_CAM_VECTORS] = {
	[PUCK_CAM_VECTOR_ERROR] = { "puck-cam error", NULL, puck_cam_irq_error },
	[PUCK_CAM_VECTOR_FRAME] = { "puck-cam frame", NULL, puck_cam_irq_frame },
	[PUCK_CAM_VECTOR_EVENT] = { "puck-cam event", puck_cam_irq_event, NULL },
};

static int puck_cam_irq_number(struct puck_cam_card *card, u32 use)
{
	return pci_irq_vector(card->cam.pdev, card->cam.vector[use]);
}

/**
 * puck_cam_irq_init - set the interrupts up
 * @card: the device, its parts made, its nodes not yet registered
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int puck_cam_irq_init(struct puck_cam_card *card)
{
	struct puck_cam_device *cam = &card->cam;
	int ret;
	u32 i;

	/* Vectors of sources that nobody here knows stay masked. */
	ret = pci_alloc_irq_vectors(cam->pdev, cam->num_vectors, cam->num_vectors, PCI_IRQ_MSIX);
	if (ret < 0)
		return ret;

	for (i = 0; i < PUCK_CAM_VECTORS; i++) {
		ret = request_threaded_irq(puck_cam_irq_number(card, i), puck_cam_irqs[i].hard,
					   puck_cam_irqs[i].thread,
					   puck_cam_irqs[i].hard ? 0 : IRQF_ONESHOT,
					   puck_cam_irqs[i].name, card);
		if (ret)
			goto err_irqs;
	}
	return 0;

err_irqs:
	while (i--)
		free_irq(puck_cam_irq_number(card, i), card);
	pci_free_irq_vectors(cam->pdev);
	return ret;
}

/**
 * puck_cam_irq_fini - undo puck_cam_irq_init()
 * @card: the device, which sends no more messages
 */
void puck_cam_irq_fini(struct puck_cam_card *card)
{
	u32 i;

	for (i = 0; i < PUCK_CAM_VECTORS; i++)
		free_irq(puck_cam_irq_number(card, i), card);
	pci_free_irq_vectors(card->cam.pdev);
}
