/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's interrupt sources. See section "Interrupt sources" of
 * docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/pci/msix.h"
#include "sources.h"

QEMU_BUILD_BUG_ON(PUCK_VECTORS_MAX > PUCK_SOURCE_VECTOR);

static unsigned vector_of(const PuckSources *s, unsigned n)
{
    return s->reversed ? s->count - 1 - n : n;
}

unsigned puck_sources_add(PuckSources *s, uint8_t kind, uint8_t index,
                          uint32_t causes)
{
    g_assert(s->count < ARRAY_SIZE(s->source));
    s->source[s->count] = (PuckSource) {
        .kind = kind, .index = index, .causes = causes,
    };
    return s->count++;
}

int puck_sources_init(PuckSources *s, PCIDevice *pdev, unsigned bar,
                      bool reversed,
                      void (*send)(PCIDevice *pdev, unsigned vector),
                      Error **errp)
{
    int ret = msix_init_exclusive_bar(pdev, s->count, bar, errp);

    if (ret) {
        return ret;
    }
    for (unsigned v = 0; v < s->count; v++) {
        msix_vector_use(pdev, v);
    }
    s->reversed = reversed;
    puck_msi_stage_init(&s->messages, pdev, s->count, send);
    return 0;
}

void puck_sources_exit(PuckSources *s)
{
    puck_msi_stage_exit(&s->messages);
    msix_uninit_exclusive_bar(s->messages.pdev);
}

void puck_sources_reset(PuckSources *s)
{
    s->status = 0;
    s->enable = 0;
    puck_msi_stage_reset(&s->messages);
}

uint32_t puck_sources_word(const PuckSources *s, unsigned n)
{
    const PuckSource *source = &s->source[n];

    return vector_of(s, n) | source->kind << ctz32(PUCK_SOURCE_KIND) |
           (uint32_t)source->index << ctz32(PUCK_SOURCE_INDEX);
}

void puck_sources_raise(PuckSources *s, unsigned n, const PuckEvent *fence)
{
    puck_msi_stage_raise(&s->messages, vector_of(s, n), fence);
}

static void update(PuckSources *s, uint32_t status, uint32_t enable)
{
    uint32_t before = s->status & s->enable;
    uint32_t rising = status & enable & ~before;

    s->status = status;
    s->enable = enable;
    for (unsigned n = 0; n < s->count; n++) {
        if (s->source[n].causes & rising) {
            puck_sources_raise(s, n, NULL);
        }
    }
}

void puck_sources_cause(PuckSources *s, uint32_t causes)
{
    update(s, s->status | causes, s->enable);
}

void puck_sources_enable(PuckSources *s, uint32_t causes)
{
    update(s, s->status, causes);
}
