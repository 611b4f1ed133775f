/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources for IOMMUs that do not report_iommu_fault().
 */
#ifndef PUCK_DMA_FAULT_SOURCE_H
#define PUCK_DMA_FAULT_SOURCE_H

int puck_dma_fault_intel_start(void);
void puck_dma_fault_intel_stop(void);
int puck_dma_fault_virtio_start(void);
void puck_dma_fault_virtio_stop(void);

#endif /* PUCK_DMA_FAULT_SOURCE_H */
