/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the fault queue. With PuckIOMMU::lock.
 */
#ifndef PUCK_IOMMU_FAULTQ_H
#define PUCK_IOMMU_FAULTQ_H

#include "translate.h"

typedef struct PuckIOMMU PuckIOMMU;

/* CTRL.FQ_ENABLE from 0 to 1. */
void puck_faultq_enable_locked(PuckIOMMU *s);
/* A write to FQ_HEAD. */
void puck_faultq_set_head_locked(PuckIOMMU *s, uint32_t head);
/* @req faulted: a record, if there is a queue and room in it. */
void puck_faultq_record_locked(PuckIOMMU *s, const PuckRequest *req);

#endif /* PUCK_IOMMU_FAULTQ_H */
