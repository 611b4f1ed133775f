/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a picture a commit changes.
 */
#ifndef PUCK_KMS_DAMAGE_H
#define PUCK_KMS_DAMAGE_H

struct drm_crtc_state;
struct drm_plane_state;
struct puck_head;
struct puck_plane_regs;

void puck_damage_begin(struct puck_head *head);
void puck_damage_add(struct puck_head *head, const struct drm_plane_state *old_state,
		     struct drm_plane_state *new_state, struct puck_plane_regs before,
		     struct puck_plane_regs after);
void puck_damage_end(struct puck_head *head, const struct drm_crtc_state *crtc_state);

#endif /* PUCK_KMS_DAMAGE_H */
