/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers as data. See regs.h.
 */

#include "qemu/osdep.h"
#include "regs.h"

/* What an access is for: register, index in a row of several, bits of it. */
typedef struct Access {
    const PuckReg *reg;
    unsigned n;
    unsigned shift;
    uint64_t lanes;             /* bits of the register that it is for */
} Access;

static unsigned reg_count(const PuckReg *reg)
{
    return MAX(reg->count, 1);
}

static uint64_t reg_end(const PuckReg *reg)
{
    return reg->offset + (uint64_t)reg_count(reg) * reg->size;
}

static bool reg_valid(const PuckReg *reg)
{
    bool stored = reg->value != PUCK_REG_NO_VALUE || reg->write;

    return (reg->size == 4 || reg->size == 8) && reg->offset % reg->size == 0 &&
           (stored || (!reg->rw && !reg->w1c));
}

bool puck_regs_valid(const PuckRegBlock *block)
{
    uint64_t end = 0;

    for (unsigned i = 0; i < block->count; i++) {
        const PuckReg *reg = &block->regs[i];

        if (!reg_valid(reg) || reg->offset < end) {
            return false;
        }
        end = reg_end(reg);
    }
    return true;
}

/* False if @offset and @size are no access to a register of @block. */
static bool find(const PuckRegBlock *block, uint64_t offset, unsigned size,
                 Access *a)
{
    if ((size != 4 && size != 8) || offset % size) {
        return false;
    }
    for (unsigned i = 0; i < block->count; i++) {
        const PuckReg *reg = &block->regs[i];

        if (offset < reg->offset || offset >= reg_end(reg)) {
            continue;
        }
        a->reg = reg;
        a->n = (offset - reg->offset) / reg->size;
        a->shift = 8 * (offset % reg->size);
        a->lanes = (size == 8 ? UINT64_MAX : UINT32_MAX) << a->shift;
        return size <= reg->size;
    }
    return false;
}

static void *value_at(const PuckRegBlock *block, const Access *a, void *object)
{
    unsigned width = block->wide_values ? 8 : a->reg->size;

    return (char *)object + a->reg->value + a->n * width;
}

static uint64_t get_value(const PuckRegBlock *block, const Access *a,
                          void *object)
{
    const void *at = value_at(block, a, object);

    return block->wide_values || a->reg->size == 8 ? *(const uint64_t *)at :
                                                     *(const uint32_t *)at;
}

static void set_value(const PuckRegBlock *block, const Access *a, void *object,
                      uint64_t value)
{
    void *at = value_at(block, a, object);

    if (block->wide_values || a->reg->size == 8) {
        *(uint64_t *)at = value;
    } else {
        *(uint32_t *)at = value;
    }
}

PuckRegResult puck_regs_read(const PuckRegBlock *block, void *object,
                             uint64_t offset, unsigned size, uint64_t *value)
{
    uint64_t whole;
    Access a;

    if (!find(block, offset, size, &a)) {
        return PUCK_REG_NONE;
    }
    if (a.reg->read) {
        whole = a.reg->read(object, a.n);
    } else if (a.reg->value != PUCK_REG_NO_VALUE) {
        whole = get_value(block, &a, object);
    } else {
        whole = a.reg->fixed;
    }
    *value = (whole & a.lanes) >> a.shift;
    return PUCK_REG_DONE;
}

/* What the register is before a write: what is stored, as far as it is. */
static uint64_t old_value(const PuckRegBlock *block, const Access *a,
                          void *object)
{
    if (a->reg->value != PUCK_REG_NO_VALUE) {
        return get_value(block, a, object);
    }
    return a->reg->read ? a->reg->read(object, a->n) : a->reg->fixed;
}

PuckRegResult puck_regs_write(const PuckRegBlock *block, void *object,
                              uint64_t offset, unsigned size, uint64_t value)
{
    uint64_t rw, w1c, new;
    Access a;

    if (!find(block, offset, size, &a)) {
        return PUCK_REG_NONE;
    }
    if (!a.reg->rw && !a.reg->w1c) {
        return PUCK_REG_DONE;
    }
    if ((block->locked && block->locked(object)) ||
        (a.reg->locked && a.reg->locked(object))) {
        return PUCK_REG_LOCKED;
    }
    value = (value << a.shift) & a.lanes;
    rw = a.reg->rw & a.lanes;
    w1c = a.reg->w1c & value;
    new = (old_value(block, &a, object) & ~rw & ~w1c) | (value & rw);
    if (a.reg->write) {
        a.reg->write(object, a.n, new);
    } else {
        set_value(block, &a, object, new);
    }
    return PUCK_REG_DONE;
}
