/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU's header of this name gives to mischief's rules, without glib. */
#ifndef PUCK_WORDS_OSDEP_H
#define PUCK_WORDS_OSDEP_H

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifndef MIN
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#endif
#define G_N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define G_GNUC_PRINTF(text, first) \
    __attribute__((format(printf, text, first)))
#define g_assert(cond) assert(cond)
#define g_assert_not_reached() assert(!"reached")

#endif /* PUCK_WORDS_OSDEP_H */
