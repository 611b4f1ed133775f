/* SPDX-License-Identifier: MIT */
/*
 * States of the planes of a head by random numbers: framebuffers of each format, in each kind of
 * memory, full of noise, and what of them is shown where and how.
 */
#ifndef LIB_KMS_STATES_H
#define LIB_KMS_STATES_H

#include "lib/base/array.h"
#include "lib/base/dmabuf.h"
#include "lib/base/random.h"
#include "lib/gpu/job.h"
#include "lib/kms/model.h"
#include "lib/kms/screen.h"

#define STATES_FBS	20
#define STATES_FB_MAX	72	/* pixels; larger than the screen */
#define STATES_CURSOR	64
#define STATES_BAR	(1 << 20)	/* bytes, of machines with a small one */

/*
 * Where framebuffers are. In system memory: in one piece if the kernel finds one, or in as many
 * as there are pages; in VRAM: where the CPU sees it, or, as the BO is too large for that, on
 * machines whose BAR 2 is small, where it does not; memory of others.
 */
enum states_place {
	STATES_SYSTEM,
	STATES_SCATTERED,
	STATES_VRAM,
	STATES_HIDDEN,
	STATES_ANYWHERE,
	STATES_UDMABUF,
	STATES_HEAP,
	STATES_PLACES,
};

/**
 * struct states - where states come from
 * @fd: of the card
 * @queue: on that file
 * @seed: changes with each number that is drawn
 * @fb: the first one has the size of the picture
 * @place: of @fb
 * @shadow: of what the CPU does not see in @fb, the same bytes where it does
 * @gamma: a table, of which @gamma_blob is made
 * @gamma_blob: likewise
 * @blend: values of "pixel blend mode", in the model's order
 */
struct states {
	int fd;
	uint32_t queue;
	uint64_t seed;
	struct kms_fb fb[STATES_FBS];
	enum states_place place[STATES_FBS];
	struct bo shadow[STATES_FBS];
	uint16_t gamma[256][3];
	uint32_t gamma_blob;
	uint64_t blend[3];
};

static inline uint32_t states_below(struct states *s, uint32_t n)
{
	return (uint32_t)(rnd(&s->seed) % n);
}

/* ---- framebuffers ---- */

/* Memory of another exporter, which the CPU sees by its dma-buf. */
static inline int states_import(struct states *s, struct bo *bo, uint64_t size,
				enum states_place place)
{
	int dmabuf = place == STATES_UDMABUF ? make_udmabuf(size) : make_heap(size), ret;
	void *map;

	if (dmabuf < 0)
		return dmabuf;
	size = (size + 4095) & ~4095ull;
	ret = bo_import(s->fd, bo, dmabuf, size);
	map = ret ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	close(dmabuf);
	if (map == MAP_FAILED)
		return ret ? ret : -ENOMEM;
	bo->map = map;
	return 0;
}

/* Copies all of the shadow there, or from there. */
static inline int states_copy(const struct states *s, const struct bo *from, const struct bo *to,
			      uint64_t size)
{
	struct drm_puck_bo_ref refs[] = { ref_read(from), ref_write(to) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, size);
	struct drm_puck_submit args = job(s->queue, refs, 2, &cmd, 1);

	return submit_wait(s->fd, &args);
}

/* What the CPU sees of it is the shadow. */
static inline int states_hidden(struct states *s, struct bo *bo, struct bo *shadow, uint64_t size)
{
	int ret = bo_create_in(s->fd, shadow, size, BO_SYSTEM, 0, 0);

	if (!ret)
		ret = bo_create_in(s->fd, bo, STATES_BAR + size, BO_VRAM, 0, 0);
	if (ret)
		return ret;
	munmap(bo->map, bo->size);
	bo->map = shadow->map;
	bo->size = shadow->size;
	return 0;
}

static inline int states_memory(struct states *s, struct bo *bo, struct bo *shadow, uint64_t size,
				enum states_place place)
{
	switch (place) {
	case STATES_HIDDEN:
		return states_hidden(s, bo, shadow, size);
	case STATES_UDMABUF:
	case STATES_HEAP:
		return states_import(s, bo, size, place);
	case STATES_VRAM:
		return bo_create_in(s->fd, bo, size, BO_VRAM, 0, 0);
	case STATES_ANYWHERE:
		return bo_create_in(s->fd, bo, size, BO_SYSTEM | BO_VRAM, 0, 0);
	default:
		return bo_create_in(s->fd, bo, size, BO_SYSTEM,
				    place == STATES_SCATTERED ? DRM_PUCK_GEM_SCATTERED : 0, 0);
	}
}

