/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the registers of the display, as part of the register BAR.
 */
#ifndef PUCK_GPU_DISPLAY_REGS_H
#define PUCK_GPU_DISPLAY_REGS_H

#include "hw/puck/common/regs.h"
#include "hw/puck/gpu/core/device.h"

/*
 * The block that @addr, in the display's part of the BAR, is in: of @*object,
 * at @*offset. NULL if there is none.
 */
const PuckRegBlock *puck_gpu_display_block(PuckGpu *s, hwaddr addr,
                                           void **object, hwaddr *offset);
/* Whether the tables are right, for an assertion. */
bool puck_gpu_display_blocks_valid(void);

#endif /* PUCK_GPU_DISPLAY_REGS_H */
