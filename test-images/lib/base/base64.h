/* SPDX-License-Identifier: MIT */
/* Bytes as lines of text (RFC 4648), for a host that reads what the guest prints. */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BASE64_LINE	57	/* bytes, which are 76 characters */

static inline void base64_group(const uint8_t *bytes, size_t count, char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t word = bytes[0] << 16 | (count > 1 ? bytes[1] << 8 : 0) |
			(count > 2 ? bytes[2] : 0);
	size_t i;

	for (i = 0; i < 4; i++)
		text[i] = i <= count ? digits[word >> (18 - 6 * i) & 63] : '=';
}

/* Each line begins with @prefix. */
static inline void print_base64(const char *prefix, const uint8_t *bytes, size_t count)
{
	char text[BASE64_LINE / 3 * 4 + 1];
	size_t at, used;

	for (at = 0; at < count; ) {
		for (used = 0; at < count && used < sizeof(text) - 1; at += 3, used += 4)
			base64_group(bytes + at, count - at < 3 ? count - at : 3, text + used);
		text[used] = 0;
		printf("%s%s\n", prefix, text);
	}
}

#endif /* LIB_BASE64_H */
