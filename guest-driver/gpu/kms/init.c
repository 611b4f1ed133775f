// SPDX-License-Identifier: GPL-2.0-only
/*
 * The display, from its beginning to its end, and the way of an atomic commit through it. A device
 * without heads has none of this, and is a renderer alone.
 */
#include <linux/completion.h>
#include <linux/dma-fence.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_mode_config.h>
#include <drm/drm_modeset_helper.h>
#include <drm/drm_plane.h>
#include <drm/drm_print.h>
#include <drm/drm_vblank.h>

#include "compat/fbdev.h"
#include "compat/kms.h"
#include "core/awake.h"
#include "kms/connector.h"
#include "kms/fb.h"
#include "kms/flip.h"
#include "kms/head.h"
#include "kms/init.h"
#include "kms/irq.h"
#include "kms/kms.h"
#include "kms/plane.h"
#include "kms/scanout.h"
#include "kms/writeback.h"

/* A cursor that moves is a commit like others: its memory is in use until the next takeover. */
static int puck_kms_atomic_check(struct drm_device *dev, struct puck_atomic_state *state)
{
	state->legacy_cursor_update = false;
	return drm_atomic_helper_check(dev, state);
}

/*
 * Waits until the device has what the commits before this one are about. drm_atomic_helper_commit() does
 * so, too, but asks before that when the next blanking is, for the fences: a head that one of them has
 * yet to turn on has no timings by which that could be said, and the kernel warns.
 *
 * Context: with the locks of the heads held, as drm_atomic_helper_swap_state() has them.
 */
static int puck_kms_wait_before(struct puck_atomic_state *state)
{
	struct drm_crtc_state *old_state;
	struct drm_crtc *crtc;
	int i, ret;

	for_each_old_crtc_in_state(state, crtc, old_state, i) {
		if (!old_state->commit)
			continue;
		ret = wait_for_completion_interruptible(&old_state->commit->hw_done);
		if (ret)
			return ret;
	}
	return 0;
}

/* Once it is taken, others are told of what it writes. */
static int puck_kms_atomic_commit(struct drm_device *dev, struct puck_atomic_state *state,
				  bool nonblock)
{
	struct puck_written written;
	int ret;

	/* One that must not block is refused if it is too early. */
	if (!nonblock) {
		ret = puck_kms_wait_before(state);
		if (ret)
			return ret;
	}
	ret = puck_written_get(state, &written);
	if (ret)
		return ret;
	/* Until the end of puck_kms_commit_tail(), which is in the way of fences. */
	ret = puck_awake_get(to_puck_device(dev));
	if (ret)
		goto err_written;
	ret = drm_atomic_helper_commit(dev, state, nonblock);
	if (ret)
		goto err_awake;
	puck_written_tell(&written);
	puck_written_put(&written);
	return 0;

err_awake:
	puck_awake_put(to_puck_device(dev));
err_written:
	puck_written_put(&written);
	return ret;
}

/*
 * A head that is on keeps the device awake. Returns how many the commit turns off: these do so until it is
 * over, as the commit does itself.
 *
 * To be called before drm_atomic_helper_commit_hw_done(). Behind that the next commit goes on, whose
 * old states are this one's new ones, and are freed with it.
 */
static unsigned int puck_kms_hold_heads(struct puck_device *puck, struct puck_atomic_state *state)
{
	struct drm_crtc_state *old_state, *new_state;
	unsigned int off = 0;
	struct drm_crtc *crtc;
	int i;

	for_each_oldnew_crtc_in_state(state, crtc, old_state, new_state, i) {
		if (new_state->active && !old_state->active)
			puck_awake_hold(puck);
		else if (!new_state->active && old_state->active)
			off++;
	}
	return off;
}

static const struct drm_mode_config_funcs puck_kms_funcs = {
	.fb_create = puck_fb_create,
	.atomic_check = puck_kms_atomic_check,
	.atomic_commit = puck_kms_atomic_commit,
};

