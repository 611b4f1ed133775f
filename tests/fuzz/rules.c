/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that the guest adds: from a grammar that knows all sites and actions,
 * and text that is no rule.
 */

#include "qemu/osdep.h"
#include "env.h"

/* The last one is the camera's alone. */
static const char *const sites[] = {
    "fence.complete", "irq.raise", "dma.read", "dma.write", "iommu.translate",
    "iommu.invalidate", "device", "cam.frame",
};

#define ANY_ACTIONS 14

/* Of each site. NULL for fewer. %s stands for a time, %u for a number. */
static const char *const actions[][ANY_ACTIONS] = {
    {
        "delay=%s", "hold", "reorder=rings", "reorder=within", "error",
        "never", "early", "early=%s", "start=%u", "delay=uniform:0ns-%s",
        "delay=exp:%s",
    },
    {
        "drop", "duplicate", "duplicate=%u", "delay=%s", "coalesce=%s",
        "spurious", "spurious=%u",
    },
    {
        "fault", "corrupt=xor:%u", "corrupt=and:%u", "corrupt=or:%u",
        "truncate=%u", "delay=%s",
    },
    {
        "fault", "corrupt=xor:%u", "corrupt=and:%u", "corrupt=or:%u",
        "truncate=%u", "delay=%s", "split=%s", "reorder",
    },
    { "fault", "delay=%s" },
    { "delay=%s", "defer=%u", "drop", "partial" },
    {
        "stall", "stall=%s", "reset-fails", "gone", "gone=%s", "bme-ignored",
    },
    {
        "drop", "truncate=%u", "line=%u", "error", "resize", "delay=%s",
        "hold", "renumber=%u", "duplicate", "shift", "past", "past=%u",
    },
};

/* How many of what stands in a table the devices of this machine know. */
static unsigned known(unsigned all)
{
    return fuzz_variant == FUZZ_CAMERA ? all : all - 1;
}

static void add_time(GString *text, FuzzInput *in)
{
    static const char *const times[] = {
        "0ns", "1ns", "50us", "1ms", "20ms", "1s", "60s", "61s",
    };

    g_string_append(text, times[fuzz_pick(in, ARRAY_SIZE(times))]);
}

static void add_number(GString *text, FuzzInput *in)
{
    g_string_append_printf(text, "%" PRIu64, fuzz_rarely(in, 4) ?
                           fuzz_number(in) : fuzz_pick(in, 8));
}

static void add_action(GString *text, FuzzInput *in, unsigned site)
{
    unsigned n = 0;
    const char *action;

    while (n < ANY_ACTIONS && actions[site][n]) {
        n++;
    }
    for (action = actions[site][fuzz_pick(in, n)]; *action; action++) {
        if (*action != '%') {
            g_string_append_c(text, *action);
        } else if (*++action == 's') {
            add_time(text, in);
        } else {
            add_number(text, in);
        }
    }
}

static void add_match(GString *text, FuzzInput *in)
{
    static const FuzzFunctionIndex devices[] = {
        FUZZ_DEV0, FUZZ_DEV1, FUZZ_IOMMU,
    };
    static const char *const plain[] = {
        "dir=read ", "dir=write ", "requester=01:00.0 ", "requester=02:00.0 ",
        "prob=1/2 ", "prob=0/1 ",
    };
    /* The last one is the camera's alone. */
    static const char *const numbered[] = {
        "ring=", "seqno=", "iova=", "vector=", "nth=", "every=", "from=",
        "count=", "frame=",
    };

    if (fuzz_rarely(in, 2)) {
        unsigned i = fuzz_pick(in, ARRAY_SIZE(devices) + ARRAY_SIZE(plain));

        if (i < ARRAY_SIZE(devices)) {
            g_string_append_printf(text, "device=%s ",
                                   fuzz_functions[devices[i]].id);
        } else {
            g_string_append(text, plain[i - ARRAY_SIZE(devices)]);
        }
    } else {
        unsigned i = fuzz_pick(in, known(ARRAY_SIZE(numbered)));

        g_string_append(text, numbered[i]);
        add_number(text, in);
        g_string_append_c(text, ' ');
    }
}

static void add_rule(GString *text, FuzzInput *in)
{
    unsigned site = fuzz_pick(in, known(ARRAY_SIZE(sites)));
    unsigned matches = fuzz_pick(in, 8);

    G_STATIC_ASSERT(ARRAY_SIZE(sites) == ARRAY_SIZE(actions));
    g_string_append_printf(text, "%s ", sites[site]);
    while (matches > 4) {
        add_match(text, in);
        matches--;
    }
    add_action(text, in, site);
    if (fuzz_rarely(in, 16)) {
        text->str[fuzz_pick(in, text->len)] = fuzz_take(in, 1);
    }
}

static void write_text(uint64_t base, const char *padded)
{
    for (unsigned i = 0; i < PUCK_MISCHIEF_TEXT_SIZE; i += 4) {
        fuzz_write(base + PUCK_MISCHIEF_TEXT + i, ldl_le_p(padded + i), 4);
    }
    fuzz_write(base + PUCK_MISCHIEF_COMMAND, PUCK_MISCHIEF_ADD, 4);
}

/* Through the window of function @f. */
void fuzz_add_rule(FuzzFunctionIndex f, const char *text)
{
    char padded[PUCK_MISCHIEF_TEXT_SIZE] = { };

    memcpy(padded, text, MIN(strlen(text), sizeof(padded)));
    write_text(fuzz_functions[f].regs + PUCK_MISCHIEF_WINDOW, padded);
}

static uint64_t window(FuzzInput *in)
{
    return fuzz_functions[fuzz_pick(in, FUZZ_PUCK_COUNT)].regs +
           PUCK_MISCHIEF_WINDOW;
}

/* Through the guest's window, as puck-mischief.ko does it. */
void fuzz_op_rule(FuzzInput *in)
{
    g_autoptr(GString) text = g_string_new("");
    char padded[PUCK_MISCHIEF_TEXT_SIZE] = { };
    uint64_t base = window(in);

    if (fuzz_rarely(in, 24)) {
        unsigned n = fuzz_pick(in, sizeof(padded) + 1);

        for (unsigned i = 0; i < n; i++) {
            padded[i] = fuzz_take(in, 1);
        }
    } else {
        add_rule(text, in);
        memcpy(padded, text->str, MIN(text->len, sizeof(padded)));
    }
    write_text(base, padded);
}

void fuzz_op_rule_command(FuzzInput *in)
{
    uint64_t base = window(in);

    fuzz_write(base + PUCK_MISCHIEF_ARG, fuzz_rarely(in, 8) ?
               fuzz_number(in) : fuzz_pick(in, 8), 4);
    fuzz_write(base + PUCK_MISCHIEF_COMMAND, fuzz_pick(in, 6), 4);
    fuzz_read(base + PUCK_MISCHIEF_RESULT, 4);
    fuzz_read(base + 4 * fuzz_pick(in, 128), 4);
}
