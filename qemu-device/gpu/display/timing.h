/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: when blankings of a head begin. It only computes: a blanking that
 * nobody waits for needs no timer. See section "Time" of
 * docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_TIMING_H
#define PUCK_GPU_DISPLAY_TIMING_H

#include "head.h"

/* The period of what @regs say, in ns; 0: these are no timings. */
uint32_t puck_timing_period(const PuckHeadRegs *regs);
/* Whether two commits have the same timings. */
bool puck_timing_same(const PuckHeadRegs *a, const PuckHeadRegs *b);

/* How many blankings have begun, and when the last one of these did. */
uint64_t puck_clock_count(const PuckHeadClock *clock, int64_t now);
int64_t puck_clock_time(const PuckHeadClock *clock, int64_t now);
/* When the next one begins; the clock is on. */
int64_t puck_clock_next(const PuckHeadClock *clock, int64_t now);
/* HEAD_LINE, of a head whose timings are those of @regs. */
uint32_t puck_clock_line(const PuckHeadClock *clock, const PuckHeadRegs *regs,
                         int64_t now);
/* Whether a clock that was loaded is one of a head that shows @regs. */
bool puck_clock_valid(const PuckHeadClock *clock, const PuckHeadRegs *regs);

/* Whether anybody waits for the next blanking of @head. */
bool puck_blanking_matters(const PuckHead *head);
/*
 * Somebody begins to wait for one, and @head is not changed yet: those that
 * nobody has waited for are over.
 */
void puck_blanking_touch(PuckHead *head);

#endif /* PUCK_GPU_DISPLAY_TIMING_H */
