/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a command worked on access by access, under the BQL and on the
 * virtual clock: while there are rules for accesses to data.
 */
#ifndef PUCK_GPU_ENGINE_ACCESS_H
#define PUCK_GPU_ENGINE_ACCESS_H

#include "qemu/timer.h"

typedef struct PuckJob PuckJob;

#define PUCK_ACCESS_MAX 4096

/* A write to memory that lands behind the next access. */
typedef struct PuckLateWrite {
    uint32_t rule;              /* that made it late */
    uint32_t len;               /* 0: there is none */
    bool next;                  /* it lands when the access under way is done */
    uint32_t desc;
    uint64_t addr;
    uint8_t bytes[PUCK_ACCESS_MAX];
} PuckLateWrite;

/*
 * How far such a command is. It is a part of the ring, not of the job, so that
 * it can be migrated without the job.
 */
typedef struct PuckAccess {
    bool active;
    uint32_t index;             /* of the command in the ring */
    uint32_t seqno;             /* of the command */
    uint32_t step;              /* of the access under way */
    uint32_t action;            /* what a rule said of it: PuckAction */
    uint32_t rule;
    uint64_t value;             /* of the action */
    int64_t until;              /* the access waits so long; or PUCK_NO_TIME */
    int64_t translated;         /* it has waited so long for the IOMMU, or 0 */
    uint64_t read;              /* bytes of the source */
    uint64_t written;           /* bytes of the destination */
    uint32_t crc;
    uint32_t have;              /* bytes read that are not written yet */
    uint8_t bytes[2 * PUCK_ACCESS_MAX];
    PuckLateWrite late;
    QEMUTimer *timer;           /* wakes the ring at @until */
} PuckAccess;

/* @wake is called with @opaque when the access under way need wait no more. */
void puck_access_init(PuckAccess *a, QEMUTimerCB *wake, void *opaque);
void puck_access_exit(PuckAccess *a);
/* Forgets how far the command was. Whoever calls this stops its job. */
void puck_access_drop(PuckAccess *a);
/* Whether a state that was loaded is a possible one. */
bool puck_access_valid(const PuckAccess *a);

/* Whether @job has to be worked on access by access. */
bool puck_access_wanted(const PuckJob *job);
/*
 * One step of @job, whose lists are there; the first goes on where a loaded
 * state was. False if the access under way has to wait; then @wake follows.
 */
bool puck_access_step(PuckJob *job);

#endif /* PUCK_GPU_ENGINE_ACCESS_H */
