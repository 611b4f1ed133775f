/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may touch the registers of the display, and when.
 */
#ifndef PUCK_KMS_ACCESS_H
#define PUCK_KMS_ACCESS_H

#include <linux/types.h>

#include "kms/kms.h"

/**
 * struct puck_kms_access - from puck_kms_enter() to puck_kms_exit()
 * @flags: of the lock
 * @idx: of drm_dev_enter()
 * @entered: it was successful
 */
struct puck_kms_access {
	unsigned long flags;
	int idx;
	bool entered;
};

bool puck_kms_enter(struct puck_kms *kms, struct puck_kms_access *access);
void puck_kms_exit(struct puck_kms *kms, struct puck_kms_access *access);
void puck_head_change(struct puck_head *head, u32 reg, u32 *shadow, u32 clear, u32 set);
u32 puck_head_count(struct puck_head *head);

static inline u32 puck_head_read(struct puck_head *head, u32 reg)
{
	return puck_read(head->kms->puck, head->base + reg);
}

static inline u64 puck_head_read64(struct puck_head *head, u32 reg)
{
	return puck_read64(head->kms->puck, head->base + reg);
}

static inline void puck_head_write(struct puck_head *head, u32 reg, u32 val)
{
	puck_write(head->kms->puck, head->base + reg, val);
}

#endif /* PUCK_KMS_ACCESS_H */
