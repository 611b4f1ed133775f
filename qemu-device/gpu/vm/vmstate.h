/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: migration of VMs and their TLB.
 */
#ifndef PUCK_GPU_VM_VMSTATE_H
#define PUCK_GPU_VM_VMSTATE_H

#include "migration/vmstate.h"

/* Of a PuckMmu. */
extern const VMStateDescription vmstate_puck_mmu;

#endif /* PUCK_GPU_VM_VMSTATE_H */
