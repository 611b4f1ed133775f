/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lab 5: what of a driver for puck-iommu is there already. It takes the function, starts
 * both queues, has the context table of each bus and a block of pages to be mapped, and
 * answers the grader's calls. What it declares under "Yours" is to be written.
 *
 * Nothing in here is to be changed for the lab. It is worth reading, as far as "Yours".
 */
#ifndef PUCK_LAB_IOMMU_H
#define PUCK_LAB_IOMMU_H

#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "abi/puck_iommu.h"
#include "puck_lab_port.h"

#define LAB_QUEUE_ORDER		8
#define LAB_QUEUE_ENTRIES	BIT(LAB_QUEUE_ORDER)
/* Pages that the grader has mapped; they lie behind each other in memory. */
#define LAB_POOL_ORDER		4
#define LAB_POOL_PAGES		BIT(LAB_POOL_ORDER)
/* How long the device may take for what it is told. */
#define LAB_PATIENCE_US		(2 * USEC_PER_SEC)

/**
 * struct lab_iommu - one puck-iommu
 * @pdev: its PCI function
 * @regs: BAR 0
 * @lock: held while a call of the grader's is answered
 * @root: root table, one entry for each bus
 * @root_dma: its address
 * @commands: the command queue, %LAB_QUEUE_ENTRIES of them
 * @commands_dma: its address
 * @tail: where the next command goes
 * @faults: the fault queue
 * @faults_dma: its address
 * @word: a word that a SYNC may write
 * @word_dma: its address, as the device knows it
 * @syncs: yours: counts what you have had written to @word
 * @pool: the pages that are mapped
 * @tables: page tables that were allocated and not freed
 * @domain: the one domain that a device is in, or NULL
 */
struct lab_iommu {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct mutex lock;	/* around each call of the grader's, and so around your functions */
	struct puck_iommu_root_entry *root;
	dma_addr_t root_dma;
	struct puck_iommu_cmd *commands;
	dma_addr_t commands_dma;
	unsigned int tail;
	struct puck_iommu_fault *faults;
	dma_addr_t faults_dma;
	__le64 *word;
	dma_addr_t word_dma;
	u64 syncs;
	struct page *pool;
	int tables;
	struct lab_domain *domain;
};

/**
 * struct lab_domain - an address space of devices
 * @iommu: whose it is
 * @id: its number, the tag of what the IOTLB holds of it
 * @root: its level-4 table, from lab_table_alloc(), empty at first
 */
struct lab_domain {
	struct lab_iommu *iommu;
	u16 id;
	__le64 *root;
};

/**
 * lab_table_alloc - an empty page table of 512 entries
 * @iommu: counts it
 *
 * Return: the table, of which virt_to_phys() is the address for an entry; NULL without memory.
 */
static inline __le64 *lab_table_alloc(struct lab_iommu *iommu)
{
	__le64 *table = (__le64 *)get_zeroed_page(GFP_KERNEL);

	iommu->tables += !!table;
	return table;
}

static inline void lab_table_free(struct lab_iommu *iommu, __le64 *table)
{
	iommu->tables--;
	free_page((unsigned long)table);
}

/**
 * lab_context - the context entry of a requester
 * @iommu: the IOMMU
 * @requester: bus number 15:8, device and function 7:0
 *
 * The context table of its bus is made if it is not there yet. It lies in memory like any
 * page table, and stays until the driver goes.
 *
 * Return: the entry, NULL without memory.
 */
static inline struct puck_iommu_ctx_entry *lab_context(struct lab_iommu *iommu, u16 requester)
{
	struct puck_iommu_root_entry *root = &iommu->root[requester >> 8];
	struct puck_iommu_ctx_entry *table;
	u64 entry = le64_to_cpu(root->ctx);

	if (!(entry & PUCK_IOMMU_ROOT_ENTRY_VALID)) {
		table = (void *)get_zeroed_page(GFP_KERNEL);
		if (!table)
			return NULL;
		entry = virt_to_phys(table) | PUCK_IOMMU_ROOT_ENTRY_VALID;
		WRITE_ONCE(root->ctx, cpu_to_le64(entry));
	}
	table = phys_to_virt(entry & PUCK_IOMMU_ROOT_ENTRY_ADDR);
	return &table[requester & 0xff];
}

/**
 * lab_command - put one command into the queue, and ring the doorbell
 * @iommu: the IOMMU
 * @cmd: the command; it is copied
 *
 * Does not wait: "Command queue" of the spec says what of it is done when.
 *
 * Return: 0, or -EIO if the queue is full or has stopped.
 */
