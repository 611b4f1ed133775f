/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Planes of a head.
 */
#ifndef PUCK_KMS_PLANE_H
#define PUCK_KMS_PLANE_H

struct drm_plane;
struct puck_head;

struct drm_plane *puck_plane_create(struct puck_head *head, unsigned int index);

#endif /* PUCK_KMS_PLANE_H */
