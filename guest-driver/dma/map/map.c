// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all mappings share: laid out as the policy says, given IOVAs, put into the
 * IOMMU's tables; and out of them again. Here too: those of one run of bytes.
 */

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>

#include "bounce/bounce.h"
#include "bounce/short.h"
#include "bounce/span.h"
#include "bounce/watch.h"
#include "check/blame.h"
#include "check/calls.h"
#include "check/history.h"
#include "compat/dma.h"
#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "core/stack.h"
#include "core/trace.h"
#include "iova/layout.h"
#include "iova/segments.h"
#include "iova/space.h"
#include "map/map.h"
#include "policy/draw.h"
#include "policy/policy.h"

/* Pages of a copy that are put into the IOMMU's tables in one call. */
#define PAGES_AT_ONCE	16

/**
 * puck_dma_prot - what a device may do
 * @dir: direction of the mapping
 * @attrs: DMA_ATTR_*
 *
 * Return: IOMMU_* for it.
 */
int puck_dma_prot(enum dma_data_direction dir, unsigned long attrs)
{
	int prot = IOMMU_CACHE;

	if (dir == DMA_TO_DEVICE || dir == DMA_BIDIRECTIONAL)
		prot |= IOMMU_READ;
	if (dir == DMA_FROM_DEVICE || dir == DMA_BIDIRECTIONAL)
		prot |= IOMMU_WRITE;
	if (attrs & DMA_ATTR_PRIVILEGED)
		prot |= IOMMU_PRIV;
	if (attrs & DMA_ATTR_MMIO)
		prot = (prot & ~IOMMU_CACHE) | IOMMU_MMIO;
	return prot;
}

/**
 * puck_dma_begin - a new mapping, with nothing in it
 * @d: the device
 * @kind: of it
 * @dir: what the device may do
 * @attrs: DMA_ATTR_*
 * @gfp: how to get memory
 *
 * Return: it, to be ended by puck_dma_end() if nothing comes of it; NULL
 * without memory.
 */
struct puck_dma_mapping *puck_dma_begin(struct puck_dma_dev *d, enum puck_dma_kind kind,
					enum dma_data_direction dir, unsigned long attrs,
					gfp_t gfp)
{
	struct puck_dma_mapping *m = puck_dma_record_new(gfp);

	if (!m)
		return NULL;
	m->number = atomic64_inc_return(&d->number);
	m->kind = kind;
	m->dir = dir;
	m->attrs = attrs;
	m->size = 0;
	m->entries = 1;
	m->nsegs = 1;
	m->made_by = puck_dma_stack();
	m->made_at = ktime_get_mono_fast_ns();
	m->phys = 0;
	m->vaddr = NULL;
	return m;
}

/**
 * puck_dma_limit - what a device can address
 * @d: the device
 * @mask: one of its masks
 *
 * Return: the page behind the last one.
 */
u64 puck_dma_limit(struct puck_dma_dev *d, u64 mask)
{
	mask = min_not_zero(mask, d->dev->bus_dma_limit);
	return min((mask >> PAGE_SHIFT) + 1, d->space.end);
}

/* Whether the policy's "fail" is about such mappings. */
static bool is_asked(const struct puck_dma_mapping *m, enum puck_dma_of of)
{
	switch (of) {
	case PUCK_DMA_OF_ALLOC:
		return m->kind == PUCK_DMA_COHERENT || m->kind == PUCK_DMA_PAGES;
	case PUCK_DMA_OF_POOL:
		return m->kind == PUCK_DMA_COHERENT && puck_dma_stack_is_pool(m->made_by);
	default:
		return true;
	}
}

/* Whether this is the one of its stack's mappings that fails. None is counted behind it. */
static bool fails_each_locked(struct puck_dma_policy_now *now, const struct puck_dma_mapping *m)
{
	u16 *passed = &now->passed[m->made_by];

	return *passed < now->policy.fail_n && ++*passed == now->policy.fail_n;
}

