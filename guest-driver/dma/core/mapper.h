/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of puck-dma.ko share. docs/dma.rst is the contract.
 *
 * A mapping is made so: policy.c says how, layout.c joins entries to segments
 * and places these in a block of pages, iova.c finds the block, bounce.c has the
 * copy, map.c has the IOMMU map it, record.c remembers it. check.h is about
 * what the driver gives back.
 */
#ifndef PUCK_DMA_H
#define PUCK_DMA_H

#include <linux/dma-map-ops.h>
#include <linux/hashtable.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/pci.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct puck_dma_checks;
struct puck_dma_copy;

/* policy.c */

enum puck_dma_merge {
	PUCK_DMA_MERGE_ALL,
	PUCK_DMA_MERGE_NONE,
	PUCK_DMA_MERGE_SIZE,
	PUCK_DMA_MERGE_BOUNDARY,
	PUCK_DMA_MERGE_RANDOM,
};

enum puck_dma_order {
	PUCK_DMA_ASCENDING,
	PUCK_DMA_DESCENDING,
	PUCK_DMA_SHUFFLED,
};

enum puck_dma_window {
	PUCK_DMA_WINDOW_ANY,
	PUCK_DMA_WINDOW_LOW,
	PUCK_DMA_WINDOW_BELOW4G,
	PUCK_DMA_WINDOW_ABOVE4G,
	PUCK_DMA_WINDOW_TOP,
	PUCK_DMA_WINDOW_ZERO,
};

enum puck_dma_fail {
	PUCK_DMA_FAIL_NEVER,
	PUCK_DMA_FAIL_NTH,
	PUCK_DMA_FAIL_EVERY,
	PUCK_DMA_FAIL_SHARE,
	PUCK_DMA_FAIL_EACH,
};

enum puck_dma_of {
	PUCK_DMA_OF_ALL,
	PUCK_DMA_OF_ALLOC,
	PUCK_DMA_OF_POOL,
};

enum puck_dma_sync {
	PUCK_DMA_SYNC_COHERENT,
	PUCK_DMA_SYNC_BOUNCE,
	PUCK_DMA_SYNC_WATCH,
};

#define PUCK_DMA_GAP_MAX	1024
#define PUCK_DMA_GUARD_MAX	64
#define PUCK_DMA_QUARANTINE_MAX	65536
#define PUCK_DMA_EACH_MAX	65535

/* The longest text of a policy, with the zero at its end. */
#define PUCK_DMA_POLICY_TEXT	256

/**
 * struct puck_dma_policy - how mappings are laid out; section "Policy"
 * @merge: which neighbours become one segment
 * @merge_size: bytes, of MERGE_SIZE and MERGE_BOUNDARY (there a power of two)
 * @order: of the segments' IOVAs
 * @gap: pages drawn between segments, at most
 * @guard: pages at both ends of a segment
 * @window: where IOVAs are looked for first
 * @quarantine: mappings for which a freed IOVA rests; 0 is eager reuse
 * @fail: which mappings fail
 * @fail_n: its number
 * @of: which mappings it counts
 * @sync: on whose pages the device works
 * @seed: of all that is drawn
 */
struct puck_dma_policy {
	enum puck_dma_merge merge;
	u64 merge_size;
	enum puck_dma_order order;
	u32 gap;
	u32 guard;
	enum puck_dma_window window;
	u32 quarantine;
	enum puck_dma_fail fail;
	u32 fail_n;
	enum puck_dma_of of;
	enum puck_dma_sync sync;
	u64 seed;
};

void puck_dma_policy_default(struct puck_dma_policy *policy);
int puck_dma_policy_parse(const char *text, struct puck_dma_policy *policy, const char **bad);
bool puck_dma_policy_same(const struct puck_dma_policy *a, const struct puck_dma_policy *b);
int puck_dma_policy_format(const struct puck_dma_policy *policy, char *text, size_t size);

/* draw.c: SplitMix64, as in docs/specs/gpu.rst */

struct puck_dma_draw {
	u64 state;
};

void puck_dma_draw_start(struct puck_dma_draw *draw, u64 seed, u64 number);
u64 puck_dma_draw(struct puck_dma_draw *draw);
u32 puck_dma_draw_below(struct puck_dma_draw *draw, u32 limit);

