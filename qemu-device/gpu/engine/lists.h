/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the segment lists of a command are fetched and checked, and what
 * it names by address is translated.
 */
#ifndef PUCK_GPU_ENGINE_LISTS_H
#define PUCK_GPU_ENGINE_LISTS_H

#include "hw/puck/endpoint/list.h"
#include "operand.h"

typedef struct PuckLane PuckLane;

/* How far the lists are: one after the other. */
typedef struct PuckListFetch {
    bool dst;                   /* it is the destination's turn */
    bool begun;                 /* that whose turn it is */
    bool done;
    PuckList list;              /* whose turn it is, if it is a list */
    PuckOperand operand;        /* if it is by address */
} PuckListFetch;

/* One part of the lists of @lane's job. False if they are bad. */
bool puck_lists_step(PuckLane *lane);

#endif /* PUCK_GPU_ENGINE_LISTS_H */
