/* SPDX-License-Identifier: MIT */
/* Commands of the guest's shell. */
#ifndef LIB_COMMAND_H
#define LIB_COMMAND_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((format(printf, 1, 2)))
static inline int run(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

#endif /* LIB_COMMAND_H */
