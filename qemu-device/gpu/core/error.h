/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the error queue. Under the BQL.
 */
#ifndef PUCK_GPU_CORE_ERROR_H
#define PUCK_GPU_CORE_ERROR_H

#include "fault.h"

typedef struct PuckGpu PuckGpu;

typedef struct PuckErrorRecord {
    uint32_t info;
    uint32_t seqno;
    uint32_t desc;
    uint64_t addr;
} PuckErrorRecord;

/* The registers show records[0]; the records behind @count are all zero. */
typedef struct PuckErrorQueue {
    uint32_t count;
    uint32_t lost;
    PuckErrorRecord records[PUCK_GPU_ERR_DEPTH];
} PuckErrorQueue;

/* The command at @index of ring @ring, of job @seqno, failed by @fault. */
void puck_error_report(PuckGpu *s, unsigned ring, uint32_t seqno,
                       uint32_t index, const PuckFault *fault);
void puck_error_pop(PuckErrorQueue *q);

#endif /* PUCK_GPU_CORE_ERROR_H */
