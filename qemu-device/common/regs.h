/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers as data: what an access of the guest to a BAR does stands in a
 * table, a row for each register; what else a write sets off is in its hook.
 * Section "Conventions" of each device's spec is what is done here: a 64-bit
 * register takes an access of 64 bits, or of 32 bits to one of its halves; a
 * 32-bit one takes 32 bits; nothing else is an access to a register.
 *
 * A block is a table and what it is the face of: the device, one of its rings.
 * That is the object which the hooks get, and which the values are fields of.
 *
 * Access types of the specs: RO has neither @rw nor @w1c. RW has its bits in
 * @rw, W1C in @w1c. WO has a write hook, @rw, and neither value nor read hook:
 * it reads as @fixed, that is 0.
 *
 * Plain C, shared with the unit tests. Nothing is locked here, and nothing is
 * reported: a device logs what broke its contract, under its own name.
 */
#ifndef PUCK_COMMON_REGS_H
#define PUCK_COMMON_REGS_H

typedef struct PuckReg {
    uint16_t offset;            /* in the block */
    uint8_t size;               /* 4 or 8 bytes */
    uint32_t value;             /* offset in the object, or PUCK_REG_NO_VALUE */
    uint16_t count;             /* so many of a kind in a row; 0 means one */
    uint64_t fixed;             /* without value and hook it reads as this */
    uint64_t rw;                /* bits that a write sets */
    uint64_t w1c;               /* bits that a write of one clears */
    bool (*locked)(void *object);           /* it ignores writes now */
    /* Instead of the value. @n is the index in a row of several. */
    uint64_t (*read)(void *object, unsigned n);
    /* Stores what the register becomes, or does what the write is for. */
    void (*write)(void *object, unsigned n, uint64_t value);
} PuckReg;

#define PUCK_REG_NO_VALUE   UINT32_MAX

typedef struct PuckRegBlock {
    const PuckReg *regs;        /* by offset */
    unsigned count;
    /* Values have 64 bits, whatever the size of their register. */
    bool wide_values;
    /* All registers of the block ignore writes now; or NULL. */
    bool (*locked)(void *object);
} PuckRegBlock;

typedef enum PuckRegResult {
    PUCK_REG_DONE,              /* also: a write to a register that is RO */
    PUCK_REG_NONE,              /* there is no such register */
    PUCK_REG_LOCKED,            /* it ignored the write */
} PuckRegResult;

/*
 * Whether the table is one, for an assertion where a device is made: rows in
 * the order of their offsets, none over another, sizes that there are, and
 * something to store what can be written.
 */
bool puck_regs_valid(const PuckRegBlock *block);

/* An access of @size bytes at @offset of @block. PUCK_REG_NONE: no @value. */
PuckRegResult puck_regs_read(const PuckRegBlock *block, void *object,
                             uint64_t offset, unsigned size, uint64_t *value);
PuckRegResult puck_regs_write(const PuckRegBlock *block, void *object,
                              uint64_t offset, unsigned size, uint64_t value);

#endif /* PUCK_COMMON_REGS_H */
