// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences of this module, which end when it says so.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "core/scenario.h"

/* What others keep of a fence behind its end, they soon let go of. */
#define PATIENCE_MS	10000

/* The fence is freed by its address: it stands first. */
struct fence {
	struct dma_fence base;
	spinlock_t lock;	/* of @base, as dma_fence_init() asks for */
};

static_assert(!offsetof(struct fence, base));

static const char *get_name(struct dma_fence *fence)
{
	return "puck-scenarios";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = get_name,
	.get_timeline_name = get_name,
};

/**
 * puck_fence_create - make a fence that dma_fence_signal() ends
 * @context: of those that it is in order with
 * @number: in @context
 *
 * Return: the fence; NULL: no memory.
 */
struct dma_fence *puck_fence_create(u64 context, u64 number)
{
	struct fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	if (!fence)
		return NULL;
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &fence_ops, &fence->lock, context, number);
	return &fence->base;
}

/**
 * puck_fence_last_put - put a fence of this module when nobody else has it any more
 * @fence: signalled, or never seen by others; in no dma_resv. NULL: nothing to do
 *
 * A fence calls functions of the module, which may be removed next.
 *
 * Context: may sleep.
 */
void puck_fence_last_put(struct dma_fence *fence)
{
	unsigned int ms;

	if (!fence)
		return;
	for (ms = 0; kref_read(&fence->refcount) > 1 && ms < PATIENCE_MS; ms++)
		fsleep(1000);
	WARN_ON_ONCE(kref_read(&fence->refcount) > 1);
	dma_fence_put(fence);
}
