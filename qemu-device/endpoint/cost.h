/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What DMA under the BQL is charged to the hold (see common/hold.h), in
 * nanoseconds. They are estimates for an idle machine, on the high side, and
 * fixed: what a hold does must not depend on the host. What else a device does
 * is in a file of its own.
 */
#ifndef PUCK_ENDPOINT_COST_H
#define PUCK_ENDPOINT_COST_H

/* A segment of a list is read, converted and checked. */
#define PUCK_COST_SEG           20
/* Memory is looked up; so much again for a run that is told to be written. */
#define PUCK_COST_PIECE         1000

/* 2.5 GB/s. This is the rate of long work under -icount, too. */
static inline uint64_t puck_cost_bytes(uint64_t len)
{
    return len * 2 / 5;
}

#endif /* PUCK_ENDPOINT_COST_H */
