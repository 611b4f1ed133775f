/* SPDX-License-Identifier: MIT */
/* How late the GPU is, for the scenarios. */
#ifndef LIB_LATE_H
#define LIB_LATE_H

/*
 * How late the device is for a scenario. One with the bug has to be at its mistake by
 * then, on a machine that may have stopped it in between; the one without it waits.
 */
#define PUCK_LATE_BUGGY	"late=3000"
#define PUCK_LATE_FIXED	"late=100"

#endif /* LIB_LATE_H */
