/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the function's own accesses to guest memory. With
 * PuckIOMMU::lock.
 */
#ifndef PUCK_IOMMU_GUEST_MEMORY_H
#define PUCK_IOMMU_GUEST_MEMORY_H

typedef struct PuckIOMMU PuckIOMMU;

/*
 * A look at guest memory for the reading of tables: RAM from the address that
 * was read last up to the end of its region. Lives no longer than the RCU
 * critical section that it is used in.
 */
typedef struct PuckTables {
    PuckIOMMU *iommu;
    const char *host;
    uint64_t first;
    uint64_t len;
    int64_t now;                /* virtual clock; 0: not looked at yet */
} PuckTables;

/* A PuckReadEntry. Inside one RCU critical section; @opaque: PuckTables. */
bool puck_tables_read(void *opaque, uint64_t pa, uint64_t *entry);
/* False if there is no RAM at @pa. */
bool puck_iommu_read(PuckIOMMU *s, uint64_t pa, void *buf, size_t len);
bool puck_iommu_write(PuckIOMMU *s, uint64_t pa, const void *buf, size_t len);

#endif /* PUCK_IOMMU_GUEST_MEMORY_H */
