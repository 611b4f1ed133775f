/* SPDX-License-Identifier: MIT */
/* Framebuffers. */
#ifndef LIB_KMS_FB_H
#define LIB_KMS_FB_H

#include "lib/gpu/bo.h"
#include "lib/kms/card.h"

#define KMS_XRGB	0x34325258u	/* DRM_FORMAT_*; "XR24" */
#define KMS_ARGB	0x34325241u	/* "AR24" */
#define KMS_RGB565	0x36314752u	/* "RG16" */
#define KMS_NV12	0x3231564eu	/* "NV12" */

/* A framebuffer, and the BO that it is in. */
struct kms_fb {
	uint32_t id;
	uint32_t format;
	uint32_t width;
	uint32_t height;
	uint32_t pitch;
	uint32_t offset;
	uint32_t uv_pitch;
	uint32_t uv_offset;
	struct bo bo;
};

static inline uint32_t kms_bytes(uint32_t format)
{
	return format == KMS_NV12 ? 1 : format == KMS_RGB565 ? 2 : 4;
}

/* Of what @fb says, and of its BO. */
static inline int kms_fb_add(int fd, struct kms_fb *fb)
{
	struct drm_mode_fb_cmd2 cmd = {
		.width = fb->width,
		.height = fb->height,
		.pixel_format = fb->format,
		.handles = { fb->bo.handle },
		.pitches = { fb->pitch },
		.offsets = { fb->offset },
	};
	int ret;

	if (fb->format == KMS_NV12) {
		cmd.handles[1] = fb->bo.handle;
		cmd.pitches[1] = fb->uv_pitch;
		cmd.offsets[1] = fb->uv_offset;
	}
	ret = puck_call(fd, DRM_IOCTL_MODE_ADDFB2, &cmd);
	fb->id = cmd.fb_id;
	return ret;
}

static inline int kms_fb_remove(int fd, struct kms_fb *fb)
{
	uint32_t id = fb->id;

	fb->id = 0;
	return puck_call(fd, DRM_IOCTL_MODE_RMFB, &id);
}

/* Bytes from the beginning of the BO to the last one that is needed. */
static inline uint64_t kms_fb_size(const struct kms_fb *fb)
{
	uint64_t size = fb->offset + (uint64_t)fb->height * fb->pitch;

	if (fb->format == KMS_NV12 && fb->uv_offset + (fb->height + 1ull) / 2 * fb->uv_pitch > size)
		size = fb->uv_offset + (fb->height + 1ull) / 2 * fb->uv_pitch;
	return size;
}

/* The plain one: no room between lines, chroma behind luma, in regions @placements (BO_*). */
static inline int kms_fb_create(int fd, struct kms_fb *fb, uint32_t format, uint32_t width,
				uint32_t height, uint32_t placements)
{
	int ret;

	*fb = (struct kms_fb) {
		.format = format, .width = width, .height = height,
		.pitch = width * kms_bytes(format),
		.uv_pitch = width,
		.uv_offset = width * height,
	};
	ret = bo_create_in(fd, &fb->bo, kms_fb_size(fb), placements, 0, 0);
	if (ret)
		return ret;
	ret = kms_fb_add(fd, fb);
	if (ret)
		bo_close(fd, &fb->bo);
	return ret;
}

static inline void kms_fb_destroy(int fd, struct kms_fb *fb)
{
	kms_fb_remove(fd, fb);
	bo_close(fd, &fb->bo);
}

/* One colour all over, in a format of four bytes. */
static inline void kms_fb_fill(struct kms_fb *fb, uint32_t pixel)
{
	uint32_t x, y;
	uint8_t *line;

	for (y = 0; y < fb->height; y++) {
		line = fb->bo.map + fb->offset + (uint64_t)y * fb->pitch;
		for (x = 0; x < fb->width; x++)
			memcpy(line + 4 * x, &pixel, 4);
	}
}

#endif /* LIB_KMS_FB_H */
