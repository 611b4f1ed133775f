/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the host has done what it was asked for, and that it has: scripts/pucklib/vm/qmp.py. */
#ifndef LIB_HOST_ANSWER_H
#define LIB_HOST_ANSWER_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/patience.h"
#include "lib/base/text_file.h"

/* Where the shell that runs tests writes the answer that came last. */
#define HOST_ANSWER	"/tmp/puck-answer"

/* Waits for what was asked for last; true if it was done. */
static inline bool host_done(void)
{
	static unsigned int number;
	unsigned int looks = 0;
	char token[32], done[48], line[64];

	snprintf(token, sizeof(token), "%d.%u", (int)getpid(), ++number);
	snprintf(done, sizeof(done), "%s done", token);
	printf("puck-host: answer %s\n", token);
	fflush(stdout);
	do {
		read_line(HOST_ANSWER, line, sizeof(line));
		/* A whole word behind it: the line may be half written. */
		if (!strcmp(line, done))
			return true;
	} while ((strncmp(line, token, strlen(token)) || !strstr(line, " refused")) &&
		 patient(&looks));
	return false;
}

#endif /* LIB_HOST_ANSWER_H */
