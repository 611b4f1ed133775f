/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: surprise removal. Under the BQL.
 */
#ifndef PUCK_GPU_MISCHIEF_GONE_H
#define PUCK_GPU_MISCHIEF_GONE_H

#include "hw/puck/gpu/core/device.h"

void puck_gone_init(PuckGpu *s);
void puck_gone_exit(PuckGpu *s);
/* Whether an access to a register, of @ring or NULL, finds nobody there. */
bool puck_gone_at_access(PuckGpu *s, PuckRing *ring);
/* The device comes back as after power-on. */
void puck_gone_release(PuckGpu *s, const char *why);
/* A reset brings the device back, too. */
void puck_gone_reset(PuckGpu *s);
/* The regions and the timer as @s->gone says, which was loaded. */
void puck_gone_loaded(PuckGpu *s);

#endif /* PUCK_GPU_MISCHIEF_GONE_H */
