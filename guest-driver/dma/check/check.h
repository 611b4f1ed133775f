/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver gives back, and what its device does: compared with what was
 * mapped. Section "Findings" of docs/dma.rst has the classes.
 *
 * check.c compares, find.c tells, suspect.c keeps what may be wrong, history.c remembers
 * what was unmapped, stack.c who did it, fault.c hears of accesses that the IOMMU refused,
 * access.c and blame.c say of which mapping they were, debugfs.c shows.
 */
#ifndef PUCK_DMA_CHECK_H
#define PUCK_DMA_CHECK_H

#include "core/mapper.h"

struct dentry;
struct seq_file;

/* stack.c */

/* There are no more stacks than that: their numbers are below it. */
#define PUCK_DMA_STACKS		16384

/* Return addresses of a stack, those of the mapper and of the DMA API included. */
#define PUCK_DMA_STACK_DEPTH	14

u32 puck_dma_stack(void);
unsigned long puck_dma_stack_caller(u32 stack);
bool puck_dma_stack_is_pool(u32 stack);
void puck_dma_stack_show(struct seq_file *s, u32 stack);
void puck_dma_stack_text(char *text, size_t size, u32 stack,
			 int (*symbol)(char *text, size_t size, unsigned long addr));
int puck_dma_stack_init(void);
void puck_dma_stack_exit(void);

/* history.c */

#define PUCK_DMA_HISTORY	8192

/**
 * struct puck_dma_past - a mapping, live or no more, as findings tell of it
 * @iova: of its first segment
 * @size: bytes
 * @extent_start: first page of its block of IOVAs
 * @extent_pages: size of that
 * @phys: of its first byte, PUCK_DMA_NO_PHYS if its pages do not lie in a row
 * @number: of the mapping
 * @made_at: when, in ns of ktime_get_mono_fast_ns()
 * @freed_at: when it was unmapped, 0 if it is live
 * @made_by: stack
 * @freed_by: stack
 * @entries: that the driver gave
 * @nsegs: segments
 * @kind: enum puck_dma_kind
 * @dir: enum dma_data_direction
 */
struct puck_dma_past {
	u64 iova;
	u64 size;
	u64 extent_start;
	u64 extent_pages;
	u64 phys;
	u64 number;
	u64 made_at;
	u64 freed_at;
	u32 made_by;
	u32 freed_by;
	u32 entries;
	u32 nsegs;
	u8 kind;
	u8 dir;
};

#define PUCK_DMA_NO_PHYS	U64_MAX

struct puck_dma_history;

struct puck_dma_history *puck_dma_history_new(void);
void puck_dma_history_free(struct puck_dma_history *history);
void puck_dma_past_of(const struct puck_dma_mapping *m, struct puck_dma_past *past);
void puck_dma_gone(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 stack);
bool puck_dma_history_at(struct puck_dma_dev *d, u64 iova, struct puck_dma_past *past);
bool puck_dma_history_holding(struct puck_dma_dev *d, u64 iova, struct puck_dma_past *past);
bool puck_dma_history_search(struct puck_dma_dev *d,
			     bool (*fits)(const struct puck_dma_past *past, const void *data),
			     const void *data, struct puck_dma_past *past);
u32 puck_dma_history_made(struct puck_dma_dev *d, u32 made_by, u32 enough);

/* check.c */

enum puck_dma_class {
	PUCK_DMA_UNMAP_COUNT,
	PUCK_DMA_UNMAP_SIZE,
	PUCK_DMA_UNMAP_DIRECTION,
	PUCK_DMA_UNMAP_KIND,
	PUCK_DMA_UNMAP_TWICE,
	PUCK_DMA_UNMAP_UNKNOWN,
	PUCK_DMA_UNMAP_ERROR,
	PUCK_DMA_SYNC_COUNT,
	PUCK_DMA_SYNC_RANGE,
	PUCK_DMA_SYNC_DIRECTION,
	PUCK_DMA_SYNC_UNMAPPED,
	PUCK_DMA_SYNC_UNKNOWN,
	PUCK_DMA_SYNC_MISSING,
	PUCK_DMA_ACCESS_UNMAPPED,
	PUCK_DMA_ACCESS_GUARD,
	PUCK_DMA_ACCESS_DIRECTION,
	PUCK_DMA_ACCESS_UNKNOWN,
	PUCK_DMA_ACCESS_ERROR,
	PUCK_DMA_ACCESS_TAIL,
	PUCK_DMA_ACCESS_TRUNCATED,
	PUCK_DMA_ACCESS_PHYSICAL,
	PUCK_DMA_ACCESS_BEYOND,
	PUCK_DMA_LIST_SHORT,
	PUCK_DMA_LEAK,
	PUCK_DMA_CLASSES_OF_FINDINGS,
	/* Of suspects alone. */
	PUCK_DMA_LIST_MERGED = PUCK_DMA_CLASSES_OF_FINDINGS,
};