static inline int lab_command(struct lab_iommu *iommu, const struct puck_iommu_cmd *cmd)
{
	unsigned int next = (iommu->tail + 1) % LAB_QUEUE_ENTRIES;

	if (readl(iommu->regs + PUCK_IOMMU_STATUS) & PUCK_IOMMU_STATUS_CQ_ERROR ||
	    next == readl(iommu->regs + PUCK_IOMMU_CQ_HEAD))
		return -EIO;
	iommu->commands[iommu->tail] = *cmd;
	iommu->tail = next;
	/* writel() orders the command before the doorbell. */
	writel(next, iommu->regs + PUCK_IOMMU_CQ_TAIL);
	return 0;
}

/*
 * Yours. The names of the four in the middle are those of struct iommu_domain_ops: in a driver
 * of the kernel's IOMMU layer they are what dma_map_sgtable() ends in.
 */

/**
 * lab_flush - have a command done, and wait until it is
 * @iommu: the IOMMU
 * @opcode: PUCK_IOMMU_CMD_INV_*
 * @id: domain or requester
 * @addr: first IOVA, if the command has one
 * @size: bytes, if the command has that
 *
 * Return: 0, or a negative errno if the device does not do it.
 */
static int lab_flush(struct lab_iommu *iommu, u16 opcode, u32 id, u64 addr, u64 size);

/**
 * lab_attach_dev - let the DMA of a requester be translated by a domain
 * @domain: the domain
 * @requester: bus number 15:8, device and function 7:0
 *
 * Return: 0 or a negative errno.
 */
static int lab_attach_dev(struct lab_domain *domain, u16 requester);

/**
 * lab_map_pages - enter a run of pages
 * @domain: the domain
 * @iova: first IOVA, a multiple of 4096
 * @paddr: first physical address
 * @pgcount: pages of 4096 bytes
 * @prot: IOMMU_READ, IOMMU_WRITE: what devices may do
 * @mapped: is to be increased by the bytes entered, also if a later page fails
 *
 * Return: 0, -ENOMEM, -ERANGE if it does not end below 2^48, -EEXIST where a page is
 * mapped already.
 */
static int lab_map_pages(struct lab_domain *domain, unsigned long iova, phys_addr_t paddr,
			 size_t pgcount, int prot, size_t *mapped);

/**
 * lab_unmap_pages - take a run of pages out of the tables
 * @domain: the domain
 * @iova: first IOVA
 * @pgcount: pages
 *
 * The IOTLB is not this function's: see lab_iotlb_sync().
 *
 * Return: bytes taken out, up to the first page that was not mapped.
 */
static size_t lab_unmap_pages(struct lab_domain *domain, unsigned long iova, size_t pgcount);

/**
 * lab_iotlb_sync - no device reaches what was unmapped, from here on
 * @domain: the domain
 * @iova: first IOVA of what was unmapped
 * @size: bytes of it
 *
 * When this returns the pages may belong to somebody else.
 */
static void lab_iotlb_sync(struct lab_domain *domain, unsigned long iova, size_t size);

/**
 * lab_iova_to_phys - where an IOVA leads
 * @domain: the domain
 * @iova: any IOVA
 *
 * Return: the physical address, of that very byte; 0 if there is none.
 */
static phys_addr_t lab_iova_to_phys(struct lab_domain *domain, dma_addr_t iova);

/**
 * lab_free_tables - free all tables of a domain, the level-4 one as well
 * @domain: the domain; no device is in it, and the IOTLB has nothing of it
 */
static void lab_free_tables(struct lab_domain *domain);

/* The grader's calls. */

static long lab_do_attach(struct lab_iommu *iommu, u16 requester)
{
	struct lab_domain *domain;
	int ret = -ENOMEM;

	if (iommu->domain)
		return -EBUSY;
	domain = kzalloc(sizeof(*domain), GFP_KERNEL);
	if (!domain)
		return -ENOMEM;
	domain->iommu = iommu;
	domain->id = 7;
	domain->root = lab_table_alloc(iommu);
	if (!domain->root)
		goto err_free;
	ret = lab_attach_dev(domain, requester);
	if (ret)
		goto err_table;
	iommu->domain = domain;
	return 0;

err_table:
	lab_table_free(iommu, domain->root);
err_free:
	kfree(domain);
	return ret;
}

