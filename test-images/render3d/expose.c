// SPDX-License-Identifier: MIT
/*
 * What is drawn is seen by others: by a display, another GPU, the CPU by a dma-buf. None of them waits
 * for more than fences, nor transfers anything. What nobody else looks at stays in the renderer.
 */
#include <sys/mman.h>

#include "lib/base/dmabuf.h"
#include "lib/base/ktap.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/kms/screen.h"
#include "lib/render3d/virtgpu.h"

#define SIDE		64u
#define BYTES		(4 * SIDE * SIDE)
#define FLIPS		12u
/* Not of those whose texels are pixels. */
#define FORMAT_4_FLOATS	31u
#define TARGET_3D	3u

static const uint8_t red[4] = { 0, 0, 255, 255 };
static const uint8_t blue[4] = { 255, 0, 0, 255 };
static const uint8_t odd[4] = { 0x12, 0x34, 0x56, 0xff };

static struct puck puck, other;

/* Drawn, and nothing of it in its memory. */
static bool draw_unseen(int fd, struct picture *p, const uint8_t *bgra)
{
	static const uint8_t before[4] = { 0xee, 0xee, 0xee, 0xee };

	if (picture_create(fd, p, SIDE))
		return false;
	memset(p->bo.map, 0xee, BYTES);
	return fence_result(picture_clear(fd, p, true, bgra), FOREVER_MS) == 1 &&
	       !picture_wrong(p, before);
}

/*
 * Draws without a wait: a fence is there, and nobody but those who look for it knows of it. The
 * context may have drawn to another one since, so its surface is the framebuffer anew.
 */
static bool draw_on(int fd, const struct picture *p, const uint8_t *bgra)
{
	uint32_t stream[VIRGL_CLEAR_DWORDS] = { virgl_head(5, 0, 3), 1, 0, p->resource };
	struct virtgpu_exec args;

	args = exec_args(stream, 4 * 4 + virgl_clear_again(stream + 4, bgra), p);
	return !puck_call(fd, VIRTGPU_IOCTL_EXEC, &args);
}

/* ---- a display ---- */

/* A picture of which the display shows the upper part. */
struct page {
	struct picture picture;
	struct kms_fb fb;
};

static bool page_add(int fd, struct page *page, const uint8_t *bgra)
{
	if (!draw_unseen(fd, &page->picture, bgra))
		return false;
	page->fb = (struct kms_fb) {
		.format = KMS_XRGB, .width = SCREEN_WIDTH, .height = SCREEN_HEIGHT,
		.pitch = 4 * SIDE, .bo = page->picture.bo,
	};
	return !kms_fb_add(fd, &page->fb);
}

static bool page_is_shown(struct screen *screen, const struct page *page, const uint8_t *bgra)
{
	static uint8_t pixels[BYTES];
	struct kms_model model;
	struct kms_fb fb = page->fb;
	unsigned int i;

	for (i = 0; i < SIDE * SIDE; i++)
		memcpy(pixels + 4 * i, bgra, 4);
	fb.bo.map = pixels;
	model = screen_model(&fb);
	return screen_shows_now(screen, &model);
}

static int page_flip(struct screen *screen, const struct page *page)
{
	struct kms_atomic atomic = { 0 };

	kms_set_plane(&atomic, screen->head, 0, "FB_ID", page->fb.id);
	return kms_commit_wait(&screen->card, &atomic);
}

/* Each is drawn while the other one is shown, and then flipped to, with nothing in between. */
static void flips(struct screen *screen, struct page *pages)
{
	unsigned int i, bad = 0;
	uint8_t bgra[4] = { 0, 0, 0, 255 };
	int ret = 0;

	for (i = 0; !ret && i < FLIPS; i++) {
		struct page *page = &pages[(i + 1) % 2];

		bgra[i % 3] = (uint8_t)(40 + 17 * i);
		if (!draw_on(screen->card.fd, &page->picture, bgra))
			ret = -EIO;
		if (!ret)
			ret = page_flip(screen, page);
		bad += !ret && !page_is_shown(screen, page, bgra);
	}
	ktap_ok(!ret && !bad, "display: %u flips: %d, %u with another picture", i, ret, bad);
}

static void display(void)
{
	struct page pages[2];
	struct screen screen;
	int ret;

	screen_open(&screen, 0);
	ktap_need(page_add(screen.card.fd, &pages[0], red) &&
		  page_add(screen.card.fd, &pages[1], blue), "display: set up");
	ret = screen_on(&screen, &pages[0].fb);
	ktap_ok(!ret && page_is_shown(&screen, &pages[0], red),
		"display: what was drawn before the framebuffer was there: %d", ret);
	flips(&screen, pages);
	screen_off(&screen);
	kms_fb_remove(screen.card.fd, &pages[0].fb);
	kms_fb_remove(screen.card.fd, &pages[1].fb);
	bo_close(screen.card.fd, &pages[0].picture.bo);
	bo_close(screen.card.fd, &pages[1].picture.bo);
	screen_close(&screen);
}

