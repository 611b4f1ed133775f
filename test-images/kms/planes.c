// SPDX-License-Identifier: MIT
/*
 * States of planes: each format, anywhere in a buffer, cut out, turned, scaled, blended and in any
 * order, by random numbers. The device's CRCs of the picture and of each plane are those of the
 * model. What is only tried is taken, and refused, as what is done; and what is refused changes
 * nothing.
 *
 *	kms_planes [SEED [STATES]]
 */
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/base/random.h"
#include "lib/kms/screen.h"

#include <errno.h>

#define FBS	10
#define FB_MAX	72	/* pixels; larger than the screen */
#define CURSOR	64

static struct screen screen;
static struct kms_fb fbs[FBS];
static uint64_t seed = 1;
static uint16_t gamma_table[256][3];
static uint32_t gamma_blob;

static uint32_t below(uint32_t n)
{
	return rnd(&seed) % n;
}

/* A framebuffer of random size, pitch and place in its BO, full of noise. */
static int make_fb(struct kms_fb *fb, uint32_t i)
{
	static const uint32_t formats[] = { KMS_XRGB, KMS_ARGB, KMS_RGB565, KMS_NV12 };
	static const uint32_t places[] = { BO_SYSTEM, BO_VRAM, BO_SYSTEM | BO_VRAM };
	uint32_t format = formats[i % 4], bytes = kms_bytes(format);
	int ret;

	*fb = (struct kms_fb) {
		.format = format,
		.width = 2 * (1 + below(FB_MAX / 2)),
		.height = 2 * (1 + below(FB_MAX / 2)),
	};
	fb->pitch = (fb->width + below(32)) * bytes;
	fb->offset = below(5000) * bytes;
	if (format == KMS_NV12) {
		fb->uv_pitch = fb->width + 2 * below(16);
		fb->uv_offset = (fb->offset + fb->height * fb->pitch + 1) / 2 * 2 + 2 * below(2500);
	}
	ret = bo_create_in(screen.card.fd, &fb->bo, kms_fb_size(fb), places[below(3)],
			   below(2) ? DRM_PUCK_GEM_SCATTERED : 0, 0);
	if (ret)
		return ret;
	rnd_fill(&seed, fb->bo.map, fb->bo.size);
	bo_flush(screen.card.fd, &fb->bo);
	ret = kms_fb_add(screen.card.fd, fb);
	if (ret)
		bo_close(screen.card.fd, &fb->bo);
	return ret;
}

static int make_gamma(void)
{
	struct drm_color_lut lut[256];
	uint32_t i, c;

	for (i = 0; i < 256; i++) {
		for (c = 0; c < 3; c++)
			gamma_table[i][c] = rnd(&seed);
		lut[i] = (struct drm_color_lut) {
			gamma_table[i][0], gamma_table[i][1], gamma_table[i][2], 0,
		};
	}
	return kms_blob(&screen.card, lut, sizeof(lut), &gamma_blob);
}

static bool cursor_takes(const struct kms_fb *fb)
{
	return fb->format == KMS_XRGB || fb->format == KMS_ARGB;
}

static const struct kms_fb *pick_fb(uint32_t plane)
{
	const struct kms_fb *fb;

	do {
		fb = &fbs[below(FBS)];
	} while (plane == 2 && !cursor_takes(fb));
	return fb;
}

/* A part of the framebuffer, in whole pixels, of which at least one. */
static void pick_whole(struct kms_plane_model *p, uint32_t max)
{
	uint32_t w = 1 + below(p->fb->width < max ? p->fb->width : max);
	uint32_t h = 1 + below(p->fb->height < max ? p->fb->height : max);

	p->src_w = w << 16;
	p->src_h = h << 16;
	p->src_x = below(p->fb->width - w + 1) << 16;
	p->src_y = below(p->fb->height - h + 1) << 16;
	p->dst_w = w;
	p->dst_h = h;
}

/* A size of up to sixteen times more, or less. */
static uint32_t pick_scaled(uint32_t src)
{
	uint32_t least = (src + (1 << 20) - 1) >> 20, most = src >> 12;

	most = most > 2 * SCREEN_WIDTH ? 2 * SCREEN_WIDTH : most;
	return least + below(most - least + 1);
}

/* And one with fractions of pixels. */
static void pick_part(struct kms_plane_model *p)
{
	uint32_t w = p->fb->width << 16, h = p->fb->height << 16;

	p->src_w = (1 << 16) + below(w - (1 << 16) + 1);
	p->src_h = (1 << 16) + below(h - (1 << 16) + 1);
	p->src_x = below(w - p->src_w + 1);
	p->src_y = below(h - p->src_h + 1);
	p->dst_w = pick_scaled(p->src_w);
	p->dst_h = pick_scaled(p->src_h);
}

