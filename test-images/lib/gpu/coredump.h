/* SPDX-License-Identifier: MIT */
/* The device coredump of a job that went wrong. There is one at a time, until it was read. */
#ifndef LIB_GPU_COREDUMP_H
#define LIB_GPU_COREDUMP_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/device.h"

#define COREDUMP_FOLDER		"/sys/class/devcoredump"

struct coredump {
	char text[(64 << 10) + 1];
};

/* Whether the kernel has them at all. */
static inline bool coredump_known(void)
{
	return !access(COREDUMP_FOLDER, F_OK);
}

static inline bool coredump_is_of(const struct puck *puck, const char *name)
{
	char path[320], link[256];
	ssize_t len;

	snprintf(path, sizeof(path), COREDUMP_FOLDER "/%.200s/failing_device", name);
	len = readlink(path, link, sizeof(link) - 1);
	link[len < 0 ? 0 : len] = '\0';
	return strrchr(link, '/') && !strcmp(strrchr(link, '/') + 1, puck->pci);
}

/* The path of the device's dump; false if there is none. */
static inline bool coredump_find(const struct puck *puck, char *path, size_t size)
{
	DIR *dir = opendir(COREDUMP_FOLDER);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		found = coredump_is_of(puck, entry->d_name);
		if (found)
			snprintf(path, size, COREDUMP_FOLDER "/%.200s/data", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Waits for it, and reads it. */
static inline bool coredump_comes(struct coredump *dump, const struct puck *puck)
{
	unsigned int looks = 0;
	char path[256];
	bool found;

	while (!(found = coredump_find(puck, path, sizeof(path))) && patient(&looks))
		;
	if (found)
		read_text(path, dump->text, sizeof(dump->text));
	return found;
}

/* Says that it was read, whatever is written; and the kernel drops it a moment later. */
static inline bool coredump_drop(const struct puck *puck)
{
	unsigned int looks = 0;
	char path[256];

	while (coredump_find(puck, path, sizeof(path))) {
		write_text(path, "1");
		if (!patient(&looks))
			return false;
	}
	return true;
}

static inline bool coredump_says(const struct coredump *dump, const char *what)
{
	bool found = strstr(dump->text, what);

	if (!found)
		ktap_note("it does not say \"%s\"", what);
	return found;
}

#endif /* LIB_GPU_COREDUMP_H */
