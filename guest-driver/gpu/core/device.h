/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A puck-gpu function, as all parts of puck.ko know it.
 *
 * A job walks through the folders in this order: submit/ (user input: ioctl.c, commands.c;
 * what it waits for, who waits for it: resv.c, sync.c), vm/ (addresses, if it uses any:
 * exec.c; tables: bind.c, update.c, pt.c), mem/ (buffers: bo.c; where they are:
 * place.c, move.c; segment lists: segs.c), sched/ (its queue: queue.c; its life: job.c; its
 * turn: sched.c; hardware: ring.c; completion: irq.c, fence.c). drv.c and pm.c begin and end
 * it all. docs/dataflow.rst follows it; docs/locking.rst, "puck.ko", orders the locks.
 */
#ifndef PUCK_DEVICE_H
#define PUCK_DEVICE_H

#include <linux/completion.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>

#include "abi/puck_display.h"
#include "abi/puck_gpu.h"
#include "abi/puck_render3d.h"

struct dma_pool;
struct pci_dev;
struct puck_dump;
struct puck_kms;
struct puck_mem;
struct puck_mover;
struct puck_render;
struct puck_ring;

/**
 * struct puck_ring_info - what the device says of one of its rings
 * @index: number of the ring
 * @kind: PUCK_GPU_KIND_*
 * @vector: MSI-X vector of its fences
 * @order: the ring will have 2^order commands
 * @ops: bit n: it takes opcode n
 */
struct puck_ring_info {
	u32 index;
	u32 kind;
	u32 vector;
	u32 order;
	u64 ops;
};

/* Commands in a ring, as a power of two; 32 KiB. */
#define PUCK_RING_ORDER		9
/* A ring that takes less has no room for the longest job. */
#define PUCK_RING_ORDER_MIN	7

/* A reset has to stop one command somewhere, which is quick. */
#define PUCK_RESET_POLL_US	10
#define PUCK_RESET_TIMEOUT_US	(2 * USEC_PER_SEC)

/**
 * struct puck_outage - the device is reset by others: the function's own reset, for one
 * @work: in puck_device.reset_wq, from before that reset until after it
 * @awake: it was woken up for that
 * @begun: nothing runs on the device, and nobody but the CPU's mappings touches it
 * @over: the driver may touch it again
 */
struct puck_outage {
	struct work_struct work;
	bool awake;
	struct completion begun;
	struct completion over;
};

/**
 * struct puck_display_funcs - what the display is told of the device as a whole
 * @hold: the device is about to be reset: from here on nobody touches the display's registers
 * @release: it was reset, and is a bus master: what was shown is to be shown again
 * @lose: nothing runs there any more; also in place of @release
 * @doze: it is about to fall asleep. False: not now, as something is shown
 * @wake: it is awake again, and has forgotten nothing; also if it could not sleep behind @doze
 *
 * The first three are called by whoever recovers the device, in signalling sections: none of them
 * sleeps or waits. Nor do the others.
 */
struct puck_display_funcs {
	void (*hold)(struct puck_kms *kms);
	void (*release)(struct puck_kms *kms);
	void (*lose)(struct puck_kms *kms);
	bool (*doze)(struct puck_kms *kms);
	void (*wake)(struct puck_kms *kms);
};

/**
 * struct puck_device - one puck-gpu function
 * @drm: base
 * @pdev: the PCI function; valid until remove, that is inside drm_dev_enter()
 * @regs: BAR 0; valid likewise
 * @features: PUCK_GPU_FEATURE_*
 * @vram_size: bytes, all of VRAM
 * @vram_visible: bytes, the first ones of VRAM, that BAR 2 shows: more than none, and at most
 *                @vram_size. Engines reach all of VRAM, the CPU no more than these
 * @vram_lent: bytes behind @vram_visible, and before the end of BAR 2, that are not for BOs;
 *             mem/bar.c
 * @vram_map: of the kernel, all of @vram_visible, to be drawn into when it panics, and cleared
 *            where moves have failed; or NULL. Valid inside drm_dev_enter()
 * @seg_len_max: bytes; longest segment the device takes
 * @segs_max: entries; longest list the device takes
 * @vm_count: VMs that the device has; 0 without PUCK_GPU_FEATURE_VM
 * @error_vector: MSI-X vector of the error queue
 * @error_irq: Linux' number for @error_vector
 * @num_heads: of the display; 0 if there is none, or the kernel has no helpers for one
 * @head_vector: MSI-X vector of each head
 * @num_vectors: MSI-X vectors up to the last one that the driver knows the use of
 * @num_rings: entries in @ring
 * @ring: the rings of kinds that the driver knows, each allocated for itself since fences
 *        can outlive us. Their places here are not their numbers: see puck_rings_find()
 * @reset_wq: ordered; timeouts and errors of all rings, so that resets never meet
 * @wedged: zero, or why no job is taken any more: -ENODEV, -EIO. Written once, by
 *          recovery or resume
 * @dozes: it falls asleep when it is idle, if user space lets it; core/awake.h
 * @asleep: it has, and neither has registers nor sends messages. Of the callbacks that make it so;
 *          others who have not woken it up look at it after synchronize_irq() alone
 * @outage: while others reset the device
 * @dump: memory for what is noted of a job that went wrong
 * @seg_pool: blocks of PUCK_SEGS_POOLED entries; valid until remove
 * @mem: all that BOs lie in; mem/mem.h
 * @mover: moves bytes for @mem; sched/mover.h
 * @render: 3D, or NULL; render3d/render.h
 * @kms: the display, or NULL; kms/kms.h
 * @display: of @kms; set before there are users
 * @page_pool: tables of VMs, and what is written into them; valid until remove, if there are VMs
 * @sparse_pool: blocks of 64 KiB for sparse mappings; likewise
 * @vm_numbers: which VMs of the device are in use
 * @root_lock: makes changing @vm_root and telling the device one step, and protects
 *             puck_vm.number. Taken in hard interrupts
 * @vm_root: VM_ROOT of each VM, which a reset of the device forgets
 * @err_lock: makes reading a record of the error queue and dropping it one step
 * @list_lock: protects @bos, @jobs, @vms, puck_mem.tts, and puck_ring.queues of all rings
 * @late_lock: held by whoever takes DMA memory of imported BOs and of jobs away without
 *             drm_dev_enter(), that is after drm_dev_unplug()
 * @backoffs: how often a submission gave all its locks back and began anew
 * @listings: numbers for puck_job.listing
 * @bos: struct puck_bo.node, all BOs that are not on their way out
 * @jobs: struct puck_job.node, all jobs from their making to their release
 * @jobs_ended: how many have left @jobs; under @list_lock
 * @job_ended: woken when one has
 * @vms: struct puck_vm.node, all VMs until their memory goes
 * @node: in the list of devices that clients look through
 */
