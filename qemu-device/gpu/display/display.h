/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the display as a whole: see head.h.
 */
#ifndef PUCK_GPU_DISPLAY_DISPLAY_H
#define PUCK_GPU_DISPLAY_DISPLAY_H

#include "hw/puck/gpu/core/device.h"

/* At instance_init and finalize. */
void puck_display_new(PuckGpu *s);
void puck_display_free(PuckGpu *s);
/* At realize and unplug. */
bool puck_display_init(PuckGpu *s, Error **errp);
void puck_display_exit(PuckGpu *s);
void puck_display_reset(PuckGpu *s);
/* How many heads are on, or have a commit under way. */
unsigned puck_display_at_work(const PuckGpu *s);
/* The machine is stopped: nobody need wait for a picture. */
void puck_display_pause(PuckGpu *s);

/* Writes to HEAD_IRQ_ENABLE and CRC_CTRL of head @h. */
void puck_display_irq_enable(PuckGpu *s, unsigned h, uint32_t bits);
void puck_display_crc_ctrl(PuckGpu *s, unsigned h, uint32_t bits);

#endif /* PUCK_GPU_DISPLAY_DISPLAY_H */
