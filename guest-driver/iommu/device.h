/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices that a puck-iommu is in charge of.
 */
#ifndef PUCK_IOMMU_DEVICE_H
#define PUCK_IOMMU_DEVICE_H

#include <linux/iommu.h>

struct puck_iommu;
struct puck_iommu_domain;

/**
 * struct puck_iommu_dev - a device in charge
 */
struct puck_iommu_dev {
	/** @dev: the device */
	struct device *dev;
	/** @iommu: the instance that translates for it */
	struct puck_iommu *iommu;
	/** @domain: paging domain it is attached to, or NULL; under dev_lock */
	struct puck_iommu_domain *domain;
};

extern const struct iommu_ops puck_iommu_ops;

int puck_iommu_check_unclaimed(struct puck_iommu *iommu);

#endif /* PUCK_IOMMU_DEVICE_H */
