// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is mapped now. A driver names a mapping by its address: a hash table finds
 * it. Whoever has another address of it asks the tree of extents.
 */

#include <linux/bits.h>
#include <linux/hash.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "iova/segments.h"
#include "iova/space.h"

static struct kmem_cache *mapping_cache;
static DEFINE_PER_CPU(struct puck_dma_mapping *, spare);

static struct hlist_head *table_head(struct puck_dma_dev *d, dma_addr_t iova)
{
	return &d->table[hash_64(iova >> PAGE_SHIFT, PUCK_DMA_TABLE_BITS)];
}

/**
 * puck_dma_record_new - memory for a mapping
 * @gfp: how to get it
 *
 * Return: it, with nothing set but what puck_dma_record_free() looks at; or NULL.
 */
struct puck_dma_mapping *puck_dma_record_new(gfp_t gfp)
{
	/*
	 * The mapping that was freed last on this CPU is used again: the allocator takes
	 * three times as long.
	 */
	struct puck_dma_mapping *m = this_cpu_xchg(spare, NULL);

	if (unlikely(!m)) {
		m = kmem_cache_alloc(mapping_cache, gfp | __GFP_NOWARN);
		if (!m)
			return NULL;
	}
	m->segs.flat = &m->one;
	m->pages = NULL;
	m->copy = NULL;
	return m;
}

/**
 * puck_dma_record_free - free the memory of a mapping that is not in the table
 * @m: the mapping, its copy freed
 */
void puck_dma_record_free(struct puck_dma_mapping *m)
{
	if (unlikely(m->segs.flat != &m->one))
		puck_dma_segments_free(&m->segs, m->nsegs);
	if (unlikely(this_cpu_cmpxchg(spare, NULL, m)))
		kmem_cache_free(mapping_cache, m);
}

/**
 * puck_dma_record_add_locked - from here on the mapping is live
 * @d: the device
 * @m: the mapping, with its extent
 */
void puck_dma_record_add_locked(struct puck_dma_dev *d, struct puck_dma_mapping *m)
{
	lockdep_assert_held(&d->lock);
	m->users = 1;
	m->extent->mapping = m;
	hlist_add_head(&m->node, table_head(d, m->iova));
	d->counters.mappings++;
	d->counters.live++;
	d->counters.entries += m->entries;
	d->counters.segments += m->nsegs;
	d->counters.bytes += m->size;
}

/**
 * puck_dma_record_remove_locked - from here on it can be unmapped no more
 * @d: the device
 * @m: the mapping, which keeps its extent
 */
void puck_dma_record_remove_locked(struct puck_dma_dev *d, struct puck_dma_mapping *m)
{
	lockdep_assert_held(&d->lock);
	hlist_del_init(&m->node);
	d->counters.live--;
}

/**
 * puck_dma_record_at_locked - the live mapping that a driver knows by an address
 * @d: the device
 * @iova: the address
 *
 * Return: it, or NULL.
 */
struct puck_dma_mapping *puck_dma_record_at_locked(struct puck_dma_dev *d, dma_addr_t iova)
{
	struct puck_dma_mapping *m;

	lockdep_assert_held(&d->lock);
	hlist_for_each_entry(m, table_head(d, iova), node)
		if (m->iova == iova)
			return m;
	return NULL;
}

/**
 * puck_dma_record_take - take a mapping out, to unmap it
 * @d: the device
 * @iova: by which the driver knows it
 *
 * Return: it, the caller's alone but for syncs that are under way; or NULL.
 */
struct puck_dma_mapping *puck_dma_record_take(struct puck_dma_dev *d, dma_addr_t iova)
{
	struct puck_dma_mapping *m;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	m = puck_dma_record_at_locked(d, iova);
	if (m)
		puck_dma_record_remove_locked(d, m);
	spin_unlock_irqrestore(&d->lock, flags);
	return m;
}

static bool segments_hold(const struct puck_dma_mapping *m, u64 page)
{
	const struct puck_dma_segment *seg;
	u32 i;

	for (i = 0; i < m->nsegs; i++) {
		seg = puck_dma_segment_at(&m->segs, i);
		if (page >= seg->iova >> PAGE_SHIFT &&
		    page <= (seg->iova + seg->size - 1) >> PAGE_SHIFT)
			return true;
	}
	return false;
}

/**
 * puck_dma_record_hold - keep the mapping that has an address, to sync it
 * @d: the device
 * @iova: any of its addresses
 *
 * Return: it, until puck_dma_record_release(); NULL if none has the address.
 */
