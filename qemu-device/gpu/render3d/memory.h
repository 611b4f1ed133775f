/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: memory of the guest that a 3D command names: a stream is read, a
 * capset is written, a backing is translated. Each function but the first is
 * one part of that, and moves the job to its next phase when it was the last
 * one. False: it failed, and the job has the fault.
 */
#ifndef PUCK_GPU_RENDER3D_MEMORY_H
#define PUCK_GPU_RENDER3D_MEMORY_H

#include "hw/puck/common/hold.h"
#include "render.h"

/* The job's backing is translated from its start on. */
void puck_memory_begin(PuckRenderJob *job);
/* For writing; what comes out becomes its runs. */
bool puck_memory_translate(PuckRenderJob *job, PuckHold *hold);
/* What comes out has to be its runs; TO_HOST and ATTACH: for reading. */
bool puck_memory_verify(PuckRenderJob *job, PuckHold *hold);
bool puck_memory_read(PuckRenderJob *job, PuckHold *hold);
bool puck_memory_write(PuckRenderJob *job, PuckHold *hold);

/* Puts the runs of the job's backing into the area; returns how many. */
uint32_t puck_memory_tell(PuckRenderJob *job, PuckHold *hold);

#endif /* PUCK_GPU_RENDER3D_MEMORY_H */
