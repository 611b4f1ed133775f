// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may touch the registers of the display, and when.
 */
#include <linux/spinlock.h>

#include <drm/drm_drv.h>

#include "kms/access.h"

/**
 * puck_kms_enter - begin to touch what puck_kms.lock protects
 * @kms: the display
 * @access: filled in
 *
 * The lock is held from here to puck_kms_exit(), whatever is returned.
 *
 * Context: any.
 * Return: true if that goes for the registers, too; false if there is no device, or one that is
 * being reset.
 */
bool puck_kms_enter(struct puck_kms *kms, struct puck_kms_access *access)
	__acquires(&kms->lock)
{
	access->entered = drm_dev_enter(&kms->puck->drm, &access->idx);
	spin_lock_irqsave(&kms->lock, access->flags);
	return access->entered && kms->state == PUCK_KMS_UP;
}

/**
 * puck_kms_exit - undo puck_kms_enter()
 * @kms: the display
 * @access: as it was filled in
 */
void puck_kms_exit(struct puck_kms *kms, struct puck_kms_access *access)
	__releases(&kms->lock)
{
	spin_unlock_irqrestore(&kms->lock, access->flags);
	if (access->entered)
		drm_dev_exit(access->idx);
}

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
	struct puck_kms_access access;
	bool there = puck_kms_enter(head->kms, &access);

	*shadow = (*shadow & ~clear) | set;
	if (there)
		puck_head_write(head, reg, *shadow);
	puck_kms_exit(head->kms, &access);
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

	if (puck_kms_enter(head->kms, &access))
		head->count = head->count_base +
			      (u32)puck_head_read64(head, PUCK_HEAD_VBLANK_COUNT);
	count = head->count;
	puck_kms_exit(head->kms, &access);
	return count;
}
