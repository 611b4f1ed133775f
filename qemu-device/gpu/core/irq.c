/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: which interrupt sources it has: one of a later version if it
 * pretends to be of one, errors, the rings, then the heads. Under the BQL. See
 * section "Interrupt sources" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "hw/puck/common/trace.h"
#include "device.h"
#include "irq.h"

QEMU_BUILD_BUG_ON(PUCK_SOURCE_VECTOR != PUCK_GPU_SOURCE_VECTOR ||
                  PUCK_SOURCE_KIND != PUCK_GPU_SOURCE_KIND ||
                  PUCK_SOURCE_INDEX != PUCK_GPU_SOURCE_INDEX);

static void send_message(PCIDevice *pdev, unsigned vector)
{
    PuckGpu *s = PUCK_GPU(pdev);

    if (puck_is_gone(&s->gone) || puck_power_is_off(&s->power)) {
        return;
    }
    trace_puck_gpu_irq(puck_gpu_name(s), vector);
    msix_notify(pdev, vector);
}

/* The heads' sources are the last ones, those of the rings in front of them. */
static unsigned head_source(const PuckGpu *s, unsigned head)
{
    return s->sources.count - s->num_heads + head;
}

static unsigned ring_source(const PuckGpu *s, unsigned ring)
{
    return head_source(s, 0) - s->num_rings + ring;
}

void puck_irq_fence(PuckGpu *s, unsigned ring, uint32_t seqno)
{
    PuckEvent fence = { .ring = ring, .seqno = seqno };

    puck_sources_raise(&s->sources, ring_source(s, ring), &fence);
}

void puck_irq_head(PuckGpu *s, unsigned head)
{
    puck_sources_raise(&s->sources, head_source(s, head), NULL);
}

int puck_irq_init(PuckGpu *s, Error **errp)
{
    if (puck_gpu_option(s, PUCK_OPTION_NEXT_MINOR)) {
        puck_sources_add(&s->sources, PUCK_NEXT_MINOR_KIND, 0, 0);
    }
    puck_sources_add(&s->sources, PUCK_GPU_SOURCE_ERROR, 0,
                     PUCK_GPU_IRQ_ERROR);
    for (unsigned r = 0; r < s->num_rings; r++) {
        puck_sources_add(&s->sources, PUCK_GPU_SOURCE_FENCE, r, 0);
    }
    for (unsigned h = 0; h < s->num_heads; h++) {
        puck_sources_add(&s->sources, PUCK_GPU_SOURCE_VBLANK, h, 0);
    }
    return puck_sources_init(&s->sources, PCI_DEVICE(s), PUCK_GPU_BAR_MSIX,
                             puck_gpu_option(s, PUCK_OPTION_VECTORS_REVERSED),
                             send_message, errp);
}
