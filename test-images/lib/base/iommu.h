/* SPDX-License-Identifier: MIT */
/* The IOMMU: its counters, and the type of a device's domain. */
#ifndef LIB_IOMMU_H
#define LIB_IOMMU_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/ktap.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

static inline uint64_t counter(const char *name)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), PUCK_SYSFS "/counters/%s", name);
	ktap_need(read_line(path, line, sizeof(line)), "%s can be read", path);
	return strtoull(line, NULL, 10);
}

/*
 * From now on the IOMMU compares what it uses of its IOTLB with the tables. Returns how many uses
 * of entries there were that should have gone.
 */
static inline uint64_t iommu_audit_begin(void)
{
	ktap_need(!write_text(PUCK_SYSFS "/audit", "1"), "audit");
	return counter("stale_uses");
}

static inline void iommu_audit_end(uint64_t before)
{
	uint64_t stale = counter("stale_uses") - before;

	ktap_ok(!stale, "%llu uses of stale entries of the IOTLB", (unsigned long long)stale);
	write_text(PUCK_SYSFS "/audit", "0");
}

/* Type of the device's domain: "DMA", "DMA-FQ", "identity", ... */
static inline void domain_type(const char *name, char *type, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/iommu_group/type", name);
	read_line(path, type, size);
}

static inline int set_domain_type(const char *name, const char *type)
{
	char path[512];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/iommu_group/type", name);
	return write_text(path, type);
}

#endif /* LIB_IOMMU_H */
