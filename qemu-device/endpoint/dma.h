/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a device gets at guest memory.
 */
#ifndef PUCK_ENDPOINT_DMA_H
#define PUCK_ENDPOINT_DMA_H

#include "hw/puck/iommu/bulk.h"
#include "master.h"
#include "segments.h"

/*
 * @as and @space are the IOMMU's, or those of all memory, and stay when the
 * device is unplugged: they are what is behind the bus master's own address
 * space, which does not. Whether the device is bus master is looked up in
 * @master each time.
 */
typedef struct PuckDma {
    const PuckMaster *master;
    AddressSpace *as;
    PuckSpace *space;           /* if a puck-iommu translates, or NULL */
} PuckDma;

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
    PUCK_DMA_DROPPED,           /* what it was for was reset meanwhile */
} PuckDmaResult;

/* Under the BQL, while the device is plugged in. */
void puck_dma_init(PuckDma *dma, const PuckMaster *master);
/* Whether look-ups may be made on threads. Under the BQL. */
bool puck_dma_may_thread(const PuckDma *dma);
/* Guest memory that is no RAM is refused, so these take no lock. */
bool puck_dma_read(const PuckDma *dma, uint64_t addr, void *buf, uint64_t len);
bool puck_dma_write(const PuckDma *dma, uint64_t addr, const void *buf,
                    uint64_t len);
/*
 * What is looked up and accessed in between is known to the IOMMU as one
 * access. Neither the BQL nor anything long may be waited for in between.
 */
unsigned puck_dma_begin(const PuckDma *dma);
void puck_dma_end(const PuckDma *dma, unsigned epoch);
/*
 * Looks up the next @max bytes at @cur, or fewer, without moving it. False if
 * there is no RAM at *@piece.
 */
bool puck_dma_look_up(const PuckDma *dma, const PuckCursor *cur, uint64_t max,
                      bool is_write, PuckRuns *runs, PuckPiece *piece);
/* All bytes of @runs, from or to @bytes. Nobody is told of what is written. */
void puck_runs_copy(const PuckRuns *runs, uint8_t *bytes, bool is_write);
/*
 * One access to @piece, which an IOMMU may make wait until *@wait; then nothing
 * was moved, and it is called again with that in *@wait. Zero at first.
 */
PuckDmaResult puck_dma_access(const PuckDma *dma, const PuckPiece *piece,
                              bool is_write, uint8_t *bytes, int64_t *wait);
/* Tells the rest of QEMU that the first @len bytes of @runs were written. */
void puck_dma_written(const PuckDma *dma, const PuckRuns *runs, uint64_t len);

#endif /* PUCK_ENDPOINT_DMA_H */
