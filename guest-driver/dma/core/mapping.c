// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words for what a mapping is.
 */

#include <linux/array_size.h>
#include <linux/dma-direction.h>

#include "core/mapping.h"

/**
 * puck_dma_kind_name - the word of a kind of mappings
 * @kind: of a mapping, or of a call
 *
 * Return: the word.
 */
const char *puck_dma_kind_name(enum puck_dma_kind kind)
{
	static const char * const names[] = {
		[PUCK_DMA_PAGE] = "page",
		[PUCK_DMA_SG] = "sg",
		[PUCK_DMA_RESOURCE] = "resource",
		[PUCK_DMA_COHERENT] = "coherent",
		[PUCK_DMA_PAGES] = "pages",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

/**
 * puck_dma_dir_name - the word of a direction
 * @dir: of a mapping; or what a driver gave, which may be any number
 *
 * Return: the word.
 */
const char *puck_dma_dir_name(enum dma_data_direction dir)
{
	switch (dir) {
	case DMA_BIDIRECTIONAL:
		return "bidirectional";
	case DMA_TO_DEVICE:
		return "to-device";
	case DMA_FROM_DEVICE:
		return "from-device";
	case DMA_NONE:
		return "none";
	}
	return "unknown";
}