/* All contexts go, and nobody is translated by the domain any more. */
static void lab_do_detach(struct lab_iommu *iommu)
{
	struct puck_iommu_ctx_entry *table;
	unsigned int i;

	if (!iommu->domain)
		return;
	for (i = 0; i < PUCK_IOMMU_ROOT_ENTRIES; i++) {
		u64 entry = le64_to_cpu(iommu->root[i].ctx);

		table = phys_to_virt(entry & PUCK_IOMMU_ROOT_ENTRY_ADDR);
		if (entry & PUCK_IOMMU_ROOT_ENTRY_VALID)
			memset(table, 0, PAGE_SIZE);
	}
	lab_flush(iommu, PUCK_IOMMU_CMD_INV_ALL, 0, 0, 0);
	lab_free_tables(iommu->domain);
	kfree(iommu->domain);
	iommu->domain = NULL;
}

static long lab_do_map(struct lab_iommu *iommu, struct puck_lab_call *call)
{
	u64 page = call->arg[1], count = call->arg[2];
	size_t mapped = 0;
	long ret;

	if (page >= LAB_POOL_PAGES || count > LAB_POOL_PAGES - page)
		return -EINVAL;
	ret = lab_map_pages(iommu->domain, call->arg[0], page_to_phys(iommu->pool + page), count,
			    call->arg[3], &mapped);
	/* As iommu_map() does: what was entered before the failure is taken out again. */
	if (ret && mapped)
		lab_unmap_pages(iommu->domain, call->arg[0], mapped / SZ_4K);
	call->arg[0] = mapped;
	return ret;
}

static long lab_do_unmap(struct lab_iommu *iommu, struct puck_lab_call *call)
{
	u64 iova = call->arg[0];

	call->arg[0] = lab_unmap_pages(iommu->domain, iova, call->arg[1]);
	if (call->arg[0])
		lab_iotlb_sync(iommu->domain, iova, call->arg[0]);
	return 0;
}

/* One record of the fault queue; arg[0] is 0 if there is none. */
static long lab_do_fault(struct lab_iommu *iommu, struct puck_lab_call *call)
{
	u32 head = readl(iommu->regs + PUCK_IOMMU_FQ_HEAD);
	struct puck_iommu_fault *fault = &iommu->faults[head % LAB_QUEUE_ENTRIES];

	call->arg[0] = head != readl(iommu->regs + PUCK_IOMMU_FQ_TAIL);
	if (!call->arg[0])
		return 0;
	dma_rmb();
	call->arg[1] = fault->reason;
	call->arg[2] = le64_to_cpu(fault->iova);
	call->arg[3] = fault->flags;
	writel((head + 1) % LAB_QUEUE_ENTRIES, iommu->regs + PUCK_IOMMU_FQ_HEAD);
	return 0;
}

static long lab_do_bytes(struct lab_iommu *iommu, struct puck_lab_call *call, void *in, void *out)
{
	u64 at = call->arg[0];

	if (at > LAB_POOL_PAGES * PAGE_SIZE || call->in_len > LAB_POOL_PAGES * PAGE_SIZE - at ||
	    call->out_len > LAB_POOL_PAGES * PAGE_SIZE - at)
		return -EINVAL;
	memcpy(page_address(iommu->pool) + at, in, call->in_len);
	memcpy(out, page_address(iommu->pool) + at, call->out_len);
	return 0;
}

static long lab_do_lookup(struct lab_iommu *iommu, struct puck_lab_call *call)
{
	phys_addr_t found = lab_iova_to_phys(iommu->domain, call->arg[0]);

	call->arg[0] = !!found;
	call->arg[1] = found - page_to_phys(iommu->pool);
	return 0;
}

static long lab_answer(struct lab_iommu *iommu, struct puck_lab_call *call, void *in, void *out)
{
	switch (call->op) {
	case PUCK_LAB_IOMMU_ATTACH:
		return lab_do_attach(iommu, call->arg[0]);
	case PUCK_LAB_IOMMU_DETACH:
		lab_do_detach(iommu);
		call->arg[0] = iommu->tables;
		return 0;
	case PUCK_LAB_IOMMU_BYTES:
		return lab_do_bytes(iommu, call, in, out);
	case PUCK_LAB_IOMMU_FAULT:
		return lab_do_fault(iommu, call);
	}
	if (!iommu->domain)
		return -ENODEV;
	switch (call->op) {
	case PUCK_LAB_IOMMU_MAP:
		return lab_do_map(iommu, call);
	case PUCK_LAB_IOMMU_UNMAP:
		return lab_do_unmap(iommu, call);
	case PUCK_LAB_IOMMU_LOOKUP:
		return lab_do_lookup(iommu, call);
	}
	return -EINVAL;
}

static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	struct lab_iommu *iommu = priv;
	long ret;

	mutex_lock(&iommu->lock);
	ret = lab_answer(iommu, call, in, out);
	mutex_unlock(&iommu->lock);
	return ret;
}