/* Whether the policy wants the mapping to fail; counted then. */
static bool fails_locked(struct puck_dma_dev *d, struct puck_dma_mapping *m)
{
	struct puck_dma_policy_now *now =
		rcu_dereference_protected(d->policy, lockdep_is_held(&d->lock));
	u64 n = m->number - now->since;
	struct puck_dma_draw draw;
	bool fails = false;

	if (likely(now->policy.fail == PUCK_DMA_FAIL_NEVER) || !is_asked(m, now->policy.of))
		return false;
	if (now->policy.of != PUCK_DMA_OF_ALL)
		n = ++now->asked;
	switch (now->policy.fail) {
	case PUCK_DMA_FAIL_NEVER:
		return false;
	case PUCK_DMA_FAIL_NTH:
		fails = n == now->policy.fail_n;
		break;
	case PUCK_DMA_FAIL_EVERY:
		fails = !(n % now->policy.fail_n);
		break;
	case PUCK_DMA_FAIL_SHARE:
		/*
		 * A sequence of its own: the layout's is to be the same whether mappings
		 * fail or not.
		 */
		puck_dma_draw_start(&draw, ~now->policy.seed, n);
		fails = !puck_dma_draw_below(&draw, now->policy.fail_n);
		break;
	case PUCK_DMA_FAIL_EACH:
		fails = fails_each_locked(now, m);
		break;
	}
	if (fails)
		d->counters.failed++;
	return fails;
}

/* NULL without room or memory, or if the policy wants so. */
static struct puck_dma_extent *extent_take(struct puck_dma_dev *d, struct puck_dma_mapping *m,
					   const struct puck_dma_request *request, u64 *body)
{
	struct puck_dma_extent *extent = NULL;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	if (unlikely(fails_locked(d, m)))
		goto unlock;
	extent = puck_dma_space_get(&d->space, request, body);
	while (unlikely(!extent) && puck_dma_space_make_room(&d->space)) {
		/* That may go on for long: interrupts and other CPUs get their turn. */
		spin_unlock_irqrestore(&d->lock, flags);
		cpu_relax();
		spin_lock_irqsave(&d->lock, flags);
		extent = puck_dma_space_get_again(&d->space, request, body);
	}
	if (unlikely(!extent))
		d->counters.refused++;
unlock:
	spin_unlock_irqrestore(&d->lock, flags);
	return extent;
}

/**
 * puck_dma_take - take an extent for the segments
 * @d: the device
 * @m: the mapping; nobody can find it yet
 * @request: what the extent is to be like
 *
 * Return: 0 or -ENOMEM.
 */
int puck_dma_take(struct puck_dma_dev *d, struct puck_dma_mapping *m,
		  const struct puck_dma_request *request)
{
	u64 body;
	u32 i;

	m->extent = extent_take(d, m, request, &body);
	if (unlikely(!m->extent)) {
		puck_dma_blame_failed(d, m);
		return -ENOMEM;
	}
	for (i = 0; i < m->nsegs; i++)
		puck_dma_segment_at(&m->segs, i)->iova += body << PAGE_SHIFT;
	m->iova = puck_dma_segment_at(&m->segs, 0)->iova;
	m->guard = request->back;
	m->extent_start = m->extent->start;
	m->extent_pages = m->extent->pages;
	return 0;
}

/**
 * puck_dma_untake - undo puck_dma_take()
 * @d: the device
 * @m: a mapping that came to nothing
 */
void puck_dma_untake(struct puck_dma_dev *d, struct puck_dma_mapping *m)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	puck_dma_space_put(&d->space, m->extent, 0);
	d->counters.refused++;
	spin_unlock_irqrestore(&d->lock, flags);
	m->extent = NULL;
}

/**
 * puck_dma_publish - let a mapping be found
 * @d: the device
 * @m: the mapping, which the IOMMU has mapped and of which all is known
 *
 * The caller does not look at @m any more: the IOVA is likely one that was used
 * before, and a driver that unmaps that twice ends this mapping, on another CPU
 * and at once. For the same reason it must not be found while it is half made.
 */
void puck_dma_publish(struct puck_dma_dev *d, struct puck_dma_mapping *m)
{
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	puck_dma_record_add_locked(d, m);
	spin_unlock_irqrestore(&d->lock, flags);
}

/**
 * puck_dma_unmap_segments - take segments out of the IOMMU's tables
 * @d: the device
 * @m: the mapping
 * @count: how many of them are there
 */
void puck_dma_unmap_segments(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 count)
{
	const struct puck_dma_segment *seg;
	struct iommu_iotlb_gather gather;
	size_t size, done;
	u64 start;
	u32 i;

	iommu_iotlb_gather_init(&gather);
	for (i = 0; i < count; i++) {
		seg = puck_dma_segment_at(&m->segs, i);
		start = puck_dma_segment_start(seg);
		size = puck_dma_segment_pages(seg) << PAGE_SHIFT;
		done = iommu_unmap_fast(d->domain, start, size, &gather);
		if (unlikely(done != size))
			dev_err_ratelimited(d->dev,
					    "puck-dma: the IOMMU unmapped %#zx of %#zx bytes at %#llx\n",
					    done, size, start);
	}
	iommu_iotlb_sync(d->domain, &gather);
}

