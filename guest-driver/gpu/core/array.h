/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arrays in a caller's memory.
 */
#ifndef PUCK_ARRAY_H
#define PUCK_ARRAY_H

#include <linux/types.h>

struct drm_puck_array;

void *puck_array_read(const struct drm_puck_array *array, u32 max, size_t size,
		      size_t first_size);
int puck_array_write(const struct drm_puck_array *array, const void *elements, u32 count,
		     size_t size, size_t first_size);

#endif /* PUCK_ARRAY_H */
