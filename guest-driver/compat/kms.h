/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the display of puck.ko needs in order to build on all kernels it supports.
 */
#ifndef PUCK_COMPAT_KMS_H
#define PUCK_COMPAT_KMS_H

#include <drm/drm_atomic.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_panic.h>

/*
 * What is committed as one. Newer kernels call it drm_atomic_commit, which in older ones is a
 * function; so it has a third name here.
 */
#ifdef PUCK_HAVE_DRM_ATOMIC_COMMIT
#define puck_atomic_state	drm_atomic_commit
#else
#define puck_atomic_state	drm_atomic_state
#endif

/* Newer kernels have looked the format up when they ask for a framebuffer. */
#ifdef PUCK_HAVE_FB_INIT_INFO
#define PUCK_FB_INFO_PARAM	const struct drm_format_info *info,
#define PUCK_FB_INFO_ARG	info,
#else
#define PUCK_FB_INFO_PARAM
#define PUCK_FB_INFO_ARG
#endif

/* What drm_panic draws into has one plane alone, so where there is no place for it this is free. */
static inline void puck_compat_panic_set_private(struct drm_scanout_buffer *sb, void *private)
{
#ifdef PUCK_HAVE_PANIC_PRIVATE
	sb->private = private;
#else
	iosys_map_set_vaddr(&sb->map[1], private);
#endif
}

static inline void *puck_compat_panic_private(const struct drm_scanout_buffer *sb)
{
#ifdef PUCK_HAVE_PANIC_PRIVATE
	return sb->private;
#else
	return sb->map[1].vaddr;
#endif
}

#endif /* PUCK_COMPAT_KMS_H */
