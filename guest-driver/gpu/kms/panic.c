// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel draws when it panics (drm_panic): into the framebuffer of the first plane of each
 * head that is on, pixel by pixel, and then the head shows that plane alone. Nothing is allocated
 * here and no lock is waited for: who holds one may have been stopped for good.
 *
 * The memory stays where it is shown from for as long as the plane has its state. Pages are touched
 * one by one, VRAM by the mapping of BAR 2 that was made for this. What is imported, or in VRAM
 * that BAR 2 does not show, is not drawn into. Nor does the device see what is drawn if the DMA API
 * has it look at a copy.
 */
#include <drm/drm_framebuffer.h>
#include <drm/drm_panic.h>
#include <drm/drm_plane.h>

#include "compat/kms.h"
#include "kms/flip.h"
#include "kms/format.h"
#include "kms/kms.h"
#include "kms/panic.h"
#include "kms/plane.h"
#include "kms/scanout.h"

static void puck_panic_set_pixel(struct drm_scanout_buffer *sb, unsigned int x, unsigned int y,
				 u32 color)
{
	struct drm_plane_state *state = puck_compat_panic_private(sb);
	const struct drm_framebuffer *fb = state->fb;
	u64 at = puck_pixel_at(fb->offsets[0], fb->pitches[0], fb->format->cpp[0],
			       (state->src_x >> 16) + x, (state->src_y >> 16) + y);

	puck_shown_poke(&puck_plane_scanout(state)->shown, at, color, fb->format->cpp[0]);
}

/**
 * puck_panic_get_buffer - tell where the kernel is to draw
 * @plane: the first one of a head
 * @sb: filled in: what of the framebuffer the head shows
 *
 * Context: a panic, with drm_mode_config.panic_lock held: the plane keeps its state.
 * Return: 0; -ENODEV if nothing is shown that the CPU could draw into.
 */
int puck_panic_get_buffer(struct drm_plane *plane, struct drm_scanout_buffer *sb)
{
	struct drm_plane_state *state = plane->state;
	const struct puck_scanout *scanout = puck_plane_scanout(state);

	if (!state->visible || !scanout || !puck_shown_can_poke(&scanout->shown))
		return -ENODEV;
	sb->format = state->fb->format;
	sb->width = state->src_w >> 16;
	sb->height = state->src_h >> 16;
	sb->pitch[0] = state->fb->pitches[0];
	sb->set_pixel = puck_panic_set_pixel;
	puck_compat_panic_set_private(sb, state);
	return 0;
}

/**
 * puck_panic_flush - have a head show what the kernel has drawn
 * @plane: its first one
 *
 * Context: as puck_panic_get_buffer(), which came before.
 */
void puck_panic_flush(struct drm_plane *plane)
{
	struct puck_plane_regs regs;

	puck_plane_tell(&regs, plane->state);
	puck_flip_panic(to_puck_head(plane->state->crtc), &regs);
}
