/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When a buffer may go to the device. docs/v4l2-fences.rst has the rules and the proof.
 */
#ifndef PUCK_CAM_ADMIT_H
#define PUCK_CAM_ADMIT_H

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct dma_buf;
struct puck_cam_buffer;
struct puck_cam_out_fence;
struct puck_cam_queue;
struct puck_cam_vb2_buffer;
struct vb2_buffer;

/* Buffers that the device has at most at a time while others may wait for them. */
#define PUCK_CAM_FENCED_DEPTH	3
/*
 * How long it has one then, at most: each buffer before it, itself and the frame that may
 * have begun when it came take a second at the slowest rate; and one for good measure.
 */
#define PUCK_CAM_FENCE_BOUND_MS	((PUCK_CAM_FENCED_DEPTH + 2) * MSEC_PER_SEC)

/**
 * struct puck_cam_admit - where buffers wait before the device may have them
 * @queue: where they go
 * @wq: where @work runs; not the one that fences depend on
 * @work: looks again
 * @armed: called for each buffer that the running device got
 * @data: its argument
 * @lock: protects all below, and puck_cam_vb2_buffer.exported. Nothing that a fence needs
 * @running: the stream is on
 * @fences: PUCK_CAM_FENCES_* of the stream
 * @context: of the stream's fences
 * @number: of the last one
 * @waiting: struct puck_cam_buffer.node, in the order in which they were queued
 * @blocker: what the first of @waiting waits for; a reference, or NULL
 * @blocker_cb: the callback on it
 * @stats: for debugfs
 */
struct puck_cam_admit {
	struct puck_cam_queue *queue;
	struct workqueue_struct *wq;
	struct work_struct work;
	void (*armed)(void *data, struct puck_cam_buffer *buf);
	void *data;

	struct mutex lock;		/* what follows */
	bool running;
	u32 fences;
	u64 context;
	u64 number;
	struct list_head waiting;
	struct dma_fence *blocker;
	struct dma_fence_cb blocker_cb;
	struct {
		u64 waits;
		u64 fences;
	} stats;
};

int puck_cam_admit_init(struct puck_cam_admit *admit, struct puck_cam_queue *queue);
void puck_cam_admit_cleanup(struct puck_cam_admit *admit);
void puck_cam_admit_add(struct puck_cam_admit *admit, struct puck_cam_buffer *buf);
void puck_cam_admit_start(struct puck_cam_admit *admit, u32 fences);
void puck_cam_admit_stop(struct puck_cam_admit *admit, struct list_head *rest);
void puck_cam_admit_freed(struct puck_cam_admit *admit);
void puck_cam_admit_put_back(struct puck_cam_admit *admit, struct list_head *bufs);

struct dma_buf *puck_cam_admit_exported(struct puck_cam_admit *admit, struct vb2_buffer *vb,
					void *mem_priv, unsigned long flags,
					struct dma_buf *(*export)(struct vb2_buffer *vb,
								  void *mem_priv,
								  unsigned long flags));
void puck_cam_admit_forget(struct puck_cam_admit *admit, struct puck_cam_vb2_buffer *buf);

int puck_cam_out_fence(struct puck_cam_admit *admit, struct puck_cam_buffer *buf,
		       struct puck_cam_out_fence *args);

#endif /* PUCK_CAM_ADMIT_H */
