/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices come under the mapper, and leave it.
 */
#ifndef PUCK_DMA_ATTACH_H
#define PUCK_DMA_ATTACH_H

void puck_dma_policy_apply(void);
void puck_dma_late_wait(void);
int puck_dma_attach_init(void);
void puck_dma_attach_exit(void);

#endif /* PUCK_DMA_ATTACH_H */
