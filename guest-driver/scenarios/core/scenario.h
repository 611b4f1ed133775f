/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario: one class of driver bug as history had it, its fix, and an
 * oracle that tells them apart.
 *
 * setup() builds what both clients need and does it right. buggy() and
 * fixed() differ in the wrong line only. verdict() looks at bytes and at
 * what independent observers saw, never at what a client says of itself.
 * teardown() is called whenever setup() was, however far that got.
 */
#ifndef PUCK_SCENARIO_H
#define PUCK_SCENARIO_H

#include <linux/dma-direction.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

#include "puck/cam_client.h"
#include "puck/client.h"

struct device;
struct dma_fence;
struct page;
struct puck_run;

/* Pages of the buffers: scattered so that nothing but an IOMMU joins them. */
#define PUCK_SCENARIO_PAGES	256

/**
 * struct puck_scenario - one bug class
 * @name: as written to debugfs
 * @mistake: what the buggy client does, in a few words
 * @history: a commit that fixed it in Linux
 * @on: the device that it is for
 * @alone: what shows the mistake does so once; it runs when it is asked for by name
 * @shown_by: what has to be there for the mistake to show
 * @finding: class of puck-dma's finding about buggy(), docs/dma.rst; or NULL
 * @splat: regular expression of the kernel's own complaint about buggy(), or
 *	NULL; a test run takes it as asked for
 * @fault: the same for what the IOMMU says, about either client
 */
struct puck_scenario {
	const char *name;
	const char *mistake;
	const char *history;
	enum puck_on {
		PUCK_ON_GPU,
		PUCK_ON_CAMERA,
	} on;
	bool alone;
	enum puck_shown_by {
		PUCK_SHOWN_BY_MERGING,
		PUCK_SHOWN_BY_TRANSLATION,
		PUCK_SHOWN_BY_LATENESS,
		PUCK_SHOWN_BY_MAPPER,
		PUCK_SHOWN_BY_STALENESS,
		PUCK_SHOWN_ANYWHERE,
	} shown_by;
	const char *finding;
	const char *splat;
	const char *fault;

	const char *(*skip)(struct puck_run *run);
	int (*setup)(struct puck_run *run);
	int (*buggy)(struct puck_run *run);
	int (*fixed)(struct puck_run *run);
	void (*verdict)(struct puck_run *run);
	void (*teardown)(struct puck_run *run);
};

/**
 * struct puck_run - a scenario at work on one device
 * @client: the GPU, to submit to; NULL if it is on none
 * @camera: the camera; NULL if it is on none
 * @dev: what to map memory for
 * @late_ns: how late a GPU's data is asked to be
 * @mapper: puck-dma maps for @dev
 * @findings: of puck-dma about @dev, before the run
 * @priv: the scenario's own
 * @orig_nents: entries with pages of the buffer the scenario is about
 * @nents: DMA segments of it
 * @by: who caught the client, or NULL
 * @detail: and what was seen
 */
struct puck_run {
	struct puck_client *client;
	struct puck_cam_client *camera;
	struct device *dev;
	u64 late_ns;
	bool mapper;
	unsigned long findings;
	void *priv;
	unsigned int orig_nents;
	unsigned int nents;
	const char *by;
	char detail[432];
};

/* caught.c: a verdict */
__printf(3, 4)
void puck_caught(struct puck_run *run, const char *by, const char *format, ...);

/* fence.c: fences that this module ends */
struct dma_fence *puck_fence_create(u64 context, u64 number);
void puck_fence_last_put(struct dma_fence *fence);

/* memory.c: buffers of single scattered pages, mapped, and what is in them */

/**
 * struct puck_buffer - scattered pages and their mapping
 * @pages: in descending order, no two of them neighbours
 * @npages: number of them
 * @sgt: one entry a page
 * @dev: mapped for, or NULL when not mapped
 * @dir: mapped in this direction
 */
struct puck_buffer {
	struct page **pages;
	unsigned int npages;
	struct sg_table sgt;
	struct device *dev;
	enum dma_data_direction dir;
};

int puck_buffer_alloc(struct puck_buffer *buf, unsigned int npages);
int puck_buffer_map(struct puck_buffer *buf, struct device *dev,
		    enum dma_data_direction dir);
void puck_buffer_unmap(struct puck_buffer *buf);
void puck_buffer_free(struct puck_buffer *buf);
void puck_buffer_pattern(struct puck_buffer *buf, u32 seed);
unsigned int puck_pattern_pages(struct page **pages, unsigned int npages, u32 seed);

/* copy.c: two buffers and the engine between them, done right */

