/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What puck-dma.ko needs in order to build on all kernels it supports: the newest
 * kernel's way is written in the driver, older ones are told here how to do it.
 */
#ifndef PUCK_COMPAT_DMA_H
#define PUCK_COMPAT_DMA_H

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>

#ifndef PUCK_HAVE_DEV_DMA_FLAGS
/* Bit fields of struct device, once; the second one is not in every configuration. */
static inline bool dev_dma_iommu(const struct device *dev)
{
#ifdef CONFIG_IOMMU_DMA
	return dev->dma_iommu;
#else
	return false;
#endif
}

static inline void dev_assign_dma_iommu(struct device *dev, bool value)
{
#ifdef CONFIG_IOMMU_DMA
	dev->dma_iommu = value;
#endif
}

static inline bool dev_dma_skip_sync(const struct device *dev)
{
#ifdef CONFIG_DMA_NEED_SYNC
	return dev->dma_skip_sync;
#else
	return false;
#endif
}

static inline void dev_assign_dma_skip_sync(struct device *dev, bool value)
{
#ifdef CONFIG_DMA_NEED_SYNC
	dev->dma_skip_sync = value;
#endif
}
#endif

/* Resources, once by functions of their own. */
#ifndef DMA_ATTR_MMIO
#define DMA_ATTR_MMIO		BIT(10)
#endif

/* Of files that can be mapped. */
#ifdef PUCK_HAVE_BIN_MMAP_CONST
#define PUCK_BIN_ATTR		const struct bin_attribute
#else
#define PUCK_BIN_ATTR		struct bin_attribute
#endif

#ifdef PUCK_HAVE_IMPORT_NS_QUOTED
#define PUCK_IMPORT_NS_KUNIT	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#else
#define PUCK_IMPORT_NS_KUNIT	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#endif

#endif /* PUCK_COMPAT_DMA_H */
