// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that driver and device use at the same time, or take turns with: allocated
 * and mapped in one step. Both addresses are aligned to the size, rounded up to a
 * power of two pages, as the DMA API promises.
 */

#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "bounce/canary.h"
#include "check/calls.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "core/stack.h"
#include "map/coherent.h"
#include "map/map.h"

static u64 size_pages(size_t size)
{
	return PAGE_ALIGN(size) >> PAGE_SHIFT;
}

static void pages_free(struct page **pages, u64 count)
{
	u64 i;

	for (i = 0; i < count && pages[i]; i++)
		__free_page(pages[i]);
	kvfree(pages);
}

static struct page **pages_alloc(struct device *dev, u64 count, gfp_t gfp)
{
	struct page **pages = kvcalloc(count, sizeof(*pages), GFP_KERNEL);
	u64 i;

	for (i = 0; pages && i < count; i++) {
		pages[i] = alloc_pages_node(dev_to_node(dev), gfp | __GFP_NOWARN, 0);
		if (!pages[i]) {
			pages_free(pages, count);
			return NULL;
		}
	}
	return pages;
}

/* Pages in a row. */
static bool memory_in_row(struct device *dev, struct puck_dma_mapping *m, gfp_t gfp)
{
	unsigned int order = get_order(m->size);
	struct page *page;

	if (order > MAX_PAGE_ORDER)
		return false;
	/* There is the other way, so nobody is killed for this one. */
	if (order && gfpflags_allow_blocking(gfp))
		gfp |= __GFP_NORETRY;
	page = alloc_pages_node(dev_to_node(dev), gfp | __GFP_NOWARN | __GFP_ZERO, order);
	if (!page)
		return false;
	m->phys = page_to_phys(page);
	m->vaddr = page_address(page);
	return true;
}

/*
 * Single ones, and one run of kernel addresses; only where it may sleep. VM_IOREMAP
 * is what aligns the run to its order: the driver was promised that of it, too.
 */
static bool memory_pieced(struct device *dev, struct puck_dma_mapping *m, gfp_t gfp)
{
	u64 count = size_pages(m->size);

	m->pages = pages_alloc(dev, count, gfp | __GFP_ZERO);
	if (!m->pages)
		return false;
	m->vaddr = vmap(m->pages, count, VM_MAP | VM_IOREMAP, PAGE_KERNEL);
	if (m->vaddr)
		return true;
	pages_free(m->pages, count);
	m->pages = NULL;
	return false;
}

static bool memory_alloc(struct device *dev, struct puck_dma_mapping *m, gfp_t gfp,
			 unsigned long attrs)
{
	if (memory_in_row(dev, m, gfp))
		return true;
	return gfpflags_allow_blocking(gfp) && !(attrs & DMA_ATTR_FORCE_CONTIGUOUS) &&
	       memory_pieced(dev, m, gfp);
}

/* The bytes behind the memory that the device can reach, and that nobody may use. */
static size_t memory_slack(const struct puck_dma_mapping *m)
{
	return PAGE_ALIGN(m->size) - m->size;
}

static void slack_check(struct puck_dma_dev *d, const struct puck_dma_mapping *m)
{
	u8 *slack = (u8 *)m->vaddr + m->size;
	size_t len = memory_slack(m), bytes = 0, i;
	struct puck_dma_past past;
	u8 *bad;

	bad = memchr_inv(slack, PUCK_DMA_CANARY, len);
	if (likely(!bad))
		return;
	for (i = bad - slack; i < len; i++)
		bytes += slack[i] != PUCK_DMA_CANARY;
	puck_dma_past_of(m, &past);
	puck_dma_find(d, PUCK_DMA_ACCESS_BEYOND, m->iova, m->size, &past, 0,
		      "the device or the CPU wrote %zu bytes behind it, from +%#zx on", bytes,
		      m->size + (bad - slack));
}

/* Memory as the driver has it. It outlives the mapping, and is freed after it. */
struct memory {
	void *vaddr;
	struct page **pages;
	size_t size;
};

static struct memory memory_of(const struct puck_dma_mapping *m)
{
	return (struct memory){ m->vaddr, m->pages, m->size };
}

