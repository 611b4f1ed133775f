/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: a SYNC waits for accesses that were looked up before it.
 *
 * Engines look up a range, then move bytes through host pointers without any
 * lock. Each such access enters the epoch that it finds. A SYNC begins a new
 * epoch and waits until the old one is empty: what enters later has not seen
 * an IOTLB entry that was dropped before, and need not be waited for.
 */
#ifndef PUCK_IOMMU_DRAIN_H
#define PUCK_IOMMU_DRAIN_H

#include "qemu/thread.h"

/* All members are atomic; one thread waits at a time, which the BQL is for. */
typedef struct PuckDrain {
    unsigned epoch;
    unsigned in_flight[2];      /* by parity of the epoch */
    bool waiting;
    QemuEvent emptied;
} PuckDrain;

void puck_drain_init(PuckDrain *d);
void puck_drain_destroy(PuckDrain *d);

/* Returns what leave has to be given. */
unsigned puck_drain_enter(PuckDrain *d);
void puck_drain_leave(PuckDrain *d, unsigned epoch);

/*
 * Whether somebody entered and has not left. Under a lock that look-ups take
 * after they entered, it says so of all that looked up before.
 */
bool puck_drain_busy(PuckDrain *d);
/* Waits for those. */
void puck_drain_wait(PuckDrain *d);

#endif /* PUCK_IOMMU_DRAIN_H */
