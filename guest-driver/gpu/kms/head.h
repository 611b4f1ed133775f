/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Heads as CRTCs.
 */
#ifndef PUCK_KMS_HEAD_H
#define PUCK_KMS_HEAD_H

struct drm_plane;
struct puck_head;

int puck_head_init(struct puck_head *head, struct drm_plane *primary, struct drm_plane *cursor);

#endif /* PUCK_KMS_HEAD_H */
