// SPDX-License-Identifier: GPL-2.0-only
/*
 * Heads as CRTCs: timings, the gamma table, and vertical blankings. These are counted by the
 * device, whether anybody looks at them or not, so interrupts for them are on only while somebody
 * waits. When they are is told by the line that is shown just now.
 */
#include <linux/bitfield.h>
#include <linux/ktime.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_color_mgmt.h>
#include <drm/drm_crtc.h>
#include <drm/drm_vblank.h>

#include "compat/kms.h"
#include "kms/access.h"
#include "kms/crc.h"
#include "kms/damage.h"
#include "kms/format.h"
#include "kms/head.h"
#include "kms/kms.h"
#include "kms/vblank.h"

static int puck_head_enable_vblank(struct drm_crtc *crtc)
{
	struct puck_head *head = to_puck_head(crtc);

	puck_head_change(head, PUCK_HEAD_IRQ_ENABLE, &head->irq_enable, 0, PUCK_HEAD_IRQ_VBLANK);
	return 0;
}

static void puck_head_disable_vblank(struct drm_crtc *crtc)
{
	struct puck_head *head = to_puck_head(crtc);

	puck_head_change(head, PUCK_HEAD_IRQ_ENABLE, &head->irq_enable, PUCK_HEAD_IRQ_VBLANK, 0);
}

static u32 puck_head_get_vblank_counter(struct drm_crtc *crtc)
{
	return puck_head_count(to_puck_head(crtc));
}

/* Lines of the blanking, which comes before those that are shown, are below zero. */
static bool puck_head_get_scanout_position(struct drm_crtc *crtc, bool in_vblank_irq, int *vpos,
					   int *hpos, ktime_t *stime, ktime_t *etime,
					   const struct drm_display_mode *mode)
{
	struct puck_head *head = to_puck_head(crtc);
	struct puck_kms_access access;
	bool on = false;
	int line = 0;

	if (puck_kms_enter(head->kms, &access)) {
		on = puck_head_read(head, PUCK_HEAD_STATUS) & PUCK_HEAD_ON;
		*stime = ktime_get();
		line = puck_head_read(head, PUCK_HEAD_LINE);
		*etime = ktime_get();
	}
	puck_kms_exit(head->kms, &access);
	*vpos = line >= mode->crtc_vdisplay ? line - mode->crtc_vtotal : line;
	*hpos = 0;
	return on;
}

static enum drm_mode_status puck_head_mode_valid(struct drm_crtc *crtc,
						 const struct drm_display_mode *mode)
{
	return puck_timings_check(mode) ? MODE_OK : MODE_BAD;
}

static int puck_head_atomic_check(struct drm_crtc *crtc, struct puck_atomic_state *state)
{
	struct drm_crtc_state *crtc_state = drm_atomic_get_new_crtc_state(state, crtc);

	if (crtc_state->gamma_lut &&
	    drm_color_lut_size(crtc_state->gamma_lut) != PUCK_HEAD_GAMMA_SIZE)
		return -EINVAL;
	return 0;
}

static void puck_head_stage_gamma(struct puck_head *head, const struct drm_property_blob *blob)
{
	const struct drm_color_lut *lut;
	unsigned int i;

	head->staged.ctrl &= ~PUCK_HEAD_USE_GAMMA;
	if (!blob)
		return;
	head->staged.ctrl |= PUCK_HEAD_USE_GAMMA;
	lut = blob->data;
	for (i = 0; i < PUCK_HEAD_GAMMA_SIZE; i++)
		head->staged.gamma[i] = FIELD_PREP(PUCK_HEAD_GAMMA_R, lut[i].red) |
					FIELD_PREP(PUCK_HEAD_GAMMA_G, lut[i].green) |
					FIELD_PREP(PUCK_HEAD_GAMMA_B, lut[i].blue);
}

static void puck_head_atomic_begin(struct drm_crtc *crtc, struct puck_atomic_state *state)
{
	puck_damage_begin(to_puck_head(crtc));
}

