/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: a SYNC waits for accesses that were looked up before it.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "drain.h"

unsigned puck_drain_enter(PuckDrain *d)
{
    for (;;) {
        unsigned epoch = qatomic_read(&d->epoch);

        /* Full barrier: counted before the epoch is read again. */
        qatomic_inc(&d->in_flight[epoch % 2]);
        if (qatomic_read(&d->epoch) == epoch) {
            return epoch;
        }
        puck_drain_leave(d, epoch);
    }
}

void puck_drain_leave(PuckDrain *d, unsigned epoch)
{
    /* Full barrier: the bytes are moved before the count says so. */
    if (qatomic_fetch_dec(&d->in_flight[epoch % 2]) == 1 &&
        qatomic_read(&d->waiting)) {
        qemu_event_set(&d->emptied);
    }
}

bool puck_drain_busy(PuckDrain *d)
{
    return qatomic_read(&d->in_flight[qatomic_read(&d->epoch) % 2]);
}

void puck_drain_wait(PuckDrain *d)
{
    unsigned *old = &d->in_flight[qatomic_read(&d->epoch) % 2];

    /* Full barrier: whoever leaves unseen sees that somebody waits. */
    qatomic_set_mb(&d->waiting, true);
    qatomic_inc(&d->epoch);
    while (qatomic_read(old)) {
        qemu_event_reset(&d->emptied);
        if (qatomic_read(old)) {
            qemu_event_wait(&d->emptied);
        }
    }
    /* What was moved is seen by whoever learns that the wait is over. */
    smp_mb();
    qatomic_set(&d->waiting, false);
}

void puck_drain_init(PuckDrain *d)
{
    *d = (PuckDrain) { };
    qemu_event_init(&d->emptied, false);
}

void puck_drain_destroy(PuckDrain *d)
{
    qemu_event_destroy(&d->emptied);
}
