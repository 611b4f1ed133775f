/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: interrupts and faults of a head.
 */

#include "qemu/osdep.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/irq.h"
#include "irq.h"

#define BUFFER_SHIFT    8       /* in FAULT_INFO */

static void update(PuckHead *head, uint32_t status, uint32_t enable)
{
    uint32_t before = head->irq_status & head->irq_enable;

    head->irq_status = status;
    head->irq_enable = enable;
    if (status & enable & ~before) {
        puck_irq_head(head->gpu, head->index);
    }
}

void puck_head_cause(PuckHead *head, uint32_t bits)
{
    update(head, head->irq_status | bits, head->irq_enable);
}

void puck_head_irq_enable(PuckHead *head, uint32_t bits)
{
    update(head, head->irq_status, bits);
}

void puck_head_fault(PuckHead *head, unsigned buffer, const PuckFault *fault,
                     uint64_t count)
{
    PuckHeadFault *f = &head->fault;

    trace_puck_gpu_head_fault(puck_gpu_name(head->gpu), head->index, buffer,
                              fault->reason, fault->desc, fault->addr);
    if (f->faults < UINT32_MAX) {
        f->faults++;
    }
    if (head->irq_status & PUCK_HEAD_IRQ_FAULT) {
        return;
    }
    f->info = fault->reason | buffer << BUFFER_SHIFT;
    f->desc = fault->desc;
    f->addr = fault->addr;
    f->count = count;
    puck_head_cause(head, PUCK_HEAD_IRQ_FAULT);
}
