/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: its interrupt sources. Under the BQL.
 */
#ifndef PUCK_GPU_CORE_IRQ_H
#define PUCK_GPU_CORE_IRQ_H

typedef struct PuckGpu PuckGpu;

int puck_irq_init(PuckGpu *s, Error **errp);
/* Job @seqno of ring @ring is complete. */
void puck_irq_fence(PuckGpu *s, unsigned ring, uint32_t seqno);

/* Something has happened to head @head of the display. */
void puck_irq_head(PuckGpu *s, unsigned head);

#endif /* PUCK_GPU_CORE_IRQ_H */
