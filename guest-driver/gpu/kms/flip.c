// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commits of the device (docs/specs/display.rst, "Commits"): what an atomic commit makes of the
 * heads is handed over in one step, and each of them tells of its takeover by an interrupt. Until
 * then memory that was shown before is in use; from then on it is not.
 *
 * What is to be shown is in puck_head.next, whether the device knows of it or not: a reset of the
 * device forgets all of it, and whoever has done that has it committed anew, with the same number.
 * So a takeover that was awaited before comes behind it.
 *
 * Whatever happens, each event is sent: out-fences depend on it.
 */
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/time64.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "core/trace.h"
#include "kms/access.h"
#include "kms/flip.h"
#include "kms/vblank.h"
#include "kms/writeback.h"

/* An interrupt may be lost, and the slowest head has one frame in a second. */
#define PUCK_FLIP_LOOK	(HZ / 2)
#define PUCK_FLIP_LOOKS	20
/* ms, for which a panic waits for the slowest head. */
#define PUCK_FLIP_PANIC_LOOKS	1100
/* Of who leaves, for each of two takeovers: the slowest head has one in a second. */
#define PUCK_FLIP_PATIENCE_US	(2 * USEC_PER_SEC)

/**
 * struct puck_flip_end - an event that is due
 * @event: or NULL
 * @ref: it has a reference, to be given back
 * @shown: what it waits for was taken over at @at; else that does not come any more
 * @at: the takeover
 */
struct puck_flip_end {
	struct drm_pending_vblank_event *event;
	bool ref;
	bool shown;
	struct puck_vblank at;
};

static struct puck_flip_end puck_flip_take_event(struct puck_head *head)
{
	struct puck_flip_end end = { .event = head->event, .ref = head->event_ref };

	lockdep_assert_held(&head->kms->lock);

	head->event = NULL;
	head->event_ref = false;
	return end;
}

static void puck_flip_send_known(struct puck_head *head, struct drm_pending_vblank_event *event,
				 u32 number, ktime_t time)
{
	struct timespec64 when = ktime_to_timespec64(time);

	lockdep_assert_held(&head->crtc.dev->event_lock);

	event->pipe = drm_crtc_index(&head->crtc);
	event->event.vbl.sequence = number;
	event->event.vbl.tv_sec = when.tv_sec;
	event->event.vbl.tv_usec = when.tv_nsec / NSEC_PER_USEC;
	drm_send_event_timestamp_locked(head->crtc.dev, &event->base, time);
}

/*
 * The core would tell of the blanking that was last when it is sent. That may be a later one than
 * the takeover's, as the interrupt was late; or an earlier one, as it was lost. But it is the one
 * to tell of if there is no takeover, or DRM does not count as the head is being turned off.
 */
static void puck_flip_send_event(struct puck_head *head, struct puck_flip_end *end)
{
	struct drm_pending_vblank_event *event = end->event;
	struct drm_device *dev = head->crtc.dev;
	unsigned long flags;
	ktime_t time = 0;
	u32 number = 0;
	bool known;

	known = end->shown && puck_vblank_number(head, &end->at, &number, &time);
	spin_lock_irqsave(&dev->event_lock, flags);
	if (known)
		puck_flip_send_known(head, event, number, time);
	else
		drm_crtc_send_vblank_event(&head->crtc, event);
	spin_unlock_irqrestore(&dev->event_lock, flags);
}

/* With no lock of ours held: the core calls us back. */
static void puck_flip_send(struct puck_head *head, struct puck_flip_end end)
{
	if (end.event)
		puck_flip_send_event(head, &end);
	if (end.ref)
		drm_crtc_vblank_put(&head->crtc);
}

/* The device will not: what is waited for counts as shown, and nothing is written. */
static void puck_flip_end(struct puck_head *head, int status)
{
	struct puck_flip_end end;
	unsigned long flags;

	spin_lock_irqsave(&head->kms->lock, flags);
	end = puck_flip_take_event(head);
	head->again = false;
	puck_writeback_fail_all(head, status);
	spin_unlock_irqrestore(&head->kms->lock, flags);
	puck_flip_send(head, end);
}

