/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler of a ring.
 */
#ifndef PUCK_SCHED_H
#define PUCK_SCHED_H

struct dma_fence;
struct puck_job;
struct puck_ring;

int puck_sched_init(struct puck_ring *ring);
void puck_sched_fini(struct puck_ring *ring);
struct dma_fence *puck_sched_arm(struct puck_job *job);
void puck_sched_push(struct puck_job *job);

#endif /* PUCK_SCHED_H */