/* Of a format, and of random size, pitch and place in its BO. */
static inline void states_pick_fb(struct states *s, struct kms_fb *fb, uint32_t format)
{
	uint32_t bytes = kms_bytes(format);

	*fb = (struct kms_fb) {
		.format = format,
		.width = 2 * (1 + states_below(s, STATES_FB_MAX / 2)),
		.height = 2 * (1 + states_below(s, STATES_FB_MAX / 2)),
	};
	fb->pitch = (fb->width + states_below(s, 32)) * bytes;
	fb->offset = states_below(s, 5000) * bytes;
	if (format != KMS_NV12)
		return;
	fb->uv_pitch = fb->width + 2 * states_below(s, 16);
	fb->uv_offset = (fb->offset + fb->height * fb->pitch + 1) / 2 * 2 +
			2 * states_below(s, 2500);
}

/* What the CPU has written is to be shown. */
static inline int states_push(const struct states *s, const struct kms_fb *fb,
			      const struct bo *shadow)
{
	return shadow->handle ? states_copy(s, shadow, &fb->bo, shadow->size) :
				bo_flush(s->fd, &fb->bo);
}

/* What the device has written is to be looked at. */
static inline int states_pull(const struct states *s, const struct kms_fb *fb,
			      const struct bo *shadow)
{
	int ret = shadow->handle ? states_copy(s, &fb->bo, shadow, shadow->size) : 0;

	return ret ? ret : bo_wait(s->fd, shadow->handle ? shadow : &fb->bo, 0, FOREVER_NS);
}

/* Its memory, full of noise. -ENODEV: there is no such exporter. */
static inline int states_make_fb(struct states *s, struct kms_fb *fb, struct bo *shadow,
				 enum states_place place)
{
	int ret = states_memory(s, &fb->bo, shadow, kms_fb_size(fb), place);

	if (ret)
		return ret;
	rnd_fill(&s->seed, fb->bo.map, fb->bo.size);
	ret = states_push(s, fb, shadow);
	if (!ret)
		ret = kms_fb_add(s->fd, fb);
	if (ret)
		bo_close(s->fd, &fb->bo);
	return ret;
}

static inline int states_make_fbs(struct states *s)
{
	static const uint32_t formats[] = { KMS_XRGB, KMS_ARGB, KMS_RGB565, KMS_NV12 };
	uint32_t i;
	int ret;

	ret = kms_fb_create(s->fd, &s->fb[0], KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT, BO_SYSTEM);
	for (i = 1; !ret && i < STATES_FBS; i++) {
		/* Each format in each place, as far as there are framebuffers. */
		s->place[i] = (i + i / 4) % STATES_PLACES;
		states_pick_fb(s, &s->fb[i], formats[i % ARRAY_SIZE(formats)]);
		ret = states_make_fb(s, &s->fb[i], &s->shadow[i], s->place[i]);
		if (ret == -ENODEV && s->place[i] >= STATES_UDMABUF) {
			s->place[i] = STATES_ANYWHERE;
			ret = states_make_fb(s, &s->fb[i], &s->shadow[i], s->place[i]);
		}
	}
	return ret;
}

static inline int states_make_gamma(struct states *s, const struct kms_card *card)
{
	struct drm_color_lut lut[256];
	uint32_t i, c;

	for (i = 0; i < 256; i++) {
		for (c = 0; c < 3; c++)
			s->gamma[i][c] = rnd(&s->seed);
		lut[i] = (struct drm_color_lut) {
			s->gamma[i][0], s->gamma[i][1], s->gamma[i][2], 0,
		};
	}
	return kms_blob(card, lut, sizeof(lut), &s->gamma_blob);
}

