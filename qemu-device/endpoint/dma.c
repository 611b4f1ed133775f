/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest memory. Of a job of puck-gpu it is the step "DMA by segments".
 *
 * Devices work on host pointers. Only RAM is served: another device's registers
 * are no place for DMA to go, and keeping away from them is what lets a job run
 * without the BQL.
 *
 * There are two ways to look memory up. The memory API takes one translation a
 * page behind whatever IOMMU there is, or one a segment without. A puck-iommu
 * can be asked for whole ranges, which costs a fraction, and knows which
 * accesses are under way, so that its SYNC can wait for them.
 */

#include "qemu/osdep.h"
#include "qemu/rcu.h"
#include "hw/pci/pci.h"
#include "system/dma.h"
#include "dma.h"

static const MemTxAttrs ram_only = { .memory = 1 };

bool puck_dma_read(const PuckDma *dma, uint64_t addr, void *buf, uint64_t len)
{
    return puck_master_may_access(dma->master, addr, len, false) &&
           address_space_read(dma->as, addr, ram_only, buf, len) == MEMTX_OK;
}

bool puck_dma_write(const PuckDma *dma, uint64_t addr, const void *buf,
                    uint64_t len)
{
    return puck_master_may_access(dma->master, addr, len, true) &&
           address_space_write(dma->as, addr, ram_only, buf, len) == MEMTX_OK;
}

void puck_dma_init(PuckDma *dma, const PuckMaster *master)
{
    AddressSpace *as = pci_device_iommu_address_space(master->pdev);

    *dma = (PuckDma) {
        .master = master, .as = as, .space = puck_iommu_space(as),
    };
}

/*
 * QEMU's amd-iommu keeps what it has translated in a table that nothing locks.
 * A machine has one from its start, or never.
 */
bool puck_dma_may_thread(const PuckDma *dma)
{
    static int unlocked = -1;

    if (unlocked < 0) {
        unlocked = object_resolve_path_type("", "amd-iommu", NULL) != NULL;
    }
    return dma->space || !unlocked;
}

unsigned puck_dma_begin(const PuckDma *dma)
{
    return dma->space ? puck_iommu_dma_begin(dma->space) : 0;
}

