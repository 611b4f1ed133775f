/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of tables of registers: each access type by whole registers and by
 * halves, rows of several, hooks, locks, and tables that are none.
 */

#include "qemu/osdep.h"
#include "hw/puck/common/regs.h"

#define LOW     0x89abcdefull
#define HIGH    0x01234567ull
#define WHOLE   (HIGH << 32 | LOW)

typedef struct Thing {
    uint32_t ro;
    uint32_t rw;
    uint32_t w1c;
    uint64_t rw64;
    uint64_t w1c64;
    uint32_t row[3];
    uint32_t in_use;
    bool locked;
    uint32_t hooked;
    unsigned writes;
    unsigned n;
    uint64_t written;
} Thing;

static bool is_in_use(void *object)
{
    return ((Thing *)object)->in_use;
}

static bool is_locked(void *object)
{
    return ((Thing *)object)->locked;
}

static uint64_t read_hooked(void *object, unsigned n)
{
    return ((Thing *)object)->hooked | n << 16;
}

static void write_hooked(void *object, unsigned n, uint64_t value)
{
    Thing *t = object;

    t->writes++;
    t->n = n;
    t->written = value;
}

#define VALUE(field)    offsetof(Thing, field)

enum {
    RO = 0x00, FIXED = 0x04, RW = 0x08, W1C = 0x0c, RW64 = 0x10, W1C64 = 0x18,
    ROW = 0x20, HOOKED = 0x30, WO = 0x38, BOTH = 0x3c, USED = 0x40,
    HOLE = 0x2c, END = 0x44,
};

static const PuckReg regs[] = {
    { RO, 4, VALUE(ro) },
    { FIXED, 4, PUCK_REG_NO_VALUE, .fixed = LOW },
    { RW, 4, VALUE(rw), .rw = 0xffff },
    { W1C, 4, VALUE(w1c), .w1c = 0x0f },
    { RW64, 8, VALUE(rw64), .rw = ~0xfffull },
    { W1C64, 8, VALUE(w1c64), .w1c = UINT64_MAX },
    { ROW, 4, VALUE(row), .count = 3, .rw = UINT32_MAX },
    { HOOKED, 4, PUCK_REG_NO_VALUE, .count = 2, .rw = 0xff,
      .read = read_hooked, .write = write_hooked },
    { WO, 4, PUCK_REG_NO_VALUE, .rw = UINT32_MAX, .write = write_hooked },
    /* What is stored counts for a write, and not what it reads as. */
    { BOTH, 4, VALUE(ro), .w1c = 1, .read = read_hooked,
      .write = write_hooked },
    { USED, 4, VALUE(rw), .rw = UINT32_MAX, .locked = is_in_use },
};

static const PuckRegBlock block = {
    .regs = regs, .count = G_N_ELEMENTS(regs), .locked = is_locked,
};

static uint64_t get(Thing *t, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    g_assert_cmpint(puck_regs_read(&block, t, offset, size, &value), ==,
                    PUCK_REG_DONE);
    return value;
}

static PuckRegResult put(Thing *t, uint64_t offset, unsigned size,
                         uint64_t value)
{
    return puck_regs_write(&block, t, offset, size, value);
}

static void test_ro(void)
{
    Thing t = { .ro = 7 };

    g_assert_cmphex(get(&t, RO, 4), ==, 7);
    g_assert_cmphex(get(&t, FIXED, 4), ==, LOW);
    g_assert_cmpint(put(&t, RO, 4, 1), ==, PUCK_REG_DONE);
    g_assert_cmpint(put(&t, FIXED, 4, 1), ==, PUCK_REG_DONE);
    g_assert_cmphex(get(&t, RO, 4), ==, 7);
    g_assert_cmphex(get(&t, FIXED, 4), ==, LOW);
}

static void test_rw(void)
{
    Thing t = { .rw = 0xabcd0001 };

    g_assert_cmpint(put(&t, RW, 4, 0x12345678), ==, PUCK_REG_DONE);
    g_assert_cmphex(get(&t, RW, 4), ==, 0xabcd5678);
}