/* The value of an enumeration by its name. */
static inline uint64_t states_enum(const struct kms_card *card, uint32_t prop, const char *name)
{
	struct drm_mode_property_enum enums[16];
	struct drm_mode_get_property args = {
		.prop_id = prop, .enum_blob_ptr = (uintptr_t)enums, .count_enum_blobs = 16,
	};
	uint32_t i;

	if (puck_call(card->fd, DRM_IOCTL_MODE_GETPROPERTY, &args))
		return ~0ull;
	for (i = 0; i < args.count_enum_blobs && i < 16; i++)
		if (!strcmp(enums[i].name, name))
			return enums[i].value;
	return ~0ull;
}

/* The test cannot do without. */
static inline void states_open(struct states *s, const struct screen *screen, uint64_t seed)
{
	static const char * const names[] = { "None", "Pre-multiplied", "Coverage" };
	const struct kms_card *card = &screen->card;
	uint32_t i;

	*s = (struct states) { .fd = card->fd, .queue = screen->puck.queue[0], .seed = seed };
	for (i = 0; i < ARRAY_SIZE(names); i++)
		s->blend[i] = states_enum(card, kms_prop_id(&card->head[0].plane_props[0],
							    "pixel blend mode"), names[i]);
	ktap_need(!states_make_gamma(s, card), "gamma");
	ktap_need(!states_make_fbs(s), "framebuffers");
}

/* ---- what is shown of them ---- */

static inline bool states_cursor_takes(const struct kms_fb *fb)
{
	return fb->format == KMS_XRGB || fb->format == KMS_ARGB;
}

static inline const struct kms_fb *states_any_fb(struct states *s, uint32_t plane)
{
	const struct kms_fb *fb;

	do {
		fb = &s->fb[states_below(s, STATES_FBS)];
	} while (plane == 2 && !states_cursor_takes(fb));
	return fb;
}

/* A part of the framebuffer, in whole pixels, of which at least one. */
static inline void states_pick_whole(struct states *s, struct kms_plane_model *p, uint32_t max)
{
	uint32_t w = 1 + states_below(s, p->fb->width < max ? p->fb->width : max);
	uint32_t h = 1 + states_below(s, p->fb->height < max ? p->fb->height : max);

	p->src_w = w << 16;
	p->src_h = h << 16;
	p->src_x = states_below(s, p->fb->width - w + 1) << 16;
	p->src_y = states_below(s, p->fb->height - h + 1) << 16;
	p->dst_w = w;
	p->dst_h = h;
}

/* A size of up to sixteen times more, or less. */
static inline uint32_t states_scaled(struct states *s, uint32_t src)
{
	uint32_t least = (src + (1 << 20) - 1) >> 20, most = src >> 12;

	most = most > 2 * SCREEN_WIDTH ? 2 * SCREEN_WIDTH : most;
	return least + states_below(s, most - least + 1);
}

/* And one with fractions of pixels. */
static inline void states_pick_part(struct states *s, struct kms_plane_model *p)
{
	uint32_t w = p->fb->width << 16, h = p->fb->height << 16;

	p->src_w = (1 << 16) + states_below(s, w - (1 << 16) + 1);
	p->src_h = (1 << 16) + states_below(s, h - (1 << 16) + 1);
	p->src_x = states_below(s, w - p->src_w + 1);
	p->src_y = states_below(s, h - p->src_h + 1);
	p->dst_w = states_scaled(s, p->src_w);
	p->dst_h = states_scaled(s, p->src_h);
}

static inline void states_pick_plane(struct states *s, struct kms_plane_model *p, uint32_t plane)
{
	*p = (struct kms_plane_model) { .zpos = states_below(s, 3) };
	p->on = states_below(s, 4);
	if (!p->on)
		return;
	p->fb = states_any_fb(s, plane);
	if (plane == 1 && states_below(s, 4))
		states_pick_part(s, p);
	else
		states_pick_whole(s, p, plane == 2 ? STATES_CURSOR : STATES_FB_MAX);
	p->dst_x = (int32_t)states_below(s, 2 * SCREEN_WIDTH) - SCREEN_WIDTH / 2;
	p->dst_y = (int32_t)states_below(s, 2 * SCREEN_HEIGHT) - SCREEN_HEIGHT / 2;
	p->reflect_x = states_below(s, 2);
	p->reflect_y = states_below(s, 2);
	p->blend = states_below(s, 3);
	p->alpha = states_below(s, 3) ? 255 : states_below(s, 256);
}