/**
 * puck_dma_map_pages - single pages, one behind the other
 * @d: the device
 * @iova: of the first one
 * @pages: them
 * @count: of them
 * @prot: IOMMU_*
 * @gfp: how to get memory
 *
 * Return: 0 or an error; nothing is mapped then.
 */
int puck_dma_map_pages(struct puck_dma_dev *d, u64 iova, struct page **pages, u64 count, int prot,
		       gfp_t gfp)
{
	struct scatterlist list[PAGES_AT_ONCE];
	unsigned int now, i;
	ssize_t ret;
	u64 done;

	for (done = 0; done < count; done += now) {
		now = min_t(u64, count - done, PAGES_AT_ONCE);
		sg_init_table(list, now);
		for (i = 0; i < now; i++)
			sg_set_page(&list[i], pages[done + i], PAGE_SIZE, 0);
		ret = iommu_map_sg(d->domain, iova + (done << PAGE_SHIFT), list, now, prot, gfp);
		if (ret < 0 || (size_t)ret != now * PAGE_SIZE) {
			if (ret > 0)
				done += ret >> PAGE_SHIFT;
			if (done)
				iommu_unmap(d->domain, iova, done << PAGE_SHIFT);
			return ret < 0 ? ret : -EIO;
		}
	}
	return 0;
}

/**
 * puck_dma_map_copy - the device's copy in place of the driver's pages
 * @d: the device
 * @m: the mapping, with its addresses
 * @sgl: the driver's list, if it is one
 * @prot: IOMMU_*
 * @gfp: how to get memory
 *
 * Return: 0 or an error; nothing is mapped then.
 */
int puck_dma_map_copy(struct puck_dma_dev *d, struct puck_dma_mapping *m, struct scatterlist *sgl,
		      int prot, gfp_t gfp)
{
	struct puck_dma_policy policy;
	struct puck_dma_segment *seg;
	u32 i;
	int ret;

	puck_dma_policy_get(d, &policy);
	ret = puck_dma_copy_new(m, sgl, policy.sync == PUCK_DMA_SYNC_WATCH, gfp);
	for (i = 0; !ret && i < m->nsegs; i++) {
		seg = puck_dma_segment_at(&m->segs, i);
		ret = puck_dma_map_pages(d, puck_dma_segment_start(seg),
					 puck_dma_copy_pages(m, seg->iova),
					 puck_dma_segment_pages(seg), prot, gfp);
		if (ret)
			puck_dma_unmap_segments(d, m, i);
	}
	return ret;
}

/* Memory of another device, by pci_p2pdma. */
static bool is_peers(const struct puck_dma_mapping *m)
{
	unsigned long pfn = PHYS_PFN(m->phys);

	return m->kind == PUCK_DMA_PAGE && pfn_valid(pfn) && is_pci_p2pdma_page(pfn_to_page(pfn));
}

/* The CPU does not copy what belongs to another device. */
static bool bounces(const struct puck_dma_mapping *m)
{
	return (m->kind == PUCK_DMA_PAGE && !is_peers(m)) || m->kind == PUCK_DMA_PAGES;
}

static int map_run(struct puck_dma_dev *d, struct puck_dma_mapping *m, int prot, gfp_t gfp,
		   bool bounce)
{
	u64 iova = puck_dma_segment_start(&m->one);
	u64 pages = puck_dma_segment_pages(&m->one);

	if (m->pages)
		return puck_dma_map_pages(d, iova, m->pages, pages, prot, gfp);
	if (bounce)
		return puck_dma_map_copy(d, m, NULL, prot, gfp);
	return iommu_map(d->domain, iova, m->phys & PAGE_MASK, pages << PAGE_SHIFT, prot, gfp);
}

/* Returns whether there is a copy. */
static bool lay_out_one(struct puck_dma_dev *d, struct puck_dma_mapping *m,
			struct puck_dma_request *request)
{
	const struct puck_dma_policy_now *now;
	bool bounce;

	rcu_read_lock();
	now = rcu_dereference(d->policy);
	bounce = now->policy.sync != PUCK_DMA_SYNC_COHERENT && bounces(m);
	m->one.iova = puck_dma_offset(d, m->phys, bounce);
	m->one.size = m->size;
	*request = puck_dma_layout_one(&now->policy, m->one.iova, m->size,
				       dma_get_seg_boundary(d->dev));
	rcu_read_unlock();
	return bounce;
}

