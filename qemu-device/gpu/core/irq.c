/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: interrupt sources, their vectors, and MSI-X messages. Under the
 * BQL: a message is a write to whatever the guest put into the table.
 *
 * Sources stand in an order: one of a later version if the device pretends to
 * be of one, errors, then the rings. Which vector one has follows from its
 * place; see section "Interrupt sources" of docs/specs/gpu.rst. Nothing else
 * knows a vector's number.
 *
 * Each message goes through a stage of its own, where rules can lose it.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/pci/msix.h"
#include "hw/puck/common/trace.h"
#include "device.h"
#include "irq.h"

/* Places of the sources. */
static unsigned error_source(PuckGpu *s)
{
    return puck_gpu_option(s, PUCK_OPTION_NEXT_MINOR) ? 1 : 0;
}

static unsigned ring_source(PuckGpu *s, unsigned ring)
{
    return error_source(s) + 1 + ring;
}

unsigned puck_irq_num_sources(PuckGpu *s)
{
    return ring_source(s, s->num_rings);
}

static unsigned vector_of(PuckGpu *s, unsigned source)
{
    if (puck_gpu_option(s, PUCK_OPTION_VECTORS_REVERSED)) {
        return puck_irq_num_sources(s) - 1 - source;
    }
    return source;
}

static uint32_t source_word(unsigned vector, unsigned kind, unsigned index)
{
    return vector | kind << ctz32(PUCK_GPU_SOURCE_KIND) |
           index << ctz32(PUCK_GPU_SOURCE_INDEX);
}

uint32_t puck_irq_source(PuckGpu *s, unsigned n)
{
    unsigned vector = vector_of(s, n);

    if (n < error_source(s)) {
        return source_word(vector, PUCK_NEXT_MINOR_KIND, 0);
    }
    if (n == error_source(s)) {
        return source_word(vector, PUCK_GPU_SOURCE_ERROR, 0);
    }
    return source_word(vector, PUCK_GPU_SOURCE_FENCE, n - ring_source(s, 0));
}

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

    puck_msi_stage_raise(&s->messages, vector_of(s, ring_source(s, ring)),
                         &fence);
}

/* A message for each cause that is set and enabled now and was not before. */
static void update(PuckGpu *s, uint32_t status, uint32_t enable)
{
    uint32_t before = s->irq_status & s->irq_enable;

    s->irq_status = status;
    s->irq_enable = enable;
    if (status & enable & ~before) {
        puck_msi_stage_raise(&s->messages, vector_of(s, error_source(s)), NULL);
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
    unsigned vectors = puck_irq_num_sources(s);
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
