/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs of the driver's own, which move BOs.
 */
#ifndef PUCK_MOVER_H
#define PUCK_MOVER_H

struct puck_device;

int puck_mover_init(struct puck_device *puck);
int puck_mover_wait(struct puck_device *puck);
void puck_mover_settle(struct puck_device *puck);

#endif /* PUCK_MOVER_H */
