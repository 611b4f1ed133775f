// SPDX-License-Identifier: MIT
/*
 * States of planes: each format, anywhere in a buffer, wherever that is, cut out, turned, scaled,
 * blended and in any order, by random numbers, on each head. The device's CRCs of the picture and
 * of each plane are those of the model. What is only tried is taken, and refused, as what is done;
 * and what is refused changes nothing.
 *
 *	kms_planes [SEED [STATES]]	(1, 150)
 */
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/gpu/userptr.h"
#include "lib/kms/states.h"

#include <errno.h>

/* Behind so many states there is one that is none. */
#define SPOILT_ONE_IN	4

static struct screen screen, screens[KMS_HEADS];
static struct states states;

static int try_only(const struct kms_atomic *atomic)
{
	return kms_commit(&screen.card, atomic, DRM_MODE_ATOMIC_TEST_ONLY, 0);
}

static bool try_state(struct screen *on, const struct kms_model *model)
{
	struct kms_atomic atomic = { 0 };
	uint32_t number = 0;
	int tried, ret;

	states_set(&states, &atomic, on->head, model);
	tried = try_only(&atomic);
	ret = kms_commit_shown(&screen.card, &atomic, 0, &number);
	if (tried || ret) {
		ktap_note("tried: %d, done: %d", tried, ret);
		return false;
	}
	return screen_shows(on, model, number);
}

/* ---- states that are none, by one property ---- */

static const struct spoil {
	const char *prop;
	uint32_t plane;
	uint64_t value;
	int ret;
} spoils[] = {
	{ "CRTC_W", 0, 4, -EINVAL },		/* planes are 2 by 2 pixels */
	{ "CRTC_H", 2, 1, -EINVAL },
	{ "CRTC_W", 1, 33, -EINVAL },
	{ "CRTC_H", 1, 8193, -EINVAL },
	{ "SRC_W", 1, 0xffff, -EINVAL },
	{ "SRC_H", 1, 0, -EINVAL },
	{ "CRTC_W", 1, 0, -EINVAL },
	{ "SRC_X", 0, 0x8000, -EINVAL },
	{ "SRC_Y", 2, 1, -EINVAL },
	{ "CRTC_X", 1, 40000, -EINVAL },
	{ "CRTC_Y", 0, (uint64_t)-32769ll, -EINVAL },
	{ "SRC_X", 0, (uint64_t)SCREEN_WIDTH << 16, -ENOSPC },
	{ "SRC_Y", 1, (uint64_t)(SCREEN_HEIGHT - 1) << 16, -ENOSPC },
	{ "rotation", 0, DRM_MODE_ROTATE_90, -EINVAL },
	{ "rotation", 1, DRM_MODE_ROTATE_0 | DRM_MODE_ROTATE_180, -EINVAL },
	{ "zpos", 0, 3, -EINVAL },
	{ "alpha", 1, 0x10000, -EINVAL },
	{ "pixel blend mode", 2, 7, -EINVAL },
	{ "IN_FENCE_FD", 0, 12345, -EINVAL },
	{ "FB_ID", 1, 0, -EINVAL },
	{ "CRTC_ID", 2, 0, -EINVAL },
};

/* What one is spoilt from: two pixels of the first framebuffer on each plane. */
static struct kms_model plain_model(void)
{
	struct kms_model model = screen_model(&states.fb[0]);
	uint32_t p;

	for (p = 0; p < KMS_PLANES; p++) {
		model.plane[p] = (struct kms_plane_model) {
			.on = true, .fb = &states.fb[0],
			.src_w = 2 << 16, .src_h = 2 << 16, .dst_w = 2, .dst_h = 2,
			.alpha = 255, .blend = KMS_BLEND_PREMULTIPLIED, .zpos = p,
		};
	}
	return model;
}

static bool is_refused(struct screen *on, const struct kms_atomic *atomic, const char *prop,
		       int expected)
{
	int tried = try_only(atomic);
	int ret = kms_commit(&screen.card, atomic, 0, 0);

	if (tried != expected || ret != expected)
		ktap_note("head %u, %s: tried: %d, done: %d, and not %d", on->index, prop, tried,
			  ret, expected);
	return tried == expected && ret == expected;
}

static bool try_spoilt(struct screen *on)
{
	const struct spoil *spoil = &spoils[states_below(&states, ARRAY_SIZE(spoils))];
	struct kms_model model = plain_model();
	struct kms_atomic atomic = { 0 };

	states_set(&states, &atomic, on->head, &model);
	kms_set_plane(&atomic, on->head, spoil->plane, spoil->prop, spoil->value);
	return is_refused(on, &atomic, spoil->prop, spoil->ret);
}

/* One that is none is followed by a look at what is shown. */
static bool one_state(struct kms_model *models)
{
	uint32_t head = states_below(&states, screen.card.heads);

	if (!states_below(&states, SPOILT_ONE_IN))
		return try_spoilt(&screens[head]) &&
		       screen_shows_now(&screens[head], &models[head]);
	models[head] = states_pick(&states);
	return try_state(&screens[head], &models[head]);
}

static void test_states(uint32_t count)
{
	struct kms_model models[KMS_HEADS];
	uint32_t i, h, bad = 0;

	for (h = 0; h < screen.card.heads; h++)
		models[h] = screen_model(&states.fb[0]);
	for (i = 0; i < count && bad < 5; i++) {
		progress("state %u of %u", i, count);
		if (one_state(models))
			continue;
		bad++;
		ktap_note("state %u:", i);
		for (h = 0; h < screen.card.heads; h++)
			states_describe(&states, &models[h]);
	}
	ktap_ok(!bad, "%u states of planes are shown, or refused, as they are said to be (%u are not)",
		i, bad);
}

