/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: causes and messages. See section "Interrupts" of
 * docs/specs/iommu.rst.
 *
 * A message is a memory write that wants the BQL and may set off anything, so
 * it is noted under the lock and handed to the stage of messages after its
 * release: at once by a thread that has the BQL, else by a bottom half. The
 * stage never sends it before its caller is through. Other IOMMUs of QEMU do:
 * with x-messages-within a thread that has the BQL sends it at once, so that
 * tests can see what devices make of that.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/main-loop.h"
#include "hw/pci/msix.h"
#include "hw/puck/common/trace.h"
#include "device.h"
#include "irq.h"

#define CAUSES_FAULT    (PUCK_IOMMU_IRQ_FAULT | PUCK_IOMMU_IRQ_FQ_OVERFLOW)
#define CAUSES_CMD      (PUCK_IOMMU_IRQ_CMD_SYNC | PUCK_IOMMU_IRQ_CMD_ERROR)
#define CAUSES_POLICY   PUCK_IOMMU_IRQ_POLICY

static void note_messages_locked(PuckIOMMU *s, uint32_t causes)
{
    uint32_t vectors = 0;

    if (causes & CAUSES_FAULT) {
        vectors |= 1u << PUCK_IOMMU_VEC_FAULT;
    }
    if (causes & CAUSES_CMD) {
        vectors |= 1u << PUCK_IOMMU_VEC_CMD;
    }
    if (causes & CAUSES_POLICY) {
        vectors |= 1u << PUCK_IOMMU_VEC_POLICY;
    }
    qatomic_set(&s->irq_pending, s->irq_pending | vectors);
}

void puck_iommu_raise_locked(PuckIOMMU *s, uint32_t causes)
{
    uint32_t rising = causes & ~s->regs.irq_status;

    s->regs.irq_status |= causes;
    note_messages_locked(s, rising & s->regs.irq_enable);
}

void puck_iommu_irq_enable_locked(PuckIOMMU *s, uint32_t enable)
{
    uint32_t rising = enable & ~s->regs.irq_enable;

    s->regs.irq_enable = enable;
    note_messages_locked(s, rising & s->regs.irq_status);
}

static void send_message(PCIDevice *pdev, unsigned vector)
{
    trace_puck_iommu_irq(vector);
    msix_notify(pdev, vector);
}

static void hand_over(PuckIOMMU *s)
{
    uint32_t vectors;
    unsigned v;

    WITH_QEMU_LOCK_GUARD(&s->lock) {
        vectors = s->irq_pending;
        qatomic_set(&s->irq_pending, 0);
    }
    for (v = 0; v < PUCK_IOMMU_NUM_VECS; v++) {
        if (!(vectors & (1u << v))) {
            continue;
        }
        if (s->messages_within) {
            send_message(&s->parent_obj, v);
        } else {
            puck_msi_stage_raise(&s->messages, v, NULL);
        }
    }
}

static void irq_bh(void *opaque)
{
    hand_over(opaque);
}

void puck_iommu_irq_deliver(PuckIOMMU *s)
{
    if (likely(!qatomic_read(&s->irq_pending))) {
        return;
    }
    if (bql_locked()) {
        hand_over(s);
    } else {
        qemu_bh_schedule(s->irq_bh);
    }
}

void puck_iommu_irq_init(PuckIOMMU *s)
{
    s->irq_bh = qemu_bh_new(irq_bh, s);
    puck_msi_stage_init(&s->messages, &s->parent_obj, PUCK_IOMMU_NUM_VECS,
                        send_message);
}

void puck_iommu_irq_exit(PuckIOMMU *s)
{
    puck_msi_stage_exit(&s->messages);
    qemu_bh_delete(s->irq_bh);
}
