/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's error queue. See section "Error queue" of docs/specs/gpu.rst.
 */

#include "qemu/osdep.h"
#include "errors.h"

void puck_errors_push(PuckErrorQueue *q, const PuckErrorRecord *record)
{
    if (q->count < ARRAY_SIZE(q->records)) {
        q->records[q->count++] = *record;
    } else if (q->lost < UINT32_MAX) {
        q->lost++;
    }
}

/* What the registers show once the queue is empty is all zero. */
void puck_errors_pop(PuckErrorQueue *q)
{
    if (!q->count) {
        return;
    }
    q->count--;
    memmove(q->records, q->records + 1, q->count * sizeof(q->records[0]));
    q->records[q->count] = (PuckErrorRecord) { };
}

void puck_errors_reset(PuckErrorQueue *q)
{
    *q = (PuckErrorQueue) { };
}

bool puck_errors_valid(const PuckErrorQueue *q)
{
    return q->count <= ARRAY_SIZE(q->records);
}

static const VMStateDescription vmstate_record = {
    .name = "puck/error",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(info, PuckErrorRecord),
        VMSTATE_UINT32(number, PuckErrorRecord),
        VMSTATE_UINT32(desc, PuckErrorRecord),
        VMSTATE_UINT64(addr, PuckErrorRecord),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription vmstate_puck_errors = {
    .name = "puck/errors",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(count, PuckErrorQueue),
        VMSTATE_UINT32(lost, PuckErrorQueue),
        VMSTATE_STRUCT_ARRAY(records, PuckErrorQueue, PUCK_ERRORS_DEPTH, 1,
                             vmstate_record, PuckErrorRecord),
        VMSTATE_END_OF_LIST()
    }
};
