/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order of the driver's locks, told to lockdep.
 */
#ifndef PUCK_LOCK_ORDER_H
#define PUCK_LOCK_ORDER_H

struct puck_device;

#ifdef CONFIG_PROVE_LOCKING
int puck_lock_order_prime(struct puck_device *puck);
#else
static inline int puck_lock_order_prime(struct puck_device *puck)
{
	return 0;
}
#endif

#endif /* PUCK_LOCK_ORDER_H */
