// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine sleeps and wakes. A stream goes on where it was: its buffers wait meanwhile,
 * and numbers of frames go on.
 */
#include <linux/pci.h>
#include <linux/pm.h>

#include "card.h"
#include "pm.h"

static int puck_cam_suspend(struct device *dev)
{
	struct puck_cam_card *card = dev_get_drvdata(dev);

	puck_cam_port_pause(&card->port);
	puck_cam_stream_pause(&card->node);
	puck_cam_irq_stop(&card->cam);
	return 0;
}

static int puck_cam_resume(struct device *dev)
{
	struct puck_cam_card *card = dev_get_drvdata(dev);
	int ret;

	ret = puck_cam_reset(&card->cam);
	/* The reset forgot what changed while the machine slept. */
	puck_cam_sensor_look_at_source(&card->sensor);
	puck_cam_irq_start(&card->cam);
	/* Also without a device that answers: buffers that wait are given back then. */
	return puck_cam_stream_resume(&card->node) ?: ret;
}

DEFINE_SIMPLE_DEV_PM_OPS(puck_cam_pm_ops, puck_cam_suspend, puck_cam_resume);
