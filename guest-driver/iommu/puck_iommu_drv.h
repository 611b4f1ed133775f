/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * puck-iommu.ko: what its files share. Section names in comments are those of
 * docs/specs/iommu.rst; docs/locking.rst has the order of the locks.
 */
#ifndef PUCK_IOMMU_DRV_H
#define PUCK_IOMMU_DRV_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "abi/puck_iommu.h"

#define PUCK_IOMMU_CQ_ORDER	8
#define PUCK_IOMMU_FQ_ORDER	7

#define PUCK_IOMMU_IOVA_END	BIT_ULL(PUCK_IOMMU_IOVA_BITS)
/* The kernel's DMA layer prefers IOVAs below. */
#define PUCK_IOMMU_LOW_END	SZ_4G

/**
 * struct puck_iommu_queue - command queue, section "Command queue"
 *
 * Every submission is one command and a SYNC that writes the position after
 * itself to @slot. Positions run freely, the index in @ring is the position
 * modulo the size, so @slot is both the sign that a command is done and the
 * consumer index: no register is ever read on the way.
 */
struct puck_iommu_queue {
	/** @lock: guards the members below; taken from any context */
	spinlock_t lock;
	/** @ring: commands, 2^PUCK_IOMMU_CQ_ORDER of them */
	struct puck_iommu_cmd *ring;
	/** @slot: where SYNC writes; monotonic while @running */
	__le64 *slot;
	/** @slot_phys: the device's address of @slot */
	phys_addr_t slot_phys;
	/** @tail: position after the last command written */
	u64 tail;
	/**
	 * @limit: @tail may go so far without a look at @slot; 0 unless @running, and
	 * while @dead
	 */
	u64 limit;
	/** @running: commands are accepted; else IOTLB and contexts hold nothing */
	bool running;
	/** @dead: @repairs were too many; only a repair that works ends it */
	bool dead;
	/** @repairs: how many failed in a row */
	unsigned int repairs;
	/** @repaired_at: @slot at the last repair */
	u64 repaired_at;
	/** @errors: commands that the device refused */
	u32 errors;
};

/**
 * struct puck_iommu - one puck-iommu function
 */
struct puck_iommu {
	/** @iommu: what the IOMMU core knows */
	struct iommu_device iommu;
	/** @regs: BAR 0 */
	void __iomem *regs;
	/** @queue: commands */
	struct puck_iommu_queue queue;
	/** @pdev: the function */
	struct pci_dev *pdev;

	/**
	 * @dev_lock: guards @root and what hangs from it, @requesters, and the
	 * domain member of each struct puck_iommu_dev. Sleeps.
	 */
	struct mutex dev_lock;
	/** @root: root table; entries keep the addresses of context tables */
	struct puck_iommu_root_entry *root;
	/** @requesters: struct puck_iommu_dev by requester number */
	struct xarray requesters;

	/** @faults: fault queue, read by the interrupt thread alone */
	struct puck_iommu_fault *faults;
	/** @fault_head: next record to read; the interrupt thread's */
	u32 fault_head;
	/** @fault_limit: at most so many lines about faults */
	struct ratelimit_state fault_limit;
	/** @faults_unsaid: faults since the last line; the interrupt thread's */
	unsigned int faults_unsaid;

	/** @leaked: domains whose tables are never freed, for want of an answer */
	atomic_t leaked;

	/** @node: in the list of instances */
	struct list_head node;
	/** @id: number in the name of the sysfs device */
	int id;
	/** @registered: the IOMMU core knows @iommu; under the device lock of @pdev */
	bool registered;
};

/**
 * struct puck_iommu_dev - a device in charge
 */
struct puck_iommu_dev {
	/** @dev: the device */
	struct device *dev;
	/** @iommu: the instance that translates for it */
	struct puck_iommu *iommu;
	/** @domain: paging domain it is attached to, or NULL; under dev_lock */
	struct puck_iommu_domain *domain;
};