static void puck_flip_end_all(struct puck_kms *kms, unsigned long mask)
{
	u32 i;

	for_each_set_bit(i, &mask, kms->num_heads)
		puck_flip_end(&kms->head[i], -ENODEV);
}

static void puck_flip_is_told(struct puck_head *head)
{
	/* They are for one commit, and read as zero behind it. */
	head->written.flags = 0;
	/* Behind the COMMIT: no flip counts as late for a blanking that it came too late for. */
	head->asked_at = puck_head_read64(head, PUCK_HEAD_VBLANK_COUNT);
	puck_writeback_told(head);
}

/* Write what the heads are to show, and have it taken over. Returns DISPLAY_RESULT. */
static u32 puck_flip_commit_once(struct puck_kms *kms, unsigned long mask)
{
	struct puck_head *head;
	u32 i, result;

	for_each_set_bit(i, &mask, kms->num_heads) {
		head = &kms->head[i];
		puck_head_regs_write(kms->puck, head->base, &head->next, &head->written);
		trace_puck_display_commit(i, head->next.seqno, head->next.ctrl);
	}
	puck_write(kms->puck, PUCK_DISPLAY_COMMIT, mask);
	result = puck_read(kms->puck, PUCK_DISPLAY_RESULT);
	for_each_set_bit(i, &mask, kms->num_heads) {
		head = &kms->head[i];
		if (!result)
			puck_flip_is_told(head);
		if (FIELD_GET(PUCK_DISPLAY_RESULT_REASON, result) != PUCK_DISPLAY_BUSY)
			head->next.flags = 0;
	}
	return result;
}

/*
 * The device refuses what was checked. What is shown now is about to be somebody else's memory,
 * so the heads are turned off; that cannot be refused.
 */
static void puck_flip_refused(struct puck_kms *kms, unsigned long mask, u32 result)
{
	u32 i;

	drm_err(&kms->puck->drm, "heads %#lx: commit refused: reason %u, head %u, buffer %u\n",
		mask, (u32)FIELD_GET(PUCK_DISPLAY_RESULT_REASON, result),
		(u32)FIELD_GET(PUCK_DISPLAY_RESULT_HEAD, result),
		(u32)FIELD_GET(PUCK_DISPLAY_RESULT_BUFFER, result));
	for_each_set_bit(i, &mask, kms->num_heads) {
		kms->head[i].next.ctrl = 0;
		puck_writeback_fail(&kms->head[i], false, -EIO);
	}
	puck_flip_commit_once(kms, mask);
}

static u32 puck_flip_commit_some(struct puck_kms *kms, unsigned long mask)
{
	u32 result = puck_flip_commit_once(kms, mask);
	u32 reason = FIELD_GET(PUCK_DISPLAY_RESULT_REASON, result);

	if (reason && reason != PUCK_DISPLAY_BUSY)
		puck_flip_refused(kms, mask, result);
	return reason;
}

/*
 * All at once if that can be. A head is busy behind a reset alone, when it is about to show again
 * what it did before: then each is on its own, and this one follows at its takeover.
 */
static void puck_flip_commit(struct puck_kms *kms, unsigned long mask)
{
	u32 i;

	lockdep_assert_held(&kms->lock);

	for_each_set_bit(i, &mask, kms->num_heads)
		kms->head[i].again = false;
	if (puck_flip_commit_some(kms, mask) != PUCK_DISPLAY_BUSY)
		return;
	for_each_set_bit(i, &mask, kms->num_heads)
		if (puck_flip_commit_some(kms, BIT(i)) == PUCK_DISPLAY_BUSY)
			kms->head[i].again = true;
}

/* From what the commit has made of a head to what the device is told. */
static void puck_flip_arm(struct puck_head *head, struct drm_crtc_state *crtc_state, bool ref)
{
	u32 seqno = head->next.seqno + 1;

	head->next = head->staged;
	head->next.seqno = seqno;
	head->staged.flags = 0;
	puck_writeback_arm(head, seqno);
	head->counts.asked++;
	head->changed_whole = !(head->next.flags & PUCK_HEAD_DAMAGE);
	head->event = crtc_state->event;
	head->event_seqno = seqno;
	head->event_ref = ref;
	crtc_state->event = NULL;
}