/* layout.c */

/**
 * struct puck_dma_segment - a piece of a mapping with IOVAs in a row
 * @iova: of its first byte; while it is laid out, relative to the block's body
 * @size: bytes
 * @turn: while it is laid out: which segment is placed as this one's number-th
 */
struct puck_dma_segment {
	u64 iova;
	size_t size;
	u32 turn;
};

/* Segments in a page. */
#define PUCK_DMA_SEGMENTS_PAGE	(PAGE_SIZE / sizeof(struct puck_dma_segment))

/**
 * struct puck_dma_segments - the segments of a mapping, in the order of the list
 * @flat: them, if they are in a row, or NULL
 * @pages: PUCK_DMA_SEGMENTS_PAGE of them in each. A list may have more than the
 *	allocator has in one piece, least of all where it may not sleep, and a
 *	mapping must not fail for that
 */
struct puck_dma_segments {
	struct puck_dma_segment *flat;
	struct puck_dma_segment **pages;
};

static inline struct puck_dma_segment *puck_dma_segment_at(const struct puck_dma_segments *segs,
							   u32 i)
{
	if (likely(segs->flat))
		return &segs->flat[i];
	return &segs->pages[i / PUCK_DMA_SEGMENTS_PAGE][i % PUCK_DMA_SEGMENTS_PAGE];
}

int puck_dma_segments_new(struct puck_dma_segments *segs, u32 count, gfp_t gfp);
void puck_dma_segments_free(struct puck_dma_segments *segs, u32 count);

/**
 * struct puck_dma_layout - entries become segments
 * @policy: how
 * @draw: what is drawn for this mapping
 * @max_size: bytes of a segment at most, unless an entry is longer
 * @boundary: what no segment crosses, unless an entry is longer; pages, a power
 *	of two, at most PUCK_DMA_NO_BOUNDARY
 * @join_boundary: what no segment of several entries crosses; at most @boundary
 * @offset: of the current segment in its first page
 * @size: bytes of the current segment, 0 before the first entry
 */
struct puck_dma_layout {
	const struct puck_dma_policy *policy;
	struct puck_dma_draw draw;
	u64 max_size;
	u64 boundary;
	u64 join_boundary;
	u32 offset;
	u64 size;
};

/* In pages: past all that can be addressed. */
#define PUCK_DMA_NO_BOUNDARY	BIT_ULL(63 - PAGE_SHIFT)

struct puck_dma_request;

void puck_dma_layout_start(struct puck_dma_layout *layout, const struct puck_dma_policy *policy,
			   u64 number, u64 max_size, u64 boundary_mask);
bool puck_dma_layout_entry(struct puck_dma_layout *layout, u32 offset, u64 size);
void puck_dma_layout_place(struct puck_dma_layout *layout, const struct puck_dma_segments *segs,
			   u32 count, struct puck_dma_request *request);

/* iova.c */

/**
 * struct puck_dma_extent - a block of IOVA pages that is taken
 * @node: in the tree of its space, by @start
 * @start: first page
 * @pages: size
 * @gap: free pages before it, PUCK_DMA_GAP_WIDE if more
 * @widest: largest @gap of this subtree
 * @list: while it is nobody's: idle, or resting
 * @due: the space's clock when its quarantine ends
 * @mapping: whose it is, or NULL
 */
struct puck_dma_extent {
	struct rb_node node;
	u64 start;
	u64 pages;
	u64 gap;
	u64 widest;
	struct list_head list;
	u64 due;
	struct puck_dma_mapping *mapping;
};

/*
 * All gaps from here on count as one width: most blocks are made at an edge of one
 * of those, and the tree need not be told each time.
 */
#define PUCK_DMA_GAP_WIDE	(SZ_256M >> PAGE_SHIFT)

/* Blocks of up to so many pages wait in a list of their own to be used again. */
#define PUCK_DMA_CLASSES	260
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
 * @recent: what the last new block was made before; a hint, or NULL
 *
 * The caller's lock protects it.
 */
