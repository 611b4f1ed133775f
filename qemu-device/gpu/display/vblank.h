/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the work of a head: what is to be done at a blanking and behind it.
 */
#ifndef PUCK_GPU_DISPLAY_VBLANK_H
#define PUCK_GPU_DISPLAY_VBLANK_H

#include "head.h"

void puck_vblank_init(PuckHead *head);
void puck_vblank_exit(PuckHead *head);
/* Everything that waits or is under way is forgotten, and the head is off. */
void puck_vblank_reset(PuckHead *head);

#endif /* PUCK_GPU_DISPLAY_VBLANK_H */
