/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for QEMU's header of this name, with the orders that QEMU
 * promises.
 */
#ifndef PUCK_UNIT_ATOMIC_H
#define PUCK_UNIT_ATOMIC_H

#define qatomic_read(p)         __atomic_load_n(p, __ATOMIC_RELAXED)
#define qatomic_set(p, v)       __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define qatomic_set_mb(p, v) \
    ((void)__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST))
#define qatomic_inc(p) \
    ((void)__atomic_fetch_add(p, 1, __ATOMIC_SEQ_CST))
#define qatomic_fetch_dec(p)    __atomic_fetch_sub(p, 1, __ATOMIC_SEQ_CST)
/* The barriers themselves; what one is for is said where it is used. */
#define smp_rmb()               __atomic_thread_fence(__ATOMIC_ACQUIRE)
/* Likewise. */
#define smp_mb()                __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif /* PUCK_UNIT_ATOMIC_H */