static void memory_free(const struct memory *memory)
{
	if (memory->pages) {
		vunmap(memory->vaddr);
		pages_free(memory->pages, size_pages(memory->size));
	} else {
		free_pages((unsigned long)memory->vaddr, get_order(memory->size));
	}
}

/* Flags for memory of the mapper: of the caller's flags only whether it may sleep counts. */
static gfp_t plain_gfp(gfp_t gfp)
{
	return gfpflags_allow_blocking(gfp) ? GFP_KERNEL : GFP_ATOMIC;
}

static int map_memory(struct puck_dma_dev *d, struct puck_dma_mapping *m, gfp_t gfp,
		      dma_addr_t *iova)
{
	return puck_dma_map_one(d, m, d->dev->coherent_dma_mask,
				roundup_pow_of_two(size_pages(m->size)),
				puck_dma_prot(m->dir, m->attrs), plain_gfp(gfp), iova);
}

/**
 * puck_dma_alloc - dma_map_ops::alloc
 * @dev: the device
 * @size: bytes
 * @iova: set to the device's address
 * @gfp: how to get memory
 * @attrs: DMA_ATTR_*
 *
 * Return: the memory, zeroed, or NULL.
 */
void *puck_dma_alloc(struct device *dev, size_t size, dma_addr_t *iova, gfp_t gfp,
		     unsigned long attrs)
{
	struct puck_dma_dev *d = puck_dma_dev(dev);
	struct puck_dma_mapping *m;
	struct memory memory;

	if (!size)
		return NULL;
	m = puck_dma_begin(d, PUCK_DMA_COHERENT, DMA_BIDIRECTIONAL, attrs, plain_gfp(gfp));
	if (!m)
		return NULL;
	m->size = size;
	if (!memory_alloc(dev, m, gfp, attrs)) {
		puck_dma_end(m);
		return NULL;
	}
	memset((u8 *)m->vaddr + size, PUCK_DMA_CANARY, memory_slack(m));
	memory = memory_of(m);
	if (map_memory(d, m, gfp, iova)) {
		puck_dma_end(m);
		memory_free(&memory);
		return NULL;
	}
	return memory.vaddr;
}

/* Takes out what the address names, if it is of the kind. */
static struct puck_dma_mapping *take_of_kind(struct puck_dma_dev *d, struct puck_dma_call *call)
{
	struct puck_dma_mapping *m = puck_dma_record_take(d, call->addr);
	enum puck_dma_kind kind;

	if (!m) {
		puck_dma_check_unmap_none(d, call);
		return NULL;
	}
	puck_dma_check_unmap(d, m, call);
	kind = m->kind;
	if (kind == call->kind)
		return m;
	puck_dma_unmap(d, m, m->dir, 0, call->stack);
	return NULL;
}

/**
 * puck_dma_free - dma_map_ops::free
 * @dev: the device
 * @size: bytes, as when it was allocated
 * @vaddr: the memory
 * @iova: the device's address
 * @attrs: DMA_ATTR_*
 *
 * What is freed is what was allocated with @iova, whatever @vaddr and @size say.
 */
void puck_dma_free(struct device *dev, size_t size, void *vaddr, dma_addr_t iova,
		   unsigned long attrs)
{
	struct puck_dma_call call = {
		.kind = PUCK_DMA_COHERENT,
		.dir = DMA_NONE,
		.addr = iova,
		.size = size,
		.stack = puck_dma_stack(),
	};
	struct puck_dma_dev *d = puck_dma_dev(dev);
	struct puck_dma_mapping *m = take_of_kind(d, &call);
	struct memory memory;

	if (!m)
		return;
	slack_check(d, m);
	memory = memory_of(m);
	puck_dma_unmap(d, m, m->dir, attrs, call.stack);
	memory_free(&memory);
}

/**
 * puck_dma_alloc_pages - dma_map_ops::alloc_pages_op
 * @dev: the device
 * @size: bytes, whole pages
 * @iova: set to the device's address
 * @dir: what the device may do
 * @gfp: how to get memory
 *
 * Return: pages in a row, zeroed, that have to be synced; or NULL.
 */
struct page *puck_dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *iova,
				  enum dma_data_direction dir, gfp_t gfp)
{
	struct puck_dma_dev *d = puck_dma_dev(dev);
	struct puck_dma_mapping *m;
	struct page *page;

