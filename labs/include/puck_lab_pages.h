/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What lab 4 is given: memory as a process has it. It begins somewhere in a page, and its
 * pages lie anywhere in physical memory, so that nothing but an IOMMU can join them.
 */
#ifndef PUCK_LAB_PAGES_H
#define PUCK_LAB_PAGES_H

#include <linux/mm.h>
#include <linux/scatterlist.h>

/* Where in its first page the memory begins. */
#define PUCK_LAB_PAGES_OFFSET	0x200

/**
 * puck_lab_pages_free - free what puck_lab_pages_alloc() has made
 * @sgt: the table, which no device has any more
 */
static inline void puck_lab_pages_free(struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(sgt, sg, i)
		if (sg_page(sg))
			__free_page(sg_page(sg));
	sg_free_table(sgt);
}

/* Takes a page for an entry, of which the CPU's side of the list has @len bytes. */
static inline int puck_lab_pages_take(struct scatterlist *sg, unsigned int offset, size_t len)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (page)
		sg_set_page(sg, page, len, offset);
	return page ? 0 : -ENOMEM;
}

/*
 * The pages come from the kernel in some order; those of every second entry first, so that
 * neighbours in the list are none in memory.
 */
static inline int puck_lab_pages_fill(struct sg_table *sgt, size_t len, unsigned int odd)
{
	unsigned int i, offset = PUCK_LAB_PAGES_OFFSET;
	struct scatterlist *sg;
	int ret = 0;

	for_each_sgtable_sg(sgt, sg, i) {
		size_t part = min_t(size_t, len, PAGE_SIZE - offset);

		if (i % 2 == odd)
			ret = puck_lab_pages_take(sg, offset, part);
		if (ret)
			return ret;
		len -= part;
		offset = 0;
	}
	return 0;
}

/**
 * puck_lab_pages_alloc - scattered memory
 * @sgt: set to it: one entry for each page, not mapped for any device
 * @len: bytes, not zero
 *
 * Return: 0 or -ENOMEM.
 */
static inline int puck_lab_pages_alloc(struct sg_table *sgt, size_t len)
{
	unsigned int pages = DIV_ROUND_UP(PUCK_LAB_PAGES_OFFSET + len, PAGE_SIZE);
	int ret;

	ret = sg_alloc_table(sgt, pages, GFP_KERNEL);
	if (ret)
		return ret;
	ret = puck_lab_pages_fill(sgt, len, 0);
	if (!ret)
		ret = puck_lab_pages_fill(sgt, len, 1);
	if (ret)
		puck_lab_pages_free(sgt);
	return ret;
}

/**
 * puck_lab_pages_write - the CPU writes to scattered memory
 * @sgt: the memory
 * @data: what it writes
 * @len: as of puck_lab_pages_alloc(), or less
 */
static inline void puck_lab_pages_write(struct sg_table *sgt, const void *data, size_t len)
{
	sg_copy_from_buffer(sgt->sgl, sgt->orig_nents, data, len);
}

/**
 * puck_lab_pages_read - the CPU reads scattered memory
 * @sgt: the memory
 * @data: set to what is there
 * @len: as of puck_lab_pages_alloc(), or less
 */
static inline void puck_lab_pages_read(struct sg_table *sgt, void *data, size_t len)
{
	sg_copy_to_buffer(sgt->sgl, sgt->orig_nents, data, len);
}

#endif /* PUCK_LAB_PAGES_H */
