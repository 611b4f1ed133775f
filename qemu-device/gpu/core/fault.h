/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: why a command fails. Plain C, shared with the unit tests.
 */
#ifndef PUCK_GPU_CORE_FAULT_H
#define PUCK_GPU_CORE_FAULT_H

#include "abi/puck_gpu.h"
#include "hw/puck/endpoint/segments.h"

/* The part of an error record that the command's own check decides. */
typedef struct PuckFault {
    uint8_t reason;             /* PUCK_GPU_ERR_*, 0: none */
    uint8_t list;
    uint32_t desc;
    uint64_t addr;
} PuckFault;

/* Fills @fault and returns false, for the tail of a check. */
static inline bool puck_fault_set(PuckFault *fault, uint8_t reason,
                                  uint8_t list, uint32_t desc, uint64_t addr)
{
    *fault = (PuckFault) {
        .reason = reason, .list = list, .desc = desc, .addr = addr,
    };
    return false;
}

/* What errors call what is wrong with a list. */
uint8_t puck_fault_of_list(PuckSegRule rule);

#endif /* PUCK_GPU_CORE_FAULT_H */
