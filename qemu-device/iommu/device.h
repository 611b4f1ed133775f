/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the state of the device.
 *
 * One file a step: regs (register access), charge (buses in charge, address
 * spaces), translate, bulk, drain, context, entry, walk, cmdq, invalidate,
 * faultq, irq, policy, guest-memory, vmstate, device (QOM). The contract is
 * docs/specs/iommu.rst; sites of mischief are in docs/specs/mischief.rst. The
 * IOTLB is common/tlb.h.
 *
 * Locking. PuckIOMMU::lock protects everything marked (L). Requests come
 * from any thread with or without the BQL, register accesses with it. Order:
 * BQL, then lock; whoever holds the lock must not take the BQL, so nothing
 * under it may touch a memory region that is not RAM (see guest-memory.c) or
 * send an interrupt (see irq.c).
 */
#ifndef PUCK_IOMMU_DEVICE_H
#define PUCK_IOMMU_DEVICE_H

#include "hw/pci/pci_device.h"
#include "qemu/log.h"
#include "qemu/thread.h"
#include "hw/puck/common/compat.h"
#include "hw/puck/common/hold.h"
#include "hw/puck/common/tlb.h"
#include "hw/puck/mischief/msi.h"
#include "hw/puck/mischief/window.h"
#include "abi/puck_iommu.h"
#include "drain.h"
#include "entry.h"
#include "invalidate.h"
#include "policy.h"
#include "regs.h"
#include "space.h"

#define TYPE_PUCK_IOMMU "puck-iommu"
OBJECT_DECLARE_SIMPLE_TYPE(PuckIOMMU, PUCK_IOMMU)

/* A guest broke the contract. Never more than one line a guest access. */
#define puck_iommu_guest_error(fmt, ...) \
    qemu_log_mask(LOG_GUEST_ERROR, "puck-iommu: " fmt "\n", ## __VA_ARGS__)

struct PuckIOMMU {
    PCIDevice parent_obj;

    MemoryRegion mmio;
    QemuMutex lock;

    PuckIOMMURegs regs;                 /* (L), written with the BQL too */
    PuckTlb iotlb;                      /* (L) */
    PuckContext *contexts[PUCK_IOMMU_ROOT_ENTRIES];     /* (L) by bus number */

    /* Whether CTRL.ENABLE is; a request reads it without the lock first. */
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
    bool messages_within;
};

/* The state after power-on, but for what the host has set. */
void puck_iommu_reset_locked(PuckIOMMU *s);

static inline const char *puck_iommu_name(PuckIOMMU *s)
{
    const char *id = DEVICE(s)->id;

    return id ? id : TYPE_PUCK_IOMMU;
}

#endif /* PUCK_IOMMU_DEVICE_H */
