/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * puck.ko: the objects that its files share.
 *
 * A job walks through the files in this order: puck_submit.c (user input),
 * puck_job.c, puck_gem.c (buffers), puck_segs.c (segment lists), puck_resv.c and
 * puck_sync.c (what it waits for, who waits for it), puck_sched.c (its turn),
 * puck_ring.c (hardware), puck_irq.c and puck_fence.c (completion). puck_drv.c and
 * puck_pm.c begin and end it all.
 * docs/dataflow.rst follows it; docs/locking.rst, "puck.ko", orders the locks.
 */
#ifndef PUCK_DRV_H
#define PUCK_DRV_H

#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pm.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/gpu_scheduler.h>
#include <drm/puck_drm.h>

#include "abi/puck_gpu.h"

struct dma_pool;
struct pci_dev;
struct sync_file;

/* Commands in a ring; 32 KiB. */
#define PUCK_RING_ORDER		9
#define PUCK_RING_SLOTS		BIT(PUCK_RING_ORDER)
/*
 * Commands that may be on their way. One slot has to stay free, and one more
 * is spared because a fence can be seen before RING_HEAD is past it.
 */
#define PUCK_RING_CREDITS	(PUCK_RING_SLOTS - 2)

/* Segment lists of one job: up to this many entries come from a pool. */
#define PUCK_SEGS_POOLED	128
/* All lists of a job together; 4 MiB. */
#define PUCK_SEGS_PER_JOB	(256 * 1024)

/* A reset has to stop one command somewhere, which is quick. */
#define PUCK_RESET_POLL_US	10
#define PUCK_RESET_TIMEOUT_US	(2 * USEC_PER_SEC)

struct puck_ring;

/**
 * struct puck_device - one puck-gpu function
 * @drm: base
 * @pdev: the PCI function; valid until remove, that is inside drm_dev_enter()
 * @regs: BAR 0; valid likewise
 * @vram_size: bytes
 * @seg_len_max: bytes; longest segment the device takes
 * @segs_max: entries; longest list the device takes
 * @num_rings: entries in @ring
 * @ring: the rings, each allocated for itself since fences can outlive us
 * @seg_pool: blocks of PUCK_SEGS_POOLED entries; valid until remove
 * @err_lock: makes reading a record of the error queue and dropping it one step
 * @list_lock: protects @bos and @jobs
 * @late_lock: held by whoever takes DMA memory of BOs and jobs away without
 *             drm_dev_enter(), that is after drm_dev_unplug()
 * @bos: struct puck_bo.node, all BOs that are mapped for the device
 * @jobs: struct puck_job.node, all jobs from their making to their release
 * @node: in the list of devices that clients look through
 */
struct puck_device {
	struct drm_device drm;
	struct pci_dev *pdev;
	void __iomem *regs;
	u64 vram_size;
	u32 seg_len_max;
	u32 segs_max;
	u32 num_rings;
	struct puck_ring *ring[PUCK_GPU_RINGS_MAX];
	struct dma_pool *seg_pool;
	spinlock_t err_lock;		/* error queue */
	spinlock_t list_lock;		/* bos, jobs */
	struct mutex late_lock;		/* DMA memory after the unplug */
	struct list_head bos;
	struct list_head jobs;
	struct list_head node;
};

#define to_puck_device(dev)	container_of(dev, struct puck_device, drm)

/**
 * struct puck_stage - the completion stage's settings of a ring, as in spec
 * section "Completion stage"
 * @start_delay: ns
 * @delay: ns
 * @jitter: ns
 * @seed: of the jitter
 * @hold: 0 or 1
 */
struct puck_stage {
	u64 start_delay;
	u64 delay;
	u64 jitter;
	u64 seed;
	u32 hold;
};

