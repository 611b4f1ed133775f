/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BAR 2, which shows VRAM: what of it is for BOs, and what for drivers of other devices.
 */
#ifndef PUCK_BAR_H
#define PUCK_BAR_H

struct puck_device;

int puck_bar_init(struct puck_device *puck);

#endif /* PUCK_BAR_H */
