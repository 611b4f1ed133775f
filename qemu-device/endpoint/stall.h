/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Something of a device that a rule stopped, for a time or until the rule is
 * released. Under the BQL.
 */
#ifndef PUCK_ENDPOINT_STALL_H
#define PUCK_ENDPOINT_STALL_H

#include "qemu/timer.h"

/* Stands in a time on the virtual clock for: there is none. */
#define PUCK_NO_TIME    (-1)

typedef struct PuckStall {
    uint32_t rule;              /* that stopped it; 0: it is not stopped */
    int64_t until;              /* or PUCK_NO_TIME: until released */
    QEMUTimer *timer;           /* ends it at @until */
} PuckStall;

#endif /* PUCK_ENDPOINT_STALL_H */
