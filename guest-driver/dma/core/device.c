// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy in force of a device.
 */

#include <linux/atomic.h>
#include <linux/lockdep.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "core/device.h"
#include "core/stack.h"
#include "iova/space.h"
#include "policy/policy.h"

/**
 * puck_dma_policy_now_new - a policy that is to come into force
 * @policy: the policy
 *
 * Return: it, to be freed by kvfree(); NULL without memory.
 */
struct puck_dma_policy_now *puck_dma_policy_now_new(const struct puck_dma_policy *policy)
{
	size_t stacks = policy->fail == PUCK_DMA_FAIL_EACH ? PUCK_DMA_STACKS : 0;
	struct puck_dma_policy_now *now = kvzalloc(struct_size(now, passed, stacks), GFP_KERNEL);

	if (now)
		now->policy = *policy;
	return now;
}

/* A few in each hold of the lock, which interrupts wait for. */
static void space_trim(struct puck_dma_dev *d)
{
	unsigned long flags;
	bool more;

	do {
		spin_lock_irqsave(&d->lock, flags);
		more = puck_dma_space_trim(&d->space);
		spin_unlock_irqrestore(&d->lock, flags);
		cond_resched();
	} while (more);
}

static void policy_set(struct puck_dma_dev *d, struct puck_dma_policy_now *now)
{
	struct puck_dma_policy_now *old;
	unsigned long flags;

	spin_lock_irqsave(&d->lock, flags);
	old = rcu_dereference_protected(d->policy, lockdep_is_held(&d->lock));
	now->since = atomic64_read(&d->number);
	rcu_assign_pointer(d->policy, now);
	/* Extents that were freed may lie where the new one does not look. */
	puck_dma_space_flush(&d->space);
	spin_unlock_irqrestore(&d->lock, flags);
	kvfree_rcu(old, rcu);
	space_trim(d);
}

/**
 * puck_dma_policy_change - another policy for mappings from now on
 * @d: the device
 * @policy: the policy
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int puck_dma_policy_change(struct puck_dma_dev *d, const struct puck_dma_policy *policy)
{
	struct puck_dma_policy_now *now = puck_dma_policy_now_new(policy);

	if (!now)
		return -ENOMEM;
	policy_set(d, now);
	return 0;
}

/**
 * puck_dma_policy_get - the policy in force
 * @d: the device
 * @policy: filled
 */
void puck_dma_policy_get(struct puck_dma_dev *d, struct puck_dma_policy *policy)
{
	rcu_read_lock();
	*policy = rcu_dereference(d->policy)->policy;
	rcu_read_unlock();
}
