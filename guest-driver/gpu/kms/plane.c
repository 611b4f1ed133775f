// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planes of a head: what user space says of them is checked against what the device can do, and
 * becomes registers. The device cuts off what is outside of the picture by itself, so it is told
 * the rectangles as they are.
 */
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/slab.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_blend.h>
#include <drm/drm_color_mgmt.h>
#include <drm/drm_damage_helper.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_plane.h>

#include "compat/kms.h"
#include "kms/damage.h"
#include "kms/format.h"
#include "kms/kms.h"
#include "kms/panic.h"
#include "kms/plane.h"
#include "kms/scanout.h"

#define PUCK_PLANE_ROTATIONS	(DRM_MODE_ROTATE_0 | DRM_MODE_ROTATE_180 | \
				 DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y)
#define PUCK_PLANE_BLENDS	(BIT(DRM_MODE_BLEND_PIXEL_NONE) | \
				 BIT(DRM_MODE_BLEND_PREMULTI) | BIT(DRM_MODE_BLEND_COVERAGE))

/**
 * struct puck_plane - a plane
 * @base: DRM's
 * @head: whose it is
 * @index: PUCK_PLANE_*
 */
struct puck_plane {
	struct drm_plane base;
	struct puck_head *head;
	unsigned int index;
};

/**
 * struct puck_plane_state - what a plane is to show
 * @base: DRM's
 * @scanout: its memory, from puck_plane_prepare_fb() on
 */
struct puck_plane_state {
	struct drm_plane_state base;
	struct puck_scanout *scanout;
};

static struct puck_plane *to_puck_plane(struct drm_plane *plane)
{
	return container_of(plane, struct puck_plane, base);
}

static struct puck_plane_state *to_puck_plane_state(struct drm_plane_state *state)
{
	return container_of(state, struct puck_plane_state, base);
}

/**
 * puck_plane_scanout - see what memory a plane shows, or is about to
 * @state: of one of our planes, which it has now
 *
 * Return: it stays until the state goes; NULL if there is none.
 */
const struct puck_scanout *puck_plane_scanout(struct drm_plane_state *state)
{
	return to_puck_plane_state(state)->scanout;
}

static struct puck_rects puck_plane_rects(const struct drm_plane_state *state)
{
	return (struct puck_rects) {
		.src_x = state->src_x,
		.src_y = state->src_y,
		.src_w = state->src_w,
		.src_h = state->src_h,
		.dst_x = state->crtc_x,
		.dst_y = state->crtc_y,
		.dst_w = state->crtc_w,
		.dst_h = state->crtc_h,
	};
}

static int puck_plane_atomic_check(struct drm_plane *plane, struct puck_atomic_state *state)
{
	struct drm_plane_state *new_state = drm_atomic_get_new_plane_state(state, plane);
	struct puck_rects rects = puck_plane_rects(new_state);
	struct drm_crtc_state *crtc_state;

	/* Of a framebuffer that there is not: the helpers do not expect it. */
	if (new_state->fence && !new_state->fb)
		return -EINVAL;
	if (!new_state->crtc) {
		new_state->visible = false;
		return 0;
	}
	if (!puck_rects_check(&rects, to_puck_plane(plane)->index))
		return -EINVAL;
	crtc_state = drm_atomic_get_new_crtc_state(state, new_state->crtc);
	return drm_atomic_helper_check_plane_state(new_state, crtc_state, 0, INT_MAX, true, true);
}

static u32 puck_plane_blend(const struct drm_plane_state *state)
{
	switch (state->pixel_blend_mode) {
	case DRM_MODE_BLEND_PIXEL_NONE:
		return PUCK_PLANE_BLEND_NONE;
	case DRM_MODE_BLEND_COVERAGE:
		return PUCK_PLANE_BLEND_COVERAGE;
	default:
		return PUCK_PLANE_BLEND_PREMULTIPLIED;
	}
}

