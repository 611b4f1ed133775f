// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a VM that the device reads: its tables, and what updates write into these. It
 * has to go back when the driver lets go of the device, whoever still has a VM then; so each
 * block is listed. What is in the lists of others lives on, and has no memory any more.
 */
#include <linux/dmapool.h>
#include <linux/slab.h>

#include "abi/puck_gpu.h"
#include "core/device.h"
#include "vm/pages.h"

/**
 * puck_pages_init_pools - make the pools that the memory of all VMs comes from
 * @puck: the device
 *
 * Return: 0 or -ENOMEM, with nothing left.
 */
int puck_pages_init_pools(struct puck_device *puck)
{
	struct device *dev = puck->drm.dev;

	puck->page_pool = dma_pool_create("puck tables", dev, PUCK_GPU_PAGE_SIZE,
					  PUCK_GPU_PAGE_SIZE, 0);
	if (!puck->page_pool)
		return -ENOMEM;
	puck->sparse_pool = dma_pool_create("puck sparse", dev, PUCK_GPU_PAGE_SIZE_BIG,
					    PUCK_GPU_PAGE_SIZE_BIG, 0);
	if (!puck->sparse_pool) {
		dma_pool_destroy(puck->page_pool);
		return -ENOMEM;
	}
	return 0;
}

/**
 * puck_pages_fini_pools - undo puck_pages_init_pools()
 * @puck: the device; nobody has any of their memory
 */
void puck_pages_fini_pools(struct puck_device *puck)
{
	dma_pool_destroy(puck->sparse_pool);
	dma_pool_destroy(puck->page_pool);
}

/**
 * puck_pages_init - begin with none
 * @pages: of one VM
 */
void puck_pages_init(struct puck_pages *pages)
{
	spin_lock_init(&pages->lock);
	INIT_LIST_HEAD(&pages->all);
}

/**
 * puck_page_alloc - allocate a block
 * @pages: whose it is
 * @pool: of the device; says how large the block is
 *
 * Context: may sleep; inside drm_dev_enter().
 * Return: the block, zeroed; or NULL.
 */
struct puck_page *puck_page_alloc(struct puck_pages *pages, struct dma_pool *pool)
{
	struct puck_page *page = kzalloc(sizeof(*page), GFP_KERNEL_ACCOUNT);

	if (!page)
		return NULL;
	page->cpu = dma_pool_zalloc(pool, GFP_KERNEL_ACCOUNT | __GFP_NOWARN, &page->dma);
	if (!page->cpu) {
		kfree(page);
		return NULL;
	}
	page->pool = pool;
	INIT_LIST_HEAD(&page->link);
	spin_lock(&pages->lock);
	list_add_tail(&page->node, &pages->all);
	spin_unlock(&pages->lock);
	return page;
}

/**
 * puck_page_free - give a block back
 * @pages: whose it is
 * @page: in no list of its user's; the device is done with it, or gone
 *
 * Context: process.
 */
void puck_page_free(struct puck_pages *pages, struct puck_page *page)
{
	spin_lock(&pages->lock);
	if (page->pool) {
		list_del(&page->node);
		dma_pool_free(page->pool, page->cpu, page->dma);
	}
	spin_unlock(&pages->lock);
	kfree(page);
}

/* False if there is none left. */
static bool puck_pages_detach_one(struct puck_pages *pages)
{
	struct puck_page *page;

	spin_lock(&pages->lock);
	page = list_first_entry_or_null(&pages->all, struct puck_page, node);
	if (page) {
		list_del_init(&page->node);
		dma_pool_free(page->pool, page->cpu, page->dma);
		page->pool = NULL;
		page->cpu = NULL;
	}
	spin_unlock(&pages->lock);
	return page;
}

/**
 * puck_pages_detach - take the memory of all blocks away
 * @pages: of one VM; the device is unplugged and silent
 *
 * Context: process. Nobody writes to such memory outside of drm_dev_enter().
 */
void puck_pages_detach(struct puck_pages *pages)
{
	while (puck_pages_detach_one(pages))
		cond_resched();
}
