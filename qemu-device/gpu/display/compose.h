/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a line of the picture: which bytes of buffers it needs, and what
 * becomes of them. See section "Composition" of docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_COMPOSE_H
#define PUCK_GPU_DISPLAY_COMPOSE_H

#include "head.h"

void puck_compose_init(PuckHead *head);
void puck_compose_free(PuckHead *head);
/* Makes head->rows those that line @y of @state needs; none is there yet. */
void puck_compose_begin(PuckHead *head, const PuckHeadState *state,
                        uint32_t y);
/*
 * They are there: head->line becomes the line. @done is called for each plane,
 * with its pixels of the line in head->pixels; it may change them.
 */
void puck_compose_line(PuckHead *head, const PuckHeadState *state, uint32_t y,
                       void (*done)(PuckHead *head, unsigned p, uint32_t count,
                                    PuckHold *hold),
                       PuckHold *hold);
/*
 * The same for the console alone: bytes that line @y has there, if it is
 * nothing but bytes of a buffer, which are in head->rows. NULL: it is more, or
 * some of them are bad.
 */
const void *puck_compose_copy(const PuckHead *head, const PuckHeadState *state,
                              uint32_t y);

#endif /* PUCK_GPU_DISPLAY_COMPOSE_H */
