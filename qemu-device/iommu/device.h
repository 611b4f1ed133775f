/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the device's state, and what its steps offer each other.
 *
 * One file a step: regs (register access), charge (buses in charge, address
 * spaces), translate, bulk, drain, context, entry, walk, iotlb, cmdq,
 * invalidate, faultq, irq, policy, guest-memory, vmstate, device (QOM). The
 * contract is docs/specs/iommu.rst; sites of mischief are in
 * docs/specs/mischief.rst.
 *
 * Locking. PuckIOMMU::lock protects everything marked (L). Requests come
 * from any thread with or without the BQL, register accesses with it. Order:
 * BQL, then lock; whoever holds the lock must not take the BQL, so nothing
 * under it may touch a memory region that is not RAM (see guest-memory.c) or
 * send an interrupt (see irq.c).
 */
#ifndef PUCK_IOMMU_H
#define PUCK_IOMMU_H

#include "hw/pci/pci_device.h"
#include "qemu/host-utils.h"
#include "qemu/thread.h"
#include "qemu/log.h"
#include "hw/puck/common/compat.h"
#include "hw/puck/common/hold.h"
#include "abi/puck_iommu.h"
#include "hw/puck/mischief/site.h"
#include "hw/puck/mischief/msi.h"
#include "hw/puck/mischief/window.h"
#include "drain.h"
#include "entry.h"
#include "invalidate.h"
#include "iotlb.h"
#include "policy.h"
#include "walk.h"

#define TYPE_PUCK_IOMMU "puck-iommu"
OBJECT_DECLARE_SIMPLE_TYPE(PuckIOMMU, PUCK_IOMMU)

#define TYPE_PUCK_IOMMU_MEMORY_REGION "puck-iommu-memory-region"