/**
 * puck_dma_map_one - map one run of bytes
 * @d: the device
 * @m: the mapping; size, and phys or pages are set. The driver's on success: the
 *	caller does not look at it any more
 * @mask: which addresses the device has
 * @align: of the IOVA, in pages, a power of two
 * @prot: IOMMU_*
 * @gfp: how to get memory for the tables
 * @iova: set to where it is mapped
 *
 * Return: 0 or an error; the mapping is still the caller's then.
 */
int puck_dma_map_one(struct puck_dma_dev *d, struct puck_dma_mapping *m, u64 mask, u64 align,
		     int prot, gfp_t gfp, dma_addr_t *iova)
{
	struct puck_dma_request request;
	bool bounce = lay_out_one(d, m, &request);
	int ret;

	request.align = align;
	request.limit = puck_dma_limit(d, mask);
	ret = puck_dma_take(d, m, &request);
	if (unlikely(ret))
		return ret;
	ret = map_run(d, m, prot, gfp, bounce);
	if (unlikely(ret)) {
		puck_dma_untake(d, m);
		return ret;
	}
	*iova = m->iova;
	trace_puck_dma_map(d, m);
	puck_dma_publish(d, m);
	return 0;
}

/*
 * The mapping is out of the IOMMU's tables. One that the driver left behind is unmapped
 * with DMA_NONE: it is a leak already, and nothing else is said of it.
 */
static void unmap_copy(struct puck_dma_dev *d, struct puck_dma_mapping *m,
		       enum dma_data_direction dir, unsigned long attrs, u32 stack)
{
	const struct puck_dma_span all = puck_dma_span_all();

	if (dir != DMA_NONE) {
		puck_dma_copy_outside(d, m);
		puck_dma_watch_unmap(d, m, attrs, stack);
		puck_dma_short_unmap(d, m);
	}
	if (!(attrs & DMA_ATTR_SKIP_CPU_SYNC) &&
	    (dir == DMA_FROM_DEVICE || dir == DMA_BIDIRECTIONAL))
		puck_dma_copy_to_cpu(m, &all);
}

/**
 * puck_dma_unmap - end a mapping
 * @d: the device
 * @m: it, out of the table; gone afterwards
 * @dir: direction that the driver gives
 * @attrs: DMA_ATTR_*
 * @stack: who ends it
 */
void puck_dma_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m, enum dma_data_direction dir,
		    unsigned long attrs, u32 stack)
{
	const struct puck_dma_policy_now *now;
	unsigned long flags;
	bool last;

	puck_dma_unmap_segments(d, m, m->nsegs);
	if (unlikely(m->copy))
		unmap_copy(d, m, dir, attrs, stack);
	trace_puck_dma_unmap(d, m);
	puck_dma_gone(d, m, stack);

	spin_lock_irqsave(&d->lock, flags);
	now = rcu_dereference_protected(d->policy, lockdep_is_held(&d->lock));
	puck_dma_space_put(&d->space, m->extent, now->policy.quarantine);
	m->extent = NULL;
	last = !--m->users;
	spin_unlock_irqrestore(&d->lock, flags);
	if (likely(last))
		puck_dma_end(m);
}

/**
 * puck_dma_unmap_call - end the mapping that a streaming unmap names
 * @d: the device
 * @call: what the driver says; its stack is filled in
 * @attrs: DMA_ATTR_*
 */
void puck_dma_unmap_call(struct puck_dma_dev *d, struct puck_dma_call *call, unsigned long attrs)
{
	struct puck_dma_mapping *m;
	unsigned long flags;

	call->stack = puck_dma_stack();
	spin_lock_irqsave(&d->lock, flags);
	m = puck_dma_record_at_locked(d, call->addr);
	/* Memory that was allocated goes back by the function that frees it alone. */
	if (likely(m && m->kind != PUCK_DMA_COHERENT && m->kind != PUCK_DMA_PAGES))
		puck_dma_record_remove_locked(d, m);
	else if (m)
		m->users++;
	spin_unlock_irqrestore(&d->lock, flags);

	if (unlikely(!m)) {
		puck_dma_check_unmap_none(d, call);
		return;
	}
	puck_dma_check_unmap(d, m, call);
	if (likely(m->kind != PUCK_DMA_COHERENT && m->kind != PUCK_DMA_PAGES))
		puck_dma_unmap(d, m, call->dir, attrs, call->stack);
	else
		puck_dma_release(d, m);
}
