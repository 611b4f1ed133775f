/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory full of one word. */
#ifndef LIB_LABS_MEMORY_H
#define LIB_LABS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

static inline void words_set(uint32_t *words, size_t bytes, uint32_t value)
{
	size_t i;

	for (i = 0; i < bytes / sizeof(*words); i++)
		words[i] = value;
}

/* How many of them are another one. */
static inline size_t words_wrong(const uint32_t *words, size_t bytes, uint32_t value)
{
	size_t i, wrong = 0;

	for (i = 0; i < bytes / sizeof(*words); i++)
		wrong += words[i] != value;
	return wrong;
}

#endif /* LIB_LABS_MEMORY_H */
