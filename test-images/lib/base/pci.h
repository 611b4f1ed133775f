/* SPDX-License-Identifier: MIT */
/* PCI functions of the guest, and whether Puck's IOMMU is in charge of them. */
#ifndef LIB_PCI_H
#define LIB_PCI_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/text_file.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define PUCK_SYSFS "/sys/class/iommu/puck-iommu0"

static inline unsigned int pci_number(const char *name, const char *what)
{
	char path[512], line[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", name, what);
	read_line(path, line, sizeof(line));
	return (unsigned int)strtoul(line, NULL, 16);
}

static inline bool pci_in_charge(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), PUCK_SYSFS "/devices/%s", name);
	return access(path, F_OK) == 0;
}

/* First device of the kind, in or out of charge. False if there is none. */
static inline bool pci_find(unsigned int vendor, unsigned int device, bool in_charge, char *name,
			    size_t size)
{
	DIR *dir = opendir(PCI_DEVICES);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || pci_number(entry->d_name, "vendor") != vendor ||
		    pci_number(entry->d_name, "device") != device ||
		    pci_in_charge(entry->d_name) != in_charge)
			continue;
		snprintf(name, size, "%.*s", (int)size - 1, entry->d_name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Whatever IOMMU is in front of it. */
static inline bool pci_find_any(unsigned int vendor, unsigned int device, char *name, size_t size)
{
	return pci_find(vendor, device, true, name, size) ||
	       pci_find(vendor, device, false, name, size);
}

#endif /* LIB_PCI_H */
