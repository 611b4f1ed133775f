/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: guest memory. The step "DMA by segments".
 *
 * The engines work on host pointers: a look-up takes one translation for each
 * page behind an IOMMU, or one for each segment without. Only RAM is served. A
 * device's registers are no place for an engine to go, and keeping away from
 * them is what lets a job run without the BQL.
 */

#include "qemu/osdep.h"
#include "system/dma.h"
#include "job.h"

static const MemTxAttrs ram_only = { .memory = 1 };

AddressSpace *puck_gpu_dma_as(PuckGpu *s)
{
    return pci_get_address_space(PCI_DEVICE(s));
}

bool puck_dma_read(PuckGpu *s, uint64_t addr, void *buf, uint64_t len)
{
    return address_space_read(puck_gpu_dma_as(s), addr, ram_only, buf,
                              len) == MEMTX_OK;
}

bool puck_dma_write(PuckGpu *s, uint64_t addr, const void *buf, uint64_t len)
{
    return address_space_write(puck_gpu_dma_as(s), addr, ram_only, buf,
                               len) == MEMTX_OK;
}

/* The RAM at the start of @piece. Clips the piece to what is adjacent. */
static bool look_up_piece(PuckGpu *s, PuckPiece *piece, bool is_write,
                          PuckRun *run)
{
    hwaddr offset = piece->addr;
    hwaddr len = piece->len;
    MemoryRegion *mr = &s->vram;

    if (!piece->vram) {
        mr = address_space_translate(puck_gpu_dma_as(s), piece->addr, &offset,
                                     &len, is_write, ram_only);
        if (!len || !memory_access_is_direct(mr, is_write, ram_only)) {
            return false;
        }
    }
    piece->len = len;
    *run = (PuckRun) {
        .host = qemu_map_ram_ptr(mr->ram_block, offset),
        .len = len,
        .mr = mr,
    };
    return true;
}

static void add_run(PuckRuns *runs, const PuckRun *run)
{
    PuckRun *last = runs->count ? &runs->run[runs->count - 1] : NULL;

    runs->total += run->len;
    if (last && last->mr == run->mr && last->host + last->len == run->host) {
        last->len += run->len;
    } else {
        runs->run[runs->count++] = *run;
    }
}

bool puck_dma_look_up(PuckGpu *s, const PuckCursor *cur, uint64_t max,
                      bool is_write, PuckRuns *runs, PuckPiece *piece)
{
    PuckCursor at = *cur;
    PuckRun run;

    runs->count = 0;
    runs->total = 0;
    while (runs->count < PUCK_RUNS_MAX &&
           puck_cursor_piece(&at, max - runs->total, piece)) {
        if (!look_up_piece(s, piece, is_write, &run)) {
            return false;
        }
        add_run(runs, &run);
        puck_cursor_advance(&at, run.len);
    }
    return true;
}

/*
 * Dirty bits, and translated code that was overwritten. Unmapping is the one
 * call that does both for a host pointer; it drops the reference that mapping
 * would have taken.
 */
void puck_dma_written(PuckGpu *s, const PuckRuns *runs, uint64_t len)
{
    for (unsigned i = 0; i < runs->count && len; i++) {
        const PuckRun *run = &runs->run[i];
        uint64_t part = MIN(run->len, len);

        memory_region_ref(run->mr);
        dma_memory_unmap(puck_gpu_dma_as(s), run->host, part,
                         DMA_DIRECTION_FROM_DEVICE, part);
        len -= part;
    }
}
