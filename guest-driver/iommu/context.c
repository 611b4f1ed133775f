// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root and context tables: which domain a requester is in. Section "Root and
 * context tables".
 */

#include <linux/bitfield.h>
#include <linux/gfp.h>
#include <linux/io.h>

#include "context.h"
#include "device.h"
#include "domain.h"
#include "instance.h"

/* The context entry of a requester, or NULL if its bus has no table yet. */
static struct puck_iommu_ctx_entry *context_entry(struct puck_iommu *iommu, u16 requester)
{
	u64 root = le64_to_cpu(iommu->root[PCI_BUS_NUM(requester)].ctx);
	struct puck_iommu_ctx_entry *table;

	lockdep_assert_held(&iommu->dev_lock);
	if (!(root & PUCK_IOMMU_ROOT_ENTRY_VALID))
		return NULL;
	table = phys_to_virt(root & PUCK_IOMMU_ROOT_ENTRY_ADDR);
	return &table[requester & 0xff];
}

/*
 * Never valid with old and new halves mixed: the device reads the halves one after
 * the other, and caches valid entries whenever it likes. So a valid entry is made
 * invalid by one store, and INV_CONTEXT with its SYNC outlasts whoever has read the
 * old half, before the other half changes. An entry that is not valid is not
 * cached, so the last store needs no command. While the entry changes, the device
 * behind it faults.
 *
 * A device that does not answer was complained of; what it translates cannot be
 * relied on any more. To leave the entry invalid would only break what still works.
 */
static void context_write(struct puck_iommu *iommu, u16 requester, u64 table, u64 domain)
{
	struct puck_iommu_ctx_entry *entry = context_entry(iommu, requester);

	if (!entry || (le64_to_cpu(entry->table) == table && le64_to_cpu(entry->domain) == domain))
		return;
	if (le64_to_cpu(entry->table) & PUCK_IOMMU_CTX_VALID) {
		WRITE_ONCE(entry->table, 0);
		dma_wmb();
		puck_iommu_command(iommu, PUCK_IOMMU_CMD_INV_CONTEXT, requester, 0, 0);
	}
	WRITE_ONCE(entry->domain, cpu_to_le64(domain));
	/* Pairs with the device's order: it reads the table, then the domain. */
	dma_wmb();
	WRITE_ONCE(entry->table, cpu_to_le64(table));
}

typedef int (*requester_fn)(struct puck_iommu_dev *pd, u16 requester, void *data);

/*
 * Calls @fn for each requester that DMA of the device may come with: its own,
 * and what bridges to conventional PCI on its way put in the place of that.
 * The last one that is not behind another such bridge is what the IOMMU sees.
 */
static int requesters_call(struct puck_iommu_dev *pd, requester_fn fn, void *data)
{
	struct pci_dev *pdev = to_pci_dev(pd->dev);
	struct pci_dev *bridge;
	int ret = fn(pd, pci_dev_id(pdev), data);

	for (bridge = pci_upstream_bridge(pdev); bridge && !ret;
	     bridge = pci_upstream_bridge(bridge)) {
		if (!pci_is_pcie(bridge))
			ret = fn(pd, pci_dev_id(bridge), data);
		else if (pci_pcie_type(bridge) == PCI_EXP_TYPE_PCI_BRIDGE)
			ret = fn(pd, PCI_DEVID(bridge->subordinate->number, 0), data);
	}
	return ret;
}

struct context_job {
	u64 table;
	u64 domain;
};

static int context_alloc_one(struct puck_iommu_dev *pd, u16 requester, void *unused)
{
	struct puck_iommu *iommu = pd->iommu;
	__le64 *root = &iommu->root[PCI_BUS_NUM(requester)].ctx;
	unsigned long table;
	int ret;

	if (!*root) {
		table = get_zeroed_page(GFP_KERNEL);
		if (!table)
			return -ENOMEM;
		dma_wmb();
		WRITE_ONCE(*root, cpu_to_le64(virt_to_phys((void *)table) |
					      PUCK_IOMMU_ROOT_ENTRY_VALID));
	}
	/* Devices behind a conventional bridge share one requester: the first has it. */
	ret = xa_insert(&iommu->requesters, requester, pd, GFP_KERNEL);
	return ret == -EBUSY ? 0 : ret;
}

static int context_write_one(struct puck_iommu_dev *pd, u16 requester, void *data)
{
	const struct context_job *job = data;

	context_write(pd->iommu, requester, job->table, job->domain);
	return 0;
}

static int context_clear_one(struct puck_iommu_dev *pd, u16 requester, void *unused)
{
	struct puck_iommu *iommu = pd->iommu;

	if (xa_load(&iommu->requesters, requester) != pd)
		return 0;
	context_write(iommu, requester, 0, 0);
	xa_erase(&iommu->requesters, requester);
	return 0;
}

/**
 * puck_iommu_context_clear - forget a device; its DMA faults from now on
 * @pd: the device
 */
void puck_iommu_context_clear(struct puck_iommu_dev *pd)
{
	mutex_lock(&pd->iommu->dev_lock);
	requesters_call(pd, context_clear_one, NULL);
	pd->domain = NULL;
	mutex_unlock(&pd->iommu->dev_lock);
}

/**
 * puck_iommu_context_alloc - get to know a device; its DMA still faults
 * @pd: the device
 *
 * Return: 0 or -ENOMEM.
 */
int puck_iommu_context_alloc(struct puck_iommu_dev *pd)
{
	int ret;

	mutex_lock(&pd->iommu->dev_lock);
	ret = requesters_call(pd, context_alloc_one, NULL);
	mutex_unlock(&pd->iommu->dev_lock);
	if (ret)
		puck_iommu_context_clear(pd);
	return ret;
}

/**
 * puck_iommu_context_set - put a device into a domain
 * @pd: the device
 * @mode: PUCK_IOMMU_CTX_MODE_*
 * @domain: the domain of MODE_TRANSLATE, else NULL
 *
 * Return: 0, or -EINVAL if the domain belongs to another puck-iommu.
 */
int puck_iommu_context_set(struct puck_iommu_dev *pd, u64 mode, struct puck_iommu_domain *domain)
{
	struct puck_iommu *iommu = pd->iommu;
	struct context_job job = {
		.table = PUCK_IOMMU_CTX_VALID | FIELD_PREP(PUCK_IOMMU_CTX_MODE, mode),
	};
	int ret = 0;

	if (domain) {
		job.table |= virt_to_phys(domain->root);
		job.domain = domain->id;
	}

	mutex_lock(&iommu->dev_lock);
	/* Devices of two instances may attach to one domain at a time: the first has it. */
	if (domain && cmpxchg(&domain->iommu, NULL, iommu) && domain->iommu != iommu) {
		ret = -EINVAL;
	} else {
		requesters_call(pd, context_write_one, &job);
		pd->domain = domain;
	}
	mutex_unlock(&iommu->dev_lock);
	return ret;
}

/**
 * puck_iommu_context_free_all - free all context tables
 * @iommu: the device, disabled, with no device in its charge
 */
void puck_iommu_context_free_all(struct puck_iommu *iommu)
{
	unsigned int bus;

	for (bus = 0; bus < PUCK_IOMMU_ROOT_ENTRIES; bus++) {
		u64 root = le64_to_cpu(iommu->root[bus].ctx);

		if (root & PUCK_IOMMU_ROOT_ENTRY_VALID)
			free_page((unsigned long)phys_to_virt(root & PUCK_IOMMU_ROOT_ENTRY_ADDR));
	}
	xa_destroy(&iommu->requesters);
}
