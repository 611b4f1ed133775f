/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a word of the user to a device of the kernel (a disk, an interface, a
 * card) and to the PCI function that does its DMA.
 */
#ifndef LIB_MAPPER_FIND_H
#define LIB_MAPPER_FIND_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/command.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/mapper/workload.h"

#define DMA_SKIP 4		/* exit status: nothing there to test */

struct dma_device {
	char name[64];		/* below /sys/class/CLASS */
	char pci[32];
};

/* The last PCI address of a path in /sys/devices. */
static inline bool dma_pci_of(const char *path, char *pci, size_t size)
{
	unsigned int domain, bus, slot, function;
	const char *at = path, *found = NULL;

	while ((at = strchr(at, '/'))) {
		at++;
		if (sscanf(at, "%4x:%2x:%2x.%1x/", &domain, &bus, &slot, &function) == 4 &&
		    at[12] == '/')
			found = at;
	}
	if (found)
		snprintf(pci, size, "%.12s", found);
	return found;
}

/* Module and driver names: '-' and '_' are the same. */
static inline bool dma_same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("-_", *a) && strchr("-_", *b)))
			return false;
	return *a == *b;
}

static inline bool dma_link_is(const char *folder, const char *link, const char *name)
{
	char path[PATH_MAX + 330], real[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, link);
	return realpath(path, real) && dma_same_name(strrchr(real, '/') + 1, name);
}

/* The same for a virtio device at @folder, whose card hangs on the function. */
static inline bool dma_virtio_is(const char *folder, const char *name)
{
	char child[PATH_MAX + 300];
	DIR *dir = opendir(folder);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "virtio", 6))
			continue;
		snprintf(child, sizeof(child), "%s/%s", folder, entry->d_name);
		found = dma_link_is(child, "driver", name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Whether @which names the device at @path, its function, or a driver above it. */
static inline bool dma_is_driven(const char *path, const char *which)
{
	char folder[PATH_MAX], pci[32], *end;

	if (dma_pci_of(path, pci, sizeof(pci)) && !strcmp(pci, which))
		return true;
	snprintf(folder, sizeof(folder), "%s", path);
	while ((end = strrchr(folder, '/')) && end != folder) {
		if (dma_link_is(folder, "driver", which) ||
		    dma_link_is(folder, "driver/module", which) || dma_virtio_is(folder, which))
			return true;
		*end = '\0';
	}
	return false;
}

/* Whether device @name of a class is meant. */
typedef bool (*dma_filter)(const char *name);

/* The @nth device of @class that is meant by @which. */
static inline bool dma_look(const char *class, const char *which, int nth, dma_filter filter,
			    struct dma_device *device)
{
	char path[512], real[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/%s", class);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/%s/%s", class, entry->d_name);
		if (entry->d_name[0] == '.' || !realpath(path, real) || !filter(entry->d_name) ||
		    !dma_pci_of(real, device->pci, sizeof(device->pci)))
			continue;
		if (strcmp(entry->d_name, which) && !dma_is_driven(real, which))
			continue;
		found = !nth--;
		snprintf(device->name, sizeof(device->name), "%.63s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Waits for it: buses are scanned in the background. */
static inline bool dma_find(const char *class, const char *which, int nth, dma_filter filter,
			    struct dma_device *device)
{
	int64_t since = 0;

	if (!strncmp(which, "/dev/", 5))
		which = strrchr(which, '/') + 1;
	else if (!strchr(which, ':'))
		run("modprobe %s 2>/dev/null", which);
	do {
		if (dma_look(class, which, nth, filter, device))
			return true;
	} while (expectant(&since));
	return false;
}

/* Says where it is, and remembers it for the run. */
static inline void dma_take(struct dma_test *test, int i, const struct dma_device *device)
{
	struct dma_function *function = &test->functions[i];

	snprintf(function->pci, sizeof(function->pci), "%s", device->pci);
	snprintf(function->driver, sizeof(function->driver), "%s", test->options.which[i]);
	ktap_note("%s is %s of %s", test->options.which[i], device->name, device->pci);
}

static inline int dma_nothing(const char *which)
{
	ktap_skip("not there", which);
	ktap_end();
	return DMA_SKIP;
}

#endif /* LIB_MAPPER_FIND_H */
