/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the segment lists of a command are fetched and checked.
 */
#ifndef PUCK_GPU_ENGINE_LISTS_H
#define PUCK_GPU_ENGINE_LISTS_H

typedef struct PuckLane PuckLane;

/* How far the lists are: each is read in parts, and then checked in parts. */
typedef struct PuckListFetch {
    bool dst;                   /* it is the destination's turn */
    bool check;                 /* that list was read, and is being checked */
    bool done;
    uint32_t at;                /* next segment */
    uint64_t total;             /* bytes of those checked */
} PuckListFetch;

/* One part of the lists of @lane's job. False if they are bad. */
bool puck_lists_step(PuckLane *lane);

#endif /* PUCK_GPU_ENGINE_LISTS_H */
