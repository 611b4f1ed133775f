/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a puck-iommu shows in /sys/class/iommu.
 */
#ifndef PUCK_IOMMU_SYSFS_H
#define PUCK_IOMMU_SYSFS_H

struct attribute_group;

extern const struct attribute_group *puck_iommu_groups[];

#endif /* PUCK_IOMMU_SYSFS_H */
