/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All rings of a device together.
 */
#ifndef PUCK_RINGS_H
#define PUCK_RINGS_H

#include <linux/types.h>

struct puck_device;

int puck_rings_create(struct puck_device *puck, u32 num_rings);
int puck_rings_alloc(struct puck_device *puck);
void puck_rings_free(struct puck_device *puck);
int puck_rings_start(struct puck_device *puck);

#endif /* PUCK_RINGS_H */
