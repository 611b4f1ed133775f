// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of single pages that no two neighbours are part of: whatever
 * becomes one DMA segment was made so by an IOMMU.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "core/scenario.h"

static int descending(const void *a, const void *b)
{
	unsigned long pa = page_to_pfn(*(struct page **)a);
	unsigned long pb = page_to_pfn(*(struct page **)b);

	return pa < pb ? 1 : -1;
}

static void free_pages_of(struct page **pages, unsigned int count)
{
	while (count--)
		if (pages[count])
			__free_page(pages[count]);
}

/*
 * Twice as many pages as asked for, sorted; every second one is kept, so that
 * even where they came in a row the kept ones do not touch each other.
 */
static int alloc_scattered(struct page **pages, unsigned int npages)
{
	struct page **all;
	unsigned int i;

	all = kvcalloc(2 * npages, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;

	for (i = 0; i < 2 * npages; i++) {
		all[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!all[i]) {
			free_pages_of(all, i);
			kvfree(all);
			return -ENOMEM;
		}
	}

	sort(all, 2 * npages, sizeof(*all), descending, NULL);
	for (i = 0; i < npages; i++) {
		pages[i] = all[2 * i];
		__free_page(all[2 * i + 1]);
	}
	kvfree(all);
	return 0;
}

int puck_buffer_alloc(struct puck_buffer *buf, unsigned int npages)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	buf->pages = kvcalloc(npages, sizeof(*buf->pages), GFP_KERNEL);
	if (!buf->pages)
		return -ENOMEM;

	ret = alloc_scattered(buf->pages, npages);
	if (ret)
		goto err_array;
	buf->npages = npages;

	ret = sg_alloc_table(&buf->sgt, npages, GFP_KERNEL);
	if (ret)
		goto err_pages;
	for_each_sgtable_sg(&buf->sgt, sg, i)
		sg_set_page(sg, buf->pages[i], PAGE_SIZE, 0);
	return 0;

err_pages:
	free_pages_of(buf->pages, npages);
err_array:
	kvfree(buf->pages);
	buf->pages = NULL;
	return ret;
}

int puck_buffer_map(struct puck_buffer *buf, struct device *dev,
		    enum dma_data_direction dir)
{
	int ret = dma_map_sgtable(dev, &buf->sgt, dir, 0);

	if (ret)
		return ret;

	buf->dev = dev;
	buf->dir = dir;
	return 0;
}

/* As it was mapped; nothing to do if it is not. */
void puck_buffer_unmap(struct puck_buffer *buf)
{
	if (buf->dev)
		dma_unmap_sgtable(buf->dev, &buf->sgt, buf->dir, 0);
	buf->dev = NULL;
}

/* Nothing to do for a buffer that was never allocated. */
void puck_buffer_free(struct puck_buffer *buf)
{
	if (!buf->pages)
		return;

	puck_buffer_unmap(buf);
	sg_free_table(&buf->sgt);
	free_pages_of(buf->pages, buf->npages);
	kvfree(buf->pages);
	buf->pages = NULL;
}

/* Word @i of page number @page: no two words of a buffer are equal. */
static u32 pattern_word(unsigned int page, unsigned int i, u32 seed)
{
	return seed ^ ((page << 16 | i) * 0x9e3779b1);
}

#define PAGE_WORDS	(PAGE_SIZE / sizeof(u32))

void puck_buffer_pattern(struct puck_buffer *buf, u32 seed)
{
	unsigned int page, i;
	u32 *word;

	for (page = 0; page < buf->npages; page++) {
		word = kmap_local_page(buf->pages[page]);
		for (i = 0; i < PAGE_WORDS; i++)
			word[i] = pattern_word(page, i, seed);
		kunmap_local(word);
	}
}

static bool page_has_pattern(struct page *p, unsigned int page, u32 seed)
{
	u32 *word = kmap_local_page(p);
	unsigned int i;

	for (i = 0; i < PAGE_WORDS; i++)
		if (word[i] != pattern_word(page, i, seed))
			break;
	kunmap_local(word);
	return i == PAGE_WORDS;
}

/* How many of the pages hold the pattern; a NULL one does not. */
unsigned int puck_pattern_pages(struct page **pages, unsigned int npages, u32 seed)
{
	unsigned int page, good = 0;

	for (page = 0; page < npages; page++)
		if (pages[page] && page_has_pattern(pages[page], page, seed))
			good++;
	return good;
}
