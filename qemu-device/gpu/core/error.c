/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the error queue. See sections "Errors" and "Error queue" of
 * docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/puck/common/trace.h"
#include "device.h"
#include "irq.h"

static uint32_t info_field(uint32_t value, uint32_t mask)
{
    return (value << ctz32(mask)) & mask;
}

void puck_error_report(PuckGpu *s, unsigned ring, uint32_t seqno,
                       uint32_t index, const PuckFault *fault)
{
    PuckErrorQueue *q = &s->errors;

    trace_puck_gpu_error(puck_gpu_name(s), ring, seqno, fault->reason,
                         fault->list, fault->desc, fault->addr);
    if (q->count < ARRAY_SIZE(q->records)) {
        q->records[q->count++] = (PuckErrorRecord) {
            .info = info_field(fault->reason, PUCK_GPU_ERR_INFO_REASON) |
                    info_field(ring, PUCK_GPU_ERR_INFO_RING) |
                    info_field(fault->list, PUCK_GPU_ERR_INFO_LIST) |
                    info_field(index, PUCK_GPU_ERR_INFO_INDEX),
            .seqno = seqno,
            .desc = fault->desc,
            .addr = fault->addr,
        };
    } else if (q->lost < UINT32_MAX) {
        q->lost++;
    }
    puck_irq_raise(s, PUCK_GPU_IRQ_ERROR);
}

/* What the registers show once the queue is empty is all zero. */
void puck_error_pop(PuckErrorQueue *q)
{
    if (!q->count) {
        return;
    }
    q->count--;
    memmove(q->records, q->records + 1, q->count * sizeof(q->records[0]));
    q->records[q->count] = (PuckErrorRecord) { };
}
