/* SPDX-License-Identifier: MIT */
/*
 * The picture of a head, as docs/specs/display.rst says that it is ("Planes", "Composition",
 * "CRCs"), written from there.
 */
#ifndef LIB_KMS_MODEL_H
#define LIB_KMS_MODEL_H

#include <stdint.h>
#include <string.h>

#include "lib/base/crc32.h"
#include "lib/kms/fb.h"

enum { KMS_BLEND_NONE, KMS_BLEND_PREMULTIPLIED, KMS_BLEND_COVERAGE };

/* What a plane shows. */
struct kms_plane_model {
	bool on;
	const struct kms_fb *fb;
	uint32_t src_x, src_y, src_w, src_h;	/* 16.16 */
	int32_t dst_x, dst_y;
	uint32_t dst_w, dst_h;
	bool reflect_x, reflect_y;
	uint32_t blend;
	uint32_t alpha;				/* 8 bits */
	uint32_t zpos;
};

struct kms_model {
	uint32_t width, height;
	struct kms_plane_model plane[KMS_PLANES];
	const uint16_t (*gamma)[3];		/* R, G, B of 256, or NULL */
};

struct kms_colour {
	uint32_t r, g, b, a;
};

static inline uint32_t kms_clip(int32_t v)
{
	return v < 0 ? 0 : v > 255 ? 255 : v;
}

static inline struct kms_colour kms_nv12(const struct kms_fb *fb, uint32_t x, uint32_t y)
{
	const uint8_t *map = fb->bo.map;
	const uint8_t *uv = map + fb->uv_offset + (uint64_t)(y / 2) * fb->uv_pitch + x / 2 * 2;
	int32_t c = map[fb->offset + (uint64_t)y * fb->pitch + x] - 16;
	int32_t d = uv[0] - 128, e = uv[1] - 128;

	return (struct kms_colour) {
		.r = kms_clip((298 * c + 409 * e + 128) >> 8),
		.g = kms_clip((298 * c - 100 * d - 208 * e + 128) >> 8),
		.b = kms_clip((298 * c + 516 * d + 128) >> 8),
		.a = 255,
	};
}

static inline struct kms_colour kms_pixel(const struct kms_fb *fb, uint32_t x, uint32_t y)
{
	const uint8_t *p;
	uint32_t v;

	if (fb->format == KMS_NV12)
		return kms_nv12(fb, x, y);
	p = fb->bo.map + fb->offset + (uint64_t)y * fb->pitch + x * kms_bytes(fb->format);
	if (fb->format == KMS_RGB565) {
		v = p[0] | p[1] << 8;
		return (struct kms_colour) {
			.r = (v >> 11) << 3 | (v >> 11) >> 2,
			.g = (v >> 5 & 63) << 2 | (v >> 5 & 63) >> 4,
			.b = (v & 31) << 3 | (v & 31) >> 2,
			.a = 255,
		};
	}
	return (struct kms_colour) { p[2], p[1], p[0], fb->format == KMS_ARGB ? p[3] : 255 };
}

/* The source of one of @dst pixels, in one direction. */
static inline uint32_t kms_source(uint32_t i, bool reflect, uint32_t src, uint32_t size,
				  uint32_t dst)
{
	uint64_t at = reflect ? dst - 1 - i : i;

	return (src + (2 * at + 1) * size / (2 * dst)) >> 16;
}

/* The plane's pixel at a place of the picture; false if it has none there. */
static inline bool kms_plane_at(const struct kms_plane_model *p, int32_t x, int32_t y,
				struct kms_colour *colour)
{
	int64_t i = (int64_t)x - p->dst_x, j = (int64_t)y - p->dst_y;

	if (!p->on || i < 0 || i >= p->dst_w || j < 0 || j >= p->dst_h)
		return false;
	*colour = kms_pixel(p->fb, kms_source(i, p->reflect_x, p->src_x, p->src_w, p->dst_w),
			    kms_source(j, p->reflect_y, p->src_y, p->src_h, p->dst_h));
	return true;
}

static inline uint32_t kms_mul(uint32_t a, uint32_t b)
{
	return (a * b + 127) / 255;
}