static bool puck_flip_concerns(const struct drm_crtc_state *old_state,
			       const struct drm_crtc_state *new_state)
{
	return old_state->active || new_state->active;
}

/**
 * puck_flip - have heads show what an atomic commit has made of them
 * @kms: the display
 * @state: the commit
 *
 * All of them in one step. The event of each is sent when it is shown.
 *
 * Context: in a signalling section; no commit of the heads is awaited.
 */
void puck_flip(struct puck_kms *kms, struct puck_atomic_state *state)
{
	struct drm_crtc_state *old_state, *new_state;
	unsigned long lost = 0, refs = 0, mask = 0;
	struct puck_kms_access access;
	struct drm_crtc *crtc;
	bool there;
	int i;

	for_each_oldnew_crtc_in_state(state, crtc, old_state, new_state, i) {
		if (!puck_flip_concerns(old_state, new_state))
			continue;
		mask |= BIT(to_puck_head(crtc)->index);
		/* Until the event, which is told by a number and a time of DRM's. */
		if (!drm_crtc_vblank_get(crtc))
			refs |= BIT(to_puck_head(crtc)->index);
	}
	if (!mask)
		return;
	there = puck_kms_enter(kms, &access);
	for_each_new_crtc_in_state(state, crtc, new_state, i) {
		struct puck_head *head = to_puck_head(crtc);

		if (mask & BIT(head->index))
			puck_flip_arm(head, new_state, refs & BIT(head->index));
	}
	if (there)
		puck_flip_commit(kms, mask);
	else if (kms->state != PUCK_KMS_HELD && kms->state != PUCK_KMS_LEAVING)
		lost = mask;
	puck_kms_exit(kms, &access);
	/* Of those nobody will hear. */
	puck_flip_end_all(kms, lost);
}

/* A head that was off takes over at once, whether that begins a blanking or not. */
static void puck_flip_count(struct puck_head *head, u32 blanking)
{
	s32 waited = blanking - head->asked_at;

	head->counts.done++;
	if (waited <= 1)
		return;
	head->counts.late++;
	head->counts.missed += waited - 1;
}

/* The event, if what it waits for is shown. */
static struct puck_flip_end puck_flip_take_shown(struct puck_head *head)
{
	u32 seqno = puck_head_read(head, PUCK_HEAD_FLIP_SEQNO);
	struct puck_flip_end end;
	u64 blanking;

	if (!head->event || seqno != head->event_seqno)
		return (struct puck_flip_end) { };
	/* Nothing follows before the event is taken, so these stay what they are. */
	blanking = puck_head_read64(head, PUCK_HEAD_FLIP_COUNT);
	puck_flip_count(head, blanking);
	end = puck_flip_take_event(head);
	end.shown = true;
	end.at.count = head->count_base + (u32)blanking;
	end.at.ns = puck_head_read64(head, PUCK_HEAD_FLIP_TIME);
	trace_puck_display_flip(head->index, seqno, blanking, end.at.ns);
	return end;
}

/**
 * puck_flip_taken - see what a head shows now
 * @head: the head
 *
 * For its interrupt, and for who has waited for that for long.
 *
 * Context: any.
 */
void puck_flip_taken(struct puck_head *head)
{
	struct puck_kms *kms = head->kms;
	struct puck_kms_access access;
	struct puck_flip_end end = { };

	if (puck_kms_enter(kms, &access)) {
		end = puck_flip_take_shown(head);
		if (head->again)
			puck_flip_commit(kms, BIT(head->index));
	}
	puck_kms_exit(kms, &access);
	puck_flip_send(head, end);
}

static bool puck_flip_wait_for(struct puck_head *head, struct completion *done)
{
	unsigned int looks;

	for (looks = 0; looks < PUCK_FLIP_LOOKS; looks++) {
		if (wait_for_completion_timeout(done, PUCK_FLIP_LOOK))
			return true;
		puck_flip_taken(head);
	}
	return completion_done(done);
}

/**
 * puck_flip_wait - wait until all heads of a commit show it
 * @kms: the display
 * @state: the commit; puck_flip() was called for it
 *
 * Context: may sleep; in the way of fences.
 */
