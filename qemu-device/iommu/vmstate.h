/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: migration.
 */
#ifndef PUCK_IOMMU_VMSTATE_H
#define PUCK_IOMMU_VMSTATE_H

#include "migration/vmstate.h"

extern const VMStateDescription vmstate_puck_iommu;

#endif /* PUCK_IOMMU_VMSTATE_H */
