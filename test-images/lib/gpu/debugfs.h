/* SPDX-License-Identifier: MIT */
/* The debugfs files of a puck device: knobs of its rings, lists of jobs and BOs. */
#ifndef LIB_GPU_DEBUGFS_H
#define LIB_GPU_DEBUGFS_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/device.h"

/* Write a knob of a ring: start_delay_ns, delay_ns, jitter_ns, seed, hold, ... */
static inline int puck_set(const struct puck *puck, unsigned int ring, const char *knob,
			   uint64_t value)
{
	char path[192];
	FILE *file;
	int ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/ring%u/%s", puck->pci, ring, knob);
	file = fopen(path, "w");
	if (!file)
		return -errno;
	ret = fprintf(file, "%llu\n", (unsigned long long)value) < 0 ? -errno : 0;
	return fclose(file) ? -errno : ret;
}

/* Of all rings, of which there are @rings; the test cannot do without. */
static inline void puck_set_all(const struct puck *puck, uint32_t rings, const char *knob,
				uint64_t value)
{
	uint32_t i;

	for (i = 0; i < rings; i++)
		ktap_need(!puck_set(puck, i, knob, value), "%s of ring %u", knob, i);
}

static inline long long puck_get(const struct puck *puck, unsigned int ring, const char *knob)
{
	long long value = -1;
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/ring%u/%s", puck->pci, ring, knob);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	if (fscanf(file, "%lld", &value) != 1)
		value = -EIO;
	fclose(file);
	return value;
}

/* How many lines of a debugfs file begin with @prefix. */
static inline int puck_count(const struct puck *puck, const char *name, const char *prefix)
{
	char path[192], line[256];
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/%s", puck->pci, name);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		count += !strncmp(line, prefix, strlen(prefix));
	fclose(file);
	return count;
}

/*
 * Waits until a debugfs file shows @count such lines: jobs and their BOs are
 * released behind the back of user space.
 */
static inline bool puck_count_becomes(const struct puck *puck, const char *name,
				      const char *prefix, int count)
{
	unsigned int looks = 0;
	int seen;

	while ((seen = puck_count(puck, name, prefix)) != count && patient(&looks))
		;
	return seen == count;
}

/* What debugfs says of the VRAM of a device behind a word; -1 if it does not have the word. */
static inline long long puck_vram_says(const struct puck *puck, const char *word)
{
	const size_t length = strlen(word);
	char path[192], line[256];
	long long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/vram", puck->pci);
	file = fopen(path, "r");
	ktap_need(file, "%s", path);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "  ", 2) && !strncmp(line + 2, word, length) &&
		    line[2 + length] == ':')
			value = atoll(line + 2 + length + 1);
	fclose(file);
	return value;
}

/*
 * What debugfs says of all BOs of a device together behind a word: "mapped" are mappings by
 * importers, also of places that the BOs have left, "peer" those of VRAM among them.
 */
static inline unsigned int puck_sum(const struct puck *puck, const char *word)
{
	char path[192], line[256], find[32], *at;
	unsigned int sum = 0;
	FILE *file;

	snprintf(find, sizeof(find), " %s ", word);
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/bos", puck->pci);
	file = fopen(path, "r");
	ktap_need(file, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		at = strncmp(line, "bo ", 3) ? NULL : strstr(line, find);
		if (at)
			sum += strtoul(at + strlen(find), NULL, 10);
	}
	fclose(file);
	return sum;
}

static inline bool puck_sum_becomes(const struct puck *puck, const char *word, unsigned int sum)
{
	unsigned int looks = 0;

	while (puck_sum(puck, word) != sum && patient(&looks))
		;
	return puck_sum(puck, word) == sum;
}

#endif /* LIB_GPU_DEBUGFS_H */
