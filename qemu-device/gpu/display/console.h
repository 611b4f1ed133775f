/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the console of a head: the picture that the host sees, and what of
 * it is not as it should be.
 *
 * The host asks for an update, and gets it when the next blanking has been
 * looked at: a frame is sampled if there is damage. Until then update is owed.
 */
#ifndef PUCK_GPU_DISPLAY_CONSOLE_H
#define PUCK_GPU_DISPLAY_CONSOLE_H

#include "ui/console.h"

typedef struct PuckHead PuckHead;

/* Pixels of the picture: empty if @x1 is not above @x0, and so in height. */
typedef struct PuckRect {
    uint32_t x0, y0, x1, y1;
} PuckRect;

typedef struct PuckHeadConsole {
    QemuConsole *con;
    bool asked;                 /* for an update, since the last blanking */
    bool invalid;               /* it wants all of @image again */
    bool owed;                  /* graphic_hw_update_done() */
    bool switched;              /* the console shows @image */
    pixman_image_t *image;      /* what was sampled; shared with the console */
    PuckRect damage;            /* that the console was not told of */
    uint64_t redraws;
} PuckHeadConsole;

void puck_console_init(PuckHead *head);
void puck_console_exit(PuckHead *head);
/* At finalize. */
void puck_console_free(PuckHead *head);

/* All of the picture is out of date. */
void puck_console_damage_all(PuckHead *head);
/* What the commit that is taken over says has changed. */
void puck_console_damage(PuckHead *head);
/* At a blanking: whether a frame has to be sampled for the console. */
bool puck_console_wants(PuckHead *head, bool flipped);
/*
 * A frame begins, for lines @*y to @*end - 1: fewer of them, if it is for the
 * console alone.
 */
void puck_console_frame_begin(PuckHead *head, uint32_t *y, uint32_t *end);
/* Line @y of the frame. */
void puck_console_line(PuckHead *head, uint32_t y, const void *line);
/* It is over, and was for the console. */
void puck_console_frame_end(PuckHead *head);
/* Nothing will come: the host need not wait any longer. */
void puck_console_settle(PuckHead *head);

#endif /* PUCK_GPU_DISPLAY_CONSOLE_H */