struct puck_device {
	struct drm_device drm;
	struct pci_dev *pdev;
	void __iomem *regs;
	u64 features;
	u64 vram_size;
	u64 vram_visible;
	u64 vram_lent;
	void __iomem *vram_map;
	u32 seg_len_max;
	u32 segs_max;
	u32 vm_count;
	u32 error_vector;
	int error_irq;
	u32 num_heads;
	u32 head_vector[PUCK_DISPLAY_HEADS_MAX];
	u32 num_vectors;
	u32 num_rings;
	struct puck_ring *ring[PUCK_GPU_RINGS_MAX];
	struct workqueue_struct *reset_wq;
	int wedged;
	bool dozes;
	bool asleep;
	struct puck_outage outage;
	struct puck_dump *dump;
	struct dma_pool *seg_pool;
	struct puck_mem *mem;
	struct puck_mover *mover;
	struct puck_render *render;
	struct puck_kms *kms;
	const struct puck_display_funcs *display;
	struct dma_pool *page_pool;
	struct dma_pool *sparse_pool;
	struct ida vm_numbers;
	spinlock_t root_lock;		/* vm_root, puck_vm.number */
	u64 vm_root[PUCK_GPU_VMS_MAX];
	spinlock_t err_lock;		/* error queue */
	spinlock_t list_lock;		/* bos, jobs, vms, puck_ring.queues */
	struct mutex late_lock;		/* DMA memory after the unplug */
	atomic64_t backoffs;
	atomic64_t listings;
	struct list_head bos;
	struct list_head jobs;
	unsigned long jobs_ended;
	wait_queue_head_t job_ended;
	struct list_head vms;
	struct list_head node;
};

#define to_puck_device(dev)	container_of(dev, struct puck_device, drm)

/* On kernels that prove their locks all accesses to registers do; core/awake.c. */
#ifdef CONFIG_PROVE_LOCKING
void puck_awake_check(struct puck_device *puck);
#else
static inline void puck_awake_check(struct puck_device *puck)
{
}
#endif

static inline u32 puck_read(struct puck_device *puck, u32 reg)
{
	puck_awake_check(puck);
	return readl(puck->regs + reg);
}

static inline void puck_write(struct puck_device *puck, u32 reg, u32 val)
{
	puck_awake_check(puck);
	writel(val, puck->regs + reg);
}

static inline u64 puck_read64(struct puck_device *puck, u32 reg)
{
	puck_awake_check(puck);
	return readq(puck->regs + reg);
}

static inline void puck_write64(struct puck_device *puck, u32 reg, u64 val)
{
	puck_awake_check(puck);
	writeq(val, puck->regs + reg);
}

/* Bytes of VRAM that BOs may be in. */
static inline u64 puck_vram_room(const struct puck_device *puck)
{
	return puck->vram_size - puck->vram_lent;
}

int puck_device_init_pci(struct puck_device *puck);
int puck_device_reset(struct puck_device *puck);
void puck_device_set_root(struct puck_device *puck, u32 number, u64 root);
void puck_device_restore_roots(struct puck_device *puck);
bool puck_device_is_translated(struct puck_device *puck);

int puck_identify(struct puck_device *puck, struct puck_ring_info *rings, u32 *num_rings);

#endif /* PUCK_DEVICE_H */
