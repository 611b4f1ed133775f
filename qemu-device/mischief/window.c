/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the guest's window of one device. See section "The guest's window"
 * of docs/specs/mischief.rst. Under the BQL.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/bswap.h"
#include "list.h"

typedef struct WindowReg {
    uint16_t offset;
    uint8_t size;
    uint64_t (*read)(const PuckMischiefWindow *w);
    void (*write)(PuckMischiefWindow *w, uint32_t value);
} WindowReg;

static uint64_t read_magic(const PuckMischiefWindow *w)
{
    return PUCK_MISCHIEF_MAGIC_VALUE;
}

static uint64_t read_status(const PuckMischiefWindow *w)
{
    return puck_mischief_guest_may() ? PUCK_MISCHIEF_UNLOCKED : 0;
}

static uint64_t read_count(const PuckMischiefWindow *w)
{
    return puck_rules_count();
}

static uint64_t read_arg(const PuckMischiefWindow *w)
{
    return w->arg;
}

static void write_arg(PuckMischiefWindow *w, uint32_t value)
{
    w->arg = value;
}

static uint64_t read_nothing(const PuckMischiefWindow *w)
{
    return 0;
}

static uint64_t read_result(const PuckMischiefWindow *w)
{
    return w->result;
}

static uint64_t read_id(const PuckMischiefWindow *w)
{
    return w->id;
}

static uint64_t read_column(const PuckMischiefWindow *w)
{
    return w->column;
}

static uint64_t read_seen(const PuckMischiefWindow *w)
{
    return w->seen;
}

static uint64_t read_hits(const PuckMischiefWindow *w)
{
    return w->hits;
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

static void write_command(PuckMischiefWindow *w, uint32_t value)
{
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

static const WindowReg registers[] = {
    { PUCK_MISCHIEF_MAGIC, 4, read_magic },
    { PUCK_MISCHIEF_STATUS, 4, read_status },
    { PUCK_MISCHIEF_COUNT, 4, read_count },
    { PUCK_MISCHIEF_ARG, 4, read_arg, write_arg },
    { PUCK_MISCHIEF_COMMAND, 4, read_nothing, write_command },
    { PUCK_MISCHIEF_RESULT, 4, read_result },
    { PUCK_MISCHIEF_ID, 4, read_id },
    { PUCK_MISCHIEF_COLUMN, 4, read_column },
    { PUCK_MISCHIEF_SEEN, 8, read_seen },
    { PUCK_MISCHIEF_HITS, 8, read_hits },
};

static const WindowReg *find_register(uint64_t offset, unsigned size)
{
    if ((size != 4 && size != 8) || offset % size) {
        return NULL;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(registers); i++) {
        const WindowReg *reg = &registers[i];

        if (offset >= reg->offset &&
            offset + size <= reg->offset + reg->size) {
            return reg;
        }
    }
    return NULL;
}

static bool is_text(uint64_t offset, unsigned size)
{
    return size == 4 && !(offset % 4) && offset >= PUCK_MISCHIEF_TEXT &&
           offset < PUCK_MISCHIEF_WINDOW_SIZE;
}

bool puck_mischief_window_read(PuckMischiefWindow *w, uint64_t offset,
                               unsigned size, uint64_t *value)
{
    const WindowReg *reg;

    if (is_text(offset, size)) {
        *value = ldl_le_p(&w->text[offset - PUCK_MISCHIEF_TEXT]);
        return true;
    }
    reg = find_register(offset, size);
    if (!reg) {
        return false;
    }
    *value = reg->read(w);
    if (size < reg->size) {
        *value = extract64(*value, 8 * (offset - reg->offset), 32);
    }
    return true;
}

bool puck_mischief_window_write(PuckMischiefWindow *w, uint64_t offset,
                                unsigned size, uint64_t value)
{
    const WindowReg *reg;

    if (is_text(offset, size)) {
        stl_le_p(&w->text[offset - PUCK_MISCHIEF_TEXT], value);
        return true;
    }
    reg = find_register(offset, size);
    if (!reg) {
        return false;
    }
    if (reg->write) {
        reg->write(w, value);
    }
    return true;
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
