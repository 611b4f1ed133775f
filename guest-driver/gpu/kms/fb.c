// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framebuffers: BOs with a format. Linear ones alone; what the device cannot find its way in is
 * refused here, where user space can do something about it.
 */
#include <linux/math.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_damage_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_mode.h>
#include <drm/puck_drm.h>

#include "core/device.h"
#include "kms/fb.h"
#include "kms/format.h"
#include "mem/bo.h"

/* What dumb buffers' lines are multiples of. */
#define PUCK_DUMB_ALIGN		64

/*
 * Memory of the system is looked at with a commit alone. Where there is no device any more there is
 * nothing to be shown, which is no error for a console that goes on writing for a moment.
 */
static int puck_fb_dirty(struct drm_framebuffer *fb, struct drm_file *file, unsigned int flags,
			 unsigned int color, struct drm_clip_rect *clips, unsigned int num_clips)
{
	int ret = drm_atomic_helper_dirtyfb(fb, file, flags, color, clips, num_clips);

	return ret == -ENODEV && drm_dev_is_unplugged(fb->dev) ? 0 : ret;
}

static const struct drm_framebuffer_funcs puck_fb_funcs = {
	.destroy = drm_gem_fb_destroy,
	.create_handle = drm_gem_fb_create_handle,
	.dirty = puck_fb_dirty,
};

/*
 * Memory of a process may be taken away, and has to be let go of at once. What is drawn is to be
 * where the display looks.
 */
static int puck_fb_check_bo(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);
	int ret;

	if (!obj)
		return -ENOENT;
	ret = to_puck_bo(obj)->userptr ? -EPERM : puck_bo_expose(to_puck_bo(obj));
	drm_gem_object_put(obj);
	return ret == -EOPNOTSUPP ? -EINVAL : ret;
}

/**
 * puck_fb_create - make a framebuffer
 * @dev: the device
 * @file: the caller
 * @cmd: what the caller says of it
 *
 * Return: the framebuffer, or an ERR_PTR(): -EINVAL if the device cannot show it; -EPERM for
 * memory of a process; -ENOENT; -ENOMEM; of what 3D draws into, as puck_bo_expose().
 */
struct drm_framebuffer *puck_fb_create(struct drm_device *dev, struct drm_file *file,
				       PUCK_FB_INFO_PARAM
				       const struct drm_mode_fb_cmd2 *cmd)
{
	const struct puck_format *format = puck_format_find(cmd->pixel_format);
	struct drm_framebuffer *fb;
	int ret;

	if (!format || !puck_format_check(format, cmd))
		return ERR_PTR(-EINVAL);
	ret = puck_fb_check_bo(file, cmd->handles[0]);
	if (ret)
		return ERR_PTR(ret);
	fb = kzalloc(sizeof(*fb), GFP_KERNEL);
	if (!fb)
		return ERR_PTR(-ENOMEM);
	ret = drm_gem_fb_init_with_funcs(dev, fb, file, PUCK_FB_INFO_ARG cmd, &puck_fb_funcs);
	if (ret) {
		kfree(fb);
		return ERR_PTR(ret);
	}
	return fb;
}

/* Whether a file is the kernel's own, and not a process's. */
static bool puck_fb_is_for_kernel(const struct drm_file *file)
{
	return !file->filp;
}

/*
 * The kernel draws by puck_gem_vmap(), also while the BO is shown: that is of system memory. It
 * says nothing when it does so.
 */
static struct puck_bo *puck_fb_create_for_kernel(struct puck_device *puck, u64 size)
{
	struct puck_bo *bo = puck_gem_create(puck, size, BIT(DRM_PUCK_REGION_SYSTEM), 0,
					     DRM_PUCK_CACHING_WB, NULL);

	if (!IS_ERR(bo)) {
		dma_resv_lock(bo->ttm.base.resv, NULL);
		bo->cpu = true;
		dma_resv_unlock(bo->ttm.base.resv);
	}
	return bo;
}

static struct puck_bo *puck_fb_create_for_user(struct puck_device *puck, u64 size)
{
	return puck_gem_create(puck, size, BIT(DRM_PUCK_REGION_SYSTEM) | BIT(DRM_PUCK_REGION_VRAM),
			       0, DRM_PUCK_CACHING_WB, NULL);
}

/**
 * puck_fb_dumb_create - make a BO for a framebuffer that the CPU draws into
 * @file: the caller
 * @dev: the device
 * @args: how large it is to be; handle, pitch and size are filled in
 *
 * Return: 0; -EOPNOTSUPP for a device without a display; -EINVAL; -E2BIG; -ENOMEM; -ENODEV; -EINTR.
 */
int puck_fb_dumb_create(struct drm_file *file, struct drm_device *dev,
			struct drm_mode_create_dumb *args)
{
	struct puck_device *puck = to_puck_device(dev);
	struct puck_bo *bo;
	u64 bits, size;
	int ret;

	if (!puck->num_heads)
		return -EOPNOTSUPP;
	if (args->flags || check_mul_overflow((u64)args->width, (u64)args->bpp, &bits))
		return -EINVAL;
	bits = ALIGN(DIV_ROUND_UP_ULL(bits, BITS_PER_BYTE), PUCK_DUMB_ALIGN);
	if (bits > U32_MAX || check_mul_overflow(bits, (u64)args->height, &size))
		return -EINVAL;
	if (size > DRM_PUCK_BO_SIZE_MAX)
		return -E2BIG;
	bo = puck_fb_is_for_kernel(file) ? puck_fb_create_for_kernel(puck, size) :
					   puck_fb_create_for_user(puck, size);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	args->pitch = bits;
	args->size = puck_bo_size(bo);
	ret = drm_gem_handle_create(file, &bo->ttm.base, &args->handle);
	/* The handle keeps the BO from here on. */
	drm_gem_object_put(&bo->ttm.base);
	return ret;
}
