/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BOs whose memory is another driver's.
 */
#ifndef PUCK_IMPORT_H
#define PUCK_IMPORT_H

struct dma_buf;
struct drm_gem_object;
struct puck_bo;
struct puck_device;

struct drm_gem_object *puck_import(struct puck_device *puck, struct dma_buf *dmabuf);
int puck_import_validate(struct puck_bo *bo);
int puck_import_hold(struct puck_bo *bo);
void puck_import_let(struct puck_bo *bo);
void puck_import_detach(struct puck_bo *bo);
void puck_import_end(struct puck_bo *bo);

#endif /* PUCK_IMPORT_H */
