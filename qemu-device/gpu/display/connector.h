/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what is plugged into a head. See section "Connector" of
 * docs/specs/display.rst.
 */
#ifndef PUCK_GPU_DISPLAY_CONNECTOR_H
#define PUCK_GPU_DISPLAY_CONNECTOR_H

#include "head.h"

/* Makes the EDID: from @file, or if that is NULL one that QEMU generates. */
bool puck_connector_init(PuckHead *head, const char *file, Error **errp);
/* The host plugs something in, or pulls it out. */
void puck_connector_plug(PuckHead *head, bool connected);
uint32_t puck_connector_edid_size(const PuckHead *head);
/* The @i-th 32 bits of the EDID. */
uint32_t puck_connector_edid(const PuckHead *head, unsigned i);

#endif /* PUCK_GPU_DISPLAY_CONNECTOR_H */
