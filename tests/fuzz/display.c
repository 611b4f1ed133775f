/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GPUs' displays: heads that are set up as a driver would do it, but for
 * some values that are anything; commits; and a host that looks and plugs.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qom/object.h"
#include "ui/console.h"
#include "abi/puck_display.h"
#include "env.h"

#define HEADS   2

/* Where the registers of a head are, and which GPU's it is. */
typedef struct FuzzHead {
    unsigned g;
    uint64_t regs;              /* of the device */
    uint64_t at;                /* of the head */
    unsigned index;
} FuzzHead;

static FuzzHead any_head(FuzzInput *in)
{
    FuzzHead head = { .g = fuzz_pick(in, 2), .index = fuzz_pick(in, HEADS) };

    head.regs = fuzz_functions[FUZZ_DEV0 + head.g].regs;
    head.at = head.regs + PUCK_HEAD(head.index);
    return head;
}

/* @good, or now and then anything. */
static uint64_t mostly(FuzzInput *in, uint64_t good)
{
    return fuzz_rarely(in, 24) ? fuzz_number(in) : good;
}

static void put32(FuzzInput *in, uint64_t at, uint64_t good)
{
    fuzz_write(at, mostly(in, good), 4);
}

static void put64(FuzzInput *in, uint64_t at, uint64_t good)
{
    fuzz_write(at, mostly(in, good), 8);
}

/* Small pictures, at rates that a few steps of the clock go through. */
static void step_mode(FuzzInput *in, const FuzzHead *head)
{
    unsigned w = 16 + fuzz_pick(in, 80), h = 16 + fuzz_pick(in, 40);

    put32(in, head->at + PUCK_HEAD_CLOCK, 240 + fuzz_pick(in, 2000));
    put32(in, head->at + PUCK_HEAD_H, w | 100 << 16);
    put32(in, head->at + PUCK_HEAD_V, h | 100 << 16);
    put32(in, head->at + PUCK_HEAD_CTRL, fuzz_rarely(in, 6) ? 0 :
          PUCK_HEAD_ENABLE | (fuzz_rarely(in, 4) ? PUCK_HEAD_USE_GAMMA : 0));
    put32(in, head->at + PUCK_HEAD_BACKGROUND, 0x123456);
}

/* Registers @source, @arg and @addr of a buffer. */
static void put_buffer(FuzzInput *in, uint64_t source, uint64_t arg,
                       uint64_t addr)
{
    unsigned kind = fuzz_pick(in, 3);
    uint64_t bytes;
    uint32_t nsegs;

    put32(in, source, kind);
    switch (kind) {
    case PUCK_PLANE_SOURCE_LIST:
        put64(in, addr, fuzz_build_list(in, &nsegs, &bytes));
        put32(in, arg, nsegs);
        break;
    case PUCK_PLANE_SOURCE_VM:
        put64(in, addr, fuzz_pick(in, 1024) * 4096ull);
        put32(in, arg, fuzz_pick(in, 4));
        break;
    default:
        put64(in, addr, fuzz_pick(in, FUZZ_VRAM_SIZE / 2));
        break;
    }
}

static void step_plane(FuzzInput *in, const FuzzHead *head)
{
    unsigned p = fuzz_pick(in, PUCK_DISPLAY_PLANES);
    uint64_t at = head->at + PUCK_HEAD_PLANE(p);
    unsigned format = 1 + fuzz_pick(in, p == PUCK_PLANE_CURSOR ? 2 : 4);
    unsigned w = 1 + fuzz_pick(in, 64), h = 1 + fuzz_pick(in, 64);
    bool scales = p == PUCK_PLANE_OVERLAY;

    put32(in, at + PUCK_PLANE_CTRL, (fuzz_take(in, 1) & 0x37) |
          PUCK_PLANE_ENABLE | format << 8 | fuzz_take(in, 1) << 16 |
          fuzz_pick(in, 4) << 24);
    put_buffer(in, at + PUCK_PLANE_SOURCE, at + PUCK_PLANE_ARG,
               at + PUCK_PLANE_ADDR);
    put32(in, at + PUCK_PLANE_PITCH, 4 * (w + fuzz_pick(in, 32)));
    put64(in, at + PUCK_PLANE_OFFSET, 4 * fuzz_pick(in, 1024));
    put64(in, at + PUCK_PLANE_UV_OFFSET, 2 * fuzz_pick(in, 4096));
    put32(in, at + PUCK_PLANE_UV_PITCH, w + 2 + w % 2);
    put32(in, at + PUCK_PLANE_SRC_X, 0);
    put32(in, at + PUCK_PLANE_SRC_Y, 0);
    put32(in, at + PUCK_PLANE_SRC_W, w << 16);
    put32(in, at + PUCK_PLANE_SRC_H, h << 16);
    put32(in, at + PUCK_PLANE_DST_X, (int)fuzz_pick(in, 120) - 60);
    put32(in, at + PUCK_PLANE_DST_Y, (int)fuzz_pick(in, 60) - 30);
    put32(in, at + PUCK_PLANE_DST_W, scales ? w + fuzz_pick(in, w) : w);
    put32(in, at + PUCK_PLANE_DST_H, scales ? h + fuzz_pick(in, h) : h);
}