/**
 * struct puck_ring - a command ring, its scheduler and the jobs it works on
 * @ref: held by the device and by each fence: a fence names its ring
 * @puck: the device; valid while it is, not for those who hold only @ref
 * @regs: register block; valid inside drm_dev_enter()
 * @index: number of the ring
 * @name: for fences, interrupts and the scheduler
 * @sched: decides which job is next; its run_job is called one at a time
 * @submit_wq: where @sched runs and frees jobs
 * @reset_wq: ordered; timeouts and @reset_work, so that resets never meet
 * @reset_work: recovery after an error that the device reported
 * @cmds: the ring in memory
 * @cmds_dma: its DMA address
 * @wb: write-back slot in memory
 * @wb_dma: its DMA address
 * @wptr: slots written since the ring was enabled, counting on past its size.
 *        Only touched by run_job, or by recovery while @sched is stopped
 * @done_pos: the hardware is past all slots before this one, which was written
 *            as @wptr was; likewise
 * @number: last job number given out
 * @start_seqno: RING_SEQNO when the ring was enabled: what it says then of no job
 * @fallback: looks at @wb now and then, should an interrupt get lost
 * @recoveries: recoveries that came to their end, in @reset_wq
 * @saved: settings of the completion stage over a suspend
 * @irq: vector for fences
 * @idle: woken when @inflight gets empty
 * @lock: protects all below, and orders the signalling of fences. Taken in
 *        hard interrupts
 * @inflight: struct puck_job.inflight, in the order of the ring, in which their
 *            seqnos rise. A job is here from before its doorbell until its
 *            hardware fence is signalled
 * @job_at: the jobs of @inflight by their seqno modulo PUCK_RING_SLOTS; no two
 *          of them share a place
 * @seqno: the last seqno that was given to a job
 * @halted: the device reported an error that stopped the ring
 * @dead: zero, or why the ring will run nothing more: -ENODEV, -EIO
 * @done: jobs completed, for debugfs
 * @failed: those of them with an error
 * @resets: resets of this ring
 */
struct puck_ring {
	struct kref ref;
	struct puck_device *puck;
	void __iomem *regs;
	u32 index;
	char name[40];
	struct drm_gpu_scheduler sched;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *reset_wq;
	struct work_struct reset_work;
	struct puck_gpu_cmd *cmds;
	dma_addr_t cmds_dma;
	struct puck_gpu_wb *wb;
	dma_addr_t wb_dma;
	u32 wptr;
	u32 done_pos;
	atomic64_t number;
	u32 start_seqno;
	struct timer_list fallback;
	unsigned int recoveries;
	struct puck_stage saved;
	int irq;
	wait_queue_head_t idle;

	spinlock_t lock;		/* what follows */
	struct list_head inflight;
	struct puck_job *job_at[PUCK_RING_SLOTS];
	u32 seqno;
	bool halted;
	int dead;
	u64 done;
	u64 failed;
	u64 resets;
};

/**
 * struct puck_bo - buffer object
 * @base: GEM shmem object; its sgt is in use for imported BOs only
 * @sgt: the pages as this device sees them. Set once before the BO has a
 *       handle, NULL again after remove. Stable inside drm_dev_enter()
 * @attach_lock: protects @attachments
 * @attachments: struct puck_attachment.node, devices that imported us
 * @node: in puck_device.bos
 */
struct puck_bo {
	struct drm_gem_shmem_object base;
	struct sg_table *sgt;
	struct mutex attach_lock;	/* attachments */
	struct list_head attachments;
	struct list_head node;
};

static inline struct puck_bo *to_puck_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct puck_bo, base);
}

/**
 * struct puck_segs - the segment lists of one job, in one block of memory
 * @list: the entries
 * @dma: DMA address of @list
 * @used: entries filled
 * @room: entries that fit
 * @pooled: the block is from puck_device.seg_pool
 */
struct puck_segs {
	struct puck_gpu_seg *list;
	dma_addr_t dma;
	u32 used;
	u32 room;
	bool pooled;
};

/**
 * struct puck_fence - completion of a job by the hardware
 * @base: its context is that of the job's entity, its seqno the job's number
 * @lock: for @base; in here, since fences outlive everything else
 * @ring: keeps the names and the scheduler's memory; a reference
 * @start: when the doorbell was rung
 * @seqno: of the job in the ring, 0 before that; for the trace
 */
struct puck_fence {
	struct dma_fence base;
	spinlock_t lock;		/* base */
	struct puck_ring *ring;
	ktime_t start;
	u32 seqno;
};

/**
 * struct puck_entity - what one file or client queues on one ring
 * @base: scheduler entity
 * @ring: the ring
 * @context: of the hardware fences: the numbers of jobs rise within an entity only
 * @submit_lock: makes number, arming and push of a job one step
 */
struct puck_entity {
	struct drm_sched_entity base;
	struct puck_ring *ring;
	u64 context;
	struct mutex submit_lock;	/* order of jobs */
};

