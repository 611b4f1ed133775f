/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What puck-iommu.ko needs in order to build on all kernels it supports: the
 * newest kernel's way is written in the driver, older ones are told here how
 * to do it.
 */
#ifndef PUCK_COMPAT_IOMMU_H
#define PUCK_COMPAT_IOMMU_H

#include <linux/iommu.h>

/* Older kernels' KUnit has no stubs, and no tests are built for them. */
#ifdef PUCK_HAVE_KUNIT_STUBS
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#else
#define KUNIT_STATIC_STUB_REDIRECT(args...)	do { } while (0)
#endif

/*
 * Newer kernels tell attach_dev which domain the device comes from. The driver
 * does not ask: the context entry in memory says as much.
 */
#ifdef PUCK_HAVE_IOMMU_ATTACH_OLD
#define PUCK_ATTACH_ARGS	\
	struct iommu_domain *domain, struct device *dev, struct iommu_domain *old
#else
#define PUCK_ATTACH_ARGS	struct iommu_domain *domain, struct device *dev
#endif

/* Older kernels defer flushes for any driver that accepts IOMMU_DOMAIN_DMA_FQ. */
static inline bool puck_compat_is_deferred_flush(enum iommu_cap cap)
{
#ifdef PUCK_HAVE_IOMMU_DEFERRED_FLUSH
	return cap == IOMMU_CAP_DEFERRED_FLUSH;
#else
	return false;
#endif
}

/* Newer kernels do this themselves, and keep the function to themselves. */
static inline void puck_compat_setup_dma_ops(struct device *dev)
{
#ifdef PUCK_HAVE_IOMMU_SETUP_DMA_OPS
	iommu_setup_dma_ops(dev, 0, U64_MAX);
#endif
}

#endif /* PUCK_COMPAT_IOMMU_H */
