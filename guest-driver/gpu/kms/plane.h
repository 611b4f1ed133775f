/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Planes of a head.
 */
#ifndef PUCK_KMS_PLANE_H
#define PUCK_KMS_PLANE_H

struct drm_plane;
struct drm_plane_state;
struct puck_head;
struct puck_plane_regs;
struct puck_scanout;

struct drm_plane *puck_plane_create(struct puck_head *head, unsigned int index);
void puck_plane_tell(struct puck_plane_regs *regs, struct drm_plane_state *state);
const struct puck_scanout *puck_plane_scanout(struct drm_plane_state *state);

#endif /* PUCK_KMS_PLANE_H */
