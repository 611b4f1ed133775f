/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: resets of the whole device. Under the BQL.
 */
#ifndef PUCK_GPU_MISCHIEF_RESET_H
#define PUCK_GPU_MISCHIEF_RESET_H

#include "hw/puck/gpu/core/device.h"

/* When this returns nothing of what the rings were doing is left. */
void puck_gpu_kill_rings(PuckGpu *s);
/* Registers into the state after power-on; the rings are stopped already. */
void puck_gpu_reset_regs(PuckGpu *s);
/* CTRL.RESET, unless a rule lets it fail; then it can be released. */
void puck_gpu_reset_ctrl(PuckGpu *s);
void puck_gpu_release_reset(PuckGpu *s);

#endif /* PUCK_GPU_MISCHIEF_RESET_H */