/* ---- what the device cannot do, each of it ---- */

/* A table that is not as long as the device's. */
static bool gamma_is_refused(const struct kms_atomic *atomic, uint32_t entries)
{
	struct kms_atomic spoilt = *atomic;
	struct drm_color_lut lut[512] = { 0 };
	uint32_t blob;
	bool good;

	ktap_need(!kms_blob(&screen.card, lut, entries * sizeof(*lut), &blob), "refused: gamma");
	kms_set_crtc(&spoilt, screen.head, "GAMMA_LUT", blob);
	good = is_refused(&screens[0], &spoilt, "gamma", -EINVAL);
	kms_blob_drop(&screen.card, blob);
	return good;
}

static void test_refused(void)
{
	struct kms_model model = plain_model();
	struct kms_atomic atomic = { 0 };
	uint32_t i, bad = 0;

	states_set(&states, &atomic, screen.head, &model);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "refused: what is shown meanwhile");
	for (i = 0; i < ARRAY_SIZE(spoils); i++) {
		struct kms_atomic spoilt = atomic;

		kms_set_plane(&spoilt, screen.head, spoils[i].plane, spoils[i].prop,
			      spoils[i].value);
		bad += !is_refused(&screens[0], &spoilt, spoils[i].prop, spoils[i].ret);
	}
	for (i = 0; i < STATES_FBS; i++) {
		struct kms_atomic spoilt = atomic;

		if (states_cursor_takes(&states.fb[i]))
			continue;
		kms_set_plane(&spoilt, screen.head, 2, "FB_ID", states.fb[i].id);
		bad += !is_refused(&screens[0], &spoilt, "a cursor's format", -EINVAL);
	}
	bad += !gamma_is_refused(&atomic, 255);
	bad += !gamma_is_refused(&atomic, 257);
	ktap_ok(!bad, "refused: all that the device cannot do (%u are not)", bad);
	ktap_ok(screen_shows_now(&screen, &model), "refused: nothing has changed");
}

/* ---- framebuffers that the device would not find its way in ---- */

static void no_fb(const char *what, struct kms_fb fb)
{
	int ret;

	fb.bo = states.fb[0].bo;
	ret = kms_fb_add(screen.card.fd, &fb);
	ktap_ok(ret == -EINVAL, "framebuffer: %s (%d)", what, ret);
	if (!ret)
		kms_fb_remove(screen.card.fd, &fb);
}

/* Memory of a process may be taken away at any time. */
static void no_fb_of_ours(struct kms_fb fb)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	ret = memory == MAP_FAILED ? -ENOMEM :
	      userptr_create(screen.card.fd, &fb.bo, memory, 4096, 0);
	if (ret == -EOPNOTSUPP) {
		ktap_skip("no HMM in this kernel", "framebuffer: memory of a process");
		return;
	}
	ktap_need(!ret, "framebuffer: memory of a process: %d", ret);
	ret = kms_fb_add(screen.card.fd, &fb);
	ktap_ok(ret == -EPERM, "framebuffer: memory of a process (%d)", ret);
	bo_close(screen.card.fd, &fb.bo);
	munmap(memory, 4096);
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
	bad = fb;
	no_fb_of_ours(bad);
}

/*
 * What the CPU cannot be shown while it is shown by the display: a page of it is no source of
 * write(). So of a machine whose BAR 2 is small.
 */
static bool is_hidden(const struct kms_fb *fb)
{
	struct bo bo = { .handle = fb->bo.handle, .size = STATES_BAR };
	int pipes[2] = { -1, -1 };
	bool hidden;

	ktap_need(!pipe(pipes) && !bo_mmap(screen.card.fd, &bo), "hidden: a mapping");
	hidden = write(pipes[1], bo.map, 1) < 0 && errno == EFAULT;
	munmap(bo.map, bo.size);
	close(pipes[0]);
	close(pipes[1]);
	return hidden;
}

static void test_hidden(void)
{
	struct kms_atomic atomic = { 0 };
	uint32_t i;

	for (i = 0; i < STATES_FBS && states.place[i] != STATES_HIDDEN; i++)
		;
	kms_set_shown(&atomic, screen.head, 0, states.fb[i].id, 0, 0, 2, 2);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "hidden: shown");
	if (is_hidden(&states.fb[i]))
		ktap_ok(true, "hidden: some of it is VRAM that the CPU does not see");
	else
		ktap_skip("BAR 2 shows all of VRAM", "hidden");
}

/* The same card, and each head by itself. */
static void open_heads(void)
{
	uint32_t i;

	for (i = 0; i < screen.card.heads; i++) {
		screens[i] = screen;
		screens[i].index = i;
		screens[i].head = &screen.card.head[i];
		ktap_need(!screen_on(&screens[i], &states.fb[0]), "turn head %u on", i);
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint32_t count = argc > 2 ? strtoul(argv[2], NULL, 0) : 150, i;

	ktap_begin();
	screen_open(&screen, 0);
	states_open(&states, &screen, seed);
	open_heads();
	test_hidden();
	test_states(count);
	test_refused();
	test_fbs();
	for (i = 0; i < screen.card.heads; i++)
		ktap_ok(!screen_off(&screens[i]), "turn head %u off", i);
	screen_close(&screen);
	return ktap_end();
}
