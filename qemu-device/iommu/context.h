/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: from requester to context, with the cache in between. With
 * PuckIOMMU::lock.
 */
#ifndef PUCK_IOMMU_CONTEXT_H
#define PUCK_IOMMU_CONTEXT_H

#include "entry.h"
#include "guest-memory.h"

typedef struct PuckIOMMU PuckIOMMU;

const PuckContext *puck_context_get_locked(PuckIOMMU *s, uint16_t rid,
                                           PuckTables *tables,
                                           PuckContextResult *res);
void puck_context_insert_locked(PuckIOMMU *s, uint16_t rid, PuckContext ctx);
/* Whether @rid is in @domain. Does not change what is cached. */
bool puck_context_in_domain_locked(PuckIOMMU *s, uint16_t rid,
                                   uint16_t domain);
void puck_context_drop_locked(PuckIOMMU *s, uint16_t rid);
void puck_context_drop_all_locked(PuckIOMMU *s);

#endif /* PUCK_IOMMU_CONTEXT_H */
