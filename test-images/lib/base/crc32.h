/* SPDX-License-Identifier: MIT */
/* CRCs of 32 bits in software, the lowest bit first. */
#ifndef LIB_CRC32_H
#define LIB_CRC32_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t crc32_by(uint32_t polynomial, const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint32_t crc = ~0u;
	int bit;

	while (length--) {
		crc ^= *byte++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
	}
	return ~crc;
}

/* CRC-32C: what the device's own is compared with. */
static inline uint32_t crc32c(const void *data, size_t length)
{
	return crc32_by(0x82f63b78u, data, length);
}

/* CRC-32, as the host's zlib has it. */
static inline uint32_t crc32(const void *data, size_t length)
{
	return crc32_by(0xedb88320u, data, length);
}

#endif /* LIB_CRC32_H */
