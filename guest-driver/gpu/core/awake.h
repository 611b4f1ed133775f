/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who keeps the device awake (docs/locking.rst, "Power").
 *
 * A device that has been idle for a while sleeps in D3hot, if user space lets it. It has no
 * registers then, and the CPU sees no VRAM. So whoever touches either, or has the device do so,
 * has a reference, from puck_awake_enter() or puck_awake_get(), which wake it up. A job has one of
 * its own, from its arming until the scheduler is done with it; so has a head that is on, and
 * another device that has VRAM mapped.
 */
#ifndef PUCK_AWAKE_H
#define PUCK_AWAKE_H

#include <linux/types.h>

struct puck_device;

bool puck_awake_enter(struct puck_device *puck, int *idx);
void puck_awake_exit(struct puck_device *puck, int idx);
int puck_awake_get(struct puck_device *puck);
void puck_awake_hold(struct puck_device *puck);
void puck_awake_put(struct puck_device *puck);

void puck_awake_begin(struct puck_device *puck);
void puck_awake_end(struct puck_device *puck);
void puck_awake_changes(void);
void puck_awake_changed(void);

#endif /* PUCK_AWAKE_H */
