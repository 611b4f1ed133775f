/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: bytes of a buffer, wherever they are. See sections "Buffers" and
 * "Faults" of docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_BUFFER_H
#define PUCK_GPU_DISPLAY_BUFFER_H

#include "head.h"

/*
 * Fills, or writes, bytes of @row, a line of buffer @b of @state, from
 * @row->pos on: as much as one step may, up to @row->len. What cannot be read
 * is marked as bad; false if something could not be written. The caller looks
 * at @head->dropped.
 */
void puck_buffer_read(PuckHead *head, const PuckHeadState *state, unsigned b,
                      PuckRow *row, PuckHold *hold);
bool puck_buffer_write(PuckHead *head, const PuckHeadState *state, unsigned b,
                       PuckRow *row, PuckHold *hold);

#endif /* PUCK_GPU_DISPLAY_BUFFER_H */
