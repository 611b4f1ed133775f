/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the kernel as operations of a sweep: written, and read to their end. */
#ifndef LIB_FAIL_NTH_FILES_H
#define LIB_FAIL_NTH_FILES_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/ktap.h"

/* A write to a file that was opened before: 0 or a negative errno. */
static inline int fail_write(int fd, const char *text)
{
	ssize_t length = (ssize_t)strlen(text), done = write(fd, text, (size_t)length);

	return done == length ? 0 : done < 0 ? -errno : -EIO;
}

/* Open a file and read it to its end. */
static inline int fail_read_file(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	ret = n < 0 ? -errno : 0;
	close(fd);
	return ret;
}

#define FAIL_FILES 64

/* The readable files of a folder and one below; their number. */
static char fail_files[FAIL_FILES][192];
static int fail_nfiles;

static inline void fail_list_files(const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir)) && fail_nfiles < FAIL_FILES) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR && depth)
			fail_list_files(path, depth - 1);
		else if (entry->d_type == DT_REG && strlen(path) < sizeof(fail_files[0]) &&
			 !fail_read_file(path))
			memcpy(fail_files[fail_nfiles++], path, strlen(path) + 1);
	}
	if (dir)
		closedir(dir);
}

/* To be called before the sweep of fail_read_files(). */
static inline void fail_choose_files(const char *folder)
{
	fail_nfiles = 0;
	fail_list_files(folder, 1);
	ktap_note("%d files below %s", fail_nfiles, folder);
}

/* All of them; the first error. */
static inline int fail_read_files(void)
{
	int i, ret = 0;

	for (i = 0; i < fail_nfiles && !ret; i++)
		ret = fail_read_file(fail_files[i]);
	return ret;
}

#endif /* LIB_FAIL_NTH_FILES_H */