struct puck_dma_space {
	struct rb_root tree;
	u64 end;
	struct list_head idle[PUCK_DMA_CLASSES];
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

struct puck_dma_request puck_dma_layout_one(const struct puck_dma_policy *policy, u32 offset,
					    u64 size, u64 boundary_mask);

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

/* record.c */

enum puck_dma_kind {
	PUCK_DMA_PAGE,
	PUCK_DMA_SG,
	PUCK_DMA_RESOURCE,
	PUCK_DMA_COHERENT,
	PUCK_DMA_PAGES,		/* dma_alloc_pages(): synced as PUCK_DMA_PAGE */
};

/**
 * struct puck_dma_mapping - one that is live
 * @node: in puck_dma_dev::table
 * @iova: of the first segment, which is what the driver knows it by
 * @size: bytes, the sum of its entries
 * @number: of the mapping, counted from when the device came under the mapper
 * @kind: by which function it was made
 * @dir: what the device may do
 * @attrs: DMA_ATTR_*
 * @entries: that the driver gave, 1 unless PUCK_DMA_SG
 * @nsegs: segments
 * @segs: them; flat and &one if there is one
 * @one: see there
 * @guard: pages that stay unmapped at both ends of each segment
 * @extent: its block of IOVAs
 * @extent_start: first page of that, for those who hold no lock
 * @extent_pages: size of that
 * @made_by: stack that made it; see check.h
 * @made_at: when, in ns of ktime_get_mono_fast_ns()
 * @phys: of what is mapped, unless @pages; of a list, of its first entry
 * @vaddr: PUCK_DMA_COHERENT: what the driver knows it by
 * @pages: PUCK_DMA_COHERENT: if they do not lie in a row
 * @copy: bounce: the device's own
 * @users: syncs that work on it, and the table; the last one frees
 *
 * @node, @extent and @users are protected by puck_dma_dev::lock, the others do not
 * change.
 */
struct puck_dma_mapping {
	struct hlist_node node;
	dma_addr_t iova;
	size_t size;
	u64 number;
	enum puck_dma_kind kind;
	enum dma_data_direction dir;
	unsigned long attrs;
	u32 entries;
	u32 nsegs;
	struct puck_dma_segments segs;
	struct puck_dma_segment one;
	u32 guard;
	struct puck_dma_extent *extent;
	u64 extent_start;
	u64 extent_pages;
	u32 made_by;
	u64 made_at;
	phys_addr_t phys;
	void *vaddr;
	struct page **pages;
	struct puck_dma_copy *copy;
	u32 users;
};

/**
 * struct puck_dma_counters - what debugfs shows; under puck_dma_dev::lock
 * @mappings: made so far
 * @live: of them
 * @entries: of all that were made
 * @segments: of all that were made
 * @bytes: of all that were made
 * @syncs: calls
 * @failed: on purpose
 * @refused: for want of memory or IOVAs
 */
struct puck_dma_counters {
	u64 mappings;
	u64 live;
	u64 entries;
	u64 segments;
	u64 bytes;
	u64 syncs;
	u64 failed;
	u64 refused;
};

/* Made for 100,000 live mappings. */
#define PUCK_DMA_TABLE_BITS	16

struct puck_dma_policy_now {
	struct puck_dma_policy policy;
	u64 since;		/* puck_dma_dev::number when it was set */
	u64 asked;		/* of them, those that @policy's "of" means; under the lock */
	struct rcu_head rcu;
	u16 passed[];		/* the same of each stack, with FAIL_EACH alone; likewise */
};

/**
 * struct puck_dma_dev - a device under the mapper
 * @ops: what the DMA API calls; in here, so that it leads back here
 * @dev: the device; a reference is held
 * @link: in the list of all, attach.c
 * @domain: attached to it
 * @was_dma_iommu: how the device was before
 * @was_skip_sync: likewise
 * @was_limits: likewise
 * @unbound: its driver's probe failed; protected by the list's lock
 * @line: number of the line that gave it its policy
 * @limits_told: that its driver declared no limits was said
 * @policy: in force; written under @lock
 * @number: of mappings asked for
 * @lock: protects what follows; taken in any context
 * @space: its IOVAs
 * @table: live mappings by the page of their IOVA
 * @counters: see there
 * @checks: of check.c
 */
struct puck_dma_dev {
	const struct dma_map_ops ops;
	struct device *dev;
	struct list_head link;
	struct iommu_domain *domain;
	bool was_dma_iommu;
	bool was_skip_sync;
	struct device_dma_parameters was_limits;
	bool unbound;
	u64 line;
	atomic_t limits_told;
	struct puck_dma_policy_now __rcu *policy;
	atomic64_t number;

