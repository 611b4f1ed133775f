// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of scatterlists. The DMA fields of the list are room for notes until it
 * is mapped: of the segments while these are counted, of the entries' own sizes
 * while the IOMMU needs to see whole pages.
 */

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "core/tail.h"
#include "core/trace.h"
#include "iova/layout.h"
#include "iova/segments.h"
#include "iova/space.h"
#include "map/list.h"
#include "map/map.h"
#include "policy/policy.h"

static int entry_check(struct scatterlist *sg)
{
	/* dma_pci_p2pdma_supported() says that we cannot, and this is the way to. */
	if (is_pci_p2pdma_page(sg_page(sg)))
		return -EREMOTEIO;
	if (!sg->length || offset_in_page(sg->offset) + (u64)sg->length > U32_MAX - PAGE_SIZE)
		return -EINVAL;
	return 0;
}

/* Joins entries; leaves each segment's offset and size in the list, front to back. */
static int list_join(struct puck_dma_dev *d, struct puck_dma_layout *layout,
		     struct puck_dma_mapping *m, struct scatterlist *sgl, int nents, bool bounce)
{
	struct scatterlist *sg, *out = NULL;
	u32 count = 0, offset;
	int i, ret;

	for_each_sg(sgl, sg, nents, i) {
		ret = entry_check(sg);
		if (unlikely(ret))
			return ret;
		offset = puck_dma_offset(d, sg->offset, bounce);
		if (puck_dma_layout_entry(layout, offset, sg->length)) {
			out = out ? sg_next(out) : sgl;
			sg_dma_address(out) = offset;
			sg_dma_len(out) = sg->length;
			count++;
		} else {
			sg_dma_len(out) += sg->length;
		}
		m->size += sg->length;
	}
	m->entries = nents;
	m->nsegs = count;
	return count ? 0 : -EINVAL;
}

static int list_segments(struct puck_dma_mapping *m, struct scatterlist *sgl)
{
	struct puck_dma_segment *seg;
	struct scatterlist *sg;
	int i;

	if (m->nsegs > 1 && puck_dma_segments_new(&m->segs, m->nsegs, GFP_ATOMIC))
		return -ENOMEM;
	for_each_sg(sgl, sg, m->nsegs, i) {
		seg = puck_dma_segment_at(&m->segs, i);
		seg->iova = sg_dma_address(sg);
		seg->size = sg_dma_len(sg);
	}
	return 0;
}

/* Makes entries whole pages, with what they were in the DMA fields. */
static struct scatterlist *entries_widen(struct scatterlist *sg, u64 size, unsigned int *count)
{
	for (*count = 0; size; ++*count) {
		sg_dma_address(sg) = offset_in_page(sg->offset);
		sg_dma_len(sg) = sg->length;
		size -= sg->length;
		sg->offset -= sg_dma_address(sg);
		sg->length = PAGE_ALIGN(sg->length + sg_dma_address(sg));
		sg = sg_next(sg);
	}
	return sg;
}

static void entries_narrow(struct scatterlist *sg, unsigned int count)
{
	for (; count; count--) {
		sg->offset += sg_dma_address(sg);
		sg->length = sg_dma_len(sg);
		sg = sg_next(sg);
	}
}

static int list_map(struct puck_dma_dev *d, struct puck_dma_mapping *m, struct scatterlist *sgl,
		    int prot)
{
	const struct puck_dma_segment *seg;
	struct scatterlist *next;
	unsigned int count;
	ssize_t ret;
	u64 start;
	u32 i;

	for (i = 0; i < m->nsegs; i++, sgl = next) {
		seg = puck_dma_segment_at(&m->segs, i);
		start = puck_dma_segment_start(seg);
		next = entries_widen(sgl, seg->size, &count);
		ret = iommu_map_sg(d->domain, start, sgl, count, prot, GFP_ATOMIC);
		entries_narrow(sgl, count);
		if (unlikely(ret < 0 ||
			     (u64)ret != puck_dma_segment_pages(seg) << PAGE_SHIFT)) {
			if (ret > 0)
				iommu_unmap(d->domain, start, ret);
			puck_dma_unmap_segments(d, m, i);
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * What the driver reads. Behind the last segment is what nobody may use: it shows who
 * does, and a length of 0 there would make some devices forgive it.
 */
static void list_finish(const struct puck_dma_mapping *m, struct scatterlist *sgl, int nents)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		if (i < m->nsegs) {
			sg_dma_address(sg) = puck_dma_segment_at(&m->segs, i)->iova;
			sg_dma_len(sg) = puck_dma_segment_at(&m->segs, i)->size;
		} else {
			sg_dma_address(sg) = puck_dma_tail(m->number);
			sg_dma_len(sg) = sg->length;
		}
	}
}

static void list_invalidate(struct scatterlist *sgl, int nents)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = DMA_MAPPING_ERROR;
		sg_dma_len(sg) = 0;
	}
}

