/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: "release rule r": what the rule holds goes on. Under the BQL.
 */
#ifndef PUCK_GPU_MISCHIEF_RELEASE_H
#define PUCK_GPU_MISCHIEF_RELEASE_H

#include "hw/puck/gpu/core/device.h"

void puck_release_init(PuckGpu *s);
void puck_release_exit(PuckGpu *s);

#endif /* PUCK_GPU_MISCHIEF_RELEASE_H */
