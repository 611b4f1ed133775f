/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the segment lists of a commit are read and checked, before it is
 * taken over; and again, when it was loaded.
 */
#ifndef PUCK_GPU_DISPLAY_PREPARE_H
#define PUCK_GPU_DISPLAY_PREPARE_H

#include "head.h"

/* Nothing of @state's buffers is there; software knows of bad ones if @quiet */
void puck_state_begin(PuckHeadState *state, bool quiet);
/* Whether all of them are. */
bool puck_state_ready(const PuckHeadState *state);
/* One part of what is missing of @state, which is one of @head's. */
void puck_state_prepare(PuckHead *head, PuckHeadState *state, PuckHold *hold);
/* Frees what @state owns. */
void puck_state_forget(PuckHeadState *state);
/* @to becomes @from, which owns nothing any more. */
void puck_state_move(PuckHeadState *to, PuckHeadState *from);

/* How registers name buffer @b of @regs. */
const PuckBufferName *puck_buffer_name(const PuckHeadRegs *regs, unsigned b);
/* Whether @regs use buffer @b. */
bool puck_buffer_used(const PuckHeadRegs *regs, unsigned b);

#endif /* PUCK_GPU_DISPLAY_PREPARE_H */