struct puck_dma_mapping *puck_dma_record_hold(struct puck_dma_dev *d, dma_addr_t iova)
{
	struct puck_dma_extent *extent;
	struct puck_dma_mapping *m;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	d->counters.syncs++;
	m = puck_dma_record_at_locked(d, iova);
	if (!m) {
		extent = puck_dma_space_find(&d->space, iova >> PAGE_SHIFT);
		m = extent ? extent->mapping : NULL;
		/* A mapping that is about to be unmapped is not found. */
		if (m && (hlist_unhashed(&m->node) || !segments_hold(m, iova >> PAGE_SHIFT)))
			m = NULL;
	}
	if (m)
		m->users++;
	spin_unlock_irqrestore(&d->lock, flags);
	return m;
}

/**
 * puck_dma_record_release - undo puck_dma_record_hold()
 * @d: the device
 * @m: the mapping
 *
 * Return: true if it was unmapped meanwhile: then the caller frees it.
 */
bool puck_dma_record_release(struct puck_dma_dev *d, struct puck_dma_mapping *m)
{
	unsigned long flags;
	bool last;

	spin_lock_irqsave(&d->lock, flags);
	last = !--m->users;
	spin_unlock_irqrestore(&d->lock, flags);
	return last;
}

static void record_copy(const struct puck_dma_mapping *m, struct puck_dma_mapping *copy)
{
	*copy = *m;
	copy->segs.flat = m->nsegs == 1 ? &copy->one : NULL;
	copy->segs.pages = NULL;
}

/**
 * puck_dma_record_find - the live mapping that an address belongs to
 * @d: the device
 * @iova: the address, in a segment or in a guard or gap beside one
 * @copy: filled with what is known of it
 * @inside: set to whether a segment has the page of the address
 *
 * Context: any.
 * Return: whether there is one.
 */
bool puck_dma_record_find(struct puck_dma_dev *d, u64 iova, struct puck_dma_mapping *copy,
			  bool *inside)
{
	struct puck_dma_extent *extent;
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&d->lock, flags);
	extent = puck_dma_space_find(&d->space, iova >> PAGE_SHIFT);
	found = extent && extent->mapping;
	if (found) {
		record_copy(extent->mapping, copy);
		*inside = segments_hold(extent->mapping, iova >> PAGE_SHIFT);
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return found;
}

/**
 * puck_dma_record_next - go through what is live, by address
 * @d: the device
 * @iova: where to look from; set to where to go on
 * @copy: filled with what is known of the next one
 *
 * Context: any.
 * Return: false if there is none.
 */
bool puck_dma_record_next(struct puck_dma_dev *d, u64 *iova, struct puck_dma_mapping *copy)
{
	struct puck_dma_extent *extent;
	struct rb_node *node;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	extent = puck_dma_space_from(&d->space, *iova >> PAGE_SHIFT);
	/* Skip extents that no mapping has. They are few. */
	while (extent && !extent->mapping) {
		node = rb_next(&extent->node);
		extent = node ? rb_entry(node, struct puck_dma_extent, node) : NULL;
	}
	if (extent) {
		record_copy(extent->mapping, copy);
		*iova = (extent->start + extent->pages) << PAGE_SHIFT;
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return extent;
}

/**
 * puck_dma_table_new - the table of a device
 * @d: the device
 *
 * Return: 0 or -ENOMEM.
 */
int puck_dma_table_new(struct puck_dma_dev *d)
{
	d->table = kvcalloc(BIT(PUCK_DMA_TABLE_BITS), sizeof(*d->table), GFP_KERNEL);
	return d->table ? 0 : -ENOMEM;
}

/**
 * puck_dma_table_free - undo puck_dma_table_new()
 * @d: the device, with nothing mapped
 */
void puck_dma_table_free(struct puck_dma_dev *d)
{
	kvfree(d->table);
}

/**
 * puck_dma_record_init - what all devices share
 *
 * Return: 0 or -ENOMEM.
 */
int puck_dma_record_init(void)
{
	mapping_cache = KMEM_CACHE(puck_dma_mapping, 0);
	return mapping_cache ? 0 : -ENOMEM;
}

/**
 * puck_dma_record_exit - undo puck_dma_record_init()
 */
void puck_dma_record_exit(void)
{
	struct puck_dma_mapping *m;
	int cpu;

	for_each_possible_cpu(cpu) {
		m = per_cpu(spare, cpu);
		if (m)
			kmem_cache_free(mapping_cache, m);
	}
	kmem_cache_destroy(mapping_cache);
}
