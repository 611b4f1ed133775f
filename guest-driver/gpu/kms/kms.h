/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The display of a device: its heads, and what they are to show.
 *
 * An atomic commit goes this way: check (plane.c, head.c), memory (scanout.c), what the heads are
 * to show (plane.c and head.c into puck_head.staged), one commit of the device's for all of them
 * (flip.c), the takeover (irq.c), after which the memory of what was shown before is free.
 */
#ifndef PUCK_KMS_H
#define PUCK_KMS_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/drm_connector.h>
#include <drm/drm_crtc.h>
#include <drm/drm_encoder.h>
#include <drm/drm_rect.h>
#include <drm/drm_writeback.h>

#include "core/device.h"
#include "kms/regs.h"

struct drm_pending_vblank_event;
struct puck_kms;
struct puck_writeback_job;

/**
 * enum puck_kms_state - who may touch the registers of the display
 * @PUCK_KMS_UP: whoever puck_kms_enter() has told so
 * @PUCK_KMS_HELD: nobody, as the device is being reset; what is to be shown is noted
 * @PUCK_KMS_ASLEEP: nobody, as the device sleeps; nothing is shown, and what a user sets is noted
 * @PUCK_KMS_LEAVING: the driver, which turns the heads off for good; as @PUCK_KMS_HELD for others
 * @PUCK_KMS_LOST: nobody any more; whatever is to be shown counts as shown
 */
enum puck_kms_state {
	PUCK_KMS_UP,
	PUCK_KMS_HELD,
	PUCK_KMS_ASLEEP,
	PUCK_KMS_LEAVING,
	PUCK_KMS_LOST,
};

/**
 * struct puck_head_counts - what became of the flips of a head
 * @asked: commits that it was to show
 * @done: those whose takeover was seen
 * @late: those of @done that came at another blanking than the next one
 * @missed: blankings at which they could have come before
 */
struct puck_head_counts {
	u64 asked;
	u64 done;
	u64 late;
	u64 missed;
};

/**
 * struct puck_head - a head: a CRTC with its encoder and its connector
 * @kms: of the device
 * @index: number of the head
 * @base: offset of its registers
 * @irq: Linux' number of its interrupt; 0 without one
 * @name: of the interrupt
 * @crtc: DRM's
 * @encoder: DRM's
 * @connector: DRM's
 * @writeback: DRM's
 * @changes: of the connector, when it was looked at last; under connection_mutex
 * @staged: what the commit that is under way makes of it; its own, one after the other
 * @damage: what of the picture it changes, if that is not all of it; like @staged
 * @damage_whole: it is
 * @staged_writeback: the job of its that is about to be queued; like @staged
 * @next: what is to be shown, as of the last commit; this and all below are under puck_kms.lock
 * @written: what the registers hold
 * @event: to be sent when @next, or what follows it, is shown; or NULL
 * @event_seqno: puck_head_regs.seqno that it waits for
 * @event_ref: it has a reference that keeps the vertical blankings counted
 * @writebacks: struct puck_writeback_job.node, in the order of their commits: what is not written
 *              yet
 * @asked_at: VBLANK_COUNT behind the COMMIT that it waits for
 * @counts: of all flips so far
 * @changed_whole: @next changes all of the picture, and not what its damage says
 * @again: the device was busy, so @next is to be committed at the takeover
 * @counted: DRM counts the vertical blankings
 * @irq_enable: HEAD_IRQ_ENABLE
 * @crc: CRC_CTRL
 * @count_base: vertical blankings before the last reset
 * @count: of all of them, when they were looked at last
 */
struct puck_head {
	struct puck_kms *kms;
	u32 index;
	u32 base;
	int irq;
	char name[16];
	struct drm_crtc crtc;
	struct drm_encoder encoder;
	struct drm_connector connector;
	struct drm_writeback_connector writeback;
	u32 changes;
	struct puck_head_regs staged;
	struct drm_rect damage;
	bool damage_whole;
	struct puck_writeback_job *staged_writeback;
	struct puck_head_regs next;
	struct puck_head_regs written;
	struct drm_pending_vblank_event *event;
	u32 event_seqno;
	bool event_ref;
	struct list_head writebacks;
	u32 asked_at;
	struct puck_head_counts counts;
	bool changed_whole;
	bool again;
	bool counted;
	u32 irq_enable;
	u32 crc;
	u32 count_base;
	u32 count;
};

/**
 * struct puck_kms - the display
 * @puck: the device
 * @lock: protects what follows, members of heads and the registers of the display. Taken in hard
 *        interrupts; below it are fences of pictures alone
 * @state: who may touch the registers
 * @scanouts: struct puck_scanout.node, all memory that is shown or about to be
 * @pictures: how many there are whose memory is not let go of yet
 * @num_heads: entries in @head
 * @head: the heads
 */
struct puck_kms {
	struct puck_device *puck;
	spinlock_t lock;		/* registers, images, events */
	enum puck_kms_state state;
	struct list_head scanouts;
	atomic_t pictures;
	u32 num_heads;
	struct puck_head head[PUCK_DISPLAY_HEADS_MAX];
};

static inline struct puck_head *to_puck_head(struct drm_crtc *crtc)
{
	return container_of(crtc, struct puck_head, crtc);
}

#endif /* PUCK_KMS_H */
