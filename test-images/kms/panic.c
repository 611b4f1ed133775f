// SPDX-License-Identifier: MIT
/*
 * What the kernel draws when it panics, drawn without one by CONFIG_DRM_PANIC_DEBUG: wherever a
 * framebuffer lies that a head shows, and whatever lies over it. That it is the kernel's text is seen by
 * letters that are the same and such that are not. In what it cannot draw into nothing changes.
 *
 * Wants two heads, and VRAM of which BAR 2 shows 2 MiB, and not more than that again.
 */
#include "lib/base/ktap.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/kms/screen.h"

#define WIDTH	320u
#define HEIGHT	200u
#define GAP	24u	/* of a framebuffer around what is shown of it */
#define COLUMNS	28u	/* of the longest line of the text: "Please reboot your computer." */
#define LINES	5u
#define LETTERS	13u	/* of the first one: "KERNEL PANIC!" */

static struct screen screen;
static uint8_t room[4 * WIDTH * HEIGHT];
static uint32_t mode;

static int trigger(uint32_t head)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/drm_panic_plane_%u",
		 screen.card.pci, head);
	return write_text(path, "1");
}

/* ---- what is in a framebuffer ---- */

static uint32_t pixel(const struct kms_fb *fb, uint32_t x, uint32_t y)
{
	uint32_t value = 0;

	memcpy(&value, fb->bo.map + fb->offset + y * fb->pitch + x * kms_bytes(fb->format),
	       kms_bytes(fb->format));
	return fb->format == KMS_RGB565 ? value : value & 0xffffff;
}

/* Whether two cells of characters have the same pixels. */
static bool same(const struct kms_fb *fb, uint32_t ax, uint32_t bx, uint32_t y, uint32_t height)
{
	uint32_t i, j;

	for (j = 0; j < height; j++)
		for (i = 0; i < 8; i++)
			if (pixel(fb, ax + i, y + j) != pixel(fb, bx + i, y + j))
				return false;
	return true;
}

static bool black(const struct kms_fb *fb, uint32_t x, uint32_t y, uint32_t height)
{
	uint32_t i, j;

	for (j = 0; j < height; j++)
		for (i = 0; i < 8; i++)
			if (pixel(fb, x + i, y + j))
				return false;
	return true;
}

/*
 * "KERNEL PANIC!" in the middle of what is shown, which begins at (@left, @top): E is E and N is N,
 * the blank is one, and neighbours differ.
 */
static bool has_text(const struct kms_fb *fb, uint32_t left, uint32_t top, uint32_t height)
{
	uint32_t x = left + (WIDTH - 8 * COLUMNS) / 2 + 8 * (COLUMNS - LETTERS) / 2;
	uint32_t y = top + (HEIGHT - height * LINES) / 2, i;

	for (i = 0; i + 1 < LETTERS; i++)
		if (same(fb, x + 8 * i, x + 8 * (i + 1), y, height))
			return false;
	for (i = 0; i < LETTERS; i++)
		if (black(fb, x + 8 * i, y, height) != (i == 6))
			return false;
	return same(fb, x + 8, x + 8 * 4, y, height) && same(fb, x + 8 * 3, x + 8 * 9, y, height) &&
	       black(fb, x - 8, y, height) && black(fb, x + 8 * LETTERS, y, height);
}

/* The font depends on the kernel: one of 8 or of 16 lines. */
static bool has_panic(const struct kms_fb *fb, uint32_t left, uint32_t top)
{
	return has_text(fb, left, top, 8) || has_text(fb, left, top, 16);
}

static bool is_filled(const struct kms_fb *fb, uint32_t value, uint32_t left, uint32_t top)
{
	uint32_t x, y;

	for (y = 0; y < fb->height; y++)
		for (x = 0; x < fb->width; x++)
			if ((x < left || x >= left + WIDTH || y < top || y >= top + HEIGHT) &&
			    pixel(fb, x, y) != value)
				return false;
	return true;
}

