// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which IOVAs: extents, found in the window that the policy names, given
 * again at once or only after a rest.
 *
 * All extents that are taken are in a tree that knows the widest hole below each
 * node. An extent that was freed stays in the tree, in the list of its size or in
 * quarantine: the tree is for whoever finds nothing there.
 */

#include <linux/bits.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/rbtree_augmented.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <kunit/visibility.h>

#include "iova/space.h"
#include "policy/policy.h"

#define PAGES_1M	(SZ_1M >> PAGE_SHIFT)
#define PAGES_4G	(BIT_ULL(32) >> PAGE_SHIFT)

/* Idle extents of the right size that are looked at for one in the right place. */
#define IDLE_LOOKS	4
/* Extents that are freed in one hold of the caller's lock, whose interrupts are off. */
#define FREED_AT_ONCE	64

static struct kmem_cache *extent_cache;

#define to_extent(n)	rb_entry(n, struct puck_dma_extent, node)

static u64 extent_end(const struct puck_dma_extent *extent)
{
	return extent->start + extent->pages;
}

static u64 hole_start(const struct puck_dma_extent *extent)
{
	struct rb_node *before = rb_prev(&extent->node);

	return before ? extent_end(to_extent(before)) : 0;
}

static u64 hole_pages(const struct puck_dma_extent *extent)
{
	return extent->start - hole_start(extent);
}

/*
 * The hole is kept in the extent, since a rotation of the tree asks for it while the
 * extent's neighbours are not settled.
 */
#define extent_hole(extent)	((extent)->hole)

RB_DECLARE_CALLBACKS_MAX(static, hole_callbacks, struct puck_dma_extent, node, u64, widest,
			 extent_hole)

static void hole_update(struct puck_dma_extent *extent)
{
	extent->hole = hole_pages(extent);
	hole_callbacks_propagate(&extent->node, NULL);
}

/* No search: @next is the one that comes behind it, NULL in an empty tree. */
static void tree_insert(struct puck_dma_space *space, struct puck_dma_extent *extent,
			struct puck_dma_extent *next)
{
	struct rb_node **link = &space->tree.rb_node, *parent = NULL;

	if (next) {
		parent = &next->node;
		link = &parent->rb_left;
	}
	while (*link) {
		parent = *link;
		link = &parent->rb_right;
	}
	rb_link_node(&extent->node, parent, link);
	extent->hole = hole_pages(extent);
	extent->widest = extent->hole;
	if (parent)
		hole_callbacks_propagate(parent, NULL);
	rb_insert_augmented(&extent->node, &space->tree, &hole_callbacks);
	if (next)
		hole_update(next);
}

static void tree_erase(struct puck_dma_space *space, struct puck_dma_extent *extent)
{
	struct rb_node *next = rb_next(&extent->node);

	space->recent = NULL;
	rb_erase_augmented(&extent->node, &space->tree, &hole_callbacks);
	if (next)
		hole_update(to_extent(next));
}

/*
 * A walk over the holes of a size at least, as far as the tree knows, upwards or
 * downwards from an edge.
 */
struct walk {
	u64 pages;
	u64 low;
	u64 high;
	bool down;
};

enum step {
	STEP_NEAR,		/* the subtree that comes first */
	STEP_SELF,
	STEP_FAR,
};

static struct puck_dma_extent *child(const struct puck_dma_extent *extent, bool right)
{
	struct rb_node *node = right ? extent->node.rb_right : extent->node.rb_left;

	return node ? to_extent(node) : NULL;
}

static struct puck_dma_extent *child_with_room(const struct walk *walk,
					       const struct puck_dma_extent *extent, bool right)
{
	struct puck_dma_extent *found = child(extent, right);

	return found && found->widest >= walk->pages ? found : NULL;
}

/* The subtree that comes first, unless all of it is before the edge. */
static struct puck_dma_extent *near_child(const struct walk *walk,
					  const struct puck_dma_extent *extent)
{
	if (walk->down ? extent_end(extent) + walk->pages > walk->high :
			 extent->start <= walk->low + walk->pages)
		return NULL;
	return child_with_room(walk, extent, walk->down);
}

