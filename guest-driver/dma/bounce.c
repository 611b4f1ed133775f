// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's own copy of a mapping, sync=bounce. Bytes go from one to the other
 * where a machine with caches would write them back or drop them, and nowhere else.
 */

#include <linux/highmem.h>
#include <linux/slab.h>

#include "bounce.h"

/* A fragment of a network buffer at most. */
#define RUN_ORDER_MAX 4

static void pages_free(struct page **pages, u32 nr)
{
	u32 i;

	for (i = 0; pages && i < nr && pages[i]; i++)
		__free_page(pages[i]);
	kfree(pages);
}

static void copy_free(struct puck_dma_copy *copy)
{
	pages_free(copy->given, copy->nr_pages);
	pages_free(copy->pages, copy->nr_pages);
	kfree(copy);
}

/**
 * puck_dma_copy_free - free the copy of a mapping
 * @m: the mapping; the device has no access any more
 */
void puck_dma_copy_free(struct puck_dma_mapping *m)
{
	copy_free(m->copy);
	m->copy = NULL;
}

static u32 piece_pages(const struct puck_dma_piece *piece)
{
	return (offset_in_page(piece->iova) + piece->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static void piece_set(struct puck_dma_copy *copy, u32 i, u64 iova, phys_addr_t phys, size_t size)
{
	copy->pieces[i] = (struct puck_dma_piece){
		.iova = iova,
		.size = size,
		.phys = phys,
		.page = copy->nr_pages,
	};
	copy->nr_pages += piece_pages(&copy->pieces[i]);
}

/* Entries fill segments in the order of both. */
static void pieces_of_list(struct puck_dma_copy *copy, const struct puck_dma_mapping *m,
			   struct scatterlist *sg)
{
	const struct puck_dma_segment *seg = puck_dma_segment_at(&m->segs, 0);
	size_t done = 0;
	u32 i, next = 1;

	for (i = 0; i < m->entries; i++, sg = sg_next(sg)) {
		if (done == seg->size) {
			seg = puck_dma_segment_at(&m->segs, next++);
			done = 0;
		}
		piece_set(copy, i, seg->iova + done, sg_phys(sg), sg->length);
		done += sg->length;
	}
}

/*
 * Pages of one piece, side by side if they can be had so, as they mostly are for
 * the driver. A device cannot tell; but QEMU's e1000e is none, and drops what it
 * sends from a buffer that is not in one piece of memory.
 */
static bool run_new(struct page **pages, u32 nr, gfp_t gfp)
{
	unsigned int order = get_order((size_t)nr << PAGE_SHIFT);
	struct page *run = NULL;
	u32 i;

	if (order && order <= RUN_ORDER_MAX)
		run = alloc_pages(gfp | __GFP_NORETRY, order);
	if (run)
		split_page(run, order);
	for (i = 0; run && i < 1U << order; i++) {
		if (i < nr)
			pages[i] = run + i;
		else
			__free_page(run + i);
	}
	for (i = 0; !run && i < nr; i++) {
		pages[i] = alloc_page(gfp);
		if (!pages[i])
			return false;
	}
	return true;
}

/* Zeroed: the device is not to see what the page was before. */
static struct page **pages_new(const struct puck_dma_copy *copy, gfp_t gfp)
{
	struct page **pages = kcalloc(copy->nr_pages, sizeof(*pages), gfp);
	const struct puck_dma_piece *piece = copy->pieces;
	u32 i;

	for (i = 0; pages && i < copy->nr_pieces; i++, piece++) {
		if (!run_new(&pages[piece->page], piece_pages(piece), gfp | __GFP_ZERO)) {
			pages_free(pages, copy->nr_pages);
			return NULL;
		}
	}
	return pages;
}

/* All sides have the same offsets in their pages. */
static void run_copy(struct page *to, struct page *from, size_t offset, size_t len)
{
	char *target = kmap_local_page(to);
	char *source = kmap_local_page(from);

	memcpy(target + offset, source + offset, len);
	kunmap_local(source);
	kunmap_local(target);
}

static void piece_copy(const struct puck_dma_copy *copy, const struct puck_dma_piece *piece,
		       size_t from, size_t to, bool to_cpu)
{
	struct page *ours, *theirs;
	size_t at, len, offset;
	u32 i;

	for (at = from; at < to; at += len) {
		i = puck_dma_piece_page(piece, at);
		ours = copy->pages[i];
		theirs = pfn_to_page(PHYS_PFN(piece->phys + at));
		offset = offset_in_page(piece->phys + at);
		len = min(to - at, PAGE_SIZE - offset);
		if (to_cpu)
			run_copy(theirs, ours, offset, len);
		else
			run_copy(ours, theirs, offset, len);
		/* Once more from the copy: the driver may be writing. */
		if (!to_cpu && copy->given)
			run_copy(copy->given[i], ours, offset, len);
	}
}

/* The bytes from @iova on, as far as the mapping has them. */
static void copy_range(struct puck_dma_mapping *m, u64 iova, size_t size, bool to_cpu)
{
	u64 end = size == SIZE_MAX ? U64_MAX : iova + size;
	const struct puck_dma_piece *piece;
	u32 i;

	for (i = 0; i < m->copy->nr_pieces; i++) {
		piece = &m->copy->pieces[i];
		if (piece->iova < end && piece->iova + piece->size > iova)
			piece_copy(m->copy, piece, max(iova, piece->iova) - piece->iova,
				   min(end, piece->iova + piece->size) - piece->iova, to_cpu);
	}
}

/*
 * As many entries as the caller says, from the one that the list begins with: a
 * driver that says too few is to miss the others.
 */
static void copy_list(struct puck_dma_mapping *m, struct scatterlist *sgl, int nents, bool to_cpu)
{
	const struct puck_dma_piece *piece;
	u32 i, first;

	for (first = 0; first < m->copy->nr_pieces; first++)
		if (m->copy->pieces[first].phys == sg_phys(sgl))
			break;
	for (i = first; i < m->copy->nr_pieces && i - first < (u32)nents; i++) {
		piece = &m->copy->pieces[i];
		piece_copy(m->copy, piece, 0, piece->size, to_cpu);
	}
}

/**
 * puck_dma_copy_to_device - hand bytes over to the device
 * @m: a mapping with a copy
 * @iova: of the first byte
 * @size: bytes; those outside of the mapping are left out
 */
void puck_dma_copy_to_device(struct puck_dma_mapping *m, u64 iova, size_t size)
{
	copy_range(m, iova, size, false);
}

/**
 * puck_dma_copy_to_cpu - fetch bytes from the device
 * @m: a mapping with a copy
 * @iova: of the first byte
 * @size: bytes; those outside of the mapping are left out
 */
void puck_dma_copy_to_cpu(struct puck_dma_mapping *m, u64 iova, size_t size)
{
	copy_range(m, iova, size, true);
}

/**
 * puck_dma_copy_list_to_device - hand entries over to the device
 * @m: a mapping with a copy
 * @sgl: the first one
 * @nents: how many
 */
void puck_dma_copy_list_to_device(struct puck_dma_mapping *m, struct scatterlist *sgl, int nents)
{
	copy_list(m, sgl, nents, false);
}

/**
 * puck_dma_copy_list_to_cpu - fetch entries from the device
 * @m: a mapping with a copy
 * @sgl: the first one
 * @nents: how many
 */
void puck_dma_copy_list_to_cpu(struct puck_dma_mapping *m, struct scatterlist *sgl, int nents)
{
	copy_list(m, sgl, nents, true);
}

/**
 * puck_dma_copy_pages - the copy's pages from an address on
 * @m: a mapping with a copy
 * @iova: of a segment
 *
 * Return: the first of the segment's pages.
 */
struct page **puck_dma_copy_pages(struct puck_dma_mapping *m, u64 iova)
{
	u32 i;

	for (i = 0; i < m->copy->nr_pieces; i++)
		if (m->copy->pieces[i].iova == iova)
			return &m->copy->pages[m->copy->pieces[i].page];
	return NULL;
}

/**
 * puck_dma_copy_new - make the copy of a mapping
 * @m: the mapping, with its addresses
 * @sgl: its list, if it is one
 * @watch: remember what the driver hands over
 * @gfp: how to get memory
 *
 * What the device is going to write begins with the driver's bytes as well: those
 * that it does not write have to stay.
 *
 * Return: 0 or -ENOMEM.
 */
int puck_dma_copy_new(struct puck_dma_mapping *m, struct scatterlist *sgl, bool watch, gfp_t gfp)
{
	struct puck_dma_copy *copy;

	gfp |= __GFP_NOWARN;
	copy = kzalloc(struct_size(copy, pieces, m->entries), gfp);
	if (!copy)
		return -ENOMEM;
	copy->nr_pieces = m->entries;
	if (sgl)
		pieces_of_list(copy, m, sgl);
	else
		piece_set(copy, 0, m->iova, m->phys, m->size);
	copy->pages = pages_new(copy, gfp);
	if (copy->pages && watch)
		copy->given = pages_new(copy, gfp);
	if (!copy->pages || (watch && !copy->given)) {
		copy_free(copy);
		return -ENOMEM;
	}
	m->copy = copy;
	if (!(m->attrs & DMA_ATTR_SKIP_CPU_SYNC) || m->dir == DMA_FROM_DEVICE)
		copy_range(m, 0, SIZE_MAX, false);
	/* Who skips the sync, or got the memory from us, hands it over later. */
	copy->watched = m->kind != PUCK_DMA_PAGES && !(m->attrs & DMA_ATTR_SKIP_CPU_SYNC);
	return 0;
}