/* How the driver takes its function, and gives it back. */

static void lab_end(void *data)
{
	struct lab_iommu *iommu = data;
	unsigned int i;

	writel(PUCK_IOMMU_CTRL_RESET, iommu->regs + PUCK_IOMMU_CTRL);
	for (i = 0; i < PUCK_IOMMU_ROOT_ENTRIES; i++) {
		u64 entry = le64_to_cpu(iommu->root[i].ctx);

		if (entry & PUCK_IOMMU_ROOT_ENTRY_VALID)
			free_page((unsigned long)phys_to_virt(entry & PUCK_IOMMU_ROOT_ENTRY_ADDR));
	}
	if (iommu->tables)
		dev_err(&iommu->pdev->dev, "%d page tables were never freed\n", iommu->tables);
	__free_pages(iommu->pool, LAB_POOL_ORDER);
}

static int lab_memory(struct lab_iommu *iommu)
{
	struct device *dev = &iommu->pdev->dev;

	iommu->root = dmam_alloc_coherent(dev, PAGE_SIZE, &iommu->root_dma, GFP_KERNEL);
	iommu->word = dmam_alloc_coherent(dev, PAGE_SIZE, &iommu->word_dma, GFP_KERNEL);
	iommu->commands = dmam_alloc_coherent(dev, LAB_QUEUE_ENTRIES * sizeof(*iommu->commands),
					      &iommu->commands_dma, GFP_KERNEL);
	iommu->faults = dmam_alloc_coherent(dev, LAB_QUEUE_ENTRIES * sizeof(*iommu->faults),
					    &iommu->faults_dma, GFP_KERNEL);
	if (!iommu->root || !iommu->word || !iommu->commands || !iommu->faults)
		return -ENOMEM;
	iommu->pool = alloc_pages(GFP_KERNEL | __GFP_ZERO, LAB_POOL_ORDER);
	return iommu->pool ? devm_add_action_or_reset(dev, lab_end, iommu) : -ENOMEM;
}

/* Requesters without a context are refused from here on: there are none but the grader's. */
static void lab_start(struct lab_iommu *iommu)
{
	writel(PUCK_IOMMU_CTRL_RESET, iommu->regs + PUCK_IOMMU_CTRL);
	writeq(iommu->root_dma, iommu->regs + PUCK_IOMMU_ROOT);
	writeq(iommu->commands_dma | LAB_QUEUE_ORDER, iommu->regs + PUCK_IOMMU_CQ_BASE);
	writeq(iommu->faults_dma | LAB_QUEUE_ORDER, iommu->regs + PUCK_IOMMU_FQ_BASE);
	writel(PUCK_IOMMU_CTRL_ENABLE | PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE |
	       PUCK_IOMMU_CTRL_AUDIT, iommu->regs + PUCK_IOMMU_CTRL);
}

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct lab_iommu *iommu;
	int ret;

	iommu = devm_kzalloc(dev, sizeof(*iommu), GFP_KERNEL);
	if (!iommu)
		return -ENOMEM;
	iommu->pdev = pdev;
	pci_set_drvdata(pdev, iommu);
	ret = devm_mutex_init(dev, &iommu->lock);
	if (!ret)
		ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	iommu->regs = pcim_iomap_region(pdev, PUCK_IOMMU_BAR_REGS, KBUILD_MODNAME);
	if (IS_ERR(iommu->regs))
		return dev_err_probe(dev, PTR_ERR(iommu->regs), "cannot map the registers\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(PUCK_IOMMU_PA_BITS));
	if (!ret)
		ret = lab_memory(iommu);
	if (ret)
		return dev_err_probe(dev, ret, "no memory for the device\n");
	pci_set_master(pdev);
	lab_start(iommu);
	return devm_puck_lab_port(dev, lab_call, iommu);
}

/* The port is still there, and is gone before anything else is. */
static void lab_remove(struct pci_dev *pdev)
{
	struct lab_iommu *iommu = pci_get_drvdata(pdev);

	mutex_lock(&iommu->lock);
	lab_do_detach(iommu);
	mutex_unlock(&iommu->lock);
}

static const struct pci_device_id lab_ids[] = {
	{ PCI_DEVICE(PUCK_IOMMU_PCI_VENDOR, PUCK_IOMMU_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, lab_ids);

static struct pci_driver lab_driver = {
	.name = KBUILD_MODNAME,
	.id_table = lab_ids,
	.probe = lab_probe,
	.remove = lab_remove,
};
module_pci_driver(lab_driver);

#endif /* PUCK_LAB_IOMMU_H */
