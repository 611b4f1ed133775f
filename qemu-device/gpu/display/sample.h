/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a frame is sampled: line by line, from buffers to all who want it.
 * See section "Sampling" of docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_SAMPLE_H
#define PUCK_GPU_DISPLAY_SAMPLE_H

#include "head.h"

void puck_sample_init(PuckHead *head);
void puck_sample_free(PuckHead *head);
/*
 * A frame begins at blanking @count, if anybody wants it. @flipped: there was a
 * takeover at it.
 */
void puck_sample_begin(PuckHead *head, uint64_t count, bool flipped);
/* The frame that was loaded begins again. */
void puck_sample_restart(PuckHead *head);
/* One step of the frame under way. */
void puck_sample_step(PuckHead *head, PuckHold *hold);

#endif /* PUCK_GPU_DISPLAY_SAMPLE_H */
