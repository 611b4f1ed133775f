/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: MSI-X messages. Under the BQL: a message is a write to whatever
 * the guest put into the table.
 *
 * Each one goes through a stage of its own, where rules can lose it.
 */

#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "hw/puck/common/trace.h"
#include "device.h"
#include "irq.h"

static void send_message(PCIDevice *pdev, unsigned vector)
{
    PuckGpu *s = PUCK_GPU(pdev);

    if (s->gone.rule) {
        return;
    }
    trace_puck_gpu_irq(puck_gpu_name(s), vector);
    msix_notify(pdev, vector);
}

void puck_irq_fence(PuckGpu *s, unsigned ring, uint32_t seqno)
{
    PuckEvent fence = { .ring = ring, .seqno = seqno };

    puck_msi_stage_raise(&s->messages, PUCK_GPU_VEC_RING(ring), &fence);
}

/* A message for each cause that is set and enabled now and was not before. */
static void update(PuckGpu *s, uint32_t status, uint32_t enable)
{
    uint32_t before = s->irq_status & s->irq_enable;

    s->irq_status = status;
    s->irq_enable = enable;
    if (status & enable & ~before) {
        puck_msi_stage_raise(&s->messages, PUCK_GPU_VEC_ERROR, NULL);
    }
}

void puck_irq_raise(PuckGpu *s, uint32_t causes)
{
    update(s, s->irq_status | causes, s->irq_enable);
}

void puck_irq_enable(PuckGpu *s, uint32_t causes)
{
    update(s, s->irq_status, causes);
}

int puck_irq_init(PuckGpu *s, Error **errp)
{
    unsigned vectors = PUCK_GPU_VEC_RING(s->num_rings);
    int ret = msix_init_exclusive_bar(PCI_DEVICE(s), vectors,
                                      PUCK_GPU_BAR_MSIX, errp);

    if (ret) {
        return ret;
    }
    for (unsigned v = 0; v < vectors; v++) {
        msix_vector_use(PCI_DEVICE(s), v);
    }
    puck_msi_stage_init(&s->messages, PCI_DEVICE(s), vectors, send_message);
    return 0;
}

void puck_irq_exit(PuckGpu *s)
{
    puck_msi_stage_exit(&s->messages);
    msix_uninit_exclusive_bar(PCI_DEVICE(s));
}