static void pick_plane(struct kms_plane_model *p, uint32_t plane)
{
	*p = (struct kms_plane_model) { .zpos = below(3) };
	p->on = below(4);
	if (!p->on)
		return;
	p->fb = pick_fb(plane);
	if (plane == 1 && below(4))
		pick_part(p);
	else
		pick_whole(p, plane == 2 ? CURSOR : FB_MAX);
	p->dst_x = (int32_t)below(2 * SCREEN_WIDTH) - SCREEN_WIDTH / 2;
	p->dst_y = (int32_t)below(2 * SCREEN_HEIGHT) - SCREEN_HEIGHT / 2;
	p->reflect_x = below(2);
	p->reflect_y = below(2);
	p->blend = below(3);
	p->alpha = below(3) ? 255 : below(256);
}

static struct kms_model pick_model(void)
{
	struct kms_model model = { .width = SCREEN_WIDTH, .height = SCREEN_HEIGHT };
	uint32_t p;

	for (p = 0; p < KMS_PLANES; p++)
		pick_plane(&model.plane[p], p);
	/* DRM puts planes of the same position in the order of their ids, which is ours. */
	if (!below(4))
		model.gamma = gamma_table;
	return model;
}

/* As 180 degrees or as two reflections: it is the same. */
static uint64_t rotation_of(const struct kms_plane_model *p)
{
	if (p->reflect_x && p->reflect_y && below(2))
		return DRM_MODE_ROTATE_180;
	if (p->reflect_x != p->reflect_y && below(2))
		return DRM_MODE_ROTATE_180 |
		       (p->reflect_x ? DRM_MODE_REFLECT_Y : DRM_MODE_REFLECT_X);
	return DRM_MODE_ROTATE_0 | (p->reflect_x ? DRM_MODE_REFLECT_X : 0) |
	       (p->reflect_y ? DRM_MODE_REFLECT_Y : 0);
}

/* The value of an enumeration by its name. */
static uint64_t enum_value(uint32_t prop, const char *name)
{
	struct drm_mode_property_enum enums[16];
	struct drm_mode_get_property args = {
		.prop_id = prop, .enum_blob_ptr = (uintptr_t)enums, .count_enum_blobs = 16,
	};
	uint32_t i;

	if (puck_call(screen.card.fd, DRM_IOCTL_MODE_GETPROPERTY, &args))
		return ~0ull;
	for (i = 0; i < args.count_enum_blobs && i < 16; i++)
		if (!strcmp(enums[i].name, name))
			return enums[i].value;
	return ~0ull;
}

static uint64_t blend_of(uint32_t plane, const struct kms_plane_model *p)
{
	static const char * const names[] = { "None", "Pre-multiplied", "Coverage" };

	return enum_value(kms_prop_id(&screen.head->plane_props[plane], "pixel blend mode"),
			  names[p->blend]);
}

static void set_plane(struct kms_atomic *atomic, uint32_t plane, const struct kms_plane_model *p)
{
	const struct kms_head *head = screen.head;

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
	kms_set_plane(atomic, head, plane, "rotation", rotation_of(p));
	kms_set_plane(atomic, head, plane, "pixel blend mode", blend_of(plane, p));
	kms_set_plane(atomic, head, plane, "alpha", p->alpha << 8 | below(256));
}

static struct kms_atomic commit_of(const struct kms_model *model)
{
	struct kms_atomic atomic = { 0 };
	uint32_t p;

	for (p = 0; p < KMS_PLANES; p++)
		set_plane(&atomic, p, &model->plane[p]);
	kms_set_crtc(&atomic, screen.head, "GAMMA_LUT", model->gamma ? gamma_blob : 0);
	return atomic;
}

static void describe(const struct kms_model *model)
{
	uint32_t i;

	for (i = 0; i < KMS_PLANES; i++) {
		const struct kms_plane_model *p = &model->plane[i];

		if (!p->on)
			continue;
		ktap_note("plane %u: format %.4s %ux%u, src %x,%x %xx%x, dst %d,%d %ux%u, reflect %d%d, blend %u, alpha %u, zpos %u",
			  i, (const char *)&p->fb->format, p->fb->width, p->fb->height, p->src_x,
			  p->src_y, p->src_w, p->src_h, p->dst_x, p->dst_y, p->dst_w, p->dst_h,
			  p->reflect_x, p->reflect_y, p->blend, p->alpha, p->zpos);
	}
}

static bool try_state(const struct kms_model *model)
{
	struct kms_atomic atomic = commit_of(model);
	uint32_t number = 0;
	int tried, ret;

	tried = kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_TEST_ONLY, 0);
	ret = kms_commit_shown(&screen.card, &atomic, 0, &number);
	if (tried || ret) {
		ktap_note("tried: %d, done: %d", tried, ret);
		return false;
	}
	return screen_shows(&screen, model, number);
}