/* A guest broke the contract. Never more than one line a guest access. */
#define puck_iommu_guest_error(fmt, ...) \
    qemu_log_mask(LOG_GUEST_ERROR, "puck-iommu: " fmt "\n", ## __VA_ARGS__)

/*
 * Registers that hold a value, 64 bits each whatever their width, so that
 * regs.c can describe them in one table.
 */
typedef struct PuckIOMMURegs {
    uint64_t ctrl;
    uint64_t status;            /* W1C bits only, the others mirror ctrl */
    uint64_t root;
    uint64_t cq_base;
    uint64_t cq_head;
    uint64_t cq_tail;
    uint64_t fq_base;
    uint64_t fq_head;
    uint64_t fq_tail;
    uint64_t irq_status;
    uint64_t irq_enable;
    uint64_t cq_error;
    uint64_t policy_index;

    uint64_t translations;
    uint64_t hits;
    uint64_t walks;
    uint64_t faults;
    uint64_t faults_lost;
    uint64_t commands;
    uint64_t invalidations;
    uint64_t evictions;
    uint64_t stale_hits;
    uint64_t stale_uses;
} PuckIOMMURegs;

/*
 * The fault that a requester's access ran into last. QEMU cuts what is left
 * of an aborted access into words and asks for each of them; they belong to
 * the fault that is on record. A thread that has the BQL keeps it from the
 * first word to the last, so all of them fall into one turn of the main loop,
 * however long a busy host takes over it.
 */
typedef struct PuckFaultStreak {
    uint64_t iova;
    int64_t time;
    uint64_t turn;              /* of the main loop; 0: without the BQL */
    uint8_t want;
    uint8_t reason;             /* 0: the last request was served */
} PuckFaultStreak;

/*
 * The address space of one requester. Made under the BQL when PCI first
 * asks for it.
 */
typedef struct PuckSpace {
    struct rcu_head rcu;        /* has to be first */
    IOMMUMemoryRegion mr;
    AddressSpace as;
    PuckIOMMU *iommu;
    PuckFaultStreak streak;     /* (L) */
    PCIBus *bus;                /* its number may change at any time */
    int devfn;
    IOMMUNotifierFlag notify;   /* BQL */
} PuckSpace;

/*
 * A look at guest memory for the reading of tables: RAM from the address that
 * was read last up to the end of its region. Lives no longer than the RCU
 * critical section that it is used in.
 */
typedef struct PuckTables {
    PuckIOMMU *iommu;
    const char *host;
    uint64_t first;
    uint64_t len;
    int64_t now;                /* virtual clock; 0: not looked at yet */
} PuckTables;

/* One look-up on its way through translate.c. */
typedef struct PuckRequest {
    /* in */
    PuckTables *tables;
    PuckWalkCursor *cursor;     /* or NULL */
    uint64_t iova;
    uint64_t len;               /* bytes it is for, as far as is known */
    uint8_t want;               /* PUCK_PERM_MASK bits */
    uint32_t can;               /* what rules of iommu.translate may do */
    bool waited;                /* it was here before, and was delayed */
    /* out */
    uint16_t rid;
    uint64_t pa;                /* of the page */
    uint64_t mask;              /* its size - 1 */
    uint64_t entry;             /* faults: table entry, or 0 */
    uint16_t domain;
    uint8_t perm;
    uint8_t reason;             /* PUCK_IOMMU_FAULT_*, or 0 */
    bool domain_valid;
    bool hit;
    uint64_t delay;             /* ns, as a rule said */
} PuckRequest;

struct PuckIOMMU {
    PCIDevice parent_obj;

    MemoryRegion mmio;
    QemuMutex lock;

    PuckIOMMURegs regs;                 /* (L), written with the BQL too */
    PuckIOTLB iotlb;                    /* (L) */
    PuckContext *contexts[PUCK_IOMMU_ROOT_ENTRIES];     /* (L) by bus number */

    /* Set while CTRL.ENABLE is; read without the lock on the way past. */
    bool translating;

    PuckInvalidator invalidator;        /* what is late */
    uint64_t turn;                      /* (L) from 1; counts streak_bh */
    QEMUBH *streak_bh;                  /* ends the turn of a fault */

    PuckMsiStage messages;              /* BQL */
    PuckMischiefWindow window;          /* BQL */

    PuckDrain drain;                    /* accesses of engines */

    PuckWork cq_work;                   /* BQL: executes commands */
    QEMUBH *cq_bh;                      /* queues it, from other threads */
    bool cq_running;                    /* (L) a doorbell's commands are left */
    bool cq_draining;                   /* (L) the drain is the head's */

    PuckPolicy policy;                  /* (L), written with the BQL too */

    QEMUBH *irq_bh;
    uint32_t irq_pending;               /* (L) vectors to be sent, a bit each */

    PCIBus *charge[PUCK_IOMMU_SCOPE_MAX];       /* const once realized */
    unsigned charge_count;
    GHashTable *spaces;                 /* BQL: PuckSpace by (bus, devfn) */
    unsigned notifiers;                 /* BQL: spaces with a notifier */

    /* What is migrated instead of iotlb and contexts, see vmstate.c */
    struct PuckSavedPage *saved_pages;
    struct PuckSavedContext *saved_contexts;
    int32_t saved_page_count;
    int32_t saved_context_count;

    /* Properties */
    char *buses;
    uint32_t iotlb_entries;
    bool audit;
};

/* device.c */
void puck_iommu_reset_locked(PuckIOMMU *s);

/* regs.c */
void puck_iommu_regs_init(PuckIOMMU *s);

/* charge.c */
bool puck_iommu_take_charge(PuckIOMMU *s, Error **errp);
void puck_iommu_leave_charge(PuckIOMMU *s);
uint32_t puck_iommu_scope(PuckIOMMU *s, unsigned n);
uint16_t puck_space_rid(PuckSpace *space);
/*
 * With the BQL: tell those who cache translations themselves (vhost). @hold is
 * charged, unless it is NULL.
 */
void puck_iommu_notify_unmap(PuckIOMMU *s, uint64_t iova, uint64_t size,
                             PuckHold *hold);

/* translate.c */
void puck_translate_init(PuckIOMMU *s);
void puck_translate_exit(PuckIOMMU *s);
void puck_iommu_translate_locked(PuckSpace *space, PuckRequest *req);

/* context.c */
const PuckContext *puck_context_get_locked(PuckIOMMU *s, uint16_t rid,
                                           PuckTables *tables,
                                           PuckContextResult *res);
void puck_context_insert_locked(PuckIOMMU *s, uint16_t rid, PuckContext ctx);
/* Whether @rid is in @domain. Does not change what is cached. */
bool puck_context_in_domain_locked(PuckIOMMU *s, uint16_t rid,
                                   uint16_t domain);
void puck_context_drop_locked(PuckIOMMU *s, uint16_t rid);
void puck_context_drop_all_locked(PuckIOMMU *s);

/* cmdq.c */
void puck_cmdq_init(PuckIOMMU *s);
void puck_cmdq_exit(PuckIOMMU *s);
void puck_cmdq_enable_locked(PuckIOMMU *s);
/* What was not executed is not; a SYNC does not wait any more. */
void puck_cmdq_stop_locked(PuckIOMMU *s);
/* False if what was loaded is not possible. Goes on where the queue was. */
bool puck_cmdq_loaded_locked(PuckIOMMU *s);
void puck_cmdq_doorbell(PuckIOMMU *s, uint32_t tail);
void puck_cmdq_error_locked(PuckIOMMU *s, uint8_t code);
/* Whether the queue would take it, as an INV command. */
bool puck_cmdq_good(const PuckInvalidation *inv);

/* faultq.c */
void puck_faultq_enable_locked(PuckIOMMU *s);
void puck_faultq_set_head_locked(PuckIOMMU *s, uint32_t head);
void puck_faultq_record_locked(PuckIOMMU *s, const PuckRequest *req);

/* irq.c */
void puck_iommu_irq_init(PuckIOMMU *s);
void puck_iommu_irq_exit(PuckIOMMU *s);
void puck_iommu_raise_locked(PuckIOMMU *s, uint32_t causes);
void puck_iommu_irq_enable_locked(PuckIOMMU *s, uint32_t enable);
/* Without the lock, with or without the BQL. */
void puck_iommu_irq_deliver(PuckIOMMU *s);

/* guest-memory.c */
/* A PuckReadEntry. Inside one RCU critical section; @opaque: PuckTables. */
bool puck_tables_read(void *opaque, uint64_t pa, uint64_t *entry);
bool puck_iommu_read(PuckIOMMU *s, uint64_t pa, void *buf, size_t len);
bool puck_iommu_write(PuckIOMMU *s, uint64_t pa, const void *buf, size_t len);

/* vmstate.c */
extern const VMStateDescription vmstate_puck_iommu;

static inline const char *puck_iommu_name(PuckIOMMU *s)
{
    const char *id = DEVICE(s)->id;

    return id ? id : TYPE_PUCK_IOMMU;
}

/* The field of @value that @mask covers. */
static inline uint64_t puck_field(uint64_t value, uint64_t mask)
{
    return (value & mask) >> ctz64(mask);
}

static inline uint32_t puck_queue_size(uint64_t base)
{
    return 1u << (base & PUCK_IOMMU_QUEUE_ORDER);
}

static inline bool puck_queue_order_valid(uint64_t base)
{
    uint64_t order = base & PUCK_IOMMU_QUEUE_ORDER;

    return order >= 1 && order <= PUCK_IOMMU_QUEUE_ORDER_MAX;
}

#endif /* PUCK_IOMMU_H */