/**
 * struct puck_dma_call - an unmap or sync, as the driver asked for it
 * @kind: by the function of which kind
 * @dir: direction given; DMA_NONE if the function has none
 * @addr: IOVA given; of a list that of its first entry
 * @size: bytes given, unless PUCK_DMA_SG
 * @nents: entries given, if PUCK_DMA_SG
 * @stack: of puck_dma_stack()
 */
struct puck_dma_call {
	enum puck_dma_kind kind;
	enum dma_data_direction dir;
	dma_addr_t addr;
	size_t size;
	u32 nents;
	u32 stack;
};

void puck_dma_wrong_unmap(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
			  const struct puck_dma_call *call);
void puck_dma_check_unmap_none(struct puck_dma_dev *d, const struct puck_dma_call *call);
void puck_dma_wrong_sync(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
			 const struct puck_dma_call *call);
void puck_dma_check_leak(struct puck_dma_dev *d);

/**
 * puck_dma_check_unmap - is this how the mapping was made?
 * @d: device
 * @m: what is at the address, out of the table and not yet gone
 * @call: what the driver says
 *
 * Any context, without the device's lock. Whatever is wrong, @m is to be unmapped
 * as it was mapped.
 */
static inline void puck_dma_check_unmap(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
					const struct puck_dma_call *call)
{
	bool size = m->kind == PUCK_DMA_SG ? call->nents == m->entries : call->size == m->size;

	if (unlikely(call->kind != m->kind || !size ||
		     (call->dir != m->dir && call->dir != DMA_NONE)))
		puck_dma_wrong_unmap(d, m, call);
}

/**
 * puck_dma_check_sync - does the mapping have this, in this direction?
 * @d: device
 * @m: what holds the address, or NULL if nothing does; the caller keeps it
 * @call: what the driver says
 *
 * Any context, without the device's lock.
 */
static inline void puck_dma_check_sync(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
				       const struct puck_dma_call *call)
{
	bool size;

	if (likely(m && m->nsegs == 1 && call->kind != PUCK_DMA_SG))
		size = call->addr >= m->iova && call->size <= m->size &&
		       call->addr - m->iova <= m->size - call->size;
	else
		size = m && call->kind == PUCK_DMA_SG && m->kind == PUCK_DMA_SG &&
		       call->nents == m->entries && call->addr == m->iova;
	if (unlikely(!size || (call->dir != m->dir && m->dir != DMA_BIDIRECTIONAL)))
		puck_dma_wrong_sync(d, m, call);
}

/**
 * struct puck_dma_finding - one that was told
 * @text: the line from the class on
 * @class: what it is
 * @iova: what it is about
 * @size: bytes of that, or 0
 * @made_by: stack that made the mapping, or 0
 * @freed_by: stack that unmapped it, or 0
 * @found_by: stack of the call that was wrong, or 0
 */
struct puck_dma_finding {
	char text[432];
	enum puck_dma_class class;
	u64 iova;
	u64 size;
	u32 made_by;
	u32 freed_by;
	u32 found_by;
};

#define PUCK_DMA_FINDINGS	256

/**
 * struct puck_dma_known - findings that are one to who reads the kernel's log
 * @class: theirs
 * @iova: of the first one
 * @made: who made the mapping, 0 if that is not known
 * @freed: who unmapped it, likewise
 * @call: whose call was wrong, likewise
 * @count: how many there were
 *
 * The like of a finding is of the same class, from the same places of the code; or,
 * where there are none, of the same PUCK_DMA_LIKE_SHIFT of the address.
 */
struct puck_dma_known {
	enum puck_dma_class class;
	u64 iova;
	unsigned long made;
	unsigned long freed;
	unsigned long call;
	u64 count;
};

#define PUCK_DMA_KNOWN		64
#define PUCK_DMA_LIKE_SHIFT	20

/* What the device wanted. Some IOMMUs do not say. */
enum puck_dma_verb {
	PUCK_DMA_ACCESSED,
	PUCK_DMA_READ,
	PUCK_DMA_WROTE,
};

/**
 * struct puck_dma_refusal - an access that the IOMMU refused
 * @iova: where, perhaps the page only
 * @when: when that was heard of, ns of ktime_get_mono_fast_ns()
 * @verb: what the device wanted
 */
struct puck_dma_refusal {
	u64 iova;
	u64 when;
	enum puck_dma_verb verb;
};