/* Segments, what their extent is to be like, and whether there is a copy. */
static int list_lay_out(struct puck_dma_dev *d, struct puck_dma_mapping *m,
			struct scatterlist *sgl, int nents, struct puck_dma_request *request,
			bool *bounce)
{
	const struct puck_dma_policy_now *now;
	struct puck_dma_layout layout;
	int ret;

	rcu_read_lock();
	now = rcu_dereference(d->policy);
	*bounce = now->policy.sync != PUCK_DMA_SYNC_COHERENT;
	puck_dma_layout_start(&layout, &now->policy, m->number, dma_get_max_seg_size(d->dev),
			      dma_get_seg_boundary(d->dev));
	ret = list_join(d, &layout, m, sgl, nents, *bounce);
	if (!ret)
		ret = list_segments(m, sgl);
	if (!ret)
		puck_dma_layout_place(&layout, &m->segs, m->nsegs, request);
	rcu_read_unlock();
	return ret;
}

static int map_list(struct puck_dma_dev *d, struct puck_dma_mapping *m, struct scatterlist *sgl,
		    int nents)
{
	int prot = puck_dma_prot(m->dir, m->attrs);
	struct puck_dma_request request;
	bool bounce;
	int ret;

	ret = list_lay_out(d, m, sgl, nents, &request, &bounce);
	if (ret)
		return ret;
	request.limit = puck_dma_limit(d, dma_get_mask(d->dev));
	ret = puck_dma_take(d, m, &request);
	if (ret)
		return ret;
	if (unlikely(bounce))
		ret = puck_dma_map_copy(d, m, sgl, prot, GFP_ATOMIC);
	else
		ret = list_map(d, m, sgl, prot);
	if (ret)
		puck_dma_untake(d, m);
	return ret;
}

/*
 * Said once, and no finding: many drivers never heard of either, and are right for
 * the hardware they have.
 */
static void note_limits(struct puck_dma_dev *d)
{
	const struct device_dma_parameters *parms = d->dev->dma_parms;

	if (likely(atomic_read(&d->limits_told)) || atomic_xchg(&d->limits_told, 1))
		return;
	if (!parms || !parms->max_segment_size)
		dev_info(d->dev, "puck-dma: note: the driver declares no max_segment_size: 64 KiB\n");
	if (!parms || !parms->segment_boundary_mask)
		dev_info(d->dev, "puck-dma: note: the driver declares no seg_boundary_mask: 4 GiB\n");
}

/**
 * puck_dma_map_sg - dma_map_ops::map_sg
 * @dev: the device
 * @sgl: the list
 * @nents: entries
 * @dir: what the device may do
 * @attrs: DMA_ATTR_*
 *
 * Return: number of segments, or an error as dma_map_sgtable() has them.
 */
int puck_dma_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		    enum dma_data_direction dir, unsigned long attrs)
{
	struct puck_dma_dev *d = puck_dma_dev(dev);
	struct puck_dma_mapping *m;
	int ret;

	note_limits(d);
	if (unlikely(nents <= 0))
		return -EINVAL;
	m = puck_dma_begin(d, PUCK_DMA_SG, dir, attrs, GFP_ATOMIC);
	if (unlikely(!m))
		return -ENOMEM;
	m->phys = sg_phys(sgl);
	ret = map_list(d, m, sgl, nents);
	if (unlikely(ret)) {
		puck_dma_end(m);
		list_invalidate(sgl, nents);
		return ret == -EINVAL || ret == -EREMOTEIO ? ret : -ENOMEM;
	}
	list_finish(m, sgl, nents);
	trace_puck_dma_map(d, m);
	ret = m->nsegs;
	puck_dma_publish(d, m);
	return ret;
}

/**
 * puck_dma_unmap_sg - dma_map_ops::unmap_sg
 * @dev: the device
 * @sgl: the list
 * @nents: entries, as when it was mapped
 * @dir: as when it was mapped
 * @attrs: DMA_ATTR_*
 */
void puck_dma_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
		       enum dma_data_direction dir, unsigned long attrs)
{
	struct puck_dma_call call = {
		.kind = PUCK_DMA_SG,
		.dir = dir,
		.addr = sg_dma_address(sgl),
		.nents = nents,
	};

	puck_dma_unmap_call(puck_dma_dev(dev), &call, attrs);
}
