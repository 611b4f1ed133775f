/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the completion stage as QOM properties.
 */
#ifndef PUCK_GPU_PROPS_H
#define PUCK_GPU_PROPS_H

#include "hw/puck/gpu/core/device.h"

void puck_gpu_class_add_props(ObjectClass *klass);

#endif /* PUCK_GPU_PROPS_H */
