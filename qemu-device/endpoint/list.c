/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of segments is fetched and checked.
 */

#include "qemu/osdep.h"
#include "cost.h"
#include "list.h"

#define SEGS_A_STEP     2048

static uint32_t next_count(const PuckList *list)
{
    return MIN(list->nsegs - list->at, SEGS_A_STEP);
}

void puck_list_begin(PuckList *list, uint64_t addr, uint32_t nsegs)
{
    g_assert(nsegs);
    *list = (PuckList) {
        .addr = addr, .nsegs = nsegs, .segs = g_new(PuckSeg, nsegs),
    };
}

uint64_t puck_list_cost(const PuckList *list)
{
    return (uint64_t)next_count(list) * PUCK_COST_SEG / 2;
}

static bool read_part(PuckList *list, const PuckDma *dma, uint32_t count,
                      PuckSegFault *fault)
{
    PuckSeg *part = list->segs + list->at;

    /* A list that wraps past 2^64 is in no memory. */
    if (list->nsegs * sizeof(*part) - 1 > UINT64_MAX - list->addr ||
        !puck_dma_read(dma, list->addr + list->at * sizeof(*part), part,
                       count * sizeof(*part))) {
        *fault = (PuckSegFault) {
            PUCK_SEG_LIST_READ, PUCK_SEG_NONE, list->addr,
        };
        return false;
    }
    puck_segs_from_guest(part, count);
    return true;
}

/* The list was read, or was checked: what comes next. */
static bool end_pass(PuckList *list, uint64_t need, PuckSegFault *fault)
{
    if (list->check) {
        list->done = puck_segs_suffice(list->total, need, fault);
        return list->done;
    }
    list->check = true;
    list->at = 0;
    return true;
}

bool puck_list_step(PuckList *list, const PuckDma *dma,
                    const PuckSegLimits *limits, uint64_t need,
                    PuckSegFault *fault)
{
    uint32_t count = next_count(list);

    g_assert(count);
    if (list->check ? !puck_segs_check(list->segs, list->at, count, limits,
                                       &list->total, fault) :
                      !read_part(list, dma, count, fault)) {
        return false;
    }
    list->at += count;
    return list->at < list->nsegs || end_pass(list, need, fault);
}
