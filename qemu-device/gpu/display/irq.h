/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: interrupts and faults of a head. See sections "Interrupts" and
 * "Faults" of docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_IRQ_H
#define PUCK_GPU_DISPLAY_IRQ_H

#include "head.h"
#include "hw/puck/gpu/core/fault.h"

/* HEAD_IRQ_STATUS gets @bits; HEAD_IRQ_ENABLE becomes @bits. */
void puck_head_cause(PuckHead *head, uint32_t bits);
void puck_head_irq_enable(PuckHead *head, uint32_t bits);
/*
 * Memory of buffer @buffer could not be accessed. Of @fault reason, desc and
 * addr count. @count: VBLANK_COUNT of the frame.
 */
void puck_head_fault(PuckHead *head, unsigned buffer, const PuckFault *fault,
                     uint64_t count);

#endif /* PUCK_GPU_DISPLAY_IRQ_H */
