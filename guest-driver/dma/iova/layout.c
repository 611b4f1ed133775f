// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the entries of a scatterlist to segments, and from segments to places in
 * one extent. Lengths and offsets only: no list, no IOMMU, no lock.
 */

#include <linux/export.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include <kunit/visibility.h>

#include "iova/layout.h"
#include "iova/segments.h"
#include "iova/space.h"
#include "policy/draw.h"
#include "policy/policy.h"

static u64 span_pages(u32 offset, u64 size)
{
	return (offset + size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* In pages. One keeps its offset: what is less than a page cannot be kept. */
static u64 boundary_pages(u64 mask)
{
	return clamp((mask >> PAGE_SHIFT) + 1, 1, PUCK_DMA_NO_BOUNDARY);
}

/**
 * puck_dma_layout_one - a body for one run of bytes
 * @policy: how
 * @offset: in its first page
 * @size: bytes
 * @boundary_mask: a power of two minus one; dma_get_seg_boundary()
 *
 * Nothing is drawn for it.
 *
 * Return: what the body is to be like, but for its limit.
 */
struct puck_dma_request puck_dma_layout_one(const struct puck_dma_policy *policy, u32 offset,
					    u64 size, u64 boundary_mask)
{
	u64 pages = span_pages(offset, size);
	u64 boundary = boundary_pages(boundary_mask);

	return (struct puck_dma_request){
		.front = policy->guard,
		.body = pages,
		.back = policy->guard,
		.align = 1,
		.boundary = pages <= boundary ? boundary : 0,
		.limit = 0,
		.window = policy->window,
	};
}

/**
 * puck_dma_layout_start - begin with a mapping
 * @layout: filled
 * @policy: how; has to stay
 * @number: of the mapping
 * @max_size: bytes of a segment at most
 * @boundary_mask: a power of two minus one; dma_get_seg_boundary()
 */
void puck_dma_layout_start(struct puck_dma_layout *layout, const struct puck_dma_policy *policy,
			   u64 number, u64 max_size, u64 boundary_mask)
{
	layout->policy = policy;
	puck_dma_draw_start(&layout->draw, policy->seed, number);
	layout->max_size = max_size;
	if (policy->merge == PUCK_DMA_MERGE_SIZE)
		layout->max_size = min(max_size, policy->merge_size);
	layout->boundary = boundary_pages(boundary_mask);
	layout->join_boundary = layout->boundary;
	if (policy->merge == PUCK_DMA_MERGE_BOUNDARY)
		layout->join_boundary = min(layout->boundary,
					    max(policy->merge_size >> PAGE_SHIFT, 1));
	layout->size = 0;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_layout_start);

static bool layout_joins(struct puck_dma_layout *layout, u32 offset, u64 size)
{
	u64 end = layout->offset + layout->size;

	/* The IOMMU maps whole pages: both have to meet at the edge of one. */
	if (!layout->size || offset || !PAGE_ALIGNED(end))
		return false;
	if (layout->size + size > layout->max_size ||
	    span_pages(0, end + size) > layout->join_boundary)
		return false;
	switch (layout->policy->merge) {
	case PUCK_DMA_MERGE_NONE:
		return false;
	case PUCK_DMA_MERGE_RANDOM:
		return puck_dma_draw(&layout->draw) & 1;
	default:
		return true;
	}
}

/**
 * puck_dma_layout_entry - the next entry
 * @layout: what came before
 * @offset: of the entry in its first page
 * @size: bytes of it, not 0
 *
 * Return: whether a new segment begins with it.
 */
bool puck_dma_layout_entry(struct puck_dma_layout *layout, u32 offset, u64 size)
{
	if (layout_joins(layout, offset, size)) {
		layout->size += size;
		return false;
	}
	layout->offset = offset;
	layout->size = size;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_layout_entry);

/* Fisher and Yates. */
static void layout_shuffle(struct puck_dma_layout *layout, const struct puck_dma_segments *segs,
			   u32 count)
{
	struct puck_dma_segment *other;
	u32 i;

	for (i = 0; i < count; i++) {
		other = puck_dma_segment_at(segs, puck_dma_draw_below(&layout->draw, i + 1));
		puck_dma_segment_at(segs, i)->turn = other->turn;
		other->turn = i;
	}
}

static void layout_order(struct puck_dma_layout *layout, const struct puck_dma_segments *segs,
			 u32 count)
{
	bool down = layout->policy->order == PUCK_DMA_DESCENDING;
	u32 i;

	if (layout->policy->order == PUCK_DMA_SHUFFLED) {
		layout_shuffle(layout, segs, count);
		return;
	}
	for (i = 0; i < count; i++)
		puck_dma_segment_at(segs, i)->turn = down ? count - 1 - i : i;
}

/* The first place from @page on where @pages do not cross what they must not. */
static u64 layout_fit(const struct puck_dma_layout *layout, u64 page, u64 pages)
{
	u64 boundary = layout->join_boundary;

	if (pages > boundary)
		boundary = layout->boundary;
	if (pages > boundary || (page & (boundary - 1)) + pages <= boundary)
		return page;
	return round_up(page, boundary);
}

/*
 * Relative places hold if the body is aligned to the boundary; one that is less
 * than the boundary needs only not to cross it.
 */
static void layout_request(const struct puck_dma_layout *layout, u64 pages,
			   struct puck_dma_request *request)
{
	request->front = layout->policy->guard;
	request->back = layout->policy->guard;
	request->body = pages;
	request->window = layout->policy->window;
	request->align = 1;
	request->boundary = layout->join_boundary;
	if (pages > request->boundary) {
		request->align = request->boundary;
		request->boundary = layout->boundary;
	}
	if (pages > request->boundary) {
		request->align = request->boundary;
		request->boundary = 0;
	}
}

/**
 * puck_dma_layout_place - place segments within a body of pages
 * @layout: of the mapping, all entries seen
 * @segs: sizes, and in @iova the offset of each in its first page; @iova becomes
 *	relative to the body
 * @count: of them, not 0
 * @request: what the body is to be like, but for its limit
 */
void puck_dma_layout_place(struct puck_dma_layout *layout, const struct puck_dma_segments *segs,
			   u32 count, struct puck_dma_request *request)
{
	const struct puck_dma_policy *policy = layout->policy;
	u64 page = 0, pages;
	u32 i;

	if (count > 1)
		layout_order(layout, segs, count);
	else
		puck_dma_segment_at(segs, 0)->turn = 0;
	for (i = 0; i < count; i++) {
		u32 turn = puck_dma_segment_at(segs, i)->turn;
		struct puck_dma_segment *seg = puck_dma_segment_at(segs, turn);
		u32 offset = offset_in_page(seg->iova);

		if (i)
			page += policy->guard;
		if (i && policy->gap)
			page += puck_dma_draw_below(&layout->draw, policy->gap + 1);
		pages = span_pages(offset, seg->size);
		page = layout_fit(layout, page, pages);
		seg->iova = (page << PAGE_SHIFT) + offset;
		page += pages;
	}
	layout_request(layout, page, request);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_layout_place);
