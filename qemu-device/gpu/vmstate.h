/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: migration.
 */
#ifndef PUCK_GPU_VMSTATE_H
#define PUCK_GPU_VMSTATE_H

#include "hw/puck/gpu/core/device.h"

extern const VMStateDescription vmstate_puck_gpu;

#endif /* PUCK_GPU_VMSTATE_H */