void puck_dma_end(const PuckDma *dma, unsigned epoch)
{
    if (dma->space) {
        puck_iommu_dma_end(dma->space, epoch);
    }
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

/* RAM that is adjacent in host memory: the answer to the last look-up. */
typedef struct RamWindow {
    hwaddr first;
    hwaddr len;
    uint8_t *host;
    MemoryRegion *mr;
} RamWindow;

/* Makes @w the RAM at @addr of @as, as far as it goes. */
static bool open_window(RamWindow *w, AddressSpace *as, hwaddr addr,
                        hwaddr max, bool is_write)
{
    hwaddr offset;

    w->first = addr;
    w->len = max;
    w->mr = address_space_translate(as, addr, &offset, &w->len, is_write,
                                    ram_only);
    if (!w->len || !memory_access_is_direct(w->mr, is_write, ram_only)) {
        w->len = 0;
        return false;
    }
    w->host = qemu_map_ram_ptr(w->mr->ram_block, offset);
    return true;
}

/* Adds [@addr, @addr + @len) of the window to @runs, as far as it reaches. */
static uint64_t add_from_window(PuckRuns *runs, const RamWindow *w,
                                hwaddr addr, uint64_t len)
{
    PuckRun run = {
        .host = w->host + (addr - w->first),
        .len = MIN(len, w->len - (addr - w->first)),
        .mr = w->mr,
    };

    add_run(runs, &run);
    return run.len;
}

/* Adds what can be had of @piece, and makes its length that. */
static bool look_up_local(const PuckDma *dma, PuckPiece *piece,
                          PuckRuns *runs)
{
    MemoryRegion *local = dma->master->local;
    RamWindow w = {
        .len = memory_region_size(local),
        .host = memory_region_get_ram_ptr(local),
        .mr = local,
    };

    piece->len = add_from_window(runs, &w, piece->addr, piece->len);
    return true;
}

/* The same for guest memory through the memory API: behind an IOMMU a page. */
static bool look_up_any(const PuckDma *dma, PuckPiece *piece, bool is_write,
                        PuckRuns *runs)
{
    RamWindow w;

    if (!puck_master_may_access(dma->master, piece->addr, piece->len,
                                is_write) ||
        !open_window(&w, dma->as, piece->addr, piece->len, is_write)) {
        return false;
    }
    piece->len = add_from_window(runs, &w, piece->addr, piece->len);
    return true;
}

/*
 * The same through a puck-iommu: as many pages as there is room for. With @wait
 * other than NULL it may be told to wait, as by puck_iommu_translate_range().
 */
static bool look_up_bulk(const PuckDma *dma, PuckPiece *piece, bool is_write,
                         RamWindow *w, PuckRuns *runs, int64_t *wait)
{
    unsigned room = PUCK_RUNS_MAX - runs->count;
    PuckBulkRun bulk[PUCK_RUNS_MAX];
    uint64_t done = 0;
    unsigned count;

    if (!puck_master_may_access(dma->master, piece->addr, piece->len,
                                is_write)) {
        return false;
    }
    count = puck_iommu_translate_range(dma->space, piece->addr, piece->len,
                                       is_write, bulk, room, &done, wait);
    if (done < piece->len && count < room) {
        piece->addr += done;
        return false;
    }
    done = 0;
    for (unsigned i = 0; i < count; i++) {
        hwaddr pa = bulk[i].pa;

        if (pa - w->first >= w->len &&
            !open_window(w, &address_space_memory, pa, HWADDR_MAX - pa,
                         is_write)) {
            piece->addr += done;
            return false;
        }
        done += add_from_window(runs, w, pa, bulk[i].len);
        if (pa + bulk[i].len - w->first > w->len) {
            /* Ends in this window: what is behind it comes next time. */
            break;
        }
    }
    piece->len = done;
    return true;
}

bool puck_dma_look_up(const PuckDma *dma, const PuckCursor *cur, uint64_t max,
                      bool is_write, PuckRuns *runs, PuckPiece *piece)
{
    PuckCursor at = *cur;
    RamWindow window = { };
    bool ok;

    runs->count = 0;
    runs->pieces = 0;
    runs->total = 0;
    while (runs->count < PUCK_RUNS_MAX && runs->pieces < PUCK_RUNS_MAX &&
           puck_cursor_piece(&at, max - runs->total, piece)) {
        runs->pieces++;
        if (piece->local) {
            ok = look_up_local(dma, piece, runs);
        } else if (dma->space) {
            ok = look_up_bulk(dma, piece, is_write, &window, runs, NULL);
        } else {
            ok = look_up_any(dma, piece, is_write, runs);
        }
        if (!ok) {
            return false;
        }
        puck_cursor_advance(&at, piece->len);
    }
    return true;
}

/*
 * Dirty bits, and translated code that was overwritten. Unmapping is the one
 * call that does both for a host pointer; it drops the reference that mapping
 * would have taken.
 */
void puck_dma_written(const PuckDma *dma, const PuckRuns *runs, uint64_t len)
{
    for (unsigned i = 0; i < runs->count && len; i++) {
        const PuckRun *run = &runs->run[i];
        uint64_t part = MIN(run->len, len);

        memory_region_ref(run->mr);
        dma_memory_unmap(dma->as, run->host, part, DMA_DIRECTION_FROM_DEVICE,
                         part);
        len -= part;
    }
}

/* Looks up a part of @piece, and makes its length that. */
static bool look_up_part(const PuckDma *dma, PuckPiece *piece, bool is_write,
                         PuckRuns *runs, int64_t *wait)
{
    RamWindow window = { };

    runs->count = 0;
    runs->total = 0;
    if (piece->local) {
        return look_up_local(dma, piece, runs);
    }
    if (dma->space) {
        return look_up_bulk(dma, piece, is_write, &window, runs, wait);
    }
    return look_up_any(dma, piece, is_write, runs);
}

void puck_runs_copy(const PuckRuns *runs, uint8_t *bytes, bool is_write)
{
    for (unsigned i = 0; i < runs->count; i++) {
        const PuckRun *run = &runs->run[i];

        if (is_write) {
            memcpy(run->host, bytes, run->len);
        } else {
            memcpy(bytes, run->host, run->len);
        }
        bytes += run->len;
    }
}

PuckDmaResult puck_dma_access(const PuckDma *dma, const PuckPiece *piece,
                              bool is_write, uint8_t *bytes, int64_t *wait)
{
    PuckPiece at = *piece;
    PuckRuns runs;

    RCU_READ_LOCK_GUARD();
    while (at.len) {
        PuckPiece part = at;

        if (!look_up_part(dma, &part, is_write, &runs, wait)) {
            return *wait ? PUCK_DMA_WAIT : PUCK_DMA_FAULT;
        }
        puck_runs_copy(&runs, bytes, is_write);
        if (is_write) {
            puck_dma_written(dma, &runs, part.len);
        }
        bytes += part.len;
        at.addr += part.len;
        at.len -= part.len;
    }
    return PUCK_DMA_OK;
}