/*
 * What the heads are to show is put together, and told the device in one step. Out-fences depend
 * on it up to there, and then on the device.
 */
static void puck_kms_commit_tail(struct puck_atomic_state *state)
{
	struct drm_device *dev = state->dev;
	struct puck_kms *kms = to_puck_device(dev)->kms;
	struct puck_written written;
	unsigned int off;
	bool cookie;

	/* They have their fences. */
	puck_written_get(state, &written);
	puck_writeback_begin(state);
	cookie = dma_fence_begin_signalling();
	drm_atomic_helper_commit_modeset_disables(dev, state);
	drm_atomic_helper_commit_planes(dev, state, 0);
	drm_atomic_helper_commit_modeset_enables(dev, state);
	puck_flip(kms, state);
	off = puck_kms_hold_heads(kms->puck, state);
	dma_fence_end_signalling(cookie);
	drm_atomic_helper_commit_hw_done(state);
	puck_flip_wait(kms, state);
	puck_written_wait(kms, &written);
	puck_written_put(&written);
	drm_atomic_helper_cleanup_planes(dev, state);
	while (off--)
		puck_awake_put(kms->puck);
	puck_awake_put(kms->puck);
}

static const struct drm_mode_config_helper_funcs puck_kms_helper_funcs = {
	.atomic_commit_tail = puck_kms_commit_tail,
};

static int puck_kms_init_head(struct puck_kms *kms, u32 index)
{
	struct puck_head *head = &kms->head[index];
	struct drm_plane *planes[PUCK_DISPLAY_PLANES];
	unsigned int i;
	int ret;

	head->kms = kms;
	head->index = index;
	head->base = PUCK_HEAD(index);
	for (i = 0; i < PUCK_DISPLAY_PLANES; i++) {
		planes[i] = puck_plane_create(head, i);
		if (IS_ERR(planes[i]))
			return PTR_ERR(planes[i]);
	}
	ret = puck_head_init(head, planes[PUCK_PLANE_PRIMARY], planes[PUCK_PLANE_CURSOR]);
	if (!ret)
		ret = puck_connector_init(head);
	return ret ?: puck_writeback_init(head);
}

static int puck_kms_init_config(struct drm_device *dev)
{
	int ret = drmm_mode_config_init(dev);

	if (ret)
		return ret;
	dev->mode_config.funcs = &puck_kms_funcs;
	dev->mode_config.helper_private = &puck_kms_helper_funcs;
	dev->mode_config.max_width = PUCK_PLANE_SRC_MAX;
	dev->mode_config.max_height = PUCK_PLANE_SRC_MAX;
	dev->mode_config.cursor_width = PUCK_PLANE_CURSOR_MAX;
	dev->mode_config.cursor_height = PUCK_PLANE_CURSOR_MAX;
	dev->mode_config.preferred_depth = 24;
	dev->mode_config.normalize_zpos = true;
	return 0;
}

static int puck_kms_init_vblank(struct drm_device *dev, u32 num_heads)
{
	int ret = drm_vblank_init(dev, num_heads);

	if (ret)
		return ret;
	/* The device counts by itself. */
	dev->max_vblank_count = U32_MAX;
	dev->vblank_disable_immediate = true;
	return 0;
}

/**
 * puck_kms_init - make the display of a device
 * @puck: the device, identified; its memory is made
 *
 * It goes with the DRM device.
 *
 * Return: 0 or a negative errno.
 */
int puck_kms_init(struct puck_device *puck)
{
	struct drm_device *dev = &puck->drm;
	struct puck_kms *kms;
	int ret;
	u32 i;

	if (!puck->num_heads) {
		dev->driver_features &= ~(DRIVER_MODESET | DRIVER_ATOMIC);
		return 0;
	}
	kms = drmm_kzalloc(dev, sizeof(*kms), GFP_KERNEL);
	if (!kms)
		return -ENOMEM;
	kms->puck = puck;
	kms->num_heads = puck->num_heads;
	spin_lock_init(&kms->lock);
	INIT_LIST_HEAD(&kms->scanouts);
	ret = puck_kms_init_config(dev);
	for (i = 0; !ret && i < kms->num_heads; i++)
		ret = puck_kms_init_head(kms, i);
	if (!ret)
		ret = puck_kms_init_vblank(dev, kms->num_heads);
	if (ret)
		return ret;
	puck->kms = kms;
	puck->display = &puck_flip_display_funcs;
	return 0;
}

