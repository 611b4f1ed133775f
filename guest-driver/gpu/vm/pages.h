/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a VM that the device reads.
 */
#ifndef PUCK_PAGES_H
#define PUCK_PAGES_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct dma_pool;
struct puck_device;

/**
 * struct puck_pages - all such memory of one VM
 * @lock: protects all below, and what of each page is not its user's
 * @all: struct puck_page.node
 */
struct puck_pages {
	spinlock_t lock;		/* all */
	struct list_head all;
};

/**
 * struct puck_page - one block of it
 * @node: in puck_pages.all
 * @link: for its user
 * @pool: where it is from; NULL after the device has gone: then there is no memory any more
 * @cpu: the memory, zeroed at first
 * @dma: its DMA address
 */
struct puck_page {
	struct list_head node;
	struct list_head link;
	struct dma_pool *pool;
	void *cpu;
	dma_addr_t dma;
};

int puck_pages_init_pools(struct puck_device *puck);
void puck_pages_fini_pools(struct puck_device *puck);

void puck_pages_init(struct puck_pages *pages);
struct puck_page *puck_page_alloc(struct puck_pages *pages, struct dma_pool *pool);
void puck_page_free(struct puck_pages *pages, struct puck_page *page);
void puck_pages_detach(struct puck_pages *pages);

#endif /* PUCK_PAGES_H */