/**
 * struct puck_copy - a source full of pattern and an empty destination
 * @src: mapped DMA_TO_DEVICE
 * @dst: mapped DMA_FROM_DEVICE
 * @src_segs: descriptors of @src
 * @dst_segs: descriptors of @dst
 */
struct puck_copy {
	struct puck_buffer src;
	struct puck_buffer dst;
	struct puck_client_seg *src_segs;
	struct puck_client_seg *dst_segs;
};

#define PUCK_COPY_SEED	0x5ca77e4d

struct puck_client_seg *puck_segments(struct sg_table *sgt);
int puck_copy_setup(struct puck_run *run, struct puck_copy *copy, unsigned int npages);
void puck_copy_teardown(struct puck_copy *copy);
struct dma_fence *puck_copy_submit(struct puck_run *run, struct puck_copy *copy,
				   u64 length);
int puck_copy_finish(struct dma_fence *fence);
int puck_run_job(struct puck_client *client, const struct puck_client_job *job);
int puck_copy_run(struct puck_run *run, struct puck_copy *copy, u64 length);
void puck_copy_verdict(struct puck_run *run, struct puck_copy *copy, u32 seed);
int puck_copy_scenario_setup(struct puck_run *run);
int puck_copy_scenario_run(struct puck_run *run);
void puck_copy_scenario_teardown(struct puck_run *run);

/* ledger.c: an observer of the DMA API */
int puck_ledger_init(void);
void puck_ledger_exit(void);
bool puck_ledger_works(void);
const char *puck_ledger_skip_sync(struct puck_run *run);
void puck_ledger_open(struct device *dev);
void puck_ledger_close(void);
bool puck_ledger_report(char *text, size_t size);
void puck_ledger_verdict(struct puck_run *run);

/* mapper.c: what puck-dma found */

/* Who catches, if it is the line that was to come. */
#define PUCK_BY_MAPPER	"puck-dma"

bool puck_mapper_manages(struct device *dev);
void puck_mapper_open(struct puck_run *run);
void puck_mapper_verdict(struct puck_run *run, const char *class);

extern const struct puck_scenario puck_pages_mapped_nents;
extern const struct puck_scenario puck_sg_length;
extern const struct puck_scenario puck_unmap_mapped_count;
extern const struct puck_scenario puck_sync_mapped_count;
extern const struct puck_scenario puck_resv_wait_forgotten;
extern const struct puck_scenario puck_sync_missing;
extern const struct puck_scenario puck_use_after_unmap;
extern const struct puck_scenario puck_wrong_direction;
extern const struct puck_scenario puck_wrong_count;
extern const struct puck_scenario puck_stale_iotlb;
extern const struct puck_scenario puck_resv_read_for_write;
extern const struct puck_scenario puck_resv_slot_missing;
extern const struct puck_scenario puck_resv_older_fence;
extern const struct puck_scenario puck_ww_backoff_forgotten;
extern const struct puck_scenario puck_bookkeep_implicit;
extern const struct puck_scenario puck_kernel_fence_skipped;
extern const struct puck_scenario puck_max_seg_undeclared;
extern const struct puck_scenario puck_dma_addr_32bit;
extern const struct puck_scenario puck_alloc_in_signalling;
extern const struct puck_scenario puck_gpu_tlb_not_flushed;
extern const struct puck_scenario puck_pte_outlives_page;
extern const struct puck_scenario puck_vram_not_cleared;
extern const struct puck_scenario puck_page_not_dirtied;
extern const struct puck_scenario puck_userptr_not_waited;
extern const struct puck_scenario puck_userptr_wait_locked;

/* dmabuf/ */
extern const struct puck_scenario puck_dmabuf_move_ignored;
extern const struct puck_scenario puck_dmabuf_pages_walked;
extern const struct puck_scenario puck_dmabuf_mapping_kept;
extern const struct puck_scenario puck_dmabuf_cpu_access;
extern const struct puck_scenario puck_dmabuf_sync_count;
extern const struct puck_scenario puck_dmabuf_attach_left;
extern const struct puck_scenario puck_dmabuf_pin_locks;

/* camera/ */
extern const struct puck_scenario puck_cam_plane_size;
extern const struct puck_scenario puck_cam_stride;
extern const struct puck_scenario puck_cam_start_failed;
extern const struct puck_scenario puck_cam_stop_kept;
extern const struct puck_scenario puck_cam_list_late;
extern const struct puck_scenario puck_cam_sequence;
extern const struct puck_scenario puck_cam_format_busy;
extern const struct puck_scenario puck_cam_sync_count;
extern const struct puck_scenario puck_cam_write_fence;
extern const struct puck_scenario puck_cam_read_fence;
extern const struct puck_scenario puck_cam_fence_starved;
extern const struct puck_scenario puck_cam_unplug;

#endif /* PUCK_SCENARIO_H */
