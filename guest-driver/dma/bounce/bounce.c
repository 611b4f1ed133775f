// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's own copy of a mapping, sync=bounce. Bytes go from one to the other
 * where a machine with caches would write them back or drop them, and nowhere else.
 * What the copy's pages have around the bytes is nobody's, and shows who writes there.
 */

#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bounce/bounce.h"
#include "bounce/canary.h"
#include "bounce/copy.h"
#include "bounce/span.h"
#include "bounce/watch.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "iova/segments.h"

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
	pages_free(copy->states, copy->nr_pages);
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
		.at = i ? copy->pieces[i - 1].at + copy->pieces[i - 1].size : 0,
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

static char *map_at(struct page **pages, u32 page, size_t offset)
{
	return (char *)kmap_local_page(pages[page]) + offset;
}

/* Calls @fn for what lies in one page on both sides, of bytes @from to @to of the piece. */
static void piece_each(struct puck_dma_copy *copy, const struct puck_dma_piece *piece,
		       size_t from, size_t to, puck_dma_run_fn *fn, void *data)
{
	struct puck_dma_run run = { };
	size_t at, ours, theirs;
	struct page *page;
	u32 i;

	for (at = from; at < to; at += run.len) {
		ours = offset_in_page(piece->iova + at);
		theirs = offset_in_page(piece->phys + at);
		i = piece->page + ((offset_in_page(piece->iova) + at) >> PAGE_SHIFT);
		page = pfn_to_page(PHYS_PFN(piece->phys + at));
		run.at = piece->at + at;
		run.len = min3(to - at, PAGE_SIZE - ours, PAGE_SIZE - theirs);
		run.theirs = (char *)kmap_local_page(page) + theirs;
		run.ours = map_at(copy->pages, i, ours);
		if (copy->given) {
			run.given = map_at(copy->given, i, ours);
			run.state = (u8 *)map_at(copy->states, i, ours);
		}
		fn(&run, data);
		if (copy->given) {
			kunmap_local(run.state);
			kunmap_local(run.given);
		}
		kunmap_local(run.ours);
		kunmap_local(run.theirs);
	}
}

/**
 * puck_dma_copy_each - go through bytes of a mapping
 * @copy: its copy
 * @span: which bytes; those outside of the mapping are left out
 * @fn: called for each run of them
 * @data: for @fn
 */
void puck_dma_copy_each(struct puck_dma_copy *copy, const struct puck_dma_span *span,
			puck_dma_run_fn *fn, void *data)
{
	const struct puck_dma_piece *piece;
	u32 i;

	for (i = span->first; i < copy->nr_pieces && i - span->first < span->count; i++) {
		piece = &copy->pieces[i];
		if (piece->iova < span->end && piece->iova + piece->size > span->begin)
			piece_each(copy, piece, max(span->begin, piece->iova) - piece->iova,
				   min(span->end, piece->iova + piece->size) - piece->iova,
				   fn, data);
	}
}

/*
 * With sync=watch bytes are copied to @given first, since the other side may be writing
 * to them.
 */
static void run_to_device(const struct puck_dma_run *run, void *data)
{
	if (!run->given) {
		memcpy(run->ours, run->theirs, run->len);
		return;
	}
	memcpy(run->given, run->theirs, run->len);
	memcpy(run->ours, run->given, run->len);
	memset(run->state, 0, run->len);
}

static void run_to_cpu(const struct puck_dma_run *run, void *data)
{
	if (!run->given) {
		memcpy(run->theirs, run->ours, run->len);
		return;
	}
	memcpy(run->given, run->ours, run->len);
	memcpy(run->theirs, run->given, run->len);
	memset(run->state, PUCK_DMA_BYTE_CPU, run->len);
}

/**
 * puck_dma_span_all - all bytes of a mapping
 *
 * Return: them.
 */
struct puck_dma_span puck_dma_span_all(void)
{
	return (struct puck_dma_span){ .end = U64_MAX, .count = U32_MAX };
}

/**
 * puck_dma_span_of - the bytes that a sync names
 * @m: a mapping with a copy
 * @call: what the driver says
 * @sgl: its list, if it is one
 *
 * Of a list as many entries as the driver says, from the one that it begins with: a
 * driver that says too few is to miss the others.
 *
 * Return: them; some may be outside of the mapping.
 */
struct puck_dma_span puck_dma_span_of(const struct puck_dma_mapping *m,
				      const struct puck_dma_call *call, struct scatterlist *sgl)
{
	struct puck_dma_span span = puck_dma_span_all();

	if (!sgl) {
		span.begin = call->addr;
		span.end = call->addr + call->size;
		return span;
	}
	span.count = call->nents;
	while (span.first < m->copy->nr_pieces &&
	       m->copy->pieces[span.first].phys != sg_phys(sgl))
		span.first++;
	return span;
}

/**
 * puck_dma_copy_to_device - hand bytes over to the device
 * @m: a mapping with a copy
 * @span: which
 */
void puck_dma_copy_to_device(struct puck_dma_mapping *m, const struct puck_dma_span *span)
{
	puck_dma_copy_each(m->copy, span, run_to_device, NULL);
}

