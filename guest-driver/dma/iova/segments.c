// SPDX-License-Identifier: GPL-2.0-only
/*
 * Room for the segments of a list. Who maps a list may hold a spinlock, so there is
 * no vmalloc: what does not come in a row comes in single pages.
 */

#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "iova/segments.h"

static u32 segments_pages(u32 count)
{
	return DIV_ROUND_UP(count, PUCK_DMA_SEGMENTS_PAGE);
}

static void pages_free(struct puck_dma_segment **pages, u32 nr)
{
	while (nr--)
		free_page((unsigned long)pages[nr]);
	kfree(pages);
}

static struct puck_dma_segment **pages_new(u32 nr, gfp_t gfp)
{
	struct puck_dma_segment **pages = kmalloc_array(nr, sizeof(*pages), gfp);
	u32 i;

	for (i = 0; pages && i < nr; i++) {
		pages[i] = (void *)__get_free_page(gfp);
		if (!pages[i]) {
			pages_free(pages, i);
			return NULL;
		}
	}
	return pages;
}

/**
 * puck_dma_segments_new - room for more segments than one
 * @segs: filled
 * @count: of them
 * @gfp: how to get memory
 *
 * Context: any that @gfp is for.
 * Return: 0 or -ENOMEM; @segs is as it was then.
 */
int puck_dma_segments_new(struct puck_dma_segments *segs, u32 count, gfp_t gfp)
{
	struct puck_dma_segments room = { };

	gfp |= __GFP_NOWARN;
	if (count <= PUCK_DMA_SEGMENTS_PAGE << PAGE_ALLOC_COSTLY_ORDER)
		room.flat = kmalloc_array(count, sizeof(*room.flat), gfp);
	if (!room.flat)
		room.pages = pages_new(segments_pages(count), gfp);
	if (!room.flat && !room.pages)
		return -ENOMEM;
	*segs = room;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_segments_new);

/**
 * puck_dma_segments_free - undo puck_dma_segments_new()
 * @segs: them
 * @count: as it was then
 *
 * Context: any.
 */
void puck_dma_segments_free(struct puck_dma_segments *segs, u32 count)
{
	kfree(segs->flat);
	if (segs->pages)
		pages_free(segs->pages, segments_pages(count));
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_segments_free);
