/* SPDX-License-Identifier: MIT */
/* Lab 8: what its grader asks of the module, whose port is /dev/puck-lab-dmabuf. */
#ifndef PUCK_LAB_DMABUF_H
#define PUCK_LAB_DMABUF_H

/* Export memory of arg[0] pages, which is zero. Comes back: arg[1], a dma-buf. */
#define PUCK_LAB_DMABUF_EXPORT	0x800
/* Have the GPU behind the IOMMU fill the dma-buf arg[0] with arg[1]; wait until that is done. */
#define PUCK_LAB_DMABUF_FILL	0x801

#endif /* PUCK_LAB_DMABUF_H */
