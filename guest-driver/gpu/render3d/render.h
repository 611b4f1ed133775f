/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 3D of one device: what it has room for, and the end of what it knows by numbers.
 *
 * The device knows contexts and resources by numbers that the driver chooses. They are in a
 * *renderer*, which may end at any time, and all of them with it: RENDER_EPOCH counts that. So each
 * has the epoch of the renderer that was told of it, and no job names it to another one:
 * puck_job.enter, which looks at the register before a job is written into the ring, also when it
 * is written there again. No number is given a second time before the device has done with it.
 */
#ifndef PUCK_RENDER_H
#define PUCK_RENDER_H

#include <linux/atomic.h>
#include <linux/idr.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "abi/puck_render3d.h"
#include "core/device.h"

struct puck_bo;
struct dma_fence;

/* Of an object that no renderer was told of. */
#define PUCK_RENDER_NEVER	(-1)

/**
 * struct puck_render - 3D of one device
 * @puck: the device
 * @contexts_max: contexts it takes, all files' together
 * @resources_max: resources likewise
 * @bytes_max: bytes of resources, as it counts them
 * @submit_max: bytes of one stream
 * @contexts: numbers in use
 * @resources: likewise
 * @bytes: that resources take, each as much as the device counts for it or as its BO has
 * @serials: for puck_render_object.serial
 * @lock: protects @ending. A leaf
 * @ending: struct puck_render_object.node, which nobody uses any more
 * @exposing: held, shared, by who makes and queues a job that may draw, and alone by who exposes a
 *            resource, or makes one of what is imported: puck_render_res.exposed and puck_bo.res
 *            change between jobs. Held over puck_queue.submit_lock and dma_resv locks
 * @reap: has the device end these, and then ends them; in TTM's workqueue, which waits for
 *        fences of BOs as well
 */
struct puck_render {
	struct puck_device *puck;
	u32 contexts_max;
	u32 resources_max;
	u64 bytes_max;
	u32 submit_max;
	struct ida contexts;
	struct ida resources;
	atomic64_t bytes;
	atomic_t serials;
	spinlock_t lock;		/* ending */
	struct list_head ending;
	struct rw_semaphore exposing;
	struct delayed_work reap;
};

/**
 * struct puck_render_object - a context, or a resource
 * @render: of the device
 * @id: what the device knows it by
 * @serial: no other object has had it, for as long as that matters
 * @epoch: of the renderer that was told of it, or PUCK_RENDER_NEVER. Written by puck_job.enter of
 *         the job that makes it
 * @bo: the memory of a resource; NULL: it is a context
 * @last: of a context, the fence of the job that was queued last; what ends it waits for that
 * @node: in puck_render.ending
 * @end: the fence of its end, or an ERR_PTR(); of the worker that ends it
 */
struct puck_render_object {
	struct puck_render *render;
	u32 id;
	u32 serial;
	s64 epoch;
	struct puck_bo *bo;
	struct dma_fence *last;
	struct list_head node;
	struct dma_fence *end;
};

/**
 * struct puck_render_res - a resource, as long as its BO is there and the device may know it
 * @object: base
 * @bytes: of puck_render.bytes
 * @untyped: the memory is another's, and what the renderer has is a copy, taken before each job
 *           that may use it, and given back behind that if it was drawn to. How it lies there is
 *           said by a stream, so the next three are zero
 * @width: texels of a row
 * @height: rows
 * @pitch: bytes from row to row where all of it lies in the memory, one row behind the other; zero
 *         if it does not lie there in such a way
 * @exposed: others look into the memory, so each job that may draw writes it there. It stays so.
 *           Under puck_render.exposing
 */
struct puck_render_res {
	struct puck_render_object object;
	u64 bytes;
	bool untyped;
	u32 width;
	u32 height;
	u32 pitch;
	bool exposed;
};

/* The epoch of the renderer that there is, or will be. Inside drm_dev_enter(), awake. */
static inline s64 puck_render_epoch(struct puck_render *render)
{
	return puck_read(render->puck, PUCK_RENDER_EPOCH);
}

/* Whether the renderer that was told of an object has not ended since. Context: likewise. */
static inline bool puck_render_object_is_there(struct puck_render_object *object)
{
	return READ_ONCE(object->epoch) == puck_render_epoch(object->render);
}

int puck_render_init(struct puck_device *puck);
void puck_render_object_init(struct puck_render *render, struct puck_render_object *object);
void puck_render_object_end(struct puck_render_object *object);

#endif /* PUCK_RENDER_H */