/**
 * struct puck_file - an open DRM file
 * @entity: one for each ring
 */
struct puck_file {
	struct puck_entity entity[PUCK_GPU_RINGS_MAX];
};

/**
 * struct puck_job - commands that run and complete together
 * @base: base
 * @puck: the device; a reference
 * @ring: where it runs
 * @fence: completion by the hardware; a reference
 * @number: what user space and fences know it by; given by the ioctl
 * @seqno: what the hardware knows it by; given when the job goes into the ring,
 *         and kept if it has to be written there again. Under puck_ring.lock
 * @bos: buffers it uses; references
 * @writes: bit i: the job writes @bos[i]
 * @nbos: entries in @bos
 * @segs: segment lists; after drm_dev_unplug() under puck_device.late_lock
 * @node: in puck_device.jobs
 * @release: gives everything back, away from the signalling path
 * @inflight: in puck_ring.inflight; empty when not
 * @error: errno for the fence; puck_ring.lock
 * @pos: puck_ring.wptr at which the job begins
 * @first: first of @cmds that was written there, more than 0 after a reset
 * @ncmds: entries in @cmds
 * @cmds: commands ready for the ring but for the seqno, a FENCE last
 */
struct puck_job {
	struct drm_sched_job base;
	struct puck_device *puck;
	struct puck_ring *ring;
	struct puck_fence *fence;
	u64 number;
	u32 seqno;
	struct drm_gem_object **bos;
	DECLARE_BITMAP(writes, PUCK_MAX_BOS);
	u32 nbos;
	struct puck_segs segs;
	struct list_head node;
	struct work_struct release;
	struct list_head inflight;
	int error;
	u32 pos;
	u32 first;
	u32 ncmds;
	struct puck_gpu_cmd cmds[] __counted_by(ncmds);
};

#define to_puck_job(job)	container_of(job, struct puck_job, base)

/**
 * struct puck_out_sync - a syncobj to be given the job's fence
 * @syncobj: reference
 * @chain: made beforehand for a timeline point, NULL for a binary one
 * @point: point, or 0
 */
struct puck_out_sync {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;
	u64 point;
};

/**
 * struct puck_out_fences - everything outside the BOs that gets the job's fence
 * @syncs: syncobjs
 * @nsyncs: entries in @syncs
 * @file: sync_file, not yet reachable through @fd, or NULL
 * @fd: its descriptor, reserved
 */
struct puck_out_fences {
	struct puck_out_sync *syncs;
	u32 nsyncs;
	struct sync_file *file;
	int fd;
};

static inline u32 puck_read(struct puck_device *puck, u32 reg)
{
	return readl(puck->regs + reg);
}

static inline void puck_write(struct puck_device *puck, u32 reg, u32 val)
{
	writel(val, puck->regs + reg);
}

static inline u64 puck_read64(struct puck_device *puck, u32 reg)
{
	return readq(puck->regs + reg);
}

static inline u32 puck_ring_read(struct puck_ring *ring, u32 reg)
{
	return readl(ring->regs + reg);
}

static inline void puck_ring_write(struct puck_ring *ring, u32 reg, u32 val)
{
	writel(val, ring->regs + reg);
}

static inline u64 puck_ring_read64(struct puck_ring *ring, u32 reg)
{
	return readq(ring->regs + reg);
}

static inline void puck_ring_write64(struct puck_ring *ring, u32 reg, u64 val)
{
	writeq(val, ring->regs + reg);
}

/* puck_drv.c */
extern struct workqueue_struct *puck_release_wq;
extern unsigned long puck_timeout_ms;
int puck_start(struct puck_device *puck);
int puck_reset(struct puck_device *puck, u32 num_rings);

/* puck_pm.c */
extern const struct dev_pm_ops puck_pm_ops;

/* puck_submit.c */
int puck_ioctl_submit(struct drm_device *dev, void *data, struct drm_file *file);

/* puck_job.c */
struct puck_job *puck_job_create(struct puck_entity *entity, u32 ncmds, u32 nbos,
				 u64 client_id);
void puck_job_discard(struct puck_job *job);
void puck_job_destroy(struct puck_job *job);

/* puck_gem.c */
struct drm_gem_object *puck_gem_create_object(struct drm_device *dev, size_t size);
struct drm_gem_object *puck_gem_import_table(struct drm_device *dev,
					     struct dma_buf_attachment *attach,
					     struct sg_table *sgt);