static inline struct kms_model states_pick(struct states *s)
{
	struct kms_model model = { .width = SCREEN_WIDTH, .height = SCREEN_HEIGHT };
	uint32_t p;

	for (p = 0; p < KMS_PLANES; p++)
		states_pick_plane(s, &model.plane[p], p);
	/* DRM puts planes of the same position in the order of their ids, which is ours. */
	if (!states_below(s, 4))
		model.gamma = s->gamma;
	return model;
}

/* ---- as properties ---- */

/* As 180 degrees or as two reflections: it is the same. */
static inline uint64_t states_rotation(struct states *s, const struct kms_plane_model *p)
{
	if (p->reflect_x && p->reflect_y && states_below(s, 2))
		return DRM_MODE_ROTATE_180;
	if (p->reflect_x != p->reflect_y && states_below(s, 2))
		return DRM_MODE_ROTATE_180 |
		       (p->reflect_x ? DRM_MODE_REFLECT_Y : DRM_MODE_REFLECT_X);
	return DRM_MODE_ROTATE_0 | (p->reflect_x ? DRM_MODE_REFLECT_X : 0) |
	       (p->reflect_y ? DRM_MODE_REFLECT_Y : 0);
}

static inline void states_set_plane(struct states *s, struct kms_atomic *atomic,
				    const struct kms_head *head, uint32_t plane,
				    const struct kms_plane_model *p)
{
	kms_set_plane(atomic, head, plane, "zpos", p->zpos);
	kms_set_plane(atomic, head, plane, "FB_ID", p->on ? p->fb->id : 0);
	kms_set_plane(atomic, head, plane, "CRTC_ID", p->on ? head->crtc : 0);
	if (!p->on)
		return;
	kms_set_plane(atomic, head, plane, "SRC_X", p->src_x);
	kms_set_plane(atomic, head, plane, "SRC_Y", p->src_y);
	kms_set_plane(atomic, head, plane, "SRC_W", p->src_w);
	kms_set_plane(atomic, head, plane, "SRC_H", p->src_h);
	kms_set_plane(atomic, head, plane, "CRTC_X", (uint64_t)(int64_t)p->dst_x);
	kms_set_plane(atomic, head, plane, "CRTC_Y", (uint64_t)(int64_t)p->dst_y);
	kms_set_plane(atomic, head, plane, "CRTC_W", p->dst_w);
	kms_set_plane(atomic, head, plane, "CRTC_H", p->dst_h);
	kms_set_plane(atomic, head, plane, "rotation", states_rotation(s, p));
	kms_set_plane(atomic, head, plane, "pixel blend mode", s->blend[p->blend]);
	kms_set_plane(atomic, head, plane, "alpha", p->alpha << 8 | states_below(s, 256));
}

/* The commit that has a head show it; more may be added to it. */
static inline void states_set(struct states *s, struct kms_atomic *atomic,
			      const struct kms_head *head, const struct kms_model *model)
{
	uint32_t p;

	for (p = 0; p < KMS_PLANES; p++)
		states_set_plane(s, atomic, head, p, &model->plane[p]);
	kms_set_crtc(atomic, head, "GAMMA_LUT", model->gamma ? s->gamma_blob : 0);
}

static inline void states_describe(const struct states *s, const struct kms_model *model)
{
	static const char * const places[] = {
		"system", "scattered", "VRAM", "hidden", "anywhere", "udmabuf", "heap",
	};
	uint32_t i;

	for (i = 0; i < KMS_PLANES; i++) {
		const struct kms_plane_model *p = &model->plane[i];

		if (!p->on)
			continue;
		ktap_note("plane %u: format %.4s %ux%u %s, src %x,%x %xx%x, dst %d,%d %ux%u, reflect %d%d, blend %u, alpha %u, zpos %u",
			  i, (const char *)&p->fb->format, p->fb->width, p->fb->height,
			  places[s->place[p->fb - s->fb]], p->src_x, p->src_y, p->src_w,
			  p->src_h, p->dst_x, p->dst_y, p->dst_w, p->dst_h, p->reflect_x,
			  p->reflect_y, p->blend, p->alpha, p->zpos);
	}
}

#endif /* LIB_KMS_STATES_H */