static void test_w1c(void)
{
    Thing t = { .w1c = 0x3c, .w1c64 = UINT64_MAX };

    g_assert_cmpint(put(&t, W1C, 4, 0xf4), ==, PUCK_REG_DONE);
    g_assert_cmphex(get(&t, W1C, 4), ==, 0x38);
    put(&t, W1C64 + 4, 4, 0x80000001);
    g_assert_cmphex(t.w1c64, ==, 0x7ffffffeffffffff);
    put(&t, W1C64, 4, 1);
    g_assert_cmphex(t.w1c64, ==, 0x7ffffffefffffffe);
}

static void test_halves(void)
{
    Thing t = { };

    g_assert_cmpint(put(&t, RW64, 8, WHOLE), ==, PUCK_REG_DONE);
    g_assert_cmphex(t.rw64, ==, WHOLE & ~0xfffull);
    g_assert_cmphex(get(&t, RW64, 8), ==, t.rw64);
    g_assert_cmphex(get(&t, RW64, 4), ==, LOW & ~0xfffull);
    g_assert_cmphex(get(&t, RW64 + 4, 4), ==, HIGH);
    put(&t, RW64 + 4, 4, 5);
    g_assert_cmphex(t.rw64, ==, 5ull << 32 | (LOW & ~0xfffull));
    put(&t, RW64, 4, 0x7654321);
    g_assert_cmphex(t.rw64, ==, 0x507654000);
}

static void test_row(void)
{
    Thing t = { .hooked = 1 };

    for (unsigned n = 0; n < 3; n++) {
        g_assert_cmpint(put(&t, ROW + 4 * n, 4, n + 1), ==, PUCK_REG_DONE);
    }
    for (unsigned n = 0; n < 3; n++) {
        g_assert_cmpint(t.row[n], ==, n + 1);
        g_assert_cmpint(get(&t, ROW + 4 * n, 4), ==, n + 1);
    }
    g_assert_cmphex(get(&t, HOOKED + 4, 4), ==, 0x10001);
    put(&t, HOOKED + 4, 4, 0x3ff);
    g_assert_cmpint(t.writes, ==, 1);
    g_assert_cmpint(t.n, ==, 1);
    g_assert_cmphex(t.written, ==, 0x100ff);
}

static void test_hooks(void)
{
    Thing t = { .ro = 3, .hooked = 0xf00 };

    g_assert_cmphex(get(&t, WO, 4), ==, 0);
    put(&t, WO, 4, LOW);
    g_assert_cmphex(t.written, ==, LOW);
    g_assert_cmphex(get(&t, BOTH, 4), ==, 0xf00);
    put(&t, BOTH, 4, 1);
    g_assert_cmphex(t.written, ==, 2);
    g_assert_cmpint(t.ro, ==, 3);
}

static void test_locks(void)
{
    Thing t = { .in_use = 1 };

    g_assert_cmpint(put(&t, USED, 4, 5), ==, PUCK_REG_LOCKED);
    g_assert_cmpint(put(&t, RW, 4, 6), ==, PUCK_REG_DONE);
    g_assert_cmpint(t.rw, ==, 6);
    t.locked = true;
    g_assert_cmpint(put(&t, RW, 4, 7), ==, PUCK_REG_LOCKED);
    g_assert_cmpint(put(&t, RO, 4, 7), ==, PUCK_REG_DONE);
    g_assert_cmpint(t.rw, ==, 6);
    g_assert_cmpint(get(&t, RW, 4), ==, 6);
}