/* The nearest ancestor that comes behind all of this subtree. */
static struct puck_dma_extent *climb(const struct walk *walk, struct puck_dma_extent *extent)
{
	struct puck_dma_extent *from;
	struct rb_node *parent;

	do {
		from = extent;
		parent = rb_parent(&extent->node);
		if (!parent)
			return NULL;
		extent = to_extent(parent);
	} while (child(extent, walk->down) != from);
	return extent;
}

/* The next extent with a hole that is wide enough; in the right place or not. */
static struct puck_dma_extent *walk_holes(const struct walk *walk, struct puck_dma_extent *extent,
					 enum step step)
{
	struct puck_dma_extent *next;

	while (extent) {
		next = step == STEP_NEAR ? near_child(walk, extent) : NULL;
		if (next) {
			extent = next;
			continue;
		}
		if (step != STEP_FAR && extent->hole >= walk->pages)
			return extent;
		next = child_with_room(walk, extent, !walk->down);
		if (next) {
			extent = next;
			step = STEP_NEAR;
			continue;
		}
		extent = climb(walk, extent);
		step = STEP_SELF;
	}
	return NULL;
}

static bool body_crosses(const struct puck_dma_request *request, u64 body)
{
	u64 mask = request->boundary - 1;

	return request->boundary && (body & mask) + request->body > request->boundary;
}

/* The lowest place between two pages; false if there is none. */
static bool fit_up(const struct puck_dma_request *request, u64 low, u64 high, u64 *body)
{
	*body = round_up(low + request->front, request->align);
	if (body_crosses(request, *body))
		*body = round_up(*body, max(request->align, request->boundary));
	return *body + request->body + request->back <= high;
}

/* The highest one. */
static bool fit_down(const struct puck_dma_request *request, u64 low, u64 high, u64 *body)
{
	u64 least = low + request->front;

	if (high < least + request->body + request->back)
		return false;
	*body = round_down(high - request->back - request->body, request->align);
	if (body_crosses(request, *body)) {
		/* The end moves down to the multiple that it crosses. */
		*body = round_down(*body + request->body - 1, request->boundary);
		if (*body < least + request->body)
			return false;
		*body = round_down(*body - request->body, request->align);
	}
	return *body >= least;
}

/* The range of pages in which a request is tried, and from which end. */
struct area {
	u64 low;
	u64 high;
	bool down;
};

/* False when no hole from here on can be in reach. */
static bool hole_in_reach(const struct walk *walk, const struct puck_dma_extent *extent)
{
	if (walk->down)
		return extent->start >= walk->low + walk->pages;
	return hole_start(extent) + walk->pages <= walk->high;
}

static bool hole_fits(const struct puck_dma_extent *next, const struct puck_dma_request *request,
		     const struct area *area, u64 *body)
{
	u64 low = max(hole_start(next), area->low);
	u64 high = min(next->start, area->high);

	return area->down ? fit_down(request, low, high, body) : fit_up(request, low, high, body);
}

/* The extent behind the hole to take, or NULL. */
static struct puck_dma_extent *find_hole(struct puck_dma_space *space,
					const struct puck_dma_request *request,
					const struct area *area, u64 *body)
{
	u64 pages = request->front + request->body + request->back;
	struct walk walk = {
		.pages = pages,
		.low = area->low,
		.high = area->high,
		.down = area->down,
	};
	struct puck_dma_extent *extent = to_extent(space->tree.rb_node);

	if (extent->widest < pages)
		return NULL;
	for (extent = walk_holes(&walk, extent, STEP_NEAR);
	     extent && hole_in_reach(&walk, extent);
	     extent = walk_holes(&walk, extent, STEP_FAR))
		if (hole_fits(extent, request, area, body))
			return extent;
	return NULL;
}

static bool extent_fits(const struct puck_dma_extent *extent,
			const struct puck_dma_request *request, const struct area *area)
{
	u64 body = extent->start + request->front;

	return extent->start >= area->low && extent_end(extent) <= area->high &&
	       !(body & (request->align - 1)) && !body_crosses(request, body);
}