/* May a device do that with a mapping of direction @dir? */
static inline bool puck_dma_access_allowed(u8 dir, enum puck_dma_verb verb)
{
	return dir == DMA_BIDIRECTIONAL || verb == PUCK_DMA_ACCESSED ||
	       dir == (verb == PUCK_DMA_WROTE ? DMA_FROM_DEVICE : DMA_TO_DEVICE);
}

/**
 * struct puck_dma_access - accesses that were told, so that more of them are not
 * @class: of the finding
 * @verb: what the device did
 * @number: of the mapping, or 0
 * @first: page of the first access
 * @last: page of the last one, if there is no mapping
 * @until: when it is worth telling again, ns
 */
struct puck_dma_access {
	enum puck_dma_class class;
	enum puck_dma_verb verb;
	u64 number;
	u64 first;
	u64 last;
	u64 until;
};

#define PUCK_DMA_ACCESSES	16

/**
 * struct puck_dma_blame - what an address is that was never mapped
 * @class: of the finding
 * @known: whether it has to do with a mapping
 * @past: that one
 * @stack: a call that failed, and gave the driver the address; or 0
 * @what: the same in words
 * @page: of the address
 * @verb: what the device did there
 * @until: when another access there is to be looked at anew, ns
 */
struct puck_dma_blame {
	enum puck_dma_class class;
	bool known;
	struct puck_dma_past past;
	u32 stack;
	const char *what;
	u64 page;
	enum puck_dma_verb verb;
	u64 until;
};

/**
 * struct puck_dma_shares - how bytes changed hands
 * @whole: how often all that one side had written went to the other
 * @part: how often some of it did not
 */
struct puck_dma_shares {
	u32 whole;
	u32 part;
};

/**
 * struct puck_dma_site - a place of the code that makes mappings, with sync=watch
 * @made: the place, as a stack
 * @shares: of what the CPU wrote, and of what the device wrote
 */
struct puck_dma_site {
	u32 made;
	struct puck_dma_shares shares[2];
};

#define PUCK_DMA_SITES	32

/**
 * struct puck_dma_lists - lists that became fewer segments than entries, with a copy
 * @made: the place of the code that made them
 * @shares: of segments of more entries than one: those of which the device wrote to
 *	more than the first entry, and those of which to that alone
 * @past: the last such list
 */
struct puck_dma_lists {
	unsigned long made;
	struct puck_dma_shares shares;
	struct puck_dma_past past;
};

#define PUCK_DMA_LISTS	8

/* Streaming mappings that failed, and are remembered. */
#define PUCK_DMA_FAILED	8

/* What may be wrong with a driver while it is bound once. */
#define PUCK_DMA_SUSPECTS	16

/**
 * struct puck_dma_checks - what belongs to a device and is about checks
 * @link: in the list of devices that faults are matched with
 * @d: the device
 * @history: mappings that are no more
 * @driver: name of the driver that is bound
 * @id: vendor and device of PCI
 * @lock: protects @findings, @told, @count, @known, @nr_known, @unsaid, @suspects and
 *	@nr_suspects; any context, a leaf
 * @findings: the last PUCK_DMA_FINDINGS
 * @told: findings so far
 * @count: of them, by class
 * @known: those that the kernel's log has
 * @nr_known: of them
 * @unsaid: findings that are like none of @known, when that was full
 * @suspects: what may be wrong, PUCK_DMA_SUSPECTS at most
 * @nr_suspects: of them
 * @suspects_asked: somebody wants to read them when the driver has unbound
 * @sites: sync=watch: places of the code that make mappings, as they come; under
 *	@lock, too
 * @lists: places of the code that make lists, as they come; under @lock, too
 * @failed: the last streaming mappings that failed, by @nr_failed, as if they were
 *	there; under @lock, too
 * @nr_failed: how many there were
 * @accesses: the last few; the fault worker's, as is @access
 * @access: which to use next
 * @blame: of the last address that nobody knew; the fault worker's, too
 * @repeated: accesses that were not told because the like of them was
 * @unexplained: accesses that were refused though they were mapped
 * @faults: accesses that were refused
 * @faults_lost: of them, those nobody could look at
 * @fault_source: where faults are heard of, NULL if nowhere
 * @requesters: by which the device may be known on its way to the IOMMU
 * @nr_requesters: how many
 * @folder: debugfs
 */
struct puck_dma_checks {
	struct list_head link;
	struct puck_dma_dev *d;
	struct puck_dma_history *history;
	char driver[32];
	char id[12];

	spinlock_t lock;
	struct puck_dma_finding *findings;
	u64 told;
	u64 count[PUCK_DMA_CLASSES_OF_FINDINGS];
	struct puck_dma_known known[PUCK_DMA_KNOWN];
	u32 nr_known;
	u64 unsaid;
	struct puck_dma_finding *suspects;
	u32 nr_suspects;
	bool suspects_asked;
	struct puck_dma_site sites[PUCK_DMA_SITES];
	struct puck_dma_lists lists[PUCK_DMA_LISTS];

