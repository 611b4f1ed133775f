/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel draws when it panics.
 */
#ifndef PUCK_KMS_PANIC_H
#define PUCK_KMS_PANIC_H

struct drm_plane;
struct drm_scanout_buffer;

int puck_panic_get_buffer(struct drm_plane *plane, struct drm_scanout_buffer *sb);
void puck_panic_flush(struct drm_plane *plane);

#endif /* PUCK_KMS_PANIC_H */
