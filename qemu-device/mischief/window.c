/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the guest's window of one device. See section "The guest's window"
 * of docs/specs/mischief.rst. Under the BQL.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/puck/common/regs.h"
#include "list.h"
#include "window.h"

static uint64_t read_status(void *object, unsigned n)
{
    return puck_mischief_guest_may() ? PUCK_MISCHIEF_UNLOCKED : 0;
}

static uint64_t read_count(void *object, unsigned n)
{
    return puck_rules_count();
}

static uint32_t do_add(PuckMischiefWindow *w)
{
    const char *text = (const char *)w->text;
    PuckRuleError err = { };
    uint32_t id = 0;
    uint32_t result;

    result = puck_rules_add(text, strnlen(text, sizeof(w->text)), &id, &err);
    w->id = id;
    w->column = err.column;
    return result;
}

/* What is released may send a message, and that may be to this window. */
static uint32_t do_remove(PuckMischiefWindow *w)
{
    uint32_t id = w->arg;
    uint32_t result = puck_rules_remove(id);

    w->id = result == PUCK_MISCHIEF_OK ? id : 0;
    return result;
}

static uint32_t do_release(PuckMischiefWindow *w)
{
    uint32_t id = w->arg;
    uint32_t result = puck_rules_release(id);

    w->id = result == PUCK_MISCHIEF_OK ? id : 0;
    return result;
}

static uint32_t do_show(PuckMischiefWindow *w)
{
    PuckRuleInfo info;

    QEMU_BUILD_BUG_ON(sizeof(info.text) != sizeof(w->text));
    if (!puck_rules_show(w->arg, &info)) {
        return PUCK_MISCHIEF_ERR_NO_RULE;
    }
    w->id = info.id;
    w->seen = info.seen;
    w->hits = info.hits;
    memcpy(w->text, info.text, sizeof(w->text));
    return PUCK_MISCHIEF_OK;
}

static const struct {
    uint32_t (*run)(PuckMischiefWindow *w);
    bool changes;
} commands[] = {
    [PUCK_MISCHIEF_ADD] = { do_add, true },
    [PUCK_MISCHIEF_REMOVE] = { do_remove, true },
    [PUCK_MISCHIEF_RELEASE] = { do_release, true },
    [PUCK_MISCHIEF_SHOW] = { do_show, false },
};

static void write_command(void *object, unsigned n, uint64_t value)
{
    PuckMischiefWindow *w = object;

    w->id = 0;
    w->column = 0;
    if (value >= ARRAY_SIZE(commands) || !commands[value].run) {
        w->result = PUCK_MISCHIEF_ERR_COMMAND;
    } else if (commands[value].changes && !puck_mischief_guest_may()) {
        w->result = PUCK_MISCHIEF_ERR_LOCKED;
    } else {
        w->result = commands[value].run(w);
    }
}

static uint64_t read_text(void *object, unsigned n)
{
    PuckMischiefWindow *w = object;

    return ldl_le_p(&w->text[4 * n]);
}

static void write_text(void *object, unsigned n, uint64_t value)
{
    PuckMischiefWindow *w = object;

    stl_le_p(&w->text[4 * n], value);
}

#define VALUE(field)    offsetof(PuckMischiefWindow, field)

static const PuckReg registers[] = {
    { PUCK_MISCHIEF_MAGIC, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_MISCHIEF_MAGIC_VALUE },
    { PUCK_MISCHIEF_STATUS, 4, PUCK_REG_NO_VALUE, .read = read_status },
    { PUCK_MISCHIEF_COUNT, 4, PUCK_REG_NO_VALUE, .read = read_count },
    { PUCK_MISCHIEF_ARG, 4, VALUE(arg), .rw = UINT32_MAX },
    { PUCK_MISCHIEF_COMMAND, 4, PUCK_REG_NO_VALUE, .rw = UINT32_MAX,
      .write = write_command },
    { PUCK_MISCHIEF_RESULT, 4, VALUE(result) },
    { PUCK_MISCHIEF_ID, 4, VALUE(id) },
    { PUCK_MISCHIEF_COLUMN, 4, VALUE(column) },
    { PUCK_MISCHIEF_SEEN, 8, VALUE(seen) },
    { PUCK_MISCHIEF_HITS, 8, VALUE(hits) },
    { PUCK_MISCHIEF_TEXT, 4, PUCK_REG_NO_VALUE,
      .count = PUCK_MISCHIEF_TEXT_SIZE / 4, .rw = UINT32_MAX,
      .read = read_text, .write = write_text },
};

static const PuckRegBlock block = {
    .regs = registers,
    .count = ARRAY_SIZE(registers),
};

bool puck_mischief_window_read(PuckMischiefWindow *w, uint64_t offset,
                               unsigned size, uint64_t *value)
{
    return puck_regs_read(&block, w, offset, size, value) == PUCK_REG_DONE;
}

bool puck_mischief_window_write(PuckMischiefWindow *w, uint64_t offset,
                                unsigned size, uint64_t value)
{
    return puck_regs_write(&block, w, offset, size, value) == PUCK_REG_DONE;
}

void puck_mischief_window_init(PuckMischiefWindow *w)
{
    g_assert(puck_regs_valid(&block));
    puck_mischief_window_reset(w);
}

void puck_mischief_window_reset(PuckMischiefWindow *w)
{
    *w = (PuckMischiefWindow) { };
}

const VMStateDescription vmstate_puck_mischief_window = {
    .name = "puck-mischief/window",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(arg, PuckMischiefWindow),
        VMSTATE_UINT32(result, PuckMischiefWindow),
        VMSTATE_UINT32(id, PuckMischiefWindow),
        VMSTATE_UINT32(column, PuckMischiefWindow),
        VMSTATE_UINT64(seen, PuckMischiefWindow),
        VMSTATE_UINT64(hits, PuckMischiefWindow),
        VMSTATE_UINT8_ARRAY(text, PuckMischiefWindow,
                            PUCK_MISCHIEF_TEXT_SIZE),
        VMSTATE_END_OF_LIST()
    }
};
