/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: how the device gets at guest memory.
 */
#ifndef PUCK_GPU_ENGINE_DMA_H
#define PUCK_GPU_ENGINE_DMA_H

#include "hw/puck/gpu/core/device.h"
#include "hw/puck/iommu/bulk.h"
#include "segments.h"

/*
 * @as and @space are the IOMMU's, or those of all memory, and stay when the
 * device is unplugged: they are what is behind the bus master's own address
 * space, which does not. Whether the device is bus master is looked up in @gpu
 * each time.
 */
typedef struct PuckGpuDma {
    PuckGpu *gpu;
    AddressSpace *as;
    PuckSpace *space;           /* if a puck-iommu translates, or NULL */
} PuckGpuDma;

/*
 * Bytes of guest memory that are adjacent in host memory. Valid inside the RCU
 * critical section that they were looked up in.
 */
typedef struct PuckRun {
    uint8_t *host;
    uint64_t len;
    MemoryRegion *mr;
} PuckRun;

#define PUCK_RUNS_MAX   64

typedef struct PuckRuns {
    unsigned count;
    unsigned pieces;            /* look-ups that they came from */
    uint64_t total;             /* bytes of all runs */
    PuckRun run[PUCK_RUNS_MAX];
} PuckRuns;

typedef enum PuckDmaResult {
    PUCK_DMA_OK,
    PUCK_DMA_FAULT,
    PUCK_DMA_WAIT,
    PUCK_DMA_DROPPED,           /* the ring was reset meanwhile */
} PuckDmaResult;

/* The command register was reset; or configuration space written or loaded. */
void puck_gpu_dma_reset(PuckGpu *s);
void puck_gpu_dma_config_changed(PuckGpu *s);

/* Under the BQL, while the device is plugged in. */
void puck_gpu_dma_init(PuckGpuDma *dma, PuckGpu *s);
/* Whether look-ups may be made on threads. Under the BQL. */
bool puck_gpu_dma_may_thread(const PuckGpuDma *dma);
/* Guest memory that is no RAM is refused, so these take no lock. */
bool puck_gpu_dma_read(const PuckGpuDma *dma, uint64_t addr, void *buf,
                       uint64_t len);
bool puck_gpu_dma_write(const PuckGpuDma *dma, uint64_t addr, const void *buf,
                        uint64_t len);
/*
 * What is looked up and accessed in between is known to the IOMMU as one
 * access. Neither the BQL nor anything long may be waited for in between.
 */
unsigned puck_gpu_dma_begin(const PuckGpuDma *dma);
void puck_gpu_dma_end(const PuckGpuDma *dma, unsigned epoch);
/*
 * Looks up the next @max bytes at @cur, or fewer, without moving it. False if
 * there is no RAM at *@piece.
 */
bool puck_gpu_dma_look_up(const PuckGpuDma *dma, const PuckCursor *cur,
                          uint64_t max, bool is_write, PuckRuns *runs,
                          PuckPiece *piece);
/*
 * One access to @piece, which an IOMMU may make wait until *@wait; then nothing
 * was moved, and it is called again with that in *@wait. Zero at first.
 */
PuckDmaResult puck_gpu_dma_access(const PuckGpuDma *dma,
                                  const PuckPiece *piece, bool is_write,
                                  uint8_t *bytes, int64_t *wait);
/* Tells the rest of QEMU that the first @len bytes of @runs were written. */
void puck_gpu_dma_written(const PuckGpuDma *dma, const PuckRuns *runs,
                          uint64_t len);

#endif /* PUCK_GPU_ENGINE_DMA_H */
