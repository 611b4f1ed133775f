/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: what both queues have in common: base register and order.
 */
#ifndef PUCK_IOMMU_QUEUE_H
#define PUCK_IOMMU_QUEUE_H

#include "qemu/host-utils.h"
#include "abi/puck_iommu.h"

/* The field of @value that @mask covers. */
static inline uint64_t puck_field(uint64_t value, uint64_t mask)
{
    return (value & mask) >> ctz64(mask);
}

static inline uint32_t puck_queue_size(uint64_t base)
{
    return 1u << (base & PUCK_IOMMU_QUEUE_ORDER);
}

static inline bool puck_queue_order_valid(uint64_t base)
{
    uint64_t order = base & PUCK_IOMMU_QUEUE_ORDER;

    return order >= 1 && order <= PUCK_IOMMU_QUEUE_ORDER_MAX;
}

#endif /* PUCK_IOMMU_QUEUE_H */
