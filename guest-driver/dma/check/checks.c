// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of a device for checks, from its coming to its leaving.
 */

#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <kunit/visibility.h>

#include "check/checks.h"
#include "check/finding.h"
#include "check/history.h"
#include "core/device.h"

/**
 * puck_dma_checks_free - undo puck_dma_checks_new()
 * @checks: them
 */
void puck_dma_checks_free(struct puck_dma_checks *checks)
{
	vfree(checks->findings);
	kfree(checks->suspects);
	puck_dma_history_free(checks->history);
	kfree(checks);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_checks_free);

/* The driver's name is kept: findings are told after it has unbound, when the device has none. */
static void name_driver(struct puck_dma_checks *checks, struct device *dev)
{
	strscpy(checks->driver, dev->driver ? dev->driver->name : "-", sizeof(checks->driver));
	strreplace(checks->driver, ' ', '_');
	strscpy(checks->id, "-", sizeof(checks->id));
	if (dev_is_pci(dev))
		scnprintf(checks->id, sizeof(checks->id), "%04x:%04x", to_pci_dev(dev)->vendor,
			  to_pci_dev(dev)->device);
}

/**
 * puck_dma_checks_new - what checks know of a device
 * @d: the device
 *
 * Return: nothing yet, or NULL.
 */
struct puck_dma_checks *puck_dma_checks_new(struct puck_dma_dev *d)
{
	struct puck_dma_checks *checks = kzalloc(sizeof(*checks), GFP_KERNEL);

	if (!checks)
		return NULL;
	checks->history = puck_dma_history_new();
	checks->findings = vzalloc(array_size(PUCK_DMA_FINDINGS, sizeof(*checks->findings)));
	checks->suspects = kcalloc(PUCK_DMA_SUSPECTS, sizeof(*checks->suspects), GFP_KERNEL);
	if (!checks->history || !checks->findings || !checks->suspects) {
		puck_dma_checks_free(checks);
		return NULL;
	}
	spin_lock_init(&checks->lock);
	checks->d = d;
	name_driver(checks, d->dev);
	return checks;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_checks_new);