/* ---- what a head shows ---- */

static struct kms_model plain(const struct kms_fb *fb, uint32_t left, uint32_t top)
{
	struct kms_model model = {
		.width = WIDTH, .height = HEIGHT,
		.plane[0] = {
			.on = true, .fb = fb, .src_x = left << 16, .src_y = top << 16,
			.src_w = WIDTH << 16, .src_h = HEIGHT << 16,
			.dst_w = WIDTH, .dst_h = HEIGHT, .alpha = 255,
		},
		.plane[1].zpos = 1,
		.plane[2].zpos = 2,
	};

	return model;
}

/* Nobody commits anything any more: it is shown from the next frame on. */
static bool shows(const struct kms_model *model)
{
	uint32_t crc = kms_model_crc(model, room);
	struct kms_frame frame;
	int fd = kms_crc_open(&screen.card, screen.index, "picture");
	int ret = fd < 0 ? fd : kms_crc_from(fd, &frame, 1, screen_next(&screen) + 1);

	if (fd >= 0)
		close(fd);
	return !ret && frame.crc[0] == crc;
}

static int show(const struct kms_fb *fb, uint32_t left, uint32_t top)
{
	struct kms_atomic atomic = { 0 };
	int ret = screen_on(&screen, fb);

	kms_set_crtc(&atomic, screen.head, "MODE_ID", mode);
	kms_set_shown(&atomic, screen.head, 0, fb->id, 0, 0, WIDTH, HEIGHT);
	kms_set_plane(&atomic, screen.head, 0, "SRC_X", (uint64_t)left << 16);
	kms_set_plane(&atomic, screen.head, 0, "SRC_Y", (uint64_t)top << 16);
	return ret ? ret : kms_commit_wait(&screen.card, &atomic);
}

static void make(struct kms_fb *fb, uint32_t format, uint32_t width, uint32_t height,
		 uint32_t placements)
{
	ktap_need(!kms_fb_create(screen.card.fd, fb, format, width, height, placements),
		  "a framebuffer");
}

static void test_one(const char *what, uint32_t format, uint32_t placements)
{
	struct kms_model model;
	struct kms_fb fb;

	make(&fb, format, WIDTH, HEIGHT, placements);
	model = plain(&fb, 0, 0);
	memset(fb.bo.map, 0x55, fb.bo.size);
	ktap_need(!show(&fb, 0, 0) && shows(&model), "%s: a picture", what);
	ktap_ok(!trigger(screen.index) && has_panic(&fb, 0, 0), "%s: the kernel's text is drawn",
		what);
	ktap_ok(shows(&model), "%s: and shown", what);
	ktap_need(!screen_off(&screen), "%s: off", what);
	kms_fb_destroy(screen.card.fd, &fb);
}

/* Part of a framebuffer, below others, turned, seen through a gamma table. */
static void test_covered(void)
{
	struct kms_atomic atomic = { 0 };
	struct drm_color_lut lut[256];
	struct kms_model model;
	struct kms_fb fb, over;
	uint32_t gamma;

	make(&fb, KMS_ARGB, WIDTH + 2 * GAP, HEIGHT + 2 * GAP, BO_SYSTEM);
	make(&over, KMS_XRGB, WIDTH, HEIGHT, BO_SYSTEM);
	kms_fb_fill(&fb, 0x80123456);
	kms_fb_fill(&over, 0x00ff00ff);
	memset(lut, 0x33, sizeof(lut));
	ktap_need(!kms_blob(&screen.card, lut, sizeof(lut), &gamma) && !show(&fb, GAP, GAP),
		  "covered: a picture");
	kms_set_crtc(&atomic, screen.head, "GAMMA_LUT", gamma);
	kms_set_plane(&atomic, screen.head, 0, "rotation", DRM_MODE_ROTATE_180);
	kms_set_plane(&atomic, screen.head, 0, "alpha", 0x8000);
	kms_set_shown(&atomic, screen.head, 1, over.id, 0, 0, WIDTH, HEIGHT);
	kms_set_shown(&atomic, screen.head, 2, over.id, 20, 20, 64, 64);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "covered: below others");
	ktap_ok(!trigger(screen.index) && has_panic(&fb, GAP, GAP),
		"covered: the text is drawn in what is shown of it");
	ktap_ok(is_filled(&fb, 0x123456, GAP, GAP), "covered: nowhere else");
	model = plain(&fb, GAP, GAP);
	ktap_ok(shows(&model), "covered: nothing lies over it any more");
	ktap_need(!screen_off(&screen), "covered: off");
	kms_blob_drop(&screen.card, gamma);
	kms_fb_destroy(screen.card.fd, &over);
	kms_fb_destroy(screen.card.fd, &fb);
}

