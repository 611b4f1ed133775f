/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: a SYNC waits for accesses that were looked up before it.
 *
 * Engines look up a range, then move bytes through host pointers without any
 * lock. Each such access enters the epoch that it finds. A SYNC begins a new
 * epoch and is complete when the old one is empty: what enters later has not
 * seen an IOTLB entry that was dropped before, and need not be waited for.
 *
 * Nobody blocks: whoever leaves the old epoch as the last calls back.
 */
#ifndef PUCK_IOMMU_DRAIN_H
#define PUCK_IOMMU_DRAIN_H

/* All counts and flags are atomic; the BQL allows one wait at a time. */
typedef struct PuckDrain {
    unsigned epoch;
    unsigned in_flight[2];      /* by parity of the epoch */
    bool waiting;
    void (*emptied)(void *opaque);
    void *opaque;
} PuckDrain;

/*
 * @emptied is called by any thread when a wait may be over, perhaps more than
 * once, perhaps too early: puck_drain_over() knows.
 */
void puck_drain_init(PuckDrain *d, void (*emptied)(void *opaque),
                     void *opaque);

/* From any thread. Returns what leave has to be given. */
unsigned puck_drain_enter(PuckDrain *d);
void puck_drain_leave(PuckDrain *d, unsigned epoch);

/*
 * Whether somebody entered and has not left. Under a lock that look-ups take
 * after they entered, it says so of all that looked up before. Only while no
 * wait is going on.
 */
bool puck_drain_busy(PuckDrain *d);
/* Begins to wait for those. The last wait has to be over. */
void puck_drain_start(PuckDrain *d);
/*
 * Whether no wait is going on, or all it was for have left: then it is over,
 * and what they moved is visible to the caller.
 */
bool puck_drain_over(PuckDrain *d);

#endif /* PUCK_IOMMU_DRAIN_H */
