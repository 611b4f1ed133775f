// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framebuffers in the way of being shown. Each state of a plane that has one keeps its memory in
 * place and a list of it for the device, from before the commit until the takeover of the next one.
 */
#include <linux/math.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_framebuffer_helper.h>

#include "core/device.h"
#include "kms/kms.h"
#include "kms/scanout.h"
#include "mem/bo.h"

/* What the device wants of any offset, which counts from the first byte that it is told of. */
#define PUCK_SCANOUT_ALIGN	4

/* All bytes of @fb within its BO: from *first, this many. */
static u64 puck_scanout_range(const struct drm_framebuffer *fb, u64 *first)
{
	u64 end = 0;
	unsigned int i;

	*first = U64_MAX;
	for (i = 0; i < fb->format->num_planes; i++) {
		u32 width = drm_format_info_plane_width(fb->format, fb->width, i);
		u32 height = drm_format_info_plane_height(fb->format, fb->height, i);
		u64 last = fb->offsets[i] + (u64)(height - 1) * fb->pitches[i] +
			   (u64)width * fb->format->cpp[i];

		*first = min_t(u64, *first, fb->offsets[i]);
		end = max(end, last);
	}
	*first = round_down(*first, PUCK_SCANOUT_ALIGN);
	return end - *first;
}

static int puck_scanout_show(struct puck_kms *kms, struct puck_scanout *scanout,
			     struct drm_framebuffer *fb)
{
	struct puck_bo *bo = to_puck_bo(drm_gem_fb_get_obj(fb, 0));
	struct puck_shown *shown = &scanout->shown;
	u64 length = puck_scanout_range(fb, &scanout->first);
	int ret;

	ret = puck_show(kms->puck, shown, bo, scanout->first, length);
	if (ret)
		return ret;
	scanout->source = shown->segs.list ? PUCK_PLANE_SOURCE_LIST : PUCK_PLANE_SOURCE_VRAM;
	scanout->addr = shown->segs.list ? shown->segs.dma : shown->addr;
	scanout->arg = shown->segs.used;
	spin_lock_irq(&kms->lock);
	list_add_tail(&scanout->node, &kms->scanouts);
	spin_unlock_irq(&kms->lock);
	return 0;
}

/**
 * puck_scanout_create - make a framebuffer ready for being shown
 * @kms: the display
 * @fb: ours
 *
 * Context: may sleep; no dma_resv lock is held.
 * Return: what tells the device of it, or an ERR_PTR(): what puck_show() says.
 */
struct puck_scanout *puck_scanout_create(struct puck_kms *kms, struct drm_framebuffer *fb)
{
	struct puck_scanout *scanout = kzalloc(sizeof(*scanout), GFP_KERNEL);
	int idx, ret = -ENODEV;

	if (!scanout)
		return ERR_PTR(-ENOMEM);
	if (drm_dev_enter(fb->dev, &idx)) {
		ret = puck_scanout_show(kms, scanout, fb);
		drm_dev_exit(idx);
	}
	if (!ret)
		return scanout;
	kfree(scanout);
	return ERR_PTR(ret);
}

static void puck_scanout_unlink(struct puck_kms *kms, struct puck_scanout *scanout)
{
	spin_lock_irq(&kms->lock);
	list_del(&scanout->node);
	spin_unlock_irq(&kms->lock);
	puck_segs_free(kms->puck, &scanout->shown.segs);
}

/**
 * puck_scanout_destroy - undo puck_scanout_create()
 * @kms: the display
 * @scanout: from there; the device is done with it, or has gone. NULL is none
 *
 * Context: as there.
 */
void puck_scanout_destroy(struct puck_kms *kms, struct puck_scanout *scanout)
{
	int idx;

	if (!scanout)
		return;
	if (drm_dev_enter(&kms->puck->drm, &idx)) {
		puck_scanout_unlink(kms, scanout);
		drm_dev_exit(idx);
	} else {
		mutex_lock(&kms->puck->late_lock);
		puck_scanout_unlink(kms, scanout);
		mutex_unlock(&kms->puck->late_lock);
	}
	puck_unshow(&scanout->shown);
	kfree(scanout);
}

/**
 * puck_scanouts_detach - take the memory of all lists away
 * @kms: the display; the device is silent, and unplugged or without users
 *
 * Some commits may be waiting for fences of others yet.
 */
void puck_scanouts_detach(struct puck_kms *kms)
{
	struct puck_scanout *scanout;

	/* Nobody adds any, and they go under this lock alone. */
	mutex_lock(&kms->puck->late_lock);
	list_for_each_entry(scanout, &kms->scanouts, node)
		puck_segs_free(kms->puck, &scanout->shown.segs);
	mutex_unlock(&kms->puck->late_lock);
}
