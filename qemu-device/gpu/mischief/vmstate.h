/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: migration of what rules hold.
 */
#ifndef PUCK_GPU_MISCHIEF_VMSTATE_H
#define PUCK_GPU_MISCHIEF_VMSTATE_H

#include "migration/vmstate.h"
#include "hw/puck/gpu/core/device.h"

/* Subsections of the device and of a ring, ending in NULL. */
extern const VMStateDescription * const puck_gpu_mischief_subsections[];
extern const VMStateDescription * const puck_ring_mischief_subsections[];
/* What a state without them means. */
void puck_gpu_mischief_pre_load(PuckGpu *s);
void puck_ring_mischief_pre_load(PuckRing *ring);
/* Checks what was loaded and sets timers. False if it is bad. */
bool puck_gpu_mischief_loaded(PuckGpu *s);
bool puck_ring_mischief_loaded(PuckRing *ring);

#endif /* PUCK_GPU_MISCHIEF_VMSTATE_H */
