/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the function's own accesses to guest memory.
 *
 * They are made with PuckIOMMU::lock held and reach RAM alone. An address
 * where another device answers counts as one where nothing is: dispatching
 * to that device would take the BQL, which comes before the lock, and could
 * come back here by way of the device's own DMA.
 *
 * Nothing is cached: a pointer is looked up for each access, or for the reads
 * of one look-up, and is good until the end of the RCU critical section.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/rcu.h"
#include "hw/pci/pci.h"
#include "device.h"
#include "guest-memory.h"

/* Inside an RCU critical section. NULL unless @pa is RAM; clips @len to it. */
static void *ram_at(PuckIOMMU *s, uint64_t pa, uint64_t *len)
{
    AddressSpace *as = pci_get_address_space(&s->parent_obj);
    FlatView *view = address_space_to_flatview(as);
    hwaddr xlat;
    MemoryRegion *mr;

    mr = flatview_translate(view, pa, &xlat, len, false,
                            MEMTXATTRS_UNSPECIFIED);
    if (!memory_access_is_direct(mr, false, MEMTXATTRS_UNSPECIFIED)) {
        return NULL;
    }
    return qemu_map_ram_ptr(mr->ram_block, xlat);
}

bool puck_tables_read(void *opaque, uint64_t pa, uint64_t *entry)
{
    PuckTables *t = opaque;
    uint64_t offset = pa - t->first;

    if (offset >= t->len) {
        uint64_t len = UINT64_MAX;

        t->host = ram_at(t->iommu, pa, &len);
        t->first = pa;
        t->len = t->host ? len & ~7ull : 0;
        offset = 0;
        if (!t->len) {
            return false;
        }
    }
    /* One load: an entry that changes is seen before or after, not torn. */
    *entry = le64_to_cpu(qatomic_read_u64((const uint64_t *)(t->host +
                                                             offset)));
    return true;
}

bool puck_iommu_read(PuckIOMMU *s, uint64_t pa, void *buf, size_t len)
{
    uint64_t plen = len;
    const void *p;

    RCU_READ_LOCK_GUARD();
    p = ram_at(s, pa, &plen);
    if (!p || plen < len) {
        return false;
    }
    memcpy(buf, p, len);
    return true;
}

bool puck_iommu_write(PuckIOMMU *s, uint64_t pa, const void *buf, size_t len)
{
    AddressSpace *as = pci_get_address_space(&s->parent_obj);
    hwaddr plen = len;
    ram_addr_t offset;
    bool ok;
    void *p;

    /*
     * Mapping is the one way to write RAM or nothing. What is not RAM gets a
     * bounce buffer, which is given back without having been written.
     */
    p = address_space_map(as, pa, &plen, true, MEMTXATTRS_UNSPECIFIED);
    if (!p) {
        return false;
    }
    WITH_RCU_READ_LOCK_GUARD() {
        ok = plen == len && memory_region_from_host(p, &offset);
    }
    if (ok) {
        memcpy(p, buf, len);
    }
    address_space_unmap(as, p, plen, true, ok ? len : 0);
    return ok;
}