	/* Protects all but @checks of what follows; any context. */
	spinlock_t lock;
	struct puck_dma_space space;
	struct hlist_head *table;
	struct puck_dma_counters counters;

	struct puck_dma_checks *checks;
};

int puck_dma_record_init(void);
void puck_dma_record_exit(void);
int puck_dma_table_new(struct puck_dma_dev *d);
void puck_dma_table_free(struct puck_dma_dev *d);
struct puck_dma_mapping *puck_dma_record_new(gfp_t gfp);
void puck_dma_record_free(struct puck_dma_mapping *m);
void puck_dma_record_add_locked(struct puck_dma_dev *d, struct puck_dma_mapping *m);
void puck_dma_record_remove_locked(struct puck_dma_dev *d, struct puck_dma_mapping *m);
struct puck_dma_mapping *puck_dma_record_at_locked(struct puck_dma_dev *d, dma_addr_t iova);
struct puck_dma_mapping *puck_dma_record_take(struct puck_dma_dev *d, dma_addr_t iova);
struct puck_dma_mapping *puck_dma_record_hold(struct puck_dma_dev *d, dma_addr_t iova);
void puck_dma_record_release(struct puck_dma_dev *d, struct puck_dma_mapping *m);

/*
 * For who looks on. Of the copies segs may be followed only if nsegs is 1, and no
 * other pointer.
 */
bool puck_dma_record_find(struct puck_dma_dev *d, u64 iova, struct puck_dma_mapping *copy,
			  bool *inside);
bool puck_dma_record_next(struct puck_dma_dev *d, u64 *iova, struct puck_dma_mapping *copy);

/* bounce.c */

/* In what the device can reach around the bytes of a mapping, where that is ours. */
#define PUCK_DMA_CANARY	0xc5

struct puck_dma_call;

/**
 * struct puck_dma_span - bytes of a mapping with a copy
 * @begin: IOVA of the first one
 * @end: IOVA behind the last one
 * @first: the entry from which on
 * @count: entries
 */
struct puck_dma_span {
	u64 begin;
	u64 end;
	u32 first;
	u32 count;
};

int puck_dma_copy_new(struct puck_dma_mapping *m, struct scatterlist *sgl, bool watch, gfp_t gfp);
void puck_dma_copy_free(struct puck_dma_mapping *m);
struct page **puck_dma_copy_pages(struct puck_dma_mapping *m, u64 iova);
struct puck_dma_span puck_dma_span_all(void);
struct puck_dma_span puck_dma_span_of(const struct puck_dma_mapping *m,
				      const struct puck_dma_call *call, struct scatterlist *sgl);
void puck_dma_copy_to_device(struct puck_dma_mapping *m, const struct puck_dma_span *span);
void puck_dma_copy_to_cpu(struct puck_dma_mapping *m, const struct puck_dma_span *span);
void puck_dma_copy_outside(struct puck_dma_dev *d, const struct puck_dma_mapping *m);

/* map.c */

static inline u64 puck_dma_segment_pages(const struct puck_dma_segment *seg)
{
	return (offset_in_page(seg->iova) + seg->size + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

static inline u64 puck_dma_segment_start(const struct puck_dma_segment *seg)
{
	return seg->iova & PAGE_MASK;
}

/*
 * Where in a page of IOVAs something begins, of which @offset is where in its own page,
 * or its address. A copy keeps what the driver has declared that its device needs, as one
 * of swiotlb does.
 */
static inline u64 puck_dma_offset(struct puck_dma_dev *d, u64 offset, bool bounce)
{
	return offset_in_page(bounce ? offset & dma_get_min_align_mask(d->dev) : offset);
}

int puck_dma_prot(enum dma_data_direction dir, unsigned long attrs);
u64 puck_dma_limit(struct puck_dma_dev *d, u64 mask);
struct puck_dma_mapping *puck_dma_begin(struct puck_dma_dev *d, enum puck_dma_kind kind,
					enum dma_data_direction dir, unsigned long attrs,
					gfp_t gfp);
int puck_dma_take(struct puck_dma_dev *d, struct puck_dma_mapping *m,
		  const struct puck_dma_request *request);
void puck_dma_untake(struct puck_dma_dev *d, struct puck_dma_mapping *m);
void puck_dma_publish(struct puck_dma_dev *d, struct puck_dma_mapping *m);
int puck_dma_map_pages(struct puck_dma_dev *d, u64 iova, struct page **pages, u64 count, int prot,
		       gfp_t gfp);
int puck_dma_map_copy(struct puck_dma_dev *d, struct puck_dma_mapping *m, struct scatterlist *sgl,
		      int prot, gfp_t gfp);
int puck_dma_map_one(struct puck_dma_dev *d, struct puck_dma_mapping *m, u64 mask, u64 align,
		     int prot, gfp_t gfp, dma_addr_t *iova);
void puck_dma_unmap_segments(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 count);
void puck_dma_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m, enum dma_data_direction dir,
		    unsigned long attrs, u32 stack);
void puck_dma_unmap_call(struct puck_dma_dev *d, struct puck_dma_call *call, unsigned long attrs);

/* list.c */

/*
 * What entries behind the last segment have as address: one that is never mapped, not
 * even if all but its low 32 bits are lost, and that says of which mapping it is.
 * dma_mapping_error() takes it for good, so that whoever gives it to a device is seen.
 */
#define PUCK_DMA_TAIL_HIGH	0x00005eadull
#define PUCK_DMA_TAIL_LOW	0xffff0000u
#define PUCK_DMA_TAIL_MAPPINGS	15

static inline u64 puck_dma_tail(u64 number)
{
	return PUCK_DMA_TAIL_HIGH << 32 | PUCK_DMA_TAIL_LOW |
	       number % PUCK_DMA_TAIL_MAPPINGS << PAGE_SHIFT;
}

int puck_dma_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
		    enum dma_data_direction dir, unsigned long attrs);
void puck_dma_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
		       enum dma_data_direction dir, unsigned long attrs);