/**
 * struct puck_iommu_domain - an address space with a page table
 *
 * Mapping and unmapping take no lock: the caller owns the IOVA range that it
 * works on, and two callers meet in the upper levels only, where an entry goes
 * once from empty to a table.
 */
struct puck_iommu_domain {
	/** @domain: what the IOMMU core knows */
	struct iommu_domain domain;
	/** @root: level-4 table */
	__le64 *root;
	/** @low: level-1 tables below PUCK_IOMMU_LOW_END by number, NULL if not known */
	__le64 **low;
	/** @iommu: whose devices may attach; set by the first, never changed */
	struct puck_iommu *iommu;
	/** @id: tag of the IOTLB entries */
	u16 id;
	/**
	 * @retired: tables that were unhooked from @root and that a walk may
	 * still be in; linked by page->private, freed behind the next SYNC
	 */
	struct page *retired;
};

static inline struct puck_iommu_domain *to_puck_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct puck_iommu_domain, domain);
}

/* puck_iommu_drv.c */
struct puck_iommu *puck_iommu_find(struct pci_dev *pdev);
int puck_iommu_for_each(int (*fn)(struct puck_iommu *iommu, void *arg), void *arg);

/* puck_iommu_device.c */
extern const struct iommu_ops puck_iommu_ops;
int puck_iommu_check_unclaimed(struct puck_iommu *iommu);

/* puck_iommu_context.c */
int puck_iommu_context_set(struct puck_iommu_dev *pd, u64 mode, struct puck_iommu_domain *domain);
int puck_iommu_context_alloc(struct puck_iommu_dev *pd);
void puck_iommu_context_clear(struct puck_iommu_dev *pd);
void puck_iommu_context_free_all(struct puck_iommu *iommu);

/* puck_iommu_domain.c */
extern const struct iommu_domain_ops puck_iommu_paging_ops;
#ifdef PUCK_HAVE_IOMMU_STATIC_DOMAINS
extern struct iommu_domain puck_iommu_identity_domain;
extern struct iommu_domain puck_iommu_blocked_domain;
struct iommu_domain *puck_iommu_domain_alloc_paging(struct device *dev);
#else
struct iommu_domain *puck_iommu_domain_alloc(unsigned int type);
#endif
void puck_iommu_domain_exit(void);

/* puck_iommu_pgtable.c */
#define PUCK_IOMMU_PAGE_SIZES	(SZ_4K | SZ_2M)

__le64 *puck_iommu_pgtable_alloc(gfp_t gfp);
void puck_iommu_pgtable_free(__le64 *root);
int puck_iommu_map_pages(struct iommu_domain *domain, unsigned long iova, phys_addr_t paddr,
			 size_t pgsize, size_t pgcount, int prot, gfp_t gfp, size_t *mapped);
size_t puck_iommu_unmap_pages(struct iommu_domain *domain, unsigned long iova, size_t pgsize,
			      size_t pgcount, struct iommu_iotlb_gather *gather);
phys_addr_t puck_iommu_iova_to_phys(struct iommu_domain *domain, dma_addr_t iova);
void puck_iommu_pgtable_free_retired(struct page *list);
void puck_iommu_pgtable_keep_retired(struct puck_iommu_domain *pdom, struct page *list);

/* puck_iommu_queue.c */
int puck_iommu_queue_init(struct puck_iommu *iommu);
void puck_iommu_queue_start(struct puck_iommu *iommu);
void puck_iommu_queue_stop(struct puck_iommu *iommu);
void puck_iommu_queue_recover(struct puck_iommu *iommu);
bool puck_iommu_command(struct puck_iommu *iommu, u16 opcode, u32 id, u64 addr, u64 size);

/* puck_iommu_fault.c */
int puck_iommu_fault_init(struct puck_iommu *iommu);

/* puck_iommu_policy.c */
irqreturn_t puck_iommu_policy_thread(int irq, void *data);

/* puck_iommu_sysfs.c */
extern const struct attribute_group *puck_iommu_groups[];

#endif /* PUCK_IOMMU_DRV_H */
