/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: MSI-X messages. Under the BQL.
 */
#ifndef PUCK_GPU_CORE_IRQ_H
#define PUCK_GPU_CORE_IRQ_H

typedef struct PuckGpu PuckGpu;

/* NUM_SOURCES, which is the number of vectors, too. */
unsigned puck_irq_num_sources(PuckGpu *s);
/* What SOURCE @n reads; @n is below puck_irq_num_sources(). */
uint32_t puck_irq_source(PuckGpu *s, unsigned n);

int puck_irq_init(PuckGpu *s, Error **errp);
void puck_irq_exit(PuckGpu *s);
/* Job @seqno of ring @ring is complete. */
void puck_irq_fence(PuckGpu *s, unsigned ring, uint32_t seqno);
/* IRQ_STATUS gets @causes besides those that it has. */
void puck_irq_raise(PuckGpu *s, uint32_t causes);
/* IRQ_ENABLE becomes @causes. */
void puck_irq_enable(PuckGpu *s, uint32_t causes);

#endif /* PUCK_GPU_CORE_IRQ_H */
