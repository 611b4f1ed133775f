/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the mapper's policy.c and draw.c use of the kernel, as plain C. The
 * other headers here stand in for those that they include.
 */
#ifndef PUCK_KERNEL_WORDS_H
#define PUCK_KERNEL_WORDS_H

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define U32_MAX UINT32_MAX
#define SZ_4K 4096ul
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define IS_ALIGNED(x, a) (((x) & ((a) - 1)) == 0)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define strstarts(text, start) (!strncmp(text, start, strlen(start)))
#define is_power_of_2(n) ((n) && !((n) & ((n) - 1)))
#define EXPORT_SYMBOL_IF_KUNIT(symbol)

/* The digits at @text: of 16 with 0x, of 8 with 0, else of 10. */
static inline bool digits(const char *text, const char **end, u64 *value)
{
    unsigned int base = 10;
    bool fits = true;

    if (text[0] == '0' && (text[1] | 0x20) == 'x' && isxdigit(text[2])) {
        base = 16;
        text += 2;
    } else if (text[0] == '0') {
        base = 8;
    }
    *value = 0;
    for (; isxdigit(*text); text++) {
        unsigned int digit = isdigit(*text) ? *text - '0'
                                            : (*text | 0x20) - 'a' + 10;

        if (digit >= base) {
            break;
        }
        fits = fits && !__builtin_mul_overflow(*value, base, value) &&
               !__builtin_add_overflow(*value, digit, value);
    }
    *end = text;
    return fits;
}

/* All of @text is a number, with a line's end behind it at most. */
static inline int kstrtou64(const char *text, unsigned int base, u64 *value)
{
    const char *end;

    text += *text == '+';
    if (!isdigit(*text)) {
        return -EINVAL;
    }
    if (!digits(text, &end, value)) {
        return -ERANGE;
    }
    end += *end == '\n';
    return *end ? -EINVAL : 0;
}

static inline int kstrtou32(const char *text, unsigned int base, u32 *value)
{
    u64 wide;
    int ret = kstrtou64(text, base, &wide);

    if (!ret && wide > U32_MAX) {
        ret = -ERANGE;
    }
    if (!ret) {
        *value = wide;
    }
    return ret;
}

static inline u64 memparse(const char *text, char **end)
{
    static const char units[] = "KMGTPE";
    const char *at, *unit;
    u64 value;

    digits(text, &at, &value);
    unit = *at ? strchr(units, toupper(*at)) : NULL;
    if (unit) {
        value <<= 10 * (unit - units + 1);
        at++;
    }
    *end = (char *)at;
    return value;
}

static inline ssize_t strscpy(char *to, const char *from, size_t size)
{
    size_t len = strlen(from);

    if (len >= size) {
        return -E2BIG;
    }
    memcpy(to, from, len + 1);
    return len;
}

__attribute__((format(printf, 3, 4)))
static inline int scnprintf(char *text, size_t size, const char *format, ...)
{
    va_list ap;
    int len;

    va_start(ap, format);
    len = vsnprintf(text, size, format, ap);
    va_end(ap);
    return len < (int)size ? len : (int)size - 1;
}

#endif /* PUCK_KERNEL_WORDS_H */
