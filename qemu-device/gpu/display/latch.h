/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: commits: what registers hold is kept, and put in the place of what
 * is shown at a blanking. See section "Commits" of docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_LATCH_H
#define PUCK_GPU_DISPLAY_LATCH_H

#include "head.h"

/* PUCK_DISPLAY_OK, or what is wrong with @regs, and with which buffer. */
uint8_t puck_latch_check(const PuckGpu *s, const PuckHeadRegs *regs,
                         unsigned *buffer);
/* A write to DISPLAY_COMMIT. */
void puck_latch_commit(PuckGpu *s, uint32_t heads);
/* DISPLAY_PENDING. */
uint32_t puck_latch_pending(const PuckGpu *s);

/* Whether rules let the takeover happen at blanking @count, at @time. */
bool puck_latch_may_flip(PuckHead *head, uint64_t count, int64_t time);
/*
 * The takeover, at blanking @count, which begins at @time. Of a head that is
 * off the first blanking begins then. Its lists are there.
 */
void puck_latch_flip(PuckHead *head, uint64_t count, int64_t time);

#endif /* PUCK_GPU_DISPLAY_LATCH_H */
