/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All rings of a device together.
 */
#ifndef PUCK_RINGS_H
#define PUCK_RINGS_H

#include <linux/types.h>

struct puck_device;
struct puck_ring;
struct puck_ring_info;

int puck_rings_create(struct puck_device *puck, const struct puck_ring_info *info, u32 num);
struct puck_ring *puck_rings_find(struct puck_device *puck, u32 index);
struct puck_ring *puck_rings_find_nth(struct puck_device *puck, u32 kind, u32 nth);
u32 puck_rings_count(struct puck_device *puck, u32 kind);
int puck_rings_alloc(struct puck_device *puck);
void puck_rings_free(struct puck_device *puck);
int puck_rings_start(struct puck_device *puck);
void puck_rings_save(struct puck_device *puck);
void puck_rings_restore(struct puck_device *puck);

#endif /* PUCK_RINGS_H */