static inline uint32_t kms_blend(const struct kms_plane_model *p, uint32_t c, uint32_t a,
				 uint32_t d)
{
	uint32_t m = kms_mul(a, p->alpha), sum;

	switch (p->blend) {
	case KMS_BLEND_NONE:
		return (c * p->alpha + d * (255 - p->alpha) + 127) / 255;
	case KMS_BLEND_PREMULTIPLIED:
		sum = kms_mul(c, p->alpha) + kms_mul(d, 255 - m);
		return sum > 255 ? 255 : sum;
	default:
		return (c * m + d * (255 - m) + 127) / 255;
	}
}

/* From the lowest to the highest. */
static inline void kms_model_order(const struct kms_model *model, uint32_t order[KMS_PLANES])
{
	uint32_t z, p, n = 0;

	for (z = 0; z < 4; z++)
		for (p = 0; p < KMS_PLANES; p++)
			if (model->plane[p].zpos == z)
				order[n++] = p;
}

static inline void kms_model_pixel(const struct kms_model *model, const uint32_t *order,
				   uint32_t x, uint32_t y, uint8_t bytes[4])
{
	struct kms_colour d = { 0 }, c;
	uint32_t n;

	for (n = 0; n < KMS_PLANES; n++) {
		const struct kms_plane_model *p = &model->plane[order[n]];

		if (!kms_plane_at(p, x, y, &c))
			continue;
		d.r = kms_blend(p, c.r, c.a, d.r);
		d.g = kms_blend(p, c.g, c.a, d.g);
		d.b = kms_blend(p, c.b, c.a, d.b);
	}
	bytes[0] = model->gamma ? model->gamma[d.b][2] >> 8 : d.b;
	bytes[1] = model->gamma ? model->gamma[d.g][1] >> 8 : d.g;
	bytes[2] = model->gamma ? model->gamma[d.r][0] >> 8 : d.r;
	bytes[3] = 255;
}

/* All of it; @picture has room for its pixels. */
static inline void kms_model_draw(const struct kms_model *model, uint8_t *picture)
{
	uint32_t order[KMS_PLANES], x, y;

	kms_model_order(model, order);
	for (y = 0; y < model->height; y++)
		for (x = 0; x < model->width; x++, picture += 4)
			kms_model_pixel(model, order, x, y, picture);
}

static inline uint32_t kms_model_crc(const struct kms_model *model, uint8_t *room)
{
	kms_model_draw(model, room);
	return crc32c(room, 4ul * model->width * model->height);
}

/* Of one framebuffer alone, opaque and as large as the picture: the same CRC, and sooner. */
static inline uint32_t kms_model_plain_crc(const struct kms_fb *fb, uint8_t *room)
{
	size_t size = 4ul * fb->width * fb->height;
	uint8_t *pixel = room;
	uint32_t x, y;

	if (fb->format == KMS_XRGB && fb->pitch == 4 * fb->width)
		return crc32c_opaque(fb->bo.map + fb->offset, size);
	for (y = 0; y < fb->height; y++) {
		for (x = 0; x < fb->width; x++, pixel += 4) {
			struct kms_colour c = kms_pixel(fb, x, y);
			uint32_t word = 0xff000000u | c.r << 16 | c.g << 8 | c.b;

			memcpy(pixel, &word, 4);
		}
	}
	return crc32c(room, size);
}

/* Of the pixels of a plane that are within the picture; that of no bytes is zero. */
static inline uint32_t kms_model_plane_crc(const struct kms_model *model, uint32_t plane,
					   uint8_t *room)
{
	struct kms_colour c;
	uint32_t x, y;
	size_t n = 0;

	for (y = 0; y < model->height; y++) {
		for (x = 0; x < model->width; x++) {
			if (!kms_plane_at(&model->plane[plane], x, y, &c))
				continue;
			room[n++] = c.b;
			room[n++] = c.g;
			room[n++] = c.r;
			room[n++] = c.a;
		}
	}
	return crc32c(room, n);
}

#endif /* LIB_KMS_MODEL_H */
