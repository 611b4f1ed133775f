/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of mischief in puck-gpu share: a machine with a log. The
 * virtual clock stands still but for clock_step, so that every time is exact.
 */
#ifndef PUCK_GPU_MISCHIEF_H
#define PUCK_GPU_MISCHIEF_H

#include "common/gpu-env.h"
#include "common/mischief-env.h"
#include "abi/puck_mischief.h"

typedef struct Mischief {
    GpuEnv e;
    char *log;
    char *args;                 /* for a second machine */
    int64_t clock;              /* the virtual clock, if nobody else steps it */
} Mischief;

/* The machine of gpu_start() with a log. */
void mischief_start(Mischief *t, const char *options);
void mischief_stop(Mischief *t);
/* The machine of @from goes on as @to, its clock at the same time. */
void mischief_move(Mischief *from, Mischief *to);

uint32_t mischief_add(Mischief *t, const char *rule);
void mischief_release(Mischief *t, uint32_t id);
void mischief_remove(Mischief *t, uint32_t id);
/* The rule saw and hit so many events. */
void mischief_counted(Mischief *t, uint32_t id, uint64_t seen, uint64_t hits);
/*
 * How many lines there are of @rule's action, or of what followed from it,
 * with @more (a regular expression) behind that.
 */
unsigned mischief_acts(Mischief *t, uint32_t rule, const char *action,
                       const char *more);
unsigned mischief_events(Mischief *t, uint32_t rule, const char *event,
                         const char *more);
/* Steps the virtual clock. */
void mischief_step(Mischief *t, int64_t ns);

/* Fences with interrupt, then a doorbell. */
void mischief_fences(Mischief *t, unsigned r, unsigned count);
uint32_t mischief_seqno(Mischief *t, unsigned r);
uint32_t mischief_pending(Mischief *t, unsigned r);
/* Takes the message of ring @r, or of @vector; it is there or not. */
bool mischief_irq(Mischief *t, unsigned r);
bool mischief_message(Mischief *t, unsigned vector);

#endif /* PUCK_GPU_MISCHIEF_H */
