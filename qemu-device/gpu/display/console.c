/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the console of a head.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "system/runstate.h"
#include "damage.h"
#include "head.h"
#include "timing.h"

static void show_nothing(PuckHeadConsole *c)
{
    if (c->switched) {
        dpy_gfx_replace_surface(c->con, NULL);
        c->switched = false;
    }
}

void puck_console_settle(PuckHead *head)
{
    PuckHeadConsole *c = &head->console;

    c->asked = false;
    if (c->owed) {
        c->owed = false;
        graphic_hw_update_done(c->con);
    }
}

static void gfx_invalidate(void *opaque)
{
    PuckHead *head = opaque;

    head->console.invalid = true;
}

/*
 * Under -icount nothing may come of this that the guest could see: frames are
 * sampled whether the host looks or not.
 */
static void gfx_update(void *opaque)
{
    PuckHead *head = opaque;
    PuckHeadConsole *c = &head->console;

    c->owed = true;
    if (!head->clock.on) {
        show_nothing(c);
    } else if (c->invalid && c->switched) {
        dpy_gfx_update_full(c->con);
        c->invalid = false;
    }
    if (!head->clock.on || icount_enabled() || !runstate_is_running()) {
        puck_console_settle(head);
    } else {
        puck_blanking_touch(head);
        c->asked = true;
        puck_head_kick(head);
    }
}

static const GraphicHwOps gfx_ops = {
    .invalidate = gfx_invalidate,
    .gfx_update = gfx_update,
    .gfx_update_async = true,
};

void puck_console_init(PuckHead *head)
{
    head->console.con = graphic_console_init(DEVICE(head->gpu), head->index,
                                             &gfx_ops, head);
}

void puck_console_exit(PuckHead *head)
{
    PuckHeadConsole *c = &head->console;

    puck_console_settle(head);
    graphic_console_close(c->con);
    c->con = NULL;
    c->switched = false;
}

void puck_console_free(PuckHead *head)
{
    if (head->console.image) {
        pixman_image_unref(head->console.image);
    }
}

void puck_console_damage_all(PuckHead *head)
{
    head->console.damage = (PuckRect) {
        .x1 = puck_head_hdisplay(&head->shown.regs),
        .y1 = puck_head_vdisplay(&head->shown.regs),
    };
}

void puck_console_damage(PuckHead *head)
{
    const PuckHeadRegs *regs = &head->shown.regs;
    unsigned shift = ctz32(PUCK_HEAD_DAMAGE_Y);
    PuckRect rect = {
        .x0 = regs->damage_pos & PUCK_HEAD_DAMAGE_X,
        .y0 = regs->damage_pos >> shift,
    };

    if (!(regs->flags & PUCK_HEAD_DAMAGE)) {
        puck_console_damage_all(head);
        return;
    }
    rect.x1 = rect.x0 + (regs->damage_size & PUCK_HEAD_DAMAGE_X);
    rect.y1 = rect.y0 + (regs->damage_size >> shift);
    puck_damage_add(&head->console.damage, &rect);
}

bool puck_console_wants(PuckHead *head, bool flipped)
{
    PuckHeadConsole *c = &head->console;

    if (icount_enabled()) {
        return flipped;
    }
    if (!c->asked) {
        return false;
    }
    c->asked = false;
    puck_damage_written(head->gpu);
    if (puck_rect_empty(&c->damage)) {
        puck_console_settle(head);
        return false;
    }
    return true;
}

static bool image_fits(const PuckHead *head)
{
    pixman_image_t *image = head->console.image;
    const PuckHeadRegs *regs = &head->shown.regs;

    return image &&
           pixman_image_get_width(image) == puck_head_hdisplay(regs) &&
           pixman_image_get_height(image) == puck_head_vdisplay(regs);
}

/* The console has a reference of its own to the one that it shows. */
static void new_image(PuckHead *head)
{
    PuckHeadConsole *c = &head->console;
    const PuckHeadRegs *regs = &head->shown.regs;

    puck_console_free(head);
    c->image = pixman_image_create_bits(PIXMAN_x8r8g8b8,
                                        puck_head_hdisplay(regs),
                                        puck_head_vdisplay(regs), NULL, 0);
    c->switched = false;
    puck_console_damage_all(head);
}

void puck_console_frame_begin(PuckHead *head, uint32_t *y, uint32_t *end)
{
    const PuckFrame *f = &head->frame;
    const PuckRect *damage = &head->console.damage;

    if (!image_fits(head)) {
        new_image(head);
    }
    if (!f->crc_ctrl && !f->writeback && !puck_rect_empty(damage)) {
        *y = damage->y0;
        *end = damage->y1;
    }
}

void puck_console_line(PuckHead *head, uint32_t y, const void *line)
{
    pixman_image_t *image = head->console.image;

    if (image) {
        memcpy((uint8_t *)pixman_image_get_data(image) +
               (size_t)y * pixman_image_get_stride(image), line,
               4 * puck_head_hdisplay(&head->shown.regs));
    }
}

static void show_image(PuckHeadConsole *c)
{
    DisplaySurface *surface = qemu_create_displaysurface_pixman(c->image);

    dpy_gfx_replace_surface(c->con, surface);
    dpy_gfx_update_full(c->con);
    c->switched = true;
}

void puck_console_frame_end(PuckHead *head)
{
    PuckHeadConsole *c = &head->console;
    PuckRect *d = &c->damage;

    if (c->con && c->image && !puck_rect_empty(d)) {
        if (c->switched) {
            dpy_gfx_update(c->con, d->x0, d->y0, d->x1 - d->x0,
                           d->y1 - d->y0);
        } else {
            show_image(c);
        }
        c->redraws++;
    }
    *d = (PuckRect) { };
    puck_console_settle(head);
}
