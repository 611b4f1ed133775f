// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may touch the registers of the display, and when.
 */
#include <drm/drm_drv.h>

#include "kms/access.h"

/**
 * puck_head_change - change a register that a reset forgets, and what is known of it
 * @head: the head
 * @reg: offset of the register
 * @shadow: what it is to be, in @head
 * @clear: bits
 * @set: bits
 *
 * Behind a reset of the device that is under way it is written from @shadow.
 *
 * Context: any.
 */
void puck_head_change(struct puck_head *head, u32 reg, u32 *shadow, u32 clear, u32 set)
{
	struct puck_kms *kms = head->kms;
	unsigned long flags;
	int idx;

	spin_lock_irqsave(&kms->lock, flags);
	*shadow = (*shadow & ~clear) | set;
	if (kms->state == PUCK_KMS_UP && drm_dev_enter(&kms->puck->drm, &idx)) {
		puck_head_write(head, reg, *shadow);
		drm_dev_exit(idx);
	}
	spin_unlock_irqrestore(&kms->lock, flags);
}

/**
 * puck_head_count - count the vertical blankings of a head
 * @head: the head
 *
 * Context: any.
 * Return: how many there were, modulo 2^32; no more than that is known without a device.
 */
u32 puck_head_count(struct puck_head *head)
{
	struct puck_kms_access access;
	u32 count;

	if (puck_kms_enter(head->kms, &access)) {
		count = head->count_base + (u32)puck_head_read64(head, PUCK_HEAD_VBLANK_COUNT);
		WRITE_ONCE(head->count, count);
		puck_kms_exit(head->kms, &access);
	}
	return READ_ONCE(head->count);
}
