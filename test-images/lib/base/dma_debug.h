/* SPDX-License-Identifier: MIT */
/* What DMA_API_DEBUG knows of a device, whether the kernel's log says so any more or not. */
#ifndef LIB_DMA_DEBUG_H
#define LIB_DMA_DEBUG_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How many mappings a PCI device has; -ENOENT: this kernel does not know. */
static inline int dma_debug_mappings(const char *pci)
{
	FILE *file = fopen("/sys/kernel/debug/dma-api/dump", "r");
	char line[512], name[40];
	int count = 0;

	if (!file)
		return -errno;
	snprintf(name, sizeof(name), " %.32s ", pci);
	while (fgets(line, sizeof(line), file))
		count += !!strstr(line, name);
	fclose(file);
	return count;
}

#endif /* LIB_DMA_DEBUG_H */