	struct puck_dma_past failed[PUCK_DMA_FAILED];
	u64 nr_failed;

	struct puck_dma_access accesses[PUCK_DMA_ACCESSES];
	unsigned int access;
	struct puck_dma_blame blame;
	atomic64_t repeated;
	atomic64_t unexplained;
	atomic64_t faults;
	atomic64_t faults_lost;
	const char *fault_source;
	u16 requesters[4];
	unsigned int nr_requesters;

	struct dentry *folder;
};

struct puck_dma_checks *puck_dma_checks_new(struct puck_dma_dev *d);
void puck_dma_checks_free(struct puck_dma_checks *checks);
int puck_dma_check_attach(struct puck_dma_dev *d);
void puck_dma_check_detach(struct puck_dma_dev *d);
int puck_dma_check_init(void);
void puck_dma_check_exit(void);

/* find.c */

__printf(7, 8)
void puck_dma_find(struct puck_dma_dev *d, enum puck_dma_class class, u64 iova, u64 size,
		   const struct puck_dma_past *past, u32 stack, const char *fmt, ...);
__printf(7, 0)
void puck_dma_finding_set(struct puck_dma_finding *finding, enum puck_dma_class class, u64 iova,
			  u64 size, const struct puck_dma_past *past, u32 stack, const char *fmt,
			  va_list args);
void puck_dma_finding_log(struct puck_dma_dev *d, const struct puck_dma_finding *finding,
			  const char *what, u32 n);
int puck_dma_past_text(char *text, size_t size, const struct puck_dma_past *past);
const char *puck_dma_kind_name(enum puck_dma_kind kind);
const char *puck_dma_dir_name(enum dma_data_direction dir);
const char *puck_dma_class_name(enum puck_dma_class class);
void puck_dma_find_counts(struct puck_dma_dev *d);

/* suspect.c */

__printf(7, 8)
void puck_dma_suspect(struct puck_dma_dev *d, enum puck_dma_class class, u64 iova, u64 size,
		      const struct puck_dma_past *past, u32 stack, const char *fmt, ...);
void puck_dma_suspect_lists(struct puck_dma_dev *d);
void puck_dma_suspects_end(struct puck_dma_dev *d);

/* watch.c */

void puck_dma_watch_kept(struct puck_dma_mapping *m);
void puck_dma_watch_sync(struct puck_dma_dev *d, struct puck_dma_mapping *m,
			 const struct puck_dma_call *call, const struct puck_dma_span *span,
			 bool for_cpu);
void puck_dma_watch_stay(struct puck_dma_mapping *m, const struct puck_dma_span *span,
			 bool for_cpu);
void puck_dma_watch_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m,
			  unsigned long attrs, u32 stack);

/* short.c */

void puck_dma_short_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m);
void puck_dma_short_end(struct puck_dma_dev *d);

/* blame.c */

void puck_dma_blame(struct puck_dma_dev *d, const struct puck_dma_refusal *refused,
		    struct puck_dma_blame *blame);
void puck_dma_blame_failed(struct puck_dma_dev *d, const struct puck_dma_mapping *m);
bool puck_dma_failed_last(struct puck_dma_dev *d,
			  bool (*fits)(const struct puck_dma_past *past, const void *data),
			  const void *data, struct puck_dma_past *past);

/* access.c */

void puck_dma_access(struct puck_dma_dev *d, const struct puck_dma_refusal *refused);

/* fault.c */

void puck_dma_fault_requester(unsigned int segment, u16 requester, u64 iova,
			      enum puck_dma_verb verb);
void puck_dma_fault_endpoint(struct fwnode_handle *iommu, u32 endpoint, u64 iova,
			     enum puck_dma_verb verb);
void puck_dma_fault_attach(struct puck_dma_dev *d);
void puck_dma_fault_detach(struct puck_dma_dev *d);
void puck_dma_fault_exit(void);

/* fault_intel.c, fault_virtio.c: sources for IOMMUs that do not report_iommu_fault() */

int puck_dma_fault_intel_start(void);
void puck_dma_fault_intel_stop(void);
int puck_dma_fault_virtio_start(void);
void puck_dma_fault_virtio_stop(void);

/* debugfs.c */

void puck_dma_debugfs_attach(struct puck_dma_dev *d);
void puck_dma_debugfs_detach(struct puck_dma_dev *d);
void puck_dma_debugfs_init(void);
void puck_dma_debugfs_exit(void);

/* host_policy.c */

void puck_dma_host_init(void);
void puck_dma_host_exit(void);

#endif /* PUCK_DMA_CHECK_H */