static struct puck_dma_extent *take_idle(struct puck_dma_space *space,
					 const struct puck_dma_request *request,
					 const struct area *area, u64 *body)
{
	u64 pages = request->front + request->body + request->back;
	struct puck_dma_extent *extent;
	unsigned int looks = 0;

	if (pages >= PUCK_DMA_IDLE_SIZES)
		return NULL;
	list_for_each_entry(extent, &space->idle[pages], list) {
		if (extent_fits(extent, request, area)) {
			list_del(&extent->list);
			space->idle_count--;
			*body = extent->start + request->front;
			return extent;
		}
		if (++looks == IDLE_LOOKS)
			break;
	}
	return NULL;
}

static struct puck_dma_extent *take_new(struct puck_dma_space *space,
					struct puck_dma_extent *next, u64 start, u64 end)
{
	struct puck_dma_extent *extent = kmem_cache_alloc(extent_cache, GFP_ATOMIC | __GFP_NOWARN);

	if (!extent)
		return NULL;
	extent->start = start;
	extent->pages = end - start;
	extent->mapping = NULL;
	tree_insert(space, extent, next);
	space->recent = next;
	return extent;
}

/*
 * The hole in which the last new extent was made may have room for this one, too. It is
 * taken even if another hole lies lower. Filling a space with 100,000 mappings takes a
 * fifth less instructions for it, which 'puck bench dma' counts.
 */
static struct puck_dma_extent *recent_hole(struct puck_dma_space *space,
					  const struct puck_dma_request *request,
					  const struct area *area, u64 *body)
{
	if (area->low == PAGES_1M && space->recent &&
	    hole_fits(space->recent, request, area, body))
		return space->recent;
	return NULL;
}

static struct puck_dma_extent *take_in_area(struct puck_dma_space *space,
					    const struct puck_dma_request *request,
					    const struct area *area, u64 *body)
{
	struct puck_dma_extent *extent = take_idle(space, request, area, body), *next;

	if (likely(extent))
		return extent;
	next = recent_hole(space, request, area, body);
	if (!next)
		next = find_hole(space, request, area, body);
	if (!next)
		return NULL;
	return take_new(space, next, *body - request->front,
			*body + request->body + request->back);
}

/* An extent that begins at page 0. It has no front guard: there is no page before it. */
static struct puck_dma_extent *take_zero(struct puck_dma_space *space,
					 const struct puck_dma_request *request, u64 *body)
{
	u64 end = request->body + request->back;
	struct rb_node *first = rb_first(&space->tree);

	if (to_extent(first)->start < end || request->limit < end)
		return NULL;
	*body = 0;
	return take_new(space, to_extent(first), 0, end);
}

static struct area window_area(enum puck_dma_window window, u64 limit)
{
	switch (window) {
	case PUCK_DMA_WINDOW_LOW:
		return (struct area){ 1, min(limit, PAGES_1M) };
	case PUCK_DMA_WINDOW_BELOW4G:
		return (struct area){ 1, min(limit, PAGES_4G), .down = true };
	case PUCK_DMA_WINDOW_ABOVE4G:
		return (struct area){ PAGES_4G, limit };
	case PUCK_DMA_WINDOW_TOP:
		return (struct area){ 1, limit, .down = true };
	case PUCK_DMA_WINDOW_ZERO:
		return (struct area){ 0, limit };
	default:
		return (struct area){ PAGES_1M, limit };
	}
}

/*
 * An extent in the window; failing that one above 1 MiB; failing that one anywhere but at
 * page 0.
 */
static struct puck_dma_extent *take(struct puck_dma_space *space,
				    const struct puck_dma_request *request, u64 *body)
{
	struct area area = window_area(request->window, request->limit);
	struct puck_dma_extent *extent = NULL;

	if (request->window == PUCK_DMA_WINDOW_ZERO)
		extent = take_zero(space, request, body);
	if (!extent)
		extent = take_in_area(space, request, &area, body);
	if (!extent && request->window != PUCK_DMA_WINDOW_ANY) {
		area = window_area(PUCK_DMA_WINDOW_ANY, request->limit);
		extent = take_in_area(space, request, &area, body);
	}
	if (!extent) {
		area = (struct area){ 1, request->limit };
		extent = take_in_area(space, request, &area, body);
	}
	return extent;
}

