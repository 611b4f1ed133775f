/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BOs as dma-bufs, for other drivers and from them.
 */
#ifndef PUCK_PRIME_H
#define PUCK_PRIME_H

struct dma_buf;
struct drm_device;
struct drm_gem_object;
struct puck_bo;
struct puck_device;

struct dma_buf *puck_prime_export(struct drm_gem_object *obj, int flags);
unsigned int puck_prime_mappings(struct puck_bo *bo, bool vram);
void puck_prime_moves(struct puck_bo *bo);
void puck_prime_silence_peers(struct puck_device *puck);
bool puck_prime_may_take_any(struct dma_buf *dmabuf);
void puck_prime_take_all(struct dma_buf *dmabuf);
struct drm_gem_object *puck_prime_import(struct drm_device *dev, struct dma_buf *dmabuf);

#endif /* PUCK_PRIME_H */
