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
