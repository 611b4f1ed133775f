/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BOs that the display shows.
 */
#ifndef PUCK_SHOW_H
#define PUCK_SHOW_H

#include <linux/types.h>

#include "mem/segs.h"

struct puck_bo;
struct puck_device;

/**
 * struct puck_shown - a range of a BO that stays where it is
 * @bo: the BO; the owner has a reference
 * @segs: its list, or none if it is one piece of VRAM
 * @addr: of that
 */
struct puck_shown {
	struct puck_bo *bo;
	struct puck_segs segs;
	u64 addr;
};

int puck_show(struct puck_device *puck, struct puck_shown *shown, struct puck_bo *bo, u64 offset,
	      u64 length);
bool puck_shown_can_poke(const struct puck_shown *shown);
void puck_shown_poke(const struct puck_shown *shown, u64 offset, u32 value, u32 bytes);
void puck_unshow(struct puck_shown *shown);

#endif /* PUCK_SHOW_H */
