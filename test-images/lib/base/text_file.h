/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of the kernel that hold text: sysfs, debugfs. */
#ifndef LIB_TEXT_FILE_H
#define LIB_TEXT_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* Returns 0 or a negative errno, as the kernel's answer to the write was. */
static inline int write_text(const char *path, const char *text)
{
	ssize_t length = (ssize_t)strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int ret = 0;

	if (fd < 0)
		return -errno;
	done = write(fd, text, (size_t)length);
	if (done != length)
		ret = done < 0 ? -errno : -EIO;
	close(fd);
	return ret;
}

/* The first bytes of a file; empty if there is none. */
static inline void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t n = 0;

	while (fd >= 0 && done < size - 1 &&
	       (n = read(fd, text + done, size - 1 - done)) > 0)
		done += (size_t)n;
	text[done] = '\0';
	if (fd >= 0)
		close(fd);
}

/* One line of a file, without its end. False if there is no such file. */
static inline bool read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	line[0] = '\0';
	if (fd < 0)
		return false;
	len = read(fd, line, size - 1);
	close(fd);
	line[len > 0 ? len : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return len >= 0;
}

#endif /* LIB_TEXT_FILE_H */
