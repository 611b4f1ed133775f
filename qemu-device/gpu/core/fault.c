/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what is wrong with a list, as errors and faults say it.
 */

#include "qemu/osdep.h"
#include "fault.h"

static const uint8_t reasons[PUCK_SEG_RULES] = {
    [PUCK_SEG_RESERVED] = PUCK_GPU_ERR_RESERVED,
    [PUCK_SEG_ZERO] = PUCK_GPU_ERR_SEG_ZERO,
    [PUCK_SEG_ONES] = PUCK_GPU_ERR_SEG_ONES,
    [PUCK_SEG_TOO_LONG] = PUCK_GPU_ERR_SEG_TOO_LONG,
    [PUCK_SEG_LOCAL] = PUCK_GPU_ERR_SEG_VRAM,
    [PUCK_SEG_WRAP] = PUCK_GPU_ERR_SEG_WRAP,
    [PUCK_SEG_LIST_SHORT] = PUCK_GPU_ERR_LIST_SHORT,
    [PUCK_SEG_LIST_READ] = PUCK_GPU_ERR_LIST_READ,
};

uint8_t puck_fault_of_list(PuckSegRule rule)
{
    return reasons[rule];
}
