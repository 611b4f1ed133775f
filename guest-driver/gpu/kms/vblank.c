// SPDX-License-Identifier: GPL-2.0-only
/*
 * Vertical blankings: which of those that the device counts is which of DRM's. DRM begins its own
 * count where it likes, and goes on with it at each modeset. What the device tells of, takeovers
 * and CRCs, is of a blanking that may be over when the driver hears of it.
 */
#include <linux/interrupt.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>

#include <drm/drm_drv.h>
#include <drm/drm_vblank.h>

#include "kms/access.h"
#include "kms/kms.h"
#include "kms/vblank.h"

/* A blanking may begin in between, but not each time. */
#define PUCK_VBLANK_TRIES	4

/* The last one so far. Returns false if there is no device that could say when it was. */
static bool puck_vblank_last(struct puck_head *head, struct puck_vblank *last, bool *counted)
{
	unsigned int tries = PUCK_VBLANK_TRIES;
	struct puck_kms_access access;
	bool there;
	u32 count;

	there = puck_kms_enter(head->kms, &access);
	*counted = head->counted;
	last->count = head->count;
	while (there && tries--) {
		count = puck_head_read64(head, PUCK_HEAD_VBLANK_COUNT);
		last->count = head->count_base + count;
		last->ns = puck_head_read64(head, PUCK_HEAD_VBLANK_TIME);
		if (count == (u32)puck_head_read64(head, PUCK_HEAD_VBLANK_COUNT))
			break;
	}
	puck_kms_exit(head->kms, &access);
	return there;
}

static bool puck_vblank_look(struct puck_head *head, const struct puck_vblank *at, u32 *number,
			     ktime_t *time)
{
	unsigned int tries = PUCK_VBLANK_TRIES;
	struct puck_vblank last;
	bool there, counted;

	do {
		there = puck_vblank_last(head, &last, &counted);
		if (!counted)
			return false;
		/* DRM's own number may be that of the last interrupt: have it look. */
		drm_crtc_accurate_vblank_count(&head->crtc);
		*number = drm_crtc_vblank_count_and_time(&head->crtc, time);
	} while (last.count != puck_head_count(head) && --tries);
	*number -= last.count - at->count;
	/* It has none if nobody answers, and a reset of the device forgets when there was one. */
	if (!*time)
		*time = ktime_get();
	else if (there && last.ns > at->ns)
		*time = ktime_sub_ns(*time, last.ns - at->ns);
	return true;
}

/**
 * puck_vblank_number - tell by which number and which time DRM goes for a blanking
 * @head: the head
 * @at: the blanking, which has begun
 * @number: set to DRM's number, modulo 2^32
 * @time: set to DRM's time
 *
 * Context: in the interrupt of the head, or by who keeps it from being turned off; no lock of the
 * display is held.
 * Return: false if DRM does not count blankings, as the head is being turned off, or if there is no
 * device.
 */
bool puck_vblank_number(struct puck_head *head, const struct puck_vblank *at, u32 *number,
			ktime_t *time)
{
	bool counted;
	int idx;

	if (!drm_dev_enter(head->crtc.dev, &idx))
		return false;
	counted = puck_vblank_look(head, at, number, time);
	drm_dev_exit(idx);
	return counted;
}

static void puck_vblank_set_counted(struct puck_head *head, bool counted)
{
	unsigned long flags;

	spin_lock_irqsave(&head->kms->lock, flags);
	head->counted = counted;
	spin_unlock_irqrestore(&head->kms->lock, flags);
}

/**
 * puck_vblank_on - have DRM count the blankings of a head
 * @head: the head, whose timings DRM has been told
 */
void puck_vblank_on(struct puck_head *head)
{
	drm_crtc_vblank_on(&head->crtc);
	puck_vblank_set_counted(head, true);
}

/**
 * puck_vblank_off - have DRM count them no more
 * @head: the head; no flip is under way
 *
 * DRM forgets the timings, so nobody may have it look at a blanking any more: the interrupt, which
 * does for CRCs, is waited for.
 *
 * Context: a commit.
 */
void puck_vblank_off(struct puck_head *head)
{
	int idx;

	puck_vblank_set_counted(head, false);
	/* Behind the unplug the interrupt may have gone, but nobody looks either. */
	if (drm_dev_enter(head->crtc.dev, &idx)) {
		synchronize_hardirq(head->irq);
		drm_dev_exit(idx);
	}
	drm_crtc_vblank_off(&head->crtc);
}
