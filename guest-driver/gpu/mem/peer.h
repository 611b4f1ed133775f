/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM as other devices see it.
 */
#ifndef PUCK_PEER_H
#define PUCK_PEER_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;
struct puck_device;
struct sg_table;
struct ttm_resource;

bool puck_peer_reaches(struct puck_device *puck, struct device *peer);
struct sg_table *puck_peer_map(struct puck_device *puck, struct ttm_resource *res,
			       struct device *peer, enum dma_data_direction dir);
void puck_peer_unmap(struct sg_table *sgt, struct device *peer, enum dma_data_direction dir);

#endif /* PUCK_PEER_H */
