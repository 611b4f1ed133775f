/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connectors of heads.
 */
#ifndef PUCK_KMS_CONNECTOR_H
#define PUCK_KMS_CONNECTOR_H

struct puck_head;

int puck_connector_init(struct puck_head *head);
void puck_connector_look(struct puck_head *head);

#endif /* PUCK_KMS_CONNECTOR_H */
