/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOVAs of a device: which are taken, by which extents.
 */
#ifndef PUCK_DMA_IOVA_SPACE_H
#define PUCK_DMA_IOVA_SPACE_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "policy/policy.h"

struct puck_dma_mapping;

/**
 * struct puck_dma_extent - pages of IOVAs in a row that are taken
 * @node: in the tree of its space, by @start
 * @start: first page
 * @pages: size
 * @hole: free pages before it
 * @widest: largest @hole of this subtree
 * @list: while it is nobody's: idle, or resting
 * @due: the space's clock when its quarantine ends
 * @mapping: whose it is, or NULL
 */
struct puck_dma_extent {
	struct rb_node node;
	u64 start;
	u64 pages;
	u64 hole;
	u64 widest;
	struct list_head list;
	u64 due;
	struct puck_dma_mapping *mapping;
};

/* Extents of up to so many pages wait in a list of their own to be used again. */
#define PUCK_DMA_IDLE_SIZES	260
#define PUCK_DMA_IDLE_MAX	131072

/**
 * struct puck_dma_space - the IOVAs of a device
 * @tree: all extents; where none is, is room
 * @end: page behind the last one
 * @idle: extents by size, the last that was freed in front
 * @idle_count: how many
 * @dropped: extents that were idle and are to be freed, a few at a time
 * @resting: in quarantine, the longest there in front
 * @clock: mappings made so far
 * @recent: what the last new extent was made before; a hint, or NULL
 *
 * The caller's lock protects it.
 */
struct puck_dma_space {
	struct rb_root tree;
	u64 end;
	struct list_head idle[PUCK_DMA_IDLE_SIZES];
	u32 idle_count;
	struct list_head dropped;
	struct list_head resting;
	u64 clock;
	struct puck_dma_extent *recent;
};

/**
 * struct puck_dma_request - what an extent is to be like
 * @front: guard pages before the body; fewer only in front of page 0
 * @body: pages
 * @back: guard pages behind it
 * @align: of the body, in pages, a power of two
 * @boundary: what the body must not cross, in pages, a power of two, or 0
 * @limit: page behind the last one allowed
 * @window: where to look first
 */
struct puck_dma_request {
	u64 front;
	u64 body;
	u64 back;
	u64 align;
	u64 boundary;
	u64 limit;
	enum puck_dma_window window;
};

int puck_dma_space_init(struct puck_dma_space *space, u64 end);
void puck_dma_space_fini(struct puck_dma_space *space);
int puck_dma_space_reserve(struct puck_dma_space *space, u64 start, u64 end);
struct puck_dma_extent *puck_dma_space_get(struct puck_dma_space *space,
					   const struct puck_dma_request *request, u64 *body);
struct puck_dma_extent *puck_dma_space_get_again(struct puck_dma_space *space,
						 const struct puck_dma_request *request, u64 *body);
bool puck_dma_space_make_room(struct puck_dma_space *space);
void puck_dma_space_put(struct puck_dma_space *space, struct puck_dma_extent *extent,
			u32 quarantine);
void puck_dma_space_flush(struct puck_dma_space *space);
bool puck_dma_space_trim(struct puck_dma_space *space);
struct puck_dma_extent *puck_dma_space_find(struct puck_dma_space *space, u64 page);
struct puck_dma_extent *puck_dma_space_from(struct puck_dma_space *space, u64 page);
int puck_dma_iova_init(void);
void puck_dma_iova_exit(void);

#endif /* PUCK_DMA_IOVA_SPACE_H */
