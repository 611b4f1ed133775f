/* SPDX-License-Identifier: MIT */
/* Numbers that somebody has written down, as arguments of programs are. */
#ifndef LIB_NUMBER_H
#define LIB_NUMBER_H

#include <stdbool.h>
#include <stdlib.h>

/* A decimal number from 1 to @most, and nothing behind it; otherwise @value stays as it is. */
static inline bool number_from_text(const char *text, unsigned int *value, unsigned int most)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*end || !number || number > most)
		return false;
	*value = (unsigned int)number;
	return true;
}

#endif /* LIB_NUMBER_H */
