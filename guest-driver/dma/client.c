// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-dma's face for other modules, include/puck/dma_client.h.
 */

#include <linux/dma-map-ops.h>
#include <linux/export.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "check/checks.h"
#include "check/finding.h"
#include "core/device.h"
#include "map/coherent.h"
#include "puck/dma_client.h"

/**
 * puck_dma_manages - is a device under the mapper?
 * @dev: the device
 *
 * Return: it is.
 */
bool puck_dma_manages(struct device *dev)
{
	const struct dma_map_ops *ops = get_dma_ops(dev);

	return ops && ops->free == puck_dma_free;
}
EXPORT_SYMBOL_GPL(puck_dma_manages);

/**
 * puck_dma_last_finding - what was found last about a device
 * @dev: the device
 * @text: the line, from the class on; "" if there is none
 * @size: room in @text
 *
 * Return: findings so far, 0 if the device is not under the mapper.
 */
unsigned long puck_dma_last_finding(struct device *dev, char *text, size_t size)
{
	struct puck_dma_checks *checks;
	unsigned long flags, told;

	if (size)
		text[0] = 0;
	if (!puck_dma_manages(dev))
		return 0;
	checks = puck_dma_dev(dev)->checks;
	spin_lock_irqsave(&checks->lock, flags);
	told = checks->told;
	if (told && size)
		strscpy(text, checks->findings[(told - 1) % PUCK_DMA_FINDINGS].text, size);
	spin_unlock_irqrestore(&checks->lock, flags);
	return told;
}
EXPORT_SYMBOL_GPL(puck_dma_last_finding);
