// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of a picture a commit changes: one rectangle, for the host's console. It is known where
 * nothing but the memory of planes has changed, which are shown pixel by pixel; else all of the
 * picture counts as changed.
 */
#include <linux/bitfield.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include <drm/drm_atomic.h>
#include <drm/drm_crtc.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_rect.h>

#include "kms/damage.h"
#include "kms/kms.h"

/**
 * puck_damage_begin - nothing is changed so far
 * @head: the head
 */
void puck_damage_begin(struct puck_head *head)
{
	head->damage = (struct drm_rect) { };
	head->damage_whole = false;
}

/* All but where the memory is. */
static void puck_damage_forget_memory(struct puck_plane_regs *regs)
{
	regs->source = 0;
	regs->addr = 0;
	regs->arg = 0;
	regs->pitch = 0;
	regs->offset = 0;
	regs->uv_offset = 0;
	regs->uv_pitch = 0;
}

static bool puck_damage_is_plain(const struct puck_plane_regs *regs)
{
	return !(regs->ctrl & (PUCK_PLANE_REFLECT_X | PUCK_PLANE_REFLECT_Y)) &&
	       regs->src_w == regs->dst_w << 16 && regs->src_h == regs->dst_h << 16 &&
	       !((regs->src_x | regs->src_y) & 0xffff);
}

static void puck_damage_join(struct drm_rect *all, const struct drm_rect *one)
{
	if (!drm_rect_visible(one))
		return;
	if (!drm_rect_visible(all)) {
		*all = *one;
		return;
	}
	all->x1 = min(all->x1, one->x1);
	all->y1 = min(all->y1, one->y1);
	all->x2 = max(all->x2, one->x2);
	all->y2 = max(all->y2, one->y2);
}

/**
 * puck_damage_add - take account of a plane
 * @head: the head
 * @old_state: what the plane has shown
 * @new_state: what it will show
 * @before: its registers then
 * @after: and now
 */
void puck_damage_add(struct puck_head *head, const struct drm_plane_state *old_state,
		     struct drm_plane_state *new_state, struct puck_plane_regs before,
		     struct puck_plane_regs after)
{
	struct drm_rect rect;

	if (!((before.ctrl | after.ctrl) & PUCK_PLANE_ENABLE))
		return;
	puck_damage_forget_memory(&before);
	puck_damage_forget_memory(&after);
	if (memcmp(&before, &after, offsetofend(struct puck_plane_regs, dst_h)) ||
	    !puck_damage_is_plain(&after)) {
		head->damage_whole = true;
		return;
	}
	if (!drm_atomic_helper_damage_merged(old_state, new_state, &rect))
		return;
	drm_rect_translate(&rect, new_state->crtc_x - (int)(new_state->src_x >> 16),
			   new_state->crtc_y - (int)(new_state->src_y >> 16));
	puck_damage_join(&head->damage, &rect);
}

/**
 * puck_damage_end - have the device told
 * @head: the head; all its planes are taken account of
 * @crtc_state: what it will show
 */
void puck_damage_end(struct puck_head *head, const struct drm_crtc_state *crtc_state)
{
	struct drm_rect picture = { };
	struct drm_rect *damage = &head->damage;

	if (head->damage_whole || crtc_state->color_mgmt_changed ||
	    drm_atomic_crtc_needs_modeset(crtc_state))
		return;
	picture.x2 = crtc_state->adjusted_mode.hdisplay;
	picture.y2 = crtc_state->adjusted_mode.vdisplay;
	/* Nothing at all is told as a rectangle without pixels. */
	if (!drm_rect_intersect(damage, &picture))
		*damage = (struct drm_rect) { };
	head->staged.flags |= PUCK_HEAD_DAMAGE;
	head->staged.damage_pos = FIELD_PREP(PUCK_HEAD_DAMAGE_X, damage->x1) |
				  FIELD_PREP(PUCK_HEAD_DAMAGE_Y, damage->y1);
	head->staged.damage_size = FIELD_PREP(PUCK_HEAD_DAMAGE_X, drm_rect_width(damage)) |
				   FIELD_PREP(PUCK_HEAD_DAMAGE_Y, drm_rect_height(damage));
}
