/* SPDX-License-Identifier: MIT */
/* The kernel's log: what comes there, and what is announced to the host as meant. */
#ifndef LIB_KERNEL_LOG_H
#define LIB_KERNEL_LOG_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"

/* From now on: log_find() sees what comes later. Returns a descriptor. */
static inline int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	ktap_need(fd >= 0, "kernel log");
	lseek(fd, 0, SEEK_END);
	return fd;
}

/* Whether there is a line with @text by now; the line goes to @line. */
static inline bool log_has(int fd, const char *text, char *line, size_t size)
{
	char record[1024];
	ssize_t len;

	errno = 0;
	while ((len = read(fd, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		char *message;

		record[len > 0 ? len : 0] = '\0';
		record[strcspn(record, "\n")] = '\0';
		message = strchr(record, ';');
		if (message && strstr(message, text) && !strstr(message, "puck-expect")) {
			snprintf(line, size, "%s", message + 1);
			return true;
		}
		errno = 0;
	}
	line[0] = '\0';
	return false;
}

/* Waits up to a second for a line that may come, or must not. */
static inline bool log_find(int fd, const char *text, char *line, size_t size)
{
	bool found = false;
	int tries;

	for (tries = 0; tries < 100 && !found; tries++) {
		if (tries)
			usleep(10000);
		found = log_has(fd, text, line, size);
	}
	return found;
}

/* Waits for a line that has to come. */
static inline bool log_comes(int fd, const char *text, char *line, size_t size)
{
	unsigned int looks = 0;
	bool found;

	do {
		found = log_has(fd, text, line, size);
	} while (!found && patient(&looks));
	return found;
}

/*
 * Announces a complaint of the kernel that is meant to come. It is one write, as not
 * every kernel's /dev/kmsg can be asked for its position, which dprintf() does.
 */
static inline void expect_begin(const char *regex)
{
	char line[256];

	snprintf(line, sizeof(line), "puck-expect: begin %s\n", regex);
	write_text("/dev/kmsg", line);
}

static inline void expect_end(void)
{
	write_text("/dev/kmsg", "puck-expect: end\n");
}

#endif /* LIB_KERNEL_LOG_H */
