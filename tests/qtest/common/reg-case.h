/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers as tables have them: each is read, written and compared alike. */
#ifndef REG_CASE_H
#define REG_CASE_H

#include "qtest.h"

typedef struct RegCase {
    const char *name;
    uint64_t offset;
    unsigned size;
    uint64_t reset;
    uint64_t sticks;            /* what it reads as after ones were written */
} RegCase;

/* @base: of the block that the offset of @c is in */
static inline uint64_t reg_read(PuckFunction *f, const RegCase *c,
                                uint64_t base)
{
    return c->size == 8 ? puck_r64(f, base + c->offset) :
                          puck_r32(f, base + c->offset);
}

static inline void reg_write_ones(PuckFunction *f, const RegCase *c,
                                  uint64_t base)
{
    if (c->size == 8) {
        puck_w64(f, base + c->offset, UINT64_MAX);
    } else {
        puck_w32(f, base + c->offset, UINT32_MAX);
    }
}

/* Each register of a block: reset value, and which of all-ones sticks. */
static inline void reg_check_block(PuckFunction *f, const RegCase *cases,
                                   size_t count, uint64_t base, bool write)
{
    for (size_t i = 0; i < count; i++) {
        const RegCase *c = &cases[i];

        g_test_message("0x%" PRIx64 ": %s", base, c->name);
        g_assert_cmphex(reg_read(f, c, base), ==, c->reset);
        if (write) {
            reg_write_ones(f, c, base);
            g_assert_cmphex(reg_read(f, c, base), ==, c->sticks);
        }
    }
}

#endif /* REG_CASE_H */
