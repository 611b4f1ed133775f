/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A device under the mapper: its policy, its counters and its findings. */
#ifndef LIB_MAPPER_DEVICE_H
#define LIB_MAPPER_DEVICE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/ktap.h"
#include "lib/base/text_file.h"

#define MAPPER "/sys/kernel/debug/puck-dma"

static inline bool dma_mapper_path(const char *pci, const char *file, char *path, size_t size)
{
	snprintf(path, size, MAPPER "/%s/%s", pci, file);
	return !access(path, F_OK);
}

static inline uint64_t dma_counter(const char *pci, const char *name)
{
	char path[128], line[128], *value;
	FILE *file;

	dma_mapper_path(pci, "counters", path, sizeof(path));
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		value = strchr(line, ' ');
		if (!value)
			continue;
		*value++ = '\0';
		if (strcmp(line, name))
			continue;
		fclose(file);
		return strtoull(value, NULL, 10);
	}
	if (file)
		fclose(file);
	ktap_need(false, "the mapper counts '%s' of %s", name, pci);
	return 0;
}

/* The lines of a file below the function's folder, as remarks. */
static inline void dma_show(const char *pci, const char *name)
{
	char path[128], line[1024];
	FILE *file;

	dma_mapper_path(pci, name, path, sizeof(path));
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		ktap_note("%s", line);
	}
	if (file)
		fclose(file);
}

static inline bool dma_set_policy(const char *pci, const char *policy)
{
	char path[128], line[512];
	int err;

	dma_mapper_path(pci, "policy", path, sizeof(path));
	snprintf(line, sizeof(line), "%s\n", policy);
	err = write_text(path, line);
	if (err)
		ktap_note("%s: policy '%s': %s", pci, policy, strerror(-err));
	return !err;
}

#endif /* LIB_MAPPER_DEVICE_H */
