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
unsigned int puck_prime_mappings(struct puck_bo *bo);
unsigned int puck_prime_peers(struct puck_bo *bo);
void puck_prime_moves(struct puck_bo *bo);
void puck_prime_end_peers(struct puck_device *puck, bool gone);
struct drm_gem_object *puck_prime_import(struct drm_device *dev, struct dma_buf *dmabuf);

#endif /* PUCK_PRIME_H */
