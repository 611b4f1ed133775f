/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vertical blankings: which of those that the device counts is which of DRM's.
 */
#ifndef PUCK_VBLANK_H
#define PUCK_VBLANK_H

#include <linux/ktime.h>
#include <linux/types.h>

struct puck_head;

/**
 * struct puck_vblank - a vertical blanking, as the device goes for it
 * @count: how many there were by then, as puck_head_count() has it
 * @ns: when it began, by the device's clock; 0 if nobody wants to know
 */
struct puck_vblank {
	u32 count;
	u64 ns;
};

bool puck_vblank_number(struct puck_head *head, const struct puck_vblank *at, u32 *number,
			ktime_t *time);
void puck_vblank_on(struct puck_head *head);
void puck_vblank_off(struct puck_head *head);

#endif /* PUCK_VBLANK_H */
