// SPDX-License-Identifier: GPL-2.0-only
/*
 * The display for people, in debugfs: what became of the flips of each head, and where what its
 * planes show lies. What atomic commits made of it is in DRM's own file "state".
 */
#include <linux/bitfield.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>

#include <drm/drm_framebuffer.h>
#include <drm/drm_modeset_lock.h>
#include <drm/drm_plane.h>

#include "kms/kms.h"
#include "kms/plane.h"
#include "kms/print.h"
#include "kms/scanout.h"
#include "mem/bo.h"

/* All of the picture, or a rectangle. */
static void puck_print_changed(struct seq_file *m, struct puck_head *head)
{
	const struct puck_head_regs *regs = &head->next;

	if (head->changed_whole)
		seq_puts(m, " changed whole\n");
	else
		seq_printf(m, " changed %ux%u+%u+%u\n",
			   (u32)FIELD_GET(PUCK_HEAD_DAMAGE_X, regs->damage_size),
			   (u32)FIELD_GET(PUCK_HEAD_DAMAGE_Y, regs->damage_size),
			   (u32)FIELD_GET(PUCK_HEAD_DAMAGE_X, regs->damage_pos),
			   (u32)FIELD_GET(PUCK_HEAD_DAMAGE_Y, regs->damage_pos));
}

static void puck_print_head(struct seq_file *m, struct puck_head *head)
{
	const struct puck_head_regs *regs = &head->next;

	spin_lock_irq(&head->kms->lock);
	seq_printf(m, "head %u %s %ux%u seqno %u asked %llu done %llu late %llu missed %llu",
		   head->index, regs->ctrl & PUCK_HEAD_ENABLE ? "on" : "off",
		   (u32)FIELD_GET(PUCK_HEAD_SHOWN, regs->h),
		   (u32)FIELD_GET(PUCK_HEAD_SHOWN, regs->v), regs->seqno, head->counts.asked,
		   head->counts.done, head->counts.late, head->counts.missed);
	puck_print_changed(m, head);
	spin_unlock_irq(&head->kms->lock);
}

static void puck_print_plane(struct seq_file *m, struct drm_plane *plane)
{
	const struct puck_scanout *scanout = puck_plane_scanout(plane->state);
	const struct drm_framebuffer *fb = plane->state->fb;
	struct puck_bo *bo;
	struct sg_table *sgt;

	if (!scanout || !fb)
		return;
	bo = scanout->shown.bo;
	dma_resv_lock(bo->ttm.base.resv, NULL);
	sgt = puck_bo_where(bo).sgt;
	seq_printf(m, "  %s %p4cc %ux%u bo %p place %s nents %u", plane->name,
		   &fb->format->format, fb->width, fb->height, &bo->ttm.base,
		   puck_bo_place_name(bo), sgt ? sgt->nents : 0);
	dma_resv_unlock(bo->ttm.base.resv);
	if (scanout->source == PUCK_PLANE_SOURCE_LIST)
		seq_printf(m, " list of %u at %#llx\n", scanout->arg, scanout->addr);
	else
		seq_printf(m, " vram at %#llx\n", scanout->addr);
}

/**
 * puck_kms_print - write down what the display does
 * @m: where to
 * @puck: the device; nothing is written for one without heads
 *
 * Context: may sleep; inside drm_dev_enter(), with no lock of DRM's held. Waits for commits that
 * are being made.
 */
void puck_kms_print(struct seq_file *m, struct puck_device *puck)
{
	struct puck_kms *kms = puck->kms;
	struct drm_plane *plane;
	u32 i;

	if (!kms)
		return;
	drm_modeset_lock_all(&puck->drm);
	for (i = 0; i < kms->num_heads; i++) {
		puck_print_head(m, &kms->head[i]);
		drm_for_each_plane(plane, &puck->drm)
			if (plane->state->crtc == &kms->head[i].crtc)
				puck_print_plane(m, plane);
	}
	drm_modeset_unlock_all(&puck->drm);
}