/* Every access that is none, for each offset and some beyond. */
static void test_no_register(void)
{
    static const unsigned sizes[] = { 0, 1, 2, 3, 4, 5, 8, 16 };
    Thing t = { };
    uint64_t value = WHOLE;

    for (uint64_t at = 0; at < END + 16; at++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
            unsigned size = sizes[i];
            bool word = size == 4 && at % 4 == 0 && at < END && at != HOLE;
            bool both = size == 8 && (at == RW64 || at == W1C64);
            PuckRegResult wanted = word || both ? PUCK_REG_DONE :
                                                  PUCK_REG_NONE;

            value = WHOLE;
            g_assert_cmpint(puck_regs_read(&block, &t, at, size, &value), ==,
                            wanted);
            g_assert_true(wanted == PUCK_REG_DONE || value == WHOLE);
            g_assert_cmpint(put(&t, at, size, 0), ==, wanted);
        }
    }
    g_assert_cmpint(puck_regs_read(&block, &t, UINT64_MAX - 3, 4, &value), ==,
                    PUCK_REG_NONE);
}

typedef struct WideThing {
    uint64_t values[3];
    uint64_t next;
} WideThing;

static void test_wide_values(void)
{
    static const PuckReg wide_regs[] = {
        { 0, 4, 0, .count = 3, .rw = UINT32_MAX },
        { 16, 8, offsetof(WideThing, next), .rw = UINT64_MAX },
    };
    static const PuckRegBlock wide = {
        .regs = wide_regs, .count = G_N_ELEMENTS(wide_regs),
        .wide_values = true,
    };
    WideThing t = { .values = { 1, 2, 3 }, .next = WHOLE };
    uint64_t value;

    puck_regs_write(&wide, &t, 4, 4, UINT32_MAX);
    g_assert_cmphex(t.values[0], ==, 1);
    g_assert_cmphex(t.values[1], ==, UINT32_MAX);
    g_assert_cmphex(t.values[2], ==, 3);
    puck_regs_read(&wide, &t, 8, 4, &value);
    g_assert_cmphex(value, ==, 3);
    puck_regs_write(&wide, &t, 20, 4, 0);
    g_assert_cmphex(t.next, ==, LOW);
}

static bool valid(PuckReg first, PuckReg second)
{
    PuckReg table[] = { first, second };
    PuckRegBlock two = { .regs = table, .count = 2 };

    return puck_regs_valid(&two);
}

static void test_tables(void)
{
    PuckReg word = { 8, 4, PUCK_REG_NO_VALUE };
    PuckReg four = { 8, 4, PUCK_REG_NO_VALUE, .count = 4 };

    g_assert_true(puck_regs_valid(&block));
    g_assert_true(valid(word, (PuckReg) { 12, 4, PUCK_REG_NO_VALUE }));
    g_assert_false(valid(word, word));
    g_assert_false(valid(word, (PuckReg) { 4, 4, PUCK_REG_NO_VALUE }));
    g_assert_false(valid(word, (PuckReg) { 12, 8, PUCK_REG_NO_VALUE }));
    g_assert_false(valid(word, (PuckReg) { 16, 2, PUCK_REG_NO_VALUE }));
    g_assert_true(valid(four, (PuckReg) { 24, 4, PUCK_REG_NO_VALUE }));
    g_assert_false(valid(four, (PuckReg) { 20, 4, PUCK_REG_NO_VALUE }));
    /* Bits that can be written, and nowhere to put them. */
    g_assert_false(valid(word, (PuckReg) { 12, 4, PUCK_REG_NO_VALUE,
                                           .rw = 1 }));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/common/regs/ro", test_ro);
    g_test_add_func("/common/regs/rw", test_rw);
    g_test_add_func("/common/regs/w1c", test_w1c);
    g_test_add_func("/common/regs/halves", test_halves);
    g_test_add_func("/common/regs/row", test_row);
    g_test_add_func("/common/regs/hooks", test_hooks);
    g_test_add_func("/common/regs/locks", test_locks);
    g_test_add_func("/common/regs/no_register", test_no_register);
    g_test_add_func("/common/regs/wide_values", test_wide_values);
    g_test_add_func("/common/regs/tables", test_tables);
    return g_test_run();
}
