/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: the command queue.
 */
#ifndef PUCK_IOMMU_CMDQ_H
#define PUCK_IOMMU_CMDQ_H

#include "invalidate.h"

typedef struct PuckIOMMU PuckIOMMU;

void puck_cmdq_init(PuckIOMMU *s);
void puck_cmdq_exit(PuckIOMMU *s);
/* CTRL.CQ_ENABLE from 0 to 1. */
void puck_cmdq_enable_locked(PuckIOMMU *s);
/* What was not executed is not; a SYNC does not wait any more. */
void puck_cmdq_stop_locked(PuckIOMMU *s);
/* False if what was loaded is not possible. Goes on where the queue was. */
bool puck_cmdq_loaded_locked(PuckIOMMU *s);
/* A write to CQ_TAIL. Under the BQL, without the lock. */
void puck_cmdq_doorbell(PuckIOMMU *s, uint32_t tail);
/* Stops the queue with @code, PUCK_IOMMU_CQ_ERR_*. */
void puck_cmdq_error_locked(PuckIOMMU *s, uint8_t code);
/* Whether the queue would take @inv, as an INV command. */
bool puck_cmdq_good(const PuckInvalidation *inv);

#endif /* PUCK_IOMMU_CMDQ_H */