/* ops.c */

extern const struct dma_map_ops puck_dma_ops;

/* coherent.c */

void *puck_dma_alloc(struct device *dev, size_t size, dma_addr_t *iova, gfp_t gfp,
		     unsigned long attrs);
void puck_dma_free(struct device *dev, size_t size, void *vaddr, dma_addr_t iova,
		   unsigned long attrs);
struct page *puck_dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *iova,
				  enum dma_data_direction dir, gfp_t gfp);
void puck_dma_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t iova,
			 enum dma_data_direction dir);
int puck_dma_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr, dma_addr_t iova,
		  size_t size, unsigned long attrs);
int puck_dma_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr, dma_addr_t iova,
			 size_t size, unsigned long attrs);

/* sync.c */

void puck_dma_sync_single_for_cpu(struct device *dev, dma_addr_t iova, size_t size,
				  enum dma_data_direction dir);
void puck_dma_sync_single_for_device(struct device *dev, dma_addr_t iova, size_t size,
				     enum dma_data_direction dir);
void puck_dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sgl, int nents,
			      enum dma_data_direction dir);
void puck_dma_sync_sg_for_device(struct device *dev, struct scatterlist *sgl, int nents,
				 enum dma_data_direction dir);

/* attach.c */

/* Only where the DMA API has called us: then the device is under the mapper. */
static inline struct puck_dma_dev *puck_dma_dev(struct device *dev)
{
	return container_of(get_dma_ops(dev), struct puck_dma_dev, ops);
}

int puck_dma_policy_change(struct puck_dma_dev *d, const struct puck_dma_policy *policy);
void puck_dma_policy_get(struct puck_dma_dev *d, struct puck_dma_policy *policy);
void puck_dma_policy_apply(void);
void puck_dma_late_wait(void);
int puck_dma_attach_init(void);
void puck_dma_attach_exit(void);

/* lines.c */

struct seq_file;

int puck_dma_lines_add(const char *line);
int puck_dma_lines_remove(const char *selector);
void puck_dma_lines_host(const char *text);
void puck_dma_lines_show(struct seq_file *s);
u64 puck_dma_lines_match(struct pci_dev *pdev, struct puck_dma_policy *policy, bool *by_name);
void puck_dma_lines_exit(void);

#endif /* PUCK_DMA_H */