static void test_states(uint32_t states)
{
	struct kms_model model;
	uint32_t i, bad = 0;

	for (i = 0; i < states && bad < 5; i++) {
		progress("state %u of %u", i, states);
		model = pick_model();
		if (try_state(&model))
			continue;
		bad++;
		ktap_note("state %u:", i);
		describe(&model);
	}
	ktap_ok(!bad, "%u states of planes are shown as they are said to be (%u are not)", i, bad);
}

/* ---- what the device cannot do ---- */

static const struct kms_model *still;

static void refused(const char *what, uint32_t plane, const char *prop, uint64_t value)
{
	struct kms_atomic atomic = commit_of(still);
	int tried, ret;

	kms_set_plane(&atomic, screen.head, plane, prop, value);
	tried = kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_TEST_ONLY, 0);
	ret = kms_commit(&screen.card, &atomic, 0, 0);
	ktap_ok(tried < 0 && tried == ret, "refused: %s (%d, tried: %d)", what, ret, tried);
}

static void test_refused(void)
{
	struct kms_model model = screen_model(&fbs[0]);
	struct kms_atomic atomic;
	uint32_t p;

	for (p = 0; p < KMS_PLANES; p++) {
		model.plane[p].on = true;
		model.plane[p].fb = &fbs[0];
		model.plane[p].src_w = model.plane[p].src_h = 2 << 16;
		model.plane[p].dst_w = model.plane[p].dst_h = 2;
		model.plane[p].alpha = 255;
		model.plane[p].blend = KMS_BLEND_PREMULTIPLIED;
	}
	still = &model;
	atomic = commit_of(still);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "refused: what is shown meanwhile");
	refused("a first plane that scales", 0, "CRTC_W", 4);
	refused("a cursor that scales", 2, "CRTC_H", 1);
	refused("an overlay of 17 times its size", 1, "CRTC_W", 33);
	refused("an overlay of less than a pixel", 1, "SRC_W", 0xffff);
	refused("an overlay of no size", 1, "CRTC_W", 0);
	refused("half a pixel in the first plane", 0, "SRC_X", 0x8000);
	refused("a place that is far away", 1, "CRTC_X", 40000);
	refused("a cursor of a format that it has not", 2, "FB_ID", fbs[2].id);
	refused("a part outside of the framebuffer", 0, "SRC_X", (uint64_t)fbs[0].width << 16);
	refused("a rotation by 90 degrees", 0, "rotation", DRM_MODE_ROTATE_90);
	refused("a zpos that there is not", 0, "zpos", 3);
	ktap_ok(screen_shows_now(&screen, still), "refused: nothing has changed");
}

/* ---- framebuffers that the device would not find its way in ---- */

static void no_fb(const char *what, struct kms_fb fb)
{
	int ret;

	fb.bo = fbs[0].bo;
	ret = kms_fb_add(screen.card.fd, &fb);
	ktap_ok(ret == -EINVAL, "framebuffer: %s (%d)", what, ret);
	if (!ret)
		kms_fb_remove(screen.card.fd, &fb);
}

static void test_fbs(void)
{
	struct kms_fb fb = { .format = KMS_XRGB, .width = 4, .height = 2, .pitch = 16 };
	struct kms_fb bad = fb;

	bad.pitch = 18;
	no_fb("a pitch that is no multiple of a pixel", bad);
	bad.pitch = 12;
	no_fb("a pitch that is shorter than a line", bad);
	bad = fb;
	bad.offset = 2;
	no_fb("an offset that is no multiple of a pixel", bad);
	bad = fb;
	bad.height = 8000;
	no_fb("lines behind the end of the BO", bad);
	bad = fb;
	bad.format = 0x36324742;
	no_fb("a format that there is not", bad);
	bad = (struct kms_fb) { .format = KMS_NV12, .width = 4, .height = 2, .pitch = 4,
				.uv_pitch = 5, .uv_offset = 8 };
	no_fb("chroma of an odd pitch", bad);
}

int main(int argc, char **argv)
{
	uint32_t states = argc > 2 ? strtoul(argv[2], NULL, 0) : 150;
	uint32_t i;

	ktap_begin();
	seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	screen_open(&screen, 0);
	ktap_need(!make_gamma(), "gamma");
	/* The first one is as large as the picture. */
	ktap_need(!kms_fb_create(screen.card.fd, &fbs[0], KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT,
				 BO_SYSTEM), "framebuffer 0");
	for (i = 1; i < FBS; i++)
		ktap_need(!make_fb(&fbs[i], i), "framebuffer %u", i);
	ktap_need(!screen_on(&screen, &fbs[0]), "turn the head on");
	test_states(states);
	test_refused();
	test_fbs();
	ktap_ok(!screen_off(&screen), "turn the head off");
	screen_close(&screen);
	return ktap_end();
}