static void extent_drop(struct puck_dma_space *space, struct puck_dma_extent *extent)
{
	tree_erase(space, extent);
	kmem_cache_free(extent_cache, extent);
}

/* Ends the quarantine of some of those that are due, or @early, due or not. */
static void release_rested(struct puck_dma_space *space, bool early)
{
	struct puck_dma_extent *extent;
	unsigned int count;

	for (count = 0; count < FREED_AT_ONCE; count++) {
		extent = list_first_entry_or_null(&space->resting, struct puck_dma_extent, list);
		if (!extent || (extent->due > space->clock && !early))
			return;
		list_del(&extent->list);
		extent_drop(space, extent);
	}
}

/**
 * puck_dma_space_get - take an extent
 * @space: the space
 * @request: what it is to be like
 * @body: set to the first page of the body
 *
 * Return: the extent, or NULL if there is no room or no memory; then there may be
 * after puck_dma_space_make_room().
 */
struct puck_dma_extent *puck_dma_space_get(struct puck_dma_space *space,
					   const struct puck_dma_request *request, u64 *body)
{
	space->clock++;
	if (unlikely(!list_empty(&space->resting)))
		release_rested(space, false);
	return take(space, request, body);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_get);

/**
 * puck_dma_space_get_again - take an extent after puck_dma_space_make_room()
 * @space: the space
 * @request: as it was for puck_dma_space_get(), which found nothing
 * @body: set to the first page of the body
 *
 * Return: the extent, or NULL as before.
 */
struct puck_dma_extent *puck_dma_space_get_again(struct puck_dma_space *space,
						 const struct puck_dma_request *request, u64 *body)
{
	return take(space, request, body);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_get_again);

/**
 * puck_dma_space_make_room - free some of the extents that nobody has
 * @space: the space
 *
 * A quarantine ends early before a driver goes without. There may be a hundred
 * thousand of such extents: so it frees a few, and the caller lets others have the
 * lock before it comes back.
 *
 * Return: false if there is nothing more to be freed.
 */
bool puck_dma_space_make_room(struct puck_dma_space *space)
{
	if (list_empty(&space->dropped) && space->idle_count)
		puck_dma_space_flush(space);
	if (!list_empty(&space->dropped)) {
		puck_dma_space_trim(space);
		return true;
	}
	if (list_empty(&space->resting))
		return false;
	release_rested(space, true);
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_make_room);

/**
 * puck_dma_space_put - give an extent back
 * @space: the space
 * @extent: the extent
 * @quarantine: for how many mappings it is not to be given again
 */
void puck_dma_space_put(struct puck_dma_space *space, struct puck_dma_extent *extent,
			u32 quarantine)
{
	extent->mapping = NULL;
	if (quarantine) {
		extent->due = space->clock + quarantine + 1;
		list_add_tail(&extent->list, &space->resting);
		return;
	}
	/* One at page 0 is of another size next time: only there is no front guard. */
	if (extent->pages >= PUCK_DMA_IDLE_SIZES || !extent->start ||
	    space->idle_count >= PUCK_DMA_IDLE_MAX) {
		extent_drop(space, extent);
		return;
	}
	list_add(&extent->list, &space->idle[extent->pages]);
	space->idle_count++;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_put);

/**
 * puck_dma_space_flush - forget which extents were used before
 * @space: the space
 *
 * None of them is given again. Their IOVAs are free when they have been freed, by
 * puck_dma_space_trim() or by whoever needs room.
 */
void puck_dma_space_flush(struct puck_dma_space *space)
{
	unsigned int i;

	for (i = 0; i < PUCK_DMA_IDLE_SIZES; i++)
		list_splice_tail_init(&space->idle[i], &space->dropped);
	space->idle_count = 0;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_flush);

/**
 * puck_dma_space_trim - free some of the extents that were forgotten
 * @space: the space
 *
 * Return: whether some are left.
 */