/**
 * puck_dma_copy_to_cpu - fetch bytes from the device
 * @m: a mapping with a copy
 * @span: which
 */
void puck_dma_copy_to_cpu(struct puck_dma_mapping *m, const struct puck_dma_span *span)
{
	puck_dma_copy_each(m->copy, span, run_to_cpu, NULL);
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

/* The bytes that the pages of a piece have in front of the piece, or behind it. */
struct slack {
	struct page *page;
	size_t offset;
	size_t len;
};

static struct slack slack_before(const struct puck_dma_copy *copy,
				 const struct puck_dma_piece *piece)
{
	return (struct slack){ copy->pages[piece->page], 0, offset_in_page(piece->iova) };
}

static struct slack slack_behind(const struct puck_dma_copy *copy,
				 const struct puck_dma_piece *piece)
{
	size_t end = offset_in_page(piece->iova + piece->size);
	u32 last = piece->page + piece_pages(piece) - 1;

	return (struct slack){ copy->pages[last], end, end ? PAGE_SIZE - end : 0 };
}

static void slack_fill(const struct slack *slack)
{
	char *at = kmap_local_page(slack->page);

	memset(at + slack->offset, PUCK_DMA_CANARY, slack->len);
	kunmap_local(at);
}

/* Bytes that were written, and in @first the first one's place; they are as before then. */
static size_t slack_written(const struct slack *slack, size_t *first)
{
	size_t i, bytes = 0;
	char *at, *bad;

	if (!slack->len)
		return 0;
	at = kmap_local_page(slack->page);
	bad = memchr_inv(at + slack->offset, PUCK_DMA_CANARY, slack->len);
	if (bad) {
		*first = bad - at - slack->offset;
		for (i = *first; i < slack->len; i++)
			bytes += (u8)at[slack->offset + i] != PUCK_DMA_CANARY;
		memset(at + slack->offset, PUCK_DMA_CANARY, slack->len);
	}
	kunmap_local(at);
	return bytes;
}

static void slacks_fill(const struct puck_dma_copy *copy)
{
	struct slack before, behind;
	u32 i;

	for (i = 0; i < copy->nr_pieces; i++) {
		before = slack_before(copy, &copy->pieces[i]);
		behind = slack_behind(copy, &copy->pieces[i]);
		slack_fill(&before);
		slack_fill(&behind);
	}
}

/**
 * puck_dma_copy_outside - did the device write beside the bytes of a mapping?
 * @d: the device
 * @m: a mapping with a copy
 *
 * What it writes to other pages is refused by the IOMMU, and a finding then.
 */
void puck_dma_copy_outside(struct puck_dma_dev *d, const struct puck_dma_mapping *m)
{
	const struct puck_dma_copy *copy = m->copy;
	struct puck_dma_past past;
	struct slack before, behind;
	size_t bytes, first;
	u32 i;

	if (m->dir == DMA_TO_DEVICE)
		return;
	puck_dma_past_of(m, &past);
	for (i = 0; i < copy->nr_pieces; i++) {
		before = slack_before(copy, &copy->pieces[i]);
		behind = slack_behind(copy, &copy->pieces[i]);
		bytes = slack_written(&before, &first);
		if (bytes)
			puck_dma_find(d, PUCK_DMA_ACCESS_BEYOND, m->iova, m->size, &past, 0,
				      "the device wrote %zu bytes in front of entry %u, from -%#zx on",
				      bytes, i, before.len - first);
		bytes = slack_written(&behind, &first);
		if (bytes)
			puck_dma_find(d, PUCK_DMA_ACCESS_BEYOND, m->iova, m->size, &past, 0,
				      "the device wrote %zu bytes behind entry %u of %#zx bytes, from +%#zx on",
				      bytes, i, copy->pieces[i].size,
				      copy->pieces[i].size + first);
	}
}

static int copy_pages_new(struct puck_dma_copy *copy, bool watch, gfp_t gfp)
{
	copy->pages = pages_new(copy, gfp);
	if (!copy->pages)
		return -ENOMEM;
	if (!watch)
		return 0;
	copy->states = pages_new(copy, gfp);
	copy->given = pages_new(copy, gfp);
	return copy->states && copy->given ? 0 : -ENOMEM;
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
	const struct puck_dma_span all = puck_dma_span_all();
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
	if (copy_pages_new(copy, watch, gfp)) {
		copy_free(copy);
		return -ENOMEM;
	}
	slacks_fill(copy);
	m->copy = copy;
	if (!(m->attrs & DMA_ATTR_SKIP_CPU_SYNC) || m->dir == DMA_FROM_DEVICE)
		puck_dma_copy_to_device(m, &all);
	/*
	 * A driver that skips the sync, or that got the memory from the mapper, hands it
	 * over later.
	 */
	if (m->kind == PUCK_DMA_PAGES || m->attrs & DMA_ATTR_SKIP_CPU_SYNC)
		puck_dma_watch_kept(m);
	return 0;
}