void puck_flip_wait(struct puck_kms *kms, struct puck_atomic_state *state)
{
	struct drm_crtc_commit *commit;
	struct puck_head *head;
	u32 i;

	for (i = 0; i < kms->num_heads; i++) {
		head = &kms->head[i];
		commit = state->crtcs[drm_crtc_index(&head->crtc)].commit;
		if (!commit || puck_flip_wait_for(head, &commit->flip_done))
			continue;
		drm_err(&kms->puck->drm, "head %u: commit %u is not taken over\n", i,
			head->event_seqno);
		puck_flip_end(head, -ETIMEDOUT);
	}
	/* Of planes and connectors that have no head any more. */
	drm_atomic_helper_wait_for_flip_done(&kms->puck->drm, state);
}

/* A reset forgets how often there was a blanking. */
static void puck_flip_save_count(struct puck_head *head)
{
	u32 count = puck_head_read64(head, PUCK_HEAD_VBLANK_COUNT);

	/* All ones is what nobody answers. */
	if (count != ~0u)
		head->count = head->count_base + count;
	head->count_base = head->count;
}

static void puck_flip_hold(struct puck_kms *kms)
{
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&kms->lock, flags);
	if (kms->state == PUCK_KMS_UP) {
		for (i = 0; i < kms->num_heads; i++) {
			puck_flip_save_count(&kms->head[i]);
			/* What it has not told of is lost. */
			puck_writeback_take(&kms->head[i]);
			puck_writeback_fail(&kms->head[i], true, -EIO);
		}
		kms->state = PUCK_KMS_HELD;
	}
	spin_unlock_irqrestore(&kms->lock, flags);
}

/* What a user has set, and interrupts for that; a cause that is set already is told of anew. */
static void puck_flip_restore_regs(struct puck_head *head)
{
	puck_head_write(head, PUCK_HEAD_CRC_CTRL, head->crc);
	puck_head_write(head, PUCK_HEAD_IRQ_ENABLE, head->irq_enable);
}

static void puck_flip_restore(struct puck_head *head)
{
	memset(&head->written, 0, sizeof(head->written));
	/* All of it is new to the console. */
	head->next.flags &= ~PUCK_HEAD_DAMAGE;
	puck_flip_restore_regs(head);
}

static void puck_flip_release(struct puck_kms *kms)
{
	unsigned long flags, mask = 0;
	u32 i;

	spin_lock_irqsave(&kms->lock, flags);
	if (kms->state == PUCK_KMS_HELD) {
		kms->state = PUCK_KMS_UP;
		for (i = 0; i < kms->num_heads; i++) {
			puck_flip_restore(&kms->head[i]);
			if (kms->head[i].event || kms->head[i].next.ctrl)
				mask |= BIT(i);
		}
		if (mask)
			puck_flip_commit(kms, mask);
	}
	spin_unlock_irqrestore(&kms->lock, flags);
}

static bool puck_flip_is_idle(struct puck_head *head)
{
	u32 status = puck_head_read(head, PUCK_HEAD_STATUS);

	return !head->event && !(status & (PUCK_HEAD_ON | PUCK_HEAD_PENDING));
}

static bool puck_flip_doze(struct puck_kms *kms)
{
	bool idle = true;
	u32 i;

	spin_lock_irq(&kms->lock);
	if (kms->state == PUCK_KMS_UP) {
		for (i = 0; idle && i < kms->num_heads; i++)
			idle = puck_flip_is_idle(&kms->head[i]);
		for (i = 0; idle && i < kms->num_heads; i++)
			puck_head_write(&kms->head[i], PUCK_HEAD_IRQ_ENABLE, 0);
		if (idle)
			kms->state = PUCK_KMS_ASLEEP;
	}
	spin_unlock_irq(&kms->lock);
	return idle;
}

static void puck_flip_wake(struct puck_kms *kms)
{
	u32 i;

	spin_lock_irq(&kms->lock);
	if (kms->state == PUCK_KMS_ASLEEP) {
		kms->state = PUCK_KMS_UP;
		for (i = 0; i < kms->num_heads; i++)
			puck_flip_restore_regs(&kms->head[i]);
	}
	spin_unlock_irq(&kms->lock);
}

