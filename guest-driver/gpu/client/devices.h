/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices that in-kernel clients find. What clients call is in include/puck/client.h.
 */
#ifndef PUCK_CLIENT_DEVICES_H
#define PUCK_CLIENT_DEVICES_H

struct puck_device;

void puck_client_add_device(struct puck_device *puck);
void puck_client_remove_device(struct puck_device *puck);

#endif /* PUCK_CLIENT_DEVICES_H */
