/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: lines of text from the host for a DMA mapper in the guest. See
 * section "Policy" of docs/specs/iommu.rst.
 */
#ifndef PUCK_IOMMU_POLICY_H
#define PUCK_IOMMU_POLICY_H

#include "abi/puck_iommu.h"

typedef struct PuckIOMMU PuckIOMMU;

typedef struct PuckPolicy {
    char **lines;               /* NULL-terminated; NULL: none were ever set */
    uint32_t count;
    uint32_t generation;
    char *saved;                /* what is migrated instead of lines */
} PuckPolicy;

/* The property: lines with ';' between. Under the BQL. */
void puck_policy_add_property(ObjectClass *klass);
void puck_policy_destroy(PuckPolicy *p);

/* The registers, for the line at @index. With PuckIOMMU::lock. */
uint32_t puck_policy_length(const PuckPolicy *p, uint32_t index);
uint32_t puck_policy_word(const PuckPolicy *p, uint32_t index, unsigned word);

extern const VMStateDescription vmstate_puck_policy;

#endif /* PUCK_IOMMU_POLICY_H */
