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
    /*
     * Full barrier: the bytes are moved before the count says so, and the
     * count is down before the flag is read (see puck_drain_start()).
     */
    if (qatomic_fetch_dec(&d->in_flight[epoch % 2]) == 1 &&
        qatomic_read(&d->waiting)) {
        d->emptied(d->opaque);
    }
}

bool puck_drain_busy(PuckDrain *d)
{
    return qatomic_read(&d->in_flight[qatomic_read(&d->epoch) % 2]);
}

void puck_drain_start(PuckDrain *d)
{
    assert(!qatomic_read(&d->waiting));
    /*
     * Full barrier: whoever leaves without having seen the flag has brought
     * the count down before puck_drain_over() reads it.
     */
    qatomic_set_mb(&d->waiting, true);
    qatomic_inc(&d->epoch);
}

bool puck_drain_over(PuckDrain *d)
{
    if (!qatomic_read(&d->waiting)) {
        return true;
    }
    if (qatomic_read(&d->in_flight[(qatomic_read(&d->epoch) + 1) % 2])) {
        return false;
    }
    /* Pairs with the barrier of the leave that made it zero. */
    smp_mb();
    qatomic_set(&d->waiting, false);
    return true;
}

void puck_drain_init(PuckDrain *d, void (*emptied)(void *opaque),
                     void *opaque)
{
    *d = (PuckDrain) { .emptied = emptied, .opaque = opaque };
}
