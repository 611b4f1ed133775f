/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the fault queue, which the device produces and software
 * consumes. See section "Fault queue" of docs/specs/iommu.rst.
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "hw/puck/common/trace.h"
#include "device.h"
#include "faultq.h"
#include "guest-memory.h"
#include "irq.h"
#include "queue.h"

void puck_faultq_enable_locked(PuckIOMMU *s)
{
    s->regs.fq_head = 0;
    s->regs.fq_tail = 0;
    s->regs.status &= ~(uint64_t)PUCK_IOMMU_STATUS_FQ_OVERFLOW;
}

void puck_faultq_set_head_locked(PuckIOMMU *s, uint32_t head)
{
    if (!(s->regs.ctrl & PUCK_IOMMU_CTRL_FQ_ENABLE) ||
        head >= puck_queue_size(s->regs.fq_base)) {
        puck_iommu_guest_error("FQ_HEAD %u past the queue, or queue off", head);
        return;
    }
    s->regs.fq_head = head;
}

static bool push_locked(PuckIOMMU *s, const struct puck_iommu_fault *rec)
{
    uint32_t next = s->regs.fq_tail + 1;
    uint64_t at;

    if (!(s->regs.ctrl & PUCK_IOMMU_CTRL_FQ_ENABLE)) {
        return false;
    }
    next %= puck_queue_size(s->regs.fq_base);
    if (next == s->regs.fq_head) {
        return false;
    }
    at = (s->regs.fq_base & PUCK_IOMMU_QUEUE_BASE) +
         sizeof(*rec) * s->regs.fq_tail;
    /* The mapping's release orders the record before FQ_TAIL is seen. */
    if (!puck_iommu_write(s, at, rec, sizeof(*rec))) {
        return false;
    }
    s->regs.fq_tail = next;
    return true;
}

void puck_faultq_record_locked(PuckIOMMU *s, const PuckRequest *req)
{
    struct puck_iommu_fault rec = {
        .requester = cpu_to_le16(req->rid),
        .reason = req->reason,
        .domain = cpu_to_le32(req->domain_valid ? req->domain : 0),
        .iova = cpu_to_le64(req->iova),
        .entry = cpu_to_le64(req->entry),
        .time = cpu_to_le64(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)),
    };
    bool recorded;

    if (req->want & PUCK_IOMMU_PTE_WRITE) {
        rec.flags |= PUCK_IOMMU_FAULT_WRITE;
    }
    if (req->domain_valid) {
        rec.flags |= PUCK_IOMMU_FAULT_DOMAIN;
    }

    recorded = push_locked(s, &rec);
    trace_puck_iommu_fault(req->rid, req->iova, req->want, req->reason,
                           req->entry, recorded);
    if (recorded) {
        puck_iommu_raise_locked(s, PUCK_IOMMU_IRQ_FAULT);
    } else {
        s->regs.faults_lost++;
        s->regs.status |= PUCK_IOMMU_STATUS_FQ_OVERFLOW;
        puck_iommu_raise_locked(s, PUCK_IOMMU_IRQ_FQ_OVERFLOW);
    }
}
