// SPDX-License-Identifier: GPL-2.0-only
/*
 * The function is reset by others: by a user, through its file "reset" in sysfs, or by
 * another driver of the same slot. Nobody sees more of it than time. Jobs go on where their
 * rings stood, as behind a reset that is the driver's own; VRAM keeps what is in it, and page
 * tables and rings are in system memory.
 */
#include <drm/drm_device.h>

#include "core/awake.h"
#include "core/device.h"
#include "mem/mem.h"
#include "outage.h"
#include "sched/recover.h"

static void puck_outage_prepare(struct pci_dev *pdev)
{
	struct puck_device *puck = pci_get_drvdata(pdev);

	/* Of a device that cannot be woken up nothing is lost. */
	puck->outage.awake = !puck_awake_get(puck);
	/* By way of fences that still come: so before jobs stand still. */
	puck_mem_hide_vram(puck->mem);
	puck_recover_begin_outage(puck);
}

static void puck_outage_done(struct pci_dev *pdev)
{
	struct puck_device *puck = pci_get_drvdata(pdev);

	puck_recover_end_outage(puck);
	puck_mem_show_vram(puck->mem);
	if (puck->outage.awake)
		puck_awake_put(puck);
}

const struct pci_error_handlers puck_outage_handlers = {
	.reset_prepare = puck_outage_prepare,
	.reset_done = puck_outage_done,
};