bool puck_dma_space_trim(struct puck_dma_space *space)
{
	struct puck_dma_extent *extent, *next;
	unsigned int count = 0;

	list_for_each_entry_safe(extent, next, &space->dropped, list) {
		if (count++ == FREED_AT_ONCE)
			return true;
		list_del(&extent->list);
		extent_drop(space, extent);
	}
	return false;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_trim);

/**
 * puck_dma_space_from - the lowest extent that ends behind a page
 * @space: the space
 * @page: the page
 *
 * Return: it; NULL if the page is not in the space.
 */
struct puck_dma_extent *puck_dma_space_from(struct puck_dma_space *space, u64 page)
{
	struct rb_node *node = space->tree.rb_node;
	struct puck_dma_extent *found = NULL;

	if (page >= space->end)
		return NULL;
	while (node) {
		if (extent_end(to_extent(node)) > page) {
			found = to_extent(node);
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/**
 * puck_dma_space_find - the extent that a page is in
 * @space: the space
 * @page: the page
 *
 * Return: it, or NULL.
 */
struct puck_dma_extent *puck_dma_space_find(struct puck_dma_space *space, u64 page)
{
	struct puck_dma_extent *extent = puck_dma_space_from(space, page);

	return extent && extent->start <= page ? extent : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_find);

static int space_insert(struct puck_dma_space *space, u64 start, u64 end)
{
	struct puck_dma_extent *extent = kmem_cache_zalloc(extent_cache, GFP_KERNEL);

	if (!extent)
		return -ENOMEM;
	extent->start = start;
	extent->pages = end - start;
	tree_insert(space, extent, puck_dma_space_from(space, start));
	return 0;
}

/**
 * puck_dma_space_reserve - never give out some pages
 * @space: the space, with nothing mapped in it
 * @start: first page
 * @end: page behind the last one
 *
 * Context: may sleep. What is reserved already, and what is past the space, stays
 * as it is.
 * Return: 0 or -ENOMEM.
 */
int puck_dma_space_reserve(struct puck_dma_space *space, u64 start, u64 end)
{
	struct puck_dma_extent *extent;
	u64 stop;
	int ret;

	while (start < end && start < space->end) {
		extent = puck_dma_space_from(space, start);
		stop = min(end, extent->start);
		if (stop > start) {
			ret = space_insert(space, start, stop);
			if (ret)
				return ret;
		}
		start = max(stop, extent_end(extent));
		if (stop == end)
			break;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_reserve);

/**
 * puck_dma_space_init - a space with nothing in it
 * @space: filled
 * @end: page behind the last one
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int puck_dma_space_init(struct puck_dma_space *space, u64 end)
{
	unsigned int i;

	space->tree = RB_ROOT;
	space->end = end;
	for (i = 0; i < PUCK_DMA_IDLE_SIZES; i++)
		INIT_LIST_HEAD(&space->idle[i]);
	space->idle_count = 0;
	INIT_LIST_HEAD(&space->dropped);
	INIT_LIST_HEAD(&space->resting);
	space->clock = 0;
	space->recent = NULL;
	/* Each hole is one before an extent: this is behind the last one. */
	return space_insert(space, end, end + 1);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_init);

/**
 * puck_dma_space_fini - free what is left in it
 * @space: the space; no more to be used
 */
void puck_dma_space_fini(struct puck_dma_space *space)
{
	struct puck_dma_extent *extent, *next;

	rbtree_postorder_for_each_entry_safe(extent, next, &space->tree, node)
		kmem_cache_free(extent_cache, extent);
	space->tree = RB_ROOT;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_space_fini);

/**
 * puck_dma_iova_init - what all spaces share
 *
 * Return: 0 or -ENOMEM.
 */
int puck_dma_iova_init(void)
{
	extent_cache = KMEM_CACHE(puck_dma_extent, 0);
	return extent_cache ? 0 : -ENOMEM;
}

/**
 * puck_dma_iova_exit - undo puck_dma_iova_init()
 */
void puck_dma_iova_exit(void)
{
	kmem_cache_destroy(extent_cache);
}
