/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the register BAR.
 */
#ifndef PUCK_GPU_REGS_H
#define PUCK_GPU_REGS_H

#include "hw/puck/gpu/core/device.h"

void puck_gpu_regs_init(PuckGpu *s);

#endif /* PUCK_GPU_REGS_H */