void puck_gem_unbind_all(struct puck_device *puck);
int puck_ioctl_getparam(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_create(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_mmap_offset(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_info(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_wait(struct drm_device *dev, void *data, struct drm_file *file);
int puck_ioctl_gem_flush(struct drm_device *dev, void *data, struct drm_file *file);

struct sg_table *puck_gem_table(struct puck_bo *bo, struct device *dev);
void puck_gem_free_table(struct sg_table *sgt);

/* puck_prime.c */
struct dma_buf *puck_prime_export(struct drm_gem_object *obj, int flags);
struct drm_gem_object *puck_prime_import(struct drm_device *dev, struct dma_buf *dmabuf);

/* puck_segs.c */
int puck_segs_alloc(struct puck_device *puck, struct puck_segs *segs, u32 count);
void puck_segs_free(struct puck_device *puck, struct puck_segs *segs);
u32 puck_segs_count(struct puck_device *puck, struct sg_table *sgt, u64 offset, u64 length);
void puck_segs_add(struct puck_device *puck, struct puck_segs *segs, struct sg_table *sgt,
		   u64 offset, u64 length);
static inline dma_addr_t puck_segs_end(const struct puck_segs *segs)
{
	return segs->dma + segs->used * sizeof(*segs->list);
}

/* puck_resv.c */
struct drm_exec;
int puck_resv_lock(struct puck_job *job, struct drm_exec *exec, bool implicit);
void puck_resv_add_fence(struct puck_job *job, struct dma_fence *fence);

/* puck_sync.c */
int puck_sync_add_in(struct puck_job *job, struct drm_file *file, u64 user, u32 count);
int puck_sync_add_in_fd(struct puck_job *job, int fd);
int puck_sync_prepare_out(struct puck_out_fences *out, struct drm_file *file, u64 user,
			  u32 count, bool want_fd);
void puck_sync_publish(struct puck_out_fences *out, struct dma_fence *fence);
void puck_sync_cancel_out(struct puck_out_fences *out);

/* puck_sched.c */
int puck_sched_init(struct puck_ring *ring);
void puck_sched_fini(struct puck_ring *ring);
int puck_entity_init(struct puck_entity *entity, struct puck_ring *ring);
void puck_entity_fini(struct puck_entity *entity);
struct dma_fence *puck_sched_arm(struct puck_job *job);
void puck_sched_push(struct puck_job *job);
void puck_sched_detach_jobs(struct puck_device *puck);

/* puck_ring.c */
struct puck_ring *puck_ring_create(struct puck_device *puck, u32 index);
void puck_ring_get(struct puck_ring *ring);
void puck_ring_put(struct puck_ring *ring);
int puck_ring_alloc(struct puck_ring *ring);
void puck_ring_free(struct puck_ring *ring);
int puck_ring_start(struct puck_ring *ring);
void puck_ring_number(struct puck_ring *ring);
int puck_ring_stop(struct puck_ring *ring);
int puck_ring_emit(struct puck_ring *ring, struct puck_job *job);
void puck_ring_retire(struct puck_ring *ring);
struct puck_job *puck_ring_find(struct puck_ring *ring, u32 seqno);
void puck_ring_check_error(struct puck_ring *ring);
void puck_ring_recover(struct puck_ring *ring, struct puck_job *late);
void puck_ring_kill(struct puck_ring *ring, int error);
void puck_ring_save(struct puck_ring *ring);
void puck_ring_restore(struct puck_ring *ring);

/* puck_fence.c */
struct puck_fence *puck_fence_alloc(struct puck_ring *ring);
void puck_fence_free(struct puck_fence *fence);
void puck_fence_init(struct puck_fence *fence, u64 context, u64 number);
void puck_fence_signal(struct puck_fence *fence, int error);

/* puck_irq.c */
void puck_irq_check_errors(struct puck_device *puck);
void puck_irq_synchronize(struct puck_device *puck);
int puck_irq_init(struct puck_device *puck);
void puck_irq_fini(struct puck_device *puck);

/* puck_client.c */
void puck_client_add_device(struct puck_device *puck);
void puck_client_remove_device(struct puck_device *puck);

/* puck_debugfs.c */
void puck_debugfs_init(struct drm_minor *minor);

#endif /* PUCK_DRV_H */
