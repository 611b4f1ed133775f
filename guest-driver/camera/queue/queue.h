/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's queue of buffers: its registers, its memory, and the buffers in it.
 * docs/locking.rst, "puck-cam.ko", orders its locks.
 */
#ifndef PUCK_CAM_QUEUE_H
#define PUCK_CAM_QUEUE_H

#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "abi/puck_cam.h"

struct dma_fence;
struct puck_cam_buffer;
struct puck_cam_device;

/**
 * struct puck_cam_user - who has turned the queue on
 * @freed: called when the device has given buffers back; may be NULL
 * @failed: called when the device has failed, before its buffers come back: the stream is
 *          broken until it is turned off; may be NULL
 *
 * Both are called in the way of fences, and as long as the queue is not turned off.
 */
struct puck_cam_user {
	void (*freed)(struct puck_cam_user *user);
	void (*failed)(struct puck_cam_user *user);
};

/**
 * struct puck_cam_queue - the device's queue of buffers
 * @cam: the device
 * @memory: @descs, @done and @wb, in one block
 * @memory_dma: its DMA address
 * @descs: the ring of descriptors
 * @done: the ring of done entries
 * @wb: the write-back slot
 * @slots: descriptors in the ring, a power of two
 * @wq: where @watch runs, and whatever else fences depend on
 * @watch: stands in for lost interrupts, and ends what takes too long
 * @bound: how long the device may have a buffer that has a fence
 * @broken: the device did not let go of memory and was cut off from it; for good
 * @done_lock: one takes done entries, or gives buffers back, at a time. Held in the way of
 *             fences: nothing is allocated under it
 * @user: who has turned the queue on; NULL if nobody has. @done_lock
 * @seen: done entries taken since the queue was turned on; @done_lock
 * @base: what a frame's number is counted from, for those that were before a suspend;
 *        @done_lock
 * @sequence: of the last buffer that was done; @done_lock
 * @lock: protects all below. Taken under @done_lock, with interrupts on
 * @on: the device takes descriptors
 * @tail: index of the next descriptor
 * @cookies: last one given out
 * @active: struct puck_cam_buffer.node, those that the device has, in the order of the ring
 * @num_active: how many these are
 * @at: those of @active by their descriptor
 * @stats: for debugfs
 */
struct puck_cam_queue {
	struct puck_cam_device *cam;
	void *memory;
	dma_addr_t memory_dma;
	struct puck_cam_desc *descs;
	struct puck_cam_done *done;
	struct puck_cam_wb *wb;
	u32 slots;
	struct workqueue_struct *wq;
	struct delayed_work watch;
	ktime_t bound;
	bool broken;

	struct mutex done_lock;		/* user, seen, base, sequence */
	struct puck_cam_user *user;
	u32 seen;
	u32 base;
	u32 sequence;

	spinlock_t lock;		/* what follows */
	bool on;
	u32 tail;
	u64 cookies;
	struct list_head active;
	u32 num_active;
	struct puck_cam_buffer **at;
	struct {
		u64 queued;
		u64 done;
		u64 failed;
		u64 strange;
		u64 late;
	} stats;
};

int puck_cam_queue_init(struct puck_cam_queue *queue, struct puck_cam_device *cam);
void puck_cam_queue_cleanup(struct puck_cam_queue *queue);
int puck_cam_queue_start(struct puck_cam_queue *queue, struct puck_cam_user *user, bool resume);
void puck_cam_queue_stop(struct puck_cam_queue *queue, struct list_head *rest);
bool puck_cam_queue_push(struct puck_cam_queue *queue, struct puck_cam_buffer *buf,
			 struct dma_fence *fence);
void puck_cam_queue_remove(struct puck_cam_queue *queue, struct puck_cam_buffer *buf);
void puck_cam_queue_silence(struct puck_cam_queue *queue);
struct dma_fence *puck_cam_queue_claim(struct puck_cam_queue *queue, struct puck_cam_buffer *buf,
				       struct dma_fence *fence);
struct dma_fence *puck_cam_queue_get_fence(struct puck_cam_queue *queue,
					   struct puck_cam_buffer *buf);
void puck_cam_queue_drop_fence(struct puck_cam_queue *queue, struct puck_cam_buffer *buf);

void puck_cam_done_retire(struct puck_cam_queue *queue);
void puck_cam_done_give_back(struct list_head *bufs, int error);
void puck_cam_done_end_fences(struct puck_cam_queue *queue, struct list_head *bufs, int error);
void puck_cam_done_fail(struct puck_cam_queue *queue, int error);
u64 puck_cam_done_time(u64 now, u64 device_now, u64 start);

void puck_cam_watch_init(struct puck_cam_queue *queue);
void puck_cam_watch_start(struct puck_cam_queue *queue);
void puck_cam_watch_stop(struct puck_cam_queue *queue);

#endif /* PUCK_CAM_QUEUE_H */
