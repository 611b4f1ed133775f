/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: errors of commands. Under the BQL.
 */
#ifndef PUCK_GPU_CORE_ERROR_H
#define PUCK_GPU_CORE_ERROR_H

#include "fault.h"

typedef struct PuckGpu PuckGpu;

/* The command at @index of ring @ring, of job @seqno, failed by @fault. */
void puck_error_report(PuckGpu *s, unsigned ring, uint32_t seqno,
                       uint32_t index, const PuckFault *fault);

#endif /* PUCK_GPU_CORE_ERROR_H */
