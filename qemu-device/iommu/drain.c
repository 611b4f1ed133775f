/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: a SYNC waits for accesses that were looked up before it.
 *
 * Engines look up a range, then move bytes through host pointers without any
 * lock. Each such access counts itself in for the epoch it began in. A SYNC
 * begins a new epoch and waits until the old one is empty: what began later
 * has not seen an entry that was dropped before, and need not be waited for.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "iommu.h"
#include "bulk.h"

unsigned puck_iommu_dma_begin(PuckSpace *space)
{
    PuckIOMMU *s = space->iommu;

    for (;;) {
        unsigned epoch = qatomic_read(&s->epoch);

        /* Full barrier: counted before the epoch is read again. */
        qatomic_inc(&s->in_flight[epoch % 2]);
        if (qatomic_read(&s->epoch) == epoch) {
            return epoch;
        }
        puck_iommu_dma_end(space, epoch);
    }
}

void puck_iommu_dma_end(PuckSpace *space, unsigned epoch)
{
    PuckIOMMU *s = space->iommu;

    /* Full barrier: the bytes are moved before the count says so. */
    if (qatomic_fetch_dec(&s->in_flight[epoch % 2]) == 1 &&
        qatomic_read(&s->draining)) {
        qemu_event_set(&s->drained);
    }
}

bool puck_iommu_in_flight_locked(PuckIOMMU *s)
{
    return qatomic_read(&s->in_flight[s->epoch % 2]);
}

void puck_iommu_drain(PuckIOMMU *s)
{
    unsigned *old = &s->in_flight[s->epoch % 2];

    /* One at a time, thanks to the BQL. Full barriers on both sides. */
    qatomic_set_mb(&s->draining, true);
    qatomic_inc(&s->epoch);
    while (qatomic_read(old)) {
        qemu_event_reset(&s->drained);
        if (qatomic_read(old)) {
            qemu_event_wait(&s->drained);
        }
    }
    /* What was moved is seen by whoever learns that the SYNC is done. */
    smp_mb();
    qatomic_set(&s->draining, false);
}

void puck_iommu_drain_init(PuckIOMMU *s)
{
    qemu_event_init(&s->drained, false);
}

void puck_iommu_drain_exit(PuckIOMMU *s)
{
    qemu_event_destroy(&s->drained);
}
