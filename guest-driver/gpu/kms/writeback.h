/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pictures of a head that are written to memory.
 */
#ifndef PUCK_KMS_WRITEBACK_H
#define PUCK_KMS_WRITEBACK_H

#include <linux/types.h>

#include "abi/puck_display.h"
#include "compat/kms.h"

struct dma_fence;
struct drm_gem_object;
struct puck_head;
struct puck_kms;

/**
 * struct puck_written - what one atomic commit writes, by heads
 * @fence: signalled when it is written, or never will be; NULL: nothing is
 * @obj: where to
 */
struct puck_written {
	struct dma_fence *fence[PUCK_DISPLAY_HEADS_MAX];
	struct drm_gem_object *obj[PUCK_DISPLAY_HEADS_MAX];
};

int puck_writeback_init(struct puck_head *head);
int puck_written_get(struct puck_atomic_state *state, struct puck_written *written);
void puck_written_put(struct puck_written *written);
void puck_written_tell(struct puck_written *written);
void puck_written_wait(struct puck_kms *kms, struct puck_written *written);
int puck_writeback_settled(struct puck_kms *kms);
void puck_writeback_begin(struct puck_atomic_state *state);
void puck_writeback_arm(struct puck_head *head, u32 seqno);
void puck_writeback_told(struct puck_head *head);
void puck_writeback_fail(struct puck_head *head, bool told, int status);
void puck_writeback_fail_all(struct puck_head *head, int status);
void puck_writeback_take(struct puck_head *head);
void puck_writeback_look(struct puck_head *head);

#endif /* PUCK_KMS_WRITEBACK_H */