	if (!size || get_order(size) > MAX_PAGE_ORDER)
		return NULL;
	m = puck_dma_begin(d, PUCK_DMA_PAGES, dir, 0, plain_gfp(gfp));
	if (!m)
		return NULL;
	m->size = size;
	page = alloc_pages_node(dev_to_node(dev), gfp | __GFP_ZERO, get_order(size));
	if (!page)
		goto free_record;
	m->phys = page_to_phys(page);
	if (map_memory(d, m, gfp, iova))
		goto free_page;
	return page;

free_page:
	__free_pages(page, get_order(size));
free_record:
	puck_dma_end(m);
	return NULL;
}

/**
 * puck_dma_free_pages - dma_map_ops::free_pages
 * @dev: the device
 * @size: bytes, as when they were allocated
 * @page: the first one
 * @iova: the device's address
 * @dir: as when they were allocated
 */
void puck_dma_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t iova,
			 enum dma_data_direction dir)
{
	struct puck_dma_call call = {
		.kind = PUCK_DMA_PAGES,
		.dir = dir,
		.addr = iova,
		.size = size,
		.stack = puck_dma_stack(),
	};
	struct puck_dma_dev *d = puck_dma_dev(dev);
	struct puck_dma_mapping *m = take_of_kind(d, &call);
	phys_addr_t phys;

	if (!m)
		return;
	phys = m->phys;
	size = m->size;
	/* Nobody reads them any more. */
	puck_dma_unmap(d, m, dir, DMA_ATTR_SKIP_CPU_SYNC, call.stack);
	__free_pages(pfn_to_page(PHYS_PFN(phys)), get_order(size));
}

/* The memory at an address; false if none was allocated there. */
static bool memory_at(struct device *dev, dma_addr_t iova, struct memory *memory,
		      phys_addr_t *phys)
{
	struct puck_dma_dev *d = puck_dma_dev(dev);
	struct puck_dma_mapping *m;
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&d->lock, flags);
	m = puck_dma_record_at_locked(d, iova);
	found = m && m->kind == PUCK_DMA_COHERENT;
	if (found) {
		*memory = memory_of(m);
		*phys = m->phys;
	}
	spin_unlock_irqrestore(&d->lock, flags);
	return found;
}

/**
 * puck_dma_mmap - dma_map_ops::mmap
 * @dev: the device
 * @vma: where user space wants it
 * @vaddr: the memory
 * @iova: the device's address
 * @size: bytes
 * @attrs: DMA_ATTR_*
 *
 * Return: 0 or an error.
 */
int puck_dma_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr, dma_addr_t iova,
		  size_t size, unsigned long attrs)
{
	struct memory memory;
	phys_addr_t phys;
	u64 count;

	if (!memory_at(dev, iova, &memory, &phys))
		return -ENXIO;
	count = size_pages(min(size, memory.size));
	if (vma->vm_pgoff >= count || vma_pages(vma) > count - vma->vm_pgoff)
		return -ENXIO;
	if (memory.pages)
		return vm_map_pages(vma, memory.pages, count);
	return remap_pfn_range(vma, vma->vm_start, PHYS_PFN(phys) + vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/**
 * puck_dma_get_sgtable - dma_map_ops::get_sgtable
 * @dev: the device
 * @sgt: filled
 * @vaddr: the memory
 * @iova: the device's address
 * @size: bytes
 * @attrs: DMA_ATTR_*
 *
 * Return: 0 or an error.
 */
int puck_dma_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr, dma_addr_t iova,
			 size_t size, unsigned long attrs)
{
	struct memory memory;
	phys_addr_t phys;
	int ret;

	if (!memory_at(dev, iova, &memory, &phys))
		return -ENXIO;
	size = min(size, memory.size);
	if (memory.pages)
		return sg_alloc_table_from_pages(sgt, memory.pages, size_pages(size), 0, size,
						 GFP_KERNEL);
	ret = sg_alloc_table(sgt, 1, GFP_KERNEL);
	if (!ret)
		sg_set_page(sgt->sgl, pfn_to_page(PHYS_PFN(phys)), PAGE_ALIGN(size), 0);
	return ret;
}
