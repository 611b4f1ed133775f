/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: errors of commands. See section "Errors" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/puck/common/trace.h"
#include "device.h"

QEMU_BUILD_BUG_ON(PUCK_ERRORS_DEPTH != PUCK_GPU_ERR_DEPTH);

static uint32_t info_field(uint32_t value, uint32_t mask)
{
    return (value << ctz32(mask)) & mask;
}

void puck_error_report(PuckGpu *s, unsigned ring, uint32_t seqno,
                       uint32_t index, const PuckFault *fault)
{
    PuckErrorRecord record = {
        .info = info_field(fault->reason, PUCK_GPU_ERR_INFO_REASON) |
                info_field(ring, PUCK_GPU_ERR_INFO_RING) |
                info_field(fault->list, PUCK_GPU_ERR_INFO_LIST) |
                info_field(index, PUCK_GPU_ERR_INFO_INDEX),
        .number = seqno,
        .desc = fault->desc,
        .addr = fault->addr,
    };

    trace_puck_gpu_error(puck_gpu_name(s), ring, seqno, fault->reason,
                         fault->list, fault->desc, fault->addr);
    puck_errors_push(&s->errors, &record);
    puck_sources_cause(&s->sources, PUCK_GPU_IRQ_ERROR);
}
