/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: a requester's address space, and the buses in charge.
 */
#ifndef PUCK_IOMMU_SPACE_H
#define PUCK_IOMMU_SPACE_H

#include "hw/pci/pci_device.h"
#include "hw/puck/common/compat.h"
#include "hw/puck/common/hold.h"

typedef struct PuckIOMMU PuckIOMMU;

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

/* Under the BQL. The buses that the user has named, or an error. */
bool puck_iommu_take_charge(PuckIOMMU *s, Error **errp);
void puck_iommu_leave_charge(PuckIOMMU *s);
/* Register SCOPE(@n). */
uint32_t puck_iommu_scope(PuckIOMMU *s, unsigned n);
/* The requester id, which changes when the guest numbers its buses. */
uint16_t puck_space_rid(PuckSpace *space);
/*
 * Tells those who cache translations themselves (vhost) what they must not use
 * any more. Under the BQL. @hold is charged, unless it is NULL.
 */
void puck_iommu_notify_unmap(PuckIOMMU *s, uint64_t iova, uint64_t size,
                             PuckHold *hold);

#endif /* PUCK_IOMMU_SPACE_H */
