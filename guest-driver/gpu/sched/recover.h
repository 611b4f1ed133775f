/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Getting a ring, or the device, going again.
 */
#ifndef PUCK_RECOVER_H
#define PUCK_RECOVER_H

struct dma_resv;
struct puck_device;
struct puck_job;
struct puck_ring;

void puck_recover_give_up(struct puck_device *puck, struct dma_resv *resv);
void puck_recover_init(struct puck_ring *ring);
void puck_recover(struct puck_ring *ring, struct puck_job *late);
void puck_recover_wedge(struct puck_device *puck, int error);
void puck_recover_tell(struct puck_device *puck);
void puck_recover_begin_outage(struct puck_device *puck);
void puck_recover_end_outage(struct puck_device *puck);

#endif /* PUCK_RECOVER_H */
