/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Framebuffers in the way of being shown.
 */
#ifndef PUCK_KMS_SCANOUT_H
#define PUCK_KMS_SCANOUT_H

#include <linux/list.h>
#include <linux/types.h>

#include "mem/show.h"

struct drm_framebuffer;
struct puck_kms;

/**
 * struct puck_scanout - memory of a framebuffer that is shown, or about to be
 * @shown: the memory
 * @node: in puck_kms.scanouts
 * @source: PUCK_PLANE_SOURCE_*
 * @arg: PLANE_ARG
 * @addr: PLANE_ADDR
 * @first: offset in the BO of what is byte 0 there
 */
struct puck_scanout {
	struct puck_shown shown;
	struct list_head node;
	u32 source;
	u32 arg;
	u64 addr;
	u64 first;
};

struct puck_scanout *puck_scanout_create(struct puck_kms *kms, struct drm_framebuffer *fb);
void puck_scanout_destroy(struct puck_kms *kms, struct puck_scanout *scanout);
void puck_scanouts_detach(struct puck_kms *kms);

#endif /* PUCK_KMS_SCANOUT_H */
