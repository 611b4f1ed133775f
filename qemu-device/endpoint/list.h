/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of segments on its way from guest memory into the device.
 *
 * It is read once, so that what was checked is what is used, and wholly before
 * it is checked. It may be long, and this may be under the BQL: so both are
 * done in parts, a part a step.
 */
#ifndef PUCK_ENDPOINT_LIST_H
#define PUCK_ENDPOINT_LIST_H

#include "dma.h"

typedef struct PuckList {
    uint64_t addr;
    uint32_t nsegs;             /* 0: none is being fetched */
    uint32_t at;                /* next segment */
    uint64_t total;             /* bytes of those checked */
    bool check;                 /* it was read, and is being checked */
    bool done;                  /* all of it was checked */
    PuckSeg *segs;              /* who began it frees them with g_free() */
} PuckList;

/* @nsegs is neither zero nor more than the device takes. */
void puck_list_begin(PuckList *list, uint64_t addr, uint32_t nsegs);
/* What the next step costs a hold, in ns. */
uint64_t puck_list_cost(const PuckList *list);
/*
 * One part of a list that has to hold @need bytes. False if it is bad; else it
 * may be done.
 */
bool puck_list_step(PuckList *list, const PuckDma *dma,
                    const PuckSegLimits *limits, uint64_t need,
                    PuckSegFault *fault);

#endif /* PUCK_ENDPOINT_LIST_H */
