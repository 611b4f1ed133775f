/* SPDX-License-Identifier: MIT */
/* What a command does, by the CPU: what the device's own doing is compared with. */
#ifndef LIB_GPU_MODEL_H
#define LIB_GPU_MODEL_H

#include <stdint.h>
#include <string.h>

#include "lib/base/crc32.h"

static inline void model_fill(uint8_t *dst, uint64_t offset, uint64_t length, uint32_t value)
{
	uint64_t i;

	for (i = 0; i < length; i++)
		dst[offset + i] = value >> 8 * (i % 4);
}

static inline void model_copy(const uint8_t *src, uint64_t src_offset, uint8_t *dst,
			      uint64_t dst_offset, uint64_t length)
{
	memcpy(dst + dst_offset, src + src_offset, length);
}

static inline void model_blit(const uint8_t *src, uint64_t src_offset, uint32_t src_pitch,
			      uint8_t *dst, uint64_t dst_offset, uint32_t dst_pitch,
			      uint32_t width, uint32_t height)
{
	uint32_t y;

	for (y = 0; y < height; y++)
		memcpy(dst + dst_offset + (uint64_t)y * dst_pitch,
		       src + src_offset + (uint64_t)y * src_pitch, width);
}

static inline void model_crc(const uint8_t *src, uint64_t offset, uint64_t length, uint8_t *dst,
			     uint64_t dst_offset)
{
	uint32_t crc = crc32c(src + offset, length);

	memcpy(dst + dst_offset, &crc, sizeof(crc));
}

#endif /* LIB_GPU_MODEL_H */