/* ---- another GPU ---- */

/* The other GPU copies what it has imported, as soon as fences let it. */
static bool other_sees(const struct bo *imported, const struct bo *to, const uint8_t *bgra)
{
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, BYTES);
	struct drm_puck_bo_ref refs[] = { ref_read(imported), ref_write(to) };
	struct drm_puck_submit args = job(other.queue[0], refs, 2, &cmd, 1);
	struct picture seen = { .bo = *to, .side = SIDE };

	return !submit_wait(other.fd, &args) && !bo_wait(other.fd, to, 0, 0) &&
	       !picture_wrong(&seen, bgra);
}

static void importer(void)
{
	struct bo imported, to;
	struct picture p;
	int dmabuf, ret;

	ktap_need(draw_unseen(puck.fd, &p, red) && !bo_create(other.fd, &to, BYTES),
		  "importer: set up");
	dmabuf = bo_export(puck.fd, &p.bo);
	sharing_begin();
	ret = bo_import(other.fd, &imported, dmabuf, BYTES);
	ktap_ok(!ret && other_sees(&imported, &to, red),
		"importer: what was drawn before: %d", ret);
	ktap_ok(draw_on(puck.fd, &p, blue) && other_sees(&imported, &to, blue),
		"importer: what is drawn");
	ktap_ok(draw_on(puck.fd, &p, red) && draw_on(puck.fd, &p, odd) &&
		other_sees(&imported, &to, odd), "importer: what is drawn last");
	bo_close(other.fd, &imported);
	sharing_end();
	bo_close(other.fd, &to);
	close(dmabuf);
	bo_close(puck.fd, &p.bo);
}

/* ---- the CPU ---- */

static bool cpu_sees(int dmabuf, uint8_t *map, const uint8_t *bgra)
{
	struct picture seen = { .bo.map = map, .side = SIDE };
	bool right;

	if (dmabuf_cpu(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ))
		return false;
	right = !picture_wrong(&seen, bgra);
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	return right;
}

static void cpu(void)
{
	struct picture p;
	uint8_t *map;
	int dmabuf;

	ktap_need(draw_unseen(puck.fd, &p, red), "CPU: set up");
	dmabuf = bo_export(puck.fd, &p.bo);
	map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ktap_need(map != MAP_FAILED, "CPU: mmap");
	ktap_ok(cpu_sees(dmabuf, map, red), "CPU: what was drawn before");
	ktap_ok(draw_on(puck.fd, &p, odd) && cpu_sees(dmabuf, map, odd), "CPU: what is drawn");
	munmap(map, BYTES);
	close(dmabuf);
	bo_close(puck.fd, &p.bo);
}

/* ---- what has no rows of pixels ---- */

static int create(int fd, struct drm_virtgpu_resource_create *args, struct bo *bo)
{
	int ret = puck_call(fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, args);

	*bo = (struct bo) { .handle = args->bo_handle, .size = args->size };
	return ret;
}

/* Neither a display nor an importer gets what it could not find its way in. */
static void bad_layout(int fd, const char *what, struct drm_virtgpu_resource_create args)
{
	struct kms_fb fb = { .format = KMS_XRGB, .width = 16, .height = 16, .pitch = 4 * SIDE };
	int shown, imported, dmabuf;
	struct bo again;

	if (!ktap_ok(!create(fd, &args, &fb.bo), "bad_layout: %s", what))
		return;
	shown = kms_fb_add(fd, &fb);
	dmabuf = bo_export(fd, &fb.bo);
	imported = bo_import(other.fd, &again, dmabuf, fb.bo.size);
	ktap_ok(shown == -EINVAL && dmabuf >= 0 && imported == -EOPNOTSUPP,
		"bad_layout: %s: no framebuffer: %d, no importer: %d", what, shown, imported);
	close(dmabuf);
	bo_close(fd, &fb.bo);
}

static void bad_layouts(void)
{
	struct drm_virtgpu_resource_create args = picture_args(SIDE);
	struct kms_card card;

	ktap_need(!kms_card_open(&card, puck.pci), "bad_layout: set up");
	args.format = FORMAT_4_FLOATS;
	args.size = 16 * SIDE * SIDE;
	bad_layout(card.fd, "a format that has no pixels", args);
	args = picture_args(SIDE);
	args.target = TARGET_3D;
	bad_layout(card.fd, "three dimensions", args);
	args = picture_args(SIDE);
	args.size = BYTES - 4096;
	bad_layout(card.fd, "memory for a part of it", args);
	close(card.fd);
}

int main(void)
{
	int value = 0;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "open");
	if (virtgpu_param(puck.fd, VIRTGPU_PARAM_3D_FEATURES, &value) || !value) {
		ktap_skip("the device has no 3D", "3D");
		return ktap_end();
	}
	ktap_need(!puck_open_other(&other, &puck), "open another one");
	importer();
	cpu();
	bad_layouts();
	close(other.fd);
	close(puck.fd);
	display();
	return ktap_end();
}
