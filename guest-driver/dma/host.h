/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of policy from the host.
 */
#ifndef PUCK_DMA_HOST_H
#define PUCK_DMA_HOST_H

void puck_dma_host_init(void);
void puck_dma_host_exit(void);

#endif /* PUCK_DMA_HOST_H */