/* Nobody hears an interrupt. */
static bool puck_flip_settles(struct puck_head *head)
{
	unsigned int looks;
	u32 status;

	for (looks = 0; looks < PUCK_FLIP_PANIC_LOOKS; looks++) {
		status = puck_head_read(head, PUCK_HEAD_STATUS);
		if (status == ~0u)
			return false;
		if (!(status & PUCK_HEAD_PENDING))
			return true;
		mdelay(1);
	}
	return false;
}

/**
 * puck_flip_panic - have a head show one plane, and nothing else, from here on
 * @head: the head
 * @plane: the plane
 *
 * A head that is off stays so. Nothing is done if somebody touches the registers, who may have been
 * stopped in the middle of it.
 *
 * Context: a panic. The device is not unplugged: that has DRM forget of panics first.
 */
void puck_flip_panic(struct puck_head *head, const struct puck_plane_regs *plane)
{
	struct puck_kms *kms = head->kms;
	unsigned long flags;

	if (!spin_trylock_irqsave(&kms->lock, flags))
		return;
	if (kms->state == PUCK_KMS_UP && head->next.ctrl & PUCK_HEAD_ENABLE &&
	    puck_flip_settles(head)) {
		puck_head_regs_panic(&head->next, plane);
		head->changed_whole = true;
		puck_flip_commit(kms, BIT(head->index));
	}
	spin_unlock_irqrestore(&kms->lock, flags);
}

/**
 * puck_flip_lose - have nobody wait for the device any more
 * @kms: the display; nothing is shown any more
 *
 * Context: any.
 */
void puck_flip_lose(struct puck_kms *kms)
{
	unsigned long flags;

	spin_lock_irqsave(&kms->lock, flags);
	kms->state = PUCK_KMS_LOST;
	spin_unlock_irqrestore(&kms->lock, flags);
	puck_flip_end_all(kms, GENMASK(kms->num_heads - 1, 0));
}

/* False if nothing is shown any more. Who resets the device comes to an end. */
static bool puck_flip_begin_leaving(struct puck_kms *kms)
{
	enum puck_kms_state state;

	for (;;) {
		spin_lock_irq(&kms->lock);
		state = kms->state;
		if (state == PUCK_KMS_UP)
			kms->state = PUCK_KMS_LEAVING;
		spin_unlock_irq(&kms->lock);
		if (state != PUCK_KMS_HELD)
			return state == PUCK_KMS_UP;
		usleep_range(1000, 2000);
	}
}

/* All ones is what nobody answers. */
static bool puck_flip_poll(struct puck_head *head, u32 bits)
{
	u32 status;

	return !read_poll_timeout(puck_head_read, status, status == ~0u || !(status & bits),
				  USEC_PER_MSEC, PUCK_FLIP_PATIENCE_US, false, head,
				  PUCK_HEAD_STATUS);
}

static void puck_flip_turn_off(struct puck_head *head)
{
	struct puck_kms *kms = head->kms;

	if (!puck_flip_poll(head, PUCK_HEAD_PENDING))
		drm_err(&kms->puck->drm, "head %u: a commit is not taken over\n", head->index);
	puck_head_write(head, PUCK_HEAD_CTRL, 0);
	puck_write(kms->puck, PUCK_DISPLAY_COMMIT, BIT(head->index));
	if (!puck_flip_poll(head, PUCK_HEAD_PENDING | PUCK_HEAD_ON))
		drm_err(&kms->puck->drm, "head %u: does not turn off\n", head->index);
}

/**
 * puck_flip_leave - turn all heads off for good
 * @kms: the display
 *
 * What is shown is let go of when the device is unplugged, and before it is reset: the kernel's own
 * framebuffer is. So the heads have to be off before. Flips that come later count as shown.
 *
 * Context: may sleep; the hardware is there, and drm_dev_unplug() comes behind it.
 */
void puck_flip_leave(struct puck_kms *kms)
{
	u32 i;

	if (!puck_flip_begin_leaving(kms))
		return;
	for (i = 0; i < kms->num_heads; i++)
		puck_flip_turn_off(&kms->head[i]);
	puck_flip_lose(kms);
}

const struct puck_display_funcs puck_flip_display_funcs = {
	.hold = puck_flip_hold,
	.release = puck_flip_release,
	.lose = puck_flip_lose,
	.doze = puck_flip_doze,
	.wake = puck_flip_wake,
};
