/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: look-ups of whole ranges, for engines that move much.
 *
 * The same requests, counters and faults as one look-up a page through the
 * memory API make, at a fraction of the price: one lock and one walk down to
 * level 1 serve a run of pages. Any thread, with or without the BQL.
 */
#ifndef PUCK_IOMMU_BULK_H
#define PUCK_IOMMU_BULK_H

#include "exec/hwaddr.h"

typedef struct AddressSpace AddressSpace;
typedef struct PuckSpace PuckSpace;

/* Bytes that lie next to each other in address_space_memory. */
typedef struct PuckBulkRun {
    hwaddr pa;
    uint64_t len;
} PuckBulkRun;

/*
 * The requester whose address space @as is, as pci_device_iommu_address_space()
 * returns it; NULL if a puck-iommu does not translate for it.
 */
PuckSpace *puck_iommu_space(AddressSpace *as);

/*
 * What is looked up and accessed between these two is complete when a SYNC
 * command that follows it is: the SYNC waits for it, and the guest for the
 * SYNC. So the caller should do one chunk of work in between, not all of it.
 * Returns what end has to be given.
 */
unsigned puck_iommu_dma_begin(PuckSpace *space);
void puck_iommu_dma_end(PuckSpace *space, unsigned epoch);

/*
 * Looks up [@iova, @iova + @len) for reading or writing. Fills at most @max
 * of @runs and returns how many; @done says how many bytes they cover. Where
 * neither all bytes are covered nor all runs used, the next byte faulted.
 *
 * Or it has to wait, if @wait_until is not NULL and was made other than 0: the
 * time on the virtual clock when to call again for that byte, with what is in
 * @wait_until then: the call takes it for having waited and makes it 0. The
 * caller has to be outside of puck_iommu_dma_begin() and _end() meanwhile. 0
 * for a first call.
 */
unsigned puck_iommu_translate_range(PuckSpace *space, uint64_t iova,
                                    uint64_t len, bool is_write,
                                    PuckBulkRun *runs, unsigned max,
                                    uint64_t *done, int64_t *wait_until);

#endif /* PUCK_IOMMU_BULK_H */