/* Two planes in one; and a head that is off. */
static void test_not(void)
{
	struct kms_model model;
	struct kms_fb fb;

	make(&fb, KMS_NV12, WIDTH, HEIGHT, BO_SYSTEM);
	memset(fb.bo.map, 0x55, fb.bo.size);
	model = plain(&fb, 0, 0);
	ktap_need(!show(&fb, 0, 0) && shows(&model), "not: NV12");
	ktap_ok(!trigger(screen.index) && shows(&model), "not: in NV12");
	ktap_need(!screen_off(&screen), "not: off");
	ktap_ok(!trigger(screen.index), "not: where nothing is shown");
	kms_fb_destroy(screen.card.fd, &fb);
}

/* The other head shows most of VRAM that BAR 2 does, which stays there: the rest is too small. */
static void test_invisible(void)
{
	uint32_t index = screen.index;
	struct kms_fb all, fb, same;
	struct kms_model model;

	screen.index = 1;
	screen.head = &screen.card.head[1];
	make(&all, KMS_XRGB, 1024, 384, BO_VRAM);
	ktap_need(!show(&all, 0, 0), "invisible: the other head shows what is visible");
	memset(all.bo.map, 0, all.bo.size);
	screen.index = index;
	screen.head = &screen.card.head[index];
	make(&fb, KMS_XRGB, 512, 320, BO_VRAM);
	make(&same, KMS_XRGB, WIDTH, HEIGHT, BO_SYSTEM);
	memset(fb.bo.map, 0x55, fb.bo.size);
	memset(same.bo.map, 0x55, same.bo.size);
	/* Where it is shown from the CPU cannot look. */
	model = plain(&same, 0, 0);
	ktap_need(!show(&fb, 0, 0) && shows(&model), "invisible: a picture");
	ktap_ok(!trigger(screen.index) && shows(&model), "invisible: it stays what it was");
	ktap_need(!screen_off(&screen), "invisible: off");
	kms_fb_destroy(screen.card.fd, &fb);
	kms_fb_destroy(screen.card.fd, &same);
	ktap_ok(!trigger(1) && has_panic(&all, 0, 0), "invisible: the other head has the text");
	kms_fb_destroy(screen.card.fd, &all);
}

int main(void)
{
	struct drm_mode_modeinfo timings = kms_mode(WIDTH, HEIGHT, 60);

	ktap_begin();
	screen_open(&screen, 0);
	ktap_need(screen.card.heads == 2, "two heads");
	ktap_need(!kms_blob(&screen.card, &timings, sizeof(timings), &mode), "timings");
	test_one("system", KMS_XRGB, BO_SYSTEM);
	test_one("vram", KMS_XRGB, BO_VRAM);
	test_one("rgb565", KMS_RGB565, BO_SYSTEM);
	test_one("rgb565 in vram", KMS_RGB565, BO_VRAM);
	test_covered();
	test_not();
	test_invisible();
	screen_close(&screen);
	return ktap_end();
}
