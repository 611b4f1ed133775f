// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains: paging ones with a page table and a number, identity and blocked as
 * modes of the context entry. Flushes, strict and lazy.
 */

#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../compat/iommu.h"
#include "context.h"
#include "device.h"
#include "domain.h"
#include "instance.h"
#include "pgtable.h"
#include "trace.h"

/* Domain numbers, one space for all instances. 0 stays for entries without one. */
static DEFINE_IDA(puck_iommu_domain_ids);

/*
 * Tables that were retired by now leave with this command, whoever retired
 * them: SYNC outlasts every walk that may still be in one. If the device does not
 * answer, they stay for a command that it does. Returns whether it did.
 */
static noinline bool domain_flush(struct puck_iommu_domain *pdom, u16 opcode, u64 iova, u64 size)
{
	struct puck_iommu *iommu = READ_ONCE(pdom->iommu);
	struct page *retired = NULL;
	bool done = true;

	if (READ_ONCE(pdom->retired))
		retired = xchg(&pdom->retired, NULL);
	/* A domain that no device was ever in is in no IOTLB. */
	if (iommu)
		done = puck_iommu_command(iommu, opcode, pdom->id, iova, size);
	if (retired && done)
		puck_iommu_pgtable_free_retired(retired);
	else if (retired)
		puck_iommu_pgtable_keep_retired(pdom, retired);
	if (done)
		trace_puck_iommu_flush(pdom->id, iova, size ?: PUCK_IOMMU_IOVA_END);
	return done;
}

/* Lazy: thousands of unmapped ranges at once. */
static void domain_flush_iotlb_all(struct iommu_domain *domain)
{
	domain_flush(to_puck_domain(domain), PUCK_IOMMU_CMD_INV_DOMAIN, 0, 0);
}

/*
 * Strict: what one unmap gathered, which is one range nearly always. Each unmapping
 * waits for this, so a command that meets no trouble is sent from here.
 */
static void domain_iotlb_sync(struct iommu_domain *domain, struct iommu_iotlb_gather *gather)
{
	struct puck_iommu_domain *pdom = to_puck_domain(domain);
	struct puck_iommu *iommu = READ_ONCE(pdom->iommu);
	struct puck_iommu_cmd *cmd;
	unsigned long flags;
	u64 position;

	/* Nothing was gathered. */
	if (unlikely(gather->start > gather->end))
		return;
	if (unlikely(!iommu || READ_ONCE(pdom->retired) || trace_puck_iommu_flush_enabled() ||
		     trace_puck_iommu_command_enabled()))
		goto flush;

	spin_lock_irqsave(&iommu->queue.lock, flags);
	cmd = puck_iommu_queue_slot_locked(&iommu->queue);
	if (unlikely(!cmd)) {
		spin_unlock_irqrestore(&iommu->queue.lock, flags);
		goto flush;
	}
	position = puck_iommu_queue_put_locked(&iommu->queue, cmd, PUCK_IOMMU_CMD_INV_RANGE,
					       pdom->id, gather->start,
					       gather->end - gather->start + 1);
	spin_unlock_irqrestore(&iommu->queue.lock, flags);
	if (unlikely(!puck_iommu_queue_done(&iommu->queue, position)))
		puck_iommu_queue_wait(iommu, position);
	return;

flush:
	domain_flush(pdom, PUCK_IOMMU_CMD_INV_RANGE, gather->start,
		     gather->end - gather->start + 1);
}

static int domain_attach_paging(PUCK_ATTACH_ARGS)
{
	return puck_iommu_context_set(dev_iommu_priv_get(dev), PUCK_IOMMU_CTX_MODE_TRANSLATE,
				      to_puck_domain(domain));
}

static int domain_attach_identity(PUCK_ATTACH_ARGS)
{
	return puck_iommu_context_set(dev_iommu_priv_get(dev), PUCK_IOMMU_CTX_MODE_IDENTITY, NULL);
}

static int domain_attach_blocked(PUCK_ATTACH_ARGS)
{
	return puck_iommu_context_set(dev_iommu_priv_get(dev), PUCK_IOMMU_CTX_MODE_BLOCKED, NULL);
}

/*
 * The number goes back only when no entry in the IOTLB bears it any more, and the
 * tables when no walk is in them. Without the device's word for it they never do:
 * a walk through a page that is somebody else's by then could lead anywhere.
 */
