/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's error queue: what software reads records from, the oldest first.
 * Under the BQL.
 */
#ifndef PUCK_ENDPOINT_ERRORS_H
#define PUCK_ENDPOINT_ERRORS_H

#include "migration/vmstate.h"

#define PUCK_ERRORS_DEPTH   64

/* Each device says what is in @info, and what @number counts. */
typedef struct PuckErrorRecord {
    uint32_t info;
    uint32_t number;
    uint32_t desc;
    uint64_t addr;
} PuckErrorRecord;

/* The registers show records[0]; the records behind @count are all zero. */
typedef struct PuckErrorQueue {
    uint32_t count;
    uint32_t lost;              /* what found no room */
    PuckErrorRecord records[PUCK_ERRORS_DEPTH];
} PuckErrorQueue;

void puck_errors_push(PuckErrorQueue *q, const PuckErrorRecord *record);
void puck_errors_pop(PuckErrorQueue *q);
void puck_errors_reset(PuckErrorQueue *q);

extern const VMStateDescription vmstate_puck_errors;
/* Whether a state that was loaded is a possible one. */
bool puck_errors_valid(const PuckErrorQueue *q);

#endif /* PUCK_ENDPOINT_ERRORS_H */