static void step_once(FuzzInput *in, const FuzzHead *head)
{
    if (fuzz_rarely(in, 2)) {
        put32(in, head->at + PUCK_HEAD_DAMAGE_POS, 3 | 4 << 16);
        put32(in, head->at + PUCK_HEAD_DAMAGE_SIZE, 5 | 6 << 16);
        put32(in, head->at + PUCK_HEAD_FLAGS, PUCK_HEAD_DAMAGE);
        return;
    }
    put_buffer(in, head->at + PUCK_HEAD_WB_SOURCE,
               head->at + PUCK_HEAD_WB_ARG, head->at + PUCK_HEAD_WB_ADDR);
    put32(in, head->at + PUCK_HEAD_WB_PITCH, 384);
    put32(in, head->at + PUCK_HEAD_FLAGS, PUCK_HEAD_WRITEBACK);
}

static void step_commit(FuzzInput *in, const FuzzHead *head)
{
    put32(in, head->at + PUCK_HEAD_IRQ_ENABLE, fuzz_take(in, 1));
    put32(in, head->at + PUCK_HEAD_CRC_CTRL, fuzz_take(in, 1));
    fuzz_write(head->at + PUCK_HEAD_IRQ_STATUS, fuzz_take(in, 1), 4);
    put32(in, head->regs + PUCK_DISPLAY_COMMIT, 1 + fuzz_pick(in, 3));
    fuzz_clock_step(fuzz_pick(in, 200) * 100000);
}

/* The host looks, or plugs. */
static void step_host(FuzzInput *in, const FuzzHead *head)
{
    DeviceState *dev = fuzz_device(FUZZ_DEV0 + head->g);
    QemuConsole *con;

    if (fuzz_rarely(in, 2) && dev) {
        g_autofree char *name = g_strdup_printf("connected%u", head->index);

        object_property_set_bool(OBJECT(dev), name, fuzz_pick(in, 2), NULL);
        return;
    }
    for (unsigned i = 0; (con = qemu_console_lookup_by_index(i)); i++) {
        graphic_hw_update(con);
    }
}

static void step_rule(FuzzInput *in, const FuzzHead *head)
{
    static const char *const rules[] = {
        "display.vblank prob=1/4 drop", "display.flip torn",
        "display.flip every=2 delay=20ms", "display.flip delay=1us",
        "display.frame prob=1/2 underrun", "display.hotplug drop",
        "gpu.translate head=1 prob=1/3 fault",
    };

    fuzz_add_rule(FUZZ_DEV0 + head->g,
                  rules[fuzz_pick(in, ARRAY_SIZE(rules))]);
}

void fuzz_op_display(FuzzInput *in)
{
    FuzzHead head = any_head(in);
    unsigned n = 1 + fuzz_pick(in, 8);

    step_mode(in, &head);
    while (n--) {
        unsigned which = fuzz_pick(in, 16);

        if (which < 5) {
            step_plane(in, &head);
        } else if (which < 7) {
            step_once(in, &head);
        } else if (which < 12) {
            step_commit(in, &head);
        } else if (which < 14) {
            step_host(in, &head);
        } else if (which < 15) {
            fuzz_write(head.at + fuzz_pick(in, PUCK_HEAD_STRIDE / 4) * 4,
                       fuzz_number(in), 4 << fuzz_pick(in, 2));
        } else {
            step_rule(in, &head);
        }
    }
    step_commit(in, &head);
}
