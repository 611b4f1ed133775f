/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/debug/puck-dma.
 */
#ifndef PUCK_DMA_DEBUGFS_H
#define PUCK_DMA_DEBUGFS_H

struct puck_dma_dev;

void puck_dma_debugfs_attach(struct puck_dma_dev *d);
void puck_dma_debugfs_detach(struct puck_dma_dev *d);
void puck_dma_debugfs_init(void);
void puck_dma_debugfs_exit(void);

#endif /* PUCK_DMA_DEBUGFS_H */