static void puck_head_atomic_flush(struct drm_crtc *crtc, struct puck_atomic_state *state)
{
	struct drm_crtc_state *crtc_state = drm_atomic_get_new_crtc_state(state, crtc);

	if (crtc_state->color_mgmt_changed || drm_atomic_crtc_needs_modeset(crtc_state))
		puck_head_stage_gamma(to_puck_head(crtc), crtc_state->gamma_lut);
	puck_damage_end(to_puck_head(crtc), crtc_state);
}

static void puck_head_atomic_enable(struct drm_crtc *crtc, struct puck_atomic_state *state)
{
	const struct drm_display_mode *mode =
		&drm_atomic_get_new_crtc_state(state, crtc)->adjusted_mode;
	struct puck_head *head = to_puck_head(crtc);

	head->staged.ctrl |= PUCK_HEAD_ENABLE;
	head->staged.clock = mode->clock;
	head->staged.h = FIELD_PREP(PUCK_HEAD_SHOWN, mode->hdisplay) |
			 FIELD_PREP(PUCK_HEAD_TOTAL, mode->htotal);
	head->staged.v = FIELD_PREP(PUCK_HEAD_SHOWN, mode->vdisplay) |
			 FIELD_PREP(PUCK_HEAD_TOTAL, mode->vtotal);
	puck_vblank_on(head);
}

static void puck_head_atomic_disable(struct drm_crtc *crtc, struct puck_atomic_state *state)
{
	struct puck_head *head = to_puck_head(crtc);

	puck_vblank_off(head);
	head->staged.ctrl &= ~PUCK_HEAD_ENABLE;
}

static const struct drm_crtc_helper_funcs puck_head_helper_funcs = {
	.mode_valid = puck_head_mode_valid,
	.atomic_check = puck_head_atomic_check,
	.atomic_begin = puck_head_atomic_begin,
	.atomic_flush = puck_head_atomic_flush,
	.atomic_enable = puck_head_atomic_enable,
	.atomic_disable = puck_head_atomic_disable,
	.get_scanout_position = puck_head_get_scanout_position,
};

static const struct drm_crtc_funcs puck_head_funcs = {
	.reset = drm_atomic_helper_crtc_reset,
	.set_config = drm_atomic_helper_set_config,
	.page_flip = drm_atomic_helper_page_flip,
	.atomic_duplicate_state = drm_atomic_helper_crtc_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_crtc_destroy_state,
	.enable_vblank = puck_head_enable_vblank,
	.disable_vblank = puck_head_disable_vblank,
	.get_vblank_counter = puck_head_get_vblank_counter,
	.get_vblank_timestamp = drm_crtc_vblank_helper_get_vblank_timestamp,
	.set_crc_source = puck_crc_set_source,
	.verify_crc_source = puck_crc_verify_source,
	.get_crc_sources = puck_crc_get_sources,
};

/**
 * puck_head_init - make the CRTC of a head
 * @head: the head
 * @primary: its first plane
 * @cursor: its last one
 *
 * It goes with the DRM device.
 *
 * Return: 0 or a negative errno.
 */
int puck_head_init(struct puck_head *head, struct drm_plane *primary, struct drm_plane *cursor)
{
	struct drm_device *dev = &head->kms->puck->drm;
	int ret;

	ret = drmm_crtc_init_with_planes(dev, &head->crtc, primary, cursor, &puck_head_funcs,
					 "head %u", head->index);
	if (ret)
		return ret;
	drm_crtc_helper_add(&head->crtc, &puck_head_helper_funcs);
	ret = drm_mode_crtc_set_gamma_size(&head->crtc, PUCK_HEAD_GAMMA_SIZE);
	if (ret)
		return ret;
	drm_crtc_enable_color_mgmt(&head->crtc, 0, false, PUCK_HEAD_GAMMA_SIZE);
	return 0;
}
