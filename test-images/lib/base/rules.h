/* SPDX-License-Identifier: MIT */
/* Rules of mischief (docs/specs/mischief.rst), from within the guest: puck-mischief.ko. */
#ifndef LIB_RULES_H
#define LIB_RULES_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/text_file.h"

#define RULES	"/sys/kernel/debug/puck-mischief/"

/* Adds a rule; returns its number, or 0 if it is refused. */
static inline unsigned long rule_add(const char *rule)
{
	char text[32];

	if (write_text(RULES "add", rule))
		return 0;
	read_text(RULES "last-id", text, sizeof(text));
	return strtoul(text, NULL, 10);
}

/* "release" or "remove", what a rule holds. */
static inline int rule_command(const char *name, unsigned long number)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), RULES "%s", name);
	snprintf(text, sizeof(text), "%lu\n", number);
	return write_text(path, text);
}

#endif /* LIB_RULES_H */