static u32 puck_plane_ctrl(const struct drm_plane_state *state, const struct puck_format *format)
{
	unsigned int rotation = drm_rotation_simplify(state->rotation, DRM_MODE_ROTATE_0 |
						      DRM_MODE_REFLECT_X | DRM_MODE_REFLECT_Y);

	return PUCK_PLANE_ENABLE |
	       (rotation & DRM_MODE_REFLECT_X ? PUCK_PLANE_REFLECT_X : 0) |
	       (rotation & DRM_MODE_REFLECT_Y ? PUCK_PLANE_REFLECT_Y : 0) |
	       FIELD_PREP(PUCK_PLANE_BLEND, puck_plane_blend(state)) |
	       FIELD_PREP(PUCK_PLANE_FORMAT, format->hw) |
	       FIELD_PREP(PUCK_PLANE_ALPHA, state->alpha >> 8) |
	       FIELD_PREP(PUCK_PLANE_ZPOS, state->normalized_zpos);
}

/**
 * puck_plane_tell - put together what the device is told of a plane
 * @regs: filled in
 * @state: of one of our planes, visible, with its memory
 *
 * Context: any.
 */
void puck_plane_tell(struct puck_plane_regs *regs, struct drm_plane_state *state)
{
	const struct puck_scanout *scanout = to_puck_plane_state(state)->scanout;
	const struct drm_framebuffer *fb = state->fb;
	const struct puck_format *format = puck_format_find(fb->format->format);

	*regs = (struct puck_plane_regs) {
		.ctrl = puck_plane_ctrl(state, format),
		.source = scanout->source,
		.addr = scanout->addr,
		.arg = scanout->arg,
		.pitch = fb->pitches[0],
		.offset = fb->offsets[0] - scanout->first,
		.src_x = state->src_x,
		.src_y = state->src_y,
		.src_w = state->src_w,
		.src_h = state->src_h,
		.dst_x = state->crtc_x,
		.dst_y = state->crtc_y,
		.dst_w = state->crtc_w,
		.dst_h = state->crtc_h,
	};
	if (format->chroma) {
		regs->uv_pitch = fb->pitches[1];
		regs->uv_offset = fb->offsets[1] - scanout->first;
	}
}

static void puck_plane_atomic_update(struct drm_plane *plane, struct puck_atomic_state *state)
{
	struct drm_plane_state *new_state = drm_atomic_get_new_plane_state(state, plane);
	struct puck_plane *p = to_puck_plane(plane);
	struct puck_plane_regs *regs = &p->head->staged.plane[p->index];
	struct puck_plane_regs before = *regs;

	if (new_state->visible)
		puck_plane_tell(regs, new_state);
	else
		regs->ctrl = 0;
	puck_damage_add(p->head, drm_atomic_get_old_plane_state(state, plane), new_state, before,
			*regs);
}

/* The memory first: it may be about to move, and that leaves a fence. */
static int puck_plane_prepare_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	struct puck_kms *kms = to_puck_plane(plane)->head->kms;
	struct puck_scanout *scanout;
	int ret;

	if (!state->fb)
		return 0;
	scanout = puck_scanout_create(kms, state->fb);
	if (IS_ERR(scanout))
		return PTR_ERR(scanout);
	ret = drm_gem_plane_helper_prepare_fb(plane, state);
	if (ret) {
		puck_scanout_destroy(kms, scanout);
		return ret;
	}
	to_puck_plane_state(state)->scanout = scanout;
	return 0;
}

static void puck_plane_cleanup_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	struct puck_plane_state *s = to_puck_plane_state(state);

	puck_scanout_destroy(to_puck_plane(plane)->head->kms, s->scanout);
	s->scanout = NULL;
}

static const struct drm_plane_helper_funcs puck_plane_helper_funcs = {
	.prepare_fb = puck_plane_prepare_fb,
	.cleanup_fb = puck_plane_cleanup_fb,
	.atomic_check = puck_plane_atomic_check,
	.atomic_update = puck_plane_atomic_update,
};

static const struct drm_plane_helper_funcs puck_plane_primary_helper_funcs = {
	.prepare_fb = puck_plane_prepare_fb,
	.cleanup_fb = puck_plane_cleanup_fb,
	.atomic_check = puck_plane_atomic_check,
	.atomic_update = puck_plane_atomic_update,
	.get_scanout_buffer = puck_panic_get_buffer,
	.panic_flush = puck_panic_flush,
};

