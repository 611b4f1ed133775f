/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: invalidations: at once; or late, in part or not at all, if a
 * rule of mischief says so. See docs/specs/mischief.rst, iommu.invalidate.
 */
#ifndef PUCK_IOMMU_INVALIDATE_H
#define PUCK_IOMMU_INVALIDATE_H

#include "qemu/timer.h"
#include "hw/puck/common/hold.h"

typedef struct PuckIOMMU PuckIOMMU;

/* More than that are carried out at once. */
#define PUCK_PENDING_MAX    1024
/*
 * All invalidations that wait for a request are carried out within it. So they
 * must not cost more than this together, in ns as estimated.
 */
#define PUCK_DEFERRED_NS    300000

/* An INV command that was found good. */
typedef struct PuckInvalidation {
    uint16_t opcode;
    uint16_t id;
    uint64_t addr;
    uint64_t size;
} PuckInvalidation;

/* What a command took away from those who cache translations. */
typedef struct PuckUnmap {
    uint64_t iova;
    uint64_t size;
} PuckUnmap;

/* An invalidation that waits, for a time or for a request. */
typedef struct PuckPending {
    PuckInvalidation inv;
    uint32_t rule;
    int64_t due;                /* virtual clock; -1: none */
    uint64_t before;            /* number of a request; 0: none */
} PuckPending;

typedef struct PuckInvalidator {
    PuckPending *pending;       /* (L) in the order they came */
    int32_t count;              /* (L) */
    uint64_t next_before;       /* (L) the lowest PuckPending.before */
    uint64_t deferred_ns;       /* (L) what those take that have a "before" */
    QEMUTimer *timer;           /* for the earliest due */
    PuckWork work;              /* carries out what is due */
    QEMUBH *notify_bh;          /* tells of those that a request set off */
} PuckInvalidator;

void puck_invalidator_init(PuckIOMMU *s);
void puck_invalidator_exit(PuckIOMMU *s);
/* Forgets what waits. */
void puck_invalidator_reset_locked(PuckIOMMU *s);

/*
 * Does what is to be done now, and says what that takes away. Returns what it
 * cost, in ns as estimated.
 */
uint64_t puck_invalidate_locked(PuckIOMMU *s, const PuckInvalidation *inv,
                                PuckUnmap *unmap);

/* Before request number @request: those that were put off until then. */
void puck_invalidate_deferred_locked(PuckIOMMU *s, uint64_t request);

/* What was loaded is checked; false: it is not possible. Starts the timer. */
bool puck_invalidator_loaded_locked(PuckIOMMU *s);
extern const VMStateDescription vmstate_puck_invalidator;

#endif /* PUCK_IOMMU_INVALIDATE_H */