/* Each object has a state from here on; resetting has no way to say that it has none. */
static int puck_kms_reset(struct puck_kms *kms)
{
	struct drm_device *dev = &kms->puck->drm;
	struct drm_plane *plane;
	bool whole = true;
	u32 i;

	drm_mode_config_reset(dev);
	drm_for_each_plane(plane, dev)
		whole = whole && plane->state;
	for (i = 0; i < kms->num_heads; i++)
		whole = whole && kms->head[i].crtc.state && kms->head[i].connector.state &&
			kms->head[i].writeback.base.state;
	return whole ? 0 : -ENOMEM;
}

/**
 * puck_kms_start - let the display be used
 * @puck: the device; its interrupt vectors are there
 *
 * Return: 0 or a negative errno, with nothing left.
 */
int puck_kms_start(struct puck_device *puck)
{
	int ret;

	if (!puck->kms)
		return 0;
	ret = puck_kms_reset(puck->kms);
	return ret ?: puck_kms_irq_init(puck->kms);
}

/**
 * puck_kms_serve_kernel - have the kernel use the display for itself: fbdev, and text on it
 * @puck: the device, registered
 *
 * It fails with a message alone. drm_dev_unplug() undoes it.
 *
 * Context: may sleep, and draw; takes the console's lock.
 */
void puck_kms_serve_kernel(struct puck_device *puck)
{
	if (puck->kms)
		puck_compat_client_setup(&puck->drm);
}

/**
 * puck_kms_leave - turn the display off for good
 * @puck: the device, just before drm_dev_unplug()
 *
 * Context: may sleep.
 */
void puck_kms_leave(struct puck_device *puck)
{
	if (puck->kms)
		puck_flip_leave(puck->kms);
}

/**
 * puck_kms_stop - have nobody wait for the device any more
 * @puck: the device, silent, with nobody inside drm_dev_enter() who touches its display
 */
void puck_kms_stop(struct puck_device *puck)
{
	if (!puck->kms)
		return;
	puck_kms_irq_fini(puck->kms);
	puck_flip_lose(puck->kms);
}

/**
 * puck_kms_fini - have the display show nothing, and let go of what it has shown
 * @puck: the device; puck_kms_stop() was called, and fences of its jobs are signalled
 *
 * Commits that wait for fences of others may come later, and find nothing to show.
 */
void puck_kms_fini(struct puck_device *puck)
{
	if (!puck->kms)
		return;
	drm_atomic_helper_shutdown(&puck->drm);
	puck_scanouts_detach(puck->kms);
}

/**
 * puck_kms_suspend - turn the display off before the machine sleeps
 * @puck: the device
 *
 * What it shows is noted, and nothing of it is pinned any more.
 *
 * Return: 0 or a negative errno.
 */
int puck_kms_suspend(struct puck_device *puck)
{
	int ret;

	if (!puck->kms)
		return 0;
	ret = drm_mode_config_helper_suspend(&puck->drm);
	if (ret)
		return ret;
	ret = puck_writeback_settled(puck->kms);
	if (ret)
		drm_mode_config_helper_resume(&puck->drm);
	return ret;
}

/**
 * puck_kms_resume - have the display show what it did before
 * @puck: the device, which works, or does not any more
 */
void puck_kms_resume(struct puck_device *puck)
{
	u32 i;

	if (!puck->kms)
		return;
	drm_mode_config_helper_resume(&puck->drm);
	/* The device has forgotten what was plugged meanwhile. */
	for (i = 0; i < puck->kms->num_heads; i++)
		puck_connector_look(&puck->kms->head[i]);
}
