/* SPDX-License-Identifier: MIT */
/* CRCs of 32 bits, the lowest bit first. */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

/* @set: bits of each eight bytes that are taken for set. */
static inline uint32_t crc32_by(uint32_t polynomial, uint64_t set, const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint32_t crc = ~0u;
	size_t at;
	int bit;

	for (at = 0; at < length; at++) {
		crc ^= (uint8_t)(byte[at] | set >> at % 8 * 8);
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
	}
	return ~crc;
}

#ifdef __x86_64__
/* CRC-32C by the CPU's instruction for it: a picture of each frame takes that. */
__attribute__((target("sse4.2")))
static inline uint32_t crc32c_by_cpu(uint64_t set, const uint8_t *byte, size_t length)
{
	uint64_t crc = ~0u, word;
	size_t at;

#pragma GCC unroll 8
	for (at = 0; at < length / 8; at++) {
		memcpy(&word, byte + 8 * at, sizeof(word));
		crc = _mm_crc32_u64(crc, word | set);
	}
	for (at = 8 * at; at < length; at++)
		crc = _mm_crc32_u8((uint32_t)crc, (uint8_t)(byte[at] | set >> at % 8 * 8));
	return ~(uint32_t)crc;
}
#endif

static inline uint32_t crc32c_set(uint64_t set, const void *data, size_t length)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_by_cpu(set, data, length);
#endif
	return crc32_by(0x82f63b78u, set, data, length);
}

/* CRC-32C: what the device's own is compared with. */
static inline uint32_t crc32c(const void *data, size_t length)
{
	return crc32c_set(0, data, length);
}

/* The same of pixels of XRGB8888, all of them opaque. */
static inline uint32_t crc32c_opaque(const void *pixels, size_t length)
{
	return crc32c_set(0xff000000ff000000, pixels, length);
}

/* CRC-32, as the host's zlib has it. */
static inline uint32_t crc32(const void *data, size_t length)
{
	return crc32_by(0xedb88320u, 0, data, length);
}

#endif /* LIB_CRC32_H */
