/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may touch the registers of the display, and when.
 */
#ifndef PUCK_KMS_ACCESS_H
#define PUCK_KMS_ACCESS_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/drm_drv.h>

#include "kms/kms.h"

/**
 * struct puck_kms_access - from puck_kms_enter() to puck_kms_exit()
 * @flags: of the lock
 * @idx: of drm_dev_enter()
 */
struct puck_kms_access {
	unsigned long flags;
	int idx;
};

/**
 * puck_kms_exit - undo puck_kms_enter()
 * @kms: the display
 * @access: as it was filled in
 */
static inline void puck_kms_exit(struct puck_kms *kms, struct puck_kms_access *access)
{
	spin_unlock_irqrestore(&kms->lock, access->flags);
	drm_dev_exit(access->idx);
}

/**
 * puck_kms_enter - begin to touch the registers of the display
 * @kms: the display
 * @access: filled in
 *
 * Context: any. Between this and puck_kms_exit() the caller holds puck_kms.lock.
 * Return: true; false if there is no device, or one that is being reset. Then nothing is held.
 */
static inline bool puck_kms_enter(struct puck_kms *kms, struct puck_kms_access *access)
{
	if (!drm_dev_enter(&kms->puck->drm, &access->idx))
		return false;
	spin_lock_irqsave(&kms->lock, access->flags);
	if (kms->state == PUCK_KMS_UP)
		return true;
	puck_kms_exit(kms, access);
	return false;
}

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