static void domain_free(struct iommu_domain *domain)
{
	struct puck_iommu_domain *pdom = to_puck_domain(domain);

	if (likely(domain_flush(pdom, PUCK_IOMMU_CMD_INV_DOMAIN, 0, 0))) {
		ida_free(&puck_iommu_domain_ids, pdom->id);
		puck_iommu_pgtable_free(pdom->root);
	} else {
		atomic_inc(&pdom->iommu->leaked);
		dev_err(&pdom->iommu->pdev->dev,
			"domain %u: no answer to its invalidation; its tables are never freed\n",
			pdom->id);
	}
	kvfree(pdom->low);
	kfree(pdom);
}

const struct iommu_domain_ops puck_iommu_paging_ops = {
	.attach_dev = domain_attach_paging,
	.map_pages = puck_iommu_map_pages,
	.unmap_pages = puck_iommu_unmap_pages,
	.flush_iotlb_all = domain_flush_iotlb_all,
	.iotlb_sync = domain_iotlb_sync,
	.iova_to_phys = puck_iommu_iova_to_phys,
	.free = domain_free,
};

static struct puck_iommu_domain *domain_new(void)
{
	struct puck_iommu_domain *pdom = kzalloc(sizeof(*pdom), GFP_KERNEL);
	int id;

	if (!pdom)
		return NULL;
	pdom->root = puck_iommu_pgtable_alloc(GFP_KERNEL);
	if (!pdom->root)
		goto free_domain;
	pdom->low = kvcalloc(PUCK_IOMMU_LOW_END / SZ_2M, sizeof(*pdom->low), GFP_KERNEL);
	if (!pdom->low)
		goto free_root;
	id = ida_alloc_range(&puck_iommu_domain_ids, 1, U16_MAX,
			     GFP_KERNEL);
	if (id < 0)
		goto free_low;
	pdom->id = id;
	pdom->domain.ops = &puck_iommu_paging_ops;
	pdom->domain.pgsize_bitmap = PUCK_IOMMU_PAGE_SIZES;
	pdom->domain.geometry.aperture_end = PUCK_IOMMU_IOVA_END - 1;
	pdom->domain.geometry.force_aperture = true;
	return pdom;

free_low:
	kvfree(pdom->low);
free_root:
	puck_iommu_pgtable_free(pdom->root);
free_domain:
	kfree(pdom);
	return NULL;
}

#ifdef PUCK_HAVE_IOMMU_STATIC_DOMAINS
static const struct iommu_domain_ops identity_ops = {
	.attach_dev = domain_attach_identity,
};

struct iommu_domain puck_iommu_identity_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &identity_ops,
};

static const struct iommu_domain_ops blocked_ops = {
	.attach_dev = domain_attach_blocked,
};

struct iommu_domain puck_iommu_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &blocked_ops,
};

/**
 * puck_iommu_domain_alloc_paging - a domain with an empty page table
 * @dev: a device that is going to use it, or NULL
 *
 * Return: the domain, or NULL without memory or numbers.
 */
struct iommu_domain *puck_iommu_domain_alloc_paging(struct device *dev)
{
	struct puck_iommu_domain *pdom = domain_new();

	return pdom ? &pdom->domain : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(puck_iommu_domain_alloc_paging);
#else
static void bare_domain_free(struct iommu_domain *domain)
{
	kfree(domain);
}

static const struct iommu_domain_ops identity_ops = {
	.attach_dev = domain_attach_identity,
	.free = bare_domain_free,
};

static const struct iommu_domain_ops blocked_ops = {
	.attach_dev = domain_attach_blocked,
	.free = bare_domain_free,
};

static struct iommu_domain *bare_domain_new(const struct iommu_domain_ops *ops)
{
	struct iommu_domain *domain = kzalloc(sizeof(*domain), GFP_KERNEL);

	if (domain)
		domain->ops = ops;
	return domain;
}

/**
 * puck_iommu_domain_alloc - a domain of any type
 * @type: IOMMU_DOMAIN_*
 *
 * Return: the domain, or NULL without memory or numbers.
 */
struct iommu_domain *puck_iommu_domain_alloc(unsigned int type)
{
	struct puck_iommu_domain *pdom;

	if (type == IOMMU_DOMAIN_IDENTITY)
		return bare_domain_new(&identity_ops);
	if (type == IOMMU_DOMAIN_BLOCKED)
		return bare_domain_new(&blocked_ops);
	if (!(type & __IOMMU_DOMAIN_PAGING))
		return NULL;
	pdom = domain_new();
	return pdom ? &pdom->domain : NULL;
}
#endif

/**
 * puck_iommu_domain_exit - undo what domains left at module level
 */
void puck_iommu_domain_exit(void)
{
	ida_destroy(&puck_iommu_domain_ids);
}