static void puck_plane_destroy_state(struct drm_plane *plane, struct drm_plane_state *state)
{
	__drm_atomic_helper_plane_destroy_state(state);
	kfree(to_puck_plane_state(state));
}

static void puck_plane_reset(struct drm_plane *plane)
{
	struct puck_plane_state *state;

	if (plane->state)
		puck_plane_destroy_state(plane, plane->state);
	plane->state = NULL;
	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (state)
		__drm_atomic_helper_plane_reset(plane, &state->base);
}

/* Each state has its memory by itself. */
static struct drm_plane_state *puck_plane_duplicate_state(struct drm_plane *plane)
{
	struct puck_plane_state *state;

	if (WARN_ON(!plane->state))
		return NULL;
	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return NULL;
	__drm_atomic_helper_plane_duplicate_state(plane, &state->base);
	return &state->base;
}

static bool puck_plane_has_format(struct drm_plane *plane, u32 format, u64 modifier)
{
	return modifier == DRM_FORMAT_MOD_LINEAR;
}

static const struct drm_plane_funcs puck_plane_funcs = {
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
	.reset = puck_plane_reset,
	.atomic_duplicate_state = puck_plane_duplicate_state,
	.atomic_destroy_state = puck_plane_destroy_state,
	.format_mod_supported = puck_plane_has_format,
};

static int puck_plane_add_properties(struct puck_plane *p)
{
	struct drm_plane *plane = &p->base;
	int ret;

	ret = drm_plane_create_rotation_property(plane, DRM_MODE_ROTATE_0, PUCK_PLANE_ROTATIONS);
	if (!ret)
		ret = drm_plane_create_alpha_property(plane);
	if (!ret)
		ret = drm_plane_create_blend_mode_property(plane, PUCK_PLANE_BLENDS);
	if (!ret)
		ret = drm_plane_create_zpos_property(plane, p->index, 0, PUCK_DISPLAY_PLANES - 1);
	if (!ret && p->index != PUCK_PLANE_CURSOR)
		ret = drm_plane_create_color_properties(plane, BIT(DRM_COLOR_YCBCR_BT601),
							BIT(DRM_COLOR_YCBCR_LIMITED_RANGE),
							DRM_COLOR_YCBCR_BT601,
							DRM_COLOR_YCBCR_LIMITED_RANGE);
	return ret;
}

/**
 * puck_plane_create - make a plane
 * @head: whose it is
 * @index: PUCK_PLANE_*
 *
 * It goes with the DRM device.
 *
 * Return: the plane or an ERR_PTR().
 */
struct drm_plane *puck_plane_create(struct puck_head *head, unsigned int index)
{
	static const u64 modifiers[] = { DRM_FORMAT_MOD_LINEAR, DRM_FORMAT_MOD_INVALID };
	static const enum drm_plane_type types[] = {
		[PUCK_PLANE_PRIMARY] = DRM_PLANE_TYPE_PRIMARY,
		[PUCK_PLANE_OVERLAY] = DRM_PLANE_TYPE_OVERLAY,
		[PUCK_PLANE_CURSOR] = DRM_PLANE_TYPE_CURSOR,
	};
	struct puck_plane *p;
	int ret;

	p = drmm_universal_plane_alloc(&head->kms->puck->drm, struct puck_plane, base,
				       BIT(head->index), &puck_plane_funcs, puck_fourccs,
				       index == PUCK_PLANE_CURSOR ? PUCK_FORMATS_CURSOR :
								    PUCK_FORMATS,
				       modifiers, types[index], "head %u plane %u", head->index,
				       index);
	if (IS_ERR(p))
		return ERR_CAST(p);
	p->head = head;
	p->index = index;
	drm_plane_helper_add(&p->base, index == PUCK_PLANE_PRIMARY ?
			     &puck_plane_primary_helper_funcs : &puck_plane_helper_funcs);
	drm_plane_enable_fb_damage_clips(&p->base);
	ret = puck_plane_add_properties(p);
	return ret ? ERR_PTR(ret) : &p->base;
}
